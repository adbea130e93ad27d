//! Who may do what: principals, their bearer tokens, and the matrix of roles and actions.
//!
//! The matrix is a text file that is reviewed as such (`matrix.txt`); nothing else grants anything. Must never: keep a
//! bearer token (only its SHA-256 is kept), or decide by an organisation's name what a role may not. Callers: `store`,
//! the service's operations, `http`.

mod bearer;
mod certificate;
mod lifetime;
mod matrix;
mod principal;

pub use bearer::{BearerHash, BearerToken, BearerTokenError};
pub use certificate::{CertificateDemand, Thumbprint, ThumbprintError};
pub use lifetime::{Lifetime, LifetimeError, Overlap};
pub use matrix::{Action, authorise};
pub use principal::{Principal, Role, RoleError};
