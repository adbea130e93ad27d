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
    assert_eq!(
        numbers(&programme),
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
fn the_names_of_packages_of_lists_are_taken() {
    for taken in ["consents", "aliases"] {
        let (id, at) = (format!("id = \"{taken}\""), format!("dataset.{taken}"));
        finds("id = \"politi-opsporing\"", &id, &at, "go under this name");
    }
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
    for (setting, words) in [
        ("families = 2", "below 3"),
        ("rounding = 4", "below 5"),
        ("rate_part = 3", "below 4"),
        ("values = 2", "below 3"),
        ("held = 3", "below 4"),
        ("dimensions = 4", "above 3"),
        ("crossing = 12", "below 13"),
        ("amount_units = 9", "below 10"),
        ("mean_units = 7", "below 8"),
        ("p_percent = 9", "below 10"),
        ("dominance = 91", "above 90"),
    ] {
        let field = format!("disclosure.{}", setting.split(' ').next().unwrap_or_default());
        finds("profile = \"dk-standard\"", setting, &field, words);
    }
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

const EFFECT: &str = include_str!("../../programmes/effektinvestering.toml");
const ATTENDANCE: &str = include_str!("../../tests/fixtures/school-attendance.toml");
const ALL: [&str; 3] = [INTERVENTIONSMODEL, EFFECT, ATTENDANCE];

/// The catalogue's numbers that a programme has a question for.
fn numbers(programme: &Programme) -> Vec<u32> {
    let mut numbers: Vec<u32> =
        programme.questions.iter().map(|q| q.number[1..].parse().expect("a number")).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn the_effektinvestering_is_sound() {
    let programme = Programme::parse(EFFECT).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.payers.len(), 3);
    assert_eq!(
        numbers(&programme),
        [1, 2, 4, 7, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24],
        "Q3, Q5, Q6 and Q8 to Q10 belong to the other programme"
    );
    let payments = programme.questions.iter().filter_map(|question| match &question.kind {
        QuestionKind::Payment(payment) => Some((payment.mode, payment.indicators.len(), question.audience)),
        _ => None,
    });
    let payers = Audience::Payers;
    let wanted = [(PaymentMode::Banded, 3, payers), (PaymentMode::Verified, 3, payers)];
    assert_eq!(payments.collect::<Vec<_>>(), wanted);
}

#[test]
fn a_programme_of_another_field_needs_no_code() {
    let programme = Programme::parse(ATTENDANCE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(programme.questions.len(), 17, "one of each kind");
    assert_eq!(programme.closing_days, 45);
    let way = programme.question(&"way".parse().expect("a name")).expect("registered");
    assert!(matches!(way.kind, QuestionKind::Funnel { within: Some(365), .. }));
    let cost = programme.question(&"cost".parse().expect("a name")).expect("registered");
    let QuestionKind::Amount(cost) = &cost.kind else { panic!("an amount") };
    assert_eq!((cost.item.price, cost.item.decimals, cost.item.unit.da.as_str()), (Some(45_000), 2, "kr."));
    let moved = programme.stages.iter().find(|stage| stage.id.as_str() == "moved").expect("there");
    assert_eq!(moved.events[0].filters.len(), 2);
    let support = programme.stages.iter().find(|stage| stage.id.as_str() == "support").expect("there");
    assert!(support.events[0].filters.is_empty(), "every row");
}

#[test]
fn every_position_of_a_question_resolves() {
    for text in ALL {
        let programme = Programme::parse(text).expect("sound");
        for question in &programme.questions {
            assert!(question.kind.stages().iter().all(|stage| *stage < programme.stages.len()));
            assert!(question.kind.index().is_none_or(|stage| stage < programme.stages.len()));
            assert!(question.dimensions.iter().all(|at| *at < programme.dimensions.len()));
            assert!(question.populations.iter().all(|at| *at < programme.populations.len()));
            let datasets = programme.datasets_of(question);
            assert!(datasets.is_sorted() && datasets.iter().all(|at| *at < programme.datasets.len()));
            let consents = matches!(question.kind, QuestionKind::Consents);
            assert_eq!(datasets.is_empty(), consents, "{}", question.id);
            for item in question.kind.items() {
                assert_eq!(item.events.len(), item.measure.len());
                for (event, measure) in item.events.iter().zip(&item.measure) {
                    let columns = &programme.datasets[event.dataset].columns;
                    assert!(measure.is_none_or(|at| matches!(columns[at].role, Role::Measure(_))));
                }
            }
        }
        for event in programme.stages.iter().flat_map(|stage| &stage.events) {
            for filter in &event.filters {
                let column = &programme.datasets[event.dataset].columns[filter.column];
                let codes = programme.codes(column).expect("a category");
                assert!(filter.codes.is_sorted() && !filter.codes.is_empty());
                assert!(filter.codes.iter().all(|code| usize::from(*code) < codes.len()));
            }
        }
    }
}

#[test]
fn the_page_names_every_kind_and_field() {
    use raw::KindWord::*;
    let page = include_str!("../../docs/PROGRAMME.md");
    let kinds = [
        Reach, Funnel, Attrition, TimeTo, Repeat, Criteria, Share, Fidelity, Change, Amount, Overlap,
        Comparison, Budget, Payment, Activity, Consents, Quality,
    ];
    for kind in kinds {
        let row =
            page.lines().find(|line| line.starts_with("| `") && line.contains(&format!("`{}`", kind.word())));
        let row = row.unwrap_or_else(|| panic!("{} has no row", kind.word()));
        for field in kind.takes() {
            let named = [format!("`{field}`"), format!("`{field} ="), format!("question.{field}]]")];
            assert!(named.iter().any(|form| row.contains(form)), "{}: {field}", kind.word());
        }
    }
}

proptest::proptest! {
    /// A line taken out, doubled, or put where another stood leaves a definition that is read, or refused with lines of
    /// the file.
    #[test]
    fn no_shuffled_line_panics(which in 0usize..3, at in 0usize..10_000, with in 0usize..10_000, how in 0u8..3) {
        let mut lines: Vec<&str> = ALL[which].lines().collect();
        let (at, with) = (at % lines.len(), with % lines.len());
        match how {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[with]),
            _ => lines[at] = lines[with],
        }
        if let Err(ProgrammeError(problems)) = Programme::parse(&lines.join("\n")) {
            proptest::prop_assert!(!problems.is_empty());
            proptest::prop_assert!(problems.iter().all(|problem| problem.line <= lines.len() + 1));
        }
    }
}
