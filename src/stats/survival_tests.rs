use proptest::prelude::*;

use super::*;

/// Weeks in remission of 21 children under 6-MP: E. J. Freireich and others, Blood 21 (1963) 699-716.
const SIX_MP: [(u32, bool); 21] = [
    (6, true),
    (6, true),
    (6, true),
    (6, false),
    (7, true),
    (9, false),
    (10, true),
    (10, false),
    (11, false),
    (13, true),
    (16, true),
    (17, false),
    (19, false),
    (20, false),
    (22, true),
    (23, true),
    (25, false),
    (32, false),
    (32, false),
    (34, false),
    (35, false),
];

/// The same under placebo: all relapsed.
const PLACEBO: [u32; 21] = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];

fn placebo() -> Curve {
    Curve::of(&PLACEBO.map(|time| (time, true))).expect("a curve")
}

/// J. P. Klein and M. L. Moeschberger, Survival Analysis (2003), table 4.1: S and Greenwood's standard errors.
#[test]
fn remissions_under_6_mp() {
    let curve = Curve::of(&SIX_MP).expect("a curve");
    let wanted = [
        (6, 21, 3, 0.857, 0.076),
        (7, 17, 1, 0.807, 0.087),
        (10, 15, 1, 0.753, 0.096),
        (13, 12, 1, 0.690, 0.107),
        (16, 11, 1, 0.627, 0.114),
        (22, 7, 1, 0.538, 0.128),
        (23, 6, 1, 0.448, 0.135),
    ];
    assert_eq!(curve.steps().len(), wanted.len());
    for (step, (time, at_risk, events, survival, error)) in curve.steps().iter().zip(wanted) {
        assert_eq!((step.time, step.at_risk, step.events), (time, at_risk, events));
        assert!((step.survival - survival).abs() <= 0.0005, "{step:?}");
        assert!((step.variance.sqrt() - error).abs() <= 0.0005, "{step:?}");
    }
    assert_eq!(
        (curve.median(), curve.person_days(), curve.events(), curve.last_day()),
        (Some(23), 359, 9, 35)
    );
}

/// The log(−log) interval as `survfit(..., conf.type = "log-log")` of R prints it, and the plain one by hand.
#[test]
fn intervals_under_6_mp() {
    let at = Curve::of(&SIX_MP).expect("a curve").at(9);
    let found = at.log_log(Confidence::ninety_five()).expect("an interval");
    assert!((found.lower - 0.563).abs() <= 0.0005 && (found.upper - 0.923).abs() <= 0.0005, "{found:?}");
    let found = at.plain(Confidence::ninety_five()).expect("an interval");
    assert!((found.lower - 0.636).abs() <= 0.0005 && (found.upper - 0.977).abs() <= 0.0005, "{found:?}");
}

#[test]
fn a_person_censored_on_the_day_of_an_event_was_at_risk_of_it() {
    let curve = Curve::of(&[(5, false), (5, true), (9, true)]).expect("a curve");
    assert_eq!(curve.steps()[0].at_risk, 3);
    assert!((curve.at(5).survival - 2.0 / 3.0).abs() < 1e-15);
    assert_eq!((curve.at(5).at_risk_before, curve.at(5).at_risk_after), (3, 1));
}

#[test]
fn before_between_and_after_the_steps() {
    let curve = Curve::of(&SIX_MP).expect("a curve");
    let none = curve.at(5);
    assert_eq!((none.survival, none.variance, none.events), (1.0, 0.0, 0));
    assert_eq!((none.at_risk_before, none.at_risk_after), (21, 21));
    assert_eq!(
        (none.plain(Confidence::ninety_five()), none.log_log(Confidence::ninety_five())),
        (None, None)
    );
    assert_eq!((curve.at(9).at_risk_before, curve.at(9).at_risk_after, curve.at(9).events), (16, 15, 4));
    let last = curve.at(u32::MAX);
    assert_eq!((last.at_risk_before, last.at_risk_after, last.events), (0, 0, 9));
    assert_eq!(last.survival, curve.at(23).survival);
}

#[test]
fn everybody_has_the_event() {
    let curve = placebo();
    assert_eq!((curve.median(), curve.person_days()), (Some(8), 182));
    let end = curve.at(23);
    assert_eq!((end.survival, end.variance, end.incidence()), (0.0, 0.0, 1.0));
    assert_eq!((end.plain(Confidence::ninety_five()), end.log_log(Confidence::ninety_five())), (None, None));
}

#[test]
fn the_median_does_not_hang_on_rounding() {
    for n in (2..=400_u32).step_by(2) {
        let halved: Vec<(u32, bool)> = (1..=n).map(|day| (day, true)).collect();
        assert_eq!(Curve::of(&halved).expect("a curve").median(), Some(n / 2), "{n}");
    }
    // Two days with events and censoring between them: S = a/n × b/m against ½ in whole numbers.
    let mut halves = 0;
    for n in 2..24_u64 {
        for (d, censored) in (1..n).flat_map(|d| (1..n - d).map(move |censored| (d, censored))) {
            let m = n - d - censored;
            for e in 1..=m {
                let days = BTreeMap::from([(1, (d, 0)), (2, (0, censored)), (3, (e, 0)), (4, (0, m - e))]);
                let median = Curve::of_days(&days).expect("a curve").median();
                let (twice, whole) = (2 * (n - d) * (m - e), n * m);
                halves += u32::from(twice == whole && 2 * (n - d) > n);
                let wanted = if 2 * (n - d) <= n { Some(1) } else { Some(3).filter(|_| twice <= whole) };
                assert_eq!(median, wanted, "{n} {d} {censored} {e}");
            }
        }
    }
    assert!(halves > 20, "{halves} curves reach ½ exactly on the second day");
}

#[test]
fn what_is_no_curve() {
    assert_eq!(Curve::of(&[]), Err(StatsError::Nobody));
    assert_eq!(Curve::of_days(&BTreeMap::from([(3, (0, 0))])), Err(StatsError::Nobody));
    for counts in [(u64::MAX, 1), (1 << 32, 0), (0, 1 << 32)] {
        assert_eq!(Curve::of_days(&BTreeMap::from([(3, counts)])), Err(StatsError::TooLarge));
    }
    // The longest follow-up of the most persons there are.
    let most = BTreeMap::from([(u32::MAX, (u64::from(u32::MAX), 0))]);
    let curve = Curve::of_days(&most).expect("a curve");
    assert_eq!(curve.person_days(), u64::from(u32::MAX) * u64::from(u32::MAX));
}

fn observations() -> impl Strategy<Value = Vec<(u32, bool)>> {
    prop_oneof![
        proptest::collection::vec((0_u32..12, any::<bool>()), 1..60),
        proptest::collection::vec((0_u32..2_000, any::<bool>()), 1..60),
        proptest::collection::vec((any::<u32>(), proptest::bool::weighted(0.1)), 1..60),
    ]
}

proptest! {
    #[test]
    fn survival_never_rises_and_has_a_spread(observations in observations(), level in 0.5..0.999_999_f64) {
        let confidence = Confidence::new(level).expect("a level");
        let curve = Curve::of(&observations).expect("a curve");
        let mut before = 1.0;
        for step in curve.steps() {
            prop_assert!((0.0..=before).contains(&step.survival) && step.survival < 1.0);
            prop_assert!(step.variance >= 0.0 && step.variance <= 0.25 && step.events >= 1);
            prop_assert!(step.events <= step.at_risk);
            before = step.survival;
            let at = curve.at(step.time);
            prop_assert_eq!(at.survival, step.survival);
            prop_assert_eq!(at.at_risk_before, step.at_risk);
            for interval in [at.plain(confidence), at.log_log(confidence)] {
                prop_assert_eq!(interval.is_none(), at.survival == 0.0);
                let Some(interval) = interval else { continue };
                prop_assert!(0.0 <= interval.lower && interval.upper <= 1.0);
                prop_assert!(interval.lower <= at.survival * (1.0 + 1e-14));
                prop_assert!(at.survival * (1.0 - 1e-14) <= interval.upper);
                prop_assert!((interval.complement().upper + interval.lower - 1.0).abs() < 1e-15);
            }
        }
    }

    /// By the definitions, person by person.
    #[test]
    fn counts_are_those_of_the_persons(observations in observations(), day in 0_u32..2_100) {
        let curve = Curve::of(&observations).expect("a curve");
        let at = curve.at(day);
        let count = |test: &dyn Fn(u32, bool) -> bool| {
            u64::try_from(observations.iter().filter(|(time, event)| test(*time, *event)).count()).unwrap()
        };
        prop_assert_eq!(at.at_risk_before, count(&|time, _| time >= day));
        prop_assert_eq!(at.at_risk_after, count(&|time, _| time > day));
        prop_assert_eq!(at.events, count(&|time, event| event && time <= day));
        prop_assert_eq!(curve.person_days(), observations.iter().map(|(time, _)| u64::from(*time)).sum::<u64>());
        prop_assert_eq!((curve.persons(), curve.events()), (count(&|_, _| true), count(&|_, event| event)));
    }

    /// The product over every day, with the variance as its recurrence has it.
    #[test]
    fn the_product_day_by_day(observations in proptest::collection::vec((0_u32..30, any::<bool>()), 1..80)) {
        let curve = Curve::of(&observations).expect("a curve");
        let (mut survival, mut sum) = (1.0, 0.0);
        for day in 0..30 {
            let n = observations.iter().filter(|(time, _)| *time >= day).count() as f64;
            let d = observations.iter().filter(|(time, event)| *time == day && *event).count() as f64;
            if d > 0.0 {
                survival *= 1.0 - d / n;
                sum += if d < n { d / (n * (n - d)) } else { 0.0 };
            }
            prop_assert!((curve.at(day).survival - survival).abs() < 1e-14);
            prop_assert!((curve.at(day).variance - survival * survival * sum).abs() < 1e-14);
        }
    }

    #[test]
    fn without_censoring_it_is_the_share_that_is_left(times in proptest::collection::vec(0_u32..40, 1..80)) {
        let all: Vec<(u32, bool)> = times.iter().map(|time| (*time, true)).collect();
        let curve = Curve::of(&all).expect("a curve");
        for day in 0..40 {
            let (left, n) = (times.iter().filter(|time| **time > day).count() as f64, times.len() as f64);
            let at = curve.at(day);
            prop_assert_eq!(at.survival, left / n);
            // Greenwood's variance is then the binomial one.
            prop_assert!((at.variance - left / n * (1.0 - left / n) / n).abs() < 1e-15);
        }
    }

    #[test]
    fn the_order_of_persons_says_nothing(observations in observations(), by in any::<prop::sample::Index>()) {
        let mut turned = observations.clone();
        turned.rotate_left(by.index(observations.len()));
        prop_assert_eq!(Curve::of(&turned), Curve::of(&observations));
    }
}
