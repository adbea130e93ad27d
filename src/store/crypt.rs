//! The database on disk: encrypted page by page, the write-ahead log too.
//!
//! SQLite3 Multiple Ciphers with AEGIS-256: each page a message of its own under a random nonce of 32 bytes, its number bound into
//! it, its tag of 32 bytes at its end. The key is the vault's, without a derivation from a passphrase in between.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use zeroize::Zeroizing;

use super::StoreError;
use super::folder::{DataFolder, own_file};
use crate::key::Fingerprint;
use crate::vault::Vault;

/// First bytes of a database in clear.
const CLEAR: &[u8; 16] = b"SQLite format 3\0";

/// Opens a database under the vault's key, and makes it where there is none.
pub(super) fn open(path: &Path, vault: &Vault) -> Result<Connection, StoreError> {
    if is_plain(path)? {
        return Err(StoreError::Plain(path.to_owned()));
    }
    let db = Connection::open(path)?;
    // Copies of the text that SQLite makes on the way are wiped when it frees them.
    db.pragma_update(None, "memory_security", "fill")?;
    db.pragma_update(None, "key", vault.database_key().as_str())?;
    // The first page is read here: under another key it is none.
    match db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(StoreError::OtherKey(path.to_owned()))
        }
        read => Ok(read.map(|()| db)?),
    }
}

/// Whether a file is a database in clear: one that a version before 0.2.0 made. One that is not there, or empty, is not.
///
/// # Errors
/// [`StoreError::Io`].
pub fn is_plain(path: &Path) -> Result<bool, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), doing: "read", source };
    let mut head = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.and_then(|file| file.take(CLEAR.len() as u64).read_to_end(&mut head)).map_err(io)?,
    };
    Ok(head == CLEAR)
}

/// Encrypts the database of a data folder that a version before 0.2.0 made, for its migration: an encrypted copy is made, checked and made
/// durable, and takes the place of the other by its name alone. Whatever ends it midway, the one or the other is there; done again,
/// it carries on. An encrypted one is left as it is. Returns whether there was anything to do. `service` is the short name of the
/// signing key that comes of the same service key: under another than the folder was made with, nothing is encrypted.
///
/// The blocks that the one in clear took are the file system's, which may keep what was in them.
///
/// # Errors
/// [`StoreError::NotThere`], [`StoreError::InUse`], [`StoreError::OtherKey`], [`StoreError::Damaged`] when the copy is not whole, and whatever the disk or
/// SQLite says.
pub fn encrypt_plain(root: &Path, vault: &Vault, service: Fingerprint) -> Result<bool, StoreError> {
    let folder = DataFolder::open(root)?;
    let path = folder.database();
    if !path.exists() {
        return Err(StoreError::NotThere(root.to_owned()));
    }
    let _lock = folder.lock()?;
    let copy = beside(&path, ".sealing");
    // Left by an end in the middle.
    for left in [copy.clone(), beside(&copy, "-journal"), beside(&copy, "-wal"), beside(&copy, "-shm")] {
        remove(&left)?;
    }
    if !is_plain(&path)? {
        return Ok(false);
    }
    // What the log still holds goes into the file, and the log goes.
    let db = Connection::open(&path)?;
    let sql = "SELECT value FROM meta WHERE name = 'service-fingerprint'";
    let made_with: Option<String> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    if made_with.is_none_or(|made_with| made_with != service.to_string()) {
        return Err(StoreError::OtherKey(path));
    }
    db.pragma_update(None, "journal_mode", "DELETE")?;
    drop(db);
    for log in ["-wal", "-shm"] {
        if beside(&path, log).exists() {
            return Err(StoreError::Damaged("the database's write-ahead log"));
        }
    }
    let io = |doing| {
        let copy = copy.clone();
        move |source| StoreError::Io { path: copy, doing, source }
    };
    own_file(&copy).map_err(io("made"))?;
    let db = Connection::open(&path)?;
    db.pragma_update(None, "memory_security", "fill")?;
    let key = vault.database_key();
    // Page by page into the other file: nothing of it is in clear there, nor in memory as a whole.
    let uri = Zeroizing::new(format!("file:{}?cipher=aegis&key={}", in_uri(&copy)?, key.as_str()));
    db.execute("VACUUM INTO ?1", [uri.as_str()])?;
    drop(db);
    let db = open(&copy, vault)?;
    let said: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    drop(db);
    if said != "ok" {
        remove(&copy)?;
        return Err(StoreError::Damaged("the database file"));
    }
    File::open(&copy).and_then(|file| file.sync_all()).map_err(io("made durable"))?;
    fs::rename(&copy, &path).map_err(io("put in its place"))?;
    if cfg!(unix) {
        File::open(root).and_then(|folder| folder.sync_all()).map_err(io("made durable"))?;
    }
    Ok(true)
}

/// A path within a URI.
fn in_uri(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::Io {
        path: path.to_owned(),
        doing: "named in UTF-8",
        source: std::io::ErrorKind::InvalidFilename.into(),
    })?;
    let mut uri = String::new();
    // A drive's letter follows a slash.
    if cfg!(windows) && !text.starts_with(['/', '\\']) {
        uri.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'.' | b'-' | b'_' | b':' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(uri)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Io { path: path.to_owned(), doing: "removed", source: error })
        }
        _ => Ok(()),
    }
}
