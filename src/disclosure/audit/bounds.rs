//! Outer bounds: no assignment that fits has a cell outside them. What they leave out is proved.

use super::system::{LARGEST, OPEN, System};
use super::work::Work;

/// Nothing fits.
pub(super) struct Conflict;

/// Every cell's bounds, narrowed by the rows as far as whole-number interval arithmetic goes; what was narrowed since a
/// mark can be taken back.
pub(super) struct Bounds<'a> {
    system: &'a System,
    rows_of: Vec<Vec<u32>>,
    low: Vec<i64>,
    high: Vec<i64>,
    waiting: Vec<u32>,
    is_waiting: Vec<bool>,
    trail: Vec<(usize, i64, i64)>,
}

impl<'a> Bounds<'a> {
    /// The bounds as given; call [`Bounds::settle`] to narrow them.
    pub fn new(system: &'a System) -> Self {
        let mut rows_of = vec![Vec::new(); system.cells()];
        let mut waiting = Vec::new();
        for (at, row) in (0..).zip(system.rows()) {
            waiting.push(at);
            for (cell, _) in &row.terms {
                rows_of[*cell].push(at);
            }
        }
        let is_waiting = vec![true; waiting.len()];
        let (low, high) = (0..system.cells()).map(|cell| system.bounds(cell)).unzip();
        Self { system, rows_of, low, high, waiting, is_waiting, trail: Vec::new() }
    }

    pub fn of(&self, cell: usize) -> (i64, i64) {
        (self.low[cell], self.high[cell])
    }

    /// Where the trail stands.
    pub const fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Cells that were narrowed since a mark, some more than once.
    pub fn since(&self, mark: usize) -> impl Iterator<Item = usize> + '_ {
        self.trail[mark..].iter().map(|entry| entry.0)
    }

    /// Takes back what was narrowed since a mark.
    pub fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((cell, low, high)) = self.trail.pop() else { break };
            (self.low[cell], self.high[cell]) = (low, high);
        }
    }

    /// What has been narrowed so far is for good.
    pub fn keep(&mut self) {
        self.trail.clear();
    }

    /// Narrows one cell to what it shares with `low..=high`; rows follow with [`Bounds::settle`].
    pub fn narrow(&mut self, cell: usize, low: i64, high: i64) -> Result<(), Conflict> {
        // Past the largest value nothing is reckoned: the wider bound stays.
        let (old_low, old_high) = self.of(cell);
        if low > old_high || high < old_low || low > high || old_low > old_high {
            return Err(Conflict);
        }
        let new_low = old_low.max(low.min(LARGEST));
        let new_high = if high > LARGEST { old_high } else { old_high.min(high) };
        if (new_low, new_high) != (old_low, old_high) {
            self.trail.push((cell, old_low, old_high));
            (self.low[cell], self.high[cell]) = (new_low, new_high);
            for row in &self.rows_of[cell] {
                let at = *row as usize;
                if !self.is_waiting[at] {
                    self.is_waiting[at] = true;
                    self.waiting.push(*row);
                }
            }
        }
        Ok(())
    }

    /// Narrows all cells by all rows until nothing changes or the work is used up; bounds are right in both cases.
    ///
    /// # Errors
    /// Nothing fits.
    pub fn settle(&mut self, work: &mut Work) -> Result<(), Conflict> {
        let mut at = 0;
        let outcome = loop {
            let Some(row) = self.waiting.get(at).copied() else { break Ok(()) };
            at += 1;
            // In the order of arrival; what has been served is dropped now and then.
            if at > 4096 && at * 2 > self.waiting.len() {
                self.waiting.drain(..at);
                at = 0;
            }
            self.is_waiting[row as usize] = false;
            if !work.spend(2 * self.system.rows()[row as usize].terms.len() + 1) {
                break Ok(());
            }
            if let Err(conflict) = self.serve(row as usize) {
                break Err(conflict);
            }
        };
        for row in self.waiting.drain(..) {
            self.is_waiting[row as usize] = false;
        }
        outcome
    }

    /// Narrows the cells of one row by what the others leave.
    fn serve(&mut self, row: usize) -> Result<(), Conflict> {
        let row = &self.system.rows()[row];
        // Ends of the row's sum; an open cell makes an end open, unless it is the one asked about.
        let (mut least, mut most, mut open_least, mut open_most) = (0, 0, 0, 0);
        for (cell, by) in &row.terms {
            let (low, high) = self.of(*cell);
            let (small, large) = if *by > 0 { (low, high) } else { (high, low) };
            if small == OPEN {
                open_least += 1
            } else {
                least += by * small
            }
            if large == OPEN { open_most += 1 } else { most += by * large }
        }
        if open_least == 0 && least > row.high || open_most == 0 && most < row.low {
            return Err(Conflict);
        }
        for (cell, by) in &row.terms {
            let (low, high) = self.of(*cell);
            let (small, large) = if *by > 0 { (low, high) } else { (high, low) };
            // What the term can be at most and at least, given all others.
            let others_open = open_least - i32::from(small == OPEN);
            let upper = (row.high != OPEN && others_open == 0)
                .then(|| row.high - (least - if small == OPEN { 0 } else { by * small }));
            let others_open = open_most - i32::from(large == OPEN);
            let lower =
                (others_open == 0).then(|| row.low - (most - if large == OPEN { 0 } else { by * large }));
            let size = by.abs();
            let (new_low, new_high) = if *by > 0 {
                (lower.map(|lower| up(lower, size)), upper.map(|upper| upper.div_euclid(size)))
            } else {
                (upper.map(|upper| -upper.div_euclid(size)), lower.map(|lower| (-lower).div_euclid(size)))
            };
            let (new_low, new_high) = (new_low.unwrap_or(low).max(low), new_high.unwrap_or(high).min(high));
            if (new_low, new_high) != (low, high) {
                self.narrow(*cell, new_low, new_high)?;
                // The ends above stay right, only wider than need be: the row waits again.
                let (now_low, now_high) = self.of(*cell);
                let (now_small, now_large) = if *by > 0 { (now_low, now_high) } else { (now_high, now_low) };
                if small == OPEN && now_small != OPEN {
                    open_least -= 1;
                    least += by * now_small;
                } else if small != OPEN {
                    least += by * (now_small - small);
                }
                if large == OPEN && now_large != OPEN {
                    open_most -= 1;
                    most += by * now_large;
                } else if large != OPEN {
                    most += by * (now_large - large);
                }
            }
        }
        Ok(())
    }
}

/// The quotient by a positive divisor, rounded up.
const fn up(value: i64, by: i64) -> i64 {
    -(-value).div_euclid(by)
}
