//! The second listener and the log, of the real program: what they say, and what they never say.

#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kit::{PROGRAMME, cpr, linkage_key, programme, raw};
use kobling::auth::{Principal, Role};
use kobling::clock::{Clock as _, SystemClock};
use kobling::http::METRICS;
use kobling::key::{Example, ServiceKey};
use kobling::secret::{SeededRandom, SystemRandom};
use kobling::service::{CHECKS, Service};

/// The fields that docs/WATCHING.md lists.
fn listed() -> Vec<String> {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/WATCHING.md")).expect("the page");
    let section = page.split("\n## The log\n").nth(1).expect("a section on the log");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|line| line.split('|').nth(1).expect("a cell"));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
}

struct Served {
    child: Child,
    address: String,
    seen: String,
    bearer: String,
    dir: tempfile::TempDir,
}

impl Served {
    /// The program over a new folder, with more in its settings file.
    fn new(settings: &str, journal: bool) -> Served {
        let dir = tempfile::tempdir().expect("a folder");
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let (data, key_file) = (dir.path().join("data"), dir.path().join("service.key"));
        key.save(&key_file, SystemClock.now()).expect("written");
        let again = ServiceKey::load(&key_file, Example::Refuse).expect("read");
        Service::initialise(&data, programme(), PROGRAMME, linkage_key().id(), &key, SystemClock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let service =
            Service::open(&data, again, std::sync::Arc::new(SystemClock), Box::new(SystemRandom::new()))
                .unwrap_or_else(|error| panic!("{error}"));
        let principal = Principal {
            id: "inge-hansen".parse().expect("a name"),
            name: "Inge Hansen".to_owned(),
            role: Role::Partner,
            organisation: "lokk".parse().expect("a name"),
            person: None,
        };
        let token = service.add_principal(&principal).unwrap_or_else(|error| panic!("{error}"));
        let bearer = token.text("test").to_string();
        drop(service);
        let config = dir.path().join("koblingd.toml");
        let text = format!(
            "[service]\ndata = \"data\"\nservice_key = \"service.key\"\nlisten = \"127.0.0.1:0\"\n{settings}"
        );
        std::fs::write(&config, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
        command.args(["serve", "--metrics-listen", "127.0.0.1:0", "--config"]).arg(&config);
        command.env("KOBLING_LANG", "en").env_remove("JOURNAL_STREAM");
        if journal {
            command.env("JOURNAL_STREAM", "8:1");
        }
        let log = std::fs::File::create(dir.path().join("log")).expect("a file");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut line = || lines.next().expect("a line").expect("text");
        let seen = line().strip_prefix("figures and health on ").expect("where").to_owned();
        let address = line().strip_prefix("listening on ").expect("where").to_owned();
        Served { child, address, seen, bearer, dir }
    }

    /// What was written until it ended.
    fn log(mut self) -> String {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status().expect("run");
        assert!(stopped.success());
        self.child.wait().expect("ended");
        read(&self.dir.path().join("log"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(path: &Path) -> String {
    let mut text = String::new();
    std::fs::File::open(path).expect("opened").read_to_string(&mut text).expect("UTF-8");
    text
}

#[test]
fn who_watches_sees_the_machine_and_a_canary_that_sings() {
    let served = Served::new("", false);
    for path in ["/health/started", "/health/live"] {
        assert_eq!(raw(&served.seen, "GET", path, None, &[], &[]).status, 200, "{path}");
    }
    let ready = raw(&served.seen, "GET", "/health/ready", None, &[], &[]);
    let body: serde_json::Value = serde_json::from_str(&ready.body).expect("JSON");
    assert_eq!((ready.status, &body["ready"]), (200, &serde_json::json!(true)), "{body}");
    let checks: Vec<&str> = body["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter_map(|check| check["check"].as_str())
        .collect();
    assert_eq!(checks, CHECKS);
    for _ in 0..3 {
        assert_eq!(raw(&served.address, "GET", "/v1/packages", Some(&served.bearer), &[], &[]).status, 200);
    }
    let metrics = raw(&served.seen, "GET", "/metrics", None, &[], &[]);
    assert!(
        metrics.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    for (name, _) in METRICS {
        assert!(metrics.body.contains(&format!("# TYPE {name} ")), "{name}\n{}", metrics.body);
    }
    for line in ["kobling_ready 1.0", "kobling_requests_total{kind=\"other\",status=\"2xx\"} 3", "# EOF"] {
        assert!(metrics.body.contains(line), "{line}\n{}", metrics.body);
    }
    assert!(!metrics.body.contains("inge-hansen") && !metrics.body.contains("lokk"));
    // The way in has no figures, and the way to look has no data.
    assert_eq!(raw(&served.address, "GET", "/metrics", None, &[], &[]).status, 404);
    assert_eq!(raw(&served.seen, "GET", "/v1/packages", Some(&served.bearer), &[], &[]).status, 404);
}

#[test]
fn a_disk_that_is_nearly_full_is_not_ready_and_says_what_to_do() {
    let served = Served::new("[metrics]\nleast_free_bytes = 9223372036854775807\n", false);
    let ready = raw(&served.seen, "GET", "/health/ready", None, &[], &[]);
    let body: serde_json::Value = serde_json::from_str(&ready.body).expect("JSON");
    assert_eq!((ready.status, &body["ready"]), (503, &serde_json::json!(false)));
    let problems: Vec<&serde_json::Value> =
        body["checks"].as_array().expect("checks").iter().filter(|check| check["well"] == false).collect();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0]["check"], "disk");
    assert!(problems[0]["problem"].as_str().is_some_and(|problem| problem.contains("make some")));
    assert!(
        raw(&served.seen, "GET", "/metrics", None, &[], &[]).body.contains("kobling_check{check=\"disk\"} 0")
    );
}

#[test]
fn attack_what_comes_with_a_request_is_read_off_the_log() {
    let served = Served::new("[admission]\nfailures = { per_minute = 6, at_once = 30 }\n", false);
    let (address, bearer, number) = (served.address.clone(), served.bearer.clone(), cpr(1));
    let wrong = format!("kobling-token-1.{}", "Q".repeat(43));
    let mut ids = Vec::new();
    let mut call = |method: &str, path: &str, bearer: Option<&str>, body: &[u8]| {
        let header =
            [("Content-Type", "application/json"), ("X-Needle", number.as_str()), ("User-Agent", &number)];
        let answer = raw(&address, method, path, bearer, &header, body);
        ids.extend(answer.header("kobling-request").map(str::to_owned));
        answer.status
    };
    let secret = format!("{{\"cpr\": \"{number}\"}}");
    assert_eq!(call("GET", &format!("/v1/uploads/{number}/receipt?cpr={number}"), Some(&bearer), &[]), 404);
    assert_eq!(call("GET", &format!("/{number}"), Some(&bearer), &[]), 404);
    assert_eq!(call("POST", "/v1/consents", Some(&bearer), secret.as_bytes()), 422);
    assert_eq!(call("POST", "/v1/uploads", Some(&bearer), secret.as_bytes()), 400);
    assert_eq!(call("GET", &format!("/da/questions?cpr={number}"), None, &[]), 200);
    for _ in 0..40 {
        call("GET", "/v1/packages", Some(&wrong), &[]);
    }
    assert!(ids.len() > 40);
    let log = served.log();
    // What is looked for is found where it is.
    assert!(
        secret.contains(&number) && log.contains(&ids[0]) && log.contains("\"too-many-failures\""),
        "{log}"
    );
    assert!(log.contains("\"address\":\"127.0.0.1\""), "{log}");
    let token = bearer.trim_start_matches("kobling-token-1.");
    for needle in [number.as_str(), token, "QQQQQQQQ", "inge", "Inge", "cpr"] {
        assert!(!log.contains(needle), "{needle} stands in the log:\n{log}");
    }
    let listed = listed();
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for field in line.as_object().expect("an object").keys() {
            assert!(listed.contains(field), "{field} is not in docs/WATCHING.md");
        }
    }
    for field in ["timestamp", "level", "message", "id", "method", "route", "status", "ms", "code", "address"]
    {
        assert!(listed.iter().any(|listed| listed == field), "{field}");
    }
}

#[test]
fn the_journal_reads_the_level_off_each_line_and_less_can_be_written() {
    let served = Served::new("", true);
    raw(&served.address, "GET", "/v1/health", None, &[], &[]);
    let log = served.log();
    assert!(log.lines().count() > 0 && log.lines().all(|line| line.starts_with("<6>{")), "{log}");
    let served = Served::new("[log]\nlevel = \"warn\"\n", true);
    raw(&served.address, "GET", "/v1/health", None, &[], &[]);
    assert_eq!(served.log(), "");
}

/// The rules that wake somebody name figures that there are.
#[test]
fn the_rules_for_prometheus_name_figures_that_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/prometheus/kobling.rules.yml");
    let rules = read(Path::new(path));
    let mut named = 0;
    for line in rules.lines().filter(|line| line.trim_start().starts_with("expr:")) {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.starts_with("kobling_")) {
            let name = word.strip_suffix("_total").unwrap_or(word);
            assert!(METRICS.iter().any(|(listed, _)| *listed == name), "{word}");
            named += 1;
        }
    }
    assert!(named >= 8, "{named}");
    assert_eq!(
        rules.matches("- alert:").count(),
        rules.matches("          do:").count(),
        "each says what to do"
    );
}
