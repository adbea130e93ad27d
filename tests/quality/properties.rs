//! Whatever the rows, the report is what a plain reader says of them.

use std::collections::BTreeMap;

use kobling::extract::Unwatched;
use kobling::extract::report::Report;
use kobling::limits::MAX_LISTED_LINES;
use kobling::secret::{Random as _, SeededRandom};
use proptest::prelude::*;

use crate::made::{
    self, CASES, CODES, DATES, HEADER, Listed, PERSONS, Row, Said, checked, oracle, programme, said_by,
};

/// Holds a report, and the findings listed with it, against the oracle.
fn held(report: &Report, listed: &mut Listed, mut expected: Said) {
    let rows = &report.rows;
    assert_eq!(rows.read, rows.sent + rows.rejected + rows.duplicates, "every row has one fate");
    assert_eq!(
        report.rejected.values().sum::<u64>(),
        rows.rejected,
        "every rejected row has one first reason"
    );
    assert_eq!(report.identifiers.values().sum::<u64>() + rows.anonymous, rows.sent);
    for found in &report.found {
        let all = &expected.by_code[found.matter.code()];
        assert_eq!(found.places.rows, all.len() as u64, "{}", found.matter.code());
        assert_eq!(found.places.unlisted(), all.len().saturating_sub(MAX_LISTED_LINES) as u64);
        for of in &found.columns {
            let column = of.column.as_ref().map_or_else(String::new, ToString::to_string);
            let lines = &expected.by_column[&(found.matter.code().to_owned(), column)];
            assert_eq!(of.places.rows, lines.len() as u64);
        }
    }
    // Every finding, one by one, but for the two that say how the whole file is written.
    let mut all: Vec<(u64, String, String)> = Vec::new();
    for ((code, column), lines) in &expected.by_column {
        if !matches!(code.as_str(), "hyphenated" | "made-up-number") {
            all.extend(lines.iter().map(|line| (*line, column.clone(), code.clone())));
        }
    }
    all.sort();
    let listing = |finding: &kobling::extract::report::Finding| {
        let column = finding.column.as_ref().map_or_else(String::new, ToString::to_string);
        (finding.line, column, finding.code.to_owned())
    };
    let in_order: Vec<u64> = listed
        .0
        .iter()
        .filter(|finding| finding.code != "repeated-row")
        .map(|finding| finding.line)
        .collect();
    assert!(in_order.is_sorted(), "findings come in the order of the file");
    let mut list: Vec<_> = listed.0.iter().map(listing).collect();
    list.sort();
    assert_eq!(list, all);
    for lines in expected.by_code.values_mut().chain(expected.by_column.values_mut()) {
        lines.truncate(MAX_LISTED_LINES);
    }
    assert_eq!(said_by(report), expected);
}

fn hold_against_the_oracle(rows: &[Row]) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, HEADER.to_owned() + &rows.iter().map(Row::line).collect::<String>())
        .expect("written");
    let mut listed = Listed::default();
    let programme = programme();
    let report = checked(&programme, &path, &mut listed, |paper| paper.report.clone());
    held(&report, &mut listed, oracle(rows));
    let again = checked(&programme, &path, &mut Unwatched, |paper| paper.report.clone());
    assert_eq!(report, again, "the same whether somebody lists or not, and whatever thread ends first");
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Half of the fields are good, so that rows are.
    let of = |variants: usize, good: usize| prop_oneof![Just(good), 0..variants];
    let variants = (
        of(PERSONS, 0),
        of(PERSONS, 8),
        of(CASES, 4),
        of(DATES, 4),
        of(CODES, 2),
        of(CODES, 2),
        of(CODES, 2),
    );
    let row = (variants, 0u64..12, 0u8..20).prop_map(|((a, b, c, d, e, f, g), seed, cut)| Row {
        cut: cut == 0,
        ..Row::of([a, b, c, d, e, f, g], seed)
    });
    proptest::collection::vec(row, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_report_is_what_a_plain_reader_says(rows in rows()) {
        hold_against_the_oracle(&rows);
    }
}

/// Some chunks, read on several threads, with more of everything than is listed.
#[test]
fn a_file_of_several_chunks_is_no_different() {
    let mut random = SeededRandom::from_number(5);
    let mut pick = |variants: usize, good: usize| match random.below(12) {
        0 => usize::try_from(random.below(variants as u64)).expect("small"),
        _ => good,
    };
    let rows: Vec<Row> = (0..40_000)
        .map(|n| {
            let variants = [
                pick(PERSONS, (n % 2) as usize),
                pick(PERSONS, 8),
                pick(CASES, 4),
                pick(DATES, 4),
                pick(CODES, 2),
                pick(CODES, 2),
                pick(CODES, 2),
            ];
            Row { cut: n % 977 == 0, ..Row::of(variants, n % 700) }
        })
        .collect();
    let size: usize = rows.iter().map(|row| row.line().len()).sum();
    assert!(size > 2 << 20, "several chunks: {size}");
    let said = oracle(&rows);
    let over: BTreeMap<_, _> =
        said.by_code.iter().filter(|(_, lines)| lines.len() > MAX_LISTED_LINES).collect();
    assert!(over.len() > 15, "more of most than is listed: {over:?}");
    hold_against_the_oracle(&rows);
}

/// The last row of a file that does not end with a line end, and one that begins behind a field of several lines.
#[test]
fn lines_are_those_of_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("extract.csv");
    let good = Row::good(1).line();
    let long = good.replace("fri tekst", "\"fri\ntekst\nmere\"");
    let bad = Row::of([6, 8, 4, 4, 2, 2, 2], 2).line();
    std::fs::write(&path, format!("{HEADER}{long}\n{}{}", bad, bad.trim_end())).expect("written");
    let lines = checked(&made::programme(), &path, &mut Unwatched, |paper| {
        paper.report.found("invalid-birth-date").map(|found| found.places.lines.clone())
    });
    assert_eq!(lines, Some(vec![6, 7]));
}
