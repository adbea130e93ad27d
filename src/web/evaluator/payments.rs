//! Statements of payment: made once, signed, final.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::asking;
use super::problem::Problem;
use super::quarters::quarter_choices;
use super::question::offer;
use super::view::period_words;
use crate::answer::Statement;
use crate::audit::SignedStatement;
use crate::clock::{Period, Quarter};
use crate::http::{blocking, counted};
use crate::language::Language;
use crate::name::QuestionId;
use crate::service::{Reason, ServiceError};
use crate::web::Web;
use crate::web::choice::Choice;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words::capitalised;

struct Line {
    href: String,
    title: String,
    period: String,
    made_at: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "evaluator/payments.html")]
struct PaymentsPage {
    frame: Frame,
    lines: Vec<Line>,
    contracts: Vec<Choice>,
    from: Vec<Choice>,
    to: Vec<Choice>,
    problem: Option<Problem>,
}

/// What a statement says of one indicator: a title and its lines.
struct Earned {
    title: String,
    lines: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "evaluator/payment.html")]
struct PaymentPage {
    frame: Frame,
    heading: String,
    definition: String,
    amount: String,
    about: Vec<(&'static str, String)>,
    indicators: Vec<Earned>,
    sums: Vec<(&'static str, String)>,
    notes: Vec<String>,
    signature: String,
    rules: String,
    file: String,
}

/// A statement with the members that say where it is found.
struct Made {
    signed: SignedStatement,
    question: String,
    statement: Statement,
}

/// The member of a signed text that [`Statement`] does not show.
#[derive(serde::Deserialize)]
struct Of {
    question: String,
}

async fn made(web: &Arc<Web>, visitor: &Visitor) -> Result<Vec<Made>, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let all = blocking(move || service.statements(&caller)).await?;
    let internal = |_| ServiceError::Refused(Reason::Internal);
    let read = |signed: SignedStatement| -> Result<Made, ServiceError> {
        let of: Of = serde_json::from_str(&signed.statement).map_err(internal)?;
        let statement = serde_json::from_str(&signed.statement).map_err(internal)?;
        Ok(Made { signed, question: of.question, statement })
    };
    Ok(all.into_iter().map(read).collect::<Result<_, _>>()?)
}

fn period(statement: &Statement, l: Language) -> String {
    let period: Result<Period, _> = statement.period.parse();
    period.map_or_else(|_| statement.period.clone(), |period| period_words(period, l))
}

async fn form(
    web: &Arc<Web>,
    visitor: &Visitor,
    fields: &Fields,
    problem: Option<Problem>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let line = |made: Made| Line {
        href: format!("/{}/payments/{}/{}", l.tag(), made.question, made.statement.period),
        title: format!("{} {}", made.statement.number, l.of(&made.statement.title)),
        period: period(&made.statement, l),
        made_at: made.statement.made_at.chars().take(10).collect(),
        amount: Statement::kroner(made.statement.settlement.amount, l),
    };
    let lines = made(web, visitor).await?.into_iter().map(line).collect();
    let mut quarters: Vec<Quarter> = Vec::new();
    let mut contracts = Vec::new();
    for (question, _) in web.service.payable(&visitor.principal.organisation) {
        if let Some(offered) = offer(web, question).await? {
            quarters.extend(offered.quarters);
        }
        contracts.push(Choice {
            id: question.id.to_string(),
            title: format!("{} {} ({})", question.number, l.of(&question.title), question.id),
            chosen: fields.one("payment") == Some(question.id.as_str()),
        });
    }
    quarters.sort();
    quarters.dedup();
    let asked = asking::period_of(fields).ok();
    let first = asked.map(Period::first).or(quarters.first().copied());
    let last = asked.map(Period::last).or(quarters.last().copied());
    let page = PaymentsPage {
        frame: Frame::of(&visitor.visit, l.choose("Betalinger", "Payments")).with_script("evaluator.js"),
        lines,
        contracts,
        from: quarter_choices(&quarters, first, l),
        to: quarter_choices(&quarters, last, l),
        problem,
    };
    Ok(page::show(&page))
}

pub(super) async fn list(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    form(&web, &visitor, &Fields::default(), None).await
}

/// Makes a statement, or finds the one that was made.
pub(super) async fn state(State(web): State<Arc<Web>>, filled: Filled) -> Result<Response, Refusal> {
    let Filled { visitor, fields } = filled;
    let l = visitor.visit.language;
    let title = l.choose("Opgørelsen er ikke lavet", "The statement was not made").to_owned();
    let wrong = |status: StatusCode, code, title, advice: &str| {
        (status, Problem { title, advice: capitalised(advice), code, instead: Vec::new() })
    };
    let stated = match (fields.read::<QuestionId>("payment"), asking::period_of(&fields)) {
        (Err(_), _) => {
            let words = l.choose("Vælg, hvad der skal opgøres.", "Choose what is to be stated.");
            Err(wrong(StatusCode::UNPROCESSABLE_ENTITY, "filled-in", title, words))
        }
        (_, Err(Refusal::Told(da, en))) => {
            Err(wrong(StatusCode::UNPROCESSABLE_ENTITY, "filled-in", title, l.choose(da, en)))
        }
        (_, Err(refusal)) => return Err(refusal),
        (Ok(question), Ok(period)) => {
            let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
            let asked = question.clone();
            let stated = counted(move || service.state_payment(&caller, &asked, period)).await;
            match stated {
                Ok(_) => Ok((question, period)),
                Err(crate::http::Failure(error)) => {
                    let (da, da_advice) = error.danish();
                    let title = l.choose(&da, &error.public_message()).to_owned();
                    let advice = l.choose(da_advice, error.advice());
                    let status = crate::http::status(error.code());
                    if status.is_server_error() {
                        return Err(error.into());
                    }
                    Err(wrong(status, error.code(), capitalised(&title), advice))
                }
            }
        }
    };
    match stated {
        Ok((question, period)) => {
            Ok(Redirect::to(&format!("/{}/payments/{question}/{period}", l.tag())).into_response())
        }
        Err((status, problem)) => {
            let response = form(&web, &visitor, &fields, Some(problem)).await?;
            Ok((status, response).into_response())
        }
    }
}

async fn find(web: &Arc<Web>, visitor: &Visitor, id: &str, period: &str) -> Result<Made, Refusal> {
    let found = made(web, visitor).await?.into_iter();
    let mut found = found.filter(|made| made.question == id && made.statement.period == period);
    found.next().ok_or(Refusal::of(Reason::NotFound))
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, of)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let Made { signed, statement, .. } = find(&web, &visitor, &id, &of).await?;
    let say = |da: &'static str, en: &'static str| l.choose(da, en);
    let money = |oere: u64| Statement::kroner(oere, l);
    let settlement = &statement.settlement;
    let mut indicators = Vec::new();
    for (terms, earned) in statement.contract.indicators.iter().zip(&settlement.indicators) {
        let hidden = || say("skjult, tæller 0", "hidden, counts as 0").to_owned();
        let thousandths = earned.expected_thousandths;
        let expected = format!("{}{}{:03}", thousandths / 1000, say(",", "."), thousandths % 1000);
        let tranches = format!("{} ({} {})", earned.tranches, say("højst", "at most"), earned.most_tranches);
        indicators.push(Earned {
            title: l.of(&terms.title).to_owned(),
            lines: vec![
                (
                    say("Dage fra indskrivning", "Days from enrolment"),
                    format!("{}–{}", terms.first_day, terms.last_day),
                ),
                (
                    say("Verificerede resultater (s)", "Verified successes (s)"),
                    earned.successes.map_or_else(hidden, |s| l.count(s)),
                ),
                (say("Ventede alligevel (b · N)", "Expected anyhow (b · N)"), expected),
                (say("Hele trancher (m)", "Whole tranches (m)"), tranches),
                (say("Pris pr. resultat (t)", "For one success (t)"), money(terms.tariff)),
                (
                    say("Beløb (m · w · t, til loftet)", "Amount (m · w · t, to the cap)"),
                    money(earned.amount),
                ),
                (say("Til loftet", "Left to the cap"), money(earned.left_to_cap)),
            ],
        });
    }
    let heading = format!("{} {}", statement.number, l.of(&statement.title));
    let page = PaymentPage {
        frame: Frame::of(&visitor.visit, &heading),
        heading,
        definition: l.of(&statement.definition).to_owned(),
        amount: money(settlement.amount),
        about: vec![
            (say("Indskrevet i", "Enrolled in"), period(&statement, l)),
            (
                say("Opgjort på data fra", "Settled on data of"),
                format!("{} ({})", statement.sealed, statement.snapshot),
            ),
            (say("Opgørelsen er fra", "Stated at"), statement.made_at.clone()),
            (say("Til", "To"), statement.payer.clone()),
            (say("Antal indskrevne (N)", "Units enrolled (N)"), l.count(settlement.units)),
            (
                say("Resultater pr. tranche (w)", "Successes of a tranche (w)"),
                statement.contract.tranche.to_string(),
            ),
        ],
        indicators,
        sums: vec![
            (say("Sum af indikatorerne", "Sum of the indicators"), money(settlement.before_cap)),
            (
                say("Gulv og loft", "Floor and cap"),
                format!("{} – {}", money(statement.contract.floor), money(statement.contract.cap)),
            ),
            (say("Til loftet", "Left to the cap"), money(settlement.left_to_cap)),
        ],
        notes: statement.notes.iter().map(|note| l.of(note).to_owned()).collect(),
        signature: signed.signature,
        rules: statement.rules.clone(),
        file: format!("/{}/payments/{id}/{of}/statement.json", l.tag()),
    };
    Ok(page::show(&page))
}

/// The statement with its signature, as the API gives it.
pub(super) async fn file(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, of)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let Made { signed, .. } = find(&web, &visitor, &id, &of).await?;
    let text =
        serde_json::json!({ "statement": signed.statement, "signature": signed.signature }).to_string();
    Ok(page::file("statement.json", "application/json", text.into_bytes()))
}
