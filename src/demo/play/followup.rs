//! A partner follows up on its own referrals: at a service of its own, whose clock goes on by a week when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::super::consents::HEADER;
use super::super::records::{Cast, Sheet};
use super::super::world::{PARTNERS, World};
use super::houses::House;
use super::town::Town;
use super::{PlayError, Stage};
use crate::clock::{Clock as _, Day, FixedClock, SystemClock, Timestamp};
use crate::followup::{ANSWERS_FORMAT, Answers, ask_all};
use crate::id::{Identifier, LeadingZero};
use crate::key::LinkageKey;
use crate::name::PurposeId;
use crate::programme::Programme;
use crate::secret::SystemRandom;
use crate::token::{Token, Tokeniser};

/// Who refers, and who takes over.
const REFERS: &str = "koebenhavns-politi";
const HELPS: &str = "lokk";
const REFERRALS: &str = "henvisninger";
const STEPS: &str = "forloeb";
/// Most persons that the scene asks about.
const MOST: usize = 40;
const DAY_MILLIS: i64 = 86_400_000;

/// What the scene is played with.
pub(super) struct Scene<'a> {
    pub(super) programme: &'a Programme,
    pub(super) text: &'a str,
    pub(super) key: &'a LinkageKey,
    pub(super) service_key: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) listen: SocketAddr,
    pub(super) houses: &'a [House],
    pub(super) world: &'a World,
    pub(super) cast: &'a Cast,
    pub(super) records: &'a [Sheet],
}

/// A person of the scene.
struct Person {
    /// Position in the cast.
    at: u32,
    token: Token,
    /// Day of the first referral.
    referred: Day,
}

impl Scene<'_> {
    /// Plays it, and says in one line what came of it.
    pub(super) fn play(&self, stage: &mut Stage<'_>) -> Result<(), PlayError> {
        let programme = self.programme;
        let persons = self.persons();
        if persons.len() < 3 {
            writeln!(
                stage.out,
                "   {} persons were referred by one and met by the other: too few",
                persons.len()
            )?;
            return Ok(());
        }
        let now = SystemClock.now();
        let clock = Arc::new(FixedClock::new(now));
        let town = Town::start_at(
            programme,
            self.text,
            self.key.id(),
            (self.service_key, clock.clone()),
            self.folder,
            self.listen,
        )?;
        let house = |name: &str| {
            let house = self.houses.iter().find(|house| house.partner.as_str() == name);
            house.expect("every partner has a house")
        };
        let (refers, helps) = (house(REFERS), house(HELPS));
        let (silent, said_yes) = persons.split_at(1);
        for (house, persons, dataset) in [
            (refers, persons.iter().collect::<Vec<_>>(), REFERRALS),
            (helps, said_yes.iter().collect(), STEPS),
        ] {
            town.admit(house, programme)?;
            self.say(&town, house, &persons, "given", now)?;
            town.send_package(house, dataset)?;
        }
        town.seal()?;

        let client = town.connect(REFERS)?;
        let ask = |label: &str| -> Result<Vec<Vec<String>>, PlayError> {
            let mut answers = Answers {
                format: ANSWERS_FORMAT,
                programme: programme.id.clone(),
                partner: refers.partner.clone(),
                dataset: REFERRALS.parse().expect("a plain name"),
                followup: programme.followups[0].id.clone(),
                key_id: self.key.id(),
                label: label.to_owned(),
                asked_at: now,
                asked: Vec::new(),
                answers: Vec::new(),
            };
            let of: BTreeMap<Token, Day> = persons.iter().map(|p| (p.token, p.referred)).collect();
            ask_all(&client, &refers.signing, &of, &mut answers, &mut SystemRandom::new())?;
            let told: BTreeMap<Token, Vec<String>> = of
                .into_keys()
                .zip(answers.answers)
                .map(|(token, answer)| {
                    (token, answer.told.statuses.iter().map(ToString::to_string).collect())
                })
                .collect();
            Ok(persons.iter().map(|person| told[&person.token].clone()).collect())
        };
        let check =
            |holds: bool, what: &str| if holds { Ok(()) } else { Err(PlayError::Check(what.to_owned())) };
        let told = ask("first look")?;
        check(told.iter().all(Vec::is_empty), "something was told of a referral on its first day")?;

        let days = i64::from(programme.followups[0].delay_days);
        clock.set(now.plus_millis(days * DAY_MILLIS));
        let told = ask("a week later")?;
        for (person, told) in persons.iter().zip(&told) {
            let happened = self.happened(person);
            check(
                told.iter().all(|status| happened.contains(status.as_str())),
                "more was told than happened",
            )?;
        }
        check(told[0].is_empty() && !silent.is_empty(), "something was told of one who said nothing")?;
        let heard = told.iter().position(|told| !told.is_empty());
        let heard = heard.ok_or_else(|| PlayError::Check("nothing was told of anybody".to_owned()))?;
        let of = told.iter().filter(|told| !told.is_empty()).count();
        writeln!(
            stage.out,
            "   {REFERS} referred {} persons whom {HELPS} met; all but one said yes; a week later it is told of {of}: {}",
            persons.len(),
            told[heard].join(", ")
        )?;

        self.say(&town, helps, &[&persons[heard]], "withdrawn", now.plus_millis(1))?;
        check(ask("after a no")?[heard].is_empty(), "something was told of one who took the yes back")?;
        stage.checked("nothing was told in the first week, nothing of who said nothing or took it back, and never more than happened")?;
        Ok(())
    }

    /// Persons whom one partner referred and the other met.
    fn persons(&self) -> Vec<Person> {
        let place = |name: &str| PARTNERS.iter().position(|partner| *partner == name);
        let (Some(refers), Some(helps)) = (place(REFERS), place(HELPS)) else { return Vec::new() };
        let dataset = self.programme.datasets.iter().position(|dataset| dataset.id.as_str() == REFERRALS);
        let mut referred: BTreeMap<u32, Day> = BTreeMap::new();
        for sheet in self.records.iter().filter(|s| s.partner == refers && Some(s.dataset) == dataset) {
            for (person, day) in sheet.entries.iter().filter_map(|entry| Some((entry.person?, entry.day))) {
                referred.entry(person).and_modify(|first| *first = day.min(*first)).or_insert(day);
            }
        }
        let steps = self.world.contacts.iter().filter(|c| c.partner == helps && c.dataset == STEPS);
        let met: BTreeSet<u32> = steps.filter_map(|contact| contact.person).collect();
        let partner = REFERS.parse().expect("a plain name");
        let tokeniser = Tokeniser::new(self.key, &partner, &partner);
        let person = |(at, referred): (u32, Day)| {
            let number = self.cast.number(at, refers);
            // Who is known under one number to both.
            let same = number == self.cast.number(at, helps);
            let id = Identifier::parse(&number, SystemClock.today(), LeadingZero::Refuse).ok()?;
            (same && met.contains(&at)).then(|| Person { at, token: tokeniser.person(&id), referred })
        };
        referred.into_iter().filter_map(person).take(MOST).collect()
    }

    /// The statuses that the world holds of a person, from the referral on.
    fn happened(&self, person: &Person) -> BTreeSet<&'static str> {
        let contacts = self.world.contacts.iter();
        let own = contacts
            .filter(|c| c.person == Some(person.at) && c.dataset == STEPS && c.day >= person.referred);
        let status = |step: &str| match step {
            "kontaktet" => Some("kontaktet"),
            "startet" => Some("startet"),
            "gennemfoert" | "videre" | "stoppet" => Some("slut"),
            _ => None,
        };
        own.filter_map(|contact| status(contact.step)).collect()
    }

    /// Persons say something about follow-up by the one that refers, at a partner.
    fn say(
        &self,
        town: &Town,
        house: &House,
        persons: &[&Person],
        kind: &str,
        at: Timestamp,
    ) -> Result<(), PlayError> {
        let place = PARTNERS.iter().position(|partner| *partner == house.partner.as_str());
        let place = place.expect("a partner of the world");
        let mut text = format!("{HEADER}\n");
        for person in persons {
            let number = self.cast.number(person.at, place);
            let number = String::from_utf8_lossy(&number);
            let first = self.programme.period.first_day();
            let _ = writeln!(text, "{number},f{}-{kind},{kind},{at},,,{first},", person.at);
        }
        let list = self.folder.join(format!("{}-{kind}.csv", house.partner));
        std::fs::write(&list, text).map_err(PlayError::io(&list))?;
        let purpose: PurposeId = "follow-up".parse().expect("a plain name");
        let recipient = REFERS.parse().expect("a plain name");
        let about = ("samtykke-opfoelgning", std::slice::from_ref(&recipient));
        town.send_consents_about(house, self.programme, self.key, (&[purpose], about), &list)
    }
}
