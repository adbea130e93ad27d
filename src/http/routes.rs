//! The one list of routes, each with the action that it needs.

use std::sync::Arc;

use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::{Json, Router};
use utoipa::openapi::{ContactBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::guard::guard;
use super::problem::Failure;
use super::{
    access, aliases, answers, consents, description, followups, packages, programme, questions, reports,
    steward, tokens, tus, unusual, uploads,
};
use crate::auth::Action;
use crate::service::{Reason, Service};

/// A route and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path, with names in braces.
    pub path: &'static str,
    /// The action of the matrix; `None` answers everybody.
    pub action: Option<Action>,
}

impl Route {
    /// Whether its answers, and its refusals, leave at ticks: those that are counted from rows.
    pub(super) fn leaves_at_ticks(&self) -> bool {
        matches!(self.action, Some(Action::Ask | Action::ReadReports | Action::StatePayment))
    }
}

const fn route(method: &'static str, path: &'static str, action: Action) -> Route {
    Route { method, path, action: Some(action) }
}

const fn open(method: &'static str, path: &'static str) -> Route {
    Route { method, path, action: None }
}

/// Every route there is. The guard answers nothing that is not here.
pub const ROUTES: &[Route] = &[
    open("GET", "/v1/health"),
    open("GET", "/v1/openapi.json"),
    route("GET", "/v1/programme", Action::ReadProgramme),
    open("OPTIONS", "/v1/uploads"),
    route("POST", "/v1/uploads", Action::Upload),
    open("OPTIONS", "/v1/uploads/{id}"),
    route("HEAD", "/v1/uploads/{id}", Action::Upload),
    route("PATCH", "/v1/uploads/{id}", Action::Upload),
    route("DELETE", "/v1/uploads/{id}", Action::Upload),
    route("GET", "/v1/uploads/{id}/receipt", Action::Upload),
    route("GET", "/v1/uploads/unusual", Action::ReviewUploads),
    route("POST", "/v1/uploads/unusual/{id}/approve", Action::ReviewUploads),
    route("GET", "/v1/packages", Action::ReadOwnPackages),
    route("POST", "/v1/packages/{id}/withdraw", Action::WithdrawPackage),
    route("GET", "/v1/erasures", Action::ReadOwnPackages),
    route("POST", "/v1/consents", Action::RecordConsents),
    route("POST", "/v1/consents/held", Action::ReadPerson),
    route("POST", "/v1/access", Action::ReadPerson),
    route("POST", "/v1/consents/as-of", Action::RecordConsents),
    route("POST", "/v1/aliases", Action::ProposeAlias),
    route("GET", "/v1/aliases", Action::ApproveAlias),
    route("POST", "/v1/aliases/{id}/approve", Action::ApproveAlias),
    route("POST", "/v1/aliases/{id}/reject", Action::ApproveAlias),
    route("GET", "/v1/aliases/packages", Action::ApproveAlias),
    route("POST", "/v1/aliases/packages/{id}/approve", Action::ApproveAlias),
    route("POST", "/v1/aliases/packages/{id}/reject", Action::ApproveAlias),
    route("GET", "/v1/partners/{id}/keys", Action::ManageKeys),
    route("POST", "/v1/partners/{id}/keys", Action::ManageKeys),
    route("DELETE", "/v1/partners/{id}/keys/{fingerprint}", Action::ManageKeys),
    route("POST", "/v1/seals", Action::Seal),
    route("GET", "/v1/snapshots", Action::ReadSnapshots),
    route("GET", "/v1/questions", Action::ReadQuestions),
    route("POST", "/v1/questions/{id}", Action::Ask),
    route("GET", "/v1/reports", Action::ReadReports),
    route("GET", "/v1/reports/{id}/{quarter}", Action::ReadReports),
    route("GET", "/v1/payments", Action::StatePayment),
    route("POST", "/v1/payments/{id}", Action::StatePayment),
    route("GET", "/v1/followups", Action::FollowUp),
    route("POST", "/v1/followups", Action::FollowUp),
    route("GET", "/v1/followups/volumes", Action::ReviewFollowups),
    route("POST", "/v1/followups/volumes", Action::ReviewFollowups),
    route("GET", "/v1/answers/log", Action::ReadAnswers),
    route("GET", "/v1/quality", Action::ReadQuality),
    route("GET", "/v1/audit", Action::ReadAudit),
    route("GET", "/v1/audit/strand", Action::ReadOwnStrand),
    route("POST", "/v1/token/rotate", Action::RotateToken),
];

/// The line of a method and a path.
pub(super) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path && method.as_str() == route.method)
}

fn described() -> (Router<Arc<Service>>, OpenApi) {
    let (router, mut api) = routed();
    description::complete(&mut api);
    (router, api)
}

fn routed() -> (Router<Arc<Service>>, OpenApi) {
    let info = InfoBuilder::new()
        .title("Kobling")
        .version("1")
        .description(Some(
            "Links tokenised records across organisations; only protected aggregates come out. Refusals are problems \
             after RFC 9457 with a stable `code` and `advice`. Bearer tokens authenticate; the table of roles and \
             actions authorises.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("The steward of the programme")).build()))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(programme::health))
        .routes(routes!(programme::openapi))
        .routes(routes!(programme::programme))
        .routes(routes!(tus::options, uploads::open))
        .routes(routes!(tus::options_of_one, tus::head, tus::patch, tus::delete))
        .routes(routes!(uploads::receipt))
        .routes(routes!(unusual::list))
        .routes(routes!(unusual::approve))
        .routes(routes!(packages::list))
        .routes(routes!(packages::withdraw))
        .routes(routes!(packages::erasures))
        .routes(routes!(consents::record))
        .routes(routes!(access::consents))
        .routes(routes!(access::all))
        .routes(routes!(consents::as_of))
        .routes(routes!(aliases::propose, aliases::proposals))
        .routes(routes!(aliases::packages))
        .routes(routes!(aliases::approve))
        .routes(routes!(aliases::reject))
        .routes(routes!(aliases::approve_package))
        .routes(routes!(aliases::reject_package))
        .routes(routes!(steward::keys, steward::enrol))
        .routes(routes!(steward::revoke))
        .routes(routes!(steward::seal))
        .routes(routes!(questions::snapshots))
        .routes(routes!(questions::list))
        .routes(routes!(questions::ask))
        .routes(routes!(reports::list))
        .routes(routes!(reports::one))
        .routes(routes!(reports::statements))
        .routes(routes!(reports::state))
        .routes(routes!(followups::list, followups::look_up))
        .routes(routes!(followups::volumes, followups::approve))
        .routes(routes!(answers::log))
        .routes(routes!(questions::quality))
        .routes(routes!(questions::audit))
        .routes(routes!(questions::strand))
        .routes(routes!(tokens::rotate))
        .split_for_parts()
}

/// The description of the interface (OpenAPI 3.1).
#[must_use]
pub fn api() -> OpenApi {
    described().1
}

/// The whole interface over a service.
pub fn router(service: Arc<Service>) -> Router {
    described()
        .0
        .method_not_allowed_fallback(|| async { Failure::of(Reason::Method).into_response() })
        .fallback(|| async { Failure::of(Reason::NotFound).into_response() })
        .route_layer(from_fn_with_state(Arc::clone(&service), guard))
        // Each handler reads its body itself, to its own limit.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(service)
}

/// The description as it is served.
pub(super) fn api_json() -> Json<OpenApi> {
    Json(api())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Method and path of every route that the description knows.
    fn in_description() -> BTreeSet<(String, String)> {
        let api = serde_json::to_value(api()).expect("JSON");
        let paths = api["paths"].as_object().expect("paths");
        let methods = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        });
        methods.collect()
    }

    #[test]
    fn every_route_is_in_the_table_and_the_table_holds_nothing_else() {
        let listed: BTreeSet<(String, String)> =
            ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
        assert_eq!(listed.len(), ROUTES.len(), "twice in the table");
        assert_eq!(listed, in_description());
    }

    #[test]
    fn every_action_of_the_matrix_has_a_route() {
        for action in Action::ALL {
            assert!(ROUTES.iter().any(|route| route.action == Some(action)), "{action}");
        }
    }

    #[test]
    fn only_what_tells_nothing_is_open() {
        let open: Vec<&str> = ROUTES.iter().filter(|r| r.action.is_none()).map(|r| r.path).collect();
        assert_eq!(open, ["/v1/health", "/v1/openapi.json", "/v1/uploads", "/v1/uploads/{id}"]);
        for route in ROUTES.iter().filter(|r| r.action.is_none()) {
            assert!(matches!(route.method, "GET" | "OPTIONS"));
        }
    }

    /// `KOBLING_UPDATE=1 cargo test` writes the file anew.
    #[test]
    fn the_description_on_file_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let mut text = serde_json::to_string_pretty(&api()).expect("JSON");
        text.push('\n');
        if std::env::var_os("KOBLING_UPDATE").is_some() {
            std::fs::write(path, &text).expect("written");
        }
        let on_file = std::fs::read_to_string(path).unwrap_or_default();
        assert!(on_file == text, "docs/openapi.json is not current; run with KOBLING_UPDATE=1 and review it");
    }
}
