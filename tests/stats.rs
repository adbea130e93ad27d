//! `stats` against other people's implementations of the same statistics, in `tests/fixtures/stats/`: `make.py` there says
//! by what, in which versions, with which seeds.
#![cfg(feature = "service")]

use kobling::stats::mean::{self, Moments};
use kobling::stats::quantile::{self, Tail};
use kobling::stats::rate::EventRate;
use kobling::stats::share::{self, Share};
use kobling::stats::survival::Curve;
use kobling::stats::{Confidence, Interval};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Fixture<T> {
    cases: Vec<T>,
}

/// The cases of a fixture, of which there must be at least so many.
fn cases<T: DeserializeOwned>(name: &str, least: usize) -> Vec<T> {
    let path = format!("{}/tests/fixtures/stats/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let fixture: Fixture<T> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(fixture.cases.len() >= least, "{path}: {} cases", fixture.cases.len());
    fixture.cases
}

/// To 1e-9, of the value or, below 1e-3, absolutely to 1e-12.
#[track_caller]
fn near(found: f64, wanted: f64, what: &str) {
    within(found, wanted, 1e-9, what);
}

#[track_caller]
fn within(found: f64, wanted: f64, relative: f64, what: &str) {
    let error = (found - wanted).abs();
    assert!(error <= relative * wanted.abs().max(1e-3), "{what}: {found} for {wanted}, {error:e} off");
}

#[track_caller]
fn interval_near(found: Interval, wanted: [f64; 2], what: &str) {
    near(found.lower, wanted[0], what);
    near(found.upper, wanted[1], what);
}

fn at(level: f64) -> Confidence {
    Confidence::new(level).expect("a level")
}

#[derive(Deserialize)]
struct SurvivalCase {
    times: Vec<u32>,
    events: Vec<u8>,
    level: f64,
    steps: Vec<SurvivalStep>,
    median: Option<u32>,
}

#[derive(Deserialize)]
struct SurvivalStep {
    time: u32,
    at_risk: u64,
    events: u64,
    survival: f64,
    /// Standard error and interval, where S is neither 1 nor 0.
    error: Option<f64>,
    log_log: Option<[f64; 2]>,
}

#[test]
fn survival_by_lifelines_and_statsmodels() {
    let (mut steps, mut ties) = (0, 0);
    for (number, case) in cases::<SurvivalCase>("survival", 80).iter().enumerate() {
        let observations: Vec<(u32, bool)> =
            case.times.iter().zip(&case.events).map(|(time, event)| (*time, *event == 1)).collect();
        let curve = Curve::of(&observations).unwrap();
        assert_eq!(curve.median(), case.median, "case {number}");
        assert_eq!(curve.steps().len(), case.steps.len(), "case {number}");
        for (found, wanted) in curve.steps().iter().zip(&case.steps) {
            let what = format!("case {number}, day {}", wanted.time);
            assert_eq!(
                (found.time, found.at_risk, found.events),
                (wanted.time, wanted.at_risk, wanted.events)
            );
            near(found.survival, wanted.survival, &what);
            let at_day = curve.at(wanted.time);
            let (plain, log_log) = (at_day.plain(at(case.level)), at_day.log_log(at(case.level)));
            match (wanted.error, wanted.log_log) {
                (Some(error), Some(wanted_log_log)) => {
                    near(found.variance.sqrt(), error, &what);
                    interval_near(log_log.unwrap(), wanted_log_log, &what);
                    let half = at(case.level).z() * error;
                    let cut = [(wanted.survival - half).max(0.0), (wanted.survival + half).min(1.0)];
                    interval_near(plain.unwrap(), cut, &what);
                    steps += 1;
                }
                _ => assert_eq!((found.variance, plain, log_log), (0.0, None, None), "{what}"),
            }
            ties += u32::from(observations.contains(&(wanted.time, false)));
        }
    }
    assert!(steps > 300 && ties > 30, "{steps} steps, {ties} with events and censoring on one day");
}

#[derive(Deserialize)]
struct ShareCase {
    a: (u64, u64),
    b: (u64, u64),
    level: f64,
    wilson: [f64; 2],
    newcombe: [f64; 2],
}

#[test]
fn shares_by_statsmodels() {
    for case in cases::<ShareCase>("share", 150) {
        let (a, b) = (Share::new(case.a.0, case.a.1).unwrap(), Share::new(case.b.0, case.b.1).unwrap());
        let what = format!("{:?} {:?} at {}", case.a, case.b, case.level);
        interval_near(a.wilson(at(case.level)), case.wilson, &what);
        interval_near(share::newcombe(a, b, at(case.level)), case.newcombe, &what);
    }
}

#[derive(Deserialize)]
struct RateCase {
    events: u64,
    days: u64,
    level: f64,
    rate: f64,
    garwood: [f64; 2],
    byar: [f64; 2],
}

#[test]
fn rates_by_statsmodels() {
    for case in cases::<RateCase>("rate", 120) {
        let rate = EventRate::new(case.events, case.days).unwrap();
        let what = format!("{} in {} days at {}", case.events, case.days, case.level);
        near(rate.per_100_person_years(), case.rate, &what);
        interval_near(rate.garwood(at(case.level)), case.garwood, &what);
        interval_near(rate.byar(at(case.level)), case.byar, &what);
    }
}

#[derive(Deserialize)]
struct MeanCase {
    before: Vec<i64>,
    changes: Vec<i64>,
    others: Vec<i64>,
    level: f64,
    mean: f64,
    variance: f64,
    change: f64,
    interval: [f64; 2],
    d: f64,
    g: f64,
    standardised: f64,
}

#[test]
fn means_by_scipy() {
    for (number, case) in cases::<MeanCase>("mean", 60).into_iter().enumerate() {
        let what = format!("case {number}");
        let [before, changes, others] =
            [case.before, case.changes, case.others].map(|v| Moments::of(v).unwrap());
        within(before.mean(), case.mean, 1e-15, &what);
        within(before.variance().unwrap(), case.variance, 1e-14, &what);
        let change = mean::paired_change(&changes, at(case.level)).unwrap();
        within(change.mean, case.change, 1e-14, &what);
        interval_near(change.interval, case.interval, &what);
        near(mean::cohens_d(&before, &others).unwrap(), case.d, &what);
        near(mean::hedges_g(&before, &others).unwrap(), case.g, &what);
        near(mean::standardised_change(&changes, &before).unwrap(), case.standardised, &what);
    }
}

#[derive(Deserialize)]
struct QuantileCase {
    /// Probability above the quantile.
    q: f64,
    freedom: u32,
    normal: f64,
    chi_square: f64,
    t: f64,
}

#[test]
fn quantiles_by_40_digits() {
    for case in cases::<QuantileCase>("quantile", 60) {
        let what = format!("{:e}, {} degrees of freedom", case.q, case.freedom);
        within(quantile::normal(Tail::Upper, case.q).unwrap(), case.normal, 1e-13, &what);
        within(quantile::normal(Tail::Lower, case.q).unwrap(), -case.normal, 1e-13, &what);
        within(
            quantile::chi_square(Tail::Upper, case.q, case.freedom).unwrap(),
            case.chi_square,
            1e-13,
            &what,
        );
        within(quantile::student_t(Tail::Upper, case.q, case.freedom).unwrap(), case.t, 1e-13, &what);
    }
}
