//! What sealing and loading refuse, by name and without a trace.

use std::fs;

use super::*;
use crate::linkage::SpineError;

/// One upload to each dataset of the model that takes it, and a good seal of them.
fn sealed() -> (Bench, Vec<StagedInput>, Spine, Sha256Hex) {
    let bench = Bench::new(model());
    let rows = |from: u8| {
        let row = |n| Raw {
            person: n,
            related: n / 2,
            case: n % 5,
            staff: vec![],
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
            .map(|n| Raw {
                person: n,
                related: 0,
                case: 0,
                staff: vec![],
                day: 0,
                codes: vec![0; 3],
                measures: vec![],
            })
            .collect(),
    };
    staged.push(stage(&bench.vault, bench.dir.path(), &bench.programme, 9, &fresh));
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
        staged[1].rows = sent;
        refused(&mut spine, &staged);
    }
    staged[1].rows = 30;
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
    let row = |day, code| Raw {
        person: 1,
        related: 0,
        case: 0,
        staff: vec![],
        day,
        codes: vec![code; 3],
        measures: vec![],
    };
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
    assert_eq!(files, model().datasets.len() + 3, "a file for each dataset, and three more");
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
        Snapshot::load(&bench.vault, &bench.out(1), &programme, &sha256).map(|snapshot| snapshot.id)
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
