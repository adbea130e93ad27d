//! The signed form of an ID token (RFC 7515, compact).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::error::SignInError;
use super::keys::{Algorithm, Keys};

/// An ID token whose signature is still to be verified.
pub(super) struct Unverified<'a> {
    /// The key's name, where it gives one.
    pub(super) kid: Option<String>,
    name: String,
    algorithm: Algorithm,
    message: &'a [u8],
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes one apart. Of its header, the algorithm and the key's name are read; a header that demands more is refused.
    pub(super) fn parse(text: &'a str) -> Result<Unverified<'a>, SignInError> {
        let wrong = SignInError::Signature;
        let (signed, signature) = text.rsplit_once('.').ok_or(wrong)?;
        let (head, payload) = signed.split_once('.').ok_or(wrong)?;
        let decoded = URL_SAFE_NO_PAD.decode(head).map_err(|_| wrong)?;
        let header: Map<String, Value> = serde_json::from_slice(&decoded).map_err(|_| wrong)?;
        if header.contains_key("crit") {
            return Err(wrong);
        }
        let name = header.get("alg").and_then(Value::as_str).ok_or(wrong)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(wrong),
        };
        Ok(Unverified {
            kid,
            name: name.to_owned(),
            algorithm: Algorithm::parse(name).ok_or(wrong)?,
            message: signed.as_bytes(),
            payload,
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong)?,
        })
    }

    /// Its claims, once one of the keys is found to have signed them.
    pub(super) fn verify(&self, keys: &Keys) -> Result<Map<String, Value>, SignInError> {
        let by = (self.name.as_str(), self.algorithm);
        if !keys.verify(self.kid.as_deref(), by, self.message, &self.signature) {
            return Err(SignInError::Signature);
        }
        let decoded = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| SignInError::Claims)?;
        serde_json::from_slice(&decoded).map_err(|_| SignInError::Claims)
    }
}
