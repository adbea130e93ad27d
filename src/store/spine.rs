//! The spine: link → person number.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Store, StoreError, fixed};
use crate::token::Link;

/// A link and its person. No `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpineRow {
    /// The link.
    pub link: Link,
    /// The person number, from 1.
    pub number: u32,
}

/// Adds links of a seal; each must be new.
pub(super) fn insert(tx: &Transaction<'_>, rows: &[SpineRow]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached("INSERT INTO spine (link, number) VALUES (?1, ?2)")?;
    for row in rows {
        insert.execute(params![row.link.as_stored(), row.number])?;
    }
    if let Some(highest) = rows.iter().map(|row| row.number).max() {
        tx.execute(
            "INSERT INTO meta (name, value) VALUES ('highest-person', ?1)
             ON CONFLICT (name) DO UPDATE SET value = max(value, ?1)",
            [highest],
        )?;
    }
    Ok(())
}

impl Store {
    /// The whole spine, in the order of the links.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn spine(&self) -> Result<Vec<SpineRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached("SELECT link, number FROM spine ORDER BY link")?;
            let mut rows = query.query([])?;
            let mut spine = Vec::new();
            while let Some(row) = rows.next()? {
                let link = row.get_ref(0)?.as_blob().map_err(|_| StoreError::Damaged("the spine"))?;
                let link = Link::from_stored(fixed(link, "the spine")?);
                spine.push(SpineRow { link, number: row.get(1)? });
            }
            Ok(spine)
        })
    }

    /// Those of some links that the spine holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn spine_of<'a>(
        &self,
        links: impl IntoIterator<Item = &'a Link>,
    ) -> Result<Vec<SpineRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached("SELECT number FROM spine WHERE link = ?1")?;
            let mut found = Vec::new();
            for link in links {
                let number = query.query_row([link.as_stored()], |row| row.get(0)).optional()?;
                found.extend(number.map(|number| SpineRow { link: *link, number }));
            }
            Ok(found)
        })
    }

    /// The highest person number ever allotted, erased ones included; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn highest_person(&self) -> Result<u32, StoreError> {
        self.read(|db| {
            let found =
                db.query_row("SELECT value FROM meta WHERE name = 'highest-person'", [], |row| row.get(0));
            Ok(found.optional()?.unwrap_or(0))
        })
    }
}
