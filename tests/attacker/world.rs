//! A small population at a few partners, and what happens to it from snapshot to snapshot.

use std::collections::BTreeSet;

use kobling::disclosure::PersonSet;
use kobling::secret::SeededRandom;

use crate::random::{below, between, code, once_in};

pub(crate) const DIMENSIONS: usize = 3;
pub(crate) const PARTNERS: u8 = 3;

/// One person, as a snapshot has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: u32,
    /// By dimension.
    pub(crate) codes: [u8; DIMENSIONS],
    /// The partners that know the person, as bits.
    pub(crate) at: u8,
    /// The partner of the index row.
    pub(crate) home: u8,
    /// Whether another partner knows of the second step.
    pub(crate) step: bool,
    pub(crate) family: u32,
    /// Whether the second recipient may be told.
    pub(crate) permits: bool,
}

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Everybody.
    Reach,
    /// Those who came to the second step.
    Step,
    /// Those whom all of some partners know.
    At(u8),
    /// Those whom just these partners know. No question shows it.
    Only(u8),
    /// Those who do not permit it. A figure of every answer.
    LeftOut,
}

/// A set of persons that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cell {
    /// Who asked: 0 is told of everybody.
    pub(crate) recipient: u8,
    pub(crate) kind: Kind,
    /// By dimension, where it is narrowed to one.
    pub(crate) codes: [Option<u8>; DIMENSIONS],
}

impl Cell {
    pub(crate) fn holds(&self, person: &Person) -> bool {
        let permitted = self.recipient == 0 || (person.permits != (self.kind == Kind::LeftOut));
        let of_kind = match self.kind {
            Kind::Reach => true,
            Kind::LeftOut => self.recipient != 0,
            Kind::Step => person.step,
            Kind::At(mask) => person.at & mask == mask,
            Kind::Only(mask) => person.at == mask,
        };
        let codes = self.codes.iter().zip(person.codes);
        permitted && of_kind && codes.into_iter().all(|(code, of)| code.is_none_or(|code| code == of))
    }

    /// Whether it says of persons known at one partner what another one knows (R10).
    pub(crate) fn crosses(&self) -> bool {
        match self.kind {
            Kind::Step => true,
            Kind::At(mask) => mask.count_ones() > 1,
            Kind::Reach | Kind::Only(_) | Kind::LeftOut => false,
        }
    }

    pub(crate) fn set(&self, persons: &[Person]) -> PersonSet {
        persons.iter().filter(|person| self.holds(person)).map(|person| person.id).collect()
    }

    /// Whether nobody can be in both, whatever the world is.
    pub(crate) fn excludes(&self, other: &Cell) -> bool {
        let codes = self.codes.iter().zip(other.codes);
        codes.into_iter().any(|(one, other)| one.zip(other).is_some_and(|(one, other)| one != other))
            || [self, other].iter().any(|it| it.kind == Kind::LeftOut && it.recipient == 0)
            || (self.recipient == other.recipient
                && (self.kind == Kind::LeftOut) != (other.kind == Kind::LeftOut))
    }
}

/// A history, and what the attacker knows of it from elsewhere.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) sides: [u8; DIMENSIONS],
    /// Whether it is known that every person is a family of its own.
    pub(crate) single: bool,
    pub(crate) snapshots: Vec<Vec<Person>>,
    /// Persons of whom the attacker knows everything: its own clients, and whoever came, went or was corrected.
    pub(crate) known: BTreeSet<u32>,
}

/// What kinds of world there are.
#[derive(Clone, Copy)]
pub(crate) struct Kinds {
    pub(crate) snapshots: usize,
    /// Most persons who come, go or are corrected between the first snapshot and the last.
    pub(crate) changes: usize,
    /// Whether the attacker is a partner, who knows whose index rows it supplied.
    pub(crate) informed: bool,
}

impl World {
    pub(crate) fn random(random: &mut SeededRandom, kinds: Kinds) -> World {
        let sides: [u8; DIMENSIONS] = std::array::from_fn(|_| 2 + code(random, 3, true));
        let (single, skewed) = (once_in(random, 2), !once_in(random, 3));
        let persons = between(random, 10, 60);
        let mut world = World { sides, single, snapshots: Vec::new(), known: BTreeSet::new() };
        let mostly_home = once_in(random, 2);
        let mut now: Vec<Person> = (1..=u32::try_from(persons).expect("few"))
            .map(|id| world.person(random, id, skewed, mostly_home))
            .collect();
        if kinds.informed {
            world.known.extend(now.iter().filter(|person| person.home == 0).map(|person| person.id));
        }
        world.snapshots.push(now.clone());
        let mut left = kinds.changes;
        for _ in 1..kinds.snapshots {
            let changes = below(random, left + 1).min(3);
            left -= changes;
            for _ in 0..changes {
                let id = world.change(random, &mut now, skewed);
                world.known.insert(id);
            }
            world.snapshots.push(now.clone());
        }
        world
    }

    fn person(&self, random: &mut SeededRandom, id: u32, skewed: bool, mostly_home: bool) -> Person {
        let home = if mostly_home && !once_in(random, 10) { 0 } else { code(random, PARTNERS, false) };
        let others = code(random, 1 << PARTNERS, true);
        Person {
            id,
            codes: std::array::from_fn(|dimension| code(random, self.sides[dimension], skewed)),
            at: (1 << home) | if once_in(random, 2) { others } else { 0 },
            home,
            step: !once_in(random, 3),
            family: if !self.single && once_in(random, 2) { 1 + id / 3 } else { 1_000 + id },
            permits: !once_in(random, 6),
        }
    }

    /// Somebody comes, goes or is corrected. Who came is in a family of its own.
    fn change(&self, random: &mut SeededRandom, now: &mut Vec<Person>, skewed: bool) -> u32 {
        let new = Person { family: 0, ..self.person(random, 0, skewed, false) };
        let at = below(random, now.len());
        match below(random, 3) {
            0 if now.len() > 2 => now.remove(at).id,
            1 => {
                let person = &mut now[at];
                (person.codes, person.step) = (new.codes, new.step);
                person.id
            }
            _ => {
                let ids = self.snapshots.iter().flatten().chain(now.iter()).map(|person| person.id);
                let id = ids.max().unwrap_or(0) + 1;
                now.push(Person { id, family: 1_000 + id, ..new });
                id
            }
        }
    }

    /// Persons the attacker knows, in a cell of a snapshot.
    pub(crate) fn known_in(&self, snapshot: usize, cell: &Cell) -> i64 {
        self.count(snapshot, cell, true)
    }

    /// Persons it does not know. They are the same in every snapshot.
    pub(crate) fn others_in(&self, cell: &Cell) -> i64 {
        self.count(0, cell, false)
    }

    fn count(&self, snapshot: usize, cell: &Cell, known: bool) -> i64 {
        let persons = self.snapshots[snapshot].iter().filter(|person| cell.holds(person));
        let of = persons.filter(|person| self.known.contains(&person.id) == known);
        i64::try_from(of.count()).expect("few")
    }
}
