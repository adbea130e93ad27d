//! The second listener: figures and health for whoever watches the machine, without TLS and without a token, so on loopback
//! unless told otherwise.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::http::{Admission, AdmissionSettings};
use crate::secret::SystemRandom;
use crate::service::{Check, MachineStanding, Service};

/// How long what was looked at stays what is told: asking often costs no more than asking now and then.
const FRESH: Duration = Duration::from_secs(10);
/// How long a look may take before it counts as failed.
const LOOK: Duration = Duration::from_secs(10);
/// How often the snapshot in force is opened again though it is still the same.
const REOPEN: Duration = Duration::from_secs(3600);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);
/// Connections to this listener.
const CONNECTIONS: usize = 64;

/// `[metrics]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeeingSettings {
    /// Address and port. Nothing listens without.
    pub listen: Option<SocketAddr>,
    /// Room on the disk of the data folder, in bytes, below which the service is not ready.
    pub least_free_bytes: u64,
}

impl Default for SeeingSettings {
    fn default() -> SeeingSettings {
        SeeingSettings { listen: None, least_free_bytes: 1 << 30 }
    }
}

struct Seen {
    at: Instant,
    checks: Vec<Check>,
    standing: Option<MachineStanding>,
    ready: bool,
    /// The snapshot that was found whole, and when.
    verified: (Option<String>, Instant),
}

struct Seeing {
    service: Arc<Service>,
    admission: Arc<Admission>,
    least_free: u64,
    seen: Mutex<Option<Seen>>,
}

/// Readiness, as it is told.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<CheckView>,
}

#[derive(Serialize)]
struct CheckView {
    check: &'static str,
    well: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Seeing {
    /// Looks, unless it was looked just before, and tells of it.
    async fn look<T>(&self, tell: impl FnOnce(&Seen) -> T) -> T {
        let mut seen = self.seen.lock().await;
        if let Some(fresh) = seen.as_ref().filter(|seen| seen.at.elapsed() < FRESH) {
            return tell(fresh);
        }
        let verified = seen.take().map(|seen| seen.verified).filter(|(_, at)| at.elapsed() < REOPEN);
        let (mut folder, opened) = verified.unwrap_or((None, Instant::now()));
        let (service, least_free) = (Arc::clone(&self.service), self.least_free);
        let looking = tokio::task::spawn_blocking(move || {
            let checks = service.ready(least_free, &mut folder);
            (checks, service.standing_of_machine(), folder)
        });
        let now = match tokio::time::timeout(LOOK, looking).await {
            Ok(Ok((checks, standing, folder))) => {
                let ready = checks.iter().all(|check| check.problem.is_none());
                Seen {
                    at: Instant::now(),
                    checks,
                    standing: Some(standing),
                    ready,
                    verified: (folder, opened),
                }
            }
            _ => {
                let problem = Some("the service is so busy that it could not be looked at within 10 s");
                let checks = vec![Check { name: "store", problem }];
                let verified = (None, Instant::now());
                Seen { at: Instant::now(), checks, standing: None, ready: false, verified }
            }
        };
        tell(seen.insert(now))
    }
}

async fn ready(State(seeing): State<Arc<Seeing>>) -> Response {
    let tell = |seen: &Seen| {
        let checks = seen.checks.iter();
        let view = |check: &Check| {
            let Check { name, problem } = *check;
            CheckView { check: name, well: problem.is_none(), problem }
        };
        let status = if seen.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(Readiness { ready: seen.ready, checks: checks.map(view).collect() })).into_response()
    };
    seeing.look(tell).await
}

async fn metrics(State(seeing): State<Arc<Seeing>>) -> Response {
    let (checks, standing) = seeing.look(|seen| (seen.checks.clone(), seen.standing)).await;
    let text = seeing.admission.metrics.text(&seeing.admission, &checks, standing);
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Serves figures and health until `stop` is done: `/metrics`, `/health/started`, `/health/live`, `/health/ready`.
///
/// # Errors
/// I/O errors of the listener.
pub async fn serve_seeing(
    service: Arc<Service>,
    admission: Arc<Admission>,
    least_free: u64,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let began = u64::try_from(service.now().millis() / 1000).unwrap_or(0);
    admission.metrics.started(began);
    let seeing = Arc::new(Seeing { service, admission, least_free, seen: Mutex::new(None) });
    let app = Router::new()
        .route("/metrics", get(metrics))
        // Whoever is answered here is: the folder was opened before anything was listened on.
        .route("/health/started", get(|| async { "started\n" }))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state(seeing);
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopper.shutdown();
    });
    let few = AdmissionSettings {
        connections: CONNECTIONS,
        connections_of_address: CONNECTIONS,
        ..AdmissionSettings::default()
    };
    let few = Admission::new(few, Box::new(SystemRandom::new()));
    let mut server = axum_server::from_tcp(listener)?.acceptor(few.counting()).handle(handle).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    server.serve(app.into_make_service()).await
}
