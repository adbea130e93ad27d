//! How a record stands among all events of its person at a moment. Whether a yes opens a gate is asked of the fold; only
//! the word for why it does not is found here.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::consent::{AsOf, ConsentEvent, EventKind, Known, Use, fold};
use crate::name::DatasetId;

/// How a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Asked; permits nothing.
    Asked,
    /// A yes that opens the gate for everything that it lists.
    InForce,
    /// A yes that opens the gate for some of what it lists.
    InPart,
    /// A yes that begins later.
    NotYet,
    /// A yes that is over, by its last day or by an event, or such an event.
    RunOut,
    /// A yes that another one replaced.
    Replaced,
    /// A yes that was taken back, or the taking back.
    Withdrawn,
    /// A no, or a yes that a later no beats.
    Refused,
    /// A yes that was found not to be valid, or the finding.
    Invalid,
}

impl Standing {
    /// The word in a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Asked => "asked",
            Standing::InForce => "in-force",
            Standing::InPart => "in-part",
            Standing::NotYet => "not-yet",
            Standing::RunOut => "run-out",
            Standing::Replaced => "replaced",
            Standing::Withdrawn => "withdrawn",
            Standing::Refused => "refused",
            Standing::Invalid => "invalid",
        }
    }
}

/// How each of a person's events stands at the moment. All are of one person at one source.
#[must_use]
pub fn standings(events: &[&ConsentEvent], moment: Timestamp) -> Vec<Standing> {
    (0..events.len()).map(|at| standing(events, at, moment)).collect()
}

fn standing(events: &[&ConsentEvent], at: usize, moment: Timestamp) -> Standing {
    let event = events[at];
    match event.kind {
        EventKind::Requested => return Standing::Asked,
        EventKind::Refused => return Standing::Refused,
        EventKind::Withdrawn => return Standing::Withdrawn,
        EventKind::Invalidated => return Standing::Invalid,
        EventKind::Expired => return Standing::RunOut,
        EventKind::Given | EventKind::Renewed => {}
    }
    match opened(events, at, moment) {
        Opened::All => Standing::InForce,
        Opened::Some => Standing::InPart,
        Opened::None => why_not(events, at, moment),
    }
}

/// The nearest word for a yes that opens nothing.
fn why_not(events: &[&ConsentEvent], at: usize, moment: Timestamp) -> Standing {
    let (yes, today) = (events[at], moment.day());
    let said = |kind: EventKind| {
        events.iter().any(|e| {
            let named = e.names.as_ref() == Some(&yes.record);
            e.kind == kind
                && e.at <= moment
                && (named || e.kind.is_deny() && e.at >= yes.at && touches(e, yes))
        })
    };
    // A custodian's no that stands beats the yeses after it too.
    let no_before =
        |kind: EventKind| events.iter().any(|e| e.kind == kind && e.at <= moment && touches(e, yes));
    if said(EventKind::Invalidated) {
        Standing::Invalid
    } else if said(EventKind::Withdrawn) {
        Standing::Withdrawn
    } else if said(EventKind::Refused) {
        Standing::Refused
    } else if said(EventKind::Renewed) {
        Standing::Replaced
    } else if said(EventKind::Expired) || yes.valid_to.is_some_and(|to| to < today) {
        Standing::RunOut
    } else if yes.at > moment || yes.valid_from > today {
        Standing::NotYet
    } else if no_before(EventKind::Withdrawn) {
        Standing::Withdrawn
    } else if no_before(EventKind::Refused) {
        Standing::Refused
    } else {
        Standing::Invalid
    }
}

/// Whether a deny and a yes are about something in common.
fn touches(deny: &ConsentEvent, yes: &ConsentEvent) -> bool {
    fn shared<T: PartialEq>(a: &[T], b: &[T]) -> bool {
        a.is_empty() || b.is_empty() || a.iter().any(|item| b.contains(item))
    }
    shared(&deny.purposes, &yes.purposes)
        && shared(&deny.recipients, &yes.recipients)
        && shared(&deny.datasets, &yes.datasets)
}

enum Opened {
    All,
    Some,
    None,
}

/// Whether this very yes opens the gate: with the others there as far as they end, replace, beat or lift something, and
/// without a day on which they permit.
fn opened(events: &[&ConsentEvent], at: usize, moment: Timestamp) -> Opened {
    let known: Vec<Known> = events
        .iter()
        .enumerate()
        .map(|(other, event)| {
            let mut event = ConsentEvent::clone(event);
            if other != at && event.kind.is_permit() {
                event.valid_from = moment.day().plus(1);
                event.valid_to = None;
            }
            Known::new(0, &event, event.at)
        })
        .collect();
    let yes = events[at];
    let purposes = told_apart(yes.purposes.iter().collect(), |e| &e.purposes, events);
    let recipients = told_apart(yes.recipients.iter().collect(), |e| &e.recipients, events);
    // No dataset listed means all: those that somebody names, and one that nobody does.
    let named: BTreeSet<&DatasetId> = events.iter().flat_map(|e| &e.datasets).collect();
    let free = (0..=named.len()).filter_map(|n| format!("any-{n}").parse::<DatasetId>().ok());
    let free = free.into_iter().find(|id| !named.contains(id));
    let datasets = if yes.datasets.is_empty() {
        named.iter().copied().chain(&free).collect()
    } else {
        yes.datasets.iter().collect()
    };
    let datasets = told_apart(datasets, |e| &e.datasets, events);
    let (mut open, mut all) = (0_usize, 0_usize);
    for purpose in &purposes {
        for recipient in &recipients {
            for dataset in &datasets {
                let asked = Use { source: 0, purpose, recipient, dataset, longest: None };
                all += 1;
                open += usize::from(fold(&known, &asked, AsOf::known_then(moment)).gate());
            }
        }
    }
    match open {
        0 => Opened::None,
        _ if open == all => Opened::All,
        _ => Opened::Some,
    }
}

/// One name for each group that no event tells apart: the fold answers for all of a group as for one.
fn told_apart<'e, T: PartialEq>(
    names: Vec<&'e T>,
    list: impl Fn(&ConsentEvent) -> &[T],
    events: &[&ConsentEvent],
) -> Vec<&'e T> {
    let mut seen = BTreeSet::new();
    let apart = |name: &&T| seen.insert(events.iter().map(|e| list(e).contains(name)).collect::<Vec<bool>>());
    names.into_iter().filter(apart).collect()
}
