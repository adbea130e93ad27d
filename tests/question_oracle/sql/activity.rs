//! Work done and waiting, quarter by quarter.

use kobling::programme::{Series, SeriesKind};

use super::{Asked, Extras, Oracle, words};

/// Whether a row of `seen` can be the index row: an event of a stage that a series counts; of a unit without any, a row
/// with a staff number.
pub(super) fn starts(asked: &Asked<'_>, series: &[Series]) -> String {
    let mut stages = Vec::new();
    let mut staffed = Vec::new();
    for series in series {
        match &series.what {
            SeriesKind::New { stage } | SeriesKind::Active { stage } | SeriesKind::Waiting { stage, .. } => {
                stages.push(*stage);
            }
            SeriesKind::Staff { columns } => staffed.extend(columns.iter().map(|(dataset, _)| *dataset)),
        }
    }
    let counted = words::any_event(asked.programme, &stages);
    let staffed = words::list(staffed.iter());
    format!(
        "{counted} OR (staff IS NOT NULL AND dataset IN ({staffed}) AND NOT EXISTS
           (SELECT 1 FROM seen z WHERE z.u = seen.u AND {counted}))"
    )
}

impl Oracle<'_> {
    pub(super) fn activity(&self, asked: &Asked<'_>, series: &[Series]) -> Extras {
        for quarter in asked.ask.period.quarters() {
            let (first, last) = (quarter.first().days(), quarter.last().days());
            for series in series {
                let tail = format!("{quarter}|{}", series.id);
                let day = |which: &str, stages: &[usize], until: i32| {
                    format!(
                        "(SELECT {which}(day) FROM seen WHERE seen.u = entry.u AND day <= {until} AND {})",
                        words::any_event(asked.programme, stages)
                    )
                };
                let holds = match &series.what {
                    SeriesKind::New { stage } => {
                        format!("{} BETWEEN {first} AND {last}", day("MIN", &[*stage], asked.last))
                    }
                    SeriesKind::Active { stage } => format!(
                        "EXISTS (SELECT 1 FROM seen WHERE seen.u = entry.u AND day BETWEEN {first} AND {last} AND {})",
                        words::event(asked.programme, *stage)
                    ),
                    SeriesKind::Waiting { stage, until } => format!(
                        "{} > COALESCE({}, -99999)",
                        day("MAX", &[*stage], last),
                        day("MAX", until, last)
                    ),
                    SeriesKind::Staff { columns } => {
                        let datasets = words::list(columns.iter().map(|(dataset, _)| *dataset));
                        self.run(&format!(
                            "INSERT INTO staffed SELECT g, '{tail}', seen.staff, seen.person
                               FROM seen JOIN (SELECT u, g FROM entry) e ON e.u = seen.u
                               WHERE seen.staff IS NOT NULL AND dataset IN ({datasets})
                                 AND day BETWEEN {first} AND {last}"
                        ));
                        continue;
                    }
                };
                self.run(&format!("INSERT INTO cell SELECT u, '{tail}' FROM entry WHERE {holds}"));
            }
        }
        Extras::new()
    }
}
