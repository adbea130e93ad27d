//! Random legal bases and consents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    AsOf, CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, Known, LegalBasis, Method, Notice, Permission,
    Permits, RowWindow, Use, fold,
};
use kobling::question::Plan;
use kobling::secret::SeededRandom;

use crate::random::{below, once_in, pick};
use crate::world::World;

/// How rows of one source in one dataset are permitted.
#[derive(Clone)]
pub(crate) enum Basis {
    /// The source is no part of the question.
    Absent,
    /// Another basis than consent.
    Open,
    /// Consent, by person.
    Consent(Arc<BTreeMap<u32, Permission>>),
}

/// Random bases; in some worlds everything is open, in others most is.
pub(crate) fn bases(random: &mut SeededRandom, world: &World) -> BTreeMap<(usize, u8), Basis> {
    let mut bases = BTreeMap::new();
    let strict = [0, 2, 6, 10][below(random, 4)];
    let person = world.persons();
    for (at, dataset) in world.programme.datasets.iter().enumerate() {
        for source in &dataset.partners {
            let basis = match below(random, 12) {
                0 if strict > 0 => Basis::Absent,
                n if n <= strict && strict > 0 => {
                    let mut permissions = BTreeMap::new();
                    for number in (1..=world.numbers).filter(|n| person[*n as usize] == *n) {
                        let permission = permission(random, world, *source, &dataset.id);
                        if permission.gate() || once_in(random, 2) {
                            permissions.insert(number, permission);
                        }
                    }
                    Basis::Consent(Arc::new(permissions))
                }
                _ => Basis::Open,
            };
            bases.insert((at, *source), basis);
        }
    }
    bases
}

/// Persons of whom rows were refused, now and then; also where another basis than consent holds, which is then no matter.
pub(crate) fn withheld(random: &mut SeededRandom, world: &World) -> BTreeMap<(usize, u8), BTreeSet<u32>> {
    let person = world.persons();
    let mut all: BTreeMap<(usize, u8), BTreeSet<u32>> = BTreeMap::new();
    if once_in(random, 2) {
        return all;
    }
    for of in world.bases.keys() {
        for number in (1..=world.numbers).filter(|n| person[*n as usize] == *n) {
            if once_in(random, 10) {
                all.entry(*of).or_default().insert(number);
            }
        }
    }
    all
}

fn permission(
    random: &mut SeededRandom,
    world: &World,
    source: u8,
    dataset: &kobling::name::DatasetId,
) -> Permission {
    let mut known = Vec::new();
    for record in 1..=pick(random, &[0, 1, 1, 1, 1, 2, 3]) {
        let (a, b) = (pick(random, &world.days), pick(random, &world.days));
        let (from, to) = if once_in(random, 2) { (0, 80_000) } else { (a.min(b), a.max(b)) };
        let event = event(EventKind::Given, record, from, to);
        known.push(Known::new(source, &event, event.at));
    }
    if once_in(random, 12) {
        let event = event(EventKind::Withdrawn, 9, 0, 0);
        known.push(Known::new(source, &event, event.at));
    }
    let (purpose, recipient) = ("p".parse().expect("a name"), "e".parse().expect("a name"));
    let asked = Use { source, purpose: &purpose, recipient: &recipient, dataset, longest: None };
    fold(&known, &asked, AsOf::known_then(Timestamp::from_millis(1_000_000)))
}

pub(crate) fn event(kind: EventKind, record: usize, from: i32, to: i32) -> ConsentEvent {
    ConsentEvent {
        record: format!("r{record}").parse().expect("an id"),
        schema: CONSENT_SCHEMA,
        kind,
        names: None,
        purposes: vec!["p".parse().expect("a name")],
        recipients: vec!["e".parse().expect("a name")],
        datasets: Vec::new(),
        at: Timestamp::from_millis(i64::try_from(record).expect("small") * 1000),
        valid_from: Day::from_days(0),
        valid_to: None,
        rows: RowWindow { from: Some(Day::from_days(from)), to: Some(Day::from_days(to)) },
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
        retention_until: Day::MAX,
    }
}

impl World {
    /// The permits that a plan asks for.
    pub(crate) fn permits(&self, plan: &Plan) -> Vec<Permits> {
        let of = |dataset: &usize| {
            let sources = self.bases.iter().filter(|((d, _), _)| d == dataset);
            let builder =
                sources.fold(Permits::builder(plan.span()), |builder, ((_, source), basis)| match basis {
                    Basis::Absent => builder,
                    Basis::Open => builder.open(*source),
                    Basis::Consent(permissions) => builder.consent(*source, permissions),
                });
            builder.build()
        };
        plan.datasets().iter().map(of).collect()
    }
}
