//! Attacks on the way in: floods by one principal, wrong tokens from everybody's address, connections that are held open,
//! heads and bodies that trickle; and that nobody else notices.

#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kit::{PROGRAMME, Raw, Running, package, raw};
use kobling::auth::Role;
use kobling::client::upload;
use kobling::http::{AdmissionSettings, Rate};

fn rules() -> AdmissionSettings {
    AdmissionSettings::default()
}

/// Seconds that a refusal asks to wait.
fn asked(answer: &Raw) -> u64 {
    let asked = answer.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {}", answer.body));
    asked.parse().unwrap_or_else(|_| panic!("{asked}"))
}

fn get(running: &Running, bearer: &str, path: &str) -> Raw {
    raw(&running.address, "GET", path, Some(bearer), &[], &[])
}

const ASK: &[u8] = br#"{"by": [], "period": "2022-Q1..2022-Q4"}"#;

fn ask(running: &Running, bearer: &str) -> Raw {
    let json = [("Content-Type", "application/json")];
    raw(&running.address, "POST", "/v1/questions/reach", Some(bearer), &json, ASK)
}

#[test]
fn attack_wrong_tokens_from_everybodys_address_lock_nobody_out() {
    let failures = Rate { per_minute: 6, at_once: 30 };
    let running = Running::by(PROGRAMME, AdmissionSettings { failures, ..rules() });
    let right = running.bearer("lokk-it", Role::Partner, "lokk");
    let wrong = format!("kobling-token-1.{}", "A".repeat(43));
    let mut codes = Vec::new();
    for n in 0..60 {
        let guess = if n % 2 == 0 { wrong.as_str() } else { "nonsense" };
        let answer = get(&running, guess, "/v1/packages");
        codes.push(answer.code());
        if answer.status == 429 {
            assert!((1..=90).contains(&asked(&answer)));
        }
        // In between, as if nothing were.
        assert_eq!(get(&running, &right, "/v1/packages").status, 200, "after {n} wrong ones");
    }
    assert_eq!(codes[..30], ["unauthenticated"; 30]);
    assert_eq!(codes[59], "too-many-failures");
    // A request without any token is no guess, and is told what it lacks.
    let bare = raw(&running.address, "GET", "/v1/packages", None, &[], &[]);
    assert_eq!((bare.status, bare.code().as_str()), (401, "unauthenticated"));
    // Nor is signing in shut.
    let form = |token: &str| {
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")];
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().new_agent();
        let mut call = agent.post(format!("{}/en/sign-in", running.address));
        for (name, value) in headers {
            call = call.header(name, value);
        }
        let answer = call.send(format!("token={token}&next=%2F")).expect("an answer");
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    };
    assert_eq!(form(&wrong), (429, true));
    assert_eq!(form(&right).0, 303);
}

#[test]
fn attack_a_partner_that_floods_slows_itself_and_nobody_else() {
    let others = Rate { per_minute: 600, at_once: 20 };
    let running = Running::by(PROGRAMME, AdmissionSettings { others, under_way_of_one: 8, ..rules() });
    let (flood, calm) = (
        running.bearer("lokk-it", Role::Partner, "lokk"),
        running.bearer("mhj-it", Role::Partner, "moedrehjaelpen"),
    );
    let (stop, sent_away, let_in) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let answer = get(&running, &flood, "/v1/packages");
                    match answer.status {
                        200 => let_in.fetch_add(1, Ordering::Relaxed),
                        429 => {
                            assert_eq!(answer.code(), "too-many-requests");
                            assert!((1..=3).contains(&asked(&answer)));
                            sent_away.fetch_add(1, Ordering::Relaxed)
                        }
                        other => panic!("{other}: {}", answer.body),
                    };
                }
            });
        }
        let began = Instant::now();
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let call = Instant::now();
            let answer = get(&running, &calm, "/v1/packages");
            assert_eq!(answer.status, 200, "{}", answer.body);
            slowest = slowest.max(call.elapsed());
            std::thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Ordering::Relaxed);
        let (sent_away, let_in) = (sent_away.load(Ordering::Relaxed), let_in.load(Ordering::Relaxed));
        assert!(sent_away > 50, "{sent_away}");
        // 20 at once and ten a second, by the clock of a busy machine.
        assert!(let_in <= 40 + 11 * began.elapsed().as_secs(), "{let_in} in {:?}", began.elapsed());
        assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    });
}

/// What is refused for its number is refused alike, whatever others have brought.
#[test]
fn attack_a_refusal_tells_whether_others_are_there() {
    let others = Rate { per_minute: 1, at_once: 1 };
    let refusal = |with_others: bool| {
        let running = Running::by(PROGRAMME, AdmissionSettings { others, ..rules() });
        if with_others {
            let client = running.partner("moedrehjaelpen");
            let package = package(&running.packages(), "moedrehjaelpen", 0..40, 1);
            upload(&client, &package, &package.signature().expect("signed"), |_| {}).expect("uploaded");
        }
        let bearer = running.bearer("lokk-it", Role::Partner, "lokk");
        assert_eq!(get(&running, &bearer, "/v1/packages").status, 200);
        let answer = get(&running, &bearer, "/v1/packages");
        assert_eq!(answer.status, 429);
        let seconds = asked(&answer);
        assert!((58..=90).contains(&seconds), "{seconds}");
        let changes = ["date", "retry-after", "kobling-request"];
        let headers: Vec<_> =
            answer.headers.into_iter().filter(|(name, _)| !changes.contains(&name.as_str())).collect();
        (headers, answer.body)
    };
    assert_eq!(refusal(false), refusal(true));
}

#[test]
fn attack_one_evaluator_fills_the_line_and_another_is_answered() {
    let running = Running::by(PROGRAMME, AdmissionSettings { questions_waiting_of_one: 4, ..rules() });
    let client = running.partner("lokk");
    let package = package(&running.packages(), "lokk", 0..200, 2);
    upload(&client, &package, &package.signature().expect("signed"), |_| {}).expect("uploaded");
    running.service.seal(&running.service.operator()).expect("sealed");
    let (flood, calm) =
        (running.bearer("flood", Role::Evaluator, "vive"), running.bearer("calm", Role::Evaluator, "vive"));
    let (stop, full) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let answer = ask(&running, &flood);
                    match answer.status {
                        200 => {}
                        503 => {
                            assert_eq!(answer.code(), "line-full");
                            assert!((5..=8).contains(&asked(&answer)));
                            full.fetch_add(1, Ordering::Relaxed);
                        }
                        429 => assert_eq!(answer.code(), "too-many-requests"),
                        other => panic!("{other}: {}", answer.body),
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(300));
        for n in 0..10 {
            let began = Instant::now();
            let answer = ask(&running, &calm);
            assert_eq!(answer.status, 200, "question {n}: {}", answer.body);
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(full.load(Ordering::Relaxed) > 0, "the line was never full: nothing was attacked");
}

/// A connection that says the beginning of something and then nothing.
fn hold(running: &Running, said: &str) -> TcpStream {
    let address = running.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("set");
    stream.write_all(said.as_bytes()).ok();
    stream
}

/// Whether the other end has closed it.
fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

#[test]
fn attack_every_connection_is_taken_and_held() {
    for said in ["", "GET /v1/packages HTTP/1.1\r\nHost: k\r\nX-Slow: "] {
        let running = Running::by(PROGRAMME, AdmissionSettings { connections_of_address: 20, ..rules() });
        let bearer = running.bearer("lokk-it", Role::Partner, "lokk");
        // Somebody is at work over a connection of long ago.
        let mut at_work = hold(&running, "");
        let call = format!("GET /v1/packages HTTP/1.1\r\nHost: k\r\nAuthorization: Bearer {bearer}\r\n\r\n");
        let answered = |stream: &mut TcpStream| {
            stream.write_all(call.as_bytes()).expect("written");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
            while stream.read(&mut [0; 4096]).is_ok_and(|read| read == 4096) {}
        };
        answered(&mut at_work);
        let mut held: Vec<TcpStream> = (0..100).map(|_| hold(&running, said)).collect();
        for _ in 0..5 {
            assert_eq!(get(&running, &bearer, "/v1/packages").status, 200);
        }
        answered(&mut at_work);
        assert!(is_closed(&mut held[0]), "the oldest of the flood made room");
        let open =
            held.iter_mut().rev().take(10).filter_map(|stream| (!is_closed(stream)).then_some(())).count();
        assert!(open >= 5, "{open} of the last ten: no more are ended than there is need for");
    }
}

#[test]
fn attack_slow_uploads_of_one_partner_take_the_turns_of_all() {
    let settings = AdmissionSettings { uploads_at_once: 6, uploads_at_once_of_one: 2, ..rules() };
    let running = Running::by(PROGRAMME, settings);
    let (_slow, quick) = (running.partner("lokk"), running.partner("moedrehjaelpen"));
    let bearer = running.bearer("lokk-slow", Role::Partner, "lokk");
    let mut held = Vec::new();
    for n in 0..8u64 {
        let package = package(&running.packages(), "lokk", n * 100..n * 100 + 40, 1);
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let body = serde_json::json!({ "manifest": manifest, "signature": signature }).to_string();
        let json = [("Content-Type", "application/json")];
        let opened = raw(&running.address, "POST", "/v1/uploads", Some(&bearer), &json, body.as_bytes());
        let id = serde_json::from_str::<serde_json::Value>(&opened.body).expect("JSON")["id"].clone();
        let id = id.as_str().unwrap_or_else(|| panic!("{}", opened.body));
        held.push(hold(
            &running,
            &format!(
                "PATCH /v1/uploads/{id} HTTP/1.1\r\nHost: k\r\nAuthorization: Bearer {bearer}\r\nTus-Resumable: 1.0.0\r\n\
                 Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 1000\r\n\r\nx"
            ),
        ));
    }
    assert!(held.iter_mut().all(|stream| !is_closed(stream)), "all of them wait or are under way");
    let package = package(&running.packages(), "moedrehjaelpen", 0..40, 1);
    let began = Instant::now();
    upload(&quick, &package, &package.signature().expect("signed"), |_| {}).expect("uploaded");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// The program of partners and evaluators waits as it is asked to, and goes on.
#[test]
fn the_client_comes_again_when_it_is_asked_to() {
    let others = Rate { per_minute: 60, at_once: 1 };
    let running = Running::by(PROGRAMME, AdmissionSettings { others, ..rules() });
    let client = running.client("lokk-it", Role::Partner, "lokk");
    let began = Instant::now();
    for _ in 0..4 {
        client.fetch("/v1/packages").unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(began.elapsed() >= Duration::from_secs(3), "one a second: {:?}", began.elapsed());
}

#[test]
fn every_answer_carries_an_id_of_its_own() {
    let running = Running::new();
    let bearer = running.bearer("lokk-it", Role::Partner, "lokk");
    let ids: std::collections::BTreeSet<String> = (0..20)
        .map(|_| get(&running, &bearer, "/v1/packages").header("kobling-request").expect("an id").to_owned())
        .collect();
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
}
