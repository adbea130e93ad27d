//! What consent costs inside a question: without it, prepared, after one event, after a million, and on the next day.
//!
//! `cargo bench --bench consent [-- EVENTS]`: so many rows, ten a person, five million unless told. Of every twenty persons
//! one permits nothing at a partner where they may be known, and one a window. The figures to keep are the ratios: they
//! are made in one run. "Nothing asked" is the same question with every source open.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod kit;

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kit::{best, snapshot};
use kobling::clock::{Day, Timestamp};
use kobling::consent::{ConsentEvent, ConsentLedger, EventKind, Known, Permits, Wanted};
use kobling::disclosure::Rules;
use kobling::name::OrganisationId;
use kobling::programme::{BasisKind, Programme};
use kobling::question::{Ask, CountError, Permitting, Plan, Prepared, Progress, Shelf, count_prepared, plan};
use kobling::snapshot::Snapshot;

const EVENTS: u64 = 5_000_000;
const ROOM: u64 = 1 << 30;
const MILLION: u32 = 1_000_000;

/// The programme, the rows, and who is answered.
struct World {
    programme: Programme,
    snapshot: Snapshot,
    recipient: OrganisationId,
}

/// What a plan's datasets are permitted by.
struct OfPlan<'a> {
    world: &'a World,
    plan: &'a Plan,
    ledger: &'a mut ConsentLedger,
    now: Timestamp,
}

impl OfPlan<'_> {
    fn current(&mut self, dataset: usize) -> &kobling::consent::Current {
        let wanted = Wanted {
            dataset: &self.world.programme.datasets[dataset],
            purpose: self.plan.purpose(),
            recipient: &self.world.recipient,
            span: self.plan.span(),
        };
        self.ledger.permits(&wanted, self.now)
    }
}

impl Permitting for OfPlan<'_> {
    type Error = CountError;

    fn recipient(&self) -> &str {
        self.world.recipient.as_str()
    }

    fn permits(&mut self, dataset: usize) -> Result<(&Permits, u64), CountError> {
        let current = self.current(dataset);
        Ok((current.permits(), current.version()))
    }

    fn changed_since(&mut self, dataset: usize, version: u64) -> Option<Vec<u32>> {
        self.current(dataset).changed_since(version)
    }
}

fn main() {
    let events = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(EVENTS);
    let text = include_str!("../programmes/interventionsmodel.toml");
    let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let snapshot = snapshot(&programme, events);
    let world = World { programme, snapshot, recipient: "vive".parse().expect("a name") };
    let persons = world.snapshot.persons;
    println!("{events} rows of {persons} persons");

    let now = Timestamp::at_start_of(world.snapshot.day);
    let mut ledger = ConsentLedger::new(ROOM);
    let start = Instant::now();
    let recorded = record(&world, &mut ledger, now);
    // The last ones wait to be sorted in.
    ledger.permits(&wanted(&world, &asked(&world, "reach")), now);
    let took = start.elapsed();
    println!(
        "{recorded} consent events: {:.2} s, {:.0} ns each, with the first permits; {:.1} bytes each",
        took.as_secs_f64(),
        took.as_nanos() as f64 / recorded as f64,
        ledger.bytes() as f64 / recorded as f64
    );
    for question in ["reach", "funnel", "overlap"] {
        measure(&world, question, &mut ledger, now);
    }
}

fn asked(world: &World, question: &str) -> Plan {
    let ask = Ask {
        question: question.parse().expect("a name"),
        by: Vec::new(),
        period: "2021-Q1..2023-Q4".parse().expect("a period"),
        population: None,
    };
    let day = world.snapshot.day;
    plan(&world.programme, &ask, day, day, &Rules::standard()).expect("a plan")
}

/// The first dataset of a plan that rests on consent.
fn wanted<'a>(world: &'a World, plan: &'a Plan) -> Wanted<'a> {
    let datasets = plan.datasets().iter().map(|at| &world.programme.datasets[*at]);
    let mut consented = datasets.filter(|dataset| {
        dataset.basis(plan.purpose()).is_some_and(|basis| basis.kind == BasisKind::Consent)
    });
    let dataset = consented.next().expect("one rests on consent");
    Wanted { dataset, purpose: plan.purpose(), recipient: &world.recipient, span: plan.span() }
}

fn measure(world: &World, question: &str, ledger: &mut ConsentLedger, now: Timestamp) {
    let plan = asked(world, question);
    let open = |dataset: &usize| {
        let partners = &world.programme.datasets[*dataset].partners;
        partners.iter().fold(Permits::builder(plan.span()), |permits, source| permits.open(*source)).build()
    };
    let permits: Vec<Permits> = plan.datasets().iter().map(open).collect();
    let without = Prepared::new(&plan, &world.snapshot, &permits).unwrap_or_else(|error| panic!("{error}"));
    let count = |prepared: &Prepared| {
        count_prepared(&plan, prepared, &Progress::default()).unwrap_or_else(|error| panic!("{error}"))
    };
    let without = best(|| count(&without));

    let mut shelf = Shelf::new(ROOM);
    let mut ask = |ledger: &mut ConsentLedger, now: Timestamp| {
        let start = Instant::now();
        let mut of_plan = OfPlan { world, plan: &plan, ledger, now };
        let prepared = shelf.prepared(&plan, &world.snapshot, &mut of_plan);
        black_box(count(&prepared.unwrap_or_else(|error| panic!("{error}"))));
        start.elapsed()
    };
    let least = |mut once: Box<dyn FnMut() -> Duration + '_>| (0..5).map(|_| once()).min().expect("five");

    // By a clock set back everything is folded anew; what is up to date costs nothing beside it.
    let folded = best(|| {
        for at in plan.datasets() {
            let dataset = &world.programme.datasets[*at];
            let (purpose, recipient) = (plan.purpose(), &world.recipient);
            let wanted = Wanted { dataset, purpose, recipient, span: plan.span() };
            ledger.permits(&wanted, now);
            ledger.permits(&wanted, now.plus_millis(-1));
        }
    });
    ask(ledger, now);
    let prepared = least(Box::new(|| ask(ledger, now)));
    let mut person = 7;
    let source = wanted(world, &plan).dataset.partners[0];
    let one = least(Box::new(|| {
        person += 1_003;
        let now = now.plus_millis(i64::from(person));
        ledger.add(person % world.snapshot.persons, &said(EventKind::Withdrawn, source, "2021-01-01"), now);
        ask(ledger, now)
    }));
    let no = said(EventKind::Withdrawn, source, "2021-01-01");
    let now = now.plus_millis(1_000_000);
    for n in 0..MILLION {
        ledger.add(1 + n * 7 % world.snapshot.persons, &no, now);
    }
    let million = ask(ledger, now);
    let day = ask(ledger, now.plus_millis(86_400_000));
    let line = |what: &str, took: Duration| {
        let ratio = took.as_secs_f64() / without.as_secs_f64();
        println!("{question:8} {what:32} {:>8.4} s  {ratio:>5.2} x nothing asked", took.as_secs_f64());
    };
    line("nothing asked", without);
    line("consent, prepared", prepared);
    line("consent, after one event", one);
    line("consent, after a million events", million);
    line("consent, on the next day", day);
    line("folding everything, once", folded);
}

/// Events of all persons at the partners where they may be known; returns how many.
fn record(world: &World, ledger: &mut ConsentLedger, now: Timestamp) -> u64 {
    let sources: BTreeSet<u8> =
        world.programme.datasets.iter().flat_map(|dataset| dataset.partners.iter().copied()).collect();
    let events = |source: &u8| {
        [said(EventKind::Given, *source, "2020-01-01"), said(EventKind::Given, *source, "2021-07-01")]
    };
    let yes: Vec<[Known; 2]> = sources.iter().map(events).collect();
    let mut recorded = 0;
    for person in 1..=world.snapshot.persons {
        let mut at = BTreeSet::new();
        for dataset in &world.programme.datasets {
            let partners = &dataset.partners;
            for home in [u64::from(person) * 7, u64::from(person) * 7 + 1] {
                at.insert(partners[(home % partners.len() as u64) as usize]);
            }
        }
        for (own, source) in at.into_iter().enumerate() {
            let place = sources.iter().position(|of| *of == source).expect("one of them");
            let which = match (person as usize + own) % 20 {
                0 => continue,
                1 => 1,
                _ => 0,
            };
            ledger.add(person, &yes[place][which], now);
            recorded += 1;
        }
    }
    recorded
}

/// An event of the first of March 2022.
fn said(kind: EventKind, source: u8, first: &str) -> Known {
    let day = Day::from_ymd(2022, 3, 1).expect("a day");
    let mut event: ConsentEvent = serde_json::from_value(serde_json::json!({
        "record": "c-1", "schema": 1, "kind": "given", "purposes": ["evaluation"], "recipients": ["vive"],
        "at": "2022-03-01T10:00:00Z", "valid_from": "2022-03-01", "rows": { "from": first },
        "notice": { "id": "samtykke", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
        "method": "written", "given_by": "self", "recorded_by": "bench", "legal_basis": "explicit-consent",
        "withdrawal_method": "digital", "retention_until": "2030-12-31"
    }))
    .expect("an event");
    event.kind = kind;
    if kind == EventKind::Withdrawn {
        event.at = event.at.plus_millis(1);
        event.record = "c-2".parse().expect("an id");
    }
    Known::new(source, &event, Timestamp::at_start_of(day.plus(1)))
}
