//! A partner asks about many persons, as many at a time as one look-up takes.

use std::collections::BTreeMap;

use super::answers::{Answer, Answers};
use super::request::{LOOKUP_CONTEXT, Lookup, NONCE_BYTES, ToldAll};
use crate::client::{Client, ClientError, parse};
use crate::clock::Day;
use crate::digest::Sha256Hex;
use crate::key::SigningKey;
use crate::limits;
use crate::secret::Random;
use crate::token::Token;

/// Asks about persons, each with the day of the referral, and adds what is told to `answers`, which say what is asked. In
/// the order of the tokens, which tells nothing of the extract's.
///
/// # Errors
/// [`ClientError`]; what was answered before stands in `answers`.
pub fn ask_all(
    client: &Client,
    signing: &SigningKey,
    persons: &BTreeMap<Token, Day>,
    answers: &mut Answers,
    random: &mut dyn Random,
) -> Result<(), ClientError> {
    let text = |token: &Token| {
        let mut text = Vec::with_capacity(64);
        token.write_to(&mut text);
        String::from_utf8(text).expect("a token's text is ASCII")
    };
    let persons: Vec<(String, Day)> = persons.iter().map(|(token, day)| (text(token), *day)).collect();
    for part in persons.chunks(limits::MAX_LOOKUP_TOKENS) {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let lookup = Lookup {
            followup: answers.followup.clone(),
            key_id: answers.key_id,
            label: answers.label.clone(),
            nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
            tokens: part.iter().map(|(token, _)| token.clone()).collect(),
        };
        let body = serde_json::to_vec(&lookup).expect("a look-up is plain data");
        let signature = signing.sign(LOOKUP_CONTEXT, &body);
        let told: ToldAll = parse(&client.post("/v1/followups", &body, Some(&signature))?)?;
        if told.answers.len() != part.len() || told.followup != answers.followup {
            return Err(ClientError::Answer);
        }
        answers.asked.push(Sha256Hex::of(&body));
        let of = part.iter().zip(told.answers);
        answers.answers.extend(of.map(|((token, referred), told)| Answer {
            token: token.clone(),
            referred: *referred,
            told,
        }));
    }
    Ok(())
}
