//! What the page makes is what `kobling tokenise` makes.

use std::path::Path;

use kobling::client::upload;
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::report::Paper;
use kobling::extract::{Decimal, Declared, Job, Mapping, Package, Source, Unwatched, tokenise};
use kobling::id::LeadingZero;
use kobling::key::Signature;
use kobling::secret::{Random, SeededRandom, SystemRandom};
use serde_json::{Value, json};

use super::{Desk, now};
use crate::kit::{Running, cpr, linkage_key, programme, signing_key};

/// Rows as a partner's system might have them, good and bad.
fn rows(count: u64) -> Vec<[String; 6]> {
    let mut random = SeededRandom::from_number(7);
    let mut rows: Vec<[String; 6]> = Vec::new();
    for n in 0..count {
        if n > 0 && random.below(50) == 0 {
            let again = usize::try_from(random.below(n)).expect("small");
            rows.push(rows[again].clone());
            continue;
        }
        let person = cpr(random.below(6000));
        let person = match random.below(20) {
            0 => String::new(),
            1 => format!("{}-{}", &person[..6], &person[6..]),
            2 => format!(" {person}"),
            3 => format!("{}AB{}", &person[..6], 10 + random.below(80)),
            4 => format!("{}0", &person[..8]),
            5 => format!("FIKT{:06}", random.below(500)),
            _ => person,
        };
        let case = match random.below(4) {
            0 => String::new(),
            1 => format!("Sag \u{e5}{}", random.below(300)),
            2 => format!("sag a\u{30a}{}", random.below(300)),
            _ => format!("S-{}", random.below(3000)),
        };
        let (day, month) = (1 + random.below(30), 1 + random.below(12));
        let step =
            ["Kontakt", "Startet", "Gennemført", "andet"][usize::try_from(random.below(4)).expect("small")];
        rows.push([
            person,
            case,
            format!("{day:02}-{month:02}-2022"),
            step.into(),
            "Voldsudsat".into(),
            "147".into(),
        ]);
    }
    rows
}

const HEADERS: [&str; 6] = ["CPR-nr", "Sagsnr", "Dato", "Trin", "Rolle", "Kommune"];

fn csv(headers: &[&str], rows: &[[String; 6]]) -> String {
    let mut text = format!("{};Bemærkning\r\n", headers.join(";"));
    for row in rows {
        text += &format!("{};\"en note; her\"\r\n", row.join(";"));
    }
    text
}

/// What the library makes of the same file: package, and report as JSON.
fn made_here(desk: &Desk, extract: &Path, mapping: Option<&Mapping>) -> (Package, Value) {
    let source = Source::File(extract.to_owned());
    let (partner, dataset) = ("lokk".parse().expect("a name"), "forloeb".parse().expect("a name"));
    let job = Job {
        source: &source,
        declared: mapping.map_or(Ok(Declared::default()), Mapping::declared).expect("known"),
        mapping,
        programme: programme(),
        partner: &partner,
        dataset: &dataset,
        period: None,
        zero: LeadingZero::Refuse,
        decimal: mapping.and_then(Mapping::decimal).unwrap_or(Decimal::Comma),
        today: SystemClock.today(),
    };
    let out = desk.path("made-here");
    let key = linkage_key();
    let (report, _) =
        tokenise(&job, &key, None, None, (&out, now()), &mut SystemRandom::new(), &mut Unwatched)
            .unwrap_or_else(|error| panic!("{error}"));
    let paper = Paper::of(&job, &report, now(), None).to_json();
    (Package::open(&out).expect("a package"), serde_json::from_str(&paper).expect("JSON"))
}

fn sorted(package: &Package) -> Vec<String> {
    let text = std::fs::read_to_string(package.data_path()).expect("readable");
    let mut lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
    lines[1..].sort_unstable();
    lines
}

/// The manifest without what tells when and by what it was made, and in which order rows lie.
fn comparable(package: &Package) -> Value {
    let mut manifest: Value = serde_json::from_slice(&package.manifest_bytes).expect("JSON");
    manifest["created"] = json!(null);
    manifest["kobling"]["tool"] = json!(null);
    let resource = &mut manifest["resources"][0];
    resource["hash"] = json!(null);
    resource["blocks"] = json!(null);
    manifest
}

fn same(desk: &Desk, folder: &Path, extract: &Path, mapping: Option<&Mapping>) -> Package {
    let package = Package::open(folder).unwrap_or_else(|error| panic!("{error}"));
    package.verify().unwrap_or_else(|error| panic!("{error}"));
    let signature: Signature = package.signature().expect("signed");
    assert!(signing_key("lokk").verifying_key().verifies(
        "kobling/v1/package",
        &package.manifest_bytes,
        &signature
    ));
    assert!(package.manifest.kobling.tool.starts_with("kobling-page "));
    let (here, report) = made_here(desk, extract, mapping);
    assert!(here.manifest.kobling.rows.sent > 100, "something to compare");
    assert_eq!(sorted(&package), sorted(&here));
    assert_eq!(comparable(&package), comparable(&here));
    desk.browser.click("#save-report-json");
    let saved = desk.browser.downloaded("forloeb-kvalitet.json");
    let mut saved: Value = serde_json::from_slice(&std::fs::read(saved).expect("saved")).expect("JSON");
    let mut report = report;
    for one in [&mut saved, &mut report] {
        assert!(one["made"].is_string(), "{one}");
        one["made"] = json!(null);
    }
    assert_eq!(saved, report);
    package
}

/// Ten thousand rows through the page and through the library; and the service takes what the page made.
#[test]
fn ten_thousand_rows_are_the_same_rows_and_the_service_takes_them() {
    let desk = Desk::new();
    let extract = desk.write("udtraek.csv", csv(&HEADERS, &rows(10_000)));
    desk.begin(&extract);
    desk.check();
    desk.keys();
    let folder = desk.package();
    let package = same(&desk, &folder, &extract, None);
    desk.browser.quiet();
    let running = Running::new();
    running.clock.set(now());
    let client = running.partner("lokk");
    let signature = package.signature().expect("signed");
    let outcome = upload(&client, &package, &signature, |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let receipt = running.receipt(&outcome.receipt);
    let rows = receipt.subject.item("rows").map(|item| format!("{item:?}")).expect("rows");
    assert!(rows.contains(&package.manifest.kobling.rows.sent.to_string()), "{rows}");
}

/// Identifiers of more than a browser would be given at once: none of them is handed to it, and the rows are the same.
#[test]
fn many_long_identifiers_stay_in_memory_and_make_the_same_rows() {
    let desk = Desk::new();
    let mut rows = rows(20_000);
    for (n, row) in rows.iter_mut().enumerate() {
        row[1] = format!("{n:060}");
    }
    let extract = desk.write("udtraek.csv", csv(&HEADERS, &rows));
    desk.begin(&extract);
    desk.check();
    desk.keys();
    same(&desk, &desk.package(), &extract, None);
    desk.browser.quiet();
}

#[test]
fn a_workbook_is_the_same_rows() {
    let desk = Desk::new();
    let extract = desk.path("udtraek.xlsx");
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, header) in HEADERS.iter().enumerate() {
        sheet.write(0, u16::try_from(at).expect("small"), *header).expect("written");
    }
    for (n, row) in rows(600).iter().enumerate() {
        for (at, field) in row.iter().enumerate() {
            let (line, at) = (u32::try_from(n + 1).expect("small"), u16::try_from(at).expect("small"));
            sheet.write(line, at, field.as_str()).expect("written");
        }
    }
    book.save(&extract).expect("saved");
    desk.begin(&extract);
    desk.check();
    desk.keys();
    let folder = desk.package();
    same(&desk, &folder, &extract, None);
    desk.browser.quiet();
}

/// Headers that nobody knows: chosen on the page, saved, and used by the library.
#[test]
fn columns_that_are_chosen_are_a_mapping_that_the_command_reads() {
    let desk = Desk::new();
    let headers = ["Klientens nummer", "Journal", "Dag", "Skridt", "Hvem", "Sted"];
    let extract = desk.write("udtraek.csv", csv(&headers, &rows(600)));
    desk.begin(&extract);
    assert!(desk.browser.text("#columns-say").contains("dato"));
    // No header is known, so nobody knows that the first row holds headers until it is said.
    desk.browser.click("#s-extract summary");
    desk.browser.script(
        "const row = document.getElementById('header-row'); row.value = '1'; row.dispatchEvent(new Event('change')); return true",
        vec![],
    );
    desk.shown("#choices");
    let columns =
        [("person", "0"), ("sag", "1"), ("dato", "2"), ("trin", "3"), ("rolle", "4"), ("kommune", "5")];
    for (column, at) in columns {
        desk.browser.choose(&format!("#c-{column}"), at);
    }
    desk.browser.click("#save-mapping");
    let saved = std::fs::read_to_string(desk.browser.downloaded("forloeb.map.toml")).expect("saved");
    let mapping = Mapping::parse_for(&saved, programme()).unwrap_or_else(|error| panic!("{error}"));
    desk.shown("#choices");
    desk.check();
    desk.keys();
    let folder = desk.package();
    same(&desk, &folder, &extract, Some(&mapping));
    desk.browser.quiet();
}

/// Every published vector, by the functions of the page.
#[test]
fn the_published_vectors_are_the_pages_tokens() {
    let desk = Desk::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/vectors/tokens.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let found = desk.browser.script_later(
        "const [vectors, done] = arguments;
         (async () => {
             const found = [];
             for (const one of vectors) {
                 const secret = Uint8Array.from(one.key.match(/../g), byte => parseInt(byte, 16));
                 const text = 'kobling-linkage-key-1:' + toBase64url(secret) + ':' + await checksum('kobling-linkage-key-1', secret);
                 const { keys } = await linkageKey(ascii(text), false, 'k', { id: one.programme }, [one.scope], texts);
                 const canonical = ascii(one.canonical);
                 const mac = await crypto.subtle.sign('HMAC', keys[one.scope], canonical);
                 found.push(one.scope.split('/')[0] + '.' + toBase64url(mac));
             }
             return found;
         })().then(done, error => done(String(error)));",
        vec![vectors["tokens"].clone()],
    );
    let vectors = vectors["tokens"].as_array().expect("vectors");
    assert!(vectors.len() > 20);
    let expected = vectors.iter().map(|one| one["token"].clone()).collect::<Vec<_>>();
    assert_eq!(found, json!(expected));
}

/// The vectors of one partner under one key, from the texts that a file has to the rows that leave.
#[test]
fn the_published_vectors_go_the_whole_way() {
    let desk = Desk::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/vectors/tokens.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let (partner, text) =
        ("lev-uden-vold", |one: &Value, name: &str| one[name].as_str().expect("text").to_owned());
    let own = vectors["tokens"].as_array().expect("vectors").iter().filter(|one| {
        one["programme"] == "interventionsmodel" && one["key"] == key && one["partner"] == partner
    });
    let own = own.filter(|one| !text(one, "scope").starts_with("staff")).collect::<Vec<_>>();
    assert!(own.len() >= 4, "{}", own.len());
    let mut file = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for one in &own {
        let (input, case) = (text(one, "input"), text(one, "scope").starts_with("case"));
        let (person, number) = if case { (cpr(1), input) } else { (input, String::new()) };
        file += &format!("{person};{number};05-03-2022;Kontakt;Voldsudsat;147\r\n");
    }
    let extract = desk.write("udtraek.csv", file);
    let mut secret = [0; 32];
    (0..32).for_each(|at| secret[usize::from(at)] = at);
    let published = kobling::key::LinkageKey::from_bytes(programme().id.clone(), &mut secret);
    published.save(&desk.path("published.key"), now(), kobling::key::Example::Refuse).expect("saved");
    desk.begin(&extract);
    desk.browser.choose("#partner", partner);
    desk.browser.choose("#dataset", "forloeb");
    desk.shown("#s-columns");
    desk.check();
    desk.give("#f-linkage", &desk.path("published.key"));
    desk.shown("#linkage-say");
    desk.give("#f-signing", &desk.path("signing.key"));
    desk.shown("#signing-say");
    desk.browser.click("#make");
    desk.shown("#s-package");
    desk.browser.click("#save-package");
    let archive = desk.browser.downloaded("interventionsmodel-lev-uden-vold-forloeb.zip");
    desk.unpack(&archive);
    let data = std::fs::read_to_string(desk.path("interventionsmodel-lev-uden-vold-forloeb/data.csv"))
        .expect("rows");
    for one in own {
        assert!(data.contains(&text(one, "token")), "{one}");
    }
}
