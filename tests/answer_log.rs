//! The steward's log over HTTP and by its command: paged, filtered, for whom it is.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

use std::process::Command;

use kit::{Running, consent, linkage_key, package, raw, signing_key};
use kobling::auth::Role;
use kobling::client::upload;

/// A service with one package sealed, of which everybody said yes.
fn sealed() -> Running {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let yes: Vec<_> = (0..40).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(linkage_key().id(), &yes, &signing_key("lokk")).expect("recorded");
    let package = package(&running.packages(), "lokk", 0..40, 1);
    let signature = package.signature().expect("signed");
    upload(&lokk, &package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    running.service.seal(&running.service.operator()).unwrap_or_else(|error| panic!("{error}"));
    running
}

#[test]
fn the_steward_pages_through_every_answer_and_the_command_lists_them() {
    let running = sealed();
    let vive = running.bearer("vive-1", Role::Evaluator, "vive");
    let steward = running.bearer("steward", Role::Steward, "styregruppe");
    let ask = |question: &str, body: &str| {
        let path = format!("/v1/questions/{question}");
        raw(&running.address, "POST", &path, Some(&vive), &[], body.as_bytes())
    };
    let made = running.service.store().answer_log(&Default::default(), 1000).expect("the log").len();
    for quarter in ["2022-Q1", "2022-Q2", "2022-Q3"] {
        let body = format!("{{\"by\":[\"role\",\"municipality\"],\"period\":\"{quarter}\"}}");
        assert_eq!(ask("reach", &body).status, 200);
    }
    assert_eq!(ask("funnel", "{\"period\":\"2022-Q1..2022-Q4\",\"population\":\"exposed\"}").status, 200);
    let read = |query: &str, bearer: &str| {
        raw(&running.address, "GET", &format!("/v1/answers/log{query}"), Some(bearer), &[], &[])
    };
    let lines = |query: &str| {
        let page: serde_json::Value = serde_json::from_str(&read(query, &steward).body).expect("JSON");
        (page["lines"].as_array().expect("lines").clone(), page["next"].clone())
    };
    let (all, next) = lines("?since=2025-06-02");
    assert_eq!((all.len(), next), ((made + 4).min(200), serde_json::Value::Null));
    assert_eq!((&all[0]["question"], &all[0]["population"]), (&"funnel".into(), &"exposed".into()));
    assert_eq!(all[1]["by"], serde_json::json!(["municipality", "role"]), "in one order");
    assert_eq!(all[1]["period"], "2022-Q3..2022-Q3");
    let before = all[1]["number"].as_u64().expect("a number");
    let (older, _) = lines(&format!("?before={before}&question=reach"));
    assert_eq!(older.iter().filter(|line| line["given"] == "answer").count(), 2);
    assert!(lines("?since=2025-06-03").0.is_empty());
    assert_eq!(read("?since=yesterday", &steward).status, 422);
    let auditor = running.bearer("auditor", Role::Auditor, "rigsrevisionen");
    assert_eq!(read("", &auditor).status, 200);
    assert_eq!((read("", &vive).status, read("", "x").status), (403, 401));

    let file = running.dir.path().join("steward.token");
    kit::write_private(&file, format!("{steward}\n"));
    let run = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .arg("answers")
            .args(arguments)
            .args(["--service", &running.address, "--token-file"])
            .arg(&file)
            .output()
            .expect("run");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("UTF-8")
    };
    let table = run(&["--question", "reach", "--limit", "3", "--lang", "da"]);
    assert!(
        table.contains("Spørgsmål") && table.contains("vive/vive-1") && table.contains("municipality, role"),
        "{table}"
    );
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&run(&["--since", "2025-06-02", "--format", "json"])).expect("JSON");
    assert_eq!(listed, all, "as the service gave them");
    let csv = run(&["--format", "csv", "--limit", "2"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<_> = reader.records().map(|record| record.expect("CSV")).collect();
    assert_eq!(records.len(), 2);
    assert_eq!(&records[0][15], all[0]["sha256"].as_str().expect("a digest"));
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let running = sealed();
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let vive = running.client("vive-1", Role::Evaluator, "vive");
    let reach = "reach".parse().expect("a name");
    for _ in 0..5 {
        vive.ask(&reach, &serde_json::json!({ "by": [], "period": "2022-Q1" })).expect("an answer");
    }
    let (mut numbers, mut path) = (Vec::new(), "/v1/answers/log".to_owned());
    let store = running.service.store();
    let all = store.answer_log(&Default::default(), u32::MAX).expect("the log");
    loop {
        let page: serde_json::Value =
            serde_json::from_slice(&steward.fetch(&path).expect("a page")).expect("JSON");
        let lines = page["lines"].as_array().expect("lines");
        assert!(lines.len() <= 200);
        numbers.extend(lines.iter().map(|line| line["number"].as_u64().expect("a number")));
        let Some(next) = page["next"].as_u64() else { break };
        path = format!("/v1/answers/log?before={next}");
    }
    assert!(numbers.iter().copied().eq(all.iter().map(|line| line.seq)), "{numbers:?}");
    assert!(all.windows(2).all(|pair| pair[0].seq == pair[1].seq + 1), "newest first, without gaps");
}
