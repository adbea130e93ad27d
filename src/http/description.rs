//! What the description says of every route alike: who is let in, and how a refusal looks.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};

use super::routes::ROUTES;

/// Name of the one way to say who one is.
const BEARER: &str = "bearer";
/// Routes that take a request without any body, too.
const BODY_MAY_BE_LEFT_OUT: &[&str] = &["/v1/token/rotate"];
/// Media type of a refusal (RFC 9457).
const PROBLEM: &str = "application/problem+json";
const PROBLEM_SCHEMA: &str = "#/components/schemas/Problem";

/// Completes the description that the handlers gave, from the one table of routes.
pub(super) fn complete(api: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("kobling-token-1")
        .description(Some(
            "The line `kobling-token-1.…` that the operator gave, without its prefix being taken off.",
        ))
        .build();
    let components = api.components.get_or_insert_default();
    components.security_schemes.insert(BEARER.to_owned(), RefOr::T(SecurityScheme::Http(bearer)));
    for route in ROUTES {
        let Some(operation) =
            api.paths.paths.get_mut(route.path).and_then(|item| of_method(item, route.method))
        else {
            continue;
        };
        if route.action.is_some() {
            operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
        }
        parameters(operation);
        if BODY_MAY_BE_LEFT_OUT.contains(&route.path)
            && let Some(RefOr::T(body)) = &mut operation.request_body
        {
            body.required = Some(Required::False);
        }
        refusals(operation, route.method == "HEAD");
    }
}

fn of_method<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "PUT" => item.put.as_mut(),
        "DELETE" => item.delete.as_mut(),
        "HEAD" => item.head.as_mut(),
        "OPTIONS" => item.options.as_mut(),
        _ => None,
    }
}

/// A parameter may be left out; there is no way to send `null` as one.
fn parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(types) = &object.schema_type
            && let [kind] = types.iter().filter(|kind| **kind != Type::Null).collect::<Vec<_>>()[..]
        {
            object.schema_type = SchemaType::Type(kind.clone());
        }
    }
}

/// Every route can refuse, and every refusal is a problem; an answer to HEAD has no body.
fn refusals(operation: &mut Operation, bodiless: bool) {
    let responses = &mut operation.responses.responses;
    responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(ResponseBuilder::new().build()));
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if status.starts_with('2') {
            continue;
        }
        response.content.clear();
        if response.description.is_empty() {
            response.description = "refused: `code` says why, `advice` what to do".to_owned();
        }
        if !bodiless {
            let schema = RefOr::Ref(Ref::new(PROBLEM_SCHEMA));
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert(PROBLEM.to_owned(), RefOr::T(content));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::http::{ROUTES, api};

    /// Every reference in a value.
    fn references<'a>(value: &'a serde_json::Value, found: &mut BTreeSet<&'a str>) {
        match value {
            serde_json::Value::Object(members) => {
                found.extend(members.get("$ref").and_then(|name| name.as_str()));
                members.values().for_each(|member| references(member, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn no_reference_points_nowhere() {
        let api = serde_json::to_value(api()).expect("JSON");
        let mut found = BTreeSet::new();
        references(&api, &mut found);
        assert!(found.len() > 40);
        for name in found {
            assert!(api.pointer(&name[1..]).is_some(), "{name}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_says_who_is_let_in_and_how_it_refuses() {
        let api = serde_json::to_value(api()).expect("JSON");
        let mut names = BTreeSet::new();
        for route in ROUTES {
            let operation = &api["paths"][route.path][route.method.to_lowercase()];
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name.clone()), "{name} is there twice");
            assert_eq!(operation["security"].is_array(), route.action.is_some(), "{name}");
            let refusal = &operation["responses"]["default"];
            assert!(refusal.is_object(), "{name}");
            let said = &refusal["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(said.as_str().is_some(), route.method != "HEAD", "{name}");
            let body = operation["requestBody"]["content"].as_object();
            for (media, content) in body.into_iter().flatten() {
                assert!(media != "application/json" || content["schema"].is_object(), "{name} says no shape");
            }
        }
    }
}
