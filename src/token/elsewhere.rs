//! Tokens that are made elsewhere, by whoever holds the key: what they are to be made of is gathered, and they are
//! looked up when they are there.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;
use zeroize::{Zeroize as _, Zeroizing};

use super::scope::{Scope, TokenKind};
use crate::name::PartnerId;

/// Kinds in the order of their numbers in [`Wanted::to_bytes`].
const KINDS: [TokenKind; 5] =
    [TokenKind::Cpr, TokenKind::XeCpr, TokenKind::Local, TokenKind::Case, TokenKind::Staff];
/// Bytes of a token.
const TOKEN: usize = 32;

/// What tokens are to be made of: each kind and canonical identifier once, in the order in which they were met. No
/// `Debug`, no serde: identifiers.
#[derive(Clone)]
pub struct Wanted {
    scopes: [String; KINDS.len()],
    book: Arc<Mutex<Book>>,
}

/// Identifiers, each behind the number of its kind, and their places.
#[derive(Default)]
struct Book(FxHashMap<Box<[u8]>, u32>);

impl Drop for Book {
    fn drop(&mut self) {
        self.0.drain().for_each(|(mut identifier, _)| identifier.zeroize());
    }
}

impl Wanted {
    /// Nothing yet, of a partner. `staff_issuer` is the partner whose staff numbers are used.
    #[must_use]
    pub fn new(partner: &PartnerId, staff_issuer: &PartnerId) -> Wanted {
        let scope = |kind| match kind {
            TokenKind::Staff => Scope::Staff(staff_issuer),
            other => TokenKind::scope(other, partner),
        };
        Wanted { scopes: KINDS.map(|kind| scope(kind).to_string()), book: Arc::default() }
    }

    /// The scopes under which keys are derived, by the number of the kind.
    #[must_use]
    pub const fn scopes(&self) -> &[String; KINDS.len()] {
        &self.scopes
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.book.lock().map_or(0, |book| book.0.len())
    }

    /// All of them in order: the number of the kind, the identifier's length, and the identifier.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let book = self.book.lock().expect("nobody panics with the lock");
        let mut order = vec![&[][..]; book.0.len()];
        for (identifier, place) in &book.0 {
            order[*place as usize] = identifier;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(order.iter().map(|one| one.len() + 1).sum()));
        for identifier in order {
            let length = u8::try_from(identifier.len() - 1).expect("an identifier has at most 64 bytes");
            bytes.extend_from_slice(&[identifier[0], length]);
            bytes.extend_from_slice(&identifier[1..]);
        }
        bytes
    }
}

/// Tokens, with what they were made of. No `Debug`, no serde.
pub struct Given {
    book: Book,
    tokens: Vec<u8>,
}

impl Given {
    /// What [`Wanted::to_bytes`] gave, and the 32 bytes of each token in the same order; `None` where they do not fit.
    #[must_use]
    pub fn new(wanted: &[u8], tokens: Vec<u8>) -> Option<Given> {
        let mut book = Book::default();
        let mut rest = wanted;
        while let [kind, length, behind @ ..] = rest {
            let identifier = behind.get(..usize::from(*length))?;
            rest = &behind[identifier.len()..];
            let place = u32::try_from(book.0.len()).ok()?;
            book.0.insert([&[*kind], identifier].concat().into(), place);
        }
        (rest.is_empty() && tokens.len() == book.0.len() * TOKEN).then_some(Given { book, tokens })
    }
}

/// Who stands in for a key.
#[derive(Clone)]
pub(super) struct Elsewhere(Arc<Place>);

enum Place {
    Gathering(Arc<Mutex<Book>>),
    Given { given: Given, missed: AtomicBool },
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elsewhere(hidden)")
    }
}

impl Elsewhere {
    pub fn gathering(wanted: &Wanted) -> Elsewhere {
        Elsewhere(Arc::new(Place::Gathering(wanted.book.clone())))
    }

    pub fn given(given: Given) -> Elsewhere {
        Elsewhere(Arc::new(Place::Given { given, missed: AtomicBool::new(false) }))
    }

    pub fn is_complete(&self) -> bool {
        match &*self.0 {
            Place::Gathering(_) => false,
            Place::Given { missed, .. } => !missed.load(Ordering::Relaxed),
        }
    }

    /// The token; while they are gathered, a number that no other identifier has.
    pub fn token(&self, kind: TokenKind, canonical: &[u8]) -> [u8; TOKEN] {
        let mut identifier = Zeroizing::new([0; 1 + crate::limits::MAX_LOCAL_ID_BYTES]);
        identifier[0] = number(kind);
        identifier[1..=canonical.len()].copy_from_slice(canonical);
        let identifier = &identifier[..=canonical.len()];
        let mut token = [0; TOKEN];
        match &*self.0 {
            Place::Gathering(book) => {
                let book = &mut book.lock().expect("nobody panics with the lock").0;
                let next = u32::try_from(book.len()).expect("an extract has fewer identifiers than 2^32");
                let place = match book.get(identifier) {
                    Some(place) => *place,
                    None => *book.entry(identifier.into()).or_insert(next),
                };
                token[..4].copy_from_slice(&place.to_le_bytes());
            }
            Place::Given { given, missed } => match given.book.0.get(identifier) {
                Some(place) => token.copy_from_slice(&given.tokens[*place as usize * TOKEN..][..TOKEN]),
                None => missed.store(true, Ordering::Relaxed),
            },
        }
        token
    }
}

fn number(kind: TokenKind) -> u8 {
    KINDS.iter().position(|known| *known == kind).map_or(0, |at| at as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::LinkageKey;
    use crate::token::Tokeniser;

    fn name(text: &str) -> PartnerId {
        text.parse().expect("a name")
    }

    proptest::proptest! {
        /// Tokens that went the long way round are those of the key.
        #[test]
        fn made_elsewhere_they_are_the_same(cases in proptest::collection::vec("[a-z0-9]{1,64}", 1..30), staff in proptest::collection::vec("[a-c]{1,2}", 0..30)) {
            let key = LinkageKey::from_bytes("demo".parse().expect("a name"), &mut [5; 32]);
            let direct = Tokeniser::new(&key, &name("a"), &name("b"));
            let wanted = Wanted::new(&name("a"), &name("b"));
            let gathering = Tokeniser::gathering(&wanted);
            for id in &cases {
                let _ = gathering.case(id);
            }
            for id in &staff {
                let _ = gathering.staff(id);
            }
            let bytes = wanted.to_bytes();
            let mut tokens = Vec::new();
            let mut rest = &bytes[..];
            while let [kind, length, behind @ ..] = rest {
                let (identifier, next) = behind.split_at(usize::from(*length));
                tokens.extend_from_slice(&key.token_key(&wanted.scopes()[usize::from(*kind)]).mac(&[identifier]));
                rest = next;
            }
            proptest::prop_assert_eq!(tokens.len(), wanted.count() * TOKEN);
            let given = Tokeniser::given(Given::new(&bytes, tokens).expect("they fit"));
            proptest::prop_assert!(cases.iter().all(|id| given.case(id).ok() == direct.case(id).ok()));
            proptest::prop_assert!(staff.iter().all(|id| given.staff(id).ok() == direct.staff(id).ok()));
            proptest::prop_assert!(given.is_complete());
            proptest::prop_assert!(given.case("A").is_ok() && !given.is_complete());
        }
    }

    #[test]
    fn tokens_that_do_not_fit_are_refused() {
        let wanted = [0, 1, b'x', 3, 1, b'x'];
        assert!(Given::new(&wanted, vec![0; 64]).is_some());
        for (wanted, tokens) in
            [(&wanted[..], 63), (&wanted[..5], 64), (&wanted[..3], 64), (&[0, 1, b'x', 0, 1, b'x'][..], 64)]
        {
            assert!(Given::new(wanted, vec![0; tokens]).is_none());
        }
    }
}
