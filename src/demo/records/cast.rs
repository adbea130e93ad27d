//! Who is in the records, and how far each came.

use std::collections::{BTreeMap, HashMap};

use super::super::hand::{Hand, hand};
use super::super::identity::{Identity, Issuer};
use super::super::world::{FIRST_NGO, PARTNERS, Part, World};
use crate::clock::Day;
use crate::id::Sex;
use crate::secret::{Random as _, SeededRandom};

/// What somebody is in the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// Exposed to violence.
    Exposed,
    /// Using violence.
    Using,
    /// A child.
    Child,
}

impl Kin {
    /// The code of the list `rolle`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Kin::Exposed => "udsat",
            Kin::Using => "udover",
            Kin::Child => "barn",
        }
    }
}

/// Somebody whom partners know.
#[derive(Clone)]
pub struct Member {
    /// What the person is known by.
    pub identity: Identity,
    /// Which family.
    pub family: u32,
    /// What the person is in it.
    pub kin: Kin,
}

/// A point on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// First met.
    Traced,
    /// Said yes to being referred.
    Agreed,
    /// Contacted, or enrolled.
    Contacted,
    /// Started.
    Started,
    /// Completed.
    Completed,
    /// Left before the end.
    Stopped,
}

/// A person's way.
#[derive(Clone, Debug)]
pub struct Course {
    /// Position in [`Cast::members`].
    pub person: u32,
    /// The other one of the pair, by position in [`Cast::members`].
    pub other: Option<u32>,
    /// Position of the partner that met the person first.
    pub tracer: usize,
    /// Position of the partner that helps, where one does.
    pub helper: Option<usize>,
    /// Position of the municipality where the person lives, where it is a partner.
    pub home: Option<usize>,
    /// Whether the person is offered the programme, or what it is compared with.
    pub treated: bool,
    /// Days by [`Anchor`].
    pub days: [Option<Day>; 6],
}

impl Course {
    /// The day of a point on the way, where the person came so far.
    #[must_use]
    pub const fn day(&self, anchor: Anchor) -> Option<Day> {
        self.days[anchor as usize]
    }

    /// The day on which help ended, completed or not.
    #[must_use]
    pub fn ended(&self) -> Option<Day> {
        self.day(Anchor::Completed).or(self.day(Anchor::Stopped))
    }
}

/// Everybody in the records of one programme.
pub struct Cast {
    /// Persons.
    pub members: Vec<Member>,
    /// Their ways, at most one a person.
    pub courses: Vec<Course>,
    /// Families.
    pub families: u32,
    /// First day of any row.
    pub first: Day,
    /// Last day of any row.
    pub last: Day,
    /// What chances are drawn from.
    pub seed: u64,
    /// Case numbers already in use, by partner and family.
    pub(super) cases: HashMap<(usize, u32), u32>,
    /// The least number of a new case.
    pub(super) fresh: u32,
    /// How each partner writes.
    pub(super) hand: fn(usize) -> Hand,
}

impl Cast {
    /// The made-up world of the first programme, with the ways that its contacts tell, and children beside: somebody's
    /// position is the same here and there, and children come after.
    #[must_use]
    pub fn of_world(world: &World) -> Cast {
        let kin = |part| if part == Part::Exposed { Kin::Exposed } else { Kin::Using };
        let mut members: Vec<Member> = world
            .persons
            .iter()
            .map(|p| Member { identity: p.identity.clone(), family: p.family, kin: kin(p.part) })
            .collect();
        let mut ways: BTreeMap<u32, Course> = BTreeMap::new();
        let mut cases = HashMap::new();
        let mut contacts: Vec<_> = world.contacts.iter().collect();
        contacts.sort_by_key(|contact| contact.day);
        for contact in contacts {
            let Some(person) = contact.person else { continue };
            let known = &world.persons[person as usize];
            if let Some(case) = contact.case {
                cases.entry((contact.partner, known.family)).or_insert(case);
            }
            let way = ways.entry(person).or_insert_with(|| Course {
                person,
                other: known.other,
                tracer: contact.partner,
                helper: None,
                home: municipality(known.home),
                treated: true,
                days: [None; 6],
            });
            let anchor = match contact.step {
                "opsporet" => Anchor::Traced,
                "samtykket" => Anchor::Agreed,
                "kontaktet" => Anchor::Contacted,
                "startet" => Anchor::Started,
                "gennemfoert" => Anchor::Completed,
                "stoppet" => Anchor::Stopped,
                _ => continue,
            };
            let slot = &mut way.days[anchor as usize];
            if slot.is_some() {
                continue;
            }
            *slot = Some(contact.day);
            match anchor {
                Anchor::Agreed => way.tracer = contact.partner,
                Anchor::Contacted => way.helper = Some(contact.partner),
                // A start elsewhere than at the first contact: rows are kept where the help is given.
                Anchor::Started => way.helper = Some(contact.partner),
                _ => {}
            }
        }
        let random = &mut SeededRandom::from_number(world.settings.seed.wrapping_mul(1019));
        let mut courses: Vec<Course> = ways.into_values().collect();
        for course in &mut courses {
            course.treated = random.below(100) < 72;
        }
        let mut issuer = Issuer::default();
        let mut had: BTreeMap<u32, ()> = BTreeMap::new();
        let mut children = Vec::new();
        for course in courses.iter().filter(|course| course.day(Anchor::Started).is_some()) {
            let family = world.persons[course.person as usize].family;
            if had.insert(family, ()).is_some() || random.below(100) >= 55 {
                continue;
            }
            for _ in 0..=random.below(3) / 2 {
                let sex = if random.below(2) == 0 { Sex::Man } else { Sex::Woman };
                let person = u32::try_from(members.len()).expect("persons are counted in u32");
                members.push(Member { identity: issuer.child(sex, random), family, kin: Kin::Child });
                children.push(Course { person, other: None, ..course.clone() });
            }
        }
        courses.extend(children);
        Cast {
            members,
            courses,
            families: world.families,
            first: world.settings.first,
            last: world.settings.last,
            seed: world.settings.seed,
            cases,
            fresh: u32::try_from(world.persons.len()).expect("persons are counted in u32") + 1,
            hand,
        }
    }

    /// The number by which a partner knows a person.
    #[must_use]
    pub fn number(&self, person: u32, partner: usize) -> [u8; 10] {
        self.members[person as usize].identity.at(partner)
    }

    /// The running case number of a family at a partner.
    #[must_use]
    pub fn case(&self, partner: usize, family: u32) -> u32 {
        let new = || self.fresh + (family + u32::try_from(partner * 37).unwrap_or(0)) % self.families.max(1);
        self.cases.get(&(partner, family)).copied().unwrap_or_else(new)
    }

    /// A case number as a partner writes it.
    #[must_use]
    pub fn case_text(&self, partner: usize, case: u32) -> String {
        ((self.hand)(partner).case)(case)
    }
}

/// The position of a municipality that is a partner of the first programme.
fn municipality(home: &str) -> Option<usize> {
    PARTNERS[..FIRST_NGO].iter().position(|partner| *partner == home)
}
