//! Links: tokens as the service keeps them.

use super::{Scope, Token, TokenKind};
use crate::key::{ServiceKey, TokenKey};
use crate::name::PartnerId;

/// A re-keyed token: the first 16 bytes of `HMAC-SHA256(link key, scope ‖ 0x00 ‖ token bytes)`.
///
/// No `Debug`, no `Display`, no serde: it is a person's handle in the store and goes nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link([u8; 16]);

impl Link {
    /// A link read back from the store or a staged row.
    #[must_use]
    pub const fn from_stored(bytes: [u8; 16]) -> Link {
        Link(bytes)
    }

    /// The 16 bytes, for the store and staged rows.
    #[must_use]
    pub const fn as_stored(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Turns the tokens of one partner's package into links.
#[derive(Clone)]
pub struct Linker {
    key: TokenKey,
    /// `scope ‖ 0x00` for each token kind, in the order of the kinds.
    prefixes: [Box<[u8]>; 5],
}

impl Linker {
    /// A linker for packages of `partner`, whose staff numbers `staff_issuer` issues.
    #[must_use]
    pub fn new(key: &ServiceKey, partner: &PartnerId, staff_issuer: &PartnerId) -> Linker {
        let prefix = |scope: Scope<'_>| format!("{scope}\0").into_bytes().into_boxed_slice();
        Linker {
            key: key.link_key(),
            prefixes: [
                prefix(Scope::Cpr),
                prefix(Scope::XeCpr),
                prefix(Scope::Local(partner)),
                prefix(Scope::Case(partner)),
                prefix(Scope::Staff(staff_issuer)),
            ],
        }
    }

    /// The link of a token.
    #[must_use]
    pub fn link(&self, token: &Token) -> Link {
        let prefix = match token.kind() {
            TokenKind::Cpr => &self.prefixes[0],
            TokenKind::XeCpr => &self.prefixes[1],
            TokenKind::Local => &self.prefixes[2],
            TokenKind::Case => &self.prefixes[3],
            TokenKind::Staff => &self.prefixes[4],
        };
        let mac = self.key.mac(&[prefix, token.expose("it is turned into a link here")]);
        let mut link = [0; 16];
        link.copy_from_slice(&mac[..16]);
        Link(link)
    }
}
