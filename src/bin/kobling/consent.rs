//! `kobling consent`: what a person said, tokenised here, signed, and recorded at the service.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::consent::{ConsentRecord, GivenBy, LegalBasis, RecordId};
use kobling::extract::Source;
use kobling::extract::consents::{ConsentListError, Form, notice, read_consents};
use kobling::key::{LinkageKey, SigningKey};
use kobling::limits;
use kobling::name::{DatasetId, NoticeId, OrganisationId, PartnerId, PurposeId};
use kobling::secret::{Random as _, SystemRandom};
use kobling::token::Tokeniser;
use zeroize::Zeroizing;

use crate::exchange;
use crate::exit::{Done, Outcome, Trouble, file};
use crate::extract::programme;
use crate::key::example;
use crate::send::Service;

/// Commands on consent.
#[derive(Subcommand)]
pub(crate) enum ConsentCommand {
    /// A person said yes. The CPR number is typed at a hidden prompt, or read from a file.
    Give(One),
    /// A person said no when asked.
    Refuse(One),
    /// A person takes a yes back.
    Withdraw(One),
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
}

/// What is common to all records.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    service: Service,
    /// The programme definition.
    #[arg(long)]
    programme: PathBuf,
    /// The partner that records it, for its own rows only.
    #[arg(long)]
    partner: PartnerId,
    /// The linkage key's file.
    #[arg(long)]
    key: PathBuf,
    /// The partner's signing key.
    #[arg(long)]
    signing_key: PathBuf,
    /// Purpose; may be given several times.
    #[arg(long, required = true)]
    purpose: Vec<PurposeId>,
    /// Recipient; may be given several times.
    #[arg(long, required = true)]
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
    /// File to keep the receipt in.
    #[arg(long)]
    receipt: Option<PathBuf>,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    allow_example_key: bool,
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
    /// File that holds the CPR number, alone on a line; asked for at a hidden prompt when not given.
    #[arg(long)]
    cpr_file: Option<PathBuf>,
    /// Your own name for this record: 1 to 64 of A-Z a-z 0-9 -; made up when not given.
    #[arg(long)]
    record: Option<RecordId>,
    /// Your own name of the yes that this one takes back.
    #[arg(long)]
    names: Option<RecordId>,
    /// First day on which a yes permits use; today when not given.
    #[arg(long)]
    valid_from: Option<Day>,
    /// Last day on which a yes permits use.
    #[arg(long)]
    valid_to: Option<Day>,
    /// First day of the rows that a yes covers.
    #[arg(long)]
    rows_from: Option<Day>,
    /// Last day of the rows that a yes covers.
    #[arg(long)]
    rows_to: Option<Day>,
}

pub(crate) fn run(command: &ConsentCommand) -> Outcome {
    match command {
        ConsentCommand::Give(one) => single(one, "given"),
        ConsentCommand::Refuse(one) => single(one, "refused"),
        ConsentCommand::Withdraw(one) => single(one, "withdrawn"),
        ConsentCommand::Record { file, common } => record(&Source::from_argument(file), common, None),
        ConsentCommand::Export(arguments) => exchange::export(arguments),
        ConsentCommand::Import(arguments) => exchange::import(arguments),
    }
}

/// Makes a list of one in memory, and records it as any list.
fn single(one: &One, event: &str) -> Outcome {
    let cpr = match &one.cpr_file {
        Some(path) => Zeroizing::new(std::fs::read_to_string(path).map_err(file(path))?),
        None => {
            let typed = rpassword::prompt_password("CPR number (not shown): ");
            Zeroizing::new(typed.map_err(|error| {
                Trouble::Usage(
                    format!("no CPR number was typed ({error}); without a terminal give --cpr-file").into(),
                )
            })?)
        }
    };
    let record = one.record.as_ref().map(|record| record.as_str().to_owned()).unwrap_or_else(|| {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    });
    let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let now = SystemClock.now();
    let list = Zeroizing::new(format!(
        "cpr,record,event,time,valid_from,valid_to,window_from,window_to,method,names\n{},{record},{event},{now},{},{},{},{},,{}\n",
        cpr.trim(),
        day(one.valid_from),
        day(one.valid_to),
        day(one.rows_from),
        day(one.rows_to),
        one.names.as_ref().map(RecordId::as_str).unwrap_or_default(),
    ));
    drop(cpr);
    self::record(&Source::Memory(list), &one.common, Some(&record))
}

/// Records a list. A list of one has its record's name: it is said before anything is sent, so that after a broken
/// connection the same record can be sent again.
fn record(source: &Source, common: &Common, one: Option<&str>) -> Outcome {
    let programme = programme(&common.programme)?;
    if programme.source(&common.partner).is_none() {
        return Err(Trouble::Usage(format!("the programme has no partner {}", common.partner).into()));
    }
    let allowed = example(common.allow_example_key);
    let key = LinkageKey::load(&common.key, &programme.id, allowed)?;
    let signing = SigningKey::load(&common.signing_key, allowed)?;
    let client = common.service.connect()?;
    let form = Form {
        purposes: common.purpose.clone(),
        recipients: common.recipient.clone(),
        datasets: common.dataset.clone(),
        notice: notice(&programme, &common.notice, &common.language)?,
        given_by: if common.by_custodian { GivenBy::Custodian } else { GivenBy::Person },
        recorded_by: common.recorded_by.clone(),
        legal_basis: match common.legal_basis {
            Basis::Consent => LegalBasis::Consent,
            Basis::ExplicitConsent => LegalBasis::ExplicitConsent,
            Basis::OffencesConsent => LegalBasis::OffencesConsent,
        },
    };
    let tokeniser = Tokeniser::new(&key, &common.partner, &common.partner);
    let named = |error: ConsentListError| match (error, one) {
        // No list was written by anybody, so no line of one is named.
        (ConsentListError::Identifier(_, reason), Some(_)) => {
            Trouble::Files(format!("the CPR number: {reason}").into())
        }
        (ConsentListError::Refused(_, refusal), Some(_)) => {
            Trouble::Usage(format!("{refusal}; {}", refusal.advice()).into())
        }
        (ConsentListError::Sink(cause), Some(_)) => Trouble::Service(cause),
        (error, _) => error.into(),
    };
    let now = SystemClock.now();
    // A list that can be read twice is read to its end before any of it is sent: all of it, or nothing.
    if !matches!(source, Source::Stdin) {
        read_consents(source, &form, &tokeniser, now, limits::MAX_CONSENT_BATCH, |_| Ok(()))
            .map_err(named)?;
    }
    if let Some(name) = one {
        out!("record   {name}");
    }
    let mut receipts: Vec<Vec<u8>> = Vec::new();
    let sink = |records: Vec<ConsentRecord>| {
        receipts.push(client.record_consents(key.id(), &records, &signing)?);
        Ok(())
    };
    let count =
        read_consents(source, &form, &tokeniser, now, limits::MAX_CONSENT_BATCH, sink).map_err(named)?;
    out!("recorded {count} event(s) in {} batch(es)", receipts.len());
    if let Some(path) = &common.receipt {
        keep_all(path, &receipts)?;
        out!("receipt  {}", path.display());
    }
    Ok(Done::Clean)
}

/// Keeps receipts, one a line.
pub(crate) fn keep_all(path: &Path, receipts: &[Vec<u8>]) -> Result<(), Trouble> {
    let mut target = std::fs::File::create_new(path).map_err(file(path))?;
    receipts
        .iter()
        .try_for_each(|receipt| target.write_all(receipt.trim_ascii()).and_then(|()| target.write_all(b"\n")))
        .and_then(|()| target.sync_all())
        .map_err(file(path))
}
