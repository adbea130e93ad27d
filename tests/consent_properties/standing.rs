//! What must always and never hold of the limits of a policy, of tombstones, of what may come in and stay, and of
//! retention.

use kobling::consent::{Days, Tombstone, denied, disclosable, due, keepable};
use kobling::programme::{Basis, BasisKind, Dataset, Text};

use super::*;

/// The dataset `d0`: `p0` on consent under two limits, `p1` on consent under none, `p2` on another basis.
fn dataset(disclosure_days: Option<u32>, use_days: Option<u32>) -> Dataset {
    let basis = |purpose: &str, kind, disclosure_days, use_days| Basis {
        purpose: purpose.parse().expect("a name"),
        kind,
        rests_on: "r".into(),
        special_categories: false,
        offences: false,
        disclosure_days,
        use_days,
        forbids: Vec::new(),
    };
    Dataset {
        id: "d0".parse().expect("a name"),
        title: Text { da: "t".into(), en: "t".into() },
        partners: vec![0, 1],
        bases: vec![
            basis("p0", BasisKind::Consent, disclosure_days, use_days),
            basis("p1", BasisKind::Consent, None, None),
            basis("p2", BasisKind::Task, None, None),
        ],
        retention_days: None,
        staff_issuer: None,
        columns: Vec::new(),
    }
}

/// Another dataset of the source, with the same bases.
fn other() -> Dataset {
    Dataset { id: "d1".parse().expect("a name"), ..dataset(None, None) }
}

/// Every use that the histories of these tests may speak of.
fn uses() -> impl Iterator<Item = [&'static str; 3]> {
    let recipients = |p| ["x0", "x1"].into_iter().flat_map(move |x| ["d0", "d1"].map(|d| [p, x, d]));
    ["p0", "p1"].into_iter().flat_map(recipients)
}

/// Those of the dataset `d0`.
fn uses_of_d0() -> impl Iterator<Item = [&'static str; 3]> {
    uses().filter(|[_, _, d]| *d == "d0")
}

fn known(history: &[Entry]) -> Vec<Known> {
    history.iter().map(Entry::known).collect()
}

fn days() -> impl Iterator<Item = Day> {
    (-1..=DAYS + 1).map(day)
}

fn any_limit() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(0..30u32)
}

/// The days that may be handed over or kept, one by one and from the rules alone.
fn oracle(history: &[Entry], moment: i64, limit: Option<u32>, grace: Option<i32>, d: Day) -> bool {
    let today = half(moment).day();
    uses_of_d0().any(|[p, x, d0]| {
        let limit = limit.filter(|_| p == "p0");
        let yeses = unbeaten(history, moment, moment, [p, x, d0]);
        match grace {
            // Handing over is a use like any other.
            None => {
                let held: Vec<_> = yeses
                    .into_iter()
                    .filter(|yes| yes.valid_from <= today && today <= ends(yes, limit))
                    .collect();
                oracle_allows(&held, d)
            }
            // What any yes covers by itself stays, until it has run out for longer than the grace.
            Some(grace) => yeses.iter().any(|yes| {
                let lapsed = i64::from(today.days()) - i64::from(ends(yes, limit).days());
                lapsed <= i64::from(grace) && window_covers(yes, d)
            }),
        }
    })
}

fn tombstones(of: &[Tombstone]) -> Vec<Known> {
    of.iter().map(|t| Known::tombstone(0, t.dataset.clone(), t.denied_at, t.by)).collect()
}

/// Asserts that every use permits in `less` no gate and no day that it does not in `more`.
fn never_more(
    less: &[Known],
    more: &[Known],
    longest: Option<u32>,
    as_of: AsOf,
) -> Result<(), TestCaseError> {
    for asked in uses() {
        let (less, more) = (ask_for(less, asked, longest, as_of), ask_for(more, asked, longest, as_of));
        prop_assert!(more.gate() || !less.gate(), "{:?}", asked);
        prop_assert!(days().all(|d| more.allows(d) || !less.allows(d)), "{:?}: {:?} {:?}", asked, less, more);
    }
    Ok(())
}

/// An event and the last day on which it is kept.
fn any_kept_history() -> impl Strategy<Value = Vec<(Entry, Day)>> {
    proptest::collection::vec((any_entry(), (0..40).prop_map(day)), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_limit_agrees_with_the_oracle(history in any_history(), moment in 0..80i64, limit in any_limit()) {
        let today = half(moment).day();
        let permission = ask_for(&known(&history), ["p0", "x0", "d0"], limit, at(moment));
        let mut yeses = unbeaten(&history, moment, moment, ["p0", "x0", "d0"]);
        yeses.retain(|yes| yes.valid_from <= today && today <= ends(yes, limit));
        prop_assert_eq!(permission.gate(), !yeses.is_empty());
        for d in days() {
            prop_assert_eq!(permission.allows(d), oracle_allows(&yeses, d));
        }
    }

    #[test]
    fn a_limit_never_opens_a_gate_and_a_shorter_one_never_opens_more(
        history in any_history(), moment in 0..80i64, limit in 0..30u32, less in 0..30u32,
    ) {
        let known = known(&history);
        let gate = |limit| ask_for(&known, ["p0", "x0", "d0"], limit, at(moment)).gate();
        prop_assert!(gate(None) || !gate(Some(limit)));
        prop_assert!(gate(Some(limit.max(less))) || !gate(Some(limit.min(less))));
    }

    #[test]
    fn a_yes_under_a_limit_holds_on_its_days_and_no_other(given in 0..40i64, limit in 0..30u32, moment in 0..120i64) {
        let yes = known(&[entry(event(EventKind::Given, given))]);
        let (first, today) = (half(given).day(), half(moment).day());
        let holds = moment >= given && today <= first.plus(i32::try_from(limit).expect("few"));
        prop_assert_eq!(ask_for(&yes, ["p0", "x0", "d0"], Some(limit), at(moment)).gate(), holds);
    }

    #[test]
    fn what_may_come_in_and_stay_agrees_with_the_oracle(
        history in any_history(), moment in 0..80i64, limit in any_limit(), grace in 0..20i32,
    ) {
        let events = known(&history);
        let handed_over = disclosable(&events, 0, &dataset(limit, None), at(moment));
        let kept = keepable(&events, 0, &dataset(None, limit), at(moment), grace.unsigned_abs());
        for d in days() {
            prop_assert_eq!(handed_over.holds(d), oracle(&history, moment, limit, None, d), "handed over {}", d);
            prop_assert_eq!(kept.holds(d), oracle(&history, moment, limit, Some(grace), d), "kept {}", d);
        }
    }

    #[test]
    fn whatever_any_use_permits_may_always_be_kept(
        history in any_history(), moment in 0..80i64, limit in any_limit(), grace in 0..20u32,
    ) {
        let events = known(&history);
        let kept = keepable(&events, 0, &dataset(None, limit), at(moment), grace);
        for [p, x, d0] in uses_of_d0() {
            let permitted = ask_for(&events, [p, x, d0], limit.filter(|_| p == "p0"), at(moment));
            prop_assert!(days().all(|d| kept.holds(d) || !permitted.allows(d)));
        }
    }

    #[test]
    fn nothing_comes_in_that_no_use_permits(history in any_history(), moment in 0..80i64) {
        let events = known(&history);
        let handed_over = disclosable(&events, 0, &dataset(None, Some(0)), at(moment));
        let permitted: Vec<Permission> =
            uses_of_d0().map(|asked| ask_for(&events, asked, None, at(moment))).collect();
        for d in days().filter(|d| handed_over.holds(*d)) {
            prop_assert!(permitted.iter().any(|permission| permission.allows(d)));
        }
    }

    #[test]
    fn a_deny_of_everything_always_empties_both(
        history in any_history(), denied in 39..60i64, after in 0..200i64, grace in 0..100u32,
    ) {
        let mut deny = event(EventKind::Withdrawn, denied);
        (deny.purposes, deny.recipients) = (Vec::new(), Vec::new());
        let mut events = known(&history);
        events.push(entry(deny).known());
        let moment = at(denied + after);
        prop_assert_eq!(disclosable(&events, 0, &dataset(None, None), moment), Days::default());
        prop_assert_eq!(keepable(&events, 0, &dataset(None, None), moment, grace), Days::default());
    }

    #[test]
    fn the_order_of_events_never_matters_to_what_may_come_in_and_stay(
        (history, shuffled) in any_history().prop_flat_map(|h| (Just(h.clone()), Just(h).prop_shuffle())),
        moment in 0..80i64,
        limit in any_limit(),
    ) {
        let (one, other, of) = (known(&history), known(&shuffled), dataset(limit, limit));
        prop_assert_eq!(disclosable(&one, 0, &of, at(moment)), disclosable(&other, 0, &of, at(moment)));
        prop_assert_eq!(keepable(&one, 0, &of, at(moment), 5), keepable(&other, 0, &of, at(moment), 5));
        prop_assert_eq!(denied(&one, 0, &of, at(moment)), denied(&other, 0, &of, at(moment)));
    }

    /// What stands in place of events lets no yes count that they held off. (It may hold off a narrower yes too, and then
    /// that one narrows nothing: so it is yeses that are compared here, not days.)
    #[test]
    fn a_tombstone_in_place_of_events_never_lets_a_yes_count_that_they_did_not(
        history in any_history(), later in any_history(), moment in 0..80i64, limit in any_limit(),
    ) {
        let of = dataset(None, None);
        // Of the new events none is a record that was spoken of before.
        let new = |mut entry: Entry| {
            let record = |id: &str| format!("new-{id}").parse().expect("an id");
            entry.event.0.record = record(entry.event.0.record.as_str());
            entry.event.0.names = entry.event.0.names.map(|id| record(id.as_str()));
            entry
        };
        let later: Vec<Entry> = later.into_iter().map(new).collect();
        let all = [history.clone(), later.clone()].concat();
        // Before the deny was said it says nothing yet; no erasure comes before it.
        let stone = denied(&known(&history), 0, &of, at(moment));
        if let Some((denied_at, by)) = stone {
            let mut without = known(&later);
            without.push(Known::tombstone(0, of.id.clone(), denied_at, by));
            for asked in uses_of_d0() {
                let less = ask_for(&without, asked, limit, at(moment));
                let today = half(moment).day();
                let mut yeses = unbeaten(&all, moment, moment, asked);
                yeses.retain(|yes| yes.valid_from <= today && today <= ends(yes, limit));
                prop_assert!(!less.gate() || !yeses.is_empty());
                for d in days().filter(|d| less.allows(*d)) {
                    prop_assert!(yeses.iter().any(|yes| window_covers(yes, d)));
                }
            }
        }
    }

    #[test]
    fn an_older_yes_never_gets_past_a_tombstone(
        history in any_history(), denied in 39..60i64, after in 0..200i64, custodian: bool,
    ) {
        let mut events = known(&history);
        let by = if custodian { GivenBy::Custodian } else { GivenBy::Person };
        events.push(Known::tombstone(0, "d0".parse().expect("a name"), half(denied), by));
        for asked in uses_of_d0() {
            prop_assert_eq!(ask_for(&events, asked, None, at(denied + after)), Permission::none());
        }
    }

    #[test]
    fn retention_never_opens_what_was_shut(
        history in any_kept_history(), today in 0..60i32, after in 0..60i64, late in any_entry(), limit in any_limit(),
    ) {
        let events: Vec<(Known, Day)> = history.iter().map(|(e, until)| (e.known(), *until)).collect();
        let all: Vec<Known> = events.iter().map(|(event, _)| event.clone()).collect();
        // Retention sees what has happened: these events happen on the first twenty days.
        let today = today.max(20);
        let due = due(&events, 0, [&dataset(None, None), &other()], day(today));
        let stays = |at: &usize| !due.events.contains(at);
        let rest = (0..all.len()).filter(stays).map(|at| all[at].clone());
        let rest: Vec<Known> = rest.chain(tombstones(&due.tombstones)).collect();
        let moment = at(i64::from(today) * 2 + after);
        never_more(&rest, &all, limit, moment)?;
        // While a yes is left within its date, nothing has changed at all.
        let mine = |e: &Entry, until: &Day| e.event.0.kind.is_permit() && *until >= day(today);
        if history.iter().any(|(e, until)| mine(e, until)) {
            for asked in uses() {
                prop_assert_eq!(ask_for(&rest, asked, limit, moment), ask_for(&all, asked, limit, moment));
            }
        }
        // Nothing goes before its date.
        prop_assert!(due.events.iter().all(|at| events[*at].1 < day(today)));
        // An older yes, of a record that nobody spoke of, that comes in after the last no of everything is gone.
        let mut late = late;
        late.event.0.record = "late".parse().expect("an id");
        late.event.0.names = None;
        if late.event.0.kind == EventKind::Given {
            for stone in due.tombstones.iter().filter(|stone| stone.denied_at >= late.event.0.at) {
                let with = [rest.clone(), vec![late.known()]].concat();
                let d = stone.dataset.as_str();
                for asked in uses().filter(|[_, _, asked]| *asked == d) {
                    let (before, after) =
                        (ask_for(&rest, asked, limit, moment), ask_for(&with, asked, limit, moment));
                    prop_assert!(before.gate() || !after.gate());
                }
            }
        }
    }
}

/// The three ways in which an event that seems to be over still holds something shut, one by one.
#[test]
fn what_retention_must_not_take() {
    let yes = |at, until: i32| (entry(event(EventKind::Given, at)).known(), day(until));
    let of = [dataset(None, None)];
    let goes = |events: &[(Known, Day)]| due(events, 0, &of, day(30)).events;
    let mut deny = event(EventKind::Withdrawn, 4);
    deny.record = "no".parse().expect("an id");
    let deny = (entry(deny).known(), day(20));
    assert_eq!(goes(&[yes(0, 40), deny.clone()]), [0usize; 0], "the older yes would come back");
    assert_eq!(goes(&[yes(0, 29), deny.clone()]), [0, 1]);
    let narrow = |valid_to: i32, record: &str| {
        let mut event = event(EventKind::Given, 2);
        event.record = record.parse().expect("an id");
        event.valid_to = Some(day(valid_to));
        event.rows.to = Some(day(5));
        (entry(event).known(), day(20))
    };
    assert_eq!(goes(&[yes(0, 40), narrow(30, "n")]), [0usize; 0], "the wide yes would be wide again");
    assert_eq!(goes(&[yes(0, 40), narrow(29, "n")]), [1]);
    let mut renewed = event(EventKind::Renewed, 6);
    (renewed.record, renewed.names) = ("new".parse().expect("an id"), Some("r0".parse().expect("an id")));
    renewed.valid_to = Some(day(10));
    assert_eq!(
        goes(&[yes(0, 40), (entry(renewed).known(), day(20))]),
        [0usize; 0],
        "the renewed one would come back"
    );
    let due = due(&[deny], 0, &of, day(30));
    let stone = Tombstone { dataset: "d0".parse().expect("a name"), denied_at: half(4), by: GivenBy::Person };
    assert_eq!((due.events, due.tombstones), (vec![0], vec![stone]));
}
