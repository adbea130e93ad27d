//! Payment and standing reports: made once, signed, served again as they were, for whom they are and nobody else.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "other tests use the rest of the kit")]
mod kit;

#[path = "kit/contract.rs"]
mod contract;

use std::ops::Range;
use std::sync::Arc;

use contract::programme;
use kit::{consent, linkage_key, package_of, signing_key};
use kobling::audit::Deed;
use kobling::auth::{Principal, Role};
use kobling::clock::{Clock, Day, FixedClock, Period};
use kobling::consent::{ConsentBatch, ConsentRecord};
use kobling::key::ServiceKey;
use kobling::programme::Programme;
use kobling::question::Ask;
use kobling::secret::SeededRandom;
use kobling::service::{Service, ServiceError, UploadRequest};
use kobling::store::{AnswerFilter, AnswerRow, Given};
use serde_json::Value;

struct Contract {
    service: Arc<Service>,
    clock: Arc<FixedClock>,
    partner: Principal,
    _dir: tempfile::TempDir,
}

fn principal(id: &str, role: Role, organisation: &str) -> Principal {
    Principal {
        id: id.parse().expect("a name"),
        name: id.to_owned(),
        role,
        organisation: organisation.parse().expect("a name"),
        person: None,
    }
}

fn payer() -> Principal {
    principal("investor", Role::Payer, "investor")
}

fn evaluator() -> Principal {
    principal("vive", Role::Evaluator, "vive")
}

const ENROLLED: u64 = 60;
/// Five of each six complete: 50 - 0.25 * 60 = 35, seven tranches.
const COMPLETED: u64 = 50;

impl Contract {
    /// Persons contacted on days of 2022, of whom some complete ten days later; all said yes to both purposes.
    fn new() -> Contract {
        let text = programme();
        let programme = Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"));
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock::new("2025-06-01T08:00:00Z".parse().expect("an instant")));
        let key = ServiceKey::generate(&mut SeededRandom::from_number(11));
        let data = dir.path().join("data");
        Service::initialise(&data, &programme, &text, linkage_key().id(), &key, clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let service = Arc::new(kit::open(&data, &as_clock));
        let partner = principal("lokk-it", Role::Partner, "lokk");
        let actor = service.operator();
        let id = "lokk".parse().expect("a name");
        service.enrol_key(&actor, &id, &signing_key("lokk").verifying_key()).expect("enrolled");
        let mut extract = "CPR-nr;Sagsnr;Dato;Trin;Rolle;Kommune\r\n".to_owned();
        let mut row = |n: u64, after: i32, step: &str| {
            let day =
                Day::from_ymd(2022, 1, 1).expect("a day").plus(i32::try_from(n * 5).expect("small") + after);
            let (y, m, d) = day.ymd();
            extract += &format!("{};S-{n};{d:02}-{m:02}-{y};{step};Voldsudsat;147\r\n", kit::cpr(n));
        };
        for n in 0..ENROLLED {
            row(n, 0, "Kontakt");
            if n < COMPLETED {
                row(n, 10, "Gennemført");
            }
        }
        let contract = Contract { service, clock, partner, _dir: dir };
        contract.say("given", 0..ENROLLED, "2022-01-01T08:00:00Z");
        let Contract { service, partner, _dir: dir, .. } = &contract;
        let package = package_of(dir.path(), "lokk", &extract, &linkage_key());
        let manifest = String::from_utf8(package.manifest_bytes.clone()).expect("UTF-8");
        let signature = package.signature().expect("signed").to_string();
        let request = UploadRequest { manifest: &manifest, signature: &signature };
        let opened = service.open_upload(partner, request).unwrap_or_else(|error| panic!("{error}"));
        let mut rows = Some(std::fs::read(package.data_path()).expect("readable"));
        assert!(service.append(partner, &opened.id, 0, || rows.take()).expect("taken").complete);
        contract
    }

    fn say(&self, kind: &str, persons: Range<u64>, at: &str) {
        let record = |n| -> ConsentRecord {
            let mut event = serde_json::to_value(consent("lokk", n, kind, at)).expect("JSON");
            event["event"]["purposes"] = serde_json::json!(["evaluation", "payment"]);
            event["event"]["recipients"] = serde_json::json!(["vive", "investor"]);
            serde_json::from_value(event).expect("a record")
        };
        let batch = ConsentBatch { key_id: linkage_key().id(), records: persons.map(record).collect() };
        let body = serde_json::to_vec(&batch).expect("JSON");
        let signature = signing_key("lokk").sign("kobling/v1/consents", &body).to_string();
        self.service.record_consents(&self.partner, &body, &signature).unwrap_or_else(|e| panic!("{e}"));
    }

    fn seal(&self) -> usize {
        self.service.seal(&self.service.operator()).unwrap_or_else(|error| panic!("{error}")).reports
    }

    fn state(&self, question: &str, period: &str) -> Result<Value, ServiceError> {
        let period: Period = period.parse().expect("a period");
        let signed = self.service.state_payment(&payer(), &question.parse().expect("a name"), period)?;
        signed.verify(&self.service.verifying_key()).expect("signed by the service");
        Ok(serde_json::from_str(&signed.statement).expect("JSON"))
    }

    fn ask(&self, caller: &Principal, question: &str) -> Result<String, ServiceError> {
        let ask = serde_json::json!({"question": question, "by": [], "period": "2022-Q1..2022-Q4"});
        let ask: Ask = serde_json::from_value(ask).expect("an ask");
        self.service.ask(caller, &ask)
    }
}

fn code(result: Result<Value, ServiceError>) -> String {
    result.expect_err("refused").code().to_owned()
}

#[test]
fn both_modes_pay_by_the_contract_and_tell_every_term() {
    let contract = Contract::new();
    contract.seal();
    let banded = contract.state("pay", "2022-Q1..2022-Q4").expect("stated");
    let earned = &banded["settlement"]["indicators"][0];
    assert_eq!(banded["settlement"]["units"], 60);
    assert_eq!((&earned["successes"], &earned["expected_thousandths"]), (&50.into(), &15_000.into()));
    assert_eq!((&earned["tranches"], &earned["paid_successes"]), (&7.into(), &35.into()));
    assert_eq!(banded["settlement"]["amount"], 3_500_000, "øre");
    assert_eq!(banded["settlement"]["left_to_cap"], 6_500_000);
    assert_eq!(banded["contract"]["indicators"][0]["tariff"], 100_000);
    let exact = contract.state("pay-exact", "2022-Q1..2022-Q4").expect("stated");
    assert_eq!(exact["settlement"]["amount"], 3_500_000);
    assert_eq!((&exact["payer"], &exact["snapshot"]), (&"investor".into(), &1.into()));
}

#[test]
fn a_statement_is_served_again_as_it_was_after_withdrawals_and_seals() {
    let contract = Contract::new();
    contract.seal();
    let first = contract.state("pay", "2022-Q1..2022-Q4").expect("stated");
    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    contract.say("withdrawn", 0..20, "2025-06-02T07:00:00Z");
    contract.seal();
    assert_eq!(contract.state("pay", "2022-Q1..2022-Q4").expect("stated"), first);
    let made = contract.service.statements(&payer()).expect("listed");
    assert_eq!(made.len(), 1);
    // Of another quarter there is none yet, and this one shares days with it.
    assert_eq!(code(contract.state("pay", "2022-Q4..2023-Q1")), "statement-overlaps");
}

#[test]
fn an_exact_statement_takes_everybodys_yes() {
    let contract = Contract::new();
    contract.seal();
    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    contract.say("withdrawn", 3..4, "2025-06-02T07:00:00Z");
    assert_eq!(code(contract.state("pay-exact", "2022-Q1..2022-Q4")), "statement-not-permitted");
    // In bands, one person is not seen.
    let banded = contract.state("pay", "2022-Q1..2022-Q4").expect("stated");
    assert_eq!(banded["settlement"]["amount"], 3_500_000);
}

#[test]
fn a_statement_waits_for_its_last_window_and_for_enough_people() {
    let contract = Contract::new();
    assert_eq!(code(contract.state("pay", "2022-Q1")), "no-snapshot");
    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    contract.seal();
    assert_eq!(code(contract.state("reach", "2022-Q1")), "unknown-question");
    assert_eq!(code(contract.state("pay", "2025-Q1")), "period-outside-programme");
    assert_eq!(code(contract.state("pay", "2023-Q1")), "statement-few");
    let early = Contract::new();
    early.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    early.seal();
    let text = early.service.state_payment(
        &payer(),
        &"pay".parse().expect("a name"),
        "2024-Q4".parse().expect("a period"),
    );
    // The window of 30 days after 2024 ended in January 2025.
    assert_eq!(text.expect_err("few").code(), "statement-few");
}

/// Attack: a payer whom nobody consented to reads the exact counts that another payer got.
#[test]
fn a_statement_is_for_the_payer_that_it_was_made_for() {
    let contract = Contract::new();
    contract.seal();
    contract.state("pay-exact", "2022-Q1..2022-Q4").expect("stated");
    let other = principal("fond", Role::Payer, "fond");
    let question = "pay-exact".parse().expect("a name");
    let asked = |period: &str| {
        let stated = contract.service.state_payment(&other, &question, period.parse().expect("a period"));
        stated.expect_err("not theirs").code()
    };
    assert_eq!(asked("2022-Q1..2022-Q4"), "statement-overlaps");
    assert_eq!(asked("2022-Q1"), "statement-overlaps");
    assert!(contract.service.statements(&other).expect("listed").is_empty());
    assert_eq!(contract.service.statements(&payer()).expect("listed").len(), 1);
}

/// Attack: an evaluator reads the contract's figures, a payer the evaluator's.
#[test]
fn payers_and_evaluators_have_their_own() {
    let contract = Contract::new();
    contract.seal();
    let refused = |result: Result<String, ServiceError>| result.expect_err("refused").code().to_owned();
    assert_eq!(refused(contract.ask(&evaluator(), "pay")), "unknown-question");
    assert_eq!(refused(contract.ask(&payer(), "pay")), "unknown-question");
    assert_eq!(refused(contract.ask(&payer(), "funnel")), "unknown-question");
    assert!(contract.ask(&evaluator(), "funnel").is_ok());
    let told = contract.ask(&payer(), "funnel").expect_err("refused").to_string();
    assert!(!told.contains("reach") && !told.contains("overlap"), "{told}");
}

#[test]
fn a_standing_report_is_made_once_a_quarter_and_stays() {
    let contract = Contract::new();
    let made = contract.seal();
    let reports = contract.service.reports(&evaluator()).expect("listed");
    let reach: Vec<_> = reports.iter().filter(|report| report.question == "reach").collect();
    assert_eq!(reach.len(), 16, "2021 to 2024");
    assert!(made >= reports.len());
    let quarter = |quarter: &str| {
        let question = "reach".parse().expect("a name");
        contract.service.report(&evaluator(), &question, quarter).unwrap_or_else(|error| panic!("{error}"))
    };
    let first = quarter("2022-Q1");
    let answer: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(answer["table"]["rows"][0]["figures"][0]["count"], 20, "18 persons");
    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    contract.say("withdrawn", 0..18, "2025-06-02T07:00:00Z");
    assert_eq!(contract.seal(), 0, "none became due");
    assert_eq!(quarter("2022-Q1"), first);
    // The seal makes reports in the operator's name: the chain says for whom.
    let chain = contract.service.audit(&evaluator(), 0).expect("the chain");
    let answered = chain.entries.iter().filter(|(_, entry)| entry.deed == Deed::Answered);
    let recipients: Vec<String> =
        answered.map(|(_, entry)| format!("{:?}", entry.subject.item("recipient"))).collect();
    assert!(recipients.len() >= 16 && recipients.iter().all(|of| of.contains("vive")), "{recipients:?}");
    let stranger = principal("somebody", Role::Payer, "investor");
    let question = "reach".parse().expect("a name");
    let other = contract.service.report(&stranger, &question, "2022-Q1");
    assert_eq!(other.expect_err("not theirs").code(), "not-found");
}

fn steward() -> Principal {
    principal("steward", Role::Steward, "styregruppe")
}

impl Contract {
    /// The log, newest first.
    fn log(&self, filter: &AnswerFilter) -> Vec<AnswerRow> {
        self.service.answer_log(&steward(), filter).unwrap_or_else(|error| panic!("{error}")).lines
    }

    fn deeds(&self, deed: Deed) -> usize {
        let chain = self.service.audit(&evaluator(), 0).expect("the chain");
        chain.entries.iter().filter(|(_, entry)| entry.deed == deed).count()
    }
}

/// What is given is in the log and in the chain, readings too: nobody goes through old answers unseen.
#[test]
fn answers_reports_and_statements_are_logged_when_made_and_when_read() {
    let contract = Contract::new();
    let made = contract.seal();
    let reports = contract.log(&AnswerFilter::default());
    assert_eq!(reports.len(), made.min(200));
    assert!(
        reports
            .iter()
            .all(|line| line.asked.given == Given::ReportMade && line.actor.organisation.as_str() != "vive")
    );
    assert!(reports.iter().any(|line| line.asked.recipient.as_str() == "vive"));

    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    let answer = contract.ask(&evaluator(), "reach").expect("an answer");
    assert_eq!(contract.ask(&evaluator(), "reach").expect("kept"), answer);
    let question = "reach".parse().expect("a name");
    let report = contract.service.report(&evaluator(), &question, "2022-Q1").expect("a report");
    contract.state("pay", "2022-Q1..2022-Q4").expect("made");
    contract.state("pay", "2022-Q1..2022-Q4").expect("again");
    contract.service.statements(&payer()).expect("listed");

    let since = AnswerFilter { since: "2025-06-02".parse().ok(), ..AnswerFilter::default() };
    let lines = contract.log(&since);
    let given: Vec<Given> = lines.iter().rev().map(|line| line.asked.given).collect();
    let expected = [
        Given::Answer,
        Given::Answer,
        Given::ReportRead,
        Given::StatementMade,
        Given::StatementRead,
        Given::StatementsListed,
    ];
    assert_eq!(given, expected);
    let [listed, again, stated, read, kept, new] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        (new.again, kept.again, read.again, stated.again, again.again),
        (false, true, true, false, true)
    );
    for (line, body) in [(new, &answer), (kept, &answer), (read, &report)] {
        let body: Value = serde_json::from_str(body).expect("JSON");
        let told = line.told.expect("handed out");
        assert_eq!(told.sha256.to_string(), body["sha256"], "the digest that the answer carries");
        let rows = body["table"]["rows"].as_array().expect("rows");
        let hidden = rows.iter().filter(|row| row["figures"][0]["hidden"] == true).count() as u64;
        assert_eq!(told.rows, Some((rows.len() as u64 - hidden, hidden)));
        assert_eq!(line.asked.period.as_deref(), body["period"].as_str());
        assert_eq!(line.asked.snapshot, Some(1));
        assert_eq!(line.asked.rules.as_deref(), body["table"]["rules"].as_str());
        assert_eq!(line.actor.principal.as_str(), "vive");
    }
    assert_eq!(stated.told, again.told);
    assert_eq!((stated.told.expect("made").rows, listed.told), (None, None));
    assert_eq!(
        (again.asked.period.as_deref(), listed.asked.recipient.as_str()),
        (Some("2022-Q1..2022-Q4"), "investor")
    );
    for deed in [Deed::ReportRead, Deed::PaymentRead, Deed::PaymentsListed] {
        assert_eq!(contract.deeds(deed), 1, "{deed:?}");
    }
    assert_eq!(contract.deeds(Deed::AnswersRead), 2, "who read the log is on record too");

    let of_pay = AnswerFilter { question: "pay".parse().ok(), ..AnswerFilter::default() };
    assert_eq!(contract.log(&of_pay), [again.clone(), stated.clone()]);
    let before = AnswerFilter { before: Some(stated.seq), ..since };
    assert_eq!(contract.log(&before), [read.clone(), kept.clone(), new.clone()]);
    // What was refused is no answer.
    assert!(contract.ask(&payer(), "funnel").is_err() && contract.state("pay", "2022-Q4..2023-Q1").is_err());
    assert_eq!(contract.log(&AnswerFilter::default()).len(), (made + 6).min(200));
}

/// Attack: a steward reads from the log that a consent came in between two askings, which the answers do not tell: the
/// service counts anew, and the figures are held.
#[test]
fn the_log_tells_no_more_than_the_answers_do() {
    let contract = Contract::new();
    contract.seal();
    contract.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    let first = contract.ask(&evaluator(), "reach").expect("an answer");
    contract.say("withdrawn", 0..1, "2025-06-02T07:00:00Z");
    let second = contract.ask(&evaluator(), "reach").expect("an answer");
    assert_eq!(first, second, "one withdrawal is held");
    let lines = contract.log(&AnswerFilter { question: "reach".parse().ok(), ..AnswerFilter::default() });
    assert!(lines[0].again && lines[0].told == lines[1].told);
    contract.say("withdrawn", 1..20, "2025-06-02T07:00:00Z");
    let third = contract.ask(&evaluator(), "reach").expect("an answer");
    assert_ne!(first, third);
    assert!(!contract.log(&AnswerFilter::default())[0].again);
}
