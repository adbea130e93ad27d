//! A known file, and the reports of it as they were read and found good.

use std::path::Path;

use kobling::extract::Unwatched;
use kobling::language::Language;

use crate::made::{CASES, CODES, DATES, HEADER, PERSONS, Row, checked, programme};

/// Every way in which each field can be, one a row, and two rows that came before.
pub fn every_kind() -> String {
    let good = [0, 8, 4, 4, 2, 2, 2];
    let kinds = [PERSONS, PERSONS, CASES, DATES, CODES, CODES, CODES];
    let mut rows = Vec::new();
    for (column, variants) in kinds.into_iter().enumerate() {
        for variant in 0..variants {
            let mut of = good;
            of[column] = variant;
            rows.push(Row::of(of, rows.len() as u64));
        }
    }
    rows.push(Row { cut: true, ..Row::good(3) });
    rows.push(rows[0].clone());
    rows.push(rows[0].clone());
    HEADER.to_owned() + &rows.iter().map(Row::line).collect::<String>()
}

fn hold(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quality").join(name);
    if std::env::var_os("KOBLING_BLESS").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    let line = wanted.lines().zip(text.lines()).position(|(a, b)| a != b);
    assert!(wanted == text, "{}: line {} differs", path.display(), line.map_or(0, |at| at + 1));
}

#[test]
fn the_reports_of_a_known_file_read_as_they_were_found_good() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("udtræk-2025-06-01.csv");
    std::fs::write(&path, every_kind()).expect("written");
    checked(&programme(), &path, &mut Unwatched, |paper| {
        // The version of the program is its own matter.
        let plain = |text: String| text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        for language in [Language::Da, Language::En] {
            hold(&format!("police.{}.txt", language.tag()), &plain(paper.to_text(language)));
            hold(&format!("police.{}.html", language.tag()), &plain(paper.to_html(language)));
        }
        hold("police.json", &plain(paper.to_json()));
    });
}

#[test]
fn the_text_and_the_json_of_a_file_without_fault_are_short() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, format!("{HEADER}{}", Row::good(1).line())).expect("written");
    checked(&programme(), &path, &mut Unwatched, |paper| {
        assert!(!paper.exceeded());
        let text = paper.to_text(Language::En);
        assert!(text.contains("none is rejected") && !text.contains("Rejected rows"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&paper.to_json()).expect("JSON");
        assert_eq!((&json["report_format"], &json["exceeded"]), (&1.into(), &false.into()));
        assert_eq!(json["file"]["name"], "extract.csv");
    });
}
