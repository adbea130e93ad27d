//! The drawing of an answer as inline SVG: no script, no style attribute, nothing fetched.
//!
//! Colours, dashes and sizes are classes ([`CHART_CSS`]). A mark has a title with its figure as the table has it; the
//! whole has a title and a description in words. Nothing is told by colour alone: panels have headings, lines have dashes,
//! marks of their own and labels at their ends. A hidden figure is the mark `··` and no shape.

mod bars;
mod canvas;
mod curve;
mod pairs;
mod strip;
mod upset;
mod words;

use self::canvas::{Canvas, WIDTH, round};
use super::escape::html as safe;
use super::model::{Answer, Chart};
use super::plot::Plot;
use crate::language::Language;

/// The style of a chart: rules for `svg.chart` and `figure.chart` and what stands in them, and no others.
///
/// Whoever puts a chart on a page puts this on it too, inside or as a file of its own.
pub const CHART_CSS: &str = include_str!("../chart.css");

/// More panels than that, or lines in one, cannot be told apart.
const PANELS: usize = 6;
/// More bars or rows than that are read in the table.
const ROWS: usize = 72;
/// More places than that along an axis have no room for their marks.
const PLACES: usize = 60;

/// Why an answer that is drawn otherwise is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotDrawn {
    /// Every figure that would be drawn is hidden or does not apply.
    Nothing,
    /// More groups than can be told apart.
    Groups,
    /// More bars or points than can be read.
    Points,
}

impl NotDrawn {
    const fn words(self, language: Language) -> &'static str {
        match self {
            NotDrawn::Nothing => language.choose(
                "Der er ingen tegning: intet tal, der kunne tegnes, er vist.",
                "There is no drawing: no figure that could be drawn is shown.",
            ),
            NotDrawn::Groups => language.choose(
                "Der er ingen tegning: grupperne er flere, end at de kan skelnes. Læs tabellen, eller spørg med færre inddelinger.",
                "There is no drawing: there are more groups than can be told apart. Read the table, or ask with fewer dimensions.",
            ),
            NotDrawn::Points => language.choose(
                "Der er ingen tegning: tallene er flere, end at en tegning kan læses. Læs tabellen, eller spørg med færre inddelinger.",
                "There is no drawing: there are more figures than a drawing can be read with. Read the table, or ask with fewer dimensions.",
            ),
        }
    }
}

impl Answer {
    /// The drawing as one `<svg>` element, to stand in a page that has [`CHART_CSS`]; `None` where the answer is of a
    /// kind that is not drawn, or [`no_chart`](Answer::no_chart) says why it is not.
    ///
    /// `id` begins the ids of its title and description: two charts on a page need two. Every text is escaped. The SVG
    /// has no size of its own: it is as wide as what it stands in.
    #[must_use]
    pub fn chart(&self, language: Language, id: &str) -> Option<String> {
        let plot = Plot::of(self, language)?;
        draw(&plot, &self.heading(language), id, language).ok()
    }

    /// Why an answer of a kind that is drawn is not, in words; `None` where it is drawn, or of no such kind.
    #[must_use]
    pub fn no_chart(&self, language: Language) -> Option<&'static str> {
        let plot = Plot::of(self, language)?;
        readable(&plot).err().map(|why| why.words(language))
    }

    /// The drawing in a `<figure class="chart">` with its caption, which can be scrolled on a narrow screen; or, where it
    /// is not drawn, a paragraph that says why. `None` where the answer is of a kind that is not drawn.
    #[must_use]
    pub fn chart_figure(&self, language: Language, id: &str) -> Option<String> {
        let plot = Plot::of(self, language)?;
        let heading = self.heading(language);
        match draw(&plot, &heading, id, language) {
            Ok(svg) => {
                let label = safe(&heading);
                let caption = safe(&words::caption(&plot, language));
                Some(format!(
                    "<figure class=\"chart\">\n<div class=\"drawing\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\">\n{svg}\n</div>\n\
                     <figcaption>{caption}</figcaption>\n</figure>\n"
                ))
            }
            Err(why) => Some(format!("<p class=\"no-chart\">{}</p>\n", why.words(language))),
        }
    }
}

/// Whether it can be drawn so that it can be read.
fn readable(plot: &Plot) -> Result<(), NotDrawn> {
    if !plot.points.iter().any(|point| point.value.is_some() || point.span.is_some()) {
        return Err(NotDrawn::Nothing);
    }
    let (panels, groups, places) = (plot.panels.len(), plot.groups.len(), plot.categories.len());
    if panels > PANELS || groups > PANELS {
        return Err(NotDrawn::Groups);
    }
    let many = match plot.chart {
        Chart::Survival | Chart::Series => places > PLACES,
        Chart::Overlap => !upset::fits(plot),
        Chart::Funnel | Chart::BeforeAfter | Chart::Costs | Chart::Other => {
            plot.points.iter().filter(|point| point.says()).count() > ROWS
        }
    };
    if many { Err(NotDrawn::Points) } else { Ok(()) }
}

/// The drawing.
fn draw(plot: &Plot, title: &str, id: &str, language: Language) -> Result<String, NotDrawn> {
    readable(plot)?;
    let mut canvas = Canvas::new(language);
    match plot.chart {
        Chart::Survival | Chart::Series => curve::draw(&mut canvas, plot),
        Chart::Overlap if upset::has_any(plot) => upset::draw(&mut canvas, plot),
        Chart::BeforeAfter => pairs::draw(&mut canvas, plot),
        Chart::Overlap | Chart::Funnel | Chart::Costs | Chart::Other => bars::draw(&mut canvas, plot),
    }
    let id = safe(id);
    Ok(format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"{id}-t\" aria-describedby=\"{id}-d\">\n\
         <title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>\n{}</svg>",
        round(canvas.y + 6.0),
        safe(title),
        safe(&words::description(plot, language)),
        canvas.body,
    ))
}
