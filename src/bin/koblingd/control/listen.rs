//! The service's end of the socket.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser as _;
use kobling::service::Service;

use super::answer::Answer;
use super::frames::{There, wanted};
use super::{On, socket};
use crate::Arguments;
use crate::exit::Failure;

/// Commands at a time.
const AT_ONCE: usize = 8;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The socket while it is listened at; gone when it is dropped.
pub(crate) struct Listening(PathBuf);

impl Drop for Listening {
    fn drop(&mut self) {
        // The next service removes what is left.
        let _ = socket::remove(&self.0);
    }
}

/// A place among the commands under way.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes commands of the service's own user and of root, until what it returns is dropped. Called within a runtime.
pub(crate) fn listen(data: &Path, service: &Arc<Service>) -> Result<Listening, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Files(format!(
            "{}: commands cannot be listened for: {error}",
            data.join("control").display()
        ))
    };
    let listener = socket::bind(data).map_err(failed)?;
    let listening = Listening(data.to_owned());
    listener.set_nonblocking(true).map_err(failed)?;
    let listener = tokio::net::UnixListener::from_std(listener).map_err(failed)?;
    let (service, under_way) = (Arc::clone(service), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let known = stream.peer_cred().is_ok_and(|peer| may(peer.uid()));
            let Ok(stream) = stream.into_std() else { continue };
            let (service, place) = (Arc::clone(&service), Place(Arc::clone(&under_way)));
            let free = place.0.fetch_add(1, Ordering::SeqCst) < AT_ONCE;
            // It may take long, and nobody waits for it at the end: what it did is durable step by step.
            let named = std::thread::Builder::new().name("control".to_owned());
            let started = named.spawn(move || {
                let _place = place;
                attend(stream, known, free, &service);
            });
            if started.is_err() {
                tracing::warn!("a command was not taken: no thread could be started");
            }
        }
    });
    Ok(listening)
}

/// Whose commands are taken.
fn may(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

fn attend(mut stream: UnixStream, known: bool, free: bool, service: &Service) {
    if stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(PATIENCE))).is_err() {
        return;
    }
    let Ok(wanted) = wanted(&mut stream) else { return };
    // Whatever it takes to make a file durable.
    let Ok(()) = stream.set_read_timeout(None) else { return };
    let mut there = There::new(stream, wanted.file);
    let done = if !known {
        Err(Failure::Refused("only the service's own user and root may give it commands".to_owned()))
    } else if !free {
        Err(Failure::Refused(format!("{AT_ONCE} commands are under way; wait for one to end")))
    } else if wanted.version != env!("CARGO_PKG_VERSION") {
        Err(Failure::Refused(format!(
            "the service that runs is koblingd {}, and this is {}; restart the service",
            env!("CARGO_PKG_VERSION"),
            wanted.version
        )))
    } else {
        run(&wanted.arguments, service, &mut there)
    };
    // Whoever asked has gone where this fails.
    let _ = there.end(done);
}

fn run(arguments: &[String], service: &Service, there: &mut There<UnixStream>) -> Result<(), Failure> {
    let program = "koblingd".to_owned();
    let parsed = Arguments::try_parse_from(std::iter::once(&program).chain(arguments));
    let parsed =
        parsed.map_err(|_| Failure::Configuration("the service does not know the command".to_owned()))?;
    let Some(command) = parsed.command.on_folder() else {
        return Err(Failure::Refused("this is no command for a running service".to_owned()));
    };
    tracing::info!(command = arguments.first(), "a command at the machine");
    command.run_on(On::Service(service), &mut Answer::to(there))
}
