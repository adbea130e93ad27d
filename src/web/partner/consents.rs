//! Consents in number, as the partner itself recorded them, and the erasures that follow from them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::packages::receipt_file;
use crate::clock::Day;
use crate::http::blocking;
use crate::language::Language;
use crate::service::{ConsentStanding, Reason};
use crate::store::{ErasureCause, ErasureRow, ErasureState};
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// Persons of a purpose, by standing.
struct Line {
    purpose: String,
    recipients: String,
    persons: Vec<String>,
}

/// An erasure in words.
struct Erased {
    id: String,
    cause: &'static str,
    state: &'static str,
    by: String,
    rows: String,
    has_receipt: bool,
}

#[derive(Template)]
#[template(path = "partner/consents.html")]
struct ConsentsPage {
    frame: Frame,
    persons: String,
    events: String,
    standings: Vec<(&'static str, &'static str)>,
    lines: Vec<Line>,
    erasures: Vec<Erased>,
}

/// A standing in words: short, and what it means.
const fn standing(standing: ConsentStanding, l: Language) -> (&'static str, &'static str) {
    let (da, en) = match standing {
        ConsentStanding::Permitted => (
            ("Gælder i dag", "et ja, der tillader brug af rækker i dag"),
            ("Holds today", "a yes that permits use of rows today"),
        ),
        ConsentStanding::Ahead => (
            ("Begynder senere", "et ja, der endnu ikke er begyndt"),
            ("Begins later", "a yes that has not begun yet"),
        ),
        ConsentStanding::Ended => (
            ("Udløbet", "et ja, der er løbet ud: spørg igen, hvis det skal gælde"),
            ("Run out", "a yes that has run out: ask again if it is to hold"),
        ),
        ConsentStanding::Withdrawn => {
            (("Trukket tilbage", "et ja, der er trukket tilbage"), ("Withdrawn", "a yes taken back"))
        }
        ConsentStanding::Refused => {
            (("Sagt nej", "et nej, da der blev spurgt"), ("Refused", "a no to the asking"))
        }
        ConsentStanding::Invalidated => (
            ("Ugyldigt", "et ja, der viste sig ikke at gælde"),
            ("Invalid", "a yes that was found not to be valid"),
        ),
        ConsentStanding::Asked => {
            (("Spurgt", "spurgt, intet svar registreret"), ("Asked", "asked, and no answer recorded"))
        }
    };
    match l {
        Language::Da => da,
        Language::En => en,
    }
}

fn erased(row: ErasureRow, by: Day, l: Language) -> Erased {
    let cause = match row.cause {
        ErasureCause::Denied => l.choose("Nogen sagde nej", "Somebody said no"),
        ErasureCause::Ended => {
            l.choose("Et ja ophørte eller blev snævrere", "A yes ended, or became narrower")
        }
        ErasureCause::Joined => l.choose("Et nyt nummer", "A new number"),
    };
    let state = match row.state {
        ErasureState::Opened => l.choose("Begyndt", "Begun"),
        ErasureState::Decided => {
            l.choose("Intet spørgsmål læser rækkerne mere", "No question reads the rows any more")
        }
        ErasureState::Staged => l.choose(
            "Ude af pakkerne; øjebliksbillederne følger",
            "Out of the packages; the snapshots follow",
        ),
        ErasureState::Done => l.choose("Færdig", "Done"),
    };
    Erased {
        id: row.id,
        cause,
        state,
        by: by.to_string(),
        rows: l.count(row.rows),
        has_receipt: row.receipt.is_some(),
    }
}

/// Consents and erasures.
pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (numbers, erasures) =
        blocking(move || Ok((service.consent_numbers(&caller)?, service.erasures(&caller)?))).await?;
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let lines = numbers.purposes.iter().map(|of| {
        let purpose = programme.purpose(&of.purpose);
        let recipients = purpose.iter().flat_map(|purpose| &purpose.recipients);
        let recipients: Vec<String> =
            recipients.map(|id| words::organisation(programme, id.as_str())).collect();
        Line {
            purpose: purpose.map_or_else(|| of.purpose.to_string(), |p| l.of(&p.title).to_owned()),
            recipients: recipients.join(", "),
            persons: of.persons.iter().map(|persons| l.count(*persons)).collect(),
        }
    });
    let page = ConsentsPage {
        frame: Frame::of(&visitor.visit, l.choose("Samtykker", "Consents")),
        persons: l.count(numbers.persons),
        events: l.count(numbers.events),
        standings: ConsentStanding::ALL.into_iter().map(|one| standing(one, l)).collect(),
        lines: lines.collect(),
        erasures: erasures.into_iter().rev().map(|(row, by)| erased(row, by, l)).collect(),
    };
    Ok(page::show(&page))
}

/// The receipt that an erasure is done, as a file.
pub(super) async fn erasure(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let rows = blocking(move || service.erasures(&caller)).await?;
    let found = rows.into_iter().map(|(row, _)| row).find(|row| row.id == id);
    let row = found.ok_or(Refusal::of(Reason::NotFound))?;
    let receipt = row.receipt.ok_or(Refusal::of(Reason::NotFound))?;
    let short = row.id.get(..8).unwrap_or(&row.id);
    Ok(receipt_file(&format!("{}-erasure-{short}.receipt.json", row.source), &receipt))
}
