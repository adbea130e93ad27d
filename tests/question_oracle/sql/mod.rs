//! The same questions in plain SQL over the raw rows, written from what the programme's words mean: what counts as a
//! row, a unit, an index, a window. It shares no code with the kernels.

mod activity;
mod amount;
mod change;
mod comparison;
mod criteria;
mod follow_up;
mod load;
mod reach;
mod said;
mod steps;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use kobling::disclosure::Counted;
use kobling::programme::{
    AmountView, ChangeView, Programme, Question, QuestionKind, SeriesKind, Test, Unit, View,
};
use kobling::question::Ask;
use rusqlite::{Connection, Row};

use crate::answer::{Answer, Cell, Key, Told};
use crate::world::World;

/// Raw rows in SQLite.
pub(crate) struct Oracle<'a> {
    db: Connection,
    world: &'a World,
}

/// A question as it is asked.
pub(crate) struct Asked<'a> {
    pub programme: &'a Programme,
    pub question: &'a Question,
    pub ask: &'a Ask,
    /// First and last day of the period, the day of the seal, and the first day of the programme.
    pub first: i32,
    pub last: i32,
    pub sealed: i32,
    pub begin: i32,
}

/// What is told of cells besides counts, by group and tail.
pub(crate) type Extras = BTreeMap<(String, String), Told>;

impl<'a> Oracle<'a> {
    fn run(&self, sql: &str) {
        self.db.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    fn rows<T>(&self, sql: &str, mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let mut statement = self.db.prepare(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let rows = statement.query_map([], |row| read(row)).expect("rows");
        rows.map(|row| row.unwrap_or_else(|error| panic!("{error}\n{sql}"))).collect()
    }

    /// The answer, unprotected.
    pub(crate) fn answer(&self, question: &Question, ask: &Ask) -> Answer {
        let programme = &self.world.programme;
        let asked = Asked {
            programme,
            question,
            ask,
            first: ask.period.first_day().days(),
            last: ask.period.last_day().days(),
            sealed: self.world.sealed.days(),
            begin: programme.period.first_day().days(),
        };
        self.read(&asked);
        self.enter(&asked);
        self.run(
            "DROP TABLE IF EXISTS cell; CREATE TEMP TABLE cell (u, tail);
             DROP TABLE IF EXISTS staffed; CREATE TEMP TABLE staffed (g, tail, number, person)",
        );
        let extras = match &question.kind {
            QuestionKind::Reach { .. } => self.reach(),
            QuestionKind::Overlap { .. } => self.overlap(&asked),
            QuestionKind::Quality { .. } => self.quality(&asked),
            QuestionKind::Funnel { stages, within } => self.funnel(&asked, stages, *within),
            QuestionKind::Attrition { stages, exit, reason } => {
                self.attrition(&asked, stages, *exit, *reason)
            }
            QuestionKind::FollowUp(follow) => self.follow_up(&asked, follow),
            QuestionKind::Criteria(criteria) => self.criteria(&asked, criteria),
            QuestionKind::Change(change) => self.change(&asked, change),
            QuestionKind::Amount(amount) => self.amount(&asked, amount),
            QuestionKind::Comparison(comparison) => self.comparison(&asked, comparison),
            QuestionKind::Budget(budget) => self.budget(&asked, budget),
            QuestionKind::Activity { series } => self.activity(&asked, series),
            other => panic!("no SQL is written for {other:?}"),
        };
        self.told(extras)
    }

    /// The rows of the question: `live` are those in the days read, `gone` the persons who leave, `seen` the permitted
    /// rows of the units that stay (`own` or of its persons elsewhere), `member` the persons of each unit.
    fn read(&self, asked: &Asked<'_>) {
        let datasets = asked.programme.datasets_of(asked.question);
        let list = words::list(datasets.iter());
        let (from, to) = days_read(asked);
        let unit = match asked.question.unit {
            Unit::Person => "person",
            Unit::Pair => {
                "CASE WHEN related <> person THEN min(person, related) * 1000 + max(person, related) END"
            }
            Unit::Case => "kase",
        };
        // A case that has an index is followed in its persons' rows elsewhere too.
        let elsewhere = match asked.question.unit {
            Unit::Case if asked.question.kind.index().is_some() => format!(
                "UNION ALL SELECT b.*, m.kase AS u, 0 AS own FROM base b JOIN
                   (SELECT DISTINCT kase, person, source FROM base
                     WHERE kase IS NOT NULL AND person IS NOT NULL AND dataset IN ({list})) m
                   ON m.person = b.person AND (b.kase IS NULL OR b.source <> m.source)"
            ),
            _ => String::new(),
        };
        self.run(&format!(
            "DROP TABLE IF EXISTS live; DROP TABLE IF EXISTS gone; DROP TABLE IF EXISTS away;
             DROP TABLE IF EXISTS seen; DROP TABLE IF EXISTS member;
             CREATE TEMP TABLE live AS SELECT *,
                 EXISTS (SELECT 1 FROM permitted p WHERE p.dataset = r.dataset AND p.source = r.source
                   AND (p.person IS NULL OR p.person = r.person) AND r.day BETWEEN p.first AND p.last) AS ok
               FROM (SELECT *, {unit} AS u, 1 AS own FROM base {elsewhere}) r
               WHERE dataset IN ({list}) AND day BETWEEN {from} AND {to};
             CREATE TEMP TABLE gone AS SELECT DISTINCT person FROM
               (SELECT person FROM live WHERE person IS NOT NULL GROUP BY dataset, source, person HAVING SUM(ok) = 0
                UNION SELECT person FROM withheld w WHERE dataset IN ({list}) AND NOT EXISTS
                  (SELECT 1 FROM live l WHERE l.ok AND l.own AND (l.dataset, l.source, l.person) = (w.dataset, w.source, w.person)));
             CREATE TEMP TABLE away AS SELECT DISTINCT u FROM live
               WHERE u IS NOT NULL AND person IS NOT NULL AND (person IN (SELECT person FROM gone) {});
             CREATE TEMP TABLE seen AS SELECT * FROM live
               WHERE ok AND u IS NOT NULL AND person IS NOT NULL AND u NOT IN (SELECT u FROM away);
             CREATE TEMP TABLE member AS SELECT u, person FROM seen {};",
            if asked.question.unit == Unit::Pair { "OR related IN (SELECT person FROM gone)" } else { "" },
            if asked.question.unit == Unit::Pair {
                "UNION SELECT u, related FROM seen"
            } else {
                "GROUP BY 1, 2"
            },
        ));
    }

    /// Fills `entry`: the index row of each unit of the population, with the codes of the dimensions as its group.
    fn enter(&self, asked: &Asked<'_>) {
        let starts = match &asked.question.kind {
            QuestionKind::Comparison(comparison) => comparison::starts(asked, comparison),
            QuestionKind::Activity { series } => activity::starts(asked, series),
            kind => kind.index().map_or("1".to_owned(), |stage| words::event(asked.programme, stage)),
        };
        let mut by = asked.ask.by.iter().map(ToString::to_string).collect::<Vec<_>>();
        by.sort();
        let codes = by.iter().map(|id| words::dimension(asked, id)).collect::<Vec<_>>();
        let group = if codes.is_empty() { "''".to_owned() } else { codes.join(" || '|' || ") };
        // Work is counted from the programme's first day on, everything else begins in the period.
        let first = match asked.question.kind {
            QuestionKind::Activity { .. } => asked.begin,
            _ => asked.first,
        };
        let last = asked.last;
        let order = words::order();
        let population = words::population(asked);
        self.run(&format!(
            "DROP TABLE IF EXISTS entry;
             CREATE TEMP TABLE entry AS SELECT *, {group} AS g, (SELECT family FROM family f WHERE f.person = e.person) AS family
               FROM (SELECT *, row_number() OVER
                   (PARTITION BY u ORDER BY day, {order}) AS n
                 FROM seen WHERE own AND day BETWEEN {first} AND {last} AND ({starts})) e
               WHERE n = 1 AND ({population})"
        ));
    }

    /// Cells as they are, with units, persons and families.
    fn told(&self, mut extras: Extras) -> Answer {
        extras.retain(|_, told| !told.is_nothing());
        let mut answer = Answer::default();
        let read = |row: &Row<'_>| {
            let (group, tail): (String, String) = (row.get(0)?, row.get(1)?);
            Ok((group, tail, row.get::<_, i64>(2)?, row.get::<_, String>(3)?, row.get::<_, i64>(4)?))
        };
        let found = self.rows(
            "SELECT g, tail, COUNT(DISTINCT cell.u), group_concat(DISTINCT member.person), COUNT(DISTINCT family.family)
               FROM cell JOIN entry USING (u) JOIN member USING (u) JOIN family ON family.person = member.person
               GROUP BY g, tail",
            read,
        );
        let mut suppliers: BTreeMap<(String, String), BTreeMap<u8, u64>> = BTreeMap::new();
        for (group, tail, source, units) in self.rows(
            "SELECT g, tail, source, COUNT(DISTINCT u) FROM cell JOIN entry USING (u) GROUP BY g, tail, source",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?)),
        ) {
            suppliers.entry((group, tail)).or_default().insert(source, units as u64);
        }
        let staff = self.rows(
            "SELECT g, tail, COUNT(DISTINCT number), group_concat(DISTINCT person), COUNT(DISTINCT family)
               FROM staffed JOIN family USING (person) GROUP BY g, tail",
            read,
        );
        for (group, tail, units, persons, families) in found.into_iter().chain(staff) {
            let persons = persons.split(',').map(|person| person.parse().expect("a number")).collect();
            let extra = extras.remove(&(group.clone(), tail.clone()));
            let supplied = suppliers.remove(&(group.clone(), tail.clone()));
            let cell = Cell { units: units as u64, persons, families: families as u64, extra, supplied };
            answer.cells.insert(key(&group, &tail), cell);
        }
        for ((group, tail), told) in extras {
            answer.cells.insert(key(&group, &tail), Cell { extra: Some(told), ..Cell::default() });
        }
        answer.left_out =
            self.rows("SELECT person FROM gone", |row| row.get(0)).into_iter().collect::<BTreeSet<u32>>();
        let families = "SELECT COUNT(DISTINCT family) FROM family WHERE person IN (SELECT person FROM gone)";
        answer.left_out_families = self.rows(families, |row| row.get::<_, i64>(0))[0] as u64;
        answer
    }
}

/// A key of the table.
fn key(group: &str, tail: &str) -> Key {
    let parts = [group, tail].into_iter().filter(|part| !part.is_empty());
    parts.flat_map(|part| part.split('|').map(str::to_owned)).collect()
}

/// First and last day read: the period, where a question is of the period alone; else up to the day of the seal, and as
/// many days before the period as a window of the question begins before the index, within the programme's days.
fn days_read(asked: &Asked<'_>) -> (i32, i32) {
    let before = match &asked.question.kind {
        QuestionKind::Reach { .. } | QuestionKind::Overlap { .. } | QuestionKind::Quality { .. } => {
            return (asked.first, asked.last);
        }
        QuestionKind::Activity { .. } => return (asked.begin, asked.last),
        QuestionKind::Amount(amount) => (-amount.window.0).max(0),
        QuestionKind::Budget(budget) => budget.days as i32,
        QuestionKind::FollowUp(follow) if follow.view == View::BeforeAfter => {
            follow.days.iter().max().map_or(0, |days| *days as i32)
        }
        QuestionKind::Criteria(criteria) => {
            // Staff may have been trained on any day of the programme.
            if criteria.conditions.iter().any(|condition| matches!(condition.test, Test::Trained { .. })) {
                return (asked.begin, asked.sealed);
            }
            let begins = criteria.conditions.iter().map(|condition| match &condition.test {
                Test::Stage { window: Some((from, _)), .. } => -from,
                _ => 0,
            });
            begins.max().unwrap_or(0).max(0)
        }
        _ => 0,
    };
    ((asked.first - before).max(asked.begin), asked.sealed)
}

/// By tail: the tail that it is a part of.
pub(crate) fn part_of(question: &Question, tail: &[String]) -> Option<Vec<String>> {
    match &question.kind {
        QuestionKind::FollowUp(follow) => follow_up::part_of(follow, tail),
        QuestionKind::Criteria(_) => (tail[1] == "met").then(|| vec![tail[0].clone(), "of".to_owned()]),
        QuestionKind::Change(change) => change::part_of(change, tail),
        QuestionKind::Amount(amount) if amount.view == AmountView::None => {
            (tail[0] == "none").then(|| vec!["all".to_owned()])
        }
        QuestionKind::Consents => (tail[1] != "asked").then(|| vec![tail[0].clone(), "asked".to_owned()]),
        QuestionKind::Comparison(_) => {
            (tail[1] == "event").then(|| vec![tail[0].clone(), "followed".to_owned()])
        }
        _ => None,
    }
}

/// By tail: what is counted.
pub(crate) fn counted(question: &Question, tail: &[String]) -> Counted {
    if let QuestionKind::Activity { series } = &question.kind {
        let of = series.iter().find(|series| series.id == tail[1]).expect("a series");
        if matches!(of.what, SeriesKind::Staff { .. }) {
            return Counted::Staff;
        }
    }
    match question.unit {
        Unit::Person => Counted::Person,
        Unit::Pair => Counted::Pair,
        Unit::Case => Counted::Case,
    }
}

/// By tail: the tail whose rate its own is held against.
pub(crate) fn held_against(question: &Question, tail: &[String]) -> Option<Vec<String>> {
    let QuestionKind::Comparison(comparison) = &question.kind else { return None };
    let [first, second] = &comparison.cohorts;
    (tail == [first.id.as_str(), "event"]).then(|| vec![second.id.clone(), "event".to_owned()])
}

/// By tail: whether something is told besides the count.
pub(crate) fn tells(question: &Question, tail: &[String]) -> bool {
    match &question.kind {
        QuestionKind::FollowUp(follow) => match follow.view {
            View::Curve => tail[0] != "0",
            View::Rate => tail[0] == "followed",
            View::Within | View::BeforeAfter => false,
        },
        QuestionKind::Change(change) => change.view == ChangeView::Mean && tail[1] != "base",
        QuestionKind::Amount(amount) => amount.view == AmountView::Sum,
        QuestionKind::Budget(_) => true,
        QuestionKind::Consents => tail[1] == "given",
        _ => false,
    }
}
