//! A body that is read in parts, without any part of it growing unseen: what reads forms looks for the next boundary however
//! far away it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http_body_util::BodyExt as _;
use tokio::sync::Notify;

use super::guard::SILENCE;
use super::problem::Failure;
use crate::service::Reason;

/// Bytes that may come without anything being made of them.
const UNREAD: usize = 1 << 20;

/// How much of a body has come since something was last made of it.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    since: AtomicUsize,
    over: Notify,
}

impl Meter {
    /// The request with its body under a meter.
    pub(crate) fn over(request: Request) -> (Request, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        let counting = Arc::clone(&meter);
        let request = request.map(|body| {
            Body::new(body.map_frame(move |frame| {
                frame.map_data(|data| {
                    if counting.since.fetch_add(data.len(), Ordering::Relaxed) <= UNREAD {
                        return data;
                    }
                    counting.over.notify_one();
                    Bytes::new()
                })
            }))
        });
        (request, meter)
    }

    /// Something was made of what came.
    pub(crate) fn read(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Waits for the next part: not for ever, and not beyond the bytes that may come without one.
    ///
    /// # Errors
    /// [`Reason::TooLarge`], and [`Reason::Body`] for a line that is silent.
    pub(crate) async fn next<T>(&self, part: impl Future<Output = T>) -> Result<T, Failure> {
        let found = tokio::select! {
            () = self.over.notified() => Err(Failure::of(Reason::TooLarge)),
            found = tokio::time::timeout(SILENCE, part) => found.map_err(|_| Failure::of(Reason::Body)),
        };
        self.read();
        found
    }
}
