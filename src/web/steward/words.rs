//! Words of a definition as people say them.

use crate::language::Language;
use crate::programme::{Audience, BasisKind, PartnerKind, Precision, Role};

pub(super) const fn partner_kind(kind: PartnerKind, l: Language) -> &'static str {
    match kind {
        PartnerKind::Police => l.choose("politikreds", "police district"),
        PartnerKind::Municipality => l.choose("kommune", "municipality"),
        PartnerKind::Ngo => {
            l.choose("frivillig eller privat organisation", "voluntary or private organisation")
        }
        PartnerKind::Region => l.choose("region eller hospital", "region or hospital"),
        PartnerKind::Provider => l.choose("leverandør", "provider"),
        PartnerKind::School => l.choose("skole", "school"),
    }
}

pub(super) const fn basis(kind: BasisKind, l: Language) -> &'static str {
    match kind {
        BasisKind::Consent => l.choose("personens samtykke", "the person's consent"),
        BasisKind::Statistics => l.choose("kun statistik og forskning", "statistics and research alone"),
        BasisKind::Task => l.choose("en myndigheds opgave", "a public authority's task"),
    }
}

pub(super) const fn role(role: &Role, l: Language) -> &'static str {
    match role {
        Role::Person => l.choose("personen, som token", "the person, as a token"),
        Role::RelatedPerson => l.choose("den anden person, som token", "the other person, as a token"),
        Role::Case => l.choose("sagen, som token", "the case, as a token"),
        Role::Staff => l.choose("medarbejderen, som token", "the member of staff, as a token"),
        Role::Date => l.choose("dato", "date"),
        Role::Category { .. } => l.choose("kode fra en liste", "code from a list"),
        Role::Measure(_) => l.choose("tal", "number"),
    }
}

pub(super) const fn precision(precision: Precision, l: Language) -> &'static str {
    match precision {
        Precision::Day => l.choose("dagen", "the day"),
        Precision::Week => l.choose("ugens mandag", "the Monday of the week"),
        Precision::Month => l.choose("den 1. i måneden", "the first of the month"),
    }
}

pub(super) const fn audience(audience: Audience, l: Language) -> &'static str {
    match audience {
        Audience::Evaluators => l.choose("evaluatorer", "evaluators"),
        Audience::Payers => l.choose("evaluatorer og betalere", "evaluators and payers"),
    }
}
