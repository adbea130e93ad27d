//! Pages for evaluators and payers: questions, answers, a report of several, standing reports, payments, quality of the data.
//!
//! An answer is asked by address: what is bookmarked, gone back to, or come back to after signing in asks the same again and
//! is answered the same. Forms offer what is registered and nothing else.
//!
//! Must never: count, or show a figure that `service` did not release; say anything, not even the title, of a question that
//! the visitor may not ask; put a title or a code in an address unescaped. Callers: `web::routes`.

mod answer;
mod asking;
mod catalogue;
mod copies;
mod export;
mod payments;
mod problem;
mod quality;
mod quarters;
mod question;
mod report;
mod standing;
mod view;

use axum::routing::get;

use super::routes::Right::Needs;
use super::routes::{PageRoute, Pages, page};
use crate::auth::Action;

/// The pages.
pub(super) const PAGES: &[PageRoute] = &[
    page("GET", "/questions", Needs(Action::Ask)),
    page("GET", "/questions/{id}", Needs(Action::Ask)),
    page("GET", "/questions/{id}/answer", Needs(Action::Ask)),
    page("GET", "/questions/{id}/{file}", Needs(Action::Ask)),
    page("GET", "/report", Needs(Action::Ask)),
    page("POST", "/report", Needs(Action::Ask)),
    page("GET", "/report/{file}", Needs(Action::Ask)),
    page("GET", "/reports", Needs(Action::ReadReports)),
    page("GET", "/reports/{id}/{quarter}", Needs(Action::ReadReports)),
    page("GET", "/reports/{id}/{quarter}/{file}", Needs(Action::ReadReports)),
    page("GET", "/payments", Needs(Action::StatePayment)),
    page("POST", "/payments", Needs(Action::StatePayment)),
    page("GET", "/payments/{id}/{period}", Needs(Action::StatePayment)),
    page("GET", "/payments/{id}/{period}/statement.json", Needs(Action::StatePayment)),
    page("GET", "/quality", Needs(Action::ReadQuality)),
];

/// Their handlers.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/questions", get(catalogue::show))
        .at("/questions/{id}", get(question::show))
        .at("/questions/{id}/answer", get(answer::show))
        .at("/questions/{id}/{file}", get(answer::file))
        .at("/report", get(report::show).post(report::change))
        .at("/report/{file}", get(report::file))
        .at("/reports", get(standing::list))
        .at("/reports/{id}/{quarter}", get(standing::show))
        .at("/reports/{id}/{quarter}/{file}", get(standing::file))
        .at("/payments", get(payments::list).post(payments::state))
        .at("/payments/{id}/{period}", get(payments::show))
        .at("/payments/{id}/{period}/statement.json", get(payments::file))
        .at("/quality", get(quality::show))
}
