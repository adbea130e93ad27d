//! A request as the log and the metrics see it: a random id, which the client gets back, what was asked of which route, how it
//! ended and how long it took.

use std::time::Instant;

use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;

use crate::http::admission::{Here, Kind};
use crate::http::problem::Code;

/// The header that carries a request's id, so that who asks and who reads the log can speak of the same one.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("kobling-request");

/// A request under way.
pub(crate) struct Request {
    came: Instant,
    id: Option<String>,
    method: Method,
    /// The route or page as it is registered, never the address as it came.
    route: String,
    kind: Kind,
}

impl Request {
    pub(crate) fn begun(here: Option<&Here>, method: Method, route: String, kind: Kind) -> Request {
        let id = here.map(|here| here.admission.request_id());
        Request { came: Instant::now(), id, method, route, kind }
    }

    /// When it came in.
    pub(crate) const fn came(&self) -> Instant {
        self.came
    }

    /// Its answer leaves.
    pub(crate) fn ended(self, here: Option<&Here>, response: &mut Response) {
        let code = response.extensions().get::<Code>().map(|Code(code)| *code);
        let status = response.status().as_u16();
        if let Some(here) = here {
            here.ask_for_time(code, response);
            here.admission.metrics.ended(self.kind, status, code, self.came.elapsed());
        }
        let id = self.id.as_deref().unwrap_or_default();
        if let Ok(value) = HeaderValue::from_str(id)
            && !id.is_empty()
        {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let ms = u64::try_from(self.came.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, route) = (self.method.as_str(), self.route.as_str());
        match code {
            Some(code) => tracing::info!(id, method, route, status, code, ms, "request"),
            None => tracing::info!(id, method, route, status, ms, "request"),
        }
    }
}
