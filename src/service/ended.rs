//! Permissions that ended by themselves, or became narrower: once a day what may be kept is held against what could be kept
//! the day before, and an erasure is opened for those who may be kept less.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Service, ServiceError};
use crate::audit::Actor;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Days, EventKind, Known, keepable};
use crate::extract::manifest::Sha256Hex;
use crate::linkage::Joined;
use crate::name::PartnerId;
use crate::store::{ErasureCause, StoreError};
use crate::token::Link;

/// The mark of when this was done last.
const MARK: &str = "ended";

impl Service {
    /// Begins with a new folder: nothing has ended yet.
    pub(super) fn begin_upkeep(&self) -> Result<(), ServiceError> {
        if self.store.mark(MARK)?.is_none() {
            self.store.set_mark(MARK, self.now().millis())?;
        }
        Ok(())
    }

    /// Opens erasures for what ended since the last time. Returns how many.
    pub(super) fn open_ended(&self, actor: &Actor) -> Result<usize, ServiceError> {
        let now = self.now();
        let last = self.store.mark(MARK)?.map_or(now, Timestamp::from_millis);
        let groups = self.groups()?;
        let mut opened = 0;
        for (source, links) in self.may_have_ended(last, now, &groups)? {
            let (mut ended, mut joined) = (Vec::new(), Vec::new());
            for link in links {
                match self.ended(&source, (&link, groups.links(&link)), last, now)? {
                    Some(ErasureCause::Joined) => joined.push(link),
                    Some(_) => ended.push(link),
                    None => {}
                }
            }
            for (cause, links) in [(ErasureCause::Ended, ended), (ErasureCause::Joined, joined)] {
                if !links.is_empty() {
                    let of = format!("kobling/v1/erasure {source} {} {now}", cause.as_str());
                    let id: String = Sha256Hex::of(of.as_bytes()).to_string().chars().take(32).collect();
                    self.store.open_erasure(now, actor, (&source, cause), &id, &links)?;
                    opened += 1;
                }
            }
        }
        self.store.set_mark(MARK, now.millis())?;
        Ok(opened)
    }

    /// Links about which something was recorded since, or ran out since, or that an alias joined since; with each all links
    /// of its person: what is said under one narrows what is kept under the others.
    fn may_have_ended(
        &self,
        last: Timestamp,
        now: Timestamp,
        groups: &Joined,
    ) -> Result<BTreeMap<PartnerId, BTreeSet<Link>>, ServiceError> {
        let aliases = self.store.aliases()?;
        let joined = aliases.iter().filter(|row| row.approved_at.is_some_and(|at| at > last));
        let joined: HashSet<Link> = joined.flat_map(|row| [row.first, row.second]).collect();
        let mut may: BTreeMap<PartnerId, BTreeSet<Link>> = BTreeMap::new();
        self.store.for_each_event(|_, stored| {
            let event: ConsentEvent =
                serde_json::from_str(&stored.event).map_err(|_| StoreError::Damaged("a consent event"))?;
            let ran_out = || {
                let since = last.day();
                self.ends(&stored.source, &event).any(|end| since <= end && end < now.day())
            };
            let narrows = event.kind == EventKind::Expired || event.kind.is_permit();
            let narrowed = narrows && stored.recorded_at > last;
            if narrowed || joined.contains(&stored.link) || event.kind.is_permit() && ran_out() {
                may.entry(stored.source).or_default().extend(groups.links(&stored.link));
            }
            Ok(())
        })?;
        Ok(may)
    }

    /// Last days on which a yes keeps rows of any dataset of its partner.
    fn ends<'a>(&'a self, source: &'a PartnerId, yes: &'a ConsentEvent) -> impl Iterator<Item = Day> + 'a {
        let grace = i32::try_from(self.programme().consent.lapsed_days).unwrap_or(i32::MAX);
        let to = yes.valid_to.unwrap_or(Day::MAX);
        let bases = self.erasable(source).flat_map(|(_, dataset)| &dataset.bases);
        bases.map(move |basis| {
            let longest = basis.use_days.map(|days| i32::try_from(days).unwrap_or(i32::MAX));
            let last = longest.map_or(to, |days| yes.at.day().plus(days).min(to));
            last.plus(grace)
        })
    }

    /// Why less of a person may be kept than could be then: because of what the partner recorded about this very link, or
    /// because of an alias.
    fn ended(
        &self,
        source: &PartnerId,
        (link, links): (&Link, &[Link]),
        last: Timestamp,
        now: Timestamp,
    ) -> Result<Option<ErasureCause>, ServiceError> {
        let grace = self.programme().consent.lapsed_days;
        let kept = |events: &[Known], at: Timestamp| -> Vec<Days> {
            let as_of = AsOf::known_then(at);
            let of = self.erasable(source);
            of.map(|(source, dataset)| keepable(events, source, dataset, as_of, grace)).collect()
        };
        let alone = std::slice::from_ref(link);
        let said = self.said_to(source, alone)?;
        let mut recorded = Vec::new();
        let mut since = last;
        for (_, stored) in self.store.consents_numbered(source, alone)? {
            let event: ConsentEvent =
                serde_json::from_str(&stored.event).map_err(|_| StoreError::Damaged("a consent event"))?;
            recorded.push(stored.recorded_at);
            // A no opened an erasure itself when it came in.
            if event.kind.is_deny() {
                since = since.max(stored.recorded_at);
            }
        }
        // Time takes away; an event alone can add. So what could be kept at any moment could be at one of these.
        recorded.retain(|at| *at > since);
        recorded.push(since);
        recorded.dedup();
        let before: Vec<Vec<Days>> = recorded.into_iter().map(|at| kept(&said, at)).collect();
        let less = |today: &[Days]| {
            before.iter().any(|then| then.iter().zip(today).any(|(then, today)| !covers(today, then)))
        };
        if less(&kept(&said, now)) {
            Ok(Some(ErasureCause::Ended))
        } else if links.len() > 1 && less(&kept(&self.said_to(source, links)?, now)) {
            Ok(Some(ErasureCause::Joined))
        } else {
            Ok(None)
        }
    }
}

/// Whether all days of `some` are among those of `all`.
fn covers(all: &Days, some: &Days) -> bool {
    let within = |(from, to): &(Day, Day)| all.stretches().iter().any(|(a, b)| a <= from && to <= b);
    some.stretches().iter().all(within)
}
