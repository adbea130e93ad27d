//! Sets of numbers as bits in words.

use std::ops::Range;

use crate::disclosure::PersonSet;

/// Numbers that one thread takes at a time: as many as a container of a [`PersonSet`] has.
pub(super) const CHUNK: usize = 1 << 16;

/// Whether a number is in a set; none is beyond its last word.
#[inline]
pub(super) fn holds(words: &[u64], number: usize) -> bool {
    words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
}

/// Calls `each` with the numbers of a set that lie in a range, ascending, until it says that it has enough.
#[inline]
pub(super) fn each_in(words: &[u64], range: Range<usize>, mut each: impl FnMut(usize) -> bool) {
    let Range { mut start, end } = range;
    while start < end {
        let at = start / 64;
        let mut word = words[at] & u64::MAX << (start % 64);
        let next = (at + 1) * 64;
        if next > end {
            word &= u64::MAX >> (next - end);
        }
        while word != 0 {
            if !each(at * 64 + word.trailing_zeros() as usize) {
                return;
            }
            word &= word - 1;
        }
        start = next;
    }
}

/// Takes the numbers of a range out of a set.
pub(super) fn clear(words: &mut [u64], range: Range<usize>) {
    let Range { mut start, end } = range;
    while start < end {
        let (at, next) = (start / 64, (start / 64 + 1) * 64);
        let mut mask = u64::MAX << (start % 64);
        if next > end {
            mask &= u64::MAX >> (next - end);
        }
        words[at] &= !mask;
        start = next;
    }
}

/// The numbers of a set in ascending order.
pub(super) fn numbers(words: &[u64]) -> impl Iterator<Item = u32> {
    words.iter().zip(0u32..).filter(|(word, _)| **word != 0).flat_map(|(word, at)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros());
            left &= left.wrapping_sub(1);
            bit.map(|bit| at * 64 + bit)
        })
    })
}

/// One chunk of a set of persons, from `first` on.
pub(super) fn of_range(persons: &PersonSet, first: usize) -> Vec<u64> {
    let mut words = vec![0; CHUNK / 64];
    let (Ok(first), Ok(last)) = (u32::try_from(first), u32::try_from(first + CHUNK - 1)) else {
        return words;
    };
    for person in persons.range(first..=last) {
        let at = (person - first) as usize;
        words[at / 64] |= 1 << (at % 64);
    }
    words
}

/// A set of persons from its bits.
pub(super) fn set(words: &[u64]) -> PersonSet {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    PersonSet::from_lsb0_bytes(0, &bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_hold_what_was_put_there(numbers in prop::collection::btree_set(0usize..400, 0..80), range in (0usize..400, 0usize..400)) {
            let mut words = vec![0u64; 7];
            for number in &numbers {
                words[number / 64] |= 1 << (number % 64);
            }
            let wanted: Vec<u32> = numbers.iter().map(|number| *number as u32).collect();
            prop_assert_eq!(super::numbers(&words).collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(set(&words).iter().collect::<Vec<_>>(), wanted.clone());
            prop_assert!((0..500).all(|number| holds(&words, number) == numbers.contains(&number)));
            let mut met = Vec::new();
            each_in(&words, range.0..range.1, |number| { met.push(number); true });
            let between: Vec<usize> = numbers.iter().copied().filter(|n| (range.0..range.1).contains(n)).collect();
            prop_assert_eq!(met, between);
            let mut cleared = words.clone();
            clear(&mut cleared, range.0..range.1);
            let outside: Vec<u32> = wanted.iter().copied().filter(|n| !(range.0..range.1).contains(&(*n as usize))).collect();
            prop_assert_eq!(super::numbers(&cleared).collect::<Vec<_>>(), outside);
            let persons: PersonSet = wanted.iter().map(|n| n + 70_000).collect();
            let chunk: Vec<u32> = super::numbers(&of_range(&persons, CHUNK)).map(|n| n + CHUNK as u32).collect();
            prop_assert_eq!(chunk, persons.iter().collect::<Vec<_>>());
        }
    }
}
