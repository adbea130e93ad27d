//! The permissions of all persons for one question, compiled so that a row costs one look-up.
//!
//! One [`Permits`] belongs to one dataset of the question, because basis and data category are the dataset's; its
//! sources are the partners that delivered the dataset.
//!
//! Who leaves the question: a person who, at some source, has rows that the question reads and none of them is
//! permitted, whether the gate is shut or every row lies outside the windows. One permitted row there keeps the person
//! in, and the rows outside the windows stay out: such a person may look like a late starter, which is the price of
//! using what was permitted. Who leaves, leaves altogether, denominators included; over several datasets, unite the sets.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use roaring::RoaringBitmap;

use super::fold::{Permission, covered};
use crate::clock::Day;

/// The permissions of one dataset, by source and person.
#[derive(Clone, Debug, PartialEq)]
pub struct Permits {
    span: RangeInclusive<Day>,
    sources: Vec<Source>,
    nobody: RoaringBitmap,
}

/// Collects the sources of a [`Permits`].
#[derive(Debug)]
pub struct PermitsBuilder(Permits);

#[derive(Clone, Debug, Default, PartialEq)]
enum Source {
    /// Not part of the question: nothing is permitted.
    #[default]
    Absent,
    /// The basis of dataset and purpose is not consent: everything is.
    Open,
    Consent(Consent),
}

/// What the persons of one source permit, for a pass over all of them.
#[derive(Clone, Copy, Debug)]
pub enum PersonsOfSource<'a> {
    /// The source is not part of the question: nothing is permitted.
    Nobody,
    /// Its basis is not consent: every row of the span is.
    Everybody,
    /// What each of them permits.
    Those(Those<'a>),
}

/// The persons of a source that rests on consent.
#[derive(Clone, Copy, Debug)]
pub struct Those<'a>(&'a Consent);

impl<'a> Those<'a> {
    /// Those who permit every row of the span.
    #[must_use]
    pub const fn whole(self) -> &'a RoaringBitmap {
        &self.0.whole
    }

    /// The windows of one who is not among them: in order, disjoint, both days included, all in the span. Empty where
    /// nothing is permitted.
    #[must_use]
    pub fn windows(self, person: u32) -> &'a [(Day, Day)] {
        let Ok(at) = self.0.persons.binary_search(&person) else { return &[] };
        let start = if at == 0 { 0 } else { self.0.ends[at - 1] };
        &self.0.windows[start..self.0.ends[at]]
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Consent {
    /// Persons with the gate open and some day of the span permitted.
    permitted: RoaringBitmap,
    /// Those of them for whom the whole span is.
    whole: RoaringBitmap,
    /// The others in ascending order, and where the windows of each end.
    persons: Vec<u32>,
    ends: Vec<usize>,
    windows: Vec<(Day, Day)>,
}

/// What one person permits at one source: looked up once, asked per row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed<'a> {
    /// No row.
    None,
    /// Every row of a day in the span that the question reads.
    Span(RangeInclusive<Day>),
    /// Rows of days in one of these windows: in order, disjoint, both days included.
    Windows(&'a [(Day, Day)]),
}

impl Allowed<'_> {
    /// Whether a row of this day is permitted.
    #[must_use]
    pub fn allows(&self, day: Day) -> bool {
        match self {
            Allowed::None => false,
            Allowed::Span(span) => span.contains(&day),
            Allowed::Windows(windows) => covered(windows, day),
        }
    }
}

impl Permits {
    /// Begins a compilation. `span` holds every day that the question reads, whatever for; rows outside it are refused.
    #[must_use]
    pub fn builder(span: RangeInclusive<Day>) -> PermitsBuilder {
        PermitsBuilder(Permits { span, sources: Vec::new(), nobody: RoaringBitmap::new() })
    }

    /// What a person permits at a source.
    #[must_use]
    pub fn person(&self, source: u8, person: u32) -> Allowed<'_> {
        match self.sources.get(usize::from(source)) {
            None | Some(Source::Absent) => Allowed::None,
            Some(Source::Open) => Allowed::Span(self.span.clone()),
            Some(Source::Consent(consent)) if consent.whole.contains(person) => {
                Allowed::Span(self.span.clone())
            }
            Some(Source::Consent(consent)) => match Those(consent).windows(person) {
                [] => Allowed::None,
                windows => Allowed::Windows(windows),
            },
        }
    }

    /// What all persons permit at a source.
    #[must_use]
    pub fn source(&self, source: u8) -> PersonsOfSource<'_> {
        match self.sources.get(usize::from(source)) {
            None | Some(Source::Absent) => PersonsOfSource::Nobody,
            Some(Source::Open) => PersonsOfSource::Everybody,
            Some(Source::Consent(consent)) => PersonsOfSource::Those(Those(consent)),
        }
    }

    /// Whether a row may enter the plan. `person` is the one whose row it is, never a related one.
    #[must_use]
    pub fn row(&self, source: u8, person: u32, day: Day) -> bool {
        self.person(source, person).allows(day)
    }

    /// The persons with some permitted day at a source. `None` when the source does not rest on consent.
    #[must_use]
    pub fn permitted(&self, source: u8) -> Option<&RoaringBitmap> {
        match self.sources.get(usize::from(source)) {
            Some(Source::Open) => None,
            Some(Source::Consent(consent)) => Some(&consent.permitted),
            None | Some(Source::Absent) => Some(&self.nobody),
        }
    }

    /// Those of `persons` without any permitted day at a source. Silence is a no, so there is no list to keep of them.
    #[must_use]
    pub fn closed(&self, source: u8, persons: &RoaringBitmap) -> RoaringBitmap {
        self.permitted(source).map_or_else(RoaringBitmap::new, |permitted| persons - permitted)
    }

    /// The persons who leave the question, given every row that it reads of this dataset: per source, persons and days,
    /// cheapest in ascending order of persons.
    pub fn excluded<S, R>(&self, sources: S) -> RoaringBitmap
    where
        S: IntoIterator<Item = (u8, R)>,
        R: IntoIterator<Item = (u32, Day)>,
    {
        let mut excluded = RoaringBitmap::new();
        for (source, rows) in sources {
            if self.permitted(source).is_none() {
                continue;
            }
            let (mut present, mut kept) = (RoaringBitmap::new(), RoaringBitmap::new());
            let mut current: Option<(u32, Allowed<'_>, bool)> = None;
            for (person, day) in rows.into_iter().filter(|(_, day)| self.span.contains(day)) {
                let (_, allowed, done) = match &mut current {
                    Some(same) if same.0 == person => same,
                    other => {
                        present.insert(person);
                        other.insert((person, self.person(source, person), false))
                    }
                };
                if !*done && allowed.allows(day) {
                    *done = true;
                    kept.insert(person);
                }
            }
            excluded |= present - kept;
        }
        excluded
    }
}

impl Permits {
    /// Bytes that they take in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let sources = self.sources.iter().map(|source| match source {
            Source::Absent | Source::Open => 0,
            Source::Consent(consent) => consent.bytes(),
        });
        sources.sum()
    }

    /// Puts the windows of some persons of a source that rests on consent in place of theirs; `changed` is in ascending
    /// order. Returns those for whom that is another permission.
    pub(super) fn put(&mut self, source: u8, changed: &[(u32, Vec<(Day, Day)>)]) -> Vec<u32> {
        let Some(Source::Consent(consent)) = self.sources.get_mut(usize::from(source)) else {
            return Vec::new();
        };
        let mut fresh = Consent::default();
        changed.iter().for_each(|(person, windows)| fresh.push(*person, windows, &self.span));
        let says = |consent: &Consent, person: u32| {
            (consent.whole.contains(person), Those(consent).windows(person).to_vec())
        };
        let persons = changed.iter().map(|(person, _)| *person);
        let others: Vec<u32> =
            persons.filter(|person| says(consent, *person) != says(&fresh, *person)).collect();
        if !others.is_empty() {
            consent.put(&others, &fresh);
        }
        others
    }
}

impl Consent {
    /// Adds a person after all that are there.
    fn push(&mut self, person: u32, windows: &[(Day, Day)], span: &RangeInclusive<Day>) {
        let (first, last) = (*span.start(), *span.end());
        let before = self.windows.len();
        let clipped = windows.iter().map(|(from, to)| (*from.max(&first), *to.min(&last)));
        self.windows.extend(clipped.filter(|(from, to)| from <= to));
        match self.windows[before..] {
            [] => return,
            [(from, to)] if from == first && to == last => {
                self.windows.truncate(before);
                self.whole.insert(person);
            }
            _ => {
                self.persons.push(person);
                self.ends.push(self.windows.len());
            }
        }
        self.permitted.insert(person);
    }

    /// Puts what `fresh` says of some persons, in ascending order, in place of what stands here.
    fn put(&mut self, persons: &[u32], fresh: &Consent) {
        for person in persons {
            for (own, new) in [(&mut self.permitted, &fresh.permitted), (&mut self.whole, &fresh.whole)] {
                if new.contains(*person) {
                    own.insert(*person)
                } else {
                    own.remove(*person)
                };
            }
        }
        let narrowed = |consent: &Consent, person: u32| consent.persons.binary_search(&person).is_ok();
        if !persons.iter().any(|person| narrowed(self, *person) || narrowed(fresh, *person)) {
            return;
        }
        let (old, ends) = (std::mem::take(&mut self.persons), std::mem::take(&mut self.ends));
        let windows = std::mem::take(&mut self.windows);
        let (mut at, mut kept) = (0, 0);
        for person in persons.iter().copied().chain([u32::MAX]) {
            // Those before it stay as they are.
            let until = at + old[at..].partition_point(|other| *other < person);
            let (from, to) = (kept, if until == 0 { 0 } else { ends[until - 1] });
            // Where windows of others have gone or come, ends lie elsewhere by so much.
            let (was, is) = (from, self.windows.len());
            self.persons.extend_from_slice(&old[at..until]);
            self.ends.extend(ends[at..until].iter().map(|end| end - was + is));
            self.windows.extend_from_slice(&windows[from..to]);
            (at, kept) = (until, to);
            if old.get(at) == Some(&person) {
                (at, kept) = (at + 1, ends[at]);
            }
            let new = Those(fresh).windows(person);
            if !new.is_empty() {
                self.persons.push(person);
                self.windows.extend_from_slice(new);
                self.ends.push(self.windows.len());
            }
        }
    }

    fn bytes(&self) -> u64 {
        let sets = self.permitted.serialized_size() + self.whole.serialized_size();
        (sets + size_of_val(&*self.persons) + size_of_val(&*self.ends) + size_of_val(&*self.windows)) as u64
    }
}

impl PermitsBuilder {
    /// A source where the basis of dataset and purpose is another than consent: every row of the span is permitted.
    #[must_use]
    pub fn open(self, source: u8) -> PermitsBuilder {
        self.with(source, Source::Open)
    }

    /// A source where it is consent. A person who is not in the map permits nothing.
    #[must_use]
    pub fn consent(self, source: u8, permissions: &BTreeMap<u32, Permission>) -> PermitsBuilder {
        let windows = |permission: &Permission| {
            if permission.gate() { permission.windows().to_vec() } else { Vec::new() }
        };
        let mut permissions = permissions.iter();
        self.in_order(source, |each| {
            permissions.by_ref().for_each(|(person, permission)| each(*person, &windows(permission)));
        })
    }

    /// The same from `walk`, which gives the windows of every person with an open gate: persons ascending, windows in order
    /// and disjoint.
    pub fn in_order(
        self,
        source: u8,
        walk: impl FnOnce(&mut dyn FnMut(u32, &[(Day, Day)])),
    ) -> PermitsBuilder {
        let (mut consent, span) = (Consent::default(), self.0.span.clone());
        walk(&mut |person, windows| consent.push(person, windows, &span));
        self.with(source, Source::Consent(consent))
    }

    /// The permissions, compiled.
    #[must_use]
    pub fn build(self) -> Permits {
        self.0
    }

    fn with(mut self, source: u8, what: Source) -> PermitsBuilder {
        let at = usize::from(source);
        if self.0.sources.len() <= at {
            self.0.sources.resize_with(at + 1, Source::default);
        }
        self.0.sources[at] = what;
        self
    }
}
