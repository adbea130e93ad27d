//! The counting: persons in maps, one question at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::super::DemoError;
use super::{Leaving, Plain, Row, consent, follow};
use crate::clock::{Day, Period, Timestamp};
use crate::name::{DimensionId, PopulationId, QuestionId};
use crate::programme::{
    BasisKind, DimensionSource, Event, Filter, FollowUp, Programme, Question, QuestionKind, Since, Unit, View,
};

/// A question to the oracle.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which: one that [`knows`] says yes to.
    pub question: QuestionId,
    /// Broken down by, in any order.
    pub by: Vec<DimensionId>,
    /// Quarters of the index.
    pub period: Period,
    /// Narrowed to.
    pub population: Option<PopulationId>,
    /// The moment whose consents count.
    pub moment: Timestamp,
    /// The day of the seal: no later row counts.
    pub snapshot: Day,
}

/// True counts, before any rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Ids of the key columns: the dimensions asked for, in the order of their ids; then `stage` of a funnel, `partners`
    /// of an overlap, `days` and `state` of a follow-up.
    pub columns: Vec<String>,
    /// Every combination of codes in the order of their declaration, empty ones too; innermost a funnel's stages, a
    /// follow-up's days and in each of them those followed and those with the event, or an overlap's single partners, pairs and threes, each in the order of the partners.
    pub cells: Vec<Cell>,
    /// Persons who left the question.
    pub left_out: BTreeSet<u32>,
    /// Distinct families of theirs.
    pub left_out_families: usize,
    /// The partner, by position, that the index row of each person counted comes from.
    pub sources: BTreeMap<u32, u8>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Ids of codes, aligned with the columns; partners joined by `+` in an overlap.
    pub key: Vec<String>,
    /// The persons, by the oracle's numbers.
    pub contributors: BTreeSet<u32>,
    /// Distinct families of theirs.
    pub families: usize,
}

/// A dimension's codes: the id, and whether a row has it.
type Codes<'q> = Vec<(String, Box<dyn Fn(&Row) -> bool + 'q>)>;

impl Plain<'_> {
    /// Counts.
    ///
    /// # Errors
    /// [`DemoError::Question`] when the programme registers nothing of the kind.
    pub fn ask(&self, asked: &Asked) -> Result<Answer, DemoError> {
        let unknown = |what: &str| DemoError::Question { what: what.to_owned() };
        let question =
            self.programme.question(&asked.question).ok_or_else(|| unknown(asked.question.as_str()))?;
        let mut by = Vec::new();
        let ids: BTreeSet<&DimensionId> = asked.by.iter().collect();
        for id in &ids {
            let at = self.programme.dimensions.iter().position(|d| d.id == **id);
            let at = at.filter(|at| question.dimensions.contains(at)).ok_or_else(|| unknown(id.as_str()))?;
            by.push(at);
        }
        let first = asked.period.first_day();
        let last = match question.kind {
            QuestionKind::Funnel { .. } | QuestionKind::FollowUp(_) => asked.snapshot,
            _ => asked.period.last_day().min(asked.snapshot),
        };
        let stages = stages(self.programme, question);
        let datasets = self.programme.datasets_of(question);
        let read = |row: &&Row| {
            datasets.contains(&row.dataset) && row.person != 0 && first <= row.day && row.day <= last
        };
        let mut rows: BTreeMap<u32, Vec<(&Row, bool)>> = BTreeMap::new();
        for row in self.rows.iter().filter(read) {
            rows.entry(row.person).or_default().push((row, self.permits(question, asked.moment, row)));
        }
        let mut left_out: BTreeSet<u32> =
            rows.iter().filter(|(_, rows)| self.leaves(rows)).map(|(person, _)| *person).collect();
        left_out.extend(self.withheld_from(question, &datasets, &rows));
        // Whoever stays, with the rows that are permitted, in the order of the index rule.
        let stay: BTreeMap<u32, Vec<&Row>> = rows
            .into_iter()
            .filter(|(person, _)| !left_out.contains(person))
            .map(|(person, rows)| {
                let mut rows: Vec<&Row> = rows.into_iter().filter(|(_, yes)| *yes).map(|(r, _)| r).collect();
                rows.sort_by_key(|row| {
                    let codes: Vec<u8> = row.codes.iter().map(|code| code.unwrap_or(u8::MAX)).collect();
                    (row.day, row.dataset, row.source, codes)
                });
                (person, rows)
            })
            .collect();
        let population = match &asked.population {
            None => None,
            Some(id) => {
                let at = self.programme.populations.iter().position(|p| p.id == *id);
                let at = at.filter(|at| question.populations.contains(at));
                Some(at.ok_or_else(|| unknown(id.as_str()))?)
            }
        };
        let index = |rows: &[&Row]| {
            let qualifies = |row: &&&Row| {
                row.day <= asked.period.last_day() && stages.first().is_none_or(|stage| is_of(stage, row))
            };
            let at = rows.iter().position(|row| qualifies(&row))?;
            population.is_none_or(|population| self.is_in(population, rows[at])).then_some(at)
        };
        let counted: Vec<(u32, &[&Row], usize)> = stay
            .iter()
            .filter_map(|(person, rows)| index(rows).map(|at| (*person, rows.as_slice(), at)))
            .collect();
        let mut columns: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let cells = match &question.kind {
            QuestionKind::Reach { .. } => self.by_index(&by, question, asked.period, &counted),
            QuestionKind::Funnel { stages: of_question, .. } => {
                columns.push("stage".to_owned());
                let mut steps: Vec<(String, BTreeSet<u32>)> = of_question
                    .iter()
                    .map(|at| (self.programme.stages[*at].id.to_string(), BTreeSet::new()))
                    .collect();
                for (person, rows, at) in &counted {
                    for (_, reached) in steps.iter_mut().take(depth(&stages, rows, *at)) {
                        reached.insert(*person);
                    }
                }
                self.within(self.by_index(&by, question, asked.period, &counted), &steps)
            }
            QuestionKind::Overlap { .. } => {
                columns.push("partners".to_owned());
                let sets = self.overlap(question, &counted);
                self.within(self.by_index(&by, question, asked.period, &counted), &sets)
            }
            QuestionKind::FollowUp(follow) if knows_follow_up(question, follow) => {
                columns.extend(["days".to_owned(), "state".to_owned()]);
                let sets = follow::within(self, follow, &counted, asked.snapshot);
                let mut cells = self.within(self.by_index(&by, question, asked.period, &counted), &sets);
                for cell in &mut cells {
                    let last = cell.key.pop().unwrap_or_default();
                    cell.key.extend(last.split(' ').map(str::to_owned));
                }
                cells
            }
            _ => return Err(unknown("a question of another kind")),
        };
        let left_out_families = self.families_of(&left_out);
        let sources = counted.iter().map(|(person, rows, at)| (*person, rows[*at].source)).collect();
        Ok(Answer { columns, cells, left_out, left_out_families, sources })
    }

    fn cell(&self, key: Vec<String>, contributors: BTreeSet<u32>) -> Cell {
        let families = self.families_of(&contributors);
        Cell { key, contributors, families }
    }

    fn permits(&self, question: &Question, moment: Timestamp, row: &Row) -> bool {
        let basis = self.programme.datasets[row.dataset].basis(&question.purpose);
        match basis.map(|basis| basis.kind) {
            None => false,
            Some(BasisKind::Statistics | BasisKind::Task) => true,
            Some(BasisKind::Consent) => {
                let events = self.consents.get(&(row.source, row.person));
                let longest = basis.and_then(|basis| basis.use_days);
                events.is_some_and(|events| consent::allows(events, moment, row.day, longest))
            }
        }
    }

    /// Those of whom a row was dropped on arrival in something that the question reads, and who have no row there that it
    /// may read. Whom no other row names, the service has never heard of.
    fn withheld_from(
        &self,
        question: &Question,
        datasets: &[usize],
        rows: &BTreeMap<u32, Vec<(&Row, bool)>>,
    ) -> BTreeSet<u32> {
        let named: BTreeSet<u32> = self.rows.iter().flat_map(|row| [row.person, row.related]).collect();
        let under_consent = |dataset: usize| {
            let basis = self.programme.datasets[dataset].basis(&question.purpose);
            basis.is_some_and(|basis| basis.kind == BasisKind::Consent)
        };
        let here = self.withheld.iter().filter(|(person, _, dataset)| {
            datasets.contains(dataset) && under_consent(*dataset) && named.contains(person)
        });
        let stays = |person: &u32, source: &u8, dataset: &usize| {
            let mut rows = rows.get(person).into_iter().flatten();
            rows.any(|(row, yes)| *yes && (row.source, row.dataset) == (*source, *dataset))
        };
        here.filter(|(person, source, dataset)| !stays(person, source, dataset)).map(|of| of.0).collect()
    }

    fn leaves(&self, rows: &[(&Row, bool)]) -> bool {
        match self.leaving {
            Leaving::AnyForbiddenRow => rows.iter().any(|(_, yes)| !yes),
            Leaving::NoPermittedRowAtASource => rows.iter().any(|(row, _)| {
                let same = |other: &Row| (other.source, other.dataset) == (row.source, row.dataset);
                !rows.iter().any(|(other, yes)| *yes && same(other))
            }),
        }
    }

    fn is_in(&self, population: usize, row: &Row) -> bool {
        let population = &self.programme.populations[population];
        let code = code(self.programme, population.dimension, row);
        code.is_some_and(|code| population.codes.contains(&code))
    }

    /// One cell a combination of codes, by the index row.
    fn by_index(
        &self,
        by: &[usize],
        question: &Question,
        period: Period,
        counted: &[(u32, &[&Row], usize)],
    ) -> Vec<Cell> {
        let codes: Vec<Codes<'_>> =
            by.iter().map(|dimension| self.codes(*dimension, question, period)).collect();
        let mut groups = vec![(Vec::new(), counted.iter().collect::<Vec<_>>())];
        for codes in &codes {
            let mut finer = Vec::new();
            for (key, members) in &groups {
                for (id, has) in codes {
                    let key: Vec<String> = [key.as_slice(), std::slice::from_ref(id)].concat();
                    let members = members.iter().filter(|(_, rows, at)| has(rows[*at])).copied().collect();
                    finer.push((key, members));
                }
            }
            groups = finer;
        }
        groups
            .into_iter()
            .map(|(key, members)| self.cell(key, members.into_iter().map(|(person, ..)| *person).collect()))
            .collect()
    }

    fn codes<'q>(&'q self, dimension: usize, question: &Question, period: Period) -> Codes<'q> {
        match &self.programme.dimensions[dimension].source {
            DimensionSource::Partner => self
                .sources_of(&index_datasets(self.programme, question))
                .into_iter()
                .map(|source| {
                    let has = move |row: &Row| row.source == source;
                    (self.name(source), Box::new(has) as Box<dyn Fn(&Row) -> bool>)
                })
                .collect(),
            DimensionSource::Quarter => period
                .quarters()
                .map(|quarter| {
                    let has = move |row: &Row| quarter.first() <= row.day && row.day <= quarter.last();
                    (quarter.to_string(), Box::new(has) as Box<dyn Fn(&Row) -> bool>)
                })
                .collect(),
            DimensionSource::Columns { list, columns } => {
                let of_list = self.programme.code_lists[*list].codes.iter().map(|code| code.id.to_string());
                let mut codes: Vec<(String, Option<u8>)> = of_list.zip((0..).map(Some)).collect();
                // A code for rows that say nothing, where the programme lets a row say nothing.
                let says = |dataset: usize| {
                    let column = columns.iter().find(|(of, _)| *of == dataset);
                    column.is_some_and(|(of, at)| self.programme.datasets[*of].columns[*at].required)
                };
                if !index_datasets(self.programme, question).into_iter().all(says) {
                    codes.push(("(missing)".to_owned(), None));
                }
                let has = |(id, at)| {
                    let has = move |row: &Row| code(self.programme, dimension, row) == at;
                    (id, Box::new(has) as Box<dyn Fn(&Row) -> bool>)
                };
                codes.into_iter().map(has).collect()
            }
        }
    }

    /// Partners that hand over something that the question reads.
    fn sources(&self, question: &Question) -> BTreeSet<u8> {
        self.sources_of(&self.programme.datasets_of(question))
    }

    fn sources_of(&self, datasets: &[usize]) -> BTreeSet<u8> {
        datasets.iter().flat_map(|at| self.programme.datasets[*at].partners.iter().copied()).collect()
    }

    fn name(&self, source: u8) -> String {
        self.programme.partners[usize::from(source)].id.to_string()
    }

    /// Persons known at each partner, each two and each three.
    fn overlap(
        &self,
        question: &Question,
        counted: &[(u32, &[&Row], usize)],
    ) -> Vec<(String, BTreeSet<u32>)> {
        let mut known: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
        for (person, rows, _) in counted {
            for row in *rows {
                known.entry(row.source).or_default().insert(*person);
            }
        }
        let at = |source: u8| known.get(&source).cloned().unwrap_or_default();
        let sources: Vec<u8> = self.sources(question).into_iter().collect();
        let (mut ones, mut pairs, mut threes) = (Vec::new(), Vec::new(), Vec::new());
        for (one, a) in sources.iter().enumerate() {
            for (two, b) in sources.iter().enumerate().skip(one + 1) {
                let both = &at(*a) & &at(*b);
                let key = format!("{}+{}", self.name(*a), self.name(*b));
                for c in &sources[two + 1..] {
                    threes.push((format!("{key}+{}", self.name(*c)), &both & &at(*c)));
                }
                pairs.push((key, both));
            }
            ones.push((self.name(*a), at(*a)));
        }
        [ones, pairs, threes].concat()
    }

    /// Each group cut by each set, the sets innermost.
    fn within(&self, groups: Vec<Cell>, sets: &[(String, BTreeSet<u32>)]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for group in groups {
            for (name, set) in sets {
                let key = [group.key.as_slice(), std::slice::from_ref(name)].concat();
                cells.push(self.cell(key, &group.contributors & set));
            }
        }
        cells
    }
}

/// Whether the plain path counts a question.
#[must_use]
pub fn knows(question: &Question) -> bool {
    match &question.kind {
        QuestionKind::Reach { .. } | QuestionKind::Funnel { .. } | QuestionKind::Overlap { .. } => true,
        QuestionKind::FollowUp(follow) => knows_follow_up(question, follow),
        _ => false,
    }
}

fn knows_follow_up(question: &Question, follow: &FollowUp) -> bool {
    question.unit == Unit::Person && follow.view == View::Within && follow.since == Since::Index
}

/// Datasets that an index row can come from.
fn index_datasets(programme: &Programme, question: &Question) -> Vec<usize> {
    match stages(programme, question).first() {
        Some(stage) => stage.iter().map(|event| event.dataset).collect(),
        None => programme.datasets_of(question),
    }
}

/// The events of each stage of a funnel, of the index of a follow-up; nothing for other questions.
fn stages<'p>(programme: &'p Programme, question: &Question) -> Vec<&'p [Event]> {
    match &question.kind {
        QuestionKind::Funnel { stages, .. } => {
            stages.iter().map(|at| programme.stages[*at].events.as_slice()).collect()
        }
        QuestionKind::FollowUp(follow) => vec![programme.stages[follow.index].events.as_slice()],
        _ => Vec::new(),
    }
}

pub(super) fn is_of(stage: &[Event], row: &Row) -> bool {
    stage.iter().any(|event| {
        let holds = |filter: &Filter| {
            let code = row.codes.get(filter.column).copied().flatten();
            code.is_some_and(|code| filter.codes.contains(&code))
        };
        event.dataset == row.dataset && event.filters.iter().all(holds)
    })
}

/// How many stages a person reached, from the index on. `rows` are in order of days.
fn depth(stages: &[&[Event]], rows: &[&Row], index: usize) -> usize {
    let mut day = rows[index].day;
    for (reached, stage) in stages.iter().enumerate().skip(1) {
        match rows.iter().find(|row| row.day >= day && is_of(stage, row)) {
            Some(row) => day = row.day,
            None => return reached,
        }
    }
    stages.len()
}

/// The position of a row's code in a column dimension.
fn code(programme: &Programme, dimension: usize, row: &Row) -> Option<u8> {
    let DimensionSource::Columns { columns, .. } = &programme.dimensions[dimension].source else {
        return None;
    };
    let (_, column) = columns.iter().find(|(dataset, _)| *dataset == row.dataset)?;
    row.codes.get(*column).copied().flatten()
}
