//! Random questions of every kind, and how they are asked.

use kobling::programme::{Audience, FollowUp, Programme, Question, QuestionKind, Since, Unit, View};
use kobling::question::Ask;
use kobling::secret::SeededRandom;

use crate::definition::{DIMENSIONS, text};
use crate::random::{below, once_in, pick, some_of, up_to};
use crate::world::World;

/// The kinds, with their views.
pub(crate) const KINDS: [&str; 9] =
    ["reach", "funnel", "overlap", "quality", "within", "previous", "curve", "rate", "before_after"];

/// A random question of a kind.
pub(crate) fn question(random: &mut SeededRandom, world: &World, kind: &str) -> Question {
    let programme = &world.programme;
    let unit = match kind {
        "quality" | "consents" => Unit::Person,
        _ => pick(random, &[Unit::Person, Unit::Person, Unit::Pair, Unit::Case]),
    };
    Question {
        id: kind.replace('_', "-").parse().expect("a name"),
        number: "Q0".to_owned(),
        title: text(),
        definition: text(),
        purpose: "p".parse().expect("a name"),
        unit,
        audience: Audience::Evaluators,
        standing: false,
        dimensions: (0..programme.dimensions.len()).collect(),
        populations: (0..programme.populations.len()).collect(),
        kind: of_kind(random, world, kind),
    }
}

/// How it is asked: by up to two dimensions, of everybody or a population.
pub(crate) fn ask(random: &mut SeededRandom, world: &World, question: &Question) -> Ask {
    let by = if once_in(random, 3) { Vec::new() } else { up_to(random, 2, &DIMENSIONS) };
    Ask {
        question: question.id.clone(),
        by: by.into_iter().map(|id| id.parse().expect("a name")).collect(),
        period: world.period,
        population: once_in(random, 4).then(|| pick(random, &["some", "other"]).parse().expect("a name")),
    }
}

fn of_kind(random: &mut SeededRandom, world: &World, kind: &str) -> QuestionKind {
    let programme = &world.programme;
    let datasets = |random: &mut SeededRandom| {
        let mut datasets = some_of(random, &(0..programme.datasets.len()).collect::<Vec<_>>());
        datasets.sort_unstable();
        datasets
    };
    match kind {
        "reach" => QuestionKind::Reach { datasets: datasets(random) },
        "overlap" => QuestionKind::Overlap { datasets: datasets(random) },
        "quality" => QuestionKind::Quality { completeness: Vec::new() },
        "funnel" => {
            let number = 2 + below(random, 3);
            let within = once_in(random, 2).then(|| a_number_of_days(random, world, 1));
            QuestionKind::Funnel { stages: stages(random, programme, number), within }
        }
        "within" | "previous" | "curve" | "rate" | "before_after" => follow_up(random, world, kind),
        _ => panic!("no kind {kind}"),
    }
}

/// So many different stages.
fn stages(random: &mut SeededRandom, programme: &Programme, number: usize) -> Vec<usize> {
    let mut all = (0..programme.stages.len()).collect::<Vec<_>>();
    kobling::secret::shuffle(&mut all, random);
    all.truncate(number);
    all
}

/// A number of days, mostly one that lies between two days on which rows stand.
fn a_number_of_days(random: &mut SeededRandom, world: &World, least: i32) -> u32 {
    let days = match below(random, 4) {
        0 => pick(random, &[0, 1, 2, 3, 7, 30]),
        _ => (pick(random, &world.days) - pick(random, &world.days)).abs() + below(random, 3) as i32 - 1,
    };
    days.max(least) as u32
}

fn follow_up(random: &mut SeededRandom, world: &World, kind: &str) -> QuestionKind {
    let view = match kind {
        "within" | "previous" => View::Within,
        "curve" => View::Curve,
        "rate" => View::Rate,
        _ => View::BeforeAfter,
    };
    let from_day = if view == View::BeforeAfter { 1 } else { below(random, 2) as u32 };
    let chosen = stages(random, &world.programme, 4);
    // Kind `repeat` may ask for the index again.
    let outcome = if from_day == 1 && once_in(random, 3) { chosen[0] } else { chosen[1] };
    let least = if view == View::Curve { 1 } else { from_day as i32 };
    let mut days =
        (0..1 + below(random, 3)).map(|_| a_number_of_days(random, world, least)).collect::<Vec<_>>();
    days.sort_unstable();
    days.dedup();
    QuestionKind::FollowUp(FollowUp {
        index: chosen[0],
        outcome,
        from_day,
        via: (view != View::BeforeAfter && once_in(random, 3)).then_some(chosen[2]),
        since: if kind == "previous" { Since::Previous } else { Since::Index },
        days: if view == View::Rate { Vec::new() } else { days },
        ends: if once_in(random, 2) { vec![chosen[3]] } else { Vec::new() },
        view,
    })
}
