//! Follow-up in number: what may be asked about, and what is left of today's look-ups. No name and no token stands here.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::http::blocking;
use crate::name::OrganisationId;
use crate::programme::Followup;
use crate::service::FollowupLeft;
use crate::store::PackageRow;
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

/// Rows of mine that may hold referrals.
struct Own {
    dataset: String,
    packages: String,
    sent: String,
    kept: String,
}

/// A follow-up on the page.
struct Line {
    id: String,
    title: String,
    purpose: String,
    recipients: Vec<String>,
    statuses: Vec<String>,
    delay_days: u16,
    today: String,
    left: String,
    per_day: String,
    free_at: String,
    own: Vec<Own>,
    /// A dataset that refers, for the command.
    dataset: String,
}

#[derive(Template)]
#[template(path = "partner/followups.html")]
struct FollowupsPage {
    frame: Frame,
    lines: Vec<Line>,
}

/// What is offered, in number.
pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (left, rows, in_force) = blocking(move || {
        Ok((service.followups_left(&caller)?, service.packages(&caller)?, service.own_in_force(&caller)?))
    })
    .await?;
    let l = visitor.visit.language;
    let programme = web.service.programme();
    let offered = web.service.followups(&visitor.principal)?;
    let line = |(followup, left): (&Followup, &FollowupLeft)| {
        let purpose = programme.purpose(&followup.purpose);
        let of_others = |id: &&OrganisationId| id.as_str() != visitor.principal.organisation.as_str();
        let recipients = purpose.iter().flat_map(|purpose| &purpose.recipients);
        let mut own = Vec::new();
        for dataset in followup.referring().into_iter().map(|at| &programme.datasets[at]) {
            let of = |row: &&PackageRow| row.dataset == dataset.id && in_force.contains(&row.id);
            let mine: Vec<&PackageRow> = rows.iter().filter(of).collect();
            let source = visitor.principal.partner().and_then(|partner| programme.source(&partner));
            if source.is_some_and(|source| dataset.partners.contains(&source)) {
                own.push((
                    dataset.id.to_string(),
                    Own {
                        dataset: l.of(&dataset.title).to_owned(),
                        packages: l.count(mine.len() as u64),
                        sent: l.count(mine.iter().map(|row| row.rows).sum()),
                        kept: l.count(mine.iter().filter_map(|row| row.kept).sum()),
                    },
                ));
            }
        }
        let dataset = own.first().map(|(id, _)| id.clone()).unwrap_or_default();
        Line {
            id: followup.id.to_string(),
            title: l.of(&followup.title).to_owned(),
            purpose: purpose.map(|purpose| l.of(&purpose.title).to_owned()).unwrap_or_default(),
            recipients: recipients
                .filter(of_others)
                .map(|id| words::organisation(programme, id.as_str()))
                .collect(),
            statuses: followup.statuses.iter().map(|status| l.of(&status.title).to_owned()).collect(),
            delay_days: followup.delay_days,
            today: l.count(left.today),
            left: l.count(left.left),
            per_day: l.count(u64::from(followup.lookups_per_day)),
            free_at: words::moment(left.free_at),
            own: own.into_iter().map(|(_, own)| own).collect(),
            dataset,
        }
    };
    let page = FollowupsPage {
        frame: Frame::of(&visitor.visit, l.choose("Opfølgning", "Follow-up")),
        lines: offered.into_iter().zip(&left).map(line).collect(),
    };
    Ok(page::show(&page))
}
