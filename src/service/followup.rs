//! Follow-up: a partner asks what became of its own referrals.
//!
//! What is told follows from the snapshot in force and from consent at this moment; nothing of it is kept. Everything
//! that a look-up does is done for every token alike, and `http` lets the answer leave at a time that follows from
//! the number of tokens alone.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, Subject};
use crate::auth::Principal;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Known};
use crate::digest::Sha256Hex;
use crate::followup::{
    Asked, LOOKUP_CONTEXT, Lookup, Referral, Referrals, Sheet, Told, ToldAll, VOLUME_DAYS, may_ask, settle,
    tell,
};
use crate::key::Signature;
use crate::linkage::{Alias, Joined, components};
use crate::name::{FollowupId, PartnerId};
use crate::programme::Followup;
use crate::snapshot::LazySnapshot;
use crate::store::{
    AliasRow, NewLookup, NewReferrals, ReferralRow, ReferralState, SnapshotRow, StoreError, Volume,
};
use crate::token::{Link, Linker};

const DAY_MILLIS: i64 = 86_400_000;

/// What look-ups are told from: read once for a snapshot.
pub(super) struct Ready {
    row: SnapshotRow,
    sheet: Sheet,
}

/// How much a partner refers and looks up, as the steward sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowupVolume {
    /// The follow-up.
    pub followup: FollowupId,
    /// The partner that may ask.
    pub partner: PartnerId,
    /// Referrals that were new in the last 30 days.
    pub new_in_30_days: u64,
    /// Most of them before they are held.
    pub expected_in_30_days: u32,
    /// Referrals that are held.
    pub held: u64,
    /// Look-ups today (UTC).
    pub lookups_today: u64,
    /// Look-ups today that were refused.
    pub refused_today: u64,
    /// Most look-ups a day.
    pub lookups_per_day: u32,
}

/// What a partner has left of a day's look-ups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowupLeft {
    /// The follow-up.
    pub followup: FollowupId,
    /// Look-ups today (UTC).
    pub today: u64,
    /// Look-ups that are left today.
    pub left: u64,
    /// When the next day's begin.
    pub free_at: Timestamp,
}

impl Service {
    /// What the caller has left of today's look-ups, by follow-up. Made of its own look-ups alone.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn followups_left(&self, caller: &Principal) -> Result<Vec<FollowupLeft>, ServiceError> {
        let (partner, today) = (self.partner(caller)?, self.now().day());
        let offered = self.followups(caller)?.into_iter();
        offered
            .map(|followup| {
                let spent = self.store.lookups_on(&followup.id, &partner, today)?;
                Ok(FollowupLeft {
                    followup: followup.id.clone(),
                    today: spent,
                    left: u64::from(followup.lookups_per_day).saturating_sub(spent),
                    free_at: Timestamp::at_start_of(today.plus(1)),
                })
            })
            .collect()
    }

    /// The follow-ups that the programme offers to the caller.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn followups(&self, caller: &Principal) -> Result<Vec<&Followup>, ServiceError> {
        let source = self.source_of(&self.partner(caller)?)?;
        let all = self.programme().followups.iter();
        Ok(all.filter(|followup| may_ask(self.programme(), followup, source)).collect())
    }

    /// Answers a look-up of the caller's own referrals, entered and spent before this returns.
    ///
    /// # Errors
    /// [`Reason::FollowupSignature`], [`Reason::FollowupUnknown`], [`Reason::NoSnapshot`]; [`ServiceError::Lookup`],
    /// [`ServiceError::ConsentKey`], [`ServiceError::LookupQuota`].
    pub fn look_up(&self, caller: &Principal, body: &[u8], signature: &str) -> Result<ToldAll, ServiceError> {
        let partner = self.partner(caller)?;
        let unsigned = || ServiceError::Refused(Reason::FollowupSignature);
        let signature: Signature = signature.parse().map_err(|_| unsigned())?;
        if !self.keys_in_force(&partner)?.iter().any(|key| key.verifies(LOOKUP_CONTEXT, body, &signature)) {
            return Err(unsigned());
        }
        let (lookup, tokens) = Lookup::parse(body)?;
        if lookup.key_id != self.key_id() {
            return Err(ServiceError::ConsentKey { found: lookup.key_id, expected: self.key_id() });
        }
        let source = self.source_of(&partner)?;
        let offered = self.programme().followups.iter().enumerate();
        let mut offered = offered.filter(|(_, followup)| may_ask(self.programme(), followup, source));
        let (at, followup) = offered
            .find(|(_, followup)| followup.id == lookup.followup)
            .ok_or(ServiceError::Refused(Reason::FollowupUnknown))?;
        let ready = self.followups_ready()?;
        let linker = Linker::new(&self.key, &partner, &partner);
        let links: Vec<Link> = tokens.iter().map(|token| linker.link(token)).collect();
        let now = self.now();
        let entered = self.store.enter_lookup(
            now,
            &caller.actor(),
            &NewLookup {
                partner: &partner,
                followup: &followup.id,
                per_day: followup.lookups_per_day,
                links: &links,
                label: &lookup.label,
                subject: Subject::new()
                    .id("followup", &followup.id)
                    .id("purpose", &followup.purpose)
                    .id("label", &lookup.label)
                    .count("tokens", links.len() as u64)
                    .digest("asked", Sha256Hex::of(body)),
            },
        )?;
        if !entered {
            let free_at = Timestamp::at_start_of(now.day().plus(1));
            return Err(ServiceError::LookupQuota { per_day: followup.lookups_per_day, free_at });
        }
        // A no that was recorded while this waited for its turn counts: the moment is that of what is read below.
        let (_, moment) = self.store.consent_state_at(self.now())?;
        let asked = Asked {
            programme: self.programme(),
            followup,
            source,
            recipient: partner.clone().into(),
            as_of: AsOf::known_then(moment),
        };
        let aliases = self.store.aliases()?;
        let same = Same::of(&aliases, &partner, ready.row.sealed_at);
        let sources = self.sources_read(followup, source);
        let answers = links.iter().map(|link| {
            let person = self.store.numbers_of(same.sealed.links(link))?.into_iter().flatten().min();
            let (known, own) =
                self.known_of(&sources, &partner, same.approved.links(link), same.own.links(link))?;
            // 0 is nobody: what a link that no seal has met stands for is looked for all the same.
            let person = person.unwrap_or(0);
            let referral = self.store.referral(&followup.id, &partner, person)?;
            let counts = referral.is_some_and(|row| known_referral(&row).counts(followup, now));
            let (rows, shown) = (ready.sheet.own(at, source, person), ready.sheet.shown(at, person));
            Ok(tell(&asked, rows, counts, shown, &known, &own))
        });
        let answers = answers.collect::<Result<Vec<Told>, ServiceError>>()?;
        Ok(ToldAll { followup: followup.id.clone(), answers })
    }

    /// How much each partner that may ask refers and looks up.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn followup_volumes(&self) -> Result<Vec<FollowupVolume>, ServiceError> {
        let (programme, now) = (self.programme(), self.now());
        let since = now.plus_millis(-VOLUME_DAYS * DAY_MILLIS);
        let mut volumes = Vec::new();
        for followup in &programme.followups {
            for (source, partner) in (0u8..).zip(&programme.partners) {
                if !may_ask(programme, followup, source) {
                    continue;
                }
                let Volume { new, held, spent, refused } =
                    self.store.referral_volume(&followup.id, &partner.id, since, now.day())?;
                volumes.push(FollowupVolume {
                    followup: followup.id.clone(),
                    partner: partner.id.clone(),
                    new_in_30_days: new,
                    expected_in_30_days: followup.new_per_30_days,
                    held,
                    lookups_today: spent,
                    refused_today: refused,
                    lookups_per_day: followup.lookups_per_day,
                });
            }
        }
        Ok(volumes)
    }

    /// Lets the held referrals of a partner count. `held` is how many the steward has looked at.
    ///
    /// # Errors
    /// [`Reason::FollowupUnknown`]; a conflict when another number is held by now.
    pub fn approve_referrals(
        &self,
        actor: &Actor,
        followup: &FollowupId,
        partner: &PartnerId,
        held: u64,
    ) -> Result<(), ServiceError> {
        let programme = self.programme();
        let offered = programme.source(partner).zip(programme.followup(followup));
        if !offered.is_some_and(|(source, followup)| may_ask(programme, followup, source)) {
            return Err(ServiceError::Refused(Reason::FollowupUnknown));
        }
        Ok(self.store.approve_referrals(self.now(), actor, followup, partner, held)?)
    }

    /// Reads the snapshot in force for follow-ups, unless it is read already, and brings the referrals up to it. Called
    /// after each seal; what fails there is done by the next look-up.
    pub(super) fn followups_ready(&self) -> Result<Arc<Ready>, ServiceError> {
        let mut kept = self.followups.lock().unwrap_or_else(PoisonError::into_inner);
        let row = self.store.latest_snapshot()?.ok_or(ServiceError::Refused(Reason::NoSnapshot))?;
        if let Some(ready) = kept.as_ref().filter(|ready| ready.row == row) {
            return Ok(Arc::clone(ready));
        }
        *kept = None;
        let damaged = |_| StoreError::Damaged("the row of a snapshot");
        let sealed: Sealed = serde_json::from_str(&row.manifest).map_err(damaged)?;
        let dir = self.store.folder().snapshots().join(&row.folder);
        let sheet = {
            let mut snapshot =
                LazySnapshot::open(self.store.vault(), &dir, self.programme(), &sealed.sha256, self.memory)?;
            snapshot.erase(self.ordered(row.id)?);
            Sheet::of(self.programme(), &snapshot.with(&Sheet::datasets(self.programme()))?)
        };
        self.keep_referrals(&row, &sheet)?;
        let ready = Arc::new(Ready { row, sheet });
        *kept = Some(Arc::clone(&ready));
        Ok(ready)
    }

    /// Brings the referrals up to a snapshot.
    fn keep_referrals(&self, row: &SnapshotRow, sheet: &Sheet) -> Result<(), ServiceError> {
        let programme = self.programme();
        let merged = self.merged(row.sealed_at)?;
        let person = |number: u32| merged.get(&number).copied().unwrap_or(number);
        let ids: Vec<FollowupId> = programme.followups.iter().map(|followup| followup.id.clone()).collect();
        let source_of = |partner: &PartnerId| {
            programme.source(partner).ok_or(StoreError::Damaged("a referral of an unknown partner"))
        };
        let partner_of = |source: u8| programme.partners[usize::from(source)].id.clone();
        let settled = |id: &FollowupId, state: ReferralState| {
            let at = programme
                .followups
                .iter()
                .position(|f| f.id == *id)
                .ok_or(StoreError::NoSuch("follow-up"))?;
            let mut before = Referrals::new();
            for row in &state.rows {
                before.insert((source_of(&row.source)?, row.number), known_referral(row));
            }
            let recent = state.recent.iter().map(|(partner, new)| Ok((source_of(partner)?, *new)));
            let recent = recent.collect::<Result<_, StoreError>>()?;
            let followup = &programme.followups[at];
            let (after, new) = settle(followup, &before, &sheet.referred(at), row.sealed_at, &recent, person);
            let rows = after.into_iter().map(|((source, number), referral)| ReferralRow {
                source: partner_of(source),
                number,
                first_day: referral.first_day,
                first_sealed_at: referral.first_sealed_at,
                held: referral.held,
            });
            let new = new.into_iter().map(|(source, new)| (partner_of(source), new)).collect();
            Ok(NewReferrals { followup: id.clone(), rows: rows.collect(), new })
        };
        let since = row.sealed_at.plus_millis(-VOLUME_DAYS * DAY_MILLIS);
        let mark = format!("{} {}", row.id, row.folder);
        Ok(self.store.keep_referrals(&mark, row.sealed_at, since, &ids, settled)?)
    }

    /// Numbers that stand for a person with an older one, by the aliases that a seal took up.
    fn merged(&self, sealed_at: Timestamp) -> Result<HashMap<u32, u32>, ServiceError> {
        let aliases = self.store.aliases()?;
        let sealed = aliases.iter().filter(|row| row.approved_at.is_some_and(|at| at < sealed_at));
        let mut merged = HashMap::new();
        for group in components(&sealed.map(alias).collect::<Vec<_>>()) {
            let numbers: Vec<u32> = self.store.numbers_of(&group)?.into_iter().flatten().collect();
            if let Some(oldest) = numbers.iter().copied().min() {
                merged.extend(numbers.into_iter().map(|number| (number, oldest)));
            }
        }
        Ok(merged)
    }

    /// The partners whose records of consent a look-up reads: whoever shows a status, and the one that asks.
    fn sources_read(&self, followup: &Followup, source: u8) -> Vec<PartnerId> {
        let programme = self.programme();
        let showing = followup.showing();
        let mut sources: Vec<u8> =
            showing.iter().flat_map(|at| programme.datasets[*at].partners.iter().copied()).collect();
        sources.push(source);
        sources.sort_unstable();
        sources.dedup();
        sources.into_iter().map(|source| programme.partners[usize::from(source)].id.clone()).collect()
    }

    /// What is known of the consent of a person with these links; and what the partner that asks knows of it itself,
    /// under the links that it knows to be one person's.
    fn known_of(
        &self,
        sources: &[PartnerId],
        partner: &PartnerId,
        links: &[Link],
        own_links: &[Link],
    ) -> Result<(Vec<Known>, Vec<Known>), ServiceError> {
        let (mut known, mut own) = (Vec::new(), Vec::new());
        for stored in self.store.consents_of(sources, links)? {
            let damaged = || StoreError::Damaged("a consent event");
            let source = self.programme().source(&stored.source).ok_or_else(damaged)?;
            let event: ConsentEvent = serde_json::from_str(&stored.event).map_err(|_| damaged())?;
            let event = Known::new(source, &event, stored.recorded_at);
            if stored.source == *partner && own_links.contains(&stored.link) {
                own.push(event.clone());
            }
            known.push(event);
        }
        // Of events that are gone, their noes are left.
        for (partner_of, link) in
            sources.iter().flat_map(|source| links.iter().map(move |link| (source, link)))
        {
            let source = self.programme().source(partner_of).ok_or(StoreError::Damaged("a tombstone"))?;
            for stone in self.store.tombstones_of(partner_of, link)? {
                let event = Known::tombstone(source, stone.dataset, stone.denied_at, stone.by);
                if partner_of == partner && own_links.contains(link) {
                    own.push(event.clone());
                }
                known.push(event);
            }
        }
        Ok((known, own))
    }

    fn source_of(&self, partner: &PartnerId) -> Result<u8, ServiceError> {
        self.programme().source(partner).ok_or(ServiceError::Refused(Reason::NotFound))
    }
}

fn known_referral(row: &ReferralRow) -> Referral {
    let first_day: Day = row.first_day;
    Referral { first_day, first_sealed_at: row.first_sealed_at, held: row.held }
}

fn alias(row: &AliasRow) -> Alias {
    Alias { old: row.first, new: row.second }
}

/// Which links are one person's.
struct Same {
    /// As the snapshot has it.
    sealed: Joined,
    /// As the steward has approved it: what is said under one counts for all, from then on.
    approved: Joined,
    /// As far as the partner that asks proposed it itself: it is not to see from an answer what others know.
    own: Joined,
}

impl Same {
    fn of(aliases: &[AliasRow], partner: &PartnerId, sealed_at: Timestamp) -> Same {
        let groups = |which: &dyn Fn(Timestamp, &AliasRow) -> bool| {
            let among = aliases.iter().filter(|row| row.approved_at.is_some_and(|at| which(at, row)));
            Joined::of(&among.map(alias).collect::<Vec<_>>())
        };
        Same {
            sealed: groups(&|at, _| at < sealed_at),
            approved: groups(&|_, _| true),
            own: groups(&|_, row| row.partner == *partner),
        }
    }
}
