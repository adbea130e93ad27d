//! The release ledger over the store: its lines are read once, its sets when they have to be compared. And what the
//! operator's commands see of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::start::rules_of;
use super::{Service, ServiceError};
use crate::disclosure::{Checked, Ledger, LedgerCheck, Sets};
use crate::store::{Store, StoreError, WithSets};

impl Sets for Store {
    fn stored_set(&self, seq: u64) -> Option<Vec<u8>> {
        self.ledger_set(seq).ok().flatten()
    }
}

impl Service {
    /// The release ledger: the one that was kept, or read from the store. The caller takes it out and puts it back, so
    /// that a failure in between leads to reading it again.
    pub(super) fn ledger(&self, kept: Option<Ledger>) -> Result<Ledger, ServiceError> {
        if let Some(ledger) = kept {
            return Ok(ledger);
        }
        let sets: Arc<dyn Sets> = Arc::clone(&self.store) as _;
        let mut opening = Ledger::opening(self.rules.held(), sets);
        self.store.each_ledger_line(WithSets::Unless(opening.sketched()), |line| {
            opening
                .add(&line)
                .map_err(|_| StoreError::Damaged("the release ledger; `koblingd ledger check` says where"))
        })?;
        Ok(opening.finish())
    }
}

/// Whose value a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// Its own: its set was entered.
    Own,
    /// That of an equal set.
    Equal,
    /// That of a set a few persons away (R8, R9).
    Held,
}

/// A cell of the ledger, as it is tied now. No set, no person, no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerCell {
    /// The question's key.
    pub question: String,
    /// What is measured.
    pub measure: String,
    /// The cell's key.
    pub cell: String,
    /// Whether a value is shown.
    pub shown: bool,
    /// The snapshot of first release of what is shown, or shown as hidden.
    pub snapshot: u32,
    /// Whose value it is.
    pub whose: Whose,
}

/// Every cell that was ever released, by question, measure and cell.
///
/// # Errors
/// [`ServiceError::Store`], also when a line is tied to no set.
pub fn ledger_cells(store: &Store) -> Result<Vec<LedgerCell>, ServiceError> {
    let mut sets: HashMap<u64, (bool, u32)> = HashMap::new();
    let mut cells = BTreeMap::new();
    let damaged = || ServiceError::Store(StoreError::Damaged("the release ledger"));
    store.each_ledger_line(WithSets::None, |line| {
        let (to, whose) = match (line.tied_to, line.exact) {
            (Some(to), Some(true)) => (to, Whose::Equal),
            (Some(to), _) => (to, Whose::Held),
            (None, _) => {
                sets.insert(line.seq, (line.figures.is_some(), line.snapshot));
                (line.seq, Whose::Own)
            }
        };
        let (shown, snapshot) = *sets.get(&to).ok_or_else(damaged)?;
        cells.insert((line.question_key, line.measure, line.cell_key), (shown, snapshot, whose));
        Ok::<(), ServiceError>(())
    })?;
    let cell = |((question, measure, cell), (shown, snapshot, whose))| LedgerCell {
        question,
        measure,
        cell,
        shown,
        snapshot,
        whose,
    };
    Ok(cells.into_iter().map(cell).collect())
}

/// Reads the whole ledger, twice, and says what is wrong with it.
///
/// # Errors
/// [`ServiceError::Store`] when it cannot be read at all.
pub fn check_ledger(store: &Arc<Store>) -> Result<Checked, ServiceError> {
    let rules = rules_of(&store.in_force()?.programme)?;
    let mut check = LedgerCheck::new(&rules, Arc::clone(store) as _);
    store.each_ledger_line(WithSets::All, |line| {
        check.line(&line);
        Ok::<(), StoreError>(())
    })?;
    let mut comparison = check.compare();
    store.each_ledger_line(WithSets::All, |line| {
        comparison.line(&line);
        Ok::<(), StoreError>(())
    })?;
    Ok(comparison.finish())
}
