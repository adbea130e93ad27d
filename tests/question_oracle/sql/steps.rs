//! Stages in order: funnel, and attrition.

use super::{Asked, Extras, Oracle, words};

impl Oracle<'_> {
    /// Each further step is the earliest event of its stage on the day of the step before or later, and within the days
    /// from the index.
    pub(super) fn funnel(&self, asked: &Asked<'_>, stages: &[usize], within: Option<u32>) -> Extras {
        let limit = within.map_or("99999".to_owned(), |days| format!("day + {days}"));
        self.run(&format!(
            "DROP TABLE IF EXISTS start; CREATE TEMP TABLE start AS SELECT u, day, {limit} AS until FROM entry"
        ));
        self.steps(asked, stages);
        self.run("INSERT INTO cell SELECT u, id FROM way");
        Extras::new()
    }

    /// A unit is at the furthest step on the day of leaving, with the reason of the first row of leaving from the index
    /// on; without one, at the furthest step of all.
    pub(super) fn attrition(
        &self,
        asked: &Asked<'_>,
        stages: &[usize],
        exit: usize,
        reason: Option<usize>,
    ) -> Extras {
        let order = words::order();
        let why =
            reason.map_or("'left'".to_owned(), |dimension| words::named_code(asked.programme, dimension));
        self.run(&format!(
            "DROP TABLE IF EXISTS leaving; DROP TABLE IF EXISTS start;
             CREATE TEMP TABLE leaving AS SELECT u, day, {why} AS why FROM
               (SELECT seen.*, row_number() OVER (PARTITION BY seen.u
                   ORDER BY seen.day, {order}) AS n
                FROM seen JOIN (SELECT u, day AS began FROM entry) e ON e.u = seen.u
                WHERE seen.day >= began AND {}) WHERE n = 1;
             CREATE TEMP TABLE start AS SELECT u, entry.day, COALESCE(leaving.day, 99999) AS until
               FROM entry LEFT JOIN leaving USING (u)",
            words::event(asked.programme, exit)
        ));
        self.steps(asked, stages);
        self.run(
            "INSERT INTO cell SELECT u, id || '|' || COALESCE(why, 'not-left') FROM
               (SELECT u, id, row_number() OVER (PARTITION BY u ORDER BY n DESC) AS far FROM way)
               LEFT JOIN leaving USING (u) WHERE far = 1",
        );
        Extras::new()
    }

    /// `way`: the steps that each unit of `start` came to, none of them after `until`.
    fn steps(&self, asked: &Asked<'_>, stages: &[usize]) {
        self.run("DROP TABLE IF EXISTS way; CREATE TEMP TABLE way (u, n, id, day)");
        for (at, stage) in stages.iter().enumerate() {
            let id = &asked.programme.stages[*stage].id;
            if at == 0 {
                self.run(&format!("INSERT INTO way SELECT u, 0, '{id}', day FROM start"));
                continue;
            }
            self.run(&format!(
                "INSERT INTO way SELECT way.u, {at}, '{id}', MIN(seen.day) FROM way JOIN start USING (u) JOIN seen
                   ON seen.u = way.u AND seen.day BETWEEN way.day AND start.until AND {}
                   WHERE way.n = {at} - 1 GROUP BY way.u",
                words::event(asked.programme, *stage)
            ));
        }
    }
}
