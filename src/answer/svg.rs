//! A drawing as inline SVG: no script, no style attribute, nothing fetched. Colours are classes of the page.
//!
//! Every bar and point has a title with its figure. What a reader of the screen needs stands in the table below.

use std::fmt::Write as _;

use super::escape::html as safe;
use super::plot::{Form, Plot, Point};
use crate::language::Language;

/// Classes `c0` to `c7`: more groups than that cannot be told apart.
pub(super) const COLOURS: usize = 8;
/// More bars or points than that are read in the table.
const POINTS: usize = 96;
const WIDTH: f64 = 760.0;
/// Width of a sign on average, and of one in a short word of wide letters.
const SIGN: f64 = 7.2;
const WIDE: f64 = 8.4;

/// The drawing, or `None` when it would hold too much to be read.
pub(super) fn draw(plot: &Plot, title: &str, id: &str, language: Language) -> Option<String> {
    let drawn = plot.points.iter().any(|point| point.value.is_some() || point.span.is_some());
    if plot.groups.len() > COLOURS || plot.points.len() > POINTS || !drawn {
        return None;
    }
    let (body, height) = match plot.form {
        Form::Bars => bars(plot),
        Form::Steps | Form::Line => lines(plot),
    };
    let legend = legend(plot);
    let top = legend.1;
    let below = language.choose("Tallene står i tabellen nedenfor.", "The figures are in the table below.");
    let svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}. {}</desc>\n{}<g transform=\"translate(0 {top})\">\n{body}</g></svg>",
        round(height + top),
        safe(title),
        safe(&plot.measure),
        below,
        legend.0,
    );
    Some(svg)
}

/// A coordinate: a tenth of a unit is enough.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "lengths of labels and places of bars")]
const fn float(value: usize) -> f64 {
    value as f64
}

/// At most so many signs.
fn short(text: &str, signs: usize) -> String {
    if text.chars().count() <= signs {
        return text.to_owned();
    }
    let kept: String = text.chars().take(signs - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The groups and their colours in lines above the drawing, and how high they are.
fn legend(plot: &Plot) -> (String, f64) {
    if plot.groups.len() < 2 {
        return (String::new(), 0.0);
    }
    let (mut text, mut x, mut y) = (String::new(), 0.0, 14.0);
    for (at, group) in plot.groups.iter().enumerate() {
        let group = short(group, 60);
        let width = 30.0 + float(group.chars().count()) * SIGN;
        if x > 0.0 && x + width > WIDTH {
            (x, y) = (0.0, y + 20.0);
        }
        let _ = writeln!(
            text,
            "<rect class=\"c{at}\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"{y}\">{}</text>",
            round(x),
            y - 11.0,
            round(x + 17.0),
            safe(&group)
        );
        x += width;
    }
    (text, y + 10.0)
}

fn bars(plot: &Plot) -> (String, f64) {
    const BAR: f64 = 18.0;
    const GAP: f64 = 10.0;
    let longest = plot.categories.iter().map(|label| label.chars().count().min(38)).max().unwrap_or(0);
    let left = float(longest) * WIDE + 14.0;
    let texts = plot.points.iter().map(|point| point.text.chars().count()).max().unwrap_or(0);
    let right = float(texts) * SIGN + 14.0;
    let (low, high) = plot.ends();
    let unit = (WIDTH - left - right) / if high > low { high - low } else { 1.0 };
    let x = |value: f64| round(left + (value - low) * unit);
    let groups = float(plot.groups.len());
    let mut text = String::new();
    for (at, label) in plot.categories.iter().enumerate() {
        let middle = float(at) * (groups * BAR + GAP) + groups * BAR / 2.0;
        let _ = writeln!(
            text,
            "<text class=\"end\" x=\"{}\" y=\"{}\">{}<title>{}</title></text>",
            round(left - 8.0),
            round(middle + 4.5),
            safe(&short(label, 38)),
            safe(label)
        );
    }
    for point in &plot.points {
        let top = float(point.category) * (groups * BAR + GAP) + float(point.group) * BAR;
        text += &bar(plot, point, &x, round(top), BAR);
    }
    let height = float(plot.categories.len()) * (groups * BAR + GAP);
    let _ = writeln!(
        text,
        "<line class=\"axis\" x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"{1}\"/>",
        x(0.0),
        round(height - GAP)
    );
    (text, height)
}

fn bar(plot: &Plot, point: &Point, x: &dyn Fn(f64) -> f64, top: f64, height: f64) -> String {
    let mut text = String::new();
    let title = format!("{}: {}", title_of(plot, point), point.text);
    let mut rect = |class: &str, from: f64, to: f64, inset: f64| {
        let (from, to) = (x(from.min(to)), x(from.max(to)));
        let _ = writeln!(
            text,
            "<rect class=\"{class}\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            round(top + inset),
            round(to - from),
            round(height - 2.0 * inset),
            safe(&title)
        );
    };
    if let Some(value) = point.value {
        rect(&format!("c{}", point.group), 0.0, value, 1.0);
    }
    match point.span {
        Some((low, high)) if point.bound => rect("bound", low, high, 3.0),
        Some((low, high)) => rect("span", low, high, height / 2.0 - 1.0),
        None => {}
    }
    let end = point.value.into_iter().chain(point.span.map(|(_, high)| high)).fold(0.0, f64::max);
    if !point.text.is_empty() {
        let (at, y) = (round(x(end) + 6.0), round(top + height / 2.0 + 4.5));
        let _ = writeln!(text, "<text x=\"{at}\" y=\"{y}\">{}</text>", safe(&point.text));
    }
    text
}

fn title_of(plot: &Plot, point: &Point) -> String {
    let (category, group) = (&plot.categories[point.category], &plot.groups[point.group]);
    if group.is_empty() { category.clone() } else { format!("{category}, {group}") }
}

fn lines(plot: &Plot) -> (String, f64) {
    const HEIGHT: f64 = 260.0;
    const TOP: f64 = 12.0;
    let (low, high) = plot.ends();
    let ticks: Vec<(f64, String)> = if plot.percent {
        [0, 25, 50, 75, 100].iter().map(|tick| (f64::from(*tick), format!("{tick} %"))).collect()
    } else {
        vec![(0.0, "0".to_owned()), (high, highest(plot, high))]
    };
    let left = ticks.iter().map(|(_, text)| float(text.chars().count()) * SIGN).fold(0.0, f64::max) + 12.0;
    let y = |value: f64| round(TOP + HEIGHT * (high - value) / if high > low { high - low } else { 1.0 });
    let places: Vec<f64> = match &plot.positions {
        Some(positions) => positions.clone(),
        None => (0..plot.categories.len()).map(float).collect(),
    };
    let (first, last) = (places.first().copied().unwrap_or(0.0), places.last().copied().unwrap_or(0.0));
    let first = if plot.positions.is_some() { first.min(0.0) } else { first };
    let unit = (WIDTH - left - 40.0) / if last > first { last - first } else { 1.0 };
    let x = |at: usize| round(left + 10.0 + (places[at] - first) * unit);
    let mut text = String::new();
    for (tick, label) in &ticks {
        let _ = writeln!(
            text,
            "<line class=\"grid\" x1=\"{}\" x2=\"{WIDTH}\" y1=\"{1}\" y2=\"{1}\"/><text class=\"end\" x=\"{2}\" y=\"{3}\">{4}</text>",
            round(left),
            y(*tick),
            round(left - 6.0),
            round(y(*tick) + 4.5),
            safe(label)
        );
    }
    text += &axis_labels(plot, &x, TOP + HEIGHT + 20.0);
    for group in 0..plot.groups.len() {
        text += &line(plot, group, &x, &y);
    }
    let title = short(&plot.category, 60);
    let _ = writeln!(
        text,
        "<text class=\"end\" x=\"{WIDTH}\" y=\"{}\">{}</text>",
        TOP + HEIGHT + 40.0,
        safe(&title)
    );
    (text, TOP + HEIGHT + 48.0)
}

/// The highest figure as it reads in the table.
fn highest(plot: &Plot, high: f64) -> String {
    let at = plot.points.iter().find(|point| point.value == Some(high));
    at.map(|point| point.text.clone()).unwrap_or_default()
}

/// Labels below the axis; those that would run into the one before are left out.
fn axis_labels(plot: &Plot, x: &dyn Fn(usize) -> f64, y: f64) -> String {
    let (mut text, mut free) = (String::new(), f64::MIN);
    for (at, label) in plot.categories.iter().enumerate() {
        let label = short(label, 16);
        let half = float(label.chars().count()) * SIGN / 2.0;
        if x(at) - half < free {
            continue;
        }
        free = x(at) + half + 6.0;
        let _ = writeln!(text, "<text class=\"middle\" x=\"{}\" y=\"{y}\">{}</text>", x(at), safe(&label));
    }
    text
}

/// One group: its band, its line with gaps where nothing is known, its points.
fn line(plot: &Plot, group: usize, x: &dyn Fn(usize) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let steps = plot.form == Form::Steps;
    let points: Vec<&Point> = plot.points.iter().filter(|point| point.group == group).collect();
    let mut text = String::new();
    let mut path = String::new();
    let mut marks = String::new();
    for (at, point) in points.iter().enumerate() {
        let here = x(point.category);
        let next = points.get(at + 1);
        if let Some((low, high)) = point.span {
            let until = if steps { next.map_or(here + 14.0, |next| x(next.category)) } else { here + 3.0 };
            let from = if steps { here } else { here - 3.0 };
            let class = if point.bound { "bound".to_owned() } else { format!("band c{group}") };
            let _ = writeln!(
                text,
                "<rect class=\"{class}\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}: {}</title></rect>",
                y(high),
                round(until - from),
                round(y(low) - y(high)),
                safe(&title_of(plot, point)),
                safe(&point.text)
            );
        }
        let Some(value) = point.value else { continue };
        let joined = at > 0 && points[at - 1].value.is_some();
        let _ = write!(path, "{}{here} {} ", if joined { "L" } else { "M" }, y(value));
        if steps {
            // The level lasts until the next point, whether that one is known or not.
            let until = next.map_or(here + 14.0, |next| x(next.category));
            let _ = write!(path, "L{} {} ", round(until), y(value));
        }
        let _ = writeln!(
            marks,
            "<circle class=\"c{group}\" cx=\"{here}\" cy=\"{}\" r=\"3.5\"><title>{}: {}</title></circle>",
            y(value),
            safe(&title_of(plot, point)),
            safe(&point.text)
        );
    }
    let _ = writeln!(text, "<path class=\"line s{group}\" d=\"{}\"/>", path.trim_end());
    text + &marks
}
