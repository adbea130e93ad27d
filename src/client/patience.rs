//! How long a lost connection is waited for: longer each time, never in step with others, and as long as the service
//! asks.

use std::time::Duration;

use super::ClientError;
use crate::secret::Random;

/// The first wait.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait that nobody asked for.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that is granted to a service that asks for one; beyond it the command ends, and a later one goes on.
const LONGEST_ASKED: Duration = Duration::from_secs(600);
/// Waits without a byte of progress, before giving up on a service that has answered once.
const WAITS: u32 = 8;
/// The same for one that has not: the address may be wrong.
const WAITS_UNKNOWN: u32 = 2;

/// A call that came to nothing.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is said of it when no further call is made.
    pub(super) error: Box<ClientError>,
    /// How long the service asks to be left alone.
    pub(super) asked: Option<Duration>,
    /// Whether the same call may succeed later.
    pub(super) passing: bool,
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Fault {
        let passing = match &error {
            ClientError::Unreachable { source, .. } => is_passing(&source.0),
            // Another request works on it, too many came, or something between here and the service is down.
            // A clock that is set wrong does not pass by waiting: somebody must set it.
            ClientError::Refused { status, code, .. } => {
                matches!(status, 408 | 423 | 429 | 502 | 503 | 504) && code != "clock"
            }
            ClientError::Cut | ClientError::Answer => true,
            _ => false,
        };
        Fault { error: Box::new(error), asked: None, passing }
    }
}

/// Whether a connection that failed so may come about later. A certificate stays what it is.
fn is_passing(error: &ureq::Error) -> bool {
    use ureq::Error;
    matches!(
        error,
        Error::Io(_) | Error::Timeout(_) | Error::Protocol(_) | Error::ConnectionFailed | Error::HostNotFound
    )
}

/// How often and how long to wait; randomness and waiting are passed in.
pub struct Patience<'a> {
    random: &'a mut dyn Random,
    wait: &'a mut dyn FnMut(Duration),
    waited: u32,
    answered: bool,
}

impl<'a> Patience<'a> {
    /// Waits by `wait`, for times that `random` spreads.
    pub fn new(random: &'a mut dyn Random, wait: &'a mut dyn FnMut(Duration)) -> Patience<'a> {
        Patience { random, wait, waited: 0, answered: false }
    }

    /// The service answered.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// Something was achieved: the next wait is a first one.
    pub(super) fn progressed(&mut self) {
        self.waited = 0;
    }

    /// Waits after a fault, or says that it is no use.
    pub(super) fn hold(&mut self, fault: Fault) -> Result<(), ClientError> {
        let most = if self.answered { WAITS } else { WAITS_UNKNOWN };
        if !fault.passing || self.waited >= most || fault.asked.is_some_and(|asked| asked > LONGEST_ASKED) {
            return Err(*fault.error);
        }
        let full = FIRST.saturating_mul(1 << self.waited).min(LONGEST);
        // Between half of it and all of it, so that those who were cut at the same moment do not come back at the same.
        let half = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
        let spread = Duration::from_millis(half + self.random.below(half + 1));
        (self.wait)(fault.asked.map_or(spread, |asked| asked.max(spread)));
        self.waited += 1;
        Ok(())
    }

    /// Calls until it succeeds or is no use any more.
    pub(super) fn call<T>(&mut self, mut call: impl FnMut() -> Result<T, Fault>) -> Result<T, ClientError> {
        loop {
            match call() {
                Ok(value) => {
                    self.answered();
                    return Ok(value);
                }
                Err(fault) => self.hold(fault)?,
            }
        }
    }
}

/// What `Retry-After` asks for: seconds. A date is left to the spread, since the clocks may differ.
pub(super) fn retry_after(response: &ureq::http::Response<ureq::Body>) -> Option<Duration> {
    let text = response.headers().get("Retry-After")?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::SeededRandom;

    fn cut() -> Fault {
        Fault::from(ClientError::Cut)
    }

    /// All waits until it gives up.
    fn waits(seed: u64, answered: bool, asked: Option<Duration>) -> Vec<Duration> {
        let mut random = SeededRandom::from_number(seed);
        let mut waited = Vec::new();
        let mut wait = |time| waited.push(time);
        let mut patience = Patience::new(&mut random, &mut wait);
        if answered {
            patience.answered();
        }
        while patience.hold(Fault { asked, ..cut() }).is_ok() {}
        waited
    }

    proptest! {
        #[test]
        fn waits_grow_are_spread_and_end(seed: u64) {
            let times = waits(seed, true, None);
            prop_assert_eq!(times.len(), WAITS as usize);
            for (at, time) in times.iter().enumerate() {
                let full = FIRST.saturating_mul(1 << at).min(LONGEST);
                prop_assert!(*time >= full / 2 && *time <= full, "{:?} at {}", time, at);
            }
            prop_assert_eq!(waits(seed, false, None).len(), WAITS_UNKNOWN as usize);
        }

        #[test]
        fn a_service_that_asks_for_time_gets_it(seed: u64, seconds in 0u64..=600) {
            let asked = Duration::from_secs(seconds);
            prop_assert!(waits(seed, true, Some(asked)).iter().all(|time| *time >= asked));
            prop_assert!(waits(seed, true, Some(LONGEST_ASKED + Duration::from_secs(1))).is_empty());
        }
    }

    #[test]
    fn partners_that_were_cut_together_do_not_come_back_together() {
        let first: std::collections::BTreeSet<Duration> = (0..50).map(|n| waits(n, true, None)[7]).collect();
        assert!(first.len() > 40, "{} different waits of 50", first.len());
    }

    #[test]
    fn what_cannot_pass_is_not_waited_for() {
        let refused = |status| {
            let code = String::new();
            ClientError::Refused { status, code, title: String::new(), detail: None, advice: None, da: None }
        };
        for (status, passing) in
            [(423, true), (429, true), (503, true), (502, true), (403, false), (422, false), (507, false)]
        {
            assert_eq!(Fault::from(refused(status)).passing, passing, "{status}");
        }
        let unreachable = |source| ClientError::Unreachable {
            address: String::new(),
            source: Box::new(super::super::NoAnswer(source)),
        };
        assert!(Fault::from(unreachable(ureq::Error::HostNotFound)).passing);
        assert!(!Fault::from(unreachable(ureq::Error::Tls("no"))).passing);
        assert!(!Fault::from(ClientError::Address).passing);
    }
}
