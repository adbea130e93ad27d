//! Made-up events of one made-up person.

use kobling::clock::{Day, Timestamp};
use kobling::consent::{
    CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, LegalBasis, Method, Notice, RowWindow,
};
use kobling::exchange::{Statement, Subject};
use kobling::id::{Identifier, LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::LinkageKey;
use kobling::name::PartnerId;
use kobling::secret::SeededRandom;
use kobling::token::Tokeniser;
use proptest::prelude::*;
use proptest::sample::select;

/// Day 60 of the world of these tests, at noon.
pub const NOW: Timestamp = Timestamp::from_millis(60 * 86_400_000 + 43_200_000);

/// Events of one person, in any order.
#[derive(Clone)]
pub struct History {
    pub events: Vec<ConsentEvent>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(&self.events).expect("JSON"))
    }
}

pub fn partner() -> PartnerId {
    "lokk".parse().expect("a name")
}

pub fn key() -> LinkageKey {
    LinkageKey::from_bytes("demo".parse().expect("a name"), &mut [5; 32])
}

fn made_up(seed: u64) -> String {
    let birth = Day::from_ymd(1961, 7, 7).expect("a day");
    String::from_utf8(generate_made_up_cpr(birth, Sex::Woman, &mut SeededRandom::from_number(seed)).to_vec())
        .expect("digits")
}

pub fn number() -> String {
    made_up(3)
}

fn identifier(number: &str) -> Identifier {
    Identifier::parse(number.as_bytes(), NOW.day(), LeadingZero::Refuse).unwrap_or_else(|e| panic!("{e}"))
}

pub fn statements(history: &History, by_number: bool) -> Vec<Statement> {
    let tokeniser = Tokeniser::new(&key(), &partner(), &partner());
    let subject = || match by_number {
        true => Subject::Number(identifier(&number())),
        false => Subject::Token { key: key().id(), token: tokeniser.person(&identifier(&number())) },
    };
    history.events.iter().map(|event| Statement { subject: subject(), event: event.clone() }).collect()
}

pub fn numbered(history: &History) -> Vec<Statement> {
    statements(history, true)
}

pub fn tokened(history: &History) -> Vec<Statement> {
    statements(history, false)
}

pub fn of_another(history: &History) -> Vec<Statement> {
    let subject = || Subject::Number(identifier(&made_up(4)));
    assert_ne!(made_up(4), number());
    history.events.iter().map(|event| Statement { subject: subject(), event: event.clone() }).collect()
}

fn day(day: i32) -> Day {
    Day::from_days(day)
}

/// Events written `kind record day [names]`, for purpose `p0` and recipient `x0`.
pub fn history(events: &[&str]) -> History {
    let event = |text: &&str| {
        let words: Vec<&str> = text.split(' ').collect();
        let kind = serde_json::from_value(words[0].into()).expect("a kind");
        let at = words[2].parse().expect("a day");
        ConsentEvent {
            record: words[1].parse().expect("an id"),
            schema: CONSENT_SCHEMA,
            kind,
            names: words.get(3).map(|id| id.parse().expect("an id")),
            purposes: vec!["p0".parse().expect("a name")],
            recipients: vec!["x0".parse().expect("a name")],
            datasets: Vec::new(),
            at: Timestamp::at_start_of(day(at)),
            valid_from: day(at),
            valid_to: None,
            rows: RowWindow::default(),
            notice: Notice {
                id: "samtykke".parse().expect("a name"),
                version: "2.1".into(),
                sha256: "0f".repeat(32),
                language: "da".into(),
            },
            method: Method::Written,
            given_by: GivenBy::Person,
            recorded_by: "desk 3".into(),
            legal_basis: LegalBasis::Consent,
            withdrawal_method: Method::Digital,
            retention_until: day(20_000),
        }
    };
    History { events: events.iter().map(event).collect() }
}

fn names<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str, bits: u8) -> Vec<T> {
    (0..2).filter(|n| bits >> n & 1 == 1).map(|n| format!("{prefix}{n}").parse().expect("a name")).collect()
}

/// A sound event of one kind: every field takes every kind of value.
pub fn any_event(kind: EventKind) -> impl Strategy<Value = ConsentEvent> {
    let asked = kind.is_permit() || kind == EventKind::Refused;
    let about = match kind {
        EventKind::Renewed | EventKind::Expired => (0..8u8).prop_map(Some).boxed(),
        EventKind::Withdrawn | EventKind::Invalidated => proptest::option::of(0..8u8).boxed(),
        _ => Just(None).boxed(),
    };
    let method = || select(vec![Method::Written, Method::Digital, Method::OralDocumented]);
    let bases = vec![LegalBasis::Consent, LegalBasis::ExplicitConsent, LegalBasis::OffencesConsent];
    let scope = (u8::from(asked)..4, u8::from(asked)..4, 0..4u8, about);
    let times = (
        0..4_320_000_000_i64,
        0..70,
        proptest::option::weighted(0.5, 0..90),
        proptest::option::of(-40_000..60),
        proptest::option::of(-40_000..90),
    );
    let by = (
        method(),
        method(),
        select(vec![GivenBy::Person, GivenBy::Person, GivenBy::Custodian]),
        select(bases),
    );
    let texts =
        ("[0-9.a-z-]{1,32}", "[0-9a-f]{64}", "[a-z]{2,3}(-[A-Z]{2})?", "[a-zæøå\"\\\\<]{1,10}( [0-9]{1,9})?");
    (scope, times, by, texts, 0..2000).prop_map(move |(scope, times, by, texts, retained)| {
        let ordered = |from: i32, to: Option<i32>| {
            if kind.is_permit() { to.map(|to| day(from.max(to))) } else { to.map(day) }
        };
        let (at, valid_from) = (Timestamp::from_millis(times.0), times.1);
        let valid_to = ordered(valid_from, times.2);
        ConsentEvent {
            record: "r0".parse().expect("an id"),
            schema: CONSENT_SCHEMA,
            kind,
            names: scope.3.map(|n| format!("r{n}").parse().expect("an id")),
            purposes: names("p", scope.0),
            recipients: names("x", scope.1),
            datasets: names("d", scope.2),
            at,
            valid_from: day(valid_from),
            valid_to,
            rows: RowWindow { from: times.3.map(day), to: ordered(times.3.unwrap_or(valid_from), times.4) },
            notice: Notice {
                id: "samtykke".parse().expect("a name"),
                version: texts.0,
                sha256: texts.1,
                language: texts.2,
            },
            method: by.0,
            given_by: by.2,
            recorded_by: texts.3,
            legal_basis: by.3,
            withdrawal_method: by.1,
            retention_until: valid_to.unwrap_or(at.day()).max(at.day()).plus(retained),
        }
    })
}

/// One to eight events, named r0, r1 … in their order.
pub fn any_history() -> impl Strategy<Value = History> {
    use EventKind::{Expired, Given, Invalidated, Refused, Renewed, Requested, Withdrawn};
    let kinds = vec![
        Given,
        Given,
        Given,
        Given,
        Renewed,
        Renewed,
        Refused,
        Withdrawn,
        Invalidated,
        Expired,
        Requested,
    ];
    let event = select(kinds).prop_flat_map(any_event);
    proptest::collection::vec(event, 1..9).prop_map(|mut events| {
        for (at, event) in events.iter_mut().enumerate() {
            event.record = format!("r{at}").parse().expect("an id");
            if event.names.as_ref() == Some(&event.record) {
                event.names = Some("r9".parse().expect("an id"));
            }
        }
        History { events }
    })
}
