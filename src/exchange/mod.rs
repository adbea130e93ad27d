//! Consents as other systems write them: HL7 FHIR R4 (4.0.1) `Consent` in a `Bundle`, and ISO/IEC TS 27560 records in
//! JSON-LD with the W3C Data Privacy Vocabulary. Mapping, field by field: `docs/CONSENT.md`, "Exchange".
//!
//! `statement` says whose event it is, `standing` how a record stands among all events of its person, `fhir` and
//! `dpv` have a form each, `json` reads strictly, `refusal` says why a file is not taken.
//!
//! Must never: call a record active that opens no gate; ignore anything in a file that is read (what has been read is
//! written again, and what differs is refused); show a value of a person in a refusal; write a CPR number unless the
//! caller passed one in. No file, server or clock here. Callers: the partner's commands.

mod dpv;
mod fhir;
mod json;
mod refusal;
mod standing;
mod statement;

pub use refusal::{ExchangeError, Expected, Place};
pub use standing::{Standing, standings};
pub use statement::{Statement, Subject};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::clock::{Day, Timestamp};
use crate::consent::ConsentRefusal;
use crate::limits;
use crate::name::{DatasetId, OrganisationId, PartnerId, PurposeId};
use crate::token::looks_like_cpr;

/// What a name of ours begins with in both forms.
const URN: &str = "urn:kobling:";

/// A form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// HL7 FHIR R4 (4.0.1): a `Bundle` of type `collection` with a `Consent` for each event.
    Fhir,
    /// ISO/IEC TS 27560: JSON-LD with a `dpv:ConsentRecord` for each event.
    Iso27560,
}

/// Writes the events of a partner's own persons: all events of each, since how a record stands follows from all.
/// `moment` is when it is asked, and stands in the file.
///
/// # Errors
/// [`ExchangeError`]: nothing to write, an event that the service would refuse, a record id used twice, persons named
/// in more than one way, too many events of one person.
pub fn write(
    format: Format,
    statements: &[Statement],
    partner: &PartnerId,
    moment: Timestamp,
) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
    let place = |at: usize| Place::root().item("events", at);
    let standings = judge(statements, partner, moment, place)?;
    let document = document(format, statements, &standings, partner, moment);
    Ok(Zeroizing::new(serde_json::to_vec_pretty(&document).expect("a document is plain data")))
}

/// Reads a file that `partner` made of its own persons, all of it or nothing. `now` is the moment of reading.
///
/// # Errors
/// [`ExchangeError`] at the first thing that is missing, unknown, malformed, or other than what follows from the rest;
/// among it a status that the events in the file do not give.
pub fn read(
    format: Format,
    json: &[u8],
    partner: &PartnerId,
    now: Timestamp,
) -> Result<Vec<Statement>, ExchangeError> {
    if json.len() > limits::MAX_EXCHANGE_BYTES {
        return Err(ExchangeError::TooLarge);
    }
    let found = json::parse(json)?;
    let root = json::At::root(&found);
    let (moment_at, items) = match format {
        Format::Fhir => (root.field("timestamp")?, root.field("entry")?.items()?),
        Format::Iso27560 => {
            (root.field("dct:created")?.field("@value")?, root.field("dct:hasPart")?.items()?)
        }
    };
    let moment: Timestamp = moment_at.read(Expected::Instant)?;
    if moment > now {
        return Err(ExchangeError::Later(moment_at.place));
    }
    let mut statements = Vec::with_capacity(items.len());
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        statements.push(match format {
            Format::Fhir => fhir::read(&item, partner, now.day())?,
            Format::Iso27560 => dpv::read(&item, partner, now.day())?,
        });
        places.push(item.place);
    }
    let standings = judge(&statements, partner, moment, |at| places[at].clone())?;
    let wanted = document(format, &statements, &standings, partner, moment);
    // The status first: it says most about what is wrong with the rest.
    for (at, place) in places.iter().enumerate() {
        let differs = match format {
            Format::Fhir => fhir::status_differs(&found["entry"][at], &wanted["entry"][at]),
            Format::Iso27560 => dpv::status_differs(&found["dct:hasPart"][at], &wanted["dct:hasPart"][at]),
        };
        if differs {
            return Err(ExchangeError::Status(place.clone()));
        }
    }
    json::same(&found, &wanted, &Place::root())?;
    Ok(statements)
}

fn document(
    format: Format,
    statements: &[Statement],
    standings: &[Standing],
    partner: &PartnerId,
    moment: Timestamp,
) -> Value {
    let with = statements.iter().zip(standings.iter().copied());
    match format {
        Format::Fhir => fhir::document(with, partner, moment),
        Format::Iso27560 => dpv::document(with, partner, moment),
    }
}

/// Checks what both forms ask of their events, and says how each stands at the moment.
fn judge(
    statements: &[Statement],
    partner: &PartnerId,
    moment: Timestamp,
    place: impl Fn(usize) -> Place,
) -> Result<Vec<Standing>, ExchangeError> {
    let mut records = BTreeSet::new();
    let named = |s: &Statement| (s.subject.system(partner), s.subject.value());
    let named: Vec<(String, Zeroizing<String>)> = statements.iter().map(named).collect();
    let mut persons: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    let mut form = None;
    for (at, statement) in statements.iter().enumerate() {
        let event = &statement.event;
        event.check(moment).map_err(|refusal| ExchangeError::Refused(place(at), refusal))?;
        let names = event.purposes.iter().map(PurposeId::as_str);
        let names = names.chain(event.recipients.iter().map(OrganisationId::as_str));
        let names = names.chain(event.datasets.iter().map(DatasetId::as_str));
        let mut names = names.chain([event.notice.id.as_str(), event.notice.version.as_str()]);
        if names.any(|name| looks_like_cpr(name.as_bytes())) {
            return Err(ExchangeError::Refused(place(at), ConsentRefusal::LooksLikeCpr));
        }
        if event.at.day() < Day::MIN {
            return Err(ExchangeError::Field(place(at), Expected::After1850));
        }
        if !records.insert(&event.record) {
            return Err(ExchangeError::Twice(place(at)));
        }
        if *form.get_or_insert(statement.subject.is_token()) != statement.subject.is_token() {
            return Err(ExchangeError::Mixed(place(at)));
        }
        persons.entry((&named[at].0, &named[at].1)).or_default().push(at);
    }
    let mut found = vec![Standing::Asked; statements.len()];
    for events in persons.values() {
        if events.len() > limits::MAX_EXCHANGE_EVENTS {
            return Err(ExchangeError::TooMany(place(events[limits::MAX_EXCHANGE_EVENTS])));
        }
        let of_person: Vec<_> = events.iter().map(|at| &statements[*at].event).collect();
        for (at, standing) in events.iter().zip(standings(&of_person, moment)) {
            found[*at] = standing;
        }
    }
    if found.is_empty() { Err(ExchangeError::Empty) } else { Ok(found) }
}
