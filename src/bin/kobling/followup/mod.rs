//! `kobling followup`: what became of one's own referrals.

mod pull;
mod resolve;

use clap::{Args, Subcommand};
use kobling::client::parse;
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::{Job, Source};
use kobling::id::LeadingZero;
use kobling::key::LinkageKey;
use kobling::language::Language;
use kobling::name::{DatasetId, PartnerId};
use kobling::programme::{Event, Followup, Programme, Text};

use crate::exit::{Done, Outcome, Trouble, both};
use crate::extract::{DecimalSign, declared};
use crate::settings::{GivenKey, GivenProgramme, Service};

/// Commands on follow-up.
#[derive(Subcommand)]
pub(crate) enum FollowupCommand {
    /// What the programme offers: follow-ups, what each can answer, and how much may be asked.
    List(List),
    /// Ask about the persons of one's own extract of referrals; the answers stay on this machine.
    /// Example: kobling followup pull henvisninger.csv --programme P.toml --partner ID --dataset henvisninger --followup ID --label 'worklist 7' --key KEYFILE --signing-key FILE --service URL --token-file FILE --out answers.json
    Pull(Box<pull::Pull>),
    /// Put answers beside one's own rows, and keep those that something is to be done about.
    /// Example: kobling followup resolve answers.json henvisninger.csv --programme P.toml --key KEYFILE --not-contacted 14 --out worklist.csv
    Resolve(resolve::Resolve),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    service: Service,
}

/// How one's own extract of referrals is read.
#[derive(Args)]
pub(crate) struct Own {
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    key: GivenKey,
    /// Read nine digits as ten whose leading zero a spreadsheet took.
    #[arg(long)]
    repair_leading_zero: bool,
    /// Encoding: utf-8, windows-1252 or utf-16le; found out when not given.
    #[arg(long)]
    encoding: Option<String>,
    /// Separator, one character; found out when not given.
    #[arg(long)]
    separator: Option<char>,
    /// Decimal sign.
    #[arg(long, value_enum, default_value_t = DecimalSign::Comma)]
    decimal: DecimalSign,
}

impl Own {
    fn load(&self) -> Result<(Programme, LinkageKey), Trouble> {
        let programme = self.programme.load()?;
        let key = self.key.load(&programme)?;
        Ok((programme, key))
    }

    fn job<'a>(
        &'a self,
        source: &'a Source,
        programme: &'a Programme,
        partner: &'a PartnerId,
        dataset: &'a DatasetId,
    ) -> Result<Job<'a>, Trouble> {
        Ok(Job {
            source,
            declared: declared(self.encoding.as_deref(), self.separator)?,
            mapping: None,
            programme,
            partner,
            dataset,
            period: None,
            zero: if self.repair_leading_zero { LeadingZero::Repair } else { LeadingZero::Refuse },
            decimal: self.decimal.into(),
            today: SystemClock.today(),
        })
    }
}

/// The events of a follow-up that rows of a dataset can be referrals by.
fn referring<'a>(
    programme: &Programme,
    followup: &'a Followup,
    dataset: &DatasetId,
) -> Result<Vec<&'a Event>, Trouble> {
    let at = programme.dataset(dataset).map(|(at, _)| at);
    let events: Vec<&Event> = followup.referrals.iter().filter(|event| Some(event.dataset) == at).collect();
    if events.is_empty() {
        let known = followup.referring().into_iter().map(|at| programme.datasets[at].id.to_string());
        let known = known.collect::<Vec<_>>().join(", ");
        return Err(Trouble::Usage(both(
            format!("ingen rækker i {dataset} er henvisninger i {}; det er de i: {known}", followup.id),
            format!("no rows of {dataset} are referrals of {}; these are: {known}", followup.id),
        )));
    }
    Ok(events)
}

/// A follow-up as the service lists it.
#[derive(serde::Deserialize)]
struct Offered {
    id: String,
    title: Text,
    purpose: String,
    delay_days: u16,
    lookups_per_day: u32,
    statuses: Vec<OfferedStatus>,
}

#[derive(serde::Deserialize)]
struct OfferedStatus {
    id: String,
    title: Text,
}

pub(crate) fn run(command: &FollowupCommand) -> Outcome {
    match command {
        FollowupCommand::List(arguments) => list(arguments),
        FollowupCommand::Pull(arguments) => pull::run(arguments),
        FollowupCommand::Resolve(arguments) => resolve::run(arguments),
    }
}

fn list(arguments: &List) -> Outcome {
    let language = crate::say::language();
    let offered: Vec<Offered> = parse(&arguments.service.connect()?.fetch("/v1/followups")?)?;
    if offered.is_empty() {
        out!("{}", language.choose("ingen opfølgning tilbydes", "no follow-up is offered"));
    }
    for followup in &offered {
        out!("{}  {}", followup.id, language.of(&followup.title));
        let (purpose, days, most) = (&followup.purpose, followup.delay_days, followup.lookups_per_day);
        match language {
            Language::Da => {
                out!(
                    "  formål {purpose}; en henvisning tæller efter {days} dage; højst {most} opslag om dagen"
                );
            }
            Language::En => {
                out!(
                    "  purpose {purpose}; a referral counts after {days} days; at most {most} look-ups a day"
                );
            }
        }
        for status in &followup.statuses {
            out!("  {:<16} {}", status.id, language.of(&status.title));
        }
    }
    Ok(Done::Clean)
}

/// Says that some rows of an extract could not be read.
fn say_rejected(rejected: u64, rows: u64) {
    match crate::say::language() {
        Language::Da => {
            eprintln!("{rejected} af {rows} rækker kan ikke læses; `kobling check` siger hvorfor");
        }
        Language::En => {
            eprintln!("{rejected} of {rows} rows cannot be read; `kobling check` says why");
        }
    }
}
