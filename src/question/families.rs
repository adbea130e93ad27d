//! Distinct families of persons, counted without sorting where there are many.

/// The families of persons met so far.
pub(super) struct Families<'a> {
    /// Family of each person.
    of: &'a [u32],
    met: Met,
}

enum Met {
    /// A bit a family.
    Bits { words: Vec<u64>, count: u64 },
    /// Few persons: their families in order.
    List(Vec<u32>),
}

impl<'a> Families<'a> {
    /// Nobody yet; `expected` is how many persons will come, at most.
    pub(super) fn new(of: &'a [u32], expected: usize) -> Families<'a> {
        let words = of.len().div_ceil(64);
        let met = match expected >= words / 16 {
            true => Met::Bits { words: vec![0; words], count: 0 },
            false => Met::List(Vec::with_capacity(expected)),
        };
        Families { of, met }
    }

    /// Takes persons in, and says how many families there are now.
    pub(super) fn add(&mut self, persons: &[u32]) -> u64 {
        let families = persons.iter().map(|person| self.of[*person as usize]);
        match &mut self.met {
            Met::Bits { words, count } => {
                for family in families {
                    let (word, bit) = (&mut words[family as usize / 64], 1 << (family % 64));
                    *count += u64::from(*word & bit == 0);
                    *word |= bit;
                }
                *count
            }
            Met::List(list) => {
                list.extend(families);
                list.sort_unstable();
                list.dedup();
                list.len() as u64
            }
        }
    }
}

/// Distinct families of some persons.
pub(super) fn families(of: &[u32], persons: &[u32]) -> u64 {
    Families::new(of, persons.len()).add(persons)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_ways_of_counting_give_the_number_of_distinct_families(
            of in prop::collection::vec(0u32..300, 300..301),
            parts in prop::collection::vec(prop::collection::vec(0u32..300, 0..20), 0..5),
            expected in prop::sample::select(vec![0usize, 1_000]),
        ) {
            // Few families in many words: the list is used only where persons are few beside the families.
            let of: Vec<u32> = of.into_iter().chain(std::iter::repeat_n(0, 64 * 16 * 2)).collect();
            let mut met = Families::new(&of, expected);
            let mut wanted = BTreeSet::new();
            for part in &parts {
                wanted.extend(part.iter().map(|person| of[*person as usize]));
                prop_assert_eq!(met.add(part), wanted.len() as u64);
            }
        }
    }
}
