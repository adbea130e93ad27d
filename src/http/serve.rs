//! Serving: a listener, TLS or not, until told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::admission::{Admission, AdmissionSettings};
use super::routes::router;
use crate::secret::SystemRandom;
use crate::service::Service;

/// How long requests under way may take once the service is told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// How long the head of a request may take, and a connection wait for one. Longer than clients keep an idle connection.
const HEAD: Duration = Duration::from_secs(20);
/// How often uploads that nothing reaches any more are looked for.
const SWEEP: Duration = Duration::from_secs(3600);

/// A certificate and its key, ready to serve with.
pub type Tls = Arc<ServerConfig>;

/// Serves the API until `stop` is done, then lets requests under way finish.
///
/// # Errors
/// I/O errors of the listener.
pub async fn serve(
    service: Arc<Service>,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let admission = Admission::new(AdmissionSettings::default(), Box::new(SystemRandom::new()));
    serve_app(router(Arc::clone(&service)), (service, admission), listener, tls, stop).await
}

/// Serves an application over a service, which is looked after meanwhile.
///
/// # Errors
/// I/O errors of the listener.
pub(crate) async fn serve_app(
    app: axum::Router,
    (service, admission): (Arc<Service>, Arc<Admission>),
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopper.graceful_shutdown(Some(GRACE));
    });
    let swept = service;
    let sweeper = tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            let service = Arc::clone(&swept);
            let result = tokio::task::spawn_blocking(move || service.expire_uploads()).await;
            if let Ok(Err(error)) = result {
                tracing::warn!(code = error.code(), "uploads could not be looked through");
            }
        }
    });
    let counting = admission.counting();
    let app = app.layer(Extension(admission)).into_make_service_with_connect_info::<SocketAddr>();
    let served = match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.acceptor(counting).handle(handle).http1_only();
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            server.serve(app).await
        }
        Some(config) => {
            let config = RustlsConfig::from_config(config);
            let server = axum_server::from_tcp_rustls(listener, config)?;
            // Counted before the handshake, which costs most.
            let mut server = server.map(|tls| tls.acceptor(counting)).handle(handle).http1_only();
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            server.serve(app).await
        }
    };
    sweeper.abort();
    served
}

/// TLS from a certificate chain and its key, both PEM. TLS 1.2 and 1.3, by `ring`.
///
/// # Errors
/// I/O errors, and `InvalidData` for what is no certificate, no key, or not a pair.
pub fn tls_from_pem(certificates: &Path, key: &Path) -> io::Result<Tls> {
    let invalid = |what: &'static str| move |_| io::Error::new(io::ErrorKind::InvalidData, what);
    let chain = std::fs::read(certificates)?;
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no certificate in PEM form"))?;
    let key = std::fs::read(key)?;
    let key = PrivateKeyDer::from_pem_slice(&key)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no private key in PEM form"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(invalid("no version of TLS in common"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(invalid("the certificate and the key do not belong together"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
