//! Handlers of an upload that a page serves too, behind a guard of its own: whoever calls them says who asks.

pub(crate) use super::guard::{Caller, Whole};
pub(crate) use super::tus::{head, patch, take};
pub(crate) use super::uploads::{OPEN_LIMIT, open};
