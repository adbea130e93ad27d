//! Events per person-time, and their intervals.
//!
//! Sources: F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936) 437-442, in the gamma form
//! (Ulm, American Journal of Epidemiology 131 (1990) 373-375); Byar's approximation as in N. E. Breslow and N. E. Day,
//! Statistical methods in cancer research II (1987), section 2.3, and K. J. Rothman and J. D. Boice,
//! Epidemiologic analysis with a programmable calculator (1979).

use super::StatsError;
use super::count::{Uncertain, exact};
use super::interval::{Confidence, Interval};
use super::quantile::{self, Tail};

/// Days in a year.
pub const DAYS_PER_YEAR: f64 = 365.25;

/// Person-years that a rate is given per.
pub const PERSON_YEARS: f64 = 100.0;

/// The most person-days taken, 2⁵³: exact as `f64`.
pub const MOST_PERSON_DAYS: u64 = 1 << 53;

/// Events over person-time. Person-time is taken as known without error, events as a Poisson count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRate {
    events: f64,
    /// In units of [`PERSON_YEARS`], above 0.
    time: f64,
}

impl EventRate {
    /// Events and the person-days in which they were counted.
    ///
    /// # Errors
    /// [`StatsError::NoTime`] without person-days, [`StatsError::TooLarge`].
    pub fn new(events: u64, person_days: u64) -> Result<EventRate, StatsError> {
        Ok(EventRate { events: exact(events)?, time: hundreds_of_years(person_days)? })
    }

    /// Events per 100 person-years.
    #[must_use]
    pub fn per_100_person_years(self) -> f64 {
        self.events / self.time
    }

    /// Garwood's exact interval per 100 person-years; its lower bound is 0 without events.
    #[must_use]
    pub fn garwood(self, confidence: Confidence) -> Interval {
        garwood(self.events, confidence).times(self.time.recip())
    }

    /// Byar's approximation per 100 person-years; its lower bound is 0 without events, and where it would be negative.
    #[must_use]
    pub fn byar(self, confidence: Confidence) -> Interval {
        byar(self.events, confidence).times(self.time.recip())
    }
}

/// Person-days in units of 100 person-years.
fn hundreds_of_years(person_days: u64) -> Result<f64, StatsError> {
    match person_days {
        0 => Err(StatsError::NoTime),
        // Exact: at most 2⁵³.
        1..=MOST_PERSON_DAYS => Ok(person_days as f64 / DAYS_PER_YEAR / PERSON_YEARS),
        _ => Err(StatsError::TooLarge),
    }
}

/// Bounds for the mean of a Poisson count: half the chi-square quantiles with 2x and 2x + 2 degrees of freedom.
fn garwood(events: f64, confidence: Confidence) -> Interval {
    let quantile = |tail, shape| {
        quantile::gamma(tail, confidence.tail(), shape)
            .expect("the tail of a confidence level and the shape of a 32-bit count are admissible")
    };
    Interval {
        lower: if events == 0.0 { 0.0 } else { quantile(Tail::Lower, events) },
        upper: quantile(Tail::Upper, events + 1.0),
    }
}

/// Bounds for the mean of a Poisson count by the cube root's normal approximation.
fn byar(events: f64, confidence: Confidence) -> Interval {
    let cube = |count: f64, z: f64| {
        let root = 1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt());
        count * root.max(0.0).powi(3)
    };
    let z = confidence.z();
    Interval { lower: if events == 0.0 { 0.0 } else { cube(events, -z) }, upper: cube(events + 1.0, z) }
}

/// A rate of which the events are known to within an error and the person-time to within a relative error `r`: it is
/// from (1 − r) to (1 + r) times the one given.
///
/// The envelopes are the least lower bound, of the fewest events in the most time, and the greatest upper bound, of the
/// most events in the least time. Garwood's bounds rise with the events, because a gamma quantile rises with the shape.
/// Byar's do: the cube root of the lower one, x^⅓ − x^(−⅔)/9 − z x^(−⅙)/3, rises term by term; that of the upper one,
/// with x + 1 and + z, rises where z < 6 √(x + 1) + 4 / (3 √(x + 1)), which is at least 7.3, and no
/// [`Confidence`] has a z above 4.9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UncertainRate {
    least: EventRate,
    greatest: EventRate,
}

impl UncertainRate {
    /// # Errors
    /// [`StatsError::NoTime`] without person-days, [`StatsError::RelativeError`] outside 0 to below 1,
    /// [`StatsError::TooLarge`].
    pub fn new(
        events: Uncertain,
        person_days: u64,
        relative_error: f64,
    ) -> Result<UncertainRate, StatsError> {
        if !(0.0..1.0).contains(&relative_error) {
            return Err(StatsError::RelativeError);
        }
        let time = hundreds_of_years(person_days)?;
        Ok(UncertainRate {
            least: EventRate { events: exact(events.least())?, time: time * (1.0 + relative_error) },
            greatest: EventRate { events: exact(events.greatest())?, time: time * (1.0 - relative_error) },
        })
    }

    /// The least and the greatest rate per 100 person-years.
    #[must_use]
    pub fn per_100_person_years(self) -> Interval {
        Interval { lower: self.least.per_100_person_years(), upper: self.greatest.per_100_person_years() }
    }

    /// The least lower and the greatest upper bound of [`EventRate::garwood`]; both are attained.
    #[must_use]
    pub fn garwood(self, confidence: Confidence) -> Interval {
        Interval {
            lower: self.least.garwood(confidence).lower,
            upper: self.greatest.garwood(confidence).upper,
        }
    }

    /// The least lower and the greatest upper bound of [`EventRate::byar`]; both are attained.
    #[must_use]
    pub fn byar(self, confidence: Confidence) -> Interval {
        Interval { lower: self.least.byar(confidence).lower, upper: self.greatest.byar(confidence).upper }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ninety_five() -> Confidence {
        Confidence::ninety_five()
    }

    /// Garwood 1936, the table of 95 per cent limits.
    #[test]
    fn garwoods_limits() {
        for (events, lower, upper) in [
            (0.0, 0.0, 3.69),
            (1.0, 0.025, 5.57),
            (2.0, 0.24, 7.22),
            (5.0, 1.62, 11.67),
            (10.0, 4.80, 18.39),
            (20.0, 12.22, 30.89),
            (50.0, 37.11, 65.92),
        ] {
            let found = garwood(events, ninety_five());
            assert!((found.lower - lower).abs() <= 0.005, "{events}: {found:?}");
            assert!((found.upper - upper).abs() <= 0.005, "{events}: {found:?}");
        }
    }

    /// How close the approximation is, from one event on.
    #[test]
    fn byars_approximation_is_close_to_the_exact_limits() {
        for events in 1..=1000_u32 {
            let (exact, close) =
                (garwood(f64::from(events), ninety_five()), byar(f64::from(events), ninety_five()));
            let within = if events < 5 { 0.06 } else { 0.015 };
            assert!((close.lower - exact.lower).abs() < within, "{events}: {exact:?} {close:?}");
            assert!((close.upper - exact.upper).abs() < within, "{events}: {exact:?} {close:?}");
        }
    }

    /// Remissions under 6-MP and placebo, Freireich and others 1963: 9 relapses in 359 weeks, 21 in 182; 0.025 and
    /// 0.115 a week in D. G. Kleinbaum and M. Klein, Survival Analysis, chapter 1.
    #[test]
    fn relapses_per_person_time() {
        for (events, weeks, a_week) in [(9, 359, 0.025), (21, 182, 0.115)] {
            let rate = EventRate::new(events, weeks * 7).expect("a rate").per_100_person_years();
            assert!((rate / PERSON_YEARS / DAYS_PER_YEAR * 7.0 - a_week).abs() < 0.0005, "{rate}");
        }
        // 10 events in 36,525 days are 10 in 100 years.
        let ten = EventRate::new(10, 36_525).expect("a rate");
        assert!((ten.per_100_person_years() - 10.0).abs() < 1e-12);
        assert!((ten.garwood(ninety_five()).upper - 18.390).abs() < 0.0005);
    }

    #[test]
    fn what_is_no_rate() {
        assert_eq!(EventRate::new(3, 0), Err(StatsError::NoTime));
        assert_eq!(EventRate::new(u64::MAX, 5), Err(StatsError::TooLarge));
        assert_eq!(EventRate::new(3, MOST_PERSON_DAYS + 1), Err(StatsError::TooLarge));
        for error in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(UncertainRate::new(Uncertain::known(3), 5, error), Err(StatsError::RelativeError));
        }
        assert_eq!(UncertainRate::new(Uncertain::known(3), 0, 0.1), Err(StatsError::NoTime));
        let endless = Uncertain { value: 3, error: u64::MAX };
        assert_eq!(UncertainRate::new(endless, 5, 0.1), Err(StatsError::TooLarge));
    }

    #[test]
    fn the_largest_counts_have_an_interval() {
        let most = EventRate::new(u64::from(u32::MAX), MOST_PERSON_DAYS).expect("a rate");
        let confidence = Confidence::new(0.999_999).expect("a level");
        let (exact, close) = (most.garwood(confidence), most.byar(confidence));
        assert!(exact.contains(most.per_100_person_years()));
        assert!(
            (exact.lower / close.lower - 1.0).abs() < 1e-9 && (exact.upper / close.upper - 1.0).abs() < 1e-9
        );
    }

    fn levels() -> impl Strategy<Value = Confidence> {
        prop_oneof![0.5..0.999_999_f64, Just(0.95), Just(0.999_999)]
            .prop_map(|l| Confidence::new(l).expect("a level"))
    }

    proptest! {
        #[test]
        fn intervals_lie_around_the_rate(events in 0_u64..5_000, days in 1..MOST_PERSON_DAYS, c in levels()) {
            let rate = EventRate::new(events, days).expect("a rate");
            for found in [rate.garwood(c), rate.byar(c)] {
                prop_assert!(found.lower >= 0.0 && found.upper.is_finite());
                prop_assert!(found.contains(rate.per_100_person_years()), "{:?}", found);
            }
        }

        /// By the definition: as many events or more are as unlikely as the tail at the lower bound, as many or fewer
        /// at the upper.
        #[test]
        fn garwoods_bounds_have_the_tail_outside(events in 0_u32..60, c in levels()) {
            let found = garwood(f64::from(events), c);
            let at_most = |mean: f64, count: u32| {
                let (mut term, mut sum) = ((-mean).exp(), 0.0);
                for k in 0..=count {
                    sum += term;
                    term *= mean / f64::from(k + 1);
                }
                sum
            };
            prop_assert!((at_most(found.upper, events) / c.tail() - 1.0).abs() < 1e-9);
            if events > 0 {
                prop_assert!((1.0 - at_most(found.lower, events - 1) - c.tail()).abs() < 1e-12);
            }
        }

        #[test]
        fn the_envelope_is_that_of_every_count_and_time(
            value in 0_u64..60, error in 0_u64..10, days in 1_u64..1_000_000, relative in 0.0..0.9_f64,
            within in proptest::collection::vec(-1.0..=1.0_f64, 3), c in levels(),
        ) {
            let events = Uncertain { value, error };
            let uncertain = UncertainRate::new(events, days, relative).expect("a rate");
            let time = hundreds_of_years(days).expect("time");
            let (exact, close, values) = (uncertain.garwood(c), uncertain.byar(c), uncertain.per_100_person_years());
            let (mut exacts, mut closes) = (Vec::new(), Vec::new());
            for count in events.least()..=events.greatest() {
                for at in within.iter().chain(&[-1.0, 1.0]) {
                    let rate = EventRate { events: count as f64, time: time * (1.0 + at * relative) };
                    exacts.push(rate.garwood(c));
                    closes.push(rate.byar(c));
                    let value = rate.per_100_person_years();
                    prop_assert!(values.lower <= value * (1.0 + 1e-12) && value * (1.0 - 1e-12) <= values.upper);
                }
            }
            for (envelope, all) in [(exact, exacts), (close, closes)] {
                let lower = all.iter().map(|i| i.lower).fold(f64::INFINITY, f64::min);
                let upper = all.iter().map(|i| i.upper).fold(0.0, f64::max);
                prop_assert!((envelope.lower - lower).abs() <= 1e-12 * lower);
                prop_assert!((envelope.upper - upper).abs() <= 1e-12 * upper);
            }
        }
    }
}
