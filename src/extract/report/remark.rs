//! What is worth saying of a row that is sent all the same.

use std::fmt;

use crate::id::IdKind;
use crate::language::{Language, Spoken};

/// What is worth saying of a row that is sent all the same. In the order in which a report lists them: what somebody
/// should look at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// A published test number: nobody's.
    TestNumber,
    /// Fails modulus 11 elsewhere than on a listed date: more likely a typing error.
    ModulusElsewhere,
    /// The same row came before; it is sent once.
    Repeated,
    /// A lost leading zero was put back.
    ZeroRepaired,
    /// A number with 60 added to the day, which one house gave out.
    LocalDayPlus60,
    /// A number with letters that only its issuer knows.
    Fictive,
    /// A regional replacement number.
    DeCpr,
    /// A national replacement number.
    XeCpr,
    /// Fails modulus 11 on a birth date that has such numbers.
    ModulusListed,
    /// The CPR number is written with a hyphen or spaces.
    Hyphenated,
    /// A made-up number in a programme of made-up numbers.
    MadeUp,
    /// The header once more, between the rows: no row, left out.
    RepeatedHeader,
    /// A row of totals at the end: no row, left out.
    TotalRow,
    /// A column that the spreadsheet hides: read like any other.
    HiddenColumn,
    /// A row that the spreadsheet hides, as a filter does: read like any other.
    HiddenRow,
}

impl Remark {
    /// Every remark, in the order of a report.
    pub const ALL: [Remark; 15] = [
        Remark::TestNumber,
        Remark::ModulusElsewhere,
        Remark::Repeated,
        Remark::ZeroRepaired,
        Remark::LocalDayPlus60,
        Remark::Fictive,
        Remark::DeCpr,
        Remark::XeCpr,
        Remark::ModulusListed,
        Remark::Hyphenated,
        Remark::MadeUp,
        Remark::RepeatedHeader,
        Remark::TotalRow,
        Remark::HiddenColumn,
        Remark::HiddenRow,
    ];

    /// The remark on a kind of identifier; none on a CPR number.
    #[must_use]
    pub const fn on_kind(kind: IdKind) -> Option<Remark> {
        match kind {
            IdKind::Cpr => None,
            IdKind::XeCpr => Some(Remark::XeCpr),
            IdKind::LocalDayPlus60 => Some(Remark::LocalDayPlus60),
            IdKind::DeCpr => Some(Remark::DeCpr),
            IdKind::Fictive => Some(Remark::Fictive),
        }
    }

    /// The remark's name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Remark::TestNumber => "test-number",
            Remark::ModulusElsewhere => "modulus-11-elsewhere",
            Remark::Repeated => "repeated-row",
            Remark::ZeroRepaired => "leading-zero-repaired",
            Remark::LocalDayPlus60 => kind_code(IdKind::LocalDayPlus60),
            Remark::Fictive => kind_code(IdKind::Fictive),
            Remark::DeCpr => kind_code(IdKind::DeCpr),
            Remark::XeCpr => kind_code(IdKind::XeCpr),
            Remark::ModulusListed => "modulus-11-listed-date",
            Remark::Hyphenated => "hyphenated",
            Remark::MadeUp => "made-up-number",
            Remark::RepeatedHeader => "repeated-header",
            Remark::TotalRow => "total-row",
            Remark::HiddenColumn => "hidden-column",
            Remark::HiddenRow => "hidden-row",
        }
    }

    /// Whether it says how a whole file is written rather than what is the matter with a row: the report counts it, and
    /// a list of findings leaves it out.
    #[must_use]
    pub const fn is_habit(self) -> bool {
        matches!(self, Remark::Hyphenated | Remark::MadeUp | Remark::HiddenRow)
    }

    /// Whether it is on a kind of identifier, which a manifest counts elsewhere.
    #[must_use]
    pub const fn is_kind(self) -> bool {
        matches!(self, Remark::LocalDayPlus60 | Remark::Fictive | Remark::DeCpr | Remark::XeCpr)
    }

    /// What to do about it, or what becomes of the row.
    #[must_use]
    pub const fn advice(self, language: Language) -> &'static str {
        let (da, en) = match self {
            Remark::TestNumber => (
                "tag testpersonerne ud af udtrækket: de er ingen borgere",
                "take test persons out of the export: they are no clients",
            ),
            Remark::ModulusElsewhere => (
                "slå nummeret op i fagsystemet: ofte en tastefejl",
                "look the number up in the case system: often a typing error",
            ),
            Remark::Repeated => (
                "sendes én gang; er det mange, så se efter, om udtrækket er sat sammen af flere",
                "sent once; if there are many, see whether the export was put together from several",
            ),
            Remark::ZeroRepaired => {
                ("gem helst kolonnen som tekst næste gang", "better export the column as text next time")
            }
            Remark::LocalDayPlus60 | Remark::Fictive | Remark::DeCpr => (
                "personen kan ikke genfindes hos andre; skriv CPR-nummeret, når det er givet",
                "the person cannot be found at other partners; write the CPR number once there is one",
            ),
            Remark::XeCpr => (
                "gælder i hele landet; skriv CPR-nummeret, når det er givet",
                "holds in the whole country; write the CPR number once there is one",
            ),
            Remark::ModulusListed => {
                ("sådanne numre er udstedt siden 2007", "such numbers have been issued since 2007")
            }
            Remark::Hyphenated => ("læses som ti cifre", "read as ten digits"),
            Remark::MadeUp => {
                ("programmet har kun opdigtede numre", "the programme has made-up numbers alone")
            }
            Remark::RepeatedHeader | Remark::TotalRow => {
                ("er ingen række og tælles ikke med", "is no row and is not counted")
            }
            Remark::HiddenColumn | Remark::HiddenRow => (
                "læses som alle andre; tag den ud af arket, hvis den ikke skal med",
                "read like any other; take it out of the sheet if it is not meant",
            ),
        };
        language.choose(da, en)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Remark::TestNumber => "a published test number",
            Remark::ModulusElsewhere => "fails modulus 11",
            Remark::Repeated => "the same row came before",
            Remark::ZeroRepaired => "a lost leading zero was put back",
            Remark::LocalDayPlus60 => "local replacement number (day + 60)",
            Remark::Fictive => "local replacement number (letters)",
            Remark::DeCpr => "regional replacement number (D-eCPR)",
            Remark::XeCpr => "national replacement number (X-eCPR)",
            Remark::ModulusListed => "fails modulus 11 on a birth date that has such numbers",
            Remark::Hyphenated => "written with a hyphen or spaces",
            Remark::MadeUp => "a made-up number",
            Remark::RepeatedHeader => "the header once more",
            Remark::TotalRow => "a row of totals",
            Remark::HiddenColumn => "a hidden column of the spreadsheet",
            Remark::HiddenRow => "a hidden row of the spreadsheet",
        })
    }
}

impl Spoken for Remark {
    fn danish(&self) -> String {
        let words = match self {
            Remark::TestNumber => "et offentliggjort testnummer",
            Remark::ModulusElsewhere => "opfylder ikke modulus 11",
            Remark::Repeated => "den samme række er kommet før",
            Remark::ZeroRepaired => "et tabt foranstillet nul er sat tilbage",
            Remark::LocalDayPlus60 => "lokalt erstatningsnummer (dag + 60)",
            Remark::Fictive => "lokalt erstatningsnummer (bogstaver)",
            Remark::DeCpr => "regionalt erstatningsnummer (D-eCPR)",
            Remark::XeCpr => "nationalt erstatningsnummer (X-eCPR)",
            Remark::ModulusListed => "opfylder ikke modulus 11, på en fødselsdag med sådanne numre",
            Remark::Hyphenated => "skrevet med bindestreg eller mellemrum",
            Remark::MadeUp => "et opdigtet nummer",
            Remark::RepeatedHeader => "overskriften en gang til",
            Remark::TotalRow => "en sumrække",
            Remark::HiddenColumn => "en skjult kolonne i regnearket",
            Remark::HiddenRow => "en skjult række i regnearket",
        };
        words.to_owned()
    }
}

/// The name of an identifier's kind in manifests.
#[must_use]
pub const fn kind_code(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Cpr => "cpr",
        IdKind::XeCpr => "xecpr",
        IdKind::LocalDayPlus60 => "local-day-plus-60",
        IdKind::DeCpr => "d-ecpr",
        IdKind::Fictive => "fictive",
    }
}

/// Every kind of identifier.
pub const KINDS: [IdKind; 5] =
    [IdKind::Cpr, IdKind::XeCpr, IdKind::LocalDayPlus60, IdKind::DeCpr, IdKind::Fictive];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remark_stands_once_in_the_order_of_its_declaration() {
        assert!(Remark::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        // An exhaustive match above gives each a code; one that is not in the list would be missed here.
        let codes: std::collections::BTreeSet<_> = Remark::ALL.map(Remark::code).into();
        assert_eq!(codes.len(), Remark::ALL.len());
        for kind in KINDS {
            assert_eq!(
                Remark::on_kind(kind).map(Remark::code),
                (kind != IdKind::Cpr).then(|| kind_code(kind))
            );
        }
    }
}
