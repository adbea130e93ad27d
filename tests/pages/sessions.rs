//! Signing in and out, and what a session is worth.

use kobling::auth::Role;
use kobling::clock::Clock as _;
use serde_json::json;

use crate::browser::Browser;
use crate::evaluator_world::{PERIOD, World};
use crate::kit::{Running, raw};

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

/// The answer to a request by hand: status, and the headers and body as text.
fn by_hand(running: &Running, request: &str) -> (u16, String) {
    use std::io::{Read as _, Write as _};
    let host = running.address.strip_prefix("http://").expect("http");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    stream.write_all(request.replace("HOST", host).as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, text)
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Signs in by hand and gives the cookie.
fn cookie(running: &Running, bearer: &str) -> String {
    let body = format!("token={bearer}&next=/");
    let (status, text) = by_hand(running, &post("/da/sign-in", "Sec-Fetch-Site: same-origin\r\n", &body));
    assert_eq!(status, 303, "{text}");
    let line = text.lines().find(|line| line.starts_with("set-cookie: ")).expect("a cookie");
    for term in ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(line.contains(term), "{line}");
    }
    line["set-cookie: ".len()..].split(';').next().expect("a pair").to_owned()
}

fn get(running: &Running, path: &str, cookie: &str) -> (u16, String) {
    by_hand(
        running,
        &format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"),
    )
}

/// What the forms of a page say.
fn csrf(page: &str) -> &str {
    let after = page.split("name=\"csrf\" value=\"").nth(1).expect("a form");
    after.split('"').next().expect("a value")
}

#[test]
fn a_session_that_is_over_leads_to_signing_in_and_back_to_the_page() {
    let running = Running::new();
    let browser = Browser::start();
    let (_, bearer) = evaluator(&running);
    browser.sign_in_with(&running, "da", &bearer);
    running.clock.set(running.clock.now().plus_millis(21 * 60_000));
    browser.open(&format!("{}/da/programme?a=b&c=d", running.address));
    assert!(browser.address().contains("/da/sign-in?next=/programme"), "{}", browser.address());
    browser.click(".kb-language");
    browser.fill("#token", &bearer);
    browser.click("main button");
    browser.text(".kb-who");
    assert!(browser.address().ends_with("/en/programme?a=b&c=d"), "{}", browser.address());
}

#[test]
fn a_revoked_principal_is_out_at_once() {
    let running = Running::new();
    let (_, bearer) = evaluator(&running);
    let cookie = cookie(&running, &bearer);
    assert!(get(&running, "/da/", &cookie).1.contains("kb-who"));
    running.service.revoke_principal(&"eva".parse().expect("a name")).expect("revoked");
    assert!(!get(&running, "/da/", &cookie).1.contains("kb-who"));
}

#[test]
fn signing_out_everywhere_ends_the_sessions_of_every_browser() {
    let running = Running::new();
    let (_, bearer) = evaluator(&running);
    let [one, other] = [(); 2].map(|()| cookie(&running, &bearer));
    let page = get(&running, "/da/", &one).1;
    let headers = format!("Sec-Fetch-Site: same-origin\r\nCookie: {one}\r\n");
    let body = format!("csrf={}&everywhere=1", csrf(&page));
    let (status, answer) = by_hand(&running, &post("/da/sign-out", &headers, &body));
    assert_eq!(status, 303, "{answer}");
    assert!(answer.contains("clear-site-data: \"cache\", \"storage\""), "{answer}");
    for cookie in [&one, &other] {
        assert!(!get(&running, "/da/", cookie).1.contains("kb-who"));
    }
    // Whoever sends a form then is told so, and how to go on.
    let headers = format!("Sec-Fetch-Site: same-origin\r\nCookie: {other}\r\n");
    let (status, answer) = by_hand(&running, &post("/da/sign-out", &headers, "csrf=x"));
    assert!(status == 401 && answer.contains("Du er logget ud"), "{answer}");
    assert!(answer.contains("href=\"/da/sign-in\"") && !answer.contains("Authorization"), "{answer}");
}

/// Attack: another site's form, one without what the session's forms say, and one of another session.
#[test]
fn what_another_site_or_another_session_sends_changes_nothing() {
    let running = Running::new();
    let (_, bearer) = evaluator(&running);
    let [one, other] = [(); 2].map(|()| cookie(&running, &bearer));
    let (page, others) = (get(&running, "/da/", &one).1, get(&running, "/da/", &other).1);
    assert_ne!(csrf(&page), csrf(&others));
    let right = csrf(&page);
    let same = "Sec-Fetch-Site: same-origin\r\n";
    let attempts = [
        ("Sec-Fetch-Site: cross-site\r\n", right),
        ("Sec-Fetch-Site: same-site\r\n", right),
        ("Sec-Fetch-Site: none\r\n", right),
        ("Origin: https://evil.example\r\n", right),
        ("Origin: null\r\n", right),
        ("", right),
        (same, ""),
        (same, csrf(&others)),
        (same, &right[..right.len() - 1]),
    ];
    for (site, said) in attempts {
        let headers = format!("{site}Cookie: {one}\r\n");
        let (status, answer) = by_hand(&running, &post("/da/sign-out", &headers, &format!("csrf={said}")));
        assert_eq!(status, 403, "{site}{said}: {answer}");
        assert!(get(&running, "/da/", &one).1.contains("kb-who"), "{site}{said}");
    }
    // Nobody is signed in by another site either.
    let body = format!("token={bearer}&next=/");
    let (status, answer) = by_hand(&running, &post("/da/sign-in", "Sec-Fetch-Site: cross-site\r\n", &body));
    assert!(status == 403 && !answer.contains("set-cookie"), "{answer}");
}

/// Attack: a page in somebody else's frame, a script in an address, content taken for another kind.
#[test]
fn every_page_says_what_a_browser_may_do_with_it() {
    let running = Running::new();
    let base = kobling_assets(&running);
    for path in
        ["/da/", "/en/sign-in", "/da/nothing", "/da/<script>alert(1)</script>", &format!("{base}/kobling.js")]
    {
        let (_, answer) = get(&running, &path.replace('<', "%3C").replace('>', "%3E"), "");
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.contains(header), "{path}: {header}\n{answer}");
        }
        assert!(!answer.contains("<script>"), "{path}");
        assert_eq!(answer.contains("cache-control: no-store"), !path.starts_with("/assets"), "{path}");
    }
    let (status, answer) = get(&running, "/da/nothing", "");
    assert!(status == 404 && answer.contains("lang=\"da\""), "{answer}");
}

fn kobling_assets(running: &Running) -> String {
    let page = get(running, "/da/", "").1;
    let at = page.find("/assets/").expect("style");
    page[at..]
        .split("/kobling.css")
        .next()
        .expect("an address")
        .split("/dkfds")
        .next()
        .expect("an address")
        .to_owned()
}

#[test]
fn everything_is_there_without_a_script_and_on_a_narrow_screen() {
    let running = Running::new();
    let browser = Browser::start();
    browser.scripts(false);
    browser.size(320, 700);
    let (_, bearer) = evaluator(&running);
    browser.sign_in_with(&running, "da", &bearer);
    browser.click(".kb-header form button");
    assert_eq!(browser.text("main a.button"), "Log ind");
    browser.scripts(true);
    for path in ["/da/", "/en/sign-in", "/da/tokeniser"] {
        browser.open(&format!("{}{path}", running.address));
        browser.axe();
        let wide = browser.script("return document.documentElement.scrollWidth > 320", vec![]);
        assert_eq!(wide, json!(false), "{path} is wider than the screen");
    }
}

/// Attack: a link in a mail, on another site, or looked at ahead, which asks in the visitor's name: what was shown once binds
/// what comes after.
#[test]
fn a_link_from_elsewhere_asks_nothing() {
    let world = World::new();
    let organisation = world.running.service.programme().steward.to_string();
    let steward = world.running.bearer("steward", Role::Steward, &organisation);
    let lines = || {
        let log = raw(&world.running.address, "GET", "/v1/answers/log", Some(&steward), &[], &[]);
        let log: serde_json::Value = serde_json::from_str(&log.body).expect("JSON");
        log["lines"].as_array().expect("lines").len()
    };
    let before = lines();
    let cookie = cookie(&world.running, &world.vive);
    let ask = |method: &str, path: &str, site: &str| {
        by_hand(
            &world.running,
            &format!(
                "{method} {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nSec-Fetch-Site: {site}\r\nCookie: {cookie}\r\n\r\n"
            ),
        )
    };
    let answer = format!("/da/questions/reach/answer?by=role&period={PERIOD}");
    let file = format!("/da/questions/reach/answer.csv?by=role&period={PERIOD}");
    for path in [&answer, &file, "/da/report?a=reach", "/da/report/report.html?a=reach"] {
        for site in ["none", "cross-site", "same-site"] {
            let (status, text) = ask("GET", path, site);
            assert!(status == 303 && text.contains("location: /da/onward?next=/"), "{site} {path}: {text}");
        }
        assert_eq!(ask("HEAD", path, "same-origin").0, 405, "{path}");
    }
    assert_eq!(lines(), before, "nothing was asked");
    // Nor does signing in ask what a link to it says.
    let next = "/questions/reach/answer?by=role&period=2022-Q1..2022-Q4".replace('&', "%26");
    let body = format!("token={}&next={next}", world.vive);
    let (status, text) =
        by_hand(&world.running, &post("/da/sign-in", "Sec-Fetch-Site: same-origin\r\n", &body));
    assert!(status == 303 && text.contains("location: /da/onward?next=/questions"), "{text}");
    assert_eq!(lines(), before, "nothing was asked");
    let (status, text) = ask("GET", &answer, "same-origin");
    assert_eq!((status, lines()), (200, before + 1), "{text}");
}

/// Attack: a form whose next field never begins, so that all of it would be kept while it is looked for.
#[test]
fn a_form_that_never_says_anything_is_cut() {
    use std::io::{Read as _, Write as _};
    let running = Running::new();
    let bearer = running.bearer("lone", Role::Partner, "lokk");
    let cookie = cookie(&running, &bearer);
    let host = running.address.strip_prefix("http://").expect("http");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).expect("set");
    let length = 512 << 20;
    write!(
        stream,
        "POST /en/send HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\nContent-Type: multipart/form-data; boundary=never\r\nContent-Length: {length}\r\n\r\n"
    )
    .expect("sent");
    let part = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while sent < length && stream.write_all(&part).is_ok() {
        sent += part.len();
    }
    assert!(sent < 64 << 20, "cut after {sent} bytes");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    // The answer can be lost to the cut.
    let refused = [&b"HTTP/1.1 413"[..], b"HTTP/1.1 403"].iter().any(|line| answer.starts_with(line));
    assert!(answer.is_empty() || refused, "{}", String::from_utf8_lossy(&answer));
}
