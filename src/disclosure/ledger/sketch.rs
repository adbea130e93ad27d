//! What the index knows of a set without the set itself.
//!
//! Persons fall into `held` + 1 fixed blocks. Two sets that differ by at most `held` persons agree on at least one block,
//! and the sizes of their blocks differ by at most `held` together. Small sets share empty blocks with everybody, so of
//! those the persons themselves are kept.

use super::PersonSet;

/// Persons of a small set, or the blocks of a large one.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Sketch {
    /// In order.
    Small(Vec<u32>),
    /// Of each block a hash of its persons, and how many they are.
    Blocks {
        /// Equal persons have equal hashes; the reverse holds but for chance, and costs one comparison.
        hashes: Vec<u32>,
        /// Together the size of the set.
        sizes: Vec<u32>,
    },
}

/// The largest set of which the persons are kept: blocks of a larger one are seldom empty.
pub(super) const fn largest_small(held: u64) -> u64 {
    4 * (held + 1)
}

impl Sketch {
    pub(super) fn of(set: &PersonSet, held: u64) -> Sketch {
        if set.len() <= largest_small(held) { Sketch::Small(set.iter().collect()) } else { blocks(set, held) }
    }

    /// As a store keeps it: what it is made for, then persons, or hash and size of each block; little-endian.
    pub(super) fn to_bytes(&self, held: u64) -> Vec<u8> {
        let mut bytes = made_for(held).to_vec();
        match self {
            Sketch::Small(persons) => bytes.extend(persons.iter().flat_map(|person| person.to_le_bytes())),
            Sketch::Blocks { hashes, sizes } => {
                for (hash, size) in hashes.iter().zip(sizes) {
                    bytes.extend(hash.to_le_bytes());
                    bytes.extend(size.to_le_bytes());
                }
            }
        }
        bytes
    }

    /// The sketch of a set of so many persons; `None` when the bytes are none, or made for another `held`.
    pub(super) fn from_bytes(bytes: &[u8], held: u64, persons: u64) -> Option<Sketch> {
        let rest = bytes.strip_prefix(&made_for(held))?;
        let mut words =
            rest.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        let count = words.len() as u64;
        if !rest.len().is_multiple_of(4) {
            return None;
        }
        if persons <= largest_small(held) {
            let persons_of: Vec<u32> = words.collect();
            let rising = persons_of.windows(2).all(|pair| pair[0] < pair[1]);
            return (count == persons && rising).then_some(Sketch::Small(persons_of));
        }
        let (mut hashes, mut sizes) = (Vec::new(), Vec::new());
        while let (Some(hash), Some(size)) = (words.next(), words.next()) {
            hashes.push(hash);
            sizes.push(size);
        }
        let whole = sizes.iter().map(|size| u64::from(*size)).sum::<u64>() == persons;
        (count == 2 * (held + 1) && whole).then_some(Sketch::Blocks { hashes, sizes })
    }
}

/// The first bytes of every sketch that is made for a `held`.
pub(super) fn made_for(held: u64) -> [u8; 8] {
    held.to_le_bytes()
}

/// The blocks of a set of any size.
pub(super) fn blocks(set: &PersonSet, held: u64) -> Sketch {
    let count = usize::try_from(held + 1).expect("held is at most 10,000");
    let (mut sums, mut sizes) = (vec![0_u64; count], vec![0_u32; count]);
    for person in set {
        let mixed = mix(person);
        // The upper half says which block, the whole what is summed there.
        let block = ((mixed >> 32) * (held + 1)) >> 32;
        let block = usize::try_from(block).expect("below the number of blocks");
        sums[block] = sums[block].wrapping_add(mix64(mixed));
        sizes[block] += 1;
    }
    Sketch::Blocks { hashes: sums.into_iter().map(|sum| (sum >> 32) as u32).collect(), sizes }
}

fn mix(person: u32) -> u64 {
    mix64(u64::from(person).wrapping_add(0x9E37_79B9_7F4A_7C15))
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix64(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The pigeonhole, and the bound by sizes.
        #[test]
        fn sets_that_are_near_agree_on_a_block(
            one in prop::collection::btree_set(0_u32..500, 0..120),
            changed in prop::collection::btree_set(0_u32..500, 0..=7),
        ) {
            let one: PersonSet = one.into_iter().collect();
            let other = &one ^ &changed.into_iter().collect::<PersonSet>();
            let (Sketch::Blocks { hashes, sizes }, Sketch::Blocks { hashes: others, sizes: other_sizes }) =
                (blocks(&one, 7), blocks(&other, 7))
            else {
                unreachable!("blocks are blocks")
            };
            prop_assert!(hashes.iter().zip(&others).any(|(one, other)| one == other));
            let apart: u32 = sizes.iter().zip(&other_sizes).map(|(one, other)| one.abs_diff(*other)).sum();
            prop_assert!(apart <= 7);
        }

        #[test]
        fn bytes_read_back(set in prop::collection::btree_set(any::<u32>(), 0..80), held in 4_u64..9) {
            let set: PersonSet = set.into_iter().collect();
            let sketch = Sketch::of(&set, held);
            let bytes = sketch.to_bytes(held);
            prop_assert!(Sketch::from_bytes(&bytes, held, set.len()) == Some(sketch));
            prop_assert!(Sketch::from_bytes(&bytes, held + 1, set.len()).is_none());
            prop_assert!(Sketch::from_bytes(&bytes, held, set.len() + 1).is_none());
            prop_assert!(Sketch::from_bytes(&bytes[..bytes.len() - 1], held, set.len()).is_none());
        }
    }
}
