//! What is worth saying of a row that is sent all the same.

use crate::id::IdKind;

/// What is worth saying of a row that is sent all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// The CPR number is written with a hyphen or spaces.
    Hyphenated,
    /// A lost leading zero was put back.
    ZeroRepaired,
    /// Fails modulus 11 on a birth date that has such numbers.
    ModulusListed,
    /// Fails modulus 11 elsewhere: more likely a typing error.
    ModulusElsewhere,
    /// A made-up number in a programme of made-up numbers.
    MadeUp,
    /// The same row came before; it is sent once.
    Repeated,
}

impl Remark {
    pub(in crate::extract) const ALL: [Remark; 6] = [
        Remark::Hyphenated,
        Remark::ZeroRepaired,
        Remark::ModulusListed,
        Remark::ModulusElsewhere,
        Remark::MadeUp,
        Remark::Repeated,
    ];

    /// The remark's name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Remark::Hyphenated => "hyphenated",
            Remark::ZeroRepaired => "leading-zero-repaired",
            Remark::ModulusListed => "modulus-11-listed-date",
            Remark::ModulusElsewhere => "modulus-11-elsewhere",
            Remark::MadeUp => "made-up-number",
            Remark::Repeated => "repeated-row",
        }
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
