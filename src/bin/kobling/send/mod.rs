//! `kobling send`: every dataset that `kobling.toml` lists, checked, tokenised, signed, sent and receipted. Each has a fate of
//! its own; a run that was cut short is carried on by the next.

mod extract;
mod fate;
mod one;

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::config::SendEntry;
use kobling::name::DatasetId;
use kobling::outbox::{Marker, Outbox};

use crate::exit::{Done, Outcome, Trouble, both};
use crate::say::language;
use crate::settings::{self, GivenKey, GivenPartner, GivenProgramme, GivenServicePublic, GivenSigningKey};
use crate::write::Dry;
// What other commands share with this one.
pub(crate) use crate::settings::Service;
pub(crate) use crate::upload::keep;
use fate::Fate;
pub(crate) use fate::{message, new_table, status};
use one::Sender;
pub(crate) use one::is_for;

/// `kobling send [DATASET …]`
#[derive(Args)]
pub(crate) struct SendArguments {
    /// Datasets to send; all that kobling.toml lists when none is named.
    datasets: Vec<DatasetId>,
    #[command(flatten)]
    dry: Dry,
    /// Send also what has not changed since it was received, for instance when consents were recorded meanwhile.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    #[command(flatten)]
    key: GivenKey,
    #[command(flatten)]
    signing: GivenSigningKey,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    service_public: GivenServicePublic,
}

/// The entries that are meant.
fn chosen<'a>(entries: &'a [SendEntry], named: &[DatasetId]) -> Result<Vec<&'a SendEntry>, Trouble> {
    if entries.is_empty() {
        return Err(Trouble::Usage(both(
            "kobling.toml har ingen [[send]]: skriv en for hvert datasæt, I sender",
            "kobling.toml has no [[send]]: write one for each dataset that you send",
        )));
    }
    if let Some(unknown) = named.iter().find(|name| entries.iter().all(|entry| entry.dataset != **name)) {
        return Err(Trouble::Usage(both(
            format!("kobling.toml har ingen [[send]] med dataset = \"{unknown}\""),
            format!("kobling.toml has no [[send]] with dataset = \"{unknown}\""),
        )));
    }
    let meant = |entry: &&SendEntry| named.is_empty() || named.contains(&entry.dataset);
    Ok(entries.iter().filter(meant).collect())
}

/// Refuses two entries that would replace each other's package.
fn no_two_alike(entries: &[&SendEntry]) -> Result<(), Trouble> {
    for (at, entry) in entries.iter().enumerate() {
        let same = |other: &&&SendEntry| (&other.dataset, other.period) == (&entry.dataset, entry.period);
        if entries[..at].iter().any(|other| same(&other)) {
            let dataset = &entry.dataset;
            return Err(Trouble::Usage(both(
                format!(
                    "kobling.toml sender {dataset} to gange med samme periode: den ene pakke ville erstatte den anden"
                ),
                format!(
                    "kobling.toml sends {dataset} twice with the same period: one package would replace the other"
                ),
            )));
        }
    }
    Ok(())
}

pub(crate) fn run(arguments: &SendArguments) -> Outcome {
    let config = settings::needed()?;
    let entries = chosen(&config.sends, &arguments.datasets)?;
    no_two_alike(&entries)?;
    let programme = arguments.programme.load()?;
    let key = arguments.key.load(&programme)?;
    let signing = arguments.signing.load(arguments.key.allow_example_key)?;
    let partner = arguments.partner.id()?;
    crate::person::source(&programme, partner)?;
    // A receipt that cannot be verified would be none: that is said before anything is made.
    let (client, service) = match arguments.dry.on() {
        true => (None, arguments.service_public.key().ok()),
        false => (Some(arguments.service.connect()?), Some(arguments.service_public.key()?)),
    };
    let outbox = match arguments.dry.on() {
        true => {
            let outbox = Outbox::look(&config.outbox);
            outbox.is_ones_own().map(|()| outbox)
        }
        false => Outbox::open(&config.outbox),
    }
    .map_err(|error| Trouble::Files(Box::new(error)))?;
    let sender = Sender {
        programme: &programme,
        partner,
        key: &key,
        marker: Marker::new(&signing),
        signing: &signing,
        client: client.as_ref(),
        service,
        outbox: &outbox,
        keep_packages: config.keep_packages,
        again: arguments.again,
        today: SystemClock.today(),
    };
    let fates: Vec<Fate> = entries.iter().map(|entry| sender.send(entry)).collect();
    out!("{}", fate::table(&fates, language()));
    for fate in &fates {
        for line in fate.remarks(language()) {
            out!("{line}");
        }
    }
    if arguments.dry.on() {
        tell!("prøvekørsel: intet er skrevet eller sendt", "dry run: nothing was written or sent");
    }
    let worst = fates.iter().map(|fate| fate.status()).max().unwrap_or(0);
    Ok(if worst == 0 { Done::Clean } else { Done::Told(worst) })
}
