//! Random questions of every kind, and how they are asked.

use kobling::programme::{
    AmountView, Audience, Change, ChangeView, Condition, Criteria, Dataset, DimensionSource, FollowUp,
    Programme, Question, QuestionKind, Role, Since, Test, Unit, View,
};
use kobling::question::Ask;
use kobling::secret::SeededRandom;

use crate::definition::{MEASURES, text};
use crate::random::{below, once_in, pick, some_of, up_to};
use crate::{work, world::World};

/// The kinds, with their views.
pub(crate) const KINDS: [&str; 19] = [
    "reach",
    "funnel",
    "overlap",
    "quality",
    "within",
    "previous",
    "curve",
    "rate",
    "before_after",
    "attrition",
    "criteria",
    "status",
    "direction",
    "mean",
    "amount",
    "none",
    "budget",
    "comparison",
    "activity",
];

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
    let programme = &world.programme;
    let mut by = if once_in(random, 3) { Vec::new() } else { up_to(random, 2, &question.dimensions) };
    if matches!(question.kind, QuestionKind::Activity { .. }) {
        // It is by quarter already.
        by.retain(|at| programme.dimensions[*at].source != DimensionSource::Quarter);
    }
    let population = !question.populations.is_empty() && once_in(random, 5);
    Ask {
        question: question.id.clone(),
        by: by.into_iter().map(|at| programme.dimensions[at].id.clone()).collect(),
        period: world.period,
        population: population.then(|| programme.populations[pick(random, &question.populations)].id.clone()),
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
        "consents" => QuestionKind::Consents,
        "quality" => QuestionKind::Quality { completeness: Vec::new() },
        "funnel" => {
            let number = 2 + below(random, 3);
            let within = once_in(random, 2).then(|| a_number_of_days(random, world, 1));
            QuestionKind::Funnel { stages: stages(random, programme, number), within }
        }
        "within" | "previous" | "curve" | "rate" | "before_after" => follow_up(random, world, kind),
        "attrition" => {
            let mut chosen = stages(random, programme, 4);
            let exit = chosen.pop().expect("a stage");
            chosen.truncate(1 + below(random, 3));
            // Area and role are column dimensions.
            let reason = pick(random, &[None, Some(0), Some(3)]);
            QuestionKind::Attrition { stages: chosen, exit, reason }
        }
        "criteria" => QuestionKind::Criteria(criteria(random, world)),
        "status" | "direction" | "mean" => QuestionKind::Change(change(random, world, kind)),
        "amount" => work::amount(random, world, AmountView::Sum),
        "none" => work::amount(random, world, AmountView::None),
        "budget" => work::budget(random, world),
        "comparison" => work::comparison(random, world),
        "activity" => work::activity(random, world),
        _ => panic!("no kind {kind}"),
    }
}

/// So many different stages.
pub(crate) fn stages(random: &mut SeededRandom, programme: &Programme, number: usize) -> Vec<usize> {
    let mut all = (0..programme.stages.len()).collect::<Vec<_>>();
    kobling::secret::shuffle(&mut all, random);
    all.truncate(number);
    all
}

/// A number of days, mostly one that lies between two days on which rows stand.
pub(crate) fn a_number_of_days(random: &mut SeededRandom, world: &World, least: i32) -> u32 {
    let days = match below(random, 4) {
        0 => pick(random, &[0, 1, 2, 3, 7, 30]),
        // As long as somebody is followed.
        1 => world.sealed.days() - pick(random, &world.days),
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

/// A window of days from the index, before it or after.
pub(crate) fn window(random: &mut SeededRandom, world: &World) -> (i32, i32) {
    let mut day = || {
        let days = a_number_of_days(random, world, 0) as i32;
        if once_in(random, 3) { -days } else { days }
    };
    let (one, other) = (day(), day());
    (one.min(other), one.max(other))
}

fn criteria(random: &mut SeededRandom, world: &World) -> Criteria {
    let programme = &world.programme;
    let mut conditions = Vec::new();
    for n in 0..1 + below(random, 4) {
        let chosen = stages(random, programme, 2);
        let test = match below(random, 6) {
            // Of those that stand: a turn that found no fit stage left none.
            0 if conditions.len() > 1 => {
                let earlier = (0..conditions.len()).collect::<Vec<_>>();
                Test::All(some_of(random, &earlier))
            }
            1 => {
                let trained = pick(random, &staffed(programme));
                // A stage of which every row can have staff.
                let fit = (0..programme.stages.len()).filter(|stage| {
                    let mut events = programme.stages[*stage].events.iter();
                    events
                        .all(|event| staffed(programme).iter().any(|(dataset, _)| *dataset == event.dataset))
                });
                let fit = fit.collect::<Vec<_>>();
                if fit.is_empty() {
                    continue;
                }
                let stage = pick(random, &fit);
                let mut staff = staffed(programme);
                staff.retain(|(dataset, _)| {
                    programme.stages[stage].events.iter().any(|e| e.dataset == *dataset)
                });
                Test::Trained { stage, staff, trained }
            }
            2 => {
                let dataset = pick(random, &measured(programme));
                let measures = measures(&programme.datasets[dataset]);
                Test::Sum {
                    dataset,
                    done: measures[0],
                    planned: measures[1],
                    percent: pick(random, &[1, 50, 80, 100]),
                }
            }
            _ => Test::Stage {
                stage: chosen[0],
                window: (!once_in(random, 3)).then(|| window(random, world)),
                persons: pick(random, &[1, 1, 2]),
            },
        };
        conditions.push(Condition {
            id: format!("c{}", conditions.len()),
            title: text(),
            of: once_in(random, 4).then_some(chosen[1]),
            test,
        });
        // A condition left out would shift those named after it.
        if conditions.len() != n + 1 {
            break;
        }
    }
    if conditions.is_empty() {
        let test = Test::Stage { stage: 0, window: None, persons: 1 };
        conditions.push(Condition { id: "c0".to_owned(), title: text(), of: None, test });
    }
    Criteria { index: below(random, programme.stages.len()), conditions }
}

/// Datasets with their staff column.
pub(crate) fn staffed(programme: &Programme) -> Vec<(usize, usize)> {
    let datasets = programme.datasets.iter().enumerate();
    datasets.filter_map(|(at, of)| Some((at, of.position(|role| *role == Role::Staff)?))).collect()
}

/// Positions of the measures `amount` and `planned`, as far as a dataset has them.
pub(crate) fn measures(dataset: &Dataset) -> Vec<usize> {
    let at = |id: &&str| dataset.columns.iter().position(|column| column.id.as_str() == *id);
    MEASURES.iter().filter_map(at).collect()
}

/// Datasets with both measures.
fn measured(programme: &Programme) -> Vec<usize> {
    let datasets = programme.datasets.iter().enumerate();
    datasets.filter(|(_, dataset)| measures(dataset).len() == 2).map(|(at, _)| at).collect()
}

fn change(random: &mut SeededRandom, world: &World, view: &str) -> Change {
    let programme = &world.programme;
    // The first dataset has every column.
    let dataset = 0;
    let column = |id: &str| {
        let mut columns = programme.datasets[dataset].columns.iter();
        columns.position(|column| column.id.as_str() == id).expect("the first has all")
    };
    let view = match view {
        "status" => ChangeView::Status,
        "direction" => ChangeView::Direction,
        _ => ChangeView::Mean,
    };
    let scale = view == ChangeView::Mean || once_in(random, 2);
    let value = if scale { column(pick(random, &MEASURES)) } else { column("rating") };
    let mut moments = vec![0, 1, 2];
    kobling::secret::shuffle(&mut moments, random);
    moments.truncate(2 + below(random, 2));
    let mut bands = vec![pick(random, &[-16, -15, -14, 0, 4]), 5, pick(random, &[6, 10, 15, 39])];
    bands.truncate(1 + below(random, 3));
    let chosen = stages(random, programme, 2);
    Change {
        index: chosen[0],
        completed: once_in(random, 2).then_some(chosen[1]),
        dataset,
        moment: column("moment"),
        moments,
        value,
        bands: if scale && view == ChangeView::Status { bands } else { Vec::new() },
        least_change: if scale { pick(random, &[1, 5, 6, 10]) } else { 1 },
        view,
    }
}
