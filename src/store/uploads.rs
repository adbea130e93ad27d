//! Uploads and the packages that they become.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, fixed, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Head, Item, Receipt, SignedReceipt, Strand, Subject};
use crate::clock::{Period, Timestamp};
use crate::digest::Sha256Hex;
use crate::limits;
use crate::name::{DatasetId, PartnerId};

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Blocks are still to come.
    Open,
    /// A package, received whole.
    Complete,
    /// A package of consents or aliases, received whole: its rows are recorded, and nothing of it is staged.
    Recorded,
    /// A newer package of the same dataset and period took its place at a seal.
    Replaced,
    /// Withdrawn by the partner.
    Withdrawn,
    /// Given up by the partner before it was whole.
    Aborted,
    /// Dropped because nothing reached it for long.
    Expired,
    /// Refused for how many persons it is about, when it was whole: nothing of it is staged.
    Refused,
}

impl UploadState {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            UploadState::Open => "open",
            UploadState::Complete => "complete",
            UploadState::Recorded => "recorded",
            UploadState::Replaced => "replaced",
            UploadState::Withdrawn => "withdrawn",
            UploadState::Aborted => "aborted",
            UploadState::Expired => "expired",
            UploadState::Refused => "refused",
        }
    }

    /// Whether a receipt was given, and the package not withdrawn since.
    #[must_use]
    pub const fn is_package(self) -> bool {
        matches!(self, UploadState::Complete | UploadState::Replaced)
    }
}

impl std::str::FromStr for UploadState {
    type Err = ();

    fn from_str(text: &str) -> Result<UploadState, ()> {
        let all = [
            UploadState::Open,
            UploadState::Complete,
            UploadState::Recorded,
            UploadState::Replaced,
            UploadState::Withdrawn,
            UploadState::Aborted,
            UploadState::Expired,
            UploadState::Refused,
        ];
        all.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What opens an upload. Signature and manifest are verified already.
#[derive(Clone, Copy, Debug)]
pub struct NewUpload<'a> {
    /// A fresh id: 32 hexadecimal characters.
    pub id: &'a str,
    /// Whose.
    pub partner: &'a PartnerId,
    /// Of which dataset.
    pub dataset: &'a DatasetId,
    /// Of which quarters.
    pub period: Period,
    /// Bytes of `data.csv`.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// The manifest as it was signed.
    pub manifest: &'a [u8],
    /// Its signature, as text.
    pub signature: &'a str,
    /// Short name of the key that made it.
    pub fingerprint: &'a str,
}

/// What makes a package of an upload.
#[derive(Clone, Copy, Debug)]
pub struct Completed<'a> {
    /// The upload's id.
    pub id: &'a str,
    /// Rows staged.
    pub stored: u64,
    /// Different persons of it.
    pub persons: u64,
    /// Those that no package of the partner and dataset told of before it.
    pub brought: u64,
    /// What is unusual about it.
    pub remark: Option<&'a str>,
}

/// An upload.
#[derive(Clone, Debug)]
pub struct UploadRow {
    /// Id.
    pub id: String,
    /// Whose.
    pub partner: PartnerId,
    /// Where it stands.
    pub state: UploadState,
    /// When a block, or the opening, last reached it.
    pub touched_at: Timestamp,
    /// Bytes of `data.csv`.
    pub bytes: u64,
    /// The manifest as it was signed.
    pub manifest: Vec<u8>,
    /// The receipt, once complete.
    pub receipt: Option<SignedReceipt>,
    /// The staged file in force.
    pub staged: StagedName,
}

/// Name of a staged file: the upload's id, and behind it how often its rows were written anew because some were erased.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StagedName(String);

impl StagedName {
    /// The name of an upload's file after so many erasures.
    #[must_use]
    pub fn new(id: &str, generation: u32) -> StagedName {
        StagedName(if generation == 0 { id.to_owned() } else { format!("{id}-{generation}") })
    }

    /// After how many erasures.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.0.split_once('-').and_then(|(_, generation)| generation.parse().ok()).unwrap_or(0)
    }

    /// The file's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of the wish to open an upload.
#[derive(Clone, Debug)]
pub enum OpenedUpload {
    /// It is new.
    New(UploadRow),
    /// The same manifest is open or complete already: this is it.
    Known(UploadRow),
}

/// A package, or an upload on its way, as its partner and the seal see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageRow {
    /// Id.
    pub id: String,
    /// Whose.
    pub partner: PartnerId,
    /// Of which dataset.
    pub dataset: DatasetId,
    /// Of which quarters.
    pub period: Period,
    /// Bytes of `data.csv`.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Rows of them that are staged: those that had a permission on arrival and are not erased. `None` until it is
    /// complete.
    pub stored: Option<u64>,
    /// Rows of them that had a permission on arrival, as the receipt says: the partner has been told. `None` until it is
    /// complete.
    pub kept: Option<u64>,
    /// The staged file in force.
    pub staged: StagedName,
    /// Digest of the manifest.
    pub manifest_sha256: Sha256Hex,
    /// Where it stands.
    pub state: UploadState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it became whole.
    pub completed_at: Option<Timestamp>,
}

const UPLOAD: &str =
    "SELECT id, partner, state, touched_at, bytes, manifest, receipt, generation FROM uploads";
const PACKAGE: &str = "SELECT id, partner, dataset, period, bytes, rows, manifest_sha256, state, opened_at, completed_at, stored, generation, receipt FROM uploads";

type RawUpload = (String, String, String, i64, i64, Vec<u8>, Option<String>, u32);

fn raw(row: &Row<'_>) -> rusqlite::Result<RawUpload> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
    ))
}

fn upload(
    (id, partner, state, touched_at, bytes, manifest, receipt, generation): RawUpload,
) -> Result<UploadRow, StoreError> {
    Ok(UploadRow {
        staged: StagedName::new(&id, generation),
        id,
        partner: stored(&partner, "an upload")?,
        state: state.parse().map_err(|()| StoreError::Damaged("an upload"))?,
        touched_at: Timestamp::from_millis(touched_at),
        bytes: unsigned(bytes, "an upload")?,
        manifest,
        receipt: receipt.map(|text| receipt_of(&text)).transpose()?,
    })
}

/// A stored receipt.
pub(super) fn receipt_of(text: &str) -> Result<SignedReceipt, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged("a receipt"))
}

/// The rows kept that a stored receipt names, if it names any.
fn kept(text: &str) -> Result<Option<u64>, StoreError> {
    let receipt: Option<Receipt> = serde_json::from_str(&receipt_of(text)?.receipt).ok();
    Ok(receipt.and_then(|receipt| match receipt.subject.item("kept") {
        Some(Item::Count(kept)) => Some(*kept),
        _ => None,
    }))
}

/// A receipt as it is stored.
pub(super) fn receipt_text(receipt: &SignedReceipt) -> String {
    serde_json::to_string(receipt).expect("two strings are JSON")
}

fn packages(db: &Connection, sql: &str, of: &[&dyn rusqlite::ToSql]) -> Result<Vec<PackageRow>, StoreError> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(of)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, String>(at);
        let sha256: Vec<u8> = row.get(6)?;
        found.push(PackageRow {
            staged: StagedName::new(&text(0)?, row.get(11)?),
            kept: row.get::<_, Option<String>>(12)?.map(|text| kept(&text)).transpose()?.flatten(),
            stored: row.get::<_, Option<i64>>(10)?.map(|rows| unsigned(rows, "an upload")).transpose()?,
            id: text(0)?,
            partner: stored(&text(1)?, "an upload")?,
            dataset: stored(&text(2)?, "an upload")?,
            period: stored(&text(3)?, "an upload")?,
            bytes: unsigned(row.get(4)?, "an upload")?,
            rows: unsigned(row.get(5)?, "an upload")?,
            manifest_sha256: Sha256Hex::from_bytes(fixed(&sha256, "an upload")?),
            state: text(7)?.parse().map_err(|()| StoreError::Damaged("an upload"))?,
            opened_at: Timestamp::from_millis(row.get(8)?),
            completed_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
        });
    }
    Ok(found)
}

pub(super) fn find(db: &Connection, id: &str) -> Result<Option<UploadRow>, StoreError> {
    db.query_row(&format!("{UPLOAD} WHERE id = ?1"), [id], raw).optional()?.map(upload).transpose()
}

/// Staged files that belong on disk, each with where its upload stands.
pub(super) fn staged_files(db: &Connection) -> Result<Vec<(StagedName, UploadState)>, StoreError> {
    let mut query =
        db.prepare("SELECT id, generation, state FROM uploads WHERE state IN ('open', 'complete')")?;
    let rows = query.query_map([], |row| {
        Ok((StagedName::new(&row.get::<_, String>(0)?, row.get(1)?), row.get::<_, String>(2)?))
    })?;
    rows.map(|row| {
        let (name, state) = row?;
        Ok((name, state.parse().map_err(|()| StoreError::Damaged("an upload"))?))
    })
    .collect()
}

pub(super) fn expect_open(tx: &Transaction<'_>, id: &str) -> Result<UploadRow, StoreError> {
    let found = find(tx, id)?.ok_or(StoreError::NoSuch("upload"))?;
    match found.state {
        UploadState::Open => Ok(found),
        _ => Err(StoreError::Conflict("this upload is no longer open")),
    }
}

impl Store {
    /// Opens an upload, or finds the one of the same manifest.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the partner has too many open.
    pub fn open_upload(
        &self,
        now: Timestamp,
        actor: &Actor,
        new: &NewUpload<'_>,
    ) -> Result<OpenedUpload, StoreError> {
        let sha256 = Sha256Hex::of(new.manifest);
        self.write(|tx| {
            let known = tx
                .query_row(
                    &format!(
                        "{UPLOAD} WHERE partner = ?1 AND manifest_sha256 = ?2
                         AND state IN ('open', 'complete', 'recorded', 'replaced')"
                    ),
                    params![new.partner.as_str(), sha256.as_bytes()],
                    raw,
                )
                .optional()?;
            if let Some(known) = known {
                return upload(known).map(OpenedUpload::Known);
            }
            let open: i64 = tx.query_row(
                "SELECT count(*) FROM uploads WHERE partner = ?1 AND state = 'open'",
                [new.partner.as_str()],
                |row| row.get(0),
            )?;
            if unsigned(open, "an upload")? >= limits::MAX_OPEN_UPLOADS as u64 {
                return Err(StoreError::Conflict(
                    "too many uploads are open; finish some, or give them up with DELETE",
                ));
            }
            tx.execute(
                "INSERT INTO uploads (id, partner, dataset, period, bytes, rows, manifest, manifest_sha256,
                                      signature, fingerprint, opened_at, touched_at, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, 'open')",
                params![
                    new.id,
                    new.partner.as_str(),
                    new.dataset.as_str(),
                    new.period.to_string(),
                    signed(new.bytes),
                    signed(new.rows),
                    new.manifest,
                    sha256.as_bytes(),
                    new.signature,
                    new.fingerprint,
                    now.millis()
                ],
            )?;
            let subject = Subject::new()
                .id("package", new.id)
                .id("dataset", new.dataset)
                .id("period", new.period)
                .digest("manifest", sha256)
                .id("fingerprint", new.fingerprint);
            let strand = Strand::Partner(new.partner.clone());
            append(tx, NewEntry { actor, at: now, deed: Deed::UploadOpened, strand, subject })?;
            find(tx, new.id)?.map(OpenedUpload::New).ok_or(StoreError::NoSuch("upload"))
        })
    }

    /// The upload of an id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn upload(&self, id: &str) -> Result<Option<UploadRow>, StoreError> {
        self.read(|db| find(db, id))
    }

    /// Notes that a block reached an open upload, so that it does not expire.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn touch_upload(&self, now: Timestamp, id: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "UPDATE uploads SET touched_at = max(touched_at, ?2) WHERE id = ?1 AND state = 'open'",
                params![id, now.millis()],
            )?;
            Ok(())
        })
    }

    /// Makes a package of an upload whose every block is durable, with so many rows staged, and the receipt with it. Completing it again gives the
    /// same receipt.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is neither open nor a package.
    pub fn complete_upload(
        &self,
        now: Timestamp,
        actor: &Actor,
        package: Completed<'_>,
        subject: Subject,
        sign: impl FnOnce(Head) -> SignedReceipt,
    ) -> Result<SignedReceipt, StoreError> {
        let Completed { id, stored, persons, brought, remark } = package;
        self.write(|tx| {
            let found = find(tx, id)?.ok_or(StoreError::NoSuch("upload"))?;
            if let Some(receipt) = found.receipt.filter(|_| found.state.is_package()) {
                return Ok(receipt);
            }
            expect_open(tx, id)?;
            let strand = Strand::Partner(found.partner);
            let (head, sequence) =
                append(tx, NewEntry { actor, at: now, deed: Deed::UploadCompleted, strand, subject })?;
            let receipt = sign(head);
            tx.execute(
                "UPDATE uploads SET state = 'complete', touched_at = ?2, completed_at = ?2,
                                    completed_sequence = ?3, receipt = ?4, stored = ?5,
                                    persons = ?6, brought = ?7, remark = ?8 WHERE id = ?1",
                params![
                    id,
                    now.millis(),
                    signed(sequence),
                    receipt_text(&receipt),
                    signed(stored),
                    signed(persons),
                    signed(brought),
                    remark
                ],
            )?;
            Ok(receipt)
        })
    }

    /// Ends an open upload without a package. The caller removes the staged rows afterwards; start-up does when it
    /// could not.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`], [`StoreError::Conflict`] when it is not open.
    pub fn drop_upload(
        &self,
        now: Timestamp,
        actor: &Actor,
        id: &str,
        state: UploadState,
    ) -> Result<(), StoreError> {
        let deed = match state {
            UploadState::Expired => Deed::UploadExpired,
            _ => Deed::UploadAborted,
        };
        let state = if deed == Deed::UploadExpired { UploadState::Expired } else { UploadState::Aborted };
        self.write(|tx| {
            let found = expect_open(tx, id)?;
            tx.execute("UPDATE uploads SET state = ?2 WHERE id = ?1", params![id, state.as_str()])?;
            let (strand, subject) = (Strand::Partner(found.partner), Subject::new().id("package", id));
            append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ())
        })
    }

    /// Withdraws a package. Withdrawing it again gives the same receipt.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`], [`StoreError::Conflict`] when it is no package.
    pub fn withdraw_package(
        &self,
        now: Timestamp,
        actor: &Actor,
        id: &str,
        sign: impl FnOnce(Head) -> SignedReceipt,
    ) -> Result<SignedReceipt, StoreError> {
        self.write(|tx| {
            let found = find(tx, id)?.ok_or(StoreError::NoSuch("package"))?;
            let earlier: Option<String> =
                tx.query_row("SELECT withdrawal FROM uploads WHERE id = ?1", [id], |row| row.get(0))?;
            if let Some(earlier) = earlier {
                return receipt_of(&earlier);
            }
            if found.state == UploadState::Recorded {
                return Err(StoreError::Conflict(
                    "a package of consents stays: send events that withdraw or invalidate them; of one of aliases, ask the steward to reject what waits",
                ));
            }
            if !found.state.is_package() {
                return Err(StoreError::Conflict(
                    "this is no complete package; give the upload up with DELETE",
                ));
            }
            let (strand, subject) = (Strand::Partner(found.partner), Subject::new().id("package", id));
            let entry = NewEntry { actor, at: now, deed: Deed::PackageWithdrawn, strand, subject };
            let receipt = sign(append(tx, entry)?.0);
            // What no seal has read and no later package was held against has brought nobody.
            tx.execute(
                "UPDATE uploads AS u SET state = 'withdrawn', withdrawal = ?2, brought = CASE
                     WHEN EXISTS (SELECT 1 FROM snapshots WHERE sealed_at >= u.completed_at)
                       OR EXISTS (SELECT 1 FROM uploads AS later WHERE later.partner = u.partner
                                  AND later.dataset = u.dataset AND later.completed_sequence > u.completed_sequence)
                     THEN brought ELSE 0 END
                 WHERE id = ?1",
                params![id, receipt_text(&receipt)],
            )?;
            Ok(receipt)
        })
    }

    /// The receipt of a withdrawal; `None` for what was not withdrawn.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn withdrawal_of(&self, id: &str) -> Result<Option<SignedReceipt>, StoreError> {
        let found: Option<Option<String>> = self.read(|db| {
            let row = db.query_row("SELECT withdrawal FROM uploads WHERE id = ?1", [id], |row| row.get(0));
            Ok(row.optional()?)
        })?;
        found.flatten().map(|text| receipt_of(&text)).transpose()
    }

    /// A partner's uploads and packages, in the order in which they were opened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn packages_of(&self, partner: &PartnerId) -> Result<Vec<PackageRow>, StoreError> {
        self.read(|db| {
            packages(
                db,
                &format!("{PACKAGE} WHERE partner = ?1 ORDER BY opened_at, id"),
                &[&partner.as_str()],
            )
        })
    }

    /// Uploads and packages, of every partner, whose rows are staged.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn packages_staged(&self) -> Result<Vec<PackageRow>, StoreError> {
        self.read(|db| {
            packages(
                db,
                &format!("{PACKAGE} WHERE state IN ('open', 'complete') ORDER BY opened_at, id"),
                &[],
            )
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn package_staged(&self, id: &str) -> Result<Option<PackageRow>, StoreError> {
        let one = format!("{PACKAGE} WHERE state IN ('open', 'complete') AND id = ?1");
        self.read(|db| Ok(packages(db, &one, &[&id])?.pop()))
    }

    /// The packages that the next seal reads: of each partner, dataset and period the one completed last. In the order
    /// of partner, dataset and period.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn packages_in_force(&self) -> Result<Vec<PackageRow>, StoreError> {
        self.read(|db| {
            packages(
                db,
                &format!(
                    "{PACKAGE} AS u WHERE state = 'complete' AND NOT EXISTS (
                         SELECT 1 FROM uploads AS later WHERE later.state = 'complete'
                         AND later.partner = u.partner AND later.dataset = u.dataset AND later.period = u.period
                         AND later.completed_sequence > u.completed_sequence)
                     ORDER BY partner, dataset, period"
                ),
                &[],
            )
        })
    }

    /// Staged files that belong on disk: those of open uploads, and of packages that a seal may still read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn staged_files(&self) -> Result<Vec<StagedName>, StoreError> {
        Ok(self.read(staged_files)?.into_iter().map(|(name, _)| name).collect())
    }

    /// The same, each with where its upload stands.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn staged_with_state(&self) -> Result<Vec<(StagedName, UploadState)>, StoreError> {
        self.read(staged_files)
    }

    /// Open uploads of a dataset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_uploads_of(&self, dataset: &DatasetId) -> Result<Vec<UploadRow>, StoreError> {
        self.read(|db| {
            let sql = format!("{UPLOAD} WHERE state = 'open' AND dataset = ?1 ORDER BY opened_at, id");
            let mut query = db.prepare(&sql)?;
            let rows = query.query_map([dataset.as_str()], raw)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(upload).collect()
        })
    }

    /// Ids of open uploads that nothing has reached since `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stale_uploads(&self, before: Timestamp) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare("SELECT id FROM uploads WHERE state = 'open' AND touched_at < ?1")?;
            let ids =
                query.query_map([before.millis()], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            Ok(ids)
        })
    }
}
