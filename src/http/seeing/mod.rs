//! What whoever watches the machine sees: a line in the log for each request, figures, and whether the service is ready, on a
//! listener of its own.
//!
//! Must never: hold or tell a figure of data, the name of a person, a principal, a body or a header of a request. Callers: the
//! guards of `http` and `web`, and `koblingd`.

mod listener;
mod metrics;
mod request;

pub use listener::{SeeingSettings, serve_seeing};
pub use metrics::METRICS;
pub(crate) use metrics::Metrics;
pub(crate) use request::Request;
