//! Pages for evaluators and payers: questions, answers, a report of several, standing reports, payments.

use super::routes::{PageRoute, Pages};

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
}
