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
        if view.groups.iter().any(|group| view.points(*group).iter().any(unsure)) {
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
    let rows: Vec<(usize, Vec<String>, Vec<usize>)> = view
        .groups
        .iter()
        .map(|group| {
            let mut texts = vec![String::new(); view.places.len()];
            let mut hidden = Vec::new();
            for point in view.points(*group) {
                texts[point.category] = text(point);
                if point.hidden {
                    hidden.push(point.category);
                }
            }
            (*group, texts, hidden)
        })
        .collect();
    // Below a curve all rows have figures at the same ticks, each of which has a label; below a series what is hidden
    // stands there first.
    let wide = |at: usize| rows.iter().map(|(_, texts, _)| width(&texts[at])).fold(0.0, f64::max);
    let is_labelled = |at: usize| view.plot.chart == Chart::Series || view.labelled.contains(&at);
    let widest: Vec<f64> =
        (0..view.places.len()).map(|at| if is_labelled(at) { wide(at) } else { 0.0 }).collect();
    let common = apart(&view.places, &widest, &[]);
    for (group, texts, hidden) in &rows {
        let middle = canvas.y + LINE / 2.0;
        if rows.len() > 1 {
            let name = &view.plot.groups[*group];
            let label = fit(name, view.left - 8.0);
            canvas.titled_text("", 0.0, middle, &label, if label == *name { "" } else { name });
        }
        let widths: Vec<f64> = texts.iter().map(|text| width(text)).collect();
        let own = || apart(&view.places, &widths, hidden);
        let shown = if view.plot.chart == Chart::Series { own() } else { common.clone() };
        for at in shown {
            if !texts[at].is_empty() {
                canvas.text("middle", view.places[at], middle, &texts[at]);
            }
        }
        canvas.y += LINE + 2.0;
    }
    canvas.y += 4.0;
}
