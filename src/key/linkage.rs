//! The linkage key and the token keys derived from it (`docs/PROTOCOL.md`, RFC 5869).

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroize as _;

use super::file::{self, Example, KeyFileError, Kind};
use crate::clock::Timestamp;
use crate::name::ProgrammeId;
use crate::secret::{Random, Secret};

/// The key that the partners of a programme share. Whoever holds it can try all CPR numbers in under a minute, so
/// it never reaches the service.
#[derive(Debug)]
pub struct LinkageKey {
    programme: ProgrammeId,
    secret: Secret<32>,
}

impl LinkageKey {
    /// A fresh key for a programme.
    #[must_use]
    pub fn generate(programme: ProgrammeId, random: &mut dyn Random) -> LinkageKey {
        LinkageKey { programme, secret: Secret::generate(random) }
    }

    /// A key from its 32 bytes: published vectors and tests.
    #[must_use]
    pub fn from_bytes(programme: ProgrammeId, bytes: &mut [u8; 32]) -> LinkageKey {
        LinkageKey { programme, secret: Secret::new(bytes) }
    }

    /// Reads a key file and holds its comments against its content.
    ///
    /// # Errors
    /// [`KeyFileError`]: unreadable, open to others, damaged, another kind, another programme, an example key.
    pub fn load(path: &Path, programme: &ProgrammeId, example: Example) -> Result<LinkageKey, KeyFileError> {
        let loaded = file::load(path, Kind::Linkage, example)?;
        match loaded.comment("programme") {
            Some(found) if found != programme.as_str() => {
                return Err(KeyFileError::OtherProgramme {
                    path: path.to_owned(),
                    found: found.to_owned(),
                    wanted: programme.to_string(),
                });
            }
            _ => {}
        }
        LinkageKey::checked(path, programme.clone(), loaded)
    }

    /// Reads a key file for the programme that it names itself.
    ///
    /// # Errors
    /// As [`LinkageKey::load`]; a file without a `# programme:` line is a contradiction.
    pub fn load_any(path: &Path, example: Example) -> Result<LinkageKey, KeyFileError> {
        LinkageKey::named(path, file::load(path, Kind::Linkage, example)?)
    }

    /// Reads the text of a key file for the programme that it names itself; `path` is for messages. An example key is
    /// refused.
    ///
    /// # Errors
    /// As [`LinkageKey::load_any`], but those of the file system.
    pub fn parse(text: &str, path: &Path) -> Result<LinkageKey, KeyFileError> {
        LinkageKey::named(path, file::parse(text, path, Kind::Linkage, Example::Refuse)?)
    }

    fn named(path: &Path, loaded: file::Loaded) -> Result<LinkageKey, KeyFileError> {
        let contradiction = || KeyFileError::Contradiction { path: path.to_owned(), field: "programme" };
        let programme =
            loaded.comment("programme").and_then(|text| text.parse().ok()).ok_or_else(contradiction)?;
        LinkageKey::checked(path, programme, loaded)
    }

    fn checked(
        path: &Path,
        programme: ProgrammeId,
        loaded: file::Loaded,
    ) -> Result<LinkageKey, KeyFileError> {
        let stated = loaded.comment("key id").map(str::to_owned);
        let key = LinkageKey { programme, secret: loaded.secret };
        if stated.is_some_and(|stated| stated != key.id().to_string()) {
            return Err(KeyFileError::Contradiction { path: path.to_owned(), field: "key id" });
        }
        Ok(key)
    }

    /// Writes a new key file, mode 0600; an existing file is left alone.
    ///
    /// # Errors
    /// [`KeyFileError::File`].
    pub fn save(&self, path: &Path, created: Timestamp, example: Example) -> Result<(), KeyFileError> {
        let comments = [
            ("Kobling", "linkage key, shared by the partners; never give it to the service".to_owned()),
            ("programme", self.programme.to_string()),
            ("created", created.to_string()),
            ("key id", self.id().to_string()),
        ];
        file::write_new(path, Kind::Linkage, example == Example::Allow, &comments, &self.secret)
    }

    /// The programme that the key is derived for.
    #[must_use]
    pub const fn programme(&self) -> &ProgrammeId {
        &self.programme
    }

    /// The public name of the key under its programme.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        self.expand(&[b"kobling/v1/key-id"], &mut id);
        KeyId(id)
    }

    /// The 32 bytes, to be split in shares.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn expose(&self, reason: &'static str) -> &[u8; 32] {
        self.secret.expose(reason)
    }

    /// The HMAC key of one scope, ready to run.
    #[must_use]
    pub fn token_key(&self, scope: &str) -> TokenKey {
        let mut bytes = [0; 32];
        self.expand(&[b"kobling/v1/token/", scope.as_bytes()], &mut bytes);
        let key = TokenKey::new(&bytes);
        bytes.zeroize();
        key
    }

    fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        let secret = self.secret.expose("key derivation");
        let prk = Hkdf::<Sha256>::new(Some(self.programme.as_str().as_bytes()), secret);
        prk.expand_multi_info(info, out).expect("at most 32 bytes are asked for");
    }
}

/// The public name of a linkage key under one programme: 8 bytes, 16 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 8]);

impl KeyId {
    /// The id in words, one for each byte, for two people to compare on the telephone.
    #[must_use]
    pub fn words(&self) -> String {
        super::words::words(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id has 16 hexadecimal characters, lower case")]
pub struct KeyIdError;

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<KeyId, KeyIdError> {
        let mut id = [0; 8];
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(KeyIdError);
        }
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| KeyIdError)?;
        }
        Ok(KeyId(id))
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<KeyId, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The HMAC key of one scope, kept as the hash state after its padded key, so that each token costs two
/// compressions of SHA-256 instead of four.
#[derive(Clone)]
pub struct TokenKey(hmac::Hmac<Sha256>);

impl TokenKey {
    pub(super) fn new(bytes: &[u8; 32]) -> TokenKey {
        use hmac::KeyInit as _;
        TokenKey(hmac::Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"))
    }

    /// HMAC-SHA-256 over the parts in order.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        use hmac::Mac as _;
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(programme: &str) -> LinkageKey {
        LinkageKey::from_bytes(programme.parse().expect("a name"), &mut [3; 32])
    }

    #[test]
    fn another_programme_gives_other_keys() {
        assert_ne!(key("a").id(), key("b").id());
        assert_ne!(key("a").token_key("cpr").mac(&[b"x"]), key("b").token_key("cpr").mac(&[b"x"]));
    }

    #[test]
    fn scopes_keep_apart() {
        let key = key("a");
        let macs = ["cpr", "xecpr", "local/p", "local/q", "case/p", "staff/p"]
            .map(|s| key.token_key(s).mac(&[b"x"]));
        for (i, mac) in macs.iter().enumerate() {
            assert!(macs[i + 1..].iter().all(|other| other != mac));
        }
    }

    #[test]
    fn a_file_keeps_programme_and_id() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("linkage.key");
        let made = key("a");
        made.save(&path, Timestamp::from_millis(0), Example::Refuse).expect("written");
        let read = LinkageKey::load(&path, made.programme(), Example::Refuse).expect("readable");
        assert_eq!(read.id(), made.id());
        assert_eq!(LinkageKey::load_any(&path, Example::Refuse).expect("readable").id(), made.id());
        let other = "b".parse().expect("a name");
        let refused = LinkageKey::load(&path, &other, Example::Refuse);
        assert!(matches!(refused, Err(KeyFileError::OtherProgramme { .. })));
        let debug = format!("{read:?} {:?}", read.token_key("cpr"));
        assert!(!debug.contains("[3"), "{debug}");
    }

    #[test]
    fn key_ids_have_one_form() {
        let id = key("a").id();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            id.to_string().to_uppercase().parse::<KeyId>().is_ok(),
            id.to_string() == id.to_string().to_uppercase()
        );
        assert_eq!("0123".parse::<KeyId>(), Err(KeyIdError));
    }
}
