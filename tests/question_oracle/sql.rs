//! The same questions in plain SQL.

use kobling::programme::{DimensionSource, Programme, Question, QuestionKind};
use kobling::question::Ask;
use rusqlite::{Connection, params};

use crate::Answer;
use crate::world::{Basis, CATEGORIES, MISSING, World};

pub(crate) struct Oracle(Connection);

impl Oracle {
    /// The raw rows, the windows in which they may be used, and the families.
    pub(crate) fn new(world: &World) -> Oracle {
        let db = Connection::open_in_memory().expect("SQLite");
        db.execute_batch(
            "CREATE TABLE raw (dataset, person, day, source, step, role, area);
             CREATE TABLE permitted (dataset, source, person, first, last);
             CREATE TABLE family (person, family);",
        )
        .expect("tables");
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            db.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).expect("a row");
        };
        run("BEGIN", &[]);
        for row in &world.rows {
            let [step, role, area] = row.codes;
            run(
                "INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![row.dataset as i64, row.person, row.day, row.source, step, role, area],
            );
        }
        for (person, family) in world.snapshot.families.iter().enumerate() {
            run("INSERT INTO family VALUES (?, ?)", params![person as i64, family]);
        }
        let permit = "INSERT INTO permitted VALUES (?, ?, ?, ?, ?)";
        for ((dataset, source), basis) in &world.bases {
            let dataset = *dataset as i64;
            match basis {
                Basis::Absent => {}
                Basis::Open => run(permit, params![dataset, source, None::<u32>, -99_999, 99_999]),
                Basis::Consent(permissions) => {
                    for (person, permission) in permissions.iter().filter(|(_, permission)| permission.gate())
                    {
                        for (first, last) in permission.windows() {
                            run(permit, params![dataset, source, person, first.days(), last.days()]);
                        }
                    }
                }
            }
        }
        run("COMMIT", &[]);
        Oracle(db)
    }

    fn run(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// The answer, unprotected.
    pub(crate) fn answer(&self, world: &World, ask: &Ask) -> Answer {
        let programme = &world.programme;
        let question = programme.question(&ask.question).expect("registered");
        let (first, last) = (ask.period.first_day().days(), ask.period.last_day().days());
        let sealed = world.snapshot.day.days();
        let end = if matches!(question.kind, QuestionKind::Funnel { .. }) { sealed } else { last };
        let datasets = programme.datasets_of(question);
        let list = datasets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        self.run(&format!(
            "DROP TABLE IF EXISTS live; DROP TABLE IF EXISTS gone; DROP TABLE IF EXISTS seen;
             DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS cell;
             CREATE TEMP TABLE live AS SELECT *, EXISTS (SELECT 1 FROM permitted p WHERE p.dataset = r.dataset
                 AND p.source = r.source AND (p.person IS NULL OR p.person = r.person)
                 AND r.day BETWEEN p.first AND p.last) AS ok
               FROM raw r WHERE person > 0 AND dataset IN ({list}) AND day BETWEEN {first} AND {end};
             CREATE TEMP TABLE gone AS SELECT DISTINCT person FROM
               (SELECT person FROM live GROUP BY dataset, source, person HAVING SUM(ok) = 0);
             CREATE TEMP TABLE seen AS SELECT * FROM live WHERE ok AND person NOT IN (SELECT person FROM gone);"
        ));
        let starts = match &question.kind {
            QuestionKind::Funnel { stages, .. } => event(programme, stages[0]),
            _ => "1".to_owned(),
        };
        self.run(&format!(
            "CREATE TEMP TABLE entry AS SELECT * FROM
               (SELECT *, row_number() OVER (PARTITION BY person ORDER BY day, dataset, source, step, role, area) AS n
                FROM seen WHERE day <= {last} AND ({starts})) WHERE n = 1 AND ({})",
            population(programme, ask)
        ));
        self.cells(programme, question);

        let mut by = ask.by.iter().map(ToString::to_string).collect::<Vec<_>>();
        by.sort();
        let group = by.iter().map(|id| dimension(programme, id, ask)).collect::<Vec<_>>();
        let key = [group, vec!["tail".to_owned()]].concat().join(" || '|' || ");
        let mut answer = Answer::default();
        let sql = format!("SELECT {key}, person FROM cell JOIN entry USING (person)");
        let mut statement = self.0.prepare(&sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)));
        for row in rows.expect("rows") {
            let (key, person) = row.expect("a row");
            let mut key = key.split('|').map(str::to_owned).collect::<Vec<_>>();
            if matches!(question.kind, QuestionKind::Reach { .. }) {
                key.pop();
            }
            answer.cells.entry(key).or_default().0.insert(person);
        }
        for cell in answer.cells.values_mut() {
            let persons = cell.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            cell.1 = self.families(&format!("person IN ({persons})"));
        }
        let mut gone = self.0.prepare("SELECT person FROM gone").expect("SQL");
        answer.left_out.0 =
            gone.query_map([], |row| row.get(0)).expect("rows").map(|p| p.expect("a row")).collect();
        answer.left_out.1 = self.families("person IN (SELECT person FROM gone)");
        answer
    }

    fn families(&self, of: &str) -> u64 {
        let sql = format!("SELECT COUNT(DISTINCT family) FROM family WHERE {of}");
        self.0.query_row(&sql, [], |row| row.get::<_, u32>(0)).expect("a count").into()
    }

    /// Fills `cell` with (person, tail) for every tail that a person belongs to.
    fn cells(&self, programme: &Programme, question: &Question) {
        let name = names(programme.partners.iter().map(|p| p.id.to_string()));
        match &question.kind {
            QuestionKind::Reach { .. } => self.run("CREATE TEMP TABLE cell AS SELECT person, '' AS tail FROM entry"),
            QuestionKind::Funnel { stages, .. } => {
                self.run("CREATE TEMP TABLE cell (person, tail);
                          DROP TABLE IF EXISTS step; CREATE TEMP TABLE step AS SELECT person, day FROM entry");
                for (at, stage) in stages.iter().enumerate() {
                    if at > 0 {
                        self.run(&format!(
                            "DROP TABLE IF EXISTS next;
                             CREATE TEMP TABLE next AS SELECT step.person, MIN(seen.day) AS day FROM step JOIN seen
                               ON seen.person = step.person AND seen.day >= step.day AND ({}) GROUP BY step.person;
                             DROP TABLE step; ALTER TABLE next RENAME TO step;",
                            event(programme, *stage)
                        ));
                    }
                    let id = &programme.stages[*stage].id;
                    self.run(&format!("INSERT INTO cell SELECT person, '{id}' FROM step"));
                }
            }
            QuestionKind::Overlap { .. } => self.run(&format!(
                "DROP TABLE IF EXISTS known; DROP TABLE IF EXISTS name;
                 CREATE TEMP TABLE name (source, id); INSERT INTO name VALUES {name};
                 CREATE TEMP TABLE known AS SELECT DISTINCT person, source, id FROM seen JOIN name USING (source);
                 CREATE TEMP TABLE cell AS SELECT person, id AS tail FROM known
                 UNION ALL SELECT a.person, a.id || '+' || b.id FROM known a JOIN known b
                   ON a.person = b.person AND a.source < b.source
                 UNION ALL SELECT a.person, a.id || '+' || b.id || '+' || c.id FROM known a JOIN known b
                   ON a.person = b.person AND a.source < b.source
                   JOIN known c ON b.person = c.person AND b.source < c.source"
            )),
            QuestionKind::Quality { .. } => {
                let sets = names(programme.datasets.iter().map(|d| d.id.to_string()));
                self.run(&format!(
                    "DROP TABLE IF EXISTS name; DROP TABLE IF EXISTS setname;
                     CREATE TEMP TABLE name (source, id); INSERT INTO name VALUES {name};
                     CREATE TEMP TABLE setname (dataset, sid); INSERT INTO setname VALUES {sets};
                     CREATE TEMP TABLE cell AS
                       SELECT DISTINCT person, sid || '|' || id || '|all' AS tail
                         FROM seen JOIN name USING (source) JOIN setname USING (dataset)
                       UNION ALL SELECT DISTINCT person, sid || '|' || id || '|known-elsewhere'
                         FROM seen s JOIN name USING (source) JOIN setname USING (dataset)
                         WHERE EXISTS (SELECT 1 FROM seen o WHERE o.person = s.person AND o.source <> s.source)"
                ));
            }
        }
    }
}

fn names(ids: impl Iterator<Item = String>) -> String {
    ids.enumerate().map(|(at, id)| format!("({at}, '{id}')")).collect::<Vec<_>>().join(", ")
}

fn codes(codes: &[u8]) -> String {
    codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a row of `seen` is an event of a stage.
fn event(programme: &Programme, stage: usize) -> String {
    let events = programme.stages[stage].events.iter().map(|event| {
        let mut text = format!("(dataset = {}", event.dataset);
        for filter in &event.filters {
            let column = &programme.datasets[event.dataset].columns[filter.column].id;
            text += &format!(" AND {column} IN ({})", codes(&filter.codes));
        }
        text + ")"
    });
    events.collect::<Vec<_>>().join(" OR ")
}

/// Whether a row of `entry` is in the population.
fn population(programme: &Programme, ask: &Ask) -> String {
    let Some(asked) = &ask.population else { return "1".to_owned() };
    let population = programme.populations.iter().find(|p| p.id == *asked).expect("registered");
    // A dataset without the column holds NULL, which is in no list.
    format!("role IN ({})", codes(&population.codes))
}

/// The code of a row of `entry` in a dimension.
fn dimension(programme: &Programme, id: &str, ask: &Ask) -> String {
    let dimension = programme.dimensions.iter().find(|d| d.id.as_str() == id).expect("registered");
    match &dimension.source {
        DimensionSource::Partner => {
            let cases = programme.partners.iter().enumerate();
            let cases = cases.map(|(at, p)| format!("WHEN {at} THEN '{}'", p.id)).collect::<Vec<_>>();
            format!("CASE source {} END", cases.join(" "))
        }
        DimensionSource::Quarter => {
            let cases = ask.period.quarters().map(|quarter| {
                let (first, last) = (quarter.first().days(), quarter.last().days());
                format!("WHEN day BETWEEN {first} AND {last} THEN '{quarter}'")
            });
            format!("CASE {} END", cases.collect::<Vec<_>>().join(" "))
        }
        DimensionSource::Columns { .. } => {
            let (_, number) = CATEGORIES.iter().find(|(name, _)| *name == id).expect("a column");
            let cases = (0..*number).map(|code| format!("WHEN {code} THEN '{id}{code}'")).collect::<Vec<_>>();
            format!("CASE COALESCE({id}, {MISSING}) {} ELSE '(missing)' END", cases.join(" "))
        }
    }
}
