//! Bars below each other: steps of a funnel, amounts.

use super::canvas::{Canvas, LINE, WIDTH, fit, lines, room, round, width};
use crate::answer::HIDDEN_MARK;
use crate::answer::model::Chart;
use crate::answer::plot::{Plot, Point};

const BAR: f64 = 20.0;
const GAP: f64 = 10.0;

/// Where things stand in every panel: all have one scale.
struct Layout {
    left: f64,
    /// Right ends of the columns of text, and their width.
    columns: Vec<f64>,
    column: f64,
    low: f64,
    unit: f64,
}

impl Layout {
    fn of(plot: &Plot) -> Layout {
        let labels = plot.categories.iter().map(|category| category.label.as_str());
        let left = room(labels, 40.0, 190.0) + 12.0;
        // A heading may go on a second line; a figure has the room that it needs.
        let column = room(plot.beside.iter().map(String::as_str), 60.0, 104.0);
        let texts = plot.points.iter().flat_map(|point| &point.beside).map(String::as_str);
        let column = room(texts, column, WIDTH);
        let number = plot.beside.len();
        let columns =
            (0..number).map(|at| WIDTH - super::canvas::float(number - 1 - at) * (column + 14.0)).collect();
        let texts = super::canvas::float(number) * (column + 14.0);
        let text = plot.points.iter().map(|point| width(&amount(plot, point))).fold(60.0, f64::max) + 14.0;
        let (low, high) = plot.ends();
        let unit = (WIDTH - left - texts - text).max(80.0) / if high > low { high - low } else { 1.0 };
        Layout { left, columns, column, low, unit }
    }

    fn x(&self, value: f64) -> f64 {
        self.left + (value - self.low) * self.unit
    }
}

/// The figure, with the unit of amounts.
fn amount(plot: &Plot, point: &Point) -> String {
    if plot.chart == Chart::Costs && !plot.unit.is_empty() && !point.text.is_empty() && plot.unit.len() <= 8 {
        return format!("{} {}", point.text, plot.unit);
    }
    point.text.clone()
}

/// Panel, place and figure of a point, as its title says them.
pub(super) fn title(plot: &Plot, point: &Point) -> String {
    let place = &plot.categories[point.category].label;
    let shade = plot.shade(point.panel, point.group);
    let names = [place.as_str(), &shade].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>();
    let mut title = format!("{}: {}", names.join(", "), amount(plot, point));
    if !point.interval.is_empty() {
        title += &format!(" ({})", point.interval);
    }
    title
}

/// All panels.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot) {
    let layout = Layout::of(plot);
    for panel in 0..plot.panels.len() {
        let points: Vec<&Point> =
            plot.points.iter().filter(|point| point.panel == panel && point.says()).collect();
        if points.is_empty() {
            continue;
        }
        canvas.heading(&plot.panels[panel]);
        headings(canvas, plot, &layout);
        let top = canvas.y;
        for point in points {
            row(canvas, plot, &layout, point);
        }
        let zero = layout.x(0.0);
        canvas.line("axis", (zero, top), (zero, canvas.y - GAP));
        canvas.y += 8.0;
    }
}

fn headings(canvas: &mut Canvas, plot: &Plot, layout: &Layout) {
    if layout.columns.is_empty() {
        return;
    }
    let texts: Vec<Vec<String>> = plot.beside.iter().map(|text| lines(text, layout.column, 2)).collect();
    let most = texts.iter().map(Vec::len).max().unwrap_or(1);
    let height = super::canvas::float(most) * LINE;
    let measure = fit(&plot.measure, 200.0);
    canvas.text("light", layout.x(0.0), canvas.y + height - LINE / 2.0, &measure);
    for ((x, lines), heading) in layout.columns.iter().zip(&texts).zip(&plot.beside) {
        let own = super::canvas::float(lines.len()) * LINE;
        canvas.block("light end", *x, canvas.y + height - own / 2.0, lines, heading);
    }
    canvas.y += height + 6.0;
}

fn row(canvas: &mut Canvas, plot: &Plot, layout: &Layout, point: &Point) {
    let label = &plot.categories[point.category].label;
    let text = lines(label, layout.left - 10.0, 2);
    let height = if text.len() > 1 { 2.0 * LINE } else { BAR };
    let middle = canvas.y + height / 2.0;
    canvas.block("end", layout.left - 10.0, middle, &text, label);
    let title = title(plot, point);
    let (top, low) = (middle - BAR / 2.0, middle + BAR / 2.0);
    if let Some(value) = point.value {
        canvas.rect("bar c0", (layout.x(0.0), top), (layout.x(value), low), &title);
    }
    match point.span {
        Some((from, to)) if point.bound => {
            canvas.rect("bound", (layout.x(from), top + 2.0), (layout.x(to), low - 2.0), &title);
        }
        Some((from, to)) => canvas.whisker((layout.x(from), middle), (layout.x(to), middle)),
        None => {}
    }
    let ends = point.value.into_iter().chain(point.span.map(|(_, high)| high));
    let at = round(layout.x(ends.fold(0.0, f64::max)) + 7.0);
    if point.hidden {
        canvas.text("light", layout.x(0.0) + 7.0, middle, &canvas.hidden());
    } else {
        canvas.text("", at, middle, &amount(plot, point));
    }
    for (x, text) in layout.columns.iter().zip(&point.beside) {
        // Beside a hidden figure the mark stands once.
        let text = if point.hidden && text == HIDDEN_MARK { "" } else { text };
        canvas.text("end", *x, middle, text);
    }
    canvas.y += height + GAP;
}
