//! How many files and connections the process may have open.

/// Files beside connections: database, staged rows, snapshots in the making, the log.
const OTHERS: u64 = 256;

/// Raises what the process may open as far as it may be raised, and gives how many connections are possible then, of those
/// that are wanted: a connection that finds no room is turned away, instead of a write that fails for want of a file.
#[cfg(unix)]
pub(crate) fn most_connections(wanted: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
        let asked = rustix::process::Rlimit { current: Some(raised), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, asked).is_ok() {
            limit.current = Some(raised);
        }
    }
    possible(wanted, limit.current)
}

/// As many as are wanted: how many are possible is the system's to say.
#[cfg(not(unix))]
pub(crate) fn most_connections(wanted: usize) -> usize {
    possible(wanted, None)
}

fn possible(wanted: usize, files: Option<u64>) -> usize {
    let Some(files) = files else { return wanted };
    let room = files.saturating_sub(OTHERS).max(files / 2).max(1);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            connections = room,
            wanted,
            "fewer connections than wanted: raise LimitNOFILE of the unit"
        );
    }
    room.min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(possible(1024, Some(65_536)), 1024);
        assert_eq!(possible(1024, Some(1024)), 768);
        assert_eq!(possible(1024, Some(100)), 50);
        assert_eq!(possible(1024, None), 1024);
    }
}
