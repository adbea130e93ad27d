//! ISO/IEC TS 27560: a consent record for each event, in JSON-LD with the W3C Data Privacy Vocabulary (DPV 2.3), as the
//! vocabulary's own guide to the standard maps its fields.
//!
//! The form is JSON-LD in one shape: other shapes of the same graph are brought into it with the context and a JSON-LD
//! processor. A record has two states: what the event was, and how the record stands at the moment of the file.

use serde_json::{Map, Value, json};

use super::URN;
use super::json::{At, word};
use super::refusal::{ExchangeError, Expected};
use super::standing::Standing;
use super::statement::{Statement, Subject};
use crate::clock::{Day, Timestamp};
use crate::consent::{ConsentEvent, EventKind, GivenBy, LegalBasis, Method, Notice, RowWindow};
use crate::name::PartnerId;

/// The schema of the record, as the guide names it.
const CONFORMS: &str = "https://w3id.org/dpv/schema/dpv-27560#record";
const ORGANISATION: &str = "urn:kobling:organisation:";
const PURPOSE: &str = "urn:kobling:purpose:";
const METHOD: &str = "urn:kobling:method:";

fn context() -> Value {
    json!({
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "loc": "https://w3id.org/dpv/loc#",
        "dct": "http://purl.org/dc/terms/",
        "dcat": "http://www.w3.org/ns/dcat#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "kobling": "urn:kobling:term:",
    })
}

/// The whole file.
pub(super) fn document<'s>(
    statements: impl Iterator<Item = (&'s Statement, Standing)>,
    partner: &PartnerId,
    moment: Timestamp,
) -> Value {
    json!({
        "@context": context(),
        "@type": "dcat:Catalog",
        "dct:created": instant(moment),
        "dct:publisher": iri(ORGANISATION, partner.as_str()),
        "dct:hasPart": statements.map(|(s, standing)| record(s, standing, partner)).collect::<Vec<_>>(),
    })
}

/// Whether two records differ in what they say of the status.
pub(super) fn status_differs(found: &Value, wanted: &Value) -> bool {
    found["dpv:hasConsentStatus"][1] != wanted["dpv:hasConsentStatus"][1]
}

fn instant(at: Timestamp) -> Value {
    json!({ "@type": "xsd:dateTime", "@value": at })
}

fn date(day: Day) -> Value {
    json!({ "@type": "xsd:date", "@value": day })
}

fn iri(prefix: &str, name: &str) -> Value {
    json!({ "@id": format!("{prefix}{name}") })
}

fn wire<T: serde::Serialize>(word: T) -> String {
    match serde_json::to_value(word) {
        Ok(Value::String(word)) => word,
        _ => unreachable!("these enums are words on the wire"),
    }
}

fn record_prefix(partner: &PartnerId) -> String {
    format!("{URN}record:{partner}:")
}

fn dataset_prefix(partner: &PartnerId) -> String {
    format!("{URN}dataset:{partner}:")
}

const fn state(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Requested => "dpv:ConsentRequested",
        EventKind::Given => "dpv:ConsentGiven",
        EventKind::Refused => "dpv:ConsentRefused",
        EventKind::Withdrawn => "dpv:ConsentWithdrawn",
        EventKind::Expired => "dpv:ConsentExpired",
        EventKind::Invalidated => "dpv:ConsentInvalidated",
        EventKind::Renewed => "dpv:RenewedConsentGiven",
    }
}

/// The states of a record at the moment of the file.
fn states(standing: Standing) -> Vec<&'static str> {
    if standing == Standing::InForce {
        return vec!["dpv:ConsentStatusValidForProcessing"];
    }
    let more = match standing {
        Standing::Asked => Some("dpv:ConsentRequested"),
        Standing::RunOut => Some("dpv:ConsentExpired"),
        Standing::Withdrawn => Some("dpv:ConsentWithdrawn"),
        Standing::Refused => Some("dpv:ConsentRefused"),
        Standing::Invalid => Some("dpv:ConsentInvalidated"),
        Standing::InForce | Standing::InPart | Standing::NotYet | Standing::Replaced => None,
    };
    std::iter::once("dpv:ConsentStatusInvalidForProcessing").chain(more).collect()
}

const LEGAL_BASES: [(LegalBasis, &str, &str); 3] = [
    (LegalBasis::Consent, "eu-gdpr:A6-1-a", "dpv:ExpressedConsent"),
    (LegalBasis::ExplicitConsent, "eu-gdpr:A9-2-a", "dpv:ExplicitlyExpressedConsent"),
    (LegalBasis::OffencesConsent, "kobling:offences-consent", "dpv:ExplicitlyExpressedConsent"),
];

fn record(statement: &Statement, standing: Standing, partner: &PartnerId) -> Value {
    let event = &statement.event;
    let (_, basis, consent) = LEGAL_BASES
        .into_iter()
        .find(|(basis, ..)| *basis == event.legal_basis)
        .expect("each basis stands in the table");
    let by = match event.given_by {
        GivenBy::Person => "dpv:DataSubject",
        GivenBy::Custodian => "dpv:GuardianOfDataSubject",
    };
    let mut record = json!({
        "@id": format!("{}{}", record_prefix(partner), event.record.as_str()),
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": { "@id": CONFORMS },
        "dct:identifier": event.record,
        "kobling:schema": event.schema,
        "dct:creator": { "@type": "dpv:Entity", "dpv:hasName": event.recorded_by },
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            "dct:identifier": {
                "@type": statement.subject.system(partner),
                "@value": statement.subject.value().as_str(),
            },
        },
        "dpv:hasDataController": iri(ORGANISATION, partner.as_str()),
        "dpv:hasJurisdiction": { "@id": "loc:DK" },
        "dpv:hasLegalBasis": { "@id": basis },
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:identifier": event.notice.id,
            "dcat:version": event.notice.version,
            "dct:language": event.notice.language,
            "kobling:sha256": event.notice.sha256,
        },
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": { "@type": "dpv:UntilTimeDuration", "rdf:value": date(event.retention_until) },
        },
        "dpv:hasProcess": process(event, partner),
        "dpv:hasConsentStatus": [
            {
                "@type": [state(event.kind), consent],
                "dpv:isIndicatedAtTime": instant(event.at),
                "dpv:isIndicatedBy": { "@id": by },
                "dpv:hasIndicationMethod": iri(METHOD, &wire(event.method)),
                "dpv:hasDuration": duration(event),
            },
            { "@type": states(standing), "kobling:standing": standing.as_str() },
        ],
    });
    if let Some(named) = &event.names {
        record[relation(event.kind)] = iri(&record_prefix(partner), named.as_str());
    }
    record
}

const fn relation(kind: EventKind) -> &'static str {
    if matches!(kind, EventKind::Renewed) { "dct:replaces" } else { "dct:references" }
}

/// How long the event counts. Of a yes from its first day to its last; others have no end, and the days that stand in
/// them are kept apart.
fn duration(event: &ConsentEvent) -> Value {
    let mut duration = match event.valid_to {
        Some(to) if event.kind.is_permit() => {
            json!({ "@type": "dpv:UntilTimeDuration", "rdf:value": date(to) })
        }
        _ => json!({ "@type": "dpv:EndlessDuration" }),
    };
    if event.kind.is_permit() {
        duration["dcat:startDate"] = date(event.valid_from);
    } else {
        duration["kobling:statedFrom"] = date(event.valid_from);
        if let Some(to) = event.valid_to {
            duration["kobling:statedTo"] = date(to);
        }
    }
    duration
}

fn process(event: &ConsentEvent, partner: &PartnerId) -> Value {
    let mut process = Map::new();
    let mut list = |name: &str, items: Vec<Value>| {
        if !items.is_empty() {
            process.insert(name.to_owned(), items.into());
        }
    };
    list("dpv:hasPurpose", event.purposes.iter().map(|id| iri(PURPOSE, id.as_str())).collect());
    list("dpv:hasRecipient", event.recipients.iter().map(|id| iri(ORGANISATION, id.as_str())).collect());
    let datasets = dataset_prefix(partner);
    list("dpv:hasPersonalData", event.datasets.iter().map(|id| iri(&datasets, id.as_str())).collect());
    process.insert("@type".into(), "dpv:Process".into());
    let withdraw = json!({
        "@type": "dpv:WithdrawConsent",
        "dpv:hasIndicationMethod": iri(METHOD, &wire(event.withdrawal_method)),
    });
    process.insert("dpv:hasConsentControl".into(), withdraw);
    let (from, to) = if event.kind.is_permit() {
        ("dcat:startDate", "dcat:endDate")
    } else {
        ("kobling:statedFrom", "kobling:statedTo")
    };
    let mut rows = Map::new();
    if event.kind.is_permit() || event.rows.from.is_some() {
        rows.insert(from.into(), date(event.rows.from.unwrap_or(event.valid_from)));
    }
    if let Some(last) = event.rows.to {
        rows.insert(to.into(), date(last));
    }
    if event.kind.is_permit() && event.rows.from.is_none() {
        rows.insert("kobling:fromValidity".into(), true.into());
    }
    if !rows.is_empty() {
        rows.insert("@type".into(), "dct:PeriodOfTime".into());
        process.insert("dct:temporal".into(), rows.into());
    }
    process.into()
}

// ---- reading ---------------------------------------------------------------------------------

/// Reads what a record says; what it says besides is found by [`super::read`].
pub(super) fn read(record: &At<'_>, partner: &PartnerId, today: Day) -> Result<Statement, ExchangeError> {
    let controller = record.field("dpv:hasDataController")?.field("@id")?;
    if controller.text()?.strip_prefix(ORGANISATION) != Some(partner.as_str()) {
        return Err(controller.wrong(Expected::Importer));
    }
    let subject = record.field("dpv:hasDataSubject")?.field("dct:identifier")?;
    let subject = Subject::read(&subject.field("@type")?, &subject.field("@value")?, today)?;
    let status = record.field("dpv:hasConsentStatus")?.first()?;
    let kind = kind(&status.field("@type")?.first()?)?;
    let process = record.field("dpv:hasProcess")?;
    let duration = status.field("dpv:hasDuration")?;
    let valid = if kind.is_permit() {
        (day(&duration.field("dcat:startDate")?)?, maybe_day(&duration, "rdf:value")?)
    } else {
        (day(&duration.field("kobling:statedFrom")?)?, maybe_day(&duration, "kobling:statedTo")?)
    };
    let id = Expected::RecordUrn;
    let own = Expected::Record;
    let datasets = dataset_prefix(partner);
    let by = status.field("dpv:isIndicatedBy")?.field("@id")?;
    let basis = record.field("dpv:hasLegalBasis")?.field("@id")?;
    let known = LEGAL_BASES.into_iter().find(|(_, term, _)| basis.text().is_ok_and(|text| text == *term));
    let event = ConsentEvent {
        record: record.field("dct:identifier")?.read(own)?,
        schema: schema(&record.field("kobling:schema")?)?,
        kind,
        names: match record.maybe(relation(kind)) {
            Some(named) => Some(named.field("@id")?.after(&record_prefix(partner), id)?),
            None => None,
        },
        purposes: names(&process, "dpv:hasPurpose", PURPOSE)?,
        recipients: names(&process, "dpv:hasRecipient", ORGANISATION)?,
        datasets: names(&process, "dpv:hasPersonalData", &datasets)?,
        at: status.field("dpv:isIndicatedAtTime")?.field("@value")?.read(Expected::Instant)?,
        valid_from: valid.0,
        valid_to: valid.1,
        rows: rows(&process, kind)?,
        notice: notice(&record.field("dpv:hasNotice")?)?,
        method: method(&status)?,
        given_by: match by.text()? {
            "dpv:DataSubject" => GivenBy::Person,
            "dpv:GuardianOfDataSubject" => GivenBy::Custodian,
            _ => return Err(by.wrong(Expected::DpvBy)),
        },
        recorded_by: record.field("dct:creator")?.field("dpv:hasName")?.text()?.to_owned(),
        legal_basis: match known {
            Some((legal_basis, ..)) => legal_basis,
            None => {
                return Err(basis.wrong(Expected::DpvBasis));
            }
        },
        withdrawal_method: method(&process.field("dpv:hasConsentControl")?)?,
        retention_until: day(&record
            .field("dpv:hasStorageCondition")?
            .field("dpv:hasDuration")?
            .field("rdf:value")?)?,
    };
    Ok(Statement { subject, event })
}

fn kind(at: &At<'_>) -> Result<EventKind, ExchangeError> {
    use EventKind::{Expired, Given, Invalidated, Refused, Renewed, Requested, Withdrawn};
    let text = at.text()?;
    let kinds = [Requested, Given, Refused, Withdrawn, Expired, Invalidated, Renewed];
    kinds.into_iter().find(|kind| state(*kind) == text).ok_or_else(|| at.wrong(Expected::DpvState))
}

fn schema(at: &At<'_>) -> Result<u16, ExchangeError> {
    u16::try_from(at.number()?).map_err(|_| at.wrong(Expected::Version))
}

fn day(at: &At<'_>) -> Result<Day, ExchangeError> {
    at.field("@value")?.read(Expected::Day)
}

fn maybe_day(at: &At<'_>, name: &str) -> Result<Option<Day>, ExchangeError> {
    at.maybe(name).map(|at| day(&at)).transpose()
}

fn names<T: std::str::FromStr>(process: &At<'_>, field: &str, prefix: &str) -> Result<Vec<T>, ExchangeError> {
    let expected = Expected::NameUrn;
    process.list(field)?.iter().map(|item| item.field("@id")?.after(prefix, expected)).collect()
}

fn method(of: &At<'_>) -> Result<Method, ExchangeError> {
    let at = of.field("dpv:hasIndicationMethod")?.field("@id")?;
    let known = at.text()?.strip_prefix(METHOD).and_then(word);
    known.ok_or_else(|| at.wrong(Expected::MethodUrn))
}

fn rows(process: &At<'_>, kind: EventKind) -> Result<RowWindow, ExchangeError> {
    match process.maybe("dct:temporal") {
        None => Ok(RowWindow::default()),
        Some(rows) if kind.is_permit() => {
            let from =
                maybe_day(&rows, "dcat:startDate")?.filter(|_| rows.maybe("kobling:fromValidity").is_none());
            Ok(RowWindow { from, to: maybe_day(&rows, "dcat:endDate")? })
        }
        Some(rows) => Ok(RowWindow {
            from: maybe_day(&rows, "kobling:statedFrom")?,
            to: maybe_day(&rows, "kobling:statedTo")?,
        }),
    }
}

fn notice(at: &At<'_>) -> Result<Notice, ExchangeError> {
    Ok(Notice {
        id: at.field("dct:identifier")?.read(Expected::Name)?,
        version: at.field("dcat:version")?.text()?.to_owned(),
        sha256: at.field("kobling:sha256")?.text()?.to_owned(),
        language: at.field("dct:language")?.text()?.to_owned(),
    })
}
