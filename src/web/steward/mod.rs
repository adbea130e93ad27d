//! Pages for stewards: programme, partners, sealing, approvals, the log of answers.

use super::routes::{PageRoute, Pages};

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
}
