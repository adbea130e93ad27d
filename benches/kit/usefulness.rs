//! Asking all tables of a programme under some rules, and what comes of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Instant;

use kobling::demo::play::Unplayed;
use kobling::disclosure::{Figure, Ledger, ReleaseContext, Rule, Rules, Shown, Table, Tabulation, release};
use kobling::name::{DimensionId, PopulationId};
use kobling::programme::{Question, QuestionKind};
use kobling::question::Ask;

/// What came of all tables.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Tables that were answered.
    pub tables: u64,
    /// Their cells, but for structural zeros.
    pub cells: u64,
    /// Of those, cells with at least as many persons and families as R1 asks for.
    pub large: u64,
    /// Cells shown.
    pub shown: u64,
    /// Large cells shown.
    pub large_shown: u64,
    /// Sums, means, spreads, medians, points of curves and rates over time.
    pub figures: u64,
    /// Of those, shown.
    pub figures_shown: u64,
    /// Sum of the distances between shown and true counts.
    pub error: u64,
    /// The largest of them.
    pub largest: u64,
}

/// A line of the report: what is in force, and what is switched off.
pub struct Line {
    pub name: String,
    pub off: Vec<Rule>,
}

/// Rules added one by one, then one left out at a time. R9 is about several snapshots, and there is one here; R2 changes
/// what a hidden cell looks like.
#[must_use]
pub fn lines() -> Vec<Line> {
    let added = [Rule::R1, Rule::R3, Rule::R8, Rule::R5, Rule::R6, Rule::R10];
    let figures = [Rule::R11, Rule::R12, Rule::R13, Rule::R14];
    let mut lines = vec![Line { name: "no rule".to_owned(), off: Rule::ALL.to_vec() }];
    for last in 0..added.len() {
        let name = match added[last] {
            Rule::R1 => "R1, R2, R11 to R14".to_owned(),
            Rule::R6 => "and R6: all but R10".to_owned(),
            Rule::R10 => "and R10: all rules".to_owned(),
            rule => format!("and {rule:?}"),
        };
        lines.push(Line { name, off: added[last + 1..].to_vec() });
    }
    for out in added.into_iter().filter(|rule| *rule != Rule::R10).chain(figures) {
        lines.push(Line { name: format!("all but {out:?}"), off: vec![out] });
    }
    lines
}

/// Every table question in the order of the programme: without dimensions, by each, by each two, then by population.
#[must_use]
pub fn asks(sealed: &Unplayed) -> Vec<Ask> {
    let programme = sealed.programme();
    let evaluator = programme.evaluators.first().expect("somebody asks");
    let is_asked = |question: &&Question| {
        let purpose = programme.purpose(&question.purpose);
        let theirs = purpose.is_some_and(|purpose| purpose.recipients.contains(&evaluator.id));
        theirs && !matches!(question.kind, QuestionKind::Payment(_))
    };
    let mut asks = Vec::new();
    for question in programme.questions.iter().filter(is_asked) {
        let ids: Vec<&DimensionId> =
            question.dimensions.iter().map(|at| &programme.dimensions[*at].id).collect();
        let mut ask = |by: &[&DimensionId], population: Option<&PopulationId>| {
            asks.push(Ask {
                question: question.id.clone(),
                by: by.iter().map(|id| (*id).clone()).collect(),
                period: sealed.period(),
                population: population.cloned(),
            });
        };
        ask(&[], None);
        ids.iter().for_each(|one| ask(&[one], None));
        for (at, one) in ids.iter().enumerate() {
            ids[at + 1..].iter().for_each(|other| ask(&[one, other], None));
        }
        let populations = question.populations.iter().map(|at| &programme.populations[*at].id);
        populations.for_each(|population| ask(&[], Some(population)));
    }
    asks
}

/// Puts every ask's cells under rules, one after the other.
pub fn cost(sealed: &Unplayed, asks: &[Ask], rules: &Rules) -> Cost {
    let (mut ledger, mut cost, standard) = (Ledger::default(), Cost::default(), Rules::standard());
    for ask in asks {
        // A dimension or a population that does not go with the question, a table too large, rows no longer kept.
        let Ok(above) = sealed.service().asked_above(ask) else { continue };
        // The table above is settled first and shown to nobody.
        let above = above.map(|above| {
            let (counted, context) = sealed.service().tabulate(&above, None).expect("registered");
            released(counted, &context, rules, &mut ledger)
        });
        let Ok((counted, context)) = sealed.service().tabulate(ask, above.as_ref()) else { continue };
        let truth: HashMap<Vec<String>, (u64, bool)> = counted
            .cells
            .iter()
            .filter(|cell| !cell.structural_zero)
            .map(|cell| {
                let persons = cell.units.min(cell.contributors.len());
                let large = persons >= standard.persons() && cell.families >= standard.families();
                (cell.key.clone(), (cell.units, large))
            })
            .collect();
        let table = released(counted, &context, rules, &mut ledger);
        cost.tables += 1;
        for row in &table.rows {
            let Some((units, large)) = truth.get(&row.key) else { continue };
            cost.cells += 1;
            cost.large += u64::from(*large);
            if let Shown::Count(count) = row.count() {
                cost.shown += 1;
                cost.large_shown += u64::from(*large);
                cost.error += count.abs_diff(*units);
                cost.largest = cost.largest.max(count.abs_diff(*units));
            }
            for (head, figure) in table.figures.iter().zip(&row.figures) {
                let Some(figure) = figure.as_ref().filter(|_| !OF_COUNTS.contains(&head.id)) else {
                    continue;
                };
                cost.figures += 1;
                cost.figures_shown += u64::from(!is_hidden(figure));
            }
        }
    }
    cost
}

fn released(counted: Tabulation, context: &ReleaseContext, rules: &Rules, ledger: &mut Ledger) -> Table {
    let pending = release(counted, context, rules, ledger).expect("well formed");
    ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("nothing in between").into_value()
}

/// Columns that follow from shown counts.
const OF_COUNTS: [&str; 8] =
    ["count", "families", "share", "step_rate", "cumulative_rate", "rate", "interval", "difference"];

fn is_hidden(figure: &Figure) -> bool {
    // As a reader would: a hidden figure has one form, whatever it is a figure of.
    serde_json::to_value(figure).is_ok_and(|value| value.get("hidden").is_some())
}

/// The report on one programme, as Markdown.
pub fn report(sealed: &Unplayed, print: &mut dyn FnMut(&str)) {
    let asks = asks(sealed);
    print(&format!(
        "\n{}: {} tables asked for, over {}\n",
        sealed.programme().title.en,
        asks.len(),
        sealed.period()
    ));
    print(
        "| rules in force | cells shown, % | of those R1 lets, % | sums, means, curves shown, % | mean error | largest |",
    );
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut last = Cost::default();
    for line in lines() {
        let start = Instant::now();
        last = cost(sealed, &asks, &Rules::standard().without(&line.off));
        print(&format!(
            "| {} | {} | {} | {} | {:.2} | {} |",
            line.name,
            percent(last.shown, last.cells),
            percent(last.large_shown, last.large),
            percent(last.figures_shown, last.figures),
            last.error as f64 / last.shown.max(1) as f64,
            last.largest,
        ));
        eprintln!("{}: {:.1} s", line.name, start.elapsed().as_secs_f64());
    }
    print(&format!(
        "\n{} tables were answered, with {} cells, of which {} have as many persons and families as R1 asks for.",
        last.tables, last.cells, last.large
    ));
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}", 100.0 * part as f64 / whole.max(1) as f64)
}
