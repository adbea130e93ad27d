//! The programme in force, in plain words, and its text as it was adopted.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::programme_view::{DatasetView, QuestionView, datasets, profile, purposes, questions};
use super::words;
use crate::digest::Sha256Hex;
use crate::programme::{DimensionSource, Programme};
use crate::web::Web;
use crate::web::frame::Frame;
use crate::web::guard::Visitor;
use crate::web::page;

#[derive(Template)]
#[template(path = "steward/programme.html")]
struct ProgrammePage {
    frame: Frame,
    id: String,
    version: u32,
    sha256: String,
    period: String,
    closing_days: u16,
    key_id: String,
    key_words: String,
    service_fingerprint: String,
    service_words: String,
    /// What an organisation is to the programme, and its name.
    organisations: Vec<(&'static str, String)>,
    /// Name, id and kind.
    partners: Vec<(String, String, &'static str)>,
    /// Title, id, for whom, and whether it is statistics alone.
    purposes: Vec<(String, String, String, bool)>,
    datasets: Vec<DatasetView>,
    /// Title, id, and where the codes come from.
    dimensions: Vec<(String, String, String)>,
    /// Title, id, dimension and codes.
    populations: Vec<(String, String, String, String)>,
    questions: Vec<QuestionView>,
    /// Rule, what it is, its number.
    profile: Vec<(&'static str, &'static str, u64)>,
    profile_name: &'static str,
}

pub(super) async fn show(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    let l = visitor.visit.language;
    let service = &web.service;
    let programme: &Programme = service.programme();
    let key = service.verifying_key().fingerprint();
    let codes = |list: usize, at: &mut dyn Iterator<Item = usize>| {
        let list = &programme.code_lists[list].codes;
        let titles: Vec<&str> = at.filter_map(|at| list.get(at)).map(|code| l.of(&code.title)).collect();
        titles.join(", ")
    };
    let mut organisations = vec![
        (l.choose("Nøgleforvalter", "Key custodian"), programme.custodian.to_string()),
        (l.choose("Drift", "Operator"), programme.operator.to_string()),
        (l.choose("Styregruppe", "Steward"), programme.steward.to_string()),
    ];
    let others = [
        (l.choose("Evaluator", "Evaluator"), &programme.evaluators),
        (l.choose("Betaler", "Payer"), &programme.payers),
    ];
    for (word, all) in others {
        organisations.extend(all.iter().map(|one| (word, format!("{} ({})", one.name, one.id))));
    }
    let dimensions = programme.dimensions.iter().map(|dimension| {
        let source = match &dimension.source {
            DimensionSource::Partner => {
                l.choose("partneren, der har sendt rækken", "the partner that sent the row").to_owned()
            }
            DimensionSource::Quarter => l.choose("hændelsens kvartal", "the quarter of the event").to_owned(),
            DimensionSource::Columns { list, .. } => codes(*list, &mut (0..usize::from(u8::MAX) + 1)),
        };
        (l.of(&dimension.title).to_owned(), dimension.id.to_string(), source)
    });
    let populations = programme.populations.iter().map(|population| {
        let dimension = &programme.dimensions[population.dimension];
        let text = match &dimension.source {
            DimensionSource::Columns { list, .. } => {
                codes(*list, &mut population.codes.iter().map(|code| usize::from(*code)))
            }
            _ => String::new(),
        };
        let of = l.of(&dimension.title).to_owned();
        (l.of(&population.title).to_owned(), population.id.to_string(), of, text)
    });
    let partner = |one: &crate::programme::Partner| {
        (one.name.clone(), one.id.to_string(), words::partner_kind(one.kind, l))
    };
    let page = ProgrammePage {
        id: programme.id.to_string(),
        version: programme.version,
        sha256: Sha256Hex::from_bytes(programme.sha256).to_string(),
        period: programme.period.to_string(),
        closing_days: programme.closing_days,
        key_id: service.key_id().to_string(),
        key_words: service.key_id().words(),
        service_fingerprint: key.to_string(),
        service_words: key.words(),
        organisations,
        partners: programme.partners.iter().map(partner).collect(),
        purposes: purposes(programme, l),
        datasets: datasets(programme, l),
        dimensions: dimensions.collect(),
        populations: populations.collect(),
        questions: questions(programme, l),
        profile: profile(service.rules(), l),
        profile_name: crate::disclosure::RULES_VERSION,
        frame: Frame::of(&visitor.visit, l.of(&programme.title)),
    };
    page::show(&page)
}

pub(super) async fn download(State(web): State<Arc<Web>>) -> Response {
    let programme = web.service.programme();
    let name = format!("{}-{}.toml", programme.id, programme.version);
    page::file(&name, "application/toml; charset=utf-8", web.service.programme_text().as_bytes().to_vec())
}
