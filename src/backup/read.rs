//! Reading an archive: every file by its digest, the list of digests by its signature, and nothing besides.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::manifest::{ABOUT, DIGESTS, FORMAT, FileDigest, MAX_BYTES, SIGNATURE, is_known};
use super::{About, BACKUP_CONTEXT, BackupError, Watch};
use crate::digest::Sha256Hex;
use crate::key::{Identities, Opened, Signature, VerifyingKey};

/// What becomes of a file: where its bytes go, and what follows when it is whole.
pub(super) trait Unpack {
    /// Begins a file.
    fn begin(&mut self, path: &str) -> Result<(), BackupError>;
    /// Takes bytes of it.
    fn take(&mut self, bytes: &[u8]) -> Result<(), BackupError>;
    /// Ends it.
    fn end(&mut self) -> Result<(), BackupError>;
}

/// A look at an archive that keeps nothing.
#[derive(Debug, Default)]
pub struct Seen;

impl Unpack for Seen {
    fn begin(&mut self, _: &str) -> Result<(), BackupError> {
        Ok(())
    }

    fn take(&mut self, _: &[u8]) -> Result<(), BackupError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), BackupError> {
        Ok(())
    }
}

/// What an archive was found to be.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says of itself.
    pub about: About,
    /// Bytes of everything in it.
    pub bytes: u64,
}

/// Reads a whole archive and holds it against its digests and their signature, without unpacking it. `service` is the key that
/// must have signed it; without, it is the one that the archive names, for whoever compares the fingerprint.
///
/// # Errors
/// [`BackupError`].
pub fn check(
    archive: impl Read,
    identities: &Identities,
    service: Option<&VerifyingKey>,
    watch: Watch<'_>,
) -> Result<Checked, BackupError> {
    walk(archive, identities, service, &mut Seen, watch)
}

/// Goes over an archive from front to end.
pub(super) fn walk(
    archive: impl Read,
    identities: &Identities,
    service: Option<&VerifyingKey>,
    unpack: &mut dyn Unpack,
    watch: Watch<'_>,
) -> Result<Checked, BackupError> {
    let mut archive = tar::Archive::new(Opened::with(identities, archive)?);
    let damaged = |_| BackupError::Damaged;
    let mut found: BTreeMap<String, FileDigest> = BTreeMap::new();
    let mut about: Option<About> = None;
    let (mut list, mut signature) = (None, None);
    let mut bytes = 0;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(BackupError::Foreign("something that is no file"));
        }
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| BackupError::Foreign("a name that is no text"))?;
        if signature.is_some() {
            return Err(BackupError::Foreign("something behind its end"));
        }
        match path.as_str() {
            SIGNATURE if list.is_some() => signature = Some(small(&mut entry)?),
            _ if list.is_some() => return Err(BackupError::Foreign("something behind its list")),
            DIGESTS => list = Some(small(&mut entry)?),
            ABOUT if about.is_none() && found.is_empty() => {
                let text = small(&mut entry)?;
                about = Some(read_about(&text)?);
                found.insert(path.clone(), digest_of(path, &text));
            }
            _ if about.is_none() => return Err(BackupError::Foreign("something before it says what it is")),
            _ if !is_known(&path) || found.contains_key(&path) => {
                return Err(BackupError::Foreign("a path that is none of a data folder, or twice the same"));
            }
            _ => {
                unpack.begin(&path)?;
                let (mut hash, mut length) = (Sha256::new(), 0);
                let mut buffer = vec![0; 64 << 10];
                loop {
                    let read = match entry.read(&mut buffer) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        read => read.map_err(damaged)?,
                    };
                    if read == 0 {
                        break;
                    }
                    hash.update(&buffer[..read]);
                    length += read as u64;
                    bytes += read as u64;
                    unpack.take(&buffer[..read])?;
                    watch(bytes, 0).map_err(BackupError::Write)?;
                }
                unpack.end()?;
                let sha256 = Sha256Hex::from_bytes(hash.finalize().into());
                found.insert(path.clone(), FileDigest { path, bytes: length, sha256 });
            }
        }
    }
    // The encryption's own end, which a cut archive does not have.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(damaged)?;
    let (Some(about), Some(list), Some(signature)) = (about, list, signature) else {
        return Err(BackupError::Damaged);
    };
    signed(&list, &signature, service.unwrap_or(&about.service))?;
    if service.is_some_and(|service| *service != about.service) {
        return Err(BackupError::Signature);
    }
    compare(&list, found)?;
    Ok(Checked { about, bytes })
}

fn small(entry: &mut impl Read) -> Result<Vec<u8>, BackupError> {
    let mut text = Vec::new();
    entry.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|_| BackupError::Damaged)?;
    if text.len() as u64 > MAX_BYTES {
        Err(BackupError::Foreign("a list that is too long"))
    } else {
        Ok(text)
    }
}

fn digest_of(path: String, text: &[u8]) -> FileDigest {
    FileDigest { path, bytes: text.len() as u64, sha256: Sha256Hex::of(text) }
}

fn read_about(text: &[u8]) -> Result<About, BackupError> {
    #[derive(serde::Deserialize)]
    struct Form {
        format: u32,
    }
    let form: Form = serde_json::from_slice(text).map_err(|_| BackupError::Damaged)?;
    if form.format != FORMAT {
        return Err(BackupError::Format(form.format));
    }
    serde_json::from_slice(text).map_err(|_| BackupError::Damaged)
}

fn signed(list: &[u8], signature: &[u8], service: &VerifyingKey) -> Result<(), BackupError> {
    let text = std::str::from_utf8(signature).map_err(|_| BackupError::Signature)?;
    let signature: Signature = text.trim_end().parse().map_err(|_| BackupError::Signature)?;
    let fits = service.verifies(BACKUP_CONTEXT, list, &signature);
    if fits { Ok(()) } else { Err(BackupError::Signature) }
}

fn compare(list: &[u8], mut found: BTreeMap<String, FileDigest>) -> Result<(), BackupError> {
    let listed: Vec<FileDigest> = serde_json::from_slice(list).map_err(|_| BackupError::Damaged)?;
    for file in listed {
        match found.remove(&file.path) {
            Some(there) if there == file => {}
            _ => return Err(BackupError::Digest(file.path)),
        }
    }
    // What is there and not in the list.
    match found.into_keys().next() {
        Some(path) => Err(BackupError::Digest(path)),
        None => Ok(()),
    }
}
