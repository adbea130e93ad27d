//! `kobling send` against the real service: a month's work by one command, carried on after any end.
#![cfg(all(unix, feature = "service"))]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kit::{consent, cpr, files, linkage_key, signing_key};
use kobling::clock::{Day, Timestamp};
use kobling::key::Example;
use kobling::secret::{Random as _, SeededRandom};
use machine::{Machine, Serving};

/// What a command did.
#[derive(Debug)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Run {
    /// Holds status and parts of what was said against what is expected.
    #[track_caller]
    fn says(&self, status: i32, parts: &[&str]) -> &Run {
        let all = format!("{}{}", self.out, self.err);
        assert!(self.status == status && parts.iter().all(|part| all.contains(part)), "{parts:?}: {self:#?}");
        self
    }
}

/// A partner with a service, keys and a kobling.toml.
struct Partner {
    machine: Machine,
    serving: Serving,
}

/// Rows of courses of help, one for each of some persons.
fn extract(persons: std::ops::Range<u64>, rows_each: u64) -> String {
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in persons {
        for row in 0..rows_each {
            let day = i32::try_from((n * 7 + row) % 360).expect("small");
            let (y, m, d) = Day::from_ymd(2022, 1, 1).expect("a day").plus(day).ymd();
            text.push_str(&format!("{};S-{n};{d:02}-{m:02}-{y};Kontakt;Voldsudsat;147\r\n", cpr(n)));
        }
    }
    text
}

impl Partner {
    fn new() -> Partner {
        let machine = Machine::new();
        let now = Timestamp::from_millis(0);
        linkage_key().save(&machine.path("linkage.key"), now, Example::Refuse).expect("saved");
        signing_key("lokk").save(&machine.path("signing.key"), "lokk", now, Example::Refuse).expect("saved");
        let serving = machine.serve();
        let partner = Partner { machine, serving };
        std::fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/programmes/interventionsmodel.toml"),
            partner.path("programme.toml"),
        )
        .expect("copied");
        let records: Vec<_> = (0..60).map(|n| consent("lokk", n, "given", "2021-06-01T08:00:00Z")).collect();
        let client = partner.machine.client(&partner.serving, "lokk-it");
        client
            .record_consents(linkage_key().id(), &records, &signing_key("lokk"))
            .unwrap_or_else(|error| panic!("{error}"));
        partner.extract(0..40);
        partner.configure(&partner.serving.address, &partner.service_public(), "");
        partner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.machine.path(name)
    }

    fn extract(&self, persons: std::ops::Range<u64>) {
        std::fs::write(self.path("forloeb.csv"), extract(persons, 2)).expect("written");
    }

    fn service_public(&self) -> String {
        let client = self.machine.client(&self.serving, "lokk-it");
        let shown: serde_json::Value =
            serde_json::from_slice(&client.fetch("/v1/programme").expect("shown")).expect("JSON");
        shown["service_key"].as_str().expect("a key").to_owned()
    }

    /// A kobling.toml that sends `forloeb`, and more.
    fn configure(&self, service: &str, public: &str, more: &str) {
        let text = format!(
            "partner = \"lokk\"\nprogramme = \"programme.toml\"\nservice = \"{service}\"\nservice_public = \"{public}\"\n\
             token_file = \"lokk-it.token\"\nlinkage_key = \"linkage.key\"\nsigning_key = \"signing.key\"\n\
             [[send]]\ndataset = \"forloeb\"\nfile = \"forloeb.csv\"\nmax_rejected = 0\n{more}"
        );
        std::fs::write(self.path("kobling.toml"), text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.args(arguments).current_dir(self.machine.dir.path()).env("KOBLING_LANG", "en");
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("run");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let status = output.status.code().expect("no signal");
        Run { status, out: text(output.stdout), err: text(output.stderr) }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started")
    }

    /// The service's packages: state, rows and rows kept.
    fn packages(&self) -> Vec<(String, u64, u64)> {
        let listed = self.machine.client(&self.serving, "lokk-it").packages().expect("listed");
        listed.into_iter().map(|p| (p.state, p.rows, p.kept.unwrap_or_default())).collect()
    }

    /// Names in the outbox that end so.
    fn outbox(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("outbox")) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .collect();
        found.sort();
        found
    }
}

/// Whether rows of tokens lie anywhere under a folder.
fn rows_in(folder: &Path) -> usize {
    files(folder).iter().filter(|(path, _)| path.file_name().is_some_and(|name| name == "data.csv")).count()
}

#[test]
fn a_month_is_one_command_and_the_next_run_knows_it() {
    let partner = Partner::new();
    partner
        .run(&["send", "--dry-run"])
        .says(0, &["would be sent", "80", "dry run: nothing was written or sent"]);
    assert!(!partner.path("outbox").exists() && partner.packages().is_empty());
    partner.run(&["status"]).says(0, &["forloeb", "receipts: 0 verified"]);

    partner.run(&["send"]).says(0, &["forloeb", "2021", "80", "sent", "report  ", "receipt  "]);
    assert_eq!(partner.packages(), [("complete".to_owned(), 80, 80)]);
    // The rows are gone; manifest, signature, reports, note and receipt stay. The extract is the partner's own.
    assert_eq!(rows_in(&partner.path("outbox")), 0);
    for ending in [".note.json", ".report.json", ".report.txt", ".receipt.json"] {
        assert_eq!(partner.outbox(ending).len(), 1, "{ending}");
    }
    let kept = files(&partner.path("outbox"));
    assert!(kept.iter().any(|(path, _)| path.ends_with("datapackage.json.sig")));
    assert!(partner.path("forloeb.csv").is_file());

    partner.run(&["send"]).says(0, &["unchanged, received", "--again sends it all the same"]);
    partner.run(&["send", "--dry-run"]).says(0, &["unchanged, received"]);
    assert_eq!(partner.packages().len(), 1, "nothing was sent");
    partner.run(&["send", "forloeb", "--again"]).says(0, &["sent"]);
    partner.extract(0..41);
    partner.run(&["send"]).says(0, &["82", "sent"]);
    assert_eq!(partner.packages().len(), 3);
    // The extract of before is another one than that of last time.
    partner.extract(0..40);
    partner.run(&["send", "--dry-run"]).says(0, &["would be sent"]);

    let status = partner.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.says(0, &[]).out).expect("JSON");
    let forloeb = status["datasets"].as_array().expect("a list").iter();
    let forloeb = forloeb.into_iter().find(|dataset| dataset["dataset"] == "forloeb").expect("listed");
    assert_eq!(forloeb["last"]["state"], "received");
    assert_eq!((&forloeb["service"]["rows"], &forloeb["service"]["kept"]), (&82.into(), &82.into()));
    assert_eq!((&status["receipts"]["good"], &status["open"]), (&3.into(), &serde_json::json!([])));

    partner.run(&["receipt", "verify"]).says(0, &["signature good", "Not proved: that nothing between"]);
    partner
        .run(&["receipt", "verify", "--online"])
        .says(0, &["extends the one before", "proved: each receipt"]);
    let first = &partner.outbox(".receipt.json")[0];
    partner.run(&["receipt", "verify", first.to_str().expect("UTF-8")]).says(0, &["signature  good"]);
    partner.run(&["packages", "list"]).says(0, &["kept", "82", "3 package(s)"]);
}

#[test]
fn everything_is_said_in_danish_too() {
    let partner = Partner::new();
    let da = |arguments: &[&str]| {
        let output = partner.command(arguments).env("KOBLING_LANG", "da").output().expect("run");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    for (arguments, parts) in [
        (&["send", "--dry-run"][..], &["datasæt", "ville blive sendt", "prøvekørsel: intet er skrevet"][..]),
        (&["send"], &["beholdt", "sendt", "kvittering  "]),
        (&["send"], &["uændret, modtaget", "udtrækket er det samme som sidst"]),
        (&["status"], &["sidst lavet her", "modtaget", "kvitteringer: 1 efterprøvet"]),
        (&["packages", "list"], &["tilstand", "1 pakke(r)"]),
        (&["receipt", "verify"], &["underskrift gyldig", "Ikke bevist"]),
        (&["receipt", "verify", "--online"], &["bevist: hver kvittering"]),
        (&["send", "ydelser"], &["kobling.toml har ingen [[send]] med dataset"]),
    ] {
        let said = da(arguments);
        assert!(parts.iter().all(|part| said.contains(part)), "{arguments:?} {parts:?}: {said}");
    }
}

/// One failing does not stop the others, and the status is the worst.
#[test]
fn every_dataset_has_a_fate_of_its_own() {
    let partner = Partner::new();
    let public = partner.service_public();
    let wrong = extract(0..40, 2).replacen("147", "9999", 1);
    std::fs::write(partner.path("wrong.csv"), wrong).expect("written");
    let more = "[[send]]\ndataset = \"forloeb\"\nfile = \"no-such.csv\"\nperiod = \"2022-Q1..2022-Q4\"\n\
                [[send]]\ndataset = \"forloeb\"\nfile = \"wrong.csv\"\nperiod = \"2022-Q1..2023-Q4\"\nmax_rejected = 0\n";
    partner.configure(&partner.serving.address, &public, more);
    let run = partner.run(&["send"]);
    run.says(3, &["NOT SENT", "no-such.csv", "1 of 80 rows were rejected", "receipt  "]);
    assert_eq!(partner.packages(), [("complete".to_owned(), 80, 80)], "the sound one was sent");
    // The report of the one that was refused is there, and nothing else of it.
    assert_eq!((partner.outbox(".report.txt").len(), partner.outbox(".note.json").len()), (2, 1));
    assert_eq!(rows_in(&partner.path("outbox")), 0);

    // Two entries whose packages would replace each other are a slip of the file.
    let twice = "[[send]]\ndataset = \"forloeb\"\nfile = \"wrong.csv\"\n";
    partner.configure(&partner.serving.address, &public, twice);
    partner.run(&["send"]).says(2, &["sends forloeb twice"]);
    // Without a limit the good rows go, and the status says that some did not.
    partner.configure(&partner.serving.address, &public, "");
    let text = std::fs::read_to_string(partner.path("kobling.toml")).expect("readable");
    std::fs::write(partner.path("kobling.toml"), text.replace("max_rejected = 0\n", "")).expect("written");
    std::fs::copy(partner.path("wrong.csv"), partner.path("forloeb.csv")).expect("copied");
    partner.run(&["send"]).says(1, &["79", "sent"]);
}

/// A receipt counts when it is this service's and for this package; until then the package is kept, and not made again.
#[test]
fn nothing_is_done_before_its_receipt_proves_it() {
    let partner = Partner::new();
    let (address, public) = (partner.serving.address.clone(), partner.service_public());
    let other = signing_key("other").verifying_key().to_string();
    partner.configure(&address, &other, "");
    partner.run(&["send"]).says(4, &["NOT SENT", "not signed by this service"]);
    assert_eq!((rows_in(&partner.path("outbox")), partner.outbox(".receipt.json").len()), (1, 0));
    partner.configure(&address, &public, "");
    partner.run(&["status"]).says(0, &["not sent"]);
    partner.run(&["send"]).says(0, &["sent (carried on)"]);
    assert_eq!(partner.packages().len(), 1, "it is the same package");
    // A receipt that was changed since is found by everybody.
    let receipt = partner.outbox(".receipt.json").remove(0);
    let text = std::fs::read_to_string(&receipt).expect("readable");
    std::fs::write(&receipt, text.replacen("80", "81", 1)).expect("written");
    partner.run(&["send"]).says(4, &["NOT SENT", "receipt.json", "changed since"]);
    partner.run(&["status"]).says(4, &["receipt NOT VERIFIED", "1 not good"]);
    partner.run(&["receipt", "verify"]).says(4, &["changed since"]);
    std::fs::write(&receipt, text).expect("written");
    // Without the service's key nothing is begun.
    let config = std::fs::read_to_string(partner.path("kobling.toml")).expect("readable");
    let without: String =
        config.lines().filter(|line| !line.starts_with("service_public")).collect::<Vec<_>>().join("\n");
    std::fs::write(partner.path("kobling.toml"), without).expect("written");
    partner
        .run(&["send", "--again"])
        .says(2, &["give --service-public or write service_public in kobling.toml"]);
    assert_eq!(partner.packages().len(), 1);
}

/// The service has changed its key: receipts of before say nothing of what is sent now.
#[test]
fn an_old_receipt_that_does_not_verify_stops_nothing_but_its_own_extract() {
    let partner = Partner::new();
    partner.run(&["send"]).says(0, &["sent"]);
    let receipt = partner.outbox(".receipt.json").remove(0);
    let text = std::fs::read_to_string(&receipt).expect("readable");
    let mut signed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let signature = signing_key("old").sign("kobling/v1/receipt", text.as_bytes()).to_string();
    signed["signature"] = signature.into();
    std::fs::write(&receipt, signed.to_string()).expect("written");
    // Of the extract as it is, and the last: it does not count as received.
    partner.run(&["send"]).says(4, &["NOT SENT", "receipt.json"]);
    assert_eq!(partner.packages().len(), 1);
    partner.extract(0..41);
    partner.run(&["send"]).says(0, &["82", "sent", "receipt.json: "]);
    // The next one is the last now.
    partner.run(&["send"]).says(0, &["unchanged, received", "receipt.json: "]);
    let before = partner.outbox(".receipt.json");
    partner.extract(0..40);
    partner.run(&["send"]).says(0, &["80", "sent", "receipt.json: "]);
    let mut after = partner.outbox(".receipt.json");
    after.retain(|receipt| !before.contains(receipt));
    let last = after.pop().expect("a new one");
    std::fs::copy(&receipt, &last).expect("copied");
    partner.run(&["send"]).says(4, &["NOT SENT"]);
    partner.run(&["send", "--again"]).says(0, &["sent", "receipt.json: "]);
}

/// A limit that was lowered counts for what was made before it.
#[test]
fn a_package_that_waits_is_held_against_the_limit_of_now() {
    let partner = Partner::new();
    let (address, public) = (partner.serving.address.clone(), partner.service_public());
    std::fs::write(partner.path("forloeb.csv"), extract(0..40, 2).replacen("147", "9999", 1))
        .expect("written");
    let limit = |address: &str, limit: &str| {
        partner.configure(address, &public, "");
        let text = std::fs::read_to_string(partner.path("kobling.toml")).expect("readable");
        let text = text.replace("max_rejected = 0\n", limit);
        std::fs::write(partner.path("kobling.toml"), text).expect("written");
    };
    let nowhere = "http://127.0.0.1:9";
    limit(nowhere, "max_rejected = 1\n");
    partner.run(&["send"]).says(5, &["NOT SENT", "cannot be reached"]);
    limit(nowhere, "max_rejected = 0\n");
    let over = ["NOT SENT", "1 of 80 rows were rejected", "max_rejected allows fewer now"];
    partner.run(&["send"]).says(1, &over);
    assert_eq!(partner.outbox(".note.json").len(), 1, "whether it arrived after all, nobody can say now");
    limit(&address, "max_rejected = 0\n");
    partner.run(&["send", "--dry-run"]).says(1, &over);
    assert_eq!(partner.outbox(".note.json").len(), 1);
    partner.run(&["send"]).says(1, &over);
    assert!(partner.packages().is_empty() && partner.outbox(".note.json").is_empty());
    for ending in [".report.html", ".report.json", ".report.txt"] {
        assert!(partner.outbox(ending).is_empty(), "{ending}");
    }
    // Without a limit it goes, also when it is carried on, and the status says that rows did not.
    limit(nowhere, "");
    partner.run(&["send"]).says(5, &["NOT SENT"]);
    limit(&address, "");
    partner.run(&["send"]).says(1, &["79", "sent (carried on)"]);
    // What the service has already is not called unsent: its receipt was lost on the way.
    std::fs::remove_file(partner.outbox(".receipt.json").remove(0)).expect("removed");
    let package = partner.outbox(".note.json").remove(0);
    let package = PathBuf::from(package.to_str().expect("UTF-8").trim_end_matches(".note.json"));
    std::fs::write(package.join("data.csv"), b"").expect("as if they were not gone yet");
    limit(&address, "max_rejected = 0\n");
    partner.run(&["send"]).says(1, &["sent (carried on)", "the service has it already", "packages withdraw"]);
    assert_eq!((partner.packages().len(), partner.outbox(".receipt.json").len()), (1, 1));
}

/// A service that is not there: the package waits, and goes when it is back. A changed extract takes its place.
#[test]
fn an_unsent_package_waits_for_the_service_and_a_newer_one_takes_its_place() {
    let partner = Partner::new();
    let (address, public) = (partner.serving.address.clone(), partner.service_public());
    partner.configure("http://127.0.0.1:9", &public, "");
    partner.run(&["send"]).says(5, &["NOT SENT", "cannot be reached"]);
    let first = partner.outbox(".note.json");
    partner.run(&["send"]).says(5, &["NOT SENT"]);
    assert_eq!(partner.outbox(".note.json"), first, "it is not made again");
    partner.extract(0..50);
    partner.run(&["send"]).says(5, &["NOT SENT"]);
    // Whether the first arrived after all, nobody can say now: it waits as well.
    assert_eq!(partner.outbox(".note.json").len(), 2);
    partner.configure(&address, &public, "");
    partner.run(&["send"]).says(0, &["100", "sent (carried on)"]);
    assert_eq!((partner.outbox(".note.json").len(), rows_in(&partner.path("outbox"))), (1, 0));
    assert_eq!(partner.packages(), [("complete".to_owned(), 100, 100)]);
}

/// A run that ended between the service's receipt and its own disk, and then another extract: both have their receipts.
#[test]
fn a_receipt_that_was_lost_on_the_way_is_fetched() {
    let partner = Partner::new();
    partner.run(&["send"]).says(0, &["sent"]);
    let receipt = partner.outbox(".receipt.json").remove(0);
    let text = std::fs::read(&receipt).expect("readable");
    std::fs::remove_file(&receipt).expect("removed");
    partner.extract(0..50);
    partner.run(&["send"]).says(0, &["100", "sent"]);
    assert_eq!(partner.outbox(".receipt.json").len(), 2);
    assert_eq!(std::fs::read(&receipt).expect("there again"), text);
    partner.run(&["receipt", "verify", "--online"]).says(0, &["proved"]);
}

/// Attack: a service that shows one history to its receipts and another one later, before anybody asks it for entries.
#[test]
fn attack_receipts_that_contradict_each_other_are_found_offline() {
    use kobling::audit::{Head, Receipt, ReceiptKind, Strand, Subject};
    use kobling::digest::Sha256Hex;
    use kobling::name::PartnerId;

    let folder = tempfile::tempdir().expect("a folder");
    let key = signing_key("service");
    let write = |name: &str, partner: &str, position: u64, history: u8, minute: i64| {
        let partner: PartnerId = partner.parse().expect("a name");
        let receipt = Receipt {
            kind: ReceiptKind::Upload,
            id: "ab".to_owned(),
            at: Timestamp::from_millis(1_700_000_000_000 + minute * 60_000),
            programme: "interventionsmodel".parse().expect("a name"),
            partner: partner.clone(),
            subject: Subject::new().count("rows", 2),
            head: Head { hash: Sha256Hex::of(&[history]), position, strand: Strand::Partner(partner) },
        };
        let text = serde_json::to_vec(&receipt.sign(&key)).expect("JSON");
        std::fs::write(folder.path().join(format!("{name}.receipt.json")), text).expect("written");
    };
    let verify = || {
        let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .args(["receipt", "verify"])
            .arg(folder.path())
            .arg(format!("--service-public={}", key.verifying_key()))
            .env("KOBLING_LANG", "en")
            .output()
            .expect("run");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let status = output.status.code().expect("no signal");
        Run { status, out: text(output.stdout), err: text(output.stderr) }
    };
    verify().says(3, &["there are no receipts"]);
    write("a", "lokk", 3, 1, 1);
    write("b", "lokk", 7, 2, 2);
    verify().says(0, &["signature good", "Not proved"]);
    write("c", "lokk", 7, 3, 3);
    verify().says(5, &["two different histories"]);
    write("c", "lokk", 9, 3, 0);
    verify().says(5, &["is older than the one before"]);
    write("c", "mandecentret", 9, 3, 3);
    verify().says(5, &["is of another partner"]);
    std::fs::write(folder.path().join("c.receipt.json"), "{}").expect("written");
    verify().says(3, &["holds no receipt", "signature good"]);
}

/// Two runs at once would make the same package twice.
#[test]
fn one_run_at_a_time() {
    let partner = Partner::new();
    let held = kobling::outbox::Outbox::open(&partner.path("outbox")).expect("opens");
    partner.run(&["send"]).says(3, &["another `kobling send` works in this outbox"]);
    partner.run(&["status"]).says(0, &[]);
    drop(held);
    partner.run(&["send"]).says(0, &["sent"]);
}

/// A mapping rules what is read, and counts for what "unchanged" is.
#[test]
fn a_mapping_is_part_of_what_is_sent() {
    let partner = Partner::new();
    let public = partner.service_public();
    let text = extract(0..40, 2).replace("CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune", "a;b;c;d;e;f");
    std::fs::write(partner.path("forloeb.csv"), text).expect("written");
    partner.run(&["send"]).says(3, &["NOT SENT"]);
    let columns =
        [("person", "a"), ("sag", "b"), ("dato", "c"), ("trin", "d"), ("rolle", "e"), ("kommune", "f")];
    let columns: String = columns
        .iter()
        .map(|(column, header)| format!("[column.{column}]\nheader = \"{header}\"\n"))
        .collect();
    let mapping = format!(
        "format = 1\nversion = 1\nprogramme = \"interventionsmodel\"\npartner = \"lokk\"\ndataset = \"forloeb\"\n{columns}"
    );
    std::fs::write(partner.path("forloeb.map.toml"), &mapping).expect("written");
    partner.configure(&partner.serving.address, &public, "mapping = \"forloeb.map.toml\"\n");
    partner.run(&["send"]).says(0, &["80", "sent"]);
    partner.run(&["send"]).says(0, &["unchanged"]);
    std::fs::write(partner.path("forloeb.map.toml"), mapping.replace("version = 1", "version = 2"))
        .expect("written");
    partner.run(&["send", "--dry-run"]).says(0, &["would be sent"]);
    std::fs::write(partner.path("forloeb.map.toml"), "form = 1\n").expect("written");
    partner.run(&["send"]).says(2, &["forloeb.map.toml: this is no mapping"]);
}

/// An upload that was begun is listed with how far it came, and ended by the same word as a package.
#[test]
fn an_open_upload_is_shown_and_ended() {
    let partner = Partner::new();
    let package = kit::package(&partner.path("packages"), "lokk", 0..30, 1);
    let bearer = partner.machine.bearer("lokk-it");
    let body = serde_json::json!({
        "manifest": String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8"),
        "signature": package.signature().expect("signed").to_string(),
    });
    let address = &partner.serving.address;
    let opened = kit::raw(address, "POST", "/v1/uploads", Some(&bearer), &[], body.to_string().as_bytes());
    let opened: serde_json::Value = serde_json::from_str(&opened.body).expect("JSON");
    let id = opened["id"].as_str().expect("an id");
    let ends = format!("`kobling packages withdraw {id}` ends it");
    partner.run(&["status"]).says(0, &["open upload", "0% received; it expires ", &ends]);
    partner.run(&["packages", "withdraw", id]).says(0, &["has been ended"]);
    assert_eq!(partner.packages()[0].0, "aborted");
    // A whole package gives a receipt, which lies in the outbox and verifies with the others.
    partner.run(&["send"]).says(0, &["sent"]);
    let listed = partner.machine.client(&partner.serving, "lokk-it").packages().expect("listed");
    let id = &listed.iter().find(|package| package.state == "complete").expect("there").id;
    partner.run(&["packages", "withdraw", id]).says(0, &["withdrawn; receipt  "]);
    partner.run(&["receipt", "verify", "--online"]).says(0, &["withdrawal", "proved: each receipt"]);
}

/// Killed at any moment, again and again: in the end there is one package, whole, with its receipt.
#[test]
fn killed_at_any_moment_a_run_is_carried_on_by_the_next() {
    let partner = Partner::new();
    let mut random = SeededRandom::from_number(17);
    let (mut killed, rounds) = (0, 3);
    for round in 0..rounds {
        std::fs::write(partner.path("forloeb.csv"), extract(0..300 + round, 40)).expect("written");
        // Later each time, until a run comes to its end before its kill.
        let mut after = random.below(20);
        loop {
            let mut child = partner.start(&["send"]);
            std::thread::sleep(std::time::Duration::from_millis(after));
            child.kill().expect("killed");
            if child.wait().expect("ended").success() {
                break;
            }
            killed += 1;
            after += 10 + random.below(15);
        }
        partner.run(&["send"]).says(0, &["unchanged, received"]);
    }
    assert!(killed >= 6, "{killed} kills");
    let complete = partner.packages().into_iter().filter(|(state, ..)| state == "complete").count();
    assert_eq!(complete, usize::try_from(rounds).expect("small"), "{:?}", partner.packages());
    assert_eq!(partner.outbox(".receipt.json").len(), complete);
    assert_eq!(rows_in(&partner.path("outbox")), 0);
    let hidden = std::fs::read_dir(partner.path("outbox")).expect("readable");
    let hidden = hidden.filter(|entry| {
        let name = entry.as_ref().expect("readable").file_name().to_string_lossy().into_owned();
        name.starts_with('.') && name != ".lock"
    });
    assert_eq!(hidden.count(), 0);
    partner.run(&["receipt", "verify", "--online"]).says(0, &["proved"]);
    let Partner { machine, serving } = partner;
    drop(serving);
    machine.is_sound();
}
