//! Who is signed in, in this process's memory alone: a restart signs everybody out.
//!
//! A session is found by the digest of its id, holds the digest of the bearer token it was opened with, or the id of the
//! person whom the identity provider vouched for, and no name: whom it stands for is asked of the store at every request, so that a revoked principal is out at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::auth::BearerHash;
use crate::clock::Timestamp;
use crate::limits;
use crate::name::PrincipalId;
use crate::secret::Random;

/// The digest that a session is kept under.
type Digest = [u8; 32];

/// What a session was opened with.
#[derive(Clone)]
pub(super) enum Credential {
    /// A bearer token, by its digest.
    Token(BearerHash),
    /// The word of the identity provider for a person.
    Person(PrincipalId),
}

impl Credential {
    fn is(&self, other: &Credential) -> bool {
        match (self, other) {
            (Credential::Token(one), Credential::Token(other)) => one.matches(other),
            (Credential::Person(one), Credential::Person(other)) => one == other,
            _ => false,
        }
    }
}

/// What a session holds.
#[derive(Clone)]
pub(super) struct Session {
    digest: Digest,
    /// What it was opened with.
    pub(super) credential: Credential,
    /// How long it lasts at most, in hours.
    hours: i64,
    /// What every form of the session says again.
    pub(super) csrf: String,
    /// Answers kept for a report, each as the address that asks for it, in the order in which they were kept.
    pub(super) kept: Vec<String>,
    began: Timestamp,
    seen: Timestamp,
}

impl Session {
    /// Whether a text is what the session's forms say.
    pub(super) fn is_csrf(&self, text: &str) -> bool {
        self.csrf.as_bytes().ct_eq(text.as_bytes()).into()
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let since = |then: Timestamp| now.millis().saturating_sub(then.millis());
        // A clock that was set back ends what it can no longer judge.
        since(self.began) < 0
            || since(self.seen) > limits::SESSION_IDLE_MINUTES * 60_000
            || since(self.began) > self.hours.min(limits::SESSION_HOURS) * 3_600_000
    }
}

/// The sessions.
pub(super) struct Sessions {
    random: Mutex<Box<dyn Random>>,
    open: Mutex<HashMap<Digest, Session>>,
}

/// The randomness of the pages, which many draw from.
pub(super) struct SharedRandom<'a>(&'a Mutex<Box<dyn Random>>);

impl Random for SharedRandom<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(hidden)")
    }
}

fn digest(id: &str) -> Digest {
    Sha256::digest(id.as_bytes()).into()
}

impl Sessions {
    pub(super) fn new(random: Box<dyn Random>) -> Sessions {
        Sessions { random: Mutex::new(random), open: Mutex::default() }
    }

    /// A fresh text that nobody guesses.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.shared_random().fill(&mut *bytes);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))
    }

    /// The randomness of the pages, held only while some is drawn.
    pub(super) const fn shared_random(&self) -> SharedRandom<'_> {
        SharedRandom(&self.random)
    }

    /// Opens a session and gives its id, for the cookie. Of one principal's sessions the oldest goes when there are too
    /// many.
    pub(super) fn open(&self, credential: Credential, now: Timestamp, hours: i64) -> Zeroizing<String> {
        let (id, csrf) = (self.text(), self.text().to_string());
        let digest = digest(&id);
        let session = Session {
            digest,
            credential: credential.clone(),
            hours,
            csrf,
            kept: Vec::new(),
            began: now,
            seen: now,
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| !session.is_over(now));
        let own = |open: &HashMap<Digest, Session>| {
            let own = open.values().filter(|session| session.credential.is(&credential));
            let own = own.map(|session| (session.seen, session.digest)).collect::<Vec<_>>();
            (own.len() >= limits::MAX_SESSIONS_OF_ONE).then(|| own.into_iter().min()).flatten()
        };
        while let Some((_, oldest)) = own(&open) {
            open.remove(&oldest);
        }
        open.insert(digest, session);
        id
    }

    /// The session of an id, which is seen by this; `None` when it is over or never was.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<Session> {
        let digest = digest(id);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&digest)?.is_over(now) {
            open.remove(&digest);
            return None;
        }
        let session = open.get_mut(&digest)?;
        session.seen = now;
        Some(session.clone())
    }

    /// Changes what a session keeps; nothing happens when it is over meanwhile.
    pub(super) fn keep(&self, session: &Session, change: impl FnOnce(&mut Vec<String>)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = open.get_mut(&session.digest) {
            change(&mut session.kept);
        }
    }

    /// Ends one session.
    pub(super) fn end(&self, session: &Session) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&session.digest);
    }

    /// Ends every session that was opened with the same, and says how many there were.
    pub(super) fn end_all(&self, credential: &Credential) -> usize {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let before = open.len();
        open.retain(|_, session| !session.credential.is(credential));
        before - open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SeededRandom;

    const MINUTE: i64 = 60_000;

    fn sessions() -> Sessions {
        Sessions::new(Box::new(SeededRandom::from_number(1)))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    fn bearer(of: u8) -> Credential {
        Credential::Token(BearerHash::from_stored([of; 32]))
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_not_beyond_its_hours() {
        let sessions = sessions();
        let id = sessions.open(bearer(1), at(0), limits::SESSION_HOURS);
        let idle = limits::SESSION_IDLE_MINUTES * MINUTE;
        assert!(sessions.find(&id, at(idle)).is_some());
        assert!(sessions.find(&id, at(2 * idle + 1)).is_none(), "idle for too long");
        let id = sessions.open(bearer(1), at(0), limits::SESSION_HOURS);
        let end = limits::SESSION_HOURS * 60 * MINUTE;
        for step in 0..=(end / idle) {
            assert!(sessions.find(&id, at(step * idle)).is_some());
        }
        assert!(sessions.find(&id, at(end + 1)).is_none(), "used all the time, and over");
    }

    #[test]
    fn what_is_ended_is_gone_and_only_that() {
        let sessions = sessions();
        let ids = [1, 1, 2].map(|of| sessions.open(bearer(of), at(0), limits::SESSION_HOURS));
        let found = |id: &str| sessions.find(id, at(1));
        sessions.end(&found(&ids[0]).expect("open"));
        assert!(found(&ids[0]).is_none() && found(&ids[1]).is_some());
        assert_eq!(sessions.end_all(&bearer(1)), 1);
        assert!(found(&ids[1]).is_none() && found(&ids[2]).is_some());
        assert!(found("").is_none() && found("x").is_none());
    }

    #[test]
    fn of_too_many_sessions_of_one_the_one_unused_longest_goes() {
        let sessions = sessions();
        let other = sessions.open(bearer(9), at(0), limits::SESSION_HOURS);
        let count = i64::try_from(limits::MAX_SESSIONS_OF_ONE).expect("small");
        let ids =
            (0..=count).map(|n| sessions.open(bearer(1), at(n), limits::SESSION_HOURS)).collect::<Vec<_>>();
        assert!(sessions.find(&ids[0], at(count)).is_none());
        assert!(ids[1..].iter().all(|id| sessions.find(id, at(count)).is_some()));
        assert!(sessions.find(&other, at(count)).is_some());
    }

    #[test]
    fn a_clock_set_back_ends_the_session() {
        let sessions = sessions();
        let id = sessions.open(bearer(1), at(0), limits::SESSION_HOURS);
        assert!(sessions.find(&id, at(-1)).is_none());
    }

    #[test]
    fn ids_and_forms_differ_from_session_to_session() {
        let sessions = sessions();
        let (one, other) = (
            sessions.open(bearer(1), at(0), limits::SESSION_HOURS),
            sessions.open(bearer(1), at(0), limits::SESSION_HOURS),
        );
        assert_ne!(*one, *other);
        let (one, other) =
            (sessions.find(&one, at(0)).expect("open"), sessions.find(&other, at(0)).expect("open"));
        assert!(one.is_csrf(&one.csrf) && !one.is_csrf(&other.csrf) && !one.is_csrf(""));
    }
}
