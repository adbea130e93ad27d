//! Open connections: so many in all, so many from one address. Where there is no room for another, the one that has been open
//! longest without a valid token goes, or else one of the principal that has most: a flood of connections costs who floods, and
//! whoever can sign in gets in.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Whom an address stands for: all of it in IPv4, the network of 64 bits in IPv6, of which one subscriber has all.
pub(super) fn stands_for(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// What of a connection is known outside it.
#[derive(Default)]
struct Line {
    ended: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Line {
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        if let Some(waker) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }
}

struct Connection {
    from: IpAddr,
    line: Arc<Line>,
    /// Whose valid token came over it.
    of: Option<String>,
}

#[derive(Default)]
struct State {
    count: u64,
    of: BTreeMap<u64, Connection>,
    /// By the whole address, which a connection has for itself while it is open.
    by_peer: HashMap<SocketAddr, u64>,
    from: HashMap<IpAddr, usize>,
}

/// The open connections.
pub(super) struct Connections {
    most: usize,
    most_of_address: usize,
    /// Not counted by address.
    proxies: Vec<IpAddr>,
    /// How long an answer may wait for its reader.
    stall: Duration,
    state: Mutex<State>,
    /// Those that were not taken, or were ended to make room.
    pub(super) turned_away: AtomicU64,
}

impl Connections {
    pub(super) fn new(most: usize, most_of_address: usize, proxies: Vec<IpAddr>) -> Arc<Connections> {
        let (state, turned_away) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Connections { most, most_of_address, proxies, stall: STALL, state, turned_away })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections that are open.
    pub(super) fn open(&self) -> usize {
        self.state().of.len()
    }

    /// A valid token of a principal came over the connection from an address.
    pub(super) fn know(&self, peer: SocketAddr, who: &str) {
        let mut state = self.state();
        let Some(number) = state.by_peer.get(&peer).copied() else { return };
        if let Some(connection) = state.of.get_mut(&number) {
            connection.of = Some(who.to_owned());
        }
    }

    /// Takes a connection, if there is room or some can be made.
    fn take(self: &Arc<Connections>, peer: SocketAddr) -> Option<Held> {
        let from = stands_for(peer.ip());
        let by_address = !self.proxies.contains(&peer.ip().to_canonical());
        let mut state = self.state();
        let of_address = state.from.get(&from).copied().unwrap_or(0);
        let crowded = by_address && of_address >= self.most_of_address;
        if crowded || state.of.len() >= self.most {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            let number = dispensable(&state, |one| !crowded || one.from == from)?;
            if let Some(gone) = remove(&mut state, number) {
                gone.end();
            }
        }
        let number = state.count;
        state.count += 1;
        let line = Arc::new(Line::default());
        state.of.insert(number, Connection { from, line: Arc::clone(&line), of: None });
        state.by_peer.insert(peer, number);
        *state.from.entry(from).or_default() += 1;
        Some(Held { connections: Arc::clone(self), number, peer, line })
    }
}

/// The connection that goes to make room, of some: the oldest without a valid token, or else the oldest of the principal that has
/// most, when it has more than one. So whoever can sign in gets in, and a principal that takes all connections gives them.
fn dispensable(state: &State, some: impl Fn(&Connection) -> bool) -> Option<u64> {
    // How many a principal has, and its oldest.
    let mut of: HashMap<&str, (usize, u64)> = HashMap::new();
    for (number, one) in state.of.iter().filter(|(_, one)| some(one)) {
        let Some(who) = one.of.as_deref() else { return Some(*number) };
        of.entry(who).or_insert((0, *number)).0 += 1;
    }
    let most = of.into_values().max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)));
    most.filter(|(count, _)| *count > 1).map(|(_, oldest)| oldest)
}

/// Takes a connection out of the counts.
fn remove(state: &mut State, number: u64) -> Option<Arc<Line>> {
    let gone = state.of.remove(&number)?;
    if let Some(count) = state.from.get_mut(&gone.from) {
        *count -= 1;
        if *count == 0 {
            state.from.remove(&gone.from);
        }
    }
    Some(gone.line)
}

/// A place among the open connections, until it is dropped.
struct Held {
    connections: Arc<Connections>,
    number: u64,
    peer: SocketAddr,
    line: Arc<Line>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        remove(&mut state, self.number);
        if state.by_peer.get(&self.peer) == Some(&self.number) {
            state.by_peer.remove(&self.peer);
        }
    }
}

/// How long an answer may wait for somebody who does not read it.
const STALL: Duration = Duration::from_secs(60);

/// A connection that is counted.
pub(crate) struct Counted {
    stream: TcpStream,
    held: Held,
    /// Ends it when it is written to and nobody reads.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Counted {
    fn new(stream: TcpStream, held: Held) -> Counted {
        Counted { stream, held, stalled: None }
    }

    /// What came of writing; an error when it has waited for its reader for too long.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.held.connections.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads the answer")))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether it goes on; who waits for it is told when it does not any more.
    fn goes_on(&self, context: &Context<'_>) -> io::Result<()> {
        *self.held.line.waiting.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(context.waker().clone());
        match self.held.line.ended.load(Ordering::Acquire) {
            true => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "ended to make room for others")),
            false => Ok(()),
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.goes_on(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.goes_on(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.goes_on(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Takes connections, and counts them before anything is said over them.
#[derive(Clone)]
pub(crate) struct Counting(Option<Arc<Connections>>);

impl Counting {
    pub(super) fn over(connections: &Arc<Connections>) -> Counting {
        Counting(Some(Arc::clone(connections)))
    }
}

impl<S> Accept<TcpStream, S> for Counting {
    type Stream = Counted;
    type Service = S;
    type Future = std::future::Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let full = || io::Error::other("there is no room for another connection");
        let held = stream
            .peer_addr()
            .and_then(|peer| self.0.as_ref().and_then(|connections| connections.take(peer)).ok_or_else(full));
        std::future::ready(held.map(|held| {
            // An answer is one short write: it does not wait for another.
            stream.set_nodelay(true).ok();
            (Counted::new(stream, held), service)
        }))
    }
}

/// Where a connection comes from when nothing says so.
pub(super) const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], port))
    }

    #[test]
    fn who_is_known_stays_and_the_oldest_stranger_goes() {
        let connections = Connections::new(3, 2, Vec::new());
        let known = connections.take(peer(1, 1)).expect("room");
        connections.know(peer(1, 1), "a");
        let (old, new) =
            (connections.take(peer(2, 1)).expect("room"), connections.take(peer(3, 1)).expect("room"));
        let fourth = connections.take(peer(4, 1)).expect("room is made");
        assert!(old.line.ended.load(Ordering::Acquire) && !new.line.ended.load(Ordering::Acquire));
        assert!(!known.line.ended.load(Ordering::Acquire));
        assert_eq!(connections.open(), 3);
        drop(old);
        assert_eq!(connections.open(), 3, "it was counted out when it was ended");
        drop((known, new, fourth));
        assert_eq!(connections.open(), 0);
        let state = connections.state();
        assert!(state.from.is_empty() && state.by_peer.is_empty());
    }

    /// Attack: one address opens all that there are.
    #[test]
    fn one_address_ends_its_own_connections_and_nobody_elses() {
        let connections = Connections::new(10, 2, Vec::new());
        let other = connections.take(peer(1, 1)).expect("room");
        let own: Vec<Held> = (0..8).filter_map(|port| connections.take(peer(2, port))).collect();
        assert_eq!(connections.open(), 3);
        assert!(!other.line.ended.load(Ordering::Acquire));
        assert_eq!(own.iter().filter(|held| !held.line.ended.load(Ordering::Acquire)).count(), 2);
        // Two of them sign in: a third has nobody to take the place of.
        connections.know(peer(2, 6), "a");
        connections.know(peer(2, 7), "b");
        assert!(connections.take(peer(2, 9)).is_none());
        assert!(connections.take(peer(3, 9)).is_some());
    }

    /// Attack: a principal takes every connection with a valid token, at the address of others.
    #[test]
    fn a_principal_that_has_most_makes_room_for_others() {
        let connections = Connections::new(10, 5, Vec::new());
        let mut held = Vec::new();
        for (port, who) in [(1, "calm"), (2, "flood"), (3, "flood"), (4, "flood"), (5, "other")] {
            held.push(connections.take(peer(1, port)).expect("room"));
            connections.know(peer(1, port), who);
        }
        let newcomer = connections.take(peer(1, 6)).expect("room is made");
        let ended: Vec<bool> = held.iter().map(|held| held.line.ended.load(Ordering::Acquire)).collect();
        assert_eq!(ended, [false, true, false, false, false]);
        // The next stranger takes the place of the last one, and of nobody who is known.
        let next = connections.take(peer(1, 7)).expect("room is made");
        assert!(newcomer.line.ended.load(Ordering::Acquire) && !next.line.ended.load(Ordering::Acquire));
        assert_eq!(held.iter().filter(|held| held.line.ended.load(Ordering::Acquire)).count(), 1);
    }

    #[test]
    fn a_proxy_is_counted_in_all_and_not_by_its_address() {
        let connections = Connections::new(4, 1, vec![peer(9, 0).ip()]);
        let held: Vec<Held> = (0..4).filter_map(|port| connections.take(peer(9, port))).collect();
        assert_eq!((held.len(), connections.open()), (4, 4));
        drop(connections.take(peer(9, 5)).expect("the oldest made room"));
        assert!(held[0].line.ended.load(Ordering::Acquire));
    }

    /// Attack: much is asked for, and nothing of the answers is read.
    #[test]
    fn an_answer_that_nobody_reads_ends_its_connection() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let reader =
                TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
            let (stream, peer) = listener.accept().await.expect("accepted");
            let connections = Connections {
                most: 1,
                most_of_address: 1,
                proxies: Vec::new(),
                stall: Duration::from_millis(50),
                state: Mutex::default(),
                turned_away: AtomicU64::new(0),
            };
            let held = Arc::new(connections).take(peer).expect("room");
            let mut counted = Counted::new(stream, held);
            let bytes = vec![0; 1 << 20];
            let mut ended = None;
            for _ in 0..1000 {
                ended = tokio::io::AsyncWriteExt::write_all(&mut counted, &bytes).await.err();
                if ended.is_some() {
                    break;
                }
            }
            assert_eq!(ended.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
            drop(reader);
        });
    }

    #[test]
    fn one_subscriber_is_one_address() {
        let of = |text: &str| stands_for(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
