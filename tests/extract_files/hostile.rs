//! Files that are none of what is read, and workbooks that mean harm.

use kobling::extract::{Declared, ExtractError, Foreign, ReadError, WorkbookFault};
use kobling::language::Spoken as _;
use proptest::prelude::*;

use super::book::{archive, part, parts, row, sheet, workbook};
use super::{Desk, cpr};

const HEADER: [&str; 6] = ["CPR-nr", "Sagsnr", "Dato", "Trin", "Rolle", "Kommune"];

fn good(number: u32) -> String {
    let cpr = cpr(u64::from(number));
    row(number, &[&cpr, "S-1", "05-03-2022", "Kontakt", "Voldsudsat", "147"])
}

fn refused(bytes: &[u8]) -> ReadError {
    match Desk::new("forloeb").of("extract.xlsx", bytes) {
        Err(ExtractError::Read(error)) => error,
        Err(error) => panic!("{error}"),
        Ok((rows, _)) => panic!("{} rows came in", rows.len()),
    }
}

fn fault(bytes: &[u8]) -> WorkbookFault {
    match refused(bytes) {
        ReadError::Workbook(fault) => fault,
        error => panic!("{error}"),
    }
}

#[test]
fn a_workbook_made_by_hand_is_read() {
    let desk = Desk::new("forloeb");
    let (rows, report) = desk
        .of("extract.xlsx", &workbook(&(row(1, &HEADER) + &good(2) + &good(5))))
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((rows.len(), report.rows.read), (2, 2));
    // A CSV is one whatever it is called.
    let text = format!("{}\n{};S-1;05-03-2022;Kontakt;Voldsudsat;147\n", HEADER.join(";"), cpr(2));
    let (csv, _) = desk.of("extract.xlsx", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    assert!(rows.contains(&csv[0]));
}

#[test]
fn other_kinds_of_files_are_named_with_advice_in_both_languages() {
    let ods =
        [part("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), part("content.xml", "<x/>")];
    let binary = [part("xl/workbook.bin", "x")];
    let any = [part("a.txt", "x")];
    for (bytes, foreign) in [
        (archive(&ods).bytes, Foreign::OpenDocument),
        (archive(&binary).bytes, Foreign::BinaryWorkbook),
        (archive(&any).bytes, Foreign::Archive),
        (b"<html><table><tr><td>CPR-nr</td></tr></table></html>".to_vec(), Foreign::WebPage),
        (b"<?xml version=\"1.0\"?><Workbook/>".to_vec(), Foreign::Xml),
        (b"%PDF-1.4".to_vec(), Foreign::Pdf),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), Foreign::OldOffice),
    ] {
        let error = refused(&bytes);
        assert!(matches!(error, ReadError::Foreign(found) if found == foreign), "{error}");
        assert_ne!(error.to_string(), error.danish());
    }
}

#[test]
fn archives_that_lie_are_refused() {
    let sound = parts(&sheet(&(row(1, &HEADER) + &good(2))), "<sst/>");
    let whole = archive(&sound);
    let cut = &whole.bytes[..whole.bytes.len() / 2];
    assert_eq!(fault(cut), WorkbookFault::Archive);
    // Two parts at one place.
    let mut over = whole.bytes.clone();
    let (first, last) = (whole.records[0], whole.records[4]);
    over.copy_within(first + 42..first + 46, last + 42);
    assert_eq!(fault(&over), WorkbookFault::Overlap);
    // Two parts of one name.
    let mut twice = parts(&sheet(&(row(1, &HEADER) + &good(2))), "<sst/>");
    twice.push(part("XL/worksheets/sheet1.xml", "<worksheet><sheetData/></worksheet>"));
    assert_eq!(fault(&archive(&twice).bytes), WorkbookFault::Overlap);
    // A checksum that is not the part's, and a length that is not.
    for field in [16, 24] {
        let mut wrong = whole.bytes.clone();
        wrong[last + field] ^= 1;
        assert_eq!(fault(&wrong), WorkbookFault::Checksum);
    }
    // A part that is locked.
    let mut locked = whole.bytes.clone();
    locked[last + 8] |= 1;
    assert_eq!(fault(&locked), WorkbookFault::Packing);
    // A directory that claims four thousand million parts does not get room for them.
    let mut many = whole.bytes.clone();
    let end = many.len() - 22;
    many[end + 10..end + 12].copy_from_slice(&[0xFE, 0xFF]);
    assert_eq!(fault(&many), WorkbookFault::Archive);
    let lacking = parts("", "<sst/>").into_iter().filter(|part| !part.name.contains("sheet1"));
    assert!(matches!(fault(&archive(&lacking.collect::<Vec<_>>()).bytes), WorkbookFault::Missing(_)));
}

#[test]
fn bombs_do_not_unpack() {
    // 300 MiB of blanks between rows pack to a thousandth.
    let bomb = format!("{}{}", row(1, &HEADER), " ".repeat(300 << 20));
    assert_eq!(fault(&workbook(&bomb)), WorkbookFault::Bomb);
    // One text that has no end.
    let text = row(1, &["x".repeat(3 << 20).as_str()]);
    assert_eq!(fault(&workbook(&text)), WorkbookFault::Bomb);
    // Elements within elements.
    let deep = "<a>".repeat(1000);
    assert_eq!(fault(&workbook(&deep)), WorkbookFault::Xml);
}

#[test]
fn one_text_in_every_cell_of_a_row_is_no_row() {
    let long = "x".repeat(30_000);
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(16_000);
    let rows = format!("{}<row r=\"2\">{cells}</row>", row(1, &HEADER));
    let book = archive(&parts(&sheet(&rows), &format!("<sst><si><t>{long}</t></si></sst>"))).bytes;
    assert!(matches!(refused(&book), ReadError::LongLine { line: 2 }));
}

#[test]
fn what_a_list_of_texts_says_of_its_length_is_not_believed() {
    let desk = Desk::new("forloeb");
    let strings =
        "<sst count=\"18446744073709551615\" uniqueCount=\"18446744073709551615\"><si><t>147</t></si></sst>";
    let rows = row(1, &HEADER)
        + &good(2).replace(r#"<c t="inlineStr"><is><t>147</t></is></c>"#, r#"<c t="s"><v>0</v></c>"#);
    let book = archive(&parts(&sheet(&rows), strings)).bytes;
    let (came, _) = desk.of("extract.xlsx", &book).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(came.len(), 1);
    for none in ["1", "18446744073709551616", "-1", ""] {
        let rows = rows.replace("<v>0</v>", &format!("<v>{none}</v>"));
        let book = archive(&parts(&sheet(&rows), strings)).bytes;
        assert_eq!(fault(&book), WorkbookFault::Text(2), "{none}");
    }
}

#[test]
fn entities_of_their_own_are_refused() {
    let laughs =
        format!("<!DOCTYPE w [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>{}", sheet(&row(1, &["&b;"])));
    assert_eq!(fault(&archive(&parts(&laughs, "<sst/>")).bytes), WorkbookFault::Entities);
    assert_eq!(fault(&workbook(&row(1, &["&b;"]))), WorkbookFault::Entities);
}

#[test]
fn cells_that_are_out_of_order_or_outside_are_refused() {
    let cell = |place: &str| format!(r#"<c r="{place}" t="inlineStr"><is><t>x</t></is></c>"#);
    for rows in [
        format!("<row r=\"2\">{}{}</row>", cell("B2"), cell("A2")),
        format!("<row r=\"2\">{}{}</row>", cell("A2"), cell("A2")),
        format!("<row r=\"2\">{}</row>", cell("A3")),
        format!("<row r=\"2\">{}</row>", cell("XFE2")),
        format!("<row r=\"2\">{}</row>", cell("Å2")),
        "<row r=\"0\"></row>".to_owned(),
        "<row r=\"1048577\"></row>".to_owned(),
        "<row r=\"1\"></row>".to_owned(),
        "<row r=\"99999999999999999999\"></row>".to_owned(),
    ] {
        let found = fault(&workbook(&(row(1, &HEADER) + &rows)));
        assert!(matches!(found, WorkbookFault::Order(2)), "{rows}: {found}");
    }
}

#[test]
fn two_cells_in_the_corners_of_the_largest_sheet_are_two_cells() {
    let rows = format!("{}<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>", row(1, &HEADER));
    let sheet = sheet(&rows).replace("<sheetData>", "<dimension ref=\"A1:XFD1048576\"/><sheetData>");
    let desk = Desk::new("forloeb");
    let (_, report) =
        desk.of("extract.xlsx", &archive(&parts(&sheet, "<sst/>")).bytes).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((report.rows.read, report.rejected["too-many-columns"]), (1, 1));
    assert_eq!(report.found[0].places.lines, [1_048_576]);
}

#[test]
fn values_that_are_merged_across_rows_are_refused() {
    let rows = row(1, &HEADER) + &good(2) + &good(3);
    let merged = |range: &str| {
        let behind = format!("</sheetData><mergeCells><mergeCell ref=\"{range}\"/></mergeCells>");
        archive(&parts(&sheet(&rows).replace("</sheetData>", &behind), "<sst/>")).bytes
    };
    assert!(matches!(refused(&merged("F2:F3")), ReadError::Merged(2)));
    assert!(Desk::new("forloeb").of("x.xlsx", &merged("A1:C1")).is_ok());
    assert!(Desk::new("forloeb").of("x.xlsx", &merged("B2:C2")).is_ok());
}

/// What one reader shows and another does not would be read by luck.
#[test]
fn rows_in_two_places_or_in_alternatives_are_refused() {
    let (head, one, two) = (row(1, &HEADER), good(2), good(3));
    let either = |inner: &str| {
        format!(
            "<mc:AlternateContent xmlns:mc=\"urn\"><mc:Choice Requires=\"x\">{inner}</mc:Choice><mc:Fallback>{inner}</mc:Fallback></mc:AlternateContent>"
        )
    };
    let again = format!("</sheetData><sheetData>{two}");
    let whole = sheet(&(head.clone() + &one)).replace("<worksheet>", "").replace("</worksheet>", "");
    let cell = "<c r=\"A3\" t=\"str\"><v>x</v></c>";
    let cells = [either(cell), "<row r=\"4\"><c><v>1</v></c></row>".to_owned()]
        .map(|inner| format!("<row r=\"3\">{inner}</row>"));
    let values = [either("<v>1</v>"), cell.replace("A3", "B3")]
        .map(|inner| format!("<row r=\"3\"><c r=\"A3\">{inner}</c></row>"));
    let mut sheets = vec![
        sheet(&(head.clone() + &one + &again)),
        sheet(&again.replace(&two, &(head.clone() + &one))),
        sheet(&(head.clone() + &one + &either(&two))),
        sheet(&(head.clone() + &one + "<sheetData>" + &two + "</sheetData>")),
        format!("<worksheet>{}</worksheet>", either(&whole)),
        format!("<worksheet><sheetData>{head}{one}</sheetData>{}</worksheet>", either(&whole)),
    ];
    sheets.extend(cells.iter().chain(&values).map(|row| sheet(&(head.clone() + &one + row))));
    for text in sheets {
        let error = refused(&archive(&parts(&text, "<sst/>")).bytes);
        assert!(matches!(error, ReadError::Workbook(WorkbookFault::Alternatives)), "{error}: {text}");
    }
    // Spreadsheets write the controls behind the rows so.
    let controls =
        either("<controls><control><anchor><from><xdr:row>3</xdr:row></from></anchor></control></controls>");
    let text = sheet(&(head + &one)).replace("</worksheet>", &format!("{controls}</worksheet>"));
    let (_, report) = Desk::new("forloeb")
        .of("x.xlsx", &archive(&parts(&text, "<sst/>")).bytes)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(report.rows.read, 1);
}

#[test]
fn a_workbook_of_several_sheets_with_rows_needs_a_word() {
    let related =
        |kind: &str, n: u32| format!(r#"<Relationship Id="s{n}" Type="x/{kind}" Target="s{n}.xml"/>"#);
    let rows = |n: u32| sheet(&(row(1, &HEADER) + &good(n)));
    let tabs =
        [("worksheet", "Jytte Hansen"), ("worksheet", "3"), ("worksheet", "Tomt"), ("chartsheet", "Kurve")];
    let mut all = vec![
        part(
            "_rels/.rels",
            r#"<Relationships><Relationship Id="r" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#,
        ),
        part(
            "xl/workbook.xml",
            &format!(
                "<workbook><sheets>{}</sheets></workbook>",
                (1..)
                    .zip(tabs)
                    .map(|(n, (_, name))| format!(r#"<sheet name="{name}" r:id="s{n}" state="hidden"/>"#))
                    .collect::<String>()
            ),
        ),
        part(
            "xl/_rels/workbook.xml.rels",
            &format!(
                "<Relationships>{}</Relationships>",
                (1..).zip(tabs).map(|(n, (kind, _))| related(kind, n)).collect::<String>()
            ),
        ),
    ];
    for (n, text) in [
        (1, rows(2)),
        (2, rows(3)),
        (3, sheet("<row r=\"1\"><c s=\"1\"/></row>")),
        (4, "<chartsheet/>".into()),
    ] {
        all.push(part(&format!("xl/s{n}.xml"), &text));
    }
    let bytes = archive(&all).bytes;
    let error = refused(&bytes);
    assert!(matches!(&error, ReadError::ManySheets(sheets) if *sheets == [1, 2]));
    // The name of a sheet may be somebody's.
    assert!(!error.to_string().contains("Jytte") && !error.danish().contains("Jytte"));
    let desk = Desk::new("forloeb");
    let path = desk.write("many.xlsx", &bytes);
    let with = |sheet| desk.package(&path, Declared { sheet: Some(sheet), ..Declared::default() });
    // A name goes before a number.
    for (sheet, n) in [("jytte hansen", 2), ("1", 2), ("3", 3), ("2", 3)] {
        let alone =
            desk.of("alone.xlsx", &workbook(&(row(1, &HEADER) + &good(n)))).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(with(sheet).unwrap_or_else(|e| panic!("{e}")).0, alone.0, "{sheet}");
    }
    for none in ["0", "5", "4", "Ukendt"] {
        assert!(matches!(with(none), Err(ExtractError::Read(ReadError::NoSheet(4)))), "{none}");
    }
    assert!(matches!(with("Tomt"), Err(ExtractError::Read(ReadError::NoRows))));
}

/// Pieces that sheets are made of, and pieces that they are not.
fn any_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~æøå]{0,12}",
        prop::sample::select(vec![
            "<row>",
            "</row>",
            "<row r=\"7\">",
            "<c>",
            "</c>",
            "<c r=\"B2\">",
            "<c t=\"s\">",
            "<c t=\"e\">",
            "<c s=\"9\">",
            "<v>",
            "</v>",
            "<is>",
            "</is>",
            "<t>",
            "</t>",
            "<f>",
            "</f>",
            "1",
            "1e308",
            "-0.5",
            "&amp;",
            "&#x0;",
            "&#65;",
            "&x;",
            "</sheetData>",
            "<sheetData>",
            "<mergeCell ref=\"A1:A9\"/>",
            "<![CDATA[x]]>",
            "<!--",
            "-->",
            "<?x?>",
            "<x/>",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever a sheet holds, it is read or refused.
    #[test]
    fn no_sheet_makes_the_reader_fall(pieces in prop::collection::vec(any_piece(), 0..40)) {
        let desk = Desk::new("forloeb");
        let bytes = workbook(&(row(1, &HEADER) + &pieces.concat()));
        if let Err(error) = desk.of("any.xlsx", &bytes) {
            prop_assert!(matches!(error, ExtractError::Read(_) | ExtractError::Header(_) | ExtractError::Unusual(..)), "{error}");
        }
    }

    /// Nor any damage to its archive.
    #[test]
    fn no_damage_makes_the_reader_fall(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let desk = Desk::new("forloeb");
        let mut bytes = workbook(&(row(1, &HEADER) + &good(2)));
        for (place, byte) in places {
            *place.get_mut(&mut bytes) = byte;
        }
        let _ = desk.of("any.xlsx", &bytes);
    }
}
