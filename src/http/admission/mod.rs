//! Who is let in, how often, and in which order: rates by principal, wrong tokens by address, lines for what the service does
//! a little of at a time, connections, bodies that trickle.
//!
//! Must never: refuse a valid token for what others do with wrong ones; refuse, or put off, by anything that data say (only by
//! who asked how often, and by how much is under way); keep more than a bounded number of anything. Callers: the guards of
//! `http` and `web`, and handlers that count, take rows or seal.

mod bucket;
mod connections;
mod line;
mod settings;
mod slow;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use bucket::Buckets;
pub use bucket::Rate;
pub(crate) use connections::Counting;
use connections::{Connections, NOWHERE, stands_for};
pub(crate) use line::Turn;
use line::{Line, LineLimits};
pub use settings::AdmissionSettings;
pub(crate) use slow::Pace;

use super::problem::Failure;
use super::seeing::Metrics;
use crate::auth::{Action, Principal};
use crate::clock::Timestamp;
use crate::secret::Random;
use crate::service::Reason;

/// Principals and addresses whose buckets are kept.
const KEPT: usize = 4096;
/// The shortest and the longest that somebody is asked to wait, in seconds, before up to half as much again at random.
const ASKED: std::ops::RangeInclusive<u64> = 1..=60;
/// How often the log says where wrong tokens come from.
const WARN_EVERY: Duration = Duration::from_secs(10);
/// What is asked where nothing says how long: of whoever finds a line full, no more is told of how full it is.
const UNKNOWN: Duration = Duration::from_secs(5);

/// What a call is, as far as its rate goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Counts rows.
    Question,
    /// About consents.
    Consent,
    /// Opens an upload or goes on with it.
    Upload,
    /// Anything else, also of a page.
    Other,
}

impl Kind {
    /// The kind of what needs an action.
    pub(crate) fn of(action: Option<Action>) -> Kind {
        match action {
            Some(Action::Ask | Action::StatePayment) => Kind::Question,
            Some(Action::RecordConsents | Action::ReadPerson) => Kind::Consent,
            Some(Action::Upload) => Kind::Upload,
            _ => Kind::Other,
        }
    }

    /// As metrics name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Question => "question",
            Kind::Consent | Kind::Other => "other",
            Kind::Upload => "upload",
        }
    }
}

/// What only so many do at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Answering.
    Questions,
    /// Taking rows.
    Uploads,
    /// Sealing.
    Seals,
}

/// Why somebody is not let in, and how long they should wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) reason: Reason,
    pub(crate) wait: Duration,
}

/// Everything that is kept to decide it.
pub struct Admission {
    began: Instant,
    settings: AdmissionSettings,
    random: Mutex<Box<dyn Random>>,
    questions: Mutex<Buckets<String>>,
    consents: Mutex<Buckets<String>>,
    uploads: Mutex<Buckets<String>>,
    others: Mutex<Buckets<String>>,
    failures: Mutex<Buckets<IpAddr>>,
    /// When it was last said that many come from an address.
    warned: Mutex<Option<Duration>>,
    under_way: Mutex<HashMap<String, usize>>,
    answering: Arc<Line>,
    taking: Arc<Line>,
    sealing: Arc<Line>,
    connections: Arc<Connections>,
    /// What is counted of it.
    pub(crate) metrics: Metrics,
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admission({:?})", self.settings)
    }
}

fn whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Admission {
    /// By settings; the randomness spreads what is asked of those who are to come again.
    #[must_use]
    pub fn new(settings: AdmissionSettings, random: Box<dyn Random>) -> Arc<Admission> {
        let patience = Duration::from_secs(settings.wait_seconds);
        let line = |(at_once, at_once_of_one), (waiting, waiting_of_one)| {
            Line::new(LineLimits { at_once, at_once_of_one, waiting, waiting_of_one, patience })
        };
        let of_one = settings.uploads_at_once_of_one;
        let proxies = settings.proxies.iter().map(IpAddr::to_canonical).collect();
        Arc::new(Admission {
            began: Instant::now(),
            random: Mutex::new(random),
            questions: Mutex::new(Buckets::new(settings.questions, KEPT)),
            consents: Mutex::new(Buckets::new(settings.consents, KEPT)),
            uploads: Mutex::new(Buckets::new(settings.uploads, KEPT)),
            others: Mutex::new(Buckets::new(settings.others, KEPT)),
            failures: Mutex::new(Buckets::new(settings.failures, KEPT)),
            warned: Mutex::default(),
            under_way: Mutex::default(),
            // One question is answered at a time, whatever is said here.
            answering: line((1, 1), (settings.questions_waiting, settings.questions_waiting_of_one)),
            taking: line((settings.uploads_at_once, of_one), (settings.uploads_waiting, of_one)),
            sealing: line((1, 1), (settings.seals_waiting, settings.seals_waiting)),
            connections: Connections::new(settings.connections, settings.connections_of_address, proxies),
            settings,
            metrics: Metrics::default(),
        })
    }

    /// The daily upkeep was done whole at an instant.
    pub fn upkept(&self, at: Timestamp) {
        self.metrics.upkept(u64::try_from(at.millis() / 1000).unwrap_or(0));
    }

    /// A fresh id of a request, 16 hexadecimal characters.
    pub(crate) fn request_id(&self) -> String {
        format!("{:016x}", whole(&self.random).below(u64::MAX))
    }

    /// Takes connections and counts them.
    pub(crate) fn counting(&self) -> Counting {
        Counting::over(&self.connections)
    }

    /// Open connections, and how many were turned away or ended for others since the start.
    pub(crate) fn connections(&self) -> (usize, u64) {
        let turned_away = self.connections.turned_away.load(std::sync::atomic::Ordering::Relaxed);
        (self.connections.open(), turned_away)
    }

    /// How many have their turn in a line, and how many wait.
    pub(crate) fn length(&self, queue: Queue) -> (usize, usize) {
        self.line(queue).length()
    }

    fn line(&self, queue: Queue) -> &Arc<Line> {
        match queue {
            Queue::Questions => &self.answering,
            Queue::Uploads => &self.taking,
            Queue::Seals => &self.sealing,
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets a principal in for a call, which is under way until the permit is dropped.
    fn admit(self: &Arc<Admission>, who: &str, kind: Kind) -> Result<UnderWay, Held> {
        let buckets = match kind {
            Kind::Question => &self.questions,
            Kind::Consent => &self.consents,
            Kind::Upload => &self.uploads,
            Kind::Other => &self.others,
        };
        let reason = Reason::TooManyRequests;
        let mut under_way = whole(&self.under_way);
        let own = under_way.get(who).copied().unwrap_or(0);
        if own >= self.settings.under_way_of_one {
            return Err(Held { reason, wait: Duration::ZERO });
        }
        whole(buckets).take(&who.to_owned(), self.now()).map_err(|wait| Held { reason, wait })?;
        *under_way.entry(who.to_owned()).or_default() += 1;
        Ok(UnderWay { admission: Arc::clone(self), who: who.to_owned() })
    }

    /// Somebody at an address sent a wrong token. Whether it was one too many; nothing else hangs on it.
    fn failed(&self, address: IpAddr) -> Result<(), Held> {
        let taken = whole(&self.failures).take(&stands_for(address), self.now());
        taken.map_err(|wait| Held { reason: Reason::TooManyFailures, wait })
    }

    /// Says where wrong tokens come from, now and then: whoever sends many does not fill the log with it.
    fn warn_of(&self, address: IpAddr) {
        let now = self.now();
        let mut warned = whole(&self.warned);
        if warned.is_none_or(|at| now > at + WARN_EVERY) {
            *warned = Some(now);
            tracing::warn!(address = %stands_for(address), "many wrong tokens come from an address");
        }
    }

    /// How many seconds somebody is asked to wait: as long as it takes, and up to half as much again, so that those who were
    /// sent away together do not come back together.
    fn spread(&self, wait: Duration) -> u64 {
        let least = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let least = least.clamp(*ASKED.start(), *ASKED.end());
        least + whole(&self.random).below(least.div_ceil(2) + 1)
    }

    /// The address that a request speaks for: its connection's, or behind a proxy of ours the last one that it names.
    fn address(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        let Some(peer) = peer else { return NOWHERE };
        let address = peer.ip().to_canonical();
        if !self.settings.proxies.iter().any(|proxy| proxy.to_canonical() == address) {
            return address;
        }
        let named =
            headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        let last = named.and_then(|named| named.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
        last.unwrap_or(address)
    }
}

/// A call under way.
pub(crate) struct UnderWay {
    admission: Arc<Admission>,
    who: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = whole(&self.admission.under_way);
        if let Some(count) = under_way.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.who);
            }
        }
    }
}

/// Where a request comes from, and by whom it is: what the guards know, for whatever a handler does within it.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) admission: Arc<Admission>,
    peer: Option<SocketAddr>,
    address: IpAddr,
    who: Option<String>,
    /// How long it is to wait, where that is known.
    wait: Option<Duration>,
}

tokio::task_local! {
    static HERE: Here;
}

impl Here {
    /// Of a request to a service that lets in by rules.
    pub(crate) fn of(request: &Request) -> Option<Here> {
        let admission = Arc::clone(request.extensions().get::<Arc<Admission>>()?);
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        let address = admission.address(peer, request.headers());
        Some(Here { admission, peer, address, who: None, wait: None })
    }

    /// A valid token came with it: its principal is let in, or asked to wait.
    ///
    /// # Errors
    /// [`Reason::TooManyRequests`].
    pub(crate) fn admit(&mut self, who: &Principal, kind: Kind) -> Result<UnderWay, Failure> {
        if let Some(peer) = self.peer {
            self.admission.connections.know(peer, who.id.as_str());
        }
        self.who = Some(who.id.to_string());
        self.admission.admit(who.id.as_str(), kind).map_err(|held| self.hold(held))
    }

    /// A wrong token came with it.
    ///
    /// # Errors
    /// [`Reason::TooManyFailures`], when it was one too many.
    pub(crate) fn failed(&mut self) -> Result<(), Failure> {
        self.admission.failed(self.address).map_err(|held| {
            self.admission.warn_of(self.address);
            self.hold(held)
        })
    }

    fn hold(&mut self, held: Held) -> Failure {
        self.wait = Some(held.wait);
        Failure::of(held.reason)
    }

    /// Writes into a refusal of ours how long to wait.
    pub(crate) fn ask_for_time(&self, code: Option<&str>, response: &mut Response) {
        let ours = [Reason::TooManyRequests, Reason::TooManyFailures, Reason::LineFull];
        if ours.iter().any(|reason| Some(reason.code()) == code) {
            let seconds = self.admission.spread(self.wait.unwrap_or(UNKNOWN));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }

    /// Runs what is done within the request.
    pub(crate) async fn within<T>(this: Option<Here>, work: impl Future<Output = T>) -> T {
        match this {
            Some(here) => HERE.scope(here, work).await,
            None => work.await,
        }
    }
}

/// A wrong token came with the request that this is done within, in a form or in an answer of a provider.
///
/// # Errors
/// [`Reason::TooManyFailures`].
pub(crate) fn wrong_token() -> Result<(), Failure> {
    HERE.try_with(|here| here.clone().failed()).unwrap_or(Ok(()))
}

/// Waits for a turn in a line. It is kept until it is dropped: move it into the work, which may outlive who asked for it.
///
/// # Errors
/// [`Reason::LineFull`].
pub(crate) async fn turn(queue: Queue) -> Result<Option<Turn>, Failure> {
    let Ok((line, who)) = HERE.try_with(|here| (Arc::clone(here.admission.line(queue)), here.who.clone()))
    else {
        return Ok(None);
    };
    let turn = line.enter(who.as_deref().unwrap_or_default()).await;
    turn.map(Some).map_err(|_| Failure::of(Reason::LineFull))
}

#[cfg(test)]
mod tests;
