//! The report of what each rule costs, on a small world: what must be true of its figures.
#![cfg(all(feature = "service", any(debug_assertions, feature = "weakened")))]

#[path = "../benches/kit/usefulness.rs"]
#[expect(dead_code, reason = "the report is printed by the benchmark")]
mod usefulness;

use kobling::demo::play::{Which, seal_unplayed};
use kobling::disclosure::{Rule, Rules};
use usefulness::{asks, cost, lines};

#[test]
fn rules_hide_and_round_and_each_of_them_costs_something() {
    let sealed = seal_unplayed(Which::Effektinvestering, 1000, 3).expect("sealed");
    // Tables of a few questions: the whole takes long in a debug build.
    let asks: Vec<_> = asks(&sealed).into_iter().take(60).collect();
    let under = |off: &[Rule]| cost(&sealed, &asks, &Rules::standard().without(off));
    let none = under(&Rule::ALL);
    assert!(none.tables > 30 && none.cells > 200, "{none:?}");
    assert_eq!((none.shown, none.error, none.largest), (none.cells, 0, 0), "without rules all is exact");
    assert!(none.large > 0 && none.large < none.cells, "{none:?}");

    let all = under(&[]);
    assert_eq!((all.tables, all.cells, all.large), (none.tables, none.cells, none.large), "the same tables");
    assert!(all.shown > 0 && all.shown < none.shown, "{all:?}");
    assert!(all.largest <= 9, "rounding and holding: {all:?}");
    assert!(all.figures_shown < none.figures_shown);

    let only = |on: &[Rule]| {
        let off: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !on.contains(rule)).collect();
        under(&off)
    };
    let small_hidden = only(&[Rule::R1, Rule::R2]);
    assert_eq!((small_hidden.shown, small_hidden.large_shown), (none.large, none.large), "R1 alone");
    assert_eq!(small_hidden.error, 0);
    let rounded = only(&[Rule::R3]);
    assert_eq!((rounded.shown, rounded.largest), (none.cells, 2), "R3 alone");
}

#[test]
fn every_line_of_the_report_switches_something_else_off() {
    let mut seen = std::collections::HashSet::new();
    let lines = lines();
    assert!(lines[1].off.contains(&Rule::R3) && !lines[1].off.contains(&Rule::R1));
    for line in &lines {
        let mut off = line.off.clone();
        off.sort_unstable();
        assert!(seen.insert(off), "{}", line.name);
    }
}
