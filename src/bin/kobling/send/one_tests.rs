//! What one dataset leaves behind when it goes nowhere.

use std::path::{Path, PathBuf};

use kobling::key::Example;

use super::*;

#[test]
fn of_a_file_that_changes_while_it_is_read_nothing_stays() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example");
    let dir = tempfile::tempdir().expect("a folder");
    let file: PathBuf = dir.path().join("extract.csv");
    std::fs::copy(example.join("extract.csv"), &file).expect("copied");
    let programme = std::fs::read_to_string(example.join("programme.toml")).expect("readable");
    let programme = Programme::parse(&programme).unwrap_or_else(|error| panic!("{error}"));
    let key = LinkageKey::load(&example.join("linkage.key"), &programme.id, Example::Allow).expect("a key");
    let signing = SigningKey::load(&example.join("townhall-signing.key"), Example::Allow).expect("a key");
    let text = "[[send]]\ndataset = \"course\"\nfile = \"extract.csv\"\n";
    let config = kobling::config::Config::parse(text, &dir.path().join("kobling.toml")).expect("read");
    let folder = Outbox::open(&dir.path().join("outbox")).expect("opens");
    let partner = "townhall".parse().expect("a name");
    let sender = Sender {
        programme: &programme,
        partner: &partner,
        key: &key,
        signing: &signing,
        marker: Marker::new(&signing),
        client: None,
        service: None,
        outbox: &folder,
        keep_packages: false,
        again: false,
        today: SystemClock.today(),
    };
    let make = |changes: bool| {
        let entry = &config.sends[0];
        let extract = Extract::open(entry, &programme, sender.today).expect("opens");
        let mark = extract.mark(&sender.marker, &programme, &key).expect("marked");
        if changes {
            let rows = std::fs::read(&file).expect("readable");
            let last = rows[..rows.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("lines");
            std::fs::write(&file, [&rows[..], &rows[last + 1..]].concat()).expect("written");
        }
        let mut fate = Fate::of(entry.dataset.clone());
        let made = sender.make(entry, &extract, mark, &mut fate);
        (made, fate.report)
    };
    let names = || {
        let entries = std::fs::read_dir(folder.folder()).expect("readable");
        entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8")).collect()
    };
    let (made, report) = make(true);
    assert!(matches!(made, Err(Trouble::Files(_))) && report.is_none(), "{report:?}");
    let left: Vec<String> = names();
    assert_eq!(left, [".lock"]);
    // The same steps without a change make a package: the test sees what it says.
    let (made, report) = make(false);
    let made = made.unwrap_or_else(|trouble| panic!("{trouble:?}"));
    assert!(made.has_rows() && report.is_some_and(|report| report.is_file()));
}
