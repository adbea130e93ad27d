//! What a cell tells besides its count: which rule lets it be shown, and which figures it becomes.

use super::figure::{Figure, Head};
use super::rate::rate;
use super::rounding::{rounded, significant};
use super::rules::Rules;
use super::shown::{Shown, Value};
use super::switches::Rule;
use super::tabulation::{Extra, ExtraHead};
use super::{amount, explanation, interval, mean, median, survival, threshold};
use crate::stats::rate::DAYS_PER_YEAR;

/// What an extra of a cell shows by itself: R11 to R14, and nothing of a cell that R1 hides. That is looked at here and
/// not left to the count, which can be held at a larger one. Where other units than persons are counted, the persons must
/// be enough as well.
pub(super) fn own(
    extra: &Extra,
    (persons, units, families): (u64, u64, u64),
    head: &ExtraHead,
    rules: &Rules,
) -> Value {
    let units = units.min(persons);
    let least = match extra {
        Extra::Mean(_) if rules.applies(Rule::R12) => rules.mean_units(),
        Extra::Median(_) if rules.applies(Rule::R13) => 2 * rules.mean_units(),
        Extra::Mean(_) | Extra::Median(_) => 1,
        Extra::Sum(_) | Extra::Incidence(_) | Extra::Rate { .. } => rules.persons(),
    };
    if !threshold::may_be_shown(units, families, rules) || units < least {
        return Value::Hidden;
    }
    let figures = match extra {
        Extra::Sum(parts) => amount::sum(parts, units, head.decimals, rules).map(|sum| vec![sum]),
        Extra::Mean(moments) => {
            mean::mean(moments, head.decimals, rules).map(|(sum, spread)| vec![sum, spread])
        }
        Extra::Incidence(point) => {
            survival::point(point, rules).map(|(events, at_risk)| vec![events, at_risk])
        }
        Extra::Rate { events, days } => {
            let shown = amount::span(events, units, rules).and(amount::span(days, units, rules));
            let having = events.iter().filter(|part| part.amount > 0);
            let count = having.clone().map(|part| part.amount).sum::<i64>().unsigned_abs();
            let enough = having.count() as u64 >= rules.persons() || !rules.applies(Rule::R11);
            let count = i64::try_from(rounded(count, rules.rounding())).ok().filter(|_| enough);
            shown.zip(count).map(|(days, count)| vec![count, days])
        }
        Extra::Median(bands) => {
            median::band(bands, rules).and_then(|band| i64::try_from(band).ok()).map(|band| vec![band])
        }
    };
    figures.map_or(Value::Hidden, Value::Shown)
}

/// The columns of figures of a kind of extra.
pub(super) fn heads(extra: &Extra, head: &ExtraHead) -> Vec<Head> {
    let unit = head.unit.as_ref();
    let one = |id: &str, decimals: u8| Head::of(id).in_unit(unit, decimals);
    match extra {
        Extra::Sum(_) => vec![one("sum", head.decimals), one("mean", head.decimals.max(1))],
        Extra::Mean(_) => vec![one("mean", head.decimals + 1), one("spread", head.decimals + 1)],
        Extra::Incidence(_) => vec![Head::of("incidence"), Head::of("interval")],
        Extra::Rate { .. } => vec![
            Head::of("events"),
            Head::of("person_years").in_unit(None, 1),
            Head::of("per_100_years").in_unit(None, 1),
            Head::of("interval").in_unit(None, 1),
        ],
        Extra::Median(_) => vec![Head::of("median").in_unit(unit, head.decimals)],
    }
}

/// The figures of a settled extra, from shown values alone: `count` is what the cell shows, `whole` what the cell that it
/// is a part of shows.
pub(super) fn figures(
    extra: &Extra,
    value: &Value,
    (count, whole): (Shown, Shown),
    head: &ExtraHead,
    rules: &Rules,
) -> Vec<Figure> {
    let columns = heads(extra, head).len();
    let (Value::Shown(shown), Shown::Count(count)) = (value, count) else {
        return vec![Figure::Hidden; columns];
    };
    let scale = 10f64.powi(i32::from(head.decimals));
    match extra {
        Extra::Sum(_) => {
            let mean = mean_of(shown[0], count);
            vec![Figure::Number(shown[0] as f64 / scale), Figure::Number(mean / scale)]
        }
        Extra::Mean(_) => {
            let mean = (shown[0] as f64 / count as f64 / scale * scale * 10.0).round() / (scale * 10.0);
            let spread = match shown[1] {
                -1 => Figure::Hidden,
                tenths => Figure::Number(tenths as f64 / (scale * 10.0)),
            };
            vec![Figure::Number(mean), spread]
        }
        Extra::Incidence(_) => {
            let error = explanation::max_error(rules);
            let (events, of) = match shown[0] {
                events if events < 0 => (count, None),
                events => (events.unsigned_abs(), Some(shown[1].unsigned_abs())),
            };
            let interval = match (of, whole) {
                (Some(at_risk), Shown::Count(whole)) => survival::interval(events, whole, at_risk, error),
                _ => interval::share(Shown::Count(events), whole, error),
            };
            vec![Figure::Rate(rate(Shown::Count(events), whole, rules)), interval]
        }
        Extra::Rate { .. } => {
            let (events, days) = (shown[0], shown[1]);
            let years = days as f64 / DAYS_PER_YEAR;
            let tenths = |number: f64| (number * 10.0).round() / 10.0;
            vec![
                Figure::Count(Shown::Count(events.unsigned_abs())),
                Figure::Number(tenths(years)),
                Figure::Number(tenths(events as f64 / years * 100.0)),
                interval::rate(events.unsigned_abs(), days.unsigned_abs(), rules),
            ]
        }
        Extra::Median(_) => {
            let band = usize::try_from(shown[0]).unwrap_or(0);
            let limit = |at: usize| head.bands.get(at).map(|limit| *limit as f64 / scale);
            let low = band.checked_sub(1).and_then(limit).unwrap_or(0.0);
            vec![limit(band).map_or(Figure::From(low), |high| Figure::Range(low, high))]
        }
    }
}

/// A mean of shown parts, to three significant digits.
fn mean_of(sum: i64, count: u64) -> f64 {
    // In thousandths of the smallest unit, so that small means keep digits.
    let thousandths = i128::from(sum) * 1000 / i128::from(count.max(1));
    significant(thousandths, 3) as f64 / 1000.0
}
