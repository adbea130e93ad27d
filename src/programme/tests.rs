use super::*;

const INTERVENTIONSMODEL: &str = include_str!("../../programmes/interventionsmodel.toml");

fn problems(edit: impl Fn(&str) -> String) -> Vec<Problem> {
    let text = edit(INTERVENTIONSMODEL);
    assert_ne!(text, INTERVENTIONSMODEL, "the edit changed nothing");
    match Programme::parse(&text) {
        Ok(_) => Vec::new(),
        Err(ProgrammeError(problems)) => problems,
    }
}

/// Replaces a text and expects one finding that names the line of the change and says the words.
fn finds(from: &str, to: &str, field: &str, words: &str) {
    let problems = problems(|text| text.replacen(from, to, 1));
    let found = problems.iter().any(|p| p.field.contains(field) && p.message.contains(words));
    assert!(found, "wanted {field}: {words}; got {problems:?}");
}

#[test]
fn the_interventionsmodel_is_sound() {
    let programme = Programme::parse(INTERVENTIONSMODEL).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.partners.len(), 9);
    let mut numbers: Vec<u32> =
        programme.questions.iter().map(|q| q.number[1..].parse().expect("a number")).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(
        numbers,
        (1..=24).filter(|number| *number != 20).collect::<Vec<_>>(),
        "payment is no part of it"
    );
    let funnel = programme.question(&"funnel".parse().expect("a name")).expect("registered");
    assert_eq!(programme.datasets_of(funnel), vec![0, 1, 2]);
}

#[test]
fn syntax_unknown_fields_and_bad_names_name_their_line() {
    let line = INTERVENTIONSMODEL.lines().position(|l| l.starts_with("version")).expect("there") + 1;
    let found = problems(|text| text.replacen("version = 1", "verzion = 1", 1));
    assert_eq!(found[0].line, line);
    let found = problems(|text| text.replacen("version = 1", "version = ", 1));
    assert_eq!(found[0].line, line);
    let found = problems(|text| text.replacen("id = \"dragoer\"", "id = \"Dragør\"", 1));
    assert!(found[0].line > line && found[0].message.contains("a-z"), "{found:?}");
}

#[test]
fn roles_are_kept_apart() {
    finds("operator = \"driftsenhed\"", "operator = \"datatilsynsraad\"", "roles.operator", "custodian");
    finds("operator = \"driftsenhed\"", "operator = \"lokk\"", "roles.operator", "partner");
    finds("{ id = \"vive\"", "{ id = \"lokk\"", "roles.evaluators", "partner");
    finds("{ id = \"vive\"", "{ id = \"driftsenhed\"", "roles.evaluators", "operator");
}

#[test]
fn references_must_resolve() {
    finds("partners = [\"koebenhavns-politi\"]", "partners = [\"nordsjaelland\"]", "partners", "no partner");
    finds("codes = \"opsporingstrin\"", "codes = \"trin\"", "column.trin", "no list of codes");
    finds("codes = [\"opsporet\"]", "codes = [\"opdaget\"]", "stage.traced", "no code");
    finds("column = \"rolle\" }", "column = \"roller\" }", "dimension.role", "no column");
    finds("stages = [\"traced\"", "stages = [\"found\"", "question.funnel", "no stage");
}

#[test]
fn names_and_written_forms_are_unique() {
    finds("id = \"dragoer\"\nname", "id = \"taarnby\"\nname", "partner", "twice");
    finds("also = [\"Tilbudt\"]", "also = [\"Registreret\"]", "codes.opsporingstrin", "twice");
    finds("headers = [\"Trin\", \"Hændelse\"]", "headers = [\"Dato\"]", "column.headers", "twice");
}

#[test]
fn statistics_stands_alone() {
    let extra = "rests_on = \"databeskyttelsesloven § 10\"\n\n[[dataset.basis]]\npurpose = \"follow-up\"\nkind = \"task\"\nrests_on = \"x\"";
    finds("rests_on = \"databeskyttelsesloven § 10\"", extra, "kommune-opsporing.basis", "no other basis");
}

#[test]
fn a_purpose_without_basis_cannot_be_asked_for() {
    finds(
        "kind = \"funnel\"\npurpose = \"evaluation\"",
        "kind = \"funnel\"\npurpose = \"follow-up\"",
        "question.funnel",
        "no legal basis",
    );
}

#[test]
fn nobody_sends_what_nobody_uses() {
    let unread = "[[dataset.column]]\nid = \"vagt\"\nrole = \"staff\"\n\n[[dataset.column]]\nid = \"sag\"";
    finds("[[dataset.column]]\nid = \"sag\"", unread, "column.vagt", "nobody uses");
}

#[test]
fn floors_cannot_be_configured_away() {
    finds("profile = \"dk-standard\"", "persons = 4", "disclosure.persons", "below 5");
    finds("profile = \"dk-standard\"", "families = 2", "disclosure.families", "below 3");
    finds("profile = \"dk-standard\"", "profile = \"lax\"", "disclosure.profile", "dk-standard");
    assert!(problems(|text| text.replacen("profile = \"dk-standard\"", "persons = 12", 1)).is_empty());
}

#[test]
fn all_findings_come_at_once_in_the_order_of_the_file() {
    let found = problems(|text| {
        text.replacen("operator = \"driftsenhed\"", "operator = \"lokk\"", 1).replacen(
            "codes = [\"opsporet\"]",
            "codes = [\"opdaget\"]",
            1,
        )
    });
    assert!(found.len() >= 2);
    assert!(found.is_sorted_by_key(|p| p.line));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(at in 0usize..INTERVENTIONSMODEL.len(), with in ".{0,6}") {
        let mut at = at;
        while !INTERVENTIONSMODEL.is_char_boundary(at) {
            at -= 1;
        }
        let _ = Programme::parse(&format!("{}{with}{}", &INTERVENTIONSMODEL[..at], &INTERVENTIONSMODEL[at..]));
    }
}

const ATTENDANCE: &str = include_str!("../../tests/fixtures/school-attendance.toml");

#[test]
fn a_programme_of_another_field_needs_no_code() {
    let programme = Programme::parse(ATTENDANCE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.questions.len(), 17);
    assert_eq!(programme.closing_days, 45);
}
