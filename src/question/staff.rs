//! Lists of staff, for instance of those trained: since when each stands in one.

/// The first day of each member of staff in a list, by staff number of the snapshot.
#[derive(Default)]
pub(super) struct FirstDays(Vec<Option<i32>>);

impl FirstDays {
    /// Takes a row of the list into account. Nobody known (0) is nobody.
    pub(super) fn see(&mut self, staff: u32, day: i32) {
        let at = staff as usize;
        if at == 0 {
            return;
        }
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        let first = &mut self.0[at];
        *first = Some(first.map_or(day, |known| known.min(day)));
    }

    /// Whether a member of staff stands in the list on a day or earlier.
    pub(super) fn by(&self, staff: u32, day: i32) -> bool {
        self.0.get(staff as usize).copied().flatten().is_some_and(|first| first <= day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_counts_and_nobody_known_is_never_listed() {
        let mut list = FirstDays::default();
        for (staff, day) in [(3, 10), (3, 5), (3, 20), (0, 1), (1, 7)] {
            list.see(staff, day);
        }
        assert!(list.by(3, 5) && list.by(3, 99) && !list.by(3, 4));
        assert!(list.by(1, 7) && !list.by(2, 99) && !list.by(0, 99) && !list.by(4, 99));
    }
}
