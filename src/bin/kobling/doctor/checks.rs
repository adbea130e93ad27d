//! What is looked at, one function each.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use kobling::client::{Client, Way, parse};
use kobling::clock::{Day, Timestamp};
use kobling::digest::Sha256Hex;
use kobling::key::private::{Readers, read_text};
use kobling::key::{LinkageKey, SigningKey};
use kobling::language::{Both, Language, Spoken};
use kobling::limits;
use kobling::programme::Programme;

use super::place::{self, Place};
use super::{Area, Finding, Inputs, Level};
use crate::exit::Trouble;
use crate::key::example;

/// Bytes free below which packages cannot be made, and below which that is worth a note.
const TOO_LITTLE: u64 = 256 << 20;
const LITTLE: u64 = 4 << 30;
/// Most that the clocks of two machines may differ, in milliseconds: a consent is dated by this one.
const DRIFT: i64 = 5 * 60 * 1000;

/// Everything that is given, in the order of the way of a row.
pub(super) fn all(inputs: &Inputs, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let programme = inputs.programme.as_deref().and_then(|path| programme(path, inputs, &mut findings));
    let key = inputs.key.as_deref().and_then(|path| key(path, inputs, programme.as_ref(), &mut findings));
    if let Some(path) = &inputs.signing_key {
        findings.push(signing_key(path, inputs));
    }
    if let Some(path) = &inputs.token_file {
        findings.push(token_file(path));
    }
    if let Some(path) = &inputs.identity {
        findings.push(identity(path));
    }
    findings.extend(places(inputs));
    findings.push(disk(&inputs.folder));
    findings.push(clock(inputs, now));
    if let Some(address) = &inputs.service {
        findings.extend(service(address, inputs, programme.as_ref(), key.as_ref(), now));
    }
    findings
}

/// What a command's trouble says, as a finding.
fn of_trouble(code: &'static str, trouble: &Trouble) -> Finding {
    let (area, message) = match trouble {
        Trouble::Rows(message) | Trouble::Usage(message) => (Area::Usage, message),
        Trouble::Files(message) => (Area::Files, message),
        Trouble::Key(message) => (Area::Key, message),
        Trouble::Service(message) => (Area::Service, message),
    };
    Finding::wrong(code, area, &**message)
}

fn programme(path: &Path, inputs: &Inputs, findings: &mut Vec<Finding>) -> Option<Programme> {
    let programme = match crate::extract::programme(path) {
        Ok(programme) => programme,
        Err(trouble) => {
            findings.push(of_trouble("programme", &trouble).because(
                (
                    "uden en gyldig definition kan intet laves",
                    "without a sound definition nothing can be made",
                ),
                ("få filen fra styregruppen igen", "get the file from the steward again"),
            ));
            return None;
        }
    };
    let (path, id, version) = (path.display(), &programme.id, programme.version);
    findings.push(Finding::good(
        "programme",
        format!("{path}: programmet {id}, version {version}"),
        format!("{path}: programme {id}, version {version}"),
    ));
    if let Some(partner) = &inputs.partner {
        findings.push(if programme.source(partner).is_some() {
            Finding::good(
                "partner",
                format!("{partner} er part i programmet"),
                format!("{partner} is a partner of the programme"),
            )
        } else {
            let message = Both::new(
                format!("programmet har ingen part {partner}"),
                format!("the programme has no partner {partner}"),
            );
            Finding::wrong("partner", Area::Usage, &message).because(
                ("en pakke fra en ukendt part afvises", "a package of an unknown partner is refused"),
                ("se efter, hvordan navnet staves i definitionen", "see how the definition spells the name"),
            )
        });
    }
    Some(programme)
}

/// Why a secret that is not as it should be matters.
const SECRET: ((&str, &str), (&str, &str)) = (
    (
        "den, der kan læse filen, kan gøre det, som den giver ret til",
        "whoever can read the file can do what it gives the right to",
    ),
    (
        "gør, som der står; har andre kunnet læse den, så sig det til den, I fik den fra",
        "do as it says; if others could read it, tell those from whom you have it",
    ),
);

fn key(
    path: &Path,
    inputs: &Inputs,
    programme: Option<&Programme>,
    findings: &mut Vec<Finding>,
) -> Option<LinkageKey> {
    let allowed = example(inputs.allow_example_key);
    let loaded = match programme {
        Some(programme) => LinkageKey::load(path, &programme.id, allowed),
        None => LinkageKey::load_any(path, allowed),
    };
    let key = match loaded {
        Ok(key) => key,
        Err(error) => {
            findings.push(Finding::wrong("key", Area::Key, &error).because(SECRET.0, SECRET.1));
            return None;
        }
    };
    let (shown, id, words) = (path.display(), key.id(), key.id().words());
    findings.push(Finding::good(
        "key",
        format!("{shown}: koblingsnøgle {id}: {words}"),
        format!("{shown}: linkage key {id}: {words}"),
    ));
    let expected = programme.and_then(|programme| programme.key_id);
    if let Some(expected) = expected.filter(|expected| *expected != id) {
        let message = Both::new(
            format!("{shown}: nøglen er {id}, og programmet bruger {expected}"),
            format!("{shown}: the key is {id}, and the programme uses {expected}"),
        );
        findings.push(Finding::wrong("key-of-programme", Area::Key, &message).because(
            ("pakker lavet med en anden nøgle afvises", "packages made with another key are refused"),
            ("bed nøgleforvalteren om den rigtige", "ask the custodian for the right one"),
        ));
    }
    Some(key)
}

fn signing_key(path: &Path, inputs: &Inputs) -> Finding {
    match SigningKey::load(path, example(inputs.allow_example_key)) {
        Ok(key) => {
            let (path, fingerprint) = (path.display(), key.verifying_key().fingerprint());
            Finding::good(
                "signing-key",
                format!("{path}: underskriftsnøgle {fingerprint}"),
                format!("{path}: signing key {fingerprint}"),
            )
        }
        Err(error) => Finding::wrong("signing-key", Area::Key, &error).because(SECRET.0, SECRET.1),
    }
}

fn token_file(path: &Path) -> Finding {
    match read_text(path, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly) {
        Ok(text) if text.lines().any(|line| line.trim().starts_with("kobling-token-1.")) => {
            let path = path.display();
            Finding::good("token", format!("{path}: adgangstoken"), format!("{path}: bearer token"))
        }
        Ok(_) => {
            let path = path.display();
            let message = Both::new(
                format!("{path}: intet adgangstoken; ventet er en linje, der begynder med kobling-token-1."),
                format!("{path}: no bearer token; expected a line that begins with kobling-token-1."),
            );
            Finding::wrong("token", Area::Key, &message).because(SECRET.0, SECRET.1)
        }
        Err(error) => Finding::wrong("token", Area::Key, &error).because(SECRET.0, SECRET.1),
    }
}

fn identity(path: &Path) -> Finding {
    match kobling::key::Identities::load(path) {
        Ok(identities) => {
            let (path, recipients) = (path.display(), identities.recipients().join(", "));
            Finding::good(
                "identity",
                format!("{path}: identitet, modtager {recipients}"),
                format!("{path}: identity, recipient {recipients}"),
            )
        }
        Err(error) => Finding::wrong("identity", Area::Key, &error).because(SECRET.0, SECRET.1),
    }
}

/// The folders that secrets and packages lie in, each once.
fn places(inputs: &Inputs) -> Vec<Finding> {
    let files = [&inputs.key, &inputs.signing_key, &inputs.token_file, &inputs.identity];
    let parent = |path: &PathBuf| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut folders: Vec<PathBuf> = files.into_iter().flatten().map(parent).collect();
    folders.push(inputs.folder.clone());
    folders.sort();
    folders.dedup();
    folders.iter().flat_map(|folder| [elsewhere(folder), writable(folder)]).flatten().collect()
}

fn elsewhere(folder: &Path) -> Option<Finding> {
    let shown = folder.display();
    let what = match place::of(folder) {
        Place::Here => return None,
        Place::Synced(name) => Both::new(
            format!("{shown}: ligger i {name}, som kopieres til andre steder"),
            format!("{shown}: lies in {name}, which is copied elsewhere"),
        ),
        Place::Network(kind) => Both::new(
            format!("{shown}: ligger på en anden maskine ({kind})"),
            format!("{shown}: lies on another machine ({kind})"),
        ),
    };
    Some(Finding { code: "place", level: Level::Note, what, advice: None }.because(
        (
            "dem, der driver den tjeneste eller maskine, og dens sikkerhedskopier, har så også hemmelighederne",
            "those who run that service or machine, and its backups, then have the secrets as well",
        ),
        (
            "læg nøgler og pakker på en krypteret disk i denne maskine",
            "put keys and packages on an encrypted disk of this machine",
        ),
    ))
}

#[cfg(unix)]
fn writable(folder: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(folder).ok()?.permissions().mode();
    // The sticky bit lets nobody take away another's file.
    if mode & 0o022 == 0 || mode & 0o1000 != 0 {
        return None;
    }
    let shown = folder.display();
    let what = Both::new(
        format!("{shown}: andre end I kan skrive i denne mappe"),
        format!("{shown}: others than you may write in this folder"),
    );
    Some(Finding { code: "folder", level: Level::Note, what, advice: None }.because(
        (
            "den, der kan skrive i mappen, kan bytte en nøgle eller en definition ud",
            "whoever may write in the folder can exchange a key or a definition",
        ),
        ("kør `chmod go-w` på mappen", "run `chmod go-w` on the folder"),
    ))
}

#[cfg(not(unix))]
fn writable(_: &Path) -> Option<Finding> {
    None
}

fn disk(folder: &Path) -> Finding {
    let shown = folder.display();
    let free = match fs4::available_space(folder) {
        Ok(free) => free,
        Err(error) => {
            let message = Both::new(format!("{shown}: {}", error.danish()), format!("{shown}: {error}"));
            return Finding::wrong("disk", Area::Files, &message);
        }
    };
    let level = match free {
        free if free < TOO_LITTLE => Level::Wrong(Area::Files),
        free if free < LITTLE => Level::Note,
        _ => Level::Good,
    };
    let mebibytes = free >> 20;
    let what = Both::new(
        format!("{shown}: {} MiB ledig på disken", Language::Da.count(mebibytes)),
        format!("{shown}: {} MiB free on the disk", Language::En.count(mebibytes)),
    );
    let finding = Finding { code: "disk", level, what, advice: None };
    if level == Level::Good {
        return finding;
    }
    finding.because(
        (
            "en pakke og det, der venter krypteret på disken imens, fylder omkring tre gange udtrækket",
            "a package, and what waits encrypted on disk meanwhile, take about three times the extract",
        ),
        ("gør plads, eller angiv en anden --folder", "make room, or give another --folder"),
    )
}

/// Whether the clock can be right: it is not before this program was, and no file that is given is from the future.
fn clock(inputs: &Inputs, now: Timestamp) -> Finding {
    let written = Day::from_ymd(2026, 1, 1).map_or(Timestamp::from_millis(0), Timestamp::at_start_of);
    let files = [&inputs.programme, &inputs.key, &inputs.signing_key, &inputs.token_file, &inputs.identity];
    let newest = files
        .into_iter()
        .flatten()
        .filter_map(|path| {
            let modified = std::fs::metadata(path).ok()?.modified().ok()?;
            let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some(Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?))
        })
        .max();
    let future = newest.is_some_and(|newest| newest.plus_millis(-DRIFT) > now);
    if now >= written && !future {
        return Finding::good("clock", format!("uret: {now}"), format!("clock: {now}"));
    }
    wrong_clock(format!("uret kan ikke være rigtigt: {now}"), format!("the clock cannot be right: {now}"))
}

fn wrong_clock(da: String, en: String) -> Finding {
    let message = Both::new(da, en);
    Finding::wrong("clock", Area::Usage, &message).because(
        (
            "samtykker dateres med dette ur, og fødselsdatoer i fremtiden afvises efter det",
            "consents are dated by this clock, and birth dates in the future are refused by it",
        ),
        ("stil uret, helst automatisk fra nettet", "set the clock, best from the network by itself"),
    )
}

#[derive(serde::Deserialize)]
struct InForce {
    id: String,
    version: u32,
    sha256: String,
    key_id: String,
}

fn service(
    address: &str,
    inputs: &Inputs,
    programme: Option<&Programme>,
    key: Option<&LinkageKey>,
    now: Timestamp,
) -> Vec<Finding> {
    let Some(token) = &inputs.token_file else { return Vec::new() };
    let ending = Arc::new(OnceLock::new());
    let heard = Arc::clone(&ending);
    let way = Way {
        authority: inputs.authority.as_deref(),
        certificate: inputs.certificate.as_ref().map(|(pem, key)| (pem.as_path(), key.as_path())),
        ending: Some(Arc::new(move |end| {
            heard.set(end).ok();
        })),
        ..Way::new(address, token)
    };
    let asked = Client::by(way).and_then(|client| {
        let time = client.time()?;
        Ok((time, parse::<InForce>(&client.fetch("/v1/programme")?)?))
    });
    let (time, in_force) = match asked {
        Ok(asked) => asked,
        Err(error) => return vec![of_trouble("service", &Trouble::from(error))],
    };
    let mut findings = vec![Finding::good(
        "service",
        format!("{address}: svarer, programmet {} version {}", in_force.id, in_force.version),
        format!("{address}: answers, programme {} version {}", in_force.id, in_force.version),
    )];
    if let Some(time) = time.filter(|time| (time.millis() - now.millis()).abs() > DRIFT) {
        findings.push(wrong_clock(
            format!("uret her: {now}, tjenestens: {time}"),
            format!("the clock here: {now}, the service's: {time}"),
        ));
    }
    if let Some(end) = ending.get() {
        let day = end.day();
        let what = Both::new(format!("tokenet udløber {day}"), format!("the token ends on {day}"));
        findings.push(Finding { code: "token-ends", level: Level::Note, what, advice: None }.because(
            ("derefter kommer I ikke ind med det", "after that you do not come in with it"),
            ("skift det ud med `kobling token rotate`", "replace it with `kobling token rotate`"),
        ));
    }
    let own = programme.map(|programme| Sha256Hex::from_bytes(programme.sha256).to_string());
    if own.is_some_and(|own| own != in_force.sha256) {
        let message = Both::new(
            "tjenesten bruger en anden definition af programmet end filen her",
            "the service uses another definition of the programme than the file here",
        );
        findings.push(Finding::wrong("programme-in-force", Area::Usage, &message).because(
            (
                "pakker laves efter filen og kontrolleres efter tjenestens",
                "packages are made by the file and checked by the service's",
            ),
            ("få filen fra styregruppen igen", "get the file from the steward again"),
        ));
    }
    if let Some(key) = key.filter(|key| key.id().to_string() != in_force.key_id) {
        let (own, wanted) = (key.id(), in_force.key_id);
        let message = Both::new(
            format!("nøglen her er {own}, og tjenesten tager pakker lavet med {wanted}"),
            format!("the key here is {own}, and the service takes packages made with {wanted}"),
        );
        findings.push(Finding::wrong("key-in-force", Area::Key, &message).because(
            ("pakker lavet med en anden nøgle afvises", "packages made with another key are refused"),
            ("bed nøgleforvalteren om den rigtige", "ask the custodian for the right one"),
        ));
    }
    findings
}
