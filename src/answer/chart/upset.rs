//! An overlap as an UpSet plot: a bar for each intersection, dots below that say of whom, and the sets' own sizes at the
//! left. After A. Lex, N. Gehlenborg, H. Strobelt, R. Vuillemot and H. Pfister, *UpSet: Visualization of Intersecting
//! Sets*, IEEE TVCG 20(12), 2014; but an intersection here counts all who are known at those, whatever else they are.

use super::bars::title;
use super::canvas::{BASE, Canvas, LINE, WIDTH, fit, float, lines, width};
use crate::answer::HIDDEN_MARK;
use crate::answer::plot::{Plot, Point};

/// More intersections than that: hidden ones are left out.
const ALL: usize = 24;
/// More intersections than that: those of more than two sets are left out. More of two, or more sets, cannot be read.
const MOST: usize = 40;
const SETS: usize = 12;
/// Height of the highest bar, and of a set's line where every name has room on one or where some need two.
const HIGH: f64 = 130.0;
const ROWS: [f64; 2] = [24.0, 36.0];
/// Where the sets' bars begin, leftwards; where names begin; where the matrix does.
const SIZES: f64 = 140.0;
const NAMES: f64 = 152.0;
const MATRIX: f64 = 330.0;
const NAME: f64 = MATRIX - NAMES - 10.0;

/// The sets of an intersection, by its code.
fn parts(code: &str) -> Vec<&str> {
    code.split('+').collect()
}

fn code<'a>(plot: &'a Plot, point: &Point) -> &'a str {
    &plot.categories[point.category].code
}

/// The title of a set; its code, where it has none.
fn name<'a>(plot: &'a Plot, set: &'a str) -> &'a str {
    plot.categories.iter().find(|category| category.code == set).map_or(set, |category| &category.label)
}

/// Whether any place is an intersection.
pub(super) fn has_any(plot: &Plot) -> bool {
    plot.categories.iter().any(|category| parts(&category.code).len() > 1)
}

/// The sets in the order in which the codes name them.
fn sets(plot: &Plot) -> Vec<&str> {
    let mut sets: Vec<&str> = Vec::new();
    for part in plot.categories.iter().flat_map(|category| parts(&category.code)) {
        if !sets.contains(&part) {
            sets.push(part);
        }
    }
    sets
}

/// The intersections of a panel that are drawn.
fn intersections(plot: &Plot, panel: usize) -> Vec<&Point> {
    let twos = only_twos(plot);
    shown(plot, panel).into_iter().filter(|point| !twos || parts(code(plot, point)).len() == 2).collect()
}

/// The intersections of a panel; without the hidden ones, where they are many.
fn shown(plot: &Plot, panel: usize) -> Vec<&Point> {
    let is_one = |point: &&Point| point.panel == panel && point.says() && parts(code(plot, point)).len() > 1;
    let all: Vec<&Point> = plot.points.iter().filter(is_one).collect();
    if all.len() <= ALL { all } else { all.into_iter().filter(|point| !point.hidden).collect() }
}

/// Whether intersections of more than two sets stand in the table alone, because there are too many in all.
pub(super) fn only_twos(plot: &Plot) -> bool {
    (0..plot.panels.len()).map(|panel| shown(plot, panel).len()).sum::<usize>() > MOST
}

/// Whether it can be read.
pub(super) fn fits(plot: &Plot) -> bool {
    let number: usize = (0..plot.panels.len()).map(|panel| intersections(plot, panel).len()).sum();
    if has_any(plot) { sets(plot).len() <= SETS && number <= MOST } else { plot.points.len() <= super::ROWS }
}

/// How many intersections fit beside each other, and how far apart.
fn pitch(plot: &Plot) -> (usize, f64) {
    let text = plot.points.iter().map(|point| width(point.mark())).fold(28.0, f64::max) + 8.0;
    let mut most = 1;
    while most < 12 && float(most + 1) * text <= WIDTH - MATRIX {
        most += 1;
    }
    (most, ((WIDTH - MATRIX) / float(most)).min(52.0))
}

/// All panels.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot) {
    let sets = sets(plot);
    let of = |single: bool| {
        let points = plot.points.iter().filter(move |point| (parts(code(plot, point)).len() == 1) == single);
        points.filter_map(|point| point.value.or(point.span.map(|(_, high)| high))).fold(0.0, f64::max)
    };
    let scale = |most: f64, room: f64| if most > 0.0 { room / most } else { 0.0 };
    let sizes = plot.points.iter().map(|point| width(point.mark())).fold(0.0, f64::max) + 8.0;
    let units = (scale(of(true), (SIZES - sizes).max(30.0)), scale(of(false), HIGH));
    let (most, pitch) = pitch(plot);
    let wraps = sets.iter().any(|set| lines(name(plot, set), NAME, 2).len() > 1);
    let row = ROWS[usize::from(wraps)];
    for panel in 0..plot.panels.len() {
        canvas.heading(&plot.panels[panel]);
        let all = intersections(plot, panel);
        // Pieces of about the same length; one without intersections where none is there, for the sets alone.
        let pieces = all.len().div_ceil(most).max(1);
        let bands: Vec<&[&Point]> = match all.len() {
            0 => vec![&[]],
            number => all.chunks(number.div_ceil(pieces)).collect(),
        };
        for (at, band) in bands.iter().enumerate() {
            let matrix = Matrix { plot, panel, sets: &sets, row, units, pitch, sizes: at == 0 };
            matrix.draw(canvas, band);
        }
    }
}

/// A piece of the plot: some intersections over all sets.
struct Matrix<'a> {
    plot: &'a Plot,
    panel: usize,
    sets: &'a [&'a str],
    /// Height of a set's line.
    row: f64,
    /// Units of the sets' bars and of the intersections' for one of what is counted.
    units: (f64, f64),
    pitch: f64,
    /// Whether the sets' sizes stand here.
    sizes: bool,
}

impl Matrix<'_> {
    fn x(&self, at: usize) -> f64 {
        MATRIX + (float(at) + 0.5) * self.pitch
    }

    fn draw(&self, canvas: &mut Canvas, band: &[&Point]) {
        let highest = band.iter().filter_map(|point| point.value.or(point.span.map(|(_, high)| high)));
        let high = highest.fold(0.0, f64::max) * self.units.1 + LINE + 6.0;
        let high = high.max(2.0 * LINE + 16.0);
        let base = canvas.y + high;
        let together = canvas.language.choose("Kendt flere steder", "Known at several");
        let each = canvas.language.choose("Hver for sig", "Each by itself");
        canvas.text("end light", MATRIX - 10.0, base - LINE / 2.0, &fit(together, 160.0));
        if self.sizes {
            canvas.text("end light", SIZES, base - LINE / 2.0, each);
        }
        let right = self.x(band.len().max(1)) - self.pitch / 2.0;
        canvas.line("axis", (MATRIX, base), (right, base));
        for (at, point) in band.iter().enumerate() {
            self.bar(canvas, point, self.x(at), base);
        }
        canvas.y = base + 8.0;
        let top = canvas.y;
        for (row, set) in self.sets.iter().enumerate() {
            self.set(canvas, set, top + (float(row) + 0.5) * self.row, right);
        }
        for (at, point) in band.iter().enumerate() {
            self.dots(canvas, point, self.x(at), top);
        }
        canvas.y = top + float(self.sets.len()) * self.row + 14.0;
    }

    /// The bar of an intersection.
    fn bar(&self, canvas: &mut Canvas, point: &Point, x: f64, base: f64) {
        let title = title(self.plot, point);
        let half = (self.pitch / 2.0 - 5.0).min(14.0);
        let mut end = base;
        if let Some(value) = point.value {
            end = base - value * self.units.1;
            canvas.rect("bar c0", (x - half, base), (x + half, end), &title);
        } else if let Some((low, high)) = point.span {
            end = base - high * self.units.1;
            canvas.rect("bound", (x - half, base - low * self.units.1), (x + half, end), &title);
        }
        let class = if point.hidden { "middle light" } else { "middle" };
        canvas.text(class, x, end - LINE / 2.0 - 1.0, point.mark());
    }

    /// A set's name, with its size where that is given.
    fn set(&self, canvas: &mut Canvas, set: &str, middle: f64, right: f64) {
        let name = name(self.plot, set);
        canvas.block("", NAMES, middle, &lines(name, NAME, 2), name);
        canvas.line("grid", (MATRIX, middle), (right, middle));
        let size = self.plot.points.iter().find(|point| {
            self.sizes && point.panel == self.panel && code(self.plot, point) == set && point.says()
        });
        let Some(size) = size else { return };
        let title = title(self.plot, size);
        let mut end = SIZES;
        if let Some(value) = size.value {
            end = SIZES - value * self.units.0;
            canvas.rect("bar size", (end, middle - 7.0), (SIZES, middle + 7.0), &title);
        } else if let Some((low, high)) = size.span {
            end = SIZES - high * self.units.0;
            let from = SIZES - low * self.units.0;
            canvas.rect("bound", (from, middle - 7.0), (end, middle + 7.0), &title);
        }
        let text = if size.hidden { HIDDEN_MARK } else { &size.text };
        canvas.text(if size.hidden { "end light" } else { "end" }, end - 5.0, middle, text);
    }

    /// The dots of an intersection: full where a set is part of it, and joined.
    fn dots(&self, canvas: &mut Canvas, point: &Point, x: f64, top: f64) {
        let parts = parts(code(self.plot, point));
        let y = |row: usize| top + (float(row) + 0.5) * self.row;
        let rows: Vec<usize> = (0..self.sets.len()).filter(|row| parts.contains(&self.sets[*row])).collect();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            canvas.line("join", (x, y(*first)), (x, y(*last)));
        }
        for row in 0..self.sets.len() {
            canvas.dot(if rows.contains(&row) { "dot in" } else { "dot" }, (x, y(row)), BASE);
        }
    }
}
