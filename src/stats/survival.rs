//! Kaplan-Meier survival with censoring.
//!
//! Sources: E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, Journal of the American
//! Statistical Association 53 (1958) 457-481; M. Greenwood, The natural duration of cancer (1926), for the variance;
//! J. D. Kalbfleisch and R. L. Prentice, The statistical analysis of failure time data (1980), for the log(−log) interval.
//!
//! A person who is censored on the day of another's event was at risk of it: on one day, events come first.

use std::collections::BTreeMap;

use super::StatsError;
use super::count::exact;
use super::interval::{Confidence, Interval};

/// S within this of ½, relatively, has reached it: rounding does not move the median.
const SAME: f64 = 1e-12;

/// One day on which events happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Days from the start of follow-up.
    pub time: u32,
    /// Persons with neither event nor censoring before this day.
    pub at_risk: u64,
    /// Events on this day.
    pub events: u64,
    /// S from this day on, until the next step.
    pub survival: f64,
    /// Greenwood's variance of `survival`: S² Σ d / (n (n − d)) up to and with this day; 0 once S is 0, its limit.
    pub variance: f64,
    /// Σ ln(1 − d/n) and Σ d / (n (n − d)), which the log(−log) interval is made of.
    ln_survival: f64,
    greenwood: f64,
}

/// The curve at a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// S(t): the estimated share without an event up to and with day t.
    pub survival: f64,
    /// Greenwood's variance of it.
    pub variance: f64,
    /// Events up to and with day t.
    pub events: u64,
    /// Persons with neither event nor censoring before day t. Where it is 0, nobody was followed for so long, and S is
    /// only what it was when the last one left.
    pub at_risk_before: u64,
    /// Persons with neither event nor censoring up to and with day t.
    pub at_risk_after: u64,
    ln_survival: f64,
    greenwood: f64,
}

/// A Kaplan-Meier curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    steps: Vec<Step>,
    /// Each day on which somebody left, with how many had left by its end; ascending.
    left: Vec<(u32, u64)>,
    persons: u64,
    events: u64,
    person_days: u64,
}

impl Curve {
    /// From each person's days of follow-up and whether they ended in the event; in any order.
    ///
    /// # Errors
    /// [`StatsError::Nobody`] without observations, [`StatsError::TooLarge`].
    pub fn of(observations: &[(u32, bool)]) -> Result<Curve, StatsError> {
        let mut days: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (time, event) in observations {
            let (events, censored) = days.entry(*time).or_default();
            *(if *event { events } else { censored }) += 1;
        }
        Curve::of_days(&days)
    }

    /// From the number of events and of persons censored on each day.
    ///
    /// # Errors
    /// [`StatsError::Nobody`] without observations, [`StatsError::TooLarge`] above 2³² − 1 persons.
    pub fn of_days(days: &BTreeMap<u32, (u64, u64)>) -> Result<Curve, StatsError> {
        let mut persons = 0_u64;
        for (events, censored) in days.values() {
            persons = [persons, *events, *censored]
                .iter()
                .try_fold(0_u64, |sum, count| sum.checked_add(*count))
                .ok_or(StatsError::TooLarge)?;
        }
        if persons == 0 {
            return Err(StatsError::Nobody);
        }
        exact(persons)?;
        let mut curve = Curve { steps: Vec::new(), left: Vec::new(), persons, events: 0, person_days: 0 };
        let (mut at_risk, mut ln_survival, mut greenwood) = (persons, 0.0, 0.0);
        // S is a product over runs of steps without censoring between them. Within a run the factors (n − d)/n cancel to
        // one: where nobody is censored, S is the share that is left, exactly rounded.
        let (mut before_run, mut run_start) = (1.0, exact(persons)?);
        for (time, (events, censored)) in days {
            if events + censored == 0 {
                continue;
            }
            let remaining = at_risk - events;
            if *events > 0 {
                let (n, d, rest) = (exact(at_risk)?, exact(*events)?, exact(remaining)?);
                let survival = before_run * (rest / run_start);
                if remaining > 0 {
                    ln_survival += (-d / n).ln_1p();
                    greenwood += d / (n * rest);
                }
                let variance = survival * survival * greenwood;
                curve.steps.push(Step {
                    time: *time,
                    at_risk,
                    events: *events,
                    survival,
                    variance,
                    ln_survival,
                    greenwood,
                });
            }
            if *censored > 0 {
                before_run *= exact(remaining)? / run_start;
                run_start = exact(remaining - censored)?;
            }
            at_risk = remaining - censored;
            curve.left.push((*time, persons - at_risk));
            curve.events += events;
            // At most 2³² persons of 2³² days: no overflow.
            curve.person_days += u64::from(*time) * (events + censored);
        }
        Ok(curve)
    }

    /// The days with events, ascending.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Persons followed.
    #[must_use]
    pub fn persons(&self) -> u64 {
        self.persons
    }

    /// Events in all.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Person-time: the days of follow-up of all persons together.
    #[must_use]
    pub fn person_days(&self) -> u64 {
        self.person_days
    }

    /// The last day on which anybody was followed.
    #[must_use]
    pub fn last_day(&self) -> u32 {
        self.left.last().map_or(0, |(time, _)| *time)
    }

    /// The first day on which S is at most ½; `None` when it is not reached.
    #[must_use]
    pub fn median(&self) -> Option<u32> {
        self.steps.iter().find(|step| step.survival <= 0.5 * (1.0 + SAME)).map(|step| step.time)
    }

    /// The curve at the end of day `time`.
    #[must_use]
    pub fn at(&self, time: u32) -> At {
        let steps = &self.steps[..self.steps.partition_point(|step| step.time <= time)];
        let left_by = |end: usize| end.checked_sub(1).map_or(0, |last| self.left[last].1);
        let before = left_by(self.left.partition_point(|(day, _)| *day < time));
        let after = left_by(self.left.partition_point(|(day, _)| *day <= time));
        let last = steps.last();
        At {
            survival: last.map_or(1.0, |step| step.survival),
            variance: last.map_or(0.0, |step| step.variance),
            events: steps.iter().map(|step| step.events).sum(),
            at_risk_before: self.persons - before,
            at_risk_after: self.persons - after,
            ln_survival: last.map_or(0.0, |step| step.ln_survival),
            greenwood: last.map_or(0.0, |step| step.greenwood),
        }
    }
}

impl At {
    /// Cumulative incidence, 1 − S(t). Turn an interval for S round with [`Interval::complement`].
    #[must_use]
    pub fn incidence(&self) -> f64 {
        1.0 - self.survival
    }

    /// The plain interval for S, S ± z √variance, cut to 0 and 1. `None` while S is 1 and once it is 0: Greenwood's
    /// variance is 0 there and says nothing.
    #[must_use]
    pub fn plain(&self, confidence: Confidence) -> Option<Interval> {
        let half = confidence.z() * self.variance.sqrt();
        self.between().then(|| Interval {
            lower: (self.survival - half).max(0.0),
            upper: (self.survival + half).min(1.0),
        })
    }

    /// The log(−log) interval for S, S^exp(±z √(Σ d / (n (n − d))) / ln S), within 0 and 1 by itself. `None` where
    /// [`plain`](Self::plain) is.
    #[must_use]
    pub fn log_log(&self, confidence: Confidence) -> Option<Interval> {
        self.between().then(|| {
            let half = confidence.z() * self.greenwood.sqrt() / -self.ln_survival;
            let bound = |power: f64| (self.ln_survival * power.exp()).exp();
            Interval { lower: bound(half), upper: bound(-half) }
        })
    }

    fn between(&self) -> bool {
        0.0 < self.survival && self.survival < 1.0
    }
}

#[cfg(test)]
#[path = "survival_tests.rs"]
mod tests;
