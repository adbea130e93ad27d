//! Small systems, judged by trying every assignment.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{System, Verdict, audit};
use super::Margins;

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
}
