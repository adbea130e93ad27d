//! The linkage key on its way to the partners: encrypted to recipients that each partner made itself.
//!
//! The format is `age` (age-encryption.org/v1, <https://c2sp.org/age>), by the crate `age` and X25519 recipients alone, so
//! the program `age` reads and writes the same files. Passphrases are refused before any work is done for them, SSH keys
//! and plugins by name. Randomness is the crate's own, from the operating system: it takes none from outside.
//!
//! `age` keeps a secret and does not say who sent it: everybody who knows a recipient can wrap a key for it. So what comes
//! out is held against the custodian's words on the telephone.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::ExposeSecret as _;
use age::x25519;
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use super::file::KeyFileError;
use super::linkage::LinkageKey;
use super::private::{self, PrivateFileError, Readers};
use crate::clock::Timestamp;
use crate::limits;

const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
const MAGIC: &[u8] = b"age-encryption.org/";

/// Why a key was not wrapped or unwrapped. Never carries a secret, nor what was given in place of a recipient.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// A file that cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The key, before it is wrapped or after.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Nobody to wrap it for.
    #[error("no recipient: name at least one with `--to`, an age1… text or a file with one a line")]
    NoRecipients,
    /// More than partners.
    #[error("more than {} recipients; is it the right file?", limits::MAX_RECIPIENTS)]
    ManyRecipients,
    /// The same twice.
    #[error("{recipient} is named twice: two partners never have the same recipient; ask them again")]
    Repeated {
        /// The recipient; it is no secret.
        recipient: String,
    },
    /// What is no recipient.
    #[error("{place}: {}", why.english())]
    Recipient {
        /// Where it stands: which `--to`, or file and line.
        place: Place,
        /// What it is.
        why: RecipientFault,
    },
    /// A file that is no identity.
    #[error("{}: {}", path.display(), why.english())]
    Identity {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: IdentityFault,
    },
    /// Not encrypted with `age`.
    #[error("{}: not a file of age: neither `age-encryption.org/` nor `-----BEGIN AGE ENCRYPTED FILE-----` stands in it; copy the whole text from the mail, with its first and last line", .0.display())]
    NotWrapped(PathBuf),
    /// Encrypted under a passphrase.
    #[error("{}: encrypted under a passphrase, which is not taken here: whoever has the file can try passphrases. Ask the custodian to wrap the key to your recipient: `kobling key recipient --show` prints it", .0.display())]
    Passphrase(PathBuf),
    /// Encrypted to others.
    #[error("{}: not encrypted to this identity; send the custodian the recipient that `kobling key recipient --show` prints", .0.display())]
    NotForYou(PathBuf),
    /// Cut or changed on the way.
    #[error("{}: damaged: cut short, or changed since it was encrypted; copy it again as a whole", .0.display())]
    Damaged(PathBuf),
}

/// Where a recipient stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The nth `--to`, from 1.
    Argument(usize),
    /// A line of a file, from 1.
    Line(PathBuf, usize),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Argument(at) => write!(f, "--to, number {at}"),
            Place::Line(path, line) => write!(f, "{}, line {line}", path.display()),
        }
    }
}

/// Why something is no recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientFault {
    /// An SSH key.
    Ssh,
    /// A secret, where its public half is needed.
    Secret,
    /// A recipient of another type than X25519.
    Plugin,
    /// Cut, mistyped, or something else.
    Text,
}

impl RecipientFault {
    const fn english(self) -> &'static str {
        match self {
            RecipientFault::Ssh => {
                "an SSH key, which is not taken: it was made for something else. Ask the partner to run `kobling key recipient --out identity.age` and send the age1… line"
            }
            RecipientFault::Secret => {
                "a secret identity, not a recipient: whoever sent it has given it away. Ask for a new recipient, made with `kobling key recipient --out identity.age`"
            }
            RecipientFault::Plugin => {
                "a recipient of a plugin or another type, which is not taken; ask for one made with `kobling key recipient --out identity.age`"
            }
            RecipientFault::Text => {
                "no recipient: age1 and 58 letters and digits are expected; copy it again as a whole"
            }
        }
    }
}

/// Why a file is no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityFault {
    /// No secret line.
    None,
    /// Itself encrypted.
    Encrypted,
    /// An SSH key, or an identity of a plugin.
    OtherType,
    /// Cut or mistyped.
    Text,
}

impl IdentityFault {
    const fn english(self) -> &'static str {
        match self {
            IdentityFault::None => {
                "holds no identity: a line that begins with AGE-SECRET-KEY-1 is expected; make one with `kobling key recipient --out identity.age`"
            }
            IdentityFault::Encrypted => {
                "the identity is itself encrypted; decrypt it with `age -d` to a file for you alone, and delete that afterwards"
            }
            IdentityFault::OtherType => {
                "an SSH key or an identity of a plugin, which is not taken; make one with `kobling key recipient --out identity.age`"
            }
            IdentityFault::Text => "the identity is damaged; copy the file again as a whole",
        }
    }
}

/// Those to whom a key is wrapped.
#[derive(Debug)]
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads what was given: each a recipient as text, or the name of a file with one a line (`#` begins a comment).
    ///
    /// # Errors
    /// [`HandoverError`]: none, more than [`limits::MAX_RECIPIENTS`], one twice, or something that is none.
    pub fn of(given: &[String]) -> Result<Recipients, HandoverError> {
        let mut found = Recipients(Vec::new());
        let mut seen = BTreeSet::new();
        for (at, given) in given.iter().enumerate() {
            let given = given.trim();
            if looks_like_recipient(given) {
                found.add(given, &mut seen, || Place::Argument(at + 1))?;
                continue;
            }
            let path = Path::new(given);
            let text = private::read_text(path, limits::MAX_KEY_FILE_BYTES * 2, Readers::Anybody)?;
            for (line, text) in text.lines().enumerate() {
                let text = text.trim();
                if !text.is_empty() && !text.starts_with('#') {
                    found.add(text, &mut seen, || Place::Line(path.to_owned(), line + 1))?;
                }
            }
        }
        if found.0.is_empty() { Err(HandoverError::NoRecipients) } else { Ok(found) }
    }

    fn add(
        &mut self,
        text: &str,
        seen: &mut BTreeSet<String>,
        place: impl Fn() -> Place,
    ) -> Result<(), HandoverError> {
        let recipient = recipient(text).map_err(|why| HandoverError::Recipient { place: place(), why })?;
        let canonical = recipient.to_string();
        if !seen.insert(canonical.clone()) {
            return Err(HandoverError::Repeated { recipient: canonical });
        }
        if self.0.len() == limits::MAX_RECIPIENTS {
            return Err(HandoverError::ManyRecipients);
        }
        self.0.push(recipient);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Each as text.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    #[cfg(feature = "service")]
    pub(super) fn all(&self) -> &[x25519::Recipient] {
        &self.0
    }
}

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether a text is meant as a recipient, right or wrong, and not as the name of a file.
fn looks_like_recipient(text: &str) -> bool {
    ["age1", "ssh-", "ecdsa-", "sk-", "age-secret-key-", "age-plugin-"]
        .iter()
        .any(|start| begins(text, start))
        && !Path::new(text).exists()
}

fn recipient(text: &str) -> Result<x25519::Recipient, RecipientFault> {
    if ["ssh-", "ecdsa-", "sk-"].iter().any(|start| begins(text, start)) {
        return Err(RecipientFault::Ssh);
    }
    if begins(text, "age-secret-key-") || begins(text, "age-plugin-") || text.contains("PRIVATE KEY") {
        return Err(RecipientFault::Secret);
    }
    match text.parse() {
        Ok(recipient) => Ok(recipient),
        // A second `1` separates the name of a plugin or of another type.
        Err(_) if begins(text, "age1") && text[4..].contains('1') => Err(RecipientFault::Plugin),
        Err(_) => Err(RecipientFault::Text),
    }
}

/// A partner's own identities: the secret halves of recipients.
pub struct Identities(Vec<x25519::Identity>);

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Identities").field(&self.recipients()).finish()
    }
}

impl Identities {
    /// Makes a new one in a file for its owner alone, in the form that `age-keygen` writes.
    ///
    /// # Errors
    /// [`HandoverError::File`]; an existing file is left alone.
    pub fn generate(path: &Path, created: Timestamp) -> Result<Identities, HandoverError> {
        let identity = x25519::Identity::generate();
        let secret = identity.to_string();
        let recipient = identity.to_public();
        let text = Zeroizing::new(format!(
            "# created: {created}\n# public key: {recipient}\n{}\n",
            secret.expose_secret()
        ));
        private::write_new(path, text.as_bytes())?;
        Ok(Identities(vec![identity]))
    }

    /// Reads a file of identities, of `kobling` or of `age-keygen`.
    ///
    /// # Errors
    /// [`HandoverError::File`] also where others may read it; [`HandoverError::Identity`].
    pub fn load(path: &Path) -> Result<Identities, HandoverError> {
        let bytes = private::read_bytes(path, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)?;
        Identities::parse(&bytes).map_err(|why| HandoverError::Identity { path: path.to_owned(), why })
    }

    /// Reads the content of such a file.
    ///
    /// # Errors
    /// [`IdentityFault`].
    pub fn parse(content: &[u8]) -> Result<Identities, IdentityFault> {
        if content.starts_with(MAGIC) || memchr::memmem::find(content, BEGIN).is_some() {
            return Err(IdentityFault::Encrypted);
        }
        let text = std::str::from_utf8(content).map_err(|_| IdentityFault::Text)?;
        let mut identities = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.contains("PRIVATE KEY") || begins(line, "AGE-PLUGIN-") {
                return Err(IdentityFault::OtherType);
            }
            if !begins(line, "AGE-SECRET-KEY-1") {
                return Err(if begins(line, "AGE-SECRET-KEY-") {
                    IdentityFault::OtherType
                } else {
                    IdentityFault::None
                });
            }
            identities.push(line.parse().map_err(|_| IdentityFault::Text)?);
        }
        if identities.is_empty() { Err(IdentityFault::None) } else { Ok(Identities(identities)) }
    }

    #[cfg(feature = "service")]
    pub(super) fn all(&self) -> &[x25519::Identity] {
        &self.0
    }

    /// Their recipients: what the custodian needs, and no secret.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.0.iter().map(|identity| identity.to_public().to_string()).collect()
    }
}

/// The form of a wrapped key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// Lines of text, to be pasted into a mail.
    Text,
    /// Bytes.
    Binary,
}

/// Wraps a linkage key's file, as it stands, in a new file for all recipients at once.
///
/// # Errors
/// [`HandoverError::Key`] where it is no sound linkage key, [`HandoverError::File`] where the new file exists.
pub fn wrap(
    key_file: &Path,
    recipients: &Recipients,
    wrapping: Wrapping,
    out: &Path,
) -> Result<LinkageKey, HandoverError> {
    let text = private::read_text(key_file, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)?;
    let key = LinkageKey::parse(&text, key_file)?;
    let io = |source| PrivateFileError::Io { path: out.to_owned(), doing: private::Doing::Written, source };
    let to = recipients.0.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(to).expect("there is a recipient, and all are of one type");
    let format = match wrapping {
        Wrapping::Text => Format::AsciiArmor,
        Wrapping::Binary => Format::Binary,
    };
    let sealed = ArmoredWriter::wrap_output(Vec::new(), format)
        .and_then(|writer| encryptor.wrap_output(writer))
        .and_then(|mut writer| writer.write_all(text.as_bytes()).and_then(|()| writer.finish()))
        .and_then(ArmoredWriter::finish)
        .map_err(io)?;
    private::write_new(out, &sealed)?;
    Ok(key)
}

/// Unwraps a key into a new file for its owner alone. Nothing is written unless it is a sound linkage key's file.
///
/// # Errors
/// [`HandoverError`].
pub fn unwrap(wrapped: &Path, identities: &Identities, out: &Path) -> Result<LinkageKey, HandoverError> {
    let content = private::read_bytes(wrapped, limits::MAX_WRAPPED_KEY_BYTES, Readers::Anybody)?;
    let (text, key) = open(&content, wrapped, identities)?;
    private::write_new(out, text.as_bytes())?;
    Ok(key)
}

/// Opens what was wrapped: the text of the key's file, and the key. `path` is for messages. Text around the lines of an
/// armoured file, as a mail has it, does no harm.
///
/// # Errors
/// [`HandoverError`], but those of the file system.
pub fn open(
    content: &[u8],
    path: &Path,
    identities: &Identities,
) -> Result<(Zeroizing<String>, LinkageKey), HandoverError> {
    let damaged = || HandoverError::Damaged(path.to_owned());
    let sealed = match memchr::memmem::find(content, BEGIN) {
        _ if content.starts_with(MAGIC) => content,
        Some(begin) => {
            let rest = &content[begin..];
            let end = memchr::memmem::find(rest, END).ok_or_else(damaged)?;
            &rest[..end + END.len()]
        }
        None => return Err(HandoverError::NotWrapped(path.to_owned())),
    };
    let decryptor = Decryptor::new(ArmoredReader::new(sealed)).map_err(|_| damaged())?;
    if decryptor.is_scrypt() {
        return Err(HandoverError::Passphrase(path.to_owned()));
    }
    let ours = identities.0.iter().map(|identity| identity as &dyn age::Identity);
    let opened = decryptor.decrypt(ours).map_err(|error| match error {
        DecryptError::NoMatchingKeys => HandoverError::NotForYou(path.to_owned()),
        _ => damaged(),
    })?;
    let most = limits::MAX_KEY_FILE_BYTES;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(most).unwrap_or(0) + 64));
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|_| damaged())?;
    if bytes.len() as u64 > most {
        return Err(PrivateFileError::Large { path: path.to_owned(), most }.into());
    }
    // Neither text nor key: the same to the reader, and what it says stays unread.
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let key = LinkageKey::parse(text, path)?;
    Ok((Zeroizing::new(text.to_owned()), key))
}
