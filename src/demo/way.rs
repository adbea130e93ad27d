//! One person's way through the model: traced, offered, consented, contacted, started, completed or stopped, referred
//! on; with somebody dropping off at every step.

use super::world::{Contact, FIRST_NGO, POLICE, Part, Person, WorldSettings, choose};
use crate::clock::Day;
use crate::id::Sex;
use crate::secret::Random;

/// A person on the way.
pub(super) struct Way<'a> {
    at: u32,
    person: &'a Person,
    settings: &'a WorldSettings,
    random: &'a mut dyn Random,
    /// Day of a move, and where to.
    moved: Option<(Day, &'static str)>,
}

impl<'a> Way<'a> {
    pub(super) fn new(
        at: u32,
        person: &'a Person,
        settings: &'a WorldSettings,
        random: &'a mut dyn Random,
    ) -> Way<'a> {
        Way { at, person, settings, random, moved: None }
    }

    fn chance(&mut self, per_cent: u64) -> bool {
        self.random.below(100) < per_cent
    }

    /// A day between `least` and `most` days after another.
    fn later(&mut self, day: Day, least: i32, most: i32) -> Day {
        let span = u64::try_from(most - least + 1).unwrap_or(1);
        day.plus(least + i32::try_from(self.random.below(span)).unwrap_or(0))
    }

    /// The position of the municipality that the person lives in, where it is a partner.
    fn municipality(&self) -> Option<usize> {
        match self.person.home {
            "frederiksberg" => Some(1),
            "dragoer" => Some(2),
            "taarnby" => Some(3),
            _ => None,
        }
    }

    pub(super) fn walk(mut self, out: &mut Vec<Contact>) {
        let days = self.settings.last.days() - self.settings.first.days();
        let arrival = self.later(self.settings.first, 0, days);
        if self.chance(4) {
            let to =
                choose(&[("koebenhavn", 5), ("frederiksberg", 3), ("taarnby", 1), ("anden", 2)], self.random);
            self.moved = Some((self.later(arrival, 20, 400), to));
        }
        let municipality = self.municipality();
        let straight = self.chance(14);
        let ready = match (straight, municipality) {
            (true, _) => Some(arrival),
            (false, Some(place)) if self.chance(45) => {
                let ready = self.traced(place, arrival, out);
                if self.chance(20) {
                    let day = self.later(arrival, 0, 200);
                    ready.or(self.traced(POLICE, day, out))
                } else {
                    ready
                }
            }
            (false, place) => {
                let ready = self.traced(POLICE, arrival, out);
                match place {
                    Some(place) if self.chance(20) => {
                        let day = self.later(arrival, 0, 120);
                        ready.or(self.traced(place, day, out))
                    }
                    _ => ready,
                }
            }
        };
        let Some(ready) = ready else { return };
        let contacted =
            if straight { Some(ready) } else { self.chance(88).then(|| self.later(ready, 1, 20)) };
        if let Some(day) = contacted {
            let provider = self.provider(None);
            self.helped(provider, day, true, out);
        }
    }

    /// Tracing at the police or a municipality; the day of a yes to being referred.
    fn traced(&mut self, partner: usize, day: Day, out: &mut Vec<Contact>) -> Option<Day> {
        let dataset = if partner == POLICE { "politi-opsporing" } else { "kommune-opsporing" };
        self.add(partner, dataset, day, "opsporet", out);
        let mut again = day;
        let repeats = if partner == POLICE { 34 } else { 12 };
        for _ in 0..6 {
            if !self.chance(repeats) {
                break;
            }
            again = self.later(again, 5, 300);
            self.add(partner, dataset, again, "opsporet", out);
        }
        if !self.chance(76) {
            return None;
        }
        let offered = self.later(day, 0, 10);
        self.add(partner, dataset, offered, "tilbudt", out);
        if !self.chance(70) {
            return None;
        }
        let agreed = self.later(offered, 0, 14);
        self.add(partner, dataset, agreed, "samtykket", out);
        Some(agreed)
    }

    /// Who helps: the municipality, or an organisation that suits; never the one that refers on.
    fn provider(&mut self, but: Option<usize>) -> usize {
        if let Some(place) = self.municipality()
            && but != Some(place)
            && self.chance(40)
        {
            return place;
        }
        let [dialog, lev, lokk, moedre, mande] = [0, 1, 2, 3, 4].map(|at| FIRST_NGO + at);
        let weights: &[(usize, u64)] = match (self.person.part, self.person.sex) {
            (Part::Using, Sex::Man) => &[(dialog, 60), (lev, 12), (lokk, 1), (mande, 27)],
            (Part::Using, Sex::Woman) => &[(dialog, 80), (lev, 15), (moedre, 5)],
            (Part::Exposed, Sex::Man) => &[(dialog, 20), (lev, 30), (mande, 50)],
            (Part::Exposed, Sex::Woman) => &[(dialog, 22), (lev, 26), (lokk, 34), (moedre, 18)],
        };
        let weights: Vec<_> = weights.iter().copied().filter(|(at, _)| but != Some(*at)).collect();
        choose(&weights, self.random)
    }

    /// Contact and course at whoever helps.
    fn helped(&mut self, partner: usize, day: Day, may_refer: bool, out: &mut Vec<Contact>) {
        self.add(partner, "forloeb", day, "kontaktet", out);
        if self.chance(25) {
            let again = self.later(day, 0, 12);
            self.add(partner, "forloeb", again, "kontaktet", out);
        }
        if !self.chance(74) {
            return;
        }
        let started = self.later(day, 0, 45);
        self.add(partner, "forloeb", started, "startet", out);
        let (ended, refers) = match self.random.below(100) {
            0..60 => {
                let day = self.later(started, 60, 240);
                self.add(partner, "forloeb", day, "gennemfoert", out);
                (day, 30)
            }
            60..88 => {
                let day = self.later(started, 7, 120);
                self.add(partner, "forloeb", day, "stoppet", out);
                (day, 15)
            }
            _ => return,
        };
        if may_refer && self.chance(refers) {
            let day = self.later(ended, 0, 7);
            self.add(partner, "forloeb", day, "videre", out);
            if self.chance(75) {
                let (next, day) = (self.provider(Some(partner)), self.later(day, 2, 30));
                self.helped(next, day, false, out);
            }
        }
    }

    /// A row, unless its day is still to come.
    fn add(
        &mut self,
        partner: usize,
        dataset: &'static str,
        day: Day,
        step: &'static str,
        out: &mut Vec<Contact>,
    ) {
        if day > self.settings.last {
            return;
        }
        // Now and then a partner sees it the other way round.
        let part = if self.chance(2) { self.person.part.other() } else { self.person.part };
        let home = self.moved.filter(|(from, _)| day >= *from).map_or(self.person.home, |(_, to)| to);
        let pair = dataset != "forloeb" && self.chance(80);
        let related = self.person.other.filter(|_| pair);
        let person = Some(self.at);
        out.push(Contact { partner, dataset, person, related, case: None, day, step, part, home });
    }
}
