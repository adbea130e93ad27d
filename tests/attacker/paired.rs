//! Two histories that differ by one person in the later snapshots, asked the same: what is shown must be the same.

use std::collections::BTreeSet;

use kobling::disclosure::Rules;
use kobling::secret::{SeededRandom, shuffle};

use crate::asks::Ask;
use crate::random::below;
use crate::service::{Name, Service};
use crate::world::{Cell, Kind, Kinds, Person, World};

/// What a pair came to.
pub(crate) struct Pair {
    /// Answers that were held against each other.
    pub(crate) compared: usize,
    /// Questions whose answers differ.
    pub(crate) differ: Vec<String>,
    /// Answers left out: of a table in which, or in whose margins, a cell that was held at another one's value has left
    /// it; or that have a cell in common with such a table, which it covers in one of the two histories alone.
    pub(crate) left_out: usize,
}

/// One pair: everything is asked of the first snapshot, then fewer than 8 persons have changed, of whom the target is the
/// last one, in one of the two histories.
pub(crate) fn pair(random: &mut SeededRandom, rules: &Rules) -> Pair {
    let world = World::random(random, Kinds { snapshots: 3, changes: 6, informed: false });
    let mut other = world.clone();
    one_person_apart(random, &mut other);
    let mut services = [Service::new(*rules), Service::new(*rules)];
    let mut asks = Ask::all(world.sides);
    let mut pair = Pair { compared: 0, differ: Vec::new(), left_out: 0 };
    let mut touched: BTreeSet<Name> = BTreeSet::new();
    for snapshot in 0..world.snapshots.len() {
        shuffle(&mut asks, random);
        for ask in &asks {
            let [one, two] = &mut services;
            let (answer, answer_two) = (one.ask(&world, snapshot, ask), two.ask(&other, snapshot, ask));
            let name = |ask: &Ask, measure: &str, cell: &Cell| {
                (ask.family(), measure.to_owned(), ask.ledger_name(cell))
            };
            let has_left = |ask: &Ask, cell: &Cell| {
                let names = ["person", "across person"].map(|measure| name(ask, measure, cell));
                names.iter().any(|it| one.left.contains(it) || two.left.contains(it) || touched.contains(it))
            };
            let above = ask.above();
            let cells: Vec<(&Ask, Cell)> = above
                .iter()
                .chain([ask])
                .flat_map(|ask| ask.settles(world.sides).into_iter().map(move |cell| (ask, cell)))
                .filter(|(_, cell)| cell.kind != Kind::LeftOut)
                .collect();
            if cells.iter().any(|(ask, cell)| has_left(ask, cell)) {
                pair.left_out += 1;
                let names = cells.iter().map(|(ask, cell)| name(ask, "person", cell));
                touched.extend(names.filter(|it| one.covered.contains(it) != two.covered.contains(it)));
                continue;
            }
            pair.compared += 1;
            let (one, two) = (&answer.table, &answer_two.table);
            let same_left_out = one.left_out == two.left_out || has_left(ask, &ask.left_out());
            if one.rows != two.rows || one.totals != two.totals || !same_left_out {
                pair.differ.push(format!("{ask:?} of snapshot {snapshot}"));
            }
        }
    }
    pair
}

/// One person of all snapshots is gone in the later ones; or somebody came.
fn one_person_apart(random: &mut SeededRandom, world: &mut World) {
    let stays = |id: u32| world.snapshots.iter().all(|persons| persons.iter().any(|it| it.id == id));
    let all: Vec<_> = world.snapshots[0].iter().filter(|it| stays(it.id)).cloned().collect();
    let target = &all[below(random, all.len())];
    let comes = below(random, 2) == 0;
    for persons in &mut world.snapshots[1..] {
        match comes {
            true => {
                let new = Person { id: 1_000, family: 2_000, ..target.clone() };
                persons.push(new);
            }
            false => persons.retain(|person| person.id != target.id),
        }
    }
}
