//! Intervals of shown counts, for every true count that a shown one can stand for.

use super::figure::Figure;
use super::shown::Shown;
use crate::stats::share::{UncertainShare, uncertain_newcombe};
use crate::stats::{Confidence, Uncertain};

/// The 95 % interval of a share in whole per cent, outwards: the envelope of Wilson's interval over all counts within
/// `error` of the shown ones. It reads nothing but what the reader has, and contains the interval of the true counts.
pub(super) fn share(part: Shown, whole: Shown, error: u64) -> Figure {
    let interval = uncertain((part, whole), error).map(|share| share.wilson(Confidence::ninety_five()));
    interval.map_or(Figure::Hidden, |interval| range(interval.lower, interval.upper))
}

/// The same of the difference of two independent shares, after Newcombe, in percentage points.
pub(super) fn difference(one: (Shown, Shown), other: (Shown, Shown), error: u64) -> Figure {
    let shares = uncertain(one, error).zip(uncertain(other, error));
    let interval = shares.map(|(one, other)| uncertain_newcombe(one, other, Confidence::ninety_five()));
    interval.map_or(Figure::Hidden, |interval| range(interval.lower, interval.upper))
}

fn uncertain((part, whole): (Shown, Shown), error: u64) -> Option<UncertainShare> {
    let (part, whole) = (part.count()?, whole.count()?);
    let count = |value| Uncertain { value, error };
    UncertainShare::new(count(part), count(whole)).ok()
}

fn range(low: f64, high: f64) -> Figure {
    Figure::Range((low * 100.0).floor(), (high * 100.0).ceil())
}
