//! A drawing in words: its description for whoever cannot see it, and its caption.

use super::upset;
use crate::answer::model::Chart;
use crate::answer::plot::{Plot, Point};
use crate::language::Language;

/// More points than that: only the first and the last that is shown of each group are read out.
const ALL: usize = 32;

/// What kind of drawing it is, and how it is read.
fn kind(plot: &Plot, language: Language) -> &'static str {
    match plot.chart {
        Chart::Funnel => language.choose(
            "Tragt: en søjle for hvert trin, det første øverst.",
            "Funnel: a bar for each step, the first on top.",
        ),
        Chart::Survival => language.choose(
            "Kaplan-Meier: en trappelinje over tid med et bånd for intervallet.",
            "Kaplan-Meier: a step line over time with a band for the interval.",
        ),
        Chart::Overlap if upset::has_any(plot) => language.choose(
            "UpSet: en søjle for hver kombination; prikkerne under den viser hvilke. En søjle er alle, der er kendt ved de markerede, hvad enten de også er kendt ved andre.",
            "UpSet: a bar for each combination; the dots below it show which. A bar is all who are known at those marked, whatever others they are known at.",
        ),
        Chart::BeforeAfter => language.choose(
            "Før og efter: et mærke for hvert tidspunkt, det første tomt, med en linje imellem.",
            "Before and after: a mark for each moment, the first one open, with a line between.",
        ),
        Chart::Costs => language.choose("Søjler: et beløb hver.", "Bars: an amount each."),
        Chart::Series => language.choose("Linjer over kvartaler.", "Lines over quarters."),
        Chart::Overlap | Chart::Other => language.choose("Søjler.", "Bars."),
    }
}

/// What the drawing shows, in words: what it is, and its figures as the table has them.
pub(super) fn description(plot: &Plot, language: Language) -> String {
    let mut text = format!("{} {}.", kind(plot, language), plot.measure.trim_end_matches('.'));
    let mut said: Vec<&Point> = plot.points.iter().filter(|point| point.says()).collect();
    // Each combination stands for itself: all that are shown are read out, and how many are hidden.
    let each = plot.chart == Chart::Overlap;
    if each && said.len() > ALL {
        said.retain(|point| !point.hidden);
    }
    let all = each || said.len() <= ALL;
    let by_group = plot.chart != Chart::BeforeAfter;
    for panel in 0..plot.panels.len() {
        // Read out along the axis, group by group; before and after place by place.
        let of = if by_group { plot.groups.len() } else { plot.categories.len() };
        for at in 0..of {
            let is_here = |point: &&&Point| {
                point.panel == panel && at == if by_group { point.group } else { point.category }
            };
            let points: Vec<&Point> = said.iter().filter(is_here).copied().collect();
            if points.is_empty() {
                continue;
            }
            let name = if by_group {
                plot.shade(panel, at)
            } else {
                let parts = [&plot.panels[panel], &plot.categories[at].label];
                parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
            };
            let read = |point: &Point| {
                let place = &plot.categories[point.category].label;
                let place = if by_group { place } else { &plot.groups[point.group] };
                format!("{place} {}", figure(point, language)).trim().to_owned()
            };
            let figures = if all {
                points.iter().map(|point| read(point)).collect::<Vec<_>>().join("; ")
            } else {
                ends(&points, read, language)
            };
            text += " ";
            if !name.is_empty() {
                text += &format!("{name}: ");
            }
            text += &format!("{figures}.");
        }
    }
    for change in &plot.changes {
        let places = [&plot.panels[change.panel], &plot.categories[change.category].label, &change.title];
        let places: Vec<&str> =
            places.into_iter().filter(|place| !place.is_empty()).map(String::as_str).collect();
        text += &format!(" {}: {}.", places.join(" · "), change.text);
    }
    let hidden = plot.hidden_words(language);
    if !hidden.is_empty() {
        text += &format!(" {hidden}.");
    }
    text + language.choose(" Tallene står i tabellen.", " The figures are in the table.")
}

fn figure(point: &Point, language: Language) -> String {
    if point.hidden {
        return language.choose("skjult", "hidden").to_owned();
    }
    let mut text = point.text.clone();
    if !point.interval.is_empty() {
        text += &format!(" ({})", point.interval);
    }
    text
}

/// The first and the last figure that is shown.
fn ends(points: &[&Point], read: impl Fn(&Point) -> String, language: Language) -> String {
    let mut shown = points.iter().filter(|point| !point.hidden);
    match (shown.next(), shown.next_back()) {
        (Some(first), Some(last)) => match language {
            Language::Da => format!("først {}; sidst {}", read(first), read(last)),
            Language::En => format!("first {}; last {}", read(first), read(last)),
        },
        (Some(only), None) => read(only),
        (None, _) => language.choose("alt er skjult", "all is hidden").to_owned(),
    }
}

/// What stands below the drawing.
pub(super) fn caption(plot: &Plot, language: Language) -> String {
    let mut text = format!("{} {}.", kind(plot, language), plot.measure.trim_end_matches('.'));
    let hidden = plot.hidden_words(language);
    if !hidden.is_empty() {
        text += &format!(" {hidden}.");
    }
    if plot.chart == Chart::Overlap && upset::only_twos(plot) {
        text += language.choose(
            " Kombinationer af flere end to står kun i tabellen.",
            " Combinations of more than two stand in the table alone.",
        );
    }
    if plot.panels.len() > 1 {
        text += language.choose(" Alle felter har samme målestok.", " All panels have the same scale.");
    }
    if plot.points.iter().any(|point| point.bound) {
        text += language.choose(
            " Et stiplet felt viser, hvor et tal ligger, som kun er givet ved en grænse.",
            " A dashed field shows where a figure lies that is given by a bound only.",
        );
    }
    if plot.points.iter().any(|point| !point.bound && point.span.is_some()) {
        text += match plot.chart {
            Chart::Costs => language.choose(
                " Stregen går fra det lave til det høje skøn.",
                " The rule reaches from the low to the high estimate.",
            ),
            Chart::Survival => "",
            _ => language.choose(" Stregen er intervallet.", " The rule is the interval."),
        };
    }
    text
}
