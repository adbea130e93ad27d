//! Pages for partners: packages, sending, consents, follow-up, the own trail.

use super::routes::{PageRoute, Pages};

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
}
