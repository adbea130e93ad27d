//! Solving for what was got: bounds carried along sums until nothing moves, then a linear program for what is left, whose
//! limits are taken to whole numbers.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};

use crate::knowledge::{Knowledge, MOST};

/// Carries bounds along every row until nothing moves.
pub(crate) fn propagate(knowledge: &Knowledge) -> Vec<(i64, i64)> {
    let mut bounds = knowledge.bounds.clone();
    let mut moved = true;
    while moved {
        moved = false;
        for row in &knowledge.rows {
            let end = |(at, by): &(usize, i64), up: bool| {
                let (low, high) = bounds[*at];
                if (*by > 0) == up { high * by } else { low * by }
            };
            let lowest: i64 = row.terms.iter().map(|term| end(term, false)).sum();
            let highest: i64 = row.terms.iter().map(|term| end(term, true)).sum();
            let ends: Vec<(i64, i64)> =
                row.terms.iter().map(|term| (end(term, false), end(term, true))).collect();
            for ((at, by), (low, high)) in row.terms.iter().zip(ends) {
                let most = row.high - (lowest - low);
                let least = row.low - (highest - high);
                let (least, most) = if *by > 0 { (least, most) } else { (-most, -least) };
                let (was_low, was_high) = bounds[*at];
                let now = (was_low.max(least), was_high.min(most));
                if now != (was_low, was_high) {
                    (bounds[*at], moved) = (now, true);
                }
            }
        }
    }
    bounds
}

/// Least and most of a number, as far as a linear program tells; the bounds where it has no answer.
pub(crate) fn limits(knowledge: &Knowledge, bounds: &[(i64, i64)], cell: usize) -> (i64, i64) {
    let end = |direction| {
        let mut problem = Problem::new(direction);
        let variable = |(at, (low, high)): (usize, &(i64, i64))| {
            let high = if *high >= MOST { f64::INFINITY } else { *high as f64 };
            problem.add_var(if at == cell { 1.0 } else { 0.0 }, (*low as f64, high))
        };
        let variables: Vec<_> = bounds.iter().enumerate().map(variable).collect();
        for row in &knowledge.rows {
            let terms = || row.terms.iter().map(|(at, by)| (variables[*at], *by as f64));
            if row.low == row.high {
                problem.add_constraint(terms(), ComparisonOp::Eq, row.low as f64);
            } else {
                problem.add_constraint(terms(), ComparisonOp::Ge, row.low as f64);
            }
        }
        match problem.solve() {
            Ok(SolveOutcome::Solution(solution)) => Some(solution.objective()),
            _ => None,
        }
    };
    let (low, high) = bounds[cell];
    let least = end(OptimizationDirection::Minimize).map_or(low, |least| (least - 1e-6).ceil() as i64);
    let most = end(OptimizationDirection::Maximize).map_or(high, |most| (most + 1e-6).floor() as i64);
    (least.max(low), most.min(high))
}
