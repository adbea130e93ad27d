//! Whether the claims of an ID token are for this sign-in (OpenID Connect Core 1.0, section 3.1.3.7).

use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::error::SignInError;
use crate::clock::Timestamp;

/// How old an ID token may be when it comes, beside the clocks' difference, in seconds: it was made a moment ago.
const OLDEST: i64 = 600;

/// What the claims are held against.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
    pub(super) skew_seconds: i64,
}

/// Looks at them; gives the subject.
pub(super) fn check<'a>(
    claims: &'a Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<&'a str, SignInError> {
    let wrong = SignInError::Claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(wrong);
    }
    // For this service alone: another audience could use it here.
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == expected.client_id,
        Some(Value::Array(all)) => matches!(&all[..], [Value::String(one)] if one == expected.client_id),
        _ => false,
    };
    if !for_us || claims.get("azp").is_some_and(|azp| azp.as_str() != Some(expected.client_id)) {
        return Err(wrong);
    }
    let nonce = text("nonce").ok_or(wrong)?;
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(wrong);
    }
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        // Whole or with a fraction (RFC 7519, NumericDate); before the year 2500.
        Some(value) => match value.as_i64().or_else(|| value.as_f64().map(|number| number as i64)) {
            Some(number) if (0..16_725_225_600).contains(&number) => Ok(Some(number)),
            _ => Err(wrong),
        },
    };
    let now = expected.now.millis().div_euclid(1000);
    let skew = expected.skew_seconds;
    let (exp, iat) = (seconds("exp")?.ok_or(wrong)?, seconds("iat")?.ok_or(wrong)?);
    let not_yet = iat > now + skew || seconds("nbf")?.is_some_and(|nbf| nbf > now + skew);
    if exp <= now - skew || iat < now - skew - OLDEST || not_yet {
        return Err(SignInError::Clock);
    }
    // 255 ASCII characters (OpenID Connect Core 1.0, section 2).
    text("sub").filter(|sub| !sub.is_empty() && sub.len() <= 255 && sub.is_ascii()).ok_or(wrong)
}
