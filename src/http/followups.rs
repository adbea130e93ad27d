//! Follow-up: what a partner may ask about its own referrals, the answer at its time, and the steward's look at it.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::guard::{Caller, Whole, blocking};
use super::problem::{Failure, Problem};
use super::questions::TextView;
use super::uploads::json;
use crate::followup::leaves_after;
use crate::name::{FollowupId, PartnerId};
use crate::programme::{Followup, StatusMeaning};
use crate::service::{FollowupVolume, Reason, Service};

/// A status that can be answered.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StatusView {
    /// What is answered.
    id: String,
    /// Its title.
    title: TextView,
    /// What it means for a worklist: `received`, `contacted`, `started`, `ended`, `not-reached`.
    #[schema(value_type = String)]
    means: StatusMeaning,
}

/// A follow-up that the caller may ask.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FollowupView {
    /// What is asked for.
    id: String,
    /// Its title.
    title: TextView,
    /// The purpose that persons must have permitted.
    purpose: String,
    /// Days from the seal that first held a referral until it may be asked about.
    delay_days: u16,
    /// Most tokens that may be asked about in a day (UTC).
    lookups_per_day: u32,
    /// What can be answered, in the order in which it is.
    statuses: Vec<StatusView>,
}

impl From<&Followup> for FollowupView {
    fn from(followup: &Followup) -> FollowupView {
        let status = |status: &crate::programme::FollowupStatus| StatusView {
            id: status.id.to_string(),
            title: TextView::from(&status.title),
            means: status.means,
        };
        FollowupView {
            id: followup.id.to_string(),
            title: TextView::from(&followup.title),
            purpose: followup.purpose.to_string(),
            delay_days: followup.delay_days,
            lookups_per_day: followup.lookups_per_day,
            statuses: followup.statuses.iter().map(status).collect(),
        }
    }
}

/// What is told of one token.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ToldView {
    /// Status ids, in the programme's order. Empty for a token that is unknown, not referred, referred too lately, or not
    /// permitted, and when there is nothing to tell.
    statuses: Vec<String>,
    /// Last day of the permission that the asking partner itself has recorded; 2199-12-31 where it has no end.
    consent_ends: Option<String>,
}

/// The answer to a look-up.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ToldAllView {
    /// The follow-up.
    followup: String,
    /// One for each token, in the order in which they were sent.
    answers: Vec<ToldView>,
}

/// The follow-ups that one may ask.
#[utoipa::path(get, path = "/v1/followups", operation_id = "followups", tag = "partner",
    responses((status = 200, body = [FollowupView]), (status = "default", body = Problem)))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
) -> Result<Json<Vec<FollowupView>>, Failure> {
    let offered = service.followups(&caller)?;
    Ok(Json(offered.into_iter().map(FollowupView::from).collect()))
}

/// Ask what became of one's own referrals, by one's own tokens. Every look-up is entered and spends as many of the day's
/// look-ups as it has tokens; the answer leaves after a time that depends on their number alone.
#[utoipa::path(post, path = "/v1/followups", operation_id = "follow_up", tag = "partner",
    request_body(content = crate::followup::Lookup,
        description = "`{followup, key_id, label, nonce, tokens}`: the follow-up, the linkage key that made the tokens, the \
                       case worker's own name for the look-up, 16 random bytes in hexadecimal, and at most 1,000 tokens"),
    params(("Kobling-Signature" = String, Header, pattern = "^[A-Za-z0-9_-]{86}$",
        description = "the partner's signature over the body, in the context `kobling/v1/follow-up`")),
    responses((status = 200, body = ToldAllView), (status = 429, body = Problem), (status = "default", body = Problem)))]
pub(super) async fn look_up(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ToldAllView>), Failure> {
    let came = Instant::now();
    let signature = headers.get("kobling-signature").and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default().to_owned();
    let told = blocking(move || service.look_up(&caller, &body, &signature)).await?;
    let answers: Vec<ToldView> = told
        .answers
        .into_iter()
        .map(|told| ToldView {
            statuses: told.statuses.iter().map(ToString::to_string).collect(),
            consent_ends: told.consent_ends.map(|day| day.to_string()),
        })
        .collect();
    let leaves = leaves_after(answers.len(), came.elapsed());
    tokio::time::sleep_until((came + leaves).into()).await;
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Json(ToldAllView { followup: told.followup.to_string(), answers })))
}

/// How much a partner refers and looks up.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct VolumeView {
    /// The follow-up.
    followup: String,
    /// The partner.
    partner: String,
    /// Referrals that were new in the last 30 days.
    new_in_30_days: u64,
    /// Most of them before they are held.
    expected_in_30_days: u32,
    /// Referrals that are held, and count for nothing until they are approved.
    held: u64,
    /// Tokens asked about today (UTC).
    lookups_today: u64,
    /// Tokens of look-ups that were refused today.
    refused_today: u64,
    /// Most tokens a day.
    lookups_per_day: u32,
}

impl From<FollowupVolume> for VolumeView {
    fn from(volume: FollowupVolume) -> VolumeView {
        VolumeView {
            followup: volume.followup.to_string(),
            partner: volume.partner.to_string(),
            new_in_30_days: volume.new_in_30_days,
            expected_in_30_days: volume.expected_in_30_days,
            held: volume.held,
            lookups_today: volume.lookups_today,
            refused_today: volume.refused_today,
            lookups_per_day: volume.lookups_per_day,
        }
    }
}

/// Held referrals that are to count.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproveRequest {
    /// The follow-up.
    followup: String,
    /// The partner.
    partner: String,
    /// How many are held, as the steward saw it.
    #[serde(deserialize_with = "super::shapes::whole")]
    held: u64,
}

/// How much each partner that may ask refers and looks up.
#[utoipa::path(get, path = "/v1/followups/volumes", operation_id = "followup_volumes", tag = "steward",
    responses((status = 200, body = [VolumeView]), (status = "default", body = Problem)))]
pub(super) async fn volumes(State(service): State<Arc<Service>>) -> Result<Json<Vec<VolumeView>>, Failure> {
    let volumes = blocking(move || service.followup_volumes()).await?;
    Ok(Json(volumes.into_iter().map(VolumeView::from).collect()))
}

/// Let the held referrals of a partner count, after having asked it about them.
#[utoipa::path(post, path = "/v1/followups/volumes", operation_id = "approve_referrals", tag = "steward", request_body = ApproveRequest,
    responses((status = 204, description = "they count"), (status = "default", body = Problem)))]
pub(super) async fn approve(
    State(service): State<Arc<Service>>,
    Caller(caller): Caller,
    Whole(body): Whole,
) -> Result<StatusCode, Failure> {
    let request: ApproveRequest = json(&body)?;
    let unknown = || Failure::of(Reason::FollowupUnknown);
    let followup: FollowupId = request.followup.parse().map_err(|_| unknown())?;
    let partner: PartnerId = request.partner.parse().map_err(|_| unknown())?;
    blocking(move || service.approve_referrals(&caller.actor(), &followup, &partner, request.held)).await?;
    Ok(StatusCode::NO_CONTENT)
}
