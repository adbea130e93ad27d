//! The same outcome in two cohorts.

use kobling::programme::{Comparison, Outcome};

use super::{Asked, Extras, Oracle, words};

/// Whether a row of `seen` can be the index row: one of the first cohort, or one of the second of a unit that is not in
/// the first.
pub(super) fn starts(asked: &Asked<'_>, comparison: &Comparison) -> String {
    let [first, second] = [0, 1].map(|at| words::event(asked.programme, comparison.cohorts[at].index));
    format!(
        "{first} OR ({second} AND NOT EXISTS (SELECT 1 FROM seen z WHERE z.u = seen.u AND z.own
           AND z.day BETWEEN {} AND {} AND {first}))",
        asked.first, asked.last
    )
}

impl Oracle<'_> {
    pub(super) fn comparison(&self, asked: &Asked<'_>, comparison: &Comparison) -> Extras {
        let first = words::event(asked.programme, comparison.cohorts[0].index);
        let ends = words::any_event(asked.programme, &comparison.ends);
        let (event, followed) = match comparison.outcome {
            Outcome::AtIndex { stage } => (
                format!(
                    "EXISTS (SELECT 1 FROM seen WHERE seen.id = c.id AND {})",
                    words::event(asked.programme, stage)
                ),
                "1".to_owned(),
            ),
            Outcome::Within { stage, from_day, days } => (
                format!(
                    "EXISTS (SELECT 1 FROM seen WHERE seen.u = c.u AND {} AND seen.day <= c.ended
                       AND seen.day BETWEEN c.began + {from_day} AND c.began + {days})",
                    words::event(asked.programme, stage)
                ),
                format!("c.ended - c.began >= {days}"),
            ),
        };
        let [one, other] = [0, 1].map(|at: usize| &comparison.cohorts[at].id);
        self.run(&format!(
            "DROP TABLE IF EXISTS cohort; DROP TABLE IF EXISTS outcome;
             CREATE TEMP TABLE cohort AS SELECT u, id, day AS began, CASE WHEN {first} THEN '{one}' ELSE '{other}' END AS name,
                 min({}, COALESCE((SELECT MIN(day) FROM seen WHERE seen.u = entry.u AND seen.day >= entry.day AND {ends}),
                   99999)) AS ended FROM entry;
             CREATE TEMP TABLE outcome AS SELECT u, name, {event} AS event, {followed} AS followed FROM cohort c;
             INSERT INTO cell SELECT u, name || '|followed' FROM outcome WHERE followed;
             INSERT INTO cell SELECT u, name || '|event' FROM outcome WHERE followed AND event",
            asked.sealed
        ));
        Extras::new()
    }
}
