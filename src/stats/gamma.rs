//! The gamma distribution's two tails, as logarithms, so that no tail is too small to be told from none.

use std::f64::consts::PI;

/// Terms of a series or continued fraction at most. For a shape of 2³² some 400,000 are used.
pub(super) const MOST_TERMS: u32 = 10_000_000;

/// A continued fraction or series has converged when a term changes it by no more than this, relatively: a few times the
/// rounding of one term.
pub(super) const CONVERGED: f64 = 1e-15;

/// Stirling's error: ln Γ(a + 1) − [(a + ½) ln a − a + ½ ln 2π], for a > 0.
///
/// Source: NIST Digital Library of Mathematical Functions, 5.11.1; below 16 by the recurrence Γ(a + 2) = (a + 1) Γ(a + 1).
fn stirling_error(a: f64) -> f64 {
    let mut shifted = a;
    let mut above = 0.0;
    while shifted < 16.0 {
        above += (shifted + 0.5) * shifted.recip().ln_1p() - 1.0;
        shifted += 1.0;
    }
    let s = (shifted * shifted).recip();
    let series = 1.0 / 12.0
        - s * (1.0 / 360.0
            - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s * (1.0 / 1188.0 - s * 691.0 / 360_360.0))));
    above + series / shifted
}

/// Γ(a + ½) / (Γ(a) √a) for a > 0. It tends to 1.
pub(super) fn half_step(a: f64) -> f64 {
    (stirling_error(a + 0.5) - stirling_error(a) + a * (0.5 / a).ln_1p() - 0.5).exp()
}

/// The logarithms of the tails of the gamma distribution with a shape and scale 1, and of its density times x.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tails {
    /// ln P(a, x), of the lower tail.
    pub ln_lower: f64,
    /// ln Q(a, x), of the upper tail.
    pub ln_upper: f64,
    /// ln (x f(x)).
    pub ln_x_density: f64,
}

/// The tails at `x` > 0 for a shape `a` > 0.
///
/// Below `a + 1` the series DLMF 8.7.1 for the lower tail, above it the continued fraction DLMF 8.9.2 for the upper
/// one. Their common factor xᵃ e⁻ˣ / Γ(a + 1) is taken in Loader's form (Fast and accurate computation of binomial
/// probabilities, 2000), which keeps its digits for large shapes.
pub(super) fn tails(a: f64, x: f64) -> Tails {
    let u = (x - a) / a;
    let deviance = a * if u.abs() < 0.5 { u - u.ln_1p() } else { u - (x / a).ln() };
    let ln_factor = -stirling_error(a) - deviance - 0.5 * (2.0 * PI * a).ln();
    let ln_x_density = ln_factor + a.ln();
    if x < a + 1.0 {
        let ln_lower = ln_factor + series(a, x).ln();
        Tails { ln_lower, ln_upper: ln_rest(ln_lower), ln_x_density }
    } else {
        let ln_upper = ln_x_density + fraction(a, x).ln();
        Tails { ln_lower: ln_rest(ln_upper), ln_upper, ln_x_density }
    }
}

/// ln (1 − p) from ln p; rounding can bring ln p to 0 or above it.
pub(super) fn ln_rest(ln_p: f64) -> f64 {
    (-ln_p.exp_m1()).max(f64::MIN_POSITIVE).ln()
}

/// 1 + x / (a + 1) + x² / ((a + 1)(a + 2)) + …
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut below) = (1.0, 1.0, a);
    for _ in 0..MOST_TERMS {
        below += 1.0;
        term *= x / below;
        sum += term;
        if term <= sum * CONVERGED {
            break;
        }
    }
    sum
}

/// 1 / (x + 1 − a − 1 (1 − a) / (x + 3 − a − 2 (2 − a) / (x + 5 − a − …))), by Lentz's method.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = f64::MAX;
    let mut d = b.recip();
    let mut value = d;
    for term in 1..MOST_TERMS {
        let i = f64::from(term);
        let numerator = i * (a - i);
        b += 2.0;
        d = (numerator * d + b).recip();
        c = b + numerator / c;
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() <= CONVERGED {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials() {
        let mut factorial = 1.0_f64;
        for n in 1..=20_u32 {
            let a = f64::from(n);
            factorial *= a;
            let ln = stirling_error(a) + (a + 0.5) * a.ln() - a + 0.5 * (2.0 * PI).ln();
            assert!(
                (ln / factorial.ln().max(1.0) - factorial.ln() / factorial.ln().max(1.0)).abs() < 1e-15,
                "{n}"
            );
        }
    }

    #[test]
    fn half_steps() {
        // Γ(1) / Γ(½) = 1 / √π, Γ(3/2) / Γ(1) = √π / 2.
        assert!((half_step(0.5) * 0.5_f64.sqrt() - PI.sqrt().recip()).abs() < 1e-15);
        assert!((half_step(1.0) - PI.sqrt() / 2.0).abs() < 1e-15);
        assert!((half_step(1e9) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn whole_shapes_are_poisson_sums() {
        // P(N < a) for a Poisson count N with mean x is the upper tail at x.
        for a in [1_u32, 2, 5, 30] {
            for x in [0.1_f64, 1.0, 4.0, 29.0, 31.5, 80.0] {
                let (mut term, mut sum) = ((-x).exp(), 0.0);
                for k in 0..a {
                    sum += term;
                    term *= x / f64::from(k + 1);
                }
                let found = tails(f64::from(a), x);
                assert!((found.ln_upper.exp() - sum).abs() < 1e-13, "{a} {x}");
                assert!((found.ln_lower.exp() + found.ln_upper.exp() - 1.0).abs() < 1e-14, "{a} {x}");
            }
        }
    }
}
