//! The cookies: the id of a session, and for minutes which sign-in was begun.
//!
//! `__Host-` binds it to this host and to a connection that browsers call secure; `HttpOnly` keeps it from scripts, and
//! `SameSite=Strict` from every request that another site begins (RFC 6265bis, sections 4.1.2 and 4.1.3).

use axum::http::{HeaderMap, HeaderValue, header};

const NAME: &str = "__Host-kobling";
/// Which sign-in at the identity provider was begun: it comes back on a way that begins there, so not `Strict`.
const WAY: &str = "__Host-kobling-way";
const WAY_TERMS: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
const TERMS: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The id of a session that a request brings.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    one(headers, NAME)
}

/// Which sign-in a browser began that comes back from the identity provider.
pub(super) fn read_way(headers: &HeaderMap) -> Option<&str> {
    one(headers, WAY)
}

/// The cookie of a name. Two of them are none: somebody has put one beside ours.
fn one<'a>(headers: &'a HeaderMap, ours: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == ours).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(id), None) => Some(id),
        _ => None,
    }
}

/// The header that hands an id out. It is forgotten when the browser closes.
pub(super) fn give(id: &str) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("{NAME}={id}; {TERMS}")).expect("base64url is ASCII");
    value.set_sensitive(true);
    value
}

/// The header that hands out which sign-in was begun.
pub(super) fn give_way(id: &str) -> HeaderValue {
    let age = crate::limits::SIGN_IN_MINUTES * 60;
    let mut value =
        HeaderValue::try_from(format!("{WAY}={id}; {WAY_TERMS}; Max-Age={age}")).expect("base64url is ASCII");
    value.set_sensitive(true);
    value
}

/// The header that takes that back.
pub(super) fn take_way() -> HeaderValue {
    HeaderValue::try_from(format!("{WAY}=; {WAY_TERMS}; Max-Age=0")).expect("ASCII")
}

/// The header that takes it back.
pub(super) fn take() -> HeaderValue {
    HeaderValue::try_from(format!("{NAME}=; {TERMS}; Max-Age=0")).expect("ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn the_one_cookie_is_read() {
        assert_eq!(read(&headers(&["a=1; __Host-kobling=xyz; b=2"])), Some("xyz"));
        assert_eq!(read(&headers(&["a=1"])), None);
        assert_eq!(read(&headers(&[])), None);
        assert_eq!(read(&headers(&["kobling=xyz"])), None);
    }

    /// Attack: a cookie of the attacker's beside the visitor's.
    #[test]
    fn two_cookies_are_none() {
        assert_eq!(read(&headers(&["__Host-kobling=a; __Host-kobling=b"])), None);
        assert_eq!(read(&headers(&["__Host-kobling=a", "__Host-kobling=b"])), None);
    }
}
