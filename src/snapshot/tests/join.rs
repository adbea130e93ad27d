//! The seal against a naive join over the same staged rows, on random programmes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::linkage::Quality;

/// A case or a member of staff: the partner whose number it is, and the number; (0, 0) for none.
type Issued = (u8, u8);
/// The case and the staff of a row.
type Numbered = (Issued, Vec<Issued>);

/// Which person each link is, by walking the aliases: the least link that it hangs together with.
fn identity(aliases: &[(u8, u8)], n: u8) -> u8 {
    let mut reached = BTreeSet::from([n]);
    loop {
        let joined = aliases.iter().filter(|(a, b)| reached.contains(a) || reached.contains(b));
        let more: BTreeSet<u8> = joined.flat_map(|(a, b)| [*a, *b]).chain(reached.iter().copied()).collect();
        if more == reached {
            return *reached.first().expect("itself");
        }
        reached = more;
    }
}

/// Sets that meet, joined: the components, naively.
fn joined(sets: Vec<BTreeSet<u8>>) -> BTreeSet<BTreeSet<u8>> {
    let mut groups: Vec<BTreeSet<u8>> = Vec::new();
    for mut set in sets.into_iter().filter(|set| !set.is_empty()) {
        while let Some(at) = groups.iter().position(|group| !group.is_disjoint(&set)) {
            set.extend(groups.swap_remove(at));
        }
        groups.push(set);
    }
    groups.into_iter().collect()
}

/// The person of each number, as the oracle names it.
fn named(spine: &Spine, aliases: &[(u8, u8)], persons: u8) -> HashMap<u32, u8> {
    let mut named = HashMap::from([(0, 0)]);
    for n in 1..persons {
        if let Some(number) = spine.person(&person_link(n)) {
            let who = identity(aliases, n);
            let earlier = named.insert(number, who);
            assert!(earlier.is_none_or(|earlier| earlier == who), "two persons under one number");
        }
    }
    let numbers: HashSet<u32> = named.keys().copied().collect();
    let people: HashSet<u8> = named.values().copied().collect();
    assert_eq!(numbers.len(), people.len(), "one person under two numbers");
    named
}

/// Numbers are given as the sorted rows meet whom they stand for.
fn assert_is_next_or_known(known: &mut HashMap<u32, Issued>, number: u32, of: Issued) {
    let next = known.len() as u32;
    match known.insert(number, of) {
        Some(earlier) => assert_eq!(earlier, of, "two under one number"),
        None => assert_eq!(number, next, "numbers are dense, in the order of the rows"),
    }
}

/// Holds a snapshot against the rows that went in.
fn assert_is_the_naive_join(
    bench: &Bench,
    snapshot: &Snapshot,
    uploads: &[Upload],
    aliases: &[(u8, u8)],
    spine: &Spine,
    persons: u8,
) {
    let named = named(spine, aliases, persons);
    let raws = uploads.iter().flat_map(|upload| {
        upload.rows.iter().map(|raw| seen(&bench.programme.datasets[upload.dataset], raw))
    });
    let in_rows: BTreeSet<u8> = raws
        .flat_map(|raw| [raw.person, raw.related])
        .filter(|n| *n != 0)
        .map(|n| identity(aliases, n))
        .collect();
    let mut kept_out: BTreeMap<(usize, u8), BTreeSet<u8>> = BTreeMap::new();
    for upload in uploads {
        let withheld = upload.rows.chunks(7).flat_map(withheld);
        let who = withheld.map(|n| identity(aliases, n));
        kept_out
            .entry((upload.dataset, upload.source))
            .or_default()
            .extend(who.filter(|who| in_rows.contains(who)));
    }
    kept_out.retain(|_, who| !who.is_empty());
    let sets = snapshot.withheld.sets().iter();
    let found: BTreeMap<_, BTreeSet<u8>> =
        sets.map(|(of, set)| (*of, set.iter().map(|number| named[&number]).collect())).collect();
    assert_eq!(found, kept_out);
    let mut cases: HashMap<u32, Issued> = HashMap::from([(0, (0, 0))]);
    let mut staff: HashMap<u32, Issued> = HashMap::from([(0, (0, 0))]);
    let mut ties: Vec<BTreeSet<u8>> = Vec::new();
    let mut members: HashMap<(u8, u8), BTreeSet<u8>> = HashMap::new();
    for (at, (dataset, columns)) in bench.programme.datasets.iter().zip(&snapshot.datasets).enumerate() {
        // What should be there: person, day and source of every row, and the rest, in the oracle's names.
        let mut wanted: Vec<(u8, Numbered, Raw)> = Vec::new();
        for upload in uploads.iter().filter(|upload| upload.dataset == at) {
            for raw in &upload.rows {
                let raw = seen(dataset, raw);
                let who = |n: u8| if n == 0 { 0 } else { identity(aliases, n) };
                let case = if raw.case == 0 { (0, 0) } else { (upload.source, raw.case) };
                let issued = |n: u8| if n == 0 { (0, 0) } else { (issuer(&bench.programme, upload), n) };
                let staff = raw.staff.iter().map(|n| issued(*n)).collect();
                let raw =
                    Raw { person: who(raw.person), related: who(raw.related), case: 0, staff: vec![], ..raw };
                let row: BTreeSet<u8> = [raw.person, raw.related].into_iter().filter(|n| *n != 0).collect();
                if case != (0, 0) {
                    members.entry(case).or_default().extend(&row);
                }
                ties.push(row);
                wanted.push((upload.source, (case, staff), raw));
            }
        }
        // What is there. Numbers of cases and staff are matched below: first by what they stand with.
        let mut found = Vec::new();
        for person in 0..=snapshot.persons {
            let rows = columns.rows(person);
            assert!(columns.day[rows.clone()].is_sorted());
            for row in rows {
                let number = |column: &Option<Vec<u32>>| column.as_ref().map_or(0, |column| column[row]);
                let raw = Raw {
                    person: named[&person],
                    related: named[&number(&columns.related)],
                    case: 0,
                    staff: vec![],
                    day: columns.day[row],
                    codes: columns.categories.iter().flatten().map(|column| column[row]).collect(),
                    measures: columns.measures.iter().flatten().map(|column| column[row]).collect(),
                };
                let numbers: Vec<u32> = columns.staff.iter().flatten().map(|column| column[row]).collect();
                found.push((columns.source[row], number(&columns.case), numbers, raw));
            }
        }
        assert_eq!(found.len(), columns.len());
        // Rows of one person and day keep their order, so the n-th of equal rows is the n-th that went in.
        let mut queues: BTreeMap<(u8, Raw), Vec<Numbered>> = BTreeMap::new();
        for (source, numbered, raw) in wanted.into_iter().rev() {
            queues.entry((source, raw)).or_default().push(numbered);
        }
        for (source, number, numbers, raw) in found {
            let (case, issued) = queues.get_mut(&(source, raw)).and_then(Vec::pop).expect("an invented row");
            assert_is_next_or_known(&mut cases, number, case);
            assert_eq!(numbers.len(), issued.len());
            for (number, issued) in numbers.into_iter().zip(issued) {
                assert_is_next_or_known(&mut staff, number, issued);
            }
        }
        assert!(queues.values().all(Vec::is_empty), "a lost row");
    }
    for known in [cases, staff] {
        let distinct: HashSet<Issued> = known.values().copied().collect();
        assert_eq!(distinct.len(), known.len(), "one case or member of staff under two numbers");
    }

    ties.extend(members.into_values());
    let mut families: BTreeMap<u32, BTreeSet<u8>> = BTreeMap::new();
    for (person, family) in (0u32..).zip(snapshot.families.iter()).filter(|(_, family)| **family != 0) {
        families.entry(*family).or_default().insert(named[&person]);
    }
    assert_eq!(families.into_values().collect::<BTreeSet<_>>(), joined(ties));
}

/// Holds the quality figures against counting with sets.
fn assert_quality(bench: &Bench, quality: &Quality, uploads: &[Upload], aliases: &[(u8, u8)]) {
    let people = |of: &dyn Fn(&Upload) -> bool| -> BTreeSet<u8> {
        let rows = uploads.iter().filter(|upload| of(upload)).flat_map(|upload| &upload.rows);
        rows.filter(|row| row.person != 0).map(|row| identity(aliases, row.person)).collect()
    };
    assert_eq!(quality.parts.len(), bench.programme.datasets.len() * 9);
    for part in &quality.parts {
        let mine = |upload: &&Upload| upload.source == part.source && upload.dataset == part.dataset;
        let rows: Vec<&Raw> = uploads.iter().filter(mine).flat_map(|upload| &upload.rows).collect();
        let own = people(&|upload| mine(&upload));
        let others = people(&|upload| upload.source != part.source);
        assert_eq!(part.rows, rows.len() as u64);
        assert_eq!(part.anonymous, rows.iter().filter(|row| row.person == 0).count() as u64);
        assert_eq!(part.persons.expose("test"), own.len() as u64);
        assert_eq!(part.elsewhere.expose("test"), own.intersection(&others).count() as u64);
        assert_eq!(part.stated.packages, uploads.iter().filter(mine).count() as u64);
        assert_eq!(part.stated.sent, part.rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn successive_seals_are_the_naive_join(
        (programme, rounds) in programme().prop_flat_map(|programme| {
            let uploads = uploads(&programme, 20);
            (Just(programme), prop::collection::vec((uploads, prop::collection::vec((1u8..20, 1u8..20), 0..4)), 1..4))
        }),
        seed in any::<u64>(),
        memory in prop::array::uniform3(prop_oneof![0u64..3_000, Just(u64::MAX)]),
        threads in 1usize..4,
    ) {
        let bench = Bench::new(programme);
        let mut spine = Spine::default();
        let (mut aliases, mut allotted) = (Vec::new(), HashMap::<u8, u32>::new());
        for (id, (uploads, approved)) in (1u32..).zip(rounds) {
            aliases.extend(approved);
            let links: Vec<Alias> =
                aliases.iter().map(|(a, b)| Alias { old: person_link(*a), new: person_link(*b) }).collect();
            let staged = bench.stage(&uploads);
            let highest = spine.highest();
            // What a seal may take of the machine changes nothing: the join is held against every kind.
            let limits = SealLimits { memory: memory[id as usize % 3], disk: u64::MAX, threads };
            let report = bench.seal_within(id, &limits, &staged, &links, &mut spine, seed).expect("sealed");

            // Stable: an alias takes the older number of the two, and nothing else changes one. Never reused.
            for n in 1..20u8 {
                let Some(number) = spine.person(&person_link(n)) else { continue };
                let known: Vec<u32> = (1..20).filter(|m| identity(&aliases, *m) == identity(&aliases, n))
                    .filter_map(|m| allotted.get(&m).copied()).collect();
                match known.iter().min() {
                    Some(older) => prop_assert_eq!(number, *older),
                    None => prop_assert!(number > highest),
                }
            }
            for (link, number) in spine.fresh() {
                prop_assert!(*number > highest && *number <= spine.highest());
                let n = (1..20).find(|n| person_link(*n) == *link).expect("a link that went in");
                prop_assert!(allotted.insert(n, *number).is_none());
            }
            spine.settle();

            let snapshot = bench.load(id, &report.sha256).unwrap_or_else(|error| panic!("{error}"));
            prop_assert_eq!((snapshot.id, snapshot.day.days(), snapshot.persons), (id, 20_000, spine.highest()));
            prop_assert_eq!(report.rows, uploads.iter().map(|upload| upload.rows.len() as u64).sum::<u64>());
            assert_is_the_naive_join(&bench, &snapshot, &uploads, &aliases, &spine, 20);
            assert_quality(&bench, &report.quality, &uploads, &aliases);
            let kept = load_quality(&bench.vault, &bench.out(id), &bench.programme, &report.sha256).expect("kept");
            prop_assert!(kept == report.quality);
        }
    }
}
