//! Persons of whom a partner's rows of a dataset were not kept: refused on arrival for want of a permission, or erased.
//!
//! A set of person numbers per dataset and source, without date. The file has, for each of them in order, the
//! position of the dataset (4 bytes, little-endian), the position of the partner (1), the length of the set (4) and the set in
//! the published form of roaring bitmaps.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::read::FileError;
use crate::linkage::{Alias, Spine, components};
use crate::token::Link;

/// Largest file: sets of 64 datasets of 200 partners rarely come near.
const MAX_BYTES: u64 = 8 << 30;

/// The sets of a snapshot. No `Debug`: they say who said no.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Withheld(Arc<BTreeMap<(usize, u8), RoaringBitmap>>);

impl Withheld {
    /// Those of the links that are persons of the snapshot, who have a family in `families`: whom no row names, nobody asks
    /// about. A link that no row holds is its person's too, where an alias says whose.
    pub(super) fn of(
        links: BTreeMap<(usize, u8), Vec<Link>>,
        (spine, aliases): (&Spine, &[Alias]),
        families: &[u32],
    ) -> Withheld {
        let named = |person: &u32| families.get(*person as usize).is_some_and(|family| *family != 0);
        let mut joined: FxHashMap<Link, u32> = FxHashMap::default();
        for group in components(aliases) {
            if let Some(person) = group.iter().find_map(|link| spine.person(link)) {
                joined.extend(group.into_iter().map(|link| (link, person)));
            }
        }
        let person = |link: &Link| spine.person(link).or_else(|| joined.get(link).copied());
        let set = |links: Vec<Link>| links.iter().filter_map(person).filter(named).collect();
        let sets = links.into_iter().map(|(of, links)| (of, set(links)));
        Withheld::from_sets(sets.collect())
    }

    /// Sets by (dataset, source). Empty ones are left out.
    #[must_use]
    pub fn from_sets(mut sets: BTreeMap<(usize, u8), RoaringBitmap>) -> Withheld {
        sets.retain(|_, set| !set.is_empty());
        Withheld(Arc::new(sets))
    }

    /// With more persons, by (dataset, source).
    pub(super) fn with(&self, more: impl IntoIterator<Item = ((usize, u8), RoaringBitmap)>) -> Withheld {
        let mut sets = BTreeMap::clone(&self.0);
        more.into_iter().for_each(|(of, set)| *sets.entry(of).or_default() |= set);
        Withheld::from_sets(sets)
    }

    /// The sets, by (dataset, source).
    #[must_use]
    pub fn sets(&self) -> &BTreeMap<(usize, u8), RoaringBitmap> {
        &self.0
    }

    /// The sets of a dataset, by source.
    pub fn of_dataset(&self, dataset: usize) -> impl Iterator<Item = (u8, &RoaringBitmap)> {
        self.0.range((dataset, 0)..=(dataset, u8::MAX)).map(|((_, source), set)| (*source, set))
    }

    /// Bytes that they take in memory, near enough.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.values().map(|set| set.serialized_size() as u64).sum()
    }

    /// Writes the file.
    pub(super) fn write(&self, mut out: impl Write) -> io::Result<()> {
        for ((dataset, source), set) in self.0.iter() {
            let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
            out.write_all(&u32::try_from(*dataset).map_err(too_large)?.to_le_bytes())?;
            out.write_all(&[*source])?;
            out.write_all(&u32::try_from(set.serialized_size()).map_err(too_large)?.to_le_bytes())?;
            set.serialize_into(&mut out)?;
        }
        Ok(())
    }

    /// Reads the file of a snapshot with so many datasets, partners and persons.
    pub(super) fn read(
        file: impl Read,
        (datasets, partners, persons): (usize, usize, u32),
    ) -> Result<Withheld, FileError> {
        let mut file = io::BufReader::new(file.take(MAX_BYTES));
        let mut sets = BTreeMap::new();
        let mut last = None;
        loop {
            let mut head = [0; 9];
            match file.read(&mut head[..1]) {
                Ok(0) => return Ok(Withheld::from_sets(sets)),
                Ok(_) => {}
                Err(_) => return Err(FileError::Content("it cannot be read")),
            }
            file.read_exact(&mut head[1..]).map_err(|_| FileError::Content("a set is cut off"))?;
            let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
            let of = (number(0) as usize, head[4]);
            if of.0 >= datasets || usize::from(of.1) >= partners || last.is_some_and(|last| last >= of) {
                return Err(FileError::Content("a set is of no dataset and partner, or not in order"));
            }
            last = Some(of);
            let length = u64::from(number(5));
            let mut part = file.by_ref().take(length);
            let set = RoaringBitmap::deserialize_from(&mut part);
            let set = set.map_err(|_| FileError::Content("a set cannot be understood"))?;
            if part.limit() != 0 || set.min() == Some(0) || set.max() > Some(persons) {
                return Err(FileError::Content("a set holds numbers of nobody"));
            }
            sets.insert(of, set);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_file_reads_back_and_never_panics_when_damaged(
            sets in prop::collection::btree_map((0usize..4, 0u8..3), prop::collection::btree_set(1u32..500, 0..40), 0..6),
            damage in any::<(prop::sample::Index, u8)>(),
        ) {
            let sets = sets.into_iter().map(|(of, set)| (of, set.into_iter().collect())).collect();
            let withheld = Withheld::from_sets(sets);
            let mut bytes = Vec::new();
            withheld.write(&mut bytes).expect("memory");
            let again = Withheld::read(&bytes[..], (4, 3, 500)).ok();
            prop_assert!(again.as_ref() == Some(&withheld));
            if !withheld.sets().is_empty() {
                prop_assert!(Withheld::read(&bytes[..bytes.len() - 1], (4, 3, 500)).is_err());
                let most = withheld.sets().values().filter_map(RoaringBitmap::max).max().expect("not empty");
                prop_assert!(Withheld::read(&bytes[..], (4, 3, most - 1)).is_err(), "a person too many");
                let at = damage.0.index(bytes.len());
                bytes[at] ^= damage.1;
                let _ = Withheld::read(&bytes[..], (4, 3, 500));
            }
        }
    }
}
