//! How many different persons staged rows are about, and whether a partner may have so many.
//!
//! Told from one partner's own rows and from the programme, so that a refusal says nothing of others. A link is the output
//! of an HMAC: eight bytes of it stand for a person here, in memory alone.

use std::io;
use std::path::Path;

use rustc_hash::FxHashSet;

use super::staged::{Layout, read_frames};
use crate::limits;
use crate::programme::{Dataset, Role, Supply};
use crate::token::Link;
use crate::vault::Vault;

/// Different persons of some packages of one dataset. No `Debug`: they are persons.
#[derive(Default)]
pub struct Persons {
    /// Whom rows are about, kept or not.
    all: FxHashSet<u64>,
    /// Whom rows are about that are kept.
    kept: FxHashSet<u64>,
    /// The others of pairs.
    related: FxHashSet<u64>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Different persons of the package, whether their rows were kept or not.
    pub persons: u64,
    /// Those of whom a row is kept.
    pub kept: u64,
    /// Different related persons.
    pub related: u64,
    /// Different persons that no package of the partner and dataset told of that is still there.
    pub brought: u64,
}

/// Why a package is not one of a partner's clients. Depends on the partner's own packages and the programme alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusualPackage {
    /// More than the partner can have.
    #[error("the package is about {persons} persons, more than the {population} that can be")]
    Population {
        /// Persons, or related persons.
        persons: u64,
        /// Most there can be.
        population: u64,
    },
    /// Together with what came before more than the partner can have.
    #[error(
        "with the packages before it, this one is about {persons} persons, more than the {population} that can be"
    )]
    Cumulative {
        /// All that were ever brought, this package's included.
        persons: u64,
        /// Most there can be.
        population: u64,
    },
    /// Fewer than a package is about.
    #[error(
        "the rows that are kept are about {persons} persons, fewer than the {least} that a package is about"
    )]
    Few {
        /// Persons of whom a row is kept.
        persons: u64,
        /// Fewest there must be.
        least: u64,
    },
}

impl UnusualPackage {
    /// The code: stays the same over versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            UnusualPackage::Population { .. } => "unusual-population",
            UnusualPackage::Cumulative { .. } => "unusual-cumulative",
            UnusualPackage::Few { .. } => "few-persons",
        }
    }

    /// What the partner can do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            UnusualPackage::Few { .. } => {
                "send a package of a longer period, from the programme's beginning, which replaces the shorter ones; nothing of this one is kept"
            }
            _ => {
                "send your own clients of this dataset alone; if these are, ask the steward, who sees this refusal, to approve the package, and send it again; nothing of it is kept"
            }
        }
    }
}

impl Persons {
    /// Adds the persons of a staged file. Beyond [`limits::MAX_PACKAGE_PERSONS`] no more are taken.
    ///
    /// # Errors
    /// I/O errors.
    pub fn add(&mut self, vault: &Vault, path: &Path, dataset: &Dataset) -> io::Result<()> {
        let layout = Layout::of(dataset);
        let person = dataset.position(|role| *role == Role::Person);
        let related = dataset.position(|role| *role == Role::RelatedPerson);
        read_frames(vault, path, &layout, |_, body| {
            for row in body.rows.chunks_exact(layout.width()) {
                if let Some(link) = person.and_then(|column| layout.link(row, column)) {
                    take(&mut self.all, &link);
                    take(&mut self.kept, &link);
                }
                if let Some(link) = related.and_then(|column| layout.link(row, column)) {
                    take(&mut self.related, &link);
                }
            }
            body.withheld().for_each(|link| take(&mut self.all, &link));
            Ok::<(), io::Error>(())
        })?;
        Ok(())
    }

    /// How many they are, beside those of the packages `before`.
    #[must_use]
    pub fn weight(&self, before: &Persons) -> Weight {
        Weight {
            persons: self.all.len() as u64,
            kept: self.kept.len() as u64,
            related: self.related.len() as u64,
            brought: self.all.difference(&before.all).count() as u64,
        }
    }
}

fn take(of: &mut FxHashSet<u64>, link: &Link) {
    // One more than there can be is enough to refuse.
    if of.len() <= limits::MAX_PACKAGE_PERSONS as usize {
        let (first, _) = link.as_stored().split_at(8);
        of.insert(u64::from_le_bytes(first.try_into().expect("eight of sixteen bytes")));
    }
}

impl Weight {
    /// Holds the package against the programme; `brought` is how many the packages before it brought, each once.
    ///
    /// # Errors
    /// An [`UnusualPackage`].
    pub fn usual(&self, supply: Option<&Supply>, brought: u64) -> Result<(), UnusualPackage> {
        let population = u64::from(supply.map_or(limits::MAX_PACKAGE_PERSONS, |supply| supply.population));
        let persons = self.persons.max(self.related);
        if persons > population {
            return Err(UnusualPackage::Population { persons, population });
        }
        let together = brought.saturating_add(self.brought);
        if together > population {
            return Err(UnusualPackage::Cumulative { persons: together, population });
        }
        let least = supply.and_then(|supply| supply.least_persons).map_or(0, u64::from);
        if self.kept < least {
            return Err(UnusualPackage::Few { persons: self.kept, least });
        }
        Ok(())
    }

    /// Whether a package has grown so much since the partner's last one of the dataset that the steward should look: more
    /// than doubled, by [`limits::NOTED_GROWTH`] persons or more. Ordinary at a programme's start, so it refuses nothing.
    #[must_use]
    pub const fn has_grown(&self, last: Option<u64>) -> bool {
        match last {
            Some(last) => self.persons > 2 * last && self.persons - last >= limits::NOTED_GROWTH,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUPPLY: Supply =
        Supply { dataset: 0, partner: 0, population: 1000, least_persons: Some(30), few_birth_dates: false };

    #[test]
    fn each_bound_refuses_from_one_beyond_it_on() {
        let of = |persons, kept, related, brought| Weight { persons, kept, related, brought };
        let held = |weight: Weight, before| weight.usual(Some(&SUPPLY), before);
        let population = 1000;
        assert_eq!(held(of(1000, 30, 1000, 1000), 0), Ok(()));
        let persons = 1001;
        assert_eq!(held(of(1001, 30, 0, 0), 0), Err(UnusualPackage::Population { persons, population }));
        assert_eq!(held(of(30, 30, 1001, 0), 0), Err(UnusualPackage::Population { persons, population }));
        assert_eq!(held(of(40, 30, 0, 1), 1000), Err(UnusualPackage::Cumulative { persons, population }));
        assert_eq!(held(of(40, 29, 0, 1), 9), Err(UnusualPackage::Few { persons: 29, least: 30 }));
        assert_eq!(of(1, 0, 0, 1).usual(None, 11_999_999), Ok(()));
        assert!(of(1, 0, 0, 1).usual(None, 12_000_000).is_err(), "nobody has more than there are");
    }

    proptest! {
        /// Packages of new persons alone, in whatever portions: what is let in is never more than there can be.
        #[test]
        fn no_portions_bring_more_than_there_can_be(portions in proptest::collection::vec(30u64..400, 1..40)) {
            let mut brought = 0;
            for portion in portions {
                let weight = Weight { persons: portion, kept: portion, related: 0, brought: portion };
                if weight.usual(Some(&SUPPLY), brought).is_ok() {
                    brought += portion;
                }
                prop_assert!(brought <= 1000);
            }
        }

        #[test]
        fn growth_is_noted_from_double_and_a_thousand_on(last in 0u64..5000, persons in 0u64..20_000) {
            let weight = Weight { persons, ..Weight::default() };
            let noted = persons > last + last && persons >= last + 1000;
            prop_assert_eq!(weight.has_grown(Some(last)), noted);
            prop_assert!(!weight.has_grown(None));
        }
    }
}
