//! Why a file of consents is not written or taken: where, what, and what to do. Never a value.

use std::fmt;

use crate::consent::ConsentRefusal;
use crate::id::IdRejection;
use crate::language::Spoken;

/// Where in a document: names of fields that the form has, and positions counted from 0. Nothing of what a file says
/// can stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    pub(super) const fn root() -> Place {
        Place(String::new())
    }

    pub(super) fn field(&self, name: &str) -> Place {
        Place(if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) })
    }

    pub(super) fn nth(&self, at: usize) -> Place {
        Place(format!("{}[{at}]", self.0))
    }

    pub(super) fn item(&self, name: &str, at: usize) -> Place {
        self.field(name).nth(at)
    }
}

impl Place {
    fn danish(&self) -> &str {
        if self.0.is_empty() { "dokumentet" } else { &self.0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the document" } else { &self.0 })
    }
}

/// What a value was expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Expected {
    /// The partner that imports.
    #[error("the partner that imports the file is expected, with its own persons' consents")]
    Importer,
    /// A word for an event.
    #[error("requested, given, refused, withdrawn, expired, invalidated or renewed is expected")]
    Event,
    /// A name of the programme.
    #[error("a name of the programme is expected: 1 to 32 of a-z, 0-9 and -")]
    Name,
    /// A record's name.
    #[error("a record id is expected: 1 to 64 of A-Z, a-z, 0-9 and -")]
    Record,
    /// A word for a method.
    #[error("written, digital or oral-documented is expected")]
    Method,
    /// Who said it (FHIR).
    #[error("Patient or RelatedPerson is expected")]
    Performer,
    /// A word for a basis.
    #[error("consent, explicit-consent or offences-consent is expected")]
    Basis,
    /// A day.
    #[error("a day as YYYY-MM-DD is expected")]
    Day,
    /// A version of the form.
    #[error("a version of the form is expected")]
    Version,
    /// A key id.
    #[error("a key id of 16 hexadecimal characters is expected")]
    KeyId,
    /// A person's token.
    #[error("the token of a person is expected")]
    Token,
    /// A list.
    #[error("a list is expected")]
    List,
    /// A text.
    #[error("a text is expected")]
    Text,
    /// A whole number.
    #[error("a whole number is expected")]
    Whole,
    /// Nothing older than anybody.
    #[error("an event from 1850 on is expected")]
    After1850,
    /// A record's name in a urn.
    #[error("urn:kobling:record:, the partner and a record id is expected")]
    RecordUrn,
    /// Who said it (DPV).
    #[error("dpv:DataSubject or dpv:GuardianOfDataSubject is expected")]
    DpvBy,
    /// A basis (DPV).
    #[error("eu-gdpr:A6-1-a, eu-gdpr:A9-2-a or kobling:offences-consent is expected")]
    DpvBasis,
    /// A name of the programme in a urn.
    #[error("a name of the programme is expected after its urn: 1 to 32 of a-z, 0-9 and -")]
    NameUrn,
    /// A method in a urn.
    #[error("urn:kobling:method: and written, digital or oral-documented is expected")]
    MethodUrn,
    /// An instant.
    #[error("an instant as in RFC 3339 is expected, in UTC")]
    Instant,
    /// An event (DPV).
    #[error(
        "dpv:ConsentRequested, dpv:ConsentGiven, dpv:ConsentRefused, dpv:ConsentWithdrawn, dpv:ConsentExpired, dpv:ConsentInvalidated or dpv:RenewedConsentGiven is expected"
    )]
    DpvState,
}

impl Spoken for Expected {
    fn danish(&self) -> String {
        match self {
            Expected::Importer => "den partner, der indlæser filen, ventes, med samtykker fra dens egne borgere",
            Expected::Event => "requested, given, refused, withdrawn, expired, invalidated eller renewed ventes",
            Expected::Name => "et navn fra programmet ventes: 1 til 32 af a-z, 0-9 og -",
            Expected::Record => "et registreringsnavn ventes: 1 til 64 af A-Z, a-z, 0-9 og -",
            Expected::Method => "written, digital eller oral-documented ventes",
            Expected::Performer => "Patient eller RelatedPerson ventes",
            Expected::Basis => "consent, explicit-consent eller offences-consent ventes",
            Expected::Day => "en dag som ÅÅÅÅ-MM-DD ventes",
            Expected::Version => "en version af formen ventes",
            Expected::KeyId => "et nøgle-id på 16 hexadecimale tegn ventes",
            Expected::Token => "en persons token ventes",
            Expected::List => "en liste ventes",
            Expected::Text => "en tekst ventes",
            Expected::Whole => "et helt tal ventes",
            Expected::After1850 => "en hændelse fra 1850 eller senere ventes",
            Expected::RecordUrn => "urn:kobling:record:, partneren og et registreringsnavn ventes",
            Expected::DpvBy => "dpv:DataSubject eller dpv:GuardianOfDataSubject ventes",
            Expected::DpvBasis => "eu-gdpr:A6-1-a, eu-gdpr:A9-2-a eller kobling:offences-consent ventes",
            Expected::NameUrn => "et navn fra programmet ventes efter dets urn: 1 til 32 af a-z, 0-9 og -",
            Expected::MethodUrn => "urn:kobling:method: og written, digital eller oral-documented ventes",
            Expected::Instant => "et tidspunkt som i RFC 3339 ventes, i UTC",
            Expected::DpvState => "dpv:ConsentRequested, dpv:ConsentGiven, dpv:ConsentRefused, dpv:ConsentWithdrawn, dpv:ConsentExpired, dpv:ConsentInvalidated eller dpv:RenewedConsentGiven ventes",
        }
        .to_owned()
    }
}

/// Why a file of consents is not written or taken. Never carries a value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Too large.
    #[error("the file is larger than {} MiB", crate::limits::MAX_EXCHANGE_BYTES >> 20)]
    TooLarge,
    /// No JSON, or an object that names a field twice.
    #[error("line {line}, column {column}: not JSON, or an object that names a field twice")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1 (0 where the line itself is at fault).
        column: usize,
    },
    /// No event.
    #[error("there is no event")]
    Empty,
    /// A field is missing.
    #[error("{0} is missing")]
    Missing(Place),
    /// A field that the form does not have there.
    #[error("{0} has a field that is not known there")]
    Unknown(Place, String),
    /// A list with more items than the form has there.
    #[error("{0} has an item too many, too few, or in another order")]
    Items(Place),
    /// A value that does not follow from the rest of the record.
    #[error("{0} is not as the rest of the record has it")]
    Other(Place),
    /// A malformed value.
    #[error("{0}: {1}")]
    Field(Place, Expected),
    /// A malformed identifier.
    #[error("{0}: {1}")]
    Identifier(Place, IdRejection),
    /// An event that the service would refuse.
    #[error("{0}: {1}")]
    Refused(Place, ConsentRefusal),
    /// The status is not what the events of the person give.
    #[error("{0}: its status is not what the events of this person in the file give")]
    Status(Place),
    /// Two events of one name.
    #[error("{0}: the id of the record is used by an event before it")]
    Twice(Place),
    /// Tokens and numbers in one file.
    #[error("{0}: the person is named in another way than those before")]
    Mixed(Place),
    /// More events of one person than are judged.
    #[error("{0}: more than {most} events of one person", most = crate::limits::MAX_EXCHANGE_EVENTS)]
    TooMany(Place),
    /// Made after now.
    #[error("{0} lies in the future")]
    Later(Place),
    /// Tokens under another linkage key.
    #[error("event {0} (counted from 0): its token was made with another linkage key")]
    Key(usize),
}

impl ExchangeError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        let fixed = match self {
            ExchangeError::TooLarge => "divide it by person: all events of a person stay in one file",
            ExchangeError::Malformed { .. } => "write JSON (UTF-8), each field of an object once",
            ExchangeError::Empty => "there is nothing to exchange",
            ExchangeError::Missing(_) => {
                "docs/CONSENT.md, \"Exchange\", says where each field of an event stands"
            }
            ExchangeError::Unknown(_, known) => {
                return format!(
                    "what an event cannot hold is not taken, since it would be lost; leave it out if nothing depends \
                     on it; known there: {known}"
                );
            }
            ExchangeError::Items(_) | ExchangeError::Other(_) => {
                "values that two fields share are to agree; times are in UTC (Z), numbers of persons are ten \
                 characters without a hyphen, and fixed values are those of docs/CONSENT.md, \"Exchange\""
            }
            ExchangeError::Field(..) => "docs/CONSENT.md, \"Exchange\", has the values",
            ExchangeError::Identifier(..) => "correct the number where it is kept",
            ExchangeError::Refused(_, refusal) => refusal.advice(),
            ExchangeError::Status(_) => {
                "put all events of the person into the file, with the one that ended the record, or correct the status: \
                 a yes that is over elsewhere is not taken as one that stands"
            }
            ExchangeError::Twice(_) => "give each event an id of its own",
            ExchangeError::Mixed(_) => "name all persons by token, or all by number",
            ExchangeError::TooMany(_) => "record older events as a list, and leave them out",
            ExchangeError::Later(_) => "check the clock of the machine that wrote it, and of this one",
            ExchangeError::Key(_) => "take the linkage key that the tokens were made with, or tokenise again",
        };
        fixed.to_owned()
    }
}

impl Spoken for ExchangeError {
    fn danish(&self) -> String {
        use ExchangeError as Error;
        match self {
            Error::TooLarge => {
                format!("filen er større end {} MiB", crate::limits::MAX_EXCHANGE_BYTES >> 20)
            }
            Error::Malformed { line, column } => {
                format!(
                    "linje {line}, kolonne {column}: ikke JSON, eller et objekt, der har et felt to gange"
                )
            }
            Error::Empty => "der er ingen hændelse".to_owned(),
            Error::Missing(place) => format!("{} mangler", place.danish()),
            Error::Unknown(place, _) => format!("{} har et felt, der ikke kendes dér", place.danish()),
            Error::Items(place) => {
                format!("{} har et led for meget, for lidt eller i en anden rækkefølge", place.danish())
            }
            Error::Other(place) => {
                format!("{} er ikke, som resten af registreringen siger", place.danish())
            }
            Error::Field(place, expected) => format!("{}: {}", place.danish(), expected.danish()),
            Error::Identifier(place, reason) => format!("{}: {}", place.danish(), reason.danish()),
            Error::Refused(place, refusal) => format!("{}: {}", place.danish(), refusal.danish()),
            Error::Status(place) => {
                format!("{}: dens status er ikke den, som personens hændelser i filen giver", place.danish())
            }
            Error::Twice(place) => {
                format!("{}: registreringens navn er brugt af en tidligere hændelse", place.danish())
            }
            Error::Mixed(place) => {
                format!("{}: personen er nævnt på en anden måde end de foregående", place.danish())
            }
            Error::TooMany(place) => format!(
                "{}: flere end {} hændelser om én person",
                place.danish(),
                crate::limits::MAX_EXCHANGE_EVENTS
            ),
            Error::Later(place) => format!("{} ligger i fremtiden", place.danish()),
            Error::Key(at) => {
                format!("hændelse {at} (talt fra 0): dens token er lavet med en anden koblingsnøgle")
            }
        }
    }
}

impl ExchangeError {
    /// What to do about it, in Danish.
    #[must_use]
    pub fn danish_advice(&self) -> String {
        let fixed = match self {
            ExchangeError::TooLarge => "del den efter person: alle en persons hændelser bliver i én fil",
            ExchangeError::Malformed { .. } => "skriv JSON (UTF-8), hvert felt i et objekt én gang",
            ExchangeError::Empty => "der er intet at udveksle",
            ExchangeError::Missing(_) => {
                "docs/CONSENT.md, \"Exchange\", siger, hvor hvert felt i en hændelse står"
            }
            ExchangeError::Unknown(_, known) => {
                return format!(
                    "hvad en hændelse ikke kan rumme, tages ikke imod, for det ville gå tabt; udelad det, hvis intet afhænger \
                     af det; dér kendes: {known}"
                );
            }
            ExchangeError::Items(_) | ExchangeError::Other(_) => {
                "værdier, som to felter deler, skal være ens; tider er i UTC (Z), personers numre er ti tegn uden \
                 bindestreg, og faste værdier er dem i docs/CONSENT.md, \"Exchange\""
            }
            ExchangeError::Field(..) => "værdierne står i docs/CONSENT.md, \"Exchange\"",
            ExchangeError::Identifier(..) => "ret nummeret dér, hvor det føres",
            ExchangeError::Refused(_, refusal) => refusal.danish_advice(),
            ExchangeError::Status(_) => {
                "tag alle personens hændelser med i filen, også den, der afsluttede registreringen, eller ret status: et \
                 ja, der er slut et andet sted, tages ikke som et, der gælder"
            }
            ExchangeError::Twice(_) => "giv hver hændelse sit eget navn",
            ExchangeError::Mixed(_) => "nævn alle personer ved token eller alle ved nummer",
            ExchangeError::TooMany(_) => "registrer ældre hændelser som en liste, og udelad dem her",
            ExchangeError::Later(_) => "se efter uret på den maskine, der skrev den, og på denne",
            ExchangeError::Key(_) => {
                "brug den koblingsnøgle, som tokenene blev lavet med, eller lav dem igen"
            }
        };
        fixed.to_owned()
    }
}
