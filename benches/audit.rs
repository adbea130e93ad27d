//! What R5's audit takes, beside the general way: a linear program for the least and the most of every hidden cell.
//!
//! `cargo bench --bench audit`: a table of 12 × 12 and one of 12 × 12 × 12, each with all its margins, a third of the
//! inner cells hidden in 0..7, every other one shown to the nearest 5. Of the large table the programs of a few cells are
//! solved, and the time for all is told from them. The same table with exact counts, which no answer has, is the hard case:
//! most of its work goes into values that are not there. The figure to keep is the ratio, made in one run on one core.
//! Programs give bounds only: what they take is less than an exhibit of five values would.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[expect(dead_code, reason = "other benchmarks need rows; this one needs numbers and the best of five")]
mod kit;

use std::time::{Duration, Instant};

use kit::{Numbers, best};
use kobling::disclosure::audit::{System, Verdict, audit};
use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};

const LEAST: u64 = 5;
const CODES: usize = 12;

/// A table with all its margins: "all" is the last code of each dimension, cells in row-major order.
struct Table {
    dimensions: u32,
    /// Whether what is not hidden is shown to the nearest 5, or as it is.
    rounded: bool,
    counts: Vec<u64>,
    sums: Vec<(usize, Vec<usize>)>,
}

impl Table {
    /// One inner cell in three counts 0..7, the others 8 to 60.
    fn made_up(dimensions: u32, rounded: bool) -> Self {
        let size = CODES + 1;
        let cells = size.pow(dimensions);
        let step = |dimension: u32| size.pow(dimensions - 1 - dimension);
        let mut numbers = Numbers(1);
        let mut counts = vec![0; cells];
        for (cell, count) in counts.iter_mut().enumerate() {
            if (0..dimensions).all(|dimension| cell / step(dimension) % size < CODES) {
                *count = if numbers.below(3) == 0 { numbers.below(8) } else { 8 + numbers.below(53) };
            }
        }
        let mut sums = Vec::new();
        for dimension in 0..dimensions {
            for cell in 0..cells {
                if cell / step(dimension) % size == CODES {
                    let parts = (1..=CODES).map(|back| cell - back * step(dimension));
                    sums.push((cell, parts.collect::<Vec<_>>()));
                }
            }
        }
        // Dimension by dimension: parts that are "all" elsewhere were added before, or are added with a later one.
        for (whole, parts) in &sums {
            counts[*whole] = parts.iter().map(|part| counts[*part]).sum();
        }
        Self { dimensions, rounded, counts, sums }
    }

    /// What a reader knows of a cell.
    fn bounds(&self, cell: usize) -> (u64, u64) {
        let count = self.counts[cell];
        if count < 8 {
            return (0, 7);
        }
        if !self.rounded {
            return (count, count);
        }
        let shown = (count + 2) / 5 * 5;
        (shown - 2, shown + 2)
    }

    fn hidden(&self) -> Vec<usize> {
        (0..self.counts.len()).filter(|cell| self.counts[*cell] < 8).collect()
    }

    fn system(&self) -> System {
        let mut system = System::new();
        for cell in 0..self.counts.len() {
            let (low, high) = self.bounds(cell);
            system.cell(low, Some(high));
        }
        for (whole, parts) in &self.sums {
            system.sum(*whole, parts);
        }
        system
    }

    /// The least or the most of a cell in real numbers.
    fn program(&self, cell: usize, direction: OptimizationDirection) -> Option<f64> {
        let mut problem = Problem::new(direction);
        let variables: Vec<_> = (0..self.counts.len())
            .map(|at| {
                let (low, high) = self.bounds(at);
                problem.add_var(if at == cell { 1.0 } else { 0.0 }, (low as f64, high as f64))
            })
            .collect();
        for (whole, parts) in &self.sums {
            let terms = parts.iter().map(|part| (variables[*part], 1.0)).chain([(variables[*whole], -1.0)]);
            problem.add_constraint(terms, ComparisonOp::Eq, 0.0);
        }
        match problem.solve().ok()? {
            SolveOutcome::Solution(solution) => Some(solution.objective()),
            SolveOutcome::Interrupted(_) => None,
        }
    }
}

fn main() {
    measure(&Table::made_up(2, true), usize::MAX);
    measure(&Table::made_up(3, true), 8);
    measure(&Table::made_up(3, false), 0);
}

/// Audits a table, and solves the programs of so many of its hidden cells.
fn measure(table: &Table, programs: usize) {
    let (system, hidden) = (table.system(), table.hidden());
    println!(
        "{} dimensions of {CODES} codes, {}: {} cells, {} sums, {} hidden",
        table.dimensions,
        if table.rounded { "rounded" } else { "exact" },
        table.counts.len(),
        table.sums.len(),
        hidden.len()
    );
    let mut verdict = Verdict::Safe;
    let took = best(|| verdict = audit(&system, &hidden, LEAST, &mut |_, _| {}));
    let narrow = match &verdict {
        Verdict::Safe => 0,
        Verdict::Narrow(cells) => cells.len(),
        Verdict::Contradiction => panic!("the table is there"),
    };
    println!("  audit: {:.4} s, {narrow} cells too narrow", took.as_secs_f64());
    if programs == 0 {
        return;
    }
    let asked: Vec<usize> = hidden.iter().copied().take(programs).collect();
    let start = Instant::now();
    let mut outside = 0;
    for cell in &asked {
        let least = table.program(*cell, OptimizationDirection::Minimize).expect("solved");
        let most = table.program(*cell, OptimizationDirection::Maximize).expect("solved");
        outside += usize::from(least > 0.5 || most < least.round() + 3.5);
    }
    let programs = start.elapsed();
    let all: Duration = programs.mul_f64(hidden.len() as f64 / asked.len() as f64);
    println!(
        "  programs: {:.2} s for {} cells, {outside} too narrow; {:.1} s for all, {:.0} times the audit",
        programs.as_secs_f64(),
        asked.len(),
        all.as_secs_f64(),
        all.as_secs_f64() / took.as_secs_f64()
    );
}
