//! Means and their differences, from exact sums.
//!
//! Values are whole numbers in the smallest unit of their measure (øre, tenths of a point); every result is in that unit,
//! and standardised differences have none.
//!
//! Sources: Student, The probable error of a mean, Biometrika 6 (1908) 1-25; J. Cohen, Statistical power analysis for the
//! behavioral sciences (1988), equations 2.5.1 and 2.5.2 (d with the pooled standard deviation); L. V. Hedges, Distribution
//! theory for Glass's estimator of effect size, Journal of Educational Statistics 6 (1981) 107-128 (the exact correction);
//! B. J. Becker, Synthesizing standardized mean-change measures, British Journal of Mathematical and Statistical Psychology
//! 41 (1988) 257-278 (change over the standard deviation before).

use super::StatsError;
use super::count::exact;
use super::gamma::half_step;
use super::interval::{Confidence, Interval};
use super::quantile::{self, Tail};

/// Count, sum and sum of squares of whole numbers, with what follows from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    n: f64,
    /// The whole number nearest to the mean, below 2⁶⁴ in size, and what the mean has beyond it, at most ½ in size.
    nearest: i128,
    beyond: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Moments {
    /// From exact sums. Everything is exact up to the last steps, which round a few times: no digits are lost where the
    /// mean is large against the spread.
    ///
    /// With q the whole number nearest to the mean, r = Σ(x − q) is at most n/2 in size, and Σ(x − q)² is a whole number
    /// of at least |r|. So Σ(x − mean)² = Σ(x − q)² − r²/n takes at most half away.
    ///
    /// # Errors
    /// [`StatsError::Nobody`], [`StatsError::TooLarge`] (a sum of squares from about 2¹²⁵ on),
    /// [`StatsError::ImpossibleSums`].
    pub fn new(n: u64, sum: i128, sum_of_squares: i128) -> Result<Moments, StatsError> {
        if n == 0 {
            return Err(StatsError::Nobody);
        }
        let (count, whole) = (exact(n)?, i128::from(n));
        let below = sum.div_euclid(whole);
        let nearest = if sum.rem_euclid(whole) * 2 > whole { below + 1 } else { below };
        // Σx = nq + r, hence Σ(x − q)² = Σx² − 2q Σx + nq² = Σx² − q (Σx + r).
        let rest = sum - nearest * whole;
        let around = sum
            .checked_add(rest)
            .and_then(|both| both.checked_mul(nearest))
            .and_then(|product| sum_of_squares.checked_sub(product))
            .ok_or(StatsError::TooLarge)?;
        // Both are even or both odd, as x² and x are.
        if around < rest.abs() || (around - rest) % 2 != 0 {
            return Err(StatsError::ImpossibleSums);
        }
        // r is below 2³² and so exact.
        let rest = rest as f64;
        Ok(Moments { n: count, nearest, beyond: rest / count, squares: around as f64 - rest * rest / count })
    }

    /// Of values one by one.
    ///
    /// # Errors
    /// [`StatsError::Nobody`] without values, [`StatsError::TooLarge`].
    pub fn of(values: impl IntoIterator<Item = i64>) -> Result<Moments, StatsError> {
        let (mut n, mut sum, mut squares) = (0_u64, 0_i128, 0_i128);
        for value in values {
            let value = i128::from(value);
            n += 1;
            // At most 2⁶⁴ values of 2⁶³: no overflow.
            sum += value;
            squares = squares.checked_add(value * value).ok_or(StatsError::TooLarge)?;
        }
        Moments::new(n, sum, squares)
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.nearest as f64 + self.beyond
    }

    /// The mean minus that of others, without losing digits where both are large.
    fn minus(&self, others: &Moments) -> f64 {
        (self.nearest - others.nearest) as f64 + (self.beyond - others.beyond)
    }

    /// The sample variance, with n − 1 below.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] below two values.
    pub fn variance(&self) -> Result<f64, StatsError> {
        if self.n < 2.0 { Err(StatsError::TooFew) } else { Ok(self.squares / (self.n - 1.0)) }
    }

    /// The sample standard deviation.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] below two values.
    pub fn standard_deviation(&self) -> Result<f64, StatsError> {
        self.variance().map(f64::sqrt)
    }

    /// The t interval for the mean: mean ± t s / √n with n − 1 degrees of freedom. Of changes (after minus before, person
    /// by person) it is the interval for the mean change, as the paired t test has it.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] below two values.
    pub fn interval(&self, confidence: Confidence) -> Result<Interval, StatsError> {
        let error = (self.variance()? / self.n).sqrt();
        // Exact: n is a 32-bit count.
        let t = quantile::student_t(Tail::Upper, confidence.tail(), self.n as u32 - 1)
            .expect("a confidence level's tail, and at least one degree of freedom");
        Ok(Interval { lower: self.mean() - t * error, upper: self.mean() + t * error })
    }
}

/// A mean change on the same persons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Mean of after minus before.
    pub mean: f64,
    /// Its t interval.
    pub interval: Interval,
}

/// The mean change with its t interval, from the changes person by person.
///
/// # Errors
/// [`StatsError::TooFew`] below two persons.
pub fn paired_change(changes: &Moments, confidence: Confidence) -> Result<Change, StatsError> {
    Ok(Change { mean: changes.mean(), interval: changes.interval(confidence)? })
}

/// Cohen's d: the mean of `a` minus that of `b`, over their pooled standard deviation
/// √(((n₁ − 1) s₁² + (n₂ − 1) s₂²) / (n₁ + n₂ − 2)).
///
/// # Errors
/// [`StatsError::TooFew`] below two values in either, [`StatsError::NoSpread`].
pub fn cohens_d(a: &Moments, b: &Moments) -> Result<f64, StatsError> {
    if a.n < 2.0 || b.n < 2.0 {
        return Err(StatsError::TooFew);
    }
    over(a.minus(b), ((a.squares + b.squares) / (a.n + b.n - 2.0)).sqrt())
}

/// Hedges' g: [`cohens_d`] times the exact correction Γ(m/2) / (√(m/2) Γ((m − 1)/2)) with m = n₁ + n₂ − 2, for which
/// 1 − 3/(4m − 1) is the usual approximation.
///
/// # Errors
/// As [`cohens_d`].
pub fn hedges_g(a: &Moments, b: &Moments) -> Result<f64, StatsError> {
    Ok(cohens_d(a, b)? * correction(a.n + b.n - 2.0))
}

/// The standardised mean change: the mean of the changes over the standard deviation before, on the same persons.
///
/// # Errors
/// [`StatsError::TooFew`] below two values before, [`StatsError::NoSpread`].
pub fn standardised_change(changes: &Moments, before: &Moments) -> Result<f64, StatsError> {
    over(changes.mean(), before.standard_deviation()?)
}

fn over(difference: f64, deviation: f64) -> Result<f64, StatsError> {
    if deviation > 0.0 { Ok(difference / deviation) } else { Err(StatsError::NoSpread) }
}

/// Hedges' correction for m ≥ 2.
fn correction(m: f64) -> f64 {
    half_step((m - 1.0) / 2.0) * ((m - 1.0) / m).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Additional hours of sleep under two drugs in ten patients, in tenths: Student 1908, table I. The interval is the
    /// one that R prints for its data set `sleep`.
    #[test]
    fn students_sleep() {
        let changes = Moments::of([12, 24, 13, 13, 0, 10, 18, 8, 46, 14]).expect("values");
        let found = paired_change(&changes, Confidence::ninety_five()).expect("a change");
        assert!((found.mean - 15.8).abs() < 1e-12);
        assert!((changes.standard_deviation().expect("a spread") - 12.3).abs() < 0.005);
        assert!((found.interval.lower - 7.001_142).abs() < 5e-7, "{found:?}");
        assert!((found.interval.upper - 24.598_858).abs() < 5e-7, "{found:?}");
    }

    /// M. Borenstein, L. V. Hedges, J. P. T. Higgins and H. R. Rothstein, Introduction to Meta-Analysis (2009), chapter 4:
    /// means 103 and 100, standard deviations 5.5 and 4.5, 50 persons each; here in quarters, so that whole numbers can have the sums.
    #[test]
    fn borensteins_standardised_difference() {
        let a = Moments::new(50, 20_600, 49 * 484 + 50 * 412 * 412).expect("sums");
        let b = Moments::new(50, 20_000, 49 * 324 + 50 * 400 * 400).expect("sums");
        assert!((a.standard_deviation().expect("a spread") - 22.0).abs() < 1e-12);
        assert!((cohens_d(&a, &b).expect("d") - 0.5970).abs() < 0.000_05);
        assert!((hedges_g(&a, &b).expect("g") - 0.5924).abs() < 0.000_05);
    }

    /// Hedges 1981, table 1.
    #[test]
    fn hedges_corrections() {
        for (m, wanted) in [(2.0, 0.5642), (3.0, 0.7236), (10.0, 0.9227), (50.0, 0.9849)] {
            assert!((correction(m) - wanted).abs() <= 0.000_05, "{m}: {}", correction(m));
        }
    }

    #[test]
    fn a_large_mean_takes_no_digits_from_a_small_spread() {
        // In the textbook formula both terms are some 4 × 10²⁴, and their difference is 5.
        let at = 1_000_000_000_000_i64;
        let moments = Moments::of([at - 1, at, at + 1, at + 2]).expect("values");
        assert!((moments.variance().expect("a variance") - 5.0 / 3.0).abs() < 1e-15);
        assert!((moments.mean() - (at as f64 + 0.5)).abs() < 1e-3);
        // All but one of a great many are 1.
        let n = 4_000_000_000_u64;
        let ones = Moments::new(n, i128::from(n) - 1, i128::from(n) - 1).expect("sums");
        let wanted = 1.0 / n as f64;
        assert!((ones.variance().expect("a variance") / wanted - 1.0).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_answer() {
        assert_eq!(Moments::of([]), Err(StatsError::Nobody));
        assert_eq!(Moments::new(u64::MAX, 0, 0), Err(StatsError::TooLarge));
        assert_eq!(Moments::new(1, i128::MAX, i128::MAX), Err(StatsError::TooLarge));
        assert_eq!(Moments::new(1, i128::MIN, i128::MAX), Err(StatsError::TooLarge));
        // 1 + 2 is 3, but no two whole numbers with that sum have squares that sum to 4, or to 6.
        assert!(Moments::new(2, 3, 5).is_ok());
        assert_eq!(Moments::new(2, 3, 4), Err(StatsError::ImpossibleSums));
        assert_eq!(Moments::new(2, 3, 6), Err(StatsError::ImpossibleSums));
        assert_eq!(Moments::new(2, 0, -2), Err(StatsError::ImpossibleSums));
        let (one, alike) = (Moments::of([5]).expect("a value"), Moments::of([5, 5]).expect("values"));
        assert_eq!(one.variance(), Err(StatsError::TooFew));
        assert_eq!(one.interval(Confidence::ninety_five()), Err(StatsError::TooFew));
        assert_eq!(cohens_d(&one, &alike), Err(StatsError::TooFew));
        assert_eq!(hedges_g(&alike, &alike), Err(StatsError::NoSpread));
        assert_eq!(standardised_change(&alike, &alike), Err(StatsError::NoSpread));
        assert_eq!(alike.interval(Confidence::ninety_five()), Ok(Interval { lower: 5.0, upper: 5.0 }));
    }

    fn values(least: usize) -> impl Strategy<Value = Vec<i64>> {
        prop_oneof![
            proptest::collection::vec(-5_i64..5, least..12),
            proptest::collection::vec(-(1_i64 << 58)..1 << 58, least..12),
            (any::<i32>(), proptest::collection::vec(0_i64..3, least..12))
                .prop_map(|(at, v)| v.iter().map(|x| x + i64::from(at) * 1000).collect()),
        ]
    }

    proptest! {
        #[test]
        fn as_two_passes_have_it(values in values(2)) {
            let found = Moments::of(values.iter().copied()).expect("values");
            let n = i128::try_from(values.len()).unwrap();
            let sum: i128 = values.iter().copied().map(i128::from).sum();
            // n² times the squared distances, exactly where it fits.
            let wide = |x: &i64| (n * i128::from(*x) - sum) as f64;
            let squares: f64 = values.iter().map(|x| wide(x) * wide(x)).sum();
            let n = n as f64;
            let wanted = squares / (n * n) / (n - 1.0);
            prop_assert!((found.variance().unwrap() - wanted).abs() <= 1e-13 * wanted);
            prop_assert!((found.mean() - sum as f64 / n).abs() <= 1e-15 * (sum as f64 / n).abs(), "{:?}", found);
            let interval = found.interval(Confidence::ninety_five()).unwrap();
            prop_assert!(interval.contains(found.mean()) && interval.lower.is_finite() && interval.upper.is_finite());
        }

        #[test]
        fn differences_turn_with_the_groups_and_the_correction_shrinks(a in values(2), b in values(2)) {
            let (a, b) = (Moments::of(a).unwrap(), Moments::of(b).unwrap());
            if let Ok(d) = cohens_d(&a, &b) {
                let g = hedges_g(&a, &b).unwrap();
                prop_assert!(d.is_finite() && g.abs() <= d.abs() && g * d >= 0.0);
                prop_assert_eq!(cohens_d(&b, &a).unwrap(), -d);
            } else {
                prop_assert!(a.variance() == Ok(0.0) && b.variance() == Ok(0.0));
            }
        }

        #[test]
        fn the_correction_is_near_its_approximation(m in 2_u32..) {
            let m = f64::from(m);
            prop_assert!((correction(m) - (1.0 - 3.0 / (4.0 * m - 1.0))).abs() < 0.01 / m);
        }

        #[test]
        fn any_sums_give_moments_or_a_refusal(n in any::<u64>(), sum in any::<i128>(), squares in any::<i128>()) {
            if let Ok(moments) = Moments::new(n % 50, sum >> 70, squares >> 3) {
                prop_assert!(moments.mean().is_finite());
                prop_assert!(moments.variance().is_ok_and(|v| v >= 0.0 && v.is_finite()) || n % 50 == 1);
            }
        }
    }
}
