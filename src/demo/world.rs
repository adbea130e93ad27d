//! The made-up world: families, and every contact that a partner has with one of them.
//!
//! The same settings give the same world. Proportions are plausible, not measured; each partner gets a share such that
//! cells of every size occur.

use std::collections::HashMap;

use super::identity::{Identity, Issuer};
use super::way::Way;
use crate::clock::Day;
use crate::id::Sex;
use crate::secret::{Random, SeededRandom, shuffle};

/// The partners of the early-intervention programme, in its order.
pub const PARTNERS: [&str; 9] = [
    "koebenhavns-politi",
    "frederiksberg",
    "dragoer",
    "taarnby",
    "dialog-mod-vold",
    "lev-uden-vold",
    "lokk",
    "moedrehjaelpen",
    "mandecentret",
];
/// Position of the police in [`PARTNERS`].
pub const POLICE: usize = 0;
/// Position of the first voluntary organisation in [`PARTNERS`].
pub const FIRST_NGO: usize = 4;
/// Where people live, as codes of the list `kommune`, with shares per cent.
const HOMES: [(&str, u64); 5] =
    [("koebenhavn", 44), ("frederiksberg", 30), ("taarnby", 14), ("dragoer", 5), ("anden", 7)];

/// How large a world, which one, and of which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldSettings {
    /// Persons.
    pub persons: u32,
    /// Seed: another one, another world.
    pub seed: u64,
    /// First day of any contact.
    pub first: Day,
    /// Last day of any contact.
    pub last: Day,
}

impl Default for WorldSettings {
    /// 20,000 persons, 2021 to 2024.
    fn default() -> WorldSettings {
        WorldSettings {
            persons: 20_000,
            seed: 1,
            first: Day::from_ymd(2021, 1, 1).expect("a day"),
            last: Day::from_ymd(2024, 12, 31).expect("a day"),
        }
    }
}

/// Whether somebody is exposed to violence or uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Exposed.
    Exposed,
    /// Using.
    Using,
}

impl Part {
    /// The code of the list `rolle`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Part::Exposed => "udsat",
            Part::Using => "udover",
        }
    }

    /// The other part.
    #[must_use]
    pub const fn other(self) -> Part {
        match self {
            Part::Exposed => Part::Using,
            Part::Using => Part::Exposed,
        }
    }
}

/// A made-up person.
#[derive(Clone)]
pub struct Person {
    /// What the person is known by.
    pub identity: Identity,
    /// Which family.
    pub family: u32,
    /// Exposed or using.
    pub part: Part,
    /// Sex.
    pub sex: Sex,
    /// Municipality, as a code of the list `kommune`.
    pub home: &'static str,
    /// Position of the other one of the pair in [`World::persons`], where there is one.
    pub other: Option<u32>,
}

/// A row of a partner's system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Position of the partner in [`PARTNERS`].
    pub partner: usize,
    /// Dataset of the programme.
    pub dataset: &'static str,
    /// Position of the person in [`World::persons`]; absent for an anonymous client.
    pub person: Option<u32>,
    /// Position of the other one of the pair.
    pub related: Option<u32>,
    /// The partner's running case number.
    pub case: Option<u32>,
    /// Day.
    pub day: Day,
    /// Code of the step: of `opsporingstrin` or `forloebstrin`.
    pub step: &'static str,
    /// Exposed or using, as this partner saw it.
    pub part: Part,
    /// Municipality, as known then.
    pub home: &'static str,
}

/// A made-up world.
#[derive(Clone)]
pub struct World {
    /// Everybody.
    pub persons: Vec<Person>,
    /// Families.
    pub families: u32,
    /// Every contact, by partner and day.
    pub contacts: Vec<Contact>,
    /// What it was made from.
    pub settings: WorldSettings,
}

impl World {
    /// Makes the world of some settings.
    #[must_use]
    pub fn generate(settings: WorldSettings) -> World {
        let mut random = SeededRandom::from_number(settings.seed);
        let (persons, families) = families(settings.persons, &mut random);
        let mut contacts = Vec::new();
        for (at, person) in persons.iter().enumerate() {
            let at = u32::try_from(at).expect("persons are counted in u32");
            Way::new(at, person, &settings, &mut random).walk(&mut contacts);
        }
        anonymous(&mut contacts, &mut random);
        contacts.sort_by_key(|c| (c.partner, c.day, c.dataset, c.person));
        number_cases(&persons, &mut contacts, &mut random);
        World { persons, families, contacts, settings }
    }

    /// The number by which a partner knows a person.
    #[must_use]
    pub fn number(&self, person: u32, partner: usize) -> [u8; 10] {
        self.persons[person as usize].identity.at(partner)
    }
}

/// Chooses by weight.
pub(super) fn choose<T: Copy>(from: &[(T, u64)], random: &mut dyn Random) -> T {
    let mut at = random.below(from.iter().map(|(_, weight)| weight).sum());
    for (what, weight) in from {
        match at.checked_sub(*weight) {
            Some(rest) => at = rest,
            None => return *what,
        }
    }
    from[0].0
}

fn families(persons: u32, random: &mut dyn Random) -> (Vec<Person>, u32) {
    let mut issuer = Issuer::default();
    let mut all: Vec<Person> = Vec::with_capacity(persons as usize);
    let mut family = 0;
    while (all.len() as u32) < persons {
        // A pair; one part alone; or somebody using violence against two, one after the other.
        let parts: &[Part] = choose(
            &[
                (&[Part::Exposed, Part::Using] as &[Part], 62),
                (&[Part::Exposed], 20),
                (&[Part::Using], 9),
                (&[Part::Using, Part::Exposed, Part::Exposed], 9),
            ],
            random,
        );
        let left = persons as usize - all.len();
        let parts = &parts[..parts.len().min(left)];
        let home = choose(&HOMES, random);
        let first = u32::try_from(all.len()).expect("persons are counted in u32");
        for (at, part) in parts.iter().enumerate() {
            let man = random.below(100) < if *part == Part::Using { 81 } else { 19 };
            let sex = if man { Sex::Man } else { Sex::Woman };
            let apart = random.below(100) < 15;
            let other = match (parts.len(), at) {
                (1, _) => None,
                (_, 0) => Some(first + 1),
                _ => Some(first),
            };
            all.push(Person {
                identity: issuer.issue(sex, random),
                family,
                part: *part,
                sex,
                home: if apart { choose(&HOMES, random) } else { home },
                other,
            });
        }
        family += 1;
    }
    (all, family)
}

/// Adds contacts of voluntary organisations with people who gave no number.
fn anonymous(contacts: &mut Vec<Contact>, random: &mut dyn Random) {
    let known: Vec<Contact> =
        contacts.iter().filter(|c| c.partner >= FIRST_NGO && c.step == "kontaktet").cloned().collect();
    for contact in known {
        if random.below(100) < 7 {
            let part = if random.below(5) == 0 { contact.part.other() } else { contact.part };
            contacts.push(Contact { person: None, related: None, case: None, part, ..contact });
        }
    }
}

/// Gives each family one running case number at each partner that knows it; a few rows lack it.
fn number_cases(persons: &[Person], contacts: &mut [Contact], random: &mut dyn Random) {
    let mut numbers: Vec<u32> = (1..=u32::try_from(persons.len()).unwrap_or(u32::MAX)).collect();
    let mut given: HashMap<(usize, u32), u32> = HashMap::new();
    shuffle(&mut numbers, random);
    for contact in contacts {
        let Some(person) = contact.person else { continue };
        let key = (contact.partner, persons[person as usize].family);
        // Shifted by partner: the same number means another family elsewhere.
        let at = (key.1 as usize + contact.partner * 37) % numbers.len();
        let number = *given.entry(key).or_insert(numbers[at]);
        contact.case = (random.below(100) >= 6).then_some(number);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    use super::*;
    use crate::id::{IdKind, Identifier, LeadingZero, Modulus};

    fn small(seed: u64) -> World {
        World::generate(WorldSettings { persons: 3000, seed, ..WorldSettings::default() })
    }

    #[test]
    fn the_same_settings_give_the_same_world_and_another_seed_another() {
        let (a, b, c) = (small(5), small(5), small(6));
        assert!(a.contacts == b.contacts && a.contacts != c.contacts);
        let numbers = |w: &World| w.persons.iter().map(|p| p.identity.at(3)).collect::<Vec<_>>();
        assert!(numbers(&a) == numbers(&b) && numbers(&a) != numbers(&c));
    }

    #[test]
    fn every_made_up_cpr_number_has_remainder_1_and_none_comes_twice() {
        let world = small(1);
        let today = Day::from_ymd(2025, 1, 1).expect("a day");
        let mut kinds = BTreeMap::new();
        let mut seen = HashSet::new();
        for person in &world.persons {
            for partner in 0..PARTNERS.len() {
                let number = person.identity.at(partner);
                let id = Identifier::parse(&number, today, LeadingZero::Refuse);
                let Ok(id) = id else { panic!("a made-up number is refused") };
                if id.kind() == IdKind::Cpr {
                    assert_eq!(id.modulus(), Some(Modulus::FailsElsewhere { remainder: 1 }));
                    assert_eq!(id.sex(), Some(person.sex));
                }
                assert_eq!(id.kind().is_national(), person.identity.is_national());
                *kinds.entry(id.kind()).or_insert(0) += 1;
                let first = partner == 0 || !person.identity.is_national();
                assert!(!first || seen.insert((partner, number)), "a number comes twice at a partner");
            }
        }
        assert_eq!(kinds.len(), 5, "{kinds:?}");
        assert!(kinds[&IdKind::Cpr] * 100 > 97 * world.persons.len() * PARTNERS.len());
    }

    #[test]
    fn everybody_has_a_contact_on_days_of_the_world_at_a_partner_of_the_dataset() {
        let world = small(2);
        let met: BTreeSet<u32> = world.contacts.iter().filter_map(|c| c.person).collect();
        assert_eq!(met.len(), world.persons.len());
        for contact in &world.contacts {
            assert!(world.settings.first <= contact.day && contact.day <= world.settings.last);
            let fits = match contact.dataset {
                "politi-opsporing" => contact.partner == POLICE,
                "kommune-opsporing" => (1..FIRST_NGO).contains(&contact.partner),
                "forloeb" => contact.partner != POLICE,
                _ => false,
            };
            assert!(fits, "{contact:?}");
            assert!(contact.related.is_none() || contact.dataset != "forloeb");
        }
    }

    #[test]
    fn shares_are_plausible_and_cells_of_all_sizes_occur() {
        let world = World::generate(WorldSettings::default());
        let reached = |step: &str| {
            let met = world.contacts.iter().filter(|c| c.step == step).filter_map(|c| c.person);
            met.collect::<BTreeSet<_>>().len()
        };
        let steps = ["opsporet", "tilbudt", "samtykket", "startet", "gennemfoert", "videre"].map(reached);
        assert!(steps.windows(2).all(|s| s[1] < s[0] && s[1] * 8 > s[0]), "{steps:?}");
        let mut cells: BTreeMap<_, BTreeSet<u32>> = BTreeMap::new();
        for contact in &world.contacts {
            if let Some(person) = contact.person {
                let key = (contact.partner, contact.part, contact.home, contact.day.quarter());
                cells.entry(key).or_default().insert(person);
            }
        }
        let sized = |low, high| cells.values().filter(|c| (low..high).contains(&c.len())).count();
        assert!(sized(1, 8) > 100 && sized(8, 40) > 100 && sized(100, 5000) > 5);
        let at = |partner| world.contacts.iter().filter(|c| c.partner == partner).count();
        assert!((0..PARTNERS.len()).all(|partner| at(partner) > 300));
        assert!(at(POLICE) > 5 * at(2), "the police know more than Dragør");
        let rows = world.contacts.len();
        assert!((60_000..200_000).contains(&rows), "{rows}");
        let anonymous = world.contacts.iter().filter(|c| c.person.is_none()).count();
        assert!(anonymous > 100 && anonymous * 20 < rows);
    }
}
