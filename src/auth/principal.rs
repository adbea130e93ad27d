//! Principals and their roles.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::name::{OrganisationId, PartnerId, PrincipalId, StaffId};
use crate::programme::Programme;

/// What a principal acts as. Exactly one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Uploads its own organisation's packages and consents.
    Partner,
    /// Asks questions.
    Evaluator,
    /// Party to an effect contract.
    Payer,
    /// Acts for the data controllers.
    Steward,
    /// Reads the audit chain.
    Auditor,
    /// Runs the service.
    Operator,
}

/// Why a text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of partner, evaluator, payer, steward, auditor, operator")]
pub struct RoleError;

impl Role {
    /// All of them, in the order of the matrix's columns.
    pub const ALL: [Role; 6] =
        [Role::Partner, Role::Evaluator, Role::Payer, Role::Steward, Role::Auditor, Role::Operator];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Partner => "partner",
            Role::Evaluator => "evaluator",
            Role::Payer => "payer",
            Role::Steward => "steward",
            Role::Auditor => "auditor",
            Role::Operator => "operator",
        }
    }

    /// Whether an organisation of the programme may be given the role. An auditor may come from anywhere but the
    /// operator and those whose rows, answers or payments the chain tells about; every other role belongs to the organisations that the programme names for it.
    #[must_use]
    pub fn fits(self, organisation: &OrganisationId, programme: &Programme) -> bool {
        let among = |list: &[crate::programme::Organisation]| list.iter().any(|o| o.id == *organisation);
        match self {
            Role::Partner => programme.partners.iter().any(|p| p.id.as_str() == organisation.as_str()),
            Role::Evaluator => among(&programme.evaluators),
            Role::Payer => among(&programme.payers),
            Role::Steward => programme.steward == *organisation,
            Role::Auditor => ![Role::Operator, Role::Partner, Role::Evaluator, Role::Payer]
                .into_iter()
                .any(|role| role.fits(organisation, programme)),
            Role::Operator => programme.operator == *organisation,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Role, RoleError> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

/// Somebody or something that holds a bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// Name for people.
    pub name: String,
    /// What it acts as.
    pub role: Role,
    /// Whom it acts for.
    pub organisation: OrganisationId,
    /// The person at whose desk this request was made, where a system says so; never stored with the principal.
    pub person: Option<StaffId>,
}

impl Principal {
    /// The partner it acts for; `None` in any other role.
    #[must_use]
    pub fn partner(&self) -> Option<PartnerId> {
        match self.role {
            Role::Partner => self.organisation.as_str().parse().ok(),
            _ => None,
        }
    }

    /// How it stands in the audit chain.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            organisation: self.organisation.clone(),
            person: self.person.clone(),
            principal: self.id.clone(),
        }
    }
}
