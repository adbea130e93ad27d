//! Tokens (the partner's side) and links (the service's side).
//!
//! A token is HMAC-SHA-256 of a canonical identifier under the key of its scope; a link is the first half of an
//! HMAC of the token under the service key. Formats and vectors: `docs/PROTOCOL.md`.
//!
//! Must never: print a token or a link (the text form of a token is written into a package by one method); know
//! where either goes. Callers: `extract`, `intake`, `consent`.

mod elsewhere;
#[cfg(not(target_family = "wasm"))]
mod link;
mod scope;

use elsewhere::Elsewhere;
pub use elsewhere::{Given, Wanted};
#[cfg(not(target_family = "wasm"))]
pub use link::{Link, Linker};
pub use scope::{Scope, TokenKind};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::id::{IdKind, Identifier};
use crate::key::{LinkageKey, TokenKey};
use crate::language::Spoken;
use crate::limits;
use crate::name::PartnerId;

/// Characters of a token's bytes in base64url without padding.
const ENCODED: usize = 43;

/// A partner-side token: 32 bytes and a kind. No `Debug`, no `Display`, no serde.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    kind: TokenKind,
    bytes: [u8; 32],
}

/// Why a text is no token. Never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No known kind before the dot.
    #[error("not a token: it begins with none of cpr., xecpr., local., case., staff.")]
    Kind,
    /// Not 43 characters of base64url after it.
    #[error("not a token: 43 characters of base64url are expected after the dot")]
    Bytes,
}

impl Token {
    /// Reads the text form `kind.base64url`.
    ///
    /// # Errors
    /// [`TokenError`]. One token has one text: padding, another alphabet and stray final bits are refused.
    pub fn parse(text: &[u8]) -> Result<Token, TokenError> {
        let dot = memchr::memchr(b'.', text).ok_or(TokenError::Kind)?;
        let kind = TokenKind::from_text(&text[..dot]).ok_or(TokenError::Kind)?;
        let encoded = &text[dot + 1..];
        let mut bytes = [0; 32];
        match (encoded.len() == ENCODED).then(|| URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes)) {
            Some(Ok(32)) => Ok(Token { kind, bytes }),
            _ => Err(TokenError::Bytes),
        }
    }

    /// Appends the text form to a buffer: what stands in a package.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.as_str().as_bytes());
        out.push(b'.');
        let at = out.len();
        out.resize(at + ENCODED, 0);
        URL_SAFE_NO_PAD.encode_slice(self.bytes, &mut out[at..]).expect("the room is made for it");
    }

    /// The kind that the text form names.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The 32 bytes, for the reason given.
    #[must_use]
    pub const fn expose(&self, _reason: &'static str) -> &[u8; 32] {
        &self.bytes
    }
}

/// Why a case or staff number is none. Never carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum LocalIdError {
    /// Nothing there.
    #[error("no number")]
    Missing,
    /// More than 64 bytes.
    #[error("longer than 64 bytes")]
    Long,
    /// Not UTF-8, or a control character.
    #[error("a character that no case or staff number has")]
    Character,
    /// A well-formed CPR number in a field for case or staff numbers.
    #[error("this looks like a CPR number; a case or staff number of your own is expected")]
    LooksLikeCpr,
}

impl Spoken for TokenError {
    fn danish(&self) -> String {
        match self {
            TokenError::Kind => {
                "ikke et token: det begynder ikke med cpr., xecpr., local., case. eller staff."
            }
            TokenError::Bytes => "ikke et token: efter punktummet ventes 43 tegn i base64url",
        }
        .to_owned()
    }
}

impl Spoken for LocalIdError {
    fn danish(&self) -> String {
        match self {
            LocalIdError::Missing => "intet nummer",
            LocalIdError::Long => "længere end 64 byte",
            LocalIdError::Character => "et tegn, som intet sags- eller medarbejdernummer har",
            LocalIdError::LooksLikeCpr => {
                "det ligner et CPR-nummer; her ventes jeres eget sags- eller medarbejdernummer"
            }
        }
        .to_owned()
    }
}

/// Makes the tokens of one partner: the keys of every scope that it can write, ready to run; or whoever makes tokens
/// elsewhere.
#[derive(Clone, Debug)]
pub struct Tokeniser(Maker);

#[derive(Clone, Debug)]
enum Maker {
    Keys(Box<Keys>),
    Elsewhere(Elsewhere),
}

#[derive(Clone, Debug)]
struct Keys {
    cpr: TokenKey,
    xecpr: TokenKey,
    local: TokenKey,
    case: TokenKey,
    staff: TokenKey,
}

impl Tokeniser {
    /// The token keys of a partner. `staff_issuer` is the partner whose staff numbers are used, usually itself.
    #[must_use]
    pub fn new(key: &LinkageKey, partner: &PartnerId, staff_issuer: &PartnerId) -> Tokeniser {
        let of = |scope: Scope<'_>| key.token_key(&scope.to_string());
        Tokeniser(Maker::Keys(Box::new(Keys {
            cpr: of(Scope::Cpr),
            xecpr: of(Scope::XeCpr),
            local: of(Scope::Local(partner)),
            case: of(Scope::Case(partner)),
            staff: of(Scope::Staff(staff_issuer)),
        })))
    }

    /// Gathers what tokens are to be made of. What it gives are no tokens: numbers that tell identifiers apart.
    #[must_use]
    pub fn gathering(wanted: &Wanted) -> Tokeniser {
        Tokeniser(Maker::Elsewhere(Elsewhere::gathering(wanted)))
    }

    /// Gives tokens that were made elsewhere.
    #[must_use]
    pub fn given(given: Given) -> Tokeniser {
        Tokeniser(Maker::Elsewhere(Elsewhere::given(given)))
    }

    /// Whether every token asked for so far was there: always, but for those made elsewhere.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match &self.0 {
            Maker::Keys(_) => true,
            Maker::Elsewhere(elsewhere) => elsewhere.is_complete(),
        }
    }

    fn token(&self, kind: TokenKind, canonical: &[u8]) -> Token {
        let bytes = match &self.0 {
            Maker::Keys(keys) => {
                let key = match kind {
                    TokenKind::Cpr => &keys.cpr,
                    TokenKind::XeCpr => &keys.xecpr,
                    TokenKind::Local => &keys.local,
                    TokenKind::Case => &keys.case,
                    TokenKind::Staff => &keys.staff,
                };
                key.mac(&[canonical])
            }
            Maker::Elsewhere(elsewhere) => elsewhere.token(kind, canonical),
        };
        Token { kind, bytes }
    }

    /// The token of a national identifier or a replacement for one.
    #[must_use]
    pub fn person(&self, id: &Identifier) -> Token {
        let kind = match id.kind() {
            IdKind::Cpr => TokenKind::Cpr,
            IdKind::XeCpr => TokenKind::XeCpr,
            IdKind::LocalDayPlus60 | IdKind::DeCpr | IdKind::Fictive => TokenKind::Local,
        };
        self.token(kind, id.expose("it is turned into a token here"))
    }

    /// The token of a case number: trimmed, normal form C, 1 to 64 bytes.
    ///
    /// # Errors
    /// [`LocalIdError`].
    pub fn case(&self, raw: &str) -> Result<Token, LocalIdError> {
        local(raw).map(|id| self.token(TokenKind::Case, id.as_bytes()))
    }

    /// The token of a staff number: trimmed, normal form C, 1 to 64 bytes.
    ///
    /// # Errors
    /// [`LocalIdError`].
    pub fn staff(&self, raw: &str) -> Result<Token, LocalIdError> {
        local(raw).map(|id| self.token(TokenKind::Staff, id.as_bytes()))
    }
}

/// The canonical form of a case or staff number.
fn local(raw: &str) -> Result<Zeroizing<String>, LocalIdError> {
    use unicode_normalization::UnicodeNormalization as _;
    let trimmed = raw.trim();
    if trimmed.is_empty() {
        return Err(LocalIdError::Missing);
    }
    if trimmed.len() > 4 * limits::MAX_LOCAL_ID_BYTES {
        return Err(LocalIdError::Long);
    }
    let composed: Zeroizing<String> = Zeroizing::new(trimmed.nfc().collect());
    if composed.len() > limits::MAX_LOCAL_ID_BYTES {
        return Err(LocalIdError::Long);
    }
    if composed.chars().any(char::is_control) {
        return Err(LocalIdError::Character);
    }
    if looks_like_cpr(composed.as_bytes()) {
        return Err(LocalIdError::LooksLikeCpr);
    }
    Ok(composed)
}

/// Whether a text is ten digits, with or without a hyphen after the sixth, that begin with a day and a month: the
/// form of a CPR number, or of one with 60 added to the day. No value is decoded, and none is kept.
#[must_use]
pub fn looks_like_cpr(text: &[u8]) -> bool {
    let digits = match text.len() {
        10 => text.iter().all(u8::is_ascii_digit),
        11 => matches!(text[6], b'-' | b' ') && text[..6].iter().chain(&text[7..]).all(u8::is_ascii_digit),
        _ => false,
    };
    if !digits {
        return false;
    }
    let two = |at: usize| (text[at] - b'0') * 10 + text[at + 1] - b'0';
    matches!(two(0), 1..=31 | 61..=91) && matches!(two(2), 1..=12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Day;
    use crate::id::LeadingZero;

    fn tokeniser(partner: &str) -> Tokeniser {
        let key = LinkageKey::from_bytes("demo".parse().expect("a name"), &mut [5; 32]);
        let partner = partner.parse().expect("a name");
        Tokeniser::new(&key, &partner, &partner)
    }

    fn id(text: &str) -> Identifier {
        let today = Day::from_ymd(2026, 1, 1).expect("a day");
        Identifier::parse(text.as_bytes(), today, LeadingZero::Refuse)
            .unwrap_or_else(|_| panic!("an identifier"))
    }

    #[test]
    fn national_numbers_meet_and_local_ones_never_do() {
        let (a, b) = (tokeniser("a"), tokeniser("b"));
        for national in ["0707614286", "0707611AB5"] {
            assert!(a.person(&id(national)) == b.person(&id(national)));
        }
        for local in ["6707614285", "0707610AB5", "070761ABCD"] {
            assert!(a.person(&id(local)) == a.person(&id(local)));
            assert!(a.person(&id(local)) != b.person(&id(local)));
        }
        assert!(a.case("17").ok() != b.case("17").ok());
        assert!(a.case("17").ok() != a.staff("17").ok());
    }

    #[test]
    fn text_reads_back_and_has_one_form() {
        let token = tokeniser("a").person(&id("0707614286"));
        let mut text = Vec::new();
        token.write_to(&mut text);
        assert!(Token::parse(&text) == Ok(token));
        let mut stray = text.clone();
        let last = stray.len() - 1;
        stray[last] = if stray[last] == b'_' { b'-' } else { stray[last] + 1 };
        assert!(Token::parse(&stray) != Ok(token));
        for bad in [&b"cpr"[..], b"cpr.", b"CPR.x", b"."] {
            assert!(Token::parse(bad).is_err());
        }
        text.push(b'=');
        assert!(Token::parse(&text).err() == Some(TokenError::Bytes));
    }

    #[test]
    fn case_numbers_are_compared_in_one_form() {
        let t = tokeniser("a");
        assert!(t.case("  sag-\u{e5}1 ").ok() == t.case("sag-a\u{30a}1").ok());
        assert_eq!(t.case(" ").err(), Some(LocalIdError::Missing));
        assert_eq!(t.case(&"x".repeat(65)).err(), Some(LocalIdError::Long));
        assert_eq!(t.case("a\u{0}b").err(), Some(LocalIdError::Character));
        assert_eq!(t.case("070761-4285").err(), Some(LocalIdError::LooksLikeCpr));
    }
}
