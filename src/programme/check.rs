//! From what TOML says to a sound [`Programme`], collecting every finding on the way.

use std::ops::Range;

use sha2::Digest as _;
use toml::Spanned;

use super::model::{
    Basis, BasisKind, Code, CodeList, Column, ConsentPolicy, Dataset, Dimension, DimensionSource,
    DisclosureSettings, Event, Measure, Notice, Organisation, Partner, Population, Programme, Purpose,
    Question, QuestionKind, Role, Stage,
};
use super::{Problem, ProgrammeError, line_of, raw};
use crate::limits;

/// R1's floors: a programme may be stricter than the default, never laxer than these.
const FLOOR_PERSONS: u32 = 5;
const FLOOR_FAMILIES: u32 = 3;
const DEFAULT_ERASURE_DAYS: u32 = 30;
const DEFAULT_OWN_CONSENT_AGE: u8 = 15;

pub(super) fn check(raw: raw::File, text: &str, sha256: [u8; 32]) -> Result<Programme, ProgrammeError> {
    let mut checker = Checker { text, problems: Vec::new() };
    let programme = checker.programme(raw, sha256);
    checker.unread_columns(&programme);
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

    fn programme(&mut self, raw: raw::File, sha256: [u8; 32]) -> Programme {
        let partners = self.partners(raw.partners);
        self.roles(&raw.roles, &partners);
        self.unique("purpose", raw.purposes.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        let purposes = raw
            .purposes
            .into_iter()
            .map(|p| Purpose { id: p.id.into_inner(), title: p.title })
            .collect::<Vec<_>>();
        let notices = self.notices(raw.notices);
        let code_lists = self.code_lists(raw.code_lists);
        let mut programme = Programme {
            id: raw.programme.id,
            title: raw.programme.title,
            version: raw.programme.version,
            period: raw.programme.period,
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
            dimensions: Vec::new(),
            populations: Vec::new(),
            stages: Vec::new(),
            questions: Vec::new(),
            disclosure: self.disclosure(&raw.disclosure),
        };
        programme.datasets = self.datasets(raw.datasets, &programme);
        programme.dimensions = self.dimensions(raw.dimensions, &programme);
        programme.populations = self.populations(raw.populations, &programme);
        programme.stages = self.stages(raw.stages, &programme);
        programme.questions = self.questions(raw.questions, &programme);
        programme
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

    fn consent(&mut self, raw: &raw::Consent) -> ConsentPolicy {
        let erasure_days = raw.erasure_days.as_ref().map_or(DEFAULT_ERASURE_DAYS, |days| {
            if !(1..=90).contains(days.get_ref()) {
                self.wrong(days.span(), "consent.erasure_days", "1 to 90 days are allowed");
            }
            *days.get_ref()
        });
        ConsentPolicy {
            erasure_days,
            own_consent_age: raw.own_consent_age.unwrap_or(DEFAULT_OWN_CONSENT_AGE),
        }
    }

    fn disclosure(&mut self, raw: &raw::Disclosure) -> DisclosureSettings {
        if let Some(profile) = raw.profile.as_ref().filter(|profile| profile.get_ref() != "dk-standard") {
            self.wrong(profile.span(), "disclosure.profile", "the only profile is dk-standard");
        }
        let floors = [("persons", &raw.persons, FLOOR_PERSONS), ("families", &raw.families, FLOOR_FAMILIES)];
        for (field, setting, floor) in floors {
            if let Some(setting) = setting.as_ref().filter(|setting| *setting.get_ref() < floor) {
                let message = format!("rule R1 cannot be set below {floor}");
                self.wrong(setting.span(), format!("disclosure.{field}"), message);
            }
        }
        let value = |setting: &Option<Spanned<u32>>| setting.as_ref().map(|s| *s.get_ref());
        DisclosureSettings { persons: value(&raw.persons), families: value(&raw.families) }
    }

    fn notices(&mut self, raw: Vec<raw::Notice>) -> Vec<Notice> {
        self.unique(
            "notice",
            raw.iter()
                .map(|n| (format!("{} {} {}", n.id.get_ref(), n.version, n.language.get_ref()), n.id.span())),
        );
        let mut notices = Vec::new();
        for notice in raw {
            if !matches!(notice.language.get_ref().as_str(), "da" | "en") {
                self.wrong(notice.language.span(), "notice.language", "da or en is expected");
            }
            let sha256 =
                sha2::Sha256::digest(notice.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            notices.push(Notice {
                id: notice.id.into_inner(),
                version: notice.version,
                language: notice.language.into_inner(),
                text: notice.text,
                sha256,
            });
        }
        notices
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
            let codes = list
                .codes
                .into_iter()
                .map(|c| Code {
                    id: c.id.into_inner(),
                    title: super::model::Text { da: c.da, en: c.en },
                    also: c.also,
                })
                .collect();
            lists.push(CodeList { id: list.id.into_inner(), codes });
        }
        lists
    }

    fn datasets(&mut self, raw: Vec<raw::Dataset>, programme: &Programme) -> Vec<Dataset> {
        self.unique("dataset", raw.iter().map(|d| (d.id.get_ref().clone(), d.id.span())));
        if raw.is_empty() || raw.len() > limits::MAX_DATASETS {
            self.wrong(0..0, "dataset", format!("a programme has 1 to {} datasets", limits::MAX_DATASETS));
        }
        raw.into_iter().map(|dataset| self.dataset(dataset, programme)).collect()
    }

    fn dataset(&mut self, raw: raw::Dataset, programme: &Programme) -> Dataset {
        let field = format!("dataset.{}", raw.id.get_ref());
        let mut partners = Vec::new();
        for partner in &raw.partners {
            let known = programme.partners.iter().map(|p| p.id.clone());
            if let Some(at) = self.resolve(partner, &format!("{field}.partners"), "partner", known) {
                partners.push(u8::try_from(at).unwrap_or(u8::MAX));
            }
        }
        partners.sort_unstable();
        partners.dedup();
        if partners.is_empty() {
            self.wrong(raw.id.span(), format!("{field}.partners"), "a dataset has at least one partner");
        }
        if let Some(issuer) = &raw.staff_issuer {
            let known = programme.partners.iter().map(|p| p.id.clone());
            self.resolve(issuer, &format!("{field}.staff_issuer"), "partner", known);
        }
        let bases = self.bases(&raw, &field, programme);
        let columns = self.columns(&raw, &field, programme);
        Dataset {
            id: raw.id.into_inner(),
            title: raw.title,
            partners,
            bases,
            staff_issuer: raw.staff_issuer.map(Spanned::into_inner),
            columns,
        }
    }

    fn bases(&mut self, raw: &raw::Dataset, field: &str, programme: &Programme) -> Vec<Basis> {
        let at = format!("{field}.basis");
        self.unique(&at, raw.bases.iter().map(|b| (b.purpose.get_ref().clone(), b.purpose.span())));
        if raw.bases.is_empty() {
            self.wrong(raw.id.span(), &at, "a dataset names its legal basis for at least one purpose");
        }
        let statistics = raw.bases.iter().filter(|basis| basis.kind == BasisKind::Statistics).count();
        if statistics > 0 && statistics < raw.bases.len() {
            let message = "a dataset held for statistics carries no other basis; make the other use a dataset of its own";
            self.wrong(raw.id.span(), &at, message);
        }
        let mut bases = Vec::new();
        for basis in &raw.bases {
            let known = programme.purposes.iter().map(|p| p.id.clone());
            self.resolve(&basis.purpose, &at, "purpose", known);
            if basis.rests_on.trim().is_empty() {
                self.wrong(basis.purpose.span(), format!("{at}.rests_on"), "name the article or section");
            }
            if basis.kind == BasisKind::Statistics && basis.purpose.get_ref().as_str() == "follow-up" {
                self.wrong(basis.purpose.span(), &at, "data held for statistics may never feed follow-up");
            }
            bases.push(Basis {
                purpose: basis.purpose.get_ref().clone(),
                kind: basis.kind,
                rests_on: basis.rests_on.clone(),
                disclosure_days: basis.disclosure_days,
            });
        }
        bases
    }

    fn columns(&mut self, raw: &raw::Dataset, field: &str, programme: &Programme) -> Vec<Column> {
        self.unique(
            &format!("{field}.column"),
            raw.columns.iter().map(|c| (c.id.get_ref().clone(), c.id.span())),
        );
        if raw.columns.len() > limits::MAX_DATASET_COLUMNS {
            self.wrong(
                raw.id.span(),
                field,
                format!("a dataset has at most {} columns", limits::MAX_DATASET_COLUMNS),
            );
        }
        let headers = raw.columns.iter().flat_map(|column| {
            let mut forms = vec![column.id.get_ref().to_string()];
            forms.extend(column.headers.iter().map(|header| header.to_lowercase()));
            forms.sort_unstable();
            forms.dedup();
            forms.into_iter().map(|form| (form, column.id.span())).collect::<Vec<_>>()
        });
        self.unique(&format!("{field}.column.headers"), headers);
        let single = [
            (raw::RoleWord::Person, "person", true),
            (raw::RoleWord::Date, "date", true),
            (raw::RoleWord::RelatedPerson, "related_person", false),
            (raw::RoleWord::Case, "case", false),
            (raw::RoleWord::Staff, "staff", false),
        ];
        for (word, name, needed) in single {
            let found = raw.columns.iter().filter(|column| *column.role.get_ref() == word).count();
            if found > 1 || (needed && found == 0) {
                let wanted = if needed { "exactly one column" } else { "at most one column" };
                self.wrong(raw.id.span(), format!("{field}.column"), format!("{wanted} has the role {name}"));
            }
        }
        raw.columns.iter().map(|column| self.column(column, field, programme)).collect()
    }

    fn column(&mut self, raw: &raw::Column, field: &str, programme: &Programme) -> Column {
        let at = format!("{field}.column.{}", raw.id.get_ref());
        let role_span = raw.role.span();
        let word = *raw.role.get_ref();
        if word != raw::RoleWord::Category && raw.codes.is_some() {
            self.wrong(role_span.clone(), &at, "only a category has codes");
        }
        if word != raw::RoleWord::Measure && (raw.min.is_some() || raw.max.is_some() || raw.unit.is_some()) {
            self.wrong(role_span.clone(), &at, "only a measure has a unit and bounds");
        }
        if word == raw::RoleWord::Date && !raw.required {
            self.wrong(role_span.clone(), &at, "the event date is always required");
        }
        let role = match word {
            raw::RoleWord::Person => Role::Person,
            raw::RoleWord::RelatedPerson => Role::RelatedPerson,
            raw::RoleWord::Case => Role::Case,
            raw::RoleWord::Staff => Role::Staff,
            raw::RoleWord::Date => Role::Date,
            raw::RoleWord::Category => {
                let list = match &raw.codes {
                    Some(codes) => {
                        let known = programme.code_lists.iter().map(|list| list.id.clone());
                        self.resolve(codes, &format!("{at}.codes"), "list of codes", known)
                    }
                    None => {
                        self.wrong(role_span, format!("{at}.codes"), "a category names its list of codes");
                        None
                    }
                };
                Role::Category { list: list.unwrap_or(0) }
            }
            raw::RoleWord::Measure => {
                let decimals = raw.decimals.unwrap_or(0);
                let (min, max) = (raw.min.unwrap_or(0), raw.max.unwrap_or(0));
                if raw.unit.is_none() || raw.max.is_none() || min >= max || decimals > 4 {
                    let message =
                        "a measure has a unit, min below max in its smallest unit, and at most 4 decimals";
                    self.wrong(role_span, &at, message);
                }
                Role::Measure(Measure { unit: raw.unit.clone().unwrap_or_default(), decimals, min, max })
            }
        };
        Column {
            id: raw.id.get_ref().clone(),
            headers: raw.headers.clone(),
            role,
            required: raw.required,
            missing: raw.missing.clone(),
        }
    }

    fn column_ref(
        &mut self,
        dataset: &Spanned<crate::name::DatasetId>,
        column: &Spanned<crate::name::ColumnId>,
        field: &str,
        programme: &Programme,
    ) -> Option<(usize, usize)> {
        let at = self.resolve(dataset, field, "dataset", programme.datasets.iter().map(|d| d.id.clone()))?;
        let columns = programme.datasets[at].columns.iter().map(|c| c.id.clone());
        let column = self.resolve(column, field, &format!("column of {}", dataset.get_ref()), columns)?;
        Some((at, column))
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
            let known = programme.code_lists[list].codes.iter().map(|c| c.id.clone());
            if let Some(at) = self.resolve(code, field, "code of this list", known) {
                positions.push(u8::try_from(at).unwrap_or(u8::MAX));
            }
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    fn dimensions(&mut self, raw: Vec<raw::Dimension>, programme: &Programme) -> Vec<Dimension> {
        self.unique("dimension", raw.iter().map(|d| (d.id.get_ref().clone(), d.id.span())));
        let mut dimensions = Vec::new();
        for dimension in raw {
            let field = format!("dimension.{}", dimension.id.get_ref());
            if (dimension.kind == raw::DimensionWord::Column) == dimension.columns.is_empty() {
                let message = "a dimension of kind column names its columns, and no other kind does";
                self.wrong(dimension.id.span(), &field, message);
            }
            let source = match dimension.kind {
                raw::DimensionWord::Partner => DimensionSource::Partner,
                raw::DimensionWord::Quarter => DimensionSource::Quarter,
                raw::DimensionWord::Column => self.column_dimension(&dimension, &field, programme),
            };
            dimensions.push(Dimension { id: dimension.id.into_inner(), title: dimension.title, source });
        }
        dimensions
    }

    fn column_dimension(
        &mut self,
        raw: &raw::Dimension,
        field: &str,
        programme: &Programme,
    ) -> DimensionSource {
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut list = None;
        for reference in &raw.columns {
            let Some((dataset, column)) =
                self.column_ref(&reference.dataset, &reference.column, field, programme)
            else {
                continue;
            };
            let span = reference.column.span();
            let Role::Category { list: of } = programme.datasets[dataset].columns[column].role else {
                self.wrong(span, field, "only a category column can be a dimension");
                continue;
            };
            if *list.get_or_insert(of) != of {
                self.wrong(span.clone(), field, "all columns of a dimension share one list of codes");
            }
            if columns.iter().any(|(d, _)| *d == dataset) {
                self.wrong(span, field, "a dimension takes one column of a dataset");
                continue;
            }
            columns.push((dataset, column));
        }
        DimensionSource::Columns { list: list.unwrap_or(0), columns }
    }

    fn populations(&mut self, raw: Vec<raw::Population>, programme: &Programme) -> Vec<Population> {
        self.unique("population", raw.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        let mut populations = Vec::new();
        for population in raw {
            let field = format!("population.{}", population.id.get_ref());
            let known = programme.dimensions.iter().map(|d| d.id.clone());
            let Some(dimension) = self.resolve(&population.dimension, &field, "dimension", known) else {
                continue;
            };
            let DimensionSource::Columns { list, .. } = programme.dimensions[dimension].source else {
                self.wrong(
                    population.dimension.span(),
                    &field,
                    "a population is codes of a column dimension",
                );
                continue;
            };
            let codes = self.codes(list, &population.codes, &field, programme);
            if codes.is_empty() {
                self.wrong(population.id.span(), &field, "a population has at least one code");
            }
            populations.push(Population {
                id: population.id.into_inner(),
                title: population.title,
                dimension,
                codes,
            });
        }
        populations
    }

    fn stages(&mut self, raw: Vec<raw::Stage>, programme: &Programme) -> Vec<Stage> {
        self.unique("stage", raw.iter().map(|s| (s.id.get_ref().clone(), s.id.span())));
        let mut stages = Vec::new();
        for stage in raw {
            let field = format!("stage.{}", stage.id.get_ref());
            let mut events = Vec::new();
            for event in &stage.events {
                let Some((dataset, column)) =
                    self.column_ref(&event.dataset, &event.column, &field, programme)
                else {
                    continue;
                };
                let Role::Category { list } = programme.datasets[dataset].columns[column].role else {
                    self.wrong(event.column.span(), &field, "a stage is codes of a category column");
                    continue;
                };
                let codes = self.codes(list, &event.codes, &field, programme);
                events.push(Event { dataset, column, codes });
            }
            if events.iter().all(|event| event.codes.is_empty()) {
                self.wrong(stage.id.span(), &field, "a stage has at least one event with at least one code");
            }
            stages.push(Stage { id: stage.id.into_inner(), title: stage.title, events });
        }
        stages
    }

    fn questions(&mut self, raw: Vec<raw::Question>, programme: &Programme) -> Vec<Question> {
        self.unique("question", raw.iter().map(|q| (q.id.get_ref().clone(), q.id.span())));
        raw.into_iter().filter_map(|question| self.question(question, programme)).collect()
    }

    fn question(&mut self, raw: raw::Question, programme: &Programme) -> Option<Question> {
        let field = format!("question.{}", raw.id.get_ref());
        let span = raw.id.span();
        self.resolve(
            &raw.purpose,
            &format!("{field}.purpose"),
            "purpose",
            programme.purposes.iter().map(|p| p.id.clone()),
        );
        let mut positions =
            |list: &[Spanned<_>], at: &str, what: &str, known: &[crate::name::DimensionId]| {
                list.iter()
                    .filter_map(|r| self.resolve(r, &format!("{field}.{at}"), what, known.iter().cloned()))
                    .collect()
            };
        let dimension_ids = programme.dimensions.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
        let dimensions: Vec<usize> = positions(&raw.dimensions, "dimensions", "dimension", &dimension_ids);
        let populations = raw
            .populations
            .iter()
            .filter_map(|p| {
                let known = programme.populations.iter().map(|p| p.id.clone());
                self.resolve(p, &format!("{field}.populations"), "population", known)
            })
            .collect();
        let datasets: Vec<usize> = raw
            .datasets
            .iter()
            .filter_map(|d| {
                let known = programme.datasets.iter().map(|d| d.id.clone());
                self.resolve(d, &format!("{field}.datasets"), "dataset", known)
            })
            .collect();
        let stages: Vec<usize> = raw
            .stages
            .iter()
            .filter_map(|s| {
                let known = programme.stages.iter().map(|s| s.id.clone());
                self.resolve(s, &format!("{field}.stages"), "stage", known)
            })
            .collect();
        let word = *raw.kind.get_ref();
        let takes_datasets = matches!(word, raw::QuestionWord::Reach | raw::QuestionWord::Overlap);
        if takes_datasets == raw.datasets.is_empty() {
            self.wrong(
                span.clone(),
                format!("{field}.datasets"),
                "reach and overlap name datasets, other kinds none",
            );
        }
        if (word == raw::QuestionWord::Funnel) != (raw.stages.len() >= 2) {
            self.wrong(
                span.clone(),
                format!("{field}.stages"),
                "a funnel names at least two stages, other kinds none",
            );
        }
        if word != raw::QuestionWord::Quality && !raw.completeness.is_empty() {
            self.wrong(
                span.clone(),
                format!("{field}.completeness"),
                "only a question of kind quality has it",
            );
        }
        let kind = match word {
            raw::QuestionWord::Reach => QuestionKind::Reach { datasets },
            raw::QuestionWord::Overlap => QuestionKind::Overlap { datasets },
            raw::QuestionWord::Funnel => QuestionKind::Funnel { stages },
            raw::QuestionWord::Quality => QuestionKind::Quality {
                completeness: raw
                    .completeness
                    .iter()
                    .filter_map(|r| self.column_ref(&r.dataset, &r.column, &field, programme))
                    .collect(),
            },
        };
        let question = Question {
            id: raw.id.into_inner(),
            number: raw.number,
            title: raw.title,
            definition: raw.definition,
            purpose: raw.purpose.into_inner(),
            dimensions,
            populations,
            kind,
        };
        if !matches!(question.kind, QuestionKind::Quality { .. }) {
            for dataset in programme.datasets_of(&question) {
                let dataset = &programme.datasets[dataset];
                if dataset.basis(&question.purpose).is_none() {
                    let message =
                        format!("{} has no legal basis for the purpose {}", dataset.id, question.purpose);
                    self.wrong(span.clone(), &field, message);
                }
            }
        }
        Some(question)
    }

    /// Nobody sends what nobody uses: every category, measure and staff column must be read by a question.
    /// Person, related person, case and date are read by all questions and by the disclosure rules.
    fn unread_columns(&mut self, programme: &Programme) {
        let mut read: Vec<(usize, usize)> = Vec::new();
        for question in &programme.questions {
            let populations = question.populations.iter().map(|p| programme.populations[*p].dimension);
            for dimension in question.dimensions.iter().copied().chain(populations) {
                if let DimensionSource::Columns { columns, .. } = &programme.dimensions[dimension].source {
                    let datasets = programme.datasets_of(question);
                    read.extend(columns.iter().filter(|(dataset, _)| datasets.contains(dataset)));
                }
            }
            match &question.kind {
                QuestionKind::Funnel { stages } => {
                    let events = stages.iter().flat_map(|stage| &programme.stages[*stage].events);
                    read.extend(events.map(|event| (event.dataset, event.column)));
                }
                QuestionKind::Quality { completeness } => read.extend(completeness),
                QuestionKind::Reach { .. } | QuestionKind::Overlap { .. } => {}
            }
        }
        for (d, dataset) in programme.datasets.iter().enumerate() {
            for (c, column) in dataset.columns.iter().enumerate() {
                let always =
                    matches!(column.role, Role::Person | Role::RelatedPerson | Role::Case | Role::Date);
                if !always && !read.contains(&(d, c)) {
                    let message = "no registered question reads this column; nobody sends what nobody uses: take it out";
                    self.wrong(0..0, format!("dataset.{}.column.{}", dataset.id, column.id), message);
                }
            }
        }
    }
}

fn organisations(raw: Vec<raw::Organisation>) -> Vec<Organisation> {
    raw.into_iter().map(|o| Organisation { id: o.id.into_inner(), name: o.name }).collect()
}
