//! The steward's and the auditor's pages.

use kobling::auth::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::kit::{self, linkage_key, raw, signing_key, token};
use crate::steward_world::World;

fn enter(browser: &Browser, world: &World, language: &str, bearer: &str) {
    browser.open(&format!("{}/{language}/sign-in", world.address));
    browser.fill("#token", bearer);
    browser.click("main button[type=submit]");
    browser.text(".kb-who");
}

fn go(browser: &Browser, world: &World, path: &str) {
    browser.open(&format!("{}{path}", world.address));
}

/// The page breaks no rule, in a window of a desktop and of a telephone, where nothing but a table is wider than it.
fn sound(browser: &Browser) {
    browser.axe();
    browser.size(380, 800);
    let wide = "return [...document.querySelectorAll('body *')].filter(e => !e.closest('.kb-scroll') &&
        e.getBoundingClientRect().right > window.innerWidth + 1 && getComputedStyle(e).position !== 'absolute')
        .map(e => e.outerHTML.slice(0, 120))";
    assert_eq!(browser.script(wide, vec![]), json!([]), "{}", browser.address());
    browser.axe();
    browser.size(1280, 1000);
}

/// A saved file, once there is something in it: a browser makes it before it writes.
fn whole(path: &std::path::Path) -> String {
    let begun = std::time::Instant::now();
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if !text.is_empty() {
            return text;
        }
        assert!(begun.elapsed().as_secs() < 30, "{}: nothing is saved", path.display());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn everybody_reads_the_programme_and_takes_it_home() {
    let world = World::new();
    let (_, bearer) = world.principal("vive-1", Role::Evaluator, "vive");
    let browser = Browser::start();
    enter(&browser, &world, "da", &bearer);
    browser.click("nav a[href='/da/programme']");
    browser.until_text("Nøgler at sammenligne i telefonen");
    let text = browser.text("main");
    for said in ["Nøgler at sammenligne i telefonen", "LOKK", "personens samtykke"] {
        let all = browser.texts("main").join(" ");
        assert!(all.contains(said), "{said}: {text}");
    }
    assert_eq!(browser.text("#key-id"), linkage_key().id().to_string());
    assert_eq!(browser.text("#key-words"), linkage_key().id().words());
    let programme = kit::programme();
    assert_eq!(browser.count("details"), programme.datasets.len() + programme.questions.len());
    sound(&browser);
    browser.click("a[download]");
    let saved = browser.downloaded(&format!("{}-{}.toml", programme.id, programme.version));
    assert_eq!(whole(&saved), kit::PROGRAMME, "byte for byte as adopted");
    browser.click(".kb-language");
    browser.until_text("Keys to compare on the telephone");
    sound(&browser);
    browser.quiet();
}

/// Attack: a script in a title of the programme.
#[test]
fn attack_a_script_in_a_title_is_text() {
    let script = "<script>document.title='evil'</script><img src=x onerror=alert(1)>";
    let title = "title = { da = \"";
    let text = kit::PROGRAMME.replace(title, &format!("{title}{script}"));
    assert!(text.matches(script).count() > 50);
    let world = World::of(&text);
    let steward = world.steward("steward");
    world.partner("lokk");
    let browser = Browser::start();
    enter(&browser, &world, "da", &steward);
    for path in ["/da/", "/da/programme", "/da/staged", "/da/log", "/da/approvals"] {
        go(&browser, &world, path);
        assert_eq!(browser.count("main script, main img"), 0, "{path}");
        assert_ne!(browser.script("return document.title", vec![]), json!("evil"), "{path}");
    }
    go(&browser, &world, "/da/programme");
    assert!(browser.text("h1").contains("<script>"), "shown as it is written");
    browser.quiet();
}

#[test]
fn a_key_is_compared_enrolled_and_revoked() {
    let world = World::new();
    let steward = world.steward("steward");
    let browser = Browser::start();
    enter(&browser, &world, "da", &steward);
    browser.click("nav a[href='/da/partners']");
    browser.until_text("ingen – kan ikke sende");
    sound(&browser);
    browser.click("a[href='/da/partners/lokk']");
    // What is no public signing key, and what is of another kind.
    for (wrong, said) in [
        ("3297-c613-b48f-b45f-dc21", "Det er et fingeraftryk"),
        ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "Det er en modtagernøgle"),
        ("noget helt andet", "er 43 tegn:"),
        ("kobling-signing-key-1.ABCDEF", "ligner en hemmelig"),
    ] {
        browser.fill("#public_key", wrong);
        browser.click("main form button");
        browser.until_text(said);
        let shown = browser.attribute("#public_key", "value").unwrap_or_default();
        assert_eq!(shown, if said == "ligner en hemmelig" { "" } else { wrong });
    }
    sound(&browser);
    let key = signing_key("lokk").verifying_key();
    browser.fill("#public_key", &key.to_string());
    browser.click("main form button");
    let text = browser.text("main");
    assert!(
        text.contains(&key.fingerprint().to_string()) && text.contains(&key.fingerprint().words()),
        "{text}"
    );
    sound(&browser);
    browser.screenshot("steward-key.da");
    let lokk = "lokk".parse().expect("a name");
    assert!(world.service.keys(&lokk).expect("read").is_empty(), "nothing yet");
    // Not without having compared; the browser asks for the tick, and so does the service.
    let (cookie, csrf) = world.session(&steward);
    let body = format!("csrf={csrf}&public_key={key}");
    let (status, _) = world.by_hand("POST", "/da/partners/lokk/keys", &cookie, &body);
    assert_eq!(status, 422);
    assert!(world.service.keys(&lokk).expect("read").is_empty());
    browser.click("label[for=tick]");
    browser.click("main form button");
    browser.until_text("Nøglen er registreret");
    assert_eq!(world.service.keys(&lokk).expect("read")[0].key, key);
    // Once more is told, and another partner's key is warned of.
    browser.fill("#public_key", &key.to_string());
    browser.click("main form button");
    browser.until_text("gælder allerede");
    go(&browser, &world, "/da/partners/mandecentret");
    browser.fill("#public_key", &key.to_string());
    browser.click("main form button");
    browser.until_text("En anden partner");
    go(&browser, &world, "/en/partners/lokk");
    browser.click("#keys a");
    browser.until_text("only key");
    sound(&browser);
    browser.click("main form button");
    browser.until_text("The key is revoked");
    assert!(world.service.keys(&lokk).expect("read")[0].revoked_at.is_some());
    sound(&browser);
    // Back, and sent again: told, and nothing changed.
    browser.back();
    browser.until_text("no longer in force");
    let path = format!("/en/partners/lokk/keys/{}", key.fingerprint());
    let (status, text) = world.by_hand("POST", &path, &cookie, &format!("csrf={csrf}"));
    assert!(status == 303 && text.contains("done=not-in-force"), "{text}");
    browser.fill("#public_key", &key.to_string());
    browser.click("main form button");
    browser.until_text("never comes back. The partner");
    browser.quiet();
}

#[test]
fn a_seal_goes_on_alone_and_is_looked_on_at() {
    let world = World::new();
    let steward = world.steward("steward");
    let lokk = world.partner("lokk");
    let browser = Browser::start();
    enter(&browser, &world, "da", &steward);
    browser.click("nav a[href='/da/staged']");
    browser.until_text("Ingen nye pakker");
    world.send(&lokk, &world.package(&lokk, 0..40)).expect("sent");
    browser.reload();
    browser.until_text("Nye pakker");
    assert!(browser.text("main").contains("LOKK"));
    sound(&browser);
    world.clock.hold();
    browser.click("#seal");
    browser.until_text("Der forsegles nu");
    sound(&browser);
    browser.screenshot("steward-seal.da");
    // A second one says so, whoever begins it; and the page is not needed for the first.
    let other = world.steward("steward-2");
    let (cookie, csrf) = world.session(&other);
    let (status, text) = world.by_hand("POST", "/da/staged/seal", &cookie, &format!("csrf={csrf}&seen=0"));
    assert!(status == 303 && text.contains("location: /da/staged?done=sealing"), "{text}");
    go(&browser, &world, "/da/staged?done=sealing");
    browser.until_text("Der er ikke begyndt en til");
    assert!(world.service.snapshots().expect("read").is_empty());
    world.clock.free();
    // Without anybody's doing the page shows how it ended.
    browser.until_text("Forseglet: øjebliksbillede 1");
    browser.until_text("Ingen nye pakker");
    assert_eq!(world.service.snapshots().expect("read").len(), 1);
    sound(&browser);
    // What was seen is no longer what is there: nothing begins.
    let (status, text) = world.by_hand("POST", "/da/staged/seal", &cookie, &format!("csrf={csrf}&seen=0"));
    assert!(status == 303 && text.contains("done=sealed-since"), "{text}");
    go(&browser, &world, "/da/staged?done=sealed-since");
    browser.until_text("Der er forseglet, siden du åbnede siden");
    assert_eq!(world.service.snapshots().expect("read").len(), 1);
    // A fault shows, and the old snapshot stays in force.
    world.advance(24 * 60);
    enter(&browser, &world, "da", &steward);
    let id = world.send(&lokk, &world.package(&lokk, 0..60)).expect("sent");
    let staged = world.dir.path().join("data/staged");
    let file = std::fs::read_dir(&staged).expect("read").map(|entry| entry.expect("an entry").path());
    let file = file.into_iter().find(|path| path.to_string_lossy().contains(&id)).expect("staged");
    let whole = std::fs::read(&file).expect("read");
    std::fs::write(&file, &whole[..whole.len() / 2]).expect("cut");
    go(&browser, &world, "/da/staged");
    browser.click("#seal");
    browser.until_text("Den seneste forsegling lykkedes ikke");
    sound(&browser);
    assert_eq!(world.service.snapshots().expect("read").len(), 1);
    std::fs::write(&file, &whole).expect("mended");
    // Without a script: the same by links.
    browser.scripts(false);
    go(&browser, &world, "/da/staged");
    world.clock.hold();
    browser.click("#seal");
    assert!(browser.text("#sealing").contains("Der forsegles nu"));
    world.clock.free();
    let begun = std::time::Instant::now();
    while browser.count("#sealing a") > 0 {
        browser.click("#sealing a");
        assert!(begun.elapsed().as_secs() < 60, "it does not end");
    }
    assert!(
        browser.text("#sealing").contains("Forseglet: øjebliksbillede 2"),
        "{}",
        browser.text("#sealing")
    );
    browser.scripts(true);
    // Both beside each other, and the report of the one in force.
    go(&browser, &world, "/da/staged");
    browser.click("form.kb-line button");
    browser.until_text("Øjebliksbillede 1 og 2");
    let text = browser.text("main");
    assert!(text.contains("Øjebliksbillede 1 og 2") && text.contains("LOKK"), "{text}");
    assert_eq!(browser.count("tbody tr"), 2, "one package came, one went");
    sound(&browser);
    go(&browser, &world, "/en/snapshots/compare?from=1&to=9");
    assert!(browser.text("main").contains("not-found"));
    go(&browser, &world, "/en/quality");
    let (_, auditor) = world.principal("auditor", Role::Auditor, "rigsrevisionen");
    let api = raw(&world.address, "GET", "/v1/quality", Some(&other), &[], &[]);
    let api: serde_json::Value = serde_json::from_str(&api.body).expect("JSON");
    let sent: Vec<String> = api["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| part["sent"].as_u64().map_or("··".to_owned(), |rows| rows.to_string()))
        .collect();
    assert_eq!(browser.texts("#quality tbody td:nth-child(3)"), sent);
    assert!(sent.contains(&"60".to_owned()) && sent.contains(&"··".to_owned()), "{sent:?}");
    sound(&browser);
    // The auditor sees that there are snapshots, and no way to compare them.
    enter(&browser, &world, "en", &auditor);
    go(&browser, &world, "/en/snapshots");
    assert_eq!((browser.count("#snapshots tbody tr"), browser.count("form.kb-line")), (2, 0));
    sound(&browser);
    browser.click("nav a[href='/en/audit']");
    browser.until_text("The whole chain verifies");
    assert!(browser.texts("#audit tbody code").contains(&"sealed".to_owned()));
    sound(&browser);
    browser.quiet();
}

#[test]
fn what_waits_is_decided_once() {
    // A population that the first package is beyond.
    let stated = "partner = \"lokk\"\npopulation = 60000\n";
    let text = kit::PROGRAMME.replace(stated, "partner = \"lokk\"\npopulation = 50\n");
    assert_ne!(text, kit::PROGRAMME);
    let world = World::of(&text);
    let (one, two) = (world.steward("steward-1"), world.steward("steward-2"));
    let lokk = world.partner("lokk");
    for n in 0..3 {
        let service = &world.service;
        service.propose_alias(&lokk, &token("lokk", n), &token("lokk", n + 500)).expect("proposed");
    }
    let package = world.package(&lokk, 0..60);
    // The package names the text that it was made under.
    let refused = world.send(&lokk, &package).expect_err("refused");
    let is_unusual = refused.code() == "unusual-population";
    let browser = Browser::start();
    enter(&browser, &world, "da", &one);
    browser.click("nav a[href='/da/approvals']");
    assert_eq!(browser.count("#aliases tbody tr"), 3);
    sound(&browser);
    browser.click("#aliases a");
    browser.until_text("Det kan ikke gøres om");
    sound(&browser);
    browser.screenshot("steward-approval.da");
    let path = browser.address();
    browser.click("button[value=approve]");
    browser.until_text("Det er godkendt");
    assert_eq!(browser.count("#aliases tbody tr"), 2);
    // Back, and sent again.
    browser.back();
    if browser.count("button[value=reject]") > 0 {
        browser.click("button[value=reject]");
    }
    browser.until_text("en anden har afgjort det");
    browser.open(&path);
    browser.until_text("en anden har afgjort det");
    // Two at once: the second is told.
    browser.click("#aliases a");
    browser.until_text("Det kan ikke gøres om");
    let (cookie, csrf) = world.session(&two);
    let id = browser.address().rsplit('/').next().expect("an id").to_owned();
    let body = format!("csrf={csrf}&verdict=reject");
    let (status, text) = world.by_hand("POST", &format!("/en/approvals/aliases/{id}"), &cookie, &body);
    assert!(status == 303 && text.contains("done=rejected"), "{text}");
    browser.click("button[value=approve]");
    browser.until_text("en anden har afgjort det");
    assert_eq!(world.service.open_proposals().expect("read").len(), 1);
    if is_unusual {
        browser.click("#uploads a");
        browser.until_text("Spørg partneren først");
        sound(&browser);
        browser.click("button[value=approve]");
        browser.until_text("Det er godkendt");
        assert!(browser.text("#uploads").contains("godkendt"));
        world.send(&lokk, &package).expect("let in now");
    }
    assert!(is_unusual, "{}", refused.code());
    go(&browser, &world, "/en/approvals");
    sound(&browser);
    browser.quiet();
}

#[test]
fn the_log_is_the_api_s_narrowed_and_saved() {
    let world = World::new();
    let steward = world.steward("steward");
    let lokk = world.partner("lokk");
    world.send(&lokk, &world.package(&lokk, 0..40)).expect("sent");
    world.service.seal(&world.service.operator()).expect("sealed");
    world.advance(2 * 24 * 60);
    let (vive, _) = world.principal("vive-1", Role::Evaluator, "vive");
    for quarter in ["2022-Q1", "2022-Q2"] {
        let ask = json!({ "question": "reach", "by": ["role"], "period": quarter });
        let ask = serde_json::from_value(ask).expect("a question");
        world.service.ask(&vive, &ask).expect("answered");
    }
    let browser = Browser::start();
    enter(&browser, &world, "da", &steward);
    browser.click("nav a[href='/da/log']");
    sound(&browser);
    browser.choose("#question", "reach");
    browser.script("document.querySelector('#since').value = '2025-06-02'", vec![]);
    browser.click("form.kb-line button");
    browser
        .until("narrowed", "return location.search.includes('reach') && document.readyState === 'complete'");
    let query = "question=reach&since=2025-06-02";
    assert!(browser.address().contains("question=reach"), "{}", browser.address());
    let api = raw(&world.address, "GET", &format!("/v1/answers/log?{query}"), Some(&steward), &[], &[]);
    let api: serde_json::Value = serde_json::from_str(&api.body).expect("JSON");
    let lines = api["lines"].as_array().expect("lines");
    let numbers: Vec<String> = lines.iter().map(|line| line["number"].to_string()).collect();
    assert!(numbers.len() >= 2);
    assert_eq!(browser.texts("#log tbody th"), numbers);
    browser.screenshot("steward-log.da");
    browser.click("a[download]");
    let saved = whole(&browser.downloaded("answers.csv"));
    let of_api: Vec<kobling::answer::AnswerLine> =
        serde_json::from_value(api["lines"].clone()).expect("lines");
    assert_eq!(saved, kobling::answer::answers_csv(&of_api));
    // Other days and recipients, by page and by API alike.
    for (query, some) in [
        ("until=2025-06-02&question=reach", false),
        ("recipient=vive&since=2025-06-03&until=2025-06-03", true),
        ("recipient=nobody", false),
    ] {
        let api = raw(&world.address, "GET", &format!("/v1/answers/log?{query}"), Some(&steward), &[], &[]);
        let api: serde_json::Value = serde_json::from_str(&api.body).expect("JSON");
        let count = api["lines"].as_array().expect("lines").len();
        go(&browser, &world, &format!("/en/log?{query}"));
        assert_eq!(browser.count("#log tbody tr"), count, "{query}");
        assert_eq!(count > 0, some, "{query}");
        sound(&browser);
    }
    go(&browser, &world, "/en/log?since=yesterday");
    assert!(browser.text("main").contains("write days as 2025-06-30"));
    browser.quiet();
}
