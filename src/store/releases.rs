//! What was shown: the release ledger, and answers to be served again as they were.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::answers::{Asked, Told, complete, enter};
use super::chain::{NewEntry, append};
use super::{Store, StoreError, signed, unsigned};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;

/// A line of the release ledger as columns, to and from which `disclosure` turns its entries. It has `contributors`,
/// `persons` and a `sketch`, or `tied_to` and `exact`. No `Debug`: it holds persons.
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
    /// Persons in it.
    pub persons: Option<u64>,
    /// What finds it among others.
    pub sketch: Option<Vec<u8>>,
    /// The entry whose value the cell shows.
    pub tied_to: Option<u64>,
    /// With a tie: whether the cell's own set equalled that entry's.
    pub exact: Option<bool>,
    /// Whether the cell was hidden to cover others, whatever its set would show.
    pub covered: bool,
    /// What is shown for the set, whole numbers with a space between; absent when it was shown as hidden.
    pub figures: Option<String>,
}

/// Which sets are read with the lines of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithSets {
    /// All.
    All,
    /// Those whose sketch begins otherwise.
    Unless([u8; 8]),
    /// None.
    None,
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
    /// Every line of the ledger with its set, in order. For tests and small ledgers: all of it is in memory at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Vec<LedgerRow>, StoreError> {
        let mut ledger = Vec::new();
        self.each_ledger_line(WithSets::All, |row| {
            ledger.push(row);
            Ok::<(), StoreError>(())
        })?;
        Ok(ledger)
    }

    /// Every line of the ledger in order, one at a time. Whether a line's set comes with it, `with` says.
    /// The store is busy meanwhile: `each` may not call it.
    ///
    /// # Errors
    /// [`StoreError`], and those of `each`, which end the reading.
    pub fn each_ledger_line<E: From<StoreError>>(
        &self,
        with: WithSets,
        mut each: impl FnMut(LedgerRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let db = self.db();
        let sql = |error: rusqlite::Error| E::from(StoreError::from(error));
        let mut query = db
            .prepare(
                "SELECT seq, question_key, cell_key, measure, snapshot, persons, sketch, tied_to, exact, figures,
                         covered,
                        CASE WHEN tied_to IS NULL AND ?1 AND substr(sketch, 1, 8) IS NOT ?2
                             THEN (SELECT contributors FROM ledger_sets WHERE ledger_sets.seq = ledger.seq) END
                 FROM ledger ORDER BY seq",
            )
            .map_err(sql)?;
        let (any, sketched) = match with {
            WithSets::All => (true, None),
            WithSets::Unless(sketched) => (true, Some(sketched)),
            WithSets::None => (false, None),
        };
        let mut rows = query.query(params![any, sketched]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            each(line(row)?)?;
        }
        Ok(())
    }

    /// The set of a line of the ledger, as it was written; `None` when there is none under that number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger_set(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached("SELECT contributors FROM ledger_sets WHERE seq = ?1")?;
            Ok(query.query_row([signed(seq)], |row| row.get(0)).optional()?)
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

    /// Makes the ledger lines of an answer, under its question's key, its place in the audit chain, and its line of the log of
    /// answers durable, before the answer leaves. Gives the line's number; what it `told` is known of an answer that is kept.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when a line's position is taken: another answer came first.
    pub fn commit_release(
        &self,
        now: Timestamp,
        actor: &Actor,
        (question_key, rows): (&str, &[LedgerRow]),
        subject: Subject,
        logged: Option<(&Asked, Option<&Told>)>,
    ) -> Result<Option<u64>, StoreError> {
        self.write(|tx| {
            insert(tx, rows)?;
            tx.execute(
                "INSERT INTO answered (question_key) VALUES (?1) ON CONFLICT DO NOTHING",
                [question_key],
            )?;
            let entry = NewEntry { actor, at: now, deed: Deed::Answered, strand: Strand::Service, subject };
            append(tx, entry)?;
            let Some((asked, told)) = logged else { return Ok(None) };
            let line = enter(tx, now, actor, asked)?;
            told.map(|told| complete(tx, line, told)).transpose()?;
            Ok(Some(line))
        })
    }

    /// Makes ledger lines durable that go before those of an answer and are shown to nobody.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when a line's position is taken.
    pub fn commit_margins(&self, rows: &[LedgerRow]) -> Result<(), StoreError> {
        self.write(|tx| insert(tx, rows))
    }

    /// Keeps an answer's body, to be served again verbatim, and completes its line of the log. An answer that is there
    /// already stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_answer(
        &self,
        now: Timestamp,
        key: AnswerKey,
        body: &str,
        logged: Option<(u64, &Told)>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO answers (question_sha256, basis_sha256, answered_at, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![key.question.as_bytes(), key.basis.as_bytes(), now.millis(), body],
            )?;
            logged.map_or(Ok(()), |(line, told)| complete(tx, line, told))
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

fn line(row: &Row<'_>) -> Result<LedgerRow, StoreError> {
    let number = |at: usize| -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = row.get(at)?;
        number.map(|number| unsigned(number, "the release ledger")).transpose()
    };
    Ok(LedgerRow {
        seq: unsigned(row.get(0)?, "the release ledger")?,
        question_key: row.get(1)?,
        cell_key: row.get(2)?,
        measure: row.get(3)?,
        snapshot: row.get(4)?,
        persons: number(5)?,
        sketch: row.get(6)?,
        tied_to: number(7)?,
        exact: row.get(8)?,
        figures: row.get(9)?,
        covered: row.get(10)?,
        contributors: row.get(11)?,
    })
}

/// Lines of the ledger, in order, with their sets.
fn insert(tx: &Transaction<'_>, rows: &[LedgerRow]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger
         (seq, question_key, cell_key, measure, snapshot, persons, sketch, tied_to, exact, figures, covered)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut insert_set = tx.prepare_cached("INSERT INTO ledger_sets (seq, contributors) VALUES (?1, ?2)")?;
    for row in rows {
        insert.execute(params![
            signed(row.seq),
            row.question_key,
            row.cell_key,
            row.measure,
            row.snapshot,
            row.persons.map(signed),
            row.sketch,
            row.tied_to.map(signed),
            row.exact,
            row.figures,
            row.covered
        ])?;
        if let Some(contributors) = &row.contributors {
            insert_set.execute(params![signed(row.seq), contributors])?;
        }
    }
    Ok(())
}
