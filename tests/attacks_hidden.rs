//! Attacks on what is hidden, channel by channel: two services that differ in hidden cells alone are the same to whoever
//! asks. One holds 0 persons in one cell and 7 in another, the next has them changed over; each test is also shown a
//! world in which a cell has 8, and tells it from 7.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kit::{Raw, Running, consent, linkage_key, package_of, raw, signing_key};
use kobling::auth::Role;
use kobling::client::upload;
use kobling::clock::Day;

/// Persons by municipality of one world, each known by one contact with a case number of its own.
type Municipalities = [(&'static str, u64); 5];

/// 102 persons; two cells of 0 and 7, hidden.
const ZERO_SEVEN: Municipalities = [("101", 40), ("147", 30), ("155", 0), ("185", 7), ("Andet", 25)];
/// The same changed over: the same total, the same shown cells.
const SEVEN_ZERO: Municipalities = [("101", 40), ("147", 30), ("155", 7), ("185", 0), ("Andet", 25)];
/// The seven divided.
const THREE_FOUR: Municipalities = [("101", 40), ("147", 30), ("155", 3), ("185", 4), ("Andet", 25)];
/// One of them is 8, and 102 all the same: what every comparison here has to notice.
const EIGHT: Municipalities = [("101", 39), ("147", 30), ("155", 8), ("185", 0), ("Andet", 25)];

const PERIOD: &str = "2022-Q1..2022-Q4";

/// A service with everybody's yes and packages of two partners, who have half of every cell each, sealed.
struct World {
    running: Running,
    vive: String,
    steward: String,
}

impl World {
    fn new(persons: &Municipalities) -> World {
        let running = Running::new();
        let partners = ["lokk", "mandecentret"].map(|id| (id, running.partner(id)));
        let vive = running.bearer("vive-1", Role::Evaluator, "vive");
        let steward = running.bearer("steward", Role::Steward, "styregruppe");
        let head = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n";
        let mut sent = [(head.to_owned(), Vec::new()), (head.to_owned(), Vec::new())];
        let mut n = 0;
        for (municipality, persons) in persons {
            for _ in 0..*persons {
                // The day tells nothing of the municipality: the same number of persons on each, in every world.
                let day = Day::from_ymd(2022, 1, 1).expect("a day");
                let (y, m, d) = day.plus(i32::try_from(n * 7 % 350).expect("small")).ymd();
                let cpr = kit::cpr(n);
                let at = usize::from(n % 2 == 1);
                let (text, consents) = &mut sent[at];
                *text += &format!("{cpr};S-{n};{d:02}-{m:02}-{y};Kontakt;Voldsudsat;{municipality}\r\n");
                consents.push(consent(partners[at].0, n, "given", "2022-01-01T08:00:00Z"));
                n += 1;
            }
        }
        assert_eq!(n, 102);
        for ((id, client), (text, consents)) in partners.iter().zip(&sent) {
            client.record_consents(linkage_key().id(), consents, &signing_key(id)).expect("recorded");
            let package = package_of(&running.packages(), id, text, &linkage_key());
            let signature = package.signature().expect("signed");
            upload(client, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
        }
        running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
        let world = World { running, vive, steward };
        assert_eq!(world.send("POST", "/v1/seals", &world.steward, &[]).status, 201);
        world
    }

    fn send(&self, method: &str, path: &str, bearer: &str, body: &[u8]) -> Raw {
        raw(&self.running.address, method, path, Some(bearer), &[], body)
    }

    fn ask(&self, question: &str, by: &[&str], population: Option<&str>) -> Raw {
        let body = serde_json::json!({ "by": by, "period": PERIOD, "population": population });
        let path = format!("/v1/questions/{question}");
        self.send("POST", &path, &self.vive, body.to_string().as_bytes())
    }

    /// The next day, on which kept answers do not count any more and every cell is held against the ledger.
    fn next_day(&self) {
        self.running.clock.set("2025-06-03T08:00:00Z".parse().expect("an instant"));
    }

    /// Everything that comes back, byte for byte: status, headers in their order but for the date, body.
    fn everything(&self) -> Vec<String> {
        let mut heard = Vec::new();
        let mut hear = |what: &str, raw: Raw| {
            let headers: Vec<_> =
                raw.headers.iter().filter(|(name, _)| name != "date" && name != "kobling-request").collect();
            heard.push(format!("{what}\n{}\n{headers:?}\n{}", raw.status, raw.body));
        };
        for _day in 0..2 {
            for _again in 0..2 {
                for (question, by, population) in ASKED {
                    hear(&format!("{question} {by:?} {population:?}"), self.ask(question, by, *population));
                }
            }
            self.next_day();
        }
        for path in ["/v1/snapshots", "/v1/reports", "/v1/quality", "/v1/questions"] {
            hear(path, self.send("GET", path, &self.vive, &[]));
        }
        hear("log", self.send("GET", "/v1/answers/log", &self.steward, &[]));
        heard
    }
}

/// Single tables and what they share margins with; questions that are refused too.
const ASKED: &[(&str, &[&str], Option<&str>)] = &[
    ("reach", &[], None),
    ("reach", &["municipality"], None),
    ("reach", &["municipality", "role"], None),
    ("reach", &["municipality", "quarter"], None),
    ("reach", &["municipality"], Some("exposed")),
    ("reach", &["municipality"], Some("using")),
    ("funnel", &["municipality"], None),
    ("overlap", &[], None),
    ("quality", &[], None),
    ("reach", &["colour"], None),
    ("nothing", &[], None),
];

/// Captured log lines are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows by municipality as `reach` shows them.
fn shown(raw: &Raw) -> Vec<serde_json::Value> {
    let answer: serde_json::Value = serde_json::from_str(&raw.body).expect("JSON");
    answer["table"]["rows"].as_array().expect("rows").iter().map(|row| row["figures"][0].clone()).collect()
}

#[test]
fn attack_body_status_size_headers_and_order_tell_zero_from_seven() {
    let _alone = alone();
    let worlds = [ZERO_SEVEN, SEVEN_ZERO, THREE_FOUR].map(|persons| World::new(&persons).everything());
    for world in &worlds[1..] {
        for (one, other) in worlds[0].iter().zip(world) {
            assert_eq!(one, other);
        }
        assert_eq!(worlds[0].len(), world.len());
    }
    let answer = &worlds[0][1];
    let names: Vec<&str> = ["content-type", "cache-control", "content-length"].into();
    let headers = answer.lines().nth(2).expect("headers");
    assert!(names.iter().all(|name| headers.contains(name)), "{headers}");
    assert_eq!(headers.matches("\", \"").count(), names.len(), "no other header: {headers}");
}

/// The comparison above has power: of a cell that may be shown, everything it looks at differs.
#[test]
fn the_comparison_tells_eight_from_seven() {
    let _alone = alone();
    let (seven, eight) = (World::new(&SEVEN_ZERO), World::new(&EIGHT));
    let of = |world: &World| shown(&world.ask("reach", &["municipality"], None));
    let (of_seven, of_eight) = (of(&seven), of(&eight));
    let hidden = serde_json::json!({ "hidden": true });
    assert!(of_seven.contains(&serde_json::json!({ "count": 40 })), "{of_seven:?}");
    let differ: Vec<_> = of_seven.iter().zip(&of_eight).filter(|(one, other)| one != other).collect();
    assert_eq!(differ, [(&hidden, &serde_json::json!({ "count": 10 }))], "{of_seven:?} {of_eight:?}");
    let (seven, eight) = (seven.everything(), eight.everything());
    let differing = seven.iter().zip(&eight).filter(|(one, other)| one != other).count();
    assert!(differing > 1, "bodies, and the log's numbers of rows shown");
    assert_ne!(seven.last(), eight.last(), "the log");
}

/// Everything that the service writes down, at the most verbose level, of this process.
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&kept);
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .without_time()
            .with_ansi(false)
            .with_writer(move || Log(Arc::clone(&writer)))
            .init();
        kept
    })
}

/// The log of what a step does, line by line.
fn logged(step: impl FnOnce()) -> Vec<String> {
    let kept = log();
    kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    step();
    let bytes = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8(bytes).expect("text").lines().map(without_id_and_time).collect()
}

/// A line without a request's id, which is random, and without when it was answered: at a tick, which `http::pace` holds.
fn without_id_and_time(line: &str) -> String {
    let words = line.split(' ').filter(|word| !word.starts_with("id=") && !word.starts_with("ms="));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn attack_the_log_at_its_most_verbose_tells_zero_from_seven() {
    let _alone = alone();
    log();
    let of = |persons: &Municipalities| {
        let world = World::new(persons);
        logged(|| drop(world.everything()))
    };
    let (zero, seven) = (of(&ZERO_SEVEN), of(&SEVEN_ZERO));
    assert!(zero.len() >= 2 * 2 * ASKED.len(), "every request is logged: {}", zero.len());
    assert_eq!(zero, seven);
    // Whoever logged a count would be seen: one planted line is.
    let planted = |hidden: u64| logged(|| tracing::trace!(hidden, "a cell"));
    assert_eq!(planted(7), planted(7));
    assert_ne!(planted(0), planted(7));
}

/// The rows of a table of the store, as text.
fn stored(world: &World, table: &str) -> Vec<String> {
    let db = kit::database(&world.running.data(), &kit::service_key());
    let mut query = db.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).expect("a table");
    let columns = query.column_count();
    let rows = query.query_map([], |row| {
        let cells = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
        Ok(format!("{:?}", cells.collect::<Result<Vec<_>, _>>()?))
    });
    rows.expect("rows").collect::<Result<Vec<_>, _>>().expect("rows")
}

#[test]
fn attack_kept_answers_and_the_stewards_log_in_the_store_tell_zero_from_seven() {
    let _alone = alone();
    let [zero, seven, eight] = [ZERO_SEVEN, SEVEN_ZERO, EIGHT].map(|persons| {
        let world = World::new(&persons);
        world.everything();
        world
    });
    for table in ["answers", "answer_log", "answered", "reports", "statements"] {
        assert_eq!(stored(&zero, table), stored(&seven, table), "{table}");
    }
    assert!(!stored(&zero, "answers").is_empty() && !stored(&zero, "answer_log").is_empty());
    for table in ["answers", "answer_log"] {
        assert!(stored(&seven, table) != stored(&eight, table), "{table} tells 8 from 7");
    }
}

/// Attack: an evaluator holds a clock against a new answer, a kept one, a refusal of what is not registered, and one of its
/// role. All of them leave at ticks; requests that are counted from no row do not wait.
#[test]
fn attack_a_kept_answer_or_a_refusal_comes_sooner_than_a_new_one() {
    let _alone = alone();
    let world = World::new(&ZERO_SEVEN);
    let tick = kobling::limits::ANSWER_TICK;
    let took = |step: &dyn Fn()| {
        let begun = Instant::now();
        step();
        begun.elapsed()
    };
    let steps: [(&str, &dyn Fn()); 5] = [
        ("new", &|| drop(world.ask("reach", &["municipality"], None))),
        ("kept", &|| drop(world.ask("reach", &["municipality"], None))),
        ("refused", &|| drop(world.ask("nothing", &[], None))),
        ("not theirs", &|| drop(world.send("POST", "/v1/questions/reach", &world.steward, b"{}"))),
        ("reports", &|| drop(world.send("GET", "/v1/reports", &world.vive, &[]))),
    ];
    for (what, step) in steps {
        // What a request takes besides stands before the tick begins; it is not shorter than one.
        assert!(took(step) >= tick, "{what}");
    }
    let least = (0..5).map(|_| took(&|| drop(world.send("GET", "/v1/questions", &world.vive, &[])))).min();
    assert!(least.expect("measured") < tick, "what is counted from no row leaves at once");
}

/// A measurement, not a test: `cargo test --test attacks_hidden -- --ignored --nocapture`. Medians of the time that the
/// service takes inside, before its ticks, and over HTTP with them.
#[test]
#[ignore = "a measurement: its figures are in docs/BENCHMARKS.md"]
#[expect(clippy::print_stdout, reason = "a measurement prints its figures")]
fn time_of_answers_with_hidden_cells() {
    let _alone = alone();
    let worlds = [("0 and 7", World::new(&ZERO_SEVEN)), ("7 and 0", World::new(&SEVEN_ZERO))];
    let periods: Vec<String> = (1..=4)
        .flat_map(|from| (from..=4).map(move |to| format!("2022-Q{from}..2022-Q{to}")))
        .chain((2021..2025).flat_map(|year| (1..=4).map(move |q| format!("{year}-Q{q}..2024-Q4"))))
        .collect();
    let vive = kobling::auth::Principal {
        id: "vive-1".parse().expect("a name"),
        name: "vive-1".to_owned(),
        role: Role::Evaluator,
        organisation: "vive".parse().expect("a name"),
        person: None,
    };
    let questions: [&[&str]; 4] =
        [&[], &["municipality"], &["municipality", "role"], &["municipality", "quarter"]];
    let mut inside: Vec<(String, Vec<Duration>)> = Vec::new();
    let mut outside: Vec<(String, Vec<Duration>)> = Vec::new();
    let keep = |into: &mut Vec<(String, Vec<Duration>)>, what: String, took: Duration| match into
        .iter_mut()
        .find(|(of, _)| *of == what)
    {
        Some((_, all)) => all.push(took),
        None => into.push((what, vec![took])),
    };
    let half = periods.len() / 2;
    for day in ["new", "held"] {
        for (at, period) in periods.iter().enumerate() {
            for by in questions {
                // Turn by turn, so that whatever else the machine does falls on both alike.
                for (world, of) in &worlds {
                    let ask = serde_json::json!({ "by": by, "period": period });
                    if at < half {
                        let mut ask = ask.clone();
                        ask["question"] = "reach".into();
                        let ask = serde_json::from_value(ask).expect("an ask");
                        let begun = Instant::now();
                        of.running.service.ask(&vive, &ask).expect("an answer");
                        keep(&mut inside, format!("{day}, {world}"), begun.elapsed());
                    } else {
                        let body = ask.to_string();
                        let begun = Instant::now();
                        let raw = of.send("POST", "/v1/questions/reach", &of.vive, body.as_bytes());
                        keep(&mut outside, format!("{day}, {world}"), begun.elapsed());
                        assert_eq!(raw.status, 200);
                    }
                }
            }
        }
        worlds.iter().for_each(|(_, world)| world.next_day());
    }
    for (place, mut figures) in [("inside", inside), ("over HTTP", outside)] {
        let mut first = None;
        for (what, all) in &mut figures {
            all.sort_unstable();
            let median = all[all.len() / 2].as_secs_f64() * 1000.0;
            let ratio = median / *first.get_or_insert(median);
            println!("{place:10} {what:16} median of {:3}: {median:8.2} ms, ratio {ratio:.3}", all.len());
        }
    }
}
