//! Families, pairs, staff and anonymous clients: real extracts through the program, a real programme, a real service, and
//! what is linked in the end.
#![cfg(all(unix, feature = "service"))]

#[path = "kit/desk.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod desk;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use desk::{Desk, partner};
use kit::{cpr, linkage_key, signing_key};
use kobling::clock::Timestamp;
use kobling::extract::Package;
use kobling::key::Example;
use kobling::service::UploadRequest;
use kobling::snapshot::Snapshot;

/// Partners of this file's programme beside those that the desk knows.
const OTHERS: [&str; 3] = ["frederiksberg", "dragoer", "lev-uden-vold"];

/// The programme, with staff of frederiksberg who are trained by another partner, and shifts that dragoer sends.
fn programme() -> String {
    let mut text = kit::PROGRAMME.to_owned();
    for (dataset, partners) in [
        ("sara-kursus", "partners = [\"lev-uden-vold\"]\nstaff_issuer = \"frederiksberg\""),
        ("risikovurdering", "partners = [\"frederiksberg\"]"),
    ] {
        let at = text.find(&format!("id = \"{dataset}\"\ntitle")).expect("the dataset");
        let from = at + text[at..].find("partners = [").expect("its partners");
        let to = from + text[from..].find(']').expect("their end") + 1;
        text.replace_range(from..to, partners);
    }
    let at = text.find("[[dataset]]\nid = \"trivsel\"").expect("the dataset");
    text.insert_str(at, SHIFTS);
    text.replace("staff = [\"risikovurdering\"]", "staff = [\"risikovurdering\", \"vagter\"]")
}

const SHIFTS: &str = r#"[[dataset]]
id = "vagter"
title = { da = "Vagter", en = "Shifts" }
partners = ["dragoer"]

[[dataset.basis]]
purpose = "evaluation"
kind = "statistics"
rests_on = "databeskyttelsesloven § 10"

[[dataset.column]]
id = "person"
role = "person"
headers = ["CPR-nr"]
required = false
missing = ["-"]

[[dataset.column]]
id = "dato"
role = "date"
headers = ["Dato"]

[[dataset.column]]
id = "medarbejder"
role = "staff"
headers = ["Medarbejdernr"]

"#;

/// A service, and partners with the program.
struct Town {
    desk: Desk,
    dir: tempfile::TempDir,
    made: std::cell::Cell<u32>,
}

impl Town {
    fn new() -> Town {
        let (text, dir) = (programme(), tempfile::tempdir().expect("a folder"));
        let desk = Desk::of(&text);
        let now = Timestamp::from_millis(1_748_764_800_000);
        for id in OTHERS {
            let (actor, of) = (desk.it().operator(), id.parse().expect("a name"));
            desk.it().enrol_key(&actor, &of, &signing_key(id).verifying_key()).expect("enrolled");
        }
        for id in ["lokk", "mandecentret"].into_iter().chain(OTHERS) {
            let path = dir.path().join(format!("{id}.sign"));
            signing_key(id).save(&path, id, now, Example::Refuse).expect("saved");
        }
        std::fs::write(dir.path().join("programme.toml"), text).expect("written");
        linkage_key().save(&dir.path().join("link.key"), now, Example::Refuse).expect("saved");
        Town { desk, dir, made: std::cell::Cell::new(0) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the program over an extract; status and all that was said.
    fn kobling(
        &self,
        what: &str,
        from: &str,
        dataset: &str,
        text: &str,
        more: &[&str],
    ) -> (Option<i32>, String) {
        let extract = self.file(&format!("{from}-{dataset}.csv"));
        std::fs::write(&extract, text).expect("written");
        let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .arg(what)
            .arg(&extract)
            .args(["--partner", from, "--dataset", dataset, "--programme"])
            .arg(self.file("programme.toml"))
            .args(more)
            .output()
            .expect("the program runs");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), said(&output.stdout) + &said(&output.stderr))
    }

    /// Makes a package with the program, and sends it; what the tool said.
    fn send(&self, from: &str, dataset: &str, text: &str) -> String {
        self.made.set(self.made.get() + 1);
        let out = self.file(&format!("package-{}", self.made.get()));
        let (key, sign) = (self.file("link.key"), self.file(&format!("{from}.sign")));
        let path = |path: &Path| path.to_str().expect("text").to_owned();
        let (out_text, key, sign) = (path(&out), path(&key), path(&sign));
        let more = ["--key", &*key, "--signing-key", &*sign, "--out", &*out_text];
        let (status, said) = self.kobling("tokenise", from, dataset, text, &more);
        assert_eq!(status, Some(0), "{said}");
        let package = Package::open(&out).unwrap_or_else(|error| panic!("{error}"));
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let caller = partner(from);
        let opened = self.desk.it().open_upload(&caller, request).unwrap_or_else(|error| panic!("{error}"));
        let mut bytes = Some(std::fs::read(package.data_path()).expect("readable"));
        let standing = self.desk.it().append(&caller, &opened.id, opened.offset, || bytes.take());
        assert!(standing.unwrap_or_else(|error| panic!("{error}")).complete);
        said
    }

    fn sealed(&self) -> Snapshot {
        self.desk.snapshot(self.desk.seal())
    }

    fn dataset(&self, id: &str) -> usize {
        self.desk.it().programme().dataset(&id.parse().expect("a name")).expect("a dataset").0
    }

    /// The person number of the `n`-th made-up person.
    fn person(&self, n: u64) -> u32 {
        let link = self.desk.link("lokk", n).expect("a link");
        let spine = self.desk.it().store().spine().expect("read");
        spine.iter().find(|row| row.link.as_stored()[..] == link[..]).map_or(0, |row| row.number)
    }
}

const TRACED: &str = "CPR-nr;Modpart;Sagsnr;Dato;Trin;Rolle;Kommune\r\n";

#[test]
fn cases_and_pairs_make_families_at_their_partner_and_equal_case_numbers_of_two_never_meet() {
    let town = Town::new();
    // Persons 0..20 at frederiksberg, 40..60 at dragoer; both number their cases from S-0, two persons to a case; every
    // fifth person has a partner in the row.
    for (from, first, municipality) in [("frederiksberg", 0, "147"), ("dragoer", 40, "155")] {
        let mut text = TRACED.to_owned();
        for n in 0..20 {
            let related = if n % 5 == 0 { cpr(first + n + 200) } else { "-".to_owned() };
            let _ = write!(
                text,
                "{};{related};S-{};{:02}-03-2022;Opsporet;Voldsudsat;{municipality}\r\n",
                cpr(first + n),
                n / 2,
                n + 1
            );
        }
        town.send(from, "kommune-opsporing", &text);
    }
    let snapshot = town.sealed();
    let family = |n: u64| snapshot.families[town.person(n) as usize];
    let mut families = BTreeSet::new();
    for (first, other) in [(0, 40), (40, 0)] {
        for n in 0..20 {
            assert_ne!(family(first + n), 0);
            assert_eq!(family(first + n), family(first + (n / 2) * 2), "the two of a case are one family");
            if n % 5 == 0 {
                assert_eq!(family(first + n), family(first + n + 200), "a pair is one family");
            }
            for m in 0..20 {
                assert_ne!(family(first + n), family(other + m), "the same case number at another partner");
            }
            families.insert(family(first + n));
        }
    }
    assert_eq!(families.len(), 20);
    let columns = &snapshot.datasets[town.dataset("kommune-opsporing")];
    let cases: BTreeSet<u32> = columns.case.as_ref().expect("a case column").iter().copied().collect();
    assert_eq!(cases.len(), 20, "ten texts of two partners are twenty cases");
    // By the pair too, which stands as a person of its own number.
    let related: BTreeSet<u32> = columns.related.as_ref().expect("a column").iter().copied().collect();
    let expected: BTreeSet<u32> = [0, 5, 10, 15]
        .into_iter()
        .flat_map(|n| [town.person(200 + n), town.person(240 + n)])
        .chain([0])
        .collect();
    assert_eq!(related, expected);
}

#[test]
fn staff_of_one_issuer_meet_across_partners_and_those_of_a_third_never_do() {
    let mut town = Town::new();
    town.desk.say("frederiksberg", 0..40, "given");
    let mut assessed = "CPR-nr;Sagsnr;Dato;Medarbejder;Tidspunkt;Risiko\r\n".to_owned();
    for n in 0..40 {
        let _ = write!(assessed, "{};S-{n};{:02}-03-2022;M-{};Før;Høj\r\n", cpr(n), n % 28 + 1, n % 10);
    }
    town.send("frederiksberg", "risikovurdering", &assessed);
    // Who teaches writes the employer's numbers, with other white space; four of the ten were taught, and two strangers.
    let mut taught = "CPR-nr;Dato;Medarbejder\r\n".to_owned();
    for staff in ["M-0", " M-1", "M-2 ", "M-3", "X-1", "X-2"] {
        let _ = write!(taught, "-;05-01-2022;{staff}\r\n");
    }
    town.send("lev-uden-vold", "sara-kursus", &taught);
    // A third partner's staff have the same numbers, and are others.
    let mut shifts = "CPR-nr;Dato;Medarbejdernr\r\n".to_owned();
    for n in 0..10 {
        let _ = write!(shifts, "-;{:02}-02-2022;M-{n}\r\n", n + 1);
    }
    town.send("dragoer", "vagter", &shifts);
    let snapshot = town.sealed();
    let staff = |dataset: &str| -> BTreeSet<u32> {
        let columns = &snapshot.datasets[town.dataset(dataset)];
        columns.staff.iter().flatten().flatten().copied().filter(|n| *n != 0).collect()
    };
    let (assessing, taught, third) = (staff("risikovurdering"), staff("sara-kursus"), staff("vagter"));
    assert_eq!((assessing.len(), taught.len(), third.len()), (10, 6, 10));
    assert_eq!(assessing.intersection(&taught).count(), 4, "the employer's numbers meet");
    assert!(third.is_disjoint(&assessing) && third.is_disjoint(&taught), "a third partner's never do");
    // Lists of staff are about nobody: their rows are no person's.
    for dataset in ["sara-kursus", "vagter"] {
        let columns = &snapshot.datasets[town.dataset(dataset)];
        assert_eq!(columns.rows(0).len(), columns.len(), "{dataset}");
    }
}

#[test]
fn anonymous_clients_are_contacts_and_never_persons() {
    let mut town = Town::new();
    town.desk.say("lokk", 0..40, "given");
    let mut text = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
    for n in 0..40 {
        let _ = write!(text, "{};S-{n};{:02}-03-2022;Kontakt;Voldsudsat;147\r\n", cpr(n), n % 28 + 1);
    }
    // Twelve without a name, in three ways of writing it, of whom two share a case with somebody known.
    for n in 0..12 {
        let nobody = ["-", "Anonym", ""][n % 3];
        let _ = write!(text, "{nobody};S-{};{:02}-04-2022;Kontakt;Voldsudsat;147\r\n", 38 + n, n + 1);
    }
    let said = town.send("lokk", "forloeb", &text);
    assert!(said.contains("12") && said.to_lowercase().contains("without a number"), "{said}");
    let snapshot = town.sealed();
    let columns = &snapshot.datasets[town.dataset("forloeb")];
    assert_eq!((columns.len(), columns.rows(0).len()), (52, 12));
    assert_eq!(snapshot.persons, 40, "nobody became a person");
    assert_eq!(snapshot.families[0], 0, "nobody has a family");
    let families: BTreeSet<u32> = snapshot.families.iter().copied().filter(|f| *f != 0).collect();
    assert_eq!(families.len(), 40, "a nameless one joins nobody to anybody");
}

#[test]
fn a_cpr_number_in_a_case_or_staff_column_is_refused_by_line_without_showing_it() {
    let town = Town::new();
    let hyphened = format!("{}-{}", &cpr(7)[..6], &cpr(7)[6..]);
    for (from, dataset, text) in [
        (
            "frederiksberg",
            "kommune-opsporing",
            format!(
                "{TRACED}{0};-;S-1;01-03-2022;Opsporet;Voldsudsat;147\r\n{1};-;{2};02-03-2022;Opsporet;Voldsudsat;147\r\n",
                cpr(1),
                cpr(2),
                cpr(2)
            ),
        ),
        (
            "frederiksberg",
            "risikovurdering",
            format!(
                "CPR-nr;Sagsnr;Dato;Medarbejder;Tidspunkt;Risiko\r\n{};S-1;01-03-2022;M-1;Før;Høj\r\n{};S-2;02-03-2022;{hyphened};Før;Høj\r\n",
                cpr(1),
                cpr(2)
            ),
        ),
        (
            "lev-uden-vold",
            "sara-kursus",
            format!("CPR-nr;Dato;Medarbejder\r\n-;05-01-2022;M-1\r\n-;05-01-2022;{}\r\n", cpr(7)),
        ),
    ] {
        let (status, said) = town.kobling("check", from, dataset, &text, &[]);
        assert_eq!(status, Some(1), "{dataset}: {said}");
        assert!(said.contains("cpr-in-another-column"), "{dataset}: {said}");
        let findings = town.file(&format!("{dataset}-findings.csv"));
        let to = findings.to_str().expect("text").to_owned();
        let (_, again) = town.kobling("check", from, dataset, &text, &["--findings", &to]);
        let written = std::fs::read_to_string(&findings).expect("readable");
        let column = if dataset == "kommune-opsporing" { "sag" } else { "medarbejder" };
        assert!(written.contains(&format!("3,{column},cpr-in-another-column")), "{dataset}: {written}");
        for number in [cpr(1), cpr(2), cpr(7), hyphened.clone()] {
            assert!(!format!("{said}{again}{written}").contains(&number), "{dataset}: {said}");
        }
    }
}
