//! Shares, the difference of two, and their intervals.
//!
//! Sources: E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
//! Statistical Association 22 (1927) 209-212; R. G. Newcombe, Two-sided confidence intervals for the single proportion:
//! comparison of seven methods, Statistics in Medicine 17 (1998) 857-872 (method 3); R. G. Newcombe, Interval estimation
//! for the difference between independent proportions: comparison of eleven methods, the same volume, 873-890
//! (method 10). No continuity correction.

use super::StatsError;
use super::count::{Uncertain, exact};
use super::interval::{Confidence, Interval};

/// `part` of `whole`, with 0 ≤ part ≤ whole and whole ≥ 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    part: f64,
    whole: f64,
}

impl Share {
    /// # Errors
    /// [`StatsError::Nobody`] for a whole of 0, [`StatsError::PartAboveWhole`], [`StatsError::TooLarge`].
    pub fn new(part: u64, whole: u64) -> Result<Share, StatsError> {
        if whole == 0 {
            return Err(StatsError::Nobody);
        }
        if part > whole {
            return Err(StatsError::PartAboveWhole);
        }
        Ok(Share { part: exact(part)?, whole: exact(whole)? })
    }

    /// From 0 to 1.
    #[must_use]
    pub fn value(self) -> f64 {
        self.part / self.whole
    }

    /// Wilson's score interval, within 0 to 1. It contains [`value`](Self::value), and ends at 0 or 1 when nobody or
    /// everybody is in the part.
    #[must_use]
    pub fn wilson(self, confidence: Confidence) -> Interval {
        let (x, n, z) = (self.part, self.whole, confidence.z());
        let others = n - x;
        let middle = x + z * z / 2.0;
        let half = z * (x * others / n + z * z / 4.0).sqrt();
        let upper = if others == 0.0 { 1.0 } else { ((middle + half) / (n + z * z)).min(1.0) };
        // The bounds are the roots of (n + z²) π² − (2x + z²) π + x²/n; by their product the lower one loses no digits.
        let lower = x * x / n / (middle + half);
        Interval { lower: lower.min(self.value()), upper: upper.max(self.value()) }
    }
}

/// The share of `a` minus the share of `b`, from −1 to 1.
#[must_use]
pub fn difference(a: Share, b: Share) -> f64 {
    a.value() - b.value()
}

/// Newcombe's hybrid score interval (method 10) for the share of `a` minus the share of `b`, of persons none of whom is
/// in both. Within −1 to 1.
#[must_use]
pub fn newcombe(a: Share, b: Share, confidence: Confidence) -> Interval {
    let (p, q) = (a.value(), b.value());
    let (of_a, of_b) = (a.wilson(confidence), b.wilson(confidence));
    let below = (p - of_a.lower).hypot(of_b.upper - q);
    let above = (of_a.upper - p).hypot(q - of_b.lower);
    Interval { lower: (p - q - below).max(-1.0), upper: (p - q + above).min(1.0) }
}

/// A share of which both counts are known to within an error.
///
/// It stands for every pair of whole numbers within the errors with 0 ≤ part ≤ whole and whole ≥ 1. Of these it keeps the
/// one with the least bounds and one with the greatest:
///
/// Both Wilson bounds rise with the part and fall with the whole. They are where g(π) = (x − nπ) / √(nπ(1 − π)) is z and
/// −z; g falls in π and rises in x, and while x stays, (x − nπ) / √n = x/√n − π√n falls in n. The share itself moves the
/// same way. So the least is the least part of the greatest whole. The greatest is the greatest part of the least whole;
/// where that part is larger than that whole, every pair with part = whole has share 1 and upper bound 1, which nothing
/// exceeds. `tests` go through all pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UncertainShare {
    least: Share,
    greatest: Share,
}

impl UncertainShare {
    /// # Errors
    /// [`StatsError::Nobody`] when the whole can only be 0, [`StatsError::PartAboveWhole`] when the part is larger than
    /// the whole whatever both are, [`StatsError::TooLarge`].
    pub fn new(part: Uncertain, whole: Uncertain) -> Result<UncertainShare, StatsError> {
        let least = Share::new(part.least(), whole.greatest())?;
        // The least whole that some part goes with, and the greatest part that goes with it.
        let small = whole.least().max(part.least()).max(1);
        let greatest = Share::new(part.greatest().min(small), small)?;
        Ok(UncertainShare { least, greatest })
    }

    /// The least and the greatest share.
    #[must_use]
    pub fn value(self) -> Interval {
        Interval { lower: self.least.value(), upper: self.greatest.value() }
    }

    /// The least lower and the greatest upper bound of [`Share::wilson`] over all pairs; both are attained.
    #[must_use]
    pub fn wilson(self, confidence: Confidence) -> Interval {
        Interval { lower: self.least.wilson(confidence).lower, upper: self.greatest.wilson(confidence).upper }
    }
}

/// The least and the greatest difference of two uncertain shares.
#[must_use]
pub fn uncertain_difference(a: UncertainShare, b: UncertainShare) -> Interval {
    Interval { lower: difference(a.least, b.greatest), upper: difference(a.greatest, b.least) }
}

/// The least lower and the greatest upper bound of [`newcombe`] over all pairs of both shares; both are attained.
///
/// The upper bound p − q + √((u₁ − p)² + (q − l₂)²) rises in p and in u₁, because (u₁ − p) / √(…) lies from 0 to 1; both
/// rise and fall with the counts as [`UncertainShare`] says. It falls in q and l₂ likewise. The lower bound is minus the
/// upper bound of b against a. In a share of all, only p = u = 1 enters, whatever the whole.
#[must_use]
pub fn uncertain_newcombe(a: UncertainShare, b: UncertainShare, confidence: Confidence) -> Interval {
    Interval {
        lower: newcombe(a.least, b.greatest, confidence).lower,
        upper: newcombe(a.greatest, b.least, confidence).upper,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(part: u64, whole: u64) -> Share {
        Share::new(part, whole).expect("a share")
    }

    /// Newcombe 1998, single proportion, table I, method 3.
    #[test]
    fn newcombes_single_proportions() {
        for (part, whole, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = share(part, whole).wilson(Confidence::ninety_five());
            assert!((found.lower - lower).abs() <= 0.000_05, "{part}/{whole}: {found:?}");
            assert!((found.upper - upper).abs() <= 0.000_05, "{part}/{whole}: {found:?}");
        }
    }

    /// Newcombe 1998, difference, table II, contrasts (a) to (h), method 10.
    #[test]
    fn newcombes_contrasts() {
        for (a, b, lower, upper) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0),
            ((10, 10), (0, 10), 0.6075, 1.0),
        ] {
            let found = newcombe(share(a.0, a.1), share(b.0, b.1), Confidence::ninety_five());
            assert!((found.lower - lower).abs() <= 0.000_05, "{a:?} {b:?}: {found:?}");
            assert!((found.upper - upper).abs() <= 0.000_05, "{a:?} {b:?}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_share() {
        assert_eq!(Share::new(0, 0), Err(StatsError::Nobody));
        assert_eq!(Share::new(3, 2), Err(StatsError::PartAboveWhole));
        assert_eq!(Share::new(1, u64::MAX), Err(StatsError::TooLarge));
        let new = |x, ex, n, en| {
            UncertainShare::new(Uncertain { value: x, error: ex }, Uncertain { value: n, error: en })
        };
        assert_eq!(new(0, 0, 0, 0), Err(StatsError::Nobody));
        assert_eq!(new(20, 2, 10, 2), Err(StatsError::PartAboveWhole));
        assert_eq!(new(u64::MAX, u64::MAX, u64::MAX, u64::MAX), Err(StatsError::TooLarge));
        assert!(new(0, 0, 0, 1).is_ok());
        assert!(new(14, 2, 10, 2).is_ok());
    }

    #[test]
    fn a_known_share_is_its_own_envelope() {
        let known = UncertainShare::new(Uncertain::known(20), Uncertain::known(80)).expect("a share");
        let c = Confidence::ninety_five();
        assert_eq!(known.wilson(c), share(20, 80).wilson(c));
        assert_eq!(known.value(), Interval { lower: 0.25, upper: 0.25 });
    }

    fn levels() -> impl Strategy<Value = Confidence> {
        prop_oneof![0.5..0.999_999_f64, Just(0.95), Just(0.999_999)]
            .prop_map(|l| Confidence::new(l).expect("a level"))
    }

    fn shares() -> impl Strategy<Value = Share> {
        prop_oneof![1_u64..60, 1_u64..=u64::from(u32::MAX)]
            .prop_flat_map(|whole| (0..=whole, Just(whole)))
            .prop_map(|(part, whole)| share(part, whole))
    }

    fn uncertain(largest: u64, error: u64) -> impl Strategy<Value = Uncertain> {
        (0..=largest, 0..=error).prop_map(|(value, error)| Uncertain { value, error })
    }

    /// Every pair of whole numbers that two uncertain counts stand for, by trying all.
    fn pairs(part: Uncertain, whole: Uncertain) -> Vec<Share> {
        (part.least()..=part.greatest())
            .flat_map(|x| (whole.least()..=whole.greatest()).map(move |n| (x, n)))
            .filter_map(|(x, n)| Share::new(x, n).ok())
            .collect()
    }

    /// Whether an envelope is the least and the greatest of what it stands for, to the last few bits.
    fn is_envelope_of(envelope: Interval, all: &[Interval]) -> bool {
        let lower = all.iter().map(|i| i.lower).fold(f64::INFINITY, f64::min);
        let upper = all.iter().map(|i| i.upper).fold(f64::NEG_INFINITY, f64::max);
        (envelope.lower - lower).abs() < 1e-14 && (envelope.upper - upper).abs() < 1e-14
    }

    proptest! {
        #[test]
        fn wilson_lies_within_0_and_1_and_around_the_share(share in shares(), c in levels()) {
            let found = share.wilson(c);
            prop_assert!(0.0 <= found.lower && found.upper <= 1.0 && found.contains(share.value()), "{found:?}");
            prop_assert_eq!(found.lower == 0.0, share.part == 0.0);
            if share.whole < 1e6 {
                prop_assert_eq!(found.upper == 1.0, share.part == share.whole);
            }
        }

        #[test]
        fn the_others_have_the_complement(share in shares(), c in levels()) {
            let others = Share { part: share.whole - share.part, whole: share.whole };
            let (turned, found) = (others.wilson(c).complement(), share.wilson(c));
            prop_assert!((turned.lower - found.lower).abs() < 1e-14 && (turned.upper - found.upper).abs() < 1e-14);
        }

        #[test]
        fn a_wilson_bound_is_where_the_score_is_z(x in 1_u32..400, more in 1_u32..400, c in levels()) {
            let (x, n) = (f64::from(x), f64::from(x + more));
            let found = Share { part: x, whole: n }.wilson(c);
            for (bound, z) in [(found.lower, c.z()), (found.upper, -c.z())] {
                let score = (x / n - bound) / (bound * (1.0 - bound) / n).sqrt();
                prop_assert!((score - z).abs() < 1e-9, "{score} {z}");
            }
        }

        #[test]
        fn newcombe_lies_around_the_difference_and_turns_with_it(a in shares(), b in shares(), c in levels()) {
            let (found, turned) = (newcombe(a, b, c), newcombe(b, a, c));
            prop_assert!(-1.0 <= found.lower && found.upper <= 1.0 && found.contains(difference(a, b)), "{found:?}");
            prop_assert_eq!((found.lower, found.upper), (-turned.upper, -turned.lower));
        }

        #[test]
        fn the_wilson_envelope_is_that_of_every_pair(part in uncertain(40, 9), whole in uncertain(40, 9), c in levels()) {
            let pairs = pairs(part, whole);
            match UncertainShare::new(part, whole) {
                Ok(share) => {
                    let all: Vec<Interval> = pairs.iter().map(|pair| pair.wilson(c)).collect();
                    prop_assert!(is_envelope_of(share.wilson(c), &all));
                    let values: Vec<Interval> =
                        pairs.iter().map(|pair| Interval { lower: pair.value(), upper: pair.value() }).collect();
                    prop_assert_eq!(share.value(), Interval {
                        lower: values.iter().map(|v| v.lower).fold(1.0, f64::min),
                        upper: values.iter().map(|v| v.upper).fold(0.0, f64::max),
                    });
                    prop_assert!(pairs.contains(&share.least) && pairs.contains(&share.greatest));
                }
                Err(_) => prop_assert!(pairs.is_empty()),
            }
        }

        #[test]
        fn the_newcombe_envelope_is_that_of_every_four(
            a in (uncertain(20, 3), uncertain(20, 3)), b in (uncertain(20, 3), uncertain(20, 3)), c in levels(),
        ) {
            let (Ok(one), Ok(other)) = (UncertainShare::new(a.0, a.1), UncertainShare::new(b.0, b.1)) else {
                return Ok(());
            };
            let (firsts, seconds) = (pairs(a.0, a.1), pairs(b.0, b.1));
            let fours = || firsts.iter().flat_map(|first| seconds.iter().map(move |second| (*first, *second)));
            let all: Vec<Interval> = fours().map(|(first, second)| newcombe(first, second, c)).collect();
            prop_assert!(is_envelope_of(uncertain_newcombe(one, other, c), &all));
            let all: Vec<Interval> = fours()
                .map(|(first, second)| difference(first, second))
                .map(|value| Interval { lower: value, upper: value })
                .collect();
            prop_assert!(is_envelope_of(uncertain_difference(one, other), &all));
        }
    }
}
