//! Statistics by the book: survival, shares, rates and means with their intervals, for the answers of `question`.
//!
//! Pure functions on numbers. The same input gives the same output; nothing here knows of persons, stores or rules.
//!
//! | file | what it has |
//! | --- | --- |
//! | [`survival`] | Kaplan-Meier, Greenwood, plain and log(−log) intervals, median, person-time |
//! | [`share`] | Wilson's interval for a share, Newcombe's for the difference of two |
//! | [`rate`] | events per 100 person-years: Garwood's exact interval, Byar's approximation |
//! | [`mean`] | mean and standard deviation from exact sums, paired change, standardised differences |
//! | [`quantile`] | normal, Student's t, chi-square and gamma quantiles |
//! | [`interval`], [`count`] | what the others take and give |
//!
//! **Envelopes.** A released count is off by up to its printed error. [`share::UncertainShare`] and
//! [`rate::UncertainRate`] give the least lower and the greatest upper bound over everything that the true counts can
//! be, so that an interval made of shown counts is true of the hidden ones. Both bounds are attained.
//!
//! No function gives NaN or an infinite bound. What has no answer (a part above its whole, nobody, no time) is a
//! [`StatsError`] or `None`.
//!
//! Must never: import another room, decide what may be shown, ask the time or draw a random number. Called by
//! `question`, which hands in exact values and passes the results to `disclosure`, or hands in shown values alone.

pub mod count;
mod error;
mod gamma;
pub mod interval;
pub mod mean;
pub mod quantile;
pub mod rate;
pub mod share;
mod student;
pub mod survival;

pub use count::Uncertain;
pub use error::StatsError;
pub use interval::{Confidence, Interval};
