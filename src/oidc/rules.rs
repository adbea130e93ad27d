//! What a provider's claims make of somebody: exact rules, one role.

use serde_json::{Map, Value};

use super::error::SignInError;
use crate::auth::{Principal, Role};
use crate::name::{OrganisationId, StaffId};
use crate::programme::Programme;

/// What a claim gives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The claim: its name, or a JSON pointer (RFC 6901) to one that stands inside another.
    pub claim: String,
    /// What it has to say, to the letter; of a list, what one of its members has to say.
    pub value: String,
    /// The role that this gives.
    pub role: Role,
    /// Whom the person acts for then.
    pub organisation: OrganisationId,
}

/// Why a rule cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "[[oidc.rule]] number {number}: the programme does not give the role {role} to the organisation {organisation}"
)]
pub struct RuleError {
    /// Which rule, from 1.
    pub number: usize,
    /// The role.
    pub role: Role,
    /// The organisation.
    pub organisation: OrganisationId,
}

/// What becomes of claims.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The claim that a person's id is made of.
    pub id_claim: String,
    /// The claim that holds their name, for people.
    pub name_claim: String,
    /// What gives which role.
    pub rules: Vec<Rule>,
}

/// Somebody whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// Its own name for the person, which stays.
    pub subject: String,
    /// Who that is here; why nobody, where claims do not suffice.
    pub principal: Result<Principal, SignInError>,
}

/// The value of a claim.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    let (first, rest) = match pointer.split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (pointer, String::new()),
    };
    claims.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(&rest)
}

impl Rules {
    /// Looks whether the programme gives every role to whom the rules give it.
    ///
    /// # Errors
    /// [`RuleError`] of the first that does not fit.
    pub fn check(&self, programme: &Programme) -> Result<(), RuleError> {
        let misfit = self.rules.iter().position(|rule| !rule.role.fits(&rule.organisation, programme));
        match misfit {
            None => Ok(()),
            Some(at) => Err(RuleError {
                number: at + 1,
                role: self.rules[at].role,
                organisation: self.rules[at].organisation.clone(),
            }),
        }
    }

    /// Who somebody is, by verified claims.
    pub(super) fn principal(&self, claims: &Map<String, Value>) -> Result<Principal, SignInError> {
        let text = |name: &str| claim(claims, name).and_then(Value::as_str);
        // The characters of ids; where two people come out the same, the second is refused and not let in as the first.
        let id: String = text(&self.id_claim)
            .ok_or(SignInError::NoId)?
            .trim()
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
            .collect();
        let id: StaffId = id.parse().map_err(|_| SignInError::NoId)?;
        let name: String = text(&self.name_claim)
            .unwrap_or(id.as_str())
            .chars()
            .filter(|c| !c.is_control())
            .take(128)
            .collect();
        let says = |rule: &Rule| match claim(claims, &rule.claim) {
            Some(Value::String(text)) => *text == rule.value,
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(&rule.value)),
            _ => false,
        };
        let given: Vec<_> = self.rules.iter().filter(|rule| says(rule)).collect();
        let (role, organisation) = match &given[..] {
            [] => return Err(SignInError::NoRole),
            [first, rest @ ..] => {
                let same =
                    |rule: &&Rule| (rule.role, &rule.organisation) == (first.role, &first.organisation);
                if !rest.iter().all(same) {
                    return Err(SignInError::SeveralRoles);
                }
                (first.role, first.organisation.clone())
            }
        };
        let id = id.as_str().parse().map_err(|_| SignInError::NoId)?;
        Ok(Principal { id, name, role, organisation, person: None })
    }
}
