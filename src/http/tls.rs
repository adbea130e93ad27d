//! TLS: a certificate that can be exchanged while the service runs, and client certificates.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio_rustls::server::TlsStream;
use tower_layer::Layer as _;

use crate::auth::Thumbprint;

/// Where a certificate, its key, and those who vouch for client certificates lie, all in PEM form.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate with what leads to its authority.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of client certificates; without any, none is asked for.
    pub client_authority: Option<PathBuf>,
}

/// Why TLS cannot be served from the files. Never carries what stands in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that holds no certificate.
    #[error("{}: no certificate in PEM form", .0.display())]
    NoCertificate(PathBuf),
    /// A file that holds no key.
    #[error("{}: no private key in PEM form", .0.display())]
    NoKey(PathBuf),
    /// Two that are no pair.
    #[error("{} and {}: the certificate and the key do not belong together", .0.display(), .1.display())]
    NoPair(PathBuf, PathBuf),
    /// An authority that vouches for nobody.
    #[error("{}: cannot be used as the authority of client certificates", .0.display())]
    Authority(PathBuf),
}

/// What came of looking whether the files are others than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// They are the same.
    Same,
    /// The new ones are in force.
    New,
}

/// A certificate in force. Copies of it are the same one: what one of them reloads is in force for all.
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    config: RustlsConfig,
    /// Digest of what the files held when they were last looked at, whether or not it could be used.
    seen: Arc<Mutex<[u8; 32]>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({})", self.files.certificates.display())
    }
}

/// What the files hold.
struct Content {
    certificates: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    client_authority: Option<Vec<u8>>,
}

impl Content {
    fn read(files: &TlsFiles) -> Result<Content, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
        };
        Ok(Content {
            certificates: read(&files.certificates)?,
            key: read(&files.key)?.into(),
            client_authority: files.client_authority.as_deref().map(read).transpose()?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for part in [&self.certificates[..], &self.key, self.client_authority.as_deref().unwrap_or_default()]
        {
            digest.update(Sha256::digest(part));
        }
        digest.finalize().into()
    }

    /// TLS 1.2 and 1.3, by `ring`.
    fn config(&self, files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificates)
            .ok_or_else(|| TlsError::NoCertificate(files.certificates.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3");
        let builder = match (&self.client_authority, &files.client_authority) {
            (Some(text), Some(path)) => {
                let wrong = || TlsError::Authority(path.clone());
                let mut roots = RootCertStore::empty();
                for authority in certificates(text).ok_or_else(|| TlsError::NoCertificate(path.clone()))? {
                    roots.add(authority).map_err(|_| wrong())?;
                }
                // Asked for and not demanded: who has to present one is decided by the token.
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|_| wrong())?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|_| TlsError::NoPair(files.certificates.clone(), files.key.clone()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// The certificates of a PEM text; `None` where there is none.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

/// The thumbprint of the first certificate of a PEM text; `None` where there is none.
#[must_use]
pub fn thumbprint_of_pem(pem: &[u8]) -> Option<Thumbprint> {
    Some(Thumbprint::of(certificates(pem)?.first()?))
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Tls, TlsError> {
        let content = Content::read(&files)?;
        let config = RustlsConfig::from_config(content.config(&files)?);
        Ok(Tls { files: Arc::new(files), config, seen: Arc::new(Mutex::new(content.digest())) })
    }

    /// Reads the files again. Connections that are open go on as they are; sessions of before are not taken up again, so
    /// that who was vouched for before is looked at anew. What cannot be used leaves the old certificate in force, and
    /// is not tried again until it changes, or `anyway`.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn reload(&self, anyway: bool) -> Result<Reloaded, TlsError> {
        let content = Content::read(&self.files)?;
        let digest = content.digest();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == digest && !anyway {
            return Ok(Reloaded::Same);
        }
        *seen = digest;
        self.config.reload_from_config(content.config(&self.files)?);
        Ok(Reloaded::New)
    }

    /// What takes connections in.
    pub(super) fn acceptor(&self) -> Presenting {
        Presenting { inner: axum_server::tls_rustls::RustlsAcceptor::new(self.config.clone()) }
    }
}

/// TLS from a certificate chain and its key, both PEM, without client certificates.
///
/// # Errors
/// [`TlsError`].
pub fn tls_from_pem(certificates: &Path, key: &Path) -> Result<Tls, TlsError> {
    Tls::load(TlsFiles { certificates: certificates.to_owned(), key: key.to_owned(), client_authority: None })
}

/// The client certificate that a connection presented and whose key it proved to hold, if any: an extension of every request
/// that came by TLS. It is what TLS itself found, never a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented(pub(crate) Option<Thumbprint>);

impl Presented {
    /// Of a request.
    pub(crate) fn of(extensions: &axum::http::Extensions) -> Option<Thumbprint> {
        extensions.get::<Presented>().and_then(|presented| presented.0)
    }
}

/// Takes connections in by TLS, and tells every request what client certificate its connection presented.
#[derive(Clone)]
pub(super) struct Presenting {
    inner: axum_server::tls_rustls::RustlsAcceptor,
}

impl<I, S> Accept<I, S> for Presenting
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = TlsStream<I>;
    type Service = AddExtension<S, Presented>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let presented = Presented(chain.first().map(|certificate| Thumbprint::of(certificate)));
            Ok((stream, Extension(presented).layer(service)))
        })
    }
}
