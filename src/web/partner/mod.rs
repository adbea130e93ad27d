//! Pages for partners: packages, sending, consents, follow-up, the own trail.
//!
//! Whatever they show comes from what the partner itself sent, recorded or was told in a receipt.
//!
//! Must never: show anything of another partner, or whether it knows a person; show a CPR number, a token or a name of a person;
//! let a package through that `service` would refuse of a program. Callers: `web::routes`.

mod consents;
mod followups;
mod packages;
mod plain;
mod receipt_facts;
mod sending;
mod standing;
mod trail;
mod words;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::routes::{PageRoute, Pages, Right, page};
use crate::auth::Action;

const OWN: Right = Right::Needs(Action::ReadOwnPackages);
const SENDING: Right = Right::Needs(Action::Upload);
const WITHDRAWING: Right = Right::Needs(Action::WithdrawPackage);
const TRAIL: Right = Right::Needs(Action::ReadOwnStrand);

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[
    page("GET", "/packages", OWN),
    page("GET", "/packages/{id}", OWN),
    page("GET", "/packages/{id}/receipt", OWN),
    page("GET", "/packages/{id}/withdrawal", OWN),
    page("GET", "/packages/{id}/withdraw", WITHDRAWING),
    page("POST", "/packages/{id}/withdraw", WITHDRAWING),
    page("POST", "/packages/{id}/abort", SENDING),
    page("GET", "/send", SENDING),
    page("POST", "/send", SENDING),
    page("POST", "/send/uploads", SENDING),
    page("GET", "/send/uploads/{id}", SENDING),
    page("PATCH", "/send/uploads/{id}", SENDING),
    page("GET", "/consents", Right::Needs(Action::RecordConsents)),
    page("GET", "/consents/erasures/{id}", OWN),
    page("GET", "/followups", Right::Needs(Action::FollowUp)),
    page("GET", "/trail", TRAIL),
    page("GET", "/trail/entries", TRAIL),
];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/packages", get(packages::list))
        .at("/packages/{id}", get(packages::show))
        .at("/packages/{id}/receipt", get(packages::receipt))
        .at("/packages/{id}/withdrawal", get(packages::withdrawal))
        .at("/packages/{id}/withdraw", get(packages::ask_withdraw).post(packages::withdraw))
        .at("/packages/{id}/abort", post(packages::abort))
        // Each piece of a package is held to its own limit while it is read.
        .at("/send", get(sending::show).post(plain::send).layer(DefaultBodyLimit::disable()))
        .at("/send/uploads", post(sending::open))
        .at("/send/uploads/{id}", get(sending::standing).patch(sending::append))
        .at("/consents", get(consents::show))
        .at("/consents/erasures/{id}", get(consents::erasure))
        .at("/followups", get(followups::show))
        .at("/trail", get(trail::show))
        .at("/trail/entries", get(trail::entries))
}
