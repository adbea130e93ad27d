//! The file of a mapping, its check and its difference; what columns are proposed; and that nothing of a file is shown.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::extract::read::Source;
use crate::language::{Language, Spoken as _};

const EXAMPLE: &str = include_str!("../../../keys-example/programme.toml");

fn programme() -> Programme {
    Programme::parse(EXAMPLE).unwrap_or_else(|error| panic!("{error}"))
}

fn changed(changes: &[(&str, &str)]) -> Programme {
    let text = changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

const TEXT: &str = "\
format = 1
version = 3
programme = \"example\"
partner = \"townhall\"
dataset = \"course\"

[column.person]
header = \"Borger\"

[column.date]
header = \"Hvornår\"
dates = \"short-year\"

[column.step]
header = \"Hvad\"

[column.step.codes]
Ringet = \"contacted\"
";

fn survey_of(text: &[u8], declared: Declared<'_>) -> Result<Survey, SurveyError> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("extract.csv");
    std::fs::write(&path, text).expect("written");
    let programme = programme();
    let by = Known { dataset: &programme.datasets[0], programme: &programme, mapping: None };
    Survey::of(&Source::File(path), declared, by)
}

fn survey(text: &str) -> Survey {
    survey_of(text.as_bytes(), Declared::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// A survey of a file whose first row was said to hold the headers.
fn survey_said(text: &str) -> Survey {
    let declared = Declared { header_row: Some(1), ..Declared::default() };
    survey_of(text.as_bytes(), declared).unwrap_or_else(|error| panic!("{error}"))
}

fn proposed(text: &str) -> Vec<(String, Option<(usize, Certainty)>)> {
    let programme = programme();
    let proposed = propose(&survey_said(text), &programme.datasets[0], &programme);
    proposed.into_iter().map(|one| (one.column.to_string(), one.at)).collect()
}

#[test]
fn a_mapping_reads_back_as_it_was_written() {
    let mapping = Mapping::parse_for(TEXT, &programme()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(mapping.columns["step".parse::<ColumnId>().as_ref().expect("a name")].codes.len(), 1);
    let written = mapping.to_toml();
    assert_eq!(Mapping::parse(&written).as_ref(), Ok(&mapping));
    let dataset = &programme().datasets[0];
    let by_dataset = mapping.to_toml_for(dataset);
    assert_eq!(Mapping::parse(&by_dataset).as_ref(), Ok(&mapping));
    let at = |text: &str, what: &str| text.find(what).expect("there");
    assert!(at(&written, "[column.date]") < at(&written, "[column.person]"));
    assert!(at(&by_dataset, "[column.person]") < at(&by_dataset, "[column.date]"));
}

proptest! {
    #[test]
    fn any_mapping_reads_back(
        header in "\\PC{0,12}",
        odd in "[\"\\\\\u{7}\u{85}\t\n#=\\[\\]a]{0,8}",
        sheet in proptest::option::of("\\PC{0,8}"),
        nth in proptest::option::of(1u8..),
        separator in proptest::option::of(any::<char>()),
        form in 0usize..5,
        repair in any::<bool>(),
        asked in any::<bool>(),
    ) {
        let mut mapping = Mapping::parse(TEXT).expect("sound");
        let column = mapping.columns.get_mut(&"date".parse::<ColumnId>().expect("a name")).expect("there");
        column.header = header.clone();
        column.nth = nth.and_then(NonZeroU8::new);
        column.dates = DateForm::ALL[form];
        column.missing = vec![odd.clone(), header];
        column.codes.insert(odd, "started".parse().expect("a name"));
        mapping.file = FileForm { sheet, separator, repair_leading_zero: repair, header_row: Some(3), ..FileForm::default() };
        if asked {
            let programme = programme();
            mapping.asked = Asked::by(&programme.datasets[0], &programme);
            mapping.definition = Some(Asked::digest(&mapping.asked));
        }
        prop_assert_eq!(Mapping::parse(&mapping.to_toml()), Ok(mapping));
    }

    /// Reading and checking any text ends, and what it says is no line of the text.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", cut in 0usize..250, from in 0usize..250) {
        let programme = programme();
        let _ = Mapping::parse_for(&text, &programme);
        let mut torn = TEXT.to_owned();
        let at = |n: usize| TEXT.char_indices().map(|(at, _)| at).nth(n).unwrap_or(TEXT.len());
        torn.replace_range(at(cut)..at(cut), &text[..text.char_indices().nth(from % 9).map_or(0, |(at, _)| at)]);
        if let Err(error) = Mapping::parse_for(&torn, &programme) {
            prop_assert!(!error.danish().is_empty());
        }
    }
}

#[test]
fn every_fault_is_found_at_once_by_line_and_field() {
    let text = TEXT
        .replace("version = 3", "version = 0")
        .replace("\"Borger\"", "\"Hvad\"")
        .replace("dates = \"short-year\"", "missing = [\"010190-0000\"]")
        .replace(
            "Ringet = \"contacted\"",
            "Ringet = \"called\"\nSkrevet = \"started\"\nSKREVET = \"completed\"",
        )
        + "[column.staff]\nheader = \"Init\"\n[column.case]\nheader = \" \"\ndates = \"compact\"\ncodes = { A = \"started\" }\n[file]\nencoding = \"ebcdic\"\nseparator = \"x\"\ndecimal = \"!\"\nheader_row = 0\nsheet = \" \"\n";
    let Err(error) = Mapping::parse_for(&text, &programme()) else { panic!("let through") };
    let MappingError::Problems(problems) = &error else { panic!("{error}") };
    let found = problems.iter().map(|p| (p.line, p.field.as_str())).collect::<Vec<_>>();
    let line = |what: &str| text.lines().position(|line| line.contains(what)).expect("there") + 1;
    for (field, what) in [
        ("version", "version"),
        ("file.encoding", "ebcdic"),
        ("file.separator", "separator"),
        ("file.decimal", "decimal"),
        ("file.sheet", "sheet"),
        ("file.header_row", "header_row"),
        ("column.case.header", "\" \""),
        ("column.case.dates", "compact"),
        ("column.case.codes", "{ A ="),
        ("column.date.missing", "missing"),
        ("column.staff", "[column.staff]"),
        ("column.step.codes.Ringet", "called"),
        ("column.step.codes.Skrevet", "Skrevet"),
    ] {
        assert!(found.contains(&(line(what), field)), "{field} at {}: {found:?}", line(what));
    }
    assert!(found.iter().any(|(_, field)| *field == "column.step.header"), "one column for two: {found:?}");
    for said in [error.to_string(), error.danish()] {
        assert!(!said.contains("010190"), "{said}");
    }
    let unmapped = TEXT.replace("[column.person]\nheader = \"Borger\"\n", "");
    let Err(MappingError::Problems(problems)) = Mapping::parse_for(&unmapped, &programme()) else {
        panic!("let through")
    };
    assert_eq!(problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(), ["column.person"]);
}

#[test]
fn a_mapping_of_somebody_else_is_refused() {
    for (from, to, field) in [
        ("\"example\"", "\"other\"", "programme"),
        ("\"townhall\"", "\"elsewhere\"", "partner"),
        ("\"course\"", "\"visits\"", "dataset"),
    ] {
        let Err(MappingError::Problems(problems)) = Mapping::parse_for(&TEXT.replace(from, to), &programme())
        else {
            panic!("{to} was let through")
        };
        assert_eq!((problems.len(), problems[0].field.as_str()), (1, field), "{problems:?}");
    }
    let alone = changed(&[("partners = [\"townhall\", \"helpers\"]", "partners = [\"helpers\"]")]);
    let Err(error) = Mapping::parse_for(TEXT, &alone) else { panic!("let through") };
    assert!(error.to_string().contains("townhall does not hand over course"), "{error}");
}

#[test]
fn slips_of_form_name_line_and_field_and_no_content() {
    for (text, line, words) in [
        (TEXT.replace("header = \"Borger\"", "heading = \"Borger\""), 8, "no field heading"),
        (TEXT.replace("short-year", "american"), 12, "the word is not known"),
        (TEXT.replace("version = 3", "version = \"3\""), 2, "another kind"),
        (TEXT.replace("version = 3\n", ""), 0, "field version is missing"),
        (TEXT.replace("\"townhall\"", "\"Town Hall\""), 4, "1 to 32 of the characters"),
        (TEXT.replace("[column.step]", "[column.step"), 14, "is no TOML"),
    ] {
        let Err(MappingError::Problems(problems)) = Mapping::parse(&text) else {
            panic!("{words}: let through")
        };
        let problem = &problems[0];
        assert!(problem.message.to_string().contains(words), "{problem}");
        assert!(line == 0 || problem.line == line, "{problem}");
        assert_ne!(problem.danish(), problem.to_string());
    }
    assert_eq!(Mapping::parse("version = 1"), Err(MappingError::NoFormat));
    let newer = Mapping::parse(&TEXT.replace("format = 1", "format = 2\nnew = true"));
    assert_eq!(newer, Err(MappingError::Format(2)));
    assert!(MappingError::Format(2).to_string().contains("take a newer kobling"));
    assert_eq!(Mapping::parse(&" ".repeat(limits::MAX_MAPPING_BYTES + 1)), Err(MappingError::TooLarge));
    // An extract given as a mapping shows nothing of itself.
    for extract in
        ["CPR-nr;Navn\n010190-0000;Hemmelig\n", "Hemmelig = 010190-0000\n", "\"Hemmelig\" = \"010190\"\n"]
    {
        let Err(error) = Mapping::parse(extract) else { panic!("let through") };
        for said in [error.to_string(), error.danish()] {
            assert!(!said.contains("010190") && !said.contains("Hemmelig"), "{said}");
        }
    }
}

/// What fuzzing starts from, and what it found.
#[test]
fn the_seeds_are_read_or_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/mapping");
    let (mut read, mut refused) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("UTF-8");
        match Mapping::parse(&text) {
            Ok(mapping) => {
                assert_eq!(Mapping::parse(&mapping.to_toml()).as_ref(), Ok(&mapping));
                let whole = mapping.check(&programme()).is_ok();
                assert_eq!(whole, Mapping::parse_for(&text, &programme()).is_ok());
                read += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read >= 3 && refused >= 2, "{read} {refused}");
}

/// A mapping for the example as `kobling map` makes it.
fn made() -> Mapping {
    let programme = programme();
    let mut mapping = Mapping::parse(TEXT).expect("sound");
    mapping.asked = Asked::by(&programme.datasets[0], &programme);
    mapping.definition = Some(Asked::digest(&mapping.asked));
    mapping
}

fn changes(programme: &Programme) -> Difference {
    made().diff(programme).expect("the dataset is there")
}

#[test]
fn a_newer_definition_is_told_column_by_column() {
    let only_the_version = changed(&[("version = 1\ntitle", "version = 2\ntitle")]);
    assert_eq!(changes(&only_the_version).changes, []);
    let step = || "step".parse::<ColumnId>().expect("a name");
    let case = || "case".parse::<ColumnId>().expect("a name");
    let required = changed(&[("headers = [\"Sagsnr\"]\nrequired = false", "headers = [\"Sagsnr\"]")]);
    let found = changes(&required);
    assert_eq!(found.changes, [Change::Required { column: case(), now: true, mapped: false }]);
    assert!(found.must_act() && made().check(&required).is_err());
    let gone = changed(&[(
        "[[dataset.column]]\nid = \"case\"\nrole = \"case\"\nheaders = [\"Sagsnr\"]\nrequired = false\n",
        "",
    )]);
    assert_eq!(changes(&gone).changes, [Change::Removed { column: case(), mapped: false }]);
    // A column that is mapped and not asked for any more is no fault: it stays at home.
    let mut mapping = made();
    let own = mapping.columns[&"person".parse::<ColumnId>().expect("a name")].clone();
    mapping.columns.insert(case(), ColumnMapping { header: "Sag".into(), ..own });
    assert_eq!(mapping.check(&gone), Ok(()));
    assert_eq!(
        mapping.diff(&gone).expect("there").changes,
        [Change::Removed { column: case(), mapped: true }]
    );
    let added = changed(&[(
        "[[stage]]\nid = \"contacted\"",
        "[[dataset.column]]\nid = \"other\"\nrole = \"related_person\"\nheaders = [\"Modpart\"]\n\n[[stage]]\nid = \"contacted\"",
    )]);
    let found = changes(&added);
    assert_eq!(found.changes, [Change::Added { column: "other".parse().expect("a name"), required: true }]);
    let codes = changed(&[
        ("{ id = \"contacted\", da = \"Kontaktet\"", "{ id = \"reached\", da = \"Kontaktet\""),
        ("codes = [\"contacted\"]", "codes = [\"reached\"]"),
    ]);
    let reached = vec!["reached".parse::<CodeId>().expect("a name")];
    let contacted = vec!["contacted".parse::<CodeId>().expect("a name")];
    let found = changes(&codes);
    assert_eq!(
        found.changes,
        [
            Change::CodesAdded { column: step(), codes: reached },
            Change::CodesGone { column: step(), codes: contacted.clone(), pointed: contacted },
        ]
    );
    assert!(found.must_act() && made().check(&codes).is_err());
    for change in found.changes {
        assert_ne!(change.danish(), change.to_string());
    }
    // Written by hand: what is missing can be told, not what is new.
    let by_hand = Mapping::parse(TEXT).expect("sound").diff(&added).expect("there");
    assert!(!by_hand.known);
    assert_eq!(by_hand.changes.len(), 1);
}

#[test]
fn columns_are_proposed_by_header_and_looks() {
    let rows = |header: &str| {
        let mut text = format!("{header}\n");
        for day in 1..=28 {
            let steps = ["Kontakt", "Start", "Slut", "Ukendt"];
            writeln!(
                text,
                "J-{day};{day:02}0190-1{day:03};{day:02}-03-2022;{};Jens Hansen {day}",
                steps[day % 4]
            )
            .expect("in memory");
        }
        text
    };
    let at = |text: &str| proposed(text).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
    use Certainty::{Guess, Likely, Sure};
    let sure = at(&rows("Sagsnr;CPR-nr;Dato;Status;Navn"));
    assert_eq!(sure, [Some((1, Sure)), Some((0, Sure)), Some((2, Sure)), Some((3, Sure))]);
    let likely = at(&rows("Journalnr.;Borgerens CPR nr;Oprettet dato;Statusser;Navn"));
    assert_eq!(likely[1], Some((0, Likely)));
    assert_eq!((likely[0].map(|p| p.0), likely[2]), (Some(1), Some((2, Likely))));
    // By looks alone: the only CPR numbers, the only dates; not the texts of which a quarter is unknown.
    let guessed = at(&rows("A;B;C;D;E"));
    assert_eq!(guessed, [Some((1, Guess)), None, Some((2, Guess)), None]);
    // Two columns of the same name: neither is sure.
    let two = at(&rows("CPR-nr;CPR-nr;Dato;Dato;Status"));
    assert_eq!(two[0], Some((1, Sure)), "the first holds no CPR numbers");
    let programme = programme();
    let seen = survey(&rows("Sagsnr;CPR-nr;Dato;Status;Navn"));
    let fit = Fit::of(&seen.columns[3], &programme.datasets[0].columns[3], &programme);
    assert_eq!((fit.filled, fit.fits, fit.known_texts, fit.unknown_texts, fit.many), (28, 21, 3, 1, false));
}

#[test]
fn shapes_are_told_by_form() {
    let shapes = |fields: &[&str]| {
        let text = fields.iter().fold("CPR-nr;X;Dato\n".to_owned(), |text, field| {
            text + &format!("0101011234;\"{field}\";1-1-2022\n")
        });
        survey(&text).columns[1].shape()
    };
    let cpr = |hyphens, lost_zeros| Shape::Cpr { hyphens, lost_zeros };
    assert_eq!(shapes(&[""; 3]), Shape::Empty);
    assert_eq!(shapes(&["010190-1234", "311299-0001"]), cpr(true, false));
    assert_eq!(shapes(&["0101901234", "101901234"]), cpr(false, true));
    assert_eq!(shapes(&["010190-1234", "Jens", "Hanne", "Ole"]), Shape::SomeCpr);
    let dates = |form, iso, ambiguous, time| Shape::Dates { form, iso, ambiguous, time };
    assert_eq!(shapes(&["31-12-2020", "1.2.2021"]), dates(DateForm::Danish, false, false, false));
    assert_eq!(shapes(&["2020-12-31", "2021-01-02"]), dates(DateForm::Danish, true, false, false));
    assert_eq!(shapes(&["2020-12-31T10:00:00"]), dates(DateForm::Danish, true, false, true));
    assert_eq!(shapes(&["01/02/2020", "03/04/2021"]), dates(DateForm::Danish, false, true, false));
    assert_eq!(shapes(&["01/22/2020", "03/04/2021"]), dates(DateForm::MonthFirst, false, false, false));
    assert_eq!(shapes(&["01/22/2020", "03/14/2021"]), dates(DateForm::MonthFirst, false, false, false));
    assert_eq!(shapes(&["31-12-20"]), dates(DateForm::ShortYear, false, false, false));
    assert_eq!(shapes(&["20201231", "20210101"]), dates(DateForm::Compact, false, false, false));
    assert_eq!(shapes(&["44196", "44200"]), Shape::WholeNumbers { serial: true });
    assert_eq!(shapes(&["12", "13", "14"]), Shape::WholeNumbers { serial: false });
    assert_eq!(shapes(&["1.234,5", "3"]), Shape::Numbers { decimal: Some(Decimal::Comma) });
    assert_eq!(shapes(&["12.5", "3"]), Shape::Numbers { decimal: Some(Decimal::Point) });
    assert_eq!(shapes(&["1.234", "x"]), Shape::Texts { up_to: Some(10) });
    assert_eq!(shapes(&["1,01E+09"]), Shape::Scientific);
    assert_eq!(shapes(&["Ja", "Nej", "Ja", "Ja", "Nej", "Ja"]), Shape::FewTexts);
    assert_eq!(shapes(&["1", "2", "1", "1", "2", "1"]), Shape::FewNumbers);
    assert_eq!(shapes(&["et langt notat om nogen, som fortsætter", "x"]), Shape::Texts { up_to: Some(100) });
}

#[test]
fn a_row_of_data_is_not_shown_as_headers() {
    for (text, row) in [
        ("010190-0000;Jens;1-2-2022\n020290-1111;Eva;2-2-2022\n", 1),
        ("Jens;Start;x\nHans;Start;y\nJens;Slut;z\n", 1),
        ("a@b.dk;Jens\n", 1),
    ] {
        let Err(error) = survey_of(text.as_bytes(), Declared::default()) else {
            panic!("{text}: let through")
        };
        assert!(matches!(error, SurveyError::Data(found) if found == row), "{error:?}");
        assert!(!error.to_string().contains("Jens") && !error.danish().contains("Jens"));
        assert!(!format!("{error:?}").contains("Jens"));
    }
    let declared = Declared { header_row: Some(2), ..Declared::default() };
    assert!(matches!(survey_of(b"CPR;Dato\n0101901234;x\n", declared), Err(SurveyError::Data(2))));
    // One odd header among ones that are known is hidden alone, and cannot be mapped.
    let seen = survey("CPR-nr;Dato;31-12-2022;Navn\n0101901234;1-1-2022;5;Jens\n");
    let shown = seen.columns.iter().map(Seen::header).collect::<Vec<_>>();
    assert_eq!(shown, [Some("CPR-nr"), Some("Dato"), None, Some("Navn")]);
}

#[test]
fn a_row_in_which_no_header_is_known_is_not_shown_before_somebody_says_that_it_holds_headers() {
    let text = "Jens Peter Hansen;Kontakt;Nørrebro;hjemløs\nEva Holm;Start;Valby;i bolig\n";
    let seen = survey(text);
    assert!(!seen.certain && seen.columns.len() == 4);
    assert!(seen.columns.iter().all(|seen| seen.header().is_none() && seen.shown().is_none()));
    let said = said(&seen).to_lowercase();
    for word in ["jens", "kontakt\"", "nørrebro", "hjemløs"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    // Said, it stands; what is a code as well is not shown even then.
    let confirmed = survey_said(text);
    assert!(confirmed.certain);
    let headers: Vec<_> = confirmed.columns.iter().map(|seen| (seen.header(), seen.shown())).collect();
    assert_eq!(headers[0], (Some("Jens Peter Hansen"), Some("Jens Peter Hansen")));
    assert_eq!(headers[1], (Some("Kontakt"), None));
    // One header that is known, or a common word for one, makes the row a row of headers; a code does not.
    for (row, certain) in
        [("CPR-nr;Navn", true), ("cpr nr;x", true), ("Navn;Borger", true), ("Start;Navn", false)]
    {
        assert_eq!(survey(&format!("{row}\n0101901234;x\n")).certain, certain, "{row}");
    }
}

proptest! {
    #[test]
    fn no_first_row_without_a_known_header_is_said(fields in proptest::collection::vec("[A-ZÆØÅ][a-zæøå]{2,8} [A-ZÆØÅ][a-zæøå]{6,12}qx", 1..6)) {
        let Ok(survey) = survey_of(format!("{}\na;b\n", fields.join(";")).as_bytes(), Declared::default()) else {
            return Ok(());
        };
        prop_assert!(!survey.certain);
        let said = said(&survey);
        prop_assert!(fields.iter().all(|field| !said.contains(field)));
    }
}

#[test]
fn headers_below_titles_are_found() {
    let text = "Udtræk fra sagssystemet 31-12-2022;;;\n;;;\nCPR-nr;Sagsnr;Dato;Status\n0101901234;1;1-1-2022;Start\n";
    let seen = survey(text);
    assert_eq!(seen.header_row, Some(3));
    assert_eq!((seen.rows, seen.columns[0].header()), (1, Some("CPR-nr")));
    for other in
        [text.replace(';', ","), text.replace("Udtræk fra", "Udtræk, alle, fra").replacen(";;;", "", 2)]
    {
        let seen = survey(&other);
        assert_eq!((seen.header_row, seen.columns.len()), (Some(3), 4), "{other}");
    }
    // Known or not, the first row stands where it has enough of its own.
    assert_eq!(survey("Nummer;Hvornår;Hvad\n0101901234;1-1-2022;Start\n").header_row, None);
}

/// Everything that is ever said of a survey: shapes, proposals, the mapping.
fn said(survey: &Survey) -> String {
    let programme = programme();
    let dataset = &programme.datasets[0];
    let proposed = propose(survey, dataset, &programme);
    let mut text = format!("{survey:?}{proposed:?}");
    for seen in &survey.columns {
        for language in [Language::Da, Language::En] {
            text += seen.shape().words(language);
        }
        text += seen.shape().example();
        for column in &dataset.columns {
            let fit = Fit::of(seen, column, &programme);
            write!(text, "{:?} {} {}", fit.share().map(|_| ()), fit.known_texts, fit.unknown_texts)
                .expect("in memory");
        }
    }
    let choices = proposed
        .iter()
        .zip(&dataset.columns)
        .filter_map(|(one, column)| one.at.map(|(at, _)| Choice::of(column, at, survey)));
    let choices = choices.collect::<Vec<_>>();
    let partner = programme.partners[0].id.clone();
    let mapping = Mapping::of(survey, &choices, FileForm::default(), (&programme, &partner, dataset), 1);
    text + &mapping.to_toml() + &format!("{mapping:?}")
}

/// Everything that can be said of any file with these headers, and nothing of one.
fn vocabulary(header: &str) -> String {
    let mut text = said(&survey_said(&format!("{header}\n")));
    for fields in [
        "0101901234;1-1-2022;Start",
        "010190-0000;31-12-20;Kontakt",
        "101901234;12/31/2020;x",
        "a;20201231;44196",
        "1.234,5;1,234.5;1,01E+09",
        "2020-12-31;2020-12-31T10:00;1",
    ] {
        for times in [1, 6] {
            text += &said(&survey_said(&format!("{header}\n{}", format!("{fields}\n").repeat(times))));
        }
    }
    for up_to in [Some(10), Some(30), Some(100), None] {
        for language in [Language::Da, Language::En] {
            text += Shape::Texts { up_to }.words(language);
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_field_of_a_file_is_ever_said(
        rows in proptest::collection::vec((
            prop_oneof!["[0-3][0-9][01][0-9]{3}-?[0-9]{4}", "[a-zæøå@]{3,12}", "[0-9]{3,12}"],
            prop_oneof!["[0-3][0-9]-[01][0-9]-20[0-9]{2}", "[0-9]{5}", "[A-Z]{3,9}"],
            prop_oneof!["KANARI-[a-z]{2,5}", "(Start|Slut|Kontakt)", "[0-9]{1,3}\\.[0-9]{3},[0-9]", "\\PC{3,20}"],
        ), 1..30),
        header in prop_oneof![Just("CPR-nr;Dato;Status"), Just("Nummer;Hvornår;Hvad")],
    ) {
        let known = vocabulary(header).to_lowercase();
        let text = rows.iter().fold(format!("{header}\n"), |text, (one, two, three)| {
            text + &format!("{one};{two};\"{}\"\n", three.replace('"', "'"))
        });
        let declared = Declared { header_row: Some(1), ..Declared::default() };
        let Ok(survey) = survey_of(text.as_bytes(), declared) else { return Ok(()) };
        let said = said(&survey).to_lowercase();
        for (one, two, three) in &rows {
            for value in [one, two, three] {
                let value = value.trim().to_lowercase();
                if value.chars().count() >= 3 && !known.contains(&value) {
                    prop_assert!(!said.contains(&value), "{value} was said");
                }
            }
        }
    }
}
