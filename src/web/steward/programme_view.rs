//! Parts of a programme as a page shows them: every text in the visitor's language.

use super::words;
use crate::disclosure::Rules;
use crate::language::Language;
use crate::programme::{Column, Programme, Role};
use crate::web::words::organisation;

/// A column.
pub(super) struct ColumnView {
    pub(super) id: String,
    pub(super) what: &'static str,
    /// Codes, or unit and bounds, or how fine a date may leave.
    pub(super) detail: String,
    pub(super) required: bool,
    /// Whether the partner works it out, so that its own files do not hold it as it leaves.
    pub(super) derived: bool,
}

/// A dataset.
pub(super) struct DatasetView {
    pub(super) title: String,
    pub(super) id: String,
    pub(super) partners: String,
    /// Purpose, kind of basis, what it rests on.
    pub(super) bases: Vec<(String, &'static str, String)>,
    pub(super) retention: Option<u32>,
    pub(super) columns: Vec<ColumnView>,
}

/// A registered question.
pub(super) struct QuestionView {
    pub(super) number: String,
    pub(super) title: String,
    pub(super) id: String,
    pub(super) definition: String,
    pub(super) purpose: String,
    pub(super) audience: &'static str,
    pub(super) dimensions: String,
    pub(super) standing: bool,
}

/// A number of the smallest unit, with its decimals.
fn scaled(value: i64, decimals: u8, l: Language) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    let sign = if value < 0 { "-" } else { "" };
    let text = if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") };
    l.grouped(&text)
}

fn column(programme: &Programme, column: &Column, l: Language) -> ColumnView {
    let detail = match &column.role {
        Role::Date => words::precision(column.precision, l).to_owned(),
        Role::Category { list } => {
            let codes = programme.code_lists[*list].codes.iter();
            codes.map(|code| l.of(&code.title)).collect::<Vec<_>>().join(", ")
        }
        Role::Measure(measure) => format!(
            "{}, {}–{}",
            measure.unit,
            scaled(measure.min, measure.decimals, l),
            scaled(measure.max, measure.decimals, l)
        ),
        _ => String::new(),
    };
    ColumnView {
        id: column.id.to_string(),
        what: words::role(&column.role, l),
        detail,
        required: column.required,
        derived: column.derive.is_some(),
    }
}

/// Title, id, for whom, and whether it is statistics alone.
pub(super) fn purposes(programme: &Programme, l: Language) -> Vec<(String, String, String, bool)> {
    let view = |purpose: &crate::programme::Purpose| {
        let recipients: Vec<String> =
            purpose.recipients.iter().map(|id| organisation(programme, id.as_str())).collect();
        (l.of(&purpose.title).to_owned(), purpose.id.to_string(), recipients.join(", "), purpose.statistical)
    };
    programme.purposes.iter().map(view).collect()
}

/// Every dataset.
pub(super) fn datasets(programme: &Programme, l: Language) -> Vec<DatasetView> {
    let title = |id: &crate::name::PurposeId| {
        programme.purpose(id).map_or_else(|| id.to_string(), |purpose| l.of(&purpose.title).to_owned())
    };
    let view = |dataset: &crate::programme::Dataset| DatasetView {
        title: l.of(&dataset.title).to_owned(),
        id: dataset.id.to_string(),
        partners: dataset
            .partners
            .iter()
            .map(|at| programme.partners[usize::from(*at)].name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        bases: dataset
            .bases
            .iter()
            .map(|basis| (title(&basis.purpose), words::basis(basis.kind, l), basis.rests_on.clone()))
            .collect(),
        retention: dataset.retention_days,
        columns: dataset.columns.iter().map(|of| column(programme, of, l)).collect(),
    };
    programme.datasets.iter().map(view).collect()
}

/// Every question.
pub(super) fn questions(programme: &Programme, l: Language) -> Vec<QuestionView> {
    let view = |question: &crate::programme::Question| {
        let dimensions = question.dimensions.iter().map(|at| l.of(&programme.dimensions[*at].title));
        QuestionView {
            number: question.number.clone(),
            title: l.of(&question.title).to_owned(),
            id: question.id.to_string(),
            definition: l.of(&question.definition).to_owned(),
            purpose: programme
                .purpose(&question.purpose)
                .map_or_else(|| question.purpose.to_string(), |purpose| l.of(&purpose.title).to_owned()),
            audience: words::audience(question.audience, l),
            dimensions: dimensions.collect::<Vec<_>>().join(", "),
            standing: question.standing,
        }
    };
    programme.questions.iter().map(view).collect()
}

/// The rules in force: rule, what it asks for, its number.
pub(super) fn profile(rules: &Rules, l: Language) -> Vec<(&'static str, &'static str, u64)> {
    vec![
        (
            "R1",
            l.choose("Færrest personer i en celle, der vises", "Fewest persons in a shown cell"),
            rules.persons(),
        ),
        (
            "R1",
            l.choose("Færrest familier i en celle, der vises", "Fewest families in a shown cell"),
            rules.families(),
        ),
        (
            "R3",
            l.choose("Antal afrundes til nærmeste", "Counts are rounded to the nearest"),
            rules.rounding(),
        ),
        (
            "R4",
            l.choose(
                "En andel vises kun, når både tæller og resten er over",
                "A rate is shown only when numerator and rest are both above",
            ),
            rules.rate_part(),
        ),
        (
            "R5",
            l.choose(
                "Så mange værdier skal en skjult celle mindst kunne have",
                "So many values must stay possible for a hidden cell",
            ),
            rules.values(),
        ),
        (
            "R6",
            l.choose("Flest dimensioner ud over perioden", "Most dimensions besides the period"),
            rules.dimensions() as u64,
        ),
        (
            "R8, R9",
            l.choose(
                "Afviger højst så mange personer, vises det, der blev vist før",
                "Where no more persons differ, what was shown before is shown again",
            ),
            rules.held(),
        ),
        (
            "R10",
            l.choose(
                "Færrest personer, når en celle går på tværs af partnere",
                "Fewest persons of a cell that crosses partners",
            ),
            rules.crossing(),
        ),
        ("R11", l.choose("Færrest enheder bag en sum", "Fewest units behind a sum"), rules.amount_units()),
        (
            "R12, R13",
            l.choose("Færrest enheder bag et gennemsnit", "Fewest units behind a mean"),
            rules.mean_units(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_with_their_decimals() {
        assert_eq!(scaled(0, 2, Language::Da), "0,00");
        assert_eq!(scaled(-5, 2, Language::En), "-0.05");
        assert_eq!(scaled(1_234_567, 2, Language::Da), "12.345,67");
        assert_eq!(scaled(42, 0, Language::En), "42");
    }
}
