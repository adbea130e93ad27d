//! A look-up and its answer, as they go over the wire.

use serde::{Deserialize, Serialize};

use crate::clock::Day;
use crate::consent::holds_cpr;
use crate::key::KeyId;
use crate::language::Spoken;
use crate::limits;
use crate::name::{FollowupId, StatusId};
use crate::token::Token;

/// Context under which a look-up is signed.
pub const LOOKUP_CONTEXT: &str = "kobling/v1/follow-up";
/// Random bytes in a look-up, which keep whoever holds its digest and the linkage key from trying out whom it named.
pub const NONCE_BYTES: usize = 16;
/// Longest word of a label: less than a token has.
const LONGEST_WORD: usize = 32;

/// A look-up. No `Debug`: it is persons' tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The follow-up.
    pub followup: FollowupId,
    /// The linkage key that made the tokens.
    pub key_id: KeyId,
    /// The case worker's own name for it.
    #[cfg_attr(feature = "service", schema(min_length = 1, max_length = 64))]
    pub label: String,
    /// Random bytes, in hexadecimal.
    #[cfg_attr(feature = "service", schema(pattern = "^[0-9A-Fa-f]{32}$"))]
    pub nonce: String,
    /// Tokens in their text form, in the order in which they are to be answered.
    #[cfg_attr(feature = "service", schema(min_items = 1, max_items = 1000))]
    pub tokens: Vec<String>,
}

/// Why a look-up is none. Never carries any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupRefusal {
    /// Not the JSON that is expected.
    #[error("the look-up is not the JSON that is expected")]
    Form,
    /// No token, or too many.
    #[error("a look-up has 1 to {} tokens", limits::MAX_LOOKUP_TOKENS)]
    Tokens,
    /// A token that is none of a person.
    #[error("token {} of the look-up is none of a person", .0 + 1)]
    Token(usize),
    /// A label that is none.
    #[error(
        "the label is 1 to {} bytes on one line, in words of at most {LONGEST_WORD} characters",
        limits::MAX_LOOKUP_LABEL_BYTES
    )]
    Label,
    /// A label with something that looks like a CPR number.
    #[error("the label holds what looks like a CPR number")]
    LabelCpr,
    /// Too little of it, or not hexadecimal.
    #[error("the nonce is {NONCE_BYTES} random bytes in hexadecimal, new for each look-up")]
    Nonce,
}

impl LookupRefusal {
    /// The code: stays the same over versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            LookupRefusal::Form => "followup-form",
            LookupRefusal::Tokens => "followup-tokens",
            LookupRefusal::Token(_) => "followup-token",
            LookupRefusal::Label => "followup-label",
            LookupRefusal::LabelCpr => "followup-label-cpr",
            LookupRefusal::Nonce => "followup-nonce",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            LookupRefusal::Form => "see /v1/openapi.json for the fields; no others are taken",
            LookupRefusal::Tokens => "send it in several look-ups",
            LookupRefusal::Token(_) => {
                "send tokens that `kobling followup pull` makes from CPR numbers or their replacements"
            }
            LookupRefusal::Label | LookupRefusal::LabelCpr => {
                "name the look-up by a case or task of your own, never by the person"
            }
            LookupRefusal::Nonce => "send new random bytes with each look-up",
        }
    }
}

impl Spoken for LookupRefusal {
    fn danish(&self) -> String {
        match self {
            LookupRefusal::Form => "opslaget er ikke den JSON, der ventes".to_owned(),
            LookupRefusal::Tokens => format!("et opslag har 1 til {} tokens", limits::MAX_LOOKUP_TOKENS),
            LookupRefusal::Token(at) => format!("token {} i opslaget er ikke en persons", at + 1),
            LookupRefusal::Label => format!(
                "betegnelsen er 1 til {} byte på én linje, i ord på højst {LONGEST_WORD} tegn",
                limits::MAX_LOOKUP_LABEL_BYTES
            ),
            LookupRefusal::LabelCpr => "betegnelsen har noget, der ligner et CPR-nummer".to_owned(),
            LookupRefusal::Nonce => {
                format!("nonce er {NONCE_BYTES} tilfældige byte i hexadecimal, nye til hvert opslag")
            }
        }
    }
}

impl LookupRefusal {
    /// What to do about it, in Danish.
    #[must_use]
    pub const fn danish_advice(self) -> &'static str {
        match self {
            LookupRefusal::Form => "felterne står i /v1/openapi.json; andre tages ikke",
            LookupRefusal::Tokens => "send det i flere opslag",
            LookupRefusal::Token(_) => {
                "send tokens, som `kobling followup pull` har lavet af CPR-numre eller erstatningsnumre"
            }
            LookupRefusal::Label | LookupRefusal::LabelCpr => {
                "kald opslaget efter jeres egen sag eller opgave, aldrig efter personen"
            }
            LookupRefusal::Nonce => "send nye tilfældige byte med hvert opslag",
        }
    }
}

impl Lookup {
    /// Reads a look-up and its tokens, in their order. What a parser would say of it can repeat a value, so that it is
    /// not passed on.
    ///
    /// # Errors
    /// [`LookupRefusal`].
    pub fn parse(body: &[u8]) -> Result<(Lookup, Vec<Token>), LookupRefusal> {
        let lookup: Lookup = serde_json::from_slice(body).map_err(|_| LookupRefusal::Form)?;
        check_label(&lookup.label)?;
        let hex = lookup.nonce.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || lookup.nonce.len() != 2 * NONCE_BYTES {
            return Err(LookupRefusal::Nonce);
        }
        if lookup.tokens.is_empty() || lookup.tokens.len() > limits::MAX_LOOKUP_TOKENS {
            return Err(LookupRefusal::Tokens);
        }
        let token = |(at, text): (usize, &String)| {
            let token = Token::parse(text.as_bytes()).ok().filter(|token| token.kind().is_person());
            token.ok_or(LookupRefusal::Token(at))
        };
        let tokens = lookup.tokens.iter().enumerate().map(token).collect::<Result<Vec<_>, _>>()?;
        Ok((lookup, tokens))
    }
}

/// Holds a case worker's label against what one may be.
///
/// # Errors
/// [`LookupRefusal::Label`], [`LookupRefusal::LabelCpr`].
pub fn check_label(label: &str) -> Result<(), LookupRefusal> {
    let fits = !label.trim().is_empty() && label.len() <= limits::MAX_LOOKUP_LABEL_BYTES;
    // A token has no white space: one that was put here would be kept.
    let words = label.split_whitespace().all(|word| word.chars().count() <= LONGEST_WORD);
    if !fits || !words || label.chars().any(char::is_control) {
        return Err(LookupRefusal::Label);
    }
    if holds_cpr(label) { Err(LookupRefusal::LabelCpr) } else { Ok(()) }
}

/// What is told of one token. Nothing is told by an empty list: the token may be unknown, not referred, referred too
/// lately, not permitted, or there may be nothing to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Status ids, in the programme's order.
    pub statuses: Vec<StatusId>,
    /// Last day of the permission that the asking partner itself has recorded for this; 2199-12-31 where it has no end.
    pub consent_ends: Option<Day>,
}

/// The answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldAll {
    /// The follow-up.
    pub followup: FollowupId,
    /// One for each token, in the order in which they were sent.
    pub answers: Vec<Told>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        let zeros = "A".repeat(43);
        format!("cpr.{zeros}")
    }

    fn with(change: impl FnOnce(&mut serde_json::Value)) -> Result<usize, LookupRefusal> {
        let mut lookup = serde_json::json!({
            "followup": "henvisning", "key_id": "0011223344556677", "label": "sag 17",
            "nonce": "00112233445566778899aabbccddeeff", "tokens": [token(), token()],
        });
        change(&mut lookup);
        Lookup::parse(lookup.to_string().as_bytes()).map(|(_, tokens)| tokens.len())
    }

    #[test]
    fn a_look_up_is_read_whole_or_not_at_all() {
        assert_eq!(with(|_| ()), Ok(2));
        assert_eq!(with(|l| l["more"] = 1.into()), Err(LookupRefusal::Form));
        assert_eq!(with(|l| l["tokens"] = serde_json::json!([])), Err(LookupRefusal::Tokens));
        let many = vec![token(); limits::MAX_LOOKUP_TOKENS + 1];
        assert_eq!(with(|l| l["tokens"] = many.into()), Err(LookupRefusal::Tokens));
        let case = format!("case.{}", &token()[4..]);
        assert_eq!(with(|l| l["tokens"][1] = case.into()), Err(LookupRefusal::Token(1)));
        assert_eq!(with(|l| l["nonce"] = "00".into()), Err(LookupRefusal::Nonce));
    }

    #[test]
    fn attack_a_label_that_names_the_person() {
        for (label, refusal) in [
            ("", LookupRefusal::Label),
            (" ", LookupRefusal::Label),
            ("a\nb", LookupRefusal::Label),
            (&"ab ".repeat(22), LookupRefusal::Label),
            (&token(), LookupRefusal::Label),
            (&token()[4..], LookupRefusal::Label),
            ("0707614285", LookupRefusal::LabelCpr),
            ("sag 070761-4285 igen", LookupRefusal::LabelCpr),
        ] {
            assert_eq!(with(|l| l["label"] = label.into()), Err(refusal), "{label:?}");
        }
        assert_eq!(with(|l| l["label"] = "opfølgning uge 7, sag F-2022/117".into()), Ok(2));
    }
}
