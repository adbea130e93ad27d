//! No value of a file is in any form of its report, in a message, or in a file that a command leaves.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::known::every_kind;
use crate::made::{COLUMNS, HEADER, Row};

const PROGRAMME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/programmes/interventionsmodel.toml");

/// Texts that no report has of itself, a row for each column and each way in which a row can be wrong.
fn canaries() -> (String, BTreeSet<String>) {
    let mut text = HEADER.replace("Bemærkning", "Kanarie-overskrift");
    let mut values = BTreeSet::from(["kanarie".to_owned(), "fri tekst".to_owned()]);
    for column in 0..COLUMNS.len() {
        for (n, form) in
            ["kanarie{}", "K{}kanarie", "=kanarie{}()", "<i>kanarie{}</i>", "90{}4455{}", "\"kanarie\n{}\""]
                .into_iter()
                .enumerate()
        {
            let mut row = Row::good(1);
            row.fields[column].text = form.replace("{}", &format!("{}{}", column + 3, n + 3));
            text += &row.line().replace("fri tekst", "kanarie i en kolonne, der bliver hjemme");
            values.insert(row.fields[column].text.trim_matches('"').to_lowercase());
        }
    }
    for line in every_kind().lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        text += &format!("{line}\n");
        // Numbers and case numbers, and what stands for one; codes that the programme has may be said.
        for at in [1, 4, 5] {
            values.extend(fields.get(at).filter(|field| field.len() > 3).map(|field| field.to_lowercase()));
        }
    }
    values.extend(["kaffe".to_owned(), "31-02-2022".to_owned(), "01-01-2020".to_owned()]);
    values.remove("uoplyst");
    (text, values)
}

struct Run {
    name: String,
    text: String,
}

fn run(folder: &Path, arguments: &[&str], language: &str) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
        .args(arguments)
        .env("KOBLING_LANG", language)
        .current_dir(folder)
        .output()
        .expect("kobling runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { name: arguments.join(" "), text: text(&output.stdout) + &text(&output.stderr) }
}

fn leaks(text: &str, values: &BTreeSet<String>) -> Vec<String> {
    let text = text.to_lowercase();
    values.iter().filter(|value| text.contains(value.as_str())).cloned().collect()
}

#[test]
fn no_value_of_a_file_full_of_canaries_is_said_anywhere() {
    let (text, values) = canaries();
    assert!(values.len() > 40, "{values:?}");
    for value in &values {
        assert!(leaks(&format!("line 3: {value} is bad"), &values).contains(value), "the search finds it");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path();
    // The name of the file holds a number too.
    let name = "forløb 070761-4285.csv";
    std::fs::write(folder.join(name), &text).expect("written");
    let key = ["key", "new", "--programme", "interventionsmodel", "--out", "linkage.key"];
    run(folder, &key, "en");
    let shared =
        ["--programme", PROGRAMME, "--partner", "koebenhavns-politi", "--dataset", "politi-opsporing"];
    let mut runs = Vec::new();
    for language in ["da", "en"] {
        for form in ["text", "json", "html"] {
            let check = [&["check", name][..], &shared, &["--report", form]].concat();
            runs.push(run(folder, &check, language));
            let out = format!("report-{language}.{form}");
            let filed =
                [&["check", name][..], &shared, &["--report-out", &out, "--max-rejected", "1%"]].concat();
            runs.push(run(folder, &filed, language));
            assert!(folder.join(&out).exists(), "{}", runs.last().expect("a run").text);
        }
        let findings = format!("findings-{language}.csv");
        runs.push(run(
            folder,
            &[&["check", name][..], &shared, &["--findings", &findings]].concat(),
            language,
        ));
        let out = format!("package-{language}");
        let made = [&["tokenise", name][..], &shared, &["--key", "linkage.key", "--out", &out]].concat();
        runs.push(run(folder, &made, language));
        runs.push(run(folder, &[&made[..], &["--max-rejected", "0"]].concat(), language));
    }
    for run in &runs {
        assert!(run.text.len() > 40, "{}: {}", run.name, run.text);
        let name_of_the_file = run.text.replace(name, "");
        assert_eq!(leaks(&name_of_the_file, &values), Vec::<String>::new(), "{}: {}", run.name, run.text);
        assert!(!run.text.contains("070761"), "{}: the file's name", run.name);
    }
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("text").to_owned();
        if name.starts_with("report-") || name.starts_with("findings-") {
            let text = std::fs::read_to_string(&path).expect("readable");
            assert_eq!(leaks(&text, &values), Vec::<String>::new(), "{name}");
            assert!(!text.contains("070761"), "{name}");
            files += 1;
        }
    }
    assert_eq!(files, 8);
    let manifest = std::fs::read_to_string(folder.join("package-en/datapackage.json")).expect("made");
    assert_eq!(leaks(&manifest, &values), Vec::<String>::new());
    assert!(!manifest.contains("\"lines\""), "lines stay at home");
}
