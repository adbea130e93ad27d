//! What is summed: amounts, and budgets made of them.

use std::ops::Range;

use toml::Spanned;

use super::super::super::model::{Role, Text};
use super::super::super::question::{Amount, AmountView, Budget, BudgetElement, Item, QuestionKind};
use super::super::super::raw::{self, ViewWord};
use super::super::Checker;
use super::Asked;
use crate::limits;

/// Who would pay longer than this is not known.
const MOST_YEARS: u32 = 30;
/// 100 per cent a year.
const MOST_DISCOUNT: u32 = 10_000;

impl Checker<'_> {
    pub(super) fn amount(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        let index = self.needed_stage(asked, raw.index.as_ref(), "index");
        let window = self.needed(asked, raw.window.as_ref(), "window");
        let window = window.map(|window| self.window(asked, window, "window"));
        let view = self.view(
            asked,
            &[(ViewWord::Sum, "sum", AmountView::Sum), (ViewWord::None, "none", AmountView::None)],
        );
        let entries = raw.sum.as_deref().unwrap_or_default();
        let price = raw.price_oere.as_ref();
        if let Some(price) = price.filter(|_| view == AmountView::None) {
            self.wrong(price.span(), asked.at("price_oere"), "view none counts units: leave the price out");
        }
        let item = self.item(asked, entries, (price, raw.measured_in.as_ref()), ("", raw.id.span()));
        let by = raw.by.as_ref().map(|by| {
            let dataset = item.as_ref()?.events.first()?.dataset;
            if item.as_ref()?.events.iter().any(|event| event.dataset != dataset) {
                let message = "by is a column of one dataset, and the sum reads several";
                self.wrong(by.span(), asked.at("by"), message);
                return None;
            }
            let at = self.column_of(dataset, by, &asked.at("by"), asked.programme)?;
            let category =
                matches!(asked.programme.datasets[dataset].columns[at].role, Role::Category { .. });
            if !category {
                self.wrong(by.span(), asked.at("by"), "by is a category column");
            }
            Some(at)
        });
        if let Some(place) = raw.by.as_ref().filter(|_| view == AmountView::None) {
            let message = "view none counts units, which have no column of a row: leave by out";
            self.wrong(place.span(), asked.at("by"), message);
        }
        let by = match by {
            Some(by) => Some(by?),
            None => None,
        };
        Some(QuestionKind::Amount(Amount { index: index?, item: item?, window: window?, by, view }))
    }

    /// Rows to sum; `part` is the path within the question, with the place of what has them.
    fn item(
        &mut self,
        asked: &Asked<'_>,
        entries: &[raw::Event],
        (price, measured_in): (Option<&Spanned<u64>>, Option<&Spanned<Text>>),
        (part, span): (&str, Range<usize>),
    ) -> Option<Item> {
        let name = |field: &str| asked.at(&format!("{part}{field}"));
        if entries.is_empty() || entries.len() > limits::MAX_QUESTION_PARTS {
            let message = format!("name 1 to {} kinds of rows to sum", limits::MAX_QUESTION_PARTS);
            self.wrong(span, name("sum"), message);
            return None;
        }
        let (mut events, mut measures) = (Vec::new(), Vec::new());
        // Unit, decimals and greatest value of a row: 1 of no unit without a measure.
        let mut scales: Vec<(Option<&str>, u8, i64)> = Vec::new();
        for entry in entries {
            let event = self.event(entry, &name("sum"), asked.programme)?;
            let measure = match &entry.measure {
                Some(column) => {
                    let (at, measure) = self.summed(event.dataset, column, &name("sum"), asked.programme)?;
                    scales.push((Some(measure.unit.as_str()), measure.decimals, measure.max));
                    Some(at)
                }
                None => {
                    scales.push((None, 0, 1));
                    None
                }
            };
            if events.contains(&event) {
                self.wrong(entry.dataset.span(), name("sum"), "the same rows are summed twice");
            }
            events.push(event);
            measures.push(measure);
        }
        let (unit, decimals, _) = scales[0];
        if scales.iter().any(|scale| (scale.0, scale.1) != (unit, decimals)) {
            let message = "all that is summed together has one unit and one number of decimals";
            self.wrong(entries[0].dataset.span(), name("sum"), message);
        }
        let greatest = scales.iter().map(|scale| scale.2).max().unwrap_or(1);
        let (unit, decimals) = match (price, measured_in) {
            (Some(price), given) => {
                if let Some(given) = given {
                    let message = "what has a price is in kr.: leave it out";
                    self.wrong(given.span(), name("measured_in"), message);
                }
                self.price(price, greatest, decimals, &name("price_oere"));
                (Text { da: "kr.".to_owned(), en: "kr.".to_owned() }, 2)
            }
            (None, Some(given)) => (given.get_ref().clone(), decimals),
            (None, None) => match unit {
                Some(unit) => (Text { da: unit.to_owned(), en: unit.to_owned() }, decimals),
                None => {
                    let message = "say what is counted: measured_in = { da = \"…\", en = \"…\" }";
                    self.wrong(entries[0].dataset.span(), name("measured_in"), message);
                    return None;
                }
            },
        };
        let price = price.map(|price| *price.get_ref());
        Some(Item { events, measure: measures, price, unit, decimals })
    }

    /// What one row can be worth, so that no sum runs over.
    fn price(&mut self, price: &Spanned<u64>, greatest: i64, decimals: u8, field: &str) {
        let whole = 10_u128.pow(u32::from(decimals.min(4)));
        let greatest = u128::try_from(greatest).unwrap_or(0).div_ceil(whole).max(1);
        let most = limits::MAX_ROW_OERE;
        if *price.get_ref() == 0 || u128::from(*price.get_ref()) * greatest > u128::from(most) {
            let message = format!("in øre, at least 1, and one row worth at most {most}");
            self.wrong(price.span(), field, message);
        }
    }

    pub(super) fn budget(&mut self, asked: &Asked<'_>) -> Option<QuestionKind> {
        let raw = asked.raw;
        let index = self.needed_stage(asked, raw.index.as_ref(), "index");
        let days = self.needed(asked, raw.days_each_way.as_ref(), "days_each_way");
        let days = days.map(|days| self.number_of_days(asked, days, 1, "days_each_way"));
        let years = self.needed(asked, raw.years.as_ref(), "years");
        let discount = self.needed(asked, raw.discount_basis_points.as_ref(), "discount_basis_points");
        let scenarios = self.needed(asked, raw.scenarios_percent.as_ref(), "scenarios_percent");
        if let Some(years) = years.filter(|years| !(1..=MOST_YEARS).contains(years.get_ref())) {
            self.wrong(years.span(), asked.at("years"), format!("1 to {MOST_YEARS} years are allowed"));
        }
        if let Some(discount) = discount.filter(|discount| *discount.get_ref() > MOST_DISCOUNT) {
            let message = format!("hundredths of a per cent a year, at most {MOST_DISCOUNT}");
            self.wrong(discount.span(), asked.at("discount_basis_points"), message);
        }
        if let Some(place) = scenarios {
            let of = place.get_ref();
            if of.low > of.likely || of.likely > of.high || of.high > 100 {
                let message = "what remains of the effect: low at most likely, likely at most high, high at most 100 per cent";
                self.wrong(place.span(), asked.at("scenarios_percent"), message);
            }
        }
        let raw = raw.elements.as_deref().unwrap_or_default();
        self.parts(asked, raw.iter().map(|element| &element.id), "element");
        let mut elements = Vec::new();
        for element in raw {
            let part = format!("element.{}.", element.id.get_ref());
            let price = element.price_oere.as_ref();
            if price.is_none() {
                let message = "a budget is of money: give the price of one unit, in øre";
                self.wrong(element.id.span(), asked.at(&format!("{part}price_oere")), message);
            }
            let item = self.item(asked, &element.sum, (price, None), (&part, element.id.span()));
            if price.is_some()
                && let Some(item) = item
            {
                elements.push(BudgetElement {
                    id: element.id.get_ref().to_string(),
                    title: element.title.clone(),
                    payer: element.payer.get_ref().to_string(),
                    item,
                });
            }
        }
        let scenarios = scenarios?.get_ref();
        (elements.len() == raw.len()).then_some(())?;
        Some(QuestionKind::Budget(Budget {
            index: index?,
            days: days?,
            elements,
            years: *years?.get_ref(),
            discount: *discount?.get_ref(),
            scenarios: [scenarios.low, scenarios.likely, scenarios.high],
        }))
    }
}
