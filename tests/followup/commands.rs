//! The partner's commands, against a service on loopback.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kobling::followup::Answers;
use kobling::key::Example;

use crate::kit::{self, linkage_key, signing_key};
use crate::world::*;

/// What a partner has on its machine.
struct Desk {
    world: World,
    dir: PathBuf,
}

impl Desk {
    fn new(world: World) -> Desk {
        let dir = world.running.dir.path().join("desk");
        std::fs::create_dir(&dir).expect("made");
        let now = "2025-06-01T08:00:00Z".parse().expect("an instant");
        linkage_key().save(&dir.join("linkage.key"), now, Example::Refuse).expect("saved");
        signing_key(POLICE).save(&dir.join("signing.key"), POLICE, now, Example::Refuse).expect("saved");
        std::fs::write(dir.join("programme.toml"), kit::PROGRAMME).expect("written");
        kit::write_private(dir.join("token"), format!("{}\n", world.police.1));
        Desk { world, dir }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .current_dir(&self.dir)
            .env("KOBLING_LANG", "en")
            .args(arguments)
            .output()
            .expect("run")
    }

    fn pull(&self, extract: &str, out: &str, more: &[&str]) -> Output {
        let fixed = [
            "followup",
            "pull",
            extract,
            "--programme",
            "programme.toml",
            "--partner",
            POLICE,
            "--dataset",
            "henvisninger",
            "--followup",
            "henvisning",
            "--key",
            "linkage.key",
            "--signing-key",
            "signing.key",
            "--token-file",
            "token",
            "--service",
            &self.world.running.address,
            "--out",
            out,
        ];
        let label = ["--label", "sag F-17"];
        let label: &[&str] = if more.contains(&"--label") { &[] } else { &label };
        self.run(&[&fixed[..], label, more].concat())
    }

    fn resolve(&self, answers: &str, extract: &str, out: &str, more: &[&str]) -> Output {
        let fixed = [
            "followup",
            "resolve",
            answers,
            extract,
            "--programme",
            "programme.toml",
            "--key",
            "linkage.key",
            "--out",
            out,
        ];
        self.run(&[&fixed[..], more].concat())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(name)).expect("readable")
    }
}

fn sound(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
}

/// 0 and 1 are told of, 2 has ended unreached, 3 is silent, and 4 is not to be asked about. Own rows have a column and an
/// order of their own.
fn desk() -> Desk {
    let world = World::new();
    world.yes(POLICE, 0..4, POLICE);
    world.yes(HELP, 0..4, POLICE);
    let rows =
        [(0, "01-03-2024"), (1, "02-03-2024"), (2, "03-03-2024"), (3, "04-03-2024"), (4, "05-03-2024")];
    send(&world.running, &world.police.0, POLICE, "henvisninger", &referrals(&rows));
    send(
        &world.running,
        &world.help.0,
        HELP,
        "forloeb",
        &steps(&[
            (0, "05-03-2024", "Kontakt"),
            (1, "05-03-2024", "Kontakt"),
            (1, "06-03-2024", "Startet"),
            (2, "07-03-2024", "Afbrudt"),
        ]),
    );
    world.seal("2025-06-02T08:00:00Z");
    world.clock("2025-06-10T08:00:00Z");
    let desk = Desk::new(world);
    let row = |(n, day): (u64, &str)| format!("Blok {n};{};{day};Ja;Ja;Ja;Ingen;note {n}\r\n", kit::cpr(n));
    let again = (0, "09-04-2024");
    let body: String = [rows[3], rows[1], again, rows[0], rows[2]].into_iter().map(row).collect();
    let header =
        "Adresse;CPR-nr;Henvisningsdato;Partnerrelation;Voksen;Tidlig vold;Eksklusion;Bemærkning\r\n";
    let broken = "Blok 9;1234;01-03-2024;Ja;Ja;Ja;Ingen;\r\n";
    std::fs::write(desk.dir.join("own.csv"), format!("{header}{body}{broken}")).expect("written");
    desk
}

#[test]
fn answers_stand_beside_ones_own_rows() {
    let desk = desk();
    let listed = sound(&desk.run(&[
        "followup",
        "list",
        "--service",
        &desk.world.running.address,
        "--token-file",
        "token",
        "--lang",
        "da",
    ]));
    assert!(
        listed.contains("henvisning  Hvad blev der af henvisningen?") && listed.contains("Forløb startet"),
        "{listed}"
    );

    let said = sound(&desk.pull("own.csv", "answers.json", &[]));
    assert!(said.contains("asked     4 of 4") && said.contains("told      3;"), "{said}");
    private(&desk.dir.join("answers.json"));
    let text = desk.read("answers.json");
    let answers: Answers = serde_json::from_str(&text).expect("answers");
    assert_eq!((answers.answers.len(), answers.asked.len()), (4, 1), "a person is asked about once");
    let first = answers.answers.iter().find(|answer| answer.token == kit::token(POLICE, 0)).expect("there");
    assert_eq!(first.referred.to_string(), "2024-03-01");
    assert!(!(0..4).any(|n| text.contains(&kit::cpr(n))));
    // What stands in the strand of the audit chain is what was asked.
    let strand = desk.world.police.0.fetch("/v1/audit/strand").expect("entries");
    assert!(String::from_utf8_lossy(&strand).contains(&answers.asked[0].to_string()));

    // Everything: own rows, in their order, with their other columns.
    let said = sound(&desk.resolve("answers.json", "own.csv", "all.csv", &["--lang", "da"]));
    assert!(
        said.contains("fundet    4 af dem i udtrækket") && said.contains("skrevet   5 række(r)"),
        "{said}"
    );
    private(&desk.dir.join("all.csv"));
    let all = desk.read("all.csv");
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].ends_with(
        ";Bemærkning;Kontaktet;Forløb startet;Forløb slut;Ikke nået: udebleven;Eget samtykke til og med;På arbejdslisten fordi"
    ), "{}", lines[0]);
    let with = |n: u64, day: &str, told: &str| {
        format!("Blok {n};{};{day};Ja;Ja;Ja;Ingen;note {n};{told};2030-12-31;", kit::cpr(n))
    };
    assert_eq!(
        lines[1..],
        [
            with(3, "04-03-2024", ";;;"),
            with(1, "02-03-2024", "ja;ja;;"),
            with(0, "09-04-2024", "ja;;;"),
            with(0, "01-03-2024", "ja;;;"),
            with(2, "03-03-2024", ";;ja;"),
        ]
    );

    // The worklist.
    let said = sound(&desk.resolve(
        "answers.json",
        "own.csv",
        "work.csv",
        &["--not-contacted", "14", "--ended-unreached", "--lang", "en"],
    ));
    let work = desk.read("work.csv");
    let why: Vec<&str> = work.lines().skip(1).filter_map(|line| line.rsplit(';').next()).collect();
    assert_eq!(why, ["nothing told of a contact", "over without contact"]);
    assert!(
        said.contains("written   2 row(s) of 2 person(s)") && said.contains("1 nothing told of a contact"),
        "{said}"
    );
    let said = sound(&desk.resolve("answers.json", "own.csv", "ends.csv", &["--consent-ends", "30"]));
    assert!(said.contains("written   0 row(s)"), "{said}");
    let said = sound(&desk.resolve("answers.json", "own.csv", "ends2.csv", &["--consent-ends", "9999"]));
    assert!(said.contains("written   5 row(s)"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_nothing_is_spent_in_vain() {
    let desk = desk();
    let spent = || desk.world.volume(POLICE)["lookups_today"].as_u64().expect("a number");
    std::fs::write(desk.dir.join("there.json"), "mine").expect("written");
    let said = refused(&desk.pull("own.csv", "there.json", &[]), 3);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!((desk.read("there.json").as_str(), spent()), ("mine", 0));
    let cpr = kit::cpr(0);
    let said = refused(&desk.pull("own.csv", "a.json", &["--label", &cpr]), 2);
    assert!(said.contains("looks like a CPR number") && !said.contains(&cpr), "{said}");
    assert!(refused(&desk.pull("own.csv", "a.json", &["--from", "2024-05-01"]), 3).contains("none of 4"));
    assert!(!desk.dir.join("a.json").exists() && spent() == 0);
    sound(&desk.pull("own.csv", "some.json", &["--from", "2024-03-03"]));
    assert_eq!(spent(), 2);
    std::fs::write(desk.dir.join("there.csv"), "mine").expect("written");
    refused(&desk.resolve("some.json", "own.csv", "there.csv", &[]), 3);
    assert_eq!(desk.read("there.csv"), "mine");
    // Answers of another key are not put beside anything.
    let other = kobling::key::LinkageKey::from_bytes(kit::programme().id.clone(), &mut [8; 32]);
    std::fs::remove_file(desk.dir.join("linkage.key")).expect("removed");
    let now = "2025-06-01T08:00:00Z".parse().expect("an instant");
    other.save(&desk.dir.join("linkage.key"), now, Example::Refuse).expect("saved");
    refused(&desk.resolve("some.json", "own.csv", "b.csv", &[]), 4);
    let said = refused(&desk.pull("own.csv", "c.json", &[]), 5);
    assert!(said.contains("other") || said.contains("key"), "{said}");
    assert!(!desk.dir.join("c.json").exists() && !desk.dir.join("b.csv").exists());
}
