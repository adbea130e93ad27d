//! Headers of tus 1.0, read and written.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::problem::Failure;
use crate::clock::Timestamp;
use crate::service::Reason;

/// The version of tus.
pub(super) const TUS: &str = "1.0.0";
/// What of tus is spoken beside its core.
pub(super) const EXTENSIONS: &str = "creation,checksum,expiration,termination";
/// Algorithms of the checksum extension.
pub(super) const CHECKSUMS: &str = "sha256,sha1";

pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Refuses another version of tus.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Failure> {
    match text(headers, "tus-resumable") {
        Some(TUS) => Ok(()),
        _ => Err(Failure::of(Reason::TusVersion)),
    }
}

/// The offset that a request begins at.
pub(super) fn offset(headers: &HeaderMap) -> Result<u64, Failure> {
    text(headers, "upload-offset").and_then(|text| text.parse().ok()).ok_or(Failure::of(Reason::OffsetHeader))
}

/// What opens an upload in the form of tus' own creation: `Upload-Length`, and `Upload-Metadata` with the manifest and its
/// signature, each in base64. `None` where there is no such header.
pub(super) fn creation(headers: &HeaderMap) -> Result<Option<Creation>, Failure> {
    let Some(metadata) = headers.get("upload-metadata") else { return Ok(None) };
    check_version(headers)?;
    let form = || Failure::of(Reason::Creation);
    let length = text(headers, "upload-length").and_then(|text| text.parse().ok()).ok_or_else(form)?;
    let value = |name: &str| {
        let pairs = metadata.to_str().ok()?.split(',').filter_map(|pair| pair.trim().split_once(' '));
        let mut named = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        // The same key twice is two manifests.
        let (value, None) = (named.next()?, named.next()) else { return None };
        String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()
    };
    let manifest = value("manifest").ok_or_else(form)?;
    let signature = value("signature").ok_or_else(form)?.trim().to_owned();
    Ok(Some(Creation { manifest, signature, length }))
}

/// An upload as a tus client creates it.
pub(super) struct Creation {
    /// `datapackage.json` as it was signed.
    pub(super) manifest: String,
    /// Its signature.
    pub(super) signature: String,
    /// Bytes of `data.csv`, as the client says.
    pub(super) length: u64,
}

/// A number as a header.
pub(super) fn number(value: u64) -> HeaderValue {
    HeaderValue::from(value)
}

/// A checksum that came with a request, being computed.
pub(super) struct Checksum {
    context: Context,
    expected: Vec<u8>,
}

impl Checksum {
    /// The checksum that a request announces, if any.
    pub(super) fn announced(headers: &HeaderMap) -> Result<Option<Checksum>, Failure> {
        let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
        let form = || Failure::of(Reason::ChecksumForm);
        let (algorithm, digest) =
            value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(form)?;
        let algorithm = match algorithm {
            "sha256" => &SHA256,
            // For existing clients: what is kept is verified by the manifest's SHA-256 in any case.
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            _ => return Err(form()),
        };
        let expected = STANDARD.decode(digest.trim()).map_err(|_| form())?;
        Ok(Some(Checksum { context: Context::new(algorithm), expected }))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(super) fn fits(self) -> bool {
        self.context.finish().as_ref() == self.expected
    }
}

/// An instant as HTTP writes dates (RFC 9110, IMF-fixdate).
pub(super) fn http_date(instant: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = instant.day();
    let weekday = DAYS[usize::try_from(day.days().rem_euclid(7)).unwrap_or(0)];
    let (year, month, dom) = day.ymd();
    let seconds = instant.millis().rem_euclid(86_400_000) / 1000;
    let month = MONTHS[usize::from(month) - 1];
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{weekday}, {dom:02} {month} {year:04} {h:02}:{m:02}:{s:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_standard() {
        // The example of RFC 9110, section 5.6.7.
        let instant = "1994-11-06T08:49:37Z".parse().expect("an instant");
        assert_eq!(http_date(instant), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn checksums_are_read_and_held() {
        let announced = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("upload-checksum", HeaderValue::from_str(value).expect("a header"));
            Checksum::announced(&headers)
        };
        // SHA-1 and SHA-256 of "abc" (FIPS 180-4).
        for value in
            ["sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="]
        {
            let mut checksum = announced(value).expect("read").expect("announced");
            checksum.update(b"a");
            checksum.update(b"bc");
            assert!(checksum.fits(), "{value}");
            let mut checksum = announced(value).expect("read").expect("announced");
            checksum.update(b"abd");
            assert!(!checksum.fits(), "{value}");
        }
        assert!(announced("md5 AAAA").is_err() && announced("sha256").is_err());
    }
}
