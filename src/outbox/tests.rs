//! Whatever was half done when a process ended, an outbox opens again, and nothing whole is lost.

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::key::SigningKey;

fn note(second: i64) -> Note {
    Note {
        format: 1,
        dataset: "forloeb".parse().expect("a name"),
        period: "2022-Q1..2022-Q4".parse().expect("quarters"),
        mark: Sha256Hex::of(&second.to_be_bytes()),
        made_at: Timestamp::from_millis(1_700_000_000_000 + second * 1000),
    }
}

/// Takes the first so many steps of making a parcel, and stops there as a process does that is killed.
fn steps(outbox: &Outbox, note: Note, steps: u32) -> Parcel {
    let parcel = outbox.begin(note).expect("begun");
    let making = parcel.making();
    let mut name = making.file_name().expect("a name").to_owned();
    name.push(".partial-17");
    let todo: [&dyn Fn(); 6] = [
        &|| std::fs::create_dir(making.with_file_name(&name)).expect("made"),
        &|| std::fs::write(making.with_file_name(&name).join("data.csv"), b"rows").expect("written"),
        &|| std::fs::rename(making.with_file_name(&name), &making).expect("renamed"),
        &|| parcel.keep_report(b"{}", "clean", "<p>clean").expect("kept"),
        &|| parcel.made().expect("made"),
        &|| parcel.keep_receipt(br#"{"receipt":"","signature":""}"#).expect("kept"),
    ];
    for step in todo.iter().take(steps as usize) {
        step();
    }
    parcel
}

proptest! {
    #[test]
    fn killed_at_any_step_it_opens_again_with_what_was_whole(ends in proptest::collection::vec(0u32..=6, 1..6)) {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("out");
        for (second, end) in ends.iter().enumerate() {
            let outbox = Outbox::open(&folder).expect("opens");
            steps(&outbox, note(i64::try_from(second).expect("small")), *end);
            // A file that was being written as well.
            std::fs::write(folder.join(".x.receipt.json.partial"), b"hal").expect("written");
        }
        let outbox = Outbox::open(&folder).expect("opens");
        let parcels = outbox.parcels().expect("listed");
        let whole = ends.iter().filter(|end| **end >= 5).count();
        prop_assert_eq!(parcels.len(), whole);
        prop_assert!(parcels.iter().all(Parcel::has_rows));
        let received = parcels.iter().filter(|parcel| parcel.receipt().expect("read").is_some()).count();
        prop_assert_eq!(received, ends.iter().filter(|end| **end == 6).count());
        let names = outbox.names().expect("listed");
        prop_assert!(names.iter().all(|name| name == ".lock" || !name.starts_with('.')), "{:?}", names);
        let notes = names.iter().filter(|name| name.ends_with(NOTE)).count();
        prop_assert_eq!(notes, whole);
    }

    #[test]
    fn a_mark_is_of_every_byte_and_every_term(
        terms in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
        extract in proptest::collection::vec(any::<u8>(), 0..64),
        at in any::<proptest::sample::Index>(),
    ) {
        let marker = Marker::new(&SigningKey::from_seed(&mut [1; 32]));
        let mark = |terms: &[Vec<u8>], extract: &[u8]| {
            let terms: Vec<&[u8]> = terms.iter().map(Vec::as_slice).collect();
            marker.mark(&terms, &mut &*extract).expect("read")
        };
        let first = mark(&terms, &extract);
        prop_assert_eq!(first, mark(&terms, &extract));
        let mut other = extract.clone();
        other.push(0);
        prop_assert!(first != mark(&terms, &other));
        if !extract.is_empty() {
            let mut other = extract.clone();
            other[at.index(extract.len())] ^= 1;
            prop_assert!(first != mark(&terms, &other));
        }
        let mut more = terms.clone();
        more.push(Vec::new());
        prop_assert!(first != mark(&more, &extract));
    }
}

/// Attack: somebody with the outbox, and with the linkage key as every partner has it, tries out what an extract held.
#[test]
fn attack_a_small_extract_is_not_found_by_its_mark() {
    let extract = b"CPR;Dato\r\n";
    let mark = |seed: u8| {
        Marker::new(&SigningKey::from_seed(&mut [seed; 32])).mark(&[], &mut &extract[..]).expect("read")
    };
    assert!(mark(1) != mark(2), "the mark follows from the partner's own key");
    assert!(mark(1) != Sha256Hex::of(extract));
}

#[test]
fn one_process_at_a_time_and_looking_needs_no_lock() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("out");
    assert_eq!(Outbox::look(&folder).parcels().expect("empty"), []);
    assert!(!folder.exists(), "looking makes nothing");
    let outbox = Outbox::open(&folder).expect("opens");
    assert!(matches!(Outbox::open(&folder), Err(OutboxError::Busy(_))));
    let parcel = steps(&outbox, note(1), 5);
    assert_eq!(Outbox::look(&folder).parcels().expect("listed"), std::slice::from_ref(&parcel));
    // The same second gives another name.
    let second = steps(&outbox, note(1), 5);
    assert!(second.name != parcel.name && second.name.ends_with("-2"));
    second.give_up().expect("gone");
    let left = outbox.names().expect("listed").into_iter().filter(|name| name.contains(&second.name));
    assert_eq!(left.collect::<Vec<_>>(), [""; 0], "all of it goes");
    assert_eq!(outbox.parcels().expect("listed").len(), 1);
    parcel.drop_rows().expect("dropped");
    parcel.drop_rows().expect("as good");
    assert!(!parcel.has_rows() && parcel.path().is_dir());
    drop(outbox);
    assert!(Outbox::open(&folder).is_ok());
}

#[test]
fn what_came_to_nothing_leaves_its_report_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let outbox = Outbox::open(&dir.path().join("out")).expect("opens");
    let parcel = steps(&outbox, note(1), 4);
    parcel.came_to_nothing().expect("gone");
    let left = ["report.html", "report.json", "report.txt"].map(|ending| format!("{}.{ending}", parcel.name));
    assert_eq!(outbox.names().expect("listed"), [&[".lock".to_owned()][..], &left].concat());
}

/// Attack: whoever may write to the outbox puts another package in the place of one that waits.
#[cfg(unix)]
#[test]
fn attack_an_outbox_that_others_may_change_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("out");
    drop(Outbox::open(&folder).expect("opens"));
    for (mode, fine) in [(0o755, true), (0o770, false), (0o777, false), (0o1777, false), (0o700, true)] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("set");
        for opened in [Outbox::look(&folder).is_ones_own(), Outbox::open(&folder).map(drop)] {
            match opened {
                Ok(()) => assert!(fine, "{mode:o}"),
                Err(error) => assert!(!fine && matches!(error, OutboxError::Open(_)), "{mode:o} {error}"),
            }
        }
    }
    // Only root can give a folder away.
    if chown(&folder, Some(4711), None).is_ok() {
        assert!(matches!(Outbox::open(&folder), Err(OutboxError::Open(_))));
    }
    assert!(Outbox::look(&dir.path().join("none")).is_ones_own().is_ok());
}

/// Attack: a link where a file is going to be written, to a file that only the victim may write.
#[cfg(unix)]
#[test]
fn attack_nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, victim) = (dir.path().join("out"), dir.path().join("victim"));
    std::fs::write(&victim, b"mine").expect("written");
    let outbox = Outbox::open(&folder).expect("opens");
    for name in [".x.partial", "x"] {
        symlink(&victim, folder.join(name)).expect("linked");
        place(&folder, "x", b"theirs").expect("placed");
        let placed = folder.join("x");
        assert!(placed.symlink_metadata().expect("there").is_file(), "{name}");
        assert_eq!(std::fs::read(&placed).expect("there"), b"theirs");
        std::fs::remove_file(&placed).expect("gone");
    }
    // Half a file of before stands in nobody's way.
    std::fs::write(folder.join(".x.partial"), b"ha").expect("written");
    place(&folder, "x", b"whole").expect("placed");
    drop(outbox);
    let lock = folder.join(".lock");
    std::fs::remove_file(&lock).expect("gone");
    symlink(dir.path().join("new"), &lock).expect("linked");
    assert!(matches!(Outbox::open(&folder), Err(OutboxError::Io { .. })));
    assert!(!dir.path().join("new").exists());
    assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("out");
    let outbox = Outbox::open(&folder).expect("opens");
    let parcel = steps(&outbox, note(1), 6);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!((mode(&parcel.receipt_path()), mode(&parcel.report_path())), (0o600, 0o600));
}
