//! People who sign in through an identity provider.

use rusqlite::{OptionalExtension as _, params};

use super::chain::{NewEntry, append};
use super::principals::{about, in_force, insert, is_taken, strand};
use super::{Store, StoreError, stored};
use crate::audit::{Actor, Deed, Subject};
use crate::auth::Principal;
use crate::clock::Timestamp;
use crate::name::PrincipalId;

/// What came of somebody's signing in through a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provided {
    /// In, as this principal.
    In(Principal),
    /// The principal of this person is revoked.
    Revoked,
    /// The id that is theirs by the provider is, or was, another principal's.
    Taken,
}

impl Store {
    /// Lets a person in whom a provider vouches for: as a new principal the first time, later as the same one, with the
    /// name, role and organisation that hold now. The id stays the one of the first time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn let_in(
        &self,
        now: Timestamp,
        issuer: &str,
        subject: &str,
        operator: &Actor,
        said: &Principal,
    ) -> Result<Provided, StoreError> {
        self.write(|tx| {
            let known: Option<String> = tx
                .query_row(
                    "SELECT principal FROM identities WHERE issuer = ?1 AND subject = ?2",
                    [issuer, subject],
                    |row| row.get(0),
                )
                .optional()?;
            let enter = |deed, actor: &Actor, principal: &Principal, subject: Subject| {
                append(tx, NewEntry { actor, at: now, deed, strand: strand(principal), subject }).map(|_| ())
            };
            let principal = match known {
                None if is_taken(tx, &said.id)? => return Ok(Provided::Taken),
                None => {
                    insert(tx, now, said)?;
                    tx.execute(
                        "INSERT INTO identities (issuer, subject, principal, signed_in_at) VALUES (?1, ?2, ?3, ?4)",
                        params![issuer, subject, said.id.as_str(), now.millis()],
                    )?;
                    enter(Deed::PrincipalAdded, operator, said, about(said).id("by", "sign-in"))?;
                    said.clone()
                }
                Some(id) => {
                    let Some(before) = in_force(tx, &id)? else { return Ok(Provided::Revoked) };
                    let principal = Principal { id: before.id.clone(), ..said.clone() };
                    tx.execute(
                        "UPDATE principals SET name = ?2, role = ?3, organisation = ?4 WHERE id = ?1",
                        params![id, principal.name, principal.role.as_str(), principal.organisation.as_str()],
                    )?;
                    tx.execute(
                        "UPDATE identities SET signed_in_at = ?3 WHERE issuer = ?1 AND subject = ?2",
                        params![issuer, subject, now.millis()],
                    )?;
                    if (before.role, &before.organisation) != (principal.role, &principal.organisation) {
                        // Both strands: the organisation that loses somebody is to see it too.
                        let left = strand(&before) != strand(&principal);
                        if left {
                            enter(Deed::PrincipalChanged, operator, &before, about(&before).id("by", "sign-in"))?;
                        }
                        enter(Deed::PrincipalChanged, operator, &principal, about(&principal).id("by", "sign-in"))?;
                    }
                    principal
                }
            };
            enter(Deed::SignedIn, &principal.actor(), &principal, Subject::new().id("principal", &principal.id))?;
            Ok(Provided::In(principal))
        })
    }

    /// The principal of a person whom a provider vouched for before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn identity(&self, issuer: &str, subject: &str) -> Result<Option<PrincipalId>, StoreError> {
        self.read(|db| {
            let query = "SELECT principal FROM identities WHERE issuer = ?1 AND subject = ?2";
            let found: Option<String> =
                db.query_row(query, [issuer, subject], |row| row.get(0)).optional()?;
            found.map(|id| stored(&id, "a person's principal")).transpose()
        })
    }
}
