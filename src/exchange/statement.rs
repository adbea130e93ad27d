//! An event, and whose it is.

use std::fmt;

use zeroize::Zeroizing;

use super::URN;
use super::json::At;
use super::refusal::{ExchangeError, Expected};
use crate::clock::Day;
use crate::consent::{ConsentEvent, ConsentRecord};
use crate::id::{IdKind, Identifier, LeadingZero};
use crate::key::KeyId;
use crate::name::PartnerId;
use crate::token::{Token, Tokeniser};

/// The Danish civil registration number.
const CPR: &str = "urn:oid:1.2.208.176.1.2";
/// X-eCPR, the national replacement number (HL7 Denmark, DK Core).
const XECPR: &str = "urn:oid:1.2.208.176.1.6.1.1";

/// How a file names a person. No `Debug`.
pub enum Subject {
    /// By token, and the key that made it.
    Token {
        /// The linkage key.
        key: KeyId,
        /// A person's token.
        token: Token,
    },
    /// By number: at home, for the partner's own systems.
    Number(Identifier),
}

impl Subject {
    pub(super) const fn is_token(&self) -> bool {
        matches!(self, Subject::Token { .. })
    }

    /// The system that the value is unique in, as a URI.
    pub(super) fn system(&self, partner: &PartnerId) -> String {
        match self {
            Subject::Token { key, .. } => format!("{URN}token:{key}"),
            Subject::Number(id) => match id.kind() {
                IdKind::Cpr => CPR.to_owned(),
                IdKind::XeCpr => XECPR.to_owned(),
                IdKind::LocalDayPlus60 | IdKind::DeCpr | IdKind::Fictive => format!("{URN}local:{partner}"),
            },
        }
    }

    /// The value in it.
    pub(super) fn value(&self) -> Zeroizing<String> {
        let bytes = match self {
            Subject::Token { token, .. } => token_text(token),
            Subject::Number(id) => id.expose("a file for the partner's own systems").to_vec(),
        };
        Zeroizing::new(String::from_utf8(bytes).expect("tokens and identifiers are ASCII"))
    }

    pub(super) fn read(system: &At<'_>, value: &At<'_>, today: Day) -> Result<Subject, ExchangeError> {
        if let Some(key) = system.text()?.strip_prefix(URN).and_then(|rest| rest.strip_prefix("token:")) {
            let key = key.parse().map_err(|_| system.wrong(Expected::KeyId))?;
            let token = Token::parse(value.text()?.as_bytes()).ok().filter(|token| token.kind().is_person());
            let token = token.ok_or_else(|| value.wrong(Expected::Token))?;
            return Ok(Subject::Token { key, token });
        }
        let id = Identifier::parse(value.text()?.as_bytes(), today, LeadingZero::Refuse)
            .map_err(|reason| ExchangeError::Identifier(value.place.clone(), reason))?;
        Ok(Subject::Number(id))
    }
}

fn token_text(token: &Token) -> Vec<u8> {
    let mut text = Vec::with_capacity(64);
    token.write_to(&mut text);
    text
}

/// One event and whose it is. `Debug` hides both.
pub struct Statement {
    /// Whose.
    pub subject: Subject,
    /// What was said.
    pub event: ConsentEvent,
}

impl Statement {
    /// The statement of a record, whose token `key` made; `None` where it is no token of a person.
    #[must_use]
    pub fn of_record(record: ConsentRecord, key: KeyId) -> Option<Statement> {
        let token = record.token().ok().filter(|token| token.kind().is_person())?;
        Some(Statement { subject: Subject::Token { key, token }, event: record.event })
    }

    /// The record that the service takes, a number tokenised in memory. `at` is the statement's place in its file.
    ///
    /// # Errors
    /// [`ExchangeError::Key`] for a token that another key made.
    pub fn into_record(
        self,
        at: usize,
        key: KeyId,
        tokeniser: &Tokeniser,
    ) -> Result<ConsentRecord, ExchangeError> {
        let token = match self.subject {
            Subject::Token { key: made_with, token } if made_with == key => token,
            Subject::Token { .. } => return Err(ExchangeError::Key(at)),
            Subject::Number(id) => tokeniser.person(&id),
        };
        let token = String::from_utf8(token_text(&token)).expect("a token's text is ASCII");
        Ok(ConsentRecord { token, event: self.event })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement(person hidden, {:?})", self.event)
    }
}
