//! An answer as a page shows it: texts in their order, nothing computed.

use super::quarters::quarter_words;
use crate::answer::{Answer, Coarser, Figure};
use crate::clock::Period;
use crate::language::Language;
use crate::name::DimensionId;
use crate::programme::{Programme, Unit};
use crate::question::Ask;

/// Where something leads.
pub(super) struct Link {
    pub(super) title: String,
    pub(super) href: String,
}

/// A figure of a row.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) hidden: bool,
}

/// A row: titles of its codes, and its figures.
pub(super) struct RowView {
    pub(super) keys: Vec<String>,
    pub(super) cells: Vec<Cell>,
}

/// An answer.
pub(super) struct AnswerView {
    /// Begins the ids of what stands in it: two answers on a page need two.
    pub(super) id: String,
    pub(super) heading: String,
    /// What was asked, in words: by what, of whom, when.
    pub(super) asked: String,
    pub(super) definition: String,
    /// The drawing, already escaped.
    pub(super) chart: Option<String>,
    pub(super) key_headers: Vec<String>,
    pub(super) figure_headers: Vec<String>,
    pub(super) rows: Vec<RowView>,
    pub(super) sums: Option<Vec<String>>,
    pub(super) sum_words: &'static str,
    /// What the mark means, where a figure is hidden.
    pub(super) hidden: Option<String>,
    pub(super) reasons: Vec<String>,
    pub(super) coarser: Vec<Link>,
    pub(super) coarser_words: &'static str,
    /// Coarser questions that an older answer names in words alone.
    pub(super) coarser_texts: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) facts: Vec<(&'static str, String)>,
}

/// What is counted, many of them.
pub(super) const fn unit(unit: Unit, l: Language) -> &'static str {
    l.unit(match unit {
        Unit::Person => crate::answer::Unit::Person,
        Unit::Pair => crate::answer::Unit::Pair,
        Unit::Case => crate::answer::Unit::Case,
    })
}

/// Quarters as people say them.
pub(super) fn period_words(period: Period, l: Language) -> String {
    if period.first() == period.last() {
        return quarter_words(period.first(), l);
    }
    format!(
        "{} {} {}",
        quarter_words(period.first(), l),
        l.choose("til", "to"),
        quarter_words(period.last(), l)
    )
}

/// A question in words: by what, of whom, when.
pub(super) fn ask_words(programme: &Programme, ask: &Ask, l: Language) -> String {
    let title = |id: &DimensionId| {
        let found = programme.dimensions.iter().find(|dimension| dimension.id == *id);
        found.map_or_else(|| id.to_string(), |dimension| l.of(&dimension.title).to_lowercase())
    };
    let by: Vec<String> = ask.by.iter().map(title).collect();
    let by = match by.as_slice() {
        [] => l.choose("I alt", "In all").to_owned(),
        by => format!("{} {}", l.choose("Fordelt på", "By"), by.join(", ")),
    };
    let population = ask.population.as_ref().map(|id| {
        let found = programme.populations.iter().find(|population| population.id == *id);
        found.map_or_else(|| id.to_string(), |population| l.of(&population.title).to_lowercase())
    });
    let population = population.map(|population| format!(", {population}")).unwrap_or_default();
    format!("{by}{population}, {}", period_words(ask.period, l))
}

/// What an answer was asked by.
pub(super) fn ask_of(answer: &Answer) -> Option<Ask> {
    let asked = &answer.question;
    Some(Ask {
        question: asked.question.parse().ok()?,
        by: asked.by.iter().map(|id| id.parse()).collect::<Result<_, _>>().ok()?,
        period: asked.period,
        population: asked.population.as_ref().map(|id| id.parse()).transpose().ok()?,
    })
}

impl AnswerView {
    pub(super) fn of(programme: &Programme, answer: &Answer, l: Language, id: &str) -> AnswerView {
        let table = &answer.table;
        let rows = table.rows.iter().map(|row| {
            let cells = row.figures.iter().zip(&table.figures).map(|(figure, column)| Cell {
                text: figure.map_or_else(String::new, |figure| figure.to_text(column, l)),
                hidden: figure.is_some_and(Figure::is_hidden),
            });
            let keys = row.key.iter().enumerate().map(|(at, code)| answer.label(at, code, l).to_owned());
            RowView { keys: keys.collect(), cells: cells.collect() }
        });
        let rows: Vec<RowView> = rows.collect();
        let sums = table.totals.as_ref().map(|totals| {
            let sum = |id: &String| totals.figures.get(id).copied().flatten();
            let columns = table.figures.iter();
            columns.map(|c| sum(&c.id).map_or_else(String::new, |figure| figure.to_text(c, l))).collect()
        });
        let is_hidden = rows.iter().any(|row| row.cells.iter().any(|cell| cell.hidden));
        let ask = ask_of(answer);
        let (mut coarser, mut coarser_texts) = (Vec::new(), Vec::new());
        for each in &table.coarser {
            match (coarser_ask(answer, each), each) {
                (Some(ask), _) => coarser.push(Link {
                    title: each.words(l).to_owned(),
                    href: format!("/{}{}", l.tag(), super::asking::address(&ask)),
                }),
                (None, each) => coarser_texts.push(each.words(l).to_owned()),
            }
        }
        AnswerView {
            id: id.to_owned(),
            heading: answer.heading(l),
            asked: ask.map(|ask| ask_words(programme, &ask, l)).unwrap_or_default(),
            definition: l.of(&answer.definition).to_owned(),
            chart: answer.chart_figure(l, id),
            key_headers: answer.labels.iter().map(|label| l.of(&label.title).to_owned()).collect(),
            figure_headers: table.figures.iter().map(|column| column.heading(l)).collect(),
            rows,
            sums,
            sum_words: Answer::sum_words(l),
            hidden: is_hidden.then(|| Answer::hidden_words(l)),
            reasons: table.reasons.iter().map(|reason| reason.words(l)).collect(),
            coarser,
            coarser_words: Answer::coarser_words(l),
            coarser_texts,
            notes: answer.notes.iter().map(|note| l.of(note).to_owned()).collect(),
            facts: answer.facts(l),
        }
    }

    /// How many columns the title of the sums takes.
    pub(super) fn key_span(&self) -> usize {
        self.key_headers.len().max(1)
    }
}

/// A coarser question, complete.
fn coarser_ask(answer: &Answer, coarser: &Coarser) -> Option<Ask> {
    let Coarser::Ask { by, population, period, .. } = coarser else { return None };
    Some(Ask {
        question: answer.question.question.parse().ok()?,
        by: by.iter().map(|id| id.parse()).collect::<Result<_, _>>().ok()?,
        period: period.unwrap_or(answer.question.period),
        population: population.as_ref().map(|id| id.parse()).transpose().ok()?,
    })
}
