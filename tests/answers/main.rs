//! Answers in every form: golden files, round trips, attacks through labels, and the commands.
//!
//! The golden files are written anew when `KOBLING_BLESS` is set; whoever does that reads the difference.

mod attacks;
mod charts;
mod commands;
mod golden;
mod kit;
mod round_trip;
