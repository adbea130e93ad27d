//! A linkage key split in shares: any so many of them give it back, fewer say nothing about it.
//!
//! Shamir over GF(256), by the crate `blahaj`. A share carries with it, under its checksum, which one it is, of which
//! split and of which key; so what is put together wrongly is named before anything is computed, and the key id is held
//! against the outcome after it. The format is in `docs/PROTOCOL.md`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::file::{self, Example, KeyFileError, Kind, SHARE_BYTES as BYTES};
use super::linkage::{KeyId, LinkageKey};
use super::private::Writers;
use crate::clock::Timestamp;
use crate::limits::MAX_KEY_SHARES;
use crate::name::ProgrammeId;
use crate::secret::{Random, Secret};

const SPLIT: std::ops::Range<usize> = 3..11;
const KEY_ID: std::ops::Range<usize> = 11..19;
const VALUE: std::ops::Range<usize> = 19..BYTES;

/// Why a key was not split, or shares were not put together.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// Numbers that make no sense.
    #[error(
        "{needed} of {of} shares is not possible: at least 2 are needed, at most as many as there are, and at most {MAX_KEY_SHARES} are made"
    )]
    Numbers {
        /// How many are to be needed.
        needed: u8,
        /// How many there are to be.
        of: u8,
    },
    /// A share's file, or the key's.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// No share at all.
    #[error("no share was given")]
    None,
    /// Not enough.
    #[error("too few shares: {needed} of {of} are needed, and {} given ({}); fetch {} more of {}", are(given.len()), list(given, "and"), needed.saturating_sub(u8::try_from(given.len()).unwrap_or(u8::MAX)), list(missing, "or"))]
    TooFew {
        /// How many are needed.
        needed: u8,
        /// How many were made.
        of: u8,
        /// The numbers of those that are here.
        given: Vec<u8>,
        /// The numbers of the others.
        missing: Vec<u8>,
    },
    /// The same share in two files.
    #[error("{} and {} are the same share, number {number}; give each share once", first.display(), second.display())]
    Repeated {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// The share's number.
        number: u8,
    },
    /// Shares that do not belong together.
    #[error("{} and {} are not of the same split: a key that is split twice gives two sets of shares, and those of different sets do not fit together; compare the line `# split:` in the files", first.display(), second.display())]
    OtherSplit {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Put together, and another key.
    #[error(
        "the shares give another key than the one they are of ({key_id}); nothing was written. At least one has been changed: try other shares"
    )]
    OtherKey {
        /// The key id that the shares name.
        key_id: KeyId,
    },
}

fn are(count: usize) -> String {
    if count == 1 { "1 is".to_owned() } else { format!("{count} are") }
}

/// Numbers in words: `1, 3 and 4`.
pub(super) fn list(numbers: &[u8], last: &str) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    match texts.split_last() {
        Some((end, start)) if !start.is_empty() => format!("{} {last} {end}", start.join(", ")),
        Some((end, _)) => end.clone(),
        None => String::new(),
    }
}

/// One share of a linkage key. Says nothing about the key alone; as many as are needed say everything.
#[derive(Debug)]
pub struct Share {
    programme: ProgrammeId,
    bytes: Secret<BYTES>,
}

impl Share {
    fn part<const N: usize>(&self, range: std::ops::Range<usize>) -> [u8; N] {
        let mut part = [0; N];
        part.copy_from_slice(&self.bytes.expose("a public part of a share is read")[range]);
        part
    }

    /// Which share it is, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.part::<1>(0..1)[0]
    }

    /// How many are needed.
    #[must_use]
    pub fn needed(&self) -> u8 {
        self.part::<1>(1..2)[0]
    }

    /// How many were made.
    #[must_use]
    pub fn of(&self) -> u8 {
        self.part::<1>(2..3)[0]
    }

    /// The name of the split, which all shares that belong together have: 16 hexadecimal characters.
    #[must_use]
    pub fn split(&self) -> String {
        self.part::<8>(SPLIT).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The id of the key that was split.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId(self.part(KEY_ID))
    }

    /// The programme of the key.
    #[must_use]
    pub const fn programme(&self) -> &ProgrammeId {
        &self.programme
    }

    /// Reads a share's file and holds its comments against its content.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(path: &Path) -> Result<Share, KeyFileError> {
        Share::checked(path, file::load(path, Kind::Share, Example::Refuse)?)
    }

    /// Reads the text of a share's file; `path` is for messages.
    ///
    /// # Errors
    /// [`KeyFileError`], but those of the file system.
    pub fn parse(text: &str, path: &Path) -> Result<Share, KeyFileError> {
        Share::checked(path, file::parse(text, path, Kind::Share, Example::Refuse)?)
    }

    fn checked(path: &Path, loaded: file::Loaded<BYTES>) -> Result<Share, KeyFileError> {
        let contradiction = |field| KeyFileError::Contradiction { path: path.to_owned(), field };
        let programme = loaded.comment("programme").and_then(|text| text.parse().ok());
        let stated = ["key id", "split", "share"].map(|field| loaded.comment(field).map(str::to_owned));
        let share = Share { programme: programme.ok_or(contradiction("programme"))?, bytes: loaded.secret };
        let (number, needed, of) = (share.number(), share.needed(), share.of());
        if number == 0 || number > of || check(needed, of).is_err() {
            return Err(KeyFileError::Damaged(path.to_owned()));
        }
        let true_ones = [share.key_id().to_string(), share.split(), share.place()];
        for ((field, stated), is) in ["key id", "split", "share"].into_iter().zip(stated).zip(true_ones) {
            if stated.is_some_and(|stated| stated != is) {
                return Err(contradiction(field));
            }
        }
        Ok(share)
    }

    fn place(&self) -> String {
        format!("{} of {}, {} needed", self.number(), self.of(), self.needed())
    }

    fn save(&self, path: &Path, created: Timestamp) -> Result<(), KeyFileError> {
        let comments = [
            ("Kobling", "share of a linkage key; keep it apart from the others".to_owned()),
            ("programme", self.programme.to_string()),
            ("created", created.to_string()),
            ("key id", self.key_id().to_string()),
            ("split", self.split()),
            ("share", self.place()),
        ];
        file::write_new(path, Kind::Share, false, &comments, &self.bytes)
    }
}

fn check(needed: u8, of: u8) -> Result<(), ShareError> {
    if (2..=of).contains(&needed) && of <= MAX_KEY_SHARES {
        Ok(())
    } else {
        Err(ShareError::Numbers { needed, of })
    }
}

/// Randomness that is passed in, as the crate wants it.
struct Dice<'a>(&'a mut dyn Random);

impl rand_core::TryRng for Dice<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice<'_> {}

/// Splits a key in `of` shares, any `needed` of which give it back.
///
/// # Errors
/// [`ShareError::Numbers`].
pub fn split(
    key: &LinkageKey,
    needed: u8,
    of: u8,
    random: &mut dyn Random,
) -> Result<Vec<Share>, ShareError> {
    check(needed, of)?;
    let mut head = [0; VALUE.start];
    (head[1], head[2]) = (needed, of);
    random.fill(&mut head[SPLIT]);
    head[KEY_ID].copy_from_slice(&key.id().0);
    let secret = key.expose("it is split in shares here");
    let mut dice = Dice(random);
    let dealer = blahaj::Sharks(needed).dealer_rng(secret, &mut dice);
    let shares = dealer.take(usize::from(of)).map(|dealt| {
        let dealt = Zeroizing::new(Vec::from(&dealt));
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..VALUE.start].copy_from_slice(&head);
        bytes[0] = dealt[0];
        bytes[VALUE].copy_from_slice(&dealt[1..]);
        Share { programme: key.programme().clone(), bytes: Secret::new(&mut bytes) }
    });
    Ok(shares.collect())
}

/// Writes each share to a file of its own in a folder, which is made (mode 0700) where it is missing. All or none: what
/// was written before something failed is removed.
///
/// # Errors
/// [`KeyFileError::File`].
pub fn save_shares(
    shares: &[Share],
    folder: &Path,
    created: Timestamp,
) -> Result<Vec<PathBuf>, KeyFileError> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let failed = |source| {
        let doing = super::private::Doing::Written;
        super::private::PrivateFileError::Io { path: folder.to_owned(), doing, source }
    };
    match builder.create(folder) {
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            let about = folder.metadata().map_err(failed)?;
            if Writers::of(&about) != Writers::Nobody {
                return Err(super::private::PrivateFileError::Folder(folder.to_owned()).into());
            }
        }
        Err(source) => return Err(failed(source).into()),
        Ok(()) => {}
    }
    let mut written = Vec::new();
    for share in shares {
        let path = folder.join(format!("share-{}-of-{}.key", share.number(), share.of()));
        if let Err(error) = share.save(&path, created) {
            for path in written {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(written)
}

/// Puts shares together, with the files that they are from. More than are needed are all used: each must fit.
///
/// # Errors
/// [`ShareError`]; without enough shares of one split, or when the outcome has not the key id that they name, there is no
/// key.
pub fn combine(shares: &[(PathBuf, Share)]) -> Result<LinkageKey, ShareError> {
    let (first_path, first) = shares.first().ok_or(ShareError::None)?;
    let whole = |share: &Share| (share.part::<10>(1..11), share.key_id(), share.programme.clone());
    for (at, (path, share)) in shares.iter().enumerate() {
        if whole(share) != whole(first) {
            return Err(ShareError::OtherSplit { first: first_path.clone(), second: path.clone() });
        }
        if let Some((same, _)) = shares[..at].iter().find(|(_, other)| other.number() == share.number()) {
            let number = share.number();
            return Err(ShareError::Repeated { first: same.clone(), second: path.clone(), number });
        }
    }
    let (needed, of) = (first.needed(), first.of());
    let given: BTreeSet<u8> = shares.iter().map(|(_, share)| share.number()).collect();
    if given.len() < usize::from(needed) {
        let missing = (1..=of).filter(|number| !given.contains(number)).collect();
        return Err(ShareError::TooFew { needed, of, given: given.into_iter().collect(), missing });
    }
    let dealt: Vec<blahaj::Share> = shares
        .iter()
        .map(|(_, share)| {
            let mut bytes = Zeroizing::new([0; 33]);
            bytes[0] = share.number();
            bytes[1..].copy_from_slice(&share.bytes.expose("shares are put together here")[VALUE]);
            blahaj::Share::try_from(bytes.as_slice()).expect("33 bytes are a share")
        })
        .collect();
    let recovered = blahaj::Sharks(needed).recover(&dealt).expect("there are enough, and of one length");
    let recovered = Zeroizing::new(recovered);
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.copy_from_slice(&recovered);
    let key = LinkageKey::from_bytes(first.programme.clone(), &mut bytes);
    if key.id() == first.key_id() { Ok(key) } else { Err(ShareError::OtherKey { key_id: first.key_id() }) }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
