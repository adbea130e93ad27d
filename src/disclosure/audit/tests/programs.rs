//! Larger systems, held against linear and whole-number programs of another solver.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};
use proptest::prelude::*;

use super::super::Verdict;
use super::{LEAST, Margins, shown, verdict};

/// Bounds and rows as a program, the objective being one cell.
fn program(table: &Margins, cell: usize, direction: OptimizationDirection, only: Option<u64>) -> Option<f64> {
    let mut problem = Problem::new(direction);
    let bounds = (0..table.system.cells()).map(|at| table.system.bounds(at));
    let variables: Vec<_> = bounds
        .enumerate()
        .map(|(at, (low, high))| {
            let weight = if at == cell { 1.0 } else { 0.0 };
            let (low, high) = (i32::try_from(low).expect("small"), i32::try_from(high).unwrap_or(i32::MAX));
            match only {
                Some(value) if at == cell => {
                    let value = i32::try_from(value).expect("small");
                    problem.add_integer_var(weight, (value, value))
                }
                Some(_) => problem.add_integer_var(weight, (low, high)),
                None => problem.add_var(weight, (f64::from(low), f64::from(high))),
            }
        })
        .collect();
    for row in table.system.rows() {
        let terms = row.terms.iter().map(|(cell, by)| (variables[*cell], *by as f64));
        problem.add_constraint(terms, ComparisonOp::Eq, row.low as f64);
    }
    match problem.solve() {
        Ok(SolveOutcome::Solution(solution)) => Some(solution.objective()),
        _ => None,
    }
}

#[test]
fn values_within_the_range_of_real_numbers_that_no_whole_table_has() {
    // 2 × 2 × 2 with three structural zeros, asked by one dimension at a time: 7 persons have the second code of each,
    // 14 the first. Let d of them have all three second codes: 7 - d have one alone, and all first codes 2d.
    let zeros = [[1, 1, 0], [1, 0, 1], [0, 1, 1]];
    let table = Margins::new(&[2, 2, 2], |at| {
        let all = at.iter().filter(|code| **code == 2).count();
        match all {
            0 if zeros.iter().any(|zero| zero == at) => (0, Some(0)),
            0 => (0, Some(7)),
            1 => (0, Some(21)),
            3 => (21, Some(21)),
            _ if at.contains(&1) => (7, Some(7)),
            _ => (14, Some(14)),
        }
    });
    let first = table.cell(&[0, 0, 0]);
    let least = program(&table, first, OptimizationDirection::Minimize, None).expect("solved");
    let most = program(&table, first, OptimizationDirection::Maximize, None).expect("solved");
    assert!(least.abs() < 1e-6 && (most - 7.0).abs() < 1e-6, "real numbers: {least} to {most}");
    let whole = (0..8)
        .filter(|value| program(&table, first, OptimizationDirection::Minimize, Some(*value)).is_some());
    assert_eq!(whole.collect::<Vec<_>>(), [0, 2, 4, 6]);
    assert_eq!(verdict(&table.system, &[first]), Verdict::Narrow(vec![first]));
}

/// A table around true counts, of which each inner cell is small with so many chances in a hundred; exact or rounded.
fn table(codes: Vec<usize>) -> impl Strategy<Value = (Margins, Vec<usize>)> {
    let cells: usize = codes.iter().map(|codes| codes + 1).product();
    let draws = proptest::collection::vec((0_u64..100, 0_u64..8, 8_u64..40), cells);
    (draws, 30_u64..90, 0_u8..3).prop_map(move |(draws, small, exact)| {
        let one = |(draw, below, above): (u64, u64, u64)| if draw < small { below } else { above };
        let inner = Margins::new(&codes, |_| (0, None));
        let places = inner.places();
        let under = |whole: &[usize], at: &[usize]| {
            at.iter()
                .zip(whole)
                .zip(&codes)
                .all(|((at, whole), codes)| at < codes && (whole == codes || whole == at))
        };
        let count = |whole: &[usize]| -> u64 {
            places.iter().zip(&draws).filter(|(at, _)| under(whole, at)).map(|(_, draw)| one(*draw)).sum()
        };
        let table = Margins::new(&codes, |at| match (count(at), exact) {
            (small @ 0..8, _) => shown(small),
            (count, 0) => (count, Some(count)),
            (count, 1) => (count - count % 2, Some(count - count % 2 + 1)),
            (count, _) => shown(count),
        });
        let hidden = places.iter().filter(|at| count(at) < 8).map(|at| table.cell(at)).collect();
        (table, hidden)
    })
}

/// Whether a cell can be 0 and have so many values, by a whole-number program for each.
fn possible(table: &Margins, cell: usize) -> bool {
    let can = |value| program(table, cell, OptimizationDirection::Minimize, Some(value)).is_some();
    can(0) && 1 + (1..8).filter(|value| can(*value)).count() as u64 >= LEAST
}

fn agree(table: &Margins, hidden: &[usize]) -> Result<(), TestCaseError> {
    let narrow: Vec<usize> = hidden.iter().copied().filter(|cell| !possible(table, *cell)).collect();
    let expected = if narrow.is_empty() { Verdict::Safe } else { Verdict::Narrow(narrow) };
    prop_assert_eq!(verdict(&table.system, hidden), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn five_by_five_is_judged_as_whole_number_programs_do((table, hidden) in table(vec![5, 5])) {
        agree(&table, &hidden)?;
    }

    #[test]
    fn three_by_three_by_three_is_judged_as_whole_number_programs_do((table, hidden) in table(vec![3, 3, 3])) {
        agree(&table, &hidden)?;
    }
}
