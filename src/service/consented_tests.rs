//! Whatever is recorded, approved, sealed and erased, and whenever is asked: what is kept is what reading everything
//! again gives.

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::audit::{Actor, SignedReceipt};
use crate::clock::Day;
use crate::consent::{AsOf, Use, fold};
use crate::digest::Sha256Hex;
use crate::key::SigningKey;
use crate::store::{ConsentRow, NewSnapshot, SpineRow};

const TEXT: &str = include_str!("../../programmes/interventionsmodel.toml");
const LINKS: u8 = 9;

fn link(n: u8) -> Link {
    Link::from_stored([n + 1; 16])
}

fn actor() -> Actor {
    Actor {
        organisation: "lokk".parse().expect("a name"),
        principal: "it".parse().expect("a name"),
        person: None,
    }
}

/// A store with a programme, and everything that a test does to it.
struct World {
    _dir: tempfile::TempDir,
    database: PathBuf,
    store: Store,
    programme: Programme,
    touched: Touched,
    now: Timestamp,
    records: u32,
}

#[derive(Clone, Debug)]
enum Step {
    /// Partner, links, kind, days that a yes holds.
    Record(usize, Vec<u8>, &'static str, i32),
    Alias(u8, u8),
    /// Links that the seal meets.
    Seal(Vec<u8>),
    Pass(i64),
    /// Takes a link's place in the spine away, its aliases, or its events; says so, or not.
    Erase(u8, bool, bool, bool),
    Ask,
}

fn any_step() -> impl Strategy<Value = Step> {
    let links = || proptest::collection::vec(0..LINKS, 1..4);
    let record =
        (0..3usize, links(), select(vec!["given", "given", "given", "withdrawn", "refused"]), 0..20i32);
    prop_oneof![
        5 => record.prop_map(|(partner, links, kind, days)| Step::Record(partner, links, kind, days)),
        2 => (0..LINKS, 0..LINKS).prop_map(|(a, b)| Step::Alias(a, b)),
        2 => links().prop_map(Step::Seal),
        2 => (1..200i64).prop_map(Step::Pass),
        1 => (0..LINKS, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(l, a, e, s)| Step::Erase(l, a, e, s)),
        5 => Just(Step::Ask),
    ]
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::create(&dir.path().join("data"), &crate::vault::Vault::throwaway())
            .unwrap_or_else(|e| panic!("{e}"));
        let programme = Programme::parse(TEXT).unwrap_or_else(|e| panic!("{e}"));
        let key = SigningKey::from_seed(&mut [1; 32]).verifying_key();
        let (id, now) =
            ("0011223344556677".parse().expect("a key id"), Timestamp::from_millis(1_700_000_000_000));
        store
            .initialise(now, &actor(), &programme, TEXT, id, key.fingerprint())
            .unwrap_or_else(|e| panic!("{e}"));
        let database = store.folder().database();
        let mut world =
            World { _dir: dir, database, store, programme, touched: Touched::default(), now, records: 0 };
        world.step(&Step::Seal(vec![0, 1, 2]));
        world
    }

    /// Does what no operation of the store does: what an erasure will.
    fn sql(&self, statement: &str, link: Option<&Link>) {
        let db = rusqlite::Connection::open(&self.database).expect("opened");
        db.pragma_update(None, "key", self.store.vault().database_key().as_str()).expect("given");
        let done = match link {
            Some(link) => db.execute(statement, [link.as_stored()]),
            None => db.execute(statement, []),
        };
        done.expect("done");
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.plus_millis(1);
        match step {
            Step::Record(partner, links, kind, days) => self.record(*partner, links, kind, *days),
            Step::Alias(one, other) if one != other => {
                let partner = self.programme.partners[0].id.clone();
                let proposed =
                    self.store.propose_alias(self.now, &actor(), &partner, link(*one), link(*other));
                self.now = self.now.plus_millis(1);
                let one = crate::store::Proposals::One(proposed.expect("proposed"));
                self.store
                    .decide_aliases(self.now, &actor(), one, crate::store::Verdict::Approve)
                    .expect("approved");
            }
            Step::Alias(..) => {}
            Step::Seal(links) => self.seal(links),
            Step::Pass(hours) => self.now = self.now.plus_millis(hours * 3_600_000),
            Step::Erase(n, aliases, events, said) => self.erase(*n, (*aliases, *events), *said),
            Step::Ask => {}
        }
    }

    fn record(&mut self, partner: usize, links: &[u8], kind: &str, days: i32) {
        self.records += 1;
        let today = self.now.day();
        let event = serde_json::json!({
            "record": format!("r-{}", self.records), "schema": 1, "kind": kind,
            "purposes": ["evaluation"], "recipients": ["vive"], "datasets": [],
            "at": self.now.to_string(), "valid_from": today.plus(days % 3).to_string(),
            "valid_to": today.plus(3 + days).to_string(), "rows": { "from": "2021-01-01" },
            "notice": { "id": "samtykke", "version": "2.1", "sha256": "0f".repeat(32), "language": "da" },
            "method": "written", "given_by": "self", "recorded_by": "staff 17",
            "legal_basis": "explicit-consent", "withdrawal_method": "digital", "retention_until": "2030-12-31"
        });
        let row = |n: &u8| {
            let mut event = event.clone();
            event["record"] = format!("r-{}-{n}", self.records).into();
            ConsentRow::new(link(*n), &serde_json::from_value(event).expect("an event"))
        };
        let rows: Vec<ConsentRow> = links.iter().map(row).collect();
        let batch = Sha256Hex::of(self.records.to_string().as_bytes());
        let id = self.programme.partners[partner].id.clone();
        self.store
            .record_consents(self.now, &actor(), &id, batch, &rows, |_, _| SignedReceipt {
                receipt: "{}".into(),
                signature: String::new(),
            })
            .expect("recorded");
    }

    fn seal(&mut self, links: &[u8]) {
        let id = self.store.next_snapshot().expect("a number");
        let met: BTreeSet<Link> = links.iter().map(|n| link(*n)).collect();
        let known: BTreeSet<Link> =
            self.store.spine().expect("a spine").into_iter().map(|row| row.link).collect();
        let highest = self.store.highest_person().expect("a number");
        let rows: Vec<SpineRow> = met
            .difference(&known)
            .zip(highest + 1..)
            .map(|(link, number)| SpineRow { link: *link, number })
            .collect();
        let new = NewSnapshot {
            id,
            day: self.now.day(),
            sealed_at: self.now,
            folder: &id.to_string(),
            manifest: "{}",
            links: &rows,
            packages: &[],
        };
        self.store.commit_seal(self.now, &actor(), &new).expect("sealed");
    }

    fn erase(&mut self, n: u8, (aliases, events): (bool, bool), said: bool) {
        let link = link(n);
        let number = self.store.spine_of([&link]).expect("a spine").first().map(|row| row.number);
        let mut touched = vec![(link, number)];
        self.sql("DELETE FROM spine WHERE link = ?1", Some(&link));
        if aliases {
            self.sql("DELETE FROM aliases WHERE first = ?1 OR second = ?1", Some(&link));
        }
        if events {
            self.sql("DELETE FROM consent_events WHERE link = ?1", Some(&link));
        }
        self.sql(
            "INSERT INTO meta (name, value) VALUES ('erasures', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            None,
        );
        if said {
            touched.push((Link::from_stored([200; 16]), None));
            self.touched.enter(self.store.consent_state().expect("a state").erasures, touched);
        }
    }

    /// Every event of everybody, as the page has it, from the store and nothing else.
    fn plain(&self, snapshot: &SnapshotRow) -> BTreeMap<(u8, u32), Vec<Known>> {
        let numbers: BTreeMap<Link, u32> =
            self.store.spine().expect("a spine").into_iter().map(|row| (row.link, row.number)).collect();
        let approved: Vec<_> = self
            .store
            .aliases()
            .expect("aliases")
            .into_iter()
            .filter(|row| row.approved_at.is_some())
            .collect();
        // All links that can be reached from one, over these aliases.
        let reached = |from: Link, in_force: bool| {
            let mut links = BTreeSet::from([from]);
            loop {
                let before = links.len();
                for row in &approved {
                    let counts = !in_force || row.approved_at.is_some_and(|at| at < snapshot.sealed_at);
                    if counts && (links.contains(&row.first) || links.contains(&row.second)) {
                        links.extend([row.first, row.second]);
                    }
                }
                if links.len() == before {
                    return links;
                }
            }
        };
        let person = |link: &Link| {
            numbers.get(link)?;
            reached(*link, true).iter().filter_map(|link| numbers.get(link)).min().copied()
        };
        let mut known: BTreeMap<(u8, u32), Vec<Known>> = BTreeMap::new();
        self.store
            .for_each_consent(|stored| {
                let source = self.programme.source(&stored.source).expect("a partner");
                let event: ConsentEvent = serde_json::from_str(&stored.event).expect("an event");
                let persons: BTreeSet<u32> = reached(stored.link, false).iter().filter_map(person).collect();
                for person in persons {
                    known.entry((source, person)).or_default().push(Known::new(
                        source,
                        &event,
                        stored.recorded_at,
                    ));
                }
                Ok(())
            })
            .expect("read");
        known
    }

    /// Brings it up to date and holds it against that.
    fn ask(&self, consented: &mut Consented) {
        let snapshot = self.store.latest_snapshot().expect("read").expect("a snapshot");
        let (state, now) = self.store.consent_state_at(self.now).expect("a state");
        let standing = Standing { snapshot: &snapshot, state, now };
        consented
            .bring(&self.store, &self.programme, &self.touched, &standing)
            .unwrap_or_else(|e| panic!("{e}"));
        let plain = self.plain(&snapshot);
        let said = |events: &[Known]| {
            let mut said: Vec<_> =
                events.iter().map(|event| (event.at(), event.kind(), event.valid())).collect();
            said.sort();
            said
        };
        let mut found = BTreeMap::new();
        consented.ledger().each(|source, person, events| {
            found.insert((source, person), said(events));
        });
        let expected: BTreeMap<(u8, u32), _> = plain.iter().map(|(of, events)| (*of, said(events))).collect();
        assert!(found == expected, "{} persons, {} expected", found.len(), expected.len());
        let (purpose, recipient) = ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"));
        for dataset in &self.programme.datasets {
            let span = Day::from_days(18_000)..=Day::from_days(20_000);
            let wanted = Wanted { dataset, purpose: &purpose, recipient: &recipient, span: span.clone() };
            let mut builder = Permits::builder(span);
            let Some(basis) = dataset.basis(&purpose) else { continue };
            for &source in &dataset.partners {
                let longest = basis.use_days;
                let asked =
                    Use { source, purpose: &purpose, recipient: &recipient, dataset: &dataset.id, longest };
                let of = plain.range((source, 0)..=(source, u32::MAX));
                let of =
                    of.map(|((_, person), events)| (*person, fold(events, &asked, AsOf::known_then(now))));
                builder = match basis.kind {
                    crate::programme::BasisKind::Consent => builder.consent(source, &of.collect()),
                    _ => builder.open(source),
                };
            }
            assert!(*consented.ledger().permits(&wanted, now).permits() == builder.build(), "{}", dataset.id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_always_what_reading_everything_again_gives(
        steps in proptest::collection::vec(any_step(), 1..40),
    ) {
        let mut world = World::new();
        let mut consented = Consented::new(1 << 20);
        for step in &steps {
            world.step(step);
            if matches!(step, Step::Ask) {
                world.ask(&mut consented);
            }
        }
        world.ask(&mut consented);
    }
}

#[test]
fn one_event_is_read_alone_and_an_erasure_that_says_nothing_ends_everything_kept() {
    let mut world = World::new();
    let mut consented = Consented::new(1 << 20);
    world.step(&Step::Record(0, vec![0, 1, 7], "given", 10));
    world.ask(&mut consented);
    // What was read is not read again: a row that is spoilt behind the store's back is not met.
    world.sql("UPDATE consent_events SET event = 'spoilt' WHERE link = ?1", Some(&link(1)));
    world.step(&Step::Record(0, vec![2], "given", 10));
    let snapshot = world.store.latest_snapshot().expect("read").expect("a snapshot");
    let mut bring = |world: &World| {
        let (state, now) = world.store.consent_state_at(world.now).expect("a state");
        consented.bring(
            &world.store,
            &world.programme,
            &world.touched,
            &Standing { snapshot: &snapshot, state, now },
        )
    };
    bring(&world).unwrap_or_else(|e| panic!("{e}"));
    world.erase(5, (false, false), true);
    bring(&world).unwrap_or_else(|e| panic!("{e}"));
    world.erase(5, (false, false), false);
    let refused = bring(&world).expect_err("everything is read again");
    assert!(matches!(refused, ServiceError::Store(StoreError::Damaged("a consent event"))));
    // And once more: what failed is not taken for read.
    assert!(bring(&world).is_err());
}
