//! The page's steps: both languages, the keyboard, accessibility, keys that are refused and keys that are made.

use kobling::extract::Package;
use kobling::key::{Example, SigningKey};

use super::{Desk, PAGE, now, other_key};
use crate::kit::cpr;

fn extract(desk: &Desk) -> std::path::PathBuf {
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in 0..300 {
        text += &format!("{};S-{n};05-03-2022;Kontakt;Voldsudsat;147\r\n", cpr(n));
    }
    desk.write("udtraek.csv", text)
}

#[test]
fn every_step_is_accessible_in_both_languages() {
    let desk = Desk::new();
    desk.browser.axe();
    desk.begin(&extract(&desk));
    desk.browser.click("#by-choice");
    desk.browser.axe();
    desk.check();
    desk.keys();
    desk.browser.axe();
    desk.browser.screenshot("tokeniser.da");
    desk.browser.click("#language");
    assert_eq!(desk.browser.text("h1"), "Kobling: tokenise in the browser");
    assert_eq!(desk.browser.text("#h-report"), "5. The quality report");
    assert!(desk.browser.text("#report").contains("rows are rejected"));
    desk.browser.axe();
    desk.browser.screenshot("tokeniser.en");
    desk.package();
    desk.browser.axe();
    desk.browser.screenshot("tokeniser-package.en");
    desk.browser.size(360, 800);
    let wide = "return document.documentElement.scrollWidth <= 360";
    desk.browser.until("no side-scrolling on a narrow screen", wide);
    desk.browser.quiet();
}

#[test]
fn every_text_of_the_page_stands_in_both_languages() {
    let desk = Desk::new();
    let alone = desk.browser.script(
        "const own = e => [...e.childNodes].some(n => n.nodeType === 3 && /[a-zæøå]{3}/i.test(n.textContent));
         return [...document.querySelectorAll('body *:not(script):not(style):not(noscript):not(noscript *)')]
             .filter(e => own(e) && !e.dataset.en && e.id !== 'language').map(e => e.outerHTML)",
        vec![],
    );
    assert_eq!(alone, serde_json::json!([]));
}

#[test]
fn the_whole_way_by_the_keyboard() {
    let desk = Desk::new();
    desk.begin(&extract(&desk));
    desk.browser.script("document.getElementById('check').focus(); return true", vec![]);
    desk.browser.press("\u{e007}");
    desk.shown("#s-report");
    desk.keys();
    desk.browser.script("document.getElementById('make').focus(); return true", vec![]);
    desk.browser.press(" ");
    desk.shown("#s-package");
    // The focus follows to what was made.
    assert_eq!(
        desk.browser.script("return document.activeElement.id", vec![]),
        serde_json::json!("h-package")
    );
}

#[test]
fn keys_that_are_not_the_right_ones_are_refused_in_words() {
    let desk = Desk::new();
    desk.begin(&extract(&desk));
    desk.check();
    desk.browser.click("#make");
    assert!(desk.trouble().contains("Åbn koblingsnøglen først"));
    let refused = |name: &str, field: &str, text: &str, expected: &str| {
        desk.give(field, &desk.write(name, text));
        let trouble = desk.trouble();
        assert!(trouble.contains(expected), "{trouble}");
        assert!(trouble.starts_with(name), "{trouble}");
        desk.browser.script("document.getElementById('trouble').hidden = true; return true", vec![]);
    };
    let good = std::fs::read_to_string(desk.path("linkage.key")).expect("readable");
    let signing = std::fs::read_to_string(desk.path("signing.key")).expect("readable");
    refused("tom", "#f-linkage", "", "indeholder ingen koblingsnøgle");
    refused("anden", "#f-linkage", &signing, "dette er en underskriftsnøgle");
    refused("anden", "#f-signing", &good, "dette er en koblingsnøgle");
    refused("skade", "#f-linkage", &good.replace(":Bw", ":Bx"), "kontrolsummen passer ikke");
    refused(
        "fremmed",
        "#f-linkage",
        &good.replace("interventionsmodel", "andet"),
        "lavet til programmet andet",
    );
    refused("id", "#f-linkage", &good.replace("# key id: ", "# key id: 0"), "# key id: …");
    let example = good.replace("kobling-linkage-key-1", "kobling-example-linkage-key-1");
    refused("eksempel", "#f-linkage", &example, "kontrolsummen passer ikke");
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example/linkage.key");
    let published = std::fs::read_to_string(published).expect("readable");
    refused("eksempel", "#f-linkage", &published, "offentliggjort eksempelnøgle");
    desk.browser.click("#exercise");
    refused("eksempel", "#f-linkage", &published, "lavet til programmet example");
    // A key of the programme that is another one gives another id, which people compare.
    other_key().save(&desk.path("other.key"), now(), Example::Refuse).expect("saved");
    desk.give("#f-linkage", &desk.path("other.key"));
    desk.shown("#linkage-say");
    assert!(desk.browser.text("#linkage-say").contains(&other_key().id().to_string()));
    assert!(desk.browser.text("#linkage-say").contains(&other_key().id().words()));
    desk.browser.quiet();
}

#[test]
fn a_signing_key_made_here_is_one_that_kobling_reads() {
    let desk = Desk::new();
    desk.begin(&extract(&desk));
    desk.check();
    // A linkage key can be pasted; the field is emptied at once.
    let text = std::fs::read_to_string(desk.path("linkage.key")).expect("readable");
    desk.browser.click("#s-keys summary");
    desk.browser
        .script("document.getElementById('t-linkage').value = arguments[0]; return true", vec![text.into()]);
    desk.browser.click("#take-linkage");
    desk.shown("#linkage-say");
    assert_eq!(
        desk.browser.script("return document.getElementById('t-linkage').value", vec![]),
        serde_json::json!("")
    );
    desk.browser.click("#new-signing");
    desk.shown("#signing-say");
    desk.browser.click("#make");
    assert!(desk.trouble().contains("Gem den nye underskriftsnøgle først"));
    desk.browser.click("#save-signing");
    let saved = desk.browser.downloaded("signing.key");
    let private = desk.path("made.key");
    crate::kit::write_private(&private, std::fs::read(saved).expect("saved"));
    let key = SigningKey::load(&private, Example::Refuse).unwrap_or_else(|error| panic!("{error}"));
    let told = desk.browser.text("#signing-say");
    for part in [key.verifying_key().to_string(), key.verifying_key().fingerprint().to_string()] {
        assert!(told.contains(&part), "{told}");
    }
    assert!(told.contains(&key.verifying_key().fingerprint().words()), "{told}");
    let package = Package::open(&desk.package()).unwrap_or_else(|error| panic!("{error}"));
    let signature = package.signature().expect("signed");
    assert!(key.verifying_key().verifies("kobling/v1/package", &package.manifest_bytes, &signature));
}

#[test]
fn files_that_are_none_are_refused_in_words() {
    let desk = Desk::new();
    desk.give("#f-programme", &desk.write("programme.toml", "id = 1"));
    assert!(desk.trouble().len() > 20);
    desk.begin(&extract(&desk));
    for (name, content) in
        [("tom.csv", &b""[..]), ("tabel.parquet", b"PAR1nonsense PAR1"), ("bog.xlsx", b"PK\x03\x04nonsense")]
    {
        desk.give("#f-extract", &desk.write(name, content));
        assert!(!desk.trouble().is_empty());
        desk.browser.script("document.getElementById('trouble').hidden = true; return true", vec![]);
    }
    // The page that is handed out is the one that is tried here, with its policy.
    let page = std::fs::read_to_string(PAGE).expect("the page");
    for part in ["default-src 'none'", "form-action 'none'", "base-uri 'none'"] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["http:", "'unsafe-inline'", "'unsafe-eval'", "connect-src", "img-src"] {
        assert!(!page.split("<script").next().expect("a first part").contains(part), "{part}");
    }
}

/// What is made is what was chosen when it began: while a step runs no field takes anything, and no file that is dropped.
#[test]
fn while_a_step_runs_nothing_can_be_chosen() {
    let desk = Desk::new();
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in 0..2000 {
        text += &format!("{};S-{n};05-03-2022;Kontakt;Voldsudsat;147\r\n", crate::kit::cpr(n));
    }
    let extract = desk.write("udtraek.csv", text);
    desk.begin(&extract);
    let found = desk.browser.script(
        "document.getElementById('check').click();
         const inert = [...document.querySelectorAll('main section')].every(section => section.inert);
         const transfer = new DataTransfer();
         transfer.items.add(new File(['x'], 'other.csv'));
         const drop = new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
         document.getElementById('drop').dispatchEvent(drop);
         return [inert, drop.defaultPrevented, state.file.name]",
        vec![],
    );
    assert_eq!(found, serde_json::json!([true, true, "udtraek.csv"]));
    desk.shown("#s-report");
    assert!(desk.browser.text("#status").contains("2.000") || desk.browser.text("#status").contains("2000"));
    assert_eq!(
        desk.browser.script("return document.activeElement.id", vec![]),
        serde_json::json!("h-report")
    );
}
