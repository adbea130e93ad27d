//! `koblingd doctor`: is everything as it should be? With `--statement`, what it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kobling::language::Language;
use kobling::service::Service;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;
use crate::statement::Configuration;

/// Look whether everything is as it should be.
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

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        // Opening holds the folder's lock, the service key and the clock against the folder.
        let service = on.service()?;
        if self.statement {
            return self.state(service, answer);
        }
        writeln!(answer, "data folder, service key and clock: fit")?;
        service.store().check_integrity()?;
        writeln!(answer, "database: sound")?;
        let chain = service.store().verify_chain()?.map_err(|error| Failure::Refused(error.to_string()))?;
        writeln!(answer, "audit chain: whole, {} entries", chain.head.sequence)?;
        let mut wanting = Vec::new();
        for partner in &service.programme().partners {
            let keys = service.keys(&partner.id)?;
            if keys.iter().all(|key| key.revoked_at.is_some()) {
                wanting.push(partner.id.to_string());
            }
        }
        if wanting.is_empty() {
            writeln!(answer, "signing keys: every partner has one in force")?;
        } else {
            writeln!(answer, "signing keys: none in force for {}", wanting.join(", "))?;
        }
        let ending = service.tokens_ending(kobling::limits::TOKEN_ENDS_SOON_DAYS)?;
        for (id, day) in &ending {
            println!(
                "token of {id}: ends on {day}; it renews it itself, or `koblingd principal rotate --id {id}`"
            );
        }
        if ending.is_empty() {
            println!("tokens: none ends within {} days", kobling::limits::TOKEN_ENDS_SOON_DAYS);
        }
        match service.snapshots()?.last() {
            Some(snapshot) => {
                writeln!(answer, "snapshot in force: {}, sealed on {}", snapshot.id, snapshot.day)?
            }
            None => writeln!(answer, "snapshot in force: none; seal one")?,
        }
        let open = service.open_erasures()?;
        let today = service.now().day();
        let late = open.iter().filter(|(_, by)| *by < today).count();
        match open.iter().map(|(_, by)| by).min() {
            None => writeln!(answer, "erasures: none open")?,
            Some(by) if late == 0 => {
                writeln!(answer, "erasures: {} open, the first to be done by {by}", open.len())?
            }
            Some(_) => {
                return Err(Failure::Refused(format!(
                    "erasures: {late} late; see the log for why, then run `koblingd erase --all-now`"
                )));
            }
        }
        Ok(())
    }
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
