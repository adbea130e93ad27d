//! Which conditions units meet.

use kobling::programme::{Criteria, Test};

use super::{Asked, Extras, Oracle, words};

impl Oracle<'_> {
    /// `standing` holds, for each condition and unit, whether it can be told of the unit (1), not yet (0), or not at all
    /// (NULL), and whether it is met.
    pub(super) fn criteria(&self, asked: &Asked<'_>, criteria: &Criteria) -> Extras {
        self.run("DROP TABLE IF EXISTS standing; CREATE TEMP TABLE standing (n, u, told, met)");
        for (n, condition) in criteria.conditions.iter().enumerate() {
            let of = condition.of.map_or("1".to_owned(), |stage| {
                format!(
                    "EXISTS (SELECT 1 FROM seen WHERE seen.u = e.u AND {})",
                    words::event(asked.programme, stage)
                )
            });
            let (told, met) = match &condition.test {
                Test::Stage { stage, window, persons } => {
                    let event = words::event(asked.programme, *stage);
                    let (from, to) = window.unwrap_or((-99_999, 99_999));
                    let met = format!(
                        "(SELECT COUNT(DISTINCT person) FROM seen WHERE seen.u = e.u AND {event}
                           AND seen.day BETWEEN e.day + {from} AND e.day + {to}) >= {persons}"
                    );
                    let told = match window {
                        None => "1".to_owned(),
                        Some(_) => {
                            format!("e.day + {from} >= {} AND e.day + {to} <= {}", asked.begin, asked.sealed)
                        }
                    };
                    (told, met)
                }
                Test::Trained { stage, .. } => {
                    let event = words::event(asked.programme, *stage);
                    let rows = format!("FROM seen WHERE seen.u = e.u AND seen.day >= e.day AND {event}");
                    let Test::Trained { trained: (dataset, _), .. } = &condition.test else { unreachable!() };
                    let listed = format!(
                        "EXISTS (SELECT 1 FROM live l WHERE l.ok AND l.dataset = {dataset} AND l.staff = seen.staff
                           AND l.day <= seen.day AND (l.person IS NULL OR l.person NOT IN (SELECT person FROM gone)))"
                    );
                    (
                        "1".to_owned(),
                        format!("EXISTS (SELECT 1 {rows}) AND NOT EXISTS (SELECT 1 {rows} AND NOT {listed})"),
                    )
                }
                Test::Sum { dataset, done, planned, percent } => {
                    let sum = |column: usize| {
                        let column = words::column(asked.programme, *dataset, column);
                        format!(
                            "(SELECT COALESCE(SUM({column}), 0) FROM seen WHERE seen.u = e.u AND seen.day >= e.day
                               AND dataset = {dataset})"
                        )
                    };
                    let (done, planned) = (sum(*done), sum(*planned));
                    ("1".to_owned(), format!("{planned} > 0 AND 100 * {done} >= {percent} * {planned}"))
                }
                Test::All(others) => {
                    let others = words::list(others.iter());
                    let of = |state: &str| {
                        format!(
                            "EXISTS (SELECT 1 FROM standing s WHERE s.u = e.u AND s.n IN ({others}) AND {state})"
                        )
                    };
                    // One that is not met, or cannot be told, settles it; else one that cannot be told yet leaves it open.
                    let no = of("(s.told IS NULL OR (s.told AND NOT s.met))");
                    let open = of("s.told = 0");
                    (format!("NOT {open}"), format!("NOT {no} AND NOT {open}"))
                }
            };
            self.run(&format!(
                "INSERT INTO standing SELECT {n}, u, CASE WHEN {of} THEN ({told}) END, ({met}) FROM entry e;
                 INSERT INTO cell SELECT u, '{id}|of' FROM standing WHERE n = {n} AND told;
                 INSERT INTO cell SELECT u, '{id}|met' FROM standing WHERE n = {n} AND told AND met",
                id = condition.id
            ));
        }
        Extras::new()
    }
}
