//! Events so far → permits: kept in memory, so that a new event costs what it changes and no more.
//!
//! A [`ConsentLedger`] holds the events of every person at every source. Permits that were asked for are kept with it and
//! brought up to date: only persons with new events are folded again, and those for whom a yes begins or ends between the
//! day of the last folding and this one. What comes out is at every moment what folding everything anew would give; the
//! tests hold it against that. It never reads a store: whoever feeds it says which events there are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::barrier::Said as _;
use super::book::Book;
use super::fold::{Known, Use, standing};
use super::line::{Covers, Line, Scopes};
use super::permit::{Permits, PermitsBuilder};
use crate::clock::{Day, Timestamp};
use crate::name::{OrganisationId, PurposeId};
use crate::programme::{BasisKind, Dataset};

/// Events that wait at most before they are sorted in.
const MOST_PENDING: usize = if cfg!(test) { 8 } else { 1 << 20 };
/// News that are remembered at most; permits that are further behind are folded anew.
const MOST_NEWS: usize = if cfg!(test) { 30 } else { 1 << 21 };

/// What is asked of a dataset.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The dataset: its partners are the sources, and its basis for the purpose decides.
    pub dataset: &'a Dataset,
    /// What for.
    pub purpose: &'a PurposeId,
    /// For whom.
    pub recipient: &'a OrganisationId,
    /// Every day that is read: [`Permits::builder`].
    pub span: RangeInclusive<Day>,
}

/// The events so far, and the permits that were asked for. No `Debug`: it is everybody's.
pub struct ConsentLedger {
    limit: u64,
    scopes: Scopes,
    pending: BTreeMap<u8, Vec<Line>>,
    waiting: usize,
    books: BTreeMap<u8, Book>,
    /// Source and person of what has come or gone, in this order, and how many were forgotten before.
    news: Vec<(u8, u32)>,
    forgotten: usize,
    /// Events that are seen from some later moment on only.
    later: BTreeSet<(Timestamp, u8, u32)>,
    /// Asked for last comes last.
    kept: Vec<Kept>,
    versions: u64,
}

/// Permits with the number of their version.
struct Kept {
    dataset: crate::name::DatasetId,
    purpose: PurposeId,
    recipient: OrganisationId,
    span: RangeInclusive<Day>,
    current: Current,
    folded_at: Timestamp,
    news: usize,
}

/// Permits as they are now.
#[derive(Debug)]
pub struct Current {
    permits: Permits,
    version: u64,
    /// The version that came before, and whom each later one changed.
    first: u64,
    changes: Vec<(u64, Vec<u32>)>,
}

impl Current {
    /// The permits.
    #[must_use]
    pub const fn permits(&self) -> &Permits {
        &self.permits
    }

    /// Their version: other permits of the same ledger, whatever of, have another one.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whose permissions are others than in an earlier version, ascending; `None` where that is not known (any more).
    #[must_use]
    pub fn changed_since(&self, version: u64) -> Option<Vec<u32>> {
        let known = version == self.first || self.changes.iter().any(|(of, _)| *of == version);
        known.then(|| {
            let since = self.changes.iter().filter(|(of, _)| *of > version);
            let mut persons: Vec<u32> = since.flat_map(|(_, persons)| persons.iter().copied()).collect();
            persons.sort_unstable();
            persons.dedup();
            persons
        })
    }

    fn bytes(&self) -> u64 {
        let changes: usize = self.changes.iter().map(|(_, persons)| persons.len() * 4 + 32).sum();
        self.permits.bytes() + changes as u64
    }
}

impl ConsentLedger {
    /// An empty one. Permits are kept up to so many bytes, the last ones asked for whatever they take.
    #[must_use]
    pub fn new(limit: u64) -> ConsentLedger {
        ConsentLedger {
            limit,
            scopes: Scopes::default(),
            pending: BTreeMap::new(),
            waiting: 0,
            books: BTreeMap::new(),
            news: Vec::new(),
            forgotten: 0,
            later: BTreeSet::new(),
            kept: Vec::new(),
            versions: 0,
        }
    }

    /// Adds an event of a person, or a tombstone. `now` is the moment of the last question, or earlier.
    pub fn add(&mut self, person: u32, event: &Known, now: Timestamp) {
        let line = self.scopes.line(person, event);
        if !line.is_seen(now) {
            self.later.insert((line.seen_from(), event.source(), person));
        }
        self.pending.entry(event.source()).or_default().push(line);
        self.waiting += 1;
        if self.waiting >= MOST_PENDING {
            self.settle();
        }
    }

    /// Drops every event of a person.
    pub fn forget(&mut self, person: u32) {
        self.settle();
        for (source, book) in &mut self.books {
            if book.forget(person) {
                self.news.push((*source, person));
            }
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = ConsentLedger { versions: self.versions, ..ConsentLedger::new(self.limit) };
    }

    fn settle(&mut self) {
        for (source, lines) in std::mem::take(&mut self.pending) {
            if !self.kept.is_empty() {
                self.news.extend(lines.iter().map(|line| (source, line.person)));
            }
            self.books.entry(source).or_default().add(lines);
        }
        self.waiting = 0;
        if self.news.len() > MOST_NEWS {
            self.forgotten += self.news.len();
            self.news = Vec::new();
        }
    }

    /// Events that are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting + self.books.values().map(Book::len).sum::<usize>()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the events take in memory, about; permits beside.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let pending: usize = self.pending.values().map(|lines| lines.capacity() * size_of::<Line>()).sum();
        self.books.values().map(Book::bytes).sum::<u64>() + self.scopes.bytes() + pending as u64
    }

    /// Gives the events of every source and person, both ascending. Names of records are others than were sent, the
    /// same where those are.
    pub fn each(&mut self, mut each: impl FnMut(u8, u32, &[Known])) {
        self.settle();
        for (source, book) in &self.books {
            let mut events = Vec::new();
            book.each(|person, lines| {
                events.clear();
                events.extend(lines.iter().map(|line| self.scopes.event(*source, line)));
                if !events.is_empty() {
                    each(*source, person, &events);
                }
            });
        }
    }

    /// What is permitted now, by events that have happened and are known.
    pub fn permits(&mut self, wanted: &Wanted<'_>, now: Timestamp) -> &Current {
        self.settle();
        while let Some(&(from, source, person)) = self.later.first().filter(|(from, ..)| *from <= now) {
            self.later.remove(&(from, source, person));
            self.news.push((source, person));
        }
        let is_it = |kept: &Kept| {
            kept.dataset == wanted.dataset.id
                && (&kept.purpose, &kept.recipient) == (wanted.purpose, wanted.recipient)
                && kept.span == wanted.span
        };
        let kept = self.kept.iter().position(is_it).map(|at| self.kept.remove(at));
        let kept = kept.and_then(|kept| self.brought_up(kept, wanted, now));
        let mut kept = match kept {
            Some(kept) => kept,
            None => self.folded(wanted, now),
        };
        kept.folded_at = now;
        kept.news = self.forgotten + self.news.len();
        let mut bytes: u64 = self.kept.iter().map(|kept| kept.current.bytes()).sum();
        while bytes + kept.current.bytes() > self.limit && !self.kept.is_empty() {
            bytes -= self.kept.remove(0).current.bytes();
        }
        self.kept.push(kept);
        &self.kept.last().expect("put there just now").current
    }

    /// All of it anew.
    fn folded(&mut self, wanted: &Wanted<'_>, now: Timestamp) -> Kept {
        let mut builder = Permits::builder(wanted.span.clone());
        for &source in &wanted.dataset.partners {
            builder = match wanted.dataset.basis(wanted.purpose) {
                None => builder,
                Some(basis) if basis.kind != BasisKind::Consent => builder.open(source),
                Some(basis) => self.folded_source(builder, source, wanted, basis.use_days, now),
            };
        }
        self.versions += 1;
        let version = self.versions;
        Kept {
            dataset: wanted.dataset.id.clone(),
            purpose: wanted.purpose.clone(),
            recipient: wanted.recipient.clone(),
            span: wanted.span.clone(),
            current: Current { permits: builder.build(), version, first: version, changes: Vec::new() },
            folded_at: now,
            news: 0,
        }
    }

    fn folded_source(
        &self,
        builder: PermitsBuilder,
        source: u8,
        wanted: &Wanted<'_>,
        longest: Option<u32>,
        now: Timestamp,
    ) -> PermitsBuilder {
        let covers = self.covering(source, wanted, longest);
        let mut windows = Vec::new();
        builder.in_order(source, |each| {
            let Some(book) = self.books.get(&source) else { return };
            book.each(|person, lines| {
                windows.clear();
                if permitted(lines, &covers, longest, now, &mut windows) {
                    each(person, &windows);
                }
            });
        })
    }

    fn covering(&self, source: u8, wanted: &Wanted<'_>, longest: Option<u32>) -> Covers {
        let Wanted { purpose, recipient, dataset, .. } = *wanted;
        self.scopes.covering(&Use { source, purpose, recipient, dataset: &dataset.id, longest })
    }

    /// Folds those again who need it; `None` where that is no less work than all, or cannot be known.
    fn brought_up(&mut self, mut kept: Kept, wanted: &Wanted<'_>, now: Timestamp) -> Option<Kept> {
        let news = kept.news.checked_sub(self.forgotten)?;
        if now < kept.folded_at {
            return None;
        }
        let basis = wanted.dataset.basis(wanted.purpose).filter(|basis| basis.kind == BasisKind::Consent);
        let Some(basis) = basis else { return Some(kept) };
        let mut changed = Vec::new();
        for &source in &wanted.dataset.partners {
            let Some(book) = self.books.get(&source) else { continue };
            let news = self.news[news..].iter().filter(|(of, _)| *of == source);
            let mut persons: Vec<u32> = news.map(|(_, person)| *person).collect();
            let (last, today) = (kept.folded_at.day(), now.day());
            if last < today {
                let turns = |line: &&Line| {
                    let (first, ends) = (line.valid().0, line.holds_to(basis.use_days));
                    line.kind().is_permit()
                        && ((last < first && first <= today) || (last <= ends && ends < today))
                };
                persons.extend(book.lines().filter(turns).map(|line| line.person));
            }
            persons.sort_unstable();
            persons.dedup();
            if persons.len() > 1_000 + book.len() / 8 {
                return None;
            }
            let covers = self.covering(source, wanted, basis.use_days);
            let again = |person: u32| {
                let mut windows = Vec::new();
                permitted(book.of(person), &covers, basis.use_days, now, &mut windows);
                (person, windows)
            };
            let again: Vec<_> = persons.into_iter().map(again).collect();
            changed.extend(kept.current.permits.put(source, &again));
        }
        if !changed.is_empty() {
            changed.sort_unstable();
            changed.dedup();
            self.versions += 1;
            kept.current.version = self.versions;
            kept.current.changes.push((self.versions, changed));
            let of =
                |changes: &[(u64, Vec<u32>)]| changes.iter().map(|(_, persons)| persons.len()).sum::<usize>();
            while kept.current.changes.len() > 64 || of(&kept.current.changes) > MOST_NEWS {
                kept.current.first = kept.current.changes.remove(0).0;
            }
        }
        Some(kept)
    }
}

/// The windows of one person's lines; whether the gate is open.
fn permitted(
    lines: &[Line],
    covers: &Covers,
    longest: Option<u32>,
    now: Timestamp,
    windows: &mut Vec<(Day, Day)>,
) -> bool {
    let seen = lines.iter().filter(|line| line.is_seen(now));
    standing(seen, &|line: &Line| covers.holds(line), longest, now.day(), windows)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
