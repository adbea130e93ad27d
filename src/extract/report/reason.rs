//! Why a row is left out: one name, one sentence and one piece of advice for each reason.

use std::fmt;

use crate::id::IdRejection;
use crate::language::{Language, Spoken};
use crate::token::LocalIdError;

/// Why a row is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The identifier of a person.
    Identifier(IdRejection),
    /// A case or staff number.
    LocalNumber(LocalIdError),
    /// Nothing in a required column.
    Missing,
    /// Not a date in one of the forms read.
    Date,
    /// A date outside the period of the package.
    OutsidePeriod,
    /// A date after the day of the check.
    FutureDate,
    /// A text that is none of the column's codes.
    UnknownCode,
    /// Not a number in the declared form.
    Number,
    /// A number outside the column's bounds.
    OutOfRange,
    /// Fewer columns than the header.
    TooFewColumns,
    /// Something in a column that the header does not have.
    TooManyColumns,
    /// What a spreadsheet made of a field: an error (`#N/A`), `####`, or a date or a rounded number where a case or staff
    /// number belongs.
    CellError,
}

/// The name of every reason, in the order of the alphabet: what a report lists, found or not.
pub const REASON_CODES: [&str; 19] = [
    "cell-error",
    "cpr-in-another-column",
    "date",
    "future-birth-date",
    "future-date",
    "identifier-character",
    "identifier-length",
    "invalid-birth-date",
    "missing",
    "nine-digits",
    "number",
    "number-character",
    "number-too-long",
    "out-of-range",
    "outside-period",
    "scientific-notation",
    "too-few-columns",
    "too-many-columns",
    "unknown-code",
];

impl Reason {
    /// Every reason under its one name, in the order of [`REASON_CODES`].
    pub const ALL: [Reason; 19] = [
        Reason::CellError,
        Reason::LocalNumber(LocalIdError::LooksLikeCpr),
        Reason::Date,
        Reason::Identifier(IdRejection::FutureDate),
        Reason::FutureDate,
        Reason::Identifier(IdRejection::Character),
        Reason::Identifier(IdRejection::Length),
        Reason::Identifier(IdRejection::InvalidDate),
        Reason::Missing,
        Reason::Identifier(IdRejection::NineDigits),
        Reason::Number,
        Reason::LocalNumber(LocalIdError::Character),
        Reason::LocalNumber(LocalIdError::Long),
        Reason::OutOfRange,
        Reason::OutsidePeriod,
        Reason::Identifier(IdRejection::Scientific),
        Reason::TooFewColumns,
        Reason::TooManyColumns,
        Reason::UnknownCode,
    ];

    /// The reason's name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Identifier(IdRejection::Missing)
            | Reason::LocalNumber(LocalIdError::Missing)
            | Reason::Missing => "missing",
            Reason::Identifier(IdRejection::NineDigits) => "nine-digits",
            Reason::Identifier(IdRejection::Scientific) => "scientific-notation",
            Reason::Identifier(IdRejection::Length) => "identifier-length",
            Reason::Identifier(IdRejection::Character) => "identifier-character",
            Reason::Identifier(IdRejection::InvalidDate) => "invalid-birth-date",
            Reason::Identifier(IdRejection::FutureDate) => "future-birth-date",
            Reason::LocalNumber(LocalIdError::Long) => "number-too-long",
            Reason::LocalNumber(LocalIdError::Character) => "number-character",
            Reason::LocalNumber(LocalIdError::LooksLikeCpr) => "cpr-in-another-column",
            Reason::Date => "date",
            Reason::OutsidePeriod => "outside-period",
            Reason::FutureDate => "future-date",
            Reason::UnknownCode => "unknown-code",
            Reason::Number => "number",
            Reason::OutOfRange => "out-of-range",
            Reason::TooFewColumns => "too-few-columns",
            Reason::TooManyColumns => "too-many-columns",
            Reason::CellError => "cell-error",
        }
    }

    /// The same reason under its one name: nothing is missing in a person column otherwise than in another.
    #[must_use]
    pub(in crate::extract) const fn plain(self) -> Reason {
        match self {
            Reason::Identifier(IdRejection::Missing) | Reason::LocalNumber(LocalIdError::Missing) => {
                Reason::Missing
            }
            other => other,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self, language: Language) -> &'static str {
        let (da, en) = match self {
            Reason::Missing
            | Reason::Identifier(IdRejection::Missing)
            | Reason::LocalNumber(LocalIdError::Missing) => {
                ("udfyld feltet i fagsystemet", "fill the field in the case system")
            }
            Reason::Identifier(IdRejection::NineDigits) => (
                "gem kolonnen som tekst, eller kør igen med --repair-leading-zero",
                "export the column as text, or run again with --repair-leading-zero",
            ),
            Reason::Identifier(IdRejection::Scientific) => (
                "gem kolonnen som tekst; nummeret kan ikke genskabes",
                "export the column as text; the number cannot be recovered",
            ),
            Reason::Identifier(_) => (
                "slå nummeret op i fagsystemet, og ret det dér",
                "look the number up in the case system and correct it there",
            ),
            Reason::LocalNumber(LocalIdError::LooksLikeCpr) => (
                "skriv jeres eget sagsnummer i kolonnen, aldrig et CPR-nummer",
                "put your own case number in this column, never a CPR number",
            ),
            Reason::LocalNumber(LocalIdError::Long | LocalIdError::Character) => (
                "ret nummeret i fagsystemet: højst 64 byte og ingen styretegn",
                "correct the number in the case system: at most 64 bytes, no control characters",
            ),
            Reason::Date => ("skriv dd-mm-åååå eller åååå-mm-dd", "use dd-mm-yyyy or yyyy-mm-dd"),
            Reason::OutsidePeriod => (
                "træk kun perioden ud, eller angiv en anden --period",
                "narrow the export to the period, or give another --period",
            ),
            Reason::FutureDate => ("ret datoen i fagsystemet", "correct the date in the case system"),
            Reason::UnknownCode => (
                "brug en af kolonnens koder, eller bed styregruppen om at registrere skrivemåden",
                "use one of the column's codes, or ask the steward to register this way of writing it",
            ),
            Reason::Number => (
                "skriv cifre med decimaltegnet fra --decimal",
                "use digits with the decimal sign given by --decimal",
            ),
            Reason::OutOfRange => {
                ("se efter, om tallet og dets enhed er rigtige", "check the number and its unit")
            }
            Reason::TooFewColumns => (
                "træk filen ud igen; et linjeskift inde i et felt er en hyppig årsag",
                "export the file again; a line break inside a field is a common cause",
            ),
            Reason::TooManyColumns => (
                "træk filen ud igen; et skilletegn inde i et felt er en hyppig årsag",
                "export the file again; a separator inside a field is a common cause",
            ),
            Reason::CellError => (
                "ret cellen i regnearket: den er en fejl, eller for smal, eller ikke længere det nummer, der blev skrevet",
                "correct the cell in the spreadsheet: it is an error, or too narrow, or no longer the number that was typed",
            ),
        };
        language.choose(da, en)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Identifier(reason) => reason.fmt(f),
            Reason::LocalNumber(reason) => reason.fmt(f),
            Reason::Missing => f.write_str("missing"),
            Reason::Date => f.write_str("not a date"),
            Reason::OutsidePeriod => f.write_str("date outside the period"),
            Reason::FutureDate => f.write_str("date in the future"),
            Reason::UnknownCode => f.write_str("unknown code"),
            Reason::Number => f.write_str("not a number"),
            Reason::OutOfRange => f.write_str("number out of range"),
            Reason::TooFewColumns => f.write_str("fewer columns than the header"),
            Reason::TooManyColumns => f.write_str("more columns than the header"),
            Reason::CellError => f.write_str("changed or not worked out by the spreadsheet"),
        }
    }
}

impl Spoken for Reason {
    fn danish(&self) -> String {
        let words = match self {
            Reason::Missing
            | Reason::Identifier(IdRejection::Missing)
            | Reason::LocalNumber(LocalIdError::Missing) => "mangler",
            Reason::Identifier(IdRejection::NineDigits) => {
                "ni cifre: et regneark har fjernet det foranstillede nul"
            }
            Reason::Identifier(IdRejection::Scientific) => {
                "videnskabelig notation: et regneark har ødelagt nummeret"
            }
            Reason::Identifier(IdRejection::Length) => "ikke ti tegn",
            Reason::Identifier(IdRejection::Character) => "et tegn, som intet personnummer har",
            Reason::Identifier(IdRejection::InvalidDate) => "fødselsdatoen findes ikke",
            Reason::Identifier(IdRejection::FutureDate) => "fødselsdato i fremtiden",
            Reason::LocalNumber(LocalIdError::Long) => "længere end 64 byte",
            Reason::LocalNumber(LocalIdError::Character) => {
                "et tegn, som intet sags- eller medarbejdernummer har"
            }
            Reason::LocalNumber(LocalIdError::LooksLikeCpr) => {
                "ligner et CPR-nummer; her skal jeres eget sags- eller medarbejdernummer stå"
            }
            Reason::Date => "ikke en dato",
            Reason::OutsidePeriod => "dato uden for perioden",
            Reason::FutureDate => "dato i fremtiden",
            Reason::UnknownCode => "ukendt kode",
            Reason::Number => "ikke et tal",
            Reason::OutOfRange => "tal uden for grænserne",
            Reason::TooFewColumns => "færre kolonner end overskriften",
            Reason::TooManyColumns => "flere kolonner end overskriften",
            Reason::CellError => "ændret eller ikke udregnet af regnearket",
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_listed_once_in_order() {
        let identifiers = [
            IdRejection::Missing,
            IdRejection::NineDigits,
            IdRejection::Scientific,
            IdRejection::Length,
            IdRejection::Character,
            IdRejection::InvalidDate,
            IdRejection::FutureDate,
        ];
        let numbers =
            [LocalIdError::Missing, LocalIdError::Long, LocalIdError::Character, LocalIdError::LooksLikeCpr];
        let others = [
            Reason::Missing,
            Reason::Date,
            Reason::OutsidePeriod,
            Reason::FutureDate,
            Reason::UnknownCode,
            Reason::Number,
            Reason::OutOfRange,
            Reason::TooFewColumns,
            Reason::TooManyColumns,
            Reason::CellError,
        ];
        let all = identifiers
            .map(Reason::Identifier)
            .into_iter()
            .chain(numbers.map(Reason::LocalNumber))
            .chain(others);
        let codes = all.map(Reason::code).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), REASON_CODES);
        assert_eq!(Reason::ALL.map(Reason::code), REASON_CODES);
    }
}
