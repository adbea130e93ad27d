//! Workbooks as programs write them, and the same rows in every form.

use std::path::Path;
use std::process::Command;

use kobling::clock::Day;
use kobling::extract::consents::{Form, read_consents};
use kobling::extract::{Declared, ExtractError, ReadError, Source, reread};
use kobling::id::LeadingZero;
use kobling::token::Tokeniser;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use super::{Came, Desk, cpr, findings};

const HEADER: [&str; 5] = ["CPR-nr", "Sagsnr", "Dato", "Planlagte samtaler", "Afholdte samtaler"];

fn headed(sheet: &mut Worksheet, row: u32) {
    for (at, text) in (0u16..).zip(HEADER) {
        sheet.write_string(row, at, text).expect("written");
    }
}

fn save(desk: &Desk, book: &mut Workbook, name: &str) -> std::path::PathBuf {
    let path = desk.dir.path().join(name);
    book.save(&path).expect("saved");
    path
}

fn days() -> Format {
    Format::new().set_num_format("dd-mm-yyyy")
}

/// A row of each way in which a cell can hold a field.
fn fill(sheet: &mut Worksheet) {
    headed(sheet, 0);
    let zero = cpr_with_zero();
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let day = ExcelDateTime::from_ymd(2022, 3, 5).expect("a day");
    let noon = ExcelDateTime::from_ymd(2022, 3, 5).expect("a day").and_hms(12, 30, 0).expect("a time");
    // Texts.
    sheet.write_string(1, 0, cpr(1)).expect("written");
    sheet.write_string(1, 1, "S-1").expect("written");
    sheet.write_string(1, 2, "05-03-2022").expect("written");
    sheet.write_string(1, 3, "7").expect("written");
    sheet.write_string(1, 4, "1.234,50").expect("written");
    // Numbers, a date.
    sheet
        .write_number(2, 0, number(&(2..).map(cpr).find(|c| !c.starts_with('0')).expect("some")))
        .expect("written");
    sheet.write_number(2, 1, 17).expect("written");
    sheet.write_datetime_with_format(2, 2, &day, &days()).expect("written");
    sheet.write_number(2, 3, 7).expect("written");
    sheet.write_number(2, 4, 0.1 + 0.2).expect("written");
    // A number whose zero is lost, a date with a time, a formula.
    sheet.write_number(3, 0, number(&zero)).expect("written");
    sheet
        .write_datetime_with_format(3, 2, noon, &Format::new().set_num_format("yyyy-mm-dd hh:mm"))
        .expect("written");
    sheet.write_formula(3, 3, Formula::new("=3+4").set_result("7")).expect("written");
    sheet.write_formula(3, 4, Formula::new("=1/0").set_result("#DIV/0!")).expect("written");
    // A number that its format shows with its zero, a serial number, a truth value.
    sheet
        .write_number_with_format(4, 0, number(&zero), &Format::new().set_num_format("000000-0000"))
        .expect("written");
    sheet.write_number(4, 2, 44_625).expect("written");
    sheet.write_boolean(4, 3, true).expect("written");
    sheet.write_number(4, 4, 1).expect("written");
    // Rich text, a date where a case number belongs, a day that never was.
    let (bold, plain) = (Format::new().set_bold(), Format::new());
    let id = cpr(1);
    sheet.write_rich_string(5, 0, &[(&bold, &id[..6]), (&plain, &id[6..])]).expect("written");
    sheet.write_datetime_with_format(5, 1, &day, &days()).expect("written");
    sheet.write_number_with_format(5, 2, 60, &days()).expect("written");
    sheet.write_number(5, 3, 7).expect("written");
    sheet.write_number(5, 4, 7).expect("written");
    // An empty row, one that is hidden, and another.
    for (row, case) in [(7, "S-2"), (8, "S-3")] {
        sheet.write_string(row, 0, cpr(1)).expect("written");
        sheet.write_string(row, 1, case).expect("written");
        sheet.write_datetime_with_format(row, 2, &day, &days()).expect("written");
        sheet.write_number(row, 3, 2).expect("written");
        sheet.write_number(row, 4, 3).expect("written");
    }
    sheet.set_row_hidden(7).expect("set");
    sheet.set_column_hidden(1).expect("set");
    // A total.
    sheet.write_string(10, 1, "I alt").expect("written");
    sheet.write_number(10, 3, 33).expect("written");
}

fn seen(came: Came) -> (Vec<String>, kobling::extract::report::Report) {
    came.unwrap_or_else(|error| panic!("{error}"))
}

/// A number that begins with a zero.
fn cpr_with_zero() -> String {
    (1..).map(cpr).find(|cpr| cpr.starts_with('0')).expect("some day is below 10")
}

#[test]
fn every_kind_of_cell_is_read_as_it_is_meant() {
    let desk = Desk::new("samtaler");
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    let path = save(&desk, &mut book, "cells.xlsx");
    let (rows, report) = seen(desk.package(&path, Declared::default()));
    let found = [
        (1, "sag", "hidden-column"),
        (4, "afholdt", "cell-error"),
        (4, "person", "nine-digits"),
        (5, "planlagt", "number"),
        (6, "dato", "date"),
        (6, "sag", "cell-error"),
        (11, "", "total-row"),
    ];
    assert_eq!(findings(&report), found);
    assert_eq!((report.rows.read, report.rows.sent, report.rows.rejected), (7, 4, 3));
    assert_eq!((report.warnings["hidden-row"], report.warnings["hidden-column"]), (1, 1));
    let days = rows.iter().filter(|row| row.contains(",2022-03-05,")).count();
    assert_eq!(days, 4);
    for end in [",2022-03-05,7.00,1234.50", ",2022-03-05,7.00,0.30", ",2022-03-05,2.00,3.00"] {
        assert!(rows.iter().any(|row| row.ends_with(end)), "{end}: {rows:?}");
    }
    // The lost zero comes back on request, and only then.
    let desk = Desk { zero: LeadingZero::Repair, ..desk };
    let (_, report) = seen(desk.package(&path, Declared::default()));
    assert_eq!(report.warnings["leading-zero-repaired"], 1);
    assert!(!report.rejected.contains_key("nine-digits"));
}

#[test]
fn another_reader_sees_the_same_cells() {
    // calamine reads whole workbooks; here it is the oracle.
    use calamine::{Data, Reader as _};
    let desk = Desk::new("samtaler");
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    let path = save(&desk, &mut book, "cells.xlsx");
    let mut theirs: calamine::Xlsx<_> = calamine::open_workbook(&path).expect("readable");
    let range = theirs.worksheet_range_at(0).expect("a sheet").expect("readable");
    let mut ours = Vec::new();
    let source = Source::File(path);
    desk.job(&source, Declared::default(), |job| {
        reread::<ExtractError>(
            &job,
            &desk.key,
            |_, _| Ok(()),
            |row, _| {
                ours.push(
                    row.iter().map(|f| String::from_utf8(f.to_vec()).expect("UTF-8")).collect::<Vec<_>>(),
                );
                Ok(())
            },
        )
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let theirs = range.rows().skip(1).filter(|row| row.iter().any(|cell| *cell != Data::Empty));
    let theirs = theirs.map(|row| {
        let fields = row.iter().map(|cell| match cell {
            Data::DateTime(at) => at.to_ymd_hms_milli().0.to_string(),
            Data::Float(number) => format!("{}", (number * 1e10).round() / 1e10),
            cell => cell.to_string().trim().to_owned(),
        });
        fields.collect::<Vec<_>>()
    });
    let ours = ours.into_iter().map(|row| {
        let year = |field: String| match field.parse::<Day>() {
            Ok(day) => day.ymd().0.to_string(),
            Err(_) if field == "1900-02-29" => "1900".to_owned(),
            Err(_) => field.trim_start_matches('0').to_owned(),
        };
        row.into_iter().map(year).collect::<Vec<_>>()
    });
    let theirs = theirs.map(|row: Vec<String>| {
        row.into_iter().map(|field| field.trim_start_matches('0').to_owned()).collect::<Vec<_>>()
    });
    let ours = ours.map(|row: Vec<String>| {
        row.into_iter().map(|field| field.trim_start_matches('0').to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(ours.collect::<Vec<_>>(), theirs.collect::<Vec<_>>());
}

#[test]
fn titles_above_and_columns_beside_the_table() {
    let desk = Desk::new("samtaler");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.merge_range(0, 0, 1, 4, "Udtræk 2022", &Format::new()).expect("merged");
    headed(sheet, 3);
    let fields = [cpr(1), "S-1".into(), "05-03-2022".into(), "1".into(), "2".into()];
    for (at, text) in (0u16..).zip(fields) {
        sheet.write_string(4, at, text).expect("written");
    }
    sheet.set_name("Udtræk").expect("a name");
    let empty = book.add_worksheet();
    empty.set_name("Noter").expect("a name");
    let path = save(&desk, &mut book, "titles.xlsx");
    assert!(matches!(desk.package(&path, Declared::default()), Err(ExtractError::Header(_))));
    let declared = Declared { header_row: Some(3), sheet: Some("udtræk"), ..Declared::default() };
    assert_eq!(seen(desk.package(&path, declared)).1.rows.sent, 1);
    let declared = Declared { header_row: Some(30), ..Declared::default() };
    assert!(matches!(desk.package(&path, declared), Err(ExtractError::Read(ReadError::NoHeader))));
}

#[test]
fn a_list_of_consents_may_be_a_workbook() {
    use kobling::consent::{GivenBy, LegalBasis};
    let desk = Desk::new("samtaler");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, text) in (0u16..).zip(["cpr", "record", "event", "time"]) {
        sheet.write_string(0, at, text).expect("written");
    }
    let day = ExcelDateTime::from_ymd(2022, 3, 5).expect("a day");
    for (row, event) in [(1, "given"), (2, "refused")] {
        sheet.write_string(row, 0, cpr(row.into())).expect("written");
        sheet.write_string(row, 1, format!("r-{row}")).expect("written");
        sheet.write_string(row, 2, event).expect("written");
        sheet.write_datetime_with_format(row, 3, &day, &days()).expect("written");
    }
    let path = save(&desk, &mut book, "consents.xlsx");
    let notice = &desk.programme.notices[0];
    let form = Form {
        purposes: vec![desk.programme.purposes[0].id.clone()],
        recipients: vec![desk.programme.purposes[0].recipients[0].clone()],
        datasets: Vec::new(),
        notice: kobling::extract::consents::notice(&desk.programme, &notice.id, &notice.language)
            .unwrap_or_else(|error| panic!("{error}")),
        given_by: GivenBy::Person,
        recorded_by: "desk-3".into(),
        legal_basis: LegalBasis::ExplicitConsent,
    };
    let partner = "lokk".parse().expect("a name");
    let tokeniser = Tokeniser::new(&desk.key, &partner, &partner);
    let now = "2024-05-31T12:00:00Z".parse().expect("an instant");
    let mut events = Vec::new();
    let count = read_consents(&Source::File(path), &form, &tokeniser, now, 10, |records| {
        events.extend(records.into_iter().map(|r| (r.event.record.as_str().to_owned(), r.event.at.day())));
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let day = Day::from_ymd(2022, 3, 5).expect("a day");
    assert_eq!((count, events), (2, vec![("r-1".to_owned(), day), ("r-2".to_owned(), day)]));
}

#[test]
fn what_openpyxl_writes_is_read_the_same() {
    let Some(python) = std::env::var_os("KOBLING_EXCHANGE_PYTHON") else {
        eprintln!(
            "KOBLING_EXCHANGE_PYTHON is not set: tests/extract_files/write.py was NOT run; tests/run installs what it needs"
        );
        return;
    };
    let desk = Desk::new("samtaler");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/extract_files/write.py");
    for system in ["1900", "1904"] {
        let path = desk.dir.path().join(format!("openpyxl-{system}.xlsx"));
        let (one, two) = (cpr(1), cpr(2));
        let output = Command::new(&python).arg(&script).arg(&path).args([system, &one, &two]).output();
        let output = output.expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (rows, report) = seen(desk.package(&path, Declared::default()));
        let csv = format!(
            "{}\n{one};S-æ&<;05-03-2022;7;1234,5\n{two};;29-02-2024;0;0,25\n{one};3;31-12-2022;1;2\n",
            HEADER.join(";")
        );
        let (expected, _) = seen(desk.of("same.csv", csv.as_bytes()));
        assert_eq!((rows, report.rows.rejected), (expected, 0), "{system}");
    }
}

/// A row of the random tables: person, case, day after 1 January 2022, hundredths of two measures.
type Row = (u64, Option<u32>, i32, u32, u32);

fn any_row() -> impl Strategy<Value = Row> {
    (1u64..40, prop::option::of(0u32..9), 0i32..700, 0u32..6000, 0u32..7000)
}

fn day_of(row: &Row) -> Day {
    Day::from_ymd(2022, 1, 1).expect("a day").plus(row.2)
}

/// The rows as CSV; every third has a number that is none.
fn as_csv(rows: &[Row]) -> String {
    let mut text = HEADER.join(";") + "\r\n";
    for (at, row) in rows.iter().enumerate() {
        let (year, month, day) = day_of(row).ymd();
        let case = row.1.map_or(String::new(), |case| case.to_string());
        let id = if at % 3 == 2 { "310299-1234".to_owned() } else { cpr(row.0) };
        text += &format!(
            "{id};{case};{day:02}-{month:02}-{year};{};{},{:02}\r\n",
            row.3 / 100,
            row.4 / 100,
            row.4 % 100
        );
    }
    text
}

fn as_workbook(rows: &[Row], path: &Path) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    headed(sheet, 0);
    for (at, row) in rows.iter().enumerate() {
        let line = u32::try_from(at + 1).expect("few");
        let id = if at % 3 == 2 { "310299-1234".to_owned() } else { cpr(row.0) };
        match id.parse::<f64>() {
            Ok(number) if !id.starts_with('0') && at % 2 == 0 => sheet.write_number(line, 0, number),
            _ => sheet.write_string(line, 0, id),
        }
        .expect("written");
        if let Some(case) = row.1 {
            sheet.write_number(line, 1, case).expect("written");
        }
        let (year, month, day) = day_of(row).ymd();
        let date = ExcelDateTime::from_ymd(year.unsigned_abs(), month, day).expect("a day");
        sheet.write_datetime_with_format(line, 2, date, &days()).expect("written");
        sheet.write_number(line, 3, row.3 / 100).expect("written");
        sheet.write_number(line, 4, f64::from(row.4) / 100.0).expect("written");
    }
    book.save(path).expect("saved");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_rows_give_the_same_package_in_every_form(rows in prop::collection::vec(any_row(), 1..60)) {
        let desk = Desk::new("samtaler");
        let (csv, expected) = seen(desk.of("rows.csv", as_csv(&rows).as_bytes()));
        let path = desk.dir.path().join("rows.xlsx");
        as_workbook(&rows, &path);
        let (book, report) = seen(desk.package(&path, Declared::default()));
        prop_assert_eq!(&book, &csv);
        prop_assert_eq!(&report, &expected);
        let path = desk.dir.path().join("rows.parquet");
        let cells = rows.iter().enumerate().map(|(at, row)| super::tables::Row {
            person: if at % 3 == 2 { "310299-1234".to_owned() } else { cpr(row.0) },
            case: row.1.map(i64::from),
            day: day_of(row),
            planned: row.3 / 100,
            held: row.4,
        });
        super::tables::write(&path, &cells.collect::<Vec<_>>());
        let (table, report) = seen(desk.package(&path, Declared::default()));
        prop_assert_eq!(&table, &csv);
        // A table's rows have no header above them.
        let mut expected = expected;
        for found in &mut expected.found {
            let of_columns = found.columns.iter_mut().map(|of| &mut of.places);
            let lines = of_columns.chain([&mut found.places]).flat_map(|places| &mut places.lines);
            lines.for_each(|line| *line -= 1);
        }
        prop_assert_eq!(&report, &expected);
    }
}
