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

/// Worlds by what is shown of them.
fn by_answers(
    grid: &Grid,
    all: &[Vec<u32>],
    asks: &[&[usize]],
    rules: &Rules,
) -> HashMap<Transcript, Vec<usize>> {
    let by_answers: Mutex<HashMap<Transcript, Vec<usize>>> = Mutex::default();
    std::thread::scope(|scope| {
        for part in 0..2 {
            let by_answers = &by_answers;
            scope.spawn(move || {
                for at in (part..all.len()).step_by(2) {
                    let shown = grid.shown(&all[at], asks, rules);
                    by_answers.lock().expect("whole").entry(shown).or_default().push(at);
                }
            });
        }
    });
    by_answers.into_inner().expect("whole")
}

/// For every hidden cell of the last table asked: five values are left, and nobody is among them, unless the tables before
/// it say already that somebody is there. The first table asked is the total; worlds near the edge of the enumeration are
/// left out, where it would be the edge that tells. A cell that is large in every world that is left covers others, and is
/// none that has to be protected.
fn assert_safe(sides: &[usize], most: u32, asks: &[&[usize]], rules: &Rules) {
    let grid = Grid::of(sides);
    let all = worlds(grid.codes.len(), most);
    let answers = by_answers(&grid, &all, asks, rules);
    let reach = u64::from(most) - rules.held() - 2;
    let last = asks.len() - 1;
    let cell_of = |cell: usize, world: usize| grid.tabulation(&all[world], asks[last]).cells[cell].units;
    let mut before: HashMap<&[Vec<Shown>], Vec<usize>> = HashMap::new();
    for (shown, fitting) in &answers {
        before.entry(&shown[..last]).or_default().extend(fitting);
    }
    let mut looked_at = 0;
    for (shown, fitting) in
        answers.iter().filter(|(shown, _)| shown[0][0].count().is_some_and(|all| all <= reach))
    {
        for cell in (0..shown[last].len()).filter(|cell| shown[last][*cell] == Shown::Hidden) {
            let values: BTreeSet<u64> = fitting.iter().map(|world| cell_of(cell, *world)).collect();
            if values.iter().all(|value| *value >= rules.persons()) {
                continue;
            }
            looked_at += 1;
            assert!(values.len() >= 5, "cell {cell} of {shown:?} is one of {values:?}");
            let known = || before[&shown[..last]].iter().all(|world| cell_of(cell, *world) > 0);
            assert!(values.contains(&0) || known(), "cell {cell} of {shown:?} is not empty: {values:?}");
        }
    }
    assert!(looked_at > 10, "there were hidden cells to look at");
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

/// Tables by two dimensions each, sharing one: each is audited with the other one. Asked by itself the second shows more than
/// it does after the first.
#[test]
fn two_linked_tables_that_are_each_safe_and_not_together() {
    let grid = Grid::of(&[3, 2, 2]);
    let rules = Rules::standard();
    let mut state = 20_261_122_u64;
    let mut next = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % most).expect("small")
    };
    let (mut hides_more, mut shows) = (0, 0);
    let asks: [&[usize]; 6] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2]];
    for _ in 0..1_500 {
        let world: Vec<u32> =
            grid.codes.iter().map(|_| if next(4) == 0 { next(6) } else { 8 + next(30) }).collect();
        let together = grid.shown(&world, &asks, &rules);
        let alone = grid.shown(&world, &[&[0, 2]], &rules);
        hides_more += usize::from(together[5] != alone[0]);
        shows += usize::from(together[5].iter().any(|cell| *cell != Shown::Hidden));
    }
    assert!(hides_more > 0 && shows > 100, "{hides_more} and {shows} of 1,500 worlds");
}

/// Decisions can be simulated: worlds whose cells would show the same are answered the same, whatever their hidden cells
/// hold. What would be shown is what is shown with R5 switched off.
#[cfg(debug_assertions)]
#[test]
fn what_is_hidden_follows_from_what_would_be_shown() {
    use kobling::disclosure::Rule;
    let rules = Rules::standard();
    let open = rules.without(&[Rule::R5]);
    for (sides, most, asks) in
        [(&[3][..], 40, &[&[][..], &[0]][..]), (&[2, 2], 22, &[&[], &[0], &[1], &[0, 1]])]
    {
        let grid = Grid::of(sides);
        let mut decided: HashMap<Transcript, (Vec<u32>, Transcript)> = HashMap::new();
        let mut told_again = 0;
        for world in worlds(grid.codes.len(), most) {
            let shown = grid.shown(&world, asks, &rules);
            let (first, before) = decided
                .entry(grid.shown(&world, asks, &open))
                .or_insert_with(|| (world.clone(), shown.clone()));
            assert_eq!(*before, shown, "{first:?} and {world:?} would show the same");
            told_again += usize::from(*first != world);
        }
        assert!(told_again > 1_000, "{told_again} worlds looked like another one");
    }
}
