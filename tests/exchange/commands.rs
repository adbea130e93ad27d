//! The commands: a list goes out in both forms, what is wrong is refused by place, and numbers leave only on demand.

use std::process::Command;

use super::events::number;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new(rows: &str) -> Desk {
        let desk = Desk(tempfile::tempdir().expect("a folder"));
        let (linkage, signing) = (desk.at("linkage.key"), desk.at("signing.key"));
        assert_eq!(run(&["key", "new", "--programme", "example", "--out", &linkage]).0, 0);
        assert_eq!(run(&["signing-key", "new", "--partner", "lokk", "--out", &signing]).0, 0);
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = text.replace("interventionsmodel", "example");
        std::fs::write(desk.at("programme.toml"), programme).expect("written");
        let token = "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
        kobling::key::private::write_new(desk.at("token").as_ref(), token.as_bytes()).expect("written");
        let list = format!("cpr,record,event,time,names\n{}", rows.replace("CPR", &number()));
        std::fs::write(desk.at("list.csv"), list).expect("written");
        desk
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn own(&self, format: &str) -> Vec<String> {
        let (programme, key) = (self.at("programme.toml"), self.at("linkage.key"));
        ["--format", format, "--programme", &programme, "--partner", "lokk", "--key", &key]
            .map(str::to_owned)
            .to_vec()
    }

    fn export(&self, format: &str, file: &str, more: &[&str]) -> (i32, String) {
        let (list, file) = (self.at("list.csv"), self.at(file));
        let said = ["--purpose", "evaluation", "--recipient", "vive", "--notice", "samtykke"];
        let mut words = vec!["consent", "export", "--list", &list, "-o", &file, "--recorded-by", "desk"];
        let own = self.own(format);
        words.extend(said);
        words.extend(own.iter().map(String::as_str));
        words.extend(more);
        run(&words)
    }

    /// An import for which no service is there: status 5 says that the file was taken.
    fn import(&self, format: &str, file: &str) -> (i32, String) {
        let (file, signing, token) = (self.at(file), self.at("signing.key"), self.at("token"));
        let mut words = vec!["consent", "import", &file, "--signing-key", &signing];
        let own = self.own(format);
        words.extend(own.iter().map(String::as_str));
        words.extend(["--service", "http://127.0.0.1:1", "--token-file", &token]);
        run(&words)
    }
}

fn run(words: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .env("KOBLING_LANG", "en")
        .args(words)
        .output()
        .expect("kobling runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("no signal"), String::from_utf8(said).expect("UTF-8"))
}

const ROWS: &str = "CPR,c-1,given,2022-03-01,\nCPR,c-2,withdrawn,2022-06-01,c-1\n";

#[test]
fn a_list_goes_out_and_is_taken_again() {
    let desk = Desk::new(ROWS);
    for format in ["fhir", "iso27560"] {
        for (file, more) in [("by-token", &[][..]), ("by-number", &["--with-cpr"])] {
            let file = format!("{format}-{file}");
            let (status, said) = desk.export(format, &file, more);
            assert!(status == 0 && said.starts_with("exported 2 event(s)"), "{said}");
            let text = std::fs::read_to_string(desk.at(&file)).expect("written");
            assert_eq!(text.contains(&number()), !more.is_empty());
            assert!(!text.contains("\"active\"") && !text.contains("ConsentStatusValidForProcessing"));
            let (status, said) = desk.import(format, &file);
            assert!(status == 5 && said.contains("cannot be reached"), "{said}");
            assert!(!said.contains(&number()));
            let (status, said) = desk.export(format, &file, more);
            assert!(status == 3 && said.contains("exists"), "not overwritten: {said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_persons_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new(ROWS);
    assert_eq!(desk.export("fhir", "out.json", &["--with-cpr"]).0, 0);
    let mode = std::fs::metadata(desk.at("out.json")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_wrong_is_said_by_place_with_advice() {
    let desk = Desk::new(ROWS);
    assert_eq!(desk.export("fhir", "out.json", &["--with-cpr"]).0, 0);
    let text = std::fs::read_to_string(desk.at("out.json")).expect("written");
    for (from, to, place, advice) in [
        ("\"inactive\"", "\"active\"", "entry[0]: its status", "put all events of the person"),
        (
            "\"valueCode\": \"given\"",
            "\"valueCode\": \"hidden\"",
            "entry[0].resource.extension[1].valueCode",
            "CONSENT.md",
        ),
        (&number(), "0707610000x", "entry[0].resource.patient.identifier.value", "correct the number"),
        (
            "\"type\": \"collection\"",
            "\"type\": \"collection\", \"total\": 2",
            "the document has a field",
            "known there",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(desk.at("planted.json"), text.replacen(from, to, 1)).expect("written");
        let (status, said) = desk.import("fhir", "planted.json");
        assert!(status == 3 && said.contains(place) && said.contains(advice), "{from}: {said}");
        assert!(
            !said.contains(&number()) && !said.contains("0707610000x") && !said.contains("hidden"),
            "{said}"
        );
    }
}
