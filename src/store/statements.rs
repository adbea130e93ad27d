//! What is made once and served again as it was: statements of payment, and standing reports.

use rusqlite::{OptionalExtension as _, params};

use super::answers::{Asked, Told, complete, enter};
use super::chain::{NewEntry, append};
use super::{Store, StoreError};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::name::{OrganisationId, QuestionId};

/// A statement of payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// The question.
    pub question: String,
    /// First and last day of the period.
    pub days: (Day, Day),
    /// Who had it made.
    pub payer: String,
    /// When.
    pub made_at: Timestamp,
    /// Its text.
    pub body: String,
    /// The service's signature over the text.
    pub signature: String,
}

/// A standing report, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// The question.
    pub question: String,
    /// The quarter.
    pub quarter: String,
    /// When it was made.
    pub made_at: Timestamp,
}

impl Store {
    /// Every statement made for a question, by period.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn statements(&self, question: &QuestionId) -> Result<Vec<StatementRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT question, first_day, last_day, payer, made_at, body, signature FROM statements
                 WHERE question = ?1 ORDER BY first_day, last_day",
            )?;
            let mut rows = query.query([question.as_str()])?;
            let mut statements = Vec::new();
            while let Some(row) = rows.next()? {
                statements.push(StatementRow {
                    question: row.get(0)?,
                    days: (Day::from_days(row.get(1)?), Day::from_days(row.get(2)?)),
                    payer: row.get(3)?,
                    made_at: Timestamp::from_millis(row.get(4)?),
                    body: row.get(5)?,
                    signature: row.get(6)?,
                });
            }
            Ok(statements)
        })
    }

    /// Keeps a statement for good, with its place in the audit chain and its line of the log of answers.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one for the period, or for one that shares a day with it.
    pub fn keep_statement(
        &self,
        actor: &Actor,
        row: &StatementRow,
        subject: Subject,
        (asked, told): (&Asked, &Told),
    ) -> Result<(), StoreError> {
        let (first, last) = (row.days.0.days(), row.days.1.days());
        self.write(|tx| {
            let taken: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM statements WHERE question = ?1 AND first_day <= ?3 AND last_day >= ?2)",
                params![row.question, first, last],
                |row| row.get(0),
            )?;
            if taken {
                return Err(StoreError::Conflict("a statement was made for these days before"));
            }
            tx.execute(
                "INSERT INTO statements (question, first_day, last_day, payer, made_at, body, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![row.question, first, last, row.payer, row.made_at.millis(), row.body, row.signature],
            )?;
            let entry =
                NewEntry { actor, at: row.made_at, deed: Deed::PaymentStated, strand: Strand::Service, subject };
            append(tx, entry)?;
            let line = enter(tx, row.made_at, actor, asked)?;
            complete(tx, line, told)
        })
    }

    /// The standing reports for a recipient, by question and quarter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports(&self, recipient: &OrganisationId) -> Result<Vec<ReportRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT question, quarter, made_at FROM reports WHERE recipient = ?1 ORDER BY question, quarter",
            )?;
            let mut rows = query.query([recipient.as_str()])?;
            let mut reports = Vec::new();
            while let Some(row) = rows.next()? {
                let made_at = Timestamp::from_millis(row.get(2)?);
                reports.push(ReportRow { question: row.get(0)?, quarter: row.get(1)?, made_at });
            }
            Ok(reports)
        })
    }

    /// The text of a standing report.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report(
        &self,
        question: &str,
        quarter: &str,
        recipient: &OrganisationId,
    ) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            let found = db.query_row(
                "SELECT body FROM reports WHERE question = ?1 AND quarter = ?2 AND recipient = ?3",
                params![question, quarter, recipient.as_str()],
                |row| row.get(0),
            );
            Ok(found.optional()?)
        })
    }

    /// Keeps a standing report. One that is there already stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_report(
        &self,
        now: Timestamp,
        (question, quarter): (&str, &str),
        recipient: &OrganisationId,
        body: &str,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO reports (question, quarter, recipient, made_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
                params![question, quarter, recipient.as_str(), now.millis(), body],
            )?;
            Ok(())
        })
    }
}
