//! A choice that a form offers.

/// A box, or a line of a list.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) chosen: bool,
}
