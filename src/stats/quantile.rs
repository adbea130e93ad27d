//! Quantiles of the gamma, chi-square, normal and Student's t distributions.
//!
//! A quantile is asked for by the probability on one side of it ([`Tail`]), so that a small one keeps its digits.
//! Newton's method on the logarithm of the smaller tail against the logarithm of the quantile: these curves are
//! concave, so it converges from either side. The relative error is below 1e-12, usually a few 1e-16
//! (`tests/stats.rs` holds it against 40-digit values).

use super::gamma::tails;
use super::student;

/// The side of a quantile that a probability is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// The probability of a value below the quantile.
    Lower,
    /// The probability of a value above it.
    Upper,
}

/// The smallest probability that a quantile is given for.
pub const SMALLEST: f64 = 1e-100;

/// Newton steps at most; some ten are taken.
const MOST_STEPS: u32 = 500;

/// The probability of the lower tail when it is at most ½, else that of the upper one; `None` when it is outside
/// [`SMALLEST`] to 1. From ½ on, 1 − p is exact.
fn smaller(tail: Tail, p: f64) -> Option<(Tail, f64)> {
    if !(SMALLEST..1.0).contains(&p) {
        return None;
    }
    Some(match (tail, p <= 0.5) {
        (tail, true) => (tail, p),
        (Tail::Lower, false) => (Tail::Upper, 1.0 - p),
        (Tail::Upper, false) => (Tail::Lower, 1.0 - p),
    })
}

/// The x > 0 at which a function of ln x is 0, from its value and slope there. Done when a step is next to nothing, or
/// small and no smaller than the one before: then it is rounding.
fn root(start: f64, value_and_slope: impl Fn(f64) -> (f64, f64)) -> Option<f64> {
    let (mut x, mut before) = (start, f64::INFINITY);
    for _ in 0..MOST_STEPS {
        let (value, slope) = value_and_slope(x);
        let step = (value / slope).clamp(-2.0, 2.0);
        if step.is_nan() {
            return None;
        }
        x *= (-step).exp();
        if step.abs() < 1e-14 || step.abs() < 1e-11 && step.abs() >= before {
            return Some(x);
        }
        before = step.abs();
    }
    None
}

/// The quantile of the gamma distribution with this shape and scale 1; `None` unless the shape is from ½ to 1e10
/// and `p` from [`SMALLEST`] to below 1.
#[must_use]
pub fn gamma(tail: Tail, p: f64, shape: f64) -> Option<f64> {
    if !(0.5..=1e10).contains(&shape) {
        return None;
    }
    let (tail, p) = smaller(tail, p)?;
    let ln_p = p.ln();
    root(shape, |x| {
        let at = tails(shape, x);
        let (ln_tail, sign) = match tail {
            Tail::Lower => (at.ln_lower, 1.0),
            Tail::Upper => (at.ln_upper, -1.0),
        };
        (ln_tail - ln_p, sign * (at.ln_x_density - ln_tail).exp())
    })
}

/// The chi-square quantile for `freedom` ≥ 1 degrees of freedom; `None` for 0 of them, or `p` outside
/// [`SMALLEST`] to below 1.
#[must_use]
pub fn chi_square(tail: Tail, p: f64, freedom: u32) -> Option<f64> {
    gamma(tail, p, f64::from(freedom) / 2.0).map(|x| 2.0 * x)
}

/// The standard normal quantile; `None` for `p` outside [`SMALLEST`] to below 1.
///
/// The square of a standard normal variable has the chi-square distribution with 1 degree of freedom.
#[must_use]
pub fn normal(tail: Tail, p: f64) -> Option<f64> {
    signed(tail, p, |part| match part {
        Part::Central(p) => gamma(Tail::Lower, 2.0 * p, 0.5).map(|x| (2.0 * x).sqrt()),
        Part::Upper(p) => gamma(Tail::Upper, 2.0 * p, 0.5).map(|x| (2.0 * x).sqrt()),
    })
}

/// The quantile of Student's t for `freedom` ≥ 1 degrees of freedom; `None` for 0 of them, or `p` outside
/// [`SMALLEST`] to below 1.
#[must_use]
pub fn student_t(tail: Tail, p: f64, freedom: u32) -> Option<f64> {
    if freedom == 0 {
        return None;
    }
    let freedom = f64::from(freedom);
    signed(tail, p, |part| match part {
        Part::Central(p) => root(1.0, |t| {
            let at = student::parts(freedom, t);
            (at.ln_central - p.ln(), (at.ln_t_density - at.ln_central).exp())
        }),
        Part::Upper(p) => root(1.0, |t| {
            let at = student::parts(freedom, t);
            (at.ln_upper - p.ln(), -(at.ln_t_density - at.ln_upper).exp())
        }),
    })
}

/// What a positive quantile of a distribution around 0 is found from, whichever is the smaller.
enum Part {
    /// The probability between 0 and the quantile.
    Central(f64),
    /// The probability above it.
    Upper(f64),
}

/// A quantile of a distribution that is symmetric around 0, from its positive half.
fn signed(tail: Tail, p: f64, positive: impl Fn(Part) -> Option<f64>) -> Option<f64> {
    let (tail, p) = smaller(tail, p)?;
    let sign = if tail == Tail::Upper { 1.0 } else { -1.0 };
    let central = 0.5 - p;
    if central < SMALLEST {
        return Some(0.0);
    }
    positive(if central < 0.25 { Part::Central(central) } else { Part::Upper(p) }).map(|x| sign * x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: Option<f64>, wanted: f64, within: f64) {
        let found = found.expect("a quantile");
        assert!((found - wanted).abs() <= within, "{found} for {wanted}");
    }

    /// Fisher and Yates, Statistical Tables for Biological, Agricultural and Medical Research, tables III and IV.
    #[test]
    fn printed_tables() {
        for (freedom, t) in [(1, 12.706), (2, 4.303), (9, 2.262), (30, 2.042), (120, 1.980)] {
            near(student_t(Tail::Upper, 0.025, freedom), t, 0.0005);
        }
        for (freedom, chi_square_5_percent) in [(1, 3.841), (2, 5.991), (10, 18.307), (30, 43.773)] {
            near(chi_square(Tail::Upper, 0.05, freedom), chi_square_5_percent, 0.0005);
        }
        near(normal(Tail::Lower, 0.995), 2.5758, 0.00005);
    }

    #[test]
    fn closed_forms() {
        // Cauchy at three quarters; the exponential distribution.
        near(student_t(Tail::Lower, 0.75, 1), 1.0, 1e-14);
        for p in [1e-90, 1e-9, 0.2, 0.5, 0.7, 0.999] {
            near(gamma(Tail::Upper, p, 1.0), -p.ln(), 1e-13 * (1.0 - p.ln()));
        }
        assert_eq!(normal(Tail::Lower, 0.5), Some(0.0));
        assert_eq!(student_t(Tail::Upper, 0.5, 7), Some(0.0));
    }

    #[test]
    fn what_is_no_probability_has_no_quantile() {
        for p in [0.0, 1.0, -0.1, 1.1, 1e-101, f64::NAN, f64::INFINITY] {
            for tail in [Tail::Lower, Tail::Upper] {
                assert_eq!(normal(tail, p), None, "{p}");
                assert_eq!(student_t(tail, p, 5), None, "{p}");
                assert_eq!(chi_square(tail, p, 5), None, "{p}");
                assert_eq!(gamma(tail, p, 2.5), None, "{p}");
            }
        }
        assert_eq!(student_t(Tail::Lower, 0.5, 0), None);
        assert_eq!(chi_square(Tail::Lower, 0.5, 0), None);
        assert_eq!(gamma(Tail::Lower, 0.5, f64::NAN), None);
    }

    fn tail() -> impl Strategy<Value = Tail> {
        prop_oneof![Just(Tail::Lower), Just(Tail::Upper)]
    }

    /// Probabilities of every size.
    fn probability() -> impl Strategy<Value = f64> {
        prop_oneof![1e-12..1.0, (-99.0..0.0_f64).prop_map(|e| 10_f64.powf(e)), Just(1.0 - f64::EPSILON)]
    }

    proptest! {
        #[test]
        fn every_admissible_quantile_is_finite_and_turns_back(
            tail in tail(), p in probability(), shape in -0.3..6.0_f64, freedom in 1_u32..,
        ) {
            let shape = 10_f64.powf(shape);
            let (smaller, q) = smaller(tail, p).expect("admissible");
            let x = gamma(tail, p, shape).expect("a quantile");
            prop_assert!(x > 0.0 && x.is_finite());
            let at = tails(shape, x);
            let back = if smaller == Tail::Lower { at.ln_lower } else { at.ln_upper };
            let slope = (at.ln_x_density - back).exp();
            prop_assert!((back - q.ln()).abs() <= 1e-12 * slope.max(1.0), "{} {}", back, q.ln());
            let z = normal(tail, p).expect("a quantile");
            prop_assert!(z.is_finite());
            prop_assert_eq!(z, -normal(if tail == Tail::Lower { Tail::Upper } else { Tail::Lower }, p).expect("one"));
            let t = student_t(tail, p, freedom).expect("a quantile");
            // Heavier tails than the normal distribution, on the same side.
            prop_assert!(t.is_finite() && t.abs() >= z.abs() * (1.0 - 1e-9) && t * z >= 0.0, "{} {}", t, z);
        }
    }
}
