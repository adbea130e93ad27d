//! Work, counted in steps and never in time: a verdict is the same on every machine.

/// Steps that are left. A step is about one look at one term of a row.
pub(super) struct Work {
    left: u64,
}

impl Work {
    pub const fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes so many steps; `false` when none are left.
    pub fn spend(&mut self, steps: usize) -> bool {
        self.left = self.left.saturating_sub(steps as u64);
        self.left > 0
    }

    /// At most so many of the steps that are left, to be spent apart.
    pub fn part(&mut self, most: u64) -> Self {
        let steps = self.left.min(most);
        self.left -= steps;
        Self { left: steps }
    }

    /// Gives back what was not spent.
    pub fn back(&mut self, rest: Self) {
        self.left += rest.left;
    }

    pub const fn is_left(&self) -> bool {
        self.left > 0
    }
}
