//! What a drawing of an answer shows, before it is an SVG or a Vega-Lite specification.
//!
//! Only what the table holds: an exact figure is a value; a bound is a span from or to the end of the scale of per cent
//! and no value; a hidden figure is nothing, and the title says how many there are.

use super::axes::{Axes, Interval, Role, beside, heading, interval, measure, sides};
use super::figure::{Figure, HIDDEN_MARK};
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
    pub(super) chart: Chart,
    /// Whether values are per cent, so that the scale ends at 0 and 100.
    pub(super) percent: bool,
    /// Title of what is drawn, with its unit; and the unit alone.
    pub(super) measure: String,
    pub(super) unit: String,
    /// Title and texts of what stands along the axis.
    pub(super) category: String,
    pub(super) categories: Vec<Category>,
    /// The categories as numbers, where all of them are, in rising order: days or months.
    pub(super) positions: Option<Vec<f64>>,
    /// Title and texts of what is told apart by marks and colour. One text at least.
    pub(super) group: String,
    pub(super) groups: Vec<String>,
    /// Title and texts of what has a panel of its own. One text at least.
    pub(super) panel: String,
    pub(super) panels: Vec<String>,
    /// Titles of what stands beside the points as text.
    pub(super) beside: Vec<String>,
    pub(super) points: Vec<Point>,
    /// Changes between moments, where rows of the table tell them.
    pub(super) changes: Vec<Change>,
}

/// A place along the axis.
pub(super) struct Category {
    pub(super) code: String,
    pub(super) label: String,
}

/// A point or a bar.
pub(super) struct Point {
    pub(super) panel: usize,
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
    /// The interval as text; empty where there is none.
    pub(super) interval: String,
    /// What stands beside it; a hidden figure is the mark.
    pub(super) beside: Vec<String>,
    pub(super) hidden: bool,
}

/// A change, as the table tells it.
pub(super) struct Change {
    pub(super) panel: usize,
    pub(super) category: usize,
    pub(super) title: String,
    pub(super) text: String,
}

impl Point {
    /// Whether anything is known of it, be it that it is hidden.
    pub(super) fn says(&self) -> bool {
        self.value.is_some() || self.span.is_some() || self.hidden
    }

    /// The figure, its mark where it is hidden, nothing where it does not apply.
    pub(super) fn mark(&self) -> &str {
        if self.hidden { HIDDEN_MARK } else { &self.text }
    }
}

impl Plot {
    /// The drawing of an answer, when it has one.
    pub(super) fn of(answer: &Answer, language: Language) -> Option<Plot> {
        let chart = answer.chart.filter(|chart| *chart != Chart::Other)?;
        let figures = &answer.table.figures;
        let sides = sides(chart, figures);
        let measures = if sides.is_empty() { vec![measure(chart, figures)?] } else { sides.clone() };
        let drawn = &figures[measures[0]];
        let axes = Axes::of(chart, answer, !sides.is_empty());
        let titles = answer.key_titles(language);
        let texts = beside(chart, figures, measures[0]);
        let mut plot = Plot {
            chart,
            percent: drawn.kind == Kind::Rate,
            measure: drawn.heading(language),
            unit: drawn.unit.as_ref().map_or_else(String::new, |unit| language.of(unit).to_owned()),
            category: axes.category(&titles),
            categories: Vec::new(),
            positions: None,
            group: axes.group(&titles),
            groups: Vec::new(),
            panel: axes.panel(&titles),
            panels: Vec::new(),
            beside: texts.iter().map(|at| heading(chart, &figures[*at], language)).collect(),
            points: Vec::new(),
            changes: Vec::new(),
        };
        let mut codes = (Vec::new(), Vec::new(), Vec::new());
        for row in &answer.table.rows {
            let role = axes.role(row);
            if role == Role::Nothing {
                continue;
            }
            let labels = answer.key_labels(row, language);
            let keys: Vec<&str> = row.key.iter().map(String::as_str).collect();
            let category = place(&mut codes.0, axes.category(&keys), || {
                let (code, label) = (axes.category(&keys), axes.category(&labels));
                plot.categories.push(Category { code, label });
            });
            let panel = place(&mut codes.1, axes.panel(&keys), || plot.panels.push(axes.panel(&labels)));
            let reading = Reading { figures, row, language };
            if role == Role::Change {
                let text = reading.text(measures[0]).unwrap_or_default();
                plot.changes.push(Change { panel, category, title: axes.group(&labels), text });
                continue;
            }
            for at in &measures {
                let (code, label) = if sides.is_empty() {
                    (axes.group(&keys), axes.group(&labels))
                } else {
                    (figures[*at].id.clone(), language.of(&figures[*at].title).to_owned())
                };
                let group = place(&mut codes.2, code, || plot.groups.push(label));
                let within = (sides.is_empty()).then(|| interval(figures, *at)).flatten();
                let mut point = reading.point(*at, within);
                (point.panel, point.category, point.group) = (panel, category, group);
                let beside = texts.iter().map(|at| reading.text(*at).unwrap_or_default());
                point.beside = beside.collect();
                plot.points.push(point);
            }
        }
        plot.drop_empty();
        if plot.form() == Form::Steps {
            plot.positions = positions(&plot.categories);
        }
        Some(plot)
    }

    /// How it is drawn, where a drawing has only that.
    pub(super) const fn form(&self) -> Form {
        match self.chart {
            Chart::Survival => Form::Steps,
            Chart::Series => Form::Line,
            Chart::Funnel | Chart::Overlap | Chart::BeforeAfter | Chart::Costs | Chart::Other => Form::Bars,
        }
    }

    /// Takes away groups and panels of which the figure that is drawn says nothing at all: those to whom it does not apply.
    fn drop_empty(&mut self) {
        drop_empty(&mut self.groups, &mut self.points, |point| &mut point.group);
        let before = self.panels.len();
        let kept = drop_empty(&mut self.panels, &mut self.points, |point| &mut point.panel);
        if kept.len() < before {
            self.changes.retain(|change| kept.contains(&change.panel));
            for change in &mut self.changes {
                change.panel = kept.iter().position(|panel| *panel == change.panel).unwrap_or(0);
            }
        }
    }

    /// Panel and group of a point in one text, for a drawing that tells both apart by colour.
    pub(super) fn shade(&self, panel: usize, group: usize) -> String {
        let texts = [&self.panels[panel], &self.groups[group]];
        texts.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
    }

    /// Every such text, in the order of the panels.
    pub(super) fn shades(&self) -> Vec<String> {
        let mut shades = Vec::new();
        for panel in 0..self.panels.len() {
            for group in 0..self.groups.len() {
                let shade = self.shade(panel, group);
                if !shades.contains(&shade) {
                    shades.push(shade);
                }
            }
        }
        shades
    }

    /// The title of these texts.
    pub(super) fn shade_title(&self) -> String {
        let titles = [&self.panel, &self.group];
        titles.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" · ")
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

/// Takes away texts that no point says anything of, but for the last; gives the places of those that are kept.
fn drop_empty(
    texts: &mut Vec<String>,
    points: &mut Vec<Point>,
    place: fn(&mut Point) -> &mut usize,
) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..texts.len()).collect();
    for at in (0..texts.len()).rev() {
        if texts.len() > 1 && !points.iter_mut().any(|point| *place(point) == at && point.says()) {
            texts.remove(at);
            kept.remove(at);
            points.retain_mut(|point| *place(point) != at);
            points.iter_mut().map(place).filter(|place| **place > at).for_each(|place| *place -= 1);
        }
    }
    kept
}

/// A row as it is read.
struct Reading<'a> {
    figures: &'a [FigureColumn],
    row: &'a Row,
    language: Language,
}

impl Reading<'_> {
    /// A figure as text; a hidden one is the mark.
    fn text(&self, at: usize) -> Option<String> {
        self.row.figures[at].map(|figure| figure.to_text(&self.figures[at], self.language))
    }

    #[expect(clippy::cast_precision_loss, reason = "a drawing has no use for more than 52 bits")]
    fn point(&self, at: usize, within: Option<Interval>) -> Point {
        let figure = self.row.figures[at];
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
        let mut interval = String::new();
        if let (Some(_), Some((ends, text))) = (value, within.and_then(|within| self.interval(within))) {
            (span, interval) = (Some(ends), text);
        }
        let hidden = figure.is_some_and(Figure::is_hidden);
        let text = if hidden { String::new() } else { self.text(at).unwrap_or_default() };
        let (panel, category, group, beside) = (0, 0, 0, Vec::new());
        Point { panel, category, group, value, span, bound, text, interval, beside, hidden }
    }

    /// The ends of an interval, and how it reads.
    fn interval(&self, within: Interval) -> Option<((f64, f64), String)> {
        match within {
            Interval::Range(at) => match self.row.figures[at] {
                Some(Figure::Range { low, high }) => Some(((low, high), self.text(at)?)),
                _ => None,
            },
            Interval::Ends(low, high) => match (self.row.figures[low], self.row.figures[high]) {
                (Some(Figure::Number(a)), Some(Figure::Number(b))) => {
                    let text = format!("{} {} {}", self.text(low)?, self.language.to(), self.text(high)?);
                    Some(((a.min(b), a.max(b)), text))
                }
                _ => None,
            },
        }
    }
}

/// The place of a code in a list, to which it is added when it is new.
fn place(codes: &mut Vec<String>, code: String, new: impl FnOnce()) -> usize {
    codes.iter().position(|known| *known == code).unwrap_or_else(|| {
        codes.push(code);
        new();
        codes.len() - 1
    })
}

/// Codes as rising numbers: `d30`, `30`, `30-days`. `None` when one of them holds no number or several.
fn positions(categories: &[Category]) -> Option<Vec<f64>> {
    let number = |category: &Category| {
        let code = &category.code;
        let mut numbers = code.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let number = numbers.next()?.parse::<u32>().ok()?;
        numbers.next().is_none().then_some(f64::from(number))
    };
    let positions: Vec<f64> = categories.iter().map(number).collect::<Option<_>>()?;
    positions.windows(2).all(|pair| pair[0] < pair[1]).then_some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbers_only_when_all_are_and_rise() {
        let category = |code: &&str| Category { code: (*code).to_owned(), label: String::new() };
        let read = |codes: &[&str]| positions(&codes.iter().map(category).collect::<Vec<_>>());
        assert_eq!(read(&["d0", "30-days", "365"]), Some(vec![0.0, 30.0, 365.0]));
        for wrong in [&["7", "7"][..], &["30", "7"], &["start", "7"], &["0-7", "8-30"]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
