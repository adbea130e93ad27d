//! The raw rows, the aliases and the windows in which rows may be used, as tables; and what plain SQL makes of them.

use kobling::programme::Role;
use rusqlite::{Connection, params};

use super::{Oracle, words};
use crate::consents::Basis;
use crate::world::{World, issuer};

impl<'a> Oracle<'a> {
    /// The tables of a world.
    pub(crate) fn new(world: &'a World) -> Oracle<'a> {
        let db = Connection::open_in_memory().expect("SQLite");
        let oracle = Oracle { db, world };
        oracle.run(&format!(
            "PRAGMA temp_store = MEMORY;
             CREATE TABLE raw (id INTEGER PRIMARY KEY, dataset, source, number, other_number, own_case, day, staff {});
             CREATE TABLE alias (old, new);
             CREATE TABLE number (number);
             CREATE TABLE permitted (dataset, source, person, first, last);
             CREATE TABLE withheld (dataset, source, person);",
            world.categories.iter().chain(&world.measures).map(|id| format!(", {}", words::name(id))).collect::<String>()
        ));
        oracle.insert();
        oracle.resolve();
        oracle
    }

    fn insert(&self) {
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            self.db.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).expect("a row");
        };
        run("BEGIN", &[]);
        let some = |number: u32| (number > 0).then_some(i64::from(number));
        let columns = 7 + self.world.categories.len() + self.world.measures.len();
        let insert = format!("INSERT INTO raw VALUES (NULL{})", ", ?".repeat(columns));
        for row in &self.world.rows {
            let staff = u32::from(issuer(&self.world.programme, row)) * 1000 + row.staff;
            let staff = (row.staff > 0).then_some(i64::from(staff));
            let mut values: Vec<Option<i64>> = vec![
                Some(row.dataset as i64),
                Some(row.source.into()),
                some(row.person),
                some(row.related),
                some(row.case),
                Some(row.day.into()),
                staff,
            ];
            values.extend(row.codes.iter().map(|code| code.map(i64::from)));
            values.extend(&row.measures);
            let values = values.iter().map(|value| value as &dyn rusqlite::ToSql).collect::<Vec<_>>();
            run(&insert, &values);
        }
        for number in 1..=self.world.numbers {
            run("INSERT INTO number VALUES (?)", params![number]);
        }
        for (old, new) in &self.world.aliases {
            run("INSERT INTO alias VALUES (?, ?)", params![old, new]);
        }
        let withheld = self.world.withheld();
        let permit = "INSERT INTO permitted VALUES (?, ?, ?, ?, ?)";
        for ((dataset, source), basis) in &self.world.bases {
            let (at, dataset) = (dataset, *dataset as i64);
            match basis {
                Basis::Absent => {}
                Basis::Open => run(permit, params![dataset, source, None::<u32>, -99_999, 99_999]),
                Basis::Consent(permissions) => {
                    for person in withheld.get(&(*at, *source)).into_iter().flatten() {
                        run("INSERT INTO withheld VALUES (?, ?, ?)", params![dataset, source, person]);
                    }
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
    }

    /// `who` gives the person of a number, `base` the rows by person with the places of their codes in the order of the
    /// dataset's columns, `family` the family of a person: all by closure.
    fn resolve(&self) {
        let mut places = Vec::new();
        for place in 0..words::PLACES {
            let mut of = Vec::new();
            for (at, dataset) in self.world.programme.datasets.iter().enumerate() {
                let categories = dataset.columns.iter().filter(|c| matches!(c.role, Role::Category { .. }));
                let mut categories = categories.map(|column| words::name(column.id.as_str()));
                if let Some(column) = categories.nth(place) {
                    // What a row does not say comes last.
                    of.push(format!("WHEN {at} THEN COALESCE({column}, 999)"));
                }
            }
            places.push(match of.is_empty() {
                true => format!("0 AS o{place}"),
                false => format!("CASE dataset {} END AS o{place}", of.join(" ")),
            });
        }
        self.run(&format!(
            "CREATE TABLE who AS
               WITH RECURSIVE linked(a, b) AS (SELECT old, new FROM alias UNION SELECT new, old FROM alias),
                 reach(a, b) AS (SELECT number, number FROM number
                   UNION SELECT reach.a, linked.b FROM reach JOIN linked ON linked.a = reach.b)
               SELECT a AS number, MIN(b) AS person FROM reach GROUP BY a;
             CREATE TABLE base AS SELECT raw.*, one.person, other.person AS related,
                 source * 1000 + own_case AS kase, {}
               FROM raw LEFT JOIN who one ON one.number = raw.number
                 LEFT JOIN who other ON other.number = raw.other_number;
             CREATE TABLE named AS SELECT id, kase, person FROM base WHERE person IS NOT NULL
               UNION SELECT id, kase, related FROM base WHERE related IS NOT NULL;
             CREATE TABLE family AS
               WITH RECURSIVE joined(a, b) AS (
                   SELECT x.person, y.person FROM named x JOIN named y ON x.id = y.id OR x.kase = y.kase),
                 reach(a, b) AS (SELECT person, person FROM named
                   UNION SELECT reach.a, joined.b FROM reach JOIN joined ON joined.a = reach.b)
               SELECT a AS person, MIN(b) AS family FROM reach GROUP BY a;",
            places.join(", ")
        ));
    }
}
