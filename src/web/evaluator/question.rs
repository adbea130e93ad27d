//! One question: what it counts, and a form that offers what can be asked of it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::asking;
use super::view::Link;
use crate::clock::{Period, Quarter};
use crate::http::blocking;
use crate::language::Language;
use crate::programme::{Question, Text};
use crate::question::{Ask, Offered, offered};
use crate::service::{Reason, ServiceError};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};

/// A box or a line of a list.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) chosen: bool,
}

/// Why an answer is not there, above the form that asked.
pub(super) struct Problem {
    pub(super) title: String,
    pub(super) advice: String,
    pub(super) code: &'static str,
    /// Questions that could be asked instead.
    pub(super) instead: Vec<Link>,
}

#[derive(Template)]
#[template(path = "evaluator/question.html")]
struct QuestionPage {
    frame: Frame,
    number: String,
    definition: String,
    unit: &'static str,
    action: String,
    most: usize,
    dimensions: Vec<Choice>,
    populations: Vec<Choice>,
    from: Vec<Choice>,
    to: Vec<Choice>,
    /// Nothing has been sealed, or no quarter has ended.
    nothing: bool,
    problem: Option<Problem>,
}

/// A question that somebody may ask. What they may not is not there.
pub(super) fn find<'a>(web: &'a Web, visitor: &Visitor, id: &str) -> Result<&'a Question, Refusal> {
    let found = web.service.askable(&visitor.principal).find(|question| question.id.as_str() == id);
    found.ok_or(Refusal::of(Reason::NotFound))
}

/// What of a question can be asked today; `None` before anything is sealed.
pub(super) async fn offer(web: &Arc<Web>, question: &Question) -> Result<Option<Offered>, Refusal> {
    let service = Arc::clone(&web.service);
    let snapshots = blocking(move || service.snapshots()).await?;
    let service = &web.service;
    let today = service.now().day();
    let of = |day| offered(service.programme(), question, day, today, service.rules());
    Ok(snapshots.last().map(|row| of(row.day)))
}

/// A quarter as people say it.
pub(super) fn quarter_words(quarter: Quarter, l: Language) -> String {
    let text = quarter.to_string();
    let (year, index) = text.split_once("-Q").unwrap_or((&text, ""));
    match l {
        Language::Da => format!("{index}. kvartal {year}"),
        Language::En => format!("Quarter {index}, {year}"),
    }
}

/// Quarters as a list, of which one is chosen.
pub(super) fn quarter_choices(quarters: &[Quarter], chosen: Option<Quarter>, l: Language) -> Vec<Choice> {
    let one = |quarter: &Quarter| Choice {
        id: quarter.to_string(),
        title: quarter_words(*quarter, l),
        chosen: Some(*quarter) == chosen,
    };
    quarters.iter().map(one).collect()
}

/// The page, with what was chosen last.
pub(super) async fn form(
    web: &Arc<Web>,
    visitor: &Visitor,
    question: &Question,
    fields: &Fields,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let offered = offer(web, question).await?;
    let nothing = offered.as_ref().is_none_or(|offered| offered.quarters.is_empty());
    let offered = offered.unwrap_or(Offered {
        dimensions: Vec::new(),
        most_dimensions: 0,
        populations: Vec::new(),
        quarters: Vec::new(),
    });
    let asked = asking::period_of(fields).ok();
    let first = asked.map(Period::first).or(offered.quarters.first().copied());
    let last = asked.map(Period::last).or(offered.quarters.last().copied());
    let by: Vec<&str> = fields.all("by").flat_map(|by| by.split(',')).collect();
    let choice = |id: &str, title: &Text, chosen: bool| Choice {
        id: id.to_owned(),
        title: l.of(title).to_owned(),
        chosen,
    };
    let dimensions = offered.dimensions.iter().map(|at| &programme.dimensions[*at]);
    let populations = offered.populations.iter().map(|at| &programme.populations[*at]);
    let frame = Frame::of(&visitor.visit, l.of(&question.title)).with_script("evaluator.js");
    let page = QuestionPage {
        number: question.number.clone(),
        definition: l.of(&question.definition).to_owned(),
        unit: super::view::unit(question.unit, l),
        action: format!("/{}/questions/{}/answer", l.tag(), question.id),
        most: offered.most_dimensions.min(offered.dimensions.len()),
        dimensions: dimensions
            .map(|d| choice(d.id.as_str(), &d.title, by.contains(&d.id.as_str())))
            .collect(),
        populations: populations
            .map(|p| choice(p.id.as_str(), &p.title, fields.one("population") == Some(p.id.as_str())))
            .collect(),
        from: quarter_choices(&offered.quarters, first, l),
        to: quarter_choices(&offered.quarters, last, l),
        nothing,
        problem,
        frame,
    };
    Ok(page::show(&page))
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let question = find(&web, &visitor, &id)?;
    form(&web, &visitor, question, &fields, None).await
}

/// The form again, under what was wrong with what it asked.
pub(super) async fn again(
    web: &Arc<Web>,
    visitor: &Visitor,
    question: &Question,
    fields: &Fields,
    (status, problem): (StatusCode, Problem),
) -> Result<Response, Refusal> {
    let response = form(web, visitor, question, fields, Some(problem)).await?;
    Ok((status, response).into_response())
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
        title: page::capitalised(&title),
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
