//! The way in over HTTP: thin handlers over `service`, problems after RFC 9457, tus 1.0 for uploads.
//!
//! Every route stands in one table with the action that it needs; a request is authenticated and authorised before its
//! handler runs, and a route that is not in the table answers nobody. Must never: hold logic of its own, log a body or a
//! header, or answer differently because of another partner's data. Callers: `web`, `koblingd`, `demo`.

mod access;
pub(crate) mod admission;
mod aliases;
mod answers;
mod consents;
mod description;
mod followups;
mod guard;
mod headers;
mod meter;
mod pace;
mod packages;
mod problem;
mod programme;
mod questions;
mod reports;
mod routes;
mod seeing;
mod serve;
mod shapes;
mod steward;
mod tls;
mod tokens;
mod tus;
mod unusual;
pub(crate) mod uploading;
mod uploads;

pub use admission::{Admission, AdmissionSettings, Rate};
pub(crate) use guard::{blocking, counted, in_time, wait_for_tick};
pub(crate) use meter::Meter;
pub use problem::Problem;
pub(crate) use problem::{Code, Failure, status};
pub(crate) use questions::Wanted;
pub use routes::{ROUTES, Route, api, router};
pub(crate) use seeing::Request;
pub use seeing::{METRICS, SeeingSettings, serve_seeing};
pub use serve::serve;
pub(crate) use serve::serve_app;
pub(crate) use tls::Presented;
pub use tls::{Reloaded, Tls, TlsError, TlsFiles, thumbprint_of_pem, tls_from_pem};
pub use tokens::TOKEN_ENDS;
