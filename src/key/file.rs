//! The text form of a secret: comment lines, then one line `TYPE:BASE64URL:CHECKSUM`.
//!
//! The type says what was pasted where, the checksum (first 4 bytes of SHA-256 over type and bytes, in hex) catches
//! what was cut or mistyped. How such a file lies on disk is in `private.rs`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::private::{self, PrivateFileError, Readers};
use crate::limits;
use crate::secret::Secret;

/// Bytes of a share of a linkage key: number, needed, of, split (8), key id (8), value (32).
pub(super) const SHARE_BYTES: usize = 51;
/// Characters of the longest secret in base64url without padding.
const ENCODED: usize = (SHARE_BYTES * 4).div_ceil(3);

/// Which secret a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shared by the partners of a programme.
    Linkage,
    /// A partner's Ed25519 seed.
    Signing,
    /// The service's own.
    Service,
    /// One part of a linkage key that was split.
    Share,
}

impl Kind {
    pub(super) const fn prefix(self, example: bool) -> &'static str {
        match (self, example) {
            (Kind::Linkage, false) => "kobling-linkage-key-1",
            (Kind::Linkage, true) => "kobling-example-linkage-key-1",
            (Kind::Signing, false) => "kobling-signing-key-1",
            (Kind::Signing, true) => "kobling-example-signing-key-1",
            (Kind::Service, false) => "kobling-service-key-1",
            (Kind::Service, true) => "kobling-example-service-key-1",
            (Kind::Share, false) => "kobling-linkage-key-share-1",
            (Kind::Share, true) => "kobling-example-linkage-key-share-1",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Linkage => "linkage key",
            Kind::Signing => "signing key",
            Kind::Service => "service key",
            Kind::Share => "share of a linkage key",
        }
    }

    /// Bytes of the secret.
    const fn size(self) -> usize {
        match self {
            Kind::Linkage | Kind::Signing | Kind::Service => 32,
            Kind::Share => SHARE_BYTES,
        }
    }
}

/// Whether a published example key, which protects nobody, will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Refuse it: the normal case.
    Refuse,
    /// Take it: the demo, and `--allow-example-key`.
    Allow,
}

/// Why a key file could not be read or written. Never carries any of its content.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read, written, or may be read by others.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// No line of the type wanted.
    #[error("{}: holds no {}: expected one line that begins with `{}:`", path.display(), kind.name(), kind.prefix(false))]
    Absent {
        /// The file.
        path: PathBuf,
        /// The secret wanted.
        kind: Kind,
    },
    /// Another kind of secret.
    #[error("{}: this is a {}, and a {} is needed here", path.display(), found.name(), wanted.name())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: Kind,
        /// What is needed.
        wanted: Kind,
    },
    /// Cut, mistyped, or two secrets in one file.
    #[error("{}: the key is damaged (its checksum does not fit); copy the file again as a whole", .0.display())]
    Damaged(PathBuf),
    /// A published example key.
    #[error("{}: this is a published example key and protects nobody; make one of your own with `kobling key new`, or say --allow-example-key if this is an exercise", .0.display())]
    ExampleKey(PathBuf),
    /// The file says it belongs to something else than its bytes do.
    #[error("{}: the line `# {field}: …` does not fit the key in the file; copy the file again as a whole", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// Which comment.
        field: &'static str,
    },
    /// Made for another programme.
    #[error("{}: this key was made for programme {found}, and {wanted} is asked for", path.display())]
    OtherProgramme {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
        /// What is asked for.
        wanted: String,
    },
}

/// A secret with the comments of its file.
#[derive(Debug)]
pub(super) struct Loaded<const N: usize = 32> {
    pub(super) secret: Secret<N>,
    comments: Vec<(String, String)>,
}

impl<const N: usize> Loaded<N> {
    /// The value of a comment line `# field: value`.
    pub(super) fn comment(&self, field: &str) -> Option<&str> {
        self.comments.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }
}

fn checksum(prefix: &str, bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(prefix.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    let digest = hash.finalize();
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a new file, readable by its owner only.
pub(super) fn write_new<const N: usize>(
    path: &Path,
    kind: Kind,
    example: bool,
    comments: &[(&str, String)],
    secret: &Secret<N>,
) -> Result<(), KeyFileError> {
    let mut text = Zeroizing::new(String::with_capacity(2048));
    for (field, value) in comments {
        text.push_str(&format!("# {field}: {value}\n"));
    }
    let bytes = secret.expose("the key file is where the secret lives");
    let mut encoded = Zeroizing::new([0u8; ENCODED]);
    let length =
        URL_SAFE_NO_PAD.encode_slice(bytes, encoded.as_mut_slice()).expect("the room is for the longest");
    let prefix = kind.prefix(example);
    text.push_str(prefix);
    text.push(':');
    text.push_str(std::str::from_utf8(&encoded[..length]).expect("base64 is ASCII"));
    text.push(':');
    text.push_str(&checksum(prefix, bytes));
    text.push('\n');
    Ok(private::write_new(path, text.as_bytes())?)
}

/// Reads a file of the kind wanted. Where an example will do, so does a file that others may read.
pub(super) fn load<const N: usize>(
    path: &Path,
    wanted: Kind,
    example: Example,
) -> Result<Loaded<N>, KeyFileError> {
    let readers = match example {
        Example::Refuse => Readers::OwnerOnly,
        Example::Allow => Readers::Anybody,
    };
    let text = private::read_text(path, limits::MAX_KEY_FILE_BYTES, readers)?;
    parse(&text, path, wanted, example)
}

/// Reads the text of a file; `path` is for messages.
pub(super) fn parse<const N: usize>(
    text: &str,
    path: &Path,
    wanted: Kind,
    example: Example,
) -> Result<Loaded<N>, KeyFileError> {
    debug_assert_eq!(N, wanted.size());
    let damaged = || KeyFileError::Damaged(path.to_owned());
    let mut comments = Vec::new();
    let mut found = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix('#') {
            if let Some((field, value)) = comment.split_once(':') {
                comments.push((field.trim().to_owned(), value.trim().to_owned()));
            }
            continue;
        }
        if found.replace(line).is_some() {
            return Err(damaged());
        }
    }
    let absent = || KeyFileError::Absent { path: path.to_owned(), kind: wanted };
    let (prefix, rest) = found.ok_or_else(absent)?.split_once(':').ok_or_else(absent)?;
    let kinds = [Kind::Linkage, Kind::Signing, Kind::Service, Kind::Share];
    let known = kinds.iter().flat_map(|kind| [(*kind, false), (*kind, true)]);
    let Some((kind, is_example)) = known.into_iter().find(|(kind, example)| kind.prefix(*example) == prefix)
    else {
        return Err(absent());
    };
    if kind != wanted {
        return Err(KeyFileError::OtherKind { path: path.to_owned(), found: kind, wanted });
    }
    let (encoded, sum) = rest.split_once(':').ok_or_else(damaged)?;
    let mut bytes = Zeroizing::new([0u8; N]);
    let decoded = URL_SAFE_NO_PAD.decode_slice(encoded, bytes.as_mut_slice());
    let sound = decoded == Ok(N) && checksum(prefix, bytes.as_slice()) == sum;
    let secret = Secret::new(&mut bytes);
    if !sound {
        return Err(damaged());
    }
    if is_example && example == Example::Refuse {
        return Err(KeyFileError::ExampleKey(path.to_owned()));
    }
    Ok(Loaded { secret, comments })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(edit: impl Fn(&str) -> String, wanted: Kind) -> Result<[u8; 32], KeyFileError> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("k");
        let secret = Secret::new(&mut [9; 32]);
        write_new(&path, Kind::Linkage, false, &[("programme", "p".into())], &secret)?;
        let text = std::fs::read_to_string(&path).expect("readable");
        parse::<32>(&edit(&text), &path, wanted, Example::Refuse).map(|l| *l.secret.expose("test"))
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(round_trip(str::to_owned, Kind::Linkage).ok(), Some([9; 32]));
        // Windows line ends and stray blank lines do no harm.
        assert_eq!(round_trip(|t| t.replace('\n', "\r\n\r\n"), Kind::Linkage).ok(), Some([9; 32]));
    }

    #[test]
    fn every_single_character_slip_is_caught() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("k");
        write_new(&path, Kind::Linkage, false, &[], &Secret::new(&mut [9; 32])).expect("written");
        let text = std::fs::read_to_string(&path).expect("readable");
        for at in 0..text.trim_end().len() {
            let mut slipped = text.clone().into_bytes();
            slipped[at] = if slipped[at] == b'x' { b'y' } else { b'x' };
            let slipped = String::from_utf8(slipped).expect("ASCII");
            assert!(parse::<32>(&slipped, &path, Kind::Linkage, Example::Refuse).is_err(), "{at}");
        }
    }

    #[test]
    fn another_kind_two_keys_and_an_empty_file_are_named() {
        assert!(matches!(round_trip(str::to_owned, Kind::Service), Err(KeyFileError::OtherKind { .. })));
        assert!(matches!(round_trip(|t| format!("{t}{t}"), Kind::Linkage), Err(KeyFileError::Damaged(_))));
        assert!(matches!(round_trip(|_| String::new(), Kind::Linkage), Err(KeyFileError::Absent { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_never_overwritten_and_refused_when_open() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("k");
        let secret = Secret::new(&mut [9; 32]);
        write_new(&path, Kind::Signing, false, &[], &secret).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let again = write_new(&path, Kind::Signing, false, &[], &secret);
        assert!(matches!(again, Err(KeyFileError::File(PrivateFileError::Exists(_)))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("allowed");
        let open = load::<32>(&path, Kind::Signing, Example::Refuse);
        assert!(matches!(open, Err(KeyFileError::File(PrivateFileError::Open(_)))));
    }

    #[test]
    fn an_example_key_is_refused_unless_asked_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("k");
        write_new(&path, Kind::Linkage, true, &[], &Secret::new(&mut [9; 32])).expect("written");
        assert!(matches!(
            load::<32>(&path, Kind::Linkage, Example::Refuse),
            Err(KeyFileError::ExampleKey(_))
        ));
        assert!(load::<32>(&path, Kind::Linkage, Example::Allow).is_ok());
    }
}
