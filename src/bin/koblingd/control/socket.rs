//! The socket's place. Its path may be longer than a socket's address can be: then it is reached by the open folder.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a folder that is in use, and at which nobody listens, is tried again.
pub(super) const TRIES: u32 = 30;
/// How long between.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// The socket's name in the data folder.
const NAME: &str = "control";
/// Longest path that every system takes as the address of a socket (104 bytes with the zero on some).
const LONGEST: usize = 100;

/// The address of the socket of a data folder; the folder is held open as long as the address is used.
fn address(data: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let plain = data.join(NAME);
    if plain.as_os_str().len() <= LONGEST {
        return Ok((plain, None));
    }
    let folder = File::open(data)?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd())), Some(folder)))
}

/// A connection to the service that has the folder open; `None` where nobody listens.
pub(super) fn connect(data: &Path) -> Option<UnixStream> {
    let (path, _folder) = address(data).ok()?;
    UnixStream::connect(path).ok()
}

/// Listens. The caller holds the folder's lock: what lies there is of a service that ended.
pub(super) fn bind(data: &Path) -> io::Result<UnixListener> {
    let (path, _folder) = address(data)?;
    remove(data)?;
    let listener = UnixListener::bind(&path)?;
    // Until here the folder alone kept others out.
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// Removes the socket.
pub(super) fn remove(data: &Path) -> io::Result<()> {
    match std::fs::remove_file(data.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_long_path_has_a_socket_too() {
        let dir = tempfile::tempdir().expect("a folder");
        for data in [dir.path().join("short"), dir.path().join("l".repeat(150))] {
            std::fs::create_dir(&data).expect("made");
            assert!(connect(&data).is_none(), "nobody listens");
            let listener = bind(&data).expect("bound");
            assert!(connect(&data).is_some());
            let mode = std::fs::metadata(data.join(NAME)).expect("there").permissions();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
            drop(listener);
            assert!(connect(&data).is_none(), "what an ended service left answers nobody");
            drop(bind(&data).expect("and is in nobody's way"));
            remove(&data).expect("removed");
            remove(&data).expect("nothing to remove");
        }
    }
}
