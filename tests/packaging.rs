//! What a package of the service consists of, as far as it can be held without one: its unit, its settings, what the programs
//! write for it. `packaging/try` installs real ones on a booted system.
#![cfg(all(target_os = "linux", feature = "service"))]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SERVICE: &str = env!("CARGO_BIN_EXE_koblingd");

/// Highest exposure that `systemd-analyze security` may give the unit, in tenths. What is left is what a service on the
/// network needs: sockets of the Internet and of this machine, and no list of addresses.
const EXPOSURE: u32 = 11;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn koblingd(arguments: &[&str]) -> Output {
    Command::new(SERVICE).args(arguments).output().expect("it starts")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The unit as it is packaged, of the program that was built, in a folder of its own.
fn unit(folder: &Path) -> PathBuf {
    let unit = text("packaging/koblingd.service");
    assert!(unit.contains("ExecStart=/usr/bin/koblingd serve "));
    let lines = unit.lines().filter(|line| !line.starts_with("Documentation="));
    let unit: String = lines
        .map(|line| format!("{}\n", line.replace("=/usr/bin/koblingd ", &format!("={SERVICE} "))))
        .collect();
    let path = folder.join("koblingd.service");
    std::fs::write(&path, unit).expect("written");
    path
}

#[test]
fn systemd_understands_the_unit_and_finds_little_exposed() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = unit(folder.path());
    let verified =
        Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output().expect("it starts");
    assert!(verified.status.success(), "{}", said(&verified));
    // What it does not know it only warns of; units of this machine are none of ours.
    let ours: Vec<_> =
        said(&verified).lines().filter(|line| line.contains("koblingd.service")).map(str::to_owned).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let threshold = format!("--threshold={EXPOSURE}");
    let exposed = Command::new("systemd-analyze")
        .args(["security", "--no-pager", "--offline=true", &threshold])
        .arg(&unit)
        .output()
        .expect("it starts");
    assert!(exposed.status.success(), "{}", said(&exposed));
}

#[test]
fn the_packaged_settings_are_understood_and_so_is_every_line_that_is_offered() {
    let folder = tempfile::tempdir().expect("a folder");
    let packaged = text("packaging/koblingd.toml");
    // As it is, and with each offered line taken in place of the one that it replaces.
    let offered: Vec<&str> = packaged
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            line.split_once(" = ")
                .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        })
        .collect();
    assert!(offered.len() >= 4, "{offered:?}");
    let mut taken = packaged.clone();
    for line in &offered {
        let name = line.split(' ').next().expect("a first word");
        let rest = taken.lines().filter(|other| !other.starts_with(&format!("{name} = ")));
        taken = rest
            .map(|other| if other.strip_prefix("# ") == Some(line) { *line } else { other })
            .fold(String::new(), |all, l| all + l + "\n");
    }
    assert!(taken.contains("\ntls_cert = "), "{taken}");
    for settings in [packaged, taken] {
        let path = folder.path().join("koblingd.toml");
        std::fs::write(&path, settings).expect("written");
        // The key is looked for only when the settings are understood (exit 2 else).
        let key = folder.path().join("missing.key");
        let looked = Command::new(SERVICE)
            .args(["doctor", "--config"])
            .arg(&path)
            .arg("--service-key")
            .arg(&key)
            .output()
            .expect("it starts");
        assert_ne!(looked.status.code(), Some(2), "{}", said(&looked));
        assert!(said(&looked).contains("missing.key"), "{}", said(&looked));
    }
    // The same address of data in the settings, the unit and what makes the folder.
    for file in ["packaging/koblingd.toml", "packaging/koblingd.service", "packaging/koblingctl.8"] {
        assert!(text(file).contains("/var/lib/kobling/data"), "{file}");
    }
}

#[test]
fn every_file_that_a_package_takes_from_the_source_is_there() {
    let manifest: toml::Table = text("Cargo.toml").parse().expect("TOML");
    let deb = &manifest["package"]["metadata"]["deb"];
    let mut programs = BTreeSet::new();
    for package in [deb, &deb["variants"]["koblingd"]] {
        for asset in package["assets"].as_array().expect("a list") {
            let from = asset[0].as_str().expect("a path");
            if let Some(made) = from.strip_prefix("target/package/") {
                programs.insert(made.split('/').next().expect("a first part").to_owned());
            } else if let Some(folder) = from.strip_suffix("/*.toml") {
                assert!(root().join(folder).is_dir(), "{from}");
            } else {
                assert!(root().join(from).is_file(), "{from}");
            }
        }
    }
    assert_eq!(programs, BTreeSet::from(["kobling".to_owned(), "koblingd".to_owned()]));
    for script in [
        "packaging/release",
        "packaging/try",
        "packaging/tools",
        "packaging/koblingctl",
        "packaging/trial/run",
        "packaging/trial/install",
        "packaging/trial/page",
        "packaging/debian/koblingd/postinst",
        "packaging/debian/koblingd/prerm",
        "packaging/debian/koblingd/postrm",
    ] {
        let read = Command::new("sh").arg("-n").arg(root().join(script)).output().expect("it starts");
        assert!(read.status.success(), "{script}: {}", said(&read));
    }
}

/// The shell boxes of a page, in order.
fn boxes(page: &str) -> Vec<String> {
    let text = text(page);
    let boxes = text.split("\n```sh\n").skip(1);
    boxes.map(|rest| rest.split_once("\n```\n").expect("a box ends").0.to_owned()).collect()
}

/// `packaging/try` runs those of one page.
#[test]
fn both_operations_pages_have_the_same_commands() {
    let english = boxes("docs/OPERATIONS.md");
    assert!(english.len() >= 14, "{}", english.len());
    assert_eq!(english, boxes("docs/OPERATIONS.da.md"));
}

#[test]
fn koblingd_writes_its_completions_and_manual_pages() {
    for shell in ["bash", "zsh", "fish"] {
        let script = koblingd(&["completions", shell]);
        assert!(script.status.success() && said(&script).contains("principal"), "{shell}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("man");
    let out_text = out.to_str().expect("UTF-8");
    let written = koblingd(&["man", "--out", out_text]);
    assert!(written.status.success(), "{}", said(&written));
    let page = std::fs::read_to_string(out.join("man8/koblingd-serve.8")).expect("a page");
    assert!(page.contains("listen"), "{page}");
    // Nothing is written over.
    assert_eq!(koblingd(&["man", "--out", out_text]).status.code(), Some(3));
}

#[test]
fn systemd_is_told_when_the_service_answers_and_when_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, key) = (folder.path().join("data"), folder.path().join("service.key"));
    let made = Command::new(SERVICE)
        .args(["init", "--new-service-key", "--key-id", "0011223344556677", "--programme"])
        .arg(root().join("programmes/interventionsmodel.toml"))
        .arg("--data")
        .arg(&data)
        .arg("--service-key")
        .arg(&key)
        .output()
        .expect("it starts");
    assert!(made.status.success(), "{}", said(&made));
    let socket = folder.path().join("notify");
    let listener = UnixDatagram::bind(&socket).expect("a socket");
    listener.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let mut service = Command::new(SERVICE)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        // As systemd gives it: in a folder that a variable names.
        .env("CREDENTIALS_DIRECTORY", folder.path())
        .env("NOTIFY_SOCKET", &socket)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut buffer = [0; 64];
    let mut heard = || {
        let read = listener.recv(&mut buffer).expect("told in time");
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    };
    assert_eq!(heard(), "READY=1");
    // It is said after it is listened, so that whoever is told can connect.
    let mut line = String::new();
    BufReader::new(service.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on http://").expect("an address").to_owned();
    std::net::TcpStream::connect(address).expect("it answers");
    let told = Command::new("kill").arg(service.id().to_string()).status().expect("it starts");
    assert!(told.success());
    assert_eq!(heard(), "STOPPING=1");
    assert!(service.wait().expect("it ends").success());
}
