//! Pages for stewards and auditors: programme, partners, sealing, snapshots, approvals, the log of answers, the chain.
//!
//! What changes something is asked on a page of its own, which says what follows, and holds only for what was seen there.
//!
//! Must never: show a person, a token, a figure of an answer, or which cells are held at an earlier value; show again what may
//! be a secret key; decide anything by a GET. Callers: `web::routes`.

mod approvals;
mod audit;
mod confirm;
mod log;
mod notice;
mod partners;
mod programme;
mod programme_view;
mod snapshots;
mod staged;
mod words;

use axum::routing::{get, post};

use super::routes::{PageRoute, Pages, Right, page};
use crate::auth::Action;

const KEYS: Right = Right::Needs(Action::ManageKeys);
const SEAL: Right = Right::Needs(Action::Seal);
const ALIASES: Right = Right::Needs(Action::ApproveAlias);
const UPLOADS: Right = Right::Needs(Action::ReviewUploads);
const FOLLOWUPS: Right = Right::Needs(Action::ReviewFollowups);

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[
    page("GET", "/programme", Right::Needs(Action::ReadProgramme)),
    page("GET", "/programme/definition.toml", Right::Needs(Action::ReadProgramme)),
    page("GET", "/partners", KEYS),
    page("GET", "/partners/{id}", KEYS),
    page("POST", "/partners/{id}/check", KEYS),
    page("POST", "/partners/{id}/keys", KEYS),
    page("GET", "/partners/{id}/keys/{fingerprint}", KEYS),
    page("POST", "/partners/{id}/keys/{fingerprint}", KEYS),
    page("GET", "/staged", SEAL),
    page("POST", "/staged/seal", SEAL),
    page("GET", "/staged/progress", SEAL),
    page("GET", "/snapshots", Right::Needs(Action::ReadSnapshots)),
    page("GET", "/snapshots/compare", SEAL),
    page("GET", "/log", Right::Needs(Action::ReadAnswers)),
    page("GET", "/log/answers.csv", Right::Needs(Action::ReadAnswers)),
    page("GET", "/audit", Right::Needs(Action::ReadAudit)),
    page("GET", "/approvals", ALIASES),
    page("GET", "/approvals/aliases/{id}", ALIASES),
    page("POST", "/approvals/aliases/{id}", ALIASES),
    page("GET", "/approvals/alias-packages/{id}", ALIASES),
    page("POST", "/approvals/alias-packages/{id}", ALIASES),
    page("GET", "/approvals/uploads/{id}", UPLOADS),
    page("POST", "/approvals/uploads/{id}", UPLOADS),
    page("GET", "/approvals/followups/{followup}/{partner}", FOLLOWUPS),
    page("POST", "/approvals/followups/{followup}/{partner}", FOLLOWUPS),
];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/programme", get(programme::show))
        .at("/programme/definition.toml", get(programme::download))
        .at("/partners", get(partners::list))
        .at("/partners/{id}", get(partners::one))
        .at("/partners/{id}/check", post(partners::check))
        .at("/partners/{id}/keys", post(partners::enrol))
        .at("/partners/{id}/keys/{fingerprint}", get(partners::ask_revoke).post(partners::revoke))
        .at("/staged", get(staged::show))
        .at("/staged/seal", post(staged::seal))
        .at("/staged/progress", get(staged::progress))
        .at("/snapshots", get(snapshots::list))
        .at("/snapshots/compare", get(snapshots::compare))
        .at("/log", get(log::show))
        .at("/log/answers.csv", get(log::download))
        .at("/audit", get(audit::show))
        .at("/approvals", get(approvals::list))
        .at("/approvals/aliases/{id}", get(approvals::ask_alias).post(approvals::alias))
        .at("/approvals/alias-packages/{id}", get(approvals::ask_package).post(approvals::package))
        .at("/approvals/uploads/{id}", get(approvals::ask_upload).post(approvals::upload))
        .at(
            "/approvals/followups/{followup}/{partner}",
            get(approvals::ask_followup).post(approvals::followup),
        )
}
