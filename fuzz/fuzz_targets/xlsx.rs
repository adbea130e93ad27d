//! Workbooks: any sheet, shared texts or archive is read or refused, and no row is lost.
#![no_main]

use std::sync::LazyLock;

use kobling::clock::Day;
use kobling::extract::{Decimal, Declared, Job, Source, Unwatched, check};
use kobling::id::LeadingZero;
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/extract_files/book.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod book;

static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a sound programme")
});
static FILE: LazyLock<tempfile::NamedTempFile> = LazyLock::new(|| tempfile::NamedTempFile::new().expect("a file"));

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses what is foreign: the sheet, its shared texts, or some bytes of a sound archive.
    let Some((first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let sound = "<worksheet><sheetData><row r=\"1\"><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    let file = match first % 3 {
        0 => book::archive(&book::parts(&text, "<sst/>")).bytes,
        1 => book::archive(&book::parts(sound, &text)).bytes,
        _ => {
            let mut bytes = book::archive(&book::parts(sound, "<sst><si><t>CPR</t></si></sst>")).bytes;
            for place in rest.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([place[0], place[1]])) % bytes.len();
                bytes[at] = place[2];
            }
            bytes
        }
    };
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
