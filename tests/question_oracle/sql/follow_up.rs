//! What happens after an index: shares within days, Kaplan-Meier, events per time, before and after.

use std::collections::BTreeMap;

use kobling::programme::{FollowUp, Since, View};

use super::{Asked, Extras, Oracle, words};
use crate::answer::{Point, Told};

impl Oracle<'_> {
    pub(super) fn follow_up(&self, asked: &Asked<'_>, follow: &FollowUp) -> Extras {
        let outcome = words::event(asked.programme, follow.outcome);
        // Between a day of `f` and an outcome `o`.
        let via = |from: &str| match follow.via {
            None => "1".to_owned(),
            Some(via) => format!(
                "EXISTS (SELECT 1 FROM seen v WHERE v.u = f.u AND v.day BETWEEN {from} AND o.day AND v.id IN
                   (SELECT id FROM seen WHERE {}))",
                words::event(asked.programme, via)
            ),
        };
        let ends = words::any_event(asked.programme, &follow.ends);
        self.run(&format!(
            "DROP TABLE IF EXISTS outcome; DROP TABLE IF EXISTS followed;
             CREATE TEMP TABLE outcome AS SELECT DISTINCT u, day FROM seen WHERE {outcome};
             CREATE TEMP TABLE followed AS SELECT u, g, family, source, day AS began, min({},
                 COALESCE((SELECT MIN(day) FROM seen WHERE seen.u = entry.u AND seen.day >= entry.day AND {ends}), 99999))
               AS ended FROM entry",
            asked.sealed
        ));
        let from_day = follow.from_day;
        let counts =
            format!("o.u = f.u AND o.day BETWEEN f.began + {from_day} AND f.ended AND {}", via("f.began"));
        match follow.view {
            View::Within => {
                match follow.since {
                    Since::Index => self.run(&format!(
                        "DROP TABLE IF EXISTS time; CREATE TEMP TABLE time AS SELECT u, ended - began AS followed,
                           (SELECT MIN(o.day) FROM outcome o WHERE {counts}) - began AS days FROM followed f"
                    )),
                    // From each event of the index stage in the period: the shortest time to the next outcome; and how
                    // long the last is followed.
                    Since::Previous => self.run(&format!(
                        "DROP TABLE IF EXISTS turn; DROP TABLE IF EXISTS time;
                         CREATE TEMP TABLE turn AS SELECT DISTINCT f.u, seen.day AS began, f.ended
                           FROM followed f JOIN seen ON seen.u = f.u AND seen.day BETWEEN f.began AND min(f.ended, {})
                             AND {};
                         CREATE TEMP TABLE time AS SELECT u, MIN(ended - began) AS followed, MIN(
                             (SELECT MIN(o.day) FROM outcome o WHERE {counts}) - began) AS days FROM turn f GROUP BY u",
                        asked.last,
                        words::event(asked.programme, follow.index)
                    )),
                }
                for days in &follow.days {
                    self.run(&format!(
                        "INSERT INTO cell SELECT u, '{days}|followed' FROM time
                           WHERE followed >= {days};
                         INSERT INTO cell SELECT u, '{days}|event' FROM time
                           WHERE followed >= {days} AND days IS NOT NULL AND days <= {days}"
                    ));
                }
                Extras::new()
            }
            View::Curve => {
                self.run("INSERT INTO cell SELECT u, '0' FROM entry");
                let times = self.rows(
                    &format!(
                        "SELECT g, u, ended - began, (SELECT MIN(o.day) FROM outcome o WHERE {counts}) - began
                           FROM followed f"
                    ),
                    |row| {
                        let (group, unit): (String, i64) = (row.get(0)?, row.get(1)?);
                        Ok((group, unit, row.get::<_, i64>(2)?, row.get::<_, Option<i64>>(3)?))
                    },
                );
                let mut groups = BTreeMap::<String, Vec<(i64, bool)>>::new();
                for (group, unit, followed, event) in times {
                    groups.entry(group).or_default().push((event.unwrap_or(followed), event.is_some()));
                    for days in follow
                        .days
                        .iter()
                        .filter(|days| event.is_some_and(|event| event <= i64::from(**days)))
                    {
                        self.run(&format!("INSERT INTO cell VALUES ({unit}, '{days}')"));
                    }
                }
                let mut extras = Extras::new();
                for (group, times) in groups {
                    for days in &follow.days {
                        let point = kaplan_meier(&times, i64::from(*days));
                        extras.insert((group.clone(), days.to_string()), Told::Incidence(point));
                    }
                }
                extras
            }
            View::Rate => {
                self.run(&format!(
                    "DROP TABLE IF EXISTS rate; CREATE TEMP TABLE rate AS SELECT u, g, family, source, ended - began AS days,
                       (SELECT COUNT(*) FROM outcome o WHERE {counts}) AS events FROM followed f;
                     INSERT INTO cell SELECT u, 'followed' FROM rate;
                     INSERT INTO cell SELECT u, 'event' FROM rate WHERE events > 0"
                ));
                let mut extras = Extras::new();
                let parts = self.rows("SELECT g, family, source, events, days FROM rate", |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        (row.get(1)?, row.get(2)?),
                        row.get::<_, i64>(3)?,
                        row.get::<_, i64>(4)?,
                    ))
                });
                for (group, part, events, days) in parts {
                    let told = extras.entry((group, "followed".to_owned()));
                    if let Told::Rate(known, time) =
                        told.or_insert_with(|| Told::Rate(BTreeMap::new(), BTreeMap::new()))
                    {
                        *known.entry(part).or_insert(0) += i128::from(events);
                        *time.entry(part).or_insert(0) += i128::from(days);
                    }
                }
                extras
            }
            View::BeforeAfter => {
                for days in &follow.days {
                    let both = format!("began - {days} >= {} AND ended - began >= {days}", asked.begin);
                    let any = |from: &str, to: &str| {
                        format!(
                            "EXISTS (SELECT 1 FROM outcome o WHERE o.u = f.u AND o.day >= {from} AND o.day <= {to})"
                        )
                    };
                    let before = any(&format!("f.began - {days}"), "f.began - 1");
                    let after = any("f.began + 1", &format!("f.began + {days}"));
                    self.run(&format!(
                        "INSERT INTO cell SELECT u, '{days}|followed' FROM followed f WHERE {both};
                         INSERT INTO cell SELECT u, '{days}|before' FROM followed f WHERE {both} AND {before};
                         INSERT INTO cell SELECT u, '{days}|after' FROM followed f WHERE {both} AND {after}"
                    ));
                }
                Extras::new()
            }
        }
    }
}

/// By tail: the tail that it is a part of.
pub(super) fn part_of(follow: &FollowUp, tail: &[String]) -> Option<Vec<String>> {
    match (follow.view, tail) {
        (View::Curve, [days]) => (days != "0").then(|| vec!["0".to_owned()]),
        (View::Rate, [state]) => (state == "event").then(|| vec!["followed".to_owned()]),
        (_, [days, state]) => (state != "followed").then(|| vec![days.clone(), "followed".to_owned()]),
        _ => panic!("a tail of another form: {tail:?}"),
    }
}

/// Kaplan and Meier's estimate on a day, from days of follow-up and whether they ended in the event: product over the
/// days of events, counting who is left by hand.
fn kaplan_meier(times: &[(i64, bool)], day: i64) -> Point {
    let mut days = times
        .iter()
        .filter(|(time, event)| *event && *time <= day)
        .map(|(time, _)| *time)
        .collect::<Vec<_>>();
    days.sort_unstable();
    days.dedup();
    let mut survival = 1.0_f64;
    for at in days {
        let left = times.iter().filter(|(time, _)| *time >= at).count() as f64;
        let events = times.iter().filter(|(time, event)| *event && *time == at).count() as f64;
        survival *= (left - events) / left;
    }
    Point {
        units: times.len() as u64,
        at_risk: times.iter().filter(|(time, _)| *time > day).count() as u64,
        events: times.iter().filter(|(time, event)| *event && *time <= day).count() as u64,
        share: 1.0 - survival,
    }
}
