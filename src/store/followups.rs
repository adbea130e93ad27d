//! Follow-up: since when referrals count, what was looked up, and how much of a day is spent. No answer is kept.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chain::{NewEntry, append};
use super::{Store, StoreError, signed, stored, unsigned};
use crate::audit::{Actor, Deed, Strand, Subject};
use crate::clock::{Day, Timestamp};
use crate::name::{FollowupId, PartnerId};
use crate::token::Link;

/// A person whom a partner has referred. No `Debug`: it is a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferralRow {
    /// Who referred.
    pub source: PartnerId,
    /// The person.
    pub number: u32,
    /// Day of the first referral in force.
    pub first_day: Day,
    /// The first seal in which it was.
    pub first_sealed_at: Timestamp,
    /// Whether it waits for the steward.
    pub held: bool,
}

/// The referrals of a follow-up, and what each partner newly referred lately without the steward's approval.
pub struct ReferralState {
    /// By partner and person.
    pub rows: Vec<ReferralRow>,
    /// Counts by partner.
    pub recent: BTreeMap<PartnerId, u64>,
}

/// The referrals of a follow-up after a seal, and how many are new.
pub struct NewReferrals {
    /// The follow-up.
    pub followup: FollowupId,
    /// By partner and person.
    pub rows: Vec<ReferralRow>,
    /// Counts by partner.
    pub new: BTreeMap<PartnerId, u64>,
}

/// How much a partner refers and looks up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Referrals that were new since the moment asked about.
    pub new: u64,
    /// Referrals that wait for the steward.
    pub held: u64,
    /// Look-ups of the day.
    pub spent: u64,
    /// Look-ups of the day that were refused.
    pub refused: u64,
}

/// A look-up that is to be entered. No `Debug`: it names persons.
pub struct NewLookup<'a> {
    /// Who asks.
    pub partner: &'a PartnerId,
    /// What.
    pub followup: &'a FollowupId,
    /// Most look-ups of a day.
    pub per_day: u32,
    /// Whom about, one link for each token.
    pub links: &'a [Link],
    /// The case worker's own name for it.
    pub label: &'a str,
    /// What the audit chain says of it.
    pub subject: Subject,
}

/// A look-up as it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRow {
    /// When.
    pub at: Timestamp,
    /// What was asked.
    pub followup: FollowupId,
    /// The case worker's own name for it.
    pub label: String,
}

/// Which snapshot the referrals are those of.
const MARK: &str = "referrals-of";

fn rows_of(tx: &Transaction<'_>, followup: &FollowupId) -> Result<Vec<ReferralRow>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT source, number, first_day, first_sealed_at, state FROM referrals WHERE followup = ?1
         ORDER BY source, number",
    )?;
    let mut rows = query.query([followup.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(ReferralRow {
            source: stored(&row.get::<_, String>(0)?, "a referral")?,
            number: row.get(1)?,
            first_day: Day::from_days(row.get(2)?),
            first_sealed_at: Timestamp::from_millis(row.get(3)?),
            held: row.get::<_, String>(4)? == "held",
        });
    }
    Ok(found)
}

impl Store {
    /// Brings the referrals up to a snapshot, named by `mark`; nothing happens when they are those of it already. `since`
    /// is the moment from which new ones count as recent; `settle` says for each follow-up what its referrals are now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_referrals(
        &self,
        mark: &str,
        sealed_at: Timestamp,
        since: Timestamp,
        followups: &[FollowupId],
        mut settle: impl FnMut(&FollowupId, ReferralState) -> Result<NewReferrals, StoreError>,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let kept = tx.query_row("SELECT value FROM meta WHERE name = ?1", [MARK], |row| row.get(0));
            let kept: Option<String> = kept.optional()?;
            if kept.as_deref() == Some(mark) {
                return Ok(());
            }
            tx.execute("DELETE FROM referral_volumes WHERE sealed_at < ?1", [since.millis()])?;
            for followup in followups {
                let mut recent = BTreeMap::new();
                {
                    let mut query = tx.prepare_cached(
                        "SELECT source, sum(new) FROM referral_volumes WHERE followup = ?1 AND approved_at IS NULL
                         GROUP BY source",
                    )?;
                    let mut rows = query.query([followup.as_str()])?;
                    while let Some(row) = rows.next()? {
                        let source = stored(&row.get::<_, String>(0)?, "a volume of referrals")?;
                        recent.insert(source, unsigned(row.get(1)?, "a volume of referrals")?);
                    }
                }
                let settled = settle(followup, ReferralState { rows: rows_of(tx, followup)?, recent })?;
                tx.execute("DELETE FROM referrals WHERE followup = ?1", [followup.as_str()])?;
                let mut insert = tx.prepare_cached(
                    "INSERT INTO referrals (followup, source, number, first_day, first_sealed_at, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                for row in &settled.rows {
                    insert.execute(params![
                        followup.as_str(),
                        row.source.as_str(),
                        row.number,
                        row.first_day.days(),
                        row.first_sealed_at.millis(),
                        if row.held { "held" } else { "counts" }
                    ])?;
                }
                let mut volume = tx.prepare_cached(
                    "INSERT INTO referral_volumes (followup, source, sealed_at, new) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET new = new + excluded.new, approved_at = NULL",
                )?;
                for (source, new) in settled.new.iter().filter(|(_, new)| **new > 0) {
                    volume.execute(params![
                        followup.as_str(),
                        source.as_str(),
                        sealed_at.millis(),
                        signed(*new)
                    ])?;
                }
            }
            tx.execute(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                [MARK, mark],
            )?;
            Ok(())
        })
    }

    /// The referral of a person by a partner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn referral(
        &self,
        followup: &FollowupId,
        source: &PartnerId,
        number: u32,
    ) -> Result<Option<ReferralRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT first_day, first_sealed_at, state FROM referrals
                 WHERE followup = ?1 AND source = ?2 AND number = ?3",
            )?;
            let found = query.query_row(params![followup.as_str(), source.as_str(), number], |row| {
                Ok(ReferralRow {
                    source: source.clone(),
                    number,
                    first_day: Day::from_days(row.get(0)?),
                    first_sealed_at: Timestamp::from_millis(row.get(1)?),
                    held: row.get::<_, String>(2)? == "held",
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Forgets the referrals of persons whose numbers are erased, whoever referred them. Where a number stays and a row
    /// goes, nothing is to be done: the referrals follow the snapshot.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_referrals(&self, numbers: &[u32]) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut delete = tx.prepare_cached("DELETE FROM referrals WHERE number = ?1")?;
            numbers.iter().try_for_each(|number| delete.execute([number]).map(|_| ()).map_err(Into::into))
        })
    }

    /// How much a partner has referred since a moment, and looked up on a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn referral_volume(
        &self,
        followup: &FollowupId,
        source: &PartnerId,
        since: Timestamp,
        day: Day,
    ) -> Result<Volume, StoreError> {
        self.read(|db| {
            let (followup, source) = (followup.as_str(), source.as_str());
            let new = db.query_row(
                "SELECT coalesce(sum(new), 0) FROM referral_volumes
                 WHERE followup = ?1 AND source = ?2 AND sealed_at >= ?3",
                params![followup, source, since.millis()],
                |row| row.get(0),
            )?;
            let held = db.query_row(
                "SELECT count(*) FROM referrals WHERE followup = ?1 AND source = ?2 AND state = 'held'",
                [followup, source],
                |row| row.get(0),
            )?;
            let quota = db.query_row(
                "SELECT spent, refused FROM lookup_quota WHERE followup = ?1 AND source = ?2 AND day = ?3",
                params![followup, source, day.days()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            );
            let (spent, refused) = quota.optional()?.unwrap_or((0, 0));
            let number = |number| unsigned(number, "a volume of referrals");
            Ok(Volume {
                new: number(new)?,
                held: number(held)?,
                spent: number(spent)?,
                refused: number(refused)?,
            })
        })
    }

    /// Tokens that a partner asked a follow-up about on a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lookups_on(&self, followup: &FollowupId, source: &PartnerId, day: Day) -> Result<u64, StoreError> {
        self.read(|db| {
            let spent = db.query_row(
                "SELECT spent FROM lookup_quota WHERE followup = ?1 AND source = ?2 AND day = ?3",
                params![followup.as_str(), source.as_str(), day.days()],
                |row| row.get(0),
            );
            unsigned(spent.optional()?.unwrap_or(0), "look-ups of a day")
        })
    }

    /// Lets a partner's held referrals count, and the volumes so far with them.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when not so many are held: what was looked at is not what is there.
    pub fn approve_referrals(
        &self,
        now: Timestamp,
        actor: &Actor,
        followup: &FollowupId,
        source: &PartnerId,
        held: u64,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            let changed = tx.execute(
                "UPDATE referrals SET state = 'counts' WHERE followup = ?1 AND source = ?2 AND state = 'held'",
                [followup.as_str(), source.as_str()],
            )?;
            if changed as u64 != held || held == 0 {
                return Err(StoreError::Conflict("not so many referrals are held; look at the volumes again"));
            }
            tx.execute(
                "UPDATE referral_volumes SET approved_at = ?3
                 WHERE followup = ?1 AND source = ?2 AND approved_at IS NULL",
                params![followup.as_str(), source.as_str(), now.millis()],
            )?;
            let subject = Subject::new().id("followup", followup).id("partner", source).count("referrals", held);
            // Not in the partner's strand: it is not to see which of its referrals were held.
            let (deed, strand) = (Deed::ReferralsApproved, Strand::Service);
            append(tx, NewEntry { actor, at: now, deed, strand, subject }).map(|_| ())
        })
    }

    /// Spends a look-up and enters it, in the partner's strand and for each link. `false`, and nothing but the refusal
    /// entered, when it is more than is left of the day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enter_lookup(
        &self,
        now: Timestamp,
        actor: &Actor,
        new: &NewLookup<'_>,
    ) -> Result<bool, StoreError> {
        let tokens = signed(new.links.len() as u64);
        let (followup, source, day) = (new.followup.as_str(), new.partner.as_str(), now.day().days());
        self.write(|tx| {
            tx.execute(
                "INSERT INTO lookup_quota (followup, source, day, spent, refused) VALUES (?1, ?2, ?3, 0, 0)
                 ON CONFLICT DO NOTHING",
                params![followup, source, day],
            )?;
            let spent = tx.execute(
                "UPDATE lookup_quota SET spent = spent + ?4
                 WHERE followup = ?1 AND source = ?2 AND day = ?3 AND spent + ?4 <= ?5",
                params![followup, source, day, tokens, new.per_day],
            )?;
            if spent == 0 {
                tx.execute(
                    "UPDATE lookup_quota SET refused = refused + ?4
                     WHERE followup = ?1 AND source = ?2 AND day = ?3",
                    params![followup, source, day, tokens],
                )?;
                return Ok(false);
            }
            let mut insert = tx.prepare_cached(
                "INSERT INTO lookups (source, link, at, followup, label) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for link in new.links {
                insert.execute(params![source, link.as_stored(), now.millis(), followup, new.label])?;
            }
            let (deed, strand) = (Deed::FollowedUp, Strand::Partner(new.partner.clone()));
            append(tx, NewEntry { actor, at: now, deed, strand, subject: new.subject.clone() })?;
            Ok(true)
        })
    }

    /// When a partner looked up a person under one of its own links, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lookups_of(&self, partner: &PartnerId, link: &Link) -> Result<Vec<LookupRow>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT at, followup, label FROM lookups WHERE link = ?1 AND source = ?2 ORDER BY number",
            )?;
            let mut rows = query.query(params![link.as_stored(), partner.as_str()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(LookupRow {
                    at: Timestamp::from_millis(row.get(0)?),
                    followup: stored(&row.get::<_, String>(1)?, "a look-up")?,
                    label: row.get(2)?,
                });
            }
            Ok(found)
        })
    }

    /// Drops what is kept of look-ups before a moment, and the days' quotas with it; says how many look-ups went. The
    /// audit chain keeps its entries, which name nobody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn drop_lookups_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM lookup_quota WHERE day < ?1", [moment.day().days()])?;
            Ok(tx.execute("DELETE FROM lookups WHERE at < ?1", [moment.millis()])? as u64)
        })
    }

    /// The numbers that links were allotted, before aliases; `None` for a link that no seal has met.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn numbers_of(&self, links: &[Link]) -> Result<Vec<Option<u32>>, StoreError> {
        self.read(|db| {
            let mut query = db.prepare_cached("SELECT number FROM spine WHERE link = ?1")?;
            let number =
                |link: &Link| query.query_row(params![link.as_stored()], |row| row.get(0)).optional();
            Ok(links.iter().map(number).collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programme;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + day * 86_400_000)
    }

    fn opened() -> (tempfile::TempDir, Store) {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).unwrap_or_else(|e| panic!("{e}"));
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::create(&dir.path().join("data"), &crate::vault::Vault::throwaway())
            .unwrap_or_else(|e| panic!("{e}"));
        let key = crate::key::SigningKey::from_seed(&mut [1; 32]).verifying_key();
        let id = "0011223344556677".parse().expect("a key id");
        store.initialise(at(0), &actor(), &programme, text, id, key.fingerprint()).expect("initialised");
        (dir, store)
    }

    fn actor() -> Actor {
        Actor {
            organisation: "lokk".parse().expect("a name"),
            principal: "it".parse().expect("a name"),
            person: None,
        }
    }

    fn names() -> (FollowupId, PartnerId) {
        ("henvisning".parse().expect("a name"), "lokk".parse().expect("a name"))
    }

    /// A seal in which these persons are referred and new; says whether anything was settled.
    fn keep(store: &Store, mark: &str, day: i64, numbers: &[u32], held: bool) -> (bool, u64) {
        let (followup, source) = names();
        let mut settled = (false, 0);
        let kept = store.keep_referrals(
            mark,
            at(day),
            at(day - 30),
            std::slice::from_ref(&followup),
            |id, state| {
                settled = (true, state.recent.get(&source).copied().unwrap_or(0));
                let row = |number: &u32| ReferralRow {
                    source: source.clone(),
                    number: *number,
                    first_day: Day::from_days(100),
                    first_sealed_at: at(day),
                    held,
                };
                let new = BTreeMap::from([(source.clone(), numbers.len() as u64)]);
                Ok(NewReferrals { followup: id.clone(), rows: numbers.iter().map(row).collect(), new })
            },
        );
        kept.expect("kept");
        settled
    }

    #[test]
    fn a_snapshot_is_taken_up_once() {
        let (_dir, store) = opened();
        assert_eq!(keep(&store, "1 1", 1, &[1, 2], false), (true, 0));
        assert_eq!(keep(&store, "1 1", 2, &[1], false), (false, 0));
        assert_eq!(keep(&store, "2 2", 2, &[2], false), (true, 2), "what was new counts towards the next");
        let (followup, source) = names();
        let there = |number| store.referral(&followup, &source, number).expect("read").is_some();
        assert_eq!([there(1), there(2)], [false, true]);
        assert_eq!(keep(&store, "3 3", 40, &[2], false), (true, 0), "a month later it does not");
    }

    #[test]
    fn erasure_forgets_a_person_and_no_other() {
        let (_dir, store) = opened();
        keep(&store, "1 1", 1, &[1, 2, 3], false);
        store.forget_referrals(&[1, 3, 900]).expect("forgotten");
        let (followup, source) = names();
        let there = |number| store.referral(&followup, &source, number).expect("read").is_some();
        assert_eq!([there(1), there(2), there(3)], [false, true, false]);
    }

    #[test]
    fn what_was_approved_counts_and_is_no_longer_recent() {
        let (_dir, store) = opened();
        let (followup, source) = names();
        keep(&store, "1 1", 1, &[1, 2, 3], true);
        let approve = |held| store.approve_referrals(at(2), &actor(), &followup, &source, held);
        for wrong in [0, 2, 4] {
            assert!(matches!(approve(wrong), Err(StoreError::Conflict(_))), "{wrong}");
        }
        let held =
            |number| store.referral(&followup, &source, number).expect("read").is_some_and(|row| row.held);
        assert!(held(1), "a refusal changes nothing");
        approve(3).expect("approved");
        assert!(!held(1) && matches!(approve(3), Err(StoreError::Conflict(_))));
        let volume = store.referral_volume(&followup, &source, at(-5), at(2).day()).expect("a volume");
        assert_eq!((volume.new, volume.held), (3, 0));
        assert_eq!(keep(&store, "2 2", 3, &[1, 2, 3], false), (true, 0));
    }
}
