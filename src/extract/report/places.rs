//! Where something was found: how many rows, and the first lines in ascending order, in bounded memory and whatever the
//! order in which they come.

use serde::Serialize;

use crate::limits::MAX_LISTED_LINES;

/// Rows, and the first of their lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Places {
    /// How many rows.
    pub rows: u64,
    /// Their first lines, ascending, at most [`MAX_LISTED_LINES`]. A workbook's line is the row of its sheet.
    pub lines: Vec<u64>,
}

impl Places {
    /// Adds a row.
    pub(in crate::extract) fn add(&mut self, line: u64) {
        self.rows += 1;
        let full = self.lines.len() >= MAX_LISTED_LINES;
        match self.lines.last() {
            Some(last) if line < *last => {
                let at = self.lines.partition_point(|known| *known <= line);
                self.lines.insert(at, line);
                self.lines.truncate(MAX_LISTED_LINES);
            }
            _ if full => {}
            _ => self.lines.push(line),
        }
    }

    /// Adds the rows of another part of the file.
    pub(in crate::extract) fn merge(&mut self, other: &Places) {
        let rows = self.rows + other.rows;
        other.lines.iter().for_each(|line| self.add(*line));
        self.rows = rows;
    }

    /// How many rows are counted without being named.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        self.rows - self.lines.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_order_the_first_lines_are_kept(
            parts in proptest::collection::vec(proptest::collection::vec(1u64..500, 0..150), 0..6),
            turn in 0usize..6,
        ) {
            let mut all: Vec<u64> = parts.concat();
            let mut parts = parts;
            let turn = turn.min(parts.len());
            parts.rotate_left(turn);
            let mut places = Places::default();
            for part in &parts {
                let mut of_part = Places::default();
                part.iter().for_each(|line| of_part.add(*line));
                places.merge(&of_part);
            }
            all.sort_unstable();
            let rows = all.len() as u64;
            all.truncate(MAX_LISTED_LINES);
            prop_assert_eq!(places.unlisted(), rows - all.len() as u64);
            prop_assert_eq!(places, Places { rows, lines: all });
        }
    }
}
