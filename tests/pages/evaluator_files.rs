//! An answer's files are what the API and `kobling ask` give; what is to be copied runs as it stands.

use std::path::Path;
use std::process::Command;

use kobling::answer::{Answer, AskList, CsvForm, Report, verify};
use kobling::language::Language;

use crate::evaluator_world::{PERIOD, World, fetched};
use crate::kit::write_private;

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {wrong}");
    output.stdout
}

/// `kobling ask` of the same question, with more arguments.
fn kobling(world: &World, dir: &Path, more: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    command.current_dir(dir).env("KOBLING_LANG", "da");
    command.args([
        "ask",
        "reach",
        "--by",
        "municipality",
        "--period",
        PERIOD,
        "--service",
        &world.running.address,
    ]);
    command.args(["--token-file", "evaluator.token"]).args(more);
    run(&mut command)
}

#[test]
fn files_are_what_the_api_and_the_command_give() {
    let world = World::new();
    let browser = world.browser("da", &world.vive);
    let dir = tempfile::tempdir().expect("a folder");
    write_private(dir.path().join("evaluator.token"), format!("{}\n", world.vive));
    let page = format!("/da/questions/reach/answer?by=municipality&period={PERIOD}");
    browser.open(&world.url(&page));
    let links = browser.count(".kb-files a");
    assert!(links >= 8, "{links} forms");
    let get = |ending: &str| {
        let path = format!("/da/questions/reach/answer.{ending}?by=municipality&period={PERIOD}");
        let (status, bytes) = fetched(&browser, &path);
        assert_eq!(status, 200, "{ending}");
        bytes
    };
    let api = world.ask("reach", &["municipality"], None).body;
    let answer: Answer = serde_json::from_str(&api).expect("an answer");
    assert_eq!(get("json"), api.as_bytes());
    verify(&get("json")).expect("its own hash");
    let text = |ending: &str| String::from_utf8(get(ending)).expect("UTF-8");
    assert_eq!(get("csv"), kobling(&world, dir.path(), &["--format", "csv"]));
    let danish = ["--format", "csv", "--csv", "danish", "--labels"];
    assert_eq!(get("excel.csv"), kobling(&world, dir.path(), &danish));
    assert_eq!(text("excel.csv"), answer.to_csv(CsvForm::Danish, Some(Language::Da)));
    assert_eq!(get("md"), kobling(&world, dir.path(), &["--format", "markdown"]));
    assert_eq!(get("txt"), kobling(&world, dir.path(), &["--format", "table"]));
    let (drawing, _) = fetched(&browser, &format!("/da/questions/funnel/answer.vl.json?period={PERIOD}"));
    let (none, _) = fetched(&browser, &format!("/da/questions/reach/answer.vl.json?period={PERIOD}"));
    assert_eq!((drawing, none), (200, 404), "what is not drawn has no drawing");
    kobling(&world, dir.path(), &["--format", "parquet", "--output", "a.parquet"]);
    assert_eq!(get("parquet"), std::fs::read(dir.path().join("a.parquet")).expect("written"));
    kobling(&world, dir.path(), &["--format", "xlsx", "--output", "a.xlsx"]);
    assert_eq!(get("xlsx"), std::fs::read(dir.path().join("a.xlsx")).expect("written"));
    let title = answer.heading(Language::Da);
    let report = Report { title, language: Language::Da, answers: vec![answer] };
    assert_eq!(text("html"), report.to_html());
    // A click saves it under a name that says what was asked.
    browser.click(".kb-files a[href*='answer.csv']");
    let saved = browser.downloaded("reach-municipality-2022-Q1-2022-Q4.csv");
    assert_eq!(std::fs::read(saved).expect("saved"), get("csv"));

    // A report's files: one page, and the list that the command reads.
    let query = format!("title=Mit%20%C3%A5r&a=reach:municipality:{PERIOD}:&a=funnel::{PERIOD}:");
    let (status, page) = fetched(&browser, &format!("/da/report/report.html?{query}"));
    assert_eq!(status, 200);
    let (_, list) = fetched(&browser, &format!("/da/report/report.toml?{query}"));
    let list = String::from_utf8(list).expect("UTF-8");
    assert_eq!(AskList::parse(&list).expect("a list").title.as_deref(), Some("Mit år"));
    std::fs::write(dir.path().join("report.toml"), &list).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    command.current_dir(dir.path()).env("KOBLING_LANG", "da").args(["ask", "--from", "report.toml"]);
    command.args([
        "--report",
        "report.html",
        "--service",
        &world.running.address,
        "--token-file",
        "evaluator.token",
    ]);
    run(&mut command);
    assert_eq!(page, std::fs::read(dir.path().join("report.html")).expect("written"));

    // A standing report's file is the report as it was made.
    let (status, made) = fetched(&browser, "/da/reports/reach/2022-Q1/report.json");
    assert_eq!(status, 200);
    verify(&made).expect("its own hash");
    browser.open(&world.url("/da/reports"));
    browser.axe();
    browser.click(".kb-lines a[href='/da/reports/reach/2022-Q1']");
    assert!(browser.text(".badge").contains("1. kvartal 2022"));
    browser.axe();
    browser.open(&world.url("/da/quality"));
    assert!(browser.text("#quality").contains("LOKK"), "by the partner's own name");
    browser.axe();
}

#[test]
fn what_is_copied_runs_as_it_stands() {
    let world = World::new();
    let browser = world.browser("en", &world.vive);
    browser
        .open(&world.url(&format!("/en/questions/reach/answer?by=role&period={PERIOD}&population=exposed")));
    let texts = browser.texts(".kb-copy pre");
    let names = browser.texts(".kb-copy summary");
    assert_eq!(names, ["kobling ask", "curl", "R", "Python"]);
    assert!(texts.iter().all(|text| !text.contains(&world.vive)), "no token in any");
    let api = world.ask("reach", &["role"], Some("exposed")).body;
    let dir = tempfile::tempdir().expect("a folder");
    write_private(dir.path().join("evaluator.token"), format!("{}\n", world.vive));
    write_private(dir.path().join("evaluator.header"), format!("Authorization: Bearer {}\n", world.vive));
    let bin = Path::new(env!("CARGO_BIN_EXE_kobling")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", bin.display());
    let shell = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        run(command.current_dir(dir.path()).env("PATH", &path).args(arguments))
    };
    let said = String::from_utf8(shell("sh", &["-c", &texts[0]])).expect("UTF-8");
    assert!(said.contains("Who do we reach?"), "{said}");
    let kept = dir.path().join("reach.json");
    if Command::new("curl").arg("--version").output().is_ok() {
        shell("sh", &["-c", &texts[1]]);
        assert_eq!(std::fs::read_to_string(&kept).expect("written"), api);
        std::fs::remove_file(&kept).expect("removed");
    }
    std::fs::write(dir.path().join("ask.py"), &texts[3]).expect("written");
    shell("python3", &["ask.py"]);
    assert_eq!(std::fs::read_to_string(&kept).expect("written"), api);
    if Command::new("Rscript").arg("--version").output().is_ok() {
        std::fs::write(dir.path().join("ask.R"), &texts[2]).expect("written");
        let said = String::from_utf8(shell("Rscript", &["ask.R"])).expect("UTF-8");
        assert!(said.contains("count"), "{said}");
    }
    // The button copies the text, where the browser lets it.
    browser.command(
        "Browser.grantPermissions",
        serde_json::json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }),
    );
    browser.click(".kb-copy summary");
    browser.click(".kb-copy [data-copy]");
    browser.until("copied", "return document.querySelector('.kb-copy [data-copy]').textContent === 'Copied'");
    browser.quiet();
}
