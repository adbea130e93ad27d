//! Sending a package from the page: chosen, dropped, zipped, without a script; cut, paused, signed out, and carried on.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kobling::auth::Role;
use kobling::clock::Clock as _;
use kobling::extract::Package;
use serde_json::json;

use crate::browser::Browser;
use crate::cutter::{Cut, Cutter};
use crate::kit::{self, Running, linkage_key, package, package_of, signing_key};
use crate::partner::{Visit, fits_narrow, send};
use crate::tokeniser::Desk;

const LOKK: &str = "lokk";
const NAMES: [&str; 3] = ["datapackage.json", "datapackage.json.sig", "data.csv"];

/// One package for all, of some blocks.
fn shared() -> &'static (tempfile::TempDir, Package, PathBuf) {
    static SHARED: OnceLock<(tempfile::TempDir, Package, PathBuf)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let package = package(dir.path(), LOKK, 0..300, 90);
        assert!(package.manifest.resources[0].blocks.len() >= 3);
        let folder = package.data_path().parent().expect("a folder").to_owned();
        (dir, package, folder)
    })
}

fn paths(folder: &Path) -> String {
    NAMES.map(|name| folder.join(name).display().to_string()).join("\n")
}

/// What a service holds of the one package that it has: its staged rows, and the facts of its receipt.
fn outcome(running: &Running, client: &kobling::client::Client) -> (Vec<u8>, Vec<String>) {
    let staged = kit::clear_files(&running.data().join("staged"));
    let [(_, rows)] = &staged[..] else { panic!("{} files are staged", staged.len()) };
    let [listed] = &client.packages().expect("listed")[..] else { panic!("more than one upload") };
    assert_eq!(listed.state, "complete");
    let bearer = std::fs::read_to_string(running.dir.path().join("lokk-it.token")).expect("there");
    let path = format!("/v1/uploads/{}/receipt", listed.id);
    let receipt = kit::raw(&running.address, "GET", &path, Some(bearer.trim()), &[], b"");
    let receipt = running.receipt(receipt.body.as_bytes());
    let facts = receipt.subject.items().filter(|(name, _)| *name != "package");
    (rows.clone(), facts.map(|(name, item)| format!("{name} {item:?}")).collect())
}

/// The outcome of `kobling`'s own upload.
fn by_command() -> &'static (Vec<u8>, Vec<String>) {
    static OUTCOME: OnceLock<(Vec<u8>, Vec<String>)> = OnceLock::new();
    OUTCOME.get_or_init(|| {
        let running = Running::new();
        let client = running.partner(LOKK);
        send(&client, &shared().1);
        outcome(&running, &client)
    })
}

/// Bytes a second that leave the browser; `None` is as fast as may be, 0 is a line that is cut.
fn line(browser: &Browser, rate: Option<u64>) {
    let offline = rate == Some(0);
    let rate = rate.map_or(-1, |rate| i64::try_from(rate).expect("small"));
    browser.command("Network.enable", json!({}));
    let conditions =
        json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate });
    browser.command("Network.emulateNetworkConditions", conditions);
}

/// Begins to send the shared package over a slow line, and waits until some of it has left.
fn begin(browser: &Browser) {
    browser.fill("#send-files", &paths(&shared().2));
    // What is under way keeps this pace: a change holds for what begins after it.
    line(browser, Some(150_000));
    browser.click("#send-go");
    browser.until("half has left", "return document.getElementById('send-bar').value > 550");
}

fn open(running: &Running, browser: &Browser, language: &str) -> String {
    let bearer = browser.sign_in(running, language, "lone", Role::Partner, LOKK);
    browser.open(&format!("{}/{language}/send", running.address));
    bearer
}

fn until_done(browser: &Browser) {
    browser.until("the receipt is shown", "return document.getElementById('send').dataset.state === 'done'");
    assert!(browser.text("#send-receipt").contains("Kvittering"));
}

#[test]
fn a_package_whose_files_are_chosen_is_cut_and_carried_on() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    open(&running, &browser, "da");
    browser.axe();
    fits_narrow(&browser);
    browser.fill("#send-files", &paths(&shared().2));
    browser.until_text("Pakken er fundet");
    browser.axe();
    browser.click("#send-other");
    begin(&browser);
    browser.axe();
    browser.screenshot("partner-sending.da");
    browser.click("#send-pause");
    browser.until_text("Holder pause");
    assert_eq!(client.packages().expect("listed")[0].state, "open");
    line(&browser, Some(0));
    browser.click("#send-resume");
    browser.until_text("Forbindelsen er afbrudt");
    browser.axe();
    line(&browser, None);
    until_done(&browser);
    browser.axe();
    fits_narrow(&browser);
    assert_eq!(&outcome(&running, &client), by_command());
    browser.click("#send-receipt a[download]");
    let id = &client.packages().expect("listed")[0].id;
    let file = browser.downloaded(&format!("lokk-forloeb-{}.receipt.json", &id[..8]));
    assert_eq!(&running.receipt(&std::fs::read(file).expect("read")).id, id);
}

#[test]
fn a_line_that_is_cut_in_the_middle_of_rows_again_and_again_loses_nothing() {
    let running = Running::new();
    let client = running.partner(LOKK);
    // Each connection that carries so much is cut; those of pages and styles carry less.
    let cutter = Cutter::new(&running.address, vec![Cut::Up(1_400_000); 40], std::time::Duration::ZERO);
    let browser = Browser::start();
    let bearer = running.bearer("lone", Role::Partner, LOKK);
    browser.open(&format!("{}/da/sign-in?next=/send", cutter.address));
    browser.fill("#token", &bearer);
    browser.click("main button[type=submit]");
    browser.fill("#send-files", &paths(&shared().2));
    browser.click("#send-go");
    until_done(&browser);
    assert!(cutter.cuts() > 0, "no cut was made");
    assert_eq!(&outcome(&running, &client), by_command());
}

#[test]
fn after_a_reload_the_same_package_goes_on_where_it_stopped() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    open(&running, &browser, "da");
    begin(&browser);
    // What was whole when the page went is durable once the service has noticed.
    browser.reload();
    let id = client.packages().expect("listed")[0].id.clone();
    let visit = Visit::new(&running, &running.bearer("lars", Role::Partner, LOKK));
    let came = |text: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix("upload-offset: ")).expect("an offset");
        line.trim().parse().expect("a number")
    };
    let tus = [("tus-resumable", "1.0.0")];
    let mut waited = 0;
    while came(&visit.ask("HEAD", &format!("/da/send/uploads/{id}"), &tus, b"").1) == 0 {
        waited += 1;
        assert!(waited < 200, "nothing is durable");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(browser.text("#send-waiting").contains("2021-Q1..2024-Q4"));
    browser.axe();
    line(&browser, None);
    browser.fill("#send-files", &paths(&shared().2));
    browser.click("#send-go");
    until_done(&browser);
    assert_eq!(&outcome(&running, &client), by_command());
}

#[test]
fn a_session_that_ends_meanwhile_loses_nothing() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    let bearer = open(&running, &browser, "da");
    begin(&browser);
    browser.click("#send-pause");
    browser.until_text("Holder pause");
    browser.axe();
    running.clock.set(running.clock.now().plus_millis(21 * 60_000));
    browser.click("#send-resume");
    browser.until_text("I er logget ud");
    browser.axe();
    assert_eq!(client.packages().expect("listed")[0].state, "open");
    // Signed in again in another tab: the cookie is this browser's.
    let script = "const done = arguments[1];
        fetch('/da/sign-in', { method: 'POST', redirect: 'manual',
            headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'token=' + arguments[0] + '&next=/' })
          .then(answer => done(answer.type))";
    line(&browser, None);
    assert_eq!(browser.script_later(script, vec![json!(bearer)]), json!("opaqueredirect"));
    browser.click("#send-resume");
    until_done(&browser);
    assert_eq!(&outcome(&running, &client), by_command());
}

#[test]
fn two_that_send_the_same_package_get_the_same_receipt() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    open(&running, &browser, "da");
    begin(&browser);
    browser.click("#send-pause");
    browser.until_text("Holder pause");
    // Somebody else at the same house, meanwhile.
    let id = send(&client, &shared().1);
    line(&browser, None);
    browser.click("#send-resume");
    until_done(&browser);
    assert!(browser.texts("#send-receipt code").contains(&id));
    assert_eq!(&outcome(&running, &client), by_command());
}

#[test]
fn a_folder_is_dropped_on_the_page() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    open(&running, &browser, "en");
    let place = browser.script(
        "const box = document.getElementById('send-drop').getBoundingClientRect();
         return [box.x + box.width / 2, box.y + 20]",
        vec![],
    );
    for kind in ["dragEnter", "dragOver", "drop"] {
        let event = json!({ "type": kind, "x": place[0], "y": place[1],
            "data": { "items": [], "files": [shared().2], "dragOperationsMask": 1 } });
        browser.command("Input.dispatchDragEvent", event);
    }
    browser.until_text("The package is found");
    browser.axe();
    browser.click("#send-go");
    browser.until("done", "return document.getElementById('send').dataset.state === 'done'");
    assert!(browser.text("#send-receipt").contains("Receipt"));
    browser.axe();
    assert_eq!(&outcome(&running, &client), by_command());
    browser.quiet();
}

#[test]
fn without_a_script_a_form_sends_the_three_files_and_goes_on_where_a_cut_left_it() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let browser = Browser::start();
    browser.sign_in(&running, "da", "lone", Role::Partner, LOKK);
    // A form that was cut in the middle of its rows, sent by hand.
    let visit = Visit::new(&running, &running.bearer("lars", Role::Partner, LOKK));
    let csrf = visit.csrf();
    let (_, package, folder) = shared();
    let rows = std::fs::read(package.data_path()).expect("read");
    let form = |csrf: &str, rows: &[u8]| -> Vec<u8> {
        let mut body = Vec::new();
        let text = |name: &str| std::fs::read(folder.join(name)).expect("read");
        let parts =
            [("csrf", csrf.as_bytes().to_vec()), ("manifest", text(NAMES[0])), ("signature", text(NAMES[1]))];
        for (name, value) in parts.iter().map(|(name, value)| (*name, &value[..])).chain([("data", rows)]) {
            let file = if name == "csrf" { "" } else { "; filename=\"x\"" };
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes(),
            );
            body.extend(value);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        body
    };
    let kind = [("content-type", "multipart/form-data; boundary=XX")];
    // Attack: what no form of this session says.
    let (status, answer) = visit.ask("POST", "/da/send", &kind, &form("nonsense", &rows));
    assert_eq!(status, 403, "{answer}");
    assert!(client.packages().expect("listed").is_empty());
    let (status, answer) = visit.ask("POST", "/da/send", &kind, &form(&csrf, &rows[..rows.len() / 2]));
    assert!(status == 422 && answer.contains("er gemt"), "{answer}");
    assert_eq!(client.packages().expect("listed")[0].state, "open");
    // The rest, by a browser without scripts.
    browser.scripts(false);
    browser.open(&format!("{}/da/send", running.address));
    for (field, name) in ["#plain-manifest", "#plain-signature", "#plain-data"].into_iter().zip(NAMES) {
        browser.fill(field, &folder.join(name).display().to_string());
    }
    browser.click("#send-plain button");
    assert_eq!(browser.text(".kb-tag"), "Modtaget");
    browser.scripts(true);
    assert_eq!(&outcome(&running, &client), by_command());
    // Once more changes nothing.
    let (status, answer) = visit.ask("POST", "/da/send", &kind, &form(&csrf, &rows));
    assert_eq!(status, 303, "{answer}");
    assert_eq!(client.packages().expect("listed").len(), 1);
}

/// A zip whose entries are stored: what a list of its ends says beside the bytes can be made to lie.
fn zip(files: &[(&str, &[u8])], lie: impl Fn(&str) -> (u16, u32)) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let (method, more) = lie(name);
        let length = u32::try_from(bytes.len()).expect("small");
        let at = u32::try_from(out.len()).expect("small");
        let name_length = u16::try_from(name.len()).expect("short");
        let common = |size: u32| {
            let mut fields = [20u16.to_le_bytes(), 0u16.to_le_bytes(), method.to_le_bytes()].concat();
            fields.extend([0; 4]); // Time.
            fields.extend([0; 4]); // CRC-32: the manifest's SHA-256 is what is held to.
            fields.extend(size.to_le_bytes());
            fields.extend(size.to_le_bytes());
            fields.extend(name_length.to_le_bytes());
            fields.extend(0u16.to_le_bytes());
            fields
        };
        out.extend(0x0403_4b50u32.to_le_bytes());
        out.extend(common(length));
        out.extend(name.as_bytes());
        out.extend(*bytes);
        list.extend(0x0201_4b50u32.to_le_bytes());
        list.extend(20u16.to_le_bytes());
        list.extend(common(length + more));
        list.extend([0; 10]);
        list.extend(at.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (at, count) = (u32::try_from(out.len()).expect("small"), u16::try_from(files.len()).expect("few"));
    out.extend(&list);
    out.extend(0x0605_4b50u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(list.len()).expect("small").to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// Attack: files that are no package, another's, changed, or that say something else than they are.
#[test]
fn what_is_no_package_of_ours_is_refused_in_words_and_nothing_is_sent() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let dir = tempfile::tempdir().expect("a folder");
    let small = package(dir.path(), LOKK, 0..20, 1);
    let folder = small.data_path().parent().expect("a folder").to_owned();
    let bytes = NAMES.map(|name| std::fs::read(folder.join(name)).expect("read"));
    let put = |name: &str, files: &[(&str, &[u8])]| -> String {
        let at = dir.path().join(name);
        std::fs::create_dir(&at).expect("made");
        let paths = files.iter().map(|(name, bytes)| {
            let path = at.join(name);
            std::fs::write(&path, bytes).expect("written");
            path.display().to_string()
        });
        paths.collect::<Vec<_>>().join("\n")
    };
    let three = |bytes: &'static str, with: &[u8]| -> Vec<(String, Vec<u8>)> {
        NAMES
            .iter()
            .zip(&bytes_of(&folder))
            .map(|(name, own)| ((*name).to_owned(), if *name == bytes { with.to_vec() } else { own.clone() }))
            .collect()
    };
    let put_all = |name: &str, files: Vec<(String, Vec<u8>)>| -> String {
        let list: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        put(name, &list)
    };
    let [manifest, signature, data] = &bytes;
    let files: [(&str, &[u8]); 3] = [(NAMES[0], manifest), (NAMES[1], signature), (NAMES[2], data)];
    let honest = |_: &str| (0, 0);
    let police = package(dir.path(), "koebenhavns-politi", 0..20, 1);
    let hers = police.data_path().parent().expect("a folder").to_owned();
    let mut changed = data.clone();
    changed.pop();
    let image = "<img src=x onerror=alert(1)>.csv";
    let cases = [
        (
            put("script", &[(image, b"x"), (NAMES[0], manifest)]),
            "Disse filer mangler: datapackage.json.sig, data.csv",
        ),
        (put_all("short", three(NAMES[2], &changed)), "og manifestet siger"),
        (
            put_all("form", three(NAMES[0], b"{\"resources\":[{\"bytes\":1}]}")),
            "datapackage.json kan ikke læses",
        ),
        (put_all("huge", three(NAMES[0], &vec![b' '; (8 << 20) + 1])), "datapackage.json kan ikke læses"),
        (put_all("sig", three(NAMES[1], b"<script>alert(1)</script>")), "ingen underskrift"),
        (paths(&hers), "Pakken er lavet for koebenhavns-politi"),
        (put("zipped", &[("p.zip", &zip(&files, |_| (8, 0)))]), "Zip-filen kan ikke læses her"),
        (
            put("lying", &[("p.zip", &zip(&files, |name| (0, u32::from(name == NAMES[2]) * 5_000)))]),
            "Zip-filen kan ikke læses her",
        ),
        (
            put("longer", &[("p.zip", &zip(&files, |name| (0, u32::from(name == NAMES[2]))))]),
            "Zip-filen kan ikke læses her",
        ),
        (put("no-zip", &[("p.zip", &data[..])]), "Zip-filen kan ikke læses her"),
        (
            put("twice", &[("p.zip", &zip(&[files[0], files[1], files[2], ("x/data.csv", b"x")], honest))]),
            "flere pakker",
        ),
    ];
    let browser = Browser::start();
    open(&running, &browser, "da");
    for (chosen, words) in &cases {
        browser.fill("#send-files", chosen);
        browser.until_text(words);
        assert_eq!(browser.count("#send img, #send script"), 0);
        browser.reload();
    }
    browser.fill("#send-files", &cases[0].0);
    browser.until_text("Disse filer mangler");
    browser.axe();
    assert!(client.packages().expect("listed").is_empty(), "nothing was sent");
    // What only the service can see: a signature of another key, rows of another package of the same length, another key.
    let stranger = signing_key("somebody").sign("kobling/v1/package", manifest).to_string();
    let mut swapped = data.clone();
    let at = swapped.len() - 5;
    swapped.swap(at, at - 1);
    let mut key = [9; 32];
    let key = kobling::key::LinkageKey::from_bytes(linkage_key().programme().clone(), &mut key);
    let text = format!(
        "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n{};S-1;01-02-2022;Kontakt;Voldsudsat;147\r\n",
        kit::cpr(1)
    );
    let other_key = package_of(dir.path(), LOKK, &text, &key);
    let other_key = paths(other_key.data_path().parent().expect("a folder"));
    for (chosen, words) in [
        (put_all("stranger", three(NAMES[1], stranger.as_bytes())), "underskrift"),
        (put_all("swapped", three(NAMES[2], &swapped)), "blok"),
        (other_key, "nøgle"),
    ] {
        browser.reload();
        browser.fill("#send-files", &chosen);
        browser.click("#send-go");
        browser.until("refused", "return !document.getElementById('send-error').hidden");
        let said = browser.text("#send-error");
        assert!(said.to_lowercase().contains(words) && said.contains("Kode"), "{words}: {said}");
        browser.axe();
    }
    assert!(client.packages().expect("listed").iter().all(|row| row.state == "open"));
    // And the same zip, honest, as the tokeniser page saves it.
    browser.reload();
    let inside: Vec<(String, &[u8])> =
        files.iter().map(|(name, bytes)| (format!("lokk-2022/{name}"), *bytes)).collect();
    let inside: Vec<(&str, &[u8])> = inside.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    browser.fill("#send-files", &put("honest", &[("lokk.zip", &zip(&inside, honest))]));
    browser.click("#send-go");
    until_done(&browser);
    let states: Vec<String> = client.packages().expect("listed").into_iter().map(|row| row.state).collect();
    assert!(states.contains(&"complete".to_owned()), "{states:?}");
}

fn bytes_of(folder: &Path) -> [Vec<u8>; 3] {
    NAMES.map(|name| std::fs::read(folder.join(name)).expect("read"))
}

/// The way of an organisation that can install nothing: from a CSV to a receipt in one browser.
#[test]
fn what_the_tokeniser_page_saves_is_sent_from_the_page() {
    let running = Running::new();
    let client = running.partner(LOKK);
    let desk = Desk::new();
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in 0..30 {
        text.push_str(&format!("{};S-{n};05-03-2022;Kontakt;Voldsudsat;147\r\n", kit::cpr(n)));
    }
    desk.begin(&desk.write("udtraek.csv", text));
    desk.check();
    desk.keys();
    desk.package();
    let archive = desk.browser.downloads().join("interventionsmodel-lokk-forloeb.zip");
    desk.offline(false);
    open(&running, &desk.browser, "da");
    desk.browser.fill("#send-files", &archive.display().to_string());
    desk.browser.click("#send-go");
    until_done(&desk.browser);
    let [sent] = &client.packages().expect("listed")[..] else { panic!("more than one upload") };
    assert_eq!((sent.state.as_str(), sent.rows), ("complete", 30));
    desk.browser.quiet();
}
