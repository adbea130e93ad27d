//! Counting groups in bounded memory: all of them while they are few, and then those whose number begins with more and
//! more zero bits. A group that is kept is counted whole, so sums are estimates without a lean.

use rustc_hash::{FxHashMap, FxHashSet};

use super::FEW;

/// How much of all numbers is kept: those whose first `zeros` bits are zero.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    zeros: u32,
}

impl Share {
    const fn keeps(self, number: u64) -> bool {
        number.leading_zeros() >= self.zeros
    }

    /// What a count over the kept ones comes to over all.
    const fn of_all(self, count: u64) -> u64 {
        count << self.zeros
    }
}

/// Different values, by number.
pub(super) struct Values {
    most: usize,
    share: Share,
    seen: FxHashSet<u64>,
}

impl Values {
    /// Values of which at most so many are kept.
    pub fn new(most: usize) -> Values {
        Values { most, share: Share::default(), seen: FxHashSet::default() }
    }

    pub fn add(&mut self, number: u64) {
        if self.share.keeps(number) {
            self.seen.insert(number);
            while self.seen.len() > self.most {
                self.share.zeros += 1;
                let share = self.share;
                self.seen.retain(|number| share.keeps(*number));
            }
        }
    }

    /// How many there are, and whether that is an estimate.
    pub fn count(&self) -> (u64, bool) {
        (self.share.of_all(self.seen.len() as u64), self.share.zeros > 0)
    }
}

/// Rows with the same values.
#[derive(Clone, Copy, Default)]
struct Group {
    rows: u32,
    /// Different persons seen, up to [`FEW`].
    persons: u8,
    /// The first of them.
    whose: [u32; FEW - 1],
}

impl Group {
    fn add(&mut self, person: u32) {
        self.rows = self.rows.saturating_add(1);
        let known = usize::from(self.persons).min(FEW - 1);
        if usize::from(self.persons) < FEW && !self.whose[..known].contains(&person) {
            if let Some(free) = self.whose.get_mut(known) {
                *free = person;
            }
            self.persons += 1;
        }
    }
}

/// Groups of one combination of columns.
pub(super) struct Groups {
    most: usize,
    share: Share,
    groups: FxHashMap<u64, Group>,
}

/// What groups come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub rows_of_few_rows: u64,
    pub rows_of_few_persons: u64,
    pub persons: u64,
    pub estimated: bool,
}

impl Groups {
    /// Groups of which at most so many are kept.
    pub fn new(most: usize) -> Groups {
        Groups { most, share: Share::default(), groups: FxHashMap::default() }
    }

    /// Adds a row of a person to a group.
    pub fn add(&mut self, group: u64, person: u64) {
        if !self.share.keeps(group) {
            return;
        }
        self.groups.entry(group).or_default().add((person >> 32) as u32);
        while self.groups.len() > self.most {
            self.share.zeros += 1;
            let share = self.share;
            self.groups.retain(|group, _| share.keeps(*group));
        }
    }

    /// Rows and persons in small groups.
    pub fn sum(&self) -> Sum {
        let (mut few_rows, mut few_persons) = (0, 0);
        let mut persons: FxHashSet<u32> = FxHashSet::default();
        for group in self.groups.values() {
            if (group.rows as usize) < FEW {
                few_rows += u64::from(group.rows);
            }
            if usize::from(group.persons) < FEW {
                few_persons += u64::from(group.rows);
                persons.extend(&group.whose[..usize::from(group.persons)]);
            }
        }
        Sum {
            rows_of_few_rows: self.share.of_all(few_rows),
            rows_of_few_persons: self.share.of_all(few_persons),
            // A person of several groups would count several times: never more than rows.
            persons: self.share.of_all(persons.len() as u64).min(self.share.of_all(few_persons)),
            estimated: self.share.zeros > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::super::mixed;
    use super::*;

    proptest! {
        /// With room for all groups, the sums are those of counting one by one.
        #[test]
        fn sums_are_exact_while_there_is_room(rows in proptest::collection::vec((0u64..12, 0u64..9), 0..80)) {
            let mut groups = Groups::new(1000);
            let mut naive: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            for (group, person) in rows {
                groups.add(mixed(group + 1), mixed(person + 1));
                naive.entry(group).or_default().push(person);
            }
            let mut sum = Sum::default();
            let mut persons: BTreeSet<u64> = BTreeSet::new();
            for members in naive.values() {
                let different = members.iter().collect::<BTreeSet<_>>();
                if members.len() < 5 {
                    sum.rows_of_few_rows += members.len() as u64;
                }
                if different.len() < 5 {
                    sum.rows_of_few_persons += members.len() as u64;
                    persons.extend(different);
                }
            }
            sum.persons = persons.len() as u64;
            prop_assert_eq!(groups.sum(), sum);
        }
    }

    /// 40,000 groups of 3 rows and 10,000 of 9 in room for 1,024: within a tenth.
    #[test]
    fn sums_are_estimates_beyond() {
        let (mut groups, mut values) = (Groups::new(1024), Values::new(1024));
        for group in 0..50_000u64 {
            for row in 0..if group < 40_000 { 3 } else { 9 } {
                groups.add(mixed(group + 1), mixed(group * 16 + row + 1));
            }
            values.add(mixed(group + 1));
        }
        assert!(groups.groups.len() <= 1024);
        let sum = groups.sum();
        assert!(sum.estimated);
        for (found, right) in [
            (sum.rows_of_few_rows, 120_000.0),
            (sum.rows_of_few_persons, 120_000.0),
            (sum.persons, 120_000.0),
            (values.count().0, 50_000.0),
        ] {
            let off = (found as f64 / right - 1.0).abs();
            assert!(off < 0.1, "{found} for {right}");
        }
    }
}
