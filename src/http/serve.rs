//! Serving: a listener, TLS or not, until told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

use super::admission::{Admission, AdmissionSettings};
use super::routes::router;
use super::tls::Tls;
use crate::secret::SystemRandom;
use crate::service::Service;

/// How long requests under way may take once the service is told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// How long the head of a request may take, and a connection wait for one. Longer than clients keep an idle connection.
const HEAD: Duration = Duration::from_secs(20);
/// How often uploads that nothing reaches any more are looked for.
const SWEEP: Duration = Duration::from_secs(3600);

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
        Some(tls) => {
            // Counted before the handshake, which costs most.
            let acceptor = counting.before(tls.acceptor());
            let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle).http1_only();
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            server.serve(app).await
        }
    };
    sweeper.abort();
    served
}
