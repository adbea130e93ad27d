//! Datasets: partners, bases, columns.

use toml::Spanned;

use super::super::followup::Shareable;
use super::super::model::{Basis, BasisKind, Column, Dataset, Measure, Programme, Role};
use super::super::raw;
use super::super::{ALIASES, CONSENTS};
use super::Checker;
use super::policy::MOST_OFFENCE_DAYS;
use crate::limits;

/// A hundred years: more is a slip.
const MOST_VALID_DAYS: u32 = 36_525;

impl Checker<'_> {
    pub(super) fn datasets(&mut self, raw: Vec<raw::Dataset>, programme: &Programme) -> Vec<Dataset> {
        self.unique("dataset", raw.iter().map(|d| (d.id.get_ref().clone(), d.id.span())));
        if raw.is_empty() || raw.len() > limits::MAX_DATASETS {
            self.wrong(0..0, "dataset", format!("a programme has 1 to {} datasets", limits::MAX_DATASETS));
        }
        self.precisions = raw
            .iter()
            .map(|dataset| dataset.columns.iter().find_map(|c| c.precision.as_ref().map(Spanned::span)))
            .collect();
        raw.into_iter().map(|dataset| self.dataset(dataset, programme)).collect()
    }

    pub(super) fn dataset(&mut self, raw: raw::Dataset, programme: &Programme) -> Dataset {
        let field = format!("dataset.{}", raw.id.get_ref());
        for taken in [CONSENTS, ALIASES] {
            if raw.id.get_ref().as_str() == taken {
                let what = format!("packages of {taken} go under this name; choose another");
                self.wrong(raw.id.span(), &field, what);
            }
        }
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
            retention_days: self.valid_days(
                raw.retention_days.as_ref(),
                &format!("{field}.retention_days"),
                MOST_VALID_DAYS,
            ),
            staff_issuer: raw.staff_issuer.map(Spanned::into_inner),
            columns,
        }
    }

    pub(super) fn bases(&mut self, raw: &raw::Dataset, field: &str, programme: &Programme) -> Vec<Basis> {
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
            self.basis(basis, raw, &at, programme);
            bases.push(Basis {
                purpose: basis.purpose.get_ref().clone(),
                kind: basis.kind,
                rests_on: basis.rests_on.clone(),
                special_categories: basis.special_categories,
                offences: basis.offences,
                disclosure_days: self.valid_days(
                    basis.disclosure_days.as_ref(),
                    &format!("{at}.disclosure_days"),
                    MOST_VALID_DAYS,
                ),
                use_days: self.valid_days(
                    basis.use_days.as_ref(),
                    &format!("{at}.use_days"),
                    MOST_VALID_DAYS,
                ),
                forbids: basis.forbids.iter().map(|purpose| purpose.get_ref().clone()).collect(),
            });
        }
        bases
    }

    /// What a basis rules out, held against the other bases of its dataset.
    fn basis(&mut self, basis: &raw::Basis, dataset: &raw::Dataset, at: &str, programme: &Programme) {
        let purpose = programme.purpose(basis.purpose.get_ref());
        if basis.kind == BasisKind::Statistics && purpose.is_some_and(|purpose| !purpose.statistical) {
            let message = "data held for statistics feed statistics alone: the purpose is not marked `statistical = true`";
            self.wrong(basis.purpose.span(), at, message);
        }
        for forbidden in &basis.forbids {
            let known = programme.purposes.iter().map(|p| p.id.clone());
            self.resolve(forbidden, &format!("{at}.forbids"), "purpose", known);
            if dataset.bases.iter().any(|other| other.purpose.get_ref() == forbidden.get_ref()) {
                let message =
                    format!("the basis for {} forbids this use of the dataset", basis.purpose.get_ref());
                self.wrong(forbidden.span(), format!("{at}.forbids"), message);
            }
        }
        let first = &dataset.bases[0];
        if (basis.special_categories, basis.offences) != (first.special_categories, first.offences) {
            let message = "rows are special categories, or about offences, whatever they are used for: mark all bases alike";
            self.wrong(basis.purpose.span(), at, message);
        }
        let consent = basis.kind == BasisKind::Consent;
        for (field, days) in [("disclosure_days", &basis.disclosure_days), ("use_days", &basis.use_days)] {
            if let Some(days) = days.as_ref().filter(|_| !consent) {
                self.wrong(days.span(), format!("{at}.{field}"), "only a consent has a longest validity");
            }
        }
        let days = basis.disclosure_days.as_ref().map(|days| *days.get_ref());
        if consent && basis.offences && days.is_none_or(|days| days > MOST_OFFENCE_DAYS) {
            let message = format!(
                "a consent to hand over data on offences holds for a year: set disclosure_days to {MOST_OFFENCE_DAYS} or less"
            );
            self.wrong(basis.purpose.span(), format!("{at}.disclosure_days"), message);
        }
    }

    pub(super) fn columns(&mut self, raw: &raw::Dataset, field: &str, programme: &Programme) -> Vec<Column> {
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
        raw.columns.iter().map(|column| self.column(column, raw, field, programme)).collect()
    }

    pub(super) fn column(
        &mut self,
        raw: &raw::Column,
        dataset: &raw::Dataset,
        field: &str,
        programme: &Programme,
    ) -> Column {
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
        let shareable = self.shareable(raw, &role, &at, programme);
        let derive = self.derive(raw, &role, dataset, &at, programme);
        let precision = self.precision(raw, &at);
        Column {
            id: raw.id.get_ref().clone(),
            headers: raw.headers.clone(),
            role,
            required: raw.required,
            missing: raw.missing.clone(),
            shareable,
            derive,
            precision,
        }
    }

    fn shareable(
        &mut self,
        raw: &raw::Column,
        role: &Role,
        at: &str,
        programme: &Programme,
    ) -> Option<Shareable> {
        let codes = raw.shareable.as_ref()?;
        let field = format!("{at}.shareable");
        let Role::Category { list } = role else {
            self.wrong(raw.id.span(), field, "only codes of a category can be shared");
            return None;
        };
        if codes.is_empty() {
            self.wrong(raw.id.span(), &field, "name the codes, or leave it out");
        }
        Some(Shareable { codes: self.codes(*list, codes, &field, programme) })
    }
}
