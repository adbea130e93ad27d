//! A rating or scale at several moments.

use kobling::programme::{Change, ChangeView, Role};

use super::{Asked, Extras, Oracle, words};
use crate::answer::Told;

impl Oracle<'_> {
    /// `assessed`: of each person at each moment the latest assessment; of several on one day the one that the rule of
    /// the index row names, then the least. `valued`: of each unit the highest among its persons.
    pub(super) fn change(&self, asked: &Asked<'_>, change: &Change) -> Extras {
        let column = |at: usize| words::column(asked.programme, change.dataset, at);
        let (moment, value) = (column(change.moment), column(change.value));
        let moments = words::list(change.moments.iter());
        let order = words::order();
        let completed = change.completed.map_or("0".to_owned(), |stage| words::event(asked.programme, stage));
        self.run(&format!(
            "DROP TABLE IF EXISTS assessed; DROP TABLE IF EXISTS valued; DROP TABLE IF EXISTS analysed;
             CREATE TEMP TABLE assessed AS SELECT u, person, moment, value FROM
               (SELECT u, person, {moment} AS moment, {value} AS value, row_number() OVER
                  (PARTITION BY u, person, {moment} ORDER BY day DESC, {order}, {value}) AS n
                FROM seen WHERE dataset = {} AND {moment} IN ({moments}) AND {value} IS NOT NULL) WHERE n = 1;
             CREATE TEMP TABLE valued AS SELECT u, moment, MAX(value) AS value FROM assessed GROUP BY u, moment;
             CREATE TEMP TABLE analysed AS SELECT u, g, 'all' AS analysis FROM entry
               UNION ALL SELECT u, g, 'completers' FROM entry WHERE EXISTS
                 (SELECT 1 FROM seen WHERE seen.u = entry.u AND seen.day >= entry.day AND {completed})",
            change.dataset
        ));
        let (first, last) = (change.moments[0], change.moments[change.moments.len() - 1]);
        match change.view {
            ChangeView::Status => {
                for at in &change.moments {
                    let list = list_of(asked, change, change.moment).expect("a category");
                    let name = &asked.programme.code_lists[list].codes[usize::from(*at)].id;
                    self.run(&format!(
                        "INSERT INTO cell SELECT u, analysis || '|{name}|base' FROM analysed;
                         INSERT INTO cell SELECT u, analysis || '|{name}|answered' FROM analysed
                           JOIN valued USING (u) WHERE moment = {at};
                         INSERT INTO cell SELECT u, analysis || '|{name}|' || {} FROM analysed
                           JOIN valued USING (u) WHERE moment = {at}",
                        state(asked, change)
                    ));
                }
                Extras::new()
            }
            ChangeView::Direction | ChangeView::Mean => {
                self.run(&format!(
                    "DROP TABLE IF EXISTS twice;
                     CREATE TEMP TABLE twice AS SELECT u, g, analysis, b.value AS baseline, e.value AS ended,
                         e.value - b.value AS change FROM analysed JOIN valued b USING (u) JOIN valued e USING (u)
                       WHERE b.moment = {first} AND e.moment = {last};
                     INSERT INTO cell SELECT u, analysis || '|base' FROM analysed"
                ));
                if change.view == ChangeView::Direction {
                    let least = match asked.programme.datasets[change.dataset].columns[change.value].role {
                        Role::Measure(_) => change.least_change,
                        _ => 1,
                    };
                    self.run(&format!(
                        "INSERT INTO cell SELECT u, analysis || '|both' FROM twice;
                         INSERT INTO cell SELECT u, analysis || CASE WHEN change >= {least} THEN '|higher'
                           WHEN -change >= {least} THEN '|lower' ELSE '|same' END FROM twice"
                    ));
                    return Extras::new();
                }
                let mut extras = Extras::new();
                for (state, column) in [("baseline", "baseline"), ("end", "ended"), ("change", "change")] {
                    self.run(&format!("INSERT INTO cell SELECT u, analysis || '|{state}' FROM twice"));
                    let sums = self.rows(
                        &format!(
                            "SELECT g, analysis, COUNT(*), SUM({column}), SUM({column} * {column}) FROM twice
                               GROUP BY g, analysis"
                        ),
                        |row| {
                            let told = (row.get::<_, i64>(2)?, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?);
                            Ok(((row.get(0)?, format!("{}|{state}", row.get::<_, String>(1)?)), told))
                        },
                    );
                    extras.extend(sums.into_iter().map(|(key, (units, sum, squares))| {
                        (key, Told::Mean(units as u64, sum.into(), squares.into()))
                    }));
                }
                extras
            }
        }
    }
}

fn list_of(asked: &Asked<'_>, change: &Change, column: usize) -> Option<usize> {
    match asked.programme.datasets[change.dataset].columns[column].role {
        Role::Category { list } => Some(list),
        _ => None,
    }
}

/// The code of a value: its own, or that of its band.
fn state(asked: &Asked<'_>, change: &Change) -> String {
    let decimals = match &asked.programme.datasets[change.dataset].columns[change.value].role {
        Role::Category { list } => return words::code_id(asked.programme, *list, "value"),
        Role::Measure(measure) => usize::from(measure.decimals),
        _ => panic!("a category or a measure"),
    };
    let said = |value: i64| format!("{:.decimals$}", value as f64 / 10_f64.powi(decimals as i32));
    let mut cases = String::new();
    let mut from = String::new();
    for limit in &change.bands {
        cases += &format!("WHEN value <= {limit} THEN '{from}..{}' ", said(*limit));
        from = said(limit + 1);
    }
    format!("CASE {cases} ELSE '{from}..' END")
}

/// By tail: the tail that it is a part of.
pub(super) fn part_of(change: &Change, tail: &[String]) -> Option<Vec<String>> {
    let (state, before) = tail.split_last().expect("a state");
    let whole = match (change.view, state.as_str()) {
        (_, "base") => return None,
        (ChangeView::Mean, _) | (_, "answered" | "both") => "base",
        (ChangeView::Status, _) => "answered",
        (ChangeView::Direction, _) => "both",
    };
    Some([before, &[whole.to_owned()]].concat())
}
