//! The upper half of Student's t distribution, as logarithms.

use std::f64::consts::{LN_2, PI};

use super::gamma::{CONVERGED, MOST_TERMS, half_step, ln_rest};

/// At a t above 0: the logarithms of P(0 < T < t), of P(T > t), and of t times the density.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// ln P(0 < T < t), at most ln ½.
    pub ln_central: f64,
    /// ln P(T > t), at most ln ½.
    pub ln_upper: f64,
    /// ln (t f(t)).
    pub ln_t_density: f64,
}

/// The parts at `t` > 0 for `freedom` ν ≥ 1.
///
/// The tail is ½ I(x; ν/2, ½) with x = ν / (ν + t²), the centre ½ I(1 − x; ½, ν/2) (Abramowitz and Stegun 26.7.1). Near 0
/// the centre is computed, by a series of positive terms (DLMF 8.17.8); further out the tail, by a continued fraction.
/// The factor before both is t f(t).
pub(super) fn parts(freedom: f64, t: f64) -> Parts {
    let square = t * t;
    let ln_density = half_step(freedom / 2.0).ln()
        - 0.5 * (2.0 * PI).ln()
        - (freedom + 1.0) / 2.0 * (square / freedom).ln_1p();
    let ln_t_density = ln_density + t.ln();
    let (x, rest) = (freedom / (freedom + square), square / (freedom + square));
    if rest < 1.5 / (freedom / 2.0 + 2.5) {
        let ln_central = ln_t_density + series(freedom, rest).ln();
        Parts { ln_central, ln_upper: ln_rest(ln_central + LN_2) - LN_2, ln_t_density }
    } else {
        let ln_upper = ln_t_density + (fraction(freedom, x, rest) / 2.0).ln();
        Parts { ln_central: ln_rest(ln_upper + LN_2) - LN_2, ln_upper, ln_t_density }
    }
}

/// 1 + (a + b)/(a + 1) y + (a + b)(a + b + 1)/((a + 1)(a + 2)) y² + … with a = ½, b = ν/2.
fn series(freedom: f64, y: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..MOST_TERMS {
        let n = f64::from(n);
        term *= ((freedom + 1.0) / 2.0 + n) / (1.5 + n) * y;
        sum += term;
        if term <= sum * CONVERGED {
            break;
        }
    }
    sum
}

/// The continued fraction of A. R. DiDonato and A. H. Morris, Algorithm 708, ACM Transactions on Mathematical Software 18
/// (1992) 360-373, equation 9, with a = ν/2, b = ½, by Lentz's method. Nothing cancels in it, however large ν is.
fn fraction(freedom: f64, x: f64, y: f64) -> f64 {
    let (a, b) = (freedom / 2.0, 0.5);
    // a − (a + b) x, without cancellation: t² is ν y / x.
    let lambda = a * (y - x / freedom);
    let below = |n: f64| {
        let first = if n == 0.0 { 0.0 } else { n + n * (b - n) * x / (a + 2.0 * n - 1.0) };
        first + (a + n) / (a + 2.0 * n + 1.0) * (lambda + 1.0 + n * (1.0 + y))
    };
    let mut c = f64::MAX;
    let mut d = below(0.0).recip();
    let mut value = d;
    for n in 1..MOST_TERMS {
        let n = f64::from(n);
        let end = a + 2.0 * n - 1.0;
        let above = (a + n - 1.0) / end * ((a + b + n - 1.0) / end) * n * (b - n) * x * x;
        let b = below(n);
        d = (above * d + b).recip();
        c = b + above / c;
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
    fn one_and_two_degrees_of_freedom_have_a_closed_form() {
        for t in [1e-6_f64, 0.1, 0.9, 1.2, 2.0, 3.5, 40.0, 1e6] {
            for (freedom, central) in [(1.0, t.atan() / PI), (2.0, t / (2.0 * (2.0 + t * t).sqrt()))] {
                let found = parts(freedom, t);
                assert!((found.ln_central.exp() / central - 1.0).abs() < 1e-13, "{freedom} {t}");
                assert!((found.ln_central.exp() + found.ln_upper.exp() - 0.5).abs() < 1e-15, "{freedom} {t}");
            }
            let (cauchy, found) = (t.recip().atan() / PI, parts(1.0, t).ln_upper.exp());
            assert!((found / cauchy - 1.0).abs() < 1e-13, "{t}");
        }
    }

    #[test]
    fn centre_and_tail_meet() {
        for freedom in [1.0, 2.0, 3.0, 9.0, 60.0, 1e4, 1e9] {
            // On either side of where one takes over from the other.
            let share: f64 = 1.5 / (freedom / 2.0 + 2.5);
            let t = (freedom * share / (1.0 - share)).sqrt();
            let (below, above) = (parts(freedom, t * (1.0 - 1e-14)), parts(freedom, t * (1.0 + 1e-14)));
            assert!((below.ln_upper - above.ln_upper).abs() < 1e-12, "{freedom}");
            assert!((below.ln_central - above.ln_central).abs() < 1e-12, "{freedom}");
        }
    }
}
