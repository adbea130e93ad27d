//! What was shown: the release ledger, and answers to be served again as they were.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, signed, unsigned};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;

/// A line of the release ledger as columns, to and from which `disclosure` turns its entries. Exactly one of `contributors`
/// and `tied_to` is present. No `Debug`: it holds persons.
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Position, from 1 without gaps.
    pub seq: u64,
    /// The question.
    pub question_key: String,
    /// The cell within it.
    pub cell_key: String,
    /// What the figures measure.
    pub measure: String,
    /// The snapshot that was counted when the line was made: for a set, that of first release.
    pub snapshot: u32,
    /// The set, in the portable Roaring format.
    pub contributors: Option<Vec<u8>>,
    /// The entry whose value the cell shows.
    pub tied_to: Option<u64>,
    /// With a tie: whether the cell's own set equalled that entry's.
    pub exact: Option<bool>,
    /// Whether the cell was hidden to cover others, whatever its set would show.
    pub covered: bool,
    /// What is shown for the set, whole numbers with a space between; absent when it was shown as hidden.
    pub figures: Option<String>,
}

/// Which answer: the canonical question, and what it was answered from (snapshot, consent, rules, day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerKey {
    /// Digest of the canonical question.
    pub question: Sha256Hex,
    /// Digest of what it was answered from.
    pub basis: Sha256Hex,
}

impl Store {
    /// Every line of the ledger, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Vec<LedgerRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT seq, question_key, cell_key, measure, snapshot, contributors, tied_to, exact, figures, covered
                 FROM ledger ORDER BY seq",
            )?;
            let mut rows = query.query([])?;
            let mut ledger = Vec::new();
            while let Some(row) = rows.next()? {
                let tied_to: Option<i64> = row.get(6)?;
                ledger.push(LedgerRow {
                    seq: unsigned(row.get(0)?, "the release ledger")?,
                    question_key: row.get(1)?,
                    cell_key: row.get(2)?,
                    measure: row.get(3)?,
                    snapshot: row.get(4)?,
                    contributors: row.get(5)?,
                    tied_to: tied_to.map(|n| unsigned(n, "the release ledger")).transpose()?,
                    exact: row.get(7)?,
                    figures: row.get(8)?,
                    covered: row.get(9)?,
                });
            }
            Ok(ledger)
        })
    }

    /// The keys of all questions that were answered, ascending.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answered_questions(&self) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare("SELECT question_key FROM answered ORDER BY question_key")?;
            let keys = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
            Ok(keys)
        })
    }

    /// Makes the ledger lines of an answer, under its question's key, and its place in the audit chain durable, before the answer leaves.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when a line's position is taken: another answer came first.
    pub fn commit_release(
        &self,
        now: Timestamp,
        actor: &Actor,
        (question_key, rows): (&str, &[LedgerRow]),
        subject: Subject,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            insert(tx, rows)?;
            tx.execute(
                "INSERT INTO answered (question_key) VALUES (?1) ON CONFLICT DO NOTHING",
                [question_key],
            )?;
            let entry = NewEntry { actor, at: now, deed: Deed::Answered, strand: Strand::Service, subject };
            append(tx, entry).map(|_| ())
        })
    }

    /// Makes ledger lines durable that go before those of an answer and are shown to nobody.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when a line's position is taken.
    pub fn commit_margins(&self, rows: &[LedgerRow]) -> Result<(), StoreError> {
        self.write(|tx| insert(tx, rows))
    }

    /// Keeps an answer's body, to be served again verbatim. An answer that is there already stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_answer(&self, now: Timestamp, key: AnswerKey, body: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO answers (question_sha256, basis_sha256, answered_at, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![key.question.as_bytes(), key.basis.as_bytes(), now.millis(), body],
            )?;
            Ok(())
        })
    }

    /// The answer kept for a question and what it was answered from.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn kept_answer(&self, key: AnswerKey) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            let found = db.query_row(
                "SELECT body FROM answers WHERE question_sha256 = ?1 AND basis_sha256 = ?2",
                params![key.question.as_bytes(), key.basis.as_bytes()],
                |row| row.get(0),
            );
            Ok(found.optional()?)
        })
    }
}

/// Lines of the ledger, in order.
fn insert(tx: &Transaction<'_>, rows: &[LedgerRow]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger (seq, question_key, cell_key, measure, snapshot, contributors, tied_to, exact, figures, covered)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for row in rows {
        insert.execute(params![
            signed(row.seq),
            row.question_key,
            row.cell_key,
            row.measure,
            row.snapshot,
            row.contributors,
            row.tied_to.map(signed),
            row.exact,
            row.figures,
            row.covered
        ])?;
    }
    Ok(())
}
