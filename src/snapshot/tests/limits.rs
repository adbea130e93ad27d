//! What a seal may take of the machine decides nothing about what it makes, and what it puts aside on the way goes.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::vault::SealedFile;

/// Every file of a snapshot, by name.
fn files(bench: &Bench, id: u32) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(bench.out(id)).expect("read").map(|entry| entry.expect("entry"));
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().expect("a plain name");
        let file = SealedFile::open(&bench.vault, &entry.path(), &format!("snapshot/{name}")).expect("opens");
        let mut held = vec![0; usize::try_from(file.len()).expect("small")];
        assert_eq!(file.read_at(0, &mut held).expect("read"), held.len());
        (name, held)
    };
    entries.map(file).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn memory_and_threads_decide_no_byte(
        (programme, uploads) in programme().prop_flat_map(|programme| {
            let uploads = uploads(&programme, 20);
            (Just(programme), uploads)
        }),
        seed in any::<u64>(),
        memory in prop::collection::vec((0u64..6_000, 1usize..6), 1..4),
    ) {
        let bench = Bench::new(programme);
        let staged = bench.stage(&uploads);
        let plenty = SealLimits { memory: u64::MAX, disk: 0, threads: 2 };
        let mut spine = Spine::default();
        let whole = bench.seal_within(1, &plenty, &staged, &[], &mut spine, seed).expect("sealed in memory");
        let sealed = files(&bench, 1);
        prop_assert_eq!(sealed.len(), bench.programme.datasets.len() + 3);
        fs::remove_dir_all(bench.out(1)).expect("removed");
        for (memory, threads) in memory {
            let limits = SealLimits { memory, disk: u64::MAX, threads };
            let mut other = Spine::default();
            let report = bench.seal_within(1, &limits, &staged, &[], &mut other, seed).expect("sealed");
            prop_assert!(files(&bench, 1) == sealed, "{limits:?}");
            prop_assert!(report.sha256 == whole.sha256 && report.quality == whole.quality);
            prop_assert!(other.fresh() == spine.fresh());
            fs::remove_dir_all(bench.out(1)).expect("removed");
        }
    }
}

/// Two uploads of a dataset, and one of another.
fn three(bench: &Bench) -> Vec<StagedInput> {
    let row = |n: u8| Raw {
        person: n % 40,
        related: n / 2,
        case: n % 5,
        staff: vec![],
        day: i32::from(n % 7),
        codes: vec![0; 3],
        measures: vec![],
    };
    let upload = |source, dataset| Upload { source, dataset, rows: (0..200).map(row).collect() };
    bench.stage(&[upload(0, 0), upload(1, 1), upload(2, 1)])
}

#[test]
fn a_full_disk_under_the_working_files_is_named_and_leaves_no_folder() {
    let bench = Bench::new(model());
    let staged = three(&bench);
    let mut spine = Spine::default();
    let seal = |disk, spine: &mut Spine| {
        let limits = SealLimits { memory: 1_000, disk, threads: 2 };
        bench.seal_within(1, &limits, &staged, &[], spine, 1)
    };
    // The rows of a dataset take 200 or 400 records: full at once, in the middle, and at the last.
    let width = record::Record::of(&bench.programme.datasets[1]).width() as u64;
    for disk in [0, 1, 150 * width, 399 * width, 400 * width - 1] {
        let error = seal(disk, &mut spine).err().expect("refused");
        assert!(
            matches!(
                &error,
                SealError::Write { file, source }
                    if file == "a working file" && source.kind() == std::io::ErrorKind::StorageFull
            ),
            "{error}"
        );
        assert!(spine.is_empty() && spine.highest() == 0, "no trace in the spine");
        let left =
            fs::read_dir(bench.dir.path()).expect("read").map(|entry| entry.expect("entry").file_name());
        assert!(
            left.into_iter().all(|name| name.to_string_lossy().starts_with("upload")),
            "a folder is left"
        );
    }
    seal(400 * width, &mut spine).expect("sealed");
}

#[test]
fn working_files_hold_no_link_and_are_gone_when_the_snapshot_is_there() {
    let bench = Bench::new(model());
    let staged = three(&bench);
    let draft = bench.dir.path().join(".1.sealing");
    let (mut held, mut seen) = (Vec::new(), 0);
    let limits = SealLimits { memory: 1_000, disk: u64::MAX, threads: 2 };
    let inputs = SealInputs {
        vault: &bench.vault,
        programme: &bench.programme,
        staged: &staged,
        aliases: &[],
        id: 1,
        day: Day::from_days(20_000),
        sealed_at: Timestamp::from_millis(0),
        out: &bench.out(1),
    };
    let mut spine = Spine::default();
    let report = seal_within(&inputs, &limits, &mut spine, &mut SeededRandom::from_number(1), &mut |phase| {
        for entry in fs::read_dir(&draft).expect("the draft").map(|entry| entry.expect("entry")) {
            assert!(entry.file_name().to_string_lossy().starts_with("work-"), "{phase:?}");
            held.extend(fs::read(entry.path()).expect("read"));
            seen += 1;
        }
    });
    report.expect("sealed");
    assert_eq!(seen, 4 * model().datasets.len(), "a file for each dataset at each phase");
    assert!(held.len() > 600 * 9);
    let holds = |whole: &[u8], link: &Link| whole.windows(16).any(|window| window == link.as_stored());
    assert!(
        holds(&[&held[..], person_link(7).as_stored()].concat(), &person_link(7)),
        "the search finds one"
    );
    for n in 1..100 {
        let links = [person_link(n), case_link(0, n), case_link(1, n), case_link(2, n)];
        assert!(!links.iter().any(|link| holds(&held, link)));
    }
    let files = files(&bench, 1);
    assert_eq!(files.len(), model().datasets.len() + 3);
    assert!(files.keys().all(|name| !name.contains("work")));
}

#[test]
fn a_crash_leaves_working_files_in_the_orphan_folder_that_start_up_removes() {
    let dir = tempfile::tempdir().expect("a folder");
    let draft = folder::Draft::begin(&Vault::throwaway(), &dir.path().join("7")).expect("begun");
    let work = work::WorkFile::create(&draft, "work-0", 10).expect("created");
    work.write(0, &[1; 10]).expect("written");
    assert!(work::WorkFile::create(&draft, "work-0", 10).is_err(), "never one that is there already");
    // As a crash would: neither of them cleans up.
    std::mem::forget((work, draft));
    assert_eq!(remove_orphans(dir.path(), &[]).expect("removed"), [".7.sealing"]);
    assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 0);
}

#[test]
fn a_working_file_torn_by_somebody_else_is_an_error_and_never_rows() {
    let dir = tempfile::tempdir().expect("a folder");
    let draft = folder::Draft::begin(&Vault::throwaway(), &dir.path().join("7")).expect("begun");
    let work = work::WorkFile::create(&draft, "work-0", 100).expect("created");
    work.write(0, &[1; 60]).expect("written");
    let path = dir.path().join(".7.sealing").join("work-0");
    // Put in its place: what is read is still what was written.
    fs::rename(&path, dir.path().join("aside")).expect("moved");
    fs::write(&path, [2; 60]).expect("written");
    let mut read = [0; 60];
    work.read(0, &mut read).expect("read");
    assert_eq!(read, [1; 60]);
    // Cut.
    let file = fs::OpenOptions::new().write(true).open(dir.path().join("aside")).expect("open");
    file.set_len(59).expect("cut");
    assert!(work.read(0, &mut read).is_err());
}
