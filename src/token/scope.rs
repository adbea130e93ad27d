//! Scopes keep kinds of identifiers apart: what is local to one partner can never meet another's.

use std::fmt;

use crate::name::PartnerId;

/// The kind that a token's text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKind {
    /// CPR number.
    Cpr,
    /// X-eCPR.
    XeCpr,
    /// A replacement number, unique at its issuer.
    Local,
    /// A case number.
    Case,
    /// A staff number.
    Staff,
}

impl TokenKind {
    /// The word before the dot.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenKind::Cpr => "cpr",
            TokenKind::XeCpr => "xecpr",
            TokenKind::Local => "local",
            TokenKind::Case => "case",
            TokenKind::Staff => "staff",
        }
    }

    pub(super) const fn from_text(text: &[u8]) -> Option<TokenKind> {
        match text {
            b"cpr" => Some(TokenKind::Cpr),
            b"xecpr" => Some(TokenKind::XeCpr),
            b"local" => Some(TokenKind::Local),
            b"case" => Some(TokenKind::Case),
            b"staff" => Some(TokenKind::Staff),
            _ => None,
        }
    }

    /// Whether the token stands for a person.
    #[must_use]
    pub const fn is_person(self) -> bool {
        matches!(self, TokenKind::Cpr | TokenKind::XeCpr | TokenKind::Local)
    }

    /// The scope of a token of this kind from a partner.
    #[must_use]
    pub const fn scope(self, partner: &PartnerId) -> Scope<'_> {
        match self {
            TokenKind::Cpr => Scope::Cpr,
            TokenKind::XeCpr => Scope::XeCpr,
            TokenKind::Local => Scope::Local(partner),
            TokenKind::Case => Scope::Case(partner),
            TokenKind::Staff => Scope::Staff(partner),
        }
    }
}

/// Within what an identifier is unique. The text is part of both derivations, token and link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope<'a> {
    /// CPR numbers, everywhere.
    Cpr,
    /// X-eCPR, everywhere.
    XeCpr,
    /// A partner's replacement numbers.
    Local(&'a PartnerId),
    /// A partner's case numbers.
    Case(&'a PartnerId),
    /// The staff numbers that a partner issues.
    Staff(&'a PartnerId),
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Cpr => f.write_str("cpr"),
            Scope::XeCpr => f.write_str("xecpr"),
            Scope::Local(partner) => write!(f, "local/{partner}"),
            Scope::Case(partner) => write!(f, "case/{partner}"),
            Scope::Staff(partner) => write!(f, "staff/{partner}"),
        }
    }
}
