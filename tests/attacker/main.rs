//! A randomised attacker: it asks every question there is about small random populations, in random order, of several
//! snapshots and under two names, knows some persons, and solves for what it got. See docs/DISCLOSURE.md.
//!
//! `KOBLING_SEED=... KOBLING_WORLDS=...` repeats a run; `KOBLING_SECONDS=...` lets it go on for so long.
#![cfg(feature = "service")]
#![expect(clippy::print_stdout, reason = "seeds, and what was looked at, are for who runs it")]

mod asks;
mod knowledge;
mod not_yet;
mod paired;
mod random;
mod run;
mod service;
mod solve;
mod world;

use std::hash::{BuildHasher as _, Hasher as _};
use std::time::{Duration, Instant};

use kobling::disclosure::Rules;
use kobling::secret::SeededRandom;
use run::{Found, Leak, attack};
use world::Kinds;

/// The seeds of a run: from the environment, or by chance.
struct Run {
    first: u64,
    worlds: u64,
    until: Option<Instant>,
}

impl Run {
    fn of(worlds: u64) -> Run {
        let set = |name| std::env::var(name).ok().map(|it| it.parse::<u64>().expect("a whole number"));
        let by_chance = || std::collections::hash_map::RandomState::new().build_hasher().finish() >> 32;
        let until = set("KOBLING_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
        let first = set("KOBLING_SEED").unwrap_or_else(by_chance);
        let worlds = set("KOBLING_WORLDS").unwrap_or(if until.is_some() { u64::MAX } else { worlds });
        println!("KOBLING_SEED={first}");
        Run { first, worlds, until }
    }

    fn seeds(&self) -> impl Iterator<Item = u64> + '_ {
        let all = (0..self.worlds).map(|world| self.first.wrapping_add(world));
        all.take_while(|_| self.until.is_none_or(|until| Instant::now() < until))
    }
}

/// Who attacks: somebody outside or a partner, of one snapshot or several.
fn kinds(seed: u64) -> Kinds {
    match seed % 4 {
        0 => Kinds { snapshots: 1, changes: 0, informed: false },
        1 => Kinds { snapshots: 1, changes: 0, informed: true },
        2 => Kinds { snapshots: 3, changes: 7, informed: false },
        _ => Kinds { snapshots: 3, changes: 9, informed: true },
    }
}

fn attack_on(seed: u64, rules: &Rules) -> Found {
    attack(&mut SeededRandom::from_number(seed), kinds(seed), rules)
}

/// What no attacker may have.
fn is_forbidden(leak: &&Leak) -> bool {
    matches!(leak, Leak::Number(..) | Leak::OneOrTwo(..))
}

#[test]
fn no_cell_of_one_to_seven_is_left_with_one_value() {
    let (mut all, mut worlds) = (Found::default(), 0);
    let (mut others, mut not_nobody) = (0, 0);
    for seed in Run::of(40).seeds() {
        let found = attack_on(seed, &Rules::standard());
        let forbidden: Vec<&Leak> = found.leaks.iter().filter(is_forbidden).collect();
        assert!(forbidden.is_empty(), "KOBLING_SEED={seed} KOBLING_WORLDS=1: {forbidden:?}");
        others += found.leaks.iter().filter(|leak| matches!(leak, Leak::Others(..))).count();
        not_nobody += found.leaks.iter().filter(|leak| matches!(leak, Leak::NotNobody(..))).count();
        all.looked_at += found.looked_at;
        all.solved += found.solved;
        all.held_across += found.held_across;
        worlds += 1;
    }
    println!(
        "{worlds} worlds, {} cells of 1 to 7 looked at, {} solved by a program; not yet stopped: {others} times the \
         others in a larger cell, {not_nobody} times a hidden cell that is not empty, {} times a crossing cell that was \
         held as shown",
        all.looked_at, all.solved, all.held_across
    );
    assert!(all.looked_at > 0, "there was something to find");
}

#[test]
fn one_person_more_or_less_does_not_show() {
    let (mut compared, mut left_out) = (0, 0);
    for seed in Run::of(20).seeds() {
        let pair = paired::pair(&mut SeededRandom::from_number(seed), &Rules::standard());
        assert!(pair.differ.is_empty(), "KOBLING_SEED={seed} KOBLING_WORLDS=1: {:?}", pair.differ);
        compared += pair.compared;
        left_out += pair.left_out;
    }
    println!("{compared} pairs of answers compared, {left_out} left out for a held cell that left its set");
    assert!(compared > 0, "there was something to compare");
}

/// In one of the two histories a held cell by the first and the third dimension leaves its set, and is the only one of its
/// line that the snapshot has. Taken for all of the line, it made the audit refuse the table by the second and the third.
#[test]
fn one_part_of_a_line_that_is_known_anew_does_not_refuse_another_table() {
    let pair = paired::pair(&mut SeededRandom::from_number(941_407_113), &Rules::standard());
    assert!(pair.compared > 0 && pair.differ.is_empty(), "{:?}", pair.differ);
}

/// With a rule switched off the same attackers win.
#[cfg(debug_assertions)]
mod power {
    use kobling::disclosure::Rule;

    use super::*;

    /// Looks for a world where an attacker gets something without the rule, and not with it.
    fn wins_without(rule: Rule, seeds: std::ops::Range<u64>, wanted: fn(&Leak) -> bool) {
        let without = Rules::standard().without(&[rule]);
        let won = seeds.clone().find_map(|seed| {
            let leaks = attack_on(seed, &without).leaks.into_iter().filter(wanted).collect::<Vec<_>>();
            let with = leaks.first().map(|_| attack_on(seed, &Rules::standard()).leaks)?;
            leaks.into_iter().find(|leak| !with.contains(leak)).map(|leak| (seed, leak))
        });
        let (seed, leak) = won.unwrap_or_else(|| panic!("nothing is found without {rule:?} in {seeds:?}"));
        println!("without {rule:?}, seed {seed}: {leak:?}");
    }

    #[test]
    fn without_one_mark_for_hidden_cells_a_number_is_found() {
        wins_without(Rule::R2, 20..40, |leak| matches!(leak, Leak::Number(..)));
    }

    #[test]
    fn without_rounding_known_persons_are_taken_off_and_a_number_is_left() {
        wins_without(Rule::R3, 1..20, |leak| matches!(leak, Leak::Others(..)));
    }

    #[test]
    fn without_cover_and_audit_the_total_less_its_siblings_says_that_somebody_is_there() {
        wins_without(Rule::R5, 1..20, |leak| matches!(leak, Leak::NotNobody(..)));
    }

    /// About one world in 500.
    #[test]
    fn without_cover_and_audit_the_total_less_its_siblings_is_a_number() {
        wins_without(Rule::R5, 832..840, |leak| matches!(leak, Leak::Number(..)));
    }

    /// About one world in 300: most crossing cells may be held at another one's value, and then tell less.
    #[test]
    fn without_r10_a_partner_takes_its_own_clients_off_and_is_left_with_one_or_two() {
        wins_without(Rule::R10, 570..580, |leak| matches!(leak, Leak::OneOrTwo(..)));
    }

    fn one_person_shows_without(rule: Rule) {
        let rules = Rules::standard().without(&[rule]);
        let shows = |seed: &u64| {
            let pair = paired::pair(&mut SeededRandom::from_number(*seed), &rules);
            !pair.differ.is_empty()
        };
        assert!((1..10).any(|seed| shows(&seed)), "one person does not show without {rule:?}");
    }

    #[test]
    fn without_holding_close_sets_together_one_person_shows() {
        one_person_shows_without(Rule::R8);
    }

    #[test]
    fn without_holding_across_snapshots_one_person_shows() {
        one_person_shows_without(Rule::R9);
    }
}
