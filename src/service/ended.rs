//! Permissions that ended by themselves, or became narrower: once a day what may be kept is held against what could be kept
//! the day before, and an erasure is opened for those who may be kept less.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Service, ServiceError};
use crate::audit::Actor;
use crate::clock::{Day, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Days, EventKind, keepable};
use crate::extract::manifest::Sha256Hex;
use crate::name::PartnerId;
use crate::store::StoreError;
use crate::token::Link;

/// The mark of when this was done last.
const MARK: &str = "ended";

impl Service {
    /// Opens erasures for what ended since the last time. Returns how many.
    pub(super) fn open_ended(&self, actor: &Actor) -> Result<usize, ServiceError> {
        let now = self.now();
        let last = self.store.mark(MARK)?.map(Timestamp::from_millis);
        let groups = self.groups()?;
        let mut opened = 0;
        for (source, links) in self.may_have_ended(last, now)? {
            let mut ended = Vec::new();
            for link in links {
                if self.has_ended(&source, (&link, groups.links(&link)), last, now)? {
                    ended.push(link);
                }
            }
            if !ended.is_empty() {
                let of = format!("kobling/v1/erasure {source} ended {now}");
                let id: String = Sha256Hex::of(of.as_bytes()).to_string().chars().take(32).collect();
                self.store.open_erasure(now, actor, &source, &id, &ended)?;
                opened += 1;
            }
        }
        self.store.set_mark(MARK, now.millis())?;
        Ok(opened)
    }

    /// Links about which something was recorded since, or ran out since, or that an alias joined since.
    fn may_have_ended(
        &self,
        last: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<BTreeMap<PartnerId, BTreeSet<Link>>, ServiceError> {
        let aliases = self.store.aliases()?;
        let joined = aliases.iter().filter(|row| row.approved_at.is_some() && row.approved_at > last);
        let joined: HashSet<Link> = joined.flat_map(|row| [row.first, row.second]).collect();
        let mut may: BTreeMap<PartnerId, BTreeSet<Link>> = BTreeMap::new();
        self.store.for_each_event(|_, stored| {
            let event: ConsentEvent =
                serde_json::from_str(&stored.event).map_err(|_| StoreError::Damaged("a consent event"))?;
            let ran_out = || {
                let since = last.map_or(Day::MIN, Timestamp::day);
                self.ends(&stored.source, &event).any(|end| since <= end && end < now.day())
            };
            let narrows = matches!(event.kind, EventKind::Expired | EventKind::Renewed)
                || event.kind.is_permit() && last.is_some();
            let narrowed = narrows && last.is_none_or(|last| stored.recorded_at > last);
            if narrowed || joined.contains(&stored.link) || event.kind.is_permit() && ran_out() {
                may.entry(stored.source).or_default().insert(stored.link);
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

    /// Whether less of a person may be kept than could be then. Without a then, whether it may have been ever.
    fn has_ended(
        &self,
        source: &PartnerId,
        (link, links): (&Link, &[Link]),
        last: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, ServiceError> {
        let Some(last) = last else { return Ok(true) };
        let grace = self.programme().consent.lapsed_days;
        let kept = |links: &[Link], at: Timestamp| -> Result<Vec<Days>, ServiceError> {
            let events = self.said_to(source, links)?;
            let as_of = AsOf::known_then(at);
            let of = self.erasable(source);
            Ok(of.map(|(source, dataset)| keepable(&events, source, dataset, as_of, grace)).collect())
        };
        // An alias may be younger: what the link by itself could keep.
        let before = kept(std::slice::from_ref(link), last)?;
        let today = kept(links, now)?;
        Ok(before.iter().zip(&today).any(|(before, today)| !covers(today, before)))
    }
}

/// Whether all days of `some` are among those of `all`.
fn covers(all: &Days, some: &Days) -> bool {
    let within = |(from, to): &(Day, Day)| all.stretches().iter().any(|(a, b)| a <= from && to <= b);
    some.stretches().iter().all(within)
}
