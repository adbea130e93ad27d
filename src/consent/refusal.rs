//! Why an event is refused before it is recorded.
//!
//! An event that denies is taken in whatever shape it can be understood in: a lost deny does more harm than an untidy
//! one. So scope and validity are asked of a yes, and of a refusal that answers a request.

use super::event::{CONSENT_SCHEMA, ConsentEvent, EventKind};
use crate::clock::Timestamp;
use crate::language::Spoken;
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
    /// A purpose unknown to the programme.
    #[error("the programme has no such purpose")]
    Purpose,
    /// A recipient unknown to the programme.
    #[error("the programme has no such recipient")]
    Recipient,
    /// A dataset that the partner does not hand over.
    #[error("you hand over no such dataset")]
    Dataset,
    /// A notice that the programme does not have in this version.
    #[error("the programme has no such notice in this version and language")]
    UnknownNotice,
    /// A yes under a notice that does not tell of all its purposes.
    #[error("the notice does not tell of one of the purposes of this yes")]
    NoticePurpose,
    /// A yes for somebody whom none of its purposes is for.
    #[error("a recipient is none of any of the purposes of this yes")]
    RecipientPurpose,
    /// A yes that is too weak for a dataset that it covers.
    #[error("the legal basis of this yes is too weak for a dataset that it covers")]
    WeakBasis,
    /// A token of another kind than a person's.
    #[error("the token is none of a person")]
    Token,
    /// The partner's name for a record, used for another event.
    #[error("this record was used before, for another event")]
    RecordUsed,
    /// `renewed` or `expired` about a record that was never recorded for this person.
    #[error("the record that this event names was not recorded for this person")]
    NamesUnknown,
    /// More events than one person has at one partner.
    #[error("more than {} events of one person", limits::MAX_CONSENTS_OF_PERSON)]
    PersonFull,
}

impl ConsentRefusal {
    /// All of them, for tables of codes.
    pub const ALL: [ConsentRefusal; 26] = [
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
        ConsentRefusal::Purpose,
        ConsentRefusal::Recipient,
        ConsentRefusal::Dataset,
        ConsentRefusal::UnknownNotice,
        ConsentRefusal::NoticePurpose,
        ConsentRefusal::RecipientPurpose,
        ConsentRefusal::WeakBasis,
        ConsentRefusal::Token,
        ConsentRefusal::RecordUsed,
        ConsentRefusal::NamesUnknown,
        ConsentRefusal::PersonFull,
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
            ConsentRefusal::Purpose => "consent-purpose",
            ConsentRefusal::Recipient => "consent-recipient",
            ConsentRefusal::Dataset => "consent-dataset",
            ConsentRefusal::UnknownNotice => "consent-notice-unknown",
            ConsentRefusal::NoticePurpose => "consent-notice-purpose",
            ConsentRefusal::RecipientPurpose => "consent-recipient-purpose",
            ConsentRefusal::WeakBasis => "consent-legal-basis",
            ConsentRefusal::Token => "consent-token",
            ConsentRefusal::RecordUsed => "consent-record-used",
            ConsentRefusal::NamesUnknown => "consent-names-unknown",
            ConsentRefusal::PersonFull => "consent-person-full",
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
            ConsentRefusal::Purpose => "use the programme's purposes",
            ConsentRefusal::Recipient => "use the programme's organisations",
            ConsentRefusal::Dataset => "name your own datasets, or none for all of them",
            ConsentRefusal::UnknownNotice => {
                "name id, version, language and SHA-256 of the notice that was shown"
            }
            ConsentRefusal::NoticePurpose => {
                "name the notice that was shown, and only the purposes that it tells of; if it told of fewer, ask the \
                 person again"
            }
            ConsentRefusal::RecipientPurpose => {
                "name the recipients that the programme lists for these purposes"
            }
            ConsentRefusal::WeakBasis => {
                "`explicit-consent` is needed for special categories, `offences-consent` for data on offences: record \
                 what was said, or name only the datasets that it is enough for"
            }
            ConsentRefusal::Token => {
                "send tokens made by `kobling consent` from CPR numbers or their replacements"
            }
            ConsentRefusal::RecordUsed => {
                "give each event a record id of its own; the same event sent again does no harm"
            }
            ConsentRefusal::NamesUnknown => {
                "record what it names first, under the same number of the person; or record a new yes with `given`"
            }
            ConsentRefusal::PersonFull => {
                "a no is still taken; ask the steward whether so many events of one person are meant"
            }
        }
    }
}

impl Spoken for ConsentRefusal {
    fn danish(&self) -> String {
        let fixed = match self {
            ConsentRefusal::Schema => "hændelsen er skrevet i en version af formen, der ikke forstås her",
            ConsentRefusal::Future => "hændelsen ligger i fremtiden",
            ConsentRefusal::NoPurpose => "der er ikke nævnt noget formål",
            ConsentRefusal::NoRecipient => "der er ikke nævnt nogen modtager",
            ConsentRefusal::TooMany => "en liste over formål, modtagere eller datasæt er for lang",
            ConsentRefusal::Validity => "tilladelsen slutter, før den begynder",
            ConsentRefusal::Window => "de rækker, som tilladelsen dækker, slutter, før de begynder",
            ConsentRefusal::NamesNothing => "den registrering, som hændelsen handler om, er ikke nævnt",
            ConsentRefusal::NamesSomething => {
                "en registrering er nævnt af en hændelse af en slags, der ikke nævner nogen"
            }
            ConsentRefusal::NamesItself => "hændelsen nævner sig selv",
            ConsentRefusal::NoticeHash => "oplysningstekstens hash er ikke en SHA-256",
            ConsentRefusal::Notice => {
                "oplysningstekstens version eller sprog mangler eller er forkert skrevet"
            }
            ConsentRefusal::RecordedBy => {
                "betegnelsen for, hvem der noterede hændelsen, mangler, er for lang eller forkert skrevet"
            }
            ConsentRefusal::LooksLikeCpr => "en betegnelse eller et registreringsnavn ligner et CPR-nummer",
            ConsentRefusal::Retention => {
                "registreringen ville ikke blive opbevaret til hændelsens dag eller til sidste dag, den gælder"
            }
            ConsentRefusal::Purpose => "programmet har ikke et sådant formål",
            ConsentRefusal::Recipient => "programmet har ikke en sådan modtager",
            ConsentRefusal::Dataset => "I afleverer ikke et sådant datasæt",
            ConsentRefusal::UnknownNotice => {
                "programmet har ingen sådan oplysningstekst i den version og på det sprog"
            }
            ConsentRefusal::NoticePurpose => "oplysningsteksten fortæller ikke om et af formålene i dette ja",
            ConsentRefusal::RecipientPurpose => "en modtager hører ikke til noget af formålene i dette ja",
            ConsentRefusal::WeakBasis => {
                "grundlaget for dette ja er for svagt til et datasæt, som det dækker"
            }
            ConsentRefusal::Token => "tokenet er ikke en persons",
            ConsentRefusal::RecordUsed => "registreringen er brugt før, til en anden hændelse",
            ConsentRefusal::NamesUnknown => {
                "den registrering, som hændelsen nævner, er ikke registreret for denne person"
            }
            ConsentRefusal::PersonFull => {
                return format!("flere end {} hændelser om én person", limits::MAX_CONSENTS_OF_PERSON);
            }
        };
        fixed.to_owned()
    }
}

impl ConsentRefusal {
    /// What to do about it, in Danish.
    #[must_use]
    pub const fn danish_advice(self) -> &'static str {
        match self {
            ConsentRefusal::Schema => "skriv `schema` 1, eller opdater det program, der skrev hændelsen",
            ConsentRefusal::Future => {
                "angiv det tidspunkt, hvor det skete, med tidszone, og se efter maskinens ur; en tilladelse, der \
                 begynder senere, har et senere `valid_from`"
            }
            ConsentRefusal::NoPurpose => "skriv i `purposes`, hvad personen blev spurgt om",
            ConsentRefusal::NoRecipient => "skriv i `recipients`, hvem personen blev spurgt om",
            ConsentRefusal::TooMany => "skriv hvert navn én gang",
            ConsentRefusal::Validity => {
                "`valid_to` er den sidste dag, tilladelsen gælder, og kan ikke ligge før `valid_from`"
            }
            ConsentRefusal::Window => {
                "`rows.to` er den sidste dag, der er dækket, og kan ikke ligge før `rows.from` (`valid_from`, hvor \
                 det er udeladt)"
            }
            ConsentRefusal::NamesNothing => {
                "skriv navnet på den registrering, der fornyes eller slutter, i `names`"
            }
            ConsentRefusal::NamesSomething => {
                "udelad `names`, eller brug `renewed` til et ja i stedet for en anden registrering"
            }
            ConsentRefusal::NamesItself => "giv den nye registrering sit eget navn, og nævn den ældre",
            ConsentRefusal::NoticeHash => {
                "`notice.sha256` er 64 hexadecimale tegn med små bogstaver: SHA-256 af den tekst, der blev vist"
            }
            ConsentRefusal::Notice => {
                "`notice.version` er 1 til 32 af A-Z, a-z, 0-9, . og -; `notice.language` er et sprog som da eller en"
            }
            ConsentRefusal::RecordedBy => {
                "`recorded_by` er jeres egen betegnelse for, hvem der noterede det, 1 til 64 byte på én linje"
            }
            ConsentRefusal::LooksLikeCpr => {
                "brug et registreringsnavn og en betegnelse, som ikke indeholder et CPR-nummer"
            }
            ConsentRefusal::Retention => "`retention_until` er den sidste dag, registreringen opbevares",
            ConsentRefusal::Purpose => "brug programmets formål",
            ConsentRefusal::Recipient => "brug programmets organisationer",
            ConsentRefusal::Dataset => "nævn jeres egne datasæt, eller ingen, hvis det gælder dem alle",
            ConsentRefusal::UnknownNotice => {
                "angiv id, version, sprog og SHA-256 for den oplysningstekst, der blev vist"
            }
            ConsentRefusal::NoticePurpose => {
                "nævn den oplysningstekst, der blev vist, og kun de formål, den fortæller om; fortalte den om færre, så \
                 spørg personen igen"
            }
            ConsentRefusal::RecipientPurpose => "nævn de modtagere, som programmet har for disse formål",
            ConsentRefusal::WeakBasis => {
                "`explicit-consent` skal til for særlige kategorier, `offences-consent` for oplysninger om strafbare \
                 forhold: noter, hvad der blev sagt, eller nævn kun de datasæt, det rækker til"
            }
            ConsentRefusal::Token => {
                "send tokens, som `kobling consent` har lavet af CPR-numre eller erstatningsnumre"
            }
            ConsentRefusal::RecordUsed => {
                "giv hver hændelse sit eget registreringsnavn; den samme hændelse sendt igen gør ingen skade"
            }
            ConsentRefusal::NamesUnknown => {
                "registrer først det, den nævner, under samme nummer for personen; eller registrer et nyt ja med `given`"
            }
            ConsentRefusal::PersonFull => {
                "et nej modtages stadig; spørg styregruppen, om så mange hændelser om én person er meningen"
            }
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
        must(is_line(&self.recorded_by), Refusal::RecordedBy)?;
        let ids = std::iter::once(&self.record).chain(&self.names);
        let cpr = ids.into_iter().any(|id| looks_like_cpr(id.as_str().as_bytes()))
            || holds_cpr(self.recorded_by.trim());
        must(!cpr, Refusal::LooksLikeCpr)?;
        must(self.at.day() <= self.retention_until, Refusal::Retention)
    }
}

/// Whether a text is a label of the partner's own: 1 to 64 bytes on one line, without a CPR number.
#[must_use]
pub fn is_label(text: &str) -> bool {
    is_line(text) && !holds_cpr(text.trim())
}

fn is_line(text: &str) -> bool {
    let label = text.trim();
    !label.is_empty() && text.len() <= limits::MAX_LOCAL_ID_BYTES && !label.chars().any(char::is_control)
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
