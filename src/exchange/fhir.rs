//! HL7 FHIR R4 (4.0.1): a `Bundle` of type `collection`, a `Consent` for each event.
//!
//! R4 has no place for some fields; they stand in extensions under `urn:kobling:fhir:`. In R4 a root provision has no
//! type, so what is permitted or denied stands in one provision below it. A deny counts from its event for ever: days
//! that stand in it are no period of the provision, but extensions.

use serde_json::{Map, Value, json};

use super::URN;
use super::json::At;
use super::refusal::{ExchangeError, Expected};
use super::standing::Standing;
use super::statement::{Statement, Subject};
use crate::clock::{Day, Timestamp};
use crate::consent::{ConsentEvent, EventKind, GivenBy, Notice, RowWindow};
use crate::name::PartnerId;

const EXTENSION: &str = "urn:kobling:fhir:";
const ORGANISATION: &str = "urn:kobling:organisation";
const PURPOSE: &str = "urn:kobling:purpose";
const LEGAL_BASIS: &str = "urn:kobling:legal-basis";
const NOTICE: &str = "urn:kobling:notice";
const RECIPIENT: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
const SCOPE: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy");
/// Patient Consent.
const CATEGORY: (&str, &str) = ("http://loinc.org", "59284-0");

/// The whole file.
pub(super) fn document<'s>(
    statements: impl Iterator<Item = (&'s Statement, Standing)>,
    partner: &PartnerId,
    moment: Timestamp,
) -> Value {
    let entry = |(statement, standing): (&Statement, Standing)| {
        json!({
            "fullUrl": format!("{}:{}", record_system(partner), statement.event.record.as_str()),
            "resource": resource(statement, standing, partner),
        })
    };
    json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": moment,
        "entry": statements.map(entry).collect::<Vec<_>>(),
    })
}

/// Whether two entries differ in what they say of the status.
pub(super) fn status_differs(found: &Value, wanted: &Value) -> bool {
    found["resource"]["status"] != wanted["resource"]["status"]
}

fn record_system(partner: &PartnerId) -> String {
    format!("{URN}record:{partner}")
}

fn dataset_system(partner: &PartnerId) -> String {
    format!("{URN}dataset:{partner}")
}

const fn status(kind: EventKind, standing: Standing) -> &'static str {
    match (kind, standing) {
        (_, Standing::Asked) => "proposed",
        (_, Standing::InForce) => "active",
        (EventKind::Refused, _) => "rejected",
        (EventKind::Given | EventKind::Renewed, Standing::Invalid) => "entered-in-error",
        _ => "inactive",
    }
}

fn concept((system, code): (&str, &str)) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

fn organisation(id: &str) -> Value {
    json!({ "type": "Organization", "identifier": { "system": ORGANISATION, "value": id } })
}

fn resource(statement: &Statement, standing: Standing, partner: &PartnerId) -> Value {
    let event = &statement.event;
    let person = json!({
        "type": "Patient",
        "identifier": { "system": statement.subject.system(partner), "value": statement.subject.value().as_str() },
    });
    let performer = match event.given_by {
        GivenBy::Person => person.clone(),
        GivenBy::Custodian => json!({ "type": "RelatedPerson", "display": "custodian" }),
    };
    let legal_basis = serde_json::to_value(event.legal_basis).expect("a word");
    let mut resource = json!({
        "resourceType": "Consent",
        "extension": extensions(event, standing, partner),
        "identifier": [{ "system": record_system(partner), "value": event.record }],
        "status": status(event.kind, standing),
        "scope": concept(SCOPE),
        "category": [concept(CATEGORY)],
        "patient": person,
        "dateTime": event.at,
        "performer": [performer],
        "organization": [organisation(partner.as_str())],
        "sourceReference": {
            "extension": [
                { "url": extension("notice-version"), "valueString": event.notice.version },
                { "url": extension("notice-language"), "valueCode": event.notice.language },
                { "url": extension("notice-sha256"), "valueString": event.notice.sha256 },
            ],
            "type": "DocumentReference",
            "identifier": { "system": NOTICE, "value": event.notice.id },
        },
        "policyRule": { "coding": [{ "system": LEGAL_BASIS, "code": legal_basis }] },
    });
    if let Some(provision) = provision(event, partner) {
        resource["provision"] = provision;
    }
    resource
}

fn extension(name: &str) -> String {
    format!("{EXTENSION}{name}")
}

fn extensions(event: &ConsentEvent, standing: Standing, partner: &PartnerId) -> Vec<Value> {
    let mut list = vec![
        json!({ "url": extension("schema"), "valueInteger": event.schema }),
        json!({ "url": extension("event"), "valueCode": event.kind }),
        json!({ "url": extension("standing"), "valueCode": standing.as_str() }),
        json!({ "url": extension("method"), "valueCode": event.method }),
        json!({ "url": extension("withdrawal-method"), "valueCode": event.withdrawal_method }),
        json!({ "url": extension("recorded-by"), "valueString": event.recorded_by }),
        json!({ "url": extension("retention-until"), "valueDate": event.retention_until }),
    ];
    if let Some(named) = &event.names {
        let named = json!({ "system": record_system(partner), "value": named });
        list.push(json!({ "url": extension("names"), "valueIdentifier": named }));
    }
    if !event.kind.is_permit() {
        let days = [
            ("stated-valid-from", Some(event.valid_from)),
            ("stated-valid-to", event.valid_to),
            ("stated-rows-from", event.rows.from),
            ("stated-rows-to", event.rows.to),
        ];
        let stated = days.into_iter().filter_map(|(name, day)| day.map(|day| (name, day)));
        list.extend(stated.map(|(name, day)| json!({ "url": extension(name), "valueDate": day })));
    }
    list
}

/// What is permitted or denied. An asking and an ending say what they are about, without a type, and rule nothing.
fn provision(event: &ConsentEvent, partner: &PartnerId) -> Option<Value> {
    let mut scope = Map::new();
    let mut list = |name: &str, items: Vec<Value>| {
        if !items.is_empty() {
            scope.insert(name.to_owned(), items.into());
        }
    };
    let actor = |id: &str| json!({ "role": concept(RECIPIENT), "reference": organisation(id) });
    list("actor", event.recipients.iter().map(|id| actor(id.as_str())).collect());
    list("purpose", event.purposes.iter().map(|id| json!({ "system": PURPOSE, "code": id })).collect());
    let system = dataset_system(partner);
    list("class", event.datasets.iter().map(|id| json!({ "system": system, "code": id })).collect());
    if event.kind.is_permit() {
        scope.insert("type".into(), "permit".into());
        scope.insert("period".into(), period(event.valid_from, event.valid_to));
        let mut rows = period(event.rows.from.unwrap_or(event.valid_from), event.rows.to);
        if event.rows.from.is_none() {
            rows["extension"] = json!([{ "url": extension("rows-from-validity"), "valueBoolean": true }]);
        }
        scope.insert("dataPeriod".into(), rows);
    } else if event.kind.is_deny() {
        scope.insert("type".into(), "deny".into());
    } else {
        return (!scope.is_empty()).then(|| scope.into());
    }
    Some(json!({ "provision": [scope] }))
}

fn period(from: Day, to: Option<Day>) -> Value {
    let mut period = json!({ "start": from });
    if let Some(to) = to {
        period["end"] = json!(to);
    }
    period
}

// ---- reading ---------------------------------------------------------------------------------

/// Reads what an entry says; what it says besides is found by [`super::read`].
pub(super) fn read(entry: &At<'_>, partner: &PartnerId, today: Day) -> Result<Statement, ExchangeError> {
    let consent = entry.field("resource")?;
    let custodian = consent.field("organization")?.first()?.field("identifier")?.field("value")?;
    if custodian.text()? != partner.as_str() {
        return Err(custodian.wrong(Expected::Importer));
    }
    let patient = consent.field("patient")?.field("identifier")?;
    let subject = Subject::read(&patient.field("system")?, &patient.field("value")?, today)?;
    let own = Extensions::of(&consent)?;
    let kind: EventKind = own.must("event", "valueCode")?.word(Expected::Event)?;
    let provision = consent.maybe("provision");
    let typed = kind.is_permit() || kind.is_deny();
    let rule = match provision {
        Some(root) if typed => Some(root.field("provision")?.first()?),
        Some(root) => Some(root),
        None if typed => Some(consent.field("provision")?),
        None => None,
    };
    let list = |name: &str| rule.as_ref().map_or_else(|| Ok(Vec::new()), |rule| rule.list(name));
    let name = Expected::Name;
    let recipients = list("actor")?.into_iter();
    let recipients =
        recipients.map(|actor| actor.field("reference")?.field("identifier")?.field("value")?.read(name));
    let (valid, rows) = match &rule {
        Some(rule) if kind.is_permit() => (days(&rule.field("period")?)?, rows(&rule.field("dataPeriod")?)?),
        _ => own.stated()?,
    };
    let id = Expected::Record;
    let method = Expected::Method;
    let performer = consent.field("performer")?.first()?.field("type")?;
    let basis = consent.field("policyRule")?.field("coding")?.first()?.field("code")?;
    let event = ConsentEvent {
        record: consent.field("identifier")?.first()?.field("value")?.read(id)?,
        schema: schema(&own.must("schema", "valueInteger")?)?,
        kind,
        names: match own.find("names", "valueIdentifier")? {
            Some(named) => Some(named.field("value")?.read(id)?),
            None => None,
        },
        purposes: list("purpose")?.iter().map(|c| c.field("code")?.read(name)).collect::<Result<_, _>>()?,
        recipients: recipients.collect::<Result<_, _>>()?,
        datasets: list("class")?.iter().map(|c| c.field("code")?.read(name)).collect::<Result<_, _>>()?,
        at: consent.field("dateTime")?.read(Expected::Instant)?,
        valid_from: valid.0,
        valid_to: valid.1,
        rows,
        notice: notice(&consent.field("sourceReference")?)?,
        method: own.must("method", "valueCode")?.word(method)?,
        given_by: match performer.text()? {
            "Patient" => GivenBy::Person,
            "RelatedPerson" => GivenBy::Custodian,
            _ => return Err(performer.wrong(Expected::Performer)),
        },
        recorded_by: own.must("recorded-by", "valueString")?.text()?.to_owned(),
        legal_basis: basis.word(Expected::Basis)?,
        withdrawal_method: own.must("withdrawal-method", "valueCode")?.word(method)?,
        retention_until: own.must("retention-until", "valueDate")?.read(DATE)?,
    };
    Ok(Statement { subject, event })
}

const DATE: Expected = Expected::Day;

fn schema(at: &At<'_>) -> Result<u16, ExchangeError> {
    u16::try_from(at.number()?).map_err(|_| at.wrong(Expected::Version))
}

fn days(period: &At<'_>) -> Result<(Day, Option<Day>), ExchangeError> {
    let end = period.maybe("end").map(|end| end.read(DATE)).transpose()?;
    Ok((period.field("start")?.read(DATE)?, end))
}

fn rows(period: &At<'_>) -> Result<RowWindow, ExchangeError> {
    let (from, to) = days(period)?;
    Ok(RowWindow { from: period.maybe("extension").is_none().then_some(from), to })
}

fn notice(source: &At<'_>) -> Result<Notice, ExchangeError> {
    let own = Extensions::of(source)?;
    Ok(Notice {
        id: source.field("identifier")?.field("value")?.read(Expected::Name)?,
        version: own.must("notice-version", "valueString")?.text()?.to_owned(),
        sha256: own.must("notice-sha256", "valueString")?.text()?.to_owned(),
        language: own.must("notice-language", "valueCode")?.text()?.to_owned(),
    })
}

/// The extensions of an element.
struct Extensions<'a, 'v> {
    of: &'a At<'v>,
    list: Vec<At<'v>>,
}

impl<'a, 'v> Extensions<'a, 'v> {
    fn of(of: &'a At<'v>) -> Result<Extensions<'a, 'v>, ExchangeError> {
        Ok(Extensions { of, list: of.list("extension")? })
    }

    fn find(&self, name: &str, value: &str) -> Result<Option<At<'v>>, ExchangeError> {
        for item in &self.list {
            if item.field("url")?.text()?.strip_prefix(EXTENSION) == Some(name) {
                return item.field(value).map(Some);
            }
        }
        Ok(None)
    }

    fn must(&self, name: &str, value: &str) -> Result<At<'v>, ExchangeError> {
        let missing = || self.of.place.field(&format!("extension({EXTENSION}{name})"));
        self.find(name, value)?.ok_or_else(|| ExchangeError::Missing(missing()))
    }

    /// The days that stand in an event in which they mean nothing.
    fn stated(&self) -> Result<((Day, Option<Day>), RowWindow), ExchangeError> {
        let day = |name: &str| self.find(name, "valueDate")?.map(|day| day.read(DATE)).transpose();
        let from = self.must("stated-valid-from", "valueDate")?.read(DATE)?;
        let rows = RowWindow { from: day("stated-rows-from")?, to: day("stated-rows-to")? };
        Ok(((from, day("stated-valid-to")?), rows))
    }
}
