//! Problems as they leave (RFC 9457), and the one table from codes to HTTP status.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use crate::service::{Reason, ServiceError};
use crate::store::StoreError;

/// What a refusal looks like (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// What was refused.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// What to do.
    pub advice: String,
    /// Title and advice in Danish.
    pub da: ProblemWords,
}

/// A refusal in another language than English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProblemWords {
    /// What was refused.
    pub title: String,
    /// What to do.
    pub advice: String,
}

/// The HTTP status of a code. What is not listed is a refusal of what was sent: 422.
const STATUS: &[(&str, u16)] = &[
    ("unauthenticated", 401),
    // RFC 8705, section 3: a bound token without its certificate is an invalid token.
    ("client-certificate", 401),
    ("forbidden", 403),
    ("not-found", 404),
    ("method-not-allowed", 405),
    ("conflict", 409),
    ("offset", 409),
    ("incomplete", 409),
    ("no-snapshot", 409),
    ("statement-overlaps", 409),
    ("statement-not-due", 409),
    ("gone", 410),
    ("tus-version", 412),
    ("too-large", 413),
    ("manifest-too-large", 413),
    ("content-type", 415),
    ("body", 400),
    ("person", 400),
    ("query", 400),
    ("offset-header", 400),
    ("checksum-form", 400),
    ("creation", 400),
    ("busy", 423),
    // tus 1.0, checksum extension.
    ("checksum", 460),
    ("seal", 500),
    ("internal", 500),
    ("clock", 503),
    ("followup-quota", 429),
    ("too-many-requests", 429),
    ("too-many-failures", 429),
    ("line-full", 503),
    ("memory", 503),
    ("disk-full", 507),
];

/// The code of a refusal, left with its response for the guard, the log and the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) &'static str);

/// What passes by itself, and in how many seconds a client may come back.
const RETRY_AFTER: &[(&str, &str)] = &[("busy", "1"), ("memory", "30")];

/// The status of a code.
pub(crate) fn status(code: &str) -> StatusCode {
    let listed = STATUS.iter().find(|(listed, _)| *listed == code).map_or(422, |(_, status)| *status);
    StatusCode::from_u16(listed).expect("the table holds statuses")
}

/// An operation's refusal on its way out.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) ServiceError);

impl<E: Into<ServiceError>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.into())
    }
}

impl Failure {
    pub(super) const fn of(reason: Reason) -> Failure {
        Failure(ServiceError::Refused(reason))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let Failure(error) = self;
        let code = error.code();
        let status = status(code);
        if status.is_server_error() && code != Reason::LineFull.code() {
            // The whole chain of causes: it is about the service, and none of it holds a value of a person.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(code, error = %error, cause, "a request failed");
        }
        let (title, advice) = error.danish();
        let problem = Problem {
            kind: format!("urn:kobling:problem:{code}"),
            title: error.public_message(),
            status: status.as_u16(),
            code: code.to_owned(),
            advice: error.advice().to_owned(),
            da: ProblemWords { title, advice: advice.to_owned() },
        };
        let body = serde_json::to_string(&problem).expect("a problem is plain data");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // How long to leave the service alone, in seconds, where that is known.
        if let Some((_, seconds)) = RETRY_AFTER.iter().find(|(listed, _)| *listed == code) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Code(code));
        response
    }
}

/// The store's own error, where a handler reaches it.
impl From<StoreError> for Box<Failure> {
    fn from(error: StoreError) -> Box<Failure> {
        Box::new(Failure(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_one_and_every_listed_code_exists() {
        let others = [
            "conflict",
            "manifest-too-large",
            "seal",
            "clock",
            "disk-full",
            "memory",
            "statement-not-due",
            "followup-quota",
        ];
        for (code, number) in STATUS {
            assert_eq!(status(code).as_u16(), *number);
            let known = Reason::ALL.iter().any(|reason| reason.code() == *code) || others.contains(code);
            assert!(known, "{code}");
        }
        let mut codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len(), "codes are distinct");
    }

    /// Attack: an evaluator reads the number of rows off the bytes that they take.
    #[test]
    fn how_much_memory_rows_take_is_not_told() {
        let error = ServiceError::Load(crate::snapshot::LoadError::OverLimit { needed: 123_456, limit: 1 });
        assert_eq!((error.code(), status(error.code()).as_u16()), ("memory", 503));
        assert!(!error.public_message().contains("123456") && !error.advice().contains("123456"));
    }

    #[test]
    fn what_is_wrong_inside_stays_inside() {
        let now = crate::clock::Timestamp::from_millis(0);
        let error = ServiceError::Store(StoreError::Clock { now, last: now.plus_millis(123_456_789) });
        assert!(!error.public_message().contains("1970"), "the last entry may be another partner's");
        assert_eq!(status(error.code()).as_u16(), 503);
    }
}
