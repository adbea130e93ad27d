//! The log of answers: who was given what, when, and how much of it was shown. It holds nothing that the answers
//! themselves do not tell, so whoever reads it learns no more than those who asked.
//!
//! A line is entered with the ledger's lines, before its answer is made, and completed in the transaction that keeps the
//! answer, before it leaves. A line without an answer's digest is of one that was never handed out.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::digest::Sha256Hex;
use crate::name::{OrganisationId, QuestionId};

/// What was given: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// An answer to a question.
    Answer,
    /// A standing report, made at a seal.
    ReportMade,
    /// A standing report, read.
    ReportRead,
    /// A statement of payment, made.
    StatementMade,
    /// A statement of payment, asked for again.
    StatementRead,
    /// All statements of payment of an organisation.
    StatementsListed,
}

impl Given {
    const ALL: [Given; 6] = [
        Given::Answer,
        Given::ReportMade,
        Given::ReportRead,
        Given::StatementMade,
        Given::StatementRead,
        Given::StatementsListed,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Given::Answer => "answer",
            Given::ReportMade => "report-made",
            Given::ReportRead => "report-read",
            Given::StatementMade => "statement-made",
            Given::StatementRead => "statement-read",
            Given::StatementsListed => "statements-listed",
        }
    }

    fn parse(text: &str) -> Result<Given, StoreError> {
        Given::ALL.into_iter().find(|given| given.as_str() == text).ok_or(StoreError::Damaged(LOG))
    }
}

const LOG: &str = "the log of answers";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What was given.
    pub given: Given,
    /// For whom it was counted.
    pub recipient: OrganisationId,
    /// The question; none where all of a kind were listed.
    pub question: Option<String>,
    /// Dimensions, ascending.
    pub by: Vec<String>,
    /// Population.
    pub population: Option<String>,
    /// Quarters.
    pub period: Option<String>,
    /// The snapshot that it was answered from.
    pub snapshot: Option<u32>,
    /// Profile and version of the rules.
    pub rules: Option<String>,
}

/// What an answer tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Rows shown and rows hidden; none of what is no table.
    pub rows: Option<(u64, u64)>,
    /// The answer's own digest: the one that stands in it.
    pub sha256: Sha256Hex,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What for.
    pub asked: Asked,
    /// What it told; none when it was not handed out.
    pub told: Option<Told>,
    /// Whether the same text had been given to the same recipient before.
    pub again: bool,
}

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFilter {
    /// Before this line; none for the newest.
    pub before: Option<u64>,
    /// Of this question.
    pub question: Option<QuestionId>,
    /// Of this day (UTC) and later.
    pub since: Option<Day>,
    /// Of this day (UTC) and earlier.
    pub until: Option<Day>,
    /// Counted for this organisation.
    pub recipient: Option<OrganisationId>,
}

/// Enters a line within a transaction; its number.
pub(super) fn enter(
    tx: &Transaction<'_>,
    at: Timestamp,
    actor: &Actor,
    asked: &Asked,
) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO answer_log (at, organisation, principal, recipient, given, question, dimensions, population, period,
                                 snapshot, rules)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            at.millis(),
            actor.organisation.as_str(),
            actor.principal.as_str(),
            asked.recipient.as_str(),
            asked.given.as_str(),
            asked.question,
            asked.by.join(","),
            asked.population,
            asked.period,
            asked.snapshot,
            asked.rules,
        ],
    )?;
    unsigned(tx.last_insert_rowid(), LOG)
}

/// Completes a line within a transaction. Whether the text was given before is read off the log itself, and not off what
/// the service keeps: the one is known to who asked, the other depends on consents that came in between.
pub(super) fn complete(tx: &Transaction<'_>, seq: u64, told: &Told) -> Result<(), StoreError> {
    let (shown, hidden) = told.rows.map(|(shown, hidden)| (signed(shown), signed(hidden))).unzip();
    tx.execute(
        "UPDATE answer_log SET shown = ?2, hidden = ?3, sha256 = ?4, again = EXISTS (
             SELECT 1 FROM answer_log AS earlier
             WHERE earlier.sha256 = ?4 AND earlier.recipient = answer_log.recipient AND earlier.seq < ?1)
         WHERE seq = ?1",
        params![signed(seq), shown, hidden, told.sha256.as_bytes()],
    )?;
    Ok(())
}

impl Store {
    /// Enters that something made earlier was given once more, in the audit chain and in the log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_given(
        &self,
        at: Timestamp,
        actor: &Actor,
        (deed, subject): (Deed, Subject),
        (asked, told): (&Asked, Option<&Told>),
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let seq = enter(tx, at, actor, asked)?;
            if let Some(told) = told {
                complete(tx, seq, told)?;
            }
            append(tx, NewEntry { actor, at, deed, strand: Strand::Service, subject }).map(|_| ())
        })
    }

    /// Lines of the log, newest first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answer_log(&self, filter: &AnswerFilter, limit: u32) -> Result<Vec<AnswerRow>, StoreError> {
        let before = filter.before.map_or(i64::MAX, signed);
        let since = filter.since.map_or(i64::MIN, |day| Timestamp::at_start_of(day).millis());
        let until = filter.until.map_or(i64::MAX, |day| Timestamp::at_start_of(day.plus(1)).millis());
        let question = filter.question.as_ref().map(QuestionId::as_str);
        let recipient = filter.recipient.as_ref().map(OrganisationId::as_str);
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT seq, at, organisation, principal, recipient, given, question, dimensions, population, period,
                        snapshot, rules, shown, hidden, sha256, again
                 FROM answer_log WHERE seq < ?1 AND at >= ?2 AND (?3 IS NULL OR question = ?3)
                 AND at < ?5 AND (?6 IS NULL OR recipient = ?6)
                 ORDER BY seq DESC LIMIT ?4",
            )?;
            let mut rows = query.query(params![before, since, question, limit, until, recipient])?;
            let mut lines = Vec::new();
            while let Some(row) = rows.next()? {
                let text = |at: usize| row.get::<_, String>(at);
                let number = |at: usize| -> Result<Option<u64>, StoreError> {
                    row.get::<_, Option<i64>>(at)?.map(|number| unsigned(number, LOG)).transpose()
                };
                let sha256 = row.get::<_, Option<Vec<u8>>>(14)?.map(|blob| fixed(&blob, LOG)).transpose()?;
                let rows = number(12)?.zip(number(13)?);
                let by = text(7)?;
                lines.push(AnswerRow {
                    seq: unsigned(row.get(0)?, LOG)?,
                    at: Timestamp::from_millis(row.get(1)?),
                    actor: Actor { organisation: stored(&text(2)?, LOG)?, principal: stored(&text(3)?, LOG)?, person: None },
                    asked: Asked {
                        given: Given::parse(&text(5)?)?,
                        recipient: stored(&text(4)?, LOG)?,
                        question: row.get(6)?,
                        by: by.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
                        population: row.get(8)?,
                        period: row.get(9)?,
                        snapshot: row.get(10)?,
                        rules: row.get(11)?,
                    },
                    told: sha256.map(|bytes| Told { rows, sha256: Sha256Hex::from_bytes(bytes) }),
                    again: row.get(15)?,
                });
            }
            Ok(lines)
        })
    }
}
