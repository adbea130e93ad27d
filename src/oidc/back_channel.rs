//! Talking to the provider behind the browser's back.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Most bytes of an answer.
const MOST: u64 = 1 << 20;

/// How the service says who it is when it exchanges a code (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth<'a> {
    /// By nothing but PKCE: it shares no secret with the provider.
    Public,
    /// In the header `Authorization`.
    Basic(&'a str, &'a str),
}

/// The way to a provider. `None` is no answer, or one that is too long.
pub trait BackChannel: Send + Sync {
    /// `GET` an address; the body of a 200.
    fn get(&self, address: &str) -> Option<Vec<u8>>;

    /// `POST` a form; status and body.
    fn post(&self, address: &str, form: &str, auth: ClientAuth<'_>) -> Option<(u16, Vec<u8>)>;
}

/// That way over HTTPS: follows no redirect, waits ten seconds at most.
#[derive(Debug)]
pub struct Https {
    agent: ureq::Agent,
}

impl Https {
    /// Trusts the certificates in a PEM file instead of the public ones where it is given.
    ///
    /// # Errors
    /// I/O errors, and `InvalidData` for a file without a certificate.
    pub fn new(authority: Option<&Path>) -> std::io::Result<Https> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = authority {
            let pem = std::fs::read(path)?;
            let none = || std::io::Error::new(std::io::ErrorKind::InvalidData, "no certificate in PEM form");
            let mut all: Vec<Certificate<'static>> = Vec::new();
            for item in parse_pem(&pem) {
                if let PemItem::Certificate(one) = item.map_err(|_| none())? {
                    all.push(one);
                }
            }
            if all.is_empty() {
                return Err(none());
            }
            tls = tls.root_certs(RootCerts::new_with_certs(&all));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(10)))
            .tls_config(tls.build());
        Ok(Https { agent: config.build().new_agent() })
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Option<(u16, Vec<u8>)> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    response.body_mut().as_reader().take(MOST + 1).read_to_end(&mut body).ok()?;
    (body.len() as u64 <= MOST).then_some((status, body))
}

impl BackChannel for Https {
    fn get(&self, address: &str) -> Option<Vec<u8>> {
        let answer = self.agent.get(address).header("Accept", "application/json").call().ok()?;
        read(answer).filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    fn post(&self, address: &str, form: &str, auth: ClientAuth<'_>) -> Option<(u16, Vec<u8>)> {
        let mut call = self
            .agent
            .post(address)
            .header("Accept", "application/json")
            .header("Content-Type", "application/x-www-form-urlencoded");
        if let ClientAuth::Basic(id, secret) = auth {
            let pair = zeroize::Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
            let header = zeroize::Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
            call = call.header("Authorization", header.as_str());
        }
        read(call.send(form.as_bytes()).ok()?)
    }
}

/// A text as a value of a form or a query.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
