//! CSV as Danish systems and people write it.

use kobling::extract::{Declared, ExtractError, HeaderError, ReadError};
use proptest::prelude::*;

use super::{Desk, cpr, findings};

const HEADER: &str = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune";

fn row(cpr: &str) -> String {
    format!("{cpr};S-1;05-03-2022;Kontakt;Voldsudsat;147")
}

/// The rows that are expected of all of these.
fn plain(desk: &Desk) -> Vec<String> {
    let text = format!("{HEADER}\r\n{}\r\n{}\r\n", row(&cpr(1)), row(&cpr(2)));
    desk.of("plain.csv", text.as_bytes()).unwrap_or_else(|e| panic!("{e}")).0
}

#[test]
fn the_same_rows_come_of_every_habit() {
    let desk = Desk::new("forloeb");
    let expected = plain(&desk);
    let (a, b) = (cpr(1), cpr(2));
    let lines = |end: &str| format!("{HEADER}{end}{}{end}{}{end}", row(&a), row(&b));
    let wide = |text: &str, mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), text.replace(';', "\t").encode_utf16().flat_map(unit).collect()].concat()
    };
    let around = |before: &str, behind: &str| {
        let fields = |line: &str| {
            line.split(';').map(|f| format!("{before}{f}{behind}")).collect::<Vec<_>>().join(";")
        };
        format!("{HEADER}\n{}\n{}\n", fields(&row(&a)), fields(&row(&b)))
    };
    let marked = |mark: &dyn Fn(&str) -> String| lines("\n").replace(&a, &mark(&a)).replace(&b, &mark(&b));
    let habits: Vec<(&str, Vec<u8>)> = vec![
        ("line feeds", lines("\n").into()),
        ("carriage returns alone", lines("\r").into()),
        ("no end of the last line", lines("\r\n").trim_end().into()),
        ("sep=", format!("sep=;\r\n{}", lines("\r\n")).into()),
        ("sep=|", format!("sep=|\r\n{}", lines("\r\n").replace(';', "|")).into()),
        ("bars", lines("\r\n").replace(';', "|").into()),
        ("commas", lines("\r\n").replace(';', ",").into()),
        ("tabs", lines("\r\n").replace(';', "\t").into()),
        ("UTF-8 with a mark", [b"\xEF\xBB\xBF", lines("\r\n").as_bytes()].concat()),
        ("UTF-16LE", wide(&lines("\r\n"), b"\xFF\xFE", u16::to_le_bytes)),
        ("UTF-16BE", wide(&lines("\r\n"), b"\xFE\xFF", u16::to_be_bytes)),
        ("UTF-16LE without a mark", wide(&lines("\r\n"), b"", u16::to_le_bytes)),
        ("UTF-16BE without a mark", wide(&lines("\r\n"), b"", u16::to_be_bytes)),
        ("every field quoted", around("\"", "\"").into()),
        ("no-break spaces around", around("\u{A0}", "\u{A0}").into()),
        ("tabs and thin spaces around", around(" \t", "\u{2009}").into()),
        ("empty columns to the right", lines(";;;\r\n").into()),
        ("separators behind the rows alone", lines("\n").replace(";147\n", ";147;;\n").into()),
        ("empty lines", lines("\r\n\r\n;;;;;\r\n").into()),
        ("formulas of texts", marked(&|n| format!("=\"{n}\"")).into()),
        ("quoted formulas of texts", marked(&|n| format!("\"=\"\"{n}\"\"\"")).into()),
        ("an apostrophe before numbers", marked(&|n| format!("'{n}")).into()),
        ("hyphens", marked(&|n| format!("{}-{}", &n[..6], &n[6..])).into()),
    ];
    for (habit, bytes) in habits {
        let (rows, report) = desk.of("habit.csv", &bytes).unwrap_or_else(|e| panic!("{habit}: {e}"));
        assert_eq!(rows, expected, "{habit}");
        assert_eq!((report.rows.read, report.rows.rejected), (2, 0), "{habit}");
    }
}

#[test]
fn titles_above_the_header_are_left_out_where_they_are_said() {
    let desk = Desk::new("forloeb");
    let text =
        format!("Udtræk fra Sager; side 1\r\n\r\n{HEADER}\r\n{}\r\n{}\r\n", row(&cpr(1)), row(&cpr(2)));
    let path = desk.write("titles.csv", text.as_bytes());
    assert!(matches!(
        desk.package(&path, Declared::default()),
        Err(ExtractError::Header(HeaderError::Missing { .. }))
    ));
    let declared = Declared { header_row: Some(3), ..Declared::default() };
    let (rows, _) = desk.package(&path, declared).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(rows, plain(&desk));
}

#[test]
fn repeated_headers_and_a_total_at_the_end_are_no_rows() {
    let desk = Desk::new("forloeb");
    let expected = plain(&desk);
    for total in ["I alt;;;;;2", "Total: 2", ";;;;Sum;2", "ialt", "\u{A0}I alt;2"] {
        let text = format!(
            "{HEADER}\n{}\n{}\n{}\n{total}\n\n;;\n",
            row(&cpr(1)),
            HEADER.to_uppercase(),
            row(&cpr(2))
        );
        let (rows, report) = desk.of("total.csv", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(rows, expected, "{total}");
        assert_eq!((report.rows.read, report.rows.sent, report.rows.rejected), (2, 2, 0), "{total}");
        assert!(report.rejected.is_empty());
        assert_eq!((report.warnings["repeated-header"], report.warnings["total-row"]), (1, 1));
        assert_eq!(findings(&report), [(3, "", "repeated-header"), (5, "", "total-row")], "{total}");
    }
}

#[test]
fn what_looks_like_a_total_between_rows_is_rejected_as_a_row() {
    let desk = Desk::new("forloeb");
    let text = format!("{HEADER}\n{}\nI alt;;;;;1\n{}\nI alt;;;;;2\n", row(&cpr(1)), row(&cpr(2)));
    let (_, report) = desk.of("subtotal.csv", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((report.rows.read, report.rows.sent, report.rows.rejected), (3, 2, 1));
    assert_eq!(report.warnings["total-row"], 1);
    assert!(findings(&report).iter().any(|(line, _, _)| *line == 3));
}

#[test]
fn fields_beyond_the_header_and_words_of_spreadsheets_are_rejected() {
    let desk = Desk::new("forloeb");
    let good = row(&cpr(1));
    for (bad, found) in [
        (format!("{good};x"), (3, "", "too-many-columns")),
        (good.replace("S-1", "S;1"), (3, "", "too-many-columns")),
        (good.replace("S-1", "#I/T"), (3, "sag", "cell-error")),
        (good.replace("05-03-2022", "########"), (3, "dato", "cell-error")),
        (good.replace("147", "#N/A"), (3, "kommune", "cell-error")),
    ] {
        let text = format!("{HEADER}\n{good}\n{bad}\n");
        let (rows, report) = desk.of("bad.csv", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((rows.len(), findings(&report)), (1, vec![found]), "{bad}");
    }
}

#[test]
fn damaged_texts_are_refused_as_a_whole() {
    let desk = Desk::new("forloeb");
    let nul = format!("{HEADER}\n{}\0\n", row(&cpr(1)));
    assert!(matches!(
        desk.of("nul.csv", nul.as_bytes()),
        Err(ExtractError::Read(ReadError::Nul { line: 2 }))
    ));
}

/// Fields that may stand anywhere, words of totals and headers among them.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("I alt".to_owned()),
        Just("Total".to_owned()),
        Just("CPR-nr".to_owned()),
        (1u64..5).prop_map(cpr),
        Just("05-03-2022".to_owned()),
        Just("Dato".to_owned()),
        Just("Kontakt".to_owned()),
        Just("147".to_owned()),
        Just("-".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What is left out as header or total would not have been sent as a row.
    #[test]
    fn a_row_that_can_be_sent_is_never_left_out(
        fields in proptest::collection::vec(any_field(), 6),
        last in any::<bool>(),
    ) {
        let desk = Desk::new("forloeb");
        let tested = fields.join(";");
        let good = row(&cpr(9));
        // Followed by a good row it is no last row; a word that is no header stands for the header.
        let with = |header: &str, lines: &[&str]| {
            let text = format!("{header}\n{}\n", lines.join("\n"));
            desk.of("any.csv", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))
        };
        let (_, judged) = with(&HEADER.replace("Dato", "Kontaktdato").replace("CPR-nr", "Klient"), &[&tested, &good]);
        let lines = if last { [good.as_str(), tested.as_str()] } else { [tested.as_str(), good.as_str()] };
        let (_, report) = with(HEADER, &lines);
        prop_assert_eq!(report.rows.sent + report.rows.duplicates, judged.rows.sent + judged.rows.duplicates);
        let left_out = ["repeated-header", "total-row"].map(|code| report.warnings.get(code).copied().unwrap_or(0));
        prop_assert_eq!(report.rows.read + left_out.iter().sum::<u64>(), 1 + u64::from(fields.iter().any(|f| !f.is_empty())));
    }
}

#[test]
fn a_code_is_known_by_its_titles_too() {
    let desk = Desk::new("forloeb");
    let text = |place: &str| format!("{HEADER}\n{}\n", row(&cpr(1)).replace("147", place));
    for place in ["Anden kommune", "ANDEN KOMMUNE", "Another municipality", "Øvrige", "anden"] {
        let (rows, report) = desk.of("titles.csv", text(place).as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((rows.len(), report.rows.rejected), (1, 0), "{place}");
        assert!(rows[0].ends_with(",anden"), "{}", rows[0]);
    }
    let (_, report) = desk.of("titles.csv", text("Anden by").as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(report.rejected["unknown-code"], 1);
}
