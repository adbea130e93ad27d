//! Attacks on the page: to make it say something to somebody, to make it run what a file holds, to make it hold too much.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::Desk;
use crate::kit::{PROGRAMME, cpr};

/// Hears what arrives, and says nothing. A connection on which nothing comes is not counted: Chromium opens one ahead of time to
/// the address of a frame, and then asks the policy.
struct Listener {
    address: String,
    heard: Arc<AtomicUsize>,
}

impl Listener {
    fn new() -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let heard = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), count) = (stream, Arc::clone(&count)) else { continue };
                std::thread::spawn(move || {
                    if stream.read(&mut [0; 1]).is_ok_and(|bytes| bytes > 0) {
                        count.fetch_add(1, Ordering::SeqCst);
                        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").ok();
                    }
                });
            }
        });
        Listener { address, heard }
    }

    fn heard(&self) -> usize {
        std::thread::sleep(Duration::from_millis(700));
        self.heard.load(Ordering::SeqCst)
    }
}

/// Ways out of a page, each by itself.
const WAYS: [(&str, &str); 15] = [
    ("fetch", "fetch(to).catch(() => {})"),
    (
        "fetch, keepalive",
        "fetch(to, { mode: 'no-cors', keepalive: true, method: 'POST', body: 'x' }).catch(() => {})",
    ),
    ("XMLHttpRequest", "const r = new XMLHttpRequest(); r.open('POST', to); try { r.send('x') } catch {}"),
    ("image", "new Image().src = to"),
    ("beacon", "navigator.sendBeacon(to, 'x')"),
    ("WebSocket", "try { new WebSocket(to.replace('http', 'ws')) } catch {}"),
    ("EventSource", "try { new EventSource(to) } catch {}"),
    ("script", "const s = document.createElement('script'); s.src = to; document.body.append(s)"),
    (
        "style",
        "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = to; document.head.append(l)",
    ),
    (
        "prefetch",
        "const l = document.createElement('link'); l.rel = 'prefetch'; l.href = to; document.head.append(l)",
    ),
    ("frame", "const f = document.createElement('iframe'); f.src = to; document.body.append(f)"),
    (
        "form",
        "const f = document.createElement('form'); f.action = to; f.method = 'post'; document.body.append(f); f.submit()",
    ),
    (
        "worker",
        "const b = new Blob([`fetch('${to}').catch(() => {}); try { importScripts('${to}') } catch {}`]); new Worker(URL.createObjectURL(b))",
    ),
    ("window", "window.open(to)"),
    ("navigation", "location.href = to"),
];

#[test]
fn nothing_leaves_by_any_way() {
    let listener = Listener::new();
    let desk = Desk::new();
    // What is held back is held back by the page, not by the absence of a network.
    desk.offline(false);
    for (name, way) in WAYS {
        let script = format!("const to = 'http://{}/' + arguments[0]; {way}; return true", listener.address);
        desk.browser.script(&script, vec![json!(name)]);
        assert_eq!(listener.heard(), 0, "{name} reached the listener");
        assert!(desk.browser.address().starts_with("file://"), "{name} left the page");
    }
    assert_eq!(desk.browser.script("return document.documentElement.dataset.ready", vec![]), json!("yes"));
    // The listener hears a page without this policy.
    let open = desk.write("open.html", "<!doctype html><title>open</title>");
    desk.browser.open(&format!("file://{}", open.display()));
    let script = format!("new Image().src = 'http://{}/image'; return true", listener.address);
    desk.browser.script(&script, vec![]);
    assert!(listener.heard() > 0, "the listener hears nobody");
}

/// Markup in headers, titles, codes and file names is text.
#[test]
fn nothing_that_a_file_holds_is_run() {
    let desk = Desk::new();
    let evil = "<img src=x onerror=window.run=1><script>window.run=1</script>";
    let title = PROGRAMME.replacen("da = \"Kontakt og forløb\"", &format!("da = \"{evil}\""), 1);
    let title =
        title.replacen("name = \"Landsorganisation", &format!("name = \"{evil} Landsorganisation"), 1);
    assert_ne!(title, PROGRAMME);
    let programme = desk.write("programme.toml", title);
    let mut text = format!("{evil};CPR-nr;Dato;Trin;Rolle;Kommune;{evil}\r\n");
    for n in 0..300 {
        text += &format!("{evil};{};05-03-2022;{evil};Voldsudsat;147;{evil}\r\n", cpr(n));
    }
    let extract = desk.write("<img src=x onerror=window.run=1>.csv", text);
    desk.give("#f-programme", &programme);
    desk.shown("#s-extract");
    desk.browser.choose("#partner", "lokk");
    desk.browser.choose("#dataset", "forloeb");
    desk.give("#f-extract", &extract);
    desk.shown("#s-columns");
    desk.browser.click("#by-choice");
    desk.check();
    assert!(desk.browser.text("#report").contains("300"));
    desk.browser.click("#language");
    assert_eq!(desk.browser.count("#report img, #report script, #choices img, main script"), 0);
    assert_eq!(desk.browser.script("return window.run === undefined", vec![]), json!(true));
    desk.browser.quiet();
}

/// No field of the extract stands on the page, in its report or in the console, whatever is wrong with the rows.
#[test]
fn no_field_of_the_extract_is_shown() {
    let desk = Desk::new();
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune;Bemærkning\r\n".to_owned();
    for n in 0..200 {
        text +=
            &format!("{};KANARIE-{n};{};KANARIEKODE;Voldsudsat;147;KANARIENOTE\r\n", cpr(n), "31-02-2022");
        text += &format!("12KANARIE{n};KANARIE-{n};05-03-2022;Kontakt;Voldsudsat;147;KANARIENOTE\r\n");
    }
    let extract = desk.write("kanarie-0101901234.csv", &text);
    desk.begin(&extract);
    desk.check();
    let page = desk.browser.script("return document.documentElement.innerHTML", vec![]);
    let shown = page.as_str().expect("text").split("<script").next().expect("a first part").to_owned();
    let console = desk.browser.console().join("\n");
    for text in [&shown, &console] {
        assert!(!text.contains("KANARIE") && !text.contains("0101901234"), "a field is shown");
        assert!((0..200).all(|n| !text.contains(&cpr(n))), "a number is shown");
    }
}

/// A file of 30 MB is read by slices: what the module holds of it is far less.
#[test]
fn a_large_file_goes_through_and_is_stopped_when_asked() {
    let desk = Desk::new();
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune;Bemærkning\r\n".to_owned();
    let note = "x".repeat(900);
    for n in 0..30_000u64 {
        text += &format!("{};S-{n};05-03-2022;Kontakt;Voldsudsat;147;{note}\r\n", cpr(n % 9000));
    }
    let extract = desk.write("stor.csv", &text);
    // What the module's memory comes to is told by wrapping its end.
    desk.begin(&extract);
    desk.browser.script(
        "document.getElementById('check').click(); setTimeout(() => document.getElementById('cancel').click(), 100); return true",
        vec![],
    );
    assert!(desk.trouble().starts_with("Afbrudt"));
    desk.shown("#s-columns");
    desk.check();
    assert!(desk.browser.text("#report").contains("30.000"));
    desk.keys();
    desk.browser.click("#make");
    desk.shown("#s-package");
    assert!(
        desk.browser.text("#leaves").contains("30000") || desk.browser.text("#leaves").contains("30.000")
    );
    // The worker and what it held are gone.
    assert_eq!(
        desk.browser.script("return state.file === null && state.linkage === null", vec![]),
        json!(true)
    );
    desk.browser.quiet();
}
