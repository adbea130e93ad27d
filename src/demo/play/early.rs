//! The early-intervention programme: the whole line, withdrawals, and one partner's exchange played again alone.

use std::path::Path;
use std::time::Instant;

use super::super::consents::{asked_at, write_consents_of, write_withdrawals};
use super::super::oracle::{Leaving, Plain};
use super::super::raw::{DATASETS, write_extracts};
use super::super::records::{Cast, sheets, write_sheets};
use super::super::world::{PARTNERS, World, WorldSettings};
use super::followup::Scene;
use super::houses::House;
use super::judge::Judge;
use super::leaks::{self, Hidden};
use super::round::{self, Round};
use super::town::Town;
use super::{PlayError, Settings, Stage, Which, exchange, show};
use crate::client::Answer;
use crate::clock::{Clock as _, Day, SystemClock, Timestamp};
use crate::key::{LinkageKey, ServiceKey};
use crate::name::PurposeId;
use crate::programme::Programme;
use crate::question::Ask;
use crate::secret::SystemRandom;

/// The quarters that are asked about three times.
const PERIOD: &str = "2022-Q1..2023-Q4";
/// The partner at which persons withdraw, and whose exchange is played again alone.
const PARTNER: &str = "lokk";
/// Persons who withdraw after the first.
const TWELVE: usize = 12;
/// Questions whose answers are printed in full.
const IN_FULL: [&str; 4] =
    ["repeat-report-curve", "repeat-report-before-after", "cost-per-course", "violence-ceased"];

/// Plays it in a folder.
pub(super) fn play(
    settings: &Settings,
    folder: &Path,
    root: &Path,
    stage: &mut Stage<'_>,
) -> Result<Town, PlayError> {
    let text = Which::Interventionsmodel.text();
    let programme = Programme::parse(text)?;
    let purpose: PurposeId = "evaluation".parse().expect("a plain name");
    let clock = SystemClock;
    let today = clock.today();
    stage.title(&programme)?;

    stage.step(
        "A made-up world: families, their way through the programme, and what each partner's systems say",
    )?;
    let world = World::generate(WorldSettings {
        persons: settings.persons,
        seed: settings.seed,
        ..WorldSettings::default()
    });
    let raw = folder.join("partners");
    let mut files = write_extracts(&world, &programme, &raw)?;
    let cast = Cast::of_world(&world);
    let records = sheets(&cast, &programme, &DATASETS);
    files.extend(write_sheets(&cast, &programme, &records, &raw)?);
    let purposes = std::slice::from_ref(&purpose);
    let consents = write_consents_of(&cast, &records, Some(&world), &programme, purposes, today, &raw)?;
    show::world(stage.out, &cast, &programme, &files, &consents)?;

    stage.step("The custodian makes the linkage key; each partner checks, tokenises and packs at home")?;
    let key = LinkageKey::generate(programme.id.clone(), &mut SystemRandom::new());
    let houses = House::all(&programme, &files, consents, folder, &key, clock.now())?;
    let mut plain = Plain::read(&programme, &files, today, &[], Leaving::NoPermittedRowAtASource)?;
    for house in &houses {
        house.agrees_with(&programme, &plain)?;
    }
    show::packages(stage.out, &houses)?;
    let house = houses.iter().find(|house| house.partner.as_str() == PARTNER);
    let house = house.expect("every partner has a house");
    show::report(stage.out, house)?;
    if let Some(row) = house.one_row(&programme, &key, clock.now(), &folder.join("one-row"))? {
        show::one_row(stage.out, PARTNER, &row)?;
    }

    stage.step("The service starts on an empty data folder; partners record consents and upload")?;
    let service_key = folder.join("keys").join("service.key");
    ServiceKey::generate(&mut SystemRandom::new()).save(&service_key, clock.now())?;
    let service = folder.join("service");
    let town = Town::start(&programme, text, key.id(), &service_key, &service, settings.listen)?;
    round::deliver(&town, &houses, &programme, &key, stage.out)?;
    for house in &houses {
        for list in &house.consents {
            plain.record_consents(&house.partner, &list.path)?;
        }
    }
    plain.arrive(clock.now());
    show::receipt(stage.out, &town, PARTNER)?;

    stage.step("The steward seals: rows are linked, sorted and frozen")?;
    let sealing = Instant::now();
    town.seal()?;
    show::quality(stage.out, &town, PARTNER, sealing.elapsed())?;

    stage.step("The evaluator asks reach, funnel and overlap")?;
    let mut judge = Judge::new(&programme);
    let first = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    for answer in &first {
        show::answer(stage.out, answer)?;
    }
    stage.checked("every answer was counted again from the raw extracts by a plain path of its own, and put through the rules: the same")?;

    stage.step("One person withdraws at one partner, and the same is asked again")?;
    let at = PARTNERS.iter().position(|name| *name == PARTNER).expect("the demo's partner");
    let permitted = judge.counted(&questions(), &plain, clock.now(), today)?;
    let leaving: Vec<u32> = asked_at(&world, &programme, &purpose, at)
        .into_iter()
        .filter(|person| {
            let number = world.number(*person, at);
            let number = String::from_utf8_lossy(&number).into_owned();
            plain.person(&number, None).is_some_and(|person| permitted.contains(&person))
        })
        .take(1 + TWELVE)
        .collect();
    if leaving.len() < 1 + TWELVE {
        return Err(PlayError::Check(format!(
            "the world is too small: {} persons could withdraw at {PARTNER}",
            leaving.len()
        )));
    }
    let withdraw = |plain: &mut Plain<'_>, persons: &[u32], name: &str| -> Result<(), PlayError> {
        let list = raw.join(PARTNER).join(name);
        write_withdrawals(&world, at, persons, clock.now(), &list)?;
        town.send_consents(house, &programme, &key, purposes, &list)?;
        plain.record_consents(&house.partner, &list)?;
        Ok(())
    };
    withdraw(&mut plain, &leaving[..1], "tilbagekald-1.csv")?;
    let second = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    if shown(&second) != shown(&first) {
        return Err(PlayError::Check("one withdrawal changed something that is shown".to_owned()));
    }
    stage.checked(
        "nothing that is shown changed: one person's yes or no cannot be read off the answers (rule R8)",
    )?;

    stage.step("Twelve more withdraw, and the same is asked once more")?;
    withdraw(&mut plain, &leaving[1..], "tilbagekald-12.csv")?;
    let third = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    show::changes(stage.out, &second, &third)?;
    stage.checked("these answers, too, are what the plain path and the rules give")?;

    stage.step("Every question of the programme, over its whole period")?;
    let moment = clock.now();
    let mut judging = Some((&mut judge, &plain, moment));
    let answers = Round { town: &town, programme: &programme, today }.every(&mut judging)?;
    round::show(stage, &answers, &IN_FULL)?;

    stage.step("Looking for identities where none may be")?;
    show::audit(stage.out, &town)?;
    let hidden =
        Hidden { cast: &cast, sheets: &records, world: Some(&world), programme: &programme, key: &key };
    leaks::look(&hidden, &town, &houses, folder, root, today, stage)?;

    stage.step("One partner's whole exchange again, with nobody else there")?;
    let alone = folder.join("alone");
    let listen = settings.listen_anywhere();
    let alone = Town::start(&programme, text, key.id(), &service_key, &alone, listen)?;
    alone.admit(house, &programme)?;
    for list in &house.consents {
        alone.send_consents(house, &programme, &key, &list.purposes, &list.path)?;
    }
    alone.send_packages(house)?;
    alone.seal()?;
    // What was asked by then is for everybody to know, and in a receipt.
    for ask in questions() {
        alone.ask(&ask)?;
    }
    for name in ["tilbagekald-1.csv", "tilbagekald-12.csv"] {
        alone.send_consents(house, &programme, &key, purposes, &raw.join(PARTNER).join(name))?;
    }
    let compared = exchange::same(&town.exchange_of(house)?, &alone.exchange_of(house)?)?;
    stage.checked(&format!("apart from ids, times and signatures, {compared} bytes of replies to {PARTNER} are the same without the others"))?;

    stage.step("Whoever referred somebody asks what became of it, where the person said yes")?;
    let scene = Scene {
        programme: &programme,
        text,
        key: &key,
        service_key: &service_key,
        folder: &folder.join("follow-up"),
        listen,
        houses: &houses,
        world: &world,
        cast: &cast,
        records: &records,
    };
    scene.play(stage)?;
    Ok(town)
}

/// What the evaluator asks three times, in order.
fn questions() -> Vec<Ask> {
    let ask = |question: &str, by: &[&str]| Ask {
        question: question.parse().expect("a plain name"),
        by: by.iter().map(|name| name.parse().expect("a plain name")).collect(),
        period: PERIOD.parse().expect("a period"),
        population: None,
    };
    vec![
        ask("reach", &["role", "municipality"]),
        ask("funnel", &[]),
        ask("funnel", &["role"]),
        ask("overlap", &[]),
    ]
}

fn ask_all(
    town: &Town,
    judge: &mut Judge<'_>,
    plain: &Plain<'_>,
    moment: Timestamp,
    sealed: Day,
) -> Result<Vec<Answer>, PlayError> {
    let mut answers = Vec::new();
    for ask in questions() {
        let body = town.ask(&ask)?;
        judge.agrees(plain, &ask, moment, sealed, &body)?;
        answers.push(crate::client::parse(&body)?);
    }
    Ok(answers)
}

/// What the answers show, without what they say about themselves.
fn shown(answers: &[Answer]) -> Vec<&crate::client::Table> {
    answers.iter().map(|answer| &answer.table).collect()
}
