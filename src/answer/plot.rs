//! What a drawing of an answer shows, before it is an SVG or a Vega-Lite specification.
//!
//! Only what the table holds: an exact figure is a value; a bound is a span from or to the end of the scale of per cent
//! and no value; a hidden figure is nothing, and the title says how many there are.

use super::figure::Figure;
use super::model::{Answer, Chart, FigureColumn, Kind, Row};
use crate::language::Language;

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A bar for each point.
    Bars,
    /// Levels that last until the next point.
    Steps,
    /// A line from point to point.
    Line,
}

/// A drawing.
pub(super) struct Plot {
    pub(super) form: Form,
    /// Whether values are per cent, so that the scale ends at 0 and 100.
    pub(super) percent: bool,
    /// Title of what is drawn.
    pub(super) measure: String,
    /// Title and texts of what stands along the axis.
    pub(super) category: String,
    pub(super) categories: Vec<String>,
    /// The categories as numbers, where all of them are, in rising order: days or months.
    pub(super) positions: Option<Vec<f64>>,
    /// Title and texts of what is told apart by colour. One text at least.
    pub(super) group: String,
    pub(super) groups: Vec<String>,
    pub(super) points: Vec<Point>,
}

/// A point or a bar.
pub(super) struct Point {
    pub(super) category: usize,
    pub(super) group: usize,
    /// The exact figure.
    pub(super) value: Option<f64>,
    /// The bounds of the figure, or of its interval.
    pub(super) span: Option<(f64, f64)>,
    /// Whether the span is all that is known.
    pub(super) bound: bool,
    /// The figure as text; empty where it is hidden or does not apply.
    pub(super) text: String,
    pub(super) hidden: bool,
}

impl Plot {
    /// The drawing of an answer, when it has one.
    pub(super) fn of(answer: &Answer, language: Language) -> Option<Plot> {
        let chart = answer.chart?;
        let form = match chart {
            Chart::Funnel | Chart::Overlap | Chart::BeforeAfter | Chart::Costs => Form::Bars,
            Chart::Survival => Form::Steps,
            Chart::Series => Form::Line,
            Chart::Other => return None,
        };
        let figures = &answer.table.figures;
        let sides = sides(chart, figures);
        let measures = if sides.is_empty() { vec![measure(chart, figures)?] } else { sides.clone() };
        let interval = (measures.len() == 1).then(|| interval(figures, measures[0])).flatten();
        let mut plot = Plot {
            form,
            percent: figures[measures[0]].kind == Kind::Rate,
            measure: figures[measures[0]].heading(language),
            category: String::new(),
            categories: Vec::new(),
            positions: None,
            group: String::new(),
            groups: Vec::new(),
            points: Vec::new(),
        };
        let titles = answer.key_titles(language);
        let keys = Keys::of(chart, titles.len(), !sides.is_empty());
        plot.category = keys.category(&titles);
        plot.group = keys.group(&titles);
        let mut codes = Vec::new();
        for row in &answer.table.rows {
            let labels = answer.key_labels(row, language);
            let category = place(&mut plot.categories, keys.category(&labels));
            if category == codes.len() {
                codes.push(keys.category(&row.key.iter().map(String::as_str).collect::<Vec<_>>()));
            }
            for at in &measures {
                let group = if sides.is_empty() {
                    keys.group(&labels)
                } else {
                    language.of(&figures[*at].title).to_owned()
                };
                let group = place(&mut plot.groups, group);
                let read = (row, *at, interval);
                plot.points.push(point(read, &figures[*at], (category, group), language));
            }
        }
        plot.drop_empty_groups();
        if form == Form::Steps {
            plot.positions = positions(&codes);
        }
        Some(plot)
    }

    /// Takes away groups of which the figure that is drawn says nothing at all: those to whom it does not apply.
    fn drop_empty_groups(&mut self) {
        let says = |point: &Point| point.value.is_some() || point.span.is_some() || point.hidden;
        for group in (0..self.groups.len()).rev() {
            if self.groups.len() > 1 && !self.points.iter().any(|point| point.group == group && says(point)) {
                self.groups.remove(group);
                self.points.retain(|point| point.group != group);
                for point in self.points.iter_mut().filter(|point| point.group > group) {
                    point.group -= 1;
                }
            }
        }
    }

    /// How many figures are hidden, in words; empty when none is.
    pub(super) fn hidden_words(&self, language: Language) -> String {
        match (self.points.iter().filter(|point| point.hidden).count(), language) {
            (0, _) => String::new(),
            (1, Language::Da) => "1 skjult tal er ikke tegnet".to_owned(),
            (1, Language::En) => "1 hidden figure is not drawn".to_owned(),
            (hidden, Language::Da) => format!("{hidden} skjulte tal er ikke tegnet"),
            (hidden, Language::En) => format!("{hidden} hidden figures are not drawn"),
        }
    }

    /// The highest and the lowest value that is drawn, 0 among them.
    pub(super) fn ends(&self) -> (f64, f64) {
        let spans = self.points.iter().filter_map(|p| p.span).flat_map(|(low, high)| [low, high]);
        let values = self.points.iter().filter_map(|point| point.value).chain(spans);
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        if self.percent { (low.min(0.0), high.max(100.0)) } else { (low, high) }
    }
}

/// Which key columns stand along the axis; the others are told apart by colour.
struct Keys {
    axis: std::ops::Range<usize>,
    columns: usize,
}

impl Keys {
    fn of(chart: Chart, columns: usize, sides: bool) -> Keys {
        let last = columns.saturating_sub(1);
        let axis = match chart {
            _ if sides => 0..columns,
            // Before and after beside each other: the column that tells them apart is the last.
            Chart::BeforeAfter if columns > 1 => 0..last,
            _ => last..columns,
        };
        Keys { axis, columns }
    }

    fn join(&self, texts: &[&str], axis: bool) -> String {
        let taken = (0..self.columns).filter(|at| self.axis.contains(at) == axis).map(|at| texts[at]);
        taken.collect::<Vec<_>>().join(" · ")
    }

    fn category(&self, texts: &[&str]) -> String {
        self.join(texts, true)
    }

    fn group(&self, texts: &[&str]) -> String {
        self.join(texts, false)
    }
}

/// The columns that stand for before and after, where these are figures of one row.
fn sides(chart: Chart, figures: &[FigureColumn]) -> Vec<usize> {
    let side = |word: &str| figures.iter().position(|figure| figure.id.split(['_', '-']).any(|w| w == word));
    match (side("before"), side("after")) {
        (Some(before), Some(after)) if chart == Chart::BeforeAfter => vec![before, after],
        _ => Vec::new(),
    }
}

/// The column that is drawn.
fn measure(chart: Chart, figures: &[FigureColumn]) -> Option<usize> {
    let kinds: &[Kind] = match chart {
        Chart::Survival => &[Kind::Rate, Kind::Number, Kind::Count],
        Chart::BeforeAfter => &[Kind::Rate, Kind::Number, Kind::Count],
        Chart::Costs => &[Kind::Number, Kind::Count, Kind::Rate],
        Chart::Funnel | Chart::Overlap | Chart::Series | Chart::Other => {
            &[Kind::Count, Kind::Number, Kind::Rate]
        }
    };
    kinds.iter().find_map(|kind| figures.iter().position(|figure| figure.kind == *kind))
}

/// The interval of a column: the first range after it, when it may have one.
fn interval(figures: &[FigureColumn], measure: usize) -> Option<usize> {
    let may = matches!(figures[measure].kind, Kind::Rate | Kind::Number);
    let mut after = figures.iter().enumerate().skip(measure + 1);
    after.find(|(_, figure)| may && figure.kind == Kind::Range).map(|(at, _)| at)
}

#[expect(clippy::cast_precision_loss, reason = "a drawing has no use for more than 52 bits")]
fn point(
    (row, at, interval): (&Row, usize, Option<usize>),
    column: &FigureColumn,
    (category, group): (usize, usize),
    language: Language,
) -> Point {
    let figure = row.figures[at];
    let (value, mut span) = match figure {
        Some(Figure::Count(count)) => (Some(count as f64), None),
        Some(Figure::Percent(percent)) => (Some(percent as f64), None),
        Some(Figure::Number(number)) => (Some(number), None),
        Some(Figure::AtMost(percent)) => (None, Some((0.0, percent as f64))),
        Some(Figure::AtLeast(percent)) => (None, Some((percent as f64, 100.0))),
        Some(Figure::Range { low, high }) => (None, Some((low, high))),
        // A band without an end has no place on an axis.
        Some(Figure::From(_) | Figure::Hidden) | None => (None, None),
    };
    let bound = span.is_some();
    if let (Some(_), Some(Figure::Range { low, high })) = (value, interval.and_then(|at| row.figures[at])) {
        span = Some((low, high));
    }
    let hidden = figure.is_some_and(Figure::is_hidden);
    let text = figure.filter(|f| !f.is_hidden()).map(|f| f.to_text(column, language)).unwrap_or_default();
    Point { category, group, value, span, bound, text, hidden }
}

/// The place of a text in a list, to which it is added when it is new.
fn place(texts: &mut Vec<String>, text: String) -> usize {
    texts.iter().position(|known| *known == text).unwrap_or_else(|| {
        texts.push(text);
        texts.len() - 1
    })
}

/// Codes as rising numbers: `d30`, `30`, `30-days`. `None` when one of them holds no number or several.
fn positions(codes: &[String]) -> Option<Vec<f64>> {
    let number = |code: &String| {
        let mut numbers = code.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let number = numbers.next()?.parse::<u32>().ok()?;
        numbers.next().is_none().then_some(f64::from(number))
    };
    let positions: Vec<f64> = codes.iter().map(number).collect::<Option<_>>()?;
    positions.windows(2).all(|pair| pair[0] < pair[1]).then_some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbers_only_when_all_are_and_rise() {
        let read = |codes: &[&str]| positions(&codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["d0", "30-days", "365"]), Some(vec![0.0, 30.0, 365.0]));
        for wrong in [&["7", "7"][..], &["30", "7"], &["start", "7"], &["0-7", "8-30"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
