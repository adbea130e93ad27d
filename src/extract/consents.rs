//! From a list of what persons said to consent records with tokens.
//!
//! The list is a CSV with the columns `cpr, record, event, time` and, where they apply, `valid_from, valid_to,
//! window_from, window_to, method, names`. What is the same for all (purposes, recipients, notice) comes from the
//! [`Form`]. One wrong row and nothing is made or sent: half a list of consents helps nobody. All wrong rows are told in one
//! pass.

use super::PackageError;
use super::list::{ListColumns, ListError, RowFault, WrongRows, day_of, read_fields};
use super::read::Source;
use crate::clock::{Day, Timestamp};
use crate::consent::{
    CONSENT_SCHEMA, ConsentEvent, ConsentRecord, ConsentRefusal, EventKind, GivenBy, LegalBasis, Method,
    NoLine, Notice, RecordId, RowWindow,
};
use crate::id::{IdKind, IdRejection, Identifier, LeadingZero};
use crate::language::Spoken;
use crate::name::{DatasetId, NoticeId, OrganisationId, PartnerId, PurposeId};
use crate::programme::Programme;
use crate::token::Tokeniser;

/// Years that a record is kept after the last day on which it permits anything.
const RETENTION_YEARS: i32 = 5;
/// Years that a yes without an end is kept.
const OPEN_RETENTION_YEARS: i32 = 30;
const COLUMNS: ListColumns = ListColumns {
    known: &[
        "cpr",
        "record",
        "event",
        "time",
        "valid_from",
        "valid_to",
        "window_from",
        "window_to",
        "method",
        "names",
    ],
    needed: 4,
};

/// What all records of a list have in common.
#[derive(Clone, Debug)]
pub struct Form {
    /// Purposes permitted or denied.
    pub purposes: Vec<PurposeId>,
    /// Recipients permitted or denied.
    pub recipients: Vec<OrganisationId>,
    /// Datasets of the source; none means all.
    pub datasets: Vec<DatasetId>,
    /// The text that was shown.
    pub notice: Notice,
    /// Who said it.
    pub given_by: GivenBy,
    /// The partner's label of who recorded it.
    pub recorded_by: String,
    /// What the processing rests on.
    pub legal_basis: LegalBasis,
}

/// What a field was expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wanted {
    /// A date.
    #[error("a date is expected, as 01-03-2022 or 2022-03-01")]
    Date,
    /// An instant or a date.
    #[error("an instant as in RFC 3339, or a date, is expected")]
    Instant,
    /// One of the words for events.
    #[error("requested, given, refused, withdrawn, expired, invalidated or renewed is expected")]
    Event,
    /// One of the words for methods.
    #[error("written, digital or oral-documented is expected")]
    Method,
    /// The partner's own name for a record.
    #[error("1 to 64 of A-Z, a-z, 0-9 and - are expected")]
    Record,
}

impl Spoken for Wanted {
    fn danish(&self) -> String {
        match self {
            Wanted::Date => "en dato ventes, som 01-03-2022 eller 2022-03-01",
            Wanted::Instant => "et tidspunkt som i RFC 3339 eller en dato ventes",
            Wanted::Event => {
                "requested, given, refused, withdrawn, expired, invalidated eller renewed ventes"
            }
            Wanted::Method => "written, digital eller oral-documented ventes",
            Wanted::Record => "1 til 64 af A-Z, a-z, 0-9 og - ventes",
        }
        .to_owned()
    }
}

/// What is wrong with a row. Never carries a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRowError {
    /// It cannot be cut into fields.
    #[error("the row is damaged")]
    Damaged,
    /// The identifier.
    #[error("{0}")]
    Identifier(IdRejection),
    /// Another field, by its column.
    #[error("{1}")]
    Field(&'static str, Wanted),
    /// The event as a whole.
    #[error("{0}; {advice}", advice = .0.advice())]
    Refused(ConsentRefusal),
    /// A field that cannot stand in a package.
    #[error("{0}")]
    NoLine(NoLine),
}

impl Spoken for ConsentRowError {
    fn danish(&self) -> String {
        match self {
            ConsentRowError::Damaged => "rækken er beskadiget".to_owned(),
            ConsentRowError::Identifier(reason) => reason.danish(),
            ConsentRowError::Field(_, wanted) => wanted.danish(),
            ConsentRowError::Refused(refusal) => {
                format!("{}; {}", refusal.danish(), refusal.danish_advice())
            }
            ConsentRowError::NoLine(error) => error.danish(),
        }
    }
}

impl RowFault for ConsentRowError {
    fn column(&self) -> Option<&'static str> {
        match self {
            ConsentRowError::Identifier(_) => Some(COLUMNS.known[0]),
            ConsentRowError::Field(column, _) => Some(column),
            ConsentRowError::Damaged | ConsentRowError::Refused(_) | ConsentRowError::NoLine(_) => None,
        }
    }
}

/// Why a list of consents is not taken. Never carries a value.
#[derive(Debug, thiserror::Error)]
pub enum ConsentListError {
    /// It cannot be read as a list.
    #[error(transparent)]
    List(#[from] ListError),
    /// Rows are wrong.
    #[error(transparent)]
    Rows(WrongRows<ConsentRowError>),
    /// The programme has no such notice.
    #[error("the programme has no notice {0} in {1}; it has: {2}")]
    UnknownNotice(NoticeId, String, String),
    /// The programme has no such partner.
    #[error("the programme has no partner {0}")]
    UnknownPartner(PartnerId),
    /// The list has no row.
    #[error("the list holds no event")]
    Empty,
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Rows that wait to be shuffled.
    #[error("rows that wait to be shuffled cannot be kept on disk; make room where the package is to lie")]
    Spill(#[from] std::io::Error),
    /// Handing over a batch failed.
    #[error(
        "a batch could not be handed over; those before it stand, and sending the whole list again changes nothing of them"
    )]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Spoken for ConsentListError {
    fn danish(&self) -> String {
        match self {
            ConsentListError::List(error) => error.danish(),
            ConsentListError::Rows(rows) => rows.danish(),
            ConsentListError::UnknownNotice(id, language, known) => {
                format!("programmet har ingen oplysningstekst {id} på {language}; det har: {known}")
            }
            ConsentListError::UnknownPartner(partner) => format!("programmet har ingen partner {partner}"),
            ConsentListError::Empty => "listen har ingen hændelser".to_owned(),
            // The way to an ending takes this error by itself, in its own words.
            ConsentListError::Package(error) => error.to_string(),
            ConsentListError::Spill(_) => {
                "rækker, der venter på at blive blandet, kan ikke gemmes på disken; gør plads dér, hvor pakken skal ligge"
                    .to_owned()
            }
            ConsentListError::Sink(_) => {
                "en del af listen kunne ikke afleveres; delene før den står ved magt, og at sende hele listen igen ændrer intet ved dem"
                    .to_owned()
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ConsentListError::Spill(error) => Some(error),
            _ => None,
        }
    }
}

/// The newest version of a notice of the programme, as events name it.
///
/// # Errors
/// [`ConsentListError::UnknownNotice`].
pub fn notice(programme: &Programme, id: &NoticeId, language: &str) -> Result<Notice, ConsentListError> {
    let fits = programme.notices.iter().filter(|n| n.id == *id && n.language == language);
    let newest = fits.max_by_key(|n| n.version).ok_or_else(|| {
        let known =
            programme.notices.iter().map(|n| format!("{} ({})", n.id, n.language)).collect::<Vec<_>>();
        ConsentListError::UnknownNotice(id.clone(), language.to_owned(), known.join(", "))
    })?;
    Ok(Notice {
        id: newest.id.clone(),
        version: newest.version.to_string(),
        sha256: newest.sha256.clone(),
        language: newest.language.clone(),
    })
}

/// What is told about a record that was handed over, or why it could not be.
type Handed = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What a list is read under.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub source: &'a Source,
    pub form: &'a Form,
    pub now: Timestamp,
    /// The programme, and the partner in it, that events are held against as the service does; where it is known.
    pub held_against: Option<(&'a Programme, u8)>,
}

/// Reads a list and hands its records over in batches of at most `batch`, until a row is wrong.
///
/// # Errors
/// [`ConsentListError`]; what was handed over before the first wrong row stays so.
pub fn read_consents(
    source: &Source,
    form: &Form,
    tokeniser: &Tokeniser,
    now: Timestamp,
    batch: usize,
    mut sink: impl FnMut(Vec<ConsentRecord>) -> Handed,
) -> Result<u64, ConsentListError> {
    let mut records = Vec::new();
    let reading = Reading { source, form, now, held_against: None };
    let count = read_list(reading, tokeniser, |_, _, record| {
        records.push(record);
        if records.len() == batch {
            sink(std::mem::take(&mut records)).map_err(ConsentListError::Sink)?;
        }
        Ok(None)
    })?;
    if !records.is_empty() {
        sink(records).map_err(ConsentListError::Sink)?;
    }
    Ok(count)
}

/// Reads a list and hands over whom each row is about, and what was said, until a row is wrong.
///
/// # Errors
/// [`ConsentListError`]; what was handed over before the first wrong row stays so.
pub fn read_statements(
    source: &Source,
    form: &Form,
    now: Timestamp,
    mut each: impl FnMut(Identifier, ConsentEvent) -> Handed,
) -> Result<u64, ConsentListError> {
    let reading = Reading { source, form, now, held_against: None };
    read_rows(reading, |_, id, event| each(id, event).map(|()| None).map_err(ConsentListError::Sink))
}

/// Reads a list to its end without handing anything over, and holds each event against the programme as the service does.
///
/// # Errors
/// [`ConsentListError`], with every row that is wrong.
pub fn check_consents(
    source: &Source,
    form: &Form,
    now: Timestamp,
    held_against: (&Programme, u8),
) -> Result<u64, ConsentListError> {
    read_rows(Reading { source, form, now, held_against: Some(held_against) }, |_, _, _| Ok(None))
}

/// Reads a list, and gives line, kind of identifier and record of each row to `each`, as [`read_rows`] does.
pub(super) fn read_list(
    reading: Reading<'_>,
    tokeniser: &Tokeniser,
    mut each: impl FnMut(u64, IdKind, ConsentRecord) -> Result<Option<ConsentRowError>, ConsentListError>,
) -> Result<u64, ConsentListError> {
    read_rows(reading, |line, id, event| {
        let mut token = Vec::with_capacity(64);
        tokeniser.person(&id).write_to(&mut token);
        let token = String::from_utf8(token).expect("a token's text is ASCII");
        each(line, id.kind(), ConsentRecord { token, event })
    })
}

/// Reads a list to its end. Line, identifier and event of each row go to `each`, which may find it wrong too; after the
/// first wrong row nothing does, and the rest is only checked.
fn read_rows(
    reading: Reading<'_>,
    mut each: impl FnMut(u64, Identifier, ConsentEvent) -> Result<Option<ConsentRowError>, ConsentListError>,
) -> Result<u64, ConsentListError> {
    let mut wrong = WrongRows::none();
    let count = read_fields::<ConsentListError>(reading.source, COLUMNS, |line, fields| {
        let Some(field) = fields else {
            wrong.push(line, ConsentRowError::Damaged);
            return Ok(());
        };
        let read = read_record(field, reading.form, reading.now).and_then(|(id, event)| {
            let fits = reading.held_against.map(|(programme, source)| event.fits(programme, source));
            fits.unwrap_or(Ok(())).map_err(ConsentRowError::Refused)?;
            Ok((id, event))
        });
        match read {
            Err(problem) => wrong.push(line, problem),
            Ok(_) if !wrong.is_none() => {}
            Ok((id, event)) => {
                if let Some(problem) = each(line, id, event)? {
                    wrong.push(line, problem);
                }
            }
        }
        Ok(())
    })?;
    if wrong.is_none() { Ok(count) } else { Err(ConsentListError::Rows(wrong)) }
}

fn read_record<'f>(
    field: &dyn Fn(usize) -> &'f str,
    form: &Form,
    now: Timestamp,
) -> Result<(Identifier, ConsentEvent), ConsentRowError> {
    let wrong = |column: usize, wanted| ConsentRowError::Field(COLUMNS.known[column], wanted);
    let id = Identifier::parse(field(0).as_bytes(), now.day(), LeadingZero::Refuse)
        .map_err(ConsentRowError::Identifier)?;
    let day = |column: usize| match field(column) {
        "" => Ok(None),
        text => day_of(text).map(Some).ok_or_else(|| wrong(column, Wanted::Date)),
    };
    let kind: EventKind = word(field(2)).ok_or_else(|| wrong(2, Wanted::Event))?;
    let at = match (field(3).parse::<Timestamp>(), day_of(field(3))) {
        (Ok(at), _) => at,
        (_, Some(day)) => Timestamp::at_start_of(day),
        _ => return Err(wrong(3, Wanted::Instant)),
    };
    let valid_from = day(4)?.unwrap_or_else(|| at.day());
    let valid_to = day(5)?;
    let method = match field(8) {
        "" => Method::Digital,
        text => word(text).ok_or_else(|| wrong(8, Wanted::Method))?,
    };
    let names = match field(9) {
        "" => None,
        text => Some(text.parse().map_err(|_| wrong(9, Wanted::Record))?),
    };
    let record: RecordId = field(1).parse().map_err(|_| wrong(1, Wanted::Record))?;
    let event = ConsentEvent {
        record,
        schema: CONSENT_SCHEMA,
        kind,
        names,
        purposes: form.purposes.clone(),
        recipients: form.recipients.clone(),
        datasets: form.datasets.clone(),
        at,
        valid_from,
        valid_to,
        rows: RowWindow { from: day(6)?, to: day(7)? },
        notice: form.notice.clone(),
        method,
        given_by: form.given_by,
        recorded_by: form.recorded_by.clone(),
        legal_basis: form.legal_basis,
        withdrawal_method: Method::Digital,
        retention_until: retention(kind, at.day().max(valid_from), valid_to),
    };
    event.check(now).map_err(ConsentRowError::Refused)?;
    Ok((id, event))
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

/// How long a record is kept: made of the row alone, so that the same row gives the same record on any day.
fn retention(kind: EventKind, begun: Day, valid_to: Option<Day>) -> Day {
    let years = match valid_to {
        None if kind.is_permit() => OPEN_RETENTION_YEARS,
        _ => RETENTION_YEARS,
    };
    valid_to.unwrap_or(begun).max(begun).plus(years * 366).min(Day::MAX)
}
