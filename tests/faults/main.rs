//! Faults: the real program killed, starved, cheated and filled up while it works. Each ends in a clear message, and in a
//! service that lives or says why it does not; nothing acknowledged is lost.

#![cfg(all(target_os = "linux", feature = "service"))]
#![expect(clippy::print_stdout, reason = "figures and seeds, shown with --nocapture and when a test fails")]

mod disk;
mod kills;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
mod limits;
#[path = "../kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;
mod model;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time: each has a service, threads and a disk of its own to bring into trouble.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number that the environment may set, for longer runs.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
