//! The partner's and the evaluator's way to the service: HTTP, blocking, with errors that say what to do.
//!
//! Must never: send anything but packages, consent records with tokens, and questions; follow a redirect to another
//! host; talk in the clear to anything but this machine. `https://` goes through the proxy that the environment names
//! (`HTTPS_PROXY`, `ALL_PROXY`, `HTTP_PROXY`; not the hosts of `NO_PROXY`) as a tunnel (`CONNECT`): the proxy sees the
//! host's name and how much is said, nothing of it. `http://` goes through none. Callers: the partner's commands, and the demo.

mod own;
mod patience;
mod said;
mod upload;
mod way;

pub use crate::answer::{Answer, Figure, HIDDEN_MARK, Row, Table, Totals};
pub use own::{OwnErasure, OwnPackage, OwnStanding};
pub use patience::Patience;
pub use upload::{UploadError, UploadOutcome, upload, upload_patiently};
pub use way::{Ending, NewToken, PERSON_HEADER, Way, beside};

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::http::HeaderValue;
use ureq::middleware::MiddlewareNext;
use way::TOKEN_ENDS_HEADER;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::consent::{
    AS_OF_CONTEXT, AsOfAnswer, AsOfQuestion, ConsentBatch, ConsentRecord, HELD_CONTEXT, HeldRequest,
};
use crate::key::private::{self, PrivateFileError, Readers};
use crate::key::{KeyId, Signature, SigningKey};
use crate::limits;
use crate::name::QuestionId;

/// Context under which a batch of consents is signed.
pub const CONSENT_CONTEXT: &str = "kobling/v1/consents";
/// Header that carries the signature over a request's body.
pub const SIGNATURE_HEADER: &str = "Kobling-Signature";

/// Why the service could not be reached, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not a URL this client talks to.
    #[error("the service's address is to begin with https://, or with http:// for this machine itself")]
    Address,
    /// A file that is needed to connect.
    #[error("{}: cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A bearer token's file that cannot be read, or that others may read.
    #[error(transparent)]
    TokenFile(#[from] PrivateFileError),
    /// A file that holds no bearer token.
    #[error("{}: holds no token; expected one line that begins with kobling-token-1.", .0.display())]
    Token(PathBuf),
    /// A file that holds no certificate.
    #[error("{}: holds no certificate in PEM form", .0.display())]
    Certificate(PathBuf),
    /// A file that holds no private key.
    #[error("{}: holds no private key in PEM form", .0.display())]
    ClientKey(PathBuf),
    /// No answer.
    #[error("the service at {address} cannot be reached; is the address right, and is the service running?")]
    Unreachable {
        /// The address.
        address: String,
        /// The cause.
        source: Box<NoAnswer>,
    },
    /// Half an answer.
    #[error("the connection was cut before the whole answer was here; try again")]
    Cut,
    /// An answer that is none.
    #[error(
        "the service answered something that is not understood here; is it the right address and version?"
    )]
    Answer,
    /// A refusal.
    #[error("{title}{}{}", detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default(), advice.as_deref().map(|a| format!(" ({a})")).unwrap_or_default())]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code.
        code: String,
        /// What was refused.
        title: String,
        /// More of it.
        detail: Option<String>,
        /// What to do.
        advice: Option<String>,
        /// Title and advice in Danish, where the service gives them.
        da: Option<Box<Words>>,
    },
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NoAnswer(ureq::Error);

/// A refusal in another language than English.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Words {
    /// What was refused.
    pub title: String,
    /// What to do.
    pub advice: Option<String>,
}

/// RFC 9457, with the members that this service adds.
#[derive(serde::Deserialize)]
struct Problem {
    title: String,
    #[serde(default)]
    code: String,
    detail: Option<String>,
    advice: Option<String>,
    da: Option<Box<Words>>,
}

/// A connection to one service as one principal.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Zeroizing<String>,
    tap: Option<Tap>,
    wait: fn(Duration),
    ending: Option<Ending>,
}

/// Refusals of a service that has too much to do: nothing was done, and it says when to come again.
const HELD_BACK: [&str; 2] = ["too-many-requests", "line-full"];
/// How often one call comes again, and after how long a wait at most.
const AGAIN: u32 = 8;
const LONGEST_AGAIN: Duration = Duration::from_secs(120);

/// Hears every answer: path, status, the headers that matter, body.
pub type Tap = Box<dyn Fn(&str, &str, &[u8]) + Send + Sync>;

impl Client {
    /// Prepares to talk to the service at `address` with the bearer token in a file, trusting the certificates in
    /// `authority` instead of the public ones where it is given.
    ///
    /// # Errors
    /// [`ClientError::Address`], [`ClientError::File`], [`ClientError::TokenFile`] also where others may read the file,
    /// [`ClientError::Token`], [`ClientError::Certificate`].
    pub fn new(address: &str, token_file: &Path, authority: Option<&Path>) -> Result<Client, ClientError> {
        Client::by(Way { authority, ..Way::new(address, token_file) })
    }

    /// The same with all that there is to say: a client certificate, the person at whose desk it is done.
    ///
    /// # Errors
    /// As [`Client::new`], and [`ClientError::ClientKey`].
    pub fn by(way: Way<'_>) -> Result<Client, ClientError> {
        let Way { address, token_file, .. } = way;
        let text = private::read_text(token_file, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)?;
        let line = text.lines().map(str::trim).find(|line| line.starts_with("kobling-token-1."));
        let token = Zeroizing::new(line.ok_or_else(|| ClientError::Token(token_file.to_owned()))?.to_owned());
        let base = address.trim_end_matches('/').to_owned();
        if !base.starts_with("https://") && !is_loopback(&base) {
            return Err(ClientError::Address);
        }
        let tls = way::tls(&way)?;
        let mut config = ureq::Agent::config_builder();
        if is_loopback(&base) {
            // What is said to this machine in the clear stays on it, whatever proxy the environment names.
            config = config.proxy(None);
        }
        let config = config
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(600)))
            .tls_config(tls);
        let config = match way.person.cloned() {
            None => config,
            Some(person) => config.middleware(
                move |mut request: ureq::http::Request<ureq::SendBody<'_>>, next: MiddlewareNext<'_>| {
                    let person = HeaderValue::try_from(person.as_str()).expect("a name is ASCII");
                    request.headers_mut().insert(PERSON_HEADER, person);
                    next.handle(request)
                },
            ),
        };
        let agent = config.build().new_agent();
        Ok(Client { agent, base, token, tap: None, wait: std::thread::sleep, ending: way.ending })
    }

    /// Lets somebody hear every answer from now on: the demo, which searches them for identities.
    #[must_use]
    pub fn with_tap(mut self, tap: Tap) -> Client {
        self.tap = Some(tap);
        self
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn bearer(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", self.token.as_str()))
    }

    fn unreachable(&self, source: ureq::Error) -> ClientError {
        ClientError::Unreachable { address: self.base.clone(), source: Box::new(NoAnswer(source)) }
    }

    /// The body of an answer, or the refusal that it is.
    fn body(&self, path: &str, response: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, ClientError> {
        let status = response.status().as_u16();
        let head = head_of(&response);
        if let Some(ending) = &self.ending
            && let Some(end) = response.headers().get(TOKEN_ENDS_HEADER)
            && let Some(end) = end.to_str().ok().and_then(|text| text.parse().ok())
        {
            ending(end);
        }
        let mut body = Vec::new();
        let limit = limits::MAX_JSON_BODY_BYTES as u64 * 8;
        response
            .into_body()
            .into_reader()
            .take(limit)
            .read_to_end(&mut body)
            .map_err(|_| ClientError::Cut)?;
        if let Some(tap) = &self.tap {
            tap(path, &head, &body);
        }
        if (200..300).contains(&status) {
            return Ok(body);
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(Problem { title, code, detail, advice, da }) => {
                Err(ClientError::Refused { status, code, title, detail, advice, da })
            }
            Err(_) => Err(ClientError::Answer),
        }
    }

    /// `GET` a path; the body as it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn fetch(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        self.until_let_in(path, || {
            self.agent.get(self.url(path)).header("Authorization", self.bearer().as_str()).call()
        })
    }

    /// What time the service has, to the second, where it says so: the `Date` of an answer that needs no right.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn time(&self) -> Result<Option<Timestamp>, ClientError> {
        let answer =
            self.agent.get(self.url("/v1/health")).call().map_err(|error| self.unreachable(error))?;
        let date = answer.headers().get("date").and_then(|value| value.to_str().ok());
        let moment = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        Ok(moment.map(|moment| Timestamp::from_millis(moment.timestamp().as_millisecond())))
    }

    /// `POST` a JSON body; the answer as it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn post(
        &self,
        path: &str,
        body: &[u8],
        signature: Option<&Signature>,
    ) -> Result<Vec<u8>, ClientError> {
        self.until_let_in(path, || {
            let mut call = self
                .agent
                .post(self.url(path))
                .header("Authorization", self.bearer().as_str())
                .header("Content-Type", "application/json");
            if let Some(signature) = signature {
                call = call.header(SIGNATURE_HEADER, signature.to_string());
            }
            call.send(body)
        })
    }

    /// Makes a call, and makes it again as long as the service asks to come later and says when.
    fn until_let_in(
        &self,
        path: &str,
        call: impl Fn() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Vec<u8>, ClientError> {
        let mut again = 0;
        loop {
            let response = call().map_err(|error| self.unreachable(error))?;
            let asked = patience::retry_after(&response).filter(|asked| *asked <= LONGEST_AGAIN);
            match (self.body(path, response), asked) {
                (Err(ClientError::Refused { code, .. }), Some(asked))
                    if HELD_BACK.contains(&code.as_str()) && again < AGAIN =>
                {
                    again += 1;
                    (self.wait)(asked);
                }
                (answer, _) => return answer,
            }
        }
    }

    /// Has a new token made in place of this client's. The old one stays good for so many hours; the service's usual where
    /// nothing is said.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn rotate_token(&self, overlap_hours: Option<u16>) -> Result<NewToken, ClientError> {
        let asked = match overlap_hours {
            Some(hours) => serde_json::json!({ "overlap_hours": hours }),
            None => serde_json::json!({}),
        };
        parse(&self.post("/v1/token/rotate", asked.to_string().as_bytes(), None)?)
    }

    /// Records consents whose tokens a linkage key made, signed as the partner's own; the receipt as it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn record_consents(
        &self,
        key_id: KeyId,
        records: &[ConsentRecord],
        key: &SigningKey,
    ) -> Result<Vec<u8>, ClientError> {
        let batch = ConsentBatch { key_id, records: records.to_vec() };
        let body = serde_json::to_vec(&batch).expect("records are plain data");
        let signature = key.sign(CONSENT_CONTEXT, &body);
        self.post("/v1/consents", &body, Some(&signature))
    }

    /// What the service holds of the person of a token from this partner: consents alone, or everything. As it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn held(
        &self,
        everything: bool,
        request: &HeldRequest,
        key: &SigningKey,
    ) -> Result<Vec<u8>, ClientError> {
        let body = serde_json::to_vec(request).expect("a request is plain data");
        let signature = key.sign(HELD_CONTEXT, &body);
        self.post(if everything { "/v1/access" } else { "/v1/consents/held" }, &body, Some(&signature))
    }

    /// Asks what one's own consent records permitted for a token, signed as the partner's own.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn permission_as_of(
        &self,
        asked: &AsOfQuestion,
        key: &SigningKey,
    ) -> Result<AsOfAnswer, ClientError> {
        let body = serde_json::to_vec(asked).expect("plain data is JSON");
        let signature = key.sign(AS_OF_CONTEXT, &body);
        parse(&self.post("/v1/consents/as-of", &body, Some(&signature))?)
    }

    /// Asks a question; the answer as it came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn ask(&self, question: &QuestionId, ask: &serde_json::Value) -> Result<Vec<u8>, ClientError> {
        self.post(&format!("/v1/questions/{question}"), ask.to_string().as_bytes(), None)
    }
}

/// Status and headers of an answer as text, without those that hold times.
fn head_of(response: &ureq::http::Response<ureq::Body>) -> String {
    let headers = response
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "upload-expires", "kobling-request"].contains(&name.as_str()));
    let lines =
        headers.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    format!("{}\n{}", response.status(), lines.collect::<String>())
}

/// Reads an answer.
///
/// # Errors
/// [`ClientError::Answer`].
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|_| ClientError::Answer)
}

/// Whether an address is `http://` to this machine.
fn is_loopback(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or(rest);
    // What stands before an @ is a name to log in with, whatever it looks like.
    if host.contains('@') {
        return false;
    }
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_in_the_clear() {
        let dir = tempfile::tempdir().expect("a folder");
        let token = dir.path().join("token");
        private::write_new(&token, b"kobling-token-1.x\n").expect("written");
        let connect = |address: &str| Client::new(address, &token, None).is_ok();
        for fine in ["https://kobling.example", "http://127.0.0.1:1", "http://[::1]:1/", "http://localhost"] {
            assert!(connect(fine), "{fine}");
        }
        for wrong in [
            "http://kobling.example",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
            "http://localhost:80@evil.example",
            "http://[::1]@evil.example",
            "ftp://127.0.0.1",
            "",
        ] {
            assert!(!connect(wrong), "{wrong}");
        }
        std::fs::write(&token, "secret\n").expect("written");
        assert!(matches!(Client::new("https://a", &token, None), Err(ClientError::Token(_))));
    }
}
