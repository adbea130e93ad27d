//! What systemd is told of a service of `Type=notify`: that it answers, and that it stops. A line of text to a datagram
//! socket that `NOTIFY_SOCKET` names (`sd_notify(3)`); elsewhere nothing.

/// Says that requests are answered from now on.
pub(crate) fn ready() {
    tell("READY=1");
}

/// Says that the service was told to stop, and ends what is under way.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// Where nobody listens, nobody is told: the service runs as well without.
#[cfg(target_os = "linux")]
fn tell(state: &str) {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return };
    // An at sign stands for the byte 0 of a name that is in no folder.
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name),
        None => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = sent {
        tracing::warn!(%error, "systemd could not be told: {state}");
    }
}

#[cfg(not(target_os = "linux"))]
fn tell(_state: &str) {}
