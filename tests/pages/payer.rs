//! The payer's way: monitoring questions, standing reports, a statement of payment.

use crate::evaluator_world::{World, fetched};
use crate::kit::raw;

#[test]
fn a_payer_makes_a_statement_once_and_finds_it_again() {
    let world = World::new();
    let browser = world.browser("da", &world.investor);
    // Only what is registered for payers.
    browser.click(".kb-menu a[href='/da/questions']");
    let titles = browser.texts(".kb-catalogue h3");
    let evaluator = raw(&world.running.address, "GET", "/v1/questions", Some(&world.vive), &[], &[]);
    let all: Vec<serde_json::Value> = serde_json::from_str(&evaluator.body).expect("JSON");
    let for_payers = all.iter().filter(|question| question["audience"] == "payers");
    let for_payers = for_payers.filter(|question| question["number"] != "Q20").count();
    assert_eq!(titles.len(), for_payers, "{titles:?}");
    browser.axe();
    browser.open(&world.url("/da/questions/funnel"));
    let funnel = all.iter().find(|question| question["id"] == "funnel").expect("registered");
    if funnel["audience"] != "payers" {
        assert!(browser.text("main").contains("not-found"));
    }
    browser.open(&world.url("/da/quality"));
    assert!(browser.text("main").contains("not-found"));

    browser.click(".kb-menu a[href='/da/payments']");
    browser.axe();
    assert!(browser.text("main").contains("Der er ikke lavet nogen"));
    browser.choose("#payment", "pay");
    browser.choose("#from", "2022-Q1");
    browser.choose("#to", "2022-Q4");
    browser.click("main form button");
    assert!(browser.text(".kb-amount").contains("kr."));
    assert!(browser.address().ends_with("/da/payments/pay/2022-Q1..2022-Q4"));
    browser.axe();
    browser.screenshot("payer-statement.da");
    let api = raw(&world.running.address, "GET", "/v1/payments", Some(&world.investor), &[], &[]);
    let made: Vec<serde_json::Value> = serde_json::from_str(&api.body).expect("JSON");
    let (status, file) = fetched(&browser, "/da/payments/pay/2022-Q1..2022-Q4/statement.json");
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&file).expect("JSON"), made[0]);
    // The amount is the signed one.
    let statement: kobling::answer::Statement =
        serde_json::from_str(made[0]["statement"].as_str().expect("text")).expect("a statement");
    let amount =
        kobling::answer::Statement::kroner(statement.settlement.amount, kobling::language::Language::Da);
    assert!(browser.text(".kb-amount").contains(&amount), "{amount}");

    // Another one over some of the same days is refused, and said so; the one that was made stands in the list.
    browser.open(&world.url("/da/payments"));
    assert!(browser.text("#statements").contains(&amount));
    browser.choose("#payment", "pay");
    browser.choose("#from", "2022-Q4");
    browser.choose("#to", "2023-Q1");
    browser.click("main form button");
    let said = browser.text("#problem");
    assert!(said.contains("statement-overlaps"), "{said}");
    browser.axe();
    browser.click(".kb-language");
    browser.axe();
    browser.quiet();

    // Nobody else's business.
    browser.open(&world.url("/da/"));
    browser.click(".kb-header form button");
    browser.text("main a[href='/da/sign-in']");
    browser.sign_in_with(&world.running, "da", &world.vive);
    browser.open(&world.url("/da/payments"));
    assert!(browser.text("main").contains("not-found"));
}
