//! The commands as scripts and people meet them: status, both outputs, files left behind. Run on the published example.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example");

/// What a command did.
#[derive(Debug)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Run {
    fn both(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Holds status and a part of the message against what is expected.
    #[track_caller]
    fn refused(&self, status: i32, message: &str) {
        assert!(self.status == status && self.err.contains(message), "{status} {message}: {self:?}");
    }
}

fn run_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_LANG", "en")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kobling runs");
    // A command that refuses before it reads closes its end: no trouble here.
    let _ = child.stdin.take().expect("an input").write_all(input);
    let output = child.wait_with_output().expect("kobling ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run {
        status: output.status.code().expect("no signal"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

/// A folder with keys for the example's programme.
struct Partner {
    folder: tempfile::TempDir,
}

impl Partner {
    fn new() -> Partner {
        let partner = Partner { folder: tempfile::tempdir().expect("a folder") };
        assert_eq!(
            run(&["key", "new", "--programme", "example", "--out", &partner.at("linkage.key")]).status,
            0
        );
        let out = partner.at("signing.key");
        assert_eq!(run(&["signing-key", "new", "--partner", "townhall", "--out", &out]).status, 0);
        partner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("readable");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn tokenise(&self, out: &str, more: &[&str]) -> Run {
        let (key, out) = (self.at("linkage.key"), self.at(out));
        run(&[&extract("tokenise", &example("extract.csv"))[..], &["--key", &key, "--out", &out], more]
            .concat())
    }
}

fn example(file: &str) -> String {
    format!("{EXAMPLE}/{file}")
}

/// The arguments that `check` and `tokenise` share, for the example's programme.
fn extract<'a>(command: &'a str, file: &'a str) -> Vec<&'a str> {
    const PROGRAMME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example/programme.toml");
    vec![command, file, "--programme", PROGRAMME, "--partner", "townhall", "--dataset", "course"]
}

fn check(more: &[&str]) -> Run {
    run(&[&extract("check", &example("extract.csv"))[..], more].concat())
}

const REPORT: &str = "\
rows read                             12
rows to send                           8
  of them without a number             0  contacts, never persons
rows repeated                          1  sent once
rows rejected                          3

Rejected rows, by reason
  date                                 1
      Not a date. Use dd-mm-yyyy or yyyy-mm-dd.
      date: line 10
  nine-digits                          1
      Nine digits: a spreadsheet dropped the leading zero. Export the column as text, or run again with --repair-leading-zero.
      person: line 9
  unknown-code                         1
      Unknown code. Use one of the column's codes, or ask the steward to register this way of writing it.
      step: line 13 (1 different text)

Remarks: these rows are sent all the same
  repeated-row                         1
      The same row came before. Sent once; if there are many, see whether the export was put together from several.
      line 6
  hyphenated                           4
      Written with a hyphen or spaces. Read as ten digits.
      person: lines 5, 6, 11, 12
  made-up-number                      11
      A made-up number. The programme has made-up numbers alone.
      person: lines 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13

Numbers sent, by kind
  cpr                                  8

Columns of the dataset       in the file       empty
  person                               1           0
  case                                 2           3
  date                                 3           0
  step                                 4           0
  age                         worked out           0
  sex                         worked out           0
  columns of the file that stay at home (by position): 5

Rows by month, without those rejected
  2022-01                              4  ##############################
  2022-02                              1  ########
  2022-03                              1  ########
  2022-04                              0
  2022-05                              2  ###############
  2022-06                              1  ########
  2022-07..2022-12                     0
";

/// The report behind what it is a report of, in which the moment stands.
fn body(out: &str) -> &str {
    out.split_once("\n\n").map_or(out, |(_, body)| body)
}

#[test]
fn a_check_says_what_and_where_and_its_status_follows_the_limit() {
    let plain = check(&[]);
    assert_eq!((plain.status, body(&plain.out), plain.err.as_str()), (1, REPORT, ""));
    for fact in [
        "File                extract.csv, ",
        "Dataset             Courses of help (course)",
        "none given; some are rejected",
    ] {
        assert!(plain.out.contains(fact), "{fact}: {}", plain.out);
    }
    for (limit, status) in [("0", 1), ("2", 1), ("3", 0), ("24%", 1), ("25%", 0)] {
        let run = check(&["--max-rejected", limit]);
        assert_eq!((run.status, body(&run.out)), (status, REPORT), "{limit}");
        let kept = if status == 0 { "; kept" } else { "; exceeded: no package" };
        assert!(run.out.contains(kept), "{limit}: {}", run.out);
    }
    let repaired = check(&["--repair-leading-zero", "--max-rejected", "2", "--report", "json"]);
    let report: serde_json::Value = serde_json::from_str(&repaired.out).expect("JSON");
    assert_eq!((repaired.status, &report["rows"]["rejected"]), (0, &2.into()));
}

#[test]
fn a_report_is_filed_in_the_form_that_its_name_or_an_option_asks_for() {
    let partner = Partner::new();
    for (name, more, head) in [
        ("report.html", &[][..], "<!doctype html>\n<html lang=\"en\">"),
        ("report.htm", &["--lang", "da"], "<!doctype html>\n<html lang=\"da\">"),
        ("report.json", &[], "{\n  \"report_format\": 1,"),
        ("report.txt", &[], "File                extract.csv"),
        ("report", &["--report", "json"], "{\n  \"report_format\": 1,"),
    ] {
        let path = partner.at(name);
        let run = check(&[&["--report-out", path.as_str()], more].concat());
        assert_eq!((run.status, run.err.as_str()), (1, ""), "{name}");
        assert!(run.out.contains("extract.csv, "), "the text is shown all the same");
        let text = std::fs::read_to_string(&path).expect("filed");
        assert!(text.starts_with(head), "{name}: {text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "for its owner alone");
        }
        check(&["--report-out", &path]).refused(3, name);
        assert_eq!(std::fs::read_to_string(&path).expect("there"), text, "never written over");
    }
    let (package, path) = (partner.at("package"), partner.at("refused.html"));
    let refused = partner.tokenise("package", &["--max-rejected", "2", "--report-out", &path]);
    refused.refused(1, "no package was made");
    let page = std::fs::read_to_string(&path).expect("a refusal has its report");
    assert!(page.contains("3 of 12 rows are rejected.") && page.contains("no package is made"));
    assert!(!Path::new(&package).exists());
}

#[test]
fn a_refusal_is_said_in_danish() {
    let partner = Partner::new();
    partner
        .tokenise("package", &["--max-rejected", "2", "--lang", "da"])
        .refused(1, "3 af 12 rækker er afvist, flere end grænsen; der er ikke lavet nogen pakke");
    assert_eq!(partner.tokenise("package", &["--max-rejected", "3"]).status, 0);
    partner.tokenise("package", &["--lang", "da"]).refused(3, "findes allerede; angiv navnet på en ny mappe");
    std::fs::write(partner.path("package/data.csv"), "changed").expect("written");
    run(&["inspect", &partner.at("package"), "--lang", "da"]).refused(3, "lav pakken igen");
    let mut nobody = extract("check", "x.csv");
    nobody[5] = "nobody";
    nobody.extend(["--lang", "da"]);
    run(&nobody).refused(2, "programmet har ingen partner nobody");
}

#[test]
fn standard_input_is_read_like_the_file() {
    let bytes = std::fs::read(example("extract.csv")).expect("readable");
    let piped = run_with(&extract("check", "-"), &bytes);
    assert_eq!((piped.status, body(&piped.out)), (1, REPORT));
    let partner = Partner::new();
    let (key, out) = (partner.at("linkage.key"), partner.at("package"));
    let arguments = [&extract("tokenise", "-")[..], &["--key", &key, "--out", &out]].concat();
    assert_eq!(run_with(&arguments, &bytes).status, 1);
    assert_eq!(run(&["inspect", &out]).status, 0);
}

#[test]
fn findings_go_to_a_new_file_by_line_column_and_code() {
    let partner = Partner::new();
    let path = partner.at("findings.csv");
    assert_eq!(check(&["--findings", &path]).status, 1);
    let text = std::fs::read_to_string(&path).expect("written");
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "10,date,date,true",
            "13,step,unknown-code,true",
            "6,,repeated-row,false",
            "9,person,nine-digits,true"
        ]
    );
    check(&["--findings", &path]).refused(3, "findings.csv");
}

#[test]
fn keys_are_made_for_their_owner_alone_and_never_shown() {
    let partner = Partner::new();
    for (command, name, about) in
        [("key", "linkage.key", "programme  example"), ("signing-key", "signing.key", "fingerprint  ")]
    {
        let path = partner.path(name);
        let text = std::fs::read_to_string(&path).expect("readable");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name}");
        }
        let secret = text.lines().find(|line| !line.starts_with('#')).expect("a secret line");
        let secret = secret.split(':').nth(1).expect("a secret");
        assert_eq!(secret.len(), 43);
        let shown = run(&[command, "show", &partner.at(name)]);
        assert!(shown.status == 0 && shown.out.contains(about), "{shown:?}");
        let option = if command == "key" { ["--programme", "example"] } else { ["--partner", "townhall"] };
        let again = run(&[command, "new", option[0], option[1], "--out", &partner.at(name)]);
        again.refused(4, name);
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), text, "never overwritten");
        let fresh = partner.at(&format!("fresh-{name}"));
        let made = run(&[command, "new", option[0], option[1], "--out", &fresh]);
        let fresh = std::fs::read_to_string(&fresh).expect("made");
        let fresh = fresh.lines().find_map(|line| line.split(':').nth(1).filter(|_| !line.starts_with('#')));
        assert_eq!(made.status, 0);
        for run in [&shown, &again, &made] {
            assert!(!run.both().contains(secret) && !run.both().contains(fresh.expect("a secret")));
        }
    }
}

#[test]
fn a_key_that_will_not_do_is_refused_with_status_4() {
    let partner = Partner::new();
    let copy = |from: &Path, to: &str, edit: fn(String) -> String| {
        let text = edit(std::fs::read_to_string(from).expect("readable"));
        let path = partner.path(to);
        std::fs::write(&path, text).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("allowed");
        }
    };
    let with = |key: &str, more: &[&str]| {
        let (key, out) = (partner.at(key), partner.at("package"));
        let file = example("extract.csv");
        run(&[&extract("tokenise", &file)[..], &["--key", &key, "--out", &out], more].concat())
    };
    assert_eq!(run(&["key", "new", "--programme", "other", "--out", &partner.at("other.key")]).status, 0);
    with("other.key", &[]).refused(4, "this key was made for programme other, and example is asked for");
    with("signing.key", &[]).refused(4, "this is a signing key, and a linkage key is needed here");
    with("missing.key", &[]).refused(4, "missing.key");
    copy(&partner.path("linkage.key"), "damaged.key", |text| {
        let at = text.rfind(':').expect("a checksum");
        format!("{}:00000000\n", &text[..at])
    });
    with("damaged.key", &[]).refused(4, "the key is damaged");
    copy(Path::new(&example("linkage.key")), "example.key", |text| text);
    with("example.key", &[]).refused(4, "--allow-example-key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        copy(&partner.path("linkage.key"), "open.key", |text| text);
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(partner.path("open.key"), open).expect("allowed");
        with("open.key", &[]).refused(4, "chmod 600");
    }
    assert!(!partner.path("package").exists());
    assert_eq!(with("example.key", &["--allow-example-key", "--max-rejected", "3"]).status, 0);
}

#[test]
fn a_package_is_whole_or_not_there() {
    let partner = Partner::new();
    let keys = partner.names();
    partner.tokenise("package", &["--max-rejected", "2"]).refused(1, "no package was made");
    assert_eq!(partner.names(), keys, "nothing is left behind");
    let made = partner.tokenise("package", &["--signing-key", &partner.at("signing.key")]);
    assert_eq!(
        (made.status, body(&made.out)),
        (1, REPORT),
        "no limit: made, and the status says that rows are missing"
    );
    let mut names: Vec<String> = std::fs::read_dir(partner.path("package"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["data.csv", "datapackage.json", "datapackage.json.sig"]);
    let before = std::fs::read(partner.path("package/data.csv")).expect("readable");
    partner.tokenise("package", &[]).refused(3, "exists already; give the name of a new folder");
    assert_eq!(std::fs::read(partner.path("package/data.csv")).expect("readable"), before);
}

#[test]
fn inspect_shows_what_would_leave_and_refuses_what_was_changed() {
    let partner = Partner::new();
    assert_eq!(partner.tokenise("package", &["--max-rejected", "3"]).status, 0);
    let shown = run(&["inspect", &partner.at("package")]);
    assert_eq!((shown.status, shown.err.as_str()), (0, ""));
    for part in [
        "programme  example",
        "partner    townhall",
        "dataset    course",
        "period     2022-Q1..2022-Q4",
        "signed     not yet",
        "rows       8 sent, 3 rejected, 1 repeated",
        "8 identifiers of kind cpr",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.out);
    }
    let data = partner.path("package/data.csv");
    let rows = std::fs::read_to_string(&data).expect("readable");
    for line in rows.lines() {
        assert!(shown.out.contains(line), "all eight rows are few enough to be shown");
    }
    std::fs::write(&data, rows.replacen("contacted", "completed", 1)).expect("written");
    run(&["inspect", &partner.at("package")]).refused(3, "not those that the manifest describes");
    run(&["inspect", &partner.at("nothing")]).refused(3, "datapackage.json: cannot be read");
}

#[test]
fn wrong_words_are_status_2_and_missing_files_status_3() {
    let file = example("extract.csv");
    let with = |partner: &str, dataset: &str, more: &[&str]| {
        let programme = example("programme.toml");
        let words = ["check", &file, "--programme", &programme, "--partner", partner, "--dataset", dataset];
        run(&[&words[..], more].concat())
    };
    with("nobody", "course", &[])
        .refused(2, "the programme has no partner nobody; it has: townhall, helpers");
    with("townhall", "visits", &[]).refused(2, "the programme has no dataset visits; it has: course");
    with("town hall", "course", &[]).refused(2, "--partner");
    with("townhall", "course", &["--period", "2019-Q1"]).refused(2, "2019-Q1");
    with("townhall", "course", &["--encoding", "ebcdic"])
        .refused(2, "utf-8, windows-1252, utf-16le and utf-16be");
    with("townhall", "course", &["--max-rejected", "many"]).refused(2, "--max-rejected");
    run(&["check"]).refused(2, "--dataset");
    for (given, wanted) in [
        (&[][..], "give --programme or write programme in kobling.toml"),
        (&["--programme", &example("programme.toml")], "give --partner or write partner in kobling.toml"),
    ] {
        run(&[&["check", &file, "--dataset", "course"], given].concat()).refused(2, wanted);
    }
    let key = ["tokenise", &file, "--dataset", "course", "--out", "no-such-folder/package"];
    let given = ["--programme", &example("programme.toml"), "--partner", "townhall"];
    run(&[&key[..], &given[..]].concat()).refused(2, "give --key or write linkage_key in kobling.toml");
    run(&["brew"]).refused(2, "brew");
    run(&extract("check", "no-such-file.csv")).refused(3, "no-such-file.csv: cannot be read");
    run(&["check", &file, "--programme", "no-such.toml", "--partner", "a", "--dataset", "b"])
        .refused(3, "no-such.toml");
    run_with(&extract("check", "-"), b"").refused(3, "the file is empty");
    run_with(&extract("check", "-"), b"Dato;Status\n10-01-2022;Kontakt\n").refused(3, "person");
    run_with(&extract("check", "-"), b"CPR;Dato;Status\n\0\n").refused(3, "line 2 has a NUL byte");
}

#[test]
fn a_public_key_may_begin_with_a_hyphen() {
    let public = "-RTHEndG16uxPSK7tNqvQLv9nVcHrgqy7d90QuPwIDc";
    run(&["receipt", "verify", "no-such.json", "--service-public", public]).refused(3, "no-such.json");
}

/// Writes a file for its owner alone, over one that is there.
fn private(path: &str, text: &str) {
    std::fs::remove_file(path).ok();
    kobling::key::private::write_new(Path::new(path), text.as_bytes()).expect("written");
}

/// A service that nobody is at: what was sent to it would be status 5.
#[test]
fn a_dry_run_of_consents_checks_as_a_real_one_and_sends_and_writes_nothing() {
    let partner = Partner::new();
    let token = partner.at("token");
    private(&token, "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    let (linkage, signing, programme) =
        (partner.at("linkage.key"), partner.at("signing.key"), partner.at("programme.toml"));
    let text = include_str!("../programmes/interventionsmodel.toml");
    std::fs::write(&programme, text.replace("interventionsmodel", "example")).expect("written");
    let numbers = std::fs::read_to_string(example("extract.csv")).expect("readable");
    let number = numbers.lines().nth(1).and_then(|line| line.split(';').next()).expect("a number");
    let (cpr, list, wrong) = (partner.at("one.cpr"), partner.at("list.csv"), partner.at("wrong.csv"));
    private(&cpr, &format!("{number}\n"));
    let rows = "cpr,record,event,time,names\nCPR,c-1,given,2022-03-01,\nCPR,c-2,withdrawn,2022-06-01,c-1\n";
    std::fs::write(&list, rows.replace("CPR", number)).expect("written");
    std::fs::write(&wrong, rows.replace("CPR", "31129912345")).expect("written");
    let own = ["--programme", &programme, "--partner", "lokk", "--key", &linkage];
    let said =
        ["--purpose", "evaluation", "--recipient", "vive", "--notice", "samtykke", "--recorded-by", "desk"];
    let sign = ["--signing-key", &signing];
    let service = ["--service", "http://127.0.0.1:1", "--token-file", &token];
    let (receipt, exported, package) =
        (partner.at("receipt.json"), partner.at("exported.json"), partner.at("package"));
    let kept = ["--receipt", receipt.as_str()];
    let record = [&["consent", "record", list.as_str()][..], &own, &said, &sign, &service, &kept].concat();
    let no_record = [&["consent", "record", wrong.as_str()][..], &own, &said, &sign, &service].concat();
    let give = ["consent", "give", "--cpr-file", &cpr];
    let give = [&give[..], &own, &said, &sign, &service, &kept].concat();
    let export = ["consent", "export", "--list", &list, "--format", "fhir", "-o", &exported];
    let export = [&export[..], &own, &said].concat();
    let make = [&["consent", "package", &list, "--out", &package][..], &own, &said, &sign].concat();
    let dry = |words: &[&str]| run(&[words, &["--dry-run"]].concat());
    let before = partner.names();
    for (words, would) in [
        (&record, "would record 2 event(s)\nwould write "),
        (&give, "would record 1 event(s)\nwould write "),
        (&export, "would write "),
        (&make, "would write "),
    ] {
        let done = dry(words);
        assert!(done.status == 0 && done.err.starts_with(would) && !done.both().contains(number), "{done:?}");
        assert_eq!(partner.names(), before);
    }
    dry(&no_record).refused(3, "line 2");
    run(&record).refused(5, "cannot be reached");
    assert_eq!(run(&export).status, 0);
    dry(&export).refused(3, "exists already");
    let import = ["consent", "import", &exported, "--format", "fhir"];
    let import = [&import[..], &own, &sign, &service, &kept].concat();
    let done = dry(&import);
    assert!(done.status == 0 && done.err.starts_with("would record 2 event(s)\nwould write "), "{done:?}");
    run(&import).refused(5, "cannot be reached");
    std::fs::write(&receipt, "").expect("written");
    dry(&record).refused(3, "exists already");
    run(&record).refused(3, "exists already");
}

#[test]
fn a_dry_run_of_follow_up_reads_everything_and_asks_and_writes_nothing() {
    let partner = Partner::new();
    let token = partner.at("token");
    private(&token, "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    let (linkage, signing, programme) =
        (partner.at("linkage.key"), partner.at("signing.key"), partner.at("programme.toml"));
    let text = include_str!("../programmes/interventionsmodel.toml");
    std::fs::write(&programme, text.replace("interventionsmodel", "example")).expect("written");
    let numbers = std::fs::read_to_string(example("extract.csv")).expect("readable");
    let number = numbers.lines().nth(1).and_then(|line| line.split(';').next()).expect("a number");
    let (referrals, answers, out) = (partner.at("own.csv"), partner.at("answers.json"), partner.at("out"));
    std::fs::write(&referrals, format!("CPR;Dato;Eksklusion\n{number};10-01-2022;ingen\n")).expect("written");
    let own = ["--programme", &programme, "--key", &linkage, "--out", &out, "--dry-run"];
    let pull =
        ["followup", "pull", &referrals, "--partner", "koebenhavns-politi", "--dataset", "henvisninger"];
    let asked = ["--followup", "henvisning", "--label", "week 7", "--signing-key", &signing];
    let service = ["--service", "http://127.0.0.1:1", "--token-file", &token];
    let before = partner.names();
    let done = run(&[&pull[..], &own, &asked, &service].concat());
    assert!(
        done.status == 0 && done.err.starts_with("would ask about 1 of 1 referred person(s)"),
        "{done:?}"
    );
    assert!(done.err.contains("\nwould write ") && !done.both().contains(number), "{done:?}");
    assert_eq!(partner.names(), before);

    let shown = run(&["key", "show", &linkage]).out;
    let id = shown.lines().find_map(|line| line.strip_prefix("key id")).expect("an id").trim();
    let kept = serde_json::json!({
        "format": kobling::followup::ANSWERS_FORMAT, "programme": "example", "partner": "koebenhavns-politi",
        "dataset": "henvisninger", "followup": "henvisning", "key_id": id, "label": "week 7",
        "asked_at": "2022-03-01T09:00:00Z", "asked": [], "answers": [],
    });
    std::fs::write(&answers, kept.to_string()).expect("written");
    let before = partner.names();
    let done = run(&[&["followup", "resolve", &answers, &referrals][..], &own].concat());
    assert!(done.status == 0 && done.err.starts_with("would write "), "{done:?}");
    assert!(done.out.contains("asked     0 person(s)") && !done.out.contains("written"), "{done:?}");
    assert_eq!(partner.names(), before);
}

#[test]
fn what_is_wrong_with_one_persons_record_is_said_of_the_record_before_anything_is_named_or_sent() {
    let partner = Partner::new();
    let token = partner.at("token");
    private(&token, "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    let (linkage, signing, programme) =
        (partner.at("linkage.key"), partner.at("signing.key"), partner.at("programme.toml"));
    let text = include_str!("../programmes/interventionsmodel.toml");
    std::fs::write(&programme, text.replace("interventionsmodel", "example")).expect("written");
    let cpr = partner.at("one.cpr");
    let numbers = std::fs::read_to_string(example("extract.csv")).expect("readable");
    let number = numbers.lines().nth(1).and_then(|line| line.split(';').next()).expect("a number");
    let give = |number: &str, more: &[&str]| {
        private(&cpr, &format!("{number}\n"));
        let words = ["consent", "give", "--programme", &programme, "--partner", "lokk", "--key", &linkage];
        let who = ["--signing-key", &signing, "--purpose", "evaluation", "--recipient", "vive"];
        let how = ["--notice", "samtykke", "--recorded-by", "desk", "--cpr-file", &cpr];
        let service = ["--service", "http://127.0.0.1:1", "--token-file", &token];
        run(&[&words[..], &who, &how, &service, more].concat())
    };
    for (run, status, said) in [
        (give("31129912345", &[]), 3, "the CPR number: not ten characters"),
        (give(number, &["--names", "abc"]), 2, "leave `names` out"),
        (give(number, &["--valid-to", "2020-01-01"]), 2, "may not lie before"),
        (give(number, &["--record", "a,b"]), 2, "A-Z, a-z, 0-9 and -"),
    ] {
        run.refused(status, said);
        assert!(run.out.is_empty() && !run.err.contains("line 2"), "{run:?}");
    }
    // Sent, and nobody there: the name is known, for the same record to be sent again.
    let sent = give(number, &["--record", "mine"]);
    sent.refused(5, "cannot be reached");
    assert_eq!(sent.out, "record   mine\n");
}

#[test]
fn a_service_that_is_not_there_is_status_5_and_the_clear_is_refused() {
    let partner = Partner::new();
    assert_eq!(partner.tokenise("package", &["--max-rejected", "3"]).status, 0);
    let token = partner.at("token");
    private(&token, "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    let package = partner.at("package");
    let upload = |service: &str, token: &str, more: &[&str]| {
        run(&[&["upload", &package, "--service", service, "--token-file", token][..], more].concat())
    };
    let signing = partner.at("signing.key");
    upload("http://kobling.example", &token, &[]).refused(2, "is to begin with https://");
    upload("http://127.0.0.1:1", &token, &[]).refused(2, "the package is not signed; give --signing-key");
    upload("http://127.0.0.1:1", &partner.at("linkage.key"), &[]).refused(4, "holds no token");
    upload("http://127.0.0.1:1", &token, &["--signing-key", &signing]).refused(5, "cannot be reached");
    let key = partner.at("linkage.key");
    assert!(!upload("http://127.0.0.1:1", &key, &[]).both().contains("AAAA"));
}

/// Everything of a person in the example: numbers with and without hyphen, case numbers, remarks.
fn values_of_persons() -> Vec<String> {
    let text = std::fs::read_to_string(example("extract.csv")).expect("readable");
    let mut values = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let digits = fields[0].replace('-', "");
        let (start, end) = digits.split_at(digits.len() - 4);
        values.extend([format!("{start}-{end}"), digits.clone(), fields[1].to_owned(), fields[4].to_owned()]);
    }
    values.retain(|value| !value.is_empty());
    values.sort();
    values.dedup();
    values
}

#[test]
fn no_value_of_a_person_is_said_or_sent() {
    let values = values_of_persons();
    let leaks = |text: &str| -> Vec<String> {
        // A number counts where it stands by itself: 1001 within a digest is none of a person's.
        let word = |c: char| c.is_alphanumeric();
        let alone = |(at, value): (usize, &str)| {
            !text[..at].ends_with(word) && !text[at + value.len()..].starts_with(word)
        };
        values.iter().filter(|v| text.match_indices(v.as_str()).any(alone)).cloned().collect()
    };
    for value in &values {
        assert!(
            leaks(&format!("line 3: {value} is bad")).contains(value),
            "the search finds what is planted"
        );
    }
    let partner = Partner::new();
    let findings = partner.at("findings.csv");
    let runs = [
        check(&[]),
        check(&["--report", "json", "--findings", &findings]),
        check(&["--period", "2022-Q1"]),
        check(&["--separator", ","]),
        check(&["--encoding", "utf-16le"]),
        partner.tokenise("package", &[]),
        partner.tokenise("package", &[]),
        partner.tokenise("other", &["--max-rejected", "0"]),
        run(&["inspect", &partner.at("package")]),
    ];
    for run in &runs {
        assert_eq!(leaks(&run.both()), Vec::<String>::new(), "{run:?}");
    }
    let mut files = vec![PathBuf::from(&findings)];
    files.extend(
        std::fs::read_dir(partner.path("package")).expect("made").map(|e| e.expect("an entry").path()),
    );
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        assert_eq!(leaks(&text), Vec::<String>::new(), "{}", file.display());
    }
}
