//! One attack on one world, and what it comes to.

use kobling::disclosure::Rules;
use kobling::secret::{SeededRandom, shuffle};

use crate::asks::Ask;
use crate::knowledge::Knowledge;
use crate::random::{below, once_in};
use crate::service::{Answer, Service};
use crate::solve::{limits, propagate};
use crate::world::{Cell, Kind, Kinds, Person, World};

/// What an attacker has found out of 1 to 7 persons whom it did not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leak {
    /// How many they are, in a hidden cell of so few, or in a set of which it knew nobody.
    Number(Cell, i64),
    /// How many others there are in a larger cell, of which it knew the rest.
    Others(Cell, i64),
    /// That a hidden cell has somebody in it, where it knew nobody.
    NotNobody(Cell, i64),
    /// That they are at most two, in a cell that crosses partners and is not hidden.
    OneOrTwo(Cell, i64),
}

/// What one attack came to.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) looked_at: usize,
    /// Those for which a linear program was solved.
    pub(crate) solved: usize,
    pub(crate) leaks: Vec<Leak>,
    /// Cells that cross partners and would be `OneOrTwo`, but that R10's decision was another set's.
    pub(crate) held_across: usize,
}

/// Everything that can be asked of every snapshot, in random order.
pub(crate) fn ask_everything(
    random: &mut SeededRandom,
    world: &World,
    rules: &Rules,
) -> (Vec<Answer>, Service) {
    let mut service = Service::new(*rules);
    let mut answers = Vec::new();
    for snapshot in 0..world.snapshots.len() {
        let mut asks = Ask::all(world.sides);
        shuffle(&mut asks, random);
        if once_in(random, 2) {
            let keep = 1 + below(random, asks.len());
            asks.truncate(keep);
        }
        answers.extend(asks.iter().map(|ask| service.ask(world, snapshot, ask)));
    }
    (answers, service)
}

/// One attack on a random world.
pub(crate) fn attack(random: &mut SeededRandom, kinds: Kinds, rules: &Rules) -> Found {
    let world = World::random(random, kinds);
    let (answers, service) = ask_everything(random, &world, rules);
    let knowledge = Knowledge::of(&answers, &world, rules);
    let truth = knowledge.truth(&world);
    // The attacker would not be one if it excluded what is true.
    if let Some(broken) = knowledge.broken_by(&truth) {
        panic!("the attacker excludes the truth: {broken}");
    }
    let bounds = propagate(&knowledge);
    let mut found = Found::default();
    for (at, cell) in knowledge.cells.iter().enumerate() {
        let (low, high) = bounds[at];
        assert!(low <= truth[at] && truth[at] <= high, "the attacker excludes the truth of {cell:?}");
        if !(1..=7).contains(&truth[at]) || cell.kind == Kind::LeftOut {
            continue;
        }
        found.looked_at += 1;
        let known = (0..world.snapshots.len()).map(|at| world.known_in(at, cell)).max().unwrap_or(0);
        let (knows, few) = (known > 0, known + truth[at] <= 7);
        let number = |low| match knows && !(few && knowledge.hidden[at]) {
            true => Leak::Others(*cell, low),
            false => Leak::Number(*cell, low),
        };
        if low == high {
            found.leaks.push(number(low));
            continue;
        }
        if knowledge.hidden[at] && low > 0 && !knows {
            found.leaks.push(Leak::NotNobody(*cell, truth[at]));
        }
        let crosses = cell.crosses();
        // By what it reads itself: that there are few others in a group that does not cross is told by the group.
        if crosses && world.snapshots.len() == 1 && knowledge.bounds[at].1 <= 2 {
            let ask = answers.iter().find(|answer| answer.cells.contains(cell)).map(|answer| &answer.ask);
            match ask.is_some_and(|ask| service.held_across(ask, cell)) {
                true => found.held_across += 1,
                false => found.leaks.push(Leak::OneOrTwo(*cell, truth[at])),
            }
        }
        if !can_be_another(random, &world, &knowledge, &truth, cell) {
            found.solved += 1;
            let (low, high) = limits(&knowledge, &bounds, at);
            assert!(low <= truth[at] && truth[at] <= high, "the attacker excludes the truth of {cell:?}");
            if low == high {
                found.leaks.push(number(low));
            }
        }
    }
    found
}

/// Whether a world near by, with one person more or less in the cell, keeps all that is known.
fn can_be_another(
    random: &mut SeededRandom,
    world: &World,
    knowledge: &Knowledge,
    truth: &[i64],
    cell: &Cell,
) -> bool {
    let others: Vec<&Person> =
        world.snapshots[0].iter().filter(|person| !world.known.contains(&person.id)).collect();
    let inside: Vec<&&Person> = others.iter().filter(|person| cell.holds(person)).collect();
    let with = |numbers: &mut [i64], person: &Person, by: i64| {
        for (at, cell) in knowledge.cells.iter().enumerate() {
            numbers[at] += if cell.holds(person) { by } else { 0 };
        }
    };
    (0..60).any(|_| {
        let mut numbers = truth.to_vec();
        let person = inside[below(random, inside.len())];
        match below(random, 3) {
            0 => with(&mut numbers, person, 1),
            1 => with(&mut numbers, person, -1),
            _ => {
                // It is taken out, or one like it put in, and another one elsewhere the other way round.
                let other = others[below(random, others.len())];
                let by = if once_in(random, 2) { 1 } else { -1 };
                if !cell.holds(other) {
                    with(&mut numbers, person, by);
                    with(&mut numbers, other, -by);
                }
            }
        }
        let at = knowledge.cells.iter().position(|of| of == cell).expect("one of them");
        numbers[at] != truth[at] && knowledge.broken_by(&numbers).is_none()
    })
}
