//! One consent event as a partner records it, with the fields that ISO/IEC TS 27560 calls mandatory.
//!
//! The wire form is strict JSON: an unknown field, kind or code is refused, never ignored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::{Day, Timestamp};
use crate::name::{DatasetId, NoticeId, OrganisationId, PurposeId};
use crate::token::{Token, TokenError};

/// The version of this form that is understood.
pub const CONSENT_SCHEMA: u16 = 1;

/// The partner's own name for a record: 1 to 64 of `A-Z a-z 0-9 -`. Opaque, and a handle on a person: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Box<str>);

/// Why a text is no record id. Never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record id has 1 to 64 of the characters A-Z, a-z, 0-9 and -")]
pub struct RecordIdError;

impl RecordId {
    /// The id of what no partner named: no id of a record is empty.
    pub(super) fn of_tombstone() -> RecordId {
        RecordId("".into())
    }

    /// Whether it is that id.
    pub(super) fn is_of_tombstone(&self) -> bool {
        self.0.is_empty()
    }

    /// An id in place of one that is kept as 64 bits; 0 is that of a tombstone.
    #[cfg(feature = "service")]
    pub(super) fn of_short(short: u64) -> RecordId {
        if short == 0 { RecordId::of_tombstone() } else { RecordId(format!("{short:016x}").into()) }
    }

    /// The id as text, for the store and the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RecordId {
    type Err = RecordIdError;

    fn from_str(text: &str) -> Result<RecordId, RecordIdError> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if plain && (1..=64).contains(&text.len()) { Ok(RecordId(text.into())) } else { Err(RecordIdError) }
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordId(hidden)")
    }
}

impl Serialize for RecordId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RecordId, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The person was asked. Permits nothing.
    Requested,
    /// A yes.
    Given,
    /// A no to the asking.
    Refused,
    /// A yes taken back.
    Withdrawn,
    /// The record named has run out.
    Expired,
    /// A yes was found not to be valid.
    Invalidated,
    /// A yes in place of the record named.
    Renewed,
}

impl EventKind {
    /// Whether it is a yes.
    #[must_use]
    pub const fn is_permit(self) -> bool {
        matches!(self, EventKind::Given | EventKind::Renewed)
    }

    /// Whether it beats every yes before it.
    #[must_use]
    pub const fn is_deny(self) -> bool {
        matches!(self, EventKind::Refused | EventKind::Withdrawn | EventKind::Invalidated)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::Requested => "requested",
            EventKind::Given => "given",
            EventKind::Refused => "refused",
            EventKind::Withdrawn => "withdrawn",
            EventKind::Expired => "expired",
            EventKind::Invalidated => "invalidated",
            EventKind::Renewed => "renewed",
        }
    }
}

/// How something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// On paper.
    Written,
    /// In a digital form.
    Digital,
    /// Orally, and documented.
    OralDocumented,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GivenBy {
    /// The person.
    #[serde(rename = "self")]
    Person,
    /// A custodian of a child.
    Custodian,
}

/// What the processing rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// Consent: GDPR article 6(1)(a).
    Consent,
    /// Explicit consent to special categories: GDPR article 9(2)(a).
    ExplicitConsent,
    /// Explicit consent to data on offences: databeskyttelsesloven § 8.
    OffencesConsent,
}

/// The text that the person was shown, word for word by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Which notice.
    pub id: NoticeId,
    /// Its version: 1 to 32 of `A-Z a-z 0-9 . -`.
    #[cfg_attr(feature = "service", schema(pattern = "^[A-Za-z0-9.-]{1,32}$"))]
    pub version: String,
    /// SHA-256 of its text, 64 hexadecimal characters, lower case.
    #[cfg_attr(feature = "service", schema(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: String,
    /// Its language, for instance `da` (BCP 47).
    pub language: String,
}

/// The rows that a yes covers, by the day of the row's event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RowWindow {
    /// First day covered: the retrospective start. Without it, the first day is `valid_from`: a yes does not reach
    /// back unless it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// Last day covered; open without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
}

impl RowWindow {
    const fn is_default(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// One event. It tells something about a person, so `Debug` shows its kind alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentEvent {
    /// The partner's own name for this record.
    pub record: RecordId,
    /// Version of this form: [`CONSENT_SCHEMA`].
    #[cfg_attr(feature = "service", schema(minimum = 1, maximum = 1))]
    pub schema: u16,
    /// What happened.
    pub kind: EventKind,
    /// The record that this one is about: needed by `renewed` and `expired`, allowed for `withdrawn` and `invalidated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<RecordId>,
    /// Purposes. Empty means none in a yes, all in a deny.
    #[serde(default)]
    pub purposes: Vec<PurposeId>,
    /// Recipients. Empty means none in a yes, all in a deny.
    #[serde(default)]
    pub recipients: Vec<OrganisationId>,
    /// Data categories: datasets of the source. Empty means all of them.
    #[serde(default)]
    pub datasets: Vec<DatasetId>,
    /// When it happened. Decides, whenever it arrived.
    pub at: Timestamp,
    /// First day on which a yes permits use. Without meaning in a deny, which counts from `at`.
    pub valid_from: Day,
    /// Last day on which a yes permits use; open without it. Without meaning in a deny, which does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// The rows that a yes covers.
    #[serde(default, skip_serializing_if = "RowWindow::is_default")]
    pub rows: RowWindow,
    /// The text that the person was shown.
    pub notice: Notice,
    /// How it was said.
    pub method: Method,
    /// Who said it.
    pub given_by: GivenBy,
    /// The partner's label of the member of staff or system that recorded it: 1 to 64 bytes, no CPR number.
    #[cfg_attr(feature = "service", schema(min_length = 1, max_length = 64))]
    pub recorded_by: String,
    /// What the processing rests on.
    pub legal_basis: LegalBasis,
    /// How the person was told to withdraw.
    pub withdrawal_method: Method,
    /// Last day on which this record is kept.
    pub retention_until: Day,
}

impl fmt::Debug for ConsentEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConsentEvent({}, rest hidden)", self.kind.as_str())
    }
}

/// One entry of a batch: whose event it is, and the event. `Debug` hides the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentRecord {
    /// The person's token in its text form.
    #[cfg_attr(feature = "service", schema(pattern = r"^(cpr|xecpr|local)\.[A-Za-z0-9_-]{43}$"))]
    pub token: String,
    /// The event.
    pub event: ConsentEvent,
}

impl ConsentRecord {
    /// The token, read.
    ///
    /// # Errors
    /// [`TokenError`]. That the token stands for a person is for the caller to check.
    pub fn token(&self) -> Result<Token, TokenError> {
        Token::parse(self.token.as_bytes())
    }
}

impl fmt::Debug for ConsentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConsentRecord(token hidden, {:?})", self.event)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sound `given`, as JSON.
    pub(in crate::consent) fn sound() -> serde_json::Value {
        serde_json::json!({
            "record": "c-1", "schema": 1, "kind": "given",
            "purposes": ["evaluation"], "recipients": ["vive"], "datasets": [],
            "at": "2022-03-01T10:00:00Z", "valid_from": "2022-03-01", "valid_to": "2024-02-29",
            "rows": { "from": "2021-01-01" },
            "notice": { "id": "samtykke", "version": "2.1", "sha256": "0f".repeat(32), "language": "da" },
            "method": "written", "given_by": "self", "recorded_by": "staff 17",
            "legal_basis": "explicit-consent", "withdrawal_method": "digital", "retention_until": "2030-12-31"
        })
    }

    pub(in crate::consent) fn read(json: serde_json::Value) -> Result<ConsentEvent, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn an_event_reads_and_writes_as_itself() {
        let event = read(sound()).expect("a sound event");
        let again = serde_json::to_value(&event).expect("JSON");
        assert_eq!(again, sound());
        assert_eq!(read(again).expect("again"), event);
    }

    #[test]
    fn unknown_fields_kinds_and_codes_are_refused_never_ignored() {
        for (pointer, value) in [
            ("/kind", "maybe"),
            ("/method", "telepathy"),
            ("/given_by", "neighbour"),
            ("/legal_basis", "interest"),
            ("/withdrawal_method", "none"),
            ("/at", "yesterday"),
            ("/valid_from", "01-03-2022"),
            ("/record", "a record"),
            ("/rows/from", "2021-02-29"),
        ] {
            let mut json = sound();
            *json.pointer_mut(pointer).expect("a field") = value.into();
            assert!(read(json).is_err(), "{pointer}");
        }
        for inside in ["", "/rows", "/notice"] {
            let mut json = sound();
            json.pointer_mut(inside).expect("an object")["comment"] = "x".into();
            assert!(read(json).is_err(), "{inside}");
        }
        let record = serde_json::json!({ "token": "cpr.x", "event": sound(), "name": "x" });
        assert!(serde_json::from_value::<ConsentRecord>(record).is_err());
    }

    #[test]
    fn no_mandatory_field_can_be_left_out() {
        let optional = ["names", "purposes", "recipients", "datasets", "valid_to", "rows"];
        let fields: Vec<String> = sound().as_object().expect("an object").keys().cloned().collect();
        for field in fields {
            let mut json = sound();
            json.as_object_mut().expect("an object").remove(&field);
            assert_eq!(read(json).is_ok(), optional.contains(&field.as_str()), "{field}");
        }
    }

    #[test]
    fn debug_shows_neither_token_nor_record() {
        let record = serde_json::json!({ "token": "cpr.secret", "event": sound() });
        let record: ConsentRecord = serde_json::from_value(record).expect("a record");
        let shown = format!("{record:?} {:?}", record.event.record);
        assert!(!shown.contains("secret") && !shown.contains("c-1") && !shown.contains("2022"), "{shown}");
        assert_eq!(record.token().err(), Some(TokenError::Bytes));
    }

    #[test]
    fn record_ids_are_plain() {
        for bad in ["", "a b", "æ", "a/b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<RecordId>(), Err(RecordIdError), "{bad}");
        }
        assert!("A1-b".parse::<RecordId>().is_ok());
    }
}
