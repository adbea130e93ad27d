//! Figures of the table below an axis, each under its tick: those at risk below a curve, the counts below a series.

use super::canvas::{Canvas, LINE, WIDTH, fit, width};
use super::curve::{View, apart};
use crate::answer::model::Chart;
use crate::answer::plot::Point;

/// The strips of a field.
pub(super) fn draw(canvas: &mut Canvas, view: &View<'_>) {
    let plot = view.plot;
    if plot.chart == Chart::Survival {
        if let Some(heading) = plot.beside.first() {
            strip(canvas, view, heading, |point| point.beside.first().cloned().unwrap_or_default());
        }
        let unsure = |point: &&Point| point.hidden || point.bound;
        if view.groups.iter().any(|group| view.points(*group).iter().any(|point| unsure(&point))) {
            strip(canvas, view, &plot.measure, |point| point.mark().to_owned());
        }
    } else {
        strip(canvas, view, &plot.measure, |point| point.mark().to_owned());
    }
}

fn strip(canvas: &mut Canvas, view: &View<'_>, heading: &str, text: impl Fn(&Point) -> String) {
    let shown = fit(heading, WIDTH / 1.12);
    canvas.text("head", 0.0, canvas.y + LINE / 2.0, &shown);
    canvas.y += LINE + 3.0;
    for group in &view.groups {
        let middle = canvas.y + LINE / 2.0;
        let name = &view.plot.groups[*group];
        let label = fit(name, view.left - 8.0);
        canvas.titled_text("", 0.0, middle, &label, if label == *name { "" } else { name });
        let mut texts = vec![String::new(); view.places.len()];
        let mut hidden = Vec::new();
        for point in view.points(*group) {
            texts[point.category] = text(point);
            if point.hidden {
                hidden.push(point.category);
            }
        }
        let widths: Vec<f64> = texts.iter().map(|text| width(text)).collect();
        for at in apart(&view.places, &widths, &hidden) {
            canvas.text("middle", view.places[at], middle, &texts[at]);
        }
        canvas.y += LINE + 2.0;
    }
    canvas.y += 4.0;
}
