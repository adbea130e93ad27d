//! A walk through assignments towards one that fits: change one leaf at a time where it mends most.
//!
//! The state is a value a leaf; a line outside its bounds is broken. A step takes a broken line, looks at some of its
//! leaves, and changes the one that makes all broken lines together least bad, each by its weight; where nothing helps,
//! broken lines gain weight. After Luteberget and Sartor, *Feasibility Jump* (Mathematical Programming Computation
//! 15, 2023), with a memory of what was just changed. It proves nothing: it finds, or it gives up.

use super::bounds::Bounds;
use super::leaves::{Held, Leaves, Place};
use super::system::{LARGEST, OPEN};
use super::work::Work;

/// Most leaves of a line that one step looks at.
const LOOKS: usize = 48;
/// Violations beyond this are all equally bad.
const WORST: i64 = 1 << 30;
/// Where weights stop growing.
const HEAVIEST: i64 = 1 << 20;

/// Values of leaves, sums of lines, and what is broken.
pub(super) struct Walk<'a> {
    leaves: &'a Leaves,
    lines_of: Vec<Vec<(u32, i64)>>,
    values: Vec<i64>,
    bounds: Vec<(i64, i64)>,
    sums: Vec<i64>,
    line_bounds: Vec<(i64, i64)>,
    weights: Vec<i64>,
    broken: Vec<usize>,
    broken_at: Vec<usize>,
    changed_at: Vec<u64>,
    step: u64,
    state: u64,
}

/// What a walk goes back to.
pub(super) struct Saved {
    values: Vec<i64>,
    sums: Vec<i64>,
}

impl<'a> Walk<'a> {
    /// Starts with every leaf in the lower middle of its bounds, or at the lower one where there is no upper.
    pub fn new(leaves: &'a Leaves, bounds: &Bounds) -> Self {
        let mut lines_of = vec![Vec::new(); leaves.cells.len()];
        for (at, line) in (0..).zip(&leaves.lines) {
            for (leaf, by) in &line.terms {
                lines_of[*leaf].push((at, *by));
            }
        }
        let leaf_bounds: Vec<_> = leaves.cells.iter().map(|cell| bounds.of(*cell)).collect();
        let start = |(low, high): &(i64, i64)| if *high == OPEN { *low } else { low + (high - low) / 2 };
        let mut walk = Self {
            leaves,
            lines_of,
            values: leaf_bounds.iter().map(start).collect(),
            bounds: leaf_bounds,
            sums: vec![0; leaves.lines.len()],
            line_bounds: leaves.lines.iter().map(|line| line.held.bounds(|cell| bounds.of(cell))).collect(),
            weights: vec![1; leaves.lines.len()],
            broken: Vec::new(),
            broken_at: vec![usize::MAX; leaves.lines.len()],
            changed_at: vec![0; leaves.cells.len()],
            step: 0,
            state: 1,
        };
        for (at, line) in leaves.lines.iter().enumerate() {
            walk.sums[at] = line.terms.iter().map(|(leaf, by)| by * walk.values[*leaf]).sum();
            walk.look(at);
        }
        walk
    }

    pub fn fits(&self) -> bool {
        self.broken.is_empty()
    }

    /// Every cell's value; `None` while something is broken.
    pub fn cells(&self) -> Option<Vec<u64>> {
        if !self.fits() {
            return None;
        }
        self.leaves.cells_from(&self.values, &self.sums)
    }

    /// The value of a leaf.
    pub fn value(&self, leaf: usize) -> i64 {
        self.values[leaf]
    }

    pub fn save(&self) -> Saved {
        Saved { values: self.values.clone(), sums: self.sums.clone() }
    }

    /// Goes back to what was saved, under the bounds of now.
    pub fn restore(&mut self, saved: &Saved) {
        self.values.clone_from(&saved.values);
        self.sums.clone_from(&saved.sums);
        for at in 0..self.sums.len() {
            self.look(at);
        }
    }

    /// Takes over an assignment of all cells.
    pub fn adopt(&mut self, cells: &[u64]) {
        for (leaf, cell) in self.leaves.cells.iter().enumerate() {
            self.values[leaf] = i64::try_from(cells[*cell]).unwrap_or(LARGEST).min(LARGEST);
        }
        for (at, line) in self.leaves.lines.iter().enumerate() {
            self.sums[at] = line.terms.iter().map(|(leaf, by)| by * self.values[*leaf]).sum();
            self.look(at);
        }
    }

    /// Takes the bounds of some cells anew and moves their leaves inside.
    pub fn follow(&mut self, bounds: &Bounds, cells: impl Iterator<Item = usize>) {
        for cell in cells {
            match self.leaves.places[cell] {
                Place::Leaf(leaf) => {
                    let (low, high) = bounds.of(cell);
                    self.bounds[leaf] = (low, high);
                    let inside = self.values[leaf].clamp(low, high.max(low));
                    self.change(leaf, inside - self.values[leaf]);
                }
                Place::Line(line) => {
                    if let Held::Cell(cell) = self.leaves.lines[line].held {
                        self.line_bounds[line] = bounds.of(cell);
                        self.look(line);
                    }
                }
            }
        }
    }

    /// Walks until nothing is broken or the work is used up; whether it came there.
    pub fn mend(&mut self, work: &mut Work) -> bool {
        self.weights.fill(1);
        while !self.fits() {
            if !self.take_step(work) {
                return false;
            }
        }
        true
    }

    fn take_step(&mut self, work: &mut Work) -> bool {
        self.step += 1;
        let which = self.below(self.broken.len());
        let line = self.broken[which];
        let count = self.leaves.lines[line].terms.len();
        let first = self.below(count.max(1));
        let need = shortage(self.sums[line], self.line_bounds[line]);
        let patience = 3 + self.below(8) as u64;
        let mut best: Option<(i64, usize, i64)> = None;
        let mut looked = 1;
        let mut seen = 0;
        for at in 0..count {
            let (leaf, by) = self.leaves.lines[line].terms[(first + at) % count];
            let (low, high) = self.bounds[leaf];
            let value = self.values[leaf];
            let upwards = (need > 0) == (by > 0);
            let slack = if upwards { high.min(LARGEST) - value } else { value - low };
            looked += 1;
            if slack <= 0 {
                continue;
            }
            seen += 1;
            let recent = self.changed_at[leaf] > 0 && self.changed_at[leaf] + patience > self.step;
            let whole = (need.abs().saturating_add(by.abs() - 1) / by.abs()).min(slack);
            for size in [1, whole] {
                let change = if upwards { size } else { -size };
                let score = self.score(leaf, change);
                looked += self.lines_of[leaf].len();
                // What was just changed is changed again only when nothing else can be.
                let score = if recent { score.saturating_add(WORST) } else { score };
                if best.is_none_or(|best| score < best.0) {
                    best = Some((score, leaf, change));
                }
                if whole == 1 {
                    break;
                }
            }
            if seen >= LOOKS {
                break;
            }
        }
        if let Some((score, leaf, change)) = best {
            if score >= 0 {
                for line in &self.broken {
                    self.weights[*line] = (self.weights[*line] + 1).min(HEAVIEST);
                }
            }
            self.changed_at[leaf] = self.step;
            looked += self.lines_of[leaf].len() + self.broken.len();
            self.change(leaf, change);
        }
        work.spend(looked) && best.is_some()
    }

    /// By how much worse all lines of a leaf become, each by its weight; negative when better.
    fn score(&self, leaf: usize, change: i64) -> i64 {
        let mut score = 0_i64;
        for (line, by) in &self.lines_of[leaf] {
            let at = *line as usize;
            let (sum, bounds) = (self.sums[at], self.line_bounds[at]);
            let worse = violation(sum + by * change, bounds) - violation(sum, bounds);
            score = score.saturating_add(worse.saturating_mul(self.weights[at]));
        }
        score
    }

    fn change(&mut self, leaf: usize, change: i64) {
        if change == 0 {
            return;
        }
        self.values[leaf] += change;
        for at in 0..self.lines_of[leaf].len() {
            let (line, by) = self.lines_of[leaf][at];
            self.sums[line as usize] += by * change;
            self.look(line as usize);
        }
    }

    /// Enters a line among the broken ones or takes it out.
    fn look(&mut self, line: usize) {
        let broken = shortage(self.sums[line], self.line_bounds[line]) != 0;
        let at = self.broken_at[line];
        if broken && at == usize::MAX {
            self.broken_at[line] = self.broken.len();
            self.broken.push(line);
        } else if !broken && at != usize::MAX {
            self.broken.swap_remove(at);
            if let Some(moved) = self.broken.get(at) {
                self.broken_at[*moved] = at;
            }
            self.broken_at[line] = usize::MAX;
        }
    }

    /// The next number of a fixed sequence (xorshift), below a bound: no randomness, only variety.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 33) % (bound as u64).max(1)).unwrap_or(0)
    }
}

/// What a sum lacks to its bounds: positive below, negative above.
fn shortage(sum: i64, (low, high): (i64, i64)) -> i64 {
    if sum < low {
        low - sum
    } else if high != OPEN && sum > high {
        high - sum
    } else {
        0
    }
}

fn violation(sum: i64, bounds: (i64, i64)) -> i64 {
    shortage(sum, bounds).abs().min(WORST)
}
