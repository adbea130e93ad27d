//! Signing in and out, and what a session is worth.

use kobling::auth::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::kit::Running;

fn evaluator(running: &Running) -> (String, String) {
    let organisation = running.service.programme().evaluators[0].id.to_string();
    let bearer = running.bearer("eva", Role::Evaluator, &organisation);
    (organisation, bearer)
}

#[test]
fn somebody_signs_in_changes_language_and_signs_out() {
    let running = Running::new();
    let browser = Browser::start();
    browser.open(&running.address);
    assert!(browser.address().ends_with("/da/"));
    browser.axe();
    browser.screenshot("start.da");
    browser.click(".kb-language");
    assert_eq!(browser.text("main a.button"), "Sign in");
    browser.axe();
    browser.click("main a.button");
    browser.axe();
    browser.fill("#token", "kobling-token-1.nonsense");
    browser.click("main button");
    assert!(browser.text("[role=alert]").contains("not valid"));
    browser.axe();
    browser.screenshot("sign-in.en");
    let (_, bearer) = evaluator(&running);
    browser.fill("#token", &bearer);
    browser.click("main button");
    assert!(browser.text(".kb-who").contains("eva"));
    assert!(browser.address().ends_with("/en/"));
    browser.axe();
    // No script can read the session, and nothing of it is kept elsewhere.
    assert_eq!(
        browser.script("return document.cookie + localStorage.length + sessionStorage.length", vec![]),
        json!("00")
    );
    browser.click(".kb-header form button");
    assert_eq!(browser.text("main a.button"), "Sign in");
    // Back is no way in again.
    browser.back();
    browser.until(
        "signed out after back",
        "return document.readyState === 'complete' && !document.querySelector('.kb-who')",
    );
    browser.quiet();
}
