//! From what TOML says to a sound [`Programme`], collecting every finding on the way.

mod datasets;
mod derive;
mod dimensions;
mod followups;
mod kinds;
mod policy;
mod precision;
mod questions;
mod stages;
mod supplies;
mod unread;

pub use precision::Note;

use std::ops::Range;

use toml::Spanned;

use super::model::{Code, CodeList, DisclosureSettings, Organisation, Partner, Programme};
use super::{Problem, ProgrammeError, line_of, raw};
use crate::limits;

/// R1's floors: a programme may be stricter than the default, never laxer than these.
const FLOOR_PERSONS: u32 = 5;
const FLOOR_FAMILIES: u32 = 3;
/// A quarter that is asked about a year late helps nobody.
const MOST_CLOSING_DAYS: u16 = 366;

pub(super) fn check(raw: raw::File, text: &str, sha256: [u8; 32]) -> Result<Programme, ProgrammeError> {
    let mut checker = Checker { text, problems: Vec::new(), precisions: Vec::new() };
    let (programme, whole) = checker.programme(raw, sha256);
    // The columns of a question that could not be read would look unread: one finding is enough.
    if whole {
        checker.unread_columns(&programme);
        checker.precisions(&programme);
    }
    if checker.problems.is_empty() {
        Ok(programme)
    } else {
        checker.problems.sort_by_key(|problem| problem.line);
        Err(ProgrammeError(checker.problems))
    }
}

struct Checker<'a> {
    text: &'a str,
    problems: Vec<Problem>,
    /// By dataset: where its precision stands.
    precisions: Vec<Option<Range<usize>>>,
}

impl Checker<'_> {
    fn wrong(&mut self, span: Range<usize>, field: impl Into<String>, message: impl Into<String>) {
        let line = if span.end == 0 { 0 } else { line_of(self.text, span.start) };
        self.problems.push(Problem { line, field: field.into(), message: message.into() });
    }

    /// Finds two entries of the same name in a list.
    fn unique<T: PartialEq + std::fmt::Display>(
        &mut self,
        list: &str,
        names: impl Iterator<Item = (T, Range<usize>)>,
    ) {
        let mut seen: Vec<T> = Vec::new();
        for (name, span) in names {
            if seen.contains(&name) {
                self.wrong(span, list, format!("{name} is defined twice; give one of them another id"));
            } else {
                seen.push(name);
            }
        }
    }

    /// Position of what a reference names, or a finding.
    fn resolve<T: PartialEq + std::fmt::Display>(
        &mut self,
        reference: &Spanned<T>,
        field: &str,
        what: &str,
        known: impl Iterator<Item = T>,
    ) -> Option<usize> {
        let position = known.into_iter().position(|name| name == *reference.get_ref());
        if position.is_none() {
            self.wrong(reference.span(), field, format!("no {what} has the id {}", reference.get_ref()));
        }
        position
    }

    fn programme(&mut self, raw: raw::File, sha256: [u8; 32]) -> (Programme, bool) {
        let partners = self.partners(raw.partners);
        self.roles(&raw.roles, &partners);
        let purposes = self.purposes(raw.purposes, &raw.roles, &partners);
        let notices = self.notices(raw.notices, &purposes);
        self.unused_ranges(&raw.code_lists, &raw.datasets);
        let code_lists = self.code_lists(raw.code_lists);
        let mut programme = Programme {
            id: raw.programme.id,
            title: raw.programme.title,
            version: raw.programme.version,
            period: raw.programme.period,
            closing_days: self.closing_days(raw.programme.closing_days.as_ref()),
            made_up_numbers: raw.programme.made_up_numbers,
            key_id: raw.programme.key_id,
            sha256,
            custodian: raw.roles.custodian.into_inner(),
            operator: raw.roles.operator.into_inner(),
            steward: raw.roles.steward.into_inner(),
            evaluators: organisations(raw.roles.evaluators),
            payers: organisations(raw.roles.payers),
            partners,
            purposes,
            notices,
            consent: self.consent(&raw.consent),
            code_lists,
            datasets: Vec::new(),
            supplies: Vec::new(),
            dimensions: Vec::new(),
            populations: Vec::new(),
            stages: Vec::new(),
            questions: Vec::new(),
            followups: Vec::new(),
            disclosure: self.disclosure(&raw.disclosure),
        };
        programme.supplies = self.supplies(&raw.datasets, &programme);
        programme.datasets = self.datasets(raw.datasets, &programme);
        programme.dimensions = self.dimensions(raw.dimensions, &programme);
        programme.populations = self.populations(raw.populations, &programme);
        programme.stages = self.stages(raw.stages, &programme);
        let (questions, whole) = self.questions(raw.questions, &programme);
        programme.questions = questions;
        programme.followups = self.followups(raw.followups, &programme);
        self.contradictions(&programme);
        (programme, whole)
    }

    fn partners(&mut self, raw: Vec<raw::Partner>) -> Vec<Partner> {
        self.unique("partner", raw.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        if raw.is_empty() || raw.len() > limits::MAX_PARTNERS {
            self.wrong(0..0, "partner", format!("a programme has 1 to {} partners", limits::MAX_PARTNERS));
        }
        raw.into_iter().map(|p| Partner { id: p.id.into_inner(), name: p.name, kind: p.kind }).collect()
    }

    fn roles(&mut self, roles: &raw::Roles, partners: &[Partner]) {
        let operator = &roles.operator;
        if operator.get_ref() == roles.custodian.get_ref() {
            let message =
                "the operator may not be the custodian: the service must never come near the linkage key";
            self.wrong(operator.span(), "roles.operator", message);
        }
        let is_partner = |name: &str| partners.iter().any(|partner| partner.id.as_str() == name);
        if is_partner(operator.get_ref().as_str()) {
            let message = "the operator may not be a partner: partners hold the linkage key";
            self.wrong(operator.span(), "roles.operator", message);
        }
        for (field, list) in [("roles.evaluators", &roles.evaluators), ("roles.payers", &roles.payers)] {
            self.unique(field, list.iter().map(|o| (o.id.get_ref().clone(), o.id.span())));
            for organisation in list {
                if organisation.id.get_ref() == operator.get_ref() {
                    self.wrong(organisation.id.span(), field, "the operator may neither evaluate nor pay");
                }
            }
        }
        for evaluator in &roles.evaluators {
            if is_partner(evaluator.id.get_ref().as_str()) {
                let message =
                    "an evaluator may not be a partner: it would know its own clients in every answer";
                self.wrong(evaluator.id.span(), "roles.evaluators", message);
            }
        }
    }

    fn closing_days(&mut self, raw: Option<&Spanned<u16>>) -> u16 {
        raw.map_or(0, |days| {
            if *days.get_ref() > MOST_CLOSING_DAYS {
                let message = format!("a quarter closes within {MOST_CLOSING_DAYS} days of its end");
                self.wrong(days.span(), "programme.closing_days", message);
            }
            *days.get_ref()
        })
    }

    fn disclosure(&mut self, raw: &raw::Disclosure) -> DisclosureSettings {
        if let Some(profile) = raw.profile.as_ref().filter(|profile| profile.get_ref() != "dk-standard") {
            self.wrong(profile.span(), "disclosure.profile", "the only profile is dk-standard");
        }
        let floors = [
            ("persons", "R1", &raw.persons, FLOOR_PERSONS),
            ("families", "R1", &raw.families, FLOOR_FAMILIES),
            ("rounding", "R3", &raw.rounding, 5),
            ("rate_part", "R4", &raw.rate_part, 4),
            ("values", "R5", &raw.values, 3),
            ("held", "R8", &raw.held, 4),
            ("crossing", "R10", &raw.crossing, 13),
            ("amount_units", "R11", &raw.amount_units, 10),
            ("mean_units", "R12", &raw.mean_units, 8),
            ("p_percent", "R11", &raw.p_percent, 10),
        ];
        for (field, rule, setting, floor) in floors {
            if let Some(setting) = setting.as_ref().filter(|setting| *setting.get_ref() < floor) {
                let message = format!("rule {rule} cannot be set below {floor}");
                self.wrong(setting.span(), format!("disclosure.{field}"), message);
            }
        }
        let ceilings = [("dimensions", "R6", &raw.dimensions, 3), ("dominance", "R11", &raw.dominance, 90)];
        for (field, rule, setting, ceiling) in ceilings {
            if let Some(setting) = setting.as_ref().filter(|setting| *setting.get_ref() > ceiling) {
                let message = format!("rule {rule} cannot be set above {ceiling}");
                self.wrong(setting.span(), format!("disclosure.{field}"), message);
            }
        }
        let value = |setting: &Option<Spanned<u32>>| setting.as_ref().map(|s| *s.get_ref());
        DisclosureSettings {
            persons: value(&raw.persons),
            families: value(&raw.families),
            rounding: value(&raw.rounding),
            rate_part: value(&raw.rate_part),
            values: value(&raw.values),
            held: value(&raw.held),
            dimensions: value(&raw.dimensions),
            crossing: value(&raw.crossing),
            amount_units: value(&raw.amount_units),
            mean_units: value(&raw.mean_units),
            p_percent: value(&raw.p_percent),
            dominance: value(&raw.dominance),
        }
    }

    fn code_lists(&mut self, raw: Vec<raw::CodeList>) -> Vec<CodeList> {
        self.unique("codes", raw.iter().map(|l| (l.id.get_ref().clone(), l.id.span())));
        let mut lists = Vec::new();
        for list in raw {
            let field = format!("codes.{}", list.id.get_ref());
            if list.codes.is_empty() || list.codes.len() > limits::MAX_CODES {
                self.wrong(list.id.span(), &field, format!("a list has 1 to {} codes", limits::MAX_CODES));
            }
            // A written form must mean one code only, whichever code or synonym it comes from.
            let written = list.codes.iter().flat_map(|code| {
                let mut forms = vec![code.id.get_ref().to_string()];
                forms.extend(code.also.iter().map(|form| form.to_lowercase()));
                forms.sort_unstable();
                forms.dedup();
                forms.into_iter().map(|form| (form, code.id.span())).collect::<Vec<_>>()
            });
            self.unique(&field, written);
            let ranges = self.ranges(&list, &field);
            let codes = list
                .codes
                .into_iter()
                .zip(ranges)
                .map(|(c, ranges)| Code {
                    id: c.id.into_inner(),
                    title: super::model::Text { da: c.da, en: c.en },
                    also: c.also,
                    ranges,
                })
                .collect();
            lists.push(CodeList { id: list.id.into_inner(), codes });
        }
        lists
    }

    fn column_ref(
        &mut self,
        dataset: &Spanned<crate::name::DatasetId>,
        column: &Spanned<crate::name::ColumnId>,
        field: &str,
        programme: &Programme,
    ) -> Option<(usize, usize)> {
        let at = self.resolve(dataset, field, "dataset", programme.datasets.iter().map(|d| d.id.clone()))?;
        Some((at, self.column_of(at, column, field, programme)?))
    }

    fn column_of(
        &mut self,
        dataset: usize,
        column: &Spanned<crate::name::ColumnId>,
        field: &str,
        programme: &Programme,
    ) -> Option<usize> {
        let dataset = &programme.datasets[dataset];
        let columns = dataset.columns.iter().map(|c| c.id.clone());
        self.resolve(column, field, &format!("column of {}", dataset.id), columns)
    }

    fn codes(
        &mut self,
        list: usize,
        codes: &[Spanned<crate::name::CodeId>],
        field: &str,
        programme: &Programme,
    ) -> Vec<u8> {
        let mut positions = Vec::new();
        for code in codes {
            // A column whose list is missing has been found already.
            let known = programme.code_lists.get(list).into_iter().flat_map(|list| &list.codes);
            let known = known.map(|code| code.id.clone());
            if let Some(at) = self.resolve(code, field, "code of this list", known) {
                positions.push(u8::try_from(at).unwrap_or(u8::MAX));
            }
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

fn organisations(raw: Vec<raw::Organisation>) -> Vec<Organisation> {
    raw.into_iter().map(|o| Organisation { id: o.id.into_inner(), name: o.name }).collect()
}
