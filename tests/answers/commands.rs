//! The commands as people meet them, with kept answers and with a service that answers from a script.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::kit::{body, folder};

struct Run {
    status: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_LANG", "en")
        .args(arguments)
        .output()
        .expect("kobling runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run {
        status: output.status.code().expect("no signal"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[track_caller]
fn refused(arguments: &[&str], status: i32, message: &str) {
    let Run { status: found, out, err } = run(arguments);
    assert!(found == status && err.contains(message), "{arguments:?}: {found} {out} {err}");
}

fn kept(name: &str) -> String {
    folder().join(format!("{name}.json")).display().to_string()
}

#[test]
fn a_kept_answer_is_shown_in_every_form() {
    let funnel = kept("funnel");
    let shown = |form: &str| run(&["ask", "--answer", &funnel, "--lang", "da", "--format", form]);
    for (form, part) in [
        ("table", "Opsporet"),
        ("csv", "udsat,traced,120"),
        ("json", "\"sha256\""),
        ("markdown", "| Den udsatte |"),
        ("vega-lite", "vega-lite/v5.json"),
    ] {
        let Run { status, out, err } = shown(form);
        assert!(status == 0 && out.contains(part) && err.is_empty(), "{form}: {status} {out} {err}");
    }
    let danish = run(&["ask", "--answer", &funnel, "--format", "csv", "--csv", "danish", "--labels"]);
    assert!(danish.out.starts_with("\u{feff}role;role_label;"), "{}", danish.out);
    refused(&["ask", "--answer", &kept("reach"), "--format", "vega-lite"], 2, "no drawing");
}

#[test]
fn a_binary_form_goes_to_a_file_and_over_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    for form in ["xlsx", "parquet"] {
        let (answer, to) = (kept("survival"), path(form));
        let mut arguments = vec!["ask", "--answer", &answer, "--format", form];
        if cfg!(not(feature = "formats")) {
            arguments.extend(["--output", &to]);
            refused(&arguments, 2, "without the feature `formats`");
            assert!(!Path::new(&to).exists());
            continue;
        }
        refused(&arguments, 2, "--output FILE");
        arguments.extend(["--output", &to]);
        assert_eq!(run(&arguments).status, 0);
        let first = std::fs::read(&to).expect("a file");
        assert!(first.starts_with(if form == "xlsx" { b"PK\x03\x04" } else { b"PAR1" }));
        refused(&arguments, 3, "--replace");
        arguments.push("--replace");
        assert_eq!(run(&arguments).status, 0);
        assert_eq!(std::fs::read(&to).expect("a file"), first, "the same bytes again");
    }
}

#[test]
fn a_changed_answer_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("changed.json").display().to_string();
    let verified = run(&["ask", "--verify", &kept("costs")]);
    assert!(verified.status == 0 && verified.out.contains("as it was released"), "{}", verified.out);
    std::fs::write(&path, body("costs").replacen("85", "95", 1)).expect("written");
    refused(&["ask", "--verify", &path], 3, "was changed");
    refused(&["ask", "--answer", &path], 3, "was changed");
    std::fs::write(&path, "{}").expect("written");
    refused(&["ask", "--verify", &path], 3, "no single member sha256");
    let file_that_is_not = path.replace("changed", "nowhere");
    refused(&["ask", "--verify", &file_that_is_not], 3, "nowhere.json");
}

#[test]
fn what_does_not_fit_together_is_said() {
    refused(&["ask"], 2, "what is asked?");
    refused(&["ask", "reach"], 2, "--period");
    refused(
        &["ask", "reach", "--period", "2022-Q1..2022-Q4"],
        2,
        "give --service or write service in kobling.toml",
    );
    refused(&["ask", "--answer", &kept("reach"), "--answer", &kept("funnel")], 2, "--report FILE");
    refused(&["ask", "reach", "funnel", "--period", "2022-Q1"], 2, "--report FILE");
    refused(&["ask", "--answer", &kept("reach"), "--period", "2022-Q1"], 2, "cannot be used with");
    refused(&["ask", "--title", "T", "reach"], 2, "--report");
}

/// A service that answers each request with the next of some answers; gives back what it was sent.
fn scripted(answers: Vec<(u16, String)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = std::thread::spawn(move || {
        let answer = |(status, body): (u16, String)| {
            let (mut stream, _) = listener.accept().expect("a caller");
            let (mut heard, mut buffer) = (String::new(), [0; 4096]);
            loop {
                let length = heard.to_ascii_lowercase();
                let length = length.split_once("content-length: ").map_or(0, |(_, rest)| {
                    rest.split("\r\n").next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0)
                });
                if heard.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length) {
                    break;
                }
                let read = stream.read(&mut buffer).expect("a request");
                assert!(read > 0, "the caller went away: {heard}");
                heard += &String::from_utf8_lossy(&buffer[..read]);
            }
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("sent");
            heard
        };
        answers.into_iter().map(answer).collect()
    });
    (address, heard)
}

struct Evaluator(tempfile::TempDir);

impl Evaluator {
    fn new() -> Evaluator {
        let folder = tempfile::tempdir().expect("a folder");
        let token = folder.path().join("token");
        kobling::key::private::write_new(&token, b"kobling-token-1.made-up\n").expect("written");
        Evaluator(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn run(&self, address: &str, arguments: &[&str]) -> Run {
        let token = self.path("token");
        run(&[arguments, &["--service", address, "--token-file", &token]].concat())
    }
}

#[test]
fn a_list_of_questions_becomes_one_page() {
    let evaluator = Evaluator::new();
    let (list, page) = (evaluator.path("asks.toml"), evaluator.path("page.html"));
    let text = "title = \"Kvartalsrapport\"\nperiod = \"2022-Q1..2022-Q4\"\n[[ask]]\nquestion = \"funnel\"\nby = [\"role\"]\npopulation = \"exposed\"\n[[ask]]\nquestion = \"overlap\"\n";
    std::fs::write(&list, text).expect("written");
    let (address, heard) = scripted(vec![(200, body("funnel")), (200, body("overlap"))]);
    let done = evaluator.run(&address, &["ask", "--from", &list, "--report", &page, "--lang", "da"]);
    assert_eq!(done.status, 0, "{}", done.err);
    let heard = heard.join().expect("heard");
    assert!(
        heard[0].starts_with("POST /v1/questions/funnel ") && heard[0].contains("\"population\":\"exposed\"")
    );
    assert!(
        heard[1].starts_with("POST /v1/questions/overlap ") && heard[1].contains("\"by\":[]"),
        "{}",
        heard[1]
    );
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("<h1>Kvartalsrapport</h1>") && page.contains("Q8 Kendt flere steder"));
}

#[test]
fn a_refusal_says_what_there_is_in_the_language_asked_for() {
    let evaluator = Evaluator::new();
    let problem = r#"{"type":"urn:kobling:problem:dimension","title":"no such dimension","status":422,"code":"dimension",
        "detail":"this question may be broken down by role, municipality","advice":"take one of these"}"#;
    for (lang, words) in
        [("da", "tjenesten afviste spørgsmålet reach"), ("en", "the service refused the question reach")]
    {
        let (address, heard) = scripted(vec![(422, problem.to_owned())]);
        let arguments = ["ask", "reach", "--by", "colour", "--period", "2022-Q1", "--lang", lang];
        let Run { status, err, .. } = evaluator.run(&address, &arguments);
        heard.join().expect("heard");
        assert_eq!(status, 5, "{err}");
        for part in [
            words,
            "dimension",
            "broken down by role, municipality",
            "take one of these",
            "kobling questions",
        ] {
            assert!(err.contains(part), "{part}: {err}");
        }
    }
}

#[test]
fn a_refusal_that_has_danish_words_is_read_in_danish() {
    let evaluator = Evaluator::new();
    let problem = r#"{"type":"urn:kobling:problem:x","title":"no such dimension","status":422,"code":"x","advice":"take one",
        "da":{"title":"ingen sådan dimension","advice":"tag en anden"}}"#;
    for (lang, said, unsaid) in [
        ("da", ["ingen sådan dimension", "råd: tag en anden"], "no such dimension"),
        ("en", ["no such dimension", "advice: take one"], "ingen sådan"),
    ] {
        let (address, heard) = scripted(vec![(422, problem.to_owned())]);
        let arguments = ["ask", "reach", "--by", "colour", "--period", "2022-Q1", "--lang", lang];
        let Run { err, .. } = evaluator.run(&address, &arguments);
        heard.join().expect("heard");
        assert!(said.iter().all(|part| err.contains(part)) && !err.contains(unsaid), "{err}");
    }
}

#[test]
fn questions_are_listed() {
    let evaluator = Evaluator::new();
    let list = r#"[{"id":"reach","number":"Q1","title":{"da":"Hvem nås","en":"Reach"},"definition":{"da":"Hvem.","en":"Who."},
        "by":["role","quarter"],"populations":["exposed"],"kind":"reach","unit":"person","audience":"evaluator","standing":true}]"#;
    let (address, heard) = scripted(vec![(200, list.to_owned()), (200, list.to_owned())]);
    let shown = evaluator.run(&address, &["questions", "--lang", "da"]);
    assert_eq!(shown.status, 0, "{}", shown.err);
    for part in ["Hvem nås", "role, quarter", "exposed", "Fast rapport", "ja", "Q1 reach: Hvem."] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    assert_eq!(evaluator.run(&address, &["questions", "--format", "json"]).out.trim_end(), list);
    assert!(heard.join().expect("heard")[0].starts_with("GET /v1/questions "));
}
