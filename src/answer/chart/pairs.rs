//! Before and after: a row for each moment, a mark where its figure lies, and a line from mark to mark.

use super::bars::title;
use super::canvas::{Canvas, LINE, WIDTH, fit, float, lines, room, width};
use super::curve::scale;
use crate::answer::plot::{Plot, Point};

const ROW: f64 = 22.0;
/// The most room for the name of a moment.
const NAME: f64 = 190.0;

struct Layout {
    /// Right ends of the two columns of labels.
    labels: f64,
    moments: f64,
    right: f64,
    low: f64,
    unit: f64,
}

impl Layout {
    fn of(plot: &Plot) -> Layout {
        let labels = room(plot.categories.iter().map(|category| category.label.as_str()), 0.0, 160.0);
        let labels = if labels > 0.0 { labels + 4.0 } else { 0.0 };
        let moments = labels + room(plot.groups.iter().map(String::as_str), 20.0, NAME) + 14.0;
        let text = plot.points.iter().map(|point| width(&figure(point))).fold(60.0, f64::max);
        let right = WIDTH - text - 4.0;
        let (low, high) = plot.ends();
        let left = moments + 16.0;
        let unit = (right - 16.0 - left).max(80.0) / if high > low { high - low } else { 1.0 };
        Layout { labels, moments, right, low, unit }
    }

    fn x(&self, value: f64) -> f64 {
        self.moments + 16.0 + (value - self.low) * self.unit
    }
}

/// The figure with its interval.
fn figure(point: &Point) -> String {
    if point.interval.is_empty() {
        point.text.clone()
    } else {
        format!("{} ({})", point.text, point.interval)
    }
}

/// All panels.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot) {
    let layout = Layout::of(plot);
    for panel in 0..plot.panels.len() {
        let says = |point: &&Point| point.panel == panel && point.says();
        if !plot.points.iter().any(|point| says(&point)) {
            continue;
        }
        canvas.heading(&plot.panels[panel]);
        let top = canvas.y;
        // The scale lies below the marks.
        let grid = canvas.body.len();
        for category in 0..plot.categories.len() {
            let here = plot.points.iter().filter(|point| point.category == category);
            let points: Vec<&Point> = here.filter(says).collect();
            if !points.is_empty() {
                pair(canvas, plot, &layout, &points);
            }
        }
        let rows = canvas.body.split_off(grid);
        ruler(canvas, plot, &layout, (top, canvas.y - 4.0));
        canvas.body += &rows;
    }
}

/// Lines where the scale has its ticks, and what they are.
fn ruler(canvas: &mut Canvas, plot: &Plot, layout: &Layout, (top, low): (f64, f64)) {
    for (tick, text) in scale(plot) {
        let class = if tick == 0.0 { "axis" } else { "grid" };
        canvas.line(class, (layout.x(tick), top), (layout.x(tick), low));
        canvas.text("middle light", layout.x(tick), low + 12.0, &text);
    }
    canvas.y = low + 30.0;
}

/// One place: its moments below each other.
fn pair(canvas: &mut Canvas, plot: &Plot, layout: &Layout, points: &[&Point]) {
    let first = points[0];
    let label = &plot.categories[first.category].label;
    let text = lines(label, layout.labels, 3);
    let height = (float(points.len()) * ROW).max(float(text.len()) * LINE);
    canvas.block("", 0.0, canvas.y + height / 2.0, &text, label);
    let middle = |at: usize| canvas.y + float(at) * ROW + ROW / 2.0;
    let middles: Vec<f64> = (0..points.len()).map(middle).collect();
    let places = points.iter().zip(&middles).map(|(point, y)| point.value.map(|value| (layout.x(value), *y)));
    let places: Vec<Option<(f64, f64)>> = places.collect();
    for two in places.windows(2) {
        if let [Some(from), Some(to)] = two {
            canvas.line("link", *from, *to);
        }
    }
    for ((point, y), place) in points.iter().zip(&middles).zip(&places) {
        canvas.text("end", layout.moments, *y, &fit(&plot.groups[point.group], NAME));
        match point.span {
            Some((low, high)) if point.bound => {
                canvas.rect(
                    "bound",
                    (layout.x(low), y - 6.0),
                    (layout.x(high), y + 6.0),
                    &title(plot, point),
                );
            }
            Some((low, high)) => canvas.whisker((layout.x(low), *y), (layout.x(high), *y)),
            None => {}
        }
        if let Some(place) = place {
            // Before is open, after is full, and any further moment has a shape of its own.
            let shape = match point.group {
                0 => 4,
                1 => 0,
                group => group - 1,
            };
            canvas.marker(shape, 0, *place, &title(plot, point));
        }
        let (class, text) = if point.hidden { ("light", canvas.hidden()) } else { ("", figure(point)) };
        canvas.text(class, layout.right, *y, &text);
    }
    canvas.y += height;
    let beside = first.beside.iter().zip(&plot.beside).filter(|(text, _)| !text.is_empty());
    let beside = beside.map(|(text, heading)| (heading, text));
    let here = plot.changes.iter();
    let here = here.filter(|change| (change.panel, change.category) == (first.panel, first.category));
    for (title, text) in beside.chain(here.map(|change| (&change.title, &change.text))) {
        let title = fit(title, (layout.right - width(text) - 40.0).max(0.0));
        canvas.text("end strong", layout.right, canvas.y + LINE / 2.0, &format!("{title}: {text}"));
        canvas.y += LINE + 2.0;
    }
    canvas.y += 10.0;
}
