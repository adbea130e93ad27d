//! Aliases: what partners propose one by one, and what the steward decides, one by one or of a whole package.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use super::uploads::json;
use crate::service::{OpenProposal, Reason, Service};
use crate::store::{AliasPackageRow, Proposals, Verdict};

/// Two tokens of one person.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasRequest {
    /// The token that was used before.
    old: String,
    /// The token that is used now.
    new: String,
}

/// A proposal that waits.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ProposalView {
    /// Its number.
    id: i64,
    /// Who made it.
    partner: String,
    /// When it came.
    proposed_at: String,
    /// The package that it came with.
    package: Option<String>,
}

impl From<OpenProposal> for ProposalView {
    fn from(open: OpenProposal) -> ProposalView {
        ProposalView {
            id: open.id,
            partner: open.partner.to_string(),
            proposed_at: open.proposed_at.to_string(),
            package: open.package,
        }
    }
}

/// A package of which some proposals wait.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AliasPackageView {
    /// Its id.
    package: String,
    /// Who sent it.
    partner: String,
    /// When it was received whole.
    received_at: String,
    /// Aliases in it.
    proposals: u64,
    /// Those that wait.
    waiting: u64,
}

impl From<AliasPackageRow> for AliasPackageView {
    fn from(row: AliasPackageRow) -> AliasPackageView {
        AliasPackageView {
            package: row.id,
            partner: row.partner.to_string(),
            received_at: row.received_at.to_string(),
            proposals: row.proposals,
            waiting: row.waiting,
        }
    }
}

/// What was decided.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DecidedView {
    /// Proposals that had waited, and wait no longer.
    decided: u64,
}

/// Propose that two of one's own tokens are one person's.
#[utoipa::path(post, path = "/v1/aliases", operation_id = "propose_alias", tag = "partner", request_body = AliasRequest,
    responses((status = 202, description = "entered; it takes effect when the steward has approved it"),
              (status = "default", body = Problem)))]
pub(super) async fn propose(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Whole(body): Whole,
) -> Result<StatusCode, Failure> {
    let request: AliasRequest = json(&body)?;
    blocking(move || service.propose_alias(&caller, &request.old, &request.new)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Proposals that wait for a decision.
#[utoipa::path(get, path = "/v1/aliases", operation_id = "alias_proposals", tag = "steward",
    responses((status = 200, body = [ProposalView]), (status = "default", body = Problem)))]
pub(super) async fn proposals(
    State(service): State<Arc<Service>>,
) -> Result<Json<Vec<ProposalView>>, Failure> {
    let open = blocking(move || service.open_proposals()).await?;
    Ok(Json(open.into_iter().map(ProposalView::from).collect()))
}

/// Packages of which some proposals wait for a decision.
#[utoipa::path(get, path = "/v1/aliases/packages", operation_id = "alias_packages", tag = "steward",
    responses((status = 200, body = [AliasPackageView]), (status = "default", body = Problem)))]
pub(super) async fn packages(
    State(service): State<Arc<Service>>,
) -> Result<Json<Vec<AliasPackageView>>, Failure> {
    let waiting = blocking(move || service.alias_packages()).await?;
    Ok(Json(waiting.into_iter().map(AliasPackageView::from).collect()))
}

/// Approve a proposal; it takes effect at the next seal.
#[utoipa::path(post, path = "/v1/aliases/{id}/approve", operation_id = "approve_alias", tag = "steward", params(("id" = i64, Path)),
    responses((status = 204, description = "approved"), (status = "default", body = Problem)))]
pub(super) async fn approve(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    one(service, caller, &id, Verdict::Approve).await
}

/// Reject a proposal; it is forgotten.
#[utoipa::path(post, path = "/v1/aliases/{id}/reject", operation_id = "reject_alias", tag = "steward", params(("id" = i64, Path)),
    responses((status = 204, description = "rejected"), (status = "default", body = Problem)))]
pub(super) async fn reject(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    one(service, caller, &id, Verdict::Reject).await
}

async fn one(
    service: Arc<Service>,
    caller: crate::auth::Principal,
    id: &str,
    verdict: Verdict,
) -> Result<StatusCode, Failure> {
    let id: i64 = id.parse().map_err(|_| Failure::of(Reason::NotFound))?;
    blocking(move || service.decide_aliases(&caller, Proposals::One(id), verdict)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Approve all that wait of a package; they take effect at the next seal.
#[utoipa::path(post, path = "/v1/aliases/packages/{id}/approve", operation_id = "approve_alias_package", tag = "steward", params(("id" = String, Path)),
    responses((status = 200, body = DecidedView), (status = "default", body = Problem)))]
pub(super) async fn approve_package(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<DecidedView>, Failure> {
    all(service, caller, id, Verdict::Approve).await
}

/// Reject all that wait of a package; they are forgotten.
#[utoipa::path(post, path = "/v1/aliases/packages/{id}/reject", operation_id = "reject_alias_package", tag = "steward", params(("id" = String, Path)),
    responses((status = 200, body = DecidedView), (status = "default", body = Problem)))]
pub(super) async fn reject_package(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Result<Json<DecidedView>, Failure> {
    all(service, caller, id, Verdict::Reject).await
}

async fn all(
    service: Arc<Service>,
    caller: crate::auth::Principal,
    id: String,
    verdict: Verdict,
) -> Result<Json<DecidedView>, Failure> {
    let decided = blocking(move || service.decide_aliases(&caller, Proposals::Package(&id), verdict)).await?;
    Ok(Json(DecidedView { decided }))
}
