//! The seal against a naive join over the same staged rows, on random programmes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::clock::{Day, Timestamp};
use crate::extract::manifest::Sha256Hex;
use crate::intake::staged::{Frame, MISSING_CODE, MISSING_MEASURE, Value};
use crate::linkage::{Alias, Quality, Spine, SpineError, Stated};
use crate::programme::{Column, Dataset, Measure, Programme, Role};
use crate::secret::SeededRandom;
use crate::token::Link;

/// A row before it is staged: what the oracle works on. Links are small numbers, 0 for none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Raw {
    person: u8,
    related: u8,
    case: u8,
    day: i32,
    codes: Vec<u8>,
    measures: Vec<i64>,
}

/// An upload of made-up rows.
#[derive(Clone, Debug)]
struct Upload {
    source: u8,
    dataset: usize,
    rows: Vec<Raw>,
}

fn person_link(n: u8) -> Link {
    let mut bytes = [n; 16];
    bytes[0] = n.wrapping_mul(101);
    Link::from_stored(bytes)
}

/// Cases are a partner's own: the same number at another partner is another link.
fn case_link(source: u8, n: u8) -> Link {
    let mut bytes = [n; 16];
    (bytes[0], bytes[1]) = (n.wrapping_mul(77), 100 + source);
    Link::from_stored(bytes)
}

fn model() -> Programme {
    let text = include_str!("../../programmes/interventionsmodel.toml");
    Programme::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn column(at: usize, role: Role) -> Column {
    let id = format!("c{at}").parse().expect("a name");
    Column { id, headers: Vec::new(), role, required: false, missing: Vec::new() }
}

/// A programme with the model's partners and codes, and datasets whose columns stand in any order.
fn programme() -> impl Strategy<Value = Programme> {
    let measure = || Role::Measure(Measure { unit: String::new(), decimals: 0, min: -9, max: 9 });
    let roles =
        (any::<[bool; 3]>(), 0usize..3, 0usize..3).prop_flat_map(move |(has, categories, measures)| {
            let mut roles = vec![Role::Person, Role::Date];
            let some = [Role::RelatedPerson, Role::Case, Role::Staff].into_iter().zip(has);
            roles.extend(some.filter(|(_, has)| *has).map(|(role, _)| role));
            roles.extend((0..categories).map(|list| Role::Category { list }));
            roles.extend((0..measures).map(|_| measure()));
            Just(roles).prop_shuffle()
        });
    prop::collection::vec(roles, 1..4).prop_map(|datasets| {
        let mut programme = model();
        let template = programme.datasets[0].clone();
        let dataset = |(at, roles): (usize, Vec<Role>)| Dataset {
            id: format!("d{at}").parse().expect("a name"),
            partners: (0..9).collect(),
            columns: roles.into_iter().enumerate().map(|(at, role)| column(at, role)).collect(),
            ..template.clone()
        };
        programme.datasets = datasets.into_iter().enumerate().map(dataset).collect();
        programme
    })
}

fn uploads(programme: &Programme, persons: u8) -> impl Strategy<Value = Vec<Upload>> + use<> {
    let codes: Vec<u8> = vec![0, 1, MISSING_CODE];
    let row = (
        (0..persons, 0..persons, 0u8..8),
        -400i32..400,
        prop::collection::vec(prop::sample::select(codes), 3),
        prop::collection::vec(prop_oneof![Just(MISSING_MEASURE), -9i64..10], 3),
    )
        .prop_map(|((person, related, case), day, codes, measures)| Raw {
            person,
            related,
            case,
            day,
            codes,
            measures,
        });
    let upload = (0u8..9, 0..programme.datasets.len(), prop::collection::vec(row, 0..25));
    prop::collection::vec(upload.prop_map(|(source, dataset, rows)| Upload { source, dataset, rows }), 0..7)
}

/// What of a row its dataset has columns for.
fn seen(dataset: &Dataset, raw: &Raw) -> Raw {
    let has = |role: &Role| dataset.columns.iter().any(|column| column.role == *role);
    let count = |role: fn(&Role) -> bool| dataset.columns.iter().filter(|column| role(&column.role)).count();
    Raw {
        related: if has(&Role::RelatedPerson) { raw.related } else { 0 },
        case: if has(&Role::Case) { raw.case } else { 0 },
        codes: raw.codes[..count(|role| matches!(role, Role::Category { .. }))].to_vec(),
        measures: raw.measures[..count(|role| matches!(role, Role::Measure(_)))].to_vec(),
        ..raw.clone()
    }
}

/// Stages an upload in frames of at most seven rows.
fn stage(dir: &Path, programme: &Programme, at: usize, upload: &Upload) -> StagedInput {
    let path = dir.join(format!("upload-{at}"));
    let mut file = fs::File::create(&path).expect("created");
    for (index, rows) in (0..).zip(upload.rows.chunks(7)) {
        let mut frame = Frame::new(index, &[0; 32]);
        for row in rows {
            let (mut codes, mut measures) = (row.codes.iter(), row.measures.iter());
            for column in &programme.datasets[upload.dataset].columns {
                let link = |n: u8, link: Link| Value::Link((n != 0).then_some(link));
                frame.push(match column.role {
                    Role::Person => link(row.person, person_link(row.person)),
                    Role::RelatedPerson => link(row.related, person_link(row.related)),
                    Role::Case => link(row.case, case_link(upload.source, row.case)),
                    Role::Staff => Value::Link(None),
                    Role::Date => Value::Day(Day::from_days(row.day)),
                    Role::Category { .. } => Value::Code(*codes.next().expect("enough")),
                    Role::Measure(_) => Value::Measure(*measures.next().expect("enough")),
                });
            }
            frame.end_row();
        }
        file.write_all(&frame.finish()).expect("written");
    }
    let sent = upload.rows.len() as u64;
    let stated = Stated { packages: 1, read: sent, sent, ..Stated::default() };
    StagedInput { path, source: upload.source, dataset: upload.dataset, stated }
}

/// A folder to seal in.
struct Bench {
    dir: tempfile::TempDir,
    programme: Programme,
}

impl Bench {
    fn new(programme: Programme) -> Bench {
        Bench { dir: tempfile::tempdir().expect("a folder"), programme }
    }

    fn stage(&self, uploads: &[Upload]) -> Vec<StagedInput> {
        uploads
            .iter()
            .enumerate()
            .map(|(at, upload)| stage(self.dir.path(), &self.programme, at, upload))
            .collect()
    }

    fn out(&self, id: u32) -> PathBuf {
        self.dir.path().join(id.to_string())
    }

    fn seal(
        &self,
        id: u32,
        staged: &[StagedInput],
        aliases: &[Alias],
        spine: &mut Spine,
        seed: u64,
    ) -> Result<SealReport, SealError> {
        let inputs = SealInputs {
            programme: &self.programme,
            staged,
            aliases,
            id,
            day: Day::from_days(20_000),
            sealed_at: Timestamp::from_millis(1_728_000_000_000),
            out: &self.out(id),
        };
        seal(&inputs, spine, &mut SeededRandom::from_number(seed))
    }

    fn load(&self, id: u32, sha256: &Sha256Hex) -> Result<Snapshot, LoadError> {
        Snapshot::load(&self.out(id), &self.programme, sha256)
    }
}

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
    let mut cases: HashMap<u32, (u8, u8)> = HashMap::from([(0, (0, 0))]);
    let mut ties: Vec<BTreeSet<u8>> = Vec::new();
    let mut members: HashMap<(u8, u8), BTreeSet<u8>> = HashMap::new();
    for (at, (dataset, columns)) in bench.programme.datasets.iter().zip(&snapshot.datasets).enumerate() {
        // What should be there: person, day and source of every row, and the rest, in the oracle's names.
        let mut wanted: Vec<(u8, u8, (u8, u8), Raw)> = Vec::new();
        for upload in uploads.iter().filter(|upload| upload.dataset == at) {
            for raw in &upload.rows {
                let raw = seen(dataset, raw);
                let who = |n: u8| if n == 0 { 0 } else { identity(aliases, n) };
                let case = if raw.case == 0 { (0, 0) } else { (upload.source, raw.case) };
                let raw = Raw { person: who(raw.person), related: who(raw.related), case: 0, ..raw };
                let row: BTreeSet<u8> = [raw.person, raw.related].into_iter().filter(|n| *n != 0).collect();
                if case != (0, 0) {
                    members.entry(case).or_default().extend(&row);
                }
                ties.push(row);
                wanted.push((raw.person, upload.source, case, raw));
            }
        }
        // What is there. Case numbers are matched below: first by what they stand with.
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
                    day: columns.day[row],
                    codes: columns.categories.iter().flatten().map(|column| column[row]).collect(),
                    measures: columns.measures.iter().flatten().map(|column| column[row]).collect(),
                };
                found.push((columns.source[row], number(&columns.case), raw));
            }
        }
        assert_eq!(found.len(), columns.len());
        // Rows of one person and day keep their order, so the n-th of equal rows is the n-th that went in.
        let mut queues: BTreeMap<(u8, Raw), Vec<(u8, u8)>> = BTreeMap::new();
        for (_, source, case, raw) in wanted.into_iter().rev() {
            queues.entry((source, raw)).or_default().push(case);
        }
        for (source, number, raw) in found {
            let case = queues.get_mut(&(source, raw)).and_then(Vec::pop).expect("an invented row");
            assert_eq!(*cases.entry(number).or_insert(case), case, "two cases under one number");
        }
        assert!(queues.values().all(Vec::is_empty), "a lost row");
    }
    let distinct: HashSet<(u8, u8)> = cases.values().copied().collect();
    assert_eq!(distinct.len(), cases.len(), "one case under two numbers");
    assert_eq!(cases.keys().max().map(|max| *max as usize + 1), Some(cases.len()), "case numbers are dense");

    ties.extend(members.into_values());
    let mut families: BTreeMap<u32, BTreeSet<u8>> = BTreeMap::new();
    for (person, family) in (0u32..).zip(&snapshot.families).filter(|(_, family)| **family != 0) {
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
            let report = bench.seal(id, &staged, &links, &mut spine, seed).expect("sealed");

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
            let kept = load_quality(&bench.out(id), &bench.programme, &report.sha256).expect("kept");
            prop_assert!(kept == report.quality);
        }
    }

    #[test]
    fn the_same_inputs_and_seed_give_the_same_bytes(
        (programme, uploads) in programme().prop_flat_map(|programme| {
            let uploads = uploads(&programme, 20);
            (Just(programme), uploads)
        }),
        seed in any::<u64>(),
    ) {
        let bench = Bench::new(programme);
        let staged = bench.stage(&uploads);
        let (mut one, mut other) = (Spine::default(), Spine::default());
        let first = bench.seal(1, &staged, &[], &mut one, seed).expect("sealed");
        fs::rename(bench.out(1), bench.out(2)).expect("renamed");
        let second = bench.seal(1, &staged, &[], &mut other, seed).expect("sealed");
        prop_assert_eq!(first.sha256, second.sha256);
        for entry in fs::read_dir(bench.out(1)).expect("read") {
            let name = entry.expect("entry").file_name();
            let read = |id| fs::read(bench.out(id).join(&name)).expect("read");
            prop_assert!(read(1) == read(2), "{:?}", name);
        }
    }
}

/// One upload to each dataset of the model that takes it, and a good seal of them.
fn sealed() -> (Bench, Vec<StagedInput>, Spine, Sha256Hex) {
    let bench = Bench::new(model());
    let rows = |from: u8| {
        let row = |n| Raw {
            person: n,
            related: n / 2,
            case: n % 5,
            day: 19_000,
            codes: vec![0; 3],
            measures: vec![],
        };
        (from..from + 30).map(row).collect::<Vec<_>>()
    };
    let upload = |source, dataset, from| Upload { source, dataset, rows: rows(from) };
    let staged = bench.stage(&[upload(0, 0, 0), upload(1, 1, 10), upload(4, 2, 20)]);
    let mut spine = Spine::default();
    let report = bench.seal(1, &staged, &[], &mut spine, 1).expect("sealed");
    spine.settle();
    (bench, staged, spine, report.sha256)
}

fn left_over(bench: &Bench) -> Vec<String> {
    let names = fs::read_dir(bench.dir.path()).expect("read").map(|e| e.expect("entry").file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| !name.starts_with("upload")).collect()
}

#[test]
fn a_torn_or_incomplete_upload_is_refused_by_name_and_leaves_no_trace() {
    let (bench, mut staged, mut spine, _) = sealed();
    let path = staged[1].path.clone();
    let whole = fs::read(&path).expect("read");
    // More links, so that a trace in the spine would show.
    let fresh = Upload {
        source: 4,
        dataset: 2,
        rows: (60..80)
            .map(|n| Raw { person: n, related: 0, case: 0, day: 0, codes: vec![0; 3], measures: vec![] })
            .collect(),
    };
    staged.push(stage(bench.dir.path(), &bench.programme, 9, &fresh));
    let refused = |spine: &mut Spine, staged: &[StagedInput]| {
        let (highest, known) = (spine.highest(), spine.len());
        let error = bench.seal(2, staged, &[], spine, 1).err().expect("refused");
        assert!(matches!(&error, SealError::Incomplete { file } if file == "upload-1"), "{error}");
        assert_eq!((spine.highest(), spine.len()), (highest, known));
        assert_eq!(left_over(&bench), ["1"]);
    };
    for cut in [0, 1, 43, 44, 300, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).expect("written");
        refused(&mut spine, &staged);
    }
    for at in [0, 5, 9, 100, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).expect("written");
        refused(&mut spine, &staged);
    }
    fs::write(&path, [&whole[..], b"more"].concat()).expect("written");
    refused(&mut spine, &staged);
    fs::write(&path, [&whole[..], &whole[..]].concat()).expect("written");
    refused(&mut spine, &staged);
    fs::write(&path, &whole).expect("written");
    for sent in [29, 31, u64::MAX] {
        staged[1].stated.sent = sent;
        refused(&mut spine, &staged);
    }
    staged[1].stated.sent = 30;
    bench.seal(2, &staged, &[], &mut spine, 1).expect("whole again");
}

#[test]
fn a_missing_upload_and_one_of_a_strange_partner_are_refused_by_name() {
    let (bench, mut staged, mut spine, _) = sealed();
    staged[0].source = 3;
    let error = bench.seal(2, &staged, &[], &mut spine, 1).err().expect("refused");
    assert!(matches!(&error, SealError::Unknown { file } if file == "upload-0"), "{error}");
    staged[0].source = 0;
    fs::remove_file(&staged[2].path).expect("removed");
    let error = bench.seal(2, &staged, &[], &mut spine, 1).err().expect("refused");
    assert!(matches!(&error, SealError::Read { file, .. } if file == "upload-2"), "{error}");
    assert_eq!(left_over(&bench), ["1"]);
}

#[test]
fn a_value_that_intake_would_refuse_is_refused() {
    let (bench, _, mut spine, _) = sealed();
    let row = |day, code| Raw { person: 1, related: 0, case: 0, day, codes: vec![code; 3], measures: vec![] };
    for (bad, row) in [("day", row(Day::MAX.days() + 1, 0)), ("code", row(0, 200))] {
        let staged = bench.stage(&[Upload { source: 0, dataset: 0, rows: vec![row] }]);
        let error = bench.seal(2, &staged, &[], &mut spine, 1).err().expect("refused");
        assert!(matches!(&error, SealError::Content { what, .. } if what.contains(bad)), "{error}");
    }
}

#[test]
fn a_snapshot_is_never_written_over_and_a_seal_waits_for_the_last() {
    let (bench, staged, mut spine, sha256) = sealed();
    let error = bench.seal(1, &staged, &[], &mut spine, 1).err().expect("refused");
    assert!(matches!(&error, SealError::Write { .. }), "{error}");
    assert!(bench.load(1, &sha256).is_ok());
    bench.seal(2, &staged, &[], &mut spine, 1).expect("sealed");
    let error = bench.seal(3, &staged, &[], &mut spine, 1).err().expect("refused");
    assert!(matches!(&error, SealError::Spine(SpineError::Unsettled)), "{error}");
}

#[test]
fn a_byte_changed_anywhere_is_refused_by_the_name_of_its_file() {
    let (bench, _, _, sha256) = sealed();
    let mut files = 0;
    for entry in fs::read_dir(bench.out(1)).expect("read") {
        let entry = entry.expect("entry");
        let (path, name) = (entry.path(), entry.file_name().into_string().expect("a plain name"));
        let whole = fs::read(&path).expect("read");
        files += 1;
        for at in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).expect("written");
            let error = bench.load(1, &sha256).err().expect("refused");
            assert!(matches!(&error, LoadError::Digest { file } if *file == name), "{name} {at}: {error}");
        }
        fs::write(&path, &whole[..whole.len() / 2]).expect("written");
        assert!(matches!(bench.load(1, &sha256), Err(LoadError::Digest { file }) if file == name));
        fs::remove_file(&path).expect("removed");
        assert!(matches!(bench.load(1, &sha256), Err(LoadError::Read { file, .. }) if file == name));
        fs::write(&path, &whole).expect("written");
        assert!(bench.load(1, &sha256).is_ok());
    }
    assert_eq!(files, 5);
}

#[test]
fn files_changed_together_with_their_manifest_are_refused_by_the_stores_digest() {
    let (bench, staged, mut spine, sha256) = sealed();
    bench.seal(2, &staged[..1], &[], &mut spine, 1).expect("sealed");
    assert!(matches!(bench.load(2, &sha256), Err(LoadError::Digest { file }) if file == SNAPSHOT_FILE));
}

#[test]
fn another_programme_or_other_columns_are_refused_and_another_title_is_not() {
    let (bench, _, _, sha256) = sealed();
    let load = |change: fn(&mut Programme)| {
        let mut programme = model();
        change(&mut programme);
        Snapshot::load(&bench.out(1), &programme, &sha256).map(|snapshot| snapshot.id)
    };
    assert!(matches!(load(|p| p.title.en = "Another".to_owned()), Ok(1)));
    assert!(matches!(
        load(|p| p.id = "another".parse().expect("a name")),
        Err(LoadError::OtherProgramme { .. })
    ));
    let columns = load(|p| _ = p.datasets[0].columns.pop());
    assert!(matches!(columns, Err(LoadError::OtherStructure { sealed_under: 1 })));
}

#[test]
fn no_link_is_in_the_folder() {
    let (bench, _, spine, _) = sealed();
    let mut whole = Vec::new();
    for entry in fs::read_dir(bench.out(1)).expect("read") {
        whole.extend(fs::read(entry.expect("entry").path()).expect("read"));
    }
    let holds = |whole: &[u8], link: &Link| whole.windows(16).any(|window| window == link.as_stored());
    let planted = [&whole[..], person_link(7).as_stored()].concat();
    assert!(holds(&planted, &person_link(7)), "the search finds a planted link");
    assert!(spine.len() > 40);
    for n in 1..60 {
        assert!(!holds(&whole, &person_link(n)));
    }
}
