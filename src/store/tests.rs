//! The store as a whole: start, crash, second writer, clock, full disk, tampering.

use proptest::prelude::*;

use super::*;
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject, verify_extension};
use crate::auth::{BearerToken, Principal, Role};
use crate::clock::Timestamp;
use crate::consent::EventKind;
use crate::digest::Sha256Hex;
use crate::key::SigningKey;
use crate::name::PartnerId;
use crate::programme::Programme;
use crate::secret::{Secret, SeededRandom};
use crate::token::Link;

const TEXT: &str = include_str!("../../programmes/interventionsmodel.toml");

fn programme() -> Programme {
    Programme::parse(TEXT).unwrap_or_else(|e| panic!("{e}"))
}

fn actor() -> Actor {
    Actor {
        organisation: "lokk".parse().expect("a name"),
        principal: "it".parse().expect("a name"),
        person: None,
    }
}

fn at(n: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + n)
}

fn vault() -> Vault {
    Vault::new(Secret::new(&mut [3; 32]))
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::create(&dir.path().join("data"), &vault()).unwrap_or_else(|e| panic!("{e}"));
    let key = SigningKey::from_seed(&mut [1; 32]).verifying_key();
    let id = "0011223344556677".parse().expect("a key id");
    store
        .initialise(at(0), &actor(), &programme(), TEXT, id, key.fingerprint())
        .unwrap_or_else(|e| panic!("{e}"));
    (dir, store)
}

fn lokk() -> PartnerId {
    "lokk".parse().expect("a name")
}

fn signed(head: &Head) -> SignedReceipt {
    SignedReceipt { receipt: serde_json::to_string(head).expect("JSON"), signature: String::new() }
}

fn upload(store: &Store, n: i64, id: &str, period: &str) -> OpenedUpload {
    let manifest = format!("manifest of {id}");
    let new = NewUpload {
        id,
        partner: &lokk(),
        dataset: &"forloeb".parse().expect("a name"),
        period: period.parse().expect("a period"),
        bytes: 10,
        rows: 1,
        manifest: manifest.as_bytes(),
        signature: "s",
        fingerprint: "f",
    };
    store.open_upload(at(n), &actor(), &new).unwrap_or_else(|e| panic!("{e}"))
}

fn complete(store: &Store, n: i64, id: &str) -> SignedReceipt {
    let subject = Subject::new().id("package", id);
    store
        .complete_upload(
            at(n),
            &actor(),
            Completed { id, stored: 1, persons: 1, brought: 1, remark: None },
            subject,
            |head| signed(&head),
        )
        .unwrap_or_else(|e| panic!("{e}"))
}

fn consents(store: &Store, n: i64, numbers: &[u8]) -> Result<SignedReceipt, StoreError> {
    let rows: Vec<ConsentRow> = numbers
        .iter()
        .map(|n| ConsentRow {
            link: Link::from_stored([*n; 16]),
            record: format!("r{n}"),
            event: r#"{"kind":"requested","at":"2022-01-01T00:00:00Z","given_by":"self"}"#.to_owned(),
            kind: EventKind::Requested,
            names: None,
        })
        .collect();
    let batch = Sha256Hex::of(numbers);
    store.record_consents(at(n), &actor(), &lokk(), batch, &rows, |_, head| signed(&head))
}

#[test]
fn migrations_run_on_an_empty_folder_and_are_sound() {
    assert_eq!(MIGRATIONS.validate(), Ok(()));
    let (dir, store) = store();
    store.check_integrity().expect("sound");
    let in_force = store.in_force().expect("a programme");
    assert_eq!(in_force.text, TEXT);
    assert_eq!(in_force.key_id.to_string(), "0011223344556677");
    let mode: String =
        store.read(|db| Ok(db.query_row("PRAGMA journal_mode", [], |r| r.get(0))?)).expect("mode");
    assert_eq!(mode, "wal");
    for (pragma, value) in [("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)] {
        let found: i64 =
            store.read(|db| Ok(db.query_row(&format!("PRAGMA {pragma}"), [], |r| r.get(0))?)).expect(pragma);
        assert_eq!(found, value, "{pragma}");
    }
    drop(store);
    assert!(matches!(Store::create(&dir.path().join("data"), &vault()), Err(StoreError::AlreadyThere(_))));
    assert!(matches!(Store::open(&dir.path().join("other"), &vault()), Err(StoreError::NotThere(_))));
    assert!(Store::open(&dir.path().join("data"), &vault()).is_ok());
}

#[test]
fn a_second_writer_is_refused_by_name_until_the_first_is_gone() {
    let (dir, store) = store();
    let path = dir.path().join("data");
    let error = Store::open(&path, &vault()).expect_err("in use");
    assert!(matches!(error, StoreError::InUse(_)));
    assert!(error.to_string().contains("another koblingd"), "{error}");
    drop(store);
    assert!(Store::open(&path, &vault()).is_ok());
}

#[test]
fn a_clock_that_runs_behind_is_refused_and_changes_nothing() {
    let (_dir, store) = store();
    upload(&store, 60_000, "a", "2022-Q1");
    let error = consents(&store, 49_999, &[1]).expect_err("behind");
    assert_eq!(
        error.to_string(),
        format!("the clock says {}, the last entry was made at {}; set the clock", at(49_999), at(60_000))
    );
    assert_eq!(store.consent_state().expect("a state").events, 0);
    assert!(matches!(store.check_clock(at(49_999)), Err(StoreError::Clock { .. })));
    // A thread that waited for its turn comes in a moment late: times still never run backwards.
    assert!(consents(&store, 59_999, &[1]).is_ok());
    assert!(store.verify_chain().expect("readable").is_ok());
}

#[test]
fn a_full_disk_is_said_so_and_loses_nothing() {
    let (_dir, store) = store();
    consents(&store, 1, &[1]).expect("recorded");
    let pages: i64 =
        store.read(|db| Ok(db.query_row("PRAGMA page_count", [], |r| r.get(0))?)).expect("pages");
    let limit = |n: i64| {
        store
            .read(|db| Ok(db.query_row(&format!("PRAGMA max_page_count = {n}"), [], |r| r.get::<_, i64>(0))?))
    };
    limit(pages).expect("limited");
    let many: Vec<u8> = (2..=250).collect();
    let mut refused = false;
    for n in 0..20 {
        let rotated: Vec<u8> = many.iter().map(|m| m.wrapping_add(n)).collect();
        refused |= matches!(consents(&store, 2, &rotated), Err(StoreError::Full));
    }
    assert!(refused);
    assert!(store.verify_chain().expect("readable").is_ok());
    limit(1 << 30).expect("room again");
    let before = store.consent_state().expect("a state").events;
    consents(&store, 3, &[255, 1]).expect("room again");
    assert_eq!(store.consent_state().expect("a state").events, before + 1);
}

/// What lies on the disk at a moment, as a crash would leave it: a copy of database and log while both are open.
fn crash_image(folder: &DataFolder) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let data = DataFolder::create(&dir.path().join("data")).expect("a folder");
    for file in std::fs::read_dir(folder.root()).expect("readable") {
        let file = file.expect("readable");
        if file.file_name().to_string_lossy().starts_with("kobling.sqlite") {
            std::fs::copy(file.path(), data.root().join(file.file_name())).expect("copied");
        }
    }
    let store = Store::open(data.root(), &vault()).unwrap_or_else(|e| panic!("{e}"));
    (dir, store)
}

#[test]
fn a_crash_keeps_what_was_acknowledged_and_nothing_of_what_was_not() {
    let (_dir, store) = store();
    upload(&store, 1, "a", "2022-Q1");
    let receipt = complete(&store, 2, "a");
    consents(&store, 3, &[1, 2]).expect("recorded");
    let image = {
        let mut db = store.db();
        let tx = db.transaction().expect("a transaction");
        tx.execute("DELETE FROM consent_events", []).expect("deleted, not committed");
        tx.execute("UPDATE uploads SET bytes = 11", []).expect("changed, not committed");
        let image = crash_image(store.folder());
        drop(tx);
        image
    };
    assert_eq!(image.1.consent_state().expect("a state").events, 2);
    let found = image.1.upload("a").expect("readable").expect("there");
    assert_eq!(found.receipt, Some(receipt));
    assert!(image.1.verify_chain().expect("readable").is_ok());
}

#[test]
fn a_step_that_fails_half_way_leaves_nothing() {
    let (_dir, store) = store();
    let before = store.chain_entries(0, 100).expect("entries").len();
    let failed: Result<(), StoreError> = store.write(|tx| {
        chain::append(
            tx,
            chain::NewEntry {
                actor: &actor(),
                at: at(5),
                deed: Deed::Sealed,
                strand: Strand::Service,
                subject: Subject::new(),
            },
        )?;
        Err(StoreError::Conflict("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(store.chain_entries(0, 100).expect("entries").len(), before);
}

#[test]
fn the_same_package_and_the_same_batch_give_the_same_receipt() {
    let (_dir, store) = store();
    upload(&store, 1, "a", "2022-Q1");
    let receipt = complete(&store, 2, "a");
    assert_eq!(complete(&store, 3, "a"), receipt);
    assert!(
        matches!(upload(&store, 4, "a", "2022-Q1"), OpenedUpload::Known(row) if row.receipt == Some(receipt))
    );
    let first = consents(&store, 5, &[1, 2]).expect("recorded");
    assert_eq!(consents(&store, 6, &[1, 2]).expect("recorded"), first);
    consents(&store, 7, &[2, 3]).expect("recorded");
    assert_eq!(store.consent_state().expect("a state").events, 3);
}

#[test]
fn a_newer_package_replaces_the_older_one_at_the_seal_and_a_withdrawn_one_is_gone() {
    let (_dir, store) = store();
    for (n, id, period) in [(1, "a", "2022-Q1"), (3, "b", "2022-Q1"), (5, "c", "2022-Q2")] {
        upload(&store, n, id, period);
        complete(&store, n + 1, id);
    }
    let in_force = |store: &Store| -> Vec<String> {
        store.packages_in_force().expect("packages").into_iter().map(|p| p.id).collect()
    };
    assert_eq!(in_force(&store), ["b", "c"]);
    let packages = in_force(&store);
    let links = [SpineRow { link: Link::from_stored([7; 16]), number: 3 }];
    let new = NewSnapshot {
        id: store.next_snapshot().expect("a number"),
        day: at(7).day(),
        sealed_at: at(7),
        folder: "1",
        manifest: "{}",
        links: &links,
        packages: &packages,
    };
    assert_eq!(store.commit_seal(at(7), &actor(), &new).expect("sealed"), ["a"]);
    assert!(matches!(store.commit_seal(at(7), &actor(), &new), Err(StoreError::Conflict(_))));
    assert_eq!(store.highest_person().expect("a number"), 3);
    assert!(store.spine().expect("a spine") == links);
    let receipt = store.withdraw_package(at(8), &actor(), "b", |head| signed(&head)).expect("withdrawn");
    assert_eq!(store.withdraw_package(at(9), &actor(), "b", |_| panic!("twice")).expect("again"), receipt);
    assert_eq!(in_force(&store), ["c"]);
    // Its manifest may come again.
    assert!(matches!(upload(&store, 10, "b2", "2022-Q1"), OpenedUpload::New(_)));
    let stale = NewSnapshot { id: 2, folder: "2", links: &[], ..new };
    assert!(matches!(store.commit_seal(at(11), &actor(), &stale), Err(StoreError::Conflict(_))));
}

#[test]
fn principals_are_found_by_their_token_until_it_is_revoked() {
    let (_dir, store) = store();
    let token = BearerToken::generate(&mut SeededRandom::from_number(1));
    let principal = Principal {
        id: "lokk-it".parse().expect("a name"),
        name: "LOKK's server".to_owned(),
        role: Role::Partner,
        organisation: "lokk".parse().expect("a name"),
        person: None,
    };
    let found = |at: Timestamp, token: &BearerToken| {
        store.principal_of(at, &token.hash()).expect("readable").map(|known| known.principal)
    };
    store.add_principal(at(1), &actor(), &principal, &token.hash(), at(9)).expect("added");
    assert_eq!(found(at(8), &token), Some(principal.clone()));
    assert_eq!(found(at(9), &token), None, "it has expired");
    let other = BearerToken::generate(&mut SeededRandom::from_number(2));
    assert_eq!(found(at(1), &other), None);
    assert!(matches!(
        store.add_principal(at(1), &actor(), &principal, &other.hash(), at(9)),
        Err(StoreError::Conflict(_))
    ));
    store.revoke_principal(at(2), &actor(), &principal.id).expect("revoked");
    assert_eq!(found(at(2), &token), None);
    let rotated = store.rotate_token(at(3), &actor(), &principal.id, &other.hash(), at(9), at(3));
    assert!(matches!(rotated, Err(StoreError::Conflict(_))), "a new token lets nobody back in");
}

#[test]
fn signing_keys_are_enrolled_and_never_come_back_from_revocation() {
    let (_dir, store) = store();
    let key = SigningKey::from_seed(&mut [9; 32]).verifying_key();
    store.enrol_key(at(1), &actor(), &lokk(), &key).expect("enrolled");
    store.enrol_key(at(2), &actor(), &lokk(), &key).expect("the same again");
    assert_eq!(store.keys_of(&lokk()).expect("keys").len(), 1);
    let fingerprint = key.fingerprint().to_string();
    store.revoke_key(at(3), &actor(), &lokk(), &fingerprint).expect("revoked");
    assert_eq!(store.keys_of(&lokk()).expect("keys")[0].revoked_at, Some(at(3)));
    assert!(matches!(store.enrol_key(at(4), &actor(), &lokk(), &key), Err(StoreError::Conflict(_))));
    assert!(matches!(store.revoke_key(at(4), &actor(), &lokk(), &fingerprint), Err(StoreError::NoSuch(_))));
}

#[test]
fn a_partners_receipts_are_joined_by_its_own_strand_alone() {
    let (_dir, store) = store();
    upload(&store, 1, "a", "2022-Q1");
    let first: Head = serde_json::from_str(&complete(&store, 2, "a").receipt).expect("a head");
    store.record_reading(at(3), &actor(), Deed::QualityRead, Subject::new()).expect("recorded");
    let second: Head =
        serde_json::from_str(&consents(&store, 4, &[1]).expect("recorded").receipt).expect("a head");
    assert_eq!((first.position, second.position), (2, 3));
    let strand = Strand::Partner(lokk());
    let entries = store.strand_entries(&strand, first.position, 100).expect("entries");
    verify_extension(&first, &second, &entries).expect("extends");
    assert_eq!(store.strand_head(&strand).expect("a head"), second);
}

/// A store with some entries in several strands.
fn busy() -> (tempfile::TempDir, Store) {
    let (dir, store) = store();
    upload(&store, 1, "a", "2022-Q1");
    complete(&store, 2, "a");
    consents(&store, 3, &[1, 2]).expect("recorded");
    store.record_reading(at(4), &actor(), Deed::AuditRead, Subject::new().count("n", 3)).expect("recorded");
    (dir, store)
}

#[test]
fn the_chain_cannot_be_changed_in_passing() {
    let (_dir, store) = busy();
    let change = store.write(|tx| Ok(tx.execute("UPDATE audit SET entry = '' WHERE sequence = 1", [])?));
    assert!(change.is_err());
    let delete = store.write(|tx| Ok(tx.execute("DELETE FROM audit WHERE sequence = 1", [])?));
    assert!(delete.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_changed_byte_of_any_audit_row_is_found(
        sequence in 1i64..=6,
        column in prop::sample::select(vec!["strand", "entry", "strand_hash", "chain_hash"]),
        byte in any::<prop::sample::Index>(),
        flip in 1u8..=127,
    ) {
        thread_local! {
            static BUSY: (tempfile::TempDir, Store) = busy();
        }
        BUSY.with(|(_, store)| -> Result<(), TestCaseError> {
            prop_assert!(store.verify_chain().expect("readable").is_ok());
            // Whoever owns the file can drop the triggers. The change is rolled back afterwards.
            let mut db = store.db();
            let tx = db.transaction().expect("a transaction");
            tx.execute_batch("DROP TRIGGER audit_is_append_only; DROP TRIGGER audit_is_kept;").expect("dropped");
            let is_text = matches!(column, "strand" | "entry");
            let read = format!("SELECT CAST({column} AS BLOB) FROM audit WHERE sequence = ?1");
            let mut value: Vec<u8> = tx.query_row(&read, [sequence], |row| row.get(0)).expect("a row");
            let at = byte.index(value.len());
            value[at] ^= flip;
            let write = format!(
                "UPDATE audit SET {column} = {} WHERE sequence = ?1",
                if is_text { "CAST(?2 AS TEXT)" } else { "?2" }
            );
            let changed = tx.execute(&write, rusqlite::params![sequence, value]);
            // A strand changed to one that has this position already is refused by the table itself.
            let found = changed.is_err() || !matches!(chain::verify(&tx), Ok(Ok(_)));
            prop_assert!(found);
            Ok(())
        })?;
    }

    #[test]
    fn rows_taken_away_or_heads_set_back_are_found(cut in 1i64..=6, heads in any::<bool>()) {
        thread_local! {
            static BUSY: (tempfile::TempDir, Store) = busy();
        }
        BUSY.with(|(_, store)| -> Result<(), TestCaseError> {
            let mut db = store.db();
            let tx = db.transaction().expect("a transaction");
            tx.execute_batch("DROP TRIGGER audit_is_append_only; DROP TRIGGER audit_is_kept;").expect("dropped");
            if heads {
                let sql = "UPDATE audit_heads SET position = position - 1 WHERE strand = 'service'";
                tx.execute(sql, []).expect("changed");
            } else {
                tx.execute("DELETE FROM audit WHERE sequence >= ?1", [cut]).expect("deleted");
            }
            prop_assert!(!matches!(chain::verify(&tx), Ok(Ok(_))));
            Ok(())
        })?;
    }
}

#[test]
fn a_partner_has_only_so_many_proposals_waiting_and_a_package_is_entered_whole_or_not_at_all() {
    let (_dir, store) = store();
    let link = |n: u64| crate::token::Link::from_stored(u128::from(n).to_be_bytes());
    let most = crate::limits::MAX_OPEN_ALIASES;
    let enter = |id: &str, first: u64, n: u64, stated: u64| {
        let pairs = (first..first + n).map(|n| Ok((link(n), link(n + (1 << 40)))));
        let of = (stated, Subject::new().id("package", id));
        store.propose_aliases(at(5), &actor(), id, of, pairs, |_, head| signed(&head))
    };
    let (full, short, one) = ("0".repeat(32), "1".repeat(32), "2".repeat(32));
    for (n, id) in [&full, &short, &one].into_iter().enumerate() {
        let manifest = format!("manifest of {id}");
        let new = NewUpload {
            id,
            partner: &lokk(),
            dataset: &"aliases".parse().expect("a name"),
            period: "2022-Q1".parse().expect("a period"),
            bytes: 10,
            rows: 1,
            manifest: manifest.as_bytes(),
            signature: "s",
            fingerprint: "f",
        };
        store.open_upload(at(i64::try_from(n).expect("small")), &actor(), &new).expect("opened");
    }
    assert!(matches!(enter(&full, 0, most + 1, most + 1), Err(StoreError::Conflict(_))));
    assert!(matches!(enter(&short, 0, 9, 10), Err(StoreError::Damaged(_))));
    assert!(store.aliases().expect("read").is_empty());
    let receipt = enter(&full, 0, most, most).expect("entered");
    assert_eq!(enter(&full, 0, most, most).expect("again"), receipt);
    // Of the same pairs none is new; a new one is one too many, alone or in a package.
    enter(&short, 0, 9, 9).expect("nothing new");
    assert!(matches!(enter(&one, most, 1, 1), Err(StoreError::Conflict(_))));
    let alone = || store.propose_alias(at(6), &actor(), &lokk(), link(most + 7), link(most + 8));
    assert!(matches!(alone(), Err(StoreError::Conflict(_))));
    let decided = |verdict| store.decide_aliases(at(7), &actor(), super::Proposals::Package(&full), verdict);
    assert_eq!(decided(super::Verdict::Approve).expect("approved"), most);
    assert_eq!(decided(super::Verdict::Reject).expect("nothing waits"), 0);
    alone().expect("there is room again");
    assert!(store.verify_chain().expect("readable").is_ok());
}

/// Bytes of a file in the data folder.
fn file(store: &Store, name: &str) -> Vec<u8> {
    std::fs::read(store.folder().root().join(name)).expect("readable")
}

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn neither_database_nor_log_shows_what_is_in_them() {
    let (dir, store) = store();
    upload(&store, 1, "a", "2022-Q1");
    consents(&store, 2, &[0xAB]).expect("recorded");
    let needles: [&[u8]; 4] = [&[0xAB; 16], b"2022-Q1", b"CREATE TABLE", b"lokk"];
    for at in ["in the log", "in the file"] {
        for name in ["kobling.sqlite", "kobling.sqlite-wal"] {
            for needle in needles {
                assert!(!holds(&file(&store, name), needle), "{name}, {at}");
            }
        }
        store.scrub().expect("scrubbed");
    }
    // The search finds what is there: the same in clear has all four.
    let db = Connection::open(store.folder().database()).expect("open");
    db.pragma_update(None, "key", vault().database_key().as_str()).expect("given");
    let clear = dir.path().join("clear");
    drop(store);
    std::fs::copy(dir.path().join("data/kobling.sqlite"), &clear).expect("copied");
    drop(db);
    let db = Connection::open(&clear).expect("open");
    db.pragma_update(None, "key", vault().database_key().as_str()).expect("given");
    db.pragma_update(None, "journal_mode", "DELETE").expect("set");
    db.pragma_update(None, "rekey", "").expect("decrypted");
    drop(db);
    let clear = std::fs::read(clear).expect("readable");
    needles.iter().for_each(|needle| assert!(holds(&clear, needle)));
}

#[test]
fn attack_another_service_key_and_a_changed_page_are_refused() {
    let (_dir, store) = store();
    consents(&store, 1, &(1..200).collect::<Vec<u8>>()).expect("recorded");
    store.scrub().expect("scrubbed");
    let data = store.folder().root().to_owned();
    drop(store);
    let path = data.join("kobling.sqlite");
    let before = std::fs::read(&path).expect("readable");
    let error = Store::open(&data, &Vault::throwaway()).expect_err("another key");
    assert!(matches!(error, StoreError::OtherKey(_)), "{error}");
    assert_eq!(std::fs::read(&path).expect("readable"), before, "and nothing is changed by it");
    // A page at a time: changed anywhere, exchanged, put in another's place.
    for page in 0..before.len() / 4096 {
        let mut damaged = before.clone();
        damaged[page * 4096 + 1000] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        let read = Store::open(&data, &vault()).and_then(|store| store.check_integrity());
        let wanted = |error: &StoreError| match page {
            0 => matches!(error, StoreError::OtherKey(_)),
            _ => matches!(error, StoreError::Damaged(_)),
        };
        assert!(read.as_ref().is_err_and(wanted), "page {page}: {read:?}");
    }
    let mut exchanged = before.clone();
    exchanged.copy_within(4096..8192, 8192);
    std::fs::write(&path, &exchanged).expect("written");
    assert!(Store::open(&data, &vault()).and_then(|store| store.check_integrity()).is_err());
    std::fs::write(&path, &before).expect("written");
    let store = Store::open(&data, &vault()).unwrap_or_else(|error| panic!("{error}"));
    store.check_integrity().expect("whole again");
}

#[test]
fn a_database_in_clear_is_refused_until_it_is_encrypted_and_then_says_the_same() {
    let (_dir, store) = store();
    consents(&store, 1, &[1, 2, 3]).expect("recorded");
    let data = store.folder().root().to_owned();
    let path = store.folder().database();
    drop(store);
    // As a version before 0.2.0 left it after a crash: in clear, with a log.
    let db = Connection::open(&path).expect("open");
    db.pragma_update(None, "key", vault().database_key().as_str()).expect("given");
    db.pragma_update(None, "journal_mode", "DELETE").expect("set");
    db.pragma_update(None, "rekey", "").expect("decrypted");
    drop(db);
    let db = Connection::open(&path).expect("open");
    db.pragma_update(None, "journal_mode", "WAL").expect("set");
    db.execute("UPDATE meta SET value = value", []).expect("changed");
    let copies: Vec<_> = ["", "-wal", "-shm"]
        .map(|end| {
            let path = data.join(format!("kobling.sqlite{end}"));
            (std::fs::read(&path).expect("readable"), path)
        })
        .into_iter()
        .collect();
    drop(db);
    copies.iter().for_each(|(bytes, path)| std::fs::write(path, bytes).expect("written"));
    assert!(is_plain(&path).expect("read"));
    assert!(matches!(Store::open(&data, &vault()), Err(StoreError::Plain(_))));
    // Left by an end in the middle.
    std::fs::write(data.join("kobling.sqlite.sealing"), b"half").expect("written");
    let service = |seed| SigningKey::from_seed(&mut [seed; 32]).verifying_key().fingerprint();
    assert!(matches!(encrypt_plain(&data, &vault(), service(2)), Err(StoreError::OtherKey(_))));
    assert!(is_plain(&path).expect("read"), "under another service key nothing is encrypted");
    assert!(encrypt_plain(&data, &vault(), service(1)).expect("encrypted"));
    assert!(!encrypt_plain(&data, &vault(), service(1)).expect("nothing to do"));
    let left: Vec<String> = std::fs::read_dir(&data)
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("kobling"))
        .collect();
    assert_eq!(left, ["kobling.sqlite"]);
    assert!(!is_plain(&path).expect("read"));
    let store = Store::open(&data, &vault()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(store.consent_state().expect("a state").events, 3);
    assert!(store.verify_chain().expect("readable").is_ok());
    store.check_integrity().expect("whole");
}
