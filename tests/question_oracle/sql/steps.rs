//! Stages in order: funnel.

use super::{Asked, Extras, Oracle, words};

impl Oracle<'_> {
    /// Each further step is the earliest event of its stage on the day of the step before or later, and within the days
    /// from the index.
    pub(super) fn funnel(&self, asked: &Asked<'_>, stages: &[usize], within: Option<u32>) -> Extras {
        self.run(
            "DROP TABLE IF EXISTS step; CREATE TEMP TABLE step AS SELECT u, day, day AS index_day FROM entry",
        );
        let limit = within.map_or(String::new(), |days| format!("AND seen.day - step.index_day <= {days}"));
        for (at, stage) in stages.iter().enumerate() {
            if at > 0 {
                self.run(&format!(
                    "DROP TABLE IF EXISTS next;
                     CREATE TEMP TABLE next AS SELECT step.u, MIN(seen.day) AS day, index_day FROM step JOIN seen
                       ON seen.u = step.u AND seen.day >= step.day {limit} AND {} GROUP BY step.u;
                     DROP TABLE step; ALTER TABLE next RENAME TO step;",
                    words::event(asked.programme, *stage)
                ));
            }
            let id = &asked.programme.stages[*stage].id;
            self.run(&format!("INSERT INTO cell SELECT u, '{id}' FROM step"));
        }
        Extras::new()
    }
}
