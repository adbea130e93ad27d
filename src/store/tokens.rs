//! Bearer tokens in the store: several of one principal while one takes over from another.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::chain::{NewEntry, append};
use super::principals::{in_force, strand};
use super::{Store, StoreError, certificates, fixed, signed};
use crate::audit::{Actor, Deed, Subject};
use crate::auth::{BearerHash, Principal, Thumbprint};
use crate::clock::Timestamp;
use crate::limits;
use crate::name::PrincipalId;

/// A token, without anything that it could be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number among the principal's tokens, from 1.
    pub number: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it is no longer good; `None` for one that was made before tokens had an end.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl TokenRow {
    /// Whether it is good at an instant.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Whose token it is, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The principal.
    pub principal: Principal,
    /// From when on the token is no longer good; `None` for one without an end.
    pub expires_at: Option<Timestamp>,
    /// Client certificates that it is good with; with or without any where there are none.
    pub certificates: Vec<Thumbprint>,
}

/// Columns in the order in which [`row`] reads them.
const COLUMNS: &str = "number, made_at, expires_at, revoked_at";

fn row(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        made_at: Timestamp::from_millis(row.get(1)?),
        expires_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
        revoked_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis),
    })
}

fn of(db: &Connection, principal: &PrincipalId) -> Result<Vec<TokenRow>, StoreError> {
    let mut query =
        db.prepare(&format!("SELECT {COLUMNS} FROM tokens WHERE principal = ?1 ORDER BY number"))?;
    Ok(query.query_map([principal.as_str()], row)?.collect::<Result<_, _>>()?)
}

/// Adds a token; gives its number.
pub(super) fn insert(
    db: &Connection,
    now: Timestamp,
    principal: &PrincipalId,
    token: &BearerHash,
    expires_at: Timestamp,
) -> Result<u64, StoreError> {
    let number: i64 = db.query_row(
        "SELECT coalesce(max(number), 0) + 1 FROM tokens WHERE principal = ?1",
        [principal.as_str()],
        |row| row.get(0),
    )?;
    db.execute(
        "INSERT INTO tokens (principal, number, sha256, made_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![principal.as_str(), number, token.as_stored(), now.millis(), expires_at.millis()],
    )?;
    Ok(u64::try_from(number).unwrap_or(0))
}

impl Store {
    /// Gives a principal a new token. The tokens that it has end at `old_until`, or when they would have ended before.
    /// Those that are no longer good are forgotten: the audit chain has them.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] for one that is revoked, that has no token because it signs in
    /// through an identity provider, or that has more good tokens than anybody needs.
    pub fn rotate_token(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &PrincipalId,
        token: &BearerHash,
        expires_at: Timestamp,
        old_until: Timestamp,
    ) -> Result<TokenRow, StoreError> {
        self.write(|tx| {
            let found = of_one_in_force(tx, principal)?;
            let provided: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM identities WHERE principal = ?1)",
                [principal.as_str()],
                |row| row.get(0),
            )?;
            if provided {
                return Err(StoreError::Conflict(
                    "this principal signs in through the identity provider and has no token",
                ));
            }
            let good = of(tx, principal)?.iter().filter(|token| token.is_good(now)).count();
            if good >= limits::MAX_TOKENS_OF_ONE && old_until > now {
                return Err(StoreError::Conflict(
                    "this principal has as many tokens as it may have; rotate without an overlap, or wait until one ends",
                ));
            }
            let number = insert(tx, now, principal, token, expires_at)?;
            tx.execute(
                "UPDATE tokens SET expires_at = min(coalesce(expires_at, ?3), ?3)
                 WHERE principal = ?1 AND number <> ?2",
                params![principal.as_str(), signed(number), old_until.millis()],
            )?;
            tx.execute(
                "DELETE FROM tokens WHERE principal = ?1 AND number <> ?2
                 AND (revoked_at IS NOT NULL OR expires_at <= ?3)",
                params![principal.as_str(), signed(number), now.millis()],
            )?;
            let subject = Subject::new()
                .id("principal", principal)
                .count("token", number)
                .id("expires", expires_at.day())
                .id("until", old_until);
            let (at, strand) = (now, strand(&found));
            append(tx, NewEntry { actor, at, deed: Deed::TokenRotated, strand, subject })?;
            Ok(TokenRow { number, made_at: now, expires_at: Some(expires_at), revoked_at: None })
        })
    }

    /// Revokes one token of a principal; its others stay good.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`]; [`StoreError::Conflict`] when it is revoked already.
    pub fn revoke_token(
        &self,
        now: Timestamp,
        actor: &Actor,
        principal: &PrincipalId,
        number: u64,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let found = of_one_in_force(tx, principal)?;
            let token = of(tx, principal)?.into_iter().find(|token| token.number == number);
            if token.ok_or(StoreError::NoSuch("token"))?.revoked_at.is_some() {
                return Err(StoreError::Conflict("this token is revoked already"));
            }
            tx.execute(
                "UPDATE tokens SET revoked_at = ?3 WHERE principal = ?1 AND number = ?2",
                params![principal.as_str(), signed(number), now.millis()],
            )?;
            let subject = Subject::new().id("principal", principal).count("token", number);
            let (at, strand) = (now, strand(&found));
            append(tx, NewEntry { actor, at, deed: Deed::TokenRevoked, strand, subject }).map(|_| ())
        })
    }

    /// The tokens of a principal, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tokens_of(&self, principal: &PrincipalId) -> Result<Vec<TokenRow>, StoreError> {
        self.read(|db| of(db, principal))
    }

    /// The principal whose token has this digest; `None` where it, or its token, is revoked, or the token has expired. The
    /// index finds a candidate by the digest of a secret, not by the secret; what is found is compared in constant time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn principal_of(&self, now: Timestamp, token: &BearerHash) -> Result<Option<Known>, StoreError> {
        self.read(|db| {
            let query = format!("SELECT {COLUMNS}, principal, sha256 FROM tokens WHERE sha256 = ?1");
            let found = db
                .query_row(&query, [token.as_stored()], |found| {
                    Ok((row(found)?, found.get::<_, String>(4)?, found.get::<_, Vec<u8>>(5)?))
                })
                .optional()?;
            let Some((found, principal, hash)) = found else { return Ok(None) };
            let same = BearerHash::from_stored(fixed(&hash, "a token")?).matches(token);
            if !same || !found.is_good(now) {
                return Ok(None);
            }
            let Some(principal) = in_force(db, &principal)? else { return Ok(None) };
            let certificates = certificates::of(db, &principal.id)?;
            let certificates = certificates.into_iter().map(|row| row.thumbprint).collect();
            Ok(Some(Known { principal, expires_at: found.expires_at, certificates }))
        })
    }
}

/// The principal of an id that is in force.
pub(super) fn of_one_in_force(db: &Connection, id: &PrincipalId) -> Result<Principal, StoreError> {
    if let Some(principal) = in_force(db, id.as_str())? {
        return Ok(principal);
    }
    match super::principals::is_taken(db, id)? {
        true => Err(StoreError::Conflict("this principal is revoked")),
        false => Err(StoreError::NoSuch("principal")),
    }
}
