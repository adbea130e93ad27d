//! A confidence level, and the interval at it.

use super::StatsError;
use super::quantile::{self, Tail};

/// Two finite bounds, the lower at most the upper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

impl Interval {
    /// Whether a value lies in it, bounds included.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// The interval of `1 − value`: of cumulative incidence from that of survival, of failures from that of successes.
    #[must_use]
    pub fn complement(self) -> Interval {
        Interval { lower: 1.0 - self.upper, upper: 1.0 - self.lower }
    }

    /// Both bounds times a positive number, for a change of unit.
    pub(super) fn times(self, factor: f64) -> Interval {
        Interval { lower: self.lower * factor, upper: self.upper * factor }
    }
}

/// A two-sided confidence level from 0.5 to 0.999999. A lower one is taken for an error probability by mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

impl Confidence {
    /// A level such as 0.95.
    ///
    /// # Errors
    /// [`StatsError::Confidence`] outside 0.5 to 0.999999.
    pub fn new(level: f64) -> Result<Confidence, StatsError> {
        if !(0.5..=0.999_999).contains(&level) {
            return Err(StatsError::Confidence);
        }
        let z = quantile::normal(Tail::Upper, (1.0 - level) / 2.0).ok_or(StatsError::Confidence)?;
        Ok(Confidence { level, z })
    }

    /// 95 per cent.
    #[must_use]
    pub fn ninety_five() -> Confidence {
        Confidence::new(0.95).expect("0.95 is a level")
    }

    /// The level, from 0.5 to 0.999999.
    #[must_use]
    pub fn level(self) -> f64 {
        self.level
    }

    /// What lies outside on either side, `(1 − level) / 2`.
    #[must_use]
    pub fn tail(self) -> f64 {
        (1.0 - self.level) / 2.0
    }

    /// The standard normal quantile that leaves [`tail`](Self::tail) above it: 1.96 at 0.95.
    #[must_use]
    pub fn z(self) -> f64 {
        self.z
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_five_is_one_point_nine_six() {
        assert!((Confidence::ninety_five().z() - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn an_error_probability_is_no_level() {
        for level in [0.05, 0.0, 1.0, 95.0, -0.95, f64::NAN, f64::INFINITY] {
            assert_eq!(Confidence::new(level), Err(StatsError::Confidence), "{level}");
        }
        for level in [0.5, 0.8, 0.999_999] {
            assert!(Confidence::new(level).is_ok(), "{level}");
        }
    }

    #[test]
    fn the_complement_turns_round() {
        let turned = Interval { lower: 0.25, upper: 0.5 }.complement();
        assert_eq!(turned, Interval { lower: 0.5, upper: 0.75 });
        assert!(turned.contains(0.5) && !turned.contains(0.76));
    }
}
