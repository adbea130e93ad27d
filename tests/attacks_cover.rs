//! The strongest attacker on small worlds: it knows every rule, simulates the service on every world there is, and keeps
//! those whose answers are the ones that it got. What a hidden cell holds in the worlds that are left is what it knows.
//!
//! A hidden cell must keep at least five values, nobody among them.
#![cfg(feature = "service")]

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Mutex;

use kobling::disclosure::{
    Dimensions, EndedPeriod, Ledger, PersonSet, RawCell, ReleaseContext, Rules, Settings, Shape, Shown,
    Tabulation, release,
};

/// Counts of the cells of a world, and where each stands: the place of its code by dimension.
struct Grid {
    codes: Vec<Vec<usize>>,
}

impl Grid {
    /// One line of so many parts, or a table of so many rows and columns.
    fn of(sides: &[usize]) -> Grid {
        let mut codes = vec![Vec::new()];
        for side in sides {
            codes = codes
                .iter()
                .flat_map(|of: &Vec<usize>| {
                    (0..*side).map(|code| [&of[..], &[code]].concat()).collect::<Vec<_>>()
                })
                .collect();
        }
        Grid { codes }
    }

    /// The table by some of the dimensions. Every person is a family of its own.
    fn tabulation(&self, world: &[u32], by: &[usize]) -> Tabulation {
        let mut cells: Vec<(Vec<usize>, PersonSet)> = Vec::new();
        for (at, (codes, count)) in self.codes.iter().zip(world).enumerate() {
            let of: Vec<usize> = by.iter().map(|dimension| codes[*dimension]).collect();
            let first = 1_000 * u32::try_from(at).expect("few");
            let set = (first..first + count).collect::<PersonSet>();
            match cells.iter_mut().find(|(codes, _)| *codes == of) {
                Some((_, all)) => *all |= set,
                None => cells.push((of, set)),
            }
        }
        let cell = |(codes, set): (Vec<usize>, PersonSet)| {
            let families = set.len();
            RawCell::persons(codes.iter().map(ToString::to_string).collect(), set, families)
        };
        let columns = by.iter().map(|dimension| format!("d{dimension}")).collect();
        Tabulation::counts(Shape::Partition, columns, cells.into_iter().map(cell).collect())
    }

    /// What is shown of a world to somebody who asks for tables one after the other.
    fn shown(&self, world: &[u32], asks: &[&[usize]], rules: &Rules) -> Vec<Vec<Shown>> {
        let mut ledger = Ledger::holding(rules.held());
        let ended =
            EndedPeriod::check("2022-Q1".parse().expect("a period"), "2023-06-01".parse().expect("a day"), 0);
        let ended = ended.expect("ended");
        asks.iter()
            .map(|by| {
                let names = by.iter().map(|dimension| format!("d{dimension}")).collect();
                let dimensions = Dimensions::check(names, rules).expect("few");
                let context = ReleaseContext::new("q".to_owned(), 1, dimensions, ended);
                let pending =
                    release(self.tabulation(world, by), &context, rules, &ledger).expect("well formed");
                let table = ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value();
                table.rows.iter().map(kobling::disclosure::Row::count).collect()
            })
            .collect()
    }
}

/// Every world of so many cells and at most so many persons.
fn worlds(cells: usize, most: u32) -> Vec<Vec<u32>> {
    let mut worlds = vec![Vec::new()];
    for _ in 0..cells {
        worlds = worlds
            .into_iter()
            .flat_map(|world: Vec<u32>| {
                let left = most - world.iter().sum::<u32>();
                (0..=left).map(move |count| [&world[..], &[count]].concat()).collect::<Vec<_>>()
            })
            .collect();
    }
    worlds
}

type Transcript = Vec<Vec<Shown>>;

/// What the attacker is left with in the worst case of each kind: for a hidden cell of the last table asked, fewest
/// values, and whether nobody is always among them. Worlds near the edge of the enumeration are left out, where it would
/// be the edge that tells.
fn left_with(sides: &[usize], most: u32, asks: &[&[usize]], rules: &Rules) -> (usize, bool, usize) {
    let grid = Grid::of(sides);
    let all: Vec<_> = worlds(grid.codes.len(), most)
        .into_iter()
        .filter(|w| w.iter().sum::<u32>() >= std::env::var("LOW").ok().map_or(0, |x| x.parse().unwrap()))
        .collect();
    let by_answers: Mutex<HashMap<Transcript, Vec<usize>>> = Mutex::default();
    std::thread::scope(|scope| {
        for part in 0..2 {
            let (all, grid, by_answers) = (&all, &grid, &by_answers);
            scope.spawn(move || {
                for at in (part..all.len()).step_by(2) {
                    let shown = grid.shown(&all[at], asks, rules);
                    by_answers.lock().expect("whole").entry(shown).or_default().push(at);
                }
            });
        }
    });
    let reach = u64::from(most) - rules.held() - 2;
    let (mut fewest, mut nobody, mut looked_at) = (usize::MAX, true, 0);
    for (shown, fitting) in by_answers.into_inner().expect("whole") {
        // The first table asked is the total.
        if shown[0][0].count().is_none_or(|total| total > reach) {
            continue;
        }
        let last = shown.last().expect("asked");
        let table = |at: &usize| grid.tabulation(&all[*at], asks.last().expect("asked"));
        let tables: Vec<Vec<u64>> =
            fitting.iter().map(|at| table(at).cells.iter().map(|cell| cell.units).collect()).collect();
        for cell in (0..last.len()).filter(|cell| last[*cell] == Shown::Hidden) {
            let values: BTreeSet<u64> = tables.iter().map(|table| table[cell]).collect();
            // A cell that is large in every world that is left covers others, and is none that has to be protected.
            if values.iter().all(|value| *value >= rules.persons()) {
                continue;
            }
            looked_at += 1;
            if values.len() < fewest || (nobody && !values.contains(&0)) {
                println!("cell {cell} of {shown:?}: {values:?}");
            }
            fewest = fewest.min(values.len());
            nobody &= values.contains(&0);
        }
    }
    assert!(looked_at > 10, "there were hidden cells to look at");
    (fewest, nobody, looked_at)
}

fn assert_safe(sides: &[usize], most: u32, asks: &[&[usize]], rules: &Rules) {
    let (fewest, nobody, _) = left_with(sides, most, asks, rules);
    assert!(fewest >= 5 && nobody, "{fewest} values are left, with nobody among them: {nobody}");
}

#[test]
fn a_total_and_its_two_parts() {
    assert_safe(&[2], 70, &[&[], &[0]], &Rules::standard());
}

#[test]
fn a_total_and_its_three_parts() {
    assert_safe(&[3], 54, &[&[], &[0]], &Rules::standard());
}

#[test]
fn a_total_and_its_four_parts() {
    assert_safe(&[4], 36, &[&[], &[0]], &Rules::standard());
}

#[test]
fn a_total_and_its_three_parts_under_stricter_rules() {
    for settings in [
        Settings { persons: Some(5), held: Some(4), ..Settings::default() },
        Settings { persons: Some(12), held: Some(7), ..Settings::default() },
        Settings { persons: Some(8), held: Some(12), ..Settings::default() },
    ] {
        let rules = Rules::checked(&settings).expect("above the floors");
        assert_safe(&[3], 50, &[&[], &[0]], &rules);
    }
}

#[test]
fn two_by_two_with_both_margins_asked() {
    assert_safe(
        &[2, 2],
        std::env::var("MOST").ok().map_or(36, |x| x.parse().unwrap()),
        &[&[], &[0], &[1], &[0, 1]],
        &Rules::standard(),
    );
}
