//! What an effect is worth, to whom and when.
//!
//! Counted and released are sums, per element, in as many days before the index and after it, over the same units:
//! those with all these days between the programme's first day and the day of the snapshot. The index day itself is in
//! neither. What is shown is made of those released means and nothing else:
//!
//! > amount of year n = Σ elements of the payer (mean after − mean before) × 365 / days × share that remains ÷ (1 + rate)^(n − 1)
//!
//! Less spent is negative. Year 1 is not discounted. A hidden mean hides everything of its payer. The row `all` is the
//! sum over the years, and figures in all are those per unit times the shown count.

use super::events::Events;
use super::item::{Summed, Sums};
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::plan::Frame;
use super::rows::UnitRows;
use super::sources::Sources;
use super::tally::Tally;
use super::timeline::Timeline;
use crate::disclosure::{Extra, ExtraHead, Figure, Head, Row, Shape, Table};
use crate::programme::{Budget as Asked, Text};

/// Sums what a budget is made of, and makes it.
#[derive(Debug)]
pub(super) struct Budget {
    asked: Asked,
    index: Events,
    items: Vec<Summed>,
    /// By element: whose rows are summed.
    summed: Vec<Sources>,
    first: i32,
    last: i32,
    begin: i32,
    sealed: i32,
    measure: String,
}

/// Sides of the index.
const SIDES: [(&str, &str, &str); 2] = [("before", "Før", "Before"), ("after", "Efter", "After")];
/// Figures of the derived table after count and families: per unit, and in all.
const FIGURES: [[&str; 3]; 2] = [["low", "likely", "high"], ["low_total", "likely_total", "high_total"]];
/// Days of a year of the budget.
const YEAR: f64 = 365.0;

impl Budget {
    /// A budget.
    pub(super) fn new(frame: &Frame<'_>, asked: &Asked) -> Budget {
        Budget {
            index: frame.events(&[asked.index]),
            items: asked.elements.iter().map(|element| Summed::new(frame, &element.item)).collect(),
            summed: asked
                .elements
                .iter()
                .map(|element| frame.sources_of(element.item.events.iter().map(|event| event.dataset)))
                .collect(),
            first: frame.first,
            last: frame.last,
            begin: frame.begin,
            sealed: frame.sealed,
            measure: frame.measure("budget"),
            asked: asked.clone(),
        }
    }

    /// Payers in the order in which the elements name them.
    fn payers(&self) -> Vec<&str> {
        let mut payers: Vec<&str> = Vec::new();
        for element in &self.asked.elements {
            if !payers.contains(&element.payer.as_str()) {
                payers.push(&element.payer);
            }
        }
        payers
    }

    /// Codes of the years, with the weight of each: what one krone a year is worth in it.
    fn years(&self) -> Vec<(String, f64)> {
        let rate = 1.0 + f64::from(self.asked.discount) / 10_000.0;
        let mut years = Vec::new();
        let (mut weight, mut all) = (1.0, 0.0);
        for year in 1..=self.asked.years {
            years.push((year.to_string(), weight));
            all += weight;
            weight /= rate;
        }
        years.push(("all".to_owned(), all));
        years
    }
}

impl Kernel for Budget {
    fn columns(&self) -> Vec<Column> {
        let elements = self.asked.elements.iter().map(|element| (element.id.clone(), element.title.clone()));
        let sides = SIDES.iter().map(|(id, da, en)| ((*id).to_owned(), text(da, en)));
        vec![
            Column { id: "element", title: text("Ydelse", "Element"), codes: elements.collect() },
            Column { id: "side", title: text("Før eller efter", "Before or after"), codes: sides.collect() },
        ]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        let elements = self.asked.elements.iter();
        elements
            .flat_map(|element| SIDES.iter().map(|(side, _, _)| vec![element.id.clone(), (*side).to_owned()]))
            .collect()
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Overlap
    }

    fn follows(&self) -> Vec<Sources> {
        self.summed.iter().flat_map(|element| SIDES.map(|_| *element)).collect()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Summing { budget: self, timeline: Timeline::default(), sums: Sums::default() })
    }

    fn extra_head(&self) -> Option<ExtraHead> {
        Some(ExtraHead {
            measure: self.measure.clone(),
            unit: Some(text("kr.", "kr.")),
            decimals: 2,
            bands: Vec::new(),
        })
    }

    fn keeps(&self) -> bool {
        false
    }

    fn measure(&self, tail: usize) -> Option<String> {
        let (element, side) = (&self.asked.elements[tail / SIDES.len()].id, SIDES[tail % SIDES.len()].0);
        Some(format!("{}/{element}/{side}", self.measure))
    }

    fn extra(&self, group: &[Tally], tail: usize) -> Option<Extra> {
        Some(Extra::Sum(group[tail].parts.clone()))
    }

    fn derived_columns(&self) -> Option<Vec<Column>> {
        let title = |year: &str| match year {
            "all" => text("Alle år", "All years"),
            year => text(&format!("År {year}"), &format!("Year {year}")),
        };
        let payers = self.payers().into_iter().map(|payer| (payer.to_owned(), text(payer, payer)));
        let years = self.years().into_iter().map(|(year, _)| {
            let title = title(&year);
            (year, title)
        });
        Some(vec![
            Column { id: "payer", title: text("Betaler", "Payer"), codes: payers.collect() },
            Column { id: "year", title: text("År", "Year"), codes: years.collect() },
        ])
    }

    fn derive(&self, axes: usize, table: Table) -> Table {
        let unit = text("kr.", "kr.");
        let mut figures = vec![Head::of("count"), Head::of("families")];
        figures.extend(FIGURES.iter().flatten().map(|id| Head::of(id).in_unit(Some(&unit), 0)));
        let mut columns = table.columns[..axes.min(table.columns.len())].to_vec();
        columns.extend(["payer".to_owned(), "year".to_owned()]);
        let tails = self.asked.elements.len() * SIDES.len();
        let mut rows = Vec::new();
        for (group, of_group) in table.rows.chunks(tails.max(1)).enumerate() {
            let mean = |element: usize, side: usize| match table
                .figure(group * tails + element * SIDES.len() + side, "mean")
            {
                Some(Figure::Number(mean)) => Some(mean),
                _ => None,
            };
            for payer in self.payers() {
                let elements = self.asked.elements.iter().enumerate();
                let effect = elements
                    .filter(|(_, element)| element.payer == payer)
                    .try_fold(0.0, |effect, (element, _)| {
                        Some(effect + mean(element, 1)? - mean(element, 0)?)
                    });
                let a_year = effect.map(|effect| effect * YEAR / f64::from(self.asked.days.max(1)));
                for (year, weight) in self.years() {
                    rows.push(self.row(&of_group[0], axes, (payer, &year), a_year.map(|kr| kr * weight)));
                }
            }
        }
        Table { columns, figures, rows, totals: None, ..table }
    }

    fn chart(&self) -> Option<Chart> {
        Some(Chart::Costs)
    }

    fn notes(&self) -> Vec<Text> {
        let Asked { days, discount, scenarios: [low, likely, high], .. } = &self.asked;
        let per_cent = |separator: &str| format!("{}{separator}{:02}", discount / 100, discount % 100);
        vec![
            text(
                &format!(
                    "De samme, {days} dage før og {days} dage efter indeksdagen, som selv ikke tælles. Den, hvis dage ikke ligger helt inden for programmets dage og opgørelsesdagen, tælles ikke med."
                ),
                &format!(
                    "The same ones, {days} days before and {days} days after the index day, which itself is not counted. Whoever's days do not lie wholly within the programme's days and the day of the snapshot is not counted."
                ),
            ),
            text(
                &format!(
                    "Beregnet af viste gennemsnit alene: (efter − før) × 365 / {days} × den del, der holder ({low} %, {likely} %, {high} %), divideret med (1 + {} %)^(år − 1). Første år er ikke tilbagediskonteret. Negativt er mindre forbrug. Er en ydelse skjult, er betalerens tal det også.",
                    per_cent(",")
                ),
                &format!(
                    "Made of shown means alone: (after − before) × 365 / {days} × the share that remains ({low} %, {likely} %, {high} %), divided by (1 + {} %)^(year − 1). The first year is not discounted. Negative is less spent. Where an element is hidden, so are its payer's figures.",
                    per_cent(".")
                ),
            ),
        ]
    }
}

impl Budget {
    /// A row of the derived table: `of` is a shown row of the same units.
    fn row(&self, of: &Row, axes: usize, (payer, year): (&str, &str), kr: Option<f64>) -> Row {
        let mut key = of.key[..axes.min(of.key.len())].to_vec();
        key.extend([payer.to_owned(), year.to_owned()]);
        let mut figures = vec![Some(Figure::Count(of.count())), Some(Figure::Count(of.families()))];
        let kr = kr.zip(of.count().count());
        // Adding 0 makes of −0 a 0.
        let whole = |kr: f64| Some(Figure::Number(kr.round() + 0.0));
        let remains = |percent: &u32| f64::from(*percent) / 100.0;
        for times in [|_: u64| 1.0, |count: u64| count as f64] {
            figures.extend(self.asked.scenarios.iter().map(|percent| match kr {
                Some((kr, count)) => whole(kr * remains(percent) * times(count)),
                None => Some(Figure::Hidden),
            }));
        }
        Row { key, figures, snapshot: of.snapshot }
    }
}

struct Summing<'a> {
    budget: &'a Budget,
    timeline: Timeline,
    sums: Sums,
}

impl Worker for Summing<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let of = self.budget;
        self.timeline.read(rows, &of.index);
        let Some((index, at)) = self.timeline.index(rows, 0, of.first, of.last) else { return };
        let days = of.asked.days;
        let (from, to) = (index.saturating_sub_unsigned(days), index.saturating_add_unsigned(days));
        if from < of.begin || to > of.sealed {
            return;
        }
        found.index = Some(at);
        self.sums.clear();
        let sums = &mut self.sums;
        rows.each(|columns, row| {
            let day = columns.day[row.row];
            if day == index || !(from..=to).contains(&day) {
                return;
            }
            for (element, item) in of.items.iter().enumerate() {
                if let Some(quantity) = item.quantity(columns, row) {
                    let tail = element * SIDES.len() + usize::from(day > index);
                    sums.add(tail, columns.source[row.row], quantity);
                }
            }
        });
        for tail in 0..of.items.len() * SIDES.len() {
            found.put(tail);
        }
        for (tail, source, quantity) in self.sums.all() {
            found.put_part(tail, source, of.items[tail / SIDES.len()].worth(quantity));
        }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
