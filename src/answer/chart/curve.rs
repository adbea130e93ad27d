//! Lines over an axis: Kaplan-Meier curves with their bands, and counts over quarters.
//!
//! A line has a gap where nothing is known. Below the axis stand figures of the table, each under its tick ([`strip`]).
//!
//! [`strip`]: super::strip

use std::fmt::Write as _;

use super::bars::title;
use super::canvas::{Canvas, LINE, WIDTH, fit, float, lines, room, round, width};
use super::strip;
use crate::answer::model::Chart;
use crate::answer::plot::{Plot, Point};

/// More lines than that in one field hide each other's bands.
const BANDS: usize = 4;
/// Room for a name where its line ends, in at most two lines, and for a name before its figures.
const NAME: f64 = 124.0;
const LEFT: f64 = 180.0;

/// One field with its lines.
pub(super) struct View<'a> {
    pub(super) plot: &'a Plot,
    panel: usize,
    pub(super) groups: Vec<usize>,
    pub(super) left: f64,
    right: f64,
    top: f64,
    height: f64,
    ends: (f64, f64),
    /// Where the places along the axis stand.
    pub(super) places: Vec<f64>,
    /// Those whose ticks have a label.
    pub(super) labelled: Vec<usize>,
}

/// Ticks of the scale: those of per cent, or 0 and the outermost exact figures as the table has them.
pub(super) fn scale(plot: &Plot) -> Vec<(f64, String)> {
    if plot.percent {
        return [0, 25, 50, 75, 100].iter().map(|tick| (f64::from(*tick), format!("{tick} %"))).collect();
    }
    let mut ticks = vec![(0.0, "0".to_owned())];
    let known = || plot.points.iter().filter_map(|point| point.value.map(|value| (value, &point.text)));
    let (low, high) = plot.ends();
    let far = |value: f64| value.abs() > (high - low) * 0.06;
    let highest = known().filter(|(value, _)| *value > 0.0 && far(*value)).max_by(|a, b| a.0.total_cmp(&b.0));
    let lowest = known().filter(|(value, _)| *value < 0.0 && far(*value)).min_by(|a, b| a.0.total_cmp(&b.0));
    ticks.extend(highest.into_iter().chain(lowest).map(|(value, text)| (value, text.clone())));
    ticks
}

/// All fields.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot) {
    for panel in 0..plot.panels.len() {
        let says = |group: usize| {
            plot.points.iter().any(|point| (point.panel, point.group) == (panel, group) && point.says())
        };
        let groups: Vec<usize> = (0..plot.groups.len()).filter(|group| says(*group)).collect();
        if groups.is_empty() {
            continue;
        }
        canvas.heading(&plot.panels[panel]);
        if plot.chart == Chart::Survival && groups.len() > BANDS {
            for group in groups {
                canvas.heading(&plot.groups[group]);
                field(canvas, plot, panel, vec![group], 150.0);
            }
        } else {
            let height = if plot.panels.len() > 1 { 160.0 } else { 250.0 };
            field(canvas, plot, panel, groups, height);
        }
    }
}

fn field(canvas: &mut Canvas, plot: &Plot, panel: usize, groups: Vec<usize>, height: f64) {
    let names = || groups.iter().map(|group| plot.groups[*group].as_str());
    let several = groups.len() > 1;
    let ticks = scale(plot);
    let left = room(ticks.iter().map(|(_, text)| text.as_str()), 0.0, 150.0);
    let left = if several { room(names(), left, LEFT) } else { left } + 14.0;
    let right = if several { WIDTH - room(names(), 20.0, NAME) - 58.0 } else { WIDTH - 24.0 };
    let first = left + 14.0;
    let positions: Vec<f64> = match &plot.positions {
        Some(positions) => positions.clone(),
        None => (0..plot.categories.len()).map(float).collect(),
    };
    let begin = positions.first().copied().unwrap_or(0.0);
    let begin = if plot.positions.is_some() { begin.min(0.0) } else { begin };
    let end = positions.last().copied().unwrap_or(0.0);
    let unit = (right - first) / if end > begin { end - begin } else { 1.0 };
    let places = positions.iter().map(|at| first + (at - begin) * unit).collect();
    let (top, ends) = (canvas.y + 10.0, plot.ends());
    let mut view = View { plot, panel, groups, left, right, top, height, ends, places, labelled: Vec::new() };
    view.scale(canvas, &ticks);
    for group in &view.groups {
        view.spans(canvas, *group);
    }
    for group in &view.groups {
        view.line(canvas, *group);
    }
    if several {
        view.names(canvas);
    }
    canvas.y = top + height;
    view.axis(canvas);
    strip::draw(canvas, &view);
    canvas.y += 14.0;
}

impl View<'_> {
    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.ends;
        self.top + self.height * (high - value) / if high > low { high - low } else { 1.0 }
    }

    /// The points of a group in the order of the axis.
    pub(super) fn points(&self, group: usize) -> Vec<&Point> {
        let here = |point: &&Point| (point.panel, point.group) == (self.panel, group);
        let mut points: Vec<&Point> = self.plot.points.iter().filter(here).collect();
        points.sort_by_key(|point| point.category);
        points
    }

    fn scale(&self, canvas: &mut Canvas, ticks: &[(f64, String)]) {
        for (tick, text) in ticks {
            let class = if *tick == 0.0 { "axis" } else { "grid" };
            let y = self.y(*tick);
            canvas.line(class, (self.left, y), (self.right, y));
            canvas.text("end light", self.left - 6.0, y, text);
        }
    }

    /// What stands below the axis at each place, in lines; nothing where there is no room.
    fn axis(&mut self, canvas: &mut Canvas) {
        let pitch = self.places.windows(2).map(|two| two[1] - two[0]).fold(f64::MAX, f64::min);
        let label = |at: usize| match &self.plot.positions {
            Some(positions) => vec![canvas.language.grouped(&format!("{}", positions[at]))],
            None => tick(&self.plot.categories[at].label, (pitch - 8.0).clamp(48.0, 110.0)),
        };
        let labels: Vec<Vec<String>> = (0..self.places.len()).map(label).collect();
        let wide: Vec<f64> =
            labels.iter().map(|label| label.iter().map(|line| width(line)).fold(0.0, f64::max)).collect();
        let bottom = canvas.y;
        for place in &self.places {
            canvas.line("axis", (*place, bottom), (*place, bottom + 4.0));
        }
        self.labelled = apart(&self.places, &wide, &[]);
        let most = self.labelled.iter().map(|at| labels[*at].len()).max().unwrap_or(1);
        for at in &self.labelled {
            for (line, text) in labels[*at].iter().enumerate() {
                canvas.text("middle", self.places[*at], bottom + 14.0 + float(line) * LINE, text);
            }
        }
        canvas.y = bottom + 8.0 + float(most) * LINE;
        let category = fit(&self.plot.category, self.right - self.left);
        canvas.text("end light", self.right, canvas.y + LINE / 2.0, &category);
        canvas.y += LINE + 4.0;
    }

    /// Bands, whiskers and bounds of a group.
    fn spans(&self, canvas: &mut Canvas, group: usize) {
        let steps = self.plot.chart == Chart::Survival;
        let points = self.points(group);
        let mut band: Vec<(f64, f64, f64, f64)> = Vec::new();
        for (at, point) in points.iter().enumerate() {
            let here = self.places[point.category];
            let next = points.get(at + 1).map(|next| self.places[next.category]);
            match (point.span, next) {
                (Some((low, high)), _) if point.bound => {
                    let (from, to) =
                        if steps { (here, next.unwrap_or(here + 10.0)) } else { (here - 7.0, here + 7.0) };
                    let title = title(self.plot, point);
                    canvas.rect("bound", (from, self.y(high)), (to, self.y(low)), &title);
                    self.band(canvas, group, &mut band);
                }
                (Some((low, high)), Some(next)) if steps => {
                    band.push((here, next, self.y(high), self.y(low)));
                }
                (Some((low, high)), _) => {
                    self.band(canvas, group, &mut band);
                    canvas.whisker((here, self.y(high)), (here, self.y(low)));
                }
                (None, _) => self.band(canvas, group, &mut band),
            }
        }
        self.band(canvas, group, &mut band);
    }

    /// Steps of a band without a gap between, as one shape: along its upper edge and back along the lower.
    fn band(&self, canvas: &mut Canvas, group: usize, steps: &mut Vec<(f64, f64, f64, f64)>) {
        let mut d = String::new();
        let edge = |x: f64, y: f64| format!("{} {} ", round(x), round(y));
        for (at, (from, to, high, _)) in steps.iter().enumerate() {
            let sign = if at == 0 { "M" } else { "L" };
            let _ = write!(d, "{sign}{}L{}", edge(*from, *high), edge(*to, *high));
        }
        for (from, to, _, low) in steps.iter().rev() {
            let _ = write!(d, "L{}L{}", edge(*to, *low), edge(*from, *low));
        }
        if !steps.is_empty() {
            canvas.path(&format!("band c{group}"), &format!("{d}Z"));
        }
        steps.clear();
    }

    /// The line of a group with gaps where nothing is known, and its marks.
    fn line(&self, canvas: &mut Canvas, group: usize) {
        let steps = self.plot.chart == Chart::Survival;
        let points = self.points(group);
        let mut path = String::new();
        for (at, point) in points.iter().enumerate() {
            let Some(value) = point.value else { continue };
            let (here, y) = (round(self.places[point.category]), round(self.y(value)));
            let joined = at > 0 && points[at - 1].value.is_some();
            let _ = write!(path, "{}{here} {y} ", if joined { "L" } else { "M" });
            // A level lasts until the next point, whether that one is known or not.
            if let (true, Some(next)) = (steps, points.get(at + 1)) {
                let _ = write!(path, "L{} {y} ", round(self.places[next.category]));
            }
        }
        canvas.path(&format!("line s{group}"), &path);
        for point in &points {
            if let Some(value) = point.value {
                let place = (self.places[point.category], self.y(value));
                canvas.marker(group, group, place, &title(self.plot, point));
            }
        }
    }

    /// The groups' names where their lines end, each with a piece of its line.
    fn names(&self, canvas: &mut Canvas) {
        let middle = |point: &&Point| point.value.or(point.span.map(|(low, high)| f64::midpoint(low, high)));
        let x = self.right + 18.0;
        let mut names: Vec<Name> = Vec::new();
        for group in &self.groups {
            let points = self.points(*group);
            let last = points.iter().rev().find_map(middle);
            let y = last.map_or(self.top + self.height, |value| self.y(value));
            let lines = lines(&self.plot.groups[*group], WIDTH - x - 32.0, 2);
            names.push(Name { y, half: float(lines.len()) * LINE / 2.0, group: *group, lines });
        }
        names.sort_by(|a, b| a.y.total_cmp(&b.y));
        // Those that would lie on each other are moved down, and up again from the bottom.
        for at in 1..names.len() {
            names[at].y = names[at].y.max(names[at - 1].y + names[at - 1].half + names[at].half);
        }
        let mut free = self.top + self.height + LINE / 2.0;
        for name in names.iter_mut().rev() {
            name.y = name.y.min(free - name.half);
            free = name.y - name.half;
        }
        for Name { y, group, lines, .. } in names {
            let (from, to) = ((round(x), round(y)), (round(x + 26.0), round(y)));
            canvas.path(&format!("line s{group}"), &format!("M{} {} L{} {}", from.0, from.1, to.0, to.1));
            canvas.marker(group, group, (x + 13.0, y), "");
            canvas.block("", x + 32.0, y, &lines, &self.plot.groups[group]);
        }
    }
}

/// A group's name where its line ends: the middle of its lines, and half their height.
struct Name {
    y: f64,
    half: f64,
    group: usize,
    lines: Vec<String>,
}

/// The label of a tick in at most two lines; a quarter has its year below it.
fn tick(label: &str, room: f64) -> Vec<String> {
    match label.split_once("-Q") {
        Some((year, quarter)) if year.len() == 4 && quarter.len() == 1 => {
            vec![format!("Q{quarter}"), year.to_owned()]
        }
        _ => lines(label, room, 2),
    }
}

/// Which texts of some widths, each around its place, can stand beside each other: first those that must, then the
/// others from the left.
pub(super) fn apart(places: &[f64], widths: &[f64], first: &[usize]) -> Vec<usize> {
    let mut shown: Vec<usize> = Vec::new();
    let others = (0..places.len()).filter(|at| !first.contains(at));
    for at in first.iter().copied().chain(others) {
        let free = |other: &usize| {
            (places[at] - places[*other]).abs() >= f64::midpoint(widths[at], widths[*other]) + 6.0
        };
        if widths[at] > 0.0 && shown.iter().all(free) {
            shown.push(at);
        }
    }
    shown.sort_unstable();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_must_stand_come_first() {
        let places = [0.0, 10.0, 40.0, 80.0];
        assert_eq!(apart(&places, &[20.0; 4], &[]), [0, 2, 3]);
        assert_eq!(apart(&places, &[20.0; 4], &[1]), [1, 2, 3]);
        assert_eq!(apart(&places, &[20.0, 20.0, 0.0, 20.0], &[]), [0, 3]);
    }

    #[test]
    fn a_quarter_has_its_year_below_it() {
        assert_eq!(tick("2022-Q1", 20.0), ["Q1", "2022"]);
        assert_eq!(tick("1. kvt. 2022", 60.0), ["1. kvt.", "2022"]);
    }
}
