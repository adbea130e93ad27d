//! Cells that are meets: whoever is in several sets at once, whatever else they are in.
//!
//! A person known at five partners is in 25 cells of an overlap. Instead of putting the person there 25 times, the sets
//! are kept, as bits, and a cell is their intersection. Families are counted by the principle of inclusion and exclusion
//! over the members of each, once for all cells.

use std::collections::HashMap;
use std::convert::Infallible;

use super::bits;
use super::tally::add;
use crate::disclosure::PersonSet;
use crate::linkage::work::{cores, in_parallel};

/// Sets whose every combination has a counter of its own.
const DENSE_SETS: u32 = 16;
/// Parts in common with members before, up to which inclusion and exclusion is cheaper than a look at every cell.
const FEW: usize = 5;

/// Persons of one group, each with the sets that it is in.
#[derive(Clone, Default)]
pub(super) struct Members {
    /// Ascending.
    persons: Vec<u32>,
    /// Bit `n` is the `n`th set.
    sets: Vec<u64>,
    /// Position of the partner of each one's index row.
    sources: Vec<u8>,
}

impl Members {
    /// Takes in a person, with a greater number than those before.
    #[inline]
    pub(super) fn push(&mut self, person: u32, sets: u64, source: u8) {
        self.persons.push(person);
        self.sets.push(sets);
        self.sources.push(source);
    }

    /// Takes in those of a later part.
    pub(super) fn append(&mut self, mut later: Members) {
        self.persons.append(&mut later.persons);
        self.sets.append(&mut later.sets);
        self.sources.append(&mut later.sources);
    }

    /// Whether nobody is there.
    pub(super) const fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// The members of each meet, and how many families they are of.
    pub(super) fn cells(&self, meets: &[u64], families: &[u32]) -> Vec<(PersonSet, u64)> {
        if self.is_empty() {
            return meets.iter().map(|_| (PersonSet::new(), 0)).collect();
        }
        let counts = self.families(meets, families);
        // Where most persons are members, a bit stands for a person's number, else for a member's place.
        let last = self.persons.last().map_or(0, |person| *person as usize);
        let dense = self.persons.len() >= last / 16;
        let all = meets.iter().fold(0, |all, meet| all | meet);
        let jobs = (0..u64::BITS).filter(|set| all >> set & 1 != 0).map(|set| (0, set)).collect();
        let sliced = in_parallel(jobs, |set| Ok::<_, Infallible>((set, self.slice(set, dense, last))));
        let Ok(sliced) = sliced;
        let mut words: Vec<&[u64]> = vec![&[]; 64];
        sliced.iter().for_each(|(set, slice)| words[*set as usize] = slice);
        let jobs = meets.iter().map(|meet| (0, *meet)).collect();
        let made = in_parallel(jobs, |meet: u64| {
            let mut sets = (0..64).filter(|set| meet >> set & 1 != 0).map(|set| words[set]);
            let mut met = sets.next().map(<[u64]>::to_vec).unwrap_or_default();
            for set in sets {
                met.iter_mut().zip(set).for_each(|(word, other)| *word &= other);
            }
            Ok::<_, Infallible>(match dense {
                true => bits::set(&met),
                false => {
                    let members = bits::numbers(&met).map(|at| self.persons[at as usize]);
                    PersonSet::from_sorted_iter(members).expect("members are in ascending order")
                }
            })
        });
        let Ok(made) = made;
        made.into_iter().zip(counts).collect()
    }

    /// The members of one set, as bits.
    fn slice(&self, set: u32, dense: bool, last: usize) -> Vec<u64> {
        if !dense {
            let word = |sets: &[u64]| {
                sets.iter().enumerate().fold(0, |word, (at, sets)| word | (sets >> set & 1) << at)
            };
            return self.sets.chunks(64).map(word).collect();
        }
        let mut words = vec![0; last / 64 + 1];
        for (person, sets) in self.persons.iter().zip(&self.sets) {
            words[*person as usize / 64] |= (sets >> set & 1) << (person % 64);
        }
        words
    }

    /// The members of each meet by position of the partner of their index row, of so many partners.
    pub(super) fn supplied(&self, meets: &[u64], partners: usize) -> Vec<Vec<u64>> {
        let all = meets.iter().fold(0, |all, meet| all | meet);
        let share = self.sets.len().div_ceil(cores()).max(1);
        let jobs = self.sets.chunks(share).zip(self.sources.chunks(share));
        let jobs = jobs.map(|part| (0, part)).collect();
        let made = in_parallel(jobs, |(sets, sources): (&[u64], &[u8])| {
            let mut counts = Combinations::new(all);
            sets.iter().zip(sources).for_each(|(sets, source)| counts.add(sets & all, *source));
            Ok::<_, Infallible>(counts)
        });
        let Ok(made) = made;
        let mut by_sets: HashMap<u64, Vec<u64>> = HashMap::new();
        for part in made {
            part.each(|sets, source, count| {
                let of_sets = by_sets.entry(sets).or_insert_with(|| vec![0; partners]);
                if let Some(of_source) = of_sets.get_mut(usize::from(source)) {
                    *of_source += count;
                }
            });
        }
        let mut supplied = vec![vec![0; partners]; meets.len()];
        for (sets, of_sets) in by_sets {
            let met = supplied.iter_mut().zip(meets).filter(|(_, meet)| sets & **meet == **meet);
            met.for_each(|(of_meet, _)| add(of_meet, &of_sets));
        }
        supplied
    }

    /// How many families have a member in each meet.
    fn families(&self, meets: &[u64], families: &[u32]) -> Vec<u64> {
        // Each thread has its own range of families.
        let share = families.len().div_ceil(cores()).max(1);
        let jobs = (0..families.len()).step_by(share).map(|from| (0, from)).collect();
        let made = in_parallel(jobs, |from| {
            let mut count = FamilyCount::new(meets, share.min(families.len() - from));
            for (person, sets) in self.persons.iter().zip(&self.sets) {
                let family = (families[*person as usize] as usize).wrapping_sub(from);
                if family < count.last.len() {
                    count.see(family, *sets);
                }
            }
            Ok::<_, Infallible>(count.finish())
        });
        let Ok(made) = made;
        let mut all = vec![0i64; meets.len()];
        for part in made {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
        }
        all.into_iter().map(|count| u64::try_from(count).expect("no fewer than none")).collect()
    }
}

/// How many members are in the same sets and have an index row of the same partner.
struct Combinations {
    /// By source and sets; of a source that nothing came from, nothing.
    dense: Option<Vec<Vec<u64>>>,
    sparse: HashMap<(u64, u8), u64>,
}

impl Combinations {
    /// Of sets that are all among these.
    fn new(all: u64) -> Combinations {
        let sets = u64::BITS - all.leading_zeros();
        let dense = (sets <= DENSE_SETS).then(|| vec![Vec::new(); 1 << u8::BITS]);
        Combinations { dense, sparse: HashMap::new() }
    }

    #[inline]
    fn add(&mut self, sets: u64, source: u8) {
        let Some(dense) = &mut self.dense else {
            *self.sparse.entry((sets, source)).or_default() += 1;
            return;
        };
        let (of_source, at) = (&mut dense[usize::from(source)], sets as usize);
        if of_source.len() <= at {
            of_source.resize((at + 1).next_power_of_two(), 0);
        }
        of_source[at] += 1;
    }

    /// Gives every combination that there is.
    fn each(&self, mut each: impl FnMut(u64, u8, u64)) {
        for (source, of_source) in (0..=u8::MAX).zip(self.dense.iter().flatten()) {
            let there = (0u64..).zip(of_source).filter(|(_, count)| **count > 0);
            there.for_each(|(sets, count)| each(sets, source, *count));
        }
        self.sparse.iter().for_each(|((sets, source), count)| each(*sets, *source, *count));
    }
}

/// Counts families by meet.
struct FamilyCount<'a> {
    meets: &'a [u64],
    /// By family: place of its last member in `members`, plus one.
    last: Vec<u32>,
    /// Members' sets, and the place of the member before, plus one.
    members: Vec<(u64, u32)>,
    /// What counts for every meet whose sets are all among these.
    dense: Vec<i64>,
    sparse: HashMap<u64, i64>,
    /// What counts for one meet.
    single: Vec<i64>,
}

impl<'a> FamilyCount<'a> {
    fn new(meets: &'a [u64], families: usize) -> FamilyCount<'a> {
        let sets = 64 - meets.iter().fold(0, |all, meet| all | meet).leading_zeros();
        FamilyCount {
            meets,
            last: vec![0; families],
            members: Vec::new(),
            dense: vec![0; 1 << sets.min(DENSE_SETS)],
            sparse: HashMap::new(),
            single: vec![0; meets.len()],
        }
    }

    /// A member of a family: the meets that it is in, and no member before it, have one family more.
    #[inline]
    fn see(&mut self, family: usize, sets: u64) {
        if sets == 0 {
            return;
        }
        // What is in common with those before, without what is part of another one.
        let (mut common, mut many) = ([0u64; FEW], 0);
        let mut more = Vec::new();
        let mut at = self.last[family];
        while at != 0 {
            let (other, before) = self.members[at as usize - 1];
            let both = other & sets;
            if both == sets {
                return;
            }
            let known = &common[..many.min(FEW)];
            if both != 0 && !known.iter().chain(&more).any(|known| known & both == both) {
                match common.get_mut(many) {
                    Some(free) => *free = both,
                    None => more.push(both),
                }
                many += 1;
            }
            at = before;
        }
        self.members.push((sets, self.last[family]));
        self.last[family] = u32::try_from(self.members.len()).expect("no more members than persons");
        if many <= FEW {
            self.exclude(sets, 1, &common[..many]);
        } else {
            let known = |meet: u64| common.iter().chain(&more).any(|common| common & meet == meet);
            for (count, meet) in self.single.iter_mut().zip(self.meets) {
                *count += i64::from(sets & meet == *meet && !known(*meet));
            }
        }
    }

    /// Adds what is in `sets` and in none of `common`.
    fn exclude(&mut self, sets: u64, sign: i64, common: &[u64]) {
        if sets == 0 {
            return;
        }
        match usize::try_from(sets).ok().and_then(|sets| self.dense.get_mut(sets)) {
            Some(count) => *count += sign,
            None => *self.sparse.entry(sets).or_default() += sign,
        }
        for (at, other) in common.iter().enumerate() {
            self.exclude(sets & other, -sign, &common[at + 1..]);
        }
    }

    fn finish(self) -> Vec<i64> {
        let dense = (0u64..).zip(self.dense).filter(|(_, count)| *count != 0);
        let counts: Vec<(u64, i64)> = dense.chain(self.sparse).collect();
        let of = |(meet, single): (&u64, i64)| {
            let within = counts.iter().filter(|(sets, _)| sets & meet == *meet);
            single + within.map(|(_, count)| count).sum::<i64>()
        };
        self.meets.iter().zip(self.single).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Families of many members, which go beyond inclusion and exclusion, few and many sets, dense and sparse.
        #[test]
        fn meets_are_those_of_putting_everybody_into_every_cell(
            members in prop::collection::btree_map(1u32..200, (any::<u64>(), any::<u64>()), 0..60),
            of in prop::collection::vec(0u32..6, 200..201),
            meets in prop::collection::btree_set(1u64..64, 1..20),
            spread in prop::sample::select(vec![1u32, 40]),
            shift in prop::sample::select(vec![0u32, 15, 40]),
        ) {
            let meets: Vec<u64> = meets.into_iter().map(|meet| meet << shift).collect();
            let sets: BTreeMap<u32, u64> =
                members.iter().map(|(person, (a, b))| (person * spread, (a | b) & (63 << shift))).collect();
            let mut families = vec![0; 200 * 40];
            (0u32..).zip(&mut families).for_each(|(person, family)| *family = of[(person / spread % 200) as usize]);
            let mut group = Members::default();
            // The partner of the index row is made of the person's number.
            sets.iter().for_each(|(person, sets)| group.push(*person, *sets, (person % 7) as u8));
            let supplied = group.supplied(&meets, 7);
            for ((meet, (set, count)), supplied) in meets.iter().zip(group.cells(&meets, &families)).zip(supplied) {
                let wanted: Vec<u32> =
                    sets.iter().filter(|(_, sets)| *sets & meet == *meet).map(|(person, _)| *person).collect();
                let known: BTreeSet<u32> = wanted.iter().map(|person| families[*person as usize]).collect();
                prop_assert_eq!(&set.iter().collect::<Vec<_>>(), &wanted);
                prop_assert_eq!(count, known.len() as u64);
                let of = |source| wanted.iter().filter(|person| *person % 7 == source).count() as u64;
                prop_assert_eq!(supplied, (0..7).map(of).collect::<Vec<_>>());
            }
        }
    }
}
