//! Datasets loaded on demand, within a limit of memory.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;

use parquet::errors::ParquetError;

use super::*;
use crate::snapshot::file::{self, Part, Values};
use crate::snapshot::read::{self, Bounds, FileError};
use crate::vault::{SealedFile, SealedWriter};

fn sealed(programme: Programme, uploads: &[Upload]) -> (Bench, Sha256Hex) {
    let bench = Bench::new(programme);
    let staged = bench.stage(uploads);
    let report = bench.seal(1, &staged, &[], &mut Spine::default(), 1).expect("sealed");
    (bench, report.sha256)
}

fn open(bench: &Bench, sha256: &Sha256Hex, limit: u64) -> LazySnapshot {
    LazySnapshot::open(&bench.vault, &bench.out(1), &bench.programme, sha256, limit)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Uploads of 30, 20 and 10 rows to the three datasets of the model.
fn three() -> (Bench, Sha256Hex) {
    let row = |n: u8| Raw {
        person: n,
        related: n / 2,
        case: n % 5,
        staff: vec![],
        day: 19_000,
        codes: vec![0; 3],
        measures: vec![],
    };
    let upload = |source, dataset, rows| Upload { source, dataset, rows: (1..=rows).map(row).collect() };
    sealed(model(), &[upload(0, 0, 30), upload(1, 1, 20), upload(4, 2, 10)])
}

/// Bytes behind a dataset's vectors.
fn heap(columns: &Columns) -> usize {
    fn vec<T>(column: &Vec<T>) -> usize {
        column.capacity() * size_of::<T>()
    }
    vec(&columns.offsets)
        + vec(&columns.day)
        + vec(&columns.source)
        + columns.related.as_ref().map_or(0, vec)
        + columns.case.as_ref().map_or(0, vec)
        + columns.staff.iter().flatten().map(vec).sum::<usize>()
        + columns.categories.iter().flatten().map(vec).sum::<usize>()
        + columns.measures.iter().flatten().map(vec).sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_question_sees_its_datasets_whole_and_the_limit_holds(
        (programme, uploads, questions) in programme().prop_flat_map(|programme| {
            let all: Vec<usize> = (0..programme.datasets.len()).collect();
            let question = prop::sample::subsequence(all.clone(), 0..=all.len()).prop_shuffle();
            let uploads = uploads(&programme, 20);
            (Just(programme), uploads, prop::collection::vec(question, 1..12))
        }),
        room in 0.0..1.2f64,
        holds in 0usize..3,
    ) {
        let (bench, sha256) = sealed(programme, &uploads);
        let whole = bench.load(1, &sha256).unwrap_or_else(|error| panic!("{error}"));
        let all: Vec<usize> = (0..bench.programme.datasets.len()).collect();
        let bytes_of_all = open(&bench, &sha256, u64::MAX).bytes_of(&all);
        let exact: usize = whole.datasets.iter().map(|columns| heap(columns)).sum();
        prop_assert_eq!(bytes_of_all, (exact + whole.families.len() * 4) as u64 + whole.withheld.bytes(), "reckoned before it is loaded");

        let limit = (bytes_of_all as f64 * room) as u64;
        let lazy = open(&bench, &sha256, limit);
        let mut under_way: VecDeque<Snapshot> = VecDeque::new();
        for asked in questions {
            let needed = lazy.bytes_of(&asked);
            match lazy.with(&asked) {
                Ok(snapshot) => {
                    prop_assert!(needed <= limit);
                    prop_assert!((snapshot.id, snapshot.day, snapshot.persons) == (whole.id, whole.day, whole.persons));
                    prop_assert!(snapshot.families == whole.families);
                    prop_assert_eq!(snapshot.datasets.len(), whole.datasets.len());
                    for (at, columns) in snapshot.datasets.iter().enumerate() {
                        let wanted = if asked.contains(&at) { &*whole.datasets[at] } else { &Columns::default() };
                        prop_assert!(**columns == *wanted);
                    }
                    under_way.push_back(snapshot);
                }
                Err(LoadError::OverLimit { needed: said, limit: allowed }) => {
                    prop_assert_eq!((said, allowed), (needed, limit));
                    prop_assert!(needed > limit);
                }
                Err(LoadError::InUse { needed: said, in_use, limit: allowed }) => {
                    prop_assert_eq!((said, allowed), (needed, limit));
                    prop_assert!(needed + in_use > limit && !under_way.is_empty());
                }
                Err(error) => panic!("{error}"),
            }
            if under_way.len() > holds {
                under_way.pop_front();
            }
            prop_assert!(lazy.bytes_held() <= limit.max(lazy.bytes_of(&[])));
        }
    }
}

#[test]
fn what_was_used_longest_ago_and_nobody_reads_goes_first() {
    let (bench, sha256) = three();
    let limit = open(&bench, &sha256, u64::MAX).bytes_of(&[0, 1]);
    let lazy = open(&bench, &sha256, limit);
    let with = |datasets: &[usize]| lazy.with(datasets).unwrap_or_else(|error| panic!("{error}"));
    let first = Arc::downgrade(&with(&[0]).datasets[0]);
    let second = Arc::downgrade(&with(&[1]).datasets[1]);
    assert!(first.upgrade().is_some(), "kept for the next question");
    drop(with(&[0]));
    drop(with(&[2]));
    assert!(first.upgrade().is_some() && second.upgrade().is_none());

    let reader = with(&[0]);
    drop(with(&[1]));
    assert!(first.upgrade().is_some(), "in use");
    let both = lazy.with(&[1, 2]);
    let error = both.err().expect("refused");
    assert!(matches!(error, LoadError::InUse { .. }), "{error}");
    drop(reader);
    assert!(lazy.with(&[1, 2]).is_ok());
}

#[test]
fn a_question_over_the_limit_is_refused_with_the_bytes_and_the_setting() {
    let (bench, sha256) = three();
    let needed = open(&bench, &sha256, u64::MAX).bytes_of(&[0, 2]);
    let lazy = open(&bench, &sha256, needed - 1);
    let message = lazy.with(&[2, 0]).err().expect("refused").to_string();
    assert!(message.contains(&format!("take {needed} bytes")), "{message}");
    assert!(message.contains(&format!("set {MEMORY_SETTING} to {needed} or more")), "{message}");
    assert!(lazy.with(&[0]).is_ok() && open(&bench, &sha256, needed).with(&[0, 2]).is_ok());
    let most = model().datasets.len();
    assert!(
        matches!(lazy.with(&[most]), Err(LoadError::NoSuchDataset { at, datasets }) if at == most && datasets == most)
    );
}

#[test]
fn a_dataset_is_verified_when_it_is_first_needed_and_no_other() {
    let (bench, sha256) = three();
    let name = format!("rows-{}.parquet", bench.programme.datasets[1].id);
    let path = bench.out(1).join(&name);
    let whole = fs::read(&path).expect("read");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&path, &damaged).expect("written");
    let lazy = open(&bench, &sha256, u64::MAX);
    assert!(lazy.with(&[0, 2]).is_ok());
    assert!(matches!(lazy.with(&[0, 1]), Err(LoadError::Digest { file }) if file == name));
    fs::write(&path, &whole).expect("written");
    assert!(lazy.with(&[0, 1]).is_ok(), "after the backup is back");
}

#[test]
fn numbers_that_no_rows_account_for_are_refused() {
    let mut programme = model();
    programme.datasets[0].columns.push(column(9, Role::Staff));
    let dataset = &programme.datasets[0];
    let codes: Vec<usize> =
        dataset.columns.iter().map(|c| programme.codes(c).map_or(0, <[_]>::len)).collect();
    let read = |change: fn(&mut Columns)| {
        let list = |is: fn(&Role) -> bool| dataset.columns.iter().map(move |column| is(&column.role));
        let mut columns = Columns {
            offsets: vec![0, 0, 2],
            day: vec![5, 6],
            source: vec![0, 1],
            related: Some(vec![0, 1]),
            case: Some(vec![2, 0]),
            staff: list(|role| *role == Role::Staff).map(|is| is.then(|| vec![1, 128])).collect(),
            categories: list(|role| matches!(role, Role::Category { .. }))
                .map(|is| is.then(|| vec![0, MISSING_CODE]))
                .collect(),
            measures: vec![None; dataset.columns.len()],
        };
        change(&mut columns);
        let wide = |column: &[u32]| Values::Int32(column.iter().map(|n| n.cast_signed()).collect());
        let bytes = |column: &[u8]| Values::Int32(column.iter().map(|n| i32::from(*n)).collect());
        let values: Vec<Values> = file::parts(dataset)
            .iter()
            .map(|(_, part)| match *part {
                Part::Person | Part::Family => wide(&[1, 1]),
                Part::Day => Values::Int32(columns.day.clone()),
                Part::Source => bytes(&columns.source),
                Part::Related => wide(columns.related.as_ref().expect("there")),
                Part::Case => wide(columns.case.as_ref().expect("there")),
                Part::Staff(at) => wide(columns.staff[at].as_ref().expect("there")),
                Part::Category(at) => bytes(columns.categories[at].as_ref().expect("there")),
                Part::Measure(at) => Values::Int64(columns.measures[at].clone().expect("there")),
            })
            .collect();
        let dir = tempfile::tempdir().expect("a folder");
        let (vault, path) = (Vault::throwaway(), dir.path().join("rows"));
        let out = fs::File::create(&path).expect("a file");
        let out = SealedWriter::new(&vault, out, "rows").expect("begun");
        let written = file::write_rows(out, dataset, |put| put(&values));
        written.map_err(|error: ParquetError| error).expect("written").finish().expect("ended");
        let out = Arc::new(SealedFile::open(&vault, &path, "rows").expect("opens"));
        let bounds = Bounds { persons: 1, partners: 2, rows: 2, codes: &codes };
        match read::read_rows(out, dataset, 2, &bounds) {
            Ok(read) => {
                assert!(read == columns);
                Ok(())
            }
            Err(FileError::Content(what)) => Err(what),
            Err(FileError::Parquet(error)) => panic!("{error}"),
        }
    };
    assert_eq!(read(|_| {}), Ok(()));
    assert_eq!(read(|c| c.case = Some(vec![3, 0])), Err("a case number is too high"));
    assert_eq!(read(|c| c.staff[7] = Some(vec![1, 129])), Err("a staff number is too high"));
    assert_eq!(read(|c| c.related = Some(vec![2, 0])), Err("a person number is too high"));
    assert_eq!(read(|c| c.source = vec![0, 2]), Err("a partner is unknown"));
    assert_eq!(read(|c| c.day = vec![6, 5]), Err("days are out of order"));
}
