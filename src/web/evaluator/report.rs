//! Several answers on one page: kept while one is signed in, and whole in the page's address, so that a bookmark has them.
//!
//! What a session keeps is changed by saying which question, never which place: two windows do not undo each other.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::asking::{self, Asked};
use super::problem::{Problem, refused};
use super::view::{AnswerView, Link, ask_words};
use crate::answer::{AskList, Report};
use crate::language::{Language, Spoken as _};
use crate::limits::{MAX_REPORT_ANSWERS, MAX_REPORT_TITLE};
use crate::question::Ask;
use crate::service::{Reason, ServiceError};
use crate::web::Web;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words::encoded;

const UNREADABLE: Refusal = Refusal::Told(
    "Adressen er ikke en rapport: et af spørgsmålene i den kan ikke læses. Åbn i stedet rapportens fil.",
    "The address is no report: one of the questions in it cannot be read. Open the report's file instead.",
);
const TOO_MANY: Refusal = Refusal::Told(
    "En rapport har højst 30 svar. Fjern nogle, eller lav to rapporter.",
    "A report has at most 30 answers. Remove some, or make two reports.",
);

/// An answer of the report, or why there is none.
struct Part {
    word: String,
    title: String,
    asked: String,
    href: String,
    view: Option<AnswerView>,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "evaluator/report.html")]
struct ReportPage {
    frame: Frame,
    title: String,
    parts: Vec<Part>,
    /// Words of the report, in order.
    words: Vec<String>,
    /// Whether it is what the session keeps; else it came by its address.
    own: bool,
    /// How many the session keeps.
    kept: usize,
    address: String,
    files: Vec<Link>,
    /// What is wrong with a list that was to be opened.
    wrong: Option<String>,
    list: String,
}

/// A title of a report, of the fields; cut to what a page can take.
fn title_of(fields: &Fields) -> String {
    fields
        .one("title")
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_REPORT_TITLE)
        .collect()
}

/// Questions of the fields, in order, each once.
fn asks_of(fields: &Fields) -> Result<Vec<Ask>, Refusal> {
    let mut asks: Vec<Ask> = Vec::new();
    for word in fields.all("a") {
        let ask = asking::parse_word(word).ok_or(UNREADABLE)?;
        if !asks.contains(&ask) {
            asks.push(ask);
        }
    }
    if asks.len() > MAX_REPORT_ANSWERS { Err(TOO_MANY) } else { Ok(asks) }
}

/// The query that holds a whole report. Words need no escapes.
fn query(title: &str, words: &[String]) -> String {
    let title = (!title.is_empty()).then(|| format!("title={}", encoded(title)));
    let words = words.iter().map(|word| format!("a={word}"));
    title.into_iter().chain(words).collect::<Vec<_>>().join("&")
}

fn address(l: Language, title: &str, words: &[String]) -> String {
    if words.is_empty() && title.is_empty() {
        return format!("/{}/report", l.tag());
    }
    format!("/{}/report?{}", l.tag(), query(title, words))
}

fn default_title(l: Language) -> String {
    l.choose("Min rapport", "My report").to_owned()
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Refusal> {
    page_of(&web, &visitor, &fields, None).await
}

async fn page_of(
    web: &Arc<Web>,
    visitor: &Visitor,
    fields: &Fields,
    wrong: Option<(String, String)>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let title = title_of(fields);
    let asks = asks_of(fields)?;
    let words: Vec<String> = asks.iter().map(asking::word).collect();
    let mut kept = visitor.session.kept.clone();
    if words.is_empty() && !kept.is_empty() && wrong.is_none() {
        return Ok(Redirect::to(&address(l, &title, &kept)).into_response());
    }
    if kept.is_empty() && !words.is_empty() {
        // Whoever comes back by a bookmark, or after signing in again, goes on where they were.
        web.sessions.keep(&visitor.session, |kept| {
            if kept.is_empty() {
                kept.clone_from(&words);
            }
        });
        kept.clone_from(&words);
    }
    let answers = asking::ask_all(web, visitor, asks.clone()).await?;
    let parts = asks.iter().zip(answers).enumerate().map(|(at, (ask, answer))| part(web, ask, answer, at, l));
    let parts: Vec<Part> = parts.collect();
    let query = query(&title, &words);
    let file = |name: &str, da, en| Link {
        title: l.choose(da, en).to_owned(),
        href: format!("/{}/report/{name}?{query}", l.tag()),
    };
    let heading = if title.is_empty() { default_title(l) } else { title.clone() };
    let (wrong, list) = wrong.unzip();
    let page = ReportPage {
        frame: Frame::of(&visitor.visit, &heading).with_script("evaluator.js"),
        own: kept == words,
        kept: kept.len(),
        address: address(l, &title, &words),
        files: vec![
            file("report.html", "Hele rapporten som én HTML-fil", "The whole report as one HTML file"),
            file(
                "report.toml",
                "Listen af spørgsmål (til kobling ask --from)",
                "The list of questions (for kobling ask --from)",
            ),
        ],
        title,
        parts,
        words,
        wrong,
        list: list.unwrap_or_default(),
    };
    Ok(page::show(&page))
}

fn part(web: &Web, ask: &Ask, answer: Result<Asked, ServiceError>, at: usize, l: Language) -> Part {
    let programme = web.service.programme();
    let registered = programme.question(&ask.question);
    let title =
        registered.map_or_else(|| ask.question.to_string(), |q| format!("{} {}", q.number, l.of(&q.title)));
    let (view, problem) = match answer {
        Ok(asked) => (Some(AnswerView::of(programme, &asked.answer, l, &format!("a{}", at + 1))), None),
        Err(error) => (None, Some(refused(web, (ask, None), &error, l).1)),
    };
    // Of what somebody may not ask, not even the title is said.
    let title = if view.is_some() { title } else { ask.question.to_string() };
    Part {
        word: asking::word(ask),
        asked: ask_words(programme, ask, l),
        href: format!("/{}{}", l.tag(), asking::address(ask)),
        title,
        view,
        problem,
    }
}

/// Keeps, removes, moves; opens a list.
pub(super) async fn change(State(web): State<Arc<Web>>, form: Filled) -> Result<Response, Refusal> {
    let Filled { visitor, fields } = form;
    let l = visitor.visit.language;
    let mut title = title_of(&fields);
    let asks = asks_of(&fields)?;
    let mut words: Vec<String> = asks.iter().map(asking::word).collect();
    let op = fields.one("op").unwrap_or_default().to_owned();
    if op == "open" {
        let text = fields.one("list").unwrap_or_default();
        match opened(text) {
            Ok((said, listed)) => {
                (title, words) = (said, listed);
            }
            Err(wrong) => {
                let wrong = (wrong.0, wrong.1, text.to_owned());
                let said = (l.choose(&wrong.0, &wrong.1).to_owned(), wrong.2);
                let response = page_of(&web, &visitor, &Fields::default(), Some(said)).await?;
                return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, response).into_response());
            }
        }
    }
    let (mut full, mut now) = (false, Vec::new());
    web.sessions.keep(&visitor.session, |kept| {
        match op.as_str() {
            "keep" | "add" | "open" => {
                let new: Vec<String> = words.iter().filter(|word| !kept.contains(word)).cloned().collect();
                full = kept.len() + new.len() > MAX_REPORT_ANSWERS;
                if !full {
                    kept.extend(new);
                }
            }
            "remove" => kept.retain(|word| !words.contains(word)),
            "up" | "down" => {
                let at = words.first().and_then(|word| kept.iter().position(|other| other == word));
                let other = at.and_then(|at| if op == "up" { at.checked_sub(1) } else { Some(at + 1) });
                if let (Some(at), Some(other)) = (at, other.filter(|other| *other < kept.len())) {
                    kept.swap(at, other);
                }
            }
            "clear" => kept.clear(),
            _ => {}
        }
        now.clone_from(kept);
    });
    if full {
        return Err(TOO_MANY);
    }
    Ok(Redirect::to(&address(l, &title, &now)).into_response())
}

/// A list of questions as a file has it: its title, and its questions in words of an address. In Danish and in English what
/// is wrong with it.
fn opened(text: &str) -> Result<(String, Vec<String>), (String, String)> {
    let list = AskList::parse(text).map_err(|error| (error.danish(), error.to_string()))?;
    let asks = list.asks(None).map_err(|error| (error.danish(), error.to_string()))?;
    let word = |ask: crate::answer::OneAsk| {
        asking::word(&Ask {
            question: ask.question,
            by: ask.by,
            period: ask.period,
            population: ask.population,
        })
    };
    Ok((list.title.unwrap_or_default(), asks.into_iter().map(word).collect()))
}

/// The report as a file: one page, or the list of its questions.
pub(super) async fn file(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(name): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let (title, asks) = (title_of(&fields), asks_of(&fields)?);
    match name.as_str() {
        "report.toml" => {
            let listed: Vec<_> = asks.iter().map(asking::listed).collect();
            let text = AskList::of((!title.is_empty()).then_some(title), &listed).to_toml();
            Ok(page::file("report.toml", "application/toml", text.into_bytes()))
        }
        "report.html" => {
            let mut answers = Vec::new();
            for answer in asking::ask_all(&web, &visitor, asks).await? {
                // A report without one of its answers is not what was asked for.
                answers.push(answer?.answer);
            }
            let title = if title.is_empty() { default_title(l) } else { title };
            let page = Report { title, language: l, answers }.to_html();
            Ok(page::file("report.html", "text/html; charset=utf-8", page.into_bytes()))
        }
        _ => Err(Refusal::of(Reason::NotFound)),
    }
}
