use super::*;

fn programme() -> Programme {
    let text = include_str!("../../programmes/interventionsmodel.toml");
    Programme::parse(text).unwrap_or_else(|e| panic!("{e}"))
}

fn ask(question: &str, by: &[&str], period: &str, population: Option<&str>) -> Ask {
    Ask {
        question: question.parse().expect("a name"),
        by: by.iter().map(|name| name.parse().expect("a name")).collect(),
        period: period.parse().expect("a period"),
        population: population.map(|name| name.parse().expect("a name")),
    }
}

fn on(ask: &Ask, sealed: &str, today: &str) -> Result<Plan, AskRefusal> {
    let day = |text: &str| text.parse().expect("a day");
    plan(&programme(), ask, day(sealed), day(today), &Rules::standard())
}

fn refusal(ask: &Ask) -> AskRefusal {
    on(ask, "2023-02-01", "2023-03-01").expect_err("refused")
}

#[test]
fn what_is_registered_is_planned() {
    let reach = ask("reach", &["role", "partner"], "2022-Q1..2022-Q4", Some("exposed"));
    let reach = on(&reach, "2023-02-01", "2023-03-01").expect("a plan");
    assert_eq!(reach.datasets(), [0, 1, 2]);
    assert_eq!(
        (reach.span().start().to_string(), reach.span().end().to_string()),
        ("2022-01-01".into(), "2022-12-31".into())
    );
    assert_eq!(reach.cell_count(), 2 * 9);
    let funnel =
        on(&ask("funnel", &["municipality"], "2022-Q1", None), "2023-02-01", "2023-03-01").expect("a plan");
    assert_eq!(funnel.span().end().to_string(), "2023-02-01", "steps are followed up to the seal");
    assert_eq!(funnel.cell_count(), 5 * 7);
    let overlap = on(&ask("overlap", &[], "2022-Q1", None), "2023-02-01", "2023-03-01").expect("a plan");
    assert_eq!(overlap.cell_count(), 9 + 36 + 84);
    assert!(overlap.notes().iter().all(|note| !note.da.is_empty() && !note.en.is_empty()));
}

#[test]
fn a_refusal_names_what_is_registered() {
    let said = refusal(&ask("cost", &[], "2022-Q1", None)).to_string();
    let start = "no question cost is registered; registered are: reach, funnel, overlap, quality, ";
    assert!(said.starts_with(start), "{said}");
    let said = refusal(&ask("funnel", &["partner"], "2022-Q1", None)).to_string();
    assert_eq!(
        said,
        "the question is not registered by partner; registered are: role, municipality, quarter"
    );
    let said = refusal(&ask("reach", &[], "2022-Q1", Some("men"))).to_string();
    assert!(said.ends_with("registered are: exposed, using"), "{said}");
    let said = refusal(&ask("overlap", &["role"], "2022-Q1", None)).to_string();
    assert!(said.ends_with("registered are: none"), "{said}");
}

#[test]
fn a_refusal_has_danish_words_with_the_same_names() {
    let said = refusal(&ask("funnel", &["partner"], "2022-Q1", None)).danish();
    assert_eq!(
        said,
        "spørgsmålet er ikke registreret fordelt på partner; registreret er: role, municipality, quarter"
    );
    let said = refusal(&ask("overlap", &["role"], "2022-Q1", None)).danish();
    assert!(said.ends_with("registreret er: ingen"), "{said}");
    let four = ["role", "partner", "municipality", "quarter"];
    let said = refusal(&ask("reach", &four, "2022-Q1", None)).danish();
    assert_eq!(said, "der spørges om 4 dimensioner, og højst 3 besvares; udelad 1");
    assert!(refusal(&ask("reach", &[], "2030-Q1", None)).danish().contains("programmets 2021-Q1..2024-Q4"));
}

#[test]
fn at_most_three_dimensions_each_once() {
    let four = ["role", "partner", "municipality", "quarter"];
    assert_eq!(refusal(&ask("reach", &four, "2022-Q1", None)).code(), "too-many-dimensions");
    assert_eq!(refusal(&ask("reach", &["role", "role"], "2022-Q1", None)).code(), "dimension-twice");
    assert!(on(&ask("reach", &four[..3], "2022-Q1", None), "2023-02-01", "2023-03-01").is_ok());
}

/// Attack: asking about a quarter while it runs, day after day.
#[test]
fn only_quarters_that_had_ended_at_the_seal_and_have_ended_today() {
    let year = ask("reach", &[], "2022-Q1..2022-Q4", None);
    let code = |sealed, today| on(&year, sealed, today).map_or_else(|refusal| refusal.code(), |_| "planned");
    assert_eq!(code("2023-01-01", "2023-01-01"), "planned");
    assert_eq!(code("2022-12-31", "2023-01-01"), "period-not-sealed");
    assert_eq!(code("2023-01-01", "2022-12-31"), "period-not-ended");
    let early = ask("reach", &[], "2020-Q4..2021-Q1", None);
    assert_eq!(refusal(&early).code(), "period-outside-programme");
    let late = ask("reach", &[], "2025-Q1", None);
    assert_eq!(
        on(&late, "2026-01-01", "2026-01-01").expect_err("refused").code(),
        "period-outside-programme"
    );
}

#[test]
fn the_order_of_dimensions_makes_no_other_plan() {
    let plan =
        |by: &[&str]| on(&ask("reach", by, "2022-Q1", None), "2023-02-01", "2023-03-01").expect("a plan");
    let (one, two) = (plan(&["role", "partner"]), plan(&["partner", "role"]));
    assert_eq!(one.key(), two.key());
    assert!(one.axes.iter().map(|axis| &axis.id).eq(two.axes.iter().map(|axis| &axis.id)));
}

/// Whoever asks what an answer names is answered: every coarser question is planned.
#[test]
fn every_coarser_question_can_be_asked_in_one_step() {
    let asked = ask("reach", &["role", "partner"], "2022-Q3..2022-Q4", Some("exposed"));
    let plan = on(&asked, "2023-02-01", "2023-03-01").expect("a plan");
    let less = |by: &str| crate::disclosure::Coarser {
        by: vec![by.to_owned()],
        population: None,
        period: None,
        title: Text { da: String::new(), en: String::new() },
    };
    let coarser = plan.coarser.complete(vec![less("role"), less("partner")]);
    let titles: Vec<&str> = coarser.iter().map(|coarser| &*coarser.title.en).collect();
    assert_eq!(titles[2], "by Partner, Role, all (not only Exposed to violence)");
    assert_eq!(titles[3], "by Partner, Role, over 2021-Q1..2022-Q4");
    assert_eq!(titles[..2], ["by Role", "by Partner"]);
    assert_eq!(coarser[0].title.da, "fordelt på Rolle");
    for coarser in &coarser {
        let by: Vec<&str> = coarser.by.iter().map(String::as_str).collect();
        let period = coarser.period.expect("filled in").to_string();
        let asked = ask("reach", &by, &period, coarser.population.as_deref());
        assert!(on(&asked, "2023-02-01", "2023-03-01").is_ok(), "{coarser:?}");
    }
    let by_quarter = on(&ask("reach", &["quarter"], "2022-Q3", None), "2023-02-01", "2023-03-01");
    assert!(by_quarter.expect("a plan").coarser.complete(Vec::new()).is_empty());
    let whole = on(&ask("reach", &[], "2021-Q1..2022-Q4", None), "2023-02-01", "2023-03-01");
    assert!(whole.expect("a plan").coarser.complete(Vec::new()).is_empty());
}

#[test]
fn a_table_that_nobody_could_read_is_refused_by_its_structure() {
    let mut programme = programme();
    let more = (0..60).map(|n| crate::programme::Partner {
        id: format!("p{n}").parse().expect("a name"),
        ..programme.partners[0].clone()
    });
    programme.partners.extend(more.collect::<Vec<_>>());
    let last = u8::try_from(programme.partners.len()).expect("small");
    programme.datasets[0].partners = (0..last).collect();
    let day = "2023-02-01".parse().expect("a day");
    let refused = plan(&programme, &ask("overlap", &[], "2022-Q1", None), day, day, &Rules::standard());
    assert_eq!(
        refused.expect_err("refused"),
        AskRefusal::TooLarge { cells: 69 + 69 * 34 + 69 * 68 * 67 / 6 }
    );
}
