//! From a list of what persons said to consent records with tokens.
//!
//! The list is a CSV with the columns `cpr, record, event, time` and, where they apply, `valid_from, valid_to,
//! window_from, window_to, method, names`. What is the same for all (purposes, recipients, notice) comes from the
//! [`Form`]. One bad row stops the list: half a list of consents helps nobody.

use super::PackageError;
use super::columns::parse_date;
use super::findings::Reason;
use super::mapping::DateForm;
use super::read::{Declared, ReadError, Rows, Source, Written};
use crate::clock::{Day, Timestamp};
use crate::consent::{
    CONSENT_SCHEMA, ConsentEvent, ConsentRecord, ConsentRefusal, EventKind, GivenBy, LegalBasis, Method,
    NoLine, Notice, RecordId, RowWindow,
};
use crate::id::{IdKind, IdRejection, Identifier, LeadingZero};
use crate::name::{DatasetId, NoticeId, OrganisationId, PartnerId, PurposeId};
use crate::programme::Programme;
use crate::token::Tokeniser;

/// Years that a record is kept after the last day on which it permits anything.
const RETENTION_YEARS: i32 = 5;
/// Years that a yes without an end is kept.
const OPEN_RETENTION_YEARS: i32 = 30;
const COLUMNS: [&str; 10] = [
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
];
/// Columns that a list cannot do without.
const NEEDED: usize = 4;

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

/// Why a list of consents is not taken. Never carries a value.
#[derive(Debug, thiserror::Error)]
pub enum ConsentListError {
    /// The file as a whole.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A column is missing.
    #[error("the list has no column {0}; needed are cpr, record, event and time")]
    Column(&'static str),
    /// A column that no list has.
    #[error("column {0} of the list (counted from 1) is none of: {columns}", columns = COLUMNS.join(", "))]
    UnknownColumn(usize),
    /// Fewer fields than the header, or a damaged row.
    #[error("line {0}: the row is damaged")]
    Damaged(u64),
    /// The identifier.
    #[error("line {0}, column cpr: {1}")]
    Identifier(u64, IdRejection),
    /// Another field.
    #[error("line {0}, column {1}: {2}")]
    Field(u64, &'static str, &'static str),
    /// The event as a whole.
    #[error("line {0}: {1}; {advice}", advice = .1.advice())]
    Refused(u64, ConsentRefusal),
    /// The programme has no such notice.
    #[error("the programme has no notice {0} in {1}; it has: {2}")]
    UnknownNotice(NoticeId, String, String),
    /// A field that cannot stand in a package.
    #[error("line {0}: {1}")]
    NoLine(u64, NoLine),
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

/// Reads a list and hands its records over in batches of at most `batch`.
///
/// # Errors
/// [`ConsentListError`] at the first row that is wrong; what was handed over before stays so.
pub fn read_consents(
    source: &Source,
    form: &Form,
    tokeniser: &Tokeniser,
    now: Timestamp,
    batch: usize,
    mut sink: impl FnMut(Vec<ConsentRecord>) -> Handed,
) -> Result<u64, ConsentListError> {
    let mut records = Vec::new();
    let count = read_list(source, form, tokeniser, now, |_, _, record| {
        records.push(record);
        if records.len() == batch {
            sink(std::mem::take(&mut records)).map_err(ConsentListError::Sink)?;
        }
        Ok(())
    })?;
    if !records.is_empty() {
        sink(records).map_err(ConsentListError::Sink)?;
    }
    Ok(count)
}

/// Reads a list and hands over whom each row is about, and what was said.
///
/// # Errors
/// [`ConsentListError`] at the first row that is wrong; what was handed over before stays so.
pub fn read_statements(
    source: &Source,
    form: &Form,
    now: Timestamp,
    mut each: impl FnMut(Identifier, ConsentEvent) -> Handed,
) -> Result<u64, ConsentListError> {
    read_rows(source, form, now, |_, id, event| each(id, event).map_err(ConsentListError::Sink))
}

/// Reads a list to its end without handing anything over, and holds each event against the programme as the service does.
///
/// # Errors
/// [`ConsentListError`] at the first row that is wrong.
pub fn check_consents(
    source: &Source,
    form: &Form,
    now: Timestamp,
    (programme, partner): (&Programme, u8),
) -> Result<u64, ConsentListError> {
    read_rows(source, form, now, |line, _, event| {
        event.fits(programme, partner).map_err(|refusal| ConsentListError::Refused(line, refusal))
    })
}

/// Reads a list, and gives line, kind of identifier and record of each row to `each`.
pub(super) fn read_list(
    source: &Source,
    form: &Form,
    tokeniser: &Tokeniser,
    now: Timestamp,
    mut each: impl FnMut(u64, IdKind, ConsentRecord) -> Result<(), ConsentListError>,
) -> Result<u64, ConsentListError> {
    read_rows(source, form, now, |line, id, event| {
        let mut token = Vec::with_capacity(64);
        tokeniser.person(&id).write_to(&mut token);
        let token = String::from_utf8(token).expect("a token's text is ASCII");
        each(line, id.kind(), ConsentRecord { token, event })
    })
}

/// Reads a list, and gives line, identifier and event of each row to `each`.
fn read_rows(
    source: &Source,
    form: &Form,
    now: Timestamp,
    mut each: impl FnMut(u64, Identifier, ConsentEvent) -> Result<(), ConsentListError>,
) -> Result<u64, ConsentListError> {
    let mut rows = Rows::open(source, Declared::default())?;
    let mut at = [None; COLUMNS.len()];
    for (position, name) in rows.header.iter().enumerate() {
        let known = COLUMNS.iter().position(|column| name.eq_ignore_ascii_case(column));
        at[known.ok_or(ConsentListError::UnknownColumn(position + 1))?] = Some(position);
    }
    if let Some(missing) = at[..NEEDED].iter().position(Option::is_none) {
        return Err(ConsentListError::Column(COLUMNS[missing]));
    }
    let mut count = 0;
    while let Some(chunk) = rows.next_chunk()? {
        chunk.each(ConsentListError::Damaged, |line, row| {
            if row.is_empty() {
                return Ok(());
            }
            let text =
                |column: usize| at[column].and_then(|at| row.field(at)).map_or(&b""[..], |(text, _)| text);
            if (0..COLUMNS.len()).any(|column| std::str::from_utf8(text(column)).is_err()) {
                return Err(ConsentListError::Damaged(line));
            }
            let field = |column: usize| std::str::from_utf8(text(column)).unwrap_or_default();
            let (id, event) = read_record(line, &field, form, now)?;
            each(line, id, event)?;
            count += 1;
            Ok(())
        })?;
    }
    Ok(count)
}

fn read_record<'f>(
    line: u64,
    field: &dyn Fn(usize) -> &'f str,
    form: &Form,
    now: Timestamp,
) -> Result<(Identifier, ConsentEvent), ConsentListError> {
    let wrong = |column: usize, what| ConsentListError::Field(line, COLUMNS[column], what);
    let id = Identifier::parse(field(0).as_bytes(), now.day(), LeadingZero::Refuse)
        .map_err(|reason| ConsentListError::Identifier(line, reason))?;
    let day = |column: usize| match field(column) {
        "" => Ok(None),
        text => day_of(text).map(Some).map_err(|_| wrong(column, "not a date")),
    };
    let kind: EventKind = word(field(2)).ok_or_else(|| {
        wrong(2, "requested, given, refused, withdrawn, expired, invalidated or renewed is expected")
    })?;
    let at = match (field(3).parse::<Timestamp>(), day_of(field(3))) {
        (Ok(at), _) => at,
        (_, Ok(day)) => Timestamp::at_start_of(day),
        _ => return Err(wrong(3, "an instant as in RFC 3339, or a date, is expected")),
    };
    let valid_from = day(4)?.unwrap_or_else(|| at.day());
    let valid_to = day(5)?;
    let method = match field(8) {
        "" => Method::Digital,
        text => word(text).ok_or_else(|| wrong(8, "written, digital or oral-documented is expected"))?,
    };
    let names = match field(9) {
        "" => None,
        text => Some(text.parse().map_err(|_| wrong(9, "not a record id"))?),
    };
    let record: RecordId =
        field(1).parse().map_err(|_| wrong(1, "1 to 64 of A-Z, a-z, 0-9 and - are expected"))?;
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
    event.check(now).map_err(|refusal| ConsentListError::Refused(line, refusal))?;
    Ok((id, event))
}

/// A date as an extract has it.
fn day_of(text: &str) -> Result<Day, Reason> {
    parse_date(text.as_bytes(), Written::Text, DateForm::Danish)
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
