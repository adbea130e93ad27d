//! What the rules of disclosure cost: of all tables that an evaluator may ask for in both demo programmes, the share of
//! cells shown and the error of the shown ones, rule by rule.
//!
//! `cargo bench --profile dev --bench usefulness [-- PERSONS [SEED]]`, or in a release build with `--features weakened`; the
//! demo's 20,000 persons unless told, a family of the second programme for every ten. Each table question is asked over the
//! whole period: without dimensions, by each registered one, by each two, then narrowed to each registered population. One ledger grows over all of it, as for one evaluator. The same cells are then
//! put under other rules: first with rules added one by one, then with one left out at a time.
//!
//! `tests/usefulness.rs` holds what must be true of the figures whatever the world.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[cfg(any(debug_assertions, feature = "weakened"))]
#[path = "kit/usefulness.rs"]
mod usefulness;

#[cfg(any(debug_assertions, feature = "weakened"))]
fn main() {
    use kobling::demo::play::{Which, seal_unplayed};

    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (persons, seed) = (numbers.next().unwrap_or(20_000), numbers.next().unwrap_or(1).into());
    for which in [Which::Interventionsmodel, Which::Effektinvestering] {
        let sealed = seal_unplayed(which, persons, seed).unwrap_or_else(|error| panic!("{error}"));
        usefulness::report(&sealed, &mut |line| println!("{line}"));
    }
}

#[cfg(not(any(debug_assertions, feature = "weakened")))]
fn main() {
    println!("No rule can be switched off in this build: add --features weakened, or --profile dev");
}
