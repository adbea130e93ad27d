//! The data of the comparison: staged as partners' uploads are, sealed by the service's own seal, and read by everybody
//! from the Parquet files that it writes.

use std::fs;
use std::path::Path;

use kobling::clock::{Day, Timestamp};
use kobling::extract::manifest::Sha256Hex;
use kobling::intake::staged::{Frame, Value};
use kobling::linkage::{Spine, Stated};
use kobling::programme::{Programme, Role};
use kobling::secret::{Secret, SeededRandom};
use kobling::snapshot::{SealInputs, Snapshot, StagedInput, seal};
use kobling::token::Link;
use kobling::vault::{FrameFile, FrameSink as _, Vault};

use super::consents;

/// Persons at scale 1.
const PERSONS: f64 = 5_000_000.0;
/// Cases at scale 1: families of two or three.
const CASES: f64 = 2_000_000.0;
/// Rows of each dataset at scale 1: 56 million.
const ROWS: [f64; 5] = [12_000_000.0, 12_000_000.0, 16_000_000.0, 10_000_000.0, 6_000_000.0];
/// Of ten persons, those whom a dataset can have rows of.
const KNOWN_OF_TEN: u64 = 6;
/// Rows of a frame.
const FRAME_ROWS: u32 = 6_000;
/// First day with rows, and how many days have them: up to the day before the seal.
const FIRST_DAY: i32 = 18_628;
const DAYS: u64 = 1_215;
/// The day of the seal, 30 April 2024.
const SEALED: i32 = FIRST_DAY + DAYS as i32;

/// SplitMix64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// A number that belongs to a pair of numbers for good.
pub(crate) fn hash(one: u64, other: u64) -> u64 {
    Numbers(one ^ other.rotate_left(40)).next()
}

/// The programme that everything is asked under.
pub(crate) fn programme() -> Programme {
    Programme::parse(include_str!("programme.toml")).unwrap_or_else(|error| panic!("{error}"))
}

/// The same vault in every run: made-up data.
fn vault() -> Vault {
    Vault::new(Secret::new(&mut [9; 32]))
}

/// Loads the snapshot of a folder.
pub(crate) fn load(folder: &Path, programme: &Programme) -> Snapshot {
    let text = fs::read_to_string(folder.join("meta.json")).expect("the data were made");
    let meta: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let sha256: Sha256Hex = serde_json::from_value(meta["sha256"].clone()).expect("a digest");
    Snapshot::load(&vault(), &folder.join("snapshot"), programme, &sha256)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Makes the data: the snapshot, the permits, and `meta.json`, which says what a reader must know of both.
pub(crate) fn make(folder: &Path, scale: f64, seed: u64) {
    let programme = programme();
    let scratch = folder.join("staged");
    fs::create_dir_all(&scratch).unwrap_or_else(|error| panic!("{}: {error}", scratch.display()));
    let staged = stage(&scratch, &programme, scale, seed);
    let out = folder.join("snapshot");
    let vault = vault();
    let inputs = SealInputs {
        vault: &vault,
        programme: &programme,
        staged: &staged,
        aliases: &[],
        id: 1,
        day: Day::from_days(SEALED),
        sealed_at: Timestamp::from_millis(0),
        out: &out,
    };
    let report = seal(&inputs, &mut Spine::default(), &mut SeededRandom::from_number(seed))
        .unwrap_or_else(|error| panic!("{error}"));
    fs::remove_dir_all(&scratch).expect("the staged files are no longer needed");
    let snapshot =
        Snapshot::load(&vault, &out, &programme, &report.sha256).unwrap_or_else(|error| panic!("{error}"));
    let grants = consents::make(&snapshot, &programme);
    consents::write(folder, &grants);

    let datasets = programme.datasets.iter().map(|dataset| {
        serde_json::json!({
            "id": dataset.id.to_string(),
            "partners": dataset.partners,
            "consent": consents::rests_on_consent(dataset),
        })
    });
    let meta = serde_json::json!({
        "scale": scale, "seed": seed, "rows": report.rows, "persons": report.persons, "sha256": report.sha256,
        "sealed": SEALED, "permits": grants.len(), "datasets": datasets.collect::<Vec<_>>(),
        "partners": programme.partners.iter().map(|partner| partner.id.to_string()).collect::<Vec<_>>(),
        "codes": programme.code_lists.iter().map(|list| {
            (list.id.clone(), list.codes.iter().map(|code| code.id.to_string()).collect::<Vec<_>>())
        }).collect::<std::collections::BTreeMap<_, _>>(),
    });
    let text = serde_json::to_string_pretty(&meta).expect("plain data");
    fs::write(folder.join("meta.json"), text).expect("written");
    println!("{} rows of {} persons, {} permits", report.rows, report.persons, grants.len());
}

/// One upload of a partner and dataset, being staged.
struct Upload {
    input: StagedInput,
    file: FrameFile,
    frame: Frame,
    frames: u32,
}

impl Upload {
    fn begin(dir: &Path, dataset: usize, source: u8) -> Upload {
        let path = dir.join(format!("{dataset}-{source}"));
        let file =
            FrameFile::create(&vault(), &path, &format!("staged/{dataset}-{source}")).expect("created");
        let stated = Stated { packages: 1, ..Stated::default() };
        Upload {
            input: StagedInput { path, rows: stated.sent, source, dataset, stated },
            file,
            frame: Frame::new(0, &[0; 32]),
            frames: 0,
        }
    }

    fn end_frame(&mut self) {
        self.input.stated.sent += u64::from(self.frame.read());
        self.frames += 1;
        let full = std::mem::replace(&mut self.frame, Frame::new(self.frames, &[0; 32]));
        self.file.put(&full.finish().0).expect("written");
    }

    fn end(mut self) -> StagedInput {
        self.end_frame();
        self.input.stated.read = self.input.stated.sent;
        self.input.rows = self.input.stated.sent;
        self.input
    }
}

fn stage(dir: &Path, programme: &Programme, scale: f64, seed: u64) -> Vec<StagedInput> {
    let scaled = |number: f64| ((number * scale) as u64).max(10);
    let (persons, cases) = (scaled(PERSONS), scaled(CASES));
    let mut numbers = Numbers(seed);
    let mut staged = Vec::new();
    for (at, (dataset, rows)) in programme.datasets.iter().zip(ROWS).enumerate() {
        let mut uploads: Vec<_> =
            dataset.partners.iter().map(|source| Upload::begin(dir, at, *source)).collect();
        for _ in 0..scaled(rows) {
            let (person, of) = loop {
                let person = numbers.next() % persons;
                let of = hash(person, at as u64 + 1);
                if of % 10 < KNOWN_OF_TEN {
                    break (person, of >> 8);
                }
            };
            let mut draw = numbers.next();
            let mut below = |bound: u64| {
                let drawn = draw % bound;
                draw /= bound;
                drawn
            };
            // Most rows of a person are of one partner of the dataset, one in four of a second.
            let second = u64::from(below(4) == 0);
            let place = ((of + second) % dataset.partners.len() as u64) as usize;
            // A case number is one partner's.
            let case = person % cases + u64::from(dataset.partners[place]) * cases;
            let upload = &mut uploads[place];
            for column in &dataset.columns {
                upload.frame.push(match column.role {
                    Role::Person => Value::Link(Some(link(0, person))),
                    Role::Case => Value::Link(Some(link(1, case))),
                    Role::Date => Value::Day(Day::from_days(FIRST_DAY + below(DAYS) as i32)),
                    Role::Category { list } => {
                        Value::Code(below(programme.code_lists[list].codes.len() as u64) as u8)
                    }
                    Role::Measure(_) => Value::Measure(below(5_000_000) as i64),
                    Role::RelatedPerson | Role::Staff => unreachable!("the programme has none"),
                });
            }
            upload.frame.end_row();
            if upload.frame.read() == FRAME_ROWS {
                upload.end_frame();
            }
        }
        staged.extend(uploads.into_iter().map(Upload::end));
    }
    staged
}

/// The link of a made-up person (kind 0) or case (kind 1).
fn link(kind: u64, number: u64) -> Link {
    let mut numbers = Numbers(hash(number, 100 + kind));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&numbers.next().to_le_bytes());
    bytes[8..].copy_from_slice(&numbers.next().to_le_bytes());
    Link::from_stored(bytes)
}
