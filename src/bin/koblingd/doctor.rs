//! `koblingd doctor`: is everything as it should be? With `--statement`, what it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kobling::clock::Timestamp;
use kobling::finding::{Finding, Kind, Severity};
use kobling::http::{tls_from_pem, validity_of_pem};
use kobling::language::Language;
use kobling::service::{Service, open_to_others};
use serde_json::json;

use crate::control::{Answer, On, OnFolder, own_arguments};
use crate::exit::Failure;
use crate::folder::Folder;
use crate::statement::Configuration;

/// Days before the certificate's end from which it is told.
const CERTIFICATE_DAYS: i64 = 21;

/// Look whether everything is as it should be. Status 1 when something is wrong now; each finding has a code, and a section in
/// docs/FINDINGS.md.
#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    folder: Folder,
    /// Write the statement of the pseudonymisation domain instead, in Markdown: who holds which secret, which basis,
    /// which recipients, which retention. No key and no token is in it.
    #[arg(long)]
    statement: bool,
    /// The statement's language.
    #[arg(long, value_enum, default_value_t = Tongue::En, requires = "statement")]
    language: Tongue,
    /// The findings as JSON, in both languages.
    #[arg(long, conflicts_with = "statement")]
    json: bool,
    /// A new file for the statement; standard output when not given.
    #[arg(short, long, value_name = "FILE", requires = "statement")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tongue {
    /// Danish.
    Da,
    /// English.
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Language {
        match tongue {
            Tongue::Da => Language::Da,
            Tongue::En => Language::En,
        }
    }
}

impl OnFolder for Doctor {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn file(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    fn arguments(&self) -> Result<Vec<String>, Failure> {
        let mut arguments = own_arguments();
        // What the settings name is looked at too, and a service that runs stands in another folder.
        if let (Some(config), None) = (&self.folder.config, self.out.as_ref()) {
            let config = std::path::absolute(config)
                .map_err(|error| Failure::Files(format!("{}: {error}", config.display())))?;
            arguments = vec!["doctor".to_owned(), format!("--config={}", config.display())];
            arguments.extend(self.json.then(|| "--json".to_owned()));
            arguments.extend(self.statement.then(|| "--statement".to_owned()));
            if self.statement {
                let language = if matches!(self.language, Tongue::Da) { "da" } else { "en" };
                arguments.push(format!("--language={language}"));
            }
        }
        Ok(arguments)
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        // Opening holds the folder's lock, the service key and the clock against the folder.
        let service = on.service()?;
        if self.statement {
            return self.state(service, answer);
        }
        let mut found = service.examine()?;
        outside(&self.folder, service.now(), &mut found)?;
        found.sort();
        found.sort_by_key(|finding| finding.kind.severity());
        if self.json {
            let findings: Vec<_> = found.iter().map(as_json).collect();
            let report = json!({ "version": env!("CARGO_PKG_VERSION"), "findings": findings });
            writeln!(answer, "{report:#}")?;
        } else {
            show(service, &found, answer)?;
        }
        match found.iter().filter(|finding| finding.kind.severity() == Severity::Wrong).count() {
            0 => Ok(()),
            wrong => Err(Failure::Found(format!("{wrong} findings to do something about now"))),
        }
    }
}

/// What lies outside the data folder: the service key's file and the certificate, where they are named.
fn outside(folder: &Folder, now: Timestamp, found: &mut Vec<Finding>) -> Result<(), Failure> {
    let settings = folder.settings()?;
    if let Some(key) = &settings.service.service_key {
        open_to_others(key, found)?;
    }
    let (Some(chain), Some(key)) = (&settings.service.tls_cert, &settings.service.tls_key) else {
        return Ok(());
    };
    let place = chain.display();
    if tls_from_pem(chain, key).is_err() {
        found.push(Finding::at(Kind::CertificateUnfit, place));
        return Ok(());
    }
    let validity = std::fs::read(chain).ok().and_then(|pem| validity_of_pem(&pem));
    match validity {
        None => found.push(Finding::at(Kind::CertificateUnfit, place)),
        Some((from, until)) if now < from || until <= now => {
            let day = if now < from { from } else { until }.day();
            found.push(Finding::at(Kind::CertificateEnded, format!("{place}, {day}")));
        }
        Some((_, until)) if until < now.plus_millis(CERTIFICATE_DAYS * 86_400_000) => {
            found.push(Finding::at(Kind::CertificateSoon, format!("{place}, {}", until.day())));
        }
        Some(_) => {}
    }
    Ok(())
}

fn as_json(finding: &Finding) -> serde_json::Value {
    let kind = finding.kind;
    let both =
        |of: &dyn Fn(Language) -> &'static str| json!({ "da": of(Language::Da), "en": of(Language::En) });
    json!({
        "code": kind.code(),
        "severity": kind.severity(),
        "place": finding.place,
        "what": both(&|language| kind.what(language)),
        "do": both(&|language| kind.advice(language)),
        "page": format!("docs/FINDINGS.md#{}", kind.code().to_lowercase()),
    })
}

fn show(service: &Service, found: &[Finding], answer: &mut Answer<'_>) -> Result<(), Failure> {
    writeln!(answer, "data folder, service key and clock: fit")?;
    match service.snapshots()?.last() {
        Some(snapshot) => writeln!(answer, "snapshot in force: {}, sealed on {}", snapshot.id, snapshot.day)?,
        None => writeln!(answer, "snapshot in force: none")?,
    }
    if found.is_empty() {
        writeln!(answer, "nothing was found")?;
    }
    for finding in found {
        let kind = finding.kind;
        writeln!(answer, "{} {}: {finding}", kind.code(), kind.severity().word(Language::En))?;
        writeln!(answer, "    do: {}", kind.advice(Language::En))?;
    }
    if !found.is_empty() {
        writeln!(answer, "Each is explained in docs/FINDINGS.md, and in Danish in docs/FINDINGS.da.md.")?;
    }
    Ok(())
}

impl Doctor {
    /// Nothing is stated of a store that is not sound.
    fn state(&self, service: &Service, answer: &mut Answer<'_>) -> Result<(), Failure> {
        service.store().check_integrity()?;
        let chain = service.store().verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        let text = Configuration::of(service, chain.head)?.statement(self.language.into());
        answer.file().write_all(text.as_bytes())?;
        if let Some(path) = &self.out {
            answer.keep()?;
            writeln!(answer, "statement written to {}", path.display())?;
        }
        Ok(())
    }
}
