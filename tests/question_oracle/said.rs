//! What persons said about consent, at random, and the question about it.

use std::collections::BTreeMap;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{ConsentEvent, EventKind, Known, RowWindow};
use kobling::programme::Purpose;
use kobling::question::{Ask, count_consents};
use kobling::secret::SeededRandom;

use crate::answer::{answer, form};
use crate::asked::question;
use crate::consents::event;
use crate::definition::text;
use crate::random::{below, once_in, pick, up_to};
use crate::world::World;
use crate::{SEED, number, planned, show, sql};

/// Purposes of the programme.
pub(crate) const PURPOSES: [&str; 2] = ["p", "q"];

/// An event of a person, after aliases, at a partner.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub source: u8,
    pub person: u32,
    pub event: ConsentEvent,
}

/// What persons said: of one to three of them, some unknown to the snapshot, to one partner or two.
fn said(random: &mut SeededRandom, world: &World) -> Vec<Said> {
    let mut all = Vec::new();
    let senders = world.programme.datasets.iter().flat_map(|dataset| dataset.partners.clone());
    let senders = senders.collect::<Vec<_>>();
    let persons = (0..1 + below(random, 3)).map(|_| 1 + below(random, world.numbers as usize + 2) as u32);
    let persons = persons.collect::<Vec<_>>();
    for record in 1..=below(random, 9) {
        let (source, person) = (pick(random, &senders), pick(random, &persons));
        let mut kinds = vec![EventKind::Requested, EventKind::Given, EventKind::Given, EventKind::Refused];
        kinds.extend([EventKind::Withdrawn, EventKind::Invalidated]);
        let before = all.iter().filter(|said: &&Said| said.source == source && said.person == person);
        let before = before.filter(|said| said.event.kind.is_permit()).cloned().collect::<Vec<_>>();
        if !before.is_empty() {
            kinds.extend([EventKind::Renewed, EventKind::Expired, EventKind::Expired]);
        }
        let kind = pick(random, &kinds);
        let day = pick(random, &world.days);
        let mut at = i64::from(day) * 86_400_000 + record as i64 * 1000;
        let mut names = None;
        if matches!(kind, EventKind::Renewed | EventKind::Expired) {
            // It names what was said before it.
            let named = pick(random, &before);
            at = at.max(named.event.at.millis() + record as i64);
            names = Some(named.event.record);
        } else if kind.is_deny() && !before.is_empty() && once_in(random, 4) {
            at = pick(random, &before).event.at.millis();
        }
        let until = day + pick(random, &[0, 1, 91, 92, 184, 366, 731, 2000]) - below(random, 2) as i32;
        let valid_to = if once_in(random, 2) { pick(random, &world.days).max(day) } else { until.max(day) };
        let least = usize::from(kind.is_permit());
        let mut purposes = up_to(random, 2, &PURPOSES);
        if purposes.len() < least {
            purposes.push("p");
        }
        all.push(Said {
            source,
            person,
            event: ConsentEvent {
                names,
                purposes: purposes.into_iter().map(|id| id.parse().expect("a name")).collect(),
                at: Timestamp::from_millis(at),
                valid_from: Day::from_days(day),
                valid_to: (!once_in(random, 6)).then(|| Day::from_days(valid_to)),
                rows: RowWindow { from: None, to: None },
                ..event(kind, record, 0, 0)
            },
        });
    }
    all
}

fn difference(world: &World, said: &[Said], ask: &Ask) -> Option<String> {
    let mut known = BTreeMap::<(u8, u32), Vec<Known>>::new();
    for said in said {
        let event = Known::new(said.source, &said.event, Timestamp::from_millis(i64::MAX / 2));
        known.entry((said.source, said.person)).or_default().push(event);
    }
    let question = &world.programme.questions[0];
    let tabulation = count_consents(&planned(world, ask), &world.snapshot(), &known);
    if let Err(wrong) = form(&tabulation, question, ask.by.len()) {
        return Some(wrong);
    }
    let (kernel, mut sql) = (answer(&tabulation), sql::Oracle::new(world).consents(said, question, ask));
    sql.supplied_as(&kernel);
    (kernel != sql).then(|| show::difference(&kernel, &sql))
}

#[test]
#[expect(clippy::print_stdout, reason = "a run names its seed")]
fn what_persons_said() {
    let seed = number("KOBLING_SEED", SEED);
    let cases = number("KOBLING_CASES", 800);
    println!("{cases} questions about consents, KOBLING_SEED={seed}");
    for case in 0..cases {
        let seed = seed.wrapping_add(case);
        let mut world = World::generate(seed);
        let random = &mut SeededRandom::from_number(seed ^ 0x51);
        world.programme.purposes.push(Purpose {
            id: "q".parse().expect("a name"),
            title: text(),
            recipients: Vec::new(),
            statistical: true,
        });
        world.programme.questions = vec![question(random, &world, "consents")];
        let ask = Ask {
            question: world.programme.questions[0].id.clone(),
            by: if once_in(random, 2) { vec!["partner".parse().expect("a name")] } else { Vec::new() },
            period: world.period,
            population: None,
        };
        let mut said = said(random, &world);
        if difference(&world, &said, &ask).is_some() {
            for at in (0..said.len()).rev() {
                let mut less = said.clone();
                less.remove(at);
                if difference(&world, &less, &ask).is_some() {
                    said = less;
                }
            }
            let differs = difference(&world, &said, &ask).expect("the least that still differs");
            panic!(
                "KOBLING_SEED={seed} KOBLING_CASES=1\n{} sealed {}\n{said:#?}\n{differs}",
                ask.key(),
                world.sealed
            );
        }
    }
}
