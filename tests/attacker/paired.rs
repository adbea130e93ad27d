//! Two histories that differ by one person in the later snapshots, asked the same: what is shown must be the same.

use std::collections::{BTreeMap, BTreeSet};

use kobling::disclosure::Rules;
use kobling::secret::{SeededRandom, shuffle};

use crate::asks::Ask;
use crate::random::below;
use crate::service::{Name, Reads, Service};
use crate::world::{Cell, DIMENSIONS, Kind, Kinds, Person, World};

/// What a pair came to.
pub(crate) struct Pair {
    /// Answers that were held against each other.
    pub(crate) compared: usize,
    /// Questions whose answers differ.
    pub(crate) differ: Vec<String>,
    /// Answers left out: of a table in which, or in whose margins, a cell that was held at another one's value has left
    /// it; or that have a cell in common with such a table, which it covers in one of the two histories alone; or that
    /// are audited with such a cell.
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
            let by_audit = || {
                let here = cells.iter().filter(|(of, _)| *of == ask);
                let here = here.map(|(ask, cell)| name(ask, "person", cell)).collect();
                let moved = audited_with(ask, snapshot, [&*one, &*two], &here, world.sides);
                moved.iter().any(|it| one.left.contains(it) || two.left.contains(it) || touched.contains(it))
            };
            if cells.iter().any(|(ask, cell)| has_left(ask, cell)) || by_audit() {
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

/// The cells of other tables with which this one is audited in the two histories, where they differ. The audit puts in
/// what the question has told in the snapshot, which is of a cell that has left its set alone; it draws something from a
/// cell where the cell is in a sum of which all parts are known. Lines of `here` are the table's own.
fn audited_with(
    ask: &Ask,
    snapshot: usize,
    services: [&Service; 2],
    here: &BTreeSet<Name>,
    sides: [u8; DIMENSIONS],
) -> Vec<Name> {
    if ask.by.len() < 2 {
        return Vec::new();
    }
    let family = ask.family();
    let others = services.map(|service| {
        let lines = service.lines.iter().filter(|((of, measure, cell), reads)| {
            *of == family
                && measure == "person"
                && cell != "left out"
                && reads.snapshot as usize == snapshot + 1
        });
        lines.filter(|(name, _)| !here.contains(*name)).collect::<BTreeMap<&Name, &Reads>>()
    });
    let differs = |name: &Name| others[0].get(name) != others[1].get(name);
    let mut moved = Vec::new();
    for others in &others {
        let knows = |codes: &BTreeMap<String, String>| {
            let name = (
                family.clone(),
                "person".to_owned(),
                serde_json::to_string(&(codes, [(); 0])).expect("texts"),
            );
            here.contains(&name) || others.contains_key(&name)
        };
        let whole_line = |above: &BTreeMap<String, String>, dimension: usize| {
            let mut part = above.clone();
            knows(above)
                && (0..sides[dimension]).all(|code| {
                    part.insert(format!("d{dimension}"), code.to_string());
                    knows(&part)
                })
        };
        for name in others.keys().filter(|name| differs(name)) {
            let (codes, _): (BTreeMap<String, String>, Vec<String>) =
                serde_json::from_str(&name.2).expect("a cell");
            let in_sum = (0..DIMENSIONS).any(|dimension| {
                let mut above = codes.clone();
                above.remove(&format!("d{dimension}"));
                whole_line(&above, dimension)
            });
            moved.extend(in_sum.then(|| (*name).clone()));
        }
    }
    moved
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
