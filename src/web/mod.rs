//! Pages for people who would rather look than read: evaluators, partners, stewards.
//!
//! Written by the server and whole without a script; what is shown comes from the same operations of `service` as the
//! API's answers do, and counts only as they were released. Every text stands in Danish and English side by side.
//!
//! Must never: hold an operation or a rule of its own; show what the role may not have (it finds nothing there, 404); let a
//! page run or fetch anything that is not from here; keep a session on disk. Callers: `koblingd`, `demo`.

mod assets;
mod choice;
mod cookie;
mod deeds;
mod evaluator;
mod facts;
mod form;
mod frame;
mod guard;
mod page;
mod partner;
mod provided;
mod routes;
mod session;
mod sign_in;
mod start;
mod steward;
mod tokeniser;
mod words;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::http::{Admission, AdmissionSettings, Tls};
use crate::oidc::Provider;
use crate::secret::{Random, SystemRandom};
use crate::service::Service;

pub use routes::{PAGES, PageRoute, Right};

/// What pages are made from.
#[derive(Debug)]
pub(crate) struct Web {
    service: Arc<Service>,
    sessions: session::Sessions,
    /// Through which people sign in, where there is one.
    provider: Option<Arc<Provider>>,
    ways: provided::Ways,
}

/// The API and the pages over one service.
pub fn router(service: Arc<Service>, random: Box<dyn Random>) -> axum::Router {
    router_with(service, random, None)
}

/// The same, with an identity provider that people sign in through.
pub fn router_with(
    service: Arc<Service>,
    random: Box<dyn Random>,
    provider: Option<Arc<Provider>>,
) -> axum::Router {
    let sessions = session::Sessions::new(random);
    let web =
        Arc::new(Web { service: Arc::clone(&service), sessions, provider, ways: provided::Ways::default() });
    crate::http::router(service).merge(routes::router(web))
}

/// Serves API and pages until `stop` is done, then lets requests under way finish; everybody is let in by the usual rules.
///
/// # Errors
/// I/O errors of the listener.
pub async fn serve(
    service: Arc<Service>,
    random: Box<dyn Random>,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let admission = Admission::new(AdmissionSettings::default(), Box::new(SystemRandom::new()));
    serve_by((service, admission), random, None, listener, tls, stop).await
}

/// The same; everybody is let in by the rules of `admission`, and people may sign in through an identity provider.
///
/// # Errors
/// I/O errors of the listener.
pub async fn serve_by(
    (service, admission): (Arc<Service>, Arc<Admission>),
    random: Box<dyn Random>,
    provider: Option<Arc<Provider>>,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = router_with(Arc::clone(&service), random, provider);
    crate::http::serve_app(app, (service, admission), listener, tls, stop).await
}
