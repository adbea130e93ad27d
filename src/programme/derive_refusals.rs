//! Each contradiction of what is worked out at home once: the field it names, and the line it points at.

use super::*;

const MINIMISED: &str = include_str!("../../tests/fixtures/minimised.toml");

/// Replaces `from` (first time it stands) and expects a finding at `field` that says `words`, on a line that holds `line`.
#[track_caller]
fn refuses(from: &str, to: &str, field: &str, line: &str, words: &str) {
    assert!(MINIMISED.contains(from), "{from} is not there");
    let text = MINIMISED.replacen(from, to, 1);
    let Err(ProgrammeError(problems)) = Programme::parse(&text) else { panic!("{to} was let through") };
    let found = problems.iter().any(|problem| {
        let there = problem.line.checked_sub(1).and_then(|at| text.lines().nth(at));
        problem.field == field
            && problem.message.contains(words)
            && there.is_some_and(|there| there.contains(line))
    });
    assert!(found, "wanted {field} at {line}: {words}; got {problems:#?}");
}

/// With questions added at the end.
fn asking(questions: &str) -> Result<Programme, Vec<Problem>> {
    Programme::parse(&format!("{MINIMISED}\n{questions}")).map_err(|ProgrammeError(problems)| problems)
}

fn question(kind: &str, fields: &str) -> String {
    format!(
        "[[question]]\nid = \"asked\"\nnumber = \"Q9\"\nkind = \"{kind}\"\npurpose = \"evaluation\"\ntitle = {{ da = \"x\", en = \"x\" }}\ndefinition = {{ da = \"x\", en = \"x\" }}\n{fields}\n"
    )
}

#[track_caller]
fn objects(questions: &str, dataset: &str, words: &str) {
    let problems = asking(questions).expect_err("it reads days that are not there");
    let field = format!("dataset.{dataset}.column.dato.precision");
    let found = problems.iter().any(|p| p.field == field && p.message.contains(words) && p.line > 0);
    assert!(found, "wanted {field}: {words}; got {problems:#?}");
    // The line is the declaration's.
    let text = format!("{MINIMISED}\n{questions}");
    let line = problems.iter().find(|p| p.field == field).map_or(0, |p| p.line);
    assert!(text.lines().nth(line - 1).is_some_and(|line| line.contains("precision = ")));
}

#[test]
fn what_is_declared_is_sound() {
    let programme = Programme::parse(MINIMISED).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.notes(), []);
    let [enquiries, stays] = &programme.datasets[..] else { panic!("two datasets") };
    assert_eq!((enquiries.precision(), stays.precision()), (Precision::Month, Precision::Week));
    let derived = |id: &str| {
        let column = enquiries.columns.iter().find(|column| column.id.as_str() == id).expect("a column");
        (column.derive, column.is_in_files())
    };
    assert_eq!(derived("alder"), (Some(Derive::AgeBand(Whose::Person)), false));
    assert_eq!(derived("partner-alder"), (Some(Derive::AgeBand(Whose::RelatedPerson)), false));
    assert_eq!(derived("koen"), (Some(Derive::Sex(Whose::Person)), false));
    assert_eq!(derived("bopael"), (Some(Derive::Band), true));
    assert_eq!(derived("dato"), (None, true));
}

#[test]
fn a_derivation_fits_its_role() {
    let on = |role: &str| format!("{role}\nderive = \"sex\"");
    let person = "role = \"person\"\nheaders = [\"CPR-nr\"]";
    let at = "dataset.henvendelse.column.borger.derive";
    refuses(person, &on(person), at, "derive", "only a category is derived so");
    let date = "precision = \"month\"";
    let birth = format!("{date}\nderive = \"birth-year\"");
    let at = "dataset.henvendelse.column.dato.derive";
    refuses(date, &birth, at, "derive", "only a category or a measure is a birth year");
    let year = "derive = \"birth-year\"";
    let at = "dataset.henvendelse.column.foedselsaar.derive";
    refuses(year, "derive = \"age-band\"", at, "derive", "only a category is derived so");
    refuses("unit = \"year\"", "unit = \"kr\"", at, "derive", "a measure in `year`, without decimals");
    refuses("unit = \"year\"", "unit = \"year\"\ndecimals = 1", at, "derive", "without decimals");
    refuses(year, "derive = \"age\"", "syntax", "derive = \"age\"", "unknown variant");
}

#[test]
fn a_list_says_what_the_derivation_needs() {
    let at = "dataset.henvendelse.column.koen.derive";
    refuses("\"Woman\", \"K\"", "\"K\"", at, "derive = \"sex\"", "known as `woman`");
    refuses("\"man\", \"M\"", "\"M\"", at, "derive = \"sex\"", "known as `man`");
    let at = "dataset.henvendelse.column.alder.derive";
    refuses("[[50, 120]]", "[[50, 119]]", at, "age-band", "nothing of the age 120");
    refuses("[[18, 29]]", "[[19, 29]]", at, "age-band", "nothing of the age 18");
    refuses("[[0, 17]]", "[[1, 17]]", at, "age-band", "nothing of the age 0:");
    let without = "codes = \"koen\"\nderive = \"age-band\"";
    refuses(
        "codes = \"alder\"\nderive = \"age-band\"",
        without,
        at,
        "age-band",
        "no code of koen has `ranges`",
    );
    let at = "dataset.ophold.column.aarti.derive";
    let without = "codes = \"koen\"\nderive = \"birth-year\"";
    refuses(
        "codes = \"aarti\"\nderive = \"birth-year\"",
        without,
        at,
        "birth-year",
        "no code of koen has `ranges`",
    );
    let at = "dataset.henvendelse.column.bopael.derive";
    let without = "codes = \"koen\"\nheaders = [\"Postnr\"]\nderive = \"band\"";
    let with = "codes = \"bopael\"\nheaders = [\"Postnr\"]\nderive = \"band\"";
    refuses(with, without, at, "band", "no code of koen has `ranges`");
}

#[test]
fn ranges_contradict_neither_themselves_nor_each_other() {
    let at = "codes.alder.ranges";
    refuses("[[18, 29]]", "[[17, 29]]", at, "17, 29", "overlaps [0, 17]");
    refuses("[[18, 29]]", "[[29, 18]]", at, "29, 18", "ends before it begins");
    refuses("[[18, 29]]", "[]", at, "ranges = []", "name the ranges, or leave it out");
    refuses("[[18, 29]]", "[[18, 29, 30]]", at, "18, 29, 30", "its first and its last number");
    refuses("[[18, 29]]", "[[18]]", at, "[[18]]", "its first and its last number");
    refuses("[[18, 29]]", "[[18, 40], [20, 22]]", at, "30, 49", "overlaps [18, 40]");
    let at = "codes.koen.ranges";
    let with = "en = \"Man\", ranges = [[0, 1]]";
    refuses("en = \"Man\"", with, at, "Man", "no column derives a code of this list");
}

#[test]
fn gaps_are_allowed_but_in_ages() {
    let text = MINIMISED.replace("[[1850, 1979]]", "[[1850, 1970]]");
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_is_worked_out_from_an_identifier_stands_in_no_file() {
    let sex = "codes = \"koen\"\nderive = \"sex\"";
    let with = |line: &str| format!("{sex}\n{line}");
    let at = |field: &str| format!("dataset.henvendelse.column.koen.{field}");
    refuses(sex, &with("headers = [\"Køn\"]"), &at("headers"), "koen", "stands in no file");
    refuses(sex, &with("missing = [\"-\"]"), &at("missing"), "koen", "stands in no file");
    let age = "codes = \"alder\"\nderive = \"age-band\"\nof = \"related_person\"\nrequired = false";
    let at = "dataset.henvendelse.column.partner-alder";
    let required = age.replace("required = false", "required = true");
    refuses(age, &required, &format!("{at}.required"), "partner-alder", "set `required = false`");
    let person = "headers = [\"CPR-nr\"]";
    let optional = format!("{person}\nrequired = false");
    let text = MINIMISED.replacen(person, &optional, 1);
    assert!(Programme::parse(&text).is_ok(), "nothing derived is required there");
    let stay = "id = \"beboer\"\nrole = \"person\"";
    let at = "dataset.ophold.column.koen.required";
    refuses(stay, &format!("{stay}\nrequired = false"), at, "koen", "where the person may be missing");
}

#[test]
fn a_derivation_is_of_somebody_in_the_row() {
    let sex = "codes = \"koen\"\nderive = \"sex\"\n\n[[dataset.column]]\nid = \"aarti\"";
    let of = sex.replacen("\"sex\"", "\"sex\"\nof = \"related_person\"", 1);
    refuses(sex, &of, "dataset.ophold.column.koen.of", "of = ", "the dataset has no related_person column");
    let missing = "missing = [\"Uoplyst\"]";
    let of = format!("{missing}\nof = \"person\"");
    refuses(missing, &of, "dataset.henvendelse.column.bopael.of", "of = ", "nobody's identifier");
    let date = "precision = \"month\"";
    let of = format!("{date}\nof = \"person\"");
    refuses(date, &of, "dataset.henvendelse.column.dato.of", "of = ", "only a column with `derive`");
}

#[test]
fn only_a_date_has_a_precision() {
    let person = "headers = [\"CPR-nr\"]";
    let with = format!("{person}\nprecision = \"week\"");
    let at = "dataset.henvendelse.column.borger.precision";
    refuses(person, &with, at, "precision", "only a date has a precision");
    refuses("\"month\"", "\"year\"", "syntax", "precision = \"year\"", "unknown variant");
}

#[test]
fn a_precision_too_coarse_for_what_is_asked_is_refused() {
    let both = "stages = [\"enquiry\", \"stay\"]";
    objects(&question("funnel", both), "henvendelse", "what came first, here or in ophold");
    objects(&question("funnel", both), "ophold", "what came first, here or in henvendelse");
    let one = "stages = [\"stay\", \"left\"]\nwithin_days = 6";
    let same = "index = \"stay\"\noutcome = \"left\"\n";
    for (kind, fields, words) in [
        ("funnel", one.to_owned(), "counts 6 days"),
        ("time_to", format!("{same}days = [3, 90]"), "counts 3 days"),
        ("time_to", format!("{same}days = [30]\nview = \"curve\""), "reads single days"),
        ("repeat", format!("{same}days = [90]"), "reads single days"),
        ("repeat", format!("{same}days = [90]\nview = \"before_after\""), "reads single days"),
        ("amount", "index = \"stay\"\nwindow = [0, 5]\nsum = [{ dataset = \"ophold\" }]\nmeasured_in = { da = \"x\", en = \"x\" }".to_owned(), "counts 5 days"),
        ("amount", "index = \"stay\"\nwindow = [-1, 90]\nsum = [{ dataset = \"ophold\" }]\nmeasured_in = { da = \"x\", en = \"x\" }".to_owned(), "reads single days"),
        ("share", "index = \"stay\"\n[[question.condition]]\nid = \"c\"\ntitle = { da = \"x\", en = \"x\" }\nstage = \"stay\"\nwindow = [0, 0]".to_owned(), "reads single days"),
        ("activity", "[[question.series]]\nid = \"c\"\ntitle = { da = \"x\", en = \"x\" }\nwaiting = \"stay\"\nuntil = [\"enquiry\"]".to_owned(), "what came first"),
    ] {
        objects(&question(kind, &fields), "ophold", words);
    }
}

#[test]
fn a_precision_that_does_is_let_through() {
    let same = "index = \"stay\"\noutcome = \"left\"\n";
    for (kind, fields) in [
        ("time_to", format!("{same}days = [7, 90]")),
        ("amount", "index = \"stay\"\nwindow = [0, 90]\nsum = [{ dataset = \"ophold\" }]\nmeasured_in = { da = \"x\", en = \"x\" }".to_owned()),
        ("activity", "[[question.series]]\nid = \"c\"\ntitle = { da = \"x\", en = \"x\" }\nnew = \"stay\"".to_owned()),
        ("overlap", "datasets = [\"henvendelse\", \"ophold\"]".to_owned()),
    ] {
        asking(&question(kind, &fields)).unwrap_or_else(|problems| panic!("{kind}: {problems:#?}"));
    }
}

#[test]
fn consent_and_follow_up_read_the_day() {
    let text = MINIMISED.replace("kind = \"statistics\"", "kind = \"consent\"");
    let notice = "[[notice]]\nid = \"n\"\nversion = 1\nlanguage = \"da\"\ntext = \"x\"\n";
    let Err(ProgrammeError(problems)) = Programme::parse(&format!("{text}\n{notice}")) else {
        panic!("a permission has a first and a last day")
    };
    for dataset in ["henvendelse", "ophold"] {
        let field = format!("dataset.{dataset}.column.dato.precision");
        assert!(
            problems.iter().any(|p| p.field == field && p.message.contains("the consent")),
            "{problems:#?}"
        );
    }
}

#[test]
fn days_that_nobody_needs_are_remarked_on() {
    let text = MINIMISED.replace("precision = \"week\"\n", "");
    let programme = Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let [note] = &programme.notes()[..] else { panic!("one note") };
    assert_eq!(note.field, "dataset.ophold.column.dato.precision");
    assert!(note.message.contains("by the day: `precision = \"week\"` would do"), "{}", note.message);
    let yearly = text.replace("days = [14, 90]", "days = [365]");
    let programme = Programme::parse(&yearly).unwrap_or_else(|error| panic!("{error}"));
    assert!(programme.notes()[0].message.contains("`precision = \"month\"`"), "{:?}", programme.notes());
    let daily = question("repeat", "index = \"stay\"\noutcome = \"stay\"\ndays = [14]");
    let programme = Programme::parse(&format!("{text}\n{daily}")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.notes(), []);
}

/// Both programmes ask for days everywhere: nothing in them could be coarser.
#[test]
fn the_programmes_need_their_days() {
    for text in [
        include_str!("../../programmes/interventionsmodel.toml"),
        include_str!("../../programmes/effektinvestering.toml"),
    ] {
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(programme.notes(), []);
    }
}

#[test]
fn the_page_names_everything_that_can_be_worked_out() {
    let page = include_str!("../../docs/PROGRAMME.md");
    for derive in [
        Derive::AgeBand(Whose::Person),
        Derive::Sex(Whose::Person),
        Derive::BirthYear(Whose::Person),
        Derive::Band,
    ] {
        assert!(page.contains(&format!("`derive = \"{}\"`", derive.word())), "{derive:?}");
    }
    for word in
        ["ranges = ", "of = \"related_person\"", "precision = \"week\"", "\"month\"", "`out-of-range`"]
    {
        assert!(page.contains(word), "{word}");
    }
}
