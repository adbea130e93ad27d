//! How a client reaches a service: address, token, certificates, and for whom.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::ClientError;
use crate::clock::Timestamp;
use crate::key::private::{self, Readers};
use crate::limits;
use crate::name::StaffId;

/// Header in which a system names the person at whose desk a request is made.
pub const PERSON_HEADER: &str = "Kobling-Person";
/// Header in which the service says when a token ends, where that is soon.
pub(super) const TOKEN_ENDS_HEADER: &str = "Kobling-Token-Ends";

/// Hears that the token of a client ends soon, with every answer that says so.
pub type Ending = Arc<dyn Fn(Timestamp) + Send + Sync>;

/// How a client reaches a service.
#[derive(Clone)]
pub struct Way<'a> {
    /// Address of the service.
    pub address: &'a str,
    /// File with the bearer token.
    pub token_file: &'a Path,
    /// Certificates that are trusted instead of the public ones, PEM.
    pub authority: Option<&'a Path>,
    /// The client certificate to present and its private key, both PEM. The key is for its owner alone to read.
    pub certificate: Option<(&'a Path, &'a Path)>,
    /// The person at whose desk this is done, as the service's audit chain is to have it.
    pub person: Option<&'a StaffId>,
    /// Hears that the token ends soon.
    pub ending: Option<Ending>,
}

impl<'a> Way<'a> {
    /// With a token, by the public certificates, and without any of the client's own.
    #[must_use]
    pub const fn new(address: &'a str, token_file: &'a Path) -> Way<'a> {
        Way { address, token_file, authority: None, certificate: None, person: None, ending: None }
    }
}

/// What TLS takes.
pub(super) fn tls(way: &Way<'_>) -> Result<TlsConfig, ClientError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| ClientError::File { path, source }
    };
    let mut tls = TlsConfig::builder();
    if let Some(path) = way.authority {
        let pem = std::fs::read(path).map_err(file(path))?;
        let certificate =
            Certificate::from_pem(&pem).map_err(|_| ClientError::Certificate(path.to_owned()))?;
        tls = tls.root_certs(RootCerts::new_with_certs(&[certificate]));
    }
    if let Some((certificate, key)) = way.certificate {
        let wrong = |path: &Path| ClientError::Certificate(path.to_owned());
        let pem = std::fs::read(certificate).map_err(file(certificate))?;
        let mut chain = Vec::new();
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(one) = item.map_err(|_| wrong(certificate))? {
                chain.push(one);
            }
        }
        if chain.is_empty() {
            return Err(wrong(certificate));
        }
        let text = private::read_text(key, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)?;
        let key =
            PrivateKey::from_pem(text.as_bytes()).map_err(|_| ClientError::ClientKey(key.to_owned()))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    Ok(tls.build())
}

/// A new token, as the service answers it.
#[derive(serde::Deserialize)]
pub struct NewToken {
    /// The token.
    pub token: zeroize::Zeroizing<String>,
    /// From when on it is no longer good.
    pub expires_at: Timestamp,
    /// Until when the old one is.
    pub old_until: Timestamp,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewToken(until {})", self.expires_at)
    }
}

/// Where a file is written before it takes another's place.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
