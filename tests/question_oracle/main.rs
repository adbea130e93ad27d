//! The kernels against plain SQL over the raw rows, on random programmes, rows, aliases and consents. The SQL shares no
//! code with them: not the walk over permitted rows, not the index row, not the units, not the cells.
//!
//! `KOBLING_SEED` and `KOBLING_CASES` choose other questions, and more of them. A mismatch is told with its seed, and
//! with the smallest world that still shows it.
//!
//! Its power was tried by hand: 44 slips put into the kernels one at a time (`<` for `<=` at the ends of windows, steps,
//! bands and follow-up; ties the other way; a pair that stays when one leaves; anonymous rows that leave; a rate that
//! counts rows; a price rounded towards plus; the wrong cohort first). Each was found, most within 20 worlds, the last one
//! after 353.
#![cfg(feature = "service")]

mod answer;
mod asked;
mod consents;
mod definition;
mod forms;
mod random;
mod said;
mod show;
mod sql;
mod work;
mod world;

use kobling::disclosure::{Rules, Tabulation};
use kobling::programme::{Programme, Question, QuestionKind};
use kobling::question::{Ask, Plan, count, plan};
use kobling::secret::SeededRandom;
use kobling::snapshot::Snapshot;

use crate::answer::{answer, form};
use crate::asked::{KINDS, ask, question};
use crate::world::World;

/// Where seeds begin, unless chosen.
const SEED: u64 = 0x6b6f_626c_696e_6700;

/// The plan of a question, which the world's programme then has.
fn planned(world: &World, ask: &Ask) -> Plan {
    plan(&world.programme, ask, world.sealed, world.sealed, &Rules::standard())
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn counted(world: &World, ask: &Ask) -> Tabulation {
    counted_on(&world.snapshot(), world, ask)
}

fn counted_on(snapshot: &Snapshot, world: &World, ask: &Ask) -> Tabulation {
    let plan = planned(world, ask);
    count(&plan, snapshot, &world.permits(&plan)).unwrap_or_else(|error| panic!("{error}"))
}

/// Where kernel and SQL differ; nothing when they agree.
fn difference(
    tabulation: &Tabulation,
    sql: &sql::Oracle<'_>,
    question: &Question,
    ask: &Ask,
) -> Option<String> {
    if let Err(wrong) = form(tabulation, question, ask.by.len()) {
        return Some(wrong);
    }
    let (kernel, mut sql) = (answer(tabulation), sql.answer(question, ask));
    sql.supplied_as(&kernel);
    (kernel != sql).then(|| show::difference(&kernel, &sql))
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Asks random questions of some kinds about random worlds: `cases` of each kind, one world for each round.
fn hold_against_sql(kinds: &[&str], cases: u64) {
    rounds(&format!("{kinds:?}"), cases, |random, seed| {
        let mut world = World::generate(seed);
        world.programme.questions = kinds.iter().map(|kind| question(random, &world, kind)).collect();
        world
    });
}

/// Asks the questions of many worlds, each made from a seed.
#[expect(clippy::print_stdout, reason = "a run names its seed")]
fn rounds(what: &str, cases: u64, world: impl Fn(&mut SeededRandom, u64) -> World) {
    let seed = number("KOBLING_SEED", SEED);
    let cases = number("KOBLING_CASES", cases);
    println!("{cases} rounds of {what}, KOBLING_SEED={seed}");
    let (mut asked, mut somebody) = (0, 0);
    for case in 0..cases {
        let seed = seed.wrapping_add(case);
        let random = &mut SeededRandom::from_number(seed ^ 0x51);
        let world = world(random, seed);
        let (snapshot, oracle) = (world.snapshot(), sql::Oracle::new(&world));
        for question in &world.programme.questions {
            let ask = ask(random, &world, question);
            let tabulation = counted_on(&snapshot, &world, &ask);
            asked += 1;
            somebody += u64::from(tabulation.cells.iter().any(|cell| cell.units > 0));
            if difference(&tabulation, &oracle, question, &ask).is_some() {
                let differs = |world: &World| {
                    difference(&counted(world, &ask), &sql::Oracle::new(world), question, &ask)
                };
                let small = show::smallest(&world, |world| differs(world).is_some());
                let said = differs(&small).expect("the smallest that still differs");
                panic!("KOBLING_SEED={seed} KOBLING_CASES=1\n{}\n{said}", show::case(&small, question, &ask));
            }
        }
    }
    println!("{asked} questions asked, somebody is in {somebody} of the tables");
    assert!(somebody * 4 > asked || asked < 100, "nobody is in {} of {asked} tables", asked - somebody);
}

#[test]
fn who_is_known_and_where() {
    hold_against_sql(&KINDS[..4], 400);
}

#[test]
fn what_happens_after_an_index() {
    hold_against_sql(&KINDS[4..9], 400);
}

#[test]
fn which_conditions_units_meet() {
    hold_against_sql(&KINDS[9..14], 400);
}

#[test]
fn what_is_summed_compared_and_done() {
    hold_against_sql(&KINDS[14..], 400);
}

/// Programmes as they are written: the two of the first users, and a small one from another field. Every registered
/// question, on random rows.
#[test]
fn programmes_as_they_are_written() {
    let texts = [
        include_str!("../../programmes/interventionsmodel.toml"),
        include_str!("../../programmes/effektinvestering.toml"),
        include_str!("../fixtures/school-attendance.toml"),
    ];
    let programmes = texts.map(|text| {
        let mut programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        // Consents are asked about in `said`; a statement is no table.
        programme
            .questions
            .retain(|question| !matches!(question.kind, QuestionKind::Consents | QuestionKind::Payment(_)));
        programme
    });
    rounds("written programmes", 60, |random, seed| {
        World::under(programmes[(seed % 3) as usize].clone(), random)
    });
}
