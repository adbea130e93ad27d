//! Why a question is not answered, and what could be asked instead.

use axum::http::StatusCode;

use super::asking;
use super::view::Link;
use crate::clock::Period;
use crate::language::Language;
use crate::question::{Ask, Offered};
use crate::service::ServiceError;
use crate::web::Web;
use crate::web::words::capitalised;

/// Why an answer is not there, above the form that asked.
pub(super) struct Problem {
    pub(super) title: String,
    pub(super) advice: String,
    pub(super) code: &'static str,
    /// Questions that could be asked instead.
    pub(super) instead: Vec<Link>,
}

/// What was filled in and cannot be asked.
pub(super) fn told(l: Language, da: &str, en: &str) -> (StatusCode, Problem) {
    let title = l.choose("Sådan kan der ikke spørges", "This cannot be asked").to_owned();
    let advice = l.choose(da, en).to_owned();
    (StatusCode::UNPROCESSABLE_ENTITY, Problem { title, advice, code: "filled-in", instead: Vec::new() })
}

/// What the service refused to answer, with questions by structure that it would not refuse so.
pub(super) fn refused(
    web: &Web,
    (ask, offered): (&Ask, Option<&Offered>),
    error: &ServiceError,
    l: Language,
) -> (StatusCode, Problem) {
    let title = match l {
        Language::Da => error.danish().0,
        Language::En => error.public_message(),
    };
    let advice = l.choose(
        "Vælg nedenfor: her står alt, hvad der kan spørges om.",
        "Choose below: everything that can be asked is there.",
    );
    let code = error.code();
    let problem = Problem {
        title: capitalised(&title),
        advice: advice.to_owned(),
        code,
        instead: offered.map(|offered| instead(web, ask, offered, l)).unwrap_or_default(),
    };
    (crate::http::status(code), problem)
}

/// Questions near one that is refused: of what is registered, over quarters that can be asked about, with no dimension too
/// many.
fn instead(web: &Web, ask: &Ask, offered: &Offered, l: Language) -> Vec<Link> {
    let programme = web.service.programme();
    let (Some(first), Some(last)) = (offered.quarters.first(), offered.quarters.last()) else {
        return Vec::new();
    };
    let within = Period::new(ask.period.first().clamp(*first, *last), ask.period.last().clamp(*first, *last));
    let Ok(period) = within else { return Vec::new() };
    let registered = |id| offered.dimensions.iter().any(|at| programme.dimensions[*at].id == id);
    let mut by: Vec<_> = ask.by.iter().filter(|id| registered((*id).clone())).cloned().collect();
    by.sort();
    by.dedup();
    let is_population = |id| offered.populations.iter().any(|at| programme.populations[*at].id == id);
    let population = ask.population.clone().filter(|id| is_population(id.clone()));
    let nearest = Ask { question: ask.question.clone(), by, period, population };
    let mut asks = Vec::new();
    if nearest.by.len() <= offered.most_dimensions && nearest.key() != ask.key() {
        asks.push(nearest.clone());
    } else {
        for out in 0..nearest.by.len() {
            let mut fewer = nearest.clone();
            fewer.by.remove(out);
            if fewer.by.len() <= offered.most_dimensions {
                asks.push(fewer);
            }
        }
    }
    let link = |ask: &Ask| Link {
        title: super::view::ask_words(programme, ask, l),
        href: format!("/{}{}", l.tag(), asking::address(ask)),
    };
    asks.iter().map(link).collect()
}
