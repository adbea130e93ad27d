//! What encryption at rest costs: each way of writing beside the same bytes in clear, and beside the bare cipher, memory and disk, in one run.
//!
//!     cargo bench --bench at_rest [-- MIB]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kobling::vault::{
    FrameFile, FrameReader, FrameSink as _, Scratch, SealedFile, SealedReader, SealedWriter, Vault,
};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rusqlite::Connection;

const MIB: usize = 1 << 20;
/// Rows that a database takes, and in how many transactions.
const ROWS: usize = 200_000;
const STEPS: usize = 20;

/// The best of five.
fn best(mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..5).map(once).min().expect("five")
}

fn main() {
    let mib: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(256);
    let dir = tempfile::Builder::new()
        .prefix("at-rest-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a folder in target/");
    let plain: Vec<u8> = (0..mib * MIB).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let rate = |time: Duration| (mib * MIB) as f64 / time.as_secs_f64() / 1e9;
    let beside = |what: &str, clear: Duration, sealed: Duration| {
        let ratio = sealed.as_secs_f64() / clear.as_secs_f64();
        println!("{what:34} {:5.2} GB/s in clear, {:5.2} sealed, {ratio:.2}", rate(clear), rate(sealed));
    };
    println!("{mib} MiB");

    // What the machine can do at most.
    let mut copy = vec![0; plain.len()];
    let copied = best(|| copy.copy_from_slice(black_box(&plain)));
    println!("copy in memory                     {:5.2} GB/s", rate(copied));
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
    let ciphered = best(|| {
        for chunk in copy.chunks_mut(64 << 10) {
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), chunk).expect("short");
            black_box(tag.as_ref());
        }
    });
    println!("AES-256-GCM by ring, 64 KiB        {:5.2} GB/s", rate(ciphered));
    drop(copy);

    // A snapshot's file: written whole and synced, then read.
    let (vault, path) = (Vault::throwaway(), dir.path().join("file"));
    let clear = best(|| {
        let mut file = File::create(&path).expect("created");
        plain.chunks(8 << 10).for_each(|part| file.write_all(part).expect("written"));
        file.sync_all().expect("durable");
    });
    let read_clear = best(|| read(&path));
    let sealed = best(|| {
        let mut file = SealedWriter::new(&vault, File::create(&path).expect("created"), "x").expect("begun");
        plain.chunks(8 << 10).for_each(|part| file.write_all(part).expect("written"));
        file.finish().expect("ended").sync_all().expect("durable");
    });
    beside("snapshot file, written, synced", clear, sealed);
    let read_sealed = best(|| {
        let file = Arc::new(SealedFile::open(&vault, &path, "x").expect("opens"));
        let (mut reader, mut buffer) = (SealedReader::new(file, 0), vec![0; MIB]);
        while reader.read(&mut buffer).expect("reads") > 0 {
            black_box(&buffer);
        }
    });
    beside("snapshot file, read", read_clear, read_sealed);

    // A staged file: a frame of 1 MiB at a time, each synced as before it is acknowledged.
    let clear = best(|| {
        let mut file = File::create(&path).expect("created");
        for part in plain.chunks(MIB) {
            file.write_all(part).expect("written");
            file.sync_data().expect("durable");
        }
    });
    let sealed = best(|| {
        let mut file = FrameFile::create(&vault, &path, "x").expect("made");
        for part in plain.chunks(MIB) {
            file.put(part).expect("written");
            file.sync_data().expect("durable");
        }
    });
    beside("staged frames, each synced", clear, sealed);
    let read_sealed = best(|| {
        let mut reader = FrameReader::open(&vault, &path, "x").expect("opens").expect("a head");
        while let Some(frame) = reader.next().expect("reads") {
            black_box(frame);
        }
    });
    beside("staged frames, read", read_clear, read_sealed);

    // A seal's working file: runs written, read, written again.
    let clear = best(|| {
        let mut file = File::create(&path).expect("created");
        plain.chunks(MIB).for_each(|part| file.write_all(part).expect("written"));
        drop(file);
        read(&path);
    });
    let sealed = best(|| {
        let options = fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let (scratch, mut buffer) = (Scratch::new(options.expect("created")), vec![0; MIB]);
        for (part, at) in plain.chunks(MIB).zip(0u64..) {
            scratch.write(at * MIB as u64, part).expect("written");
        }
        for at in 0..mib as u64 {
            scratch.read(at * MIB as u64, &mut buffer).expect("read");
        }
    });
    beside("working file, written and read", clear, sealed);

    // The database: rows of 16 random bytes and two numbers, by transactions, then all of them read.
    let database = |key: Option<&Vault>| {
        let rounds = (0..3).map(|_| {
            for end in ["", "-wal", "-shm"] {
                drop(fs::remove_file(dir.path().join(format!("db{end}"))));
            }
            let open = || {
                let db = Connection::open(dir.path().join("db")).expect("opened");
                if let Some(vault) = key {
                    db.pragma_update(None, "memory_security", "fill").expect("set");
                    db.pragma_update(None, "key", vault.database_key().as_str()).expect("given");
                }
                db
            };
            let db = open();
            for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL"), ("secure_delete", "ON")] {
                db.pragma_update(None, name, value).expect("set");
            }
            let table =
                "CREATE TABLE t (link BLOB PRIMARY KEY, day INTEGER, n INTEGER) STRICT, WITHOUT ROWID";
            db.execute(table, []).expect("made");
            let start = Instant::now();
            for _ in 0..STEPS {
                let rows = ROWS / STEPS;
                let sql = format!(
                    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})
                     INSERT INTO t SELECT randomblob(16), n, n FROM c"
                );
                db.execute(&sql, []).expect("inserted");
            }
            let inserted = start.elapsed();
            drop(db);
            let db = open();
            let start = Instant::now();
            let sum: i64 = db.query_row("SELECT sum(day + n) FROM t", [], |row| row.get(0)).expect("read");
            black_box(sum);
            (inserted, start.elapsed())
        });
        rounds.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))).expect("three")
    };
    let (clear, sealed) = (database(None), database(Some(&vault)));
    for (what, clear, sealed) in [
        ("database, inserted in bulk", clear.0, sealed.0),
        ("database, read after opening", clear.1, sealed.1),
    ] {
        let rate = |time: Duration| ROWS as f64 / time.as_secs_f64() / 1e6;
        let ratio = sealed.as_secs_f64() / clear.as_secs_f64();
        println!(
            "{what:34} {:5.2} million rows/s in clear, {:5.2} sealed, {ratio:.2}",
            rate(clear),
            rate(sealed)
        );
    }
}

fn read(path: &Path) {
    let (mut file, mut buffer) = (File::open(path).expect("there"), vec![0; MIB]);
    while file.read(&mut buffer).expect("read") > 0 {
        black_box(&buffer);
    }
}
