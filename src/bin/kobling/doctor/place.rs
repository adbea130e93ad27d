//! Where a folder lies, as far as that is cheap to see: on this machine, on another one, or in something that copies it away.
//!
//! By names and by what Linux says of its mounts. On macOS and for a drive letter of Windows only names are seen.

use std::path::{Component, Path, Prefix};

/// Where a folder lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine, for all that can be seen.
    Here,
    /// In a folder that a program copies elsewhere; its name.
    Synced(String),
    /// On another machine; the kind of file system.
    Network(String),
}

/// Names that folders of such programs begin with, in small letters.
const SYNCED: [&str; 9] = [
    "onedrive",
    "dropbox",
    "google drive",
    "googledrive",
    "icloud",
    "nextcloud",
    "owncloud",
    "box sync",
    "sharepoint",
];

/// File systems of other machines, as Linux names them.
const NETWORK: [&str; 11] =
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.davfs2"];

/// Where a folder lies. A folder that is not there lies nowhere else.
pub(super) fn of(folder: &Path) -> Place {
    let Ok(folder) = std::fs::canonicalize(folder) else { return Place::Here };
    by_name(&folder).unwrap_or_else(|| {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        by_mount(&folder, &mounts).map_or(Place::Here, Place::Network)
    })
}

fn by_name(folder: &Path) -> Option<Place> {
    folder.components().find_map(|component| match component {
        Component::Prefix(prefix) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)) => {
            Some(Place::Network("UNC".to_owned()))
        }
        Component::Normal(name) => {
            let name = name.to_string_lossy();
            let small = name.to_lowercase();
            SYNCED.iter().any(|start| small.starts_with(start)).then(|| Place::Synced(name.into_owned()))
        }
        _ => None,
    })
}

/// The file system of the deepest mount that holds the folder, where it is another machine's.
fn by_mount(folder: &Path, mounts: &str) -> Option<String> {
    let deepest = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            // Space, tab, line end and backslash stand as octal numbers.
            let point = words.next()?.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
            Some((point, words.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())?;
    NETWORK.contains(&deepest.1).then(|| deepest.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_copied_away_are_seen_by_their_names() {
        for (folder, place) in [
            ("/home/a/OneDrive - Kommune/keys", Some("OneDrive - Kommune")),
            ("/Users/a/Dropbox/keys", Some("Dropbox")),
            ("/home/a/keys", None),
            ("/home/a/my-onedrive", None),
        ] {
            let expected = place.map(|name| Place::Synced(name.to_owned()));
            assert_eq!(by_name(Path::new(folder)), expected, "{folder}");
        }
    }

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb1 /home/local ext4 rw 0 0\n\
                      //nas/x /mnt/two\\040words cifs rw 0 0\nbroken\n";
        for (folder, kind) in [
            ("/keys", None),
            ("/home/a/keys", Some("nfs4")),
            ("/home/local/keys", None),
            ("/homes/a", None),
            ("/mnt/two words/keys", Some("cifs")),
        ] {
            assert_eq!(by_mount(Path::new(folder), mounts).as_deref(), kind, "{folder}");
        }
        assert_eq!(by_mount(Path::new("/keys"), ""), None);
    }
}
