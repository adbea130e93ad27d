//! `kobling consent export` and `kobling consent import`: a partner's own list as other systems read it, and back.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kobling::clock::{Clock as _, SystemClock};
use kobling::consent::{ConsentRecord, GivenBy, LegalBasis};
use kobling::exchange::{ExchangeError, Format, Statement, Subject, read, write};
use kobling::extract::Source;
use kobling::extract::consents::{Form, notice, read_statements};
use kobling::key::LinkageKey;
use kobling::language::Spoken as _;
use kobling::limits;
use kobling::name::{DatasetId, NoticeId, OrganisationId, PurposeId};
use kobling::programme::Programme;
use kobling::token::Tokeniser;
use zeroize::Zeroizing;

use crate::consent::keep_all;
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::key::example;
use crate::person::source;
use crate::settings::{GivenKey, GivenPartner, GivenProgramme, GivenSigningKey, Service};
use crate::write::{Dry, Over};

#[derive(Clone, Copy, ValueEnum)]
enum FileForm {
    /// HL7 FHIR R4: a Bundle of Consent resources.
    Fhir,
    /// ISO/IEC TS 27560 in JSON-LD, with the Data Privacy Vocabulary.
    Iso27560,
}

impl From<FileForm> for Format {
    fn from(form: FileForm) -> Format {
        match form {
            FileForm::Fhir => Format::Fhir,
            FileForm::Iso27560 => Format::Iso27560,
        }
    }
}

/// Whose consents, and under which key.
#[derive(Args)]
struct Own {
    /// The form of the file.
    #[arg(long, value_enum)]
    format: FileForm,
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    #[command(flatten)]
    key: GivenKey,
}

/// What a list is exported with: the list has the rest.
#[derive(Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    own: Own,
    /// The list, as `consent record` takes it, with all events of each person; - reads standard input.
    #[arg(long)]
    list: PathBuf,
    /// File to write; not overwritten.
    #[arg(long, short)]
    output: PathBuf,
    /// Name persons by CPR number in place of token: for this partner's own systems, never to be handed on.
    #[arg(long)]
    with_cpr: bool,
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
    /// What the processing rests on: consent, explicit-consent or offences-consent.
    #[arg(long, default_value = "explicit-consent", value_parser = legal_basis)]
    legal_basis: LegalBasis,
    /// A custodian said it, for a child.
    #[arg(long)]
    by_custodian: bool,
    /// Label of who recorded it; never a CPR number.
    #[arg(long)]
    recorded_by: String,
    #[command(flatten)]
    dry: Dry,
}

/// Where an imported file is recorded.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// The file; - reads standard input.
    file: PathBuf,
    #[command(flatten)]
    own: Own,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    signing: GivenSigningKey,
    /// File to keep the receipt in.
    #[arg(long)]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

fn legal_basis(text: &str) -> Result<LegalBasis, &'static str> {
    serde_json::from_value(text.into())
        .map_err(|_| "consent, explicit-consent or offences-consent is expected")
}

impl Own {
    fn open(&self) -> Result<(Programme, LinkageKey), Trouble> {
        let programme = self.programme.load()?;
        source(&programme, self.partner.id()?)?;
        let allowed = example(self.key.allow_example_key);
        let key = LinkageKey::load(self.key.path()?, &programme.id, allowed)?;
        Ok((programme, key))
    }
}

/// What is wrong with the file, and what to do.
fn refused(error: &ExchangeError) -> Trouble {
    Trouble::Files(both(
        format!("{}; {}", error.danish(), error.danish_advice()),
        format!("{error}; {}", error.advice()),
    ))
}

/// Writes a list in a foreign form.
pub(crate) fn export(arguments: &ExportArguments) -> Outcome {
    let own = &arguments.own;
    let (programme, key) = own.open()?;
    let partner = own.partner.id()?;
    let form = Form {
        purposes: arguments.purpose.clone(),
        recipients: arguments.recipient.clone(),
        datasets: arguments.dataset.clone(),
        notice: notice(&programme, &arguments.notice, &arguments.language)?,
        given_by: if arguments.by_custodian { GivenBy::Custodian } else { GivenBy::Person },
        recorded_by: arguments.recorded_by.clone(),
        legal_basis: arguments.legal_basis,
    };
    arguments.dry.may_take(&arguments.output, Over::Never)?;
    let tokeniser = Tokeniser::new(&key, partner, partner);
    let now = SystemClock.now();
    let mut statements = Vec::new();
    read_statements(&Source::from_argument(&arguments.list), &form, now, |id, event| {
        let subject = match arguments.with_cpr {
            true => Subject::Number(id),
            false => Subject::Token { key: key.id(), token: tokeniser.person(&id) },
        };
        statements.push(Statement { subject, event });
        Ok(())
    })?;
    let document = write(own.format.into(), &statements, partner, now).map_err(|error| refused(&error))?;
    arguments.dry.private(&arguments.output, &document)?;
    if arguments.dry.on() {
        return Ok(Done::Clean);
    }
    tell!(
        "{} hændelse(r) skrevet til {}",
        "exported {} event(s) to {}",
        statements.len(),
        arguments.output.display()
    );
    Ok(Done::Clean)
}

/// Records what a file in a foreign form says: all of it is read before any of it is sent.
pub(crate) fn import(arguments: &ImportArguments) -> Outcome {
    let own = &arguments.own;
    let (_, key) = own.open()?;
    let signing = arguments.signing.load(own.key.allow_example_key)?;
    let partner = own.partner.id()?;
    let client = arguments.service.connect()?;
    if let Some(path) = &arguments.receipt {
        arguments.dry.may_take(path, Over::Never)?;
    }
    let bytes = content(&arguments.file)?;
    let now = SystemClock.now();
    let statements = read(own.format.into(), &bytes, partner, now).map_err(|error| refused(&error))?;
    drop(bytes);
    let tokeniser = Tokeniser::new(&key, partner, partner);
    let records: Result<Vec<ConsentRecord>, ExchangeError> = statements
        .into_iter()
        .enumerate()
        .map(|(at, statement)| statement.into_record(at, key.id(), &tokeniser))
        .collect();
    let records = records.map_err(|error| refused(&error))?;
    let sends = arguments.dry.sends(
        format!("ville registrere {} hændelse(r)", records.len()),
        format!("would record {} event(s)", records.len()),
    );
    if !sends {
        if let Some(path) = &arguments.receipt {
            arguments.dry.would(path);
        }
        return Ok(Done::Clean);
    }
    let mut receipts = Vec::new();
    for batch in records.chunks(limits::MAX_CONSENT_BATCH) {
        receipts.push(client.record_consents(key.id(), batch, &signing)?);
    }
    tell!(
        "{} hændelse(r) registreret i {} omgang(e)",
        "recorded {} event(s) in {} batch(es)",
        records.len(),
        receipts.len()
    );
    if let Some(path) = &arguments.receipt {
        keep_all(path, &receipts)?;
        tell!("kvittering {}", "receipt  {}", path.display());
    }
    Ok(Done::Clean)
}

/// A file or standard input, no more of it than is read.
fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = limits::MAX_EXCHANGE_BYTES as u64 + 1;
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(file(path))?;
    Ok(bytes)
}
