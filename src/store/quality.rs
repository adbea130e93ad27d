//! What the quality report showed of numbers of rows.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, signed, unsigned};
use crate::name::{DatasetId, PartnerId};

/// A count of rows in a report that is being made.
#[derive(Clone, Copy, Debug)]
pub struct HeldRows<'a> {
    /// The partner.
    pub partner: &'a PartnerId,
    /// The dataset.
    pub dataset: &'a DatasetId,
    /// Which count.
    pub figure: &'a str,
    /// The true number of rows.
    pub rows: u64,
    /// What would be shown of it now; `None` when hidden.
    pub shown: Option<u64>,
}

impl Store {
    /// What is shown of counts of rows: of each what was shown before, while its true number is no more than `held` from
    /// the one that this was made of, else what would be shown now, from here on. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hold_rows(&self, counts: &[HeldRows<'_>], held: u64) -> Result<Vec<Option<u64>>, StoreError> {
        const WHAT: &str = "the counts of rows that were shown";
        self.write(|tx| {
            let mut known = tx.prepare_cached(
                "SELECT rows, shown FROM quality_rows WHERE partner = ?1 AND dataset = ?2 AND figure = ?3",
            )?;
            let mut keep = tx.prepare_cached(
                "INSERT INTO quality_rows (partner, dataset, figure, rows, shown) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (partner, dataset, figure) DO UPDATE SET rows = excluded.rows, shown = excluded.shown",
            )?;
            let mut shown = Vec::with_capacity(counts.len());
            for count in counts {
                let (partner, dataset) = (count.partner.as_str(), count.dataset.as_str());
                let before: Option<(i64, Option<i64>)> = known
                    .query_row(params![partner, dataset, count.figure], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                if let Some((rows, before)) = before
                    && unsigned(rows, WHAT)?.abs_diff(count.rows) <= held
                {
                    shown.push(before.map(|before| unsigned(before, WHAT)).transpose()?);
                    continue;
                }
                let (rows, now) = (signed(count.rows), count.shown.map(signed));
                keep.execute(params![partner, dataset, count.figure, rows, now])?;
                shown.push(count.shown);
            }
            Ok(shown)
        })
    }
}
