//! `kobling status`: what is configured, made and sent here, and what the service has of it. One's own, and nothing else.

use std::path::Path;

use clap::Args;
use kobling::audit::Receipt;
use kobling::client::{OwnErasure, OwnPackage, OwnStanding};
use kobling::clock::{Clock as _, SystemClock};
use kobling::language::Language;
use kobling::outbox::{Outbox, Parcel};
use serde::Serialize;

use crate::exit::{Done, Outcome, Trouble};
use crate::packages::state;
use crate::receipt::{contradiction, read_folder};
use crate::say::language;
use crate::send::{is_for, message, new_table};
use crate::settings::{self, GivenPartner, GivenProgramme, GivenServicePublic, Service};

/// `kobling status`
#[derive(Args)]
pub(crate) struct StatusArguments {
    /// Look at this machine only; the service is not asked.
    #[arg(long)]
    offline: bool,
    /// For programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    service_public: GivenServicePublic,
}

/// All of it.
#[derive(Serialize)]
struct Status {
    partner: String,
    programme: String,
    datasets: Vec<Handed>,
    /// Uploads that are not complete.
    open: Vec<Open>,
    /// Erasures that are not done. Absent when the service was not asked.
    erasures: Option<Vec<OwnErasure>>,
    receipts: Receipts,
}

/// A dataset that this partner hands over.
#[derive(Serialize)]
struct Handed {
    dataset: String,
    /// As `kobling.toml` lists it; several where it does so more than once.
    configured: Vec<Configured>,
    /// The last package that was made here.
    last: Option<Last>,
    /// The last that the service received and has not dropped. Absent when it was not asked, or has none.
    service: Option<OwnPackage>,
}

#[derive(Serialize)]
struct Configured {
    file: String,
    there: bool,
    /// The quarters that its word means today; absent where it means none of the programme's.
    period: Option<String>,
}

#[derive(Serialize)]
struct Last {
    name: String,
    period: String,
    made_at: String,
    /// `unsent`, `received`, or `unproved`: a receipt that does not verify, or cannot be verified.
    state: &'static str,
}

#[derive(Serialize)]
struct Open {
    #[serde(flatten)]
    package: OwnPackage,
    #[serde(flatten)]
    standing: Option<OwnStanding>,
}

#[derive(Serialize)]
struct Receipts {
    /// Those that verify.
    good: usize,
    /// Those that do not, by name.
    bad: Vec<String>,
    /// Whether they could be looked at: the service's key is known.
    verified: bool,
}

pub(crate) fn run(arguments: &StatusArguments) -> Outcome {
    let config = settings::needed()?;
    let programme = arguments.programme.load()?;
    let partner = arguments.partner.id()?;
    let source = crate::person::source(&programme, partner)?;
    let key = arguments.service_public.key().ok();
    let outbox = Outbox::look(&config.outbox);
    let parcels = outbox.parcels().map_err(|error| Trouble::Files(Box::new(error)))?;
    let client = if arguments.offline { None } else { Some(arguments.service.connect()?) };
    let packages = client.as_ref().map(|client| client.packages()).transpose()?;
    let erasures = client.as_ref().map(|client| client.erasures()).transpose()?;

    let today = SystemClock.today();
    let mut datasets = Vec::new();
    for dataset in programme.datasets.iter().filter(|dataset| dataset.partners.contains(&source)) {
        let entries = config.sends.iter().filter(|entry| entry.dataset == dataset.id);
        let configured = entries.map(|entry| Configured {
            file: entry.file.display().to_string(),
            there: entry.file.is_file(),
            period: entry.period.resolve(today, programme.period).ok().map(|period| period.to_string()),
        });
        let last = parcels.iter().rfind(|parcel| parcel.note.dataset == dataset.id);
        let had = packages.iter().flatten().filter(|package| package.dataset == dataset.id.as_str());
        let had = had.filter(|package| package.completed_at.is_some()).max_by_key(|p| p.completed_at.clone());
        datasets.push(Handed {
            dataset: dataset.id.to_string(),
            configured: configured.collect(),
            last: last.map(|parcel| look(parcel, key)).transpose()?,
            service: had.cloned(),
        });
    }
    let mut open = Vec::new();
    for package in packages.iter().flatten().filter(|package| package.state == "open") {
        let standing = client.as_ref().and_then(|client| client.standing(&package.id).ok());
        open.push(Open { package: package.clone(), standing });
    }
    let erasures = erasures.map(|all| all.into_iter().filter(|erasure| erasure.state != "done").collect());
    let receipts = receipts(&config.outbox, key)?;
    let status = Status {
        partner: partner.to_string(),
        programme: programme.id.to_string(),
        datasets,
        open,
        erasures,
        receipts,
    };
    if arguments.json {
        out!("{}", serde_json::to_string_pretty(&status).expect("a status is plain data"));
    } else {
        show(&status, language());
    }
    // A receipt that does not verify is what this command is there to find.
    Ok(if status.receipts.bad.is_empty() { Done::Clean } else { Done::Told(4) })
}

/// Where a parcel stands.
fn look(parcel: &Parcel, key: Option<&kobling::key::VerifyingKey>) -> Result<Last, Trouble> {
    let receipt = parcel.receipt().map_err(|error| Trouble::Files(Box::new(error)))?;
    let proved = |signed: &kobling::audit::SignedReceipt| {
        let receipt: Receipt = signed.verify(key?).ok()?;
        is_for(&receipt, &parcel.package().ok()?).then_some(())
    };
    let state = match &receipt {
        None => "unsent",
        Some(signed) if proved(signed).is_some() => "received",
        Some(_) => "unproved",
    };
    Ok(Last {
        name: parcel.name.clone(),
        period: parcel.note.period.to_string(),
        made_at: parcel.note.made_at.to_string(),
        state,
    })
}

/// All receipts of the outbox, held against the service's key and against each other.
fn receipts(folder: &Path, key: Option<&kobling::key::VerifyingKey>) -> Result<Receipts, Trouble> {
    let Some(key) = key.filter(|_| folder.is_dir()) else {
        return Ok(Receipts { good: 0, bad: Vec::new(), verified: key.is_some() });
    };
    let found = read_folder(folder, key)?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut bad: Vec<String> = Vec::new();
    for (path, trouble) in &found.bad {
        bad.push(format!("{}: {}", name(path), message(trouble, language())));
    }
    for pair in found.good.windows(2) {
        if let Some((da, en)) = contradiction(&pair[0].1, &pair[1].1) {
            bad.push(format!("{}: {}", name(&pair[1].0), language().choose(da, en)));
        }
    }
    Ok(Receipts { good: found.good.len(), bad, verified: true })
}

/// As a table, and what it has no room for.
fn show(status: &Status, language: Language) {
    tell!("{} i programmet {}", "{} in the programme {}", status.partner, status.programme);
    let head = match language {
        Language::Da => {
            ["datasæt", "udtræk", "sidst lavet her", "hos tjenesten", "kvartaler", "sendt", "beholdt"]
        }
        Language::En => {
            ["dataset", "extract", "last made here", "at the service", "quarters", "sent", "kept"]
        }
    };
    let mut table = new_table(&head, 5..7);
    for handed in &status.datasets {
        let extract = handed.configured.iter().map(|configured| {
            let there = match (configured.there, &configured.period) {
                (false, _) => language.choose("mangler: ", "missing: "),
                (true, None) => language.choose("ingen periode i dag: ", "no period today: "),
                (true, Some(_)) => "",
            };
            format!("{there}{}", configured.file)
        });
        let extract: Vec<String> = extract.collect();
        let last = handed.last.as_ref().map_or_else(String::new, |last| {
            let word = match last.state {
                "unsent" => language.choose("ikke sendt", "not sent"),
                "received" => language.choose("modtaget", "received"),
                _ => language.choose("kvittering IKKE EFTERPRØVET", "receipt NOT VERIFIED"),
            };
            format!("{} {word}", last.made_at.get(..10).unwrap_or_default())
        });
        let service = handed.service.as_ref();
        table.add_row([
            handed.dataset.clone(),
            if extract.is_empty() { "-".to_owned() } else { extract.join("\n") },
            last,
            service.map_or_else(String::new, |package| {
                let at = package.completed_at.as_deref().and_then(|at| at.get(..10)).unwrap_or_default();
                format!("{at} {}", state(&package.state))
            }),
            service.map_or_else(String::new, |package| package.period.clone()),
            service.map_or_else(String::new, |package| language.count(package.rows)),
            service.and_then(|package| package.kept).map_or_else(String::new, |kept| language.count(kept)),
        ]);
    }
    out!("{table}");
    for Open { package, standing } in &status.open {
        let percent = standing.as_ref().map_or(0, |at| at.offset.saturating_mul(100) / package.bytes.max(1));
        let expires = standing.as_ref().and_then(|at| at.expires.as_deref()).unwrap_or("?");
        tell!(
            "åben overførsel {} af {}: {percent} % er modtaget; den udløber {expires}. `kobling send` fører den videre, `kobling packages withdraw {}` afslutter den",
            "open upload {} of {}: {percent}% received; it expires {expires}. `kobling send` carries it on, `kobling packages withdraw {}` ends it",
            package.id,
            package.dataset,
            package.id
        );
    }
    for erasure in status.erasures.iter().flatten() {
        tell!(
            "sletning {}: senest {}; se `kobling erasures`",
            "erasure {}: by {}; see `kobling erasures`",
            erasure.id,
            erasure.erase_by
        );
    }
    if status.receipts.verified {
        tell!(
            "kvitteringer: {} efterprøvet, {} ikke gyldige",
            "receipts: {} verified, {} not good",
            status.receipts.good,
            status.receipts.bad.len()
        );
    } else {
        tell!(
            "kvitteringerne er ikke efterprøvet: skriv service_public i kobling.toml",
            "the receipts were not verified: write service_public in kobling.toml"
        );
    }
    for bad in &status.receipts.bad {
        out!("  {bad}");
    }
}
