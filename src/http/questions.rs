//! Questions and answers, and what else is read: snapshots, quality, the audit chain.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking, counted};
use super::problem::{Failure, Problem};
use super::shapes::place;
use super::steward::SnapshotView;
use super::uploads::json;
use crate::audit::{Entry, Head};
use crate::clock::Period;
use crate::name::{DimensionId, PopulationId, QuestionId};
use crate::programme::Text;
use crate::question::{Ask, Progress};
use crate::service::{QualityReport, Reason, Service};

/// Sealed snapshots, oldest first.
#[utoipa::path(get, path = "/v1/snapshots", tag = "evaluator",
    responses((status = 200, body = [SnapshotView]), (status = "default", body = Problem)))]
pub(super) async fn snapshots(
    State(service): State<Arc<Service>>,
) -> Result<Json<Vec<SnapshotView>>, Failure> {
    let rows = blocking(move || service.snapshots()).await?;
    Ok(Json(rows.into_iter().map(SnapshotView::from).collect()))
}

/// A text in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TextView {
    /// Danish.
    da: String,
    /// English.
    en: String,
}

impl From<&Text> for TextView {
    fn from(text: &Text) -> TextView {
        TextView { da: text.da.clone(), en: text.en.clone() }
    }
}

/// A registered question.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct QuestionView {
    /// What is asked for.
    id: String,
    /// Its number in the catalogue.
    number: String,
    /// Its title.
    title: TextView,
    /// Its definition, printed beside every answer.
    definition: TextView,
    /// What it may be broken down by.
    by: Vec<String>,
    /// What it may be narrowed to.
    populations: Vec<String>,
    /// What is counted: person, pair or case.
    #[schema(value_type = String)]
    unit: crate::programme::Unit,
    /// Who may ask: evaluators, or payers too.
    #[schema(value_type = String)]
    audience: crate::programme::Audience,
    /// Whether it is also answered by itself, quarter by quarter.
    standing: bool,
}

/// Registered questions.
#[utoipa::path(get, path = "/v1/questions", operation_id = "questions", tag = "everybody",
    responses((status = 200, body = [QuestionView]), (status = "default", body = Problem)))]
pub(super) async fn list(State(service): State<Arc<Service>>) -> Json<Vec<QuestionView>> {
    let programme = service.programme();
    let view = |question: &crate::programme::Question| QuestionView {
        id: question.id.to_string(),
        number: question.number.clone(),
        title: (&question.title).into(),
        definition: (&question.definition).into(),
        by: question.dimensions.iter().map(|at| programme.dimensions[*at].id.to_string()).collect(),
        populations: question
            .populations
            .iter()
            .map(|at| programme.populations[*at].id.to_string())
            .collect(),
        unit: question.unit,
        audience: question.audience,
        standing: question.standing,
    };
    Json(programme.questions.iter().map(view).collect())
}

/// What is asked.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskRequest {
    /// Dimensions, in any order.
    #[serde(default)]
    by: Vec<DimensionId>,
    /// Whole quarters: `2022-Q1..2022-Q4`.
    #[schema(value_type = Period)]
    period: String,
    /// A population.
    population: Option<PopulationId>,
}

/// An answer, described; it is served as the text that was first released.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AnswerView {
    /// What was asked, as it was understood.
    question: serde_json::Value,
    /// Its number in the catalogue.
    number: String,
    /// Its title.
    title: TextView,
    /// Its definition.
    definition: TextView,
    /// What is counted: person, pair or case.
    unit: String,
    /// Id and title of the population it was narrowed to.
    population: Option<serde_json::Value>,
    /// The quarters.
    period: String,
    /// Day of the snapshot.
    sealed: String,
    /// Rules of counting.
    notes: Vec<TextView>,
    /// The key columns of the table: id, title, and a title for each code.
    labels: Vec<serde_json::Value>,
    /// How it is best drawn.
    chart: Option<String>,
    /// The protected table.
    table: crate::disclosure::Table,
    /// SHA-256 of the text without this member, which is the last.
    sha256: String,
}

/// Gives a question up when whoever waits for it goes away: the server then drops the handler, and this with it.
#[derive(Default)]
pub(crate) struct Wanted(pub(crate) Arc<Progress>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// Ask a registered question. The release ledger is durable before the answer leaves.
#[utoipa::path(post, path = "/v1/questions/{id}", tag = "evaluator", params(("id" = String, Path)),
    request_body = AskRequest, responses((status = 200, body = AnswerView), (status = "default", body = Problem)))]
pub(super) async fn ask(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Whole(body): Whole,
) -> Result<Response, Failure> {
    let question: QuestionId = id.parse().map_err(|_| Failure::of(Reason::NotFound))?;
    let AskRequest { by, period, population } = json(&body)?;
    let period = period.parse().map_err(|_| Failure::of(Reason::Period))?;
    let ask = Ask { question, by, period, population };
    let wanted = Wanted::default();
    let progress = Arc::clone(&wanted.0);
    let body = counted(move || service.ask_with(&caller, &ask, &progress)).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

/// What the manifests of the sealed packages say of rows, protected.
#[utoipa::path(get, path = "/v1/quality", tag = "evaluator",
    responses((status = 200, body = QualityReport), (status = "default", body = Problem)))]
pub(super) async fn quality(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<QualityReport>, Failure> {
    Ok(Json(blocking(move || service.quality(&caller)).await?))
}

/// Where to begin.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct After {
    /// Entries after this one; 0, or nothing, for the first.
    #[serde(default)]
    #[param(required = false, maximum = 9_223_372_036_854_775_807_u64)]
    from: u64,
}

fn after(query: Result<Query<After>, QueryRejection>) -> Result<u64, Failure> {
    let Query(After { from }) = query.map_err(|_| Failure::of(Reason::Query))?;
    place(from)
}

/// A head of a strand, described.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct HeadView {
    /// Strand hash.
    hash: String,
    /// Entries so far.
    position: u64,
    /// The strand.
    strand: String,
}

impl From<&Head> for HeadView {
    fn from(head: &Head) -> HeadView {
        HeadView { hash: head.hash.to_string(), position: head.position, strand: head.strand.to_string() }
    }
}

/// A page of the chain.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AuditView {
    /// Whether chain, strands and heads verify.
    sound: bool,
    /// What is wrong, if they do not.
    problem: Option<String>,
    /// Entries in the chain, when it is sound.
    sequence: Option<u64>,
    /// Chain hash of the last one.
    hash: Option<String>,
    /// Heads of the strands.
    strands: Vec<HeadView>,
    /// At most 1,000 entries, each with its place in the chain.
    #[schema(value_type = Vec<serde_json::Value>)]
    entries: Vec<(u64, Entry)>,
}

/// Verify and read the audit chain.
#[utoipa::path(get, path = "/v1/audit", tag = "auditor", params(After),
    responses((status = 200, body = AuditView), (status = "default", body = Problem)))]
pub(super) async fn audit(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Json<AuditView>, Failure> {
    let from = after(query)?;
    let report = blocking(move || service.audit(&caller, from)).await?;
    let verified = report.verified.as_ref();
    Ok(Json(AuditView {
        sound: verified.is_some(),
        problem: report.problem,
        sequence: verified.map(|chain| chain.head.sequence),
        hash: verified.map(|chain| chain.head.hash.to_string()),
        strands: verified.map(|chain| chain.strands.iter().map(HeadView::from).collect()).unwrap_or_default(),
        entries: report.entries,
    }))
}

/// A page of one's own strand.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StrandView {
    /// Its head.
    head: HeadView,
    /// At most 1,000 entries after the one asked from; canonical members, so that hashes can be recomputed.
    #[schema(value_type = Vec<serde_json::Value>)]
    entries: Vec<Entry>,
}

/// One's own strand of the audit chain: proof that a receipt's head extends an earlier one.
#[utoipa::path(get, path = "/v1/audit/strand", tag = "partner", params(After),
    responses((status = 200, body = StrandView), (status = "default", body = Problem)))]
pub(super) async fn strand(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Json<StrandView>, Failure> {
    let from = after(query)?;
    let (entries, head) = blocking(move || service.strand(&caller, from)).await?;
    Ok(Json(StrandView { head: (&head).into(), entries }))
}
