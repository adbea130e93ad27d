//! The second programme's families: referred whole, to treatment or to a waiting list, over the period.

use std::collections::HashMap;

use super::super::hand::family_hand;
use super::super::identity::Issuer;
use super::super::world::choose;
use super::cast::{Anchor, Cast, Course, Kin, Member};
use crate::clock::Day;
use crate::id::Sex;
use crate::programme::Programme;
use crate::secret::{Random, SeededRandom};

/// The municipality, the first partner.
const MUNICIPALITY: usize = 0;
/// The provider, the second.
const PROVIDER: usize = 1;

impl Cast {
    /// Families of the second programme: those exposed, those using, and children, each with a way of their own that
    /// is much like the family's.
    #[must_use]
    pub fn families(families: u32, seed: u64, programme: &Programme) -> Cast {
        let random: &mut dyn Random = &mut SeededRandom::from_number(seed.wrapping_mul(1021));
        let mut issuer = Issuer::default();
        let (first, last) = (programme.period.first_day(), programme.period.last_day());
        let (mut members, mut courses) = (Vec::new(), Vec::new());
        for family in 0..families {
            let kinds: &[Kin] = choose(
                &[
                    (&[Kin::Exposed, Kin::Using, Kin::Child] as &[Kin], 34),
                    (&[Kin::Exposed, Kin::Using, Kin::Child, Kin::Child], 33),
                    (&[Kin::Exposed, Kin::Using, Kin::Child, Kin::Child, Kin::Child], 9),
                    (&[Kin::Exposed, Kin::Child], 14),
                    (&[Kin::Using, Kin::Child], 5),
                    (&[Kin::Exposed, Kin::Using], 5),
                ],
                random,
            );
            let way = Way::draw(first, last, random);
            let at = u32::try_from(members.len()).expect("persons are counted in u32");
            let pair = kinds.contains(&Kin::Exposed) && kinds.contains(&Kin::Using);
            for (n, kin) in kinds.iter().enumerate() {
                let man = random.below(100)
                    < match kin {
                        Kin::Exposed => 16,
                        Kin::Using => 84,
                        Kin::Child => 50,
                    };
                let sex = if man { Sex::Man } else { Sex::Woman };
                let child = *kin == Kin::Child;
                let identity = if child { issuer.child(sex, random) } else { issuer.issue(sex, random) };
                let person = u32::try_from(members.len()).expect("persons are counted in u32");
                members.push(Member { identity, family, kin: *kin });
                let days = way.of_member(*kin, last, random);
                courses.push(Course {
                    person,
                    other: (pair && n < 2).then_some(at + u32::from(n == 0)),
                    tracer: MUNICIPALITY,
                    helper: days[Anchor::Contacted as usize].map(|_| PROVIDER),
                    home: Some(MUNICIPALITY),
                    treated: way.treated,
                    days,
                });
            }
        }
        let cases = HashMap::new();
        Cast { members, courses, families, first, last, seed, cases, fresh: 1, hand: family_hand }
    }
}

/// A family's way.
struct Way {
    treated: bool,
    days: [Option<Day>; 6],
}

impl Way {
    fn draw(first: Day, last: Day, random: &mut dyn Random) -> Way {
        let mut later = |least: i32, most: u64| least + i32::try_from(random.below(most)).unwrap_or(0);
        let days = u64::try_from(last.days() - first.days()).unwrap_or(0);
        let referred = first.plus(later(0, days));
        let treated = later(0, 100) < 76;
        let enrolled = referred.plus(if treated { later(2, 50) } else { later(180, 120) });
        let started = enrolled.plus(later(1, 75));
        let completed = started.plus(later(150, 160));
        let stopped = started.plus(later(14, 140));
        // So many of a hundred come to each point.
        let (comes, starts, ends) = (later(0, 100), later(0, 100), later(0, 100));
        let here = |day: Day, yes: bool| (yes && day <= last).then_some(day);
        let enrolled = here(enrolled, comes < if treated { 88 } else { 45 });
        let started = here(started, enrolled.is_some() && starts < 91);
        let ran = started.is_some();
        Way {
            treated,
            days: [
                Some(referred),
                None,
                enrolled,
                started,
                here(completed, ran && ends < 68),
                here(stopped, ran && (68..92).contains(&ends)),
            ],
        }
    }

    /// A member's own way: some never start, some leave, and each starts on a day of their own.
    fn of_member(&self, kin: Kin, last: Day, random: &mut dyn Random) -> [Option<Day>; 6] {
        let mut days = self.days;
        let starts = match kin {
            Kin::Exposed => 97,
            Kin::Using => 84,
            Kin::Child => 88,
        };
        if random.below(100) >= starts {
            days[Anchor::Started as usize..].fill(None);
        }
        let shift = i32::try_from(random.below(8)).unwrap_or(0);
        for anchor in [Anchor::Started, Anchor::Completed, Anchor::Stopped] {
            let day = &mut days[anchor as usize];
            *day = day.map(|day| day.plus(shift)).filter(|day| *day <= last);
        }
        if random.below(100) < 6
            && let Some(day) = days[Anchor::Completed as usize].take()
        {
            days[Anchor::Stopped as usize] = Some(day.plus(-60));
        }
        days
    }
}
