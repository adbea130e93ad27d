//! What the sealed data rest on: snapshots, and what the packages' manifests say of rows, protected.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::answer::HIDDEN_MARK;
use crate::extract::report::{KINDS, Matter, Remark, kind_code};
use crate::http::blocking;
use crate::language::{Language, Spoken as _};
use crate::service::{QualityPart, Reason, ServiceError};
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page::{self, Refusal};
use crate::web::words;

struct Part {
    partner: String,
    dataset: String,
    counts: [String; 4],
    /// Rows rejected by reason, and identifiers by kind: those that are shown.
    reasons: Vec<(String, String)>,
    identifiers: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "evaluator/quality.html")]
struct QualityPage {
    frame: Frame,
    /// Number and day of each snapshot, the newest first.
    snapshots: Vec<(u32, String)>,
    /// `None` before the first seal.
    parts: Option<Vec<Part>>,
}

/// A reason by its name, as the partner's report says it; a name that is not known stays.
fn reason_words(code: &str, l: Language) -> String {
    Matter::of_code(code).map_or_else(|| code.to_owned(), |matter| matter.say(l))
}

/// A kind of identifier by its name.
fn kind_words(code: &str, l: Language) -> String {
    let found = KINDS.into_iter().find(|kind| kind_code(*kind) == code);
    let remark = found.and_then(Remark::on_kind);
    remark.map_or_else(|| code.to_uppercase(), |remark| remark.say(l))
}

fn count(rows: Option<u64>, l: Language) -> String {
    rows.map_or_else(|| HIDDEN_MARK.to_owned(), |rows| l.count(rows))
}

fn part(web: &Web, part: QualityPart, l: Language) -> Part {
    let programme = web.service.programme();
    let shown = |counts: &std::collections::BTreeMap<String, Option<u64>>,
                 words: fn(&str, Language) -> String| {
        let shown = counts.iter().filter_map(|(code, rows)| rows.map(|rows| (words(code, l), l.count(rows))));
        shown.collect()
    };
    Part {
        partner: words::partner(programme, &part.partner),
        dataset: words::dataset(programme, part.dataset.as_str(), l),
        counts: [part.sent, part.rejected, part.duplicates, part.anonymous].map(|rows| count(rows, l)),
        reasons: shown(&part.reasons, reason_words),
        identifiers: shown(&part.identifiers, kind_words),
    }
}

pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let (service, caller) = (Arc::clone(&web.service), visitor.principal.clone());
    let (rows, report) = blocking(move || {
        let report = match service.quality(&caller) {
            Ok(report) => Some(report),
            Err(ServiceError::Refused(Reason::NoSnapshot)) => None,
            Err(error) => return Err(error),
        };
        Ok((service.snapshots()?, report))
    })
    .await?;
    let parts = report.map(|report| report.parts.into_iter().map(|each| part(&web, each, l)).collect());
    let snapshots = rows.iter().rev().map(|row| (row.id, row.day.to_string())).collect();
    let frame = Frame::of(&visitor.visit, l.choose("Datakvalitet", "Data quality"));
    Ok(page::show(&QualityPage { frame, snapshots, parts }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::report::REASON_CODES;

    #[test]
    fn every_reason_has_words() {
        for code in REASON_CODES {
            assert!(Matter::of_code(code).is_some(), "{code}");
        }
        assert_eq!(
            reason_words("nine-digits", Language::En),
            Matter::of_code("nine-digits").expect("a reason").say(Language::En)
        );
        assert_eq!(reason_words("from-the-future", Language::Da), "from-the-future");
        assert_eq!(kind_words("cpr", Language::Da), "CPR");
        assert!(kind_words("xecpr", Language::En).contains("X-eCPR"));
    }
}
