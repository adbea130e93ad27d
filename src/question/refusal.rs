//! Why a question is not answered: from the question, the programme and the calendar alone, never from a row.

use crate::clock::{Day, Period};
use crate::disclosure::{DimensionError, PeriodError};
use crate::name::{DatasetId, DimensionId, PopulationId, QuestionId};

/// Why a question is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskRefusal {
    /// No such question.
    #[error("no question {asked} is registered; registered are: {}", list(.registered, "none"))]
    Question {
        /// What was asked.
        asked: QuestionId,
        /// What can be.
        registered: Vec<QuestionId>,
    },
    /// A dimension that the question does not have.
    #[error("the question is not registered by {asked}; registered are: {}", list(.registered, "none"))]
    Dimension {
        /// What was asked.
        asked: DimensionId,
        /// What can be.
        registered: Vec<DimensionId>,
    },
    /// A population that the question does not have.
    #[error("the question is not registered for the population {asked}; registered are: {}", list(.registered, "none"))]
    Population {
        /// What was asked.
        asked: PopulationId,
        /// What can be.
        registered: Vec<PopulationId>,
    },
    /// Too many dimensions, or one twice.
    #[error(transparent)]
    Dimensions(#[from] DimensionError),
    /// Quarters outside the programme's.
    #[error("the period {asked} lies outside the programme's {programme}")]
    OutsideProgramme {
        /// What was asked.
        asked: Period,
        /// What can be.
        programme: Period,
    },
    /// Quarters that are still open.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// Quarters that were open when the snapshot was sealed.
    #[error(
        "the data were sealed on {sealed}, before the period {asked} had ended; ask about earlier quarters, or after the next seal"
    )]
    NotSealed {
        /// What was asked.
        asked: Period,
        /// Day of the snapshot.
        sealed: Day,
    },
    /// Days before those that a dataset keeps.
    #[error(
        "the question reads {dataset} from {reads} on, and rows of it are kept from {kept} on; ask about a later period"
    )]
    NotKept {
        /// The dataset.
        dataset: DatasetId,
        /// First day that is read.
        reads: Day,
        /// First day that can be.
        kept: Day,
    },
    /// A table nobody could read.
    #[error(
        "the table would have {cells} cells and {} are answered; leave out a dimension",
        crate::limits::MAX_CELLS
    )]
    TooLarge {
        /// Cells by structure: every combination of codes.
        cells: u64,
    },
}

impl AskRefusal {
    /// The code: stays the same over versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            AskRefusal::Question { .. } => "unknown-question",
            AskRefusal::Dimension { .. } => "unknown-dimension",
            AskRefusal::Population { .. } => "unknown-population",
            AskRefusal::Dimensions(DimensionError::TooMany { .. }) => "too-many-dimensions",
            AskRefusal::Dimensions(DimensionError::Twice(_)) => "dimension-twice",
            AskRefusal::OutsideProgramme { .. } => "period-outside-programme",
            AskRefusal::Period(_) => "period-not-ended",
            AskRefusal::NotSealed { .. } => "period-not-sealed",
            AskRefusal::NotKept { .. } => "period-not-kept",
            AskRefusal::TooLarge { .. } => "table-too-large",
        }
    }

    /// The refusal in Danish.
    #[must_use]
    pub fn danish(&self) -> String {
        match self {
            AskRefusal::Question { asked, registered } => {
                format!(
                    "intet spørgsmål {asked} er registreret; registreret er: {}",
                    list(registered, "ingen")
                )
            }
            AskRefusal::Dimension { asked, registered } => {
                let registered = list(registered, "ingen");
                format!("spørgsmålet er ikke registreret fordelt på {asked}; registreret er: {registered}")
            }
            AskRefusal::Population { asked, registered } => {
                let registered = list(registered, "ingen");
                format!(
                    "spørgsmålet er ikke registreret for populationen {asked}; registreret er: {registered}"
                )
            }
            AskRefusal::Dimensions(DimensionError::TooMany { asked, ceiling }) => format!(
                "der spørges om {asked} dimensioner, og højst {ceiling} besvares; udelad {}",
                asked.saturating_sub(*ceiling)
            ),
            AskRefusal::Dimensions(DimensionError::Twice(twice)) => {
                format!("dimensionen {twice} er nævnt to gange; nævn den én gang")
            }
            AskRefusal::OutsideProgramme { asked, programme } => {
                format!("perioden {asked} ligger uden for programmets {programme}")
            }
            AskRefusal::Period(PeriodError::NotEnded { period, from }) => {
                format!(
                    "der kan ikke spørges om perioden {period} før {from}; slut den med et tidligere kvartal"
                )
            }
            AskRefusal::NotSealed { asked, sealed } => format!(
                "data blev forseglet {sealed}, før perioden {asked} var slut; spørg om tidligere kvartaler, eller efter næste forsegling"
            ),
            AskRefusal::NotKept { dataset, reads, kept } => format!(
                "spørgsmålet læser {dataset} fra {reads}, og rækker deraf er bevaret fra {kept}; spørg om en senere periode"
            ),
            AskRefusal::TooLarge { cells } => format!(
                "tabellen ville have {cells} celler, og højst {} besvares; udelad en dimension",
                crate::limits::MAX_CELLS
            ),
        }
    }
}

fn list<T: AsRef<str>>(names: &[T], none: &str) -> String {
    match names {
        [] => none.to_owned(),
        names => names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
    }
}
