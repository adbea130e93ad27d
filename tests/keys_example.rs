//! The published example keys: what the folder says of them holds, and nothing takes them unasked.

use std::path::{Path, PathBuf};

use kobling::clock::Day;
use kobling::extract::{Decimal, Declared, Job, Source, Unwatched, check};
use kobling::id::{Identifier, LeadingZero, Modulus};
use kobling::key::{Example, KeyFileError, LinkageKey, SigningKey};
use kobling::programme::Programme;
use kobling::secret::SystemRandom;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example");

fn programme() -> Programme {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("programme.toml")).expect("readable");
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// A copy that is nobody else's to read, as a real key file is: a checkout is open to others.
fn private_copy(name: &str, folder: &Path) -> PathBuf {
    let copy = folder.join(name);
    std::fs::copy(Path::new(FOLDER).join(name), &copy).expect("copied");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).expect("allowed");
    }
    copy
}

#[test]
fn they_load_when_asked_for_and_are_what_the_readme_says() {
    let mut bytes = std::array::from_fn(|at| u8::try_from(at).expect("small"));
    let wanted = LinkageKey::from_bytes(programme().id, &mut bytes).id();
    let path = Path::new(FOLDER).join("linkage.key");
    assert_eq!(LinkageKey::load(&path, &programme().id, Example::Allow).expect("loads").id(), wanted);
    let mut seed = std::array::from_fn(|at| u8::try_from(at + 32).expect("small"));
    let wanted = SigningKey::from_seed(&mut seed).verifying_key();
    let path = Path::new(FOLDER).join("townhall-signing.key");
    assert!(SigningKey::load(&path, Example::Allow).expect("loads").verifying_key() == wanted);
}

#[test]
fn they_are_refused_unless_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = private_copy("linkage.key", folder.path());
    let refused = LinkageKey::load(&key, &programme().id, Example::Refuse);
    assert!(matches!(refused, Err(KeyFileError::ExampleKey(_))));
    assert!(matches!(LinkageKey::load_any(&key, Example::Refuse), Err(KeyFileError::ExampleKey(_))));
    let key = private_copy("townhall-signing.key", folder.path());
    assert!(matches!(SigningKey::load(&key, Example::Refuse), Err(KeyFileError::ExampleKey(_))));
    // As they lie in a checkout, they are refused as well.
    for name in ["linkage.key", "townhall-signing.key"] {
        let path = Path::new(FOLDER).join(name);
        assert!(LinkageKey::load_any(&path, Example::Refuse).is_err(), "{name}");
        assert!(SigningKey::load(&path, Example::Refuse).is_err(), "{name}");
    }
}

#[test]
fn the_numbers_are_made_up() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("extract.csv")).expect("readable");
    let today = Day::from_ymd(2026, 1, 1).expect("a day");
    let mut lines = 0;
    for line in text.lines().skip(1) {
        lines += 1;
        let number = line.split(';').next().expect("a first column");
        let number = Identifier::parse(number.as_bytes(), today, LeadingZero::Repair);
        let Ok(number) = number else { panic!("line {lines}: no number") };
        assert_eq!(number.modulus(), Some(Modulus::FailsElsewhere { remainder: 1 }), "line {lines}");
    }
    assert_eq!(lines, 12);
}

#[test]
fn the_extract_holds_the_bad_rows_that_the_readme_names() {
    let source = Source::File(Path::new(FOLDER).join("extract.csv"));
    let programme = programme();
    let (partner, dataset) = ("townhall".parse().expect("a name"), "course".parse().expect("a name"));
    for (zero, rejected) in [(LeadingZero::Refuse, 3), (LeadingZero::Repair, 2)] {
        let job = Job {
            source: &source,
            declared: Declared::default(),
            mapping: None,
            programme: &programme,
            partner: &partner,
            dataset: &dataset,
            period: None,
            zero,
            decimal: Decimal::Comma,
            today: Day::from_ymd(2026, 1, 1).expect("a day"),
        };
        let report = check(&job, &mut SystemRandom::new(), &mut Unwatched).expect("checked");
        assert_eq!((report.rows.read, report.rows.rejected, report.rows.duplicates), (12, rejected, 1));
        assert_eq!(report.dropped_columns, [5]);
    }
}
