//! Runs: so many records as fit in memory, under their final numbers, in the order of persons and days.

use super::record::{self, Record};

/// Bits of a digit of the sort by person.
const DIGIT: u32 = 11;
/// Below this many rows a sort by comparison is faster.
const FEW: usize = 1 << 12;

/// Memory of one sort, used again for the next.
#[derive(Default)]
pub(super) struct Sorter {
    keys: Vec<u64>,
    other: Vec<u64>,
    sorted: Vec<u8>,
}

/// Bytes that a sort takes besides the rows, for each row.
pub(super) const fn overhead(record: &Record) -> usize {
    record.width() + 2 * size_of::<u64>()
}

impl Sorter {
    /// Sorts records by (person, day), those of one person and day in their present order. Returns them, and for each
    /// place the position that the record there had. At most `u32::MAX` records.
    pub(super) fn sort(&mut self, record: &Record, rows: &[u8]) -> (&[u8], &[u64]) {
        let width = record.width();
        let row = |key: u64| {
            let at = position(key) as usize * width;
            &rows[at..at + width]
        };
        self.keys.clear();
        let persons = rows.chunks_exact(width).map(record::person);
        self.keys.extend(persons.zip(0u64..).map(|(person, at)| u64::from(person) << 32 | at));
        self.by_person();
        let same = |a: &u64, b: &u64| a >> 32 == b >> 32;
        for run in self.keys.chunk_by_mut(same) {
            for key in run.iter_mut() {
                *key = u64::from(record::sortable_day(row(*key))) << 32 | u64::from(position(*key));
            }
            run.sort_unstable();
        }
        self.sorted.clear();
        self.sorted.reserve_exact(rows.len());
        for key in &self.keys {
            self.sorted.extend_from_slice(row(*key));
        }
        (&self.sorted, &self.keys)
    }

    /// The records of the last sort.
    pub(super) fn sorted(&self) -> &[u8] {
        &self.sorted
    }

    /// Sorts the keys by their upper half; their lower half ascends already.
    fn by_person(&mut self) {
        if self.keys.len() < FEW {
            return self.keys.sort_unstable();
        }
        let highest = self.keys.iter().fold(0, |all, key| all | key >> 32);
        let bits = u64::BITS - highest.leading_zeros();
        self.other.clear();
        self.other.resize(self.keys.len(), 0);
        for pass in 0..bits.div_ceil(DIGIT) {
            let digit = |key: u64| (key >> (32 + pass * DIGIT)) as usize & ((1 << DIGIT) - 1);
            let mut next = [0usize; 1 << DIGIT];
            self.keys.iter().for_each(|key| next[digit(*key)] += 1);
            let mut sum = 0;
            for place in &mut next {
                sum += std::mem::replace(place, sum);
            }
            for key in &self.keys {
                let place = &mut next[digit(*key)];
                self.other[*place] = *key;
                *place += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.other);
        }
    }
}

/// The position that a record had before it was sorted.
pub(super) const fn position(key: u64) -> u32 {
    (key & 0xFFFF_FFFF) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::programme::Programme;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn records_stand_by_person_and_day_and_else_as_they_came(
            rows in prop_oneof![
                prop::collection::vec((0u32..9, 0u32..4), 0..60),
                prop::collection::vec((prop_oneof![0u32..9, any::<u32>()], 0u32..4), FEW..FEW + 900),
            ],
        ) {
            let text = include_str!("../../programmes/interventionsmodel.toml");
            let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
            let record = Record::of(&programme.datasets[0]);
            let mut records = Vec::new();
            for (person, day) in &rows {
                let mut one = vec![0; record.width()];
                record::put(&mut one, 0, *person);
                record::put(&mut one, 4, *day);
                records.extend(one);
            }
            let mut wanted: Vec<(u32, u32, u32)> = (0..).zip(&rows).map(|(at, row)| (row.0, row.1, at)).collect();
            wanted.sort_unstable();
            let mut sorter = Sorter::default();
            // Twice: what the first left behind must not show.
            for _ in 0..2 {
                let (sorted, keys) = sorter.sort(&record, &records);
                let found = sorted.chunks_exact(record.width()).zip(keys);
                let found: Vec<_> =
                    found.map(|(r, key)| (record::person(r), record::sortable_day(r), position(*key))).collect();
                prop_assert_eq!(&found, &wanted);
            }
        }
    }
}
