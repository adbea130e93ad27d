//! Parquet: any bytes between its marks are read or refused, and no row is lost.
#![no_main]

use std::sync::LazyLock;

use kobling::clock::Day;
use kobling::extract::{Decimal, Declared, Job, Source, Unwatched, check};
use kobling::id::LeadingZero;
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use libfuzzer_sys::fuzz_target;

static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a sound programme")
});
static FILE: LazyLock<tempfile::NamedTempFile> = LazyLock::new(|| tempfile::NamedTempFile::new().expect("a file"));

fuzz_target!(|bytes: &[u8]| {
    let file = [b"PAR1", bytes, b"PAR1"].concat();
    std::fs::write(FILE.path(), file).expect("written");
    let source = Source::File(FILE.path().to_owned());
    let (partner, dataset) = ("lokk".parse().expect("a name"), "forloeb".parse().expect("a name"));
    let job = Job {
        source: &source,
        declared: Declared::default(),
        mapping: None,
        programme: &PROGRAMME,
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Repair,
        decimal: Decimal::Comma,
        today: Day::from_days(20_000),
    };
    if let Ok(report) = check(&job, &mut SeededRandom::from_number(1), &mut Unwatched) {
        let rows = &report.rows;
        assert_eq!(rows.read, rows.sent + rows.rejected + rows.duplicates);
    }
});
