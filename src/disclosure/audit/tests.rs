use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{System, Verdict, audit};

const LEAST: u64 = 5;

fn verdict(system: &System, hidden: &[usize]) -> Verdict {
    audit(system, hidden, LEAST, &mut |_, _| {})
}

/// A table with all its margins, the last code of each dimension being "all": cells in row-major order.
struct Margins {
    system: System,
    sizes: Vec<usize>,
}

impl Margins {
    fn new(codes: &[usize], bounds: impl Fn(&[usize]) -> (u64, Option<u64>)) -> Self {
        let sizes: Vec<usize> = codes.iter().map(|codes| codes + 1).collect();
        let mut table = Self { system: System::new(), sizes };
        for at in table.places() {
            let (low, high) = bounds(&at);
            table.system.cell(low, high);
        }
        for at in table.places() {
            for (dimension, codes) in codes.iter().enumerate() {
                if at[dimension] == *codes {
                    let part = |code| {
                        let mut at = at.clone();
                        at[dimension] = code;
                        table.cell(&at)
                    };
                    let parts: Vec<usize> = (0..*codes).map(part).collect();
                    let whole = table.cell(&at);
                    table.system.sum(whole, &parts);
                }
            }
        }
        table
    }

    fn places(&self) -> Vec<Vec<usize>> {
        let count = self.sizes.iter().product();
        let place = |mut at: usize| {
            let mut codes: Vec<usize> = self
                .sizes
                .iter()
                .rev()
                .map(|size| {
                    let code = at % size;
                    at /= size;
                    code
                })
                .collect();
            codes.reverse();
            codes
        };
        (0..count).map(place).collect()
    }

    fn cell(&self, at: &[usize]) -> usize {
        at.iter().zip(&self.sizes).fold(0, |cell, (code, size)| cell * size + code)
    }
}

/// The bounds of a shown count: to the nearest 5, what is below 8 hidden.
fn shown(count: u64) -> (u64, Option<u64>) {
    if count < 8 {
        return (0, Some(7));
    }
    let rounded = (count + 2) / 5 * 5;
    (rounded - 2, Some(rounded + 2))
}

/// Every assignment, one after the other: free cells run through their bounds, sums follow.
fn brute(
    bounds: &[(u64, u64)],
    sums: &[(usize, Vec<usize>)],
    hidden: &[usize],
) -> Option<Vec<BTreeSet<u64>>> {
    let wholes: BTreeSet<usize> = sums.iter().map(|sum| sum.0).collect();
    let free: Vec<usize> = (0..bounds.len()).filter(|cell| !wholes.contains(cell)).collect();
    let mut values: Vec<u64> = bounds.iter().map(|bounds| bounds.0).collect();
    let mut seen = vec![BTreeSet::new(); hidden.len()];
    let mut any = false;
    'all: loop {
        for (whole, parts) in sums {
            values[*whole] = parts.iter().map(|part| values[*part]).sum();
        }
        let kept = sums.iter().all(|(whole, parts)| {
            let sum: u64 = parts.iter().map(|part| values[*part]).sum();
            sum == values[*whole] && (bounds[*whole].0..=bounds[*whole].1).contains(&sum)
        });
        if kept {
            any = true;
            for (cell, seen) in hidden.iter().zip(&mut seen) {
                seen.insert(values[*cell]);
            }
        }
        for cell in &free {
            if values[*cell] < bounds[*cell].1 {
                values[*cell] += 1;
                continue 'all;
            }
            values[*cell] = bounds[*cell].0;
        }
        return any.then_some(seen);
    }
}

fn expected(bounds: &[(u64, u64)], sums: &[(usize, Vec<usize>)], hidden: &[usize], least: u64) -> Verdict {
    let Some(seen) = brute(bounds, sums, hidden) else { return Verdict::Contradiction };
    let narrow = |(_, seen): &(&usize, &BTreeSet<u64>)| !seen.contains(&0) || (seen.len() as u64) < least;
    let narrow: Vec<usize> = hidden.iter().zip(&seen).filter(narrow).map(|(cell, _)| *cell).collect();
    if narrow.is_empty() { Verdict::Safe } else { Verdict::Narrow(narrow) }
}

fn system(bounds: &[(u64, u64)], sums: &[(usize, Vec<usize>)]) -> System {
    let mut system = System::new();
    for (low, high) in bounds {
        system.cell(*low, Some(*high));
    }
    for (whole, parts) in sums {
        system.sum(*whole, parts);
    }
    system
}

#[test]
fn one_hidden_cell_beside_a_total_is_what_is_left() {
    let mut system = System::new();
    let total = system.cell(28, Some(32));
    let shown = system.cell(23, Some(27));
    let hidden = system.cell(0, Some(7));
    system.sum(total, &[shown, hidden]);
    assert_eq!(verdict(&system, &[hidden]), Verdict::Narrow(vec![hidden]), "1..7: 0 is not among them");

    let mut system = System::new();
    let total = system.cell(28, Some(32));
    let shown = system.cell(28, Some(32));
    let hidden = system.cell(0, Some(7));
    system.sum(total, &[shown, hidden]);
    assert_eq!(verdict(&system, &[hidden]), Verdict::Safe, "0..4");
    assert_eq!(audit(&system, &[hidden], 6, &mut |_, _| {}), Verdict::Narrow(vec![hidden]));
}

#[test]
fn two_hidden_a_line_still_give_one_cell_of_four_by_four() {
    // Two or more hidden in every row and column, and yet the rows of the upper half against the columns of the left
    // half leave the corner alone: it is 6.
    let hidden = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3)];
    let truth = |row: usize, column: usize| {
        if (row, column) == (1, 2) {
            6
        } else if hidden.contains(&(row, column)) {
            3
        } else {
            20
        }
    };
    let over = |codes: usize, at: usize| if at == codes { 0..codes } else { at..at + 1 };
    let table = Margins::new(&[4, 4], |at| {
        if hidden.contains(&(at[0], at[1])) {
            return (0, Some(7));
        }
        let count = over(4, at[0]).flat_map(|row| over(4, at[1]).map(move |column| truth(row, column))).sum();
        (count, Some(count))
    });
    let hidden: Vec<usize> = hidden.iter().map(|(row, column)| table.cell(&[*row, *column])).collect();
    assert_eq!(verdict(&table.system, &hidden), Verdict::Narrow(vec![table.cell(&[1, 2])]));
}

#[test]
fn two_linked_tables_are_each_safe_and_not_together() {
    // By quarter, `one` and `shared` are 6..14 together; by place, `shared` and `other` are at most 4.
    let build = |by_quarter: bool, by_place: bool| {
        let mut system = System::new();
        let [one, shared, other] = [0; 3].map(|low| system.cell(low, Some(7)));
        if by_quarter {
            let (whole, rest) = (system.cell(33, Some(37)), system.cell(23, Some(27)));
            system.sum(whole, &[one, shared, rest]);
        }
        if by_place {
            let (whole, rest) = (system.cell(28, Some(32)), system.cell(28, Some(32)));
            system.sum(whole, &[shared, other, rest]);
        }
        verdict(&system, &[one, shared, other])
    };
    assert_eq!(build(true, false), Verdict::Safe);
    assert_eq!(build(false, true), Verdict::Safe);
    assert_eq!(build(true, true), Verdict::Narrow(vec![0]), "2..7");
}

#[test]
fn three_hidden_parts_that_must_be_four_each() {
    let mut system = System::new();
    let hidden: Vec<usize> = (0..3).map(|_| system.cell(0, Some(4))).collect();
    let total = system.cell(12, Some(12));
    system.sum(total, &hidden);
    assert_eq!(verdict(&system, &hidden), Verdict::Narrow(hidden));
}

#[test]
fn what_cannot_be_is_a_contradiction() {
    let mut system = System::new();
    let (total, part) = (system.cell(8, Some(12)), system.cell(0, Some(7)));
    system.sum(total, &[part]);
    assert_eq!(verdict(&system, &[part]), Verdict::Contradiction);
    assert_eq!(verdict(&system, &[]), Verdict::Contradiction);

    // Intervals see nothing here: three pairs add up to an odd number.
    let mut system = System::new();
    let parts: Vec<usize> = (0..3).map(|_| system.cell(0, Some(7))).collect();
    for pair in [[0, 1], [1, 2], [0, 2]] {
        let whole = system.cell(5, Some(5));
        system.sum(whole, &pair.map(|at| parts[at]));
    }
    assert_eq!(verdict(&system, &parts), Verdict::Contradiction);
}

#[test]
fn differences_are_kept() {
    let mut system = System::new();
    let (greater, lesser) = (system.cell(0, Some(7)), system.cell(0, Some(7)));
    system.at_least(greater, lesser, 3);
    assert_eq!(verdict(&system, &[lesser]), Verdict::Safe, "0..4");
    assert_eq!(verdict(&system, &[greater, lesser]), Verdict::Narrow(vec![greater]), "3..7");
    system.at_least(lesser, greater, 0);
    assert_eq!(verdict(&system, &[lesser]), Verdict::Contradiction);
}

#[test]
fn the_order_and_repetition_of_hidden_cells_do_not_matter_and_progress_is_told() {
    let table = Margins::new(&[3, 3], |at| match (at[0], at[1]) {
        (3, 3) => shown(60),
        (3, _) | (_, 3) => shown(20),
        (row, column) if row == column => shown(13),
        _ => shown(3),
    });
    let hidden: Vec<usize> = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
        .iter()
        .map(|(row, column)| table.cell(&[*row, *column]))
        .collect();
    let mut told = Vec::new();
    let once = audit(&table.system, &hidden, LEAST, &mut |done, all| told.push((done, all)));
    assert_eq!(told, (1..=6).map(|done| (done, 6)).collect::<Vec<_>>());
    let mut turned: Vec<usize> = hidden.iter().rev().copied().collect();
    turned.extend(&hidden);
    assert_eq!(verdict(&table.system, &turned), once);
}

/// Bounds, sums and hidden cells of a small table with all its margins, made around a table that exists or not.
type Small = (Vec<(u64, u64)>, Vec<(usize, Vec<usize>)>, Vec<usize>);

fn small(codes: Vec<usize>, wide: usize) -> impl Strategy<Value = Small> {
    let cells: usize = codes.iter().map(|codes| codes + 1).product();
    let one = (0_u64..12, 0_u64..3, 0_u64..3, any::<bool>());
    (proptest::collection::vec(one, cells), 0_u64..20).prop_map(move |(drawn, off)| {
        let table = Margins::new(&codes, |_| (0, None));
        let places = table.places();
        let inner = |at: &Vec<usize>| at.iter().zip(&codes).all(|(code, codes)| code < codes);
        let under = |whole: &[usize], at: &[usize]| {
            whole.iter().zip(at).zip(&codes).all(|((whole, at), codes)| whole == codes || whole == at)
        };
        let mut hidden = Vec::new();
        let mut bounds = Vec::new();
        for (cell, at) in places.iter().enumerate() {
            let leaves = places.iter().enumerate().filter(|(_, leaf)| inner(leaf) && under(at, leaf));
            let count: u64 = leaves.map(|(leaf, _)| drawn[leaf].0).sum();
            let (_, below, above, hide) = drawn[cell];
            if hide && hidden.len() < wide && count < 8 {
                hidden.push(cell);
                bounds.push((0, 7));
            } else {
                // Now and then a table that cannot be.
                let count = if off == 0 && cell == 0 { count + 9 } else { count };
                let above = if inner(at) { above.min(1) } else { above };
                bounds.push((count.saturating_sub(below.min(1)), count + above));
            }
        }
        let sums = table.system.rows().iter().map(|row| {
            let whole = row.whole.expect("a sum");
            (whole, row.terms.iter().map(|term| term.0).filter(|cell| *cell != whole).collect())
        });
        (bounds, sums.collect(), hidden)
    })
}

fn exact((bounds, sums, hidden): &Small, least: u64) -> Result<(), TestCaseError> {
    let found = audit(&system(bounds, sums), hidden, least, &mut |_, _| {});
    prop_assert_eq!(found, expected(bounds, sums, hidden, least));
    Ok(())
}

proptest! {
    #[test]
    fn lines_are_judged_as_by_trying_everything(small in small(vec![4], 4), least in 1_u64..7) {
        exact(&small, least)?;
    }

    #[test]
    fn two_by_two_is_judged_as_by_trying_everything(small in small(vec![2, 2], 5), least in 1_u64..7) {
        exact(&small, least)?;
    }

    #[test]
    fn two_by_three_is_judged_as_by_trying_everything(small in small(vec![2, 3], 4), least in 1_u64..7) {
        exact(&small, least)?;
    }

    #[test]
    fn two_by_two_by_two_is_judged_as_by_trying_everything(small in small(vec![2, 2, 2], 3), least in 1_u64..7) {
        exact(&small, least)?;
    }

    /// Sums that overlap as no table's do: odd circles, parts named twice, wholes of several sums.
    #[test]
    fn any_sums_are_judged_as_by_trying_everything(
        parts in proptest::collection::vec((0_u64..3, 0_u64..6), 3..6),
        wholes in proptest::collection::vec((proptest::collection::vec(0_usize..6, 1..4), 0_u64..9, 0_u64..3), 1..5),
        shared in any::<bool>(),
    ) {
        let mut bounds: Vec<(u64, u64)> = parts.iter().map(|(low, more)| (*low, low + more)).collect();
        let mut sums: Vec<(usize, Vec<usize>)> = Vec::new();
        for (terms, low, more) in wholes {
            let terms: Vec<usize> = terms.into_iter().map(|at| at % parts.len()).collect();
            if shared && !sums.is_empty() {
                sums.push((parts.len(), terms));
            } else {
                sums.push((bounds.len(), terms));
                bounds.push((low, low + more));
            }
        }
        let hidden: Vec<usize> = (0..bounds.len()).collect();
        exact(&(bounds, sums, hidden), 3)?;
    }

    /// Whatever is asked, there is an answer.
    #[test]
    fn absurd_systems_are_answered(
        cells in proptest::collection::vec((any::<u64>(), any::<Option<u64>>(), 0_u32..64), 0..8),
        rows in proptest::collection::vec((0_usize..9, proptest::collection::vec(0_usize..9, 0..5), any::<u64>(), 0_u32..64), 0..6),
        hidden in proptest::collection::vec(0_usize..10, 0..4),
        least in any::<u64>(),
        shift in 0_u32..64,
    ) {
        let mut system = System::new();
        for (low, high, by) in cells {
            system.cell(low >> by, high.map(|high| high >> (by / 2)));
        }
        for (whole, parts, by, down) in rows {
            if down % 2 == 0 {
                system.sum(whole, &parts);
            } else {
                system.at_least(whole, parts.first().copied().unwrap_or(0), by >> down);
            }
        }
        let found = audit(&system, &hidden, least >> shift, &mut |_, _| {});
        if let Verdict::Narrow(narrow) = found {
            prop_assert!(!narrow.is_empty() && narrow.iter().all(|cell| hidden.contains(cell)));
        }
    }
}
