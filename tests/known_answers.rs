//! Known answers: small examples that public packages and manuals of disclosure control print with their results, given to
//! the functions that release. `tests/known_answers/README.md` says where they come from, where definitions differ, and
//! what was looked at and left out.
//!
//! Most examples have fewer contributors than R1 and R11 ask for, so R1 is switched off for them, which release builds
//! cannot.
#![cfg(all(feature = "service", any(debug_assertions, feature = "weakened")))]

use std::collections::BTreeMap;
use std::convert::Infallible;

use kobling::disclosure::audit::{System, Verdict, audit};
use kobling::disclosure::{
    Contribution, Dimensions, EndedPeriod, Extra, ExtraHead, Figure, Ledger, PersonSet, RawCell,
    ReleaseContext, Row, Rule, Rules, Settings, Shape, Shown, Tabulation, release,
};
use serde::Deserialize;

/// A cell by itself, put under `rules`.
fn released(cell: RawCell, extra: Option<ExtraHead>, rules: &Rules) -> Row {
    let dimensions = Dimensions::check(vec!["cell".to_owned()], rules).expect("one dimension");
    let ended = EndedPeriod::check(
        "2022-Q1..2022-Q4".parse().expect("a period"),
        "2023-06-01".parse().expect("a day"),
        30,
    )
    .expect("ended");
    let context = ReleaseContext::new("known answer".to_owned(), 1, dimensions, ended);
    let tabulation =
        Tabulation { extra, ..Tabulation::counts(Shape::Overlap, vec!["cell".to_owned()], vec![cell]) };
    let mut ledger = Ledger::default();
    let pending = release(tabulation, &context, rules, &ledger).expect("well formed");
    let table = ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value();
    table.rows.into_iter().next().expect("one row")
}

fn people(persons: u32) -> PersonSet {
    (0..persons).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amounts {
    example: Vec<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    name: String,
    source: String,
    p_percent: u64,
    dominance: u64,
    decimals: u8,
    few: bool,
    #[serde(default)]
    rows: Vec<AmountRow>,
    #[serde(default)]
    lists: Vec<AmountList>,
    cells: Vec<AmountCell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountRow {
    key: Vec<String>,
    of: String,
    amount: i64,
}

/// Amounts of one contributor each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountList {
    key: Vec<String>,
    amounts: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountCell {
    key: Vec<String>,
    /// What the source's rule says.
    #[serde(rename = "unsafe")]
    is_unsafe: Option<bool>,
    /// The share of the two largest.
    two: Option<f64>,
    sum: Option<i64>,
}

impl Amount {
    fn rules(&self) -> Rules {
        let settings = Settings {
            p_percent: Some(self.p_percent),
            dominance: Some(self.dominance),
            ..Settings::default()
        };
        let rules = Rules::checked(&settings).expect("as strict as the profile");
        if self.few { rules.without(&[Rule::R1]) } else { rules }
    }

    /// What contributors have in a cell: as many numbers as there are rows.
    fn parts(&self, cell: &[String]) -> Vec<Contribution> {
        let lists = self.lists.iter().enumerate().flat_map(|(list, of)| {
            let each = move |(at, amount): (usize, &i64)| (of.key.clone(), format!("{list}/{at}"), *amount);
            of.amounts.iter().enumerate().map(each)
        });
        let rows = self.rows.iter().map(|row| (row.key.clone(), row.of.clone(), row.amount)).chain(lists);
        let fits = |key: &[String]| {
            assert_eq!(key.len(), cell.len(), "{}", self.name);
            key.iter().zip(cell).all(|(code, asked)| asked == "Total" || asked == code)
        };
        let mut families = BTreeMap::new();
        rows.filter(|(key, ..)| fits(key))
            .map(|(_, of, amount)| {
                let next = u32::try_from(families.len()).expect("few");
                Contribution { family: *families.entry(of).or_insert(next), source: 0, amount }
            })
            .collect()
    }
}

#[test]
fn sums_are_hidden_where_the_published_rules_hide_them() {
    let amounts: Amounts = toml::from_str(include_str!("known_answers/amounts.toml")).expect("TOML");
    let (mut hidden, mut shown) = (0, 0);
    for example in &amounts.example {
        assert!(!example.source.is_empty());
        for cell in &example.cells {
            let what = format!("{}: {:?}", example.name, cell.key);
            let parts = example.parts(&cell.key);
            let sum: i64 = parts.iter().map(|part| part.amount).sum();
            assert_eq!(cell.sum.unwrap_or(sum), sum, "{what}: the rows do not add up to the printed sum");
            let mut of: BTreeMap<u32, i64> = BTreeMap::new();
            parts.iter().for_each(|part| *of.entry(part.family).or_default() += part.amount);
            if let Some(two) = cell.two {
                let mut largest: Vec<i64> = of.values().copied().collect();
                largest.sort_unstable_by(|one, other| other.cmp(one));
                let share = largest.iter().take(2).sum::<i64>() as f64 / sum as f64;
                assert!((share - two).abs() < 1e-6, "{what}: the two largest have {share}");
            }

            // R11 is the p % rule and (2, k) dominance, together.
            let dominated = cell.two.is_some_and(|two| two * 100.0 > example.dominance as f64 + 1e-9);
            let wanted = cell.is_unsafe.unwrap_or(false) || dominated;
            let contributors = u32::try_from(of.len()).expect("few");
            let persons = people(if example.few { 20 } else { contributors });
            let raw = RawCell {
                extra: Some(Extra::Sum(parts)),
                ..RawCell::persons(vec!["cell".to_owned()], persons, u64::from(contributors))
            };
            let head = ExtraHead {
                measure: "sum".to_owned(),
                unit: None,
                decimals: example.decimals,
                bands: Vec::new(),
            };
            match released(raw, Some(head), &example.rules()).figures[2] {
                Some(Figure::Hidden) => {
                    assert!(wanted, "{what}: hidden, and published as safe");
                    hidden += 1;
                }
                Some(Figure::Number(number)) => {
                    assert!(!wanted, "{what}: shown as {number}");
                    let sum = sum as f64 / 10f64.powi(i32::from(example.decimals));
                    // Three digits, then the grid of five whole units.
                    assert!((number - sum).abs() <= sum / 200.0 + 2.5, "{what}: {sum} reads {number}");
                    shown += 1;
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }
    // By hand: sdcTable 2 of 15, GaussSuppression 13 of 18 and 5 of 7 and 5 of 7, the manual 1 of 2, the handbook 2.
    assert_eq!((hidden, shown), (28, 23));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    threshold: Vec<Threshold>,
    rounding: Rounding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Threshold {
    name: String,
    source: String,
    persons: u64,
    families: u64,
    cells: Vec<CountCell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountCell {
    key: String,
    persons: u32,
    groups: u64,
    #[serde(rename = "unsafe")]
    is_unsafe: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rounding {
    name: String,
    source: String,
    base: u64,
    counts: Vec<(u32, u64)>,
}

fn counts() -> Counts {
    toml::from_str(include_str!("known_answers/counts.toml")).expect("TOML")
}

#[test]
fn counts_are_hidden_below_the_published_thresholds() {
    for example in counts().threshold {
        assert!(!example.source.is_empty());
        // Neither rounding nor holding: the threshold alone.
        let rules = Rules::weakened_for_attack_tests(example.persons, example.families, 1, 0);
        for cell in example.cells {
            let raw = RawCell::persons(vec![cell.key.clone()], people(cell.persons), cell.groups);
            let wanted = if cell.is_unsafe { Shown::Hidden } else { Shown::Count(u64::from(cell.persons)) };
            assert_eq!(released(raw, None, &rules).count(), wanted, "{}: {}", example.name, cell.key);
        }
    }
}

#[test]
fn counts_are_rounded_as_published() {
    let rounding = counts().rounding;
    assert!(!rounding.source.is_empty());
    let rules = Rules::standard().without(&[Rule::R1, Rule::R8]);
    assert_eq!(rules.rounding(), rounding.base);
    for (count, read) in rounding.counts {
        let raw = RawCell::persons(vec!["cell".to_owned()], people(count), u64::from(count));
        assert_eq!(released(raw, None, &rules).count(), Shown::Count(read), "{}: {count}", rounding.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Intervals {
    example: Vec<Interval>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interval {
    name: String,
    source: String,
    shown: BTreeMap<String, u64>,
    hidden: Vec<String>,
    sums: Vec<Vec<String>>,
    known: Vec<KnownCell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownCell {
    cell: String,
    low: u64,
    high: u64,
}

impl Interval {
    /// What somebody knows who has seen the table and supposes that a cell has a value.
    fn system(&self, supposed: Option<(&str, u64)>) -> (System, BTreeMap<&str, usize>) {
        let mut system = System::new();
        let mut cells = BTreeMap::new();
        for (name, value) in &self.shown {
            cells.insert(name.as_str(), system.cell(*value, Some(*value)));
        }
        for name in &self.hidden {
            let supposed = supposed.filter(|(of, _)| of == name).map(|(_, value)| value);
            let cell = system.cell(supposed.unwrap_or(0), supposed);
            assert!(cells.insert(name, cell).is_none(), "{}: {name} is shown as well", self.name);
        }
        for sum in &self.sums {
            let parts: Vec<usize> = sum[1..].iter().map(|part| cells[part.as_str()]).collect();
            system.sum(cells[sum[0].as_str()], &parts);
        }
        (system, cells)
    }
}

#[test]
fn hidden_cells_can_be_known_as_exactly_as_published() {
    let intervals: Intervals = toml::from_str(include_str!("known_answers/intervals.toml")).expect("TOML");
    for example in &intervals.example {
        assert!(!example.source.is_empty());
        for known in &example.known {
            let what = format!("{}: {}", example.name, known.cell);
            // Every value up to some beyond: possible exactly when the source has it between its bounds.
            for value in 0..=known.high + 5 {
                let (mut system, _) = example.system(Some((&known.cell, value)));
                // A cell that nothing ties is safe exactly when some table of all the others has been exhibited.
                let beside = system.cell(0, Some(LEAST));
                let wanted = if (known.low..=known.high).contains(&value) {
                    Verdict::Safe
                } else {
                    Verdict::Contradiction
                };
                assert_eq!(audit(&system, &[beside], LEAST, &mut |_, _| {}), wanted, "{what} = {value}");
            }
            // R5's question: five values at least, 0 among them.
            let (system, cells) = example.system(None);
            let cell = cells[known.cell.as_str()];
            let enough = known.low == 0 && known.high >= LEAST - 1;
            let wanted = if enough { Verdict::Safe } else { Verdict::Narrow(vec![cell]) };
            assert_eq!(audit(&system, &[cell], LEAST, &mut |_, _| {}), wanted, "{what}");
        }
    }
}

/// R5: possible values that a hidden cell keeps.
const LEAST: u64 = 5;
