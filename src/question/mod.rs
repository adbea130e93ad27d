//! The closed question language, and the kernels that count.
//!
//! An [`Ask`] names a registered question; [`plan()`] holds it against the programme, the calendar and the snapshot; a
//! [`Plan`] says what it reads, for which purpose; [`count`] reads it, one pass over persons, and gives a
//! [`Tabulation`](crate::disclosure::Tabulation) for `disclosure` to release. One kernel, one file:
//!
//! | question | file | cells |
//! | --- | --- | --- |
//! | Q1 reach | `reach` | persons by their index row |
//! | Q3 funnel | `funnel` | persons by their index row and the steps that they came to |
//! | Q5 attrition | `attrition` | how far units came, and why they left |
//! | Q2, Q7, Q21 criteria, share, fidelity | `criteria` | units of which a condition can be told, and those that meet it |
//! | Q11-Q14 change | `change` | units by their rating or scale at several moments |
//! | Q8 overlap | `overlap` | persons known at each partner, each two, each three |
//! | Q17 amounts | `amount` | sums in a window around the index |
//! | Q18 net budget effect | `budget` | sums before and after, and a table derived from them |
//! | Q19 comparison | `comparison` | two cohorts, and the difference |
//! | Q22 activity | `activity` | units and staff, quarter by quarter |
//! | Q23 consent | `consents` | persons by what they said |
//! | Q24 linkage quality | `quality` | persons per partner and dataset, and those known elsewhere |
//!
//! The engine under them: a [`Reading`] says, as a bit a row, what may be read; `grouped` copies rows into the order of
//! cases or pairs where these are the units; [`Prepared`] is both, and [`Shelf`] keeps them between questions. `count`
//! shares the units among threads in parts, and `table` puts the parts together in the order of units, so that no answer
//! depends on the number of threads. A kernel says which cells lie in one another (`Kernel::also`) or are intersections
//! (`Kernel::meets`), and puts a unit once. It says too whose rows a cell follows besides the index row
//! (`Kernel::follows`), from which `crossing` tells the cells that cross partners.
//!
//! Must never: answer what is not registered; read a row that consent does not permit; give out a count (a tabulation
//! has no `Debug`, and only `disclosure` opens it); refuse or order anything by what the rows hold. Callers: the
//! service's question handlers.

mod activity;
mod amount;
mod ask;
mod attrition;
mod axis;
mod bits;
mod budget;
mod change;
mod coarser;
mod comparison;
mod consents;
mod count;
mod criteria;
mod crossing;
mod events;
#[cfg(test)]
mod example;
mod families;
mod follow_up;
mod funnel;
mod grouped;
mod index;
mod item;
mod kernel;
mod kernels;
#[cfg(test)]
mod made_up;
mod meets;
mod offered;
mod overlap;
mod payment;
mod plan;
mod prepared;
mod quality;
mod reach;
mod reading;
mod refusal;
mod rows;
mod shelf;
mod sources;
mod staff;
mod table;
mod tally;
mod timeline;

pub use ask::Ask;
pub use consents::{count_consents, count_consents_of};
pub use count::{CountError, Progress, count, count_prepared};
pub use index::INDEX_RULE;
pub use kernel::Chart;
pub use offered::{Offered, offered};
pub use plan::{CodeLabel, Label, Plan, plan};
pub use prepared::Prepared;
pub use reading::Reading;
pub use refusal::AskRefusal;
pub use shelf::{Permitting, Shelf};
