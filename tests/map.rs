//! `kobling map` as people and scripts meet it: what is shown and asked, the file that comes of it, and that an extract
//! under a mapping gives the report that it gives under the headers the programme knows.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use kobling::clock::Day;
use kobling::extract::report::Report;
use kobling::extract::{Job, Mapping, Source, Unwatched, check};
use kobling::programme::Programme;
use kobling::secret::SeededRandom;

const PROGRAMME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example/programme.toml");

/// What a command did.
#[derive(Debug)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn refused(&self, status: i32, message: &str) {
        assert!(self.status == status && self.err.contains(message), "{status} {message}: {self:#?}");
    }

    #[track_caller]
    fn clean(self) -> Run {
        assert_eq!(self.status, 0, "{self:#?}");
        self
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    fn mapping(&self, name: &str) -> Mapping {
        Mapping::parse(&self.read(name)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// `kobling map …` in this folder, with answers.
    fn map_in(&self, lang: &str, arguments: &[&str], answers: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .arg("map")
            .args(arguments)
            .args(if arguments.contains(&"--programme") { &[][..] } else { &["--programme", PROGRAMME] })
            .current_dir(self.0.path())
            .env("KOBLING_LANG", lang)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kobling runs");
        // A command that refuses before it reads closes its end: no trouble here.
        let _ = child.stdin.take().expect("an input").write_all(answers.as_bytes());
        let output = child.wait_with_output().expect("kobling ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Run {
            status: output.status.code().expect("no signal"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    fn map(&self, arguments: &[&str], answers: &str) -> Run {
        self.map_in("en", arguments, answers)
    }

    /// `kobling map` of an extract for the example's partner and dataset.
    fn course(&self, file: &str, more: &[&str], answers: &str) -> Run {
        self.map(&[&[file, "--partner", "townhall", "--dataset", "course"], more].concat(), answers)
    }

    /// The report of a file, under a mapping where one is named.
    fn report(&self, file: &str, mapping: Option<&str>) -> Report {
        let programme = programme();
        let mapping = mapping.map(|name| {
            Mapping::parse_for(&self.read(name), &programme).unwrap_or_else(|error| panic!("{error}"))
        });
        let source = Source::File(self.path(file));
        let declared = mapping.as_ref().map(|mapping| mapping.declared().expect("a known encoding"));
        let job = Job {
            source: &source,
            declared: declared.unwrap_or_default(),
            mapping: mapping.as_ref(),
            programme: &programme,
            partner: &"townhall".parse().expect("a name"),
            dataset: &"course".parse().expect("a name"),
            period: None,
            zero: mapping.as_ref().map_or(kobling::id::LeadingZero::Refuse, Mapping::zero),
            decimal: mapping.as_ref().and_then(Mapping::decimal).unwrap_or_default(),
            today: Day::from_ymd(2026, 1, 2).expect("a day"),
        };
        check(&job, &mut SeededRandom::from_number(1), &mut Unwatched)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

fn programme() -> Programme {
    let text = std::fs::read_to_string(PROGRAMME).expect("readable");
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// The example's extract, with other headers.
fn extract(header: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example/extract.csv");
    let text = std::fs::read_to_string(path).expect("readable");
    let (_, rows) = text.split_once('\n').expect("a header");
    format!("{header}\n{rows}")
}

const KNOWN: &str = "CPR-nr;Sagsnr;Dato;Status;Bemærkning";
const ODD: &str = "Borgers nr.;Akt;Hvornår;Hvad;Fritekst";

fn utf16(text: &str) -> Vec<u8> {
    let units = text.replace(';', "\t").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    [b"\xFF\xFE".to_vec(), units].concat()
}

/// No field of three letters or more of the extract's rows stands in what was said, but for words of the programme.
#[track_caller]
fn says_nothing_of(text: &str, said: &str) {
    let own = std::fs::read_to_string(PROGRAMME).expect("readable").to_lowercase();
    let said = said.to_lowercase();
    for field in text.lines().skip(1).flat_map(|line| line.split(';')) {
        let field = field.trim().to_lowercase();
        let short = field.chars().count() < 3;
        assert!(short || own.contains(&field) || !said.contains(&field), "{field} was said:\n{said}");
    }
}

#[test]
fn known_headers_are_taken_without_a_question_in_every_form_of_file() {
    let known = extract(KNOWN);
    let titled = format!("Udtræk fra 01-01-2022 til 31-12-2022;;;;\n;;;;\n{known}");
    for (name, bytes) in [
        ("plain.csv", known.clone().into_bytes()),
        ("unicode.txt", utf16(&known)),
        ("windows.csv", encoding_rs::WINDOWS_1252.encode(&known).0.into_owned()),
        ("titled.csv", titled.into_bytes()),
    ] {
        let folder = Folder::new();
        folder.write("known.csv", &known);
        folder.write(name, bytes);
        let run = folder.course(name, &["--accept", "--out", "m.toml"], "").clean();
        assert!(run.out.contains("written to m.toml, version 1"), "{run:#?}");
        assert!(run.out.contains("1 of the file's columns stay at home"), "{run:#?}");
        says_nothing_of(&known, &(run.out + &run.err + &folder.read("m.toml")));
        let (mut mapped, mut plain) = (folder.report(name, Some("m.toml")), folder.report("known.csv", None));
        if name == "titled.csv" {
            assert_eq!(folder.mapping("m.toml").file.header_row, Some(3));
            // Two rows of titles above: the same findings two lines further down.
            mapped.rows = std::mem::take(&mut plain.rows);
            assert_eq!((mapped.rejected, mapped.warnings), (plain.rejected, plain.warnings), "{name}");
            continue;
        }
        assert_eq!(mapped, plain, "{name}");
        // Where it stands, it is not written again.
        folder.course(name, &["--accept", "--out", "m.toml"], "").refused(3, "is there already");
        assert!(folder.map(&["--check", "m.toml", name], "").clean().out.contains("the mapping can be used"));
    }
}

#[test]
fn odd_headers_are_asked_about_and_then_read_as_the_known_ones() {
    let folder = Folder::new();
    folder.write("known.csv", extract(KNOWN));
    folder.write("odd.csv", extract(ODD));
    folder.course("odd.csv", &["--accept"], "").refused(2, "look into the file, and say with --header-row");
    folder.course("odd.csv", &[], "").refused(2, "--header-row");
    let said = ["--header-row", "1"];
    folder
        .course("odd.csv", &[&said[..], &["--accept"]].concat(), "")
        .refused(2, "it is not sure which columns are");
    folder.course("odd.csv", &said, "").refused(2, "no terminal");
    assert!(!folder.path("course.map.toml").exists());
    // Person as proposed and no zero put back, the case, the date's column by number and its form, the step's, and done.
    let answers = "y\n\n\n2\n?\n99\n1\n3\n1\n4\n\n\n";
    let run = folder.course("odd.csv", &["--interactive"], answers).clean();
    says_nothing_of(&extract(ODD), &(run.out.clone() + &run.err + &folder.read("course.map.toml")));
    assert!(run.out.contains("such as 010190-0000") || run.out.contains("such as 101900000"), "{}", run.out);
    assert!(run.out.contains("the file has the columns 1 to 5"), "{}", run.out);
    assert!(run.out.contains("it is person already"), "{}", run.out);
    let (odd, known) = (folder.report("odd.csv", Some("course.map.toml")), folder.report("known.csv", None));
    assert_eq!(odd, known);
}

#[test]
fn quitting_and_running_out_of_answers_write_nothing() {
    let folder = Folder::new();
    folder.write("odd.csv", extract(ODD));
    let quit = folder.course("odd.csv", &["--interactive"], "y\n\nq\n").clean();
    assert!(quit.out.contains("nothing was written"));
    folder.course("odd.csv", &["--interactive"], "y\n\n").refused(2, "the answers came to an end");
    // A column that must be filled cannot be left out.
    let needed = folder.course("odd.csv", &["--interactive"], "y\n-\nq\n").clean();
    assert!(needed.out.contains("must be filled: without it every row"), "{}", needed.out);
    let dry = folder.course("odd.csv", &["--interactive", "--dry-run"], "y\n\n\n-\n\n\n4\n\n\n").clean();
    assert!(dry.out.contains("nothing was written") && dry.out.contains("header = \"Hvad\""), "{}", dry.out);
    assert_eq!(std::fs::read_dir(folder.0.path()).expect("readable").count(), 1);
}

#[test]
fn own_ways_of_writing_codes_are_typed_and_hold() {
    let folder = Folder::new();
    let text = extract(KNOWN).replace(";Kontakt;", ";Opkald KANARI;");
    folder.write("own.csv", &text);
    let answers = "\n\n\n\n\n\nOpkald KANARI = called\nopkald kanari = contacted\n\n\n";
    let run = folder.course("own.csv", &["--interactive"], answers).clean();
    assert!(run.out.contains("there is no such code") && run.out.contains("noted: contacted"), "{}", run.out);
    assert!(!run.out.to_lowercase().contains("kanari"), "what is typed is not shown again: {}", run.out);
    folder.write("known.csv", extract(KNOWN));
    let (own, known) = (folder.report("own.csv", Some("course.map.toml")), folder.report("known.csv", None));
    assert_eq!(own, known);
}

#[test]
fn a_wrong_file_shows_nothing_of_itself() {
    let folder = Folder::new();
    let rows = extract(KNOWN).split_once('\n').expect("rows").1.to_owned();
    folder.write("headless.csv", &rows);
    folder.write("list.csv", "Hemmelig Hansen;x@y.dk\nEva;z@y.dk\n");
    for name in ["headless.csv", "list.csv"] {
        for lang in ["da", "en"] {
            let whose = [name, "--partner", "townhall", "--dataset", "course", "--interactive"];
            let run = folder.map_in(lang, &whose, "\n\n\n\n");
            let words = if lang == "da" { "ligner data" } else { "looks like data" };
            run.refused(3, words);
            says_nothing_of(&format!("\n{rows}"), &(run.out.clone() + &run.err));
            assert!(!(run.out + &run.err).contains("Hemmelig"));
        }
    }
    folder.course("nothing.csv", &["--accept"], "").refused(3, "nothing.csv");
    folder.write("known.csv", extract(KNOWN));
    for (whose, words) in [
        (["--partner", "elsewhere", "--dataset", "course"], "no partner elsewhere"),
        (["--partner", "townhall", "--dataset", "visits"], "does not hand over visits"),
    ] {
        folder.map(&[&["known.csv", "--accept"][..], &whose].concat(), "").refused(2, words);
    }
    folder.map(&["known.csv", "--accept"], "").refused(2, "--partner and --dataset");
    folder.map(&["--check", "known.csv"], "").refused(2, "known.csv");
}

/// A list of persons whose first row is a person.
#[test]
fn a_first_row_of_names_is_shown_by_position_until_somebody_says_that_it_holds_headers() {
    let folder = Folder::new();
    folder.write("list.csv", "Jens Peter Hansen;Kontakt;Nørrebro;hjemløs\nEva Holm;Start;Valby;i bolig\n");
    let silent = |run: &Run| {
        let said = format!("{}{}", run.out, run.err).to_lowercase();
        for word in ["jens", "hansen", "kontakt", "nørrebro", "hjemløs", "holm", "valby"] {
            assert!(!said.contains(word), "{word}: {run:#?}");
        }
    };
    for lang in ["da", "en"] {
        let whose = ["list.csv", "--partner", "townhall", "--dataset", "course"];
        for (more, answers) in
            [("--accept", ""), ("--interactive", "\n"), ("--interactive", "q\n"), ("--interactive", "")]
        {
            let run = folder.map_in(lang, &[&whose[..], &[more]].concat(), answers);
            assert_eq!(run.status, 2, "{run:#?}");
            silent(&run);
        }
    }
    // Said, the headers are shown, all but the one that is a code.
    let run = folder.course("list.csv", &["--interactive", "--header-row", "1"], "q\n").clean();
    assert!(run.out.contains("\"Nørrebro\"") && !run.out.contains("Kontakt"), "{run:#?}");
    assert_eq!(std::fs::read_dir(folder.0.path()).expect("readable").count(), 1);
}

/// A core dump of a program that reads identities would hold them.
#[cfg(target_os = "linux")]
#[test]
fn the_program_leaves_no_core_dump() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .args(["check", "-", "--programme", PROGRAMME, "--partner", "townhall", "--dataset", "course"])
        .current_dir(folder.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("kobling runs");
    let limits = format!("/proc/{}/limits", child.id());
    let none = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        let text = std::fs::read_to_string(&limits).expect("it waits for its input");
        let line =
            text.lines().find(|line| line.starts_with("Max core file size")).expect("there").to_owned();
        line.split_whitespace().skip(4).take(2).eq(["0", "0"])
    });
    drop(child.stdin.take());
    child.wait().expect("kobling ends");
    assert!(none);
}

/// A newer definition of the example: one more column, one code renamed.
fn newer(folder: &Folder) {
    let text = std::fs::read_to_string(PROGRAMME).expect("readable");
    let column = "[[dataset.column]]\nid = \"other\"\nrole = \"related_person\"\nheaders = [\"Modpart\"]\n\n";
    let text = text
        .replacen("[[stage]]", &format!("{column}[[stage]]"), 1)
        .replace("version = 1\n", "version = 2\n");
    folder.write("newer.toml", text);
}

#[test]
fn a_newer_definition_is_told_and_taken_up_as_a_new_version() {
    let folder = Folder::new();
    folder.write("known.csv", extract(KNOWN));
    folder.course("known.csv", &["--accept"], "").clean();
    let before = folder.read("course.map.toml");
    let check = folder.map(&["--check", "course.map.toml"], "").clean();
    assert!(check.out.contains("nothing changed"), "{}", check.out);
    let same = folder.map(&["known.csv", "--update", "course.map.toml", "--accept"], "").clean();
    assert!(same.out.contains("version 1 still holds"), "{}", same.out);

    newer(&folder);
    let check = folder.map(&["--check", "course.map.toml", "--programme", "newer.toml"], "");
    check.refused(2, "column.other: the column must be filled but is not mapped");
    assert!(check.out.contains("! other: new, and must be filled: map it"), "{}", check.out);
    let danish = folder.map_in("da", &["--check", "course.map.toml", "--programme", "newer.toml"], "");
    danish.refused(2, "skal udfyldes, men er ikke kortlagt");
    assert!(danish.out.contains("! other: ny, og skal udfyldes: kortlæg den"), "{}", danish.out);

    let mut wider = String::new();
    for (at, line) in extract(KNOWN).lines().enumerate() {
        writeln!(wider, "{line};{}", if at == 0 { "Modpart" } else { "0202021234" }).expect("in memory");
    }
    folder.write("wider.csv", wider);
    let update = ["wider.csv", "--update", "course.map.toml", "--accept", "--programme", "newer.toml"];
    let dry = folder.map(&[&update[..], &["--dry-run"]].concat(), "").clean();
    assert!(dry.out.contains("version = 2"), "{}", dry.out);
    assert_eq!(folder.read("course.map.toml"), before);
    let run = folder.map(&update, "").clean();
    assert!(run.out.contains("the old one is kept as course.map.v1.toml"), "{}", run.out);
    assert_eq!(folder.read("course.map.v1.toml"), before);
    let (old, new) = (folder.mapping("course.map.v1.toml"), folder.mapping("course.map.toml"));
    assert_eq!((old.version, new.version, new.columns.len()), (1, 2, 5));
    folder.map(&["wider.csv", "--check", "course.map.toml", "--programme", "newer.toml"], "").clean();
    // The narrower file has lost a column that is mapped.
    folder
        .map(&["known.csv", "--check", "course.map.toml", "--programme", "newer.toml"], "")
        .refused(2, "the columns for other are not in the file");
    folder
        .map(&["wider.csv", "--update", "course.map.toml", "--partner", "helpers"], "")
        .refused(2, "is for example");
}
