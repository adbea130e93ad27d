//! What the attacker has found and no rule stops, in the smallest example of each.

use std::collections::BTreeSet;

use kobling::disclosure::{Rules, Shown};

use crate::asks::{Ask, Form};
use crate::knowledge::Knowledge;
use crate::service::Service;
use crate::solve::propagate;
use crate::world::{Cell, DIMENSIONS, Kind, Person, World};

/// A world of one snapshot, by how many persons have which codes of the first two dimensions, and how many of them the
/// attacker knows.
fn world(cells: &[([u8; 2], u32, u32)]) -> World {
    let (mut persons, mut known) = (Vec::new(), BTreeSet::new());
    for ([one, two], count, of_them) in cells {
        for nth in 0..*count {
            let id = u32::try_from(persons.len()).expect("few") + 1;
            known.extend((nth < *of_them).then_some(id));
            let (codes, family) = ([*one, *two, 0], 1_000 + id);
            persons.push(Person { id, codes, at: 1, home: 0, step: false, family, permits: true });
        }
    }
    World { sides: [2; DIMENSIONS], single: true, snapshots: vec![persons], known }
}

/// What a cell shows, and the bounds of what the attacker does not know of it, after some tables.
fn asked(world: &World, tables: &[&[usize]], cell: &Cell) -> (Vec<Shown>, (i64, i64)) {
    let (rules, mut answers) = (Rules::standard(), Vec::new());
    let mut service = Service::new(rules);
    for by in tables {
        let ask = Ask { form: Form::Reach, recipient: 0, by: by.to_vec(), within: None };
        answers.push(service.ask(world, 0, &ask));
    }
    let knowledge = Knowledge::of(&answers, world, &rules);
    assert_eq!(knowledge.broken_by(&knowledge.truth(world)), None);
    let at = knowledge.cells.iter().position(|of| of == cell).expect("one of them");
    let reads = answers.iter().flat_map(|answer| answer.rows()).filter(|(of, ..)| of == cell);
    (reads.map(|(_, shown, _)| shown).collect(), propagate(&knowledge)[at])
}

/// 22 persons in two groups, 13 and 9; a partner knows all but one of the 13. The total reads 20, so there is at most one
/// more than its 21; the group reads 15, so there is at least one more than its 12.
#[test]
fn not_yet_stopped_a_partner_that_knows_all_but_one_finds_where_that_one_is() {
    let cell = Cell { recipient: 0, kind: Kind::Reach, codes: [Some(0), None, None] };
    let world = world(&[([0, 0], 13, 12), ([1, 0], 9, 9)]);
    let (shown, others) = asked(&world, &[&[], &[0]], &cell);
    assert_eq!((shown, others), (vec![Shown::Count(15)], (1, 1)));
}

/// 23 persons in a table of 6, 5, 7 and 5, of which no cell is shown. Its margins are: one column has 13 to 17 persons, and
/// one row at most 12, so the cell in that column of the other row is not empty.
#[test]
fn not_yet_stopped_margins_say_that_somebody_is_in_a_table_that_is_not_shown() {
    let cell = Cell { recipient: 0, kind: Kind::Reach, codes: [Some(0), Some(0), None] };
    let world = world(&[([0, 0], 6, 0), ([0, 1], 5, 0), ([1, 0], 7, 0), ([1, 1], 5, 0)]);
    let (shown, others) = asked(&world, &[&[], &[0], &[1], &[0, 1]], &cell);
    assert_eq!((shown, others), (vec![Shown::Hidden], (1, 12)));
}
