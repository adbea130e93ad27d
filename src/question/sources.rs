//! Sets of partners, by their positions in the programme.

/// Some partners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sources([u64; 4]);

impl Sources {
    /// Those of both.
    pub(super) fn and(mut self, other: Sources) -> Sources {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Whether there are none.
    pub(super) fn is_empty(self) -> bool {
        self == Sources::default()
    }

    /// Whether there are two or more.
    pub(super) fn are_several(self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() > 1
    }

    /// The one there is, where there is one alone.
    pub(super) fn only(self) -> Option<u8> {
        let mut all = (0..=u8::MAX).filter(|source| self.has(*source));
        all.next().filter(|_| !self.are_several())
    }

    /// Whether a partner is among them.
    pub(super) const fn has(self, source: u8) -> bool {
        self.0[source as usize / 64] >> (source % 64) & 1 != 0
    }
}

impl From<u8> for Sources {
    fn from(source: u8) -> Sources {
        let mut sources = Sources::default();
        sources.0[usize::from(source) / 64] = 1 << (source % 64);
        sources
    }
}

impl FromIterator<u8> for Sources {
    fn from_iter<T: IntoIterator<Item = u8>>(sources: T) -> Sources {
        sources.into_iter().fold(Sources::default(), |all, source| all.and(source.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_sets(one in prop::collection::btree_set(any::<u8>(), 0..4), other in prop::collection::btree_set(any::<u8>(), 0..4)) {
            let both: BTreeSet<u8> = &one | &other;
            let sources = one.iter().copied().collect::<Sources>().and(other.into_iter().collect());
            prop_assert!((0..=u8::MAX).all(|source| sources.has(source) == both.contains(&source)));
            prop_assert_eq!(sources.is_empty(), both.is_empty());
            prop_assert_eq!(sources.are_several(), both.len() > 1);
            prop_assert_eq!(sources.only(), both.first().copied().filter(|_| both.len() == 1));
        }
    }
}
