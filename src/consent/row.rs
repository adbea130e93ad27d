//! An event as a line of a package: plain text, a column a field, lists with semicolons between.
//!
//! The line says what the JSON form says, no more and no less: either way the same event is read, and stored as the same
//! bytes. `docs/PROTOCOL.md` has the table.

use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::event::{ConsentEvent, ConsentRecord, GivenBy, LegalBasis, Method, Notice, RowWindow};
use crate::clock::Day;
use crate::language::Spoken;

/// What stands between the names of a list.
const BETWEEN: char = ';';

/// The columns of a package of consents in order: name, type after Table Schema, and role.
pub const CONSENT_COLUMNS: [(&str, &str, &str); 23] = [
    ("token", "string", "person"),
    ("record", "string", "record"),
    ("schema", "integer", "consent"),
    ("kind", "string", "consent"),
    ("names", "string", "record"),
    ("purposes", "string", "consent"),
    ("recipients", "string", "consent"),
    ("datasets", "string", "consent"),
    ("at", "datetime", "consent"),
    ("valid-from", "date", "consent"),
    ("valid-to", "date", "consent"),
    ("rows-from", "date", "consent"),
    ("rows-to", "date", "consent"),
    ("notice-id", "string", "consent"),
    ("notice-version", "string", "consent"),
    ("notice-sha256", "string", "consent"),
    ("notice-language", "string", "consent"),
    ("method", "string", "consent"),
    ("given-by", "string", "consent"),
    ("recorded-by", "string", "consent"),
    ("legal-basis", "string", "consent"),
    ("withdrawal-method", "string", "consent"),
    ("retention-until", "date", "consent"),
];

/// What is wrong with a field of a line. Never carries any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldProblem {
    /// Nothing, where something is required.
    Missing,
    /// None of the words of this column.
    Word,
    /// Not a date written `YYYY-MM-DD`.
    Date,
    /// Not of the form that this column has.
    Form,
}

/// A field that cannot stand in a line: a label of the partner's own with a comma, a quotation mark or a line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the label of who recorded it holds a comma, a quotation mark or a line end: choose another label")]
pub struct NoLine;

impl Spoken for NoLine {
    fn danish(&self) -> String {
        "betegnelsen for, hvem der noterede det, har et komma, et anførselstegn eller et linjeskift: vælg en anden"
            .to_owned()
    }
}

impl ConsentRecord {
    /// Appends the line of a package, without its line end.
    ///
    /// # Errors
    /// [`NoLine`], with nothing appended.
    pub fn write_line(&self, out: &mut Vec<u8>) -> Result<(), NoLine> {
        let ConsentRecord { token, event } = self;
        let breaks = |c: char| matches!(c, ',' | '"') || c.is_control();
        if event.recorded_by.contains(breaks) {
            return Err(NoLine);
        }
        fn list<T: AsRef<str>>(names: &[T]) -> String {
            let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            names.join(&BETWEEN.to_string())
        }
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let fields: [&str; 23] = [
            token,
            event.record.as_str(),
            &event.schema.to_string(),
            event.kind.as_str(),
            event.names.as_ref().map_or("", |record| record.as_str()),
            &list(&event.purposes),
            &list(&event.recipients),
            &list(&event.datasets),
            &event.at.to_string(),
            &event.valid_from.to_string(),
            &day(event.valid_to),
            &day(event.rows.from),
            &day(event.rows.to),
            event.notice.id.as_str(),
            &event.notice.version,
            &event.notice.sha256,
            &event.notice.language,
            event.method.as_str(),
            event.given_by.as_str(),
            &event.recorded_by,
            event.legal_basis.as_str(),
            event.withdrawal_method.as_str(),
            &event.retention_until.to_string(),
        ];
        for (at, field) in fields.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(field.as_bytes());
        }
        Ok(())
    }
}

impl ConsentEvent {
    /// Reads the fields of a line, of which the first, the token, is passed over.
    ///
    /// # Errors
    /// The column at fault, as a position in [`CONSENT_COLUMNS`], and what is wrong with it.
    pub fn of_line(fields: &[&str; 23]) -> Result<ConsentEvent, (usize, FieldProblem)> {
        let line = Line(fields);
        let schema = line.some(2)?.parse::<u16>().ok().filter(|n| n.to_string() == fields[2]);
        Ok(ConsentEvent {
            record: line.read(1)?,
            schema: schema.ok_or((2, FieldProblem::Form))?,
            kind: line.word(3)?,
            names: if fields[4].is_empty() { None } else { Some(line.read(4)?) },
            purposes: line.list(5)?,
            recipients: line.list(6)?,
            datasets: line.list(7)?,
            at: line.read(8)?,
            valid_from: line.day(9)?,
            valid_to: line.day_or_none(10)?,
            rows: RowWindow { from: line.day_or_none(11)?, to: line.day_or_none(12)? },
            notice: Notice {
                id: line.read(13)?,
                version: line.some(14)?.to_owned(),
                sha256: line.some(15)?.to_owned(),
                language: line.some(16)?.to_owned(),
            },
            method: line.word(17)?,
            given_by: line.word(18)?,
            recorded_by: {
                let label = line.some(19)?;
                let plain = !label.contains(['"', ',', '\n']);
                plain.then(|| label.to_owned()).ok_or((19, FieldProblem::Form))?
            },
            legal_basis: line.word(20)?,
            withdrawal_method: line.word(21)?,
            retention_until: line.day(22)?,
        })
    }
}

/// The fields of a line.
struct Line<'a>(&'a [&'a str; 23]);

impl<'a> Line<'a> {
    fn some(&self, at: usize) -> Result<&'a str, (usize, FieldProblem)> {
        let field = self.0[at];
        if field.is_empty() { Err((at, FieldProblem::Missing)) } else { Ok(field) }
    }

    fn read<T: std::str::FromStr>(&self, at: usize) -> Result<T, (usize, FieldProblem)> {
        self.some(at)?.parse().map_err(|_| (at, FieldProblem::Form))
    }

    fn word<T: DeserializeOwned>(&self, at: usize) -> Result<T, (usize, FieldProblem)> {
        let word = StrDeserializer::<WordError>::new(self.some(at)?);
        T::deserialize(word).map_err(|_| (at, FieldProblem::Word))
    }

    fn day(&self, at: usize) -> Result<Day, (usize, FieldProblem)> {
        Day::parse_iso(self.some(at)?.as_bytes()).map_err(|_| (at, FieldProblem::Date))
    }

    fn day_or_none(&self, at: usize) -> Result<Option<Day>, (usize, FieldProblem)> {
        if self.0[at].is_empty() { Ok(None) } else { self.day(at).map(Some) }
    }

    fn list<T: std::str::FromStr>(&self, at: usize) -> Result<Vec<T>, (usize, FieldProblem)> {
        if self.0[at].is_empty() {
            return Ok(Vec::new());
        }
        let names = self.0[at].split(BETWEEN).map(|name| name.parse().map_err(|_| (at, FieldProblem::Form)));
        names.collect()
    }
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Written => "written",
            Method::Digital => "digital",
            Method::OralDocumented => "oral-documented",
        }
    }
}

impl GivenBy {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            GivenBy::Person => "self",
            GivenBy::Custodian => "custodian",
        }
    }
}

impl LegalBasis {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LegalBasis::Consent => "consent",
            LegalBasis::ExplicitConsent => "explicit-consent",
            LegalBasis::OffencesConsent => "offences-consent",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::event::tests::{read, sound};
    use super::*;

    /// Columns are named in refusals.
    #[test]
    fn columns_have_plain_names() {
        for (name, ..) in CONSENT_COLUMNS {
            assert!(name.parse::<crate::name::ColumnId>().is_ok(), "{name}");
        }
    }

    fn fields(line: &str) -> Vec<&str> {
        line.split(',').collect()
    }

    fn again(record: &ConsentRecord) -> Result<ConsentEvent, (usize, FieldProblem)> {
        let mut line = Vec::new();
        record.write_line(&mut line).expect("a line");
        let line = String::from_utf8(line).expect("UTF-8");
        let fields: [&str; 23] = fields(&line).try_into().expect("as many fields as columns");
        assert_eq!(fields[0], record.token);
        ConsentEvent::of_line(&fields)
    }

    proptest! {
        /// The two forms say the same: an event comes back from its line as the bytes that the JSON form is stored as.
        #[test]
        fn a_line_always_reads_as_the_event_that_the_json_form_says(
            kind in 0usize..7, names in proptest::option::of("[A-Za-z0-9-]{1,64}"),
            purposes in proptest::collection::vec("[a-z0-9-]{1,32}", 0..4),
            recipients in proptest::collection::vec("[a-z0-9-]{1,32}", 0..4),
            datasets in proptest::collection::vec("[a-z0-9-]{1,32}", 0..3),
            millis in 0i64..4_000_000_000_000, from in -10_000i32..40_000,
            days in (proptest::option::of(0i32..40_000), proptest::option::of(0i32..40_000),
                     proptest::option::of(0i32..40_000)),
            words in (0usize..3, 0usize..2, 0usize..3, 0usize..3),
            label in "[^\",\\p{Cc}]{1,20}",
        ) {
            let day = |days: i32| Day::from_days(days).to_string();
            let mut json = sound();
            json["kind"] = ["requested", "given", "refused", "withdrawn", "expired", "invalidated", "renewed"][kind].into();
            json["names"] = json!(names);
            json["purposes"] = json!(purposes);
            json["recipients"] = json!(recipients);
            json["datasets"] = json!(datasets);
            json["at"] = crate::clock::Timestamp::from_millis(millis).to_string().into();
            json["valid_from"] = day(from).into();
            json["valid_to"] = json!(days.0.map(day));
            json["rows"] = json!({ "from": days.1.map(day), "to": days.2.map(day) });
            let methods = ["written", "digital", "oral-documented"];
            json["method"] = methods[words.0].into();
            json["given_by"] = ["self", "custodian"][words.1].into();
            json["legal_basis"] = ["consent", "explicit-consent", "offences-consent"][words.2].into();
            json["withdrawal_method"] = methods[words.3].into();
            json["recorded_by"] = label.into();
            let event = read(json).expect("an event");
            let record = ConsentRecord { token: "cpr.x".to_owned(), event };
            let line = again(&record).expect("the same event");
            prop_assert_eq!(serde_json::to_string(&line).ok(), serde_json::to_string(&record.event).ok());
        }
    }

    #[test]
    fn what_is_no_event_is_refused_by_column() {
        let event = read(sound()).expect("an event");
        let record = ConsentRecord { token: "cpr.x".to_owned(), event };
        let mut line = Vec::new();
        record.write_line(&mut line).expect("a line");
        let line = String::from_utf8(line).expect("UTF-8");
        let sound: [&str; 23] = fields(&line).try_into().expect("fields");
        assert!(ConsentEvent::of_line(&sound).is_ok_and(|event| event == record.event));
        use FieldProblem::{Date, Form, Missing, Word};
        let optional =
            ["token", "names", "purposes", "recipients", "datasets", "valid-to", "rows-from", "rows-to"];
        for (at, (name, ..)) in CONSENT_COLUMNS.iter().enumerate() {
            let mut empty = sound;
            empty[at] = "";
            let expected = if optional.contains(name) { None } else { Some((at, Missing)) };
            assert_eq!(ConsentEvent::of_line(&empty).err(), expected, "{name}");
        }
        for (name, value, problem) in [
            ("record", "a b", Form),
            ("schema", "01", Form),
            ("schema", "+1", Form),
            ("kind", "maybe", Word),
            ("kind", "Given", Word),
            ("purposes", "a;", Form),
            ("purposes", "a b", Form),
            ("recipients", ";", Form),
            ("at", "2022-03-01", Form),
            ("valid-from", "01-03-2022", Date),
            ("valid-to", "2022-02-29", Date),
            ("notice-id", "Æ", Form),
            ("method", "telepathy", Word),
            ("given-by", "neighbour", Word),
            ("recorded-by", "\"x\"", Form),
            ("legal-basis", "interest", Word),
            ("withdrawal-method", "none", Word),
            ("retention-until", "9999", Date),
        ] {
            let at = CONSENT_COLUMNS.iter().position(|column| column.0 == name).expect("a column");
            let mut wrong = sound;
            wrong[at] = value;
            assert_eq!(ConsentEvent::of_line(&wrong).err(), Some((at, problem)), "{name}");
        }
    }

    #[test]
    fn a_label_that_would_break_the_line_is_refused_by_its_writer() {
        for label in ["a, b", "a\nb", "\"a\""] {
            let mut json = sound();
            json["recorded_by"] = label.into();
            let record = ConsentRecord { token: "cpr.x".to_owned(), event: read(json).expect("an event") };
            let mut line = Vec::new();
            assert_eq!(record.write_line(&mut line), Err(NoLine));
            assert!(line.is_empty());
        }
    }
}
