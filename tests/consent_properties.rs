//! What must always and never hold of the fold, over random histories and orders of arrival, and against an oracle
//! that looks at one day at a time and shares no code with it.
#![cfg(feature = "service")]

#[path = "consent_properties/standing.rs"]
mod standing;

use std::collections::BTreeMap;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    AsOf, CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, Known, LegalBasis, Method, Notice, Permission,
    Permits, RowWindow, Use, fold,
};
use proptest::prelude::*;
use proptest::sample::select;

/// Days 0 to 40 are the world of these tests; events happen at noon or midnight of days 0 to 20.
const DAYS: i32 = 40;
const HALF_DAY: i64 = 43_200_000;

#[derive(Clone, Debug)]
struct Entry {
    source: u8,
    recorded_at: Timestamp,
    event: Visible,
}

/// An event that a failing test may show: these are about nobody.
#[derive(Clone)]
struct Visible(ConsentEvent);

impl std::fmt::Debug for Visible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).expect("JSON"))
    }
}

impl Entry {
    fn known(&self) -> Known {
        Known::new(self.source, &self.event.0, self.recorded_at)
    }
}

fn day(day: i32) -> Day {
    Day::from_days(day)
}

/// Half days since day 0.
fn half(halves: i64) -> Timestamp {
    Timestamp::from_millis(halves * HALF_DAY)
}

fn event(kind: EventKind, at: i64) -> ConsentEvent {
    ConsentEvent {
        record: "r0".parse().expect("an id"),
        schema: CONSENT_SCHEMA,
        kind,
        names: None,
        purposes: vec!["p0".parse().expect("a name")],
        recipients: vec!["x0".parse().expect("a name")],
        datasets: Vec::new(),
        at: half(at),
        valid_from: day(0),
        valid_to: None,
        rows: RowWindow { from: Some(day(0)), to: None },
        notice: Notice {
            id: "n".parse().expect("a name"),
            version: "1".into(),
            sha256: "00".repeat(32),
            language: "da".into(),
        },
        method: Method::Written,
        given_by: GivenBy::Person,
        recorded_by: "test".into(),
        legal_basis: LegalBasis::Consent,
        withdrawal_method: Method::Written,
        retention_until: day(1000),
    }
}

fn entry(event: ConsentEvent) -> Entry {
    Entry { source: 0, recorded_at: event.at, event: Visible(event) }
}

fn names<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, bits: u8) -> Vec<T> {
    (0..2).filter(|n| bits >> n & 1 == 1).map(|n| format!("{prefix}{n}").parse().expect("a name")).collect()
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    use EventKind::{Expired, Given, Invalidated, Refused, Renewed, Requested, Withdrawn};
    select(vec![
        Given,
        Given,
        Given,
        Given,
        Renewed,
        Renewed,
        Refused,
        Withdrawn,
        Invalidated,
        Expired,
        Requested,
    ])
}

prop_compose! {
    fn any_entry()(
        kind in any_kind(),
        at in 0..40i64,
        late in prop_oneof![3 => Just(0i64), 1 => 0..30i64],
        source in prop_oneof![5 => Just(0u8), 1 => Just(1u8)],
        record in 0..8u8,
        about in proptest::option::weighted(0.5, 0..8u8),
        purposes in prop_oneof![2 => Just(1u8), 1 => 0..4u8],
        recipients in prop_oneof![2 => Just(1u8), 1 => 0..4u8],
        datasets in prop_oneof![3 => Just(0u8), 1 => 0..4u8],
        valid_from in 0..20,
        valid_to in proptest::option::weighted(0.4, 0..DAYS),
        from in proptest::option::weighted(0.7, 0..DAYS),
        to in proptest::option::weighted(0.6, 0..DAYS),
        custodian in proptest::bool::weighted(0.2),
    ) -> Entry {
        let mut event = event(kind, at);
        event.record = format!("r{record}").parse().expect("an id");
        event.names = about.map(|n| format!("r{n}").parse().expect("an id"));
        event.purposes = names("p", purposes);
        event.recipients = names("x", recipients);
        event.datasets = names("d", datasets);
        event.valid_from = day(valid_from);
        event.valid_to = valid_to.map(day);
        event.rows = RowWindow { from: from.map(day), to: to.map(day) };
        event.given_by = if custodian { GivenBy::Custodian } else { GivenBy::Person };
        Entry { source, recorded_at: half(at + late), event: Visible(event) }
    }
}

fn any_history() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(any_entry(), 0..9)
}

fn ask(history: &[Entry], as_of: AsOf) -> Permission {
    ask_for(&history.iter().map(Entry::known).collect::<Vec<_>>(), ["p0", "x0", "d0"], None, as_of)
}

/// The fold for a purpose, a recipient and a dataset.
fn ask_for(known: &[Known], [p, x, d]: [&str; 3], longest: Option<u32>, as_of: AsOf) -> Permission {
    let purpose = p.parse().expect("a name");
    let recipient = x.parse().expect("a name");
    let dataset = d.parse().expect("a name");
    let asked = Use { source: 0, purpose: &purpose, recipient: &recipient, dataset: &dataset, longest };
    fold(known, &asked, as_of)
}

fn at(halves: i64) -> AsOf {
    AsOf::known_then(half(halves))
}

// ---- the oracle ------------------------------------------------------------------------------

/// The permits that count at a moment, by going through the rules one by one for each permit.
fn survivors(history: &[Entry], moment: i64, known: i64) -> Vec<&ConsentEvent> {
    let today = half(moment).day();
    let mut yeses = unbeaten(history, moment, known, ["p0", "x0", "d0"]);
    yeses.retain(|yes| yes.valid_from <= today && yes.valid_to.is_none_or(|to| today <= to));
    yeses
}

/// The permits for a purpose, a recipient and a dataset that nothing beats or ends, whenever they hold.
fn unbeaten<'a>(
    history: &'a [Entry],
    moment: i64,
    known: i64,
    [p, x, d]: [&str; 3],
) -> Vec<&'a ConsentEvent> {
    let seen: Vec<&ConsentEvent> = history
        .iter()
        .filter(|e| e.source == 0 && e.event.0.at <= half(moment) && e.recorded_at <= half(known))
        .map(|e| &e.event.0)
        .collect();
    let lists = |list: &[String], wanted: &str, empty: bool| {
        if list.is_empty() { empty } else { list.iter().any(|n| n == wanted) }
    };
    let covers = |e: &ConsentEvent| {
        let deny = matches!(e.kind, EventKind::Refused | EventKind::Withdrawn | EventKind::Invalidated);
        lists(&e.purposes.iter().map(ToString::to_string).collect::<Vec<_>>(), p, deny)
            && lists(&e.recipients.iter().map(ToString::to_string).collect::<Vec<_>>(), x, deny)
            && lists(&e.datasets.iter().map(ToString::to_string).collect::<Vec<_>>(), d, true)
    };
    let is_yes = |e: &ConsentEvent| matches!(e.kind, EventKind::Given | EventKind::Renewed);
    let mut counting = Vec::new();
    for yes in seen.iter().filter(|e| is_yes(e) && covers(e)) {
        let mut counts = true;
        for other in &seen {
            let about_it = other.names.as_ref() == Some(&yes.record);
            match other.kind {
                EventKind::Given | EventKind::Requested => {}
                EventKind::Renewed | EventKind::Expired => counts &= !about_it,
                EventKind::Refused | EventKind::Withdrawn | EventKind::Invalidated if !covers(other) => {}
                EventKind::Invalidated => counts &= !about_it && yes.at > other.at,
                EventKind::Refused | EventKind::Withdrawn => {
                    counts &= !about_it && yes.at > other.at;
                    if other.given_by == GivenBy::Custodian {
                        // Somebody with a say must have lifted it, no later than this yes.
                        let lifted = seen.iter().any(|q| {
                            let denied = seen.iter().any(|d| {
                                matches!(
                                    d.kind,
                                    EventKind::Refused | EventKind::Withdrawn | EventKind::Invalidated
                                ) && covers(d)
                                    && d.names.as_ref() == Some(&q.record)
                            });
                            let answers =
                                q.kind == EventKind::Renewed && q.names.as_ref() == Some(&other.record);
                            is_yes(q)
                                && covers(q)
                                && !denied
                                && other.at < q.at
                                && q.at <= yes.at
                                && (answers || q.given_by == GivenBy::Person)
                        });
                        counts &= lifted;
                    }
                }
            }
        }
        if counts {
            counting.push(*yes);
        }
    }
    counting
}

/// Last day on which a yes holds under a limit.
fn ends(yes: &ConsentEvent, longest: Option<u32>) -> Day {
    let own = yes.valid_to.unwrap_or(Day::MAX);
    longest.map_or(own, |days| own.min(yes.at.day().plus(i32::try_from(days).expect("few days"))))
}

fn window_covers(yes: &ConsentEvent, d: Day) -> bool {
    yes.rows.from.unwrap_or(yes.valid_from) <= d && yes.rows.to.is_none_or(|to| d <= to)
}

fn oracle_allows(survivors: &[&ConsentEvent], d: Day) -> bool {
    let shares_a_day = |a: &ConsentEvent, b: &ConsentEvent| {
        (0..=DAYS + 1).any(|n| window_covers(a, day(n)) && window_covers(b, day(n)))
    };
    let covering: Vec<_> = survivors.iter().filter(|yes| window_covers(yes, d)).collect();
    !covering.is_empty()
        && survivors
            .iter()
            .filter(|yes| covering.iter().any(|c| shares_a_day(c, yes)))
            .all(|yes| window_covers(yes, d))
}

// ---- the properties --------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_fold_agrees_with_the_oracle_on_every_day(
        history in any_history(), moment in 0..80i64, later in 0..40i64,
    ) {
        for (as_of, known) in [
            (AsOf::known_then(half(moment)), moment),
            (AsOf::known_now(half(moment), half(moment + later)), moment + later),
        ] {
            let permission = ask(&history, as_of);
            let survivors = survivors(&history, moment, known);
            prop_assert_eq!(permission.gate(), !survivors.is_empty());
            for d in (-1..=DAYS + 1).map(day) {
                prop_assert_eq!(permission.allows(d), oracle_allows(&survivors, d), "{}", d);
            }
        }
    }

    #[test]
    fn the_order_of_arrival_never_matters(
        (history, shuffled) in any_history().prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle())),
        moment in 0..80i64,
    ) {
        prop_assert_eq!(ask(&history, at(moment)), ask(&shuffled, at(moment)));
    }

    #[test]
    fn windows_are_in_order_and_apart(history in any_history(), moment in 0..80i64) {
        let permission = ask(&history, at(moment));
        prop_assert!(permission.windows().iter().all(|(from, to)| from <= to));
        prop_assert!(permission.windows().windows(2).all(|pair| pair[0].1.plus(1) < pair[1].0));
        prop_assert!(permission.gate() || permission.windows().is_empty());
    }

    #[test]
    fn silence_never_permits(mut history in any_history(), moment in 0..80i64) {
        history.retain(|e| !e.event.0.kind.is_permit());
        prop_assert_eq!(ask(&history, at(moment)), Permission::none());
    }

    #[test]
    fn a_deny_always_beats_every_permit_up_to_its_instant_and_never_expires(
        mut history in any_history(),
        kind in select(vec![EventKind::Refused, EventKind::Withdrawn, EventKind::Invalidated]),
        denied in 0..40i64,
        place in any::<proptest::sample::Index>(),
        after in 0..400i64,
    ) {
        history.retain(|e| !e.event.0.kind.is_permit() || e.event.0.at <= half(denied));
        let mut deny = event(kind, denied);
        deny.record = "deny".parse().expect("an id");
        // A validity that is long over, and an `expired` that names the deny: neither lets the yes come back.
        deny.valid_to = Some(day(0));
        let mut expired = event(EventKind::Expired, denied + 1);
        expired.names = Some(deny.record.clone());
        for new in [entry(deny), entry(expired)] {
            history.insert(place.index(history.len() + 1), new);
        }
        prop_assert_eq!(ask(&history, at(denied + after)), Permission::none());
    }

    #[test]
    fn another_deny_never_opens_a_gate(
        history in any_history(),
        mut deny in any_entry(),
        kind in select(vec![EventKind::Refused, EventKind::Withdrawn, EventKind::Invalidated]),
        moment in 0..80i64,
    ) {
        deny.event.0.kind = kind;
        let before = ask(&history, at(moment));
        let after = ask(&[history, vec![deny]].concat(), at(moment));
        prop_assert!(before.gate() || !after.gate());
    }

    #[test]
    fn a_later_yes_of_the_person_always_permits_again(history in any_history(), moment in 40..80i64) {
        let mut yes = event(EventKind::Given, 40);
        yes.record = "again".parse().expect("an id");
        prop_assert!(ask(&[history, vec![entry(yes)]].concat(), at(moment)).gate());
    }

    #[test]
    fn a_permit_counts_on_its_days_and_no_other(from in 0..20, length in 0..20, moment in 0..80i64) {
        let mut yes = event(EventKind::Given, 0);
        (yes.valid_from, yes.valid_to) = (day(from), Some(day(from + length)));
        let today = half(moment).day();
        prop_assert_eq!(ask(&[entry(yes)], at(moment)).gate(), (day(from)..=day(from + length)).contains(&today));
    }

    #[test]
    fn of_two_overlapping_permits_the_narrower_window_always_wins(
        outer in (0..10, 20..40), inner in (10..15, 15..20), swap: bool,
    ) {
        let window = |(from, to), record: &str| {
            let mut yes = event(EventKind::Given, i64::from(swap));
            yes.record = record.parse().expect("an id");
            yes.rows = RowWindow { from: Some(day(from)), to: Some(day(to)) };
            entry(yes)
        };
        let permission = ask(&[window(outer, "wide"), window(inner, "narrow")], at(2));
        prop_assert_eq!(permission.windows(), &[(day(inner.0), day(inner.1))]);
    }

    #[test]
    fn a_renewal_always_replaces_the_record_that_it_names(
        old in (0..20, 20..40), new in (0..20, 20..40), moment in 3..80i64,
    ) {
        let window = |kind, at, (from, to), record: &str| {
            let mut yes = event(kind, at);
            yes.record = record.parse().expect("an id");
            yes.rows = RowWindow { from: Some(day(from)), to: Some(day(to)) };
            yes
        };
        let given = window(EventKind::Given, 1, old, "old");
        let mut renewed = window(EventKind::Renewed, 3, new, "new");
        renewed.names = Some(given.record.clone());
        let history = [entry(renewed), entry(given)];
        prop_assert_eq!(ask(&history, at(moment)).windows().to_vec(), vec![(day(new.0), day(new.1))]);
        prop_assert_eq!(ask(&history, at(2)).windows().to_vec(), vec![(day(old.0), day(old.1))]);
    }

    #[test]
    fn any_custodians_deny_counts_whatever_other_custodians_say(
        mut history in any_history(), denied in 0..40i64, moment in 40..80i64,
    ) {
        history.iter_mut().for_each(|e| e.event.0.given_by = GivenBy::Custodian);
        let mut deny = event(EventKind::Refused, denied);
        deny.record = "deny".parse().expect("an id");
        deny.given_by = GivenBy::Custodian;
        history.push(entry(deny.clone()));
        prop_assert_eq!(ask(&history, at(moment)), Permission::none());
        // The custodian who said no takes it back: then it is lifted.
        history.retain(|e| !e.event.0.kind.is_deny() || e.event.0.record == deny.record);
        let mut back = event(EventKind::Renewed, 40);
        back.record = "back".parse().expect("an id");
        back.given_by = GivenBy::Custodian;
        back.names = Some(deny.record);
        history.push(entry(back));
        prop_assert!(ask(&history, at(moment)).gate());
    }

    #[test]
    fn over_an_alias_deny_always_wins(
        mut old in any_history(), new in any_history(), denied in 39..41i64, moment in 41..80i64,
    ) {
        old.retain(|e| e.event.0.at < half(denied));
        let mut deny = event(EventKind::Withdrawn, denied);
        (deny.purposes, deny.recipients) = (Vec::new(), Vec::new());
        let old = [old, vec![entry(deny)]].concat();
        let new: Vec<_> = new.into_iter().filter(|e| e.event.0.at <= half(denied)).collect();
        prop_assert_eq!(ask(&[old.clone(), new.clone()].concat(), at(moment)), Permission::none());
        prop_assert_eq!(ask(&[new, old].concat(), at(moment)), Permission::none());
    }

    #[test]
    fn other_sources_never_have_a_say(history in any_history(), moment in 0..80i64) {
        let own: Vec<_> = history.iter().filter(|e| e.source == 0).cloned().collect();
        prop_assert_eq!(ask(&history, at(moment)), ask(&own, at(moment)));
    }

    #[test]
    fn what_was_known_then_never_changes(history in any_history(), new in any_entry(), moment in 0..40i64) {
        let mut late = new;
        late.recorded_at = half(moment + 1);
        let with = [history.clone(), vec![late.clone()]].concat();
        prop_assert_eq!(ask(&history, at(moment)), ask(&with, at(moment)));
        late.event.0.at = half(moment + 1);
        late.recorded_at = half(0);
        let with = [history.clone(), vec![late]].concat();
        prop_assert_eq!(ask(&history, at(moment)), ask(&with, at(moment)));
    }

    #[test]
    fn compiled_permits_say_what_the_fold_says(
        histories in proptest::collection::vec(any_history(), 1..12),
        rows in proptest::collection::vec((0..14u32, 0..=DAYS), 0..60),
        (first, last) in (0..15, 15..=DAYS),
        moment in 0..80i64,
    ) {
        let permissions: BTreeMap<u32, Permission> =
            (1..).zip(&histories).map(|(person, h)| (person, ask(h, at(moment)))).collect();
        let permits =
            Permits::builder(day(first)..=day(last)).consent(3, &permissions).open(1).build();
        let mut forbidden = BTreeMap::<u32, bool>::new();
        for (person, d) in rows.iter().map(|(person, d)| (*person, day(*d))) {
            let read = (day(first)..=day(last)).contains(&d);
            let allowed = permissions.get(&person).is_some_and(|p| p.allows(d));
            prop_assert_eq!(permits.row(3, person, d), read && allowed);
            prop_assert_eq!(permits.row(1, person, d), read);
            prop_assert!(!permits.row(0, person, d) && !permits.row(9, person, d));
            if read {
                let all_so_far = forbidden.entry(person).or_insert(true);
                *all_so_far &= !allowed;
            }
        }
        let leaving: Vec<u32> = forbidden.iter().filter(|(_, f)| **f).map(|(p, _)| *p).collect();
        let unordered: Vec<_> = rows.iter().map(|(person, d)| (*person, day(*d))).collect();
        let mut ordered = unordered.clone();
        ordered.sort_unstable();
        for rows in [unordered, ordered] {
            let excluded = permits.excluded([(3, rows.clone()), (1, rows)]);
            prop_assert_eq!(excluded.iter().collect::<Vec<_>>(), leaving.clone());
        }
        let everybody: roaring::RoaringBitmap = (0..14u32).collect();
        let shut: Vec<u32> = (0..14)
            .filter(|p| !permissions.get(p).is_some_and(|p| (first..=last).any(|d| p.allows(day(d)))))
            .collect();
        prop_assert_eq!(permits.closed(3, &everybody).iter().collect::<Vec<_>>(), shut);
        prop_assert!(permits.closed(1, &everybody).is_empty() && permits.permitted(1).is_none());
        prop_assert_eq!(permits.closed(0, &everybody), everybody);
    }
}
