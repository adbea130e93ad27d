//! Aliases: two links of one person, proposed by a partner, one by one or in a package, and decided on by the steward.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chain::{NewEntry, append};
use super::uploads::{self, UploadState, receipt_text};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, SignedReceipt, Strand, Subject};
use crate::clock::Timestamp;
use crate::limits;
use crate::name::PartnerId;
use crate::programme::ALIASES;
use crate::token::Link;

/// A proposal, or an approved alias. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AliasRow {
    /// Number of the proposal.
    pub id: i64,
    /// Who proposed it.
    pub partner: PartnerId,
    /// The upload that it came with; `None` for one that came alone.
    pub package: Option<String>,
    /// One link.
    pub first: Link,
    /// The other.
    pub second: Link,
    /// When it came.
    pub proposed_at: Timestamp,
    /// When the steward approved it.
    pub approved_at: Option<Timestamp>,
}

/// A package of aliases of which some wait for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasPackageRow {
    /// Its upload.
    pub id: String,
    /// Whose.
    pub partner: PartnerId,
    /// When it was received whole.
    pub received_at: Timestamp,
    /// Aliases in it.
    pub proposals: u64,
    /// Those that wait.
    pub waiting: u64,
}

/// What the steward decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposals<'a> {
    /// A proposal, by its number.
    One(i64),
    /// What waits of a package, by its upload.
    Package(&'a str),
}

/// What the steward decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The links are one person's, from the next seal on.
    Approve,
    /// They are not said to be: the proposal is forgotten.
    Reject,
}

/// Enters a pair, unless the partner has proposed it before; returns the number of a new proposal.
fn insert(
    tx: &Transaction<'_>,
    now: Timestamp,
    partner: &PartnerId,
    package: Option<&str>,
    (one, other): (Link, Link),
) -> Result<Option<i64>, StoreError> {
    if one == other {
        return Err(StoreError::Conflict("these are the same token already"));
    }
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    let mut insert = tx.prepare_cached(
        "INSERT INTO aliases (partner, first, second, proposed_at, package) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (partner, first, second) DO NOTHING",
    )?;
    let new = insert.execute(params![
        partner.as_str(),
        first.as_stored(),
        second.as_stored(),
        now.millis(),
        package
    ])?;
    Ok((new > 0).then(|| tx.last_insert_rowid()))
}

/// Proposals of a partner that wait are limited in number: the steward decides on some before more come.
fn expect_few(tx: &Transaction<'_>, partner: &PartnerId) -> Result<(), StoreError> {
    let open: i64 = tx.query_row(
        "SELECT count(*) FROM aliases WHERE partner = ?1 AND approved_at IS NULL",
        [partner.as_str()],
        |row| row.get(0),
    )?;
    if unsigned(open, "an alias")? > limits::MAX_OPEN_ALIASES {
        return Err(StoreError::Conflict(
            "too many proposed aliases wait; ask the steward to decide on them, and send this again",
        ));
    }
    Ok(())
}

impl Store {
    /// Enters a partner's proposal that two links are one person's; the same again is the same proposal. Returns its
    /// number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when both are the same link, or when too many wait.
    pub fn propose_alias(
        &self,
        now: Timestamp,
        actor: &Actor,
        partner: &PartnerId,
        one: Link,
        other: Link,
    ) -> Result<i64, StoreError> {
        self.write(|tx| {
            let Some(id) = insert(tx, now, partner, None, (one, other))? else {
                let (first, second) = if one < other { (one, other) } else { (other, one) };
                return Ok(tx.query_row(
                    "SELECT id FROM aliases WHERE partner = ?1 AND first = ?2 AND second = ?3",
                    params![partner.as_str(), first.as_stored(), second.as_stored()],
                    |row| row.get(0),
                )?);
            };
            expect_few(tx, partner)?;
            // The number counts over all partners, so it stays out of the partner's own strand.
            let (deed, strand) = (Deed::AliasProposed, Strand::Partner(partner.clone()));
            append(tx, NewEntry { actor, at: now, deed, strand, subject: Subject::new() })?;
            Ok(id)
        })
    }

    /// Enters the aliases of a whole package as proposals and ends its upload with the receipt: all of it is one step, and
    /// there is nothing of it before. Entering it again gives the same receipt. `pairs` are asked for once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the upload is no longer open, or when too many of the partner's wait; whatever
    /// `pairs` gives; [`StoreError::Damaged`] when they are not `aliases`.
    pub fn propose_aliases(
        &self,
        now: Timestamp,
        actor: &Actor,
        id: &str,
        (aliases, subject): (u64, Subject),
        pairs: impl Iterator<Item = Result<(Link, Link), StoreError>>,
        sign: impl FnOnce(Subject, Head) -> SignedReceipt,
    ) -> Result<SignedReceipt, StoreError> {
        self.write(|tx| {
            let found = uploads::find(tx, id)?.ok_or(StoreError::NoSuch("upload"))?;
            if let Some(receipt) = found.receipt.filter(|_| found.state == UploadState::Recorded) {
                return Ok(receipt);
            }
            uploads::expect_open(tx, id)?;
            let (mut taken, mut new) = (0, 0);
            for pair in pairs {
                taken += 1;
                new += u64::from(insert(tx, now, &found.partner, Some(id), pair?)?.is_some());
            }
            if taken != aliases {
                return Err(StoreError::Damaged("staged aliases"));
            }
            expect_few(tx, &found.partner)?;
            // How many are new depends on the partner's own proposals alone.
            let subject = subject.count("aliases", aliases).count("new", new);
            let (deed, strand) = (Deed::AliasProposed, Strand::Partner(found.partner));
            let entry = NewEntry { actor, at: now, deed, strand, subject: subject.clone() };
            let (head, sequence) = append(tx, entry)?;
            let receipt = sign(subject, head);
            tx.execute(
                "UPDATE uploads SET state = 'recorded', touched_at = ?2, completed_at = ?2,
                                    completed_sequence = ?3, receipt = ?4, stored = 0 WHERE id = ?1",
                params![id, now.millis(), signed(sequence), receipt_text(&receipt)],
            )?;
            Ok(receipt)
        })
    }

    /// Decides on proposals; returns how many waited. What is approved takes effect at the next seal; what is rejected is
    /// removed. Deciding the same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] when one that is approved is to be rejected.
    pub fn decide_aliases(
        &self,
        now: Timestamp,
        actor: &Actor,
        which: Proposals<'_>,
        verdict: Verdict,
    ) -> Result<u64, StoreError> {
        self.write(|tx| {
            let (column, key): (&str, &dyn rusqlite::ToSql) = match &which {
                Proposals::One(id) => {
                    let known: Option<Option<i64>> = tx
                        .query_row("SELECT approved_at FROM aliases WHERE id = ?1", [id], |row| row.get(0))
                        .optional()?;
                    match (known, verdict) {
                        (None, _) => return Err(StoreError::NoSuch("proposal")),
                        (Some(Some(_)), Verdict::Approve) => return Ok(0),
                        (Some(Some(_)), Verdict::Reject) => {
                            return Err(StoreError::Conflict("this alias is approved, and stays"));
                        }
                        (Some(None), _) => ("id", id),
                    }
                }
                Proposals::Package(id) => {
                    let known: Option<i64> = tx
                        .query_row(
                            "SELECT 1 FROM uploads WHERE id = ?1 AND dataset = ?2 AND state = 'recorded'",
                            params![id, ALIASES],
                            |row| row.get(0),
                        )
                        .optional()?;
                    known.ok_or(StoreError::NoSuch("package of aliases"))?;
                    ("package", id)
                }
            };
            let waits = format!("{column} = ?1 AND approved_at IS NULL");
            let (deed, decided) = match verdict {
                Verdict::Approve => (
                    Deed::AliasApproved,
                    tx.execute(
                        &format!("UPDATE aliases SET approved_at = ?2 WHERE {waits}"),
                        params![key, now.millis()],
                    )?,
                ),
                Verdict::Reject => (
                    Deed::AliasRejected,
                    tx.execute(&format!("DELETE FROM aliases WHERE {waits}"), params![key])?,
                ),
            };
            if decided == 0 {
                return Ok(0);
            }
            let subject = match which {
                Proposals::One(id) => Subject::new().id("proposal", id),
                Proposals::Package(id) => Subject::new().id("package", id).count("proposals", decided as u64),
            };
            append(tx, NewEntry { actor, at: now, deed, strand: Strand::Service, subject })?;
            Ok(decided as u64)
        })
    }

    /// Packages of aliases of which some wait for a decision, in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn alias_packages(&self) -> Result<Vec<AliasPackageRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT u.id, u.partner, u.completed_at, u.rows, count(*) FROM uploads AS u
                 JOIN aliases AS a ON a.package = u.id AND a.approved_at IS NULL
                 GROUP BY u.id ORDER BY u.completed_sequence",
            )?;
            let mut rows = query.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(AliasPackageRow {
                    id: row.get(0)?,
                    partner: stored(&row.get::<_, String>(1)?, "an alias")?,
                    received_at: Timestamp::from_millis(row.get(2)?),
                    proposals: unsigned(row.get(3)?, "an alias")?,
                    waiting: unsigned(row.get(4)?, "an alias")?,
                });
            }
            Ok(found)
        })
    }

    /// All proposals, approved or not, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn aliases(&self) -> Result<Vec<AliasRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT id, partner, first, second, approved_at, package, proposed_at FROM aliases ORDER BY id",
            )?;
            let mut rows = query.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let link = |at: usize| -> Result<Link, StoreError> {
                    fixed(&row.get::<_, Vec<u8>>(at)?, "an alias").map(Link::from_stored)
                };
                found.push(AliasRow {
                    id: row.get(0)?,
                    partner: stored(&row.get::<_, String>(1)?, "an alias")?,
                    first: link(2)?,
                    second: link(3)?,
                    approved_at: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
                    package: row.get(5)?,
                    proposed_at: Timestamp::from_millis(row.get(6)?),
                });
            }
            Ok(found)
        })
    }
}
