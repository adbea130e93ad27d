//! Why an event is refused before it is recorded.
//!
//! An event that denies is taken in whatever shape it can be understood in: a lost deny does more harm than an untidy
//! one. So scope and validity are asked of a yes, and of a refusal that answers a request.

use super::event::{CONSENT_SCHEMA, ConsentEvent, EventKind};
use crate::clock::Timestamp;
use crate::limits;
use crate::token::looks_like_cpr;

/// Why an event is refused. Closed, and never carries a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum ConsentRefusal {
    /// Another version of the form.
    #[error("the event is written in a version of the form that is not understood")]
    Schema,
    /// It has not happened yet.
    #[error("the event lies in the future")]
    Future,
    /// A yes or a refusal without purposes.
    #[error("no purpose is named")]
    NoPurpose,
    /// A yes or a refusal without recipients.
    #[error("no recipient is named")]
    NoRecipient,
    /// More names in a list than a programme can have.
    #[error("a list of purposes, recipients or datasets is too long")]
    TooMany,
    /// It would end before it begins.
    #[error("the permission ends before it begins")]
    Validity,
    /// The row window ends before it begins.
    #[error("the window of rows ends before it begins")]
    Window,
    /// `renewed` or `expired` without the record that it is about.
    #[error("the record that this event is about is not named")]
    NamesNothing,
    /// A record is named by an event that is about no other.
    #[error("a record is named by an event of a kind that names none")]
    NamesSomething,
    /// It names itself.
    #[error("the event names itself")]
    NamesItself,
    /// No SHA-256.
    #[error("the hash of the notice is no SHA-256")]
    NoticeHash,
    /// No version or language.
    #[error("the version or language of the notice is missing or malformed")]
    Notice,
    /// No label of who recorded it.
    #[error("the label of who recorded the event is missing, too long or malformed")]
    RecordedBy,
    /// A CPR number where a label or a record id is expected.
    #[error("a label or record id looks like a CPR number")]
    LooksLikeCpr,
    /// Kept for less than no time.
    #[error("the record would not be kept until the day of its event, or of its last validity")]
    Retention,
}

impl ConsentRefusal {
    /// All of them, for tables of codes.
    pub const ALL: [ConsentRefusal; 15] = [
        ConsentRefusal::Schema,
        ConsentRefusal::Future,
        ConsentRefusal::NoPurpose,
        ConsentRefusal::NoRecipient,
        ConsentRefusal::TooMany,
        ConsentRefusal::Validity,
        ConsentRefusal::Window,
        ConsentRefusal::NamesNothing,
        ConsentRefusal::NamesSomething,
        ConsentRefusal::NamesItself,
        ConsentRefusal::NoticeHash,
        ConsentRefusal::Notice,
        ConsentRefusal::RecordedBy,
        ConsentRefusal::LooksLikeCpr,
        ConsentRefusal::Retention,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ConsentRefusal::Schema => "consent-schema",
            ConsentRefusal::Future => "consent-future",
            ConsentRefusal::NoPurpose => "consent-no-purpose",
            ConsentRefusal::NoRecipient => "consent-no-recipient",
            ConsentRefusal::TooMany => "consent-too-many",
            ConsentRefusal::Validity => "consent-validity",
            ConsentRefusal::Window => "consent-window",
            ConsentRefusal::NamesNothing => "consent-names-nothing",
            ConsentRefusal::NamesSomething => "consent-names-something",
            ConsentRefusal::NamesItself => "consent-names-itself",
            ConsentRefusal::NoticeHash => "consent-notice-hash",
            ConsentRefusal::Notice => "consent-notice",
            ConsentRefusal::RecordedBy => "consent-recorded-by",
            ConsentRefusal::LooksLikeCpr => "consent-looks-like-cpr",
            ConsentRefusal::Retention => "consent-retention",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            ConsentRefusal::Schema => "write `schema` 1, or update the tool that wrote the event",
            ConsentRefusal::Future => {
                "give the time at which it happened, with its offset, and check the clock of the machine; a \
                 permission that begins later has a later `valid_from`"
            }
            ConsentRefusal::NoPurpose => "list in `purposes` what the person was asked about",
            ConsentRefusal::NoRecipient => "list in `recipients` whom the person was asked about",
            ConsentRefusal::TooMany => "list each name once",
            ConsentRefusal::Validity => {
                "`valid_to` is the last day of use and may not lie before `valid_from`"
            }
            ConsentRefusal::Window => {
                "`rows.to` is the last day covered and may not lie before `rows.from` (`valid_from` where that is \
                 left out)"
            }
            ConsentRefusal::NamesNothing => "put the id of the record that it renews or ends into `names`",
            ConsentRefusal::NamesSomething => {
                "leave `names` out, or use `renewed` for a yes in place of another record"
            }
            ConsentRefusal::NamesItself => "give the new record an id of its own and name the older one",
            ConsentRefusal::NoticeHash => {
                "`notice.sha256` has 64 hexadecimal characters, lower case: SHA-256 of the text that was shown"
            }
            ConsentRefusal::Notice => {
                "`notice.version` has 1 to 32 of A-Z, a-z, 0-9, . and -; `notice.language` is a tag such as da or en"
            }
            ConsentRefusal::RecordedBy => {
                "`recorded_by` is the partner's own label of the recorder, 1 to 64 bytes on one line"
            }
            ConsentRefusal::LooksLikeCpr => "use a record id and a label of your own that hold no CPR number",
            ConsentRefusal::Retention => "`retention_until` is the last day on which the record is kept",
        }
    }
}

impl ConsentEvent {
    /// Checks what a type cannot: `now` is the moment of receipt.
    ///
    /// # Errors
    /// The first [`ConsentRefusal`] that applies.
    pub fn check(&self, now: Timestamp) -> Result<(), ConsentRefusal> {
        use ConsentRefusal as Refusal;
        let must = |holds: bool, refusal: Refusal| if holds { Ok(()) } else { Err(refusal) };
        must(self.schema == CONSENT_SCHEMA, Refusal::Schema)?;
        must(self.at <= now, Refusal::Future)?;
        if self.kind.is_permit() || self.kind == EventKind::Refused {
            must(!self.purposes.is_empty(), Refusal::NoPurpose)?;
            must(!self.recipients.is_empty(), Refusal::NoRecipient)?;
        }
        let longest = self.purposes.len().max(self.recipients.len()).max(self.datasets.len());
        must(longest <= limits::MAX_PARTNERS, Refusal::TooMany)?;
        if self.kind.is_permit() {
            must(self.valid_to.is_none_or(|to| self.valid_from <= to), Refusal::Validity)?;
            let from = self.rows.from.unwrap_or(self.valid_from);
            must(self.rows.to.is_none_or(|to| from <= to), Refusal::Window)?;
            must(self.valid_to.is_none_or(|to| to <= self.retention_until), Refusal::Retention)?;
        }
        match self.kind {
            EventKind::Renewed | EventKind::Expired => must(self.names.is_some(), Refusal::NamesNothing)?,
            EventKind::Withdrawn | EventKind::Invalidated => {}
            EventKind::Requested | EventKind::Given | EventKind::Refused => {
                must(self.names.is_none(), Refusal::NamesSomething)?;
            }
        }
        must(self.names.as_ref() != Some(&self.record), Refusal::NamesItself)?;
        let hash = self.notice.sha256.as_bytes();
        let hex = hash.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
        must(hex && hash.len() == 64, Refusal::NoticeHash)?;
        must(is_version(&self.notice.version) && is_language(&self.notice.language), Refusal::Notice)?;
        let label = self.recorded_by.trim();
        let fits = !label.is_empty() && self.recorded_by.len() <= limits::MAX_LOCAL_ID_BYTES;
        must(fits && !label.chars().any(char::is_control), Refusal::RecordedBy)?;
        let ids = std::iter::once(&self.record).chain(&self.names);
        let cpr = ids.into_iter().any(|id| looks_like_cpr(id.as_str().as_bytes())) || holds_cpr(label);
        must(!cpr, Refusal::LooksLikeCpr)?;
        must(self.at.day() <= self.retention_until, Refusal::Retention)
    }
}

fn is_version(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

/// A tag of two or three letters, with subtags of 2 to 8 letters or digits.
fn is_language(text: &str) -> bool {
    let mut tags = text.split('-');
    let primary =
        tags.next().is_some_and(|t| matches!(t.len(), 2 | 3) && t.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = |t: &str| (2..=8).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric());
    primary && text.len() <= 35 && tags.all(rest)
}

/// Whether a run of digits (and single hyphens or spaces) inside a text looks like a CPR number.
pub(crate) fn holds_cpr(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = |at: &usize| *at == 0 || !bytes[*at - 1].is_ascii_digit();
    let ends = |at: usize| at == bytes.len() || (at < bytes.len() && !bytes[at].is_ascii_digit());
    (0..bytes.len())
        .filter(starts)
        .any(|at| [10, 11].into_iter().any(|len| ends(at + len) && looks_like_cpr(&bytes[at..at + len])))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::event::tests::{read, sound};
    use super::*;

    fn now() -> Timestamp {
        "2022-03-01T10:00:00Z".parse().expect("an instant")
    }

    /// What the check says of the sound event with fields changed.
    fn with(changes: &[(&str, Value)]) -> Result<(), ConsentRefusal> {
        let mut json = sound();
        for (pointer, value) in changes {
            match json.pointer_mut(pointer) {
                Some(field) => *field = value.clone(),
                None => json[&pointer[1..]] = value.clone(),
            }
        }
        read(json).expect("an event that can be read").check(now())
    }

    #[test]
    fn a_sound_event_passes() {
        assert_eq!(with(&[]), Ok(()));
        assert_eq!(with(&[("/kind", json!("renewed")), ("/names", json!("c-0"))]), Ok(()));
        assert_eq!(with(&[("/valid_to", json!("2022-03-01"))]), Ok(()));
        assert_eq!(with(&[("/notice/language", json!("da-DK"))]), Ok(()));
    }

    #[test]
    fn each_fault_has_its_refusal() {
        use ConsentRefusal as Refusal;
        let long: Vec<String> = (0..=limits::MAX_PARTNERS).map(|n| format!("p{n}")).collect();
        for (pointer, value, refusal) in [
            ("/schema", json!(2), Refusal::Schema),
            ("/at", json!("2022-03-01T10:00:00.001Z"), Refusal::Future),
            ("/purposes", json!([]), Refusal::NoPurpose),
            ("/recipients", json!([]), Refusal::NoRecipient),
            ("/purposes", json!(long), Refusal::TooMany),
            ("/valid_to", json!("2022-02-28"), Refusal::Validity),
            ("/rows", json!({ "from": "2021-01-02", "to": "2021-01-01" }), Refusal::Window),
            ("/rows", json!({ "to": "2022-02-28" }), Refusal::Window),
            ("/kind", json!("renewed"), Refusal::NamesNothing),
            ("/kind", json!("expired"), Refusal::NamesNothing),
            ("/names", json!("c-0"), Refusal::NamesSomething),
            ("/notice/sha256", json!("0f".repeat(31)), Refusal::NoticeHash),
            ("/notice/sha256", json!("0F".repeat(32)), Refusal::NoticeHash),
            ("/notice/version", json!(""), Refusal::Notice),
            ("/notice/language", json!("dansk"), Refusal::Notice),
            ("/recorded_by", json!("  "), Refusal::RecordedBy),
            ("/recorded_by", json!("a\nb"), Refusal::RecordedBy),
            ("/recorded_by", json!("x".repeat(65)), Refusal::RecordedBy),
            ("/retention_until", json!("2022-02-28"), Refusal::Retention),
        ] {
            assert_eq!(with(&[(pointer, value)]), Err(refusal), "{pointer}");
        }
        let itself = with(&[("/kind", json!("renewed")), ("/names", json!("c-1"))]);
        assert_eq!(itself, Err(Refusal::NamesItself));
    }

    #[test]
    fn attack_a_cpr_number_as_record_id_or_label() {
        let refused = Err(ConsentRefusal::LooksLikeCpr);
        assert_eq!(with(&[("/record", json!("070761-4286"))]), refused);
        assert_eq!(with(&[("/recorded_by", json!("0707614286"))]), refused);
        assert_eq!(with(&[("/recorded_by", json!("for 070761-4286 by 17"))]), refused);
        assert_eq!(with(&[("/recorded_by", json!("for 070761 4286"))]), refused);
        assert_eq!(with(&[("/recorded_by", json!("system 107076142860"))]), Ok(()));
    }

    #[test]
    fn a_deny_is_taken_in_whatever_shape() {
        for kind in ["withdrawn", "invalidated"] {
            let bare = [
                ("/kind", json!(kind)),
                ("/purposes", json!([])),
                ("/recipients", json!([])),
                ("/valid_to", json!("2020-01-01")),
            ];
            assert_eq!(with(&bare), Ok(()), "{kind}");
        }
    }

    #[test]
    fn codes_are_stable_and_differ() {
        let codes: std::collections::BTreeSet<_> = ConsentRefusal::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), ConsentRefusal::ALL.len());
        assert!(
            ConsentRefusal::ALL.iter().all(|r| r.code().starts_with("consent-") && !r.advice().is_empty())
        );
    }
}
