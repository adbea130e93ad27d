//! Whatever comes, in whatever order, and whenever is asked: the ledger says what folding everything anew says.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::event::tests::{read, sound};
use super::*;
use crate::consent::{AsOf, ConsentEvent, EventKind, GivenBy, RowWindow, fold};
use crate::programme::{Basis, Text};

const PERSONS: u32 = 9;

fn day(day: i32) -> Day {
    Day::from_days(day)
}

/// Half days since day 0.
fn half(halves: i64) -> Timestamp {
    Timestamp::from_millis(halves * 43_200_000)
}

/// Two datasets of two sources: `p0` on consent under a limit, `p1` on consent, `p2` not.
fn datasets() -> [Dataset; 2] {
    let basis = |purpose: &str, kind, use_days| Basis {
        purpose: purpose.parse().expect("a name"),
        kind,
        rests_on: "r".into(),
        special_categories: false,
        offences: false,
        disclosure_days: None,
        use_days,
        forbids: Vec::new(),
    };
    ["d0", "d1"].map(|id| Dataset {
        id: id.parse().expect("a name"),
        title: Text { da: "t".into(), en: "t".into() },
        partners: vec![0, 1],
        bases: vec![
            basis("p0", BasisKind::Consent, Some(12)),
            basis("p1", BasisKind::Consent, None),
            basis("p2", BasisKind::Task, None),
        ],
        retention_days: None,
        staff_issuer: None,
        columns: Vec::new(),
    })
}

fn names<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, bits: u8) -> Vec<T> {
    (0..2).filter(|n| bits >> n & 1 == 1).map(|n| format!("{prefix}{n}").parse().expect("a name")).collect()
}

/// Source, person and event; tombstones among them.
fn any_event() -> impl Strategy<Value = (u32, Known)> {
    use EventKind::{Expired, Given, Invalidated, Refused, Renewed, Requested, Withdrawn};
    let kinds =
        vec![Given, Given, Given, Given, Renewed, Refused, Withdrawn, Invalidated, Expired, Requested];
    let scope = (prop_oneof![2 => Just(1u8), 1 => 0..4u8], prop_oneof![2 => Just(1u8), 1 => 0..4u8], 0..4u8);
    let days = (
        0..30,
        proptest::option::weighted(0.6, 0..40),
        proptest::option::of(0..40),
        proptest::option::of(0..40),
    );
    let of = (select(kinds), 0..40i64, 0..40i64, 0..4u8, proptest::option::weighted(0.4, 0..4u8));
    let who = (0..2u8, 1..=PERSONS, proptest::bool::weighted(0.2), proptest::bool::weighted(0.1));
    (of, scope, days, who).prop_map(
        |(
            (kind, at, late, record, about),
            (p, x, d),
            (from, to, rows_from, rows_to),
            (source, person, custodian, stone),
        )| {
            let by = if custodian { GivenBy::Custodian } else { GivenBy::Person };
            if stone {
                return (
                    person,
                    Known::tombstone(source, format!("d{}", d % 2).parse().expect("a name"), half(at), by),
                );
            }
            let mut event: ConsentEvent = read(sound()).expect("a sound event");
            event.record = format!("r{record}").parse().expect("an id");
            event.names = about.map(|n| format!("r{n}").parse().expect("an id"));
            (event.kind, event.given_by, event.at) = (kind, by, half(at));
            (event.purposes, event.recipients, event.datasets) =
                (names("p", p), names("x", x), names("d", d));
            (event.valid_from, event.valid_to) = (day(from), to.map(day));
            event.rows = RowWindow { from: rows_from.map(day), to: rows_to.map(day) };
            // Recorded late, and by a clock that runs behind now and then.
            (person, Known::new(source, &event, half(at + late - 5)))
        },
    )
}

#[derive(Clone)]
enum Step {
    Add(Vec<(u32, Known)>),
    Forget(u32),
    Pass(i64),
    Ask { dataset: usize, purpose: usize, recipient: usize, span: (i32, i32) },
    Clear,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Add(events) => write!(f, "Add({} events)", events.len()),
            Step::Forget(person) => write!(f, "Forget({person})"),
            Step::Pass(halves) => write!(f, "Pass({halves})"),
            Step::Ask { dataset, purpose, recipient, span } => {
                write!(f, "Ask(d{dataset}, p{purpose}, x{recipient}, {span:?})")
            }
            Step::Clear => f.write_str("Clear"),
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let span = select(vec![(0, 40), (5, 20)]);
    let ask = (0..2usize, 0..3usize, 0..2usize, span)
        .prop_map(|(dataset, purpose, recipient, span)| Step::Ask { dataset, purpose, recipient, span });
    prop_oneof![
        4 => proptest::collection::vec(any_event(), 1..6).prop_map(Step::Add),
        1 => proptest::collection::vec(any_event(), 6..30).prop_map(Step::Add),
        1 => (1..=PERSONS).prop_map(Step::Forget),
        // The clock of the machine may be set back.
        2 => (-3..12i64).prop_map(Step::Pass),
        8 => ask,
        1 => Just(Step::Clear),
    ]
}

/// What folding every person anew says, by the fold of one person.
fn plain(events: &[(u32, Known)], wanted: &Wanted<'_>, now: Timestamp) -> Permits {
    let mut builder = Permits::builder(wanted.span.clone());
    for &source in &wanted.dataset.partners {
        let basis = wanted.dataset.basis(wanted.purpose).expect("a basis");
        if basis.kind != BasisKind::Consent {
            builder = builder.open(source);
            continue;
        }
        let longest = basis.use_days;
        let asked = Use {
            source,
            purpose: wanted.purpose,
            recipient: wanted.recipient,
            dataset: &wanted.dataset.id,
            longest,
        };
        let of = |person| {
            let own = events.iter().filter(|(of, _)| *of == person).map(|(_, event)| event);
            (person, fold(own, &asked, AsOf::known_then(now)))
        };
        builder = builder.consent(source, &(1..=PERSONS).map(of).collect());
    }
    builder.build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_kept_is_always_what_folding_everything_anew_gives(
        steps in proptest::collection::vec(any_step(), 1..40), limit in select(vec![0u64, 300, 1 << 20]),
    ) {
        let datasets = datasets();
        let mut ledger = ConsentLedger::new(limit);
        let (mut now, mut events): (i64, Vec<(u32, Known)>) = (0, Vec::new());
        let mut versions: BTreeMap<u64, (String, Permits)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add(new) => {
                    new.iter().for_each(|(person, event)| ledger.add(*person, event, half(now)));
                    events.extend(new);
                }
                Step::Forget(person) => {
                    ledger.forget(person);
                    events.retain(|(of, _)| *of != person);
                }
                Step::Clear => {
                    ledger.clear();
                    events.clear();
                }
                Step::Pass(halves) => now += halves,
                Step::Ask { dataset, purpose, recipient, span } => {
                    let purpose = format!("p{purpose}").parse().expect("a name");
                    let recipient = format!("x{recipient}").parse().expect("a name");
                    let wanted = Wanted {
                        dataset: &datasets[dataset],
                        purpose: &purpose,
                        recipient: &recipient,
                        span: day(span.0)..=day(span.1),
                    };
                    let expected = plain(&events, &wanted, half(now));
                    prop_assert_eq!(ledger.len(), events.len());
                    let current = ledger.permits(&wanted, half(now));
                    prop_assert_eq!(current.permits(), &expected);
                    // A version is one set of permits for ever, and says truly whom it changed.
                    let of = format!("{} {purpose} {recipient} {span:?}", wanted.dataset.id);
                    let known = versions.entry(current.version()).or_insert_with(|| (of.clone(), expected.clone()));
                    prop_assert_eq!((&known.0, &known.1), (&of, &expected));
                    for (version, (earlier_of, earlier)) in &versions {
                        let Some(changed) = current.changed_since(*version) else { continue };
                        prop_assert_eq!(earlier_of, &of);
                        for (source, person) in [0u8, 1].into_iter().flat_map(|s| (1..=PERSONS).map(move |p| (s, p))) {
                            let same = earlier.person(source, person) == expected.person(source, person);
                            prop_assert!(same || changed.contains(&person));
                        }
                    }
                }
            }
        }
        // And everything is given out again.
        let mut given = 0;
        ledger.each(|source, person, known| {
            let own: Vec<&Known> = events.iter().filter(|(of, e)| *of == person && e.source() == source).map(|(_, e)| e).collect();
            assert_eq!(own.len(), known.len());
            let said = |event: &Known| (event.at(), event.kind(), event.valid(), event.purposes().to_vec(), event.is_tombstone());
            let (mut a, mut b): (Vec<_>, Vec<_>) = (own.into_iter().map(said).collect(), known.iter().map(said).collect());
            a.sort();
            b.sort();
            assert_eq!(a, b);
            given += known.len();
        });
        prop_assert_eq!(given, events.len());
    }
}

#[test]
fn one_event_changes_one_person_and_no_other_question() {
    let [dataset, _] = datasets();
    let (purpose, other, recipient) =
        ("p1".parse().expect("a name"), "p0".parse().expect("a name"), "x0".parse().expect("a name"));
    let mut ledger = ConsentLedger::new(1 << 20);
    let mut event = read(sound()).expect("a sound event");
    (event.at, event.valid_from, event.valid_to, event.rows) = (half(0), day(0), None, RowWindow::default());
    (event.purposes, event.recipients) = (names("p", 3), names("x", 1));
    for person in 1..=PERSONS {
        ledger.add(person, &Known::new(0, &event, half(0)), half(0));
    }
    let wanted =
        |purpose| Wanted { dataset: &dataset, purpose, recipient: &recipient, span: day(0)..=day(40) };
    let (first, second) = (
        ledger.permits(&wanted(&purpose), half(1)).version(),
        ledger.permits(&wanted(&other), half(1)).version(),
    );
    (event.kind, event.at, event.purposes) = (EventKind::Withdrawn, half(2), names("p", 2));
    ledger.add(4, &Known::new(0, &event, half(2)), half(3));
    let current = ledger.permits(&wanted(&purpose), half(3));
    assert_eq!(current.changed_since(first), Some(vec![4]));
    assert!(current.permits().person(0, 4) != current.permits().person(0, 5));
    assert_eq!(ledger.permits(&wanted(&other), half(3)).version(), second);
    // The limit of twelve days ends every yes to the other.
    let current = ledger.permits(&wanted(&other), half(26));
    assert_eq!(current.changed_since(second), Some((1..=PERSONS).collect()));
    assert_eq!(current.permits().permitted(0).map(|persons| persons.len()), Some(0));
}

#[test]
fn an_event_takes_56_bytes_however_much_it_says() {
    let mut ledger = ConsentLedger::new(0);
    let event = read(sound()).expect("a sound event");
    for person in 0..10_000 {
        ledger.add(person, &Known::new(0, &event, event.at), event.at);
    }
    ledger.settle();
    ledger.books.values_mut().for_each(Book::settle);
    assert_eq!(ledger.len(), 10_000);
    assert!(ledger.bytes() <= 10_000 * 60, "{}", ledger.bytes());
}
