//! What an archive says of itself.

use serde::{Deserialize, Serialize};

use crate::audit::ChainHead;
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::key::VerifyingKey;
use crate::name::ProgrammeId;

/// Version of the archive's form.
pub(super) const FORMAT: u32 = 1;
/// The first file.
pub(super) const ABOUT: &str = "backup.json";
/// The last but one.
pub(super) const DIGESTS: &str = "digests.json";
/// The last.
pub(super) const SIGNATURE: &str = "digests.json.sig";
/// The database.
pub(super) const DATABASE: &str = "kobling.sqlite";
/// Largest of those that say something of the archive.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// `backup.json`. No count of anything that a person could be told from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Version of the archive's form.
    pub format: u32,
    /// The version of koblingd that made it.
    pub version: String,
    /// Version of the database's schema.
    pub schema: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The programme.
    pub programme: ProgrammeId,
    /// Version of its definition.
    pub programme_version: u32,
    /// Digest of its text.
    pub programme_sha256: Sha256Hex,
    /// The service's public key: the digests are signed by it.
    #[serde(with = "text")]
    pub service: VerifyingKey,
    /// Head of the audit chain.
    pub chain: ChainHead,
    /// When its last entry was made.
    pub chain_at: Option<Timestamp>,
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDigest {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: Sha256Hex,
}

/// Whether a path is one that an archive holds: nothing else is unpacked, whatever an archive says.
pub(super) fn is_known(path: &str) -> bool {
    let staged = |name: &str| {
        let (id, generation) = name.split_at_checked(32).unwrap_or_default();
        id.len() == 32
            && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && (generation.is_empty()
                || generation.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0)))
    };
    let part = |name: &str| {
        !name.is_empty()
            && name.len() <= 128
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
    };
    let mut parts = path.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(DATABASE), None, ..) => true,
        (Some("staged"), Some(name), None, _) => staged(name),
        (Some("snapshots"), Some(folder), Some(name), None) => {
            crate::snapshot::generation_of(folder).is_some() && part(name)
        }
        _ => false,
    }
}

mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::key::VerifyingKey;

    pub(super) fn serialize<S: Serializer>(key: &VerifyingKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifyingKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("this is no public key"))
    }
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn only_paths_of_a_data_folder_are_known() {
        let id = "0123456789abcdef0123456789abcdef";
        for path in [
            "kobling.sqlite",
            &format!("staged/{id}"),
            &format!("staged/{id}-12"),
            "snapshots/7/rows-a.parquet",
            "snapshots/7-2/snapshot.json",
        ] {
            assert!(is_known(path), "{path}");
        }
        for path in [
            "",
            "/",
            "kobling.sqlite/",
            "../kobling.sqlite",
            "kobling.sqlite-wal",
            "lock",
            "control",
            "service.key",
            "staged/",
            "staged/x",
            "staged/../kobling.sqlite",
            &format!("staged/{id}-0"),
            &format!("staged/{id}/x"),
            &format!("staged/{}", id.to_uppercase()),
            "snapshots/7",
            "snapshots/7/",
            "snapshots/07/a",
            "snapshots/7/..",
            "snapshots/7/.a",
            "snapshots/7/a/b",
            "snapshots/../a",
            "snapshots/7/A\\B",
            "/etc/passwd",
            "snapshots/7/a\0b",
        ] {
            assert!(!is_known(path), "{path:?}");
        }
    }
}
