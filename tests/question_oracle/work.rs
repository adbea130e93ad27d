//! Random questions of sums, budgets, cohorts and work.

use kobling::programme::{
    Amount, AmountView, Budget, BudgetElement, Cohort, Comparison, Item, Outcome, QuestionKind, Role, Series,
    SeriesKind,
};
use kobling::secret::SeededRandom;

use crate::asked::{a_number_of_days, measures, staffed, stages, window};
use crate::definition::{event, text};
use crate::random::{below, once_in, pick, some_of};
use crate::world::World;

/// Rows to sum: of one measure or several, or the rows themselves; of one dataset, where one is named.
fn item(random: &mut SeededRandom, world: &World, dataset: Option<usize>, price: bool) -> Item {
    let programme = &world.programme;
    let measured = once_in(random, 2);
    let fit = (0..programme.datasets.len())
        .filter(|at| dataset.is_none_or(|dataset| dataset == *at))
        .filter(|at| !measured || !measures(&programme.datasets[*at]).is_empty())
        .collect::<Vec<_>>();
    // The first dataset has every column.
    let fit = if fit.is_empty() { vec![0] } else { fit };
    let (mut events, mut measure) = (Vec::new(), Vec::new());
    for _ in 0..1 + below(random, 3) {
        let dataset = pick(random, &fit);
        let event = event(random, programme, dataset);
        if !events.contains(&event) {
            let of = measures(&programme.datasets[dataset]);
            measure.push(measured.then(|| pick(random, &of)));
            events.push(event);
        }
    }
    let price = price.then(|| 1 + random_price(random));
    let decimals = if price.is_some() { 2 } else { u8::from(measured) };
    Item { events, measure, price, unit: text(), decimals }
}

fn random_price(random: &mut SeededRandom) -> u64 {
    pick(random, &[0, 6, 10, 14, 99, 12_344])
}

pub(crate) fn amount(random: &mut SeededRandom, world: &World, view: AmountView) -> QuestionKind {
    let by = view == AmountView::Sum && once_in(random, 2);
    let priced = view == AmountView::Sum && once_in(random, 2);
    let item = item(random, world, by.then_some(0), priced);
    let columns = world.programme.datasets[0].columns.iter().enumerate();
    let categories = columns.filter(|(_, column)| matches!(column.role, Role::Category { .. }));
    let categories = categories.map(|(at, _)| at).collect::<Vec<_>>();
    QuestionKind::Amount(Amount {
        index: below(random, world.programme.stages.len()),
        item,
        window: short_window(random, world),
        by: by.then(|| pick(random, &categories)),
        view,
    })
}

/// A window that often lies within what is followed.
fn short_window(random: &mut SeededRandom, world: &World) -> (i32, i32) {
    match below(random, 3) {
        0 => (0, a_number_of_days(random, world, 0) as i32),
        1 => (pick(random, &[-2, -1, 0, 1]), pick(random, &[1, 2, 9, 40])),
        _ => window(random, world),
    }
}

pub(crate) fn budget(random: &mut SeededRandom, world: &World) -> QuestionKind {
    let elements = (0..1 + below(random, 3)).map(|n| BudgetElement {
        id: format!("e{n}"),
        title: text(),
        payer: pick(random, &["municipality", "region"]).to_owned(),
        item: item(random, world, None, true),
    });
    let elements = elements.collect();
    QuestionKind::Budget(Budget {
        index: below(random, world.programme.stages.len()),
        days: match below(random, 2) {
            0 => pick(random, &[1, 2, 9, 30, 40]),
            _ => a_number_of_days(random, world, 1),
        },
        elements,
        years: 3,
        discount: 350,
        scenarios: [50, 80, 100],
    })
}

pub(crate) fn comparison(random: &mut SeededRandom, world: &World) -> QuestionKind {
    let chosen = stages(random, &world.programme, 4);
    let cohort = |at: usize| Cohort { id: format!("cohort{at}"), title: text(), index: chosen[at] };
    let at_index = once_in(random, 3);
    let from_day = below(random, 3) as u32;
    let outcome = if at_index {
        // It may be the index stage of one of them.
        Outcome::AtIndex { stage: pick(random, &chosen) }
    } else {
        let days = a_number_of_days(random, world, 1).max(from_day);
        Outcome::Within { stage: chosen[2], from_day, days }
    };
    QuestionKind::Comparison(Comparison {
        cohorts: [cohort(0), cohort(1)],
        outcome,
        ends: if at_index || once_in(random, 2) { Vec::new() } else { vec![chosen[3]] },
    })
}

pub(crate) fn activity(random: &mut SeededRandom, world: &World) -> QuestionKind {
    let series = (0..1 + below(random, 4)).map(|n| {
        let chosen = stages(random, &world.programme, 3);
        let what = match below(random, 5) {
            0 => SeriesKind::New { stage: chosen[0] },
            1 => SeriesKind::Active { stage: chosen[0] },
            2 => SeriesKind::Staff { columns: some_of(random, &staffed(&world.programme)) },
            _ => SeriesKind::Waiting { stage: chosen[0], until: some_of(random, &chosen[1..]) },
        };
        Series { id: format!("series{n}"), title: text(), what }
    });
    QuestionKind::Activity { series: series.collect() }
}
