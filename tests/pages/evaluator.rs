//! The evaluator's way: find a question, ask, read the answer with what is hidden, keep a report.

use kobling::answer::HIDDEN_MARK;
use kobling::auth::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::contract::programme;
use crate::evaluator_world::{PERIOD, World, cells};

/// The cells of the page as the API's answer has them, and what the titles in the chart say of each bar.
fn chart_matches_table(browser: &Browser) {
    let titles = browser.texts(".kb-chart svg rect > title, .kb-chart svg circle > title");
    assert!(!titles.is_empty(), "a chart with figures");
    let rows = cells(browser, "#a1-table");
    let mut matched = 0;
    for title in titles.iter().filter(|title| title.contains(": ")) {
        let (of, figure) = title.rsplit_once(": ").expect("a label and its figure");
        let keys = browser.count("#a1-table thead th:not(.kb-number)");
        let found = rows.iter().any(|row| {
            let (labels, figures) = row.split_at(keys);
            labels.iter().all(|label| of.contains(label.as_str()))
                && figures.iter().any(|cell| cell == figure)
        });
        assert!(found, "{title:?} stands in no row of {rows:?}");
        matched += 1;
    }
    assert!(matched > 1, "{titles:?}");
    // What is hidden is drawn nowhere.
    assert!(titles.iter().all(|title| !title.contains(HIDDEN_MARK)));
}

#[test]
fn an_evaluator_finds_a_question_asks_it_and_reads_what_is_hidden() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    browser.click(".kb-menu a[href='/da/questions']");
    browser.axe();
    let all = browser.count(".kb-catalogue li");
    assert!(all > 10, "the programme's questions");
    browser.fill("#q", "kommune når");
    browser.click(".kb-search button");
    browser.until_text("Vis alle");
    assert!(browser.count(".kb-catalogue li") < all);
    browser.axe();
    browser.screenshot("evaluator-questions.da");
    browser.click(".kb-catalogue a[href='/da/questions/reach']");
    assert!(browser.text("main h1").contains("Hvem når vi?"));
    browser.axe();
    // Only ended quarters of the programme, and what is registered.
    let quarters = browser.texts("#to option");
    assert_eq!(quarters.first().map(String::as_str), Some("1. kvartal 2021"));
    assert_eq!(quarters.last().map(String::as_str), Some("4. kvartal 2024"));
    browser.click("label[for=by-municipality]");
    browser.choose("#from", "2022-Q1");
    browser.choose("#to", "2022-Q4");
    browser.click("main form button");
    browser.until(
        "the answer's own address",
        "return location.search === '?by=municipality&period=2022-Q1..2022-Q4'",
    );
    browser.axe();

    // The table is the API's answer.
    let api: serde_json::Value =
        serde_json::from_str(&world.ask("reach", &["municipality"], None).body).expect("JSON");
    let rows = cells(&browser, "#a1-table");
    let shown: Vec<&String> = rows.iter().map(|row| &row[1]).collect();
    let told: Vec<String> = api["table"]["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| match row["figures"][0]["count"].as_u64() {
            Some(count) => count.to_string(),
            None => HIDDEN_MARK.to_owned(),
        })
        .collect();
    assert_eq!(shown, told.iter().collect::<Vec<_>>());
    assert!(told.iter().any(|cell| cell == HIDDEN_MARK) && told.iter().any(|cell| cell != HIDDEN_MARK));
    assert_eq!(rows[0][0], "København");
    let facts = browser.text(".kb-about");
    assert!(facts.contains(api["sha256"].as_str().expect("a digest")) && facts.contains("2025-06-02"));

    // Why, and what to ask instead, one click away.
    let why = browser.text(".kb-why");
    assert!(why.contains("er skjult") && why.contains("få personer eller familier"), "{why}");
    browser.click(".kb-coarser a");
    assert!(browser.text("main .font-lead").starts_with("I alt"));
    assert_eq!(browser.count(".kb-why"), 0, "the coarser answer hides nothing");
    browser.back();
    browser.text(".kb-why");

    // The other language, the same answer.
    browser.click(".kb-language");
    assert!(browser.text("main h1").contains("Who do we reach?"));
    assert_eq!(cells(&browser, "#a1-table")[0][0], "Copenhagen");
    browser.axe();
    browser.open(&world.url(&format!("/da/questions/funnel/answer?by=municipality&period={PERIOD}")));
    chart_matches_table(&browser);
    assert!(cells(&browser, "#a1-table").iter().flatten().any(|cell| cell == HIDDEN_MARK));
    browser.open(&world.url(&format!("/da/questions/funnel/answer?by=role&period={PERIOD}")));
    browser.screenshot("evaluator-answer.da");
    browser.quiet();
}

/// Fails where the page is wider than the screen: what is wide scrolls by itself.
fn fits(browser: &Browser, width: u32) {
    browser.size(width, 800);
    let wide = browser.script(
        "const inside = e => e && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX) || inside(e.parentElement));
         if (document.documentElement.scrollWidth <= arguments[0]) return [];
         return [[innerWidth, document.documentElement.scrollWidth].join(), ...document.querySelectorAll('body *')]
             .filter(e => !e.tagName || e.getBoundingClientRect().right > arguments[0] && !inside(e.parentElement))
             .map(e => !e.tagName ? e : e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 60))",
        vec![json!(width)],
    );
    assert_eq!(wide, json!([]), "{}", browser.address());
}

#[test]
fn charts_of_several_kinds_say_what_their_tables_say() {
    let world = World::new();
    let browser = world.browser("en", &world.vive);
    let mut drawn = 0;
    for (question, by) in [("reach", "role"), ("funnel", "role"), ("overlap", ""), ("funnel", "")] {
        let by = if by.is_empty() { String::new() } else { format!("by={by}&") };
        browser.open(&world.url(&format!("/en/questions/{question}/answer?{by}period={PERIOD}")));
        browser.text("#a1-table");
        if browser.count(".kb-chart") > 0 {
            chart_matches_table(&browser);
            drawn += 1;
        }
        browser.axe();
    }
    assert!(drawn >= 2, "{drawn} charts");
    // Nothing is wider than a narrow screen; what is scrolls by itself.
    browser.open(&world.url(&format!("/en/questions/funnel/answer?by=role&period={PERIOD}")));
    fits(&browser, 380);
    browser.axe();
    for page in ["/en/questions", "/en/questions/reach", "/en/report", "/en/reports", "/en/quality"] {
        browser.open(&world.url(page));
        fits(&browser, 320);
        browser.axe();
    }
}

#[test]
fn without_a_script_all_of_it_works() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    browser.scripts(false);
    browser.open(&world.url("/da/questions/reach"));
    browser.click("label[for=by-role]");
    browser.choose("#from", "2022-Q1");
    browser.choose("#to", "2022-Q4");
    browser.click("main form button");
    browser.text("#a1-table tbody td");
    assert!(browser.text("main .font-lead").starts_with("Fordelt på"));
    browser.click(".kb-actions button");
    browser.text(".kb-contents li");
    browser.open(&world.url("/da/report"));
    browser.fill("#list", "[[ask]]\nquestion = \"funnel\"\nperiod = \"2022-Q1..2022-Q4\"\n");
    browser.click("#open + form button");
    browser.text("#s2");
    browser.click(".kb-contents li:last-child button[value=remove]");
    let begun = std::time::Instant::now();
    while browser.count(".kb-contents li") != 1 {
        assert!(begun.elapsed().as_secs() < 30, "one is left");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_cannot_be_asked_is_said_with_what_can() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    let open = |path: &str| {
        browser.open(&world.url(path));
        browser.axe();
        browser.text("#problem")
    };
    // A dimension that is not registered; the nearest question that is, is a click away.
    let said = open(&format!("/da/questions/reach/answer?by=colour,role&period={PERIOD}"));
    assert!(said.contains("colour") && said.contains("unknown-dimension"), "{said}");
    browser.click("#problem .kb-coarser a");
    browser.text("#a1-table");
    assert!(browser.text("main .font-lead").starts_with("Fordelt på"));
    // A period the wrong way round, not ended, none, and one that is none.
    let said = open("/da/questions/reach/answer?from=2022-Q4&to=2022-Q1");
    assert!(said.contains("slutter, før den begynder"), "{said}");
    let said = open("/da/questions/reach/answer?period=2022-Q1..2031-Q4");
    assert!(said.contains("period-"), "{said}");
    browser.click("#problem .kb-coarser a");
    browser.text("#a1-table");
    assert!(open("/da/questions/reach/answer").contains("første og det sidste kvartal"));
    assert!(open("/da/questions/reach/answer?period=%3Cscript%3E&by=%3Cb%3E").contains("Kode: filled-in"));
    let said =
        open(&format!("/da/questions/reach/answer?by=role,municipality,quarter,partner&period={PERIOD}"));
    assert!(said.contains("too-many-dimensions") || said.contains("unknown-dimension"), "{said}");
    // What is chosen stays chosen.
    let checked = browser.script("return document.getElementById('by-role').checked", vec![]);
    assert_eq!(checked, json!(true));
    // No such question, and none for others.
    for path in [
        "/da/questions/nothing",
        "/da/questions/nothing/answer",
        "/da/questions/reach/answer.exe?period=2022-Q1",
    ] {
        browser.open(&world.url(path));
        assert!(browser.text("main").contains("not-found"), "{path}");
    }
    let steward = world.running.bearer("steward-2", Role::Steward, "styregruppe");
    let partner = world.running.bearer("lokk-2", Role::Partner, "lokk");
    for bearer in [steward, partner] {
        browser.open(&world.url("/da/"));
        browser.click(".kb-header form button");
        browser.text("main a[href='/da/sign-in']");
        browser.sign_in_with(&world.running, "da", &bearer);
        for path in [
            "/da/questions",
            "/da/questions/reach/answer?period=2022-Q1..2022-Q4",
            "/da/report",
            "/da/reports",
            "/da/payments",
        ] {
            browser.open(&world.url(path));
            assert!(browser.text("main").contains("not-found"), "{path}");
        }
    }
    browser.quiet();
}

#[test]
fn a_report_is_kept_ordered_and_comes_back_after_signing_out() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    for question in ["reach", "funnel"] {
        browser.open(&world.url(&format!("/da/questions/{question}/answer?by=role&period={PERIOD}")));
        browser.click(".kb-actions button");
        browser.text(".kb-contents");
    }
    browser.axe();
    let order = || browser.texts(".kb-contents a");
    let first = order();
    assert_eq!(first.len(), 2);
    // Another window of the same session keeps a third meanwhile: what this one does undoes nothing.
    let kept = browser.script_later(
        "const done = arguments[1];
         const fields = { csrf: document.querySelector('[name=csrf]').value, op: 'keep', a: arguments[0] };
         fetch('/da/report', { method: 'POST', body: new URLSearchParams(fields) }).then(a => done(a.status));",
        vec![json!(format!("overlap::{PERIOD}:"))],
    );
    assert_eq!(kept, json!(200));
    browser.click(".kb-contents li:last-child button[value=up]");
    browser.until("three answers", "return document.querySelectorAll('.kb-contents li').length === 3");
    assert_eq!(order()[..2], [first[1].clone(), first[0].clone()]);
    browser.click(".kb-contents li:last-child button[value=remove]");
    browser.until("two answers", "return document.querySelectorAll('.kb-contents li').length === 2");
    let second = order();
    assert_eq!(second, [first[1].clone(), first[0].clone()]);
    assert_eq!(browser.count(".kb-report-part table"), 2);
    // Every id once.
    let twice = browser.script(
        "const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.length - new Set(ids).size",
        vec![],
    );
    assert_eq!(twice, json!(0));
    browser.fill("#title", "Årsrapport <2022> & \"mere\"");
    browser.click("form[method=get] button");
    browser.until("the title", "return new URLSearchParams(location.search).has('title')");
    assert_eq!(browser.text("main h1"), "Årsrapport <2022> & \"mere\"");
    browser.axe();
    let bookmark = browser.address();

    // Two windows: what one adds, the other does not undo.
    let other = world.browser("da", &world.vive);
    other.open(&bookmark);
    assert_eq!(other.count(".kb-contents li"), 2, "another session goes on from the address");
    drop(other);

    // On paper: the answers, nothing to press.
    browser.command("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let shown = browser.script(
        "return [...document.querySelectorAll('.kb-no-print, .kb-menu, .kb-footer')].filter(e => e.offsetHeight > 0).length",
        vec![],
    );
    assert_eq!(shown, json!(0));
    browser.command("Emulation.setEmulatedMedia", json!({ "media": "" }));

    // Signed out, and the bookmark opened: signing in leads back to it, and nothing is lost.
    browser.click(".kb-header form button");
    browser.text("main a.button");
    browser.open(&bookmark);
    browser.fill("#token", &world.vive);
    browser.click("main button[type=submit]");
    browser.axe();
    browser.click("#onward");
    browser.text(".kb-contents");
    assert_eq!(browser.text("main h1"), "Årsrapport <2022> & \"mere\"");
    assert_eq!(order(), second);
    assert_eq!(browser.count("button[value=remove]"), 2, "it is one's own report again");
    browser.quiet();
}

#[test]
fn a_session_that_ends_in_the_middle_comes_back_to_the_question() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    browser.open(&world.url(&format!("/da/questions/reach?by=role&period={PERIOD}")));
    world.running.clock.set("2025-06-02T09:00:00Z".parse().expect("an instant"));
    browser.click("main form button");
    browser.fill("#token", &world.vive);
    browser.click("main button[type=submit]");
    browser.click("#onward");
    browser.text("#a1-table");
    assert!(browser.text("main .font-lead").starts_with("Fordelt på"));
    // Back once more: the form as it was.
    browser.back();
    browser.back();
    browser.text("main form, #a1-table");
    browser.quiet();
}

/// Attack: words of a programme that a page would run, or that end an attribute.
#[test]
fn attack_a_script_in_a_title_or_a_code_runs_nowhere() {
    let script =
        "<script>document.title='ran'</script><img src=x onerror='document.title=1'>\\\" onmouseover=\\\"x";
    let text = programme()
        .replace("da = \"Hvem når vi?\"", &format!("da = \"Hvem når vi? {script}\""))
        .replace("da = \"København\"", &format!("da = \"Kbh {script}\""))
        .replace("da = \"Udsat for vold\"", &format!("da = \"Udsat {script}\""));
    let world = World::of(&text);
    let browser = world.browser("da", &world.vive);
    let answer = format!("/da/questions/reach/answer?by=municipality,role&period={PERIOD}");
    let report = format!("/da/report?title=%3Cscript%3Ealert(1)%3C/script%3E&a=reach:role:{PERIOD}:");
    for path in [
        "/da/questions",
        "/da/questions/reach",
        &answer,
        "/da/questions?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/da/reports",
        &report,
    ] {
        browser.open(&world.url(path));
        let found = browser.script(
            "return [document.title === 'ran' || document.title === '1',
                document.querySelectorAll('main script, main img, [onerror], [onmouseover]').length]",
            vec![],
        );
        assert_eq!(found, json!([false, 0]), "{path}");
    }
    browser.open(&world.url(&answer));
    assert!(browser.text("#a1-table").contains("<script>"), "shown as it reads");
    browser.quiet();
}
