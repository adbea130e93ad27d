//! What a line can be listed for: a reason or a remark.

use std::fmt;

use super::{Reason, Remark};
use crate::language::{Language, Spoken};

/// A reason, for which a row is left out, or a remark, with which it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// Left out.
    Reason(Reason),
    /// Sent all the same.
    Remark(Remark),
}

impl Matter {
    /// The matter of a name in manifests; `None` for a name that no current program writes.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Matter> {
        let reasons = Reason::ALL.into_iter().map(Matter::Reason);
        reasons.chain(Remark::ALL.into_iter().map(Matter::Remark)).find(|matter| matter.code() == code)
    }

    /// Its name in manifests and scripts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Matter::Reason(reason) => reason.code(),
            Matter::Remark(remark) => remark.code(),
        }
    }

    /// Whether rows are left out for it.
    #[must_use]
    pub const fn rejects(self) -> bool {
        matches!(self, Matter::Reason(_))
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self, language: Language) -> &'static str {
        match self {
            Matter::Reason(reason) => reason.advice(language),
            Matter::Remark(remark) => remark.advice(language),
        }
    }
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Matter::Reason(reason) => reason.fmt(f),
            Matter::Remark(remark) => remark.fmt(f),
        }
    }
}

impl Spoken for Matter {
    fn danish(&self) -> String {
        match self {
            Matter::Reason(reason) => reason.danish(),
            Matter::Remark(remark) => remark.danish(),
        }
    }
}
