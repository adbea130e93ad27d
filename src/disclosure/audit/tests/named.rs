//! Attacks and corners by name.

use proptest::prelude::*;

use super::super::{System, Verdict, audit};
use crate::limits::MAX_AUDIT_WEIGHT;

use super::{LEAST, Margins, shown, verdict};

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
fn what_the_budget_leaves_undecided_is_narrow_and_always_the_same() {
    // Four sums of thirty cells of 0 or 1 that each count many times: whoever finds one assignment finds it by trying.
    let mut system = System::new();
    let mut state = 1_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let cells: Vec<usize> = (0..30).map(|_| system.cell(0, Some(1))).collect();
    for _ in 0..4 {
        let times: Vec<u64> = cells.iter().map(|_| below(100)).collect();
        let half = times.iter().sum::<u64>() / 2;
        let whole = system.cell(half, Some(half));
        let parts = cells.iter().zip(times).flat_map(|(cell, times)| (0..times).map(|_| *cell));
        system.sum(whole, &parts.collect::<Vec<_>>());
    }
    let apart = system.cell(0, Some(7));
    let once = verdict(&system, &[apart]);
    assert_eq!(once, Verdict::Narrow(vec![apart]), "no assignment of all cells was shown");
    assert_eq!(verdict(&system, &[apart]), once);
}

#[test]
fn what_is_beyond_the_ceilings_is_narrow() {
    let unreadable = |spoil: &dyn Fn(&mut System)| {
        let mut system = System::new();
        let hidden = system.cell(0, Some(7));
        assert_eq!(verdict(&system, &[hidden]), Verdict::Safe);
        spoil(&mut system);
        assert_eq!(verdict(&system, &[hidden]), Verdict::Narrow(vec![hidden]));
    };
    unreadable(&|system| system.sum(0, &[9]));
    unreadable(&|system| system.at_least(0, 9, 0));
    unreadable(&|system| system.at_least(0, 0, u64::MAX));
    unreadable(&|system| {
        system.cell(u64::MAX, None);
    });
    unreadable(&|system| system.sum(0, &vec![0; MAX_AUDIT_WEIGHT]));
    let mut system = System::new();
    let hidden = system.cell(0, None);
    assert_eq!(verdict(&system, &[hidden, 5]), Verdict::Narrow(vec![5]), "a cell that is not there");
}

#[test]
fn long_chains_of_sums_neither_overflow_nor_fill_memory() {
    // Each cell is twice the one before: the last would be 2 to the power of 80 times the first.
    let mut system = System::new();
    let first = system.cell(0, None);
    let mut last = first;
    for _ in 0..80 {
        let next = system.cell(0, None);
        system.sum(next, &[last, last]);
        last = next;
    }
    assert_eq!(
        verdict(&system, &[last]),
        Verdict::Narrow(vec![last]),
        "only 0 is within what is reckoned with"
    );
    // Two cells that are each other's sum with a third, which is therefore 0.
    let mut system = System::new();
    let [one, other, third] = [0; 3].map(|low| system.cell(low, Some(7)));
    system.sum(one, &[other, third]);
    system.sum(other, &[one, third]);
    assert_eq!(verdict(&system, &[one, other]), Verdict::Safe);
    assert_eq!(verdict(&system, &[third]), Verdict::Narrow(vec![third]));
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

proptest! {
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
