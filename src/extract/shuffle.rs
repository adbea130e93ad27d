//! Random order in bounded memory, and each row once. Rows that differ only in what stays at home are different rows.
//!
//! A row goes to one of 1024 piles by a keyed hash of its own bytes, so the same row always meets itself there; a
//! pile is shuffled as a whole when it leaves. Which pile comes when depends on a key that nobody keeps: the order
//! of the package tells nothing about the order of the extract. Piles that do not fit in memory wait on disk,
//! encrypted (AES-256-GCM) under a key that exists in memory only, in a file that has no name.

use std::collections::hash_map::Entry;
use std::hash::Hasher as _;
use std::io;
use std::path::Path;
use std::sync::{Mutex, mpsc};

use rustc_hash::{FxHashMap, FxHasher};

use super::report::KINDS;
use super::spill::Spill;
use crate::id::IdKind;
use crate::secret::{Random, SeededRandom, shuffle};

/// Piles: at the largest package of 64 GiB, a pile is 64 MiB.
pub(super) const PILES: usize = 1024;
/// Bytes before a row in a pile: length, kind of identifier, line.
const PREFIX: usize = 2 + 1 + 8;
const ANONYMOUS: u8 = u8::MAX;

/// Rows of one chunk on their way to the piles.
pub(super) struct RowBuffer {
    seed: u64,
    bytes: Vec<u8>,
    /// (pile, end in `bytes`).
    rows: Vec<(u16, usize)>,
}

impl RowBuffer {
    pub fn new(seed: u64) -> RowBuffer {
        RowBuffer { seed, bytes: Vec::new(), rows: Vec::new() }
    }

    /// An empty buffer for the same piles.
    pub fn empty_like(&self) -> RowBuffer {
        RowBuffer::new(self.seed)
    }

    /// Adds a tokenised line, without its line end; behind it, the bytes that stay behind.
    pub fn push(&mut self, line: &[u8], kind: Option<IdKind>, number: u64) {
        let mut hasher = FxHasher::default();
        hasher.write_u64(self.seed);
        hasher.write(line);
        let pile = u16::try_from(hasher.finish() >> 54).expect("ten bits");
        let length =
            u16::try_from(line.len()).expect("tokens, dates and codes of 64 columns are under 64 KiB");
        let kind =
            kind.map_or(ANONYMOUS, |kind| KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u8);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self.bytes.extend_from_slice(line);
        self.rows.push((pile, self.bytes.len()));
    }
}

/// A pile as it leaves: its rows in random order, each once.
#[derive(Default)]
pub(super) struct Pile {
    /// The rows, each with its line end.
    pub lines: Vec<u8>,
    /// Rows by kind of identifier, in the order of [`KINDS`].
    pub kinds: [u64; KINDS.len()],
    /// Rows without an identifier.
    pub anonymous: u64,
    /// Lines of the extract whose row leaves, or has left, from an earlier line.
    pub repeated: Vec<u64>,
}

/// The piles.
pub(super) struct Shuffler {
    seed: u64,
    random: SeededRandom,
    piles: Vec<Vec<u8>>,
    held: usize,
    memory: usize,
    /// Bytes at the end of each line that tell rows apart and stay behind.
    apart: usize,
    spill: Option<Spill>,
}

impl Shuffler {
    pub fn new(random: &mut dyn Random, memory: usize, apart: usize) -> Shuffler {
        let mut random = SeededRandom::fork(random);
        let seed = random.below(u64::MAX);
        Shuffler { seed, random, piles: vec![Vec::new(); PILES], held: 0, memory, apart, spill: None }
    }

    /// A buffer whose rows belong to these piles.
    pub fn buffer(&self) -> RowBuffer {
        RowBuffer::new(self.seed)
    }

    /// Takes the rows of a buffer; spills to an unnamed file in `folder` when memory is full.
    pub fn take(&mut self, buffer: &mut RowBuffer, folder: &Path) -> io::Result<()> {
        let mut start = 0;
        for (pile, end) in buffer.rows.drain(..) {
            self.piles[usize::from(pile)].extend_from_slice(&buffer.bytes[start..end]);
            start = end;
        }
        self.held += start;
        buffer.bytes.clear();
        if self.held > self.memory {
            let spill = match &mut self.spill {
                Some(spill) => spill,
                none => none.insert(Spill::new(folder, &mut self.random)?),
            };
            for (at, pile) in self.piles.iter_mut().enumerate().filter(|(_, pile)| !pile.is_empty()) {
                spill.write(at, pile)?;
            }
            self.held = 0;
        }
        Ok(())
    }

    /// Whether anything went to disk.
    #[cfg(test)]
    pub const fn spilled(&self) -> bool {
        self.spill.is_some()
    }

    /// Gives every pile to `each`, in random order; piles are made ready on all cores.
    pub fn drain<E: From<io::Error>>(mut self, mut each: impl FnMut(Pile) -> Result<(), E>) -> Result<(), E> {
        let mut order = (0..PILES).collect::<Vec<_>>();
        shuffle(&mut order, &mut self.random);
        let forks = order.iter().map(|_| SeededRandom::fork(&mut self.random)).collect::<Vec<_>>();
        let work = order
            .into_iter()
            .zip(forks)
            .map(|(at, random)| (at, std::mem::take(&mut self.piles[at]), random));
        let work = Mutex::new(work.collect::<Vec<_>>());
        let (spill, apart) = (self.spill.as_ref(), self.apart);
        if cfg!(target_family = "wasm") {
            // The page has one thread.
            let mut work = work.into_inner().expect("nobody holds the lock");
            while let Some((_, bytes, mut random)) = work.pop() {
                each(ready(&bytes, apart, &mut random))?;
            }
            return Ok(());
        }
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        std::thread::scope(|scope| {
            let (pile_in, pile_out) = mpsc::sync_channel::<io::Result<Pile>>(workers);
            for _ in 0..workers {
                let (pile_in, work) = (pile_in.clone(), &work);
                scope.spawn(move || {
                    loop {
                        let next = work.lock().expect("no worker panics with the lock").pop();
                        let Some((at, mut bytes, mut random)) = next else { return };
                        let read = spill.map_or(Ok(()), |spill| spill.read(at, &mut bytes));
                        if pile_in.send(read.map(|()| ready(&bytes, apart, &mut random))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(pile_in);
            pile_out.iter().try_for_each(|pile| each(pile?))
        })
    }
}

/// Puts the rows of a pile in random order, each once.
fn ready(bytes: &[u8], apart: usize, random: &mut SeededRandom) -> Pile {
    let mut rows = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        rows.push(start);
        start += PREFIX + usize::from(u16::from_le_bytes([bytes[start], bytes[start + 1]]));
    }
    let row = |start: usize| {
        let length = usize::from(u16::from_le_bytes([bytes[start], bytes[start + 1]]));
        let number = u64::from_le_bytes(bytes[start + 3..start + 11].try_into().expect("eight bytes"));
        (&bytes[start + PREFIX..start + PREFIX + length], bytes[start + 2], number)
    };
    // Of equal rows, the one on the first line is sent. Anonymous rows are contacts: each counts.
    let mut first: FxHashMap<&[u8], usize> = FxHashMap::default();
    first.reserve(rows.len());
    let mut repeats = Vec::new();
    for (at, start) in rows.iter().enumerate() {
        let (line, kind, number) = row(*start);
        if kind == ANONYMOUS {
            continue;
        }
        match first.entry(line) {
            Entry::Vacant(place) => {
                place.insert(at);
            }
            Entry::Occupied(mut place) => {
                let later = if row(rows[*place.get()]).2 < number { at } else { place.insert(at) };
                repeats.push(later);
            }
        }
    }
    let mut pile = Pile { lines: Vec::with_capacity(bytes.len()), ..Pile::default() };
    drop(first);
    repeats.sort_unstable();
    for at in repeats.into_iter().rev() {
        pile.repeated.push(row(rows.swap_remove(at)).2);
    }
    shuffle(&mut rows, random);
    for start in rows {
        let (line, kind, _) = row(start);
        match pile.kinds.get_mut(usize::from(kind)) {
            Some(count) => *count += 1,
            None => pile.anonymous += 1,
        }
        pile.lines.extend_from_slice(&line[..line.len() - apart]);
        pile.lines.push(b'\n');
    }
    pile
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows as they leave, and the lines that were repeated.
    fn run(lines: &[&str], memory: usize, seed: u64) -> (Vec<String>, Vec<u64>) {
        let dir = tempfile::tempdir().expect("a folder");
        let mut shuffler = Shuffler::new(&mut SeededRandom::from_number(seed), memory, 0);
        let mut buffer = shuffler.buffer();
        for (at, line) in lines.iter().enumerate() {
            let kind = (!line.starts_with(',')).then_some(IdKind::Cpr);
            buffer.push(line.as_bytes(), kind, at as u64);
            shuffler.take(&mut buffer, dir.path()).expect("taken");
        }
        assert_eq!(shuffler.spilled(), memory == 0);
        assert_eq!(std::fs::read_dir(dir.path()).expect("there").count(), 0, "the spill has no name");
        let (mut out, mut repeated) = (Vec::new(), Vec::new());
        shuffler
            .drain(|pile| {
                let text = String::from_utf8(pile.lines).expect("text");
                out.extend(text.lines().map(str::to_owned));
                repeated.extend(pile.repeated);
                Ok::<(), io::Error>(())
            })
            .expect("drained");
        (out, repeated)
    }

    proptest::proptest! {
        #[test]
        fn every_row_leaves_once_from_memory_and_from_disk(lines in proptest::collection::vec("[a-c,]{1,3}", 0..60)) {
            let lines = lines.iter().map(String::as_str).collect::<Vec<_>>();
            for memory in [0, usize::MAX] {
                if lines.is_empty() {
                    continue;
                }
                let (mut out, mut repeated) = run(&lines, memory, 3);
                let again = |at: usize| !lines[at].starts_with(',') && lines[..at].contains(&lines[at]);
                let mut once = (0..lines.len()).filter(|at| !again(*at)).map(|at| lines[at]).collect::<Vec<_>>();
                out.sort_unstable();
                once.sort_unstable();
                repeated.sort_unstable();
                proptest::prop_assert_eq!(out, once);
                let expected = (0..lines.len()).filter(|at| again(*at)).map(|at| at as u64).collect::<Vec<_>>();
                proptest::prop_assert_eq!(repeated, expected);
            }
        }
    }

    #[test]
    fn the_order_does_not_follow_the_extract() {
        let lines = (0..2000).map(|n| format!("row{n:04}")).collect::<Vec<_>>();
        let lines = lines.iter().map(String::as_str).collect::<Vec<_>>();
        let order = |seed| {
            let (rows, _) = run(&lines, usize::MAX, seed);
            rows.iter().map(|row| row[3..].parse::<u64>().expect("a number")).collect::<Vec<_>>()
        };
        assert_ne!(order(1), order(2));
        let order = order(1);
        // Spearman's rank correlation with the extract is that of chance (standard deviation 1/sqrt(n)).
        let n = order.len() as f64;
        let d2: f64 = order.iter().enumerate().map(|(at, number)| (at as f64 - *number as f64).powi(2)).sum();
        let rho = 1.0 - 6.0 * d2 / (n * (n * n - 1.0));
        assert!(rho.abs() < 4.0 / n.sqrt(), "{rho}");
    }
}
