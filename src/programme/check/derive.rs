//! Derived columns and the ranges of codes: what contradicts itself is refused.

use toml::Spanned;

use super::super::derive::{Derive, Precision, Whose};
use super::super::model::{Programme, Role};
use super::super::raw::{self, DeriveWord, RoleWord};
use super::Checker;

/// Ages that a person can have on the day of an event: each must have a band.
const AGES: [i64; 2] = [0, 120];

impl Checker<'_> {
    /// The ranges of a list, by code: each has two ends in order, and no number is in two of them.
    pub(super) fn ranges(&mut self, list: &raw::CodeList, field: &str) -> Vec<Vec<[i64; 2]>> {
        let field = format!("{field}.ranges");
        let mut by_code = Vec::new();
        let mut all = Vec::new();
        for code in &list.codes {
            let mut own = Vec::new();
            if let Some(ranges) = &code.ranges {
                if ranges.get_ref().is_empty() {
                    self.wrong(ranges.span(), &field, "name the ranges, or leave it out");
                }
                for range in ranges.get_ref() {
                    match range[..] {
                        [first, last] if first <= last => own.push([first, last]),
                        [first, last] => {
                            let message = format!("the range [{first}, {last}] ends before it begins");
                            self.wrong(ranges.span(), &field, message);
                        }
                        _ => self.wrong(ranges.span(), &field, "a range is its first and its last number"),
                    }
                }
                all.extend(own.iter().map(|range| (*range, ranges.span())));
            }
            by_code.push(own);
        }
        all.sort_by_key(|(range, _)| *range);
        let mut widest: Option<[i64; 2]> = None;
        for ([first, last], span) in all {
            match widest {
                Some([from, to]) if first <= to => {
                    let message =
                        format!("the range [{first}, {last}] overlaps [{from}, {to}]: a number has one code");
                    self.wrong(span, &field, message);
                    if last > to {
                        widest = Some([first, last]);
                    }
                }
                _ => widest = Some([first, last]),
            }
        }
        by_code
    }

    /// Ranges that nothing reads.
    pub(super) fn unused_ranges(&mut self, lists: &[raw::CodeList], datasets: &[raw::Dataset]) {
        for list in lists {
            let columns = datasets.iter().flat_map(|dataset| &dataset.columns);
            let used = columns.into_iter().any(|column| {
                let derives = column.derive.as_ref().is_some_and(|word| *word.get_ref() != DeriveWord::Sex);
                derives && column.codes.as_ref().is_some_and(|codes| codes.get_ref() == list.id.get_ref())
            });
            if let Some(ranges) = list.codes.iter().find_map(|code| code.ranges.as_ref()).filter(|_| !used) {
                let message = "no column derives a code of this list from a number: take the ranges out";
                self.wrong(ranges.span(), format!("codes.{}.ranges", list.id.get_ref()), message);
            }
        }
    }

    /// How a column is worked out, held against its role, its list and the column that it is worked out from.
    pub(super) fn derive(
        &mut self,
        raw: &raw::Column,
        role: &Role,
        dataset: &raw::Dataset,
        at: &str,
        programme: &Programme,
    ) -> Option<Derive> {
        let Some(word) = &raw.derive else {
            if let Some(of) = &raw.of {
                self.wrong(of.span(), format!("{at}.of"), "only a column with `derive` is of somebody");
            }
            return None;
        };
        let field = format!("{at}.derive");
        let whose = raw.of.as_ref().map(|of| *of.get_ref()).unwrap_or_default();
        let derive = match word.get_ref() {
            DeriveWord::AgeBand => Derive::AgeBand(whose),
            DeriveWord::Sex => Derive::Sex(whose),
            DeriveWord::BirthYear => Derive::BirthYear(whose),
            DeriveWord::Band => Derive::Band,
        };
        match role {
            Role::Category { list } if raw.codes.is_some() => {
                self.list_of(derive, *list, word, &field, programme);
            }
            // A category without a list has been found already.
            Role::Category { .. } => {}
            Role::Measure(measure) if matches!(derive, Derive::BirthYear(_)) => {
                if !matches!(measure.unit.as_str(), "year" | "år") || measure.decimals != 0 {
                    let message = "a birth year is a measure in `year`, without decimals";
                    self.wrong(word.span(), &field, message);
                }
            }
            _ => {
                let message = match derive {
                    Derive::BirthYear(_) => "only a category or a measure is a birth year",
                    _ => "only a category is derived so",
                };
                self.wrong(word.span(), &field, message);
            }
        }
        match derive.of() {
            Some(whose) => self.of_identifier(raw, whose, dataset, at),
            None => {
                if let Some(of) = &raw.of {
                    let message = "a band is of the column itself, and of nobody's identifier";
                    self.wrong(of.span(), format!("{at}.of"), message);
                }
            }
        }
        Some(derive)
    }

    /// What the list of a derived category must say.
    fn list_of(
        &mut self,
        derive: Derive,
        list: usize,
        word: &Spanned<DeriveWord>,
        field: &str,
        programme: &Programme,
    ) {
        let Some(list) = programme.code_lists.get(list) else { return };
        if let Derive::Sex(_) = derive {
            for sex in ["man", "woman"] {
                if list.knowing(sex).is_none() {
                    let message =
                        format!("no code of {} is known as `{sex}`, by its id or in `also`", list.id);
                    self.wrong(word.span(), field, message);
                }
            }
            return;
        }
        let mut ranges = list.codes.iter().flat_map(|code| code.ranges.iter().copied()).collect::<Vec<_>>();
        if ranges.is_empty() {
            let message = format!("no code of {} has `ranges` that would turn a number into it", list.id);
            self.wrong(word.span(), field, message);
            return;
        }
        if let Derive::AgeBand(_) = derive {
            ranges.sort_unstable();
            let [mut next, last] = AGES;
            for [first, end] in ranges {
                if first <= next {
                    next = next.max(end.saturating_add(1));
                }
            }
            if next <= last {
                let message =
                    format!("the ranges of {} say nothing of the age {next}: cover 0 to {last}", list.id);
                self.wrong(word.span(), field, message);
            }
        }
    }

    /// A column that is worked out from an identifier stands in no file, and is missing where the identifier is.
    fn of_identifier(&mut self, raw: &raw::Column, whose: Whose, dataset: &raw::Dataset, at: &str) {
        let (wanted, name) = match whose {
            Whose::Person => (RoleWord::Person, "person"),
            Whose::RelatedPerson => (RoleWord::RelatedPerson, "related_person"),
        };
        match dataset.columns.iter().find(|column| *column.role.get_ref() == wanted) {
            None => {
                let span = raw.of.as_ref().map_or_else(|| raw.id.span(), Spanned::span);
                self.wrong(span, format!("{at}.of"), format!("the dataset has no {name} column"));
            }
            Some(source) if raw.required && !source.required => {
                let message = format!("where the {name} may be missing, so may this: set `required = false`");
                self.wrong(raw.id.span(), format!("{at}.required"), message);
            }
            Some(_) => {}
        }
        if !raw.headers.is_empty() {
            let message = "it is worked out from the identifier and stands in no file: take the headers out";
            self.wrong(raw.id.span(), format!("{at}.headers"), message);
        }
        if !raw.missing.is_empty() {
            let message = "it is worked out from the identifier and stands in no file: take `missing` out";
            self.wrong(raw.id.span(), format!("{at}.missing"), message);
        }
    }

    /// How fine a date may leave.
    pub(super) fn precision(&mut self, raw: &raw::Column, at: &str) -> Precision {
        let Some(precision) = &raw.precision else { return Precision::Day };
        if *raw.role.get_ref() != RoleWord::Date {
            self.wrong(precision.span(), format!("{at}.precision"), "only a date has a precision");
        }
        *precision.get_ref()
    }
}
