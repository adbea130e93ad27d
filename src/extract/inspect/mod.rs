//! What a package shows: its columns, ten rows as they leave, and how many rows and persons its values single out.
//!
//! Reads a package three times and keeps counts, in bounded memory. Must never: change a package, or send one.

mod groups;
mod warning;

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{BufRead as _, BufReader};

use rustc_hash::FxHasher;
use serde::Serialize;

use super::manifest::Field;
use super::pack::{Package, PackageError, read};
use crate::clock::{Day, Timestamp};
use crate::programme::{Precision, Programme};
use crate::secret::Random;
use groups::{Groups, Values};
pub use warning::Warning;

/// Rows that are shown.
pub const SAMPLE: usize = 10;
/// A group of fewer rows or persons than this singles out.
pub const FEW: usize = 5;
/// Most columns that are looked at together.
const MOST_COLUMNS: usize = 3;
/// Most combinations of columns that are looked at; of those with most columns, the ones with fewest different values are
/// left out.
const MOST_COMBINATIONS: usize = 256;
/// Groups that are kept of all combinations together: some 64 MiB.
const MOST_GROUPS: usize = 1 << 20;
/// Different values of a column that are counted one by one.
const MOST_VALUES: usize = 1 << 14;

/// A column of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// What the manifest says of it.
    #[serde(flatten)]
    pub field: Field,
    /// Rows that have a value in it.
    pub filled: u64,
    /// Different values.
    pub different: u64,
    /// Whether that is an estimate.
    pub estimated: bool,
}

/// What would single out fewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Advice {
    /// A coarser date.
    Precision {
        /// The column.
        column: String,
        /// How it leaves now.
        now: Precision,
        /// How it would leave.
        then: Precision,
        /// Rows that then are with fewer than [`FEW`] persons.
        rows: u64,
    },
    /// Without a column, or with one that is coarser.
    Without {
        /// The column.
        column: String,
        /// Rows that then are with fewer than [`FEW`] persons.
        rows: u64,
    },
}

/// Columns looked at together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Combination {
    /// Their names.
    pub columns: Vec<String>,
    /// Rows whose values fewer than [`FEW`] rows have.
    pub rows_of_few_rows: u64,
    /// Rows whose values the rows of fewer than [`FEW`] different persons have.
    pub rows_of_few_persons: u64,
    /// Different persons of whom these are. Each row without an identifier counts as a person.
    pub persons: u64,
    /// Whether only some of the groups were counted, and the rest estimated from them.
    pub estimated: bool,
    /// What would help most, where something does.
    pub advice: Option<Advice>,
}

/// What a package shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Rows.
    pub rows: u64,
    /// Whether there is a signature beside the manifest.
    pub signed: bool,
    /// Columns in order.
    pub columns: Vec<Seen>,
    /// The first rows as they leave; the order is random.
    pub sample: Vec<String>,
    /// Combinations of up to three columns that are no tokens, the worst first.
    pub combinations: Vec<Combination>,
    /// Combinations that were left out: those of most columns and fewest different values.
    pub left_out: u64,
    /// What deserves a second look.
    pub warnings: Vec<Warning>,
}

/// Looks a package through, and holds it against the programme where it is given.
///
/// # Errors
/// [`PackageError`]: rows that are not those of the manifest, or cannot be read.
pub fn inspect(
    package: &Package,
    programme: Option<&Programme>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Inspection, PackageError> {
    package.verify()?;
    let seed = random.below(u64::MAX);
    let fields = &package.manifest.resources[0].schema.fields;
    let (columns, sample) = columns_of(package, fields, seed)?;
    let rows = package.manifest.kobling.rows.sent;
    let (combinations, left_out) = combinations_of(package, &columns, seed)?;
    let signed = package.signature().is_ok();
    let mut inspection =
        Inspection { rows, signed, columns, sample, combinations, left_out, warnings: Vec::new() };
    inspection.warnings = warning::of(&inspection, package, programme, now);
    Ok(inspection)
}

impl Inspection {
    /// Whether a combination singles out more than one row in a hundred.
    #[must_use]
    pub const fn singles_out(&self, combination: &Combination) -> bool {
        combination.rows_of_few_persons * 100 > self.rows
    }
}

/// Gives each row to `each`, without its line end.
fn each_row(package: &Package, mut each: impl FnMut(&[u8])) -> Result<(), PackageError> {
    let path = package.data_path();
    let mut file = BufReader::with_capacity(1 << 20, File::open(&path).map_err(read(&path))?);
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line).map_err(read(&path))?;
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(read(&path))? == 0 {
            return Ok(());
        }
        each(line.strip_suffix(b"\n").unwrap_or(&line));
    }
}

/// A number of a value that tells nothing without the seed.
fn number(seed: u64, value: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(seed);
    hasher.write(value);
    mixed(hasher.finish())
}

/// Spreads a number over all bits (the finaliser of SplitMix64).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

fn columns_of(
    package: &Package,
    fields: &[Field],
    seed: u64,
) -> Result<(Vec<Seen>, Vec<String>), PackageError> {
    let mut counted = fields.iter().map(|_| (0u64, Values::new(MOST_VALUES))).collect::<Vec<_>>();
    let mut sample = Vec::new();
    each_row(package, |line| {
        if sample.len() < SAMPLE {
            sample.push(String::from_utf8_lossy(line).into_owned());
        }
        for (value, (filled, values)) in line.split(|byte| *byte == b',').zip(&mut counted) {
            if !value.is_empty() {
                *filled += 1;
                values.add(number(seed, value));
            }
        }
    })?;
    let seen = fields.iter().zip(counted).map(|(field, (filled, values))| {
        let (different, estimated) = values.count();
        Seen { field: field.clone(), filled, different, estimated }
    });
    Ok((seen.collect(), sample))
}

/// Columns that are counted together, a date perhaps coarser than it leaves.
struct Counted {
    columns: Vec<usize>,
    precision: Option<Precision>,
    groups: Groups,
}

/// Which columns are looked at together, and how many combinations are not.
fn chosen(columns: &[Seen]) -> (Vec<Vec<usize>>, u64) {
    let plain = |at: &usize| matches!(columns[*at].field.role.as_str(), "date" | "category" | "measure");
    let plain = (0..columns.len()).filter(plain).collect::<Vec<_>>();
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut last = vec![Vec::new()];
    for _ in 0..MOST_COLUMNS {
        let mut next = Vec::new();
        for shorter in &last {
            let after = shorter.last().copied();
            for at in plain.iter().filter(|at| after.is_none_or(|after| **at > after)) {
                next.push([&shorter[..], &[*at]].concat());
            }
        }
        let values = |combination: &Vec<usize>| -> u128 {
            combination.iter().map(|at| u128::from(columns[*at].different.max(1))).product()
        };
        next.sort_by_key(|combination| std::cmp::Reverse(values(combination)));
        all.extend(next.iter().cloned());
        last = next;
    }
    let left_out = all.len().saturating_sub(MOST_COMBINATIONS);
    all.truncate(MOST_COMBINATIONS);
    (all, left_out as u64)
}

fn combinations_of(
    package: &Package,
    columns: &[Seen],
    seed: u64,
) -> Result<(Vec<Combination>, u64), PackageError> {
    let (chosen, left_out) = chosen(columns);
    let role = |word: &str| columns.iter().position(|column| column.field.role == word);
    let (date, person) = (role("date"), role("person"));
    let now = date.map_or(Precision::Day, |date| columns[date].field.precision);
    let coarser = [Precision::Week, Precision::Month].into_iter().filter(|then| *then > now);
    let coarser = coarser.collect::<Vec<_>>();
    let mut wanted = Vec::new();
    for columns in chosen {
        if date.is_some_and(|date| columns.contains(&date)) {
            wanted.extend(coarser.iter().map(|then| (columns.clone(), Some(*then))));
        }
        wanted.push((columns, None));
    }
    let most = MOST_GROUPS / wanted.len().max(1);
    let counted = wanted.into_iter().map(|(columns, precision)| {
        let groups = Groups::new(most);
        Counted { columns, precision, groups }
    });
    let mut counted = counted.collect::<Vec<_>>();
    let (mut numbers, mut row) = (Vec::new(), 0u64);
    each_row(package, |line| {
        row += 1;
        numbers.clear();
        numbers.extend(line.split(|byte| *byte == b',').map(|value| number(seed, value)));
        numbers.resize(columns.len(), 0);
        let nth = |at: usize| line.split(|byte| *byte == b',').nth(at).filter(|value| !value.is_empty());
        let whose = match person.filter(|person| nth(*person).is_some()) {
            Some(person) => numbers[person],
            None => mixed(seed ^ row),
        };
        let day = date.and_then(nth).and_then(|text| Day::parse_iso(text).ok());
        let coarse = |precision: Precision| {
            day.map_or(0, |day| {
                let day = precision.coarsened(day);
                number(seed, &day.days().to_le_bytes())
            })
        };
        let (week, month) = (coarse(Precision::Week), coarse(Precision::Month));
        for one in &mut counted {
            let mut group = seed;
            for at in &one.columns {
                let value = match one.precision {
                    Some(Precision::Week) if Some(*at) == date => week,
                    Some(Precision::Month) if Some(*at) == date => month,
                    _ => numbers[*at],
                };
                group = mixed(group.rotate_left(17) ^ value);
            }
            one.groups.add(group, whose);
        }
    })?;
    Ok((judged(&counted, columns, date, now), left_out))
}

/// What the groups come to, the worst first.
fn judged(counted: &[Counted], columns: &[Seen], date: Option<usize>, now: Precision) -> Vec<Combination> {
    let summed = counted.iter().map(|one| one.groups.sum()).collect::<Vec<_>>();
    let of = |columns: &[usize], precision: Option<Precision>| {
        let at = counted.iter().position(|one| one.columns == columns && one.precision == precision)?;
        Some(&summed[at])
    };
    let name = |at: usize| columns[at].field.name.clone();
    let mut combinations = Vec::new();
    for (one, sum) in counted.iter().zip(&summed).filter(|(one, _)| one.precision.is_none()) {
        let mut advice = Vec::new();
        for then in [Precision::Week, Precision::Month] {
            if let (Some(date), Some(other)) = (date, of(&one.columns, Some(then))) {
                let advised =
                    Advice::Precision { column: name(date), now, then, rows: other.rows_of_few_persons };
                advice.push((other.rows_of_few_persons, advised));
            }
        }
        for left in one.columns.iter().filter(|_| one.columns.len() > 1) {
            let rest = one.columns.iter().copied().filter(|at| at != left).collect::<Vec<_>>();
            if let Some(other) = of(&rest, None) {
                let rows = other.rows_of_few_persons;
                advice.push((rows, Advice::Without { column: name(*left), rows }));
            }
        }
        // A coarser date first, where it does as much as leaving a column out.
        let best = advice.into_iter().filter(|(rows, _)| *rows < sum.rows_of_few_persons);
        let best = best.min_by_key(|(rows, _)| *rows).map(|(_, advice)| advice);
        combinations.push(Combination {
            columns: one.columns.iter().map(|at| name(*at)).collect(),
            rows_of_few_rows: sum.rows_of_few_rows,
            rows_of_few_persons: sum.rows_of_few_persons,
            persons: sum.persons,
            estimated: sum.estimated,
            advice: best,
        });
    }
    combinations.sort_by(|a, b| {
        let key = |c: &Combination| (c.rows_of_few_persons, c.persons, c.rows_of_few_rows);
        key(b).cmp(&key(a)).then(a.columns.len().cmp(&b.columns.len())).then(a.columns.cmp(&b.columns))
    });
    combinations
}

#[cfg(test)]
mod tests;
