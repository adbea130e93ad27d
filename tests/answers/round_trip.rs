//! What programs read is what the answer holds.

use kobling::answer::{Answer, CsvForm};
use kobling::language::Language;
use proptest::prelude::*;

use crate::kit::{NAMES, Rows, agrees, answers, fixture};

fn csv_rows(text: &str, form: CsvForm) -> Rows {
    let danish = form == CsvForm::Danish;
    let text = if danish { text.strip_prefix('\u{feff}').expect("a mark") } else { text };
    let delimiter = if danish { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    let read = |record: csv::StringRecord| {
        let fields = headers.iter().zip(record.iter()).filter(|(_, field)| !field.is_empty());
        let number = |name: &str, field: &str| {
            // Codes keep their commas; one leading apostrophe is taken away.
            if name.contains("key") || !danish {
                field.strip_prefix('\'').unwrap_or(field).to_owned()
            } else {
                assert!(!field.contains('.'), "{name}: a decimal point in Danish CSV: {field}");
                field.strip_prefix('\'').unwrap_or(field).replace(',', ".")
            }
        };
        fields.map(|(name, field)| (name.to_owned(), number(name, field))).collect()
    };
    reader.records().map(|record| read(record.expect("a record"))).collect()
}

fn csv_agrees(answer: &Answer) {
    for form in [CsvForm::International, CsvForm::Danish] {
        for labels in [None, Some(Language::Da)] {
            let text = answer.to_csv(form, labels);
            let rows = csv_rows(&text, form);
            assert_eq!(rows.iter().any(|row| row.keys().any(|k| k.ends_with("_label"))), {
                labels.is_some() && !answer.table.columns.is_empty() && !rows.is_empty()
            });
            if labels.is_none() {
                agrees(&rows, answer);
            }
        }
    }
}

#[test]
fn csv_of_the_fixtures_is_read_back() {
    for name in NAMES {
        let answer = fixture(name);
        agrees(&csv_rows(&answer.to_csv(CsvForm::International, None), CsvForm::International), &answer);
    }
}

#[cfg(feature = "formats")]
mod binary {
    use calamine::{Data, Reader as _};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::kit::body;

    pub fn parquet_agrees(answer: &Answer, body: &str) {
        let bytes = answer.to_parquet(body, Some(Language::En)).expect("a file");
        let reader = SerializedFileReader::new(bytes_as_file(&bytes)).expect("Parquet");
        let about = reader.metadata().file_metadata().key_value_metadata().expect("metadata");
        let kept = about.iter().find(|pair| pair.key == "kobling.answer").and_then(|pair| pair.value.clone());
        assert_eq!(kept.as_deref(), Some(body), "the answer itself");
        let rows = reader.get_row_iter(None).expect("rows").map(|row| {
            let row = row.expect("a row");
            let text = |field: &Field| match field {
                Field::Null => None,
                Field::Str(text) => Some(text.clone()),
                Field::Bool(flag) => Some(flag.to_string()),
                Field::Long(number) => Some(number.to_string()),
                Field::Double(number) => Some(number.to_string()),
                other => panic!("{other} is of no type that is written"),
            };
            let fields = row.get_column_iter().map(|(name, field)| (name.clone(), text(field)));
            fields.filter_map(|(name, field)| Some((name, field?))).collect()
        });
        agrees(&rows.collect(), answer);
    }

    fn bytes_as_file(bytes: &[u8]) -> std::fs::File {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    fn sheets(bytes: Vec<u8>) -> calamine::Xlsx<std::io::Cursor<Vec<u8>>> {
        calamine::Xlsx::new(std::io::Cursor::new(bytes)).expect("a workbook")
    }

    pub fn xlsx_agrees(answer: &Answer, language: Language) {
        let bytes = answer.to_xlsx(language).expect("a workbook");
        assert_eq!(bytes, answer.to_xlsx(language).expect("a workbook"), "the same bytes again");
        let mut book = sheets(bytes);
        let names = book.sheet_names();
        assert_eq!(names, [language.choose("Svar", "Answer"), language.choose("Om", "About"), "Data"]);
        for name in &names {
            let formulas = book.worksheet_formula(name).expect("a sheet");
            assert!(formulas.used_cells().next().is_none(), "a formula in {name}");
        }
        let data = book.worksheet_range("Data").expect("a sheet");
        let mut lines = data.rows();
        let headers: Vec<String> = lines.next().expect("a header").iter().map(ToString::to_string).collect();
        let text = |cell: &Data| match cell {
            Data::Empty => None,
            Data::String(text) => Some(text.clone()),
            Data::Bool(flag) => Some(flag.to_string()),
            Data::Float(number) => Some(number.to_string()),
            other => panic!("{other} is of no type that is written"),
        };
        let row = |cells: &[Data]| {
            let fields =
                headers.iter().zip(cells).filter_map(|(name, cell)| Some((name.clone(), text(cell)?)));
            fields.collect()
        };
        agrees(&lines.map(row).collect(), answer);
        let about = book.worksheet_range(&names[1]).expect("a sheet");
        let hash = answer.sha256.to_string();
        assert!(about.used_cells().any(|(.., cell)| cell.to_string() == hash), "the hash is told");
    }

    #[test]
    fn parquet_and_xlsx_of_the_fixtures_are_read_back() {
        for name in NAMES {
            parquet_agrees(&fixture(name), &body(name));
            for language in [Language::Da, Language::En] {
                xlsx_agrees(&fixture(name), language);
            }
        }
    }

    #[test]
    fn the_sheet_to_read_has_numbers_marks_and_words() {
        let mut book = sheets(fixture("funnel").to_xlsx(Language::Da).expect("a workbook"));
        let sheet = book.worksheet_range("Svar").expect("a sheet");
        let row =
            |at: u32| (0..6).map(|c| sheet.get_value((at, c)).expect("a cell").clone()).collect::<Vec<_>>();
        let text = |text: &str| Data::String(text.to_owned());
        assert_eq!(row(0)[..3], [text("Rolle"), text("Trin"), text("Personer")]);
        assert_eq!(row(2)[1..5], [text("Tilbudt"), Data::Float(90.0), Data::Float(80.0), Data::Float(75.0)]);
        assert_eq!(row(6)[4..], [text("≥ 76 %"), text("≥ 76 %")]);
        assert_eq!(row(7)[2..], [text("··"), text("··"), text("··"), text("··")]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_form_for_programs_gives_the_figures_back(body in answers()) {
        let answer: Answer = serde_json::from_str(&body).expect("an answer");
        csv_agrees(&answer);
        #[cfg(feature = "formats")]
        {
            binary::parquet_agrees(&answer, &body);
            binary::xlsx_agrees(&answer, Language::Da);
        }
    }
}
