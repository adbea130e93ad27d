//! The programme definition: who takes part, what each may hand over, on which basis, and what may be asked.
//!
//! Read from strict TOML and checked as a whole; every finding names line and field. What a [`Programme`] holds is
//! sound: references resolve, roles are kept apart, bases allow their purposes, and no column is asked for that no
//! registered question, consent or follow-up rule reads.
//!
//! Must never: hold data of persons, or be changed once read. Callers: everyone.

mod check;
mod derive;
mod followup;
mod model;
mod payment;
mod question;
mod raw;

pub use check::Note;
pub use derive::{Derive, Precision, Whose, age_on};
pub use followup::{Followup, FollowupStatus, Shareable, StatusMeaning};
pub use model::{
    Basis, BasisKind, Code, CodeList, Column, ConsentPolicy, Dataset, Dimension, DimensionSource,
    DisclosureSettings, Measure, Notice, Organisation, Partner, PartnerKind, Population, Programme, Purpose,
    Role, Supply, Text,
};
pub use payment::{Banding, Earned, Reachable, Settlement, payment_reach, settle};
pub use question::{
    Amount, AmountView, Audience, Budget, BudgetElement, Change, ChangeView, Cohort, Comparison, Condition,
    Criteria, Event, Filter, FollowUp, Indicator, Item, Outcome, Payment, PaymentMode, Question,
    QuestionKind, Series, SeriesKind, Since, Stage, Test, Unit, View,
};

use sha2::Digest as _;

use crate::language::Spoken;
use crate::limits;

/// Name under which packages of consents go: no dataset has it.
pub const CONSENTS: &str = "consents";
/// Name under which packages of aliases go: no dataset has it.
pub const ALIASES: &str = "aliases";

/// One thing wrong in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The field, as a path: `dataset.forloeb.column.trin.codes`.
    pub field: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.field, self.message),
            line => write!(f, "line {line}, {}: {}", self.field, self.message),
        }
    }
}

/// Everything wrong in a definition, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the programme definition has {} problem(s):\n{}", .0.len(), .0.iter().map(|p| format!("  {p}")).collect::<Vec<_>>().join("\n"))]
pub struct ProgrammeError(pub Vec<Problem>);

/// The findings stay in English: they name fields of the file, and are for the steward, who wrote it.
impl Spoken for ProgrammeError {
    fn danish(&self) -> String {
        let findings: String = self.0.iter().map(|problem| format!("\n  {problem}")).collect();
        format!(
            "programdefinitionen er ikke i orden; brug en frisk kopi, eller send dette til styregruppen (steward). Fund: {}{findings}",
            self.0.len()
        )
    }
}

impl Programme {
    /// Reads and checks a definition.
    ///
    /// # Errors
    /// [`ProgrammeError`] with every finding; a slip of TOML itself is found alone, as reading ends there.
    pub fn parse(text: &str) -> Result<Programme, ProgrammeError> {
        let whole =
            |message: String| ProgrammeError(vec![Problem { line: 0, field: "file".to_owned(), message }]);
        if text.len() > limits::MAX_PROGRAMME_BYTES {
            return Err(whole(format!("larger than {} bytes", limits::MAX_PROGRAMME_BYTES)));
        }
        let raw: raw::File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| line_of(text, span.start));
            ProgrammeError(vec![Problem {
                line,
                field: "syntax".to_owned(),
                message: error.message().to_owned(),
            }])
        })?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(&sha2::Sha256::digest(text.as_bytes()));
        check::check(raw, text, sha256)
    }
}

/// The line, from 1, of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod derive_refusals;
#[cfg(test)]
mod policy_refusals;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
