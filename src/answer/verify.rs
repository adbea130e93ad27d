//! The hash of an answer, recomputed.
//!
//! `sha256` is the digest of the answer as it was served, without that member and the comma before it. Space between
//! members does not count, so that an answer that was laid out for reading still verifies; their order and every other
//! byte does.

use crate::digest::Sha256Hex;
use crate::language::Spoken;

/// Why an answer does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not one JSON object.
    #[error("this is no JSON answer")]
    Json,
    /// No `sha256`, or two, or none that is one.
    #[error("this answer has no single member sha256 with 64 hexadecimal characters")]
    Missing,
    /// It was changed.
    #[error("this answer was changed: it says sha256 {said}, and its content has {found}")]
    Changed {
        /// What the answer says.
        said: Sha256Hex,
        /// What its content has.
        found: Sha256Hex,
    },
}

impl Spoken for VerifyError {
    fn danish(&self) -> String {
        match self {
            VerifyError::Json => "dette er ikke et svar i JSON".to_owned(),
            VerifyError::Missing => "dette svar har ikke ét felt sha256 med 64 hexadecimale tegn".to_owned(),
            VerifyError::Changed { said, found } => {
                format!("dette svar er ændret: det siger sha256 {said}, og indholdet har {found}")
            }
        }
    }
}

/// Recomputes the hash of an answer.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(body: &[u8]) -> Result<Sha256Hex, VerifyError> {
    let text = std::str::from_utf8(body).map_err(|_| VerifyError::Json)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A reading of the whole first: what follows may rely on it being one object.
    let _: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| VerifyError::Json)?;
    let members = members(text);
    let (hashes, others): (Vec<_>, Vec<_>) = members.iter().partition(|member| is_hash(member));
    let [hash] = hashes[..] else { return Err(VerifyError::Missing) };
    let said = hash.split_once(':').and_then(|(_, value)| serde_json::from_str(value).ok());
    let said = said.ok_or(VerifyError::Missing)?;
    let others = others.iter().map(|member| member.as_str()).collect::<Vec<_>>();
    let found = Sha256Hex::of(format!("{{{}}}", others.join(",")).as_bytes());
    if said == found { Ok(found) } else { Err(VerifyError::Changed { said, found }) }
}

/// Whether a member is the hash, however its name is escaped.
fn is_hash(member: &str) -> bool {
    let mut names = serde_json::Deserializer::from_str(member).into_iter::<String>();
    names.next().is_some_and(|name| name.is_ok_and(|name| name == "sha256"))
}

/// The members of an object, as they are written but without space outside strings.
fn members(object: &str) -> Vec<String> {
    let (mut members, mut member) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in object.chars() {
        if quoted {
            member.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            ' ' | '\n' | '\r' | '\t' => continue,
            '"' => quoted = true,
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        match (c, depth) {
            ('{', 1) if members.is_empty() && member.is_empty() => {}
            (',', 1) | ('}', 0) => members.push(std::mem::take(&mut member)),
            _ => member.push(c),
        }
    }
    members.retain(|member| !member.is_empty());
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(body: &str) -> String {
        let hash = Sha256Hex::of(body.as_bytes());
        format!("{},\"sha256\":\"{hash}\"}}", body.strip_suffix('}').expect("an object"))
    }

    const BODY: &str = r#"{"a":"x\" , }y \\","b":[1,{"sha256":"inner"}],"c":{"d":null}}"#;

    #[test]
    fn a_hash_is_found_wherever_it_stands() {
        let answer = sealed(BODY);
        let hash = Sha256Hex::of(BODY.as_bytes());
        assert_eq!(verify(answer.as_bytes()), Ok(hash));
        let first = format!("{{\"sha256\":\"{hash}\",{}", BODY.strip_prefix('{').expect("an object"));
        assert_eq!(verify(first.as_bytes()), Ok(hash));
        let laid_out =
            format!("\u{feff}{}\n", answer.replace("],", "],\r\n\t ").replace("{\"a\":", "{ \"a\" : "));
        assert_eq!(verify(laid_out.as_bytes()), Ok(hash));
    }

    #[test]
    fn what_is_no_answer_says_so() {
        for wrong in ["", "[]", "{", "{} {}", "1"] {
            assert_eq!(verify(wrong.as_bytes()), Err(VerifyError::Json), "{wrong}");
        }
        assert_eq!(verify(b"\xff"), Err(VerifyError::Json));
        let twice = sealed(BODY).replacen("{\"a\"", "{\"sha256\":\"x\",\"a\"", 1);
        for wrong in ["{}", BODY, "{\"sha256\":1}", &twice] {
            assert!(matches!(verify(wrong.as_bytes()), Err(VerifyError::Missing)), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_byte_outside_space_does_not_verify(at in 1_usize..200, with in b'!'..=b'~') {
            let answer = sealed(BODY).into_bytes();
            let at = at % answer.len();
            prop_assume!(answer[at] != with);
            let mut changed = answer;
            changed[at] = with;
            prop_assert!(verify(&changed).is_err());
        }
    }
}
