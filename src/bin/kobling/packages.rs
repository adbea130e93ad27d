//! `kobling packages`: what this partner has at the service, and taking it back.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kobling::client::{OwnPackage, parse};
use kobling::language::Language;

use crate::exit::{Done, Outcome, Trouble, both};
use crate::say::language;
use crate::send::{Service, keep, new_table};
use crate::write::{Dry, Over};

/// Commands on packages at the service.
#[derive(Subcommand)]
pub(crate) enum PackagesCommand {
    /// List your own packages. Example: kobling packages list --service https://kobling.example --token-file token
    List {
        #[command(flatten)]
        service: Service,
        /// Write the service's answer as it came.
        #[arg(long)]
        json: bool,
    },
    /// For the steward: packages refused for how many persons they are about, or let in though they have grown much.
    Unusual {
        #[command(flatten)]
        service: Service,
    },
    /// For the steward: let a refused package in when its partner sends it again.
    Approve(Approve),
    /// Take a package back: its rows are in no snapshot from the next seal on. An upload that is not complete is ended.
    Withdraw(Withdraw),
}

/// `kobling packages withdraw ID --service URL --token-file FILE --receipt FILE`
#[derive(Args)]
pub(crate) struct Withdraw {
    /// The package's id, as the list or its receipt gives it.
    id: String,
    #[command(flatten)]
    service: Service,
    /// File to keep the receipt in; ID.withdrawal.receipt.json in the outbox of kobling.toml when not given.
    #[arg(long)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

/// `kobling packages approve ID --service URL --token-file FILE`
#[derive(Args)]
pub(crate) struct Approve {
    /// The refused package's id, as `unusual` lists it.
    id: String,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    dry: Dry,
}

/// An id is 32 hexadecimal characters; anything else is no part of an address.
fn checked(id: &str) -> Result<&str, Trouble> {
    if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(id)
    } else {
        Err(Trouble::Usage(both(
            "en pakkes id har 32 hexadecimale tegn",
            "a package's id has 32 hexadecimal characters",
        )))
    }
}

/// A package as the service lists it to the steward.
#[derive(serde::Deserialize)]
struct Unusual {
    id: String,
    partner: String,
    dataset: String,
    period: String,
    outcome: String,
    reason: String,
    persons: Option<u64>,
    at: String,
    approved_at: Option<String>,
}

/// The steward's list as a table. Persons are rounded to 5; small numbers are hidden.
fn unusual_table(packages: &[Unusual]) -> comfy_table::Table {
    let language = language();
    let head = match language {
        Language::Da => {
            ["id", "part", "datasæt", "kvartaler", "udfald", "årsag", "personer", "modtaget", "godkendt"]
        }
        Language::En => {
            ["id", "partner", "dataset", "quarters", "outcome", "reason", "persons", "received", "approved"]
        }
    };
    let mut table = new_table(&head, 6..7);
    for package in packages {
        let Unusual { id, partner, dataset, period, outcome, reason, persons, at, approved_at } = package;
        let outcome = match outcome.as_str() {
            "refused" => language.choose("afvist", "refused"),
            "noted" => language.choose("lukket ind", "let in"),
            other => other,
        };
        let reason = match reason.as_str() {
            "unusual-population" => {
                language.choose("flere personer, end parten kan have", "more persons than can be")
            }
            "unusual-cumulative" => language
                .choose("med de tidligere flere, end parten kan have", "with those before more than can be"),
            "few-persons" => language.choose("for få personer", "too few persons"),
            "growth" => language.choose("vokset meget", "grown much"),
            other => other,
        };
        let persons = persons.map_or_else(|| "-".to_owned(), |persons| language.count(persons));
        table.add_row([
            id.as_str(),
            partner,
            dataset,
            period,
            outcome,
            reason,
            &persons,
            at,
            approved_at.as_deref().unwrap_or_default(),
        ]);
    }
    table
}

/// One's own packages as a table.
pub(crate) fn table(packages: &[OwnPackage]) -> comfy_table::Table {
    let language = language();
    let head = match language {
        Language::Da => ["id", "datasæt", "kvartaler", "sendt", "beholdt", "tilstand", "modtaget"],
        Language::En => ["id", "dataset", "quarters", "sent", "kept", "state", "received"],
    };
    let mut table = new_table(&head, 3..5);
    for package in packages {
        table.add_row([
            package.id.clone(),
            package.dataset.clone(),
            package.period.clone(),
            language.count(package.rows),
            package.kept.map_or_else(String::new, |kept| language.count(kept)),
            state(&package.state).to_owned(),
            package.completed_at.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// A state in the language of this run.
pub(crate) fn state(state: &str) -> &str {
    match state {
        "open" => language().choose("åben", "open"),
        "complete" => language().choose("modtaget", "complete"),
        "recorded" => language().choose("registreret", "recorded"),
        "replaced" => language().choose("erstattet", "replaced"),
        "withdrawn" => language().choose("trukket tilbage", "withdrawn"),
        "aborted" => language().choose("opgivet", "aborted"),
        "expired" => language().choose("udløbet", "expired"),
        "refused" => language().choose("afvist", "refused"),
        other => other,
    }
}

pub(crate) fn run(command: &PackagesCommand) -> Outcome {
    match command {
        PackagesCommand::List { service, json } => {
            let body = service.connect()?.fetch("/v1/packages")?;
            if *json {
                out!("{}", String::from_utf8_lossy(&body));
                return Ok(Done::Clean);
            }
            let packages: Vec<OwnPackage> = parse(&body)?;
            if !packages.is_empty() {
                out!("{}", table(&packages));
            }
            tell!("{} pakke(r)", "{} package(s)", packages.len());
        }
        PackagesCommand::Unusual { service } => {
            let unusual: Vec<Unusual> = parse(&service.connect()?.fetch("/v1/uploads/unusual")?)?;
            if !unusual.is_empty() {
                out!("{}", unusual_table(&unusual));
            }
            tell!("{} pakke(r)", "{} package(s)", unusual.len());
        }
        PackagesCommand::Approve(approve) => {
            let id = checked(&approve.id)?;
            let client = approve.service.connect()?;
            let da =
                format!("ville godkende pakken {id}: den ville blive lukket ind, når parten sender den igen");
            let en =
                format!("would approve package {id}: it would be let in when its partner sends it again");
            if !approve.dry.sends(da, en) {
                return Ok(Done::Clean);
            }
            client.post(&format!("/v1/uploads/unusual/{id}/approve"), b"{}", None)?;
            tell!(
                "godkendt: den lukkes ind, når parten sender den igen",
                "approved: it is let in when its partner sends it again"
            );
        }
        PackagesCommand::Withdraw(withdraw) => return self::withdraw(withdraw),
    }
    Ok(Done::Clean)
}

fn withdraw(arguments: &Withdraw) -> Outcome {
    let id = checked(&arguments.id)?;
    let client = arguments.service.connect()?;
    let da =
        format!("ville trække pakken {id} tilbage, eller afslutte dens overførsel, hvis den ikke er færdig");
    let en = format!("would withdraw package {id}, or end its upload where that is not complete");
    if !arguments.dry.sends(da, en) {
        arguments.dry.would(&arguments.place(id)?);
        return Ok(Done::Clean);
    }
    // An upload on its way is no package yet: there is nothing to give a receipt for, and it can be ended.
    if client.packages()?.iter().any(|package| package.id == id && package.state == "open") {
        client.end_upload(id)?;
        tell!(
            "overførslen var ikke færdig og er afsluttet; intet af den bliver brugt",
            "the upload was not complete and has been ended; nothing of it is used"
        );
        return Ok(Done::Clean);
    }
    let path = arguments.place(id)?;
    let receipt = client.post(&format!("/v1/packages/{id}/withdraw"), b"{}", None)?;
    keep(&path, &receipt)?;
    tell!("trukket tilbage; kvittering  {}", "withdrawn; receipt  {}", path.display());
    Ok(Done::Clean)
}

impl Withdraw {
    /// Where the receipt is kept.
    fn place(&self, id: &str) -> Result<PathBuf, Trouble> {
        let outbox = crate::settings::config().map(|config| config.outbox.as_path());
        let path = match (&self.receipt, outbox.filter(|folder| folder.is_dir())) {
            (Some(path), _) => path.clone(),
            (None, Some(folder)) => folder.join(format!("{id}.withdrawal.receipt.json")),
            (None, None) => {
                return Err(Trouble::Usage(both(
                    "giv --receipt FIL til kvitteringen, eller stå hvor kobling.toml har en udbakke (outbox)",
                    "give --receipt FILE for the receipt, or stand where kobling.toml has an outbox",
                )));
            }
        };
        // One that is there can be this package's: the same one again is no trouble.
        self.dry.may_take(&path, Over::Always)?;
        Ok(path)
    }
}
