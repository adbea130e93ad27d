//! Disclosure control: the only way a count leaves the service.
//!
//! A counting kernel hands in a [`Tabulation`] of unprotected cells. [`release`](release()) applies the rules of
//! `docs/DISCLOSURE.md` in one visible order and gives a [`Pending`] answer with the ledger entries it needs;
//! [`Ledger::commit`] makes those durable first and only then hands out [`Released`]. No other function builds one.
//!
//! One rule, one file:
//!
//! | rule | file |
//! | --- | --- |
//! | R1 small cells, R2 one mark | `threshold`, `shown` |
//! | R3 rounding | `rounding` |
//! | R4 rates | `rate` |
//! | R5 totals | `total` |
//! | R5 cover, audit | `lattice`, `cover`, `protect`, `joint`, `audit` |
//! | R6 dimensions, margins | `dimensions`, `margins` |
//! | R7 periods | `period` |
//! | R8 ledger, R9 across snapshots | `ledger` |
//! | R10 tables that cross partners | `crossing` |
//! | R11 sums | `amount` |
//! | R12 means, R13 medians | `mean`, `median` |
//! | R14 time to event | `survival` |
//! | R15 what an answer carries | `explanation`, `interval` |
//! | R16 payment | `payment` |
//!
//! `switches` has the rules by number; single ones can be switched off where no service can be started.
//!
//! Must never: log, print or serialise an unprotected count or a set of persons; decide from a hidden value what a
//! reader can see, outside R1 and R8; ask the time or a store. Callers: the service's question handlers alone.

mod amount;
pub mod audit;
mod cover;
mod crossing;
mod dimensions;
mod entry;
mod explanation;
mod extra;
mod figure;
mod form;
mod interval;
mod joint;
mod lattice;
mod layout;
mod ledger;
mod margins;
mod mean;
mod median;
mod payment;
mod period;
mod protect;
mod rate;
mod release;
mod rounding;
mod rules;
mod settling;
mod shown;
mod survival;
mod switches;
mod table;
mod tabulation;
mod threshold;
mod total;

pub use dimensions::{DimensionError, Dimensions};
pub use entry::{Entry, EntryError};
pub(crate) use explanation::by_words;
pub use explanation::{Coarser, Reason, ReasonWords};
pub use figure::{Figure, FigureKind, Head};
pub use ledger::{
    Checked, CommitError, Finding, Ledger, LedgerCheck, LedgerComparison, LedgerError, Opening, Sets,
};
pub use payment::{SettlementError, banding, settle_banded, settle_verified};
pub use period::{EndedPeriod, PeriodError};
pub use rate::Rate;
pub use release::{Pending, ReleaseContext, ReleaseError, Released, release};
pub use rules::{FloorError, PROFILE, RULES_VERSION, Rules, Settings};
pub use shown::Shown;
pub use switches::Rule;
pub use table::{Row, Table};
pub use tabulation::{
    Contribution, Counted, Crossing, Extra, ExtraHead, FamilyOf, Incidence, Moments, PersonSet, RawCell,
    Shape, Tabulation,
};
pub use total::Totals;
