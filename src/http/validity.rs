//! From when until when a certificate is good: the two times of its DER (RFC 5280, section 4.1.2.5), and nothing else of it.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::clock::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first and the last instant of the first certificate of a PEM text; `None` where there is none that can be read.
#[must_use]
pub fn validity_of_pem(pem: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let first = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    validity(&first)
}

fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (certificate, _) = value(der, SEQUENCE)?;
    let (mut body, _) = value(certificate, SEQUENCE)?;
    if body.first() == Some(&VERSION) {
        body = any(body)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        body = any(body)?.2;
    }
    let (times, _) = value(body, SEQUENCE)?;
    let (tag, from, rest) = any(times)?;
    let from = instant(tag, from)?;
    let (tag, until, _) = any(rest)?;
    Some((from, instant(tag, until)?))
}

/// The first value of a text of DER: tag, content, and what follows.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..0x80 => (usize::from(*short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The same, of a tag.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any(der).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn instant(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match (tag, text.len()) {
        // RFC 5280: 50 to 99 are of the twentieth century.
        (UTC_TIME, 12) if text.as_bytes()[0] >= b'5' => format!("19{text}"),
        (UTC_TIME, 12) => format!("20{text}"),
        (GENERALIZED_TIME, 14) => text.to_owned(),
        _ => return None,
    };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| &text[range];
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    format!("{year}-{month}-{day}T{}:{}:{}Z", part(8..10), part(10..12), part(12..14)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl x509 -dates` prints them of the certificate of the tests.
    #[test]
    fn the_times_of_a_certificate_are_those_that_openssl_prints() {
        let pem = include_bytes!("../../tests/kit/tls/service.pem");
        let (from, until) = validity_of_pem(pem).expect("a certificate");
        assert_eq!(
            (from.to_string().as_str(), until.to_string().as_str()),
            ("2026-11-21T23:02:49Z", "2126-10-28T23:02:49Z")
        );
    }

    #[test]
    fn what_is_no_certificate_has_no_times() {
        let der = CertificateDer::pem_slice_iter(include_bytes!("../../tests/kit/tls/service.pem"));
        let der = der.into_iter().next().expect("one").expect("a certificate");
        for cut in 0..der.len().min(400) {
            // Never a panic; and no time before both are there.
            let _ = validity(&der[..cut]);
        }
        assert_eq!(validity_of_pem(b"no certificate"), None);
        assert_eq!(instant(UTC_TIME, b"230101000000"), None);
        assert_eq!(instant(GENERALIZED_TIME, b"20231301000000Z"), None);
        assert_eq!(instant(UTC_TIME, "23010100000æ".as_bytes()), None);
    }
}
