//! Which key column and which figures of an answer stand where in its drawing.

use super::model::{Answer, Chart, FigureColumn, Kind, Row};
use crate::language::Language;

/// Where the key columns stand: along the axis, told apart by marks, or in a panel of their own.
pub(super) struct Axes {
    axis: Vec<usize>,
    marks: Vec<usize>,
    panels: Vec<usize>,
    /// The column of moments, when its codes are mixed with others that are no moments.
    moments: Option<usize>,
}

/// What a row is in a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Point,
    /// The change between two moments: words, no point.
    Change,
    Nothing,
}

impl Axes {
    pub(super) fn of(chart: Chart, answer: &Answer, sides: bool) -> Axes {
        let columns = &answer.table.columns;
        let named = |name: &str| columns.iter().position(|column| column == name);
        let last = columns.len().checked_sub(1);
        let others = |taken: &[Option<usize>]| -> Vec<usize> {
            (0..columns.len()).filter(|at| !taken.contains(&Some(*at))).collect()
        };
        let one = |at: Option<usize>| at.into_iter().collect::<Vec<_>>();
        let axes = |axis, marks, panels| Axes { axis, marks, panels, moments: None };
        match chart {
            Chart::Survival => {
                let days = named("days").or(named("day")).or(last);
                axes(one(days), others(&[days]), Vec::new())
            }
            Chart::Series => {
                let quarter = named("quarter").or(last);
                let rest = others(&[quarter]);
                let line = named("series").filter(|at| rest.contains(at)).or(rest.last().copied());
                axes(one(quarter), one(line), others(&[quarter, line]))
            }
            Chart::BeforeAfter => {
                let mixed = (0..columns.len()).find(|at| is_moments(answer, *at));
                let moment = if sides { None } else { named("moment").or(mixed).or(last) };
                let rest = others(&[moment]);
                let axis = rest.last().copied();
                let mut axes = axes(one(axis), one(moment), others(&[moment, axis]));
                axes.moments = moment.filter(|_| moment == mixed && named("moment").is_none());
                axes
            }
            Chart::Costs => {
                let axis = named("year").filter(|_| named("payer").is_some()).or(last);
                axes(one(axis), Vec::new(), others(&[axis]))
            }
            Chart::Funnel | Chart::Overlap | Chart::Other => {
                let named = if chart == Chart::Funnel { named("stage") } else { named("partners") };
                let axis = named.or(last);
                axes(one(axis), Vec::new(), others(&[axis]))
            }
        }
    }

    /// What a row is.
    pub(super) fn role(&self, row: &Row) -> Role {
        match self.moments.map(|at| row.key[at].as_str()) {
            None => Role::Point,
            Some("change") => Role::Change,
            Some(code) if MOMENTS.concat().contains(&code) => Role::Point,
            Some(_) => Role::Nothing,
        }
    }

    pub(super) fn category(&self, texts: &[&str]) -> String {
        join(&self.axis, texts)
    }

    pub(super) fn group(&self, texts: &[&str]) -> String {
        join(&self.marks, texts)
    }

    pub(super) fn panel(&self, texts: &[&str]) -> String {
        join(&self.panels, texts)
    }
}

fn join(columns: &[usize], texts: &[&str]) -> String {
    columns.iter().map(|at| texts[*at]).collect::<Vec<_>>().join(" · ")
}

/// Codes that are moments among others that are not.
const MOMENTS: [[&str; 2]; 2] = [["before", "after"], ["baseline", "end"]];

fn is_moments(answer: &Answer, column: usize) -> bool {
    let has = |code: &str| answer.labels[column].codes.iter().any(|known| known.code == code);
    MOMENTS.iter().any(|two| two.iter().all(|code| has(code)))
}

/// The columns that stand for before and after, where these are figures of one row.
pub(super) fn sides(chart: Chart, figures: &[FigureColumn]) -> Vec<usize> {
    let side = |word: &str| figures.iter().position(|figure| figure.id.split(['_', '-']).any(|w| w == word));
    match (side("before"), side("after")) {
        (Some(before), Some(after)) if chart == Chart::BeforeAfter => vec![before, after],
        _ => Vec::new(),
    }
}

fn place_of(figures: &[FigureColumn], id: &str) -> Option<usize> {
    figures.iter().position(|figure| figure.id == id)
}

/// The column that is drawn.
pub(super) fn measure(chart: Chart, figures: &[FigureColumn]) -> Option<usize> {
    let (id, kinds): (&str, &[Kind]) = match chart {
        Chart::Survival => ("incidence", &[Kind::Rate, Kind::Number, Kind::Count]),
        Chart::BeforeAfter => ("mean", &[Kind::Rate, Kind::Number, Kind::Count]),
        Chart::Costs => ("likely", &[Kind::Number, Kind::Count, Kind::Rate]),
        Chart::Funnel | Chart::Overlap | Chart::Series | Chart::Other => {
            ("count", &[Kind::Count, Kind::Number, Kind::Rate])
        }
    };
    let of_kind = || kinds.iter().find_map(|kind| figures.iter().position(|figure| figure.kind == *kind));
    place_of(figures, id).filter(|at| kinds.contains(&figures[*at].kind)).or_else(of_kind)
}

/// The columns between which a column lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Range(usize),
    Ends(usize, usize),
}

/// The interval of a column: the first range after it, when it may have one; of the likely amount, the low and the high.
pub(super) fn interval(figures: &[FigureColumn], measure: usize) -> Option<Interval> {
    if figures[measure].id == "likely" {
        let ends = place_of(figures, "low").zip(place_of(figures, "high"));
        return ends.map(|(low, high)| Interval::Ends(low, high));
    }
    let may = matches!(figures[measure].kind, Kind::Rate | Kind::Number);
    let is_its = |figure: &FigureColumn| figure.kind == Kind::Range && !is_difference(figure);
    let mut after = figures.iter().enumerate().skip(measure + 1);
    after.find(|(_, figure)| may && is_its(figure)).map(|(at, _)| Interval::Range(at))
}

fn is_difference(figure: &FigureColumn) -> bool {
    figure.id.starts_with("difference") || figure.id.starts_with("change")
}

/// The columns whose figures stand beside the drawing as text, each where its point is.
pub(super) fn beside(chart: Chart, figures: &[FigureColumn], measure: usize) -> Vec<usize> {
    let all = || (0..figures.len()).filter(|at| *at != measure);
    match chart {
        Chart::Funnel => all().filter(|at| figures[*at].kind == Kind::Rate).take(2).collect(),
        Chart::Survival => {
            let count = figures.iter().position(|figure| figure.kind == Kind::Count);
            place_of(figures, "at_risk").or(count).filter(|at| *at != measure).into_iter().collect()
        }
        Chart::BeforeAfter => all().filter(|at| is_difference(&figures[*at])).take(1).collect(),
        Chart::Overlap | Chart::Costs | Chart::Series | Chart::Other => Vec::new(),
    }
}

/// What a column beside a drawing is called.
pub(super) fn heading(chart: Chart, figure: &FigureColumn, language: Language) -> String {
    // The service's curve counts all who are followed on the day that it begins, and after that those with the event.
    if chart == Chart::Survival && figure.id == "count" {
        let words = language.choose(
            "Antal: ved 0 alle, der følges; derefter dem, der har haft hændelsen",
            "Count: at 0 all who are followed; then those who have had the event",
        );
        return words.to_owned();
    }
    figure.heading(language)
}
