//! Exhibits: assignments that fit, and the values of hidden cells that they show to be possible.

use std::collections::BTreeSet;

use super::bounds::Bounds;
use super::leaves::Leaves;
use super::search::{Outcome, search};
use super::system::{OPEN, System};
use super::walk::Walk;
use super::work::Work;

/// Steps to narrow bounds before anything is tried.
const SETTLE: u64 = 50_000_000;
/// Steps to find a first exhibit: a walk, a search, both longer.
const FIRST: [(u64, u64); 2] = [(1_000_000, 1_000_000), (10_000_000, 10_000_000)];
/// Further steps of each for every term that the system's rows have.
const FIRST_BY_TERM: u64 = 200;
/// Steps for one value of one cell: a walk, a search, both longer.
const VALUE: [(u64, u64); 2] = [(40_000, 400_000), (400_000, 1_000_000)];
/// Steps for all values of one cell.
const CELL: u64 = 4_000_000;

/// Why there is no exhibit.
pub(super) enum Without {
    /// Nothing fits: that is proved.
    Contradiction,
    /// None was found.
    Undecided,
}

/// A part of a system that rows tie together, with a current exhibit.
pub(super) struct Exhibits<'a> {
    system: &'a System,
    leaves: &'a Leaves,
    bounds: Bounds<'a>,
    walk: Walk<'a>,
    hidden: Vec<usize>,
    /// By hidden cell: values that exhibits had, 0 and at most so many as are asked for.
    seen: Vec<BTreeSet<u64>>,
    least: u64,
}

/// A value of a cell, tried.
enum Tried {
    Exhibited,
    /// No assignment has it, or none was found.
    Not,
}

impl<'a> Exhibits<'a> {
    /// Narrows the bounds and finds a first exhibit.
    ///
    /// # Errors
    /// There is none, or none was found.
    pub fn new(
        system: &'a System,
        leaves: &'a Leaves,
        hidden: Vec<usize>,
        least: u64,
    ) -> Result<Self, Without> {
        let mut bounds = Bounds::new(system);
        bounds.settle(&mut Work::new(SETTLE)).map_err(|_| Without::Contradiction)?;
        bounds.keep();
        let walk = Walk::new(leaves, &bounds);
        let seen = vec![BTreeSet::new(); hidden.len()];
        let mut exhibits = Self { system, leaves, bounds, walk, hidden, seen, least };
        let terms: usize = system.rows().iter().map(|row| row.terms.len()).sum();
        let further = FIRST_BY_TERM * terms as u64;
        for (steps, more) in FIRST {
            let (steps, more) = (steps + further, more + further);
            if exhibits.walk.mend(&mut Work::new(steps)) && exhibits.record() {
                return Ok(exhibits);
            }
            match exhibits.search(&mut Work::new(more)) {
                Outcome::Found(cells) => {
                    exhibits.walk.adopt(&cells);
                    if exhibits.record() {
                        return Ok(exhibits);
                    }
                }
                Outcome::Nothing => return Err(Without::Contradiction),
                Outcome::Undecided => {}
            }
        }
        Err(Without::Undecided)
    }

    /// The hidden cells, in the order of the places that [`Exhibits::wide`] takes.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// Whether a hidden cell, by its place in the list, can have so many values as are asked for, 0 among them.
    pub fn wide(&mut self, at: usize) -> bool {
        let (low, high) = self.bounds.of(self.hidden[at]);
        let too_few = high != OPEN && high.abs_diff(low).saturating_add(1) < self.least;
        if low > 0 || too_few {
            return false;
        }
        let mut work = Work::new(CELL);
        if matches!(self.aim(at, 0, &mut work), Tried::Not) {
            return false;
        }
        let mut value = 1;
        while !self.enough(at) && value <= high && work.spend(1) {
            self.aim(at, value, &mut work);
            value += 1;
        }
        self.enough(at)
    }

    fn enough(&self, at: usize) -> bool {
        self.seen[at].contains(&0) && self.seen[at].len() as u64 >= self.least
    }

    /// Looks for an exhibit with a value of a hidden cell, starting from the current one.
    fn aim(&mut self, at: usize, value: i64, work: &mut Work) -> Tried {
        if u64::try_from(value).is_ok_and(|value| self.seen[at].contains(&value)) {
            return Tried::Exhibited;
        }
        let saved = self.walk.save();
        let mark = self.bounds.mark();
        let set = self.bounds.narrow(self.hidden[at], value, value);
        let set = set.and_then(|()| self.bounds.settle(work));
        let changed: Vec<usize> = self.bounds.since(mark).collect();
        let found = set.is_ok() && {
            self.walk.follow(&self.bounds, changed.iter().copied());
            self.find(work)
        };
        self.bounds.undo(mark);
        self.walk.follow(&self.bounds, changed.into_iter());
        if found {
            return Tried::Exhibited;
        }
        self.walk.restore(&saved);
        Tried::Not
    }

    /// An exhibit within the bounds of now.
    fn find(&mut self, work: &mut Work) -> bool {
        for (steps, more) in VALUE {
            let mut part = work.part(steps);
            let there = self.walk.mend(&mut part);
            work.back(part);
            if there && self.record() {
                return true;
            }
            let mut part = work.part(more);
            let outcome = self.search(&mut part);
            work.back(part);
            match outcome {
                Outcome::Found(cells) => {
                    self.walk.adopt(&cells);
                    return self.record();
                }
                Outcome::Nothing => return false,
                Outcome::Undecided => {}
            }
        }
        false
    }

    fn search(&mut self, work: &mut Work) -> Outcome {
        let walk = &self.walk;
        search(self.system, self.leaves, &mut self.bounds, &|leaf| walk.value(leaf), work)
    }

    /// Holds the walk's assignment against the whole system; when it fits, its values of hidden cells are seen.
    fn record(&mut self) -> bool {
        let Some(cells) = self.walk.cells().filter(|cells| self.system.fits(cells)) else { return false };
        for (cell, seen) in self.hidden.iter().zip(&mut self.seen) {
            let value = cells[*cell];
            if value == 0 || (seen.len() as u64) < self.least {
                seen.insert(value);
            }
        }
        true
    }
}
