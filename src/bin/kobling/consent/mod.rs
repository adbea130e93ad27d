//! `kobling consent`: what a person said, tokenised here, signed, and recorded at the service.

mod as_of;
mod package;
mod record;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kobling::clock::{Day, Timestamp};
use kobling::consent::{GivenBy, LegalBasis, RecordId};
use kobling::extract::consents::{Form, notice};
use kobling::name::{DatasetId, NoticeId, OrganisationId, PurposeId};
use kobling::programme::Programme;

use crate::dates;
use crate::exchange;
use crate::exit::{Outcome, Trouble};
use crate::person::{Person, Who};
use crate::send::Service;
use crate::write::Dry;

pub(crate) use package::say_written;
pub(crate) use record::keep_all;

/// Commands on consent.
#[derive(Subcommand)]
pub(crate) enum ConsentCommand {
    /// A person said yes. The CPR number is typed at a hidden prompt, or read from a file.
    Give(One),
    /// A person said no when asked.
    Refuse(One),
    /// A person takes a yes back: all of it, or for the purposes, recipients and datasets given.
    Withdraw(One),
    /// A person says yes in place of the record that --names gives.
    Renew(One),
    /// A yes was found not to be valid.
    Invalidate(One),
    /// What you recorded of a person, and what it permits today.
    Show(show::Show),
    /// What this partner's records permitted of a person at a moment, as known then or as known now.
    AsOf(as_of::AsOf),
    /// A list: a CSV with cpr,record,event,time and, where they apply, valid_from,valid_to,window_from,window_to,method,names.
    Record {
        /// The list; - reads standard input.
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Write a list as other systems read consents: HL7 FHIR R4, or ISO/IEC TS 27560 in JSON-LD.
    Export(exchange::ExportArguments),
    /// Record what such a file says. What it cannot say in full is refused, never left out.
    Import(exchange::ImportArguments),
    /// Make a package of a list of any length, to be looked at with `kobling inspect` and sent with `kobling upload`.
    Package(package::Package),
}

/// What is common to all records, and where they go.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    said: Said,
    /// File to keep the receipt in.
    #[arg(long)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

/// What was said, to what.
#[derive(Args)]
struct Said {
    /// Purpose; may be given several times. A yes and a refusal need one; a withdrawal without is of all.
    #[arg(long)]
    purpose: Vec<PurposeId>,
    /// Recipient; may be given several times. A yes and a refusal need one; a withdrawal without is of all.
    #[arg(long)]
    recipient: Vec<OrganisationId>,
    /// Dataset of this partner; all of them when none is given.
    #[arg(long)]
    dataset: Vec<DatasetId>,
    /// The notice that was shown.
    #[arg(long)]
    notice: NoticeId,
    /// Language of the notice.
    #[arg(long, default_value = "da")]
    language: String,
    /// What the processing rests on.
    #[arg(long, value_enum, default_value_t = Basis::ExplicitConsent)]
    legal_basis: Basis,
    /// A custodian said it, for a child.
    #[arg(long)]
    by_custodian: bool,
    /// Label of who recorded it; never a CPR number.
    #[arg(long)]
    recorded_by: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Basis {
    Consent,
    ExplicitConsent,
    OffencesConsent,
}

/// What one person said.
#[derive(Args)]
pub(crate) struct One {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    person: Person,
    /// Your own name for this record: 1 to 64 of A-Z a-z 0-9 -; made up when not given.
    #[arg(long)]
    record: Option<RecordId>,
    /// Your own name of the record that this one is about. It does not narrow a withdrawal: what that is of follows from its
    /// purposes, recipients and datasets.
    #[arg(long)]
    names: Option<RecordId>,
    /// A withdrawal that names a record takes back everything all the same.
    #[arg(long)]
    everything: bool,
    /// When it was said, as 2022-03-01, 01-03-2022 or 2022-03-01T09:00:00Z; now when not given.
    #[arg(long, value_parser = dates::moment)]
    time: Option<Timestamp>,
    /// First day on which a yes permits use; the day of --time when not given.
    #[arg(long, value_parser = dates::day)]
    valid_from: Option<Day>,
    /// Last day on which a yes permits use.
    #[arg(long, value_parser = dates::day)]
    valid_to: Option<Day>,
    /// First day of the rows that a yes covers.
    #[arg(long, value_parser = dates::day)]
    rows_from: Option<Day>,
    /// Last day of the rows that a yes covers.
    #[arg(long, value_parser = dates::day)]
    rows_to: Option<Day>,
}

pub(crate) fn run(command: &ConsentCommand) -> Outcome {
    match command {
        ConsentCommand::Give(one) => record::single(one, "given"),
        ConsentCommand::Refuse(one) => record::single(one, "refused"),
        ConsentCommand::Withdraw(one) => record::single(one, "withdrawn"),
        ConsentCommand::Renew(one) => record::single(one, "renewed"),
        ConsentCommand::Invalidate(one) => record::single(one, "invalidated"),
        ConsentCommand::Show(show) => show::run(show),
        ConsentCommand::AsOf(asked) => as_of::run(asked),
        ConsentCommand::Record { file, common } => record::list(file, common),
        ConsentCommand::Export(arguments) => exchange::export(arguments),
        ConsentCommand::Import(arguments) => exchange::import(arguments),
        ConsentCommand::Package(package) => package::run(package),
    }
}

impl Said {
    fn form(&self, programme: &Programme) -> Result<Form, Trouble> {
        Ok(Form {
            purposes: self.purpose.clone(),
            recipients: self.recipient.clone(),
            datasets: self.dataset.clone(),
            notice: notice(programme, &self.notice, &self.language)?,
            given_by: if self.by_custodian { GivenBy::Custodian } else { GivenBy::Person },
            recorded_by: self.recorded_by.clone(),
            legal_basis: match self.legal_basis {
                Basis::Consent => LegalBasis::Consent,
                Basis::ExplicitConsent => LegalBasis::ExplicitConsent,
                Basis::OffencesConsent => LegalBasis::OffencesConsent,
            },
        })
    }
}
