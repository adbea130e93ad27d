//! The service's side of an upload: receive, verify, re-key, stage.
//!
//! Must never: write a raw token to disk, a log or an answer; count anything that is not verified; let what one
//! partner sees depend on another partner's data. Callers: the service's operations.

pub mod staged;
