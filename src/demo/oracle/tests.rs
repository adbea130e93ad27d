//! Tiny worlds with known answers, and what must hold of every world.

use std::path::PathBuf;

use proptest::prelude::*;

use super::consent::{Event, allows};
use super::*;
use crate::clock::Timestamp;
use crate::demo::consents::{HEADER, write_consents};
use crate::demo::raw::{Faults, REMARK_WORDS, RawFile, write_extracts};
use crate::demo::world::{World, WorldSettings};
use crate::id::{Sex, generate_made_up_cpr};
use crate::secret::{SeededRandom, shuffle};

fn programme() -> Programme {
    Programme::parse(include_str!("../../../programmes/interventionsmodel.toml")).expect("sound")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn asked(question: &str, by: &[&str]) -> Asked {
    Asked {
        question: question.parse().expect("a name"),
        by: by.iter().map(|id| id.parse().expect("a name")).collect(),
        period: "2022-Q1..2022-Q2".parse().expect("a period"),
        population: None,
        moment: "2025-06-01T12:00:00Z".parse().expect("an instant"),
        snapshot: day("2025-05-01"),
    }
}

/// A folder with small files, and the persons in them.
struct Tiny {
    folder: tempfile::TempDir,
    numbers: Vec<String>,
    files: Vec<RawFile>,
    consents: Vec<(PartnerId, PathBuf)>,
}

impl Tiny {
    fn new() -> Tiny {
        let mut random = SeededRandom::from_number(3);
        let born = Day::from_ymd(1980, 5, 17).expect("a day");
        let number = |at| generate_made_up_cpr(born.plus(at * 31), Sex::Woman, &mut random);
        let numbers = (0..8).map(number).map(|n| String::from_utf8(n.to_vec()).expect("digits")).collect();
        Tiny {
            folder: tempfile::tempdir().expect("a folder"),
            numbers,
            files: Vec::new(),
            consents: Vec::new(),
        }
    }

    /// `A` to `H` in angle brackets stand for the numbers.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let letters = ["<A>", "<B>", "<C>", "<D>", "<E>", "<F>", "<G>", "<H>"];
        let text = letters.iter().zip(&self.numbers).fold(text.to_owned(), |t, (l, n)| t.replace(l, n));
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    fn extract(mut self, partner: &str, dataset: &str, text: &str) -> Tiny {
        let path = self.write(&format!("{partner}-{dataset}.csv"), text);
        let (partner, dataset) = (partner.parse().expect("a name"), dataset.parse().expect("a name"));
        self.files.push(RawFile { partner, dataset, path, rows: 0, faults: Faults::default() });
        self
    }

    fn consent(mut self, partner: &str, lines: &str) -> Tiny {
        let path =
            self.write(&format!("{partner}-{}.consents", self.consents.len()), &format!("{HEADER}\n{lines}"));
        self.consents.push((partner.parse().expect("a name"), path));
        self
    }

    fn read<'a>(&self, programme: &'a Programme, leaving: Leaving) -> Plain<'a> {
        let plain = Plain::read(programme, &self.files, day("2025-05-01"), &[], leaving);
        let mut plain = plain.expect("readable");
        for (partner, path) in &self.consents {
            plain.record_consents(partner, path).expect("readable");
        }
        plain
    }

    /// Cells that are not empty, as `key: letters (families)`.
    fn shown(&self, plain: &Plain<'_>, asked: &Asked) -> Vec<String> {
        let answer = plain.ask(asked).expect("registered");
        let letter = |person: &u32| {
            let at = self.numbers.iter().position(|n| plain.person(n, None) == Some(*person));
            char::from(b"ABCDEFGH"[at.expect("one of ours")])
        };
        let cells = answer.cells.iter().filter(|cell| !cell.contributors.is_empty());
        let mut shown: Vec<String> = cells
            .map(|cell| {
                let letters = sorted(cell.contributors.iter().map(letter));
                format!("{}: {letters} ({})", cell.key.join(" "), cell.families)
            })
            .collect();
        if !answer.left_out.is_empty() {
            let letters = sorted(answer.left_out.iter().map(letter));
            shown.push(format!("left out: {letters} ({})", answer.left_out_families));
        }
        shown
    }
}

fn sorted(letters: impl Iterator<Item = char>) -> String {
    letters.collect::<BTreeSet<char>>().into_iter().collect()
}

/// A is traced, offered, says yes, is contacted and starts; B is A's other one; nobody asked C; D is known to the
/// municipality and to LOKK; E's number is damaged; F's rows are bad in other ways; G is met in another year.
fn tiny() -> Tiny {
    let given = |letters: &[&str]| {
        let line = |l: &&str| format!("<{l}>,r-{l},given,2021-12-01T08:00:00Z,2021-12-01,,,\n");
        letters.iter().map(line).collect::<String>()
    };
    Tiny::new()
        .extract(
            "koebenhavns-politi",
            "politi-opsporing",
            "Dato;Trin;Rolle;Kommunekode;CPR;Modpart;Journalnr;Andet\r\n\
             10-01-2022;Registreret;U;101;<A>;-;1;x\r\n\
             12-01-2022;Tilbudt;U;101;<A>;-;1;x\r\n\
             12-01-2022;Ja tak;U;101;<A>;-;1;x\r\n\
             12-01-2022;Ja tak;U;101;<A>;-;1;x\r\n\
             01-02-2022;Registreret;V;147;<B>;<A>;2;x\r\n\
             02-02-2022;Registreret;V;147;<C>;;3;x\r\n\
             30-02-2022;Registreret;V;147;<F>;;3;x\r\n\
             01-02-2019;Registreret;V;147;<F>;;3;x\r\n\
             01-02-2022;Noget andet;V;147;<F>;;3;x\r\n\
             01-02-2022;Registreret;V;147;;;3;x\r\n\
             01-02-2022;Registreret;V;147;1,01E+09;;3;x\r\n\
             05-03-2023;Registreret;V;147;<G>;;4;x\r\n",
        )
        .consent("koebenhavns-politi", &given(&["A", "B", "F", "G"]))
        .extract(
            "frederiksberg",
            "kommune-opsporing",
            "\u{feff}CPR-nr;Partner CPR;Sagsnr;Dato;Trin;Rolle;Kommune\n\
             <D>;;1;2022-03-01;Opsporet;Udsat;frederiksberg\n\
             707614285;;1;2022-03-01;Opsporet;Udsat;frederiksberg\n",
        )
        .extract(
            "lokk",
            "forloeb",
            "Klient;Forløbsnr;Kontaktdato;Status;Rolle;Kommune\n\
             <A>;1;20.01.2022;Kontakt;udsat;101\n\
             <A>;1;20.01.2022;Påbegyndt;udsat;101\n\
             Anonym;;20.01.2022;Kontakt;udsat;101\n\
             <D>;2;01.02.2022;Kontakt;udsat;147\n",
        )
        .consent("lokk", &given(&["A", "D"]))
}

#[test]
fn the_tiny_world_has_the_known_answers() {
    let (programme, tiny) = (programme(), tiny());
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    let reach = tiny.shown(&plain, &asked("reach", &["role", "partner"]));
    assert_eq!(
        reach,
        [
            "koebenhavns-politi udsat: A (1)",
            "koebenhavns-politi udover: B (1)",
            "lokk udsat: D (1)",
            "left out: C (1)"
        ]
    );
    assert_eq!(tiny.shown(&plain, &asked("reach", &[])), [": ABD (2)", "left out: C (1)"]);
    let funnel = tiny.shown(&plain, &asked("funnel", &[]));
    let steps =
        ["traced: ABD (2)", "offered: A (1)", "consented: A (1)", "contacted: A (1)", "started: A (1)"];
    assert_eq!(funnel[..5], steps, "D was contacted before being traced: not on the way");
    assert_eq!(funnel[5..], ["left out: C (1)"]);
    let overlap = tiny.shown(&plain, &asked("overlap", &[]));
    let wanted = [
        "koebenhavns-politi: AB (1)",
        "frederiksberg: D (1)",
        "lokk: AD (2)",
        "koebenhavns-politi+lokk: A (1)",
        "frederiksberg+lokk: D (1)",
        "left out: C (1)",
    ];
    assert_eq!(overlap, wanted);
    assert_eq!(plain.rejected().values().sum::<u64>(), 6);
}

#[test]
fn whoever_moves_away_is_followed_no_longer() {
    let programme = programme();
    let asked = asked("time-to-contact", &[]);
    let stays = tiny();
    let stays = stays.shown(&stays.read(&programme, Leaving::AnyForbiddenRow), &asked);
    let wanted = ["1 followed: A (1)", "3 followed: A (1)", "7 followed: A (1)", "30 followed: A (1)"];
    assert_eq!(stays[..4], wanted);
    assert_eq!(stays[4..], ["30 event: A (1)", "left out: C (1)"], "eight days from a yes to a contact");
    let moves = tiny().extract("dragoer", "afgang", "CPR;Dato;Status\n<A>;2022-01-15;Fraflyttet\n");
    let moves = moves.shown(&moves.read(&programme, Leaving::AnyForbiddenRow), &asked);
    assert_eq!(moves, ["1 followed: A (1)", "3 followed: A (1)", "left out: C (1)"]);
}

#[test]
fn populations_and_quarters_go_by_the_index() {
    let (programme, tiny) = (programme(), tiny());
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    let mut question = asked("reach", &["quarter", "municipality"]);
    question.population = Some("exposed".parse().expect("a name"));
    let reach = tiny.shown(&plain, &question);
    assert_eq!(reach[..2], ["koebenhavn 2022-Q1: A (1)", "frederiksberg 2022-Q1: D (1)"]);
    question.period = "2023-Q1".parse().expect("a period");
    assert_eq!(tiny.shown(&plain, &question), [] as [&str; 0], "G uses violence");
    let cells = plain.ask(&asked("reach", &["quarter", "municipality"])).expect("registered").cells;
    assert_eq!(cells.len(), 2 * 5, "empty cells are there too");
    let overlap = plain.ask(&asked("overlap", &[])).expect("registered").cells;
    assert_eq!(overlap.len(), 9 + 36 + 84);
}

#[test]
fn a_withdrawal_takes_the_person_out_of_every_source_and_denominator() {
    let (programme, tiny) = (programme(), tiny());
    let tiny = tiny.consent("lokk", "<A>,r-9,withdrawn,2025-05-30T08:00:00Z,2025-05-30,,,\n");
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    let funnel = tiny.shown(&plain, &asked("funnel", &[]));
    assert_eq!(funnel, ["traced: BD (2)", "left out: AC (2)"]);
    let mut before = asked("funnel", &[]);
    before.moment = "2025-05-29T12:00:00Z".parse().expect("an instant");
    assert_eq!(tiny.shown(&plain, &before)[0], "traced: ABD (2)");
}

#[test]
fn the_two_ways_of_leaving_differ_on_a_window_alone() {
    let programme = programme();
    let cut = || {
        tiny().consent("koebenhavns-politi", "<A>,r-7,given,2022-01-01T08:00:00Z,2022-01-01,,2022-01-11,\n")
    };
    let strict = cut();
    let strict = strict.shown(&strict.read(&programme, Leaving::AnyForbiddenRow), &asked("reach", &[]));
    assert_eq!(strict, [": BD (2)", "left out: AC (2)"]);
    let lax = cut();
    let lax =
        lax.shown(&lax.read(&programme, Leaving::NoPermittedRowAtASource), &asked("reach", &["quarter"]));
    assert_eq!(lax, ["2022-Q1: ABD (2)", "left out: C (1)"]);
}

#[test]
fn ties_on_a_day_go_by_dataset_then_partner_then_codes() {
    let programme = programme();
    let forloeb = |rows: &str| format!("Klient;Kontaktdato;Status;Rolle;Kommune\n{rows}");
    let tiny = Tiny::new()
        .extract(
            "lokk",
            "forloeb",
            &forloeb("<A>;2022-01-05;Kontakt;udsat;101\n<B>;2022-01-05;Kontakt;udsat;101\n"),
        )
        .extract(
            "dragoer",
            "forloeb",
            &forloeb("<A>;2022-01-05;Startet;udover;155\n<A>;2022-01-05;Kontakt;udover;185\n"),
        )
        .extract(
            "taarnby",
            "kommune-opsporing",
            "CPR;Dato;Trin;Rolle;Kommune\n<B>;2022-01-05;Opsporet;udover;185\n",
        )
        .consent("lokk", "<A>,1,given,2021-12-01T08:00:00Z,,,,\n<B>,2,given,2021-12-01T08:00:00Z,,,,\n")
        .consent("dragoer", "<A>,1,given,2021-12-01T08:00:00Z,,,,\n");
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    let shown = tiny.shown(&plain, &asked("reach", &["partner", "municipality", "role"]));
    assert_eq!(shown, ["taarnby dragoer udover: A (1)", "taarnby taarnby udover: B (1)"]);
}

#[test]
fn local_numbers_and_case_numbers_of_two_partners_never_meet() {
    let programme = programme();
    let row = |number: &str, case: &str| {
        format!(
            "Klient;Sagsnr;Kontaktdato;Status;Rolle;Kommune\n{number};{case};2022-01-05;Kontakt;udsat;101\n"
        )
    };
    let yes = "UKENDT0001,1,given,2021-12-01T08:00:00Z,,,,\n";
    let tiny = Tiny::new()
        .extract("lokk", "forloeb", &row("UKENDT0001", "7"))
        .extract("dragoer", "forloeb", &row("ukendt-0001", "7"))
        .consent("lokk", yes)
        .consent("dragoer", yes);
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    let reach = plain.ask(&asked("reach", &[])).expect("registered");
    assert_eq!((reach.cells[0].contributors.len(), reach.cells[0].families), (2, 2));
    let overlap = plain.ask(&asked("overlap", &[])).expect("registered");
    let shared = overlap.cells.iter().filter(|cell| cell.key[0].contains('+'));
    assert!(shared.clone().count() > 100 && shared.clone().all(|cell| cell.contributors.is_empty()));
}

#[test]
fn a_question_that_is_not_registered_is_refused() {
    let (programme, tiny) = (programme(), tiny());
    let plain = tiny.read(&programme, Leaving::AnyForbiddenRow);
    for bad in
        [asked("nothing", &[]), asked("quality", &[]), asked("funnel", &["partner"]), asked("reach", &["x"])]
    {
        assert!(matches!(plain.ask(&bad), Err(DemoError::Question { .. })), "{bad:?}");
    }
}

#[test]
fn consent_windows_narrow_each_other_and_a_deny_beats_what_came_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let permitted = |lines: &[&str], row: &str| {
        let path = folder.path().join("c.csv");
        let lines: String = lines.iter().map(|line| format!("UKENDT0001,r,{line}\n")).collect();
        std::fs::write(&path, format!("{HEADER}\n{lines}")).expect("written");
        let events: Vec<Event> =
            super::consent::read("p", &path).expect("readable").into_iter().map(|(_, event)| event).collect();
        let moment: Timestamp = "2025-06-01T12:00:00Z".parse().expect("an instant");
        allows(&events, moment, day(row), None)
    };
    let open = "given,2022-01-01T00:00:00Z,2022-01-01,,,";
    let narrow = "given,2022-01-02T00:00:00Z,2022-01-02,,2022-03-01,2022-04-01";
    assert!(!permitted(&[], "2022-02-01"), "silence is no yes");
    assert!(permitted(&[open], "2022-01-01") && !permitted(&[open], "2021-12-31"));
    assert!(permitted(&[open, narrow], "2022-03-01") && !permitted(&[open, narrow], "2022-02-01"));
    let no = "withdrawn,2022-01-02T00:00:00Z,,,,";
    assert!(!permitted(&[open, no], "2022-02-01"));
    assert!(!permitted(&[no, narrow], "2022-03-01"), "at the same instant the no wins");
    let later = "given,2022-01-03T00:00:00Z,2022-01-03,,,";
    assert!(permitted(&[open, no, later], "2022-02-01"));
    let tomorrow = "refused,2025-06-02T00:00:00Z,,,,";
    assert!(permitted(&[open, tomorrow], "2022-02-01"), "not said yet");
    let over = "given,2022-01-01T00:00:00Z,2022-01-01,2025-05-31,,";
    assert!(!permitted(&[over], "2022-02-01"));
    let last_day = "given,2022-01-01T00:00:00Z,2022-01-01,2025-06-01,,";
    assert!(permitted(&[last_day], "2022-02-01"));
}

#[test]
fn a_whole_made_up_world_is_read_and_hangs_together() {
    let programme = programme();
    let purpose = "evaluation".parse().expect("a name");
    let today = day("2025-06-01");
    let world = World::generate(WorldSettings { persons: 4000, ..WorldSettings::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_extracts(&world, &programme, folder.path()).expect("written");
    let mut plain = Plain::read(&programme, &files, today, &[], Leaving::AnyForbiddenRow).expect("readable");
    for file in &files {
        let source = programme.source(&file.partner).expect("a partner");
        let dataset = programme.dataset(&file.dataset).expect("a dataset").0;
        assert_eq!(
            plain.rejected()[&(source, dataset)],
            file.faults.rejected(),
            "{} {}",
            file.partner,
            file.dataset
        );
    }
    let silent = plain.ask(&asked("funnel", &[])).expect("registered");
    for file in write_consents(&world, &programme, &purpose, today, folder.path()).expect("written") {
        plain.record_consents(&file.partner, &file.path).expect("readable");
    }
    let funnel = plain.ask(&asked("funnel", &[])).expect("registered");
    let counts: Vec<usize> = funnel.cells.iter().map(|cell| cell.contributors.len()).collect();
    assert!(counts.windows(2).all(|step| step[1] < step[0]) && counts[6] > 0, "{counts:?}");
    assert!(funnel.left_out.len() * 10 < world.persons.len(), "{}", funnel.left_out.len());
    assert!(
        silent.left_out.len() > counts[0] / 2,
        "without a word from anybody the police's persons are out"
    );
    let mut coarse = asked("reach", &[]);
    let mut fine = asked("reach", &["municipality", "partner", "quarter"]);
    (coarse.period, fine.period) = (programme.period, programme.period);
    let (coarse, fine) = (plain.ask(&coarse).expect("registered"), plain.ask(&fine).expect("registered"));
    assert_eq!(fine.cells.len(), 5 * 9 * 16);
    assert_eq!(coarse.left_out, fine.left_out);
    let mut all = BTreeSet::new();
    for cell in &fine.cells {
        assert!(all.is_disjoint(&cell.contributors), "nobody is in two cells");
        all.extend(&cell.contributors);
    }
    assert_eq!(all, coarse.cells[0].contributors);
    assert!(all.is_disjoint(&coarse.left_out));
    let met = all.len() + coarse.left_out.len();
    assert!(met <= world.persons.len() + 100 && met * 100 > world.persons.len() * 98, "{met}");
    let small = fine.cells.iter().filter(|cell| (1..8).contains(&cell.contributors.len())).count();
    assert!(small > 20);
    let text = format!("{funnel:?}{coarse:?}{fine:?}{plain:?}");
    assert!(REMARK_WORDS.iter().all(|word| !text.contains(word)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Neither the order of rows nor a row twice matters, on a world with many ties.
    #[test]
    fn the_order_of_rows_never_matters(seed in any::<u64>(), rows in prop::collection::vec((0..6usize, 1..4u8, 0..5usize, 0..2usize), 1..40)) {
        let programme = programme();
        let steps = ["Opsporet", "Tilbudt", "Samtykke givet", "Opsporet", "Opsporet"];
        let line = |(person, day, step, part): &(usize, u8, usize, usize)| {
            let letter = ["<A>", "<B>", "<C>", "<D>", "<E>", "<F>"][*person];
            format!("{letter};0{day}-02-2022;{};{};147\n", steps[*step], ["U", "V"][*part])
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        let file = |lines: &[String]| format!("CPR;Dato;Trin;Rolle;Kommune\n{}", lines.concat());
        let one = Tiny::new().extract("taarnby", "kommune-opsporing", &file(&lines));
        lines.extend_from_within(..lines.len() / 2);
        shuffle(&mut lines, &mut SeededRandom::from_number(seed));
        let other = Tiny::new().extract("taarnby", "kommune-opsporing", &file(&lines));
        let (a, b) = (one.read(&programme, Leaving::AnyForbiddenRow), other.read(&programme, Leaving::AnyForbiddenRow));
        for question in [asked("reach", &["role", "quarter"]), asked("funnel", &["role"]), asked("overlap", &[])] {
            prop_assert_eq!(one.shown(&a, &question), other.shown(&b, &question));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// The two readings of the consent rules, this one and the service's, agree on every day. They share no code.
    #[test]
    fn plain_consent_agrees_with_the_fold(
        events in prop::collection::vec((0..8usize, 0..5i32, -6..8i32, prop::option::of(6..14i32), prop::option::of(-20..6i32), prop::option::of(0..12i32)), 0..6),
        now in 0..14i32,
        longest in prop::option::of(0..14u32),
    ) {
        use crate::consent::{AsOf, ConsentEvent, Known, Use, fold};
        let folder = tempfile::tempdir().expect("a folder");
        let zero = day("2022-03-01");
        let programme = programme();
        let (mut text, mut known) = (format!("{HEADER}\n"), Vec::new());
        let recorded = Timestamp::at_start_of(zero.plus(-100));
        for (at, (kind, on, from, to, rows_from, rows_to)) in events.iter().enumerate() {
            let kind = ["refused", "withdrawn", "given"][(*kind).min(2)];
            let [from, on] = [from, on].map(|d| zero.plus(*d));
            let of = |d: &Option<i32>| d.map(|d| zero.plus(d));
            let (to, rows_from, rows_to) = (of(to), of(rows_from), of(rows_to));
            let cell = |d: Option<Day>| d.map(|d| d.to_string()).unwrap_or_default();
            text += &format!(
                "UKENDT0001,r{at},{kind},{on}T00:00:00Z,{from},{},{},{}\n",
                cell(to), cell(rows_from), cell(rows_to)
            );
            let mut rows = serde_json::Map::new();
            rows.extend(rows_from.map(|d| ("from".to_owned(), d.to_string().into())));
            rows.extend(rows_to.map(|d| ("to".to_owned(), d.to_string().into())));
            let event: ConsentEvent = serde_json::from_value(serde_json::json!({
                "record": format!("r{at}"), "schema": 1, "kind": kind,
                "purposes": ["evaluation"], "recipients": ["vive"],
                "at": format!("{on}T00:00:00Z"), "valid_from": from, "valid_to": to, "rows": rows,
                "notice": { "id": "n", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
                "method": "written", "given_by": "self", "recorded_by": "x",
                "legal_basis": "consent", "withdrawal_method": "digital", "retention_until": "2030-12-31"
            })).expect("an event");
            known.push(Known::new(6, &event, recorded));
        }
        let path = folder.path().join("c.csv");
        std::fs::write(&path, text).expect("written");
        let read: Vec<Event> =
            super::consent::read("p", &path).expect("readable").into_iter().map(|(_, event)| event).collect();
        let moment = Timestamp::at_start_of(zero.plus(now));
        let asked = Use {
            source: 6,
            purpose: &programme.purposes[0].id,
            recipient: &programme.evaluators[0].id,
            dataset: &programme.datasets[2].id,
            longest: None,
        };
        let asked = Use { longest, ..asked };
        let permission = fold(&known, &asked, AsOf::known_then(moment));
        for offset in -25..20 {
            let row = zero.plus(offset);
            prop_assert_eq!(allows(&read, moment, row, longest), permission.allows(row), "{} {:?}", row, permission);
        }
    }
}
