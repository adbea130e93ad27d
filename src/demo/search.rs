//! Looks for needles in folders and buffers: is there, anywhere, what may be nowhere?
//!
//! Every place of every byte is compared with all needles at once: the eight bytes from there on are looked up, and what
//! begins like a needle is compared whole. What is compressed or encrypted is searched as it lies.
//!
//! A finding says where and what kind, never what. Before a clean result is worth anything, [`Search::prove`] must
//! have found what it planted.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustc_hash::FxHashMap;

use super::DemoError;

/// Bytes of a needle that are looked up at once; no needle is shorter.
const HEAD: usize = 8;
/// Places of the filter in front of the look-up: a power of two.
const FILTER: usize = 1 << 22;
/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// What a needle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NeedleKind {
    /// A person's number, ten characters.
    Number,
    /// A person's number with a hyphen after the sixth character.
    HyphenedNumber,
    /// A raw token, as its 32 bytes.
    TokenBytes,
    /// A raw token in base64url, as packages write it.
    TokenText,
    /// A raw token in base64 with the other alphabet.
    TokenBase64,
    /// A raw token in hexadecimal, lower case.
    TokenHex,
    /// A raw token in hexadecimal, upper case.
    TokenUpperHex,
    /// A word of a free text column.
    Word,
}

/// Something found. Never what was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, or the name given to a buffer.
    pub place: String,
    /// What kind of needle.
    pub kind: NeedleKind,
    /// Bytes before it.
    pub offset: u64,
}

/// What was searched, and what was found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Places searched.
    pub places: u64,
    /// Bytes searched.
    pub bytes: u64,
    /// Findings in order of place and offset.
    pub found: Vec<Finding>,
}

impl Findings {
    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Findings) {
        self.places += other.places;
        self.bytes += other.bytes;
        self.found.extend(other.found);
    }
}

/// A set of needles, ready to be looked for. No `Debug`: it is full of identities.
pub struct Search {
    needles: Vec<(NeedleKind, Box<[u8]>)>,
    /// Needles by their first eight bytes.
    heads: FxHashMap<u64, Vec<u32>>,
    filter: Vec<u64>,
    longest: usize,
}

impl Search {
    /// A search for needles, each of 8 bytes at least; shorter ones are not taken, and empty sets find nothing.
    #[must_use]
    pub fn new(needles: impl IntoIterator<Item = (NeedleKind, Box<[u8]>)>) -> Search {
        let mut search = Search {
            needles: Vec::new(),
            heads: FxHashMap::default(),
            filter: vec![0; FILTER / 64],
            longest: HEAD,
        };
        for (kind, needle) in needles {
            let Some(head) = needle.first_chunk::<HEAD>() else { continue };
            let head = u64::from_le_bytes(*head);
            let of_head = search.heads.entry(head).or_default();
            let known = |at: &u32| search.needles[*at as usize].1 == needle;
            if of_head.iter().any(known) {
                continue;
            }
            of_head.push(u32::try_from(search.needles.len()).expect("fewer needles than 2^32"));
            let slot = slot(head);
            search.filter[slot / 64] |= 1 << (slot % 64);
            search.longest = search.longest.max(needle.len());
            search.needles.push((kind, needle));
        }
        search
    }

    /// Distinct needles.
    #[must_use]
    pub fn needles(&self) -> usize {
        self.needles.len()
    }

    /// Searches a buffer, named for the findings.
    #[must_use]
    pub fn buffer(&self, place: &str, bytes: &[u8]) -> Findings {
        let mut found = Vec::new();
        self.scan(bytes, bytes.len(), |at, kind| {
            found.push(Finding { place: place.to_owned(), kind, offset: at as u64 });
        });
        Findings { places: 1, bytes: bytes.len() as u64, found }
    }

    /// Searches every file under a folder, and the names of files and folders themselves. Links are not followed. A
    /// file that is gone by the time it is opened is passed over.
    ///
    /// # Errors
    /// [`DemoError::Io`] when something cannot be read.
    pub fn folder(&self, folder: &Path) -> Result<Findings, DemoError> {
        let mut findings = Findings::default();
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let mut entries = entries.map_err(DemoError::io(&folder, "read"))?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let path = entry.path();
                let name = entry.file_name();
                let mut in_name = self.buffer("(a file name)", name.as_encoded_bytes());
                (in_name.places, in_name.bytes) = (0, 0);
                findings.add(in_name);
                let kind = entry.file_type().map_err(DemoError::io(&path, "read"))?;
                if kind.is_dir() {
                    waiting.push(path);
                } else if kind.is_file() {
                    match self.file(&path) {
                        Err(DemoError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                        other => findings.add(other?),
                    }
                }
            }
        }
        findings.found.sort();
        Ok(findings)
    }

    fn file(&self, path: &Path) -> Result<Findings, DemoError> {
        let place = path.display().to_string();
        let mut findings = Findings { places: 1, ..Findings::default() };
        let mut file = File::open(path).map_err(DemoError::io(path, "read"))?;
        let mut held: Vec<u8> = Vec::with_capacity(CHUNK + self.longest + Digest::LONGEST);
        let mut before = 0u64;
        // Places of what is held that were tried already.
        let mut tried = 0;
        // What is kept of a chunk is enough for a needle across its end, and for what stands around a number.
        let keep = self.longest + 2 * Digest::LONGEST;
        loop {
            let read = (&mut file).take(CHUNK as u64).read_to_end(&mut held);
            let last = read.map_err(DemoError::io(path, "read"))? == 0;
            let until = if last { held.len() } else { held.len().saturating_sub(keep) };
            self.scan_from(&held, tried, until, |at, kind| {
                findings.found.push(Finding { place: place.clone(), kind, offset: before + at as u64 });
            });
            if last {
                findings.bytes = before + held.len() as u64;
                return Ok(findings);
            }
            // Keep what stands before the next place to look at, too.
            let drop = until.saturating_sub(Digest::LONGEST);
            held.drain(..drop);
            before += drop as u64;
            tried = tried.max(until) - drop;
        }
    }

    fn scan(&self, bytes: &[u8], until: usize, hit: impl FnMut(usize, NeedleKind)) {
        self.scan_from(bytes, 0, until, hit);
    }

    /// Tries every place from `from` up to `until`.
    fn scan_from(&self, bytes: &[u8], from: usize, until: usize, mut hit: impl FnMut(usize, NeedleKind)) {
        for at in from..until {
            let Some(head) = bytes[at..].first_chunk::<HEAD>() else { return };
            let head = u64::from_le_bytes(*head);
            let slot = slot(head);
            if self.filter[slot / 64] >> (slot % 64) & 1 == 0 {
                continue;
            }
            for needle in self.heads.get(&head).into_iter().flatten() {
                let (kind, needle) = &self.needles[*needle as usize];
                let digest = || *kind == NeedleKind::Number && Digest::holds(bytes, at, needle.len());
                if bytes[at..].starts_with(needle) && !digest() {
                    hit(at, *kind);
                }
            }
        }
    }

    /// Plants a needle of each kind in a buffer and in files of a scratch folder, across the seam of two reads too,
    /// and looks for them. The scratch folder must not be one that is searched in earnest; the files are taken away.
    ///
    /// # Errors
    /// [`DemoError::File`] when something planted is not found: nothing that this search says is worth anything then.
    pub fn prove(&self, scratch: &Path) -> Result<usize, DemoError> {
        let path = scratch.join("planted.bin");
        let blind =
            || DemoError::File { path: path.clone(), what: "holds planted needles that were not found" };
        let mut kinds: Vec<NeedleKind> = self.needles.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut planted = 0;
        for kind in kinds {
            let of_kind: Vec<&[u8]> =
                self.needles.iter().filter(|(k, _)| *k == kind).map(|(_, needle)| &needle[..]).collect();
            for needle in [of_kind[0], of_kind[of_kind.len() / 2], of_kind[of_kind.len() - 1]] {
                for before in [0, 1, 4097, CHUNK - needle.len() / 2, 2 * CHUNK - 1] {
                    let hay = [&vec![b'.'; before][..], needle, b".."].concat();
                    let wanted = |findings: &Findings| {
                        findings.found.iter().any(|f| f.kind == kind && f.offset == before as u64)
                    };
                    std::fs::write(&path, &hay).map_err(DemoError::io(&path, "written"))?;
                    let in_file = self.file(&path);
                    std::fs::remove_file(&path).map_err(DemoError::io(&path, "written"))?;
                    if !wanted(&in_file?) || !wanted(&self.buffer("planted", &hay)) {
                        return Err(blind());
                    }
                    planted += 2;
                }
            }
        }
        if planted == 0 { Err(blind()) } else { Ok(planted) }
    }
}

const fn slot(head: u64) -> usize {
    (head.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER.trailing_zeros())) as usize
}

/// Digests in hexadecimal have ten digits in a row now and then, and some such run is somebody's number by chance.
struct Digest;

impl Digest {
    const LONGEST: usize = 128;

    /// Whether ten digits stand within a lower-case hexadecimal text, letters included, of the length of a digest or
    /// key id.
    fn holds(bytes: &[u8], at: usize, length: usize) -> bool {
        let hex = |byte: &&u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(*byte);
        let before = bytes[..at].iter().rev().take(Digest::LONGEST).take_while(hex).count();
        let after = bytes[at + length..].iter().take(Digest::LONGEST).take_while(hex).count();
        let run = &bytes[at - before..at + length + after];
        matches!(run.len(), 16 | 32 | 40 | 64 | 128) && run.iter().any(u8::is_ascii_lowercase)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn search(needles: &[(NeedleKind, &[u8])]) -> Search {
        Search::new(needles.iter().map(|(kind, needle)| (*kind, (*needle).into())))
    }

    #[test]
    fn finds_in_files_names_and_buffers_and_says_where() {
        let search =
            search(&[(NeedleKind::Number, b"0707614286"), (NeedleKind::HyphenedNumber, b"070761-4286")]);
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).expect("made");
        std::fs::write(deep.join("clean"), b"0707614287").expect("written");
        std::fs::write(deep.join("log"), b"\x00x070761-4286\xff").expect("written");
        assert_eq!(search.folder(folder.path()).expect("read").found.len(), 1);
        std::fs::write(deep.join("0707614286.csv"), b"").expect("written");
        let found = search.folder(folder.path()).expect("read");
        assert_eq!((found.places, found.found.len()), (3, 2));
        let told = format!("{:?}", found.found);
        assert!(told.contains("log") && told.contains("offset: 2"), "{told}");
        assert!(!told.contains("4286"), "a finding tells what was found");
        let buffer = search.buffer("reply 3", b"{\"n\":20707614286}");
        assert_eq!(buffer.found[0].place, "reply 3");
    }

    #[test]
    fn proves_that_it_finds_and_that_it_can_fail() {
        let folder = tempfile::tempdir().expect("a folder");
        let token = [0xA7; 32];
        let good = search(&[(NeedleKind::Number, b"0707614286"), (NeedleKind::TokenBytes, &token)]);
        assert_eq!(good.prove(folder.path()).ok(), Some(2 * 3 * 5 * 2));
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0, "nothing stays behind");
        assert!(search(&[]).prove(folder.path()).is_err(), "nothing to look for is no proof");
        let mut blind = good;
        blind.filter.fill(0);
        assert!(matches!(blind.prove(folder.path()), Err(DemoError::File { .. })));
    }

    #[test]
    fn digits_inside_a_digest_are_chance() {
        let search = search(&[(NeedleKind::Number, b"0707614286")]);
        let digest = format!("{}0707614286{}", "ab".repeat(20), "c".repeat(14));
        assert_eq!(search.buffer("x", format!("sha256:{digest}\"").as_bytes()).found.len(), 0);
        // But not next to one, in one of another length, or in digits alone.
        assert_eq!(search.buffer("x", format!("{digest} 0707614286").as_bytes()).found.len(), 1);
        assert_eq!(search.buffer("x", &digest.as_bytes()[1..]).found.len(), 1);
        assert_eq!(search.buffer("x", b"0000000707614286").found.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Every needle is found wherever it stands, and nothing else is: against a search that tries everything.
        #[test]
        fn agrees_with_trying_every_place(
            hay in prop::collection::vec(0..3u8, 0..400),
            needles in prop::collection::vec(prop::collection::vec(0..3u8, 8..12), 1..30),
        ) {
            let search = Search::new(needles.iter().map(|n| (NeedleKind::Word, n.clone().into())));
            let distinct: std::collections::BTreeSet<_> = needles.iter().collect();
            let plain = (0..hay.len())
                .map(|at| distinct.iter().filter(|n| hay[at..].starts_with(n)).count())
                .sum::<usize>();
            prop_assert_eq!(search.buffer("x", &hay).found.len(), plain);
        }
    }

    #[test]
    fn seams_between_reads_hide_and_double_nothing() {
        let search = search(&[(NeedleKind::Number, b"0707614286")]);
        let folder = tempfile::tempdir().expect("a folder");
        let mut hay = vec![b'x'; 3 * CHUNK];
        let places: Vec<usize> =
            (0..40).map(|n| CHUNK - 400 + n * 20).chain([0, 2 * CHUNK - 5, 3 * CHUNK - 10]).collect();
        for at in &places {
            hay[*at..at + 10].copy_from_slice(b"0707614286");
        }
        std::fs::write(folder.path().join("f"), &hay).expect("written");
        let found = search.folder(folder.path()).expect("read");
        let mut wanted: Vec<u64> = places.iter().map(|at| *at as u64).collect();
        wanted.sort_unstable();
        assert_eq!(found.found.iter().map(|f| f.offset).collect::<Vec<_>>(), wanted);
        assert_eq!(found.bytes, hay.len() as u64);
        for length in (10..1200).step_by(7).chain([CHUNK, CHUNK + 1, CHUNK + 300]) {
            let hay = [b"0707614286".as_slice(), &vec![b'x'; length - 10]].concat();
            std::fs::write(folder.path().join("f"), hay).expect("written");
            assert_eq!(search.folder(folder.path()).expect("read").found.len(), 1, "{length}");
        }
    }
}
