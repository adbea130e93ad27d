//! What a reader knows: cells with bounds, and rows that tie them together.

use crate::limits::{MAX_AUDIT_CELLS, MAX_AUDIT_TERMS, MAX_AUDIT_VALUE, MAX_AUDIT_WEIGHT};

/// No upper bound.
pub(super) const OPEN: i64 = i64::MAX;

/// The largest value that is reckoned with.
pub(super) const LARGEST: i64 = MAX_AUDIT_VALUE as i64;

/// Cells that hold whole numbers within bounds, and sums and differences that they keep.
///
/// Cells are named by position, in the order in which they were added. Nothing here is a true count: bounds and rows are
/// what a reader has from released answers.
#[derive(Clone, Debug, Default)]
pub struct System {
    cells: Vec<(u64, Option<u64>)>,
    rows: Vec<Row>,
    terms: usize,
    unreadable: bool,
}

/// `low` ≤ the sum of coefficient times cell ≤ `high`.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// By cell, each once, none with the coefficient 0.
    pub terms: Vec<(usize, i64)>,
    pub low: i64,
    pub high: i64,
    /// The cell that this row is the definition of: it has the coefficient -1, all others are positive, both bounds are 0.
    pub whole: Option<usize>,
}

impl System {
    /// A system without cells.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a cell that holds at least `low` and at most `high` persons (`None`: no upper bound); gives its position.
    pub fn cell(&mut self, low: u64, high: Option<u64>) -> usize {
        self.unreadable |= low > MAX_AUDIT_VALUE || self.cells.len() >= MAX_AUDIT_CELLS;
        if self.cells.len() < MAX_AUDIT_CELLS {
            self.cells.push((low, high));
        }
        self.cells.len() - 1
    }

    /// `whole` is the sum of `parts`, by position. A part that is named twice counts twice.
    ///
    /// A position that is not there makes the system unreadable: everything hidden in it is then [`Narrow`].
    ///
    /// [`Narrow`]: super::Verdict::Narrow
    pub fn sum(&mut self, whole: usize, parts: &[usize]) {
        let terms = parts.iter().map(|part| (*part, 1)).chain([(whole, -1)]);
        self.row(terms.collect(), (0, 0), Some(whole));
    }

    /// `greater` is at least `by` more than `lesser`, by position; unreadable as [`System::sum`] is.
    pub fn at_least(&mut self, greater: usize, lesser: usize, by: u64) {
        let Some(by) = i64::try_from(by).ok().filter(|by| *by <= LARGEST) else {
            self.unreadable = true;
            return;
        };
        self.row(vec![(greater, 1), (lesser, -1)], (by, OPEN), None);
    }

    fn row(&mut self, mut terms: Vec<(usize, i64)>, (low, high): (i64, i64), whole: Option<usize>) {
        self.terms = self.terms.saturating_add(terms.len());
        let known = terms.iter().all(|(cell, _)| *cell < self.cells.len());
        if !known || terms.len() > MAX_AUDIT_WEIGHT || self.terms > MAX_AUDIT_TERMS {
            self.unreadable = true;
            return;
        }
        merge(&mut terms);
        let defined = |cell: &usize| terms.iter().any(|(at, by)| at == cell && *by == -1);
        let whole = whole.filter(defined);
        self.rows.push(Row { terms, low, high, whole });
    }

    /// Whether values, one a cell, are within all bounds and keep all rows: what every exhibit is held against.
    #[must_use]
    pub fn fits(&self, values: &[u64]) -> bool {
        let within = |(value, (low, high)): (&u64, &(u64, Option<u64>))| {
            value >= low && high.is_none_or(|high| *value <= high)
        };
        let kept = |row: &Row| {
            let sum = row.terms.iter().map(|(cell, by)| i128::from(*by) * i128::from(values[*cell]));
            let sum: i128 = sum.sum();
            sum >= i128::from(row.low) && (row.high == OPEN || sum <= i128::from(row.high))
        };
        values.len() == self.cells.len()
            && values.iter().zip(&self.cells).all(within)
            && self.rows.iter().all(kept)
    }

    /// How many cells there are.
    pub(super) const fn cells(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether something was added that is beyond the ceilings, or that names a cell that is not there.
    pub(super) const fn unreadable(&self) -> bool {
        self.unreadable
    }

    /// The bounds of a cell; an upper one beyond the largest value is [`OPEN`], which is wider and so never wrong.
    pub(super) fn bounds(&self, cell: usize) -> (i64, i64) {
        let (low, high) = self.cells[cell];
        let known = |value: u64| i64::try_from(value).ok().filter(|value| *value <= LARGEST);
        (known(low).unwrap_or(LARGEST), high.and_then(known).unwrap_or(OPEN))
    }

    /// The parts of the system that no row ties together, each with its cells' positions in this one. Cells without a row
    /// stand alone.
    pub(super) fn parts(&self) -> Vec<(Self, Vec<usize>)> {
        let mut leader: Vec<usize> = (0..self.cells.len()).collect();
        for row in &self.rows {
            for pair in row.terms.windows(2) {
                let (one, other) = (find(&mut leader, pair[0].0), find(&mut leader, pair[1].0));
                leader[one.max(other)] = one.min(other);
            }
        }
        let mut parts: Vec<(Self, Vec<usize>)> = Vec::new();
        let mut part_of = vec![usize::MAX; self.cells.len()];
        let mut place = vec![0; self.cells.len()];
        for cell in 0..self.cells.len() {
            let first = find(&mut leader, cell);
            if first == cell {
                part_of[cell] = parts.len();
                parts.push((Self::new(), Vec::new()));
            }
            part_of[cell] = part_of[first];
            let (part, cells) = &mut parts[part_of[cell]];
            place[cell] = cells.len();
            part.cells.push(self.cells[cell]);
            cells.push(cell);
        }
        for row in &self.rows {
            // A row whose terms cancelled ties nothing: the first part may have it.
            let at = row.terms.first().map_or(0, |(cell, _)| part_of[*cell]);
            let terms = row.terms.iter().map(|(cell, by)| (place[*cell], *by)).collect();
            let whole = row.whole.map(|cell| place[cell]);
            if let Some((part, _)) = parts.get_mut(at) {
                part.rows.push(Row { terms, low: row.low, high: row.high, whole });
            }
        }
        parts
    }
}

/// Sorted by position, each once, none with the coefficient 0.
pub(super) fn merge(terms: &mut Vec<(usize, i64)>) {
    terms.sort_unstable_by_key(|term| term.0);
    terms.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    terms.retain(|term| term.1 != 0);
}

fn find(leader: &mut [usize], mut at: usize) -> usize {
    while leader[at] != at {
        leader[at] = leader[leader[at]];
        at = leader[at];
    }
    at
}
