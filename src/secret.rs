//! Secrets that cannot be printed, and randomness as something that is passed in.
//!
//! A secret leaves only through [`Secret::expose`], with a reason that stands in the source for the
//! reader of a diff. It is overwritten when it is dropped.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes: no `Display`, no serde, a `Debug` that shows nothing; wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes the bytes over and wipes the caller's copy.
    #[must_use]
    pub fn new(bytes: &mut [u8; N]) -> Secret<N> {
        let secret = Secret(Box::new(*bytes));
        bytes.zeroize();
        secret
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn generate(random: &mut dyn Random) -> Secret<N> {
        let mut secret = Secret(Box::new([0; N]));
        random.fill(secret.0.as_mut_slice());
        secret
    }

    /// The bytes, for the reason given. Copies of them are the caller's to wipe.
    #[must_use]
    pub fn expose(&self, _reason: &'static str) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(hidden)")
    }
}

/// Where randomness comes from.
pub trait Random: Send {
    /// Fills the buffer with unpredictable bytes (or, in tests and made-up data, with repeatable ones).
    fn fill(&mut self, buffer: &mut [u8]);

    /// A uniform number below `bound`, without bias; 0 when `bound` is 0.
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let zone = u64::MAX - (u64::MAX - bound + 1) % bound;
        loop {
            let mut bytes = [0; 8];
            self.fill(&mut bytes);
            let value = u64::from_le_bytes(bytes);
            if value <= zone {
                return value % bound;
            }
        }
    }
}

/// The operating system's generator, by `ring`; in the page the browser's, by the module's only way out for it.
#[derive(Debug)]
pub struct SystemRandom(#[cfg(not(target_family = "wasm"))] ring::rand::SystemRandom);

impl SystemRandom {
    /// A handle to the system's generator.
    #[must_use]
    pub fn new() -> SystemRandom {
        SystemRandom(
            #[cfg(not(target_family = "wasm"))]
            ring::rand::SystemRandom::new(),
        )
    }
}

impl Default for SystemRandom {
    fn default() -> SystemRandom {
        SystemRandom::new()
    }
}

impl Random for SystemRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        #[cfg(not(target_family = "wasm"))]
        ring::rand::SecureRandom::fill(&self.0, buffer).expect("the operating system gives random bytes");
        #[cfg(target_family = "wasm")]
        getrandom::fill(buffer).expect("the browser gives random bytes");
    }
}

/// A repeatable stream from a seed: SHA-256 in counter mode. For made-up data and tests, and, seeded with
/// 32 bytes from [`SystemRandom`], for fast unpredictable shuffles.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SeededRandom {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl SeededRandom {
    /// The stream of a 32-byte seed.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> SeededRandom {
        SeededRandom { seed, counter: 0, block: [0; 32], used: 32 }
    }

    /// The stream of a small number, for made-up data.
    #[must_use]
    pub fn from_number(seed: u64) -> SeededRandom {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        SeededRandom::new(bytes)
    }

    /// A stream that nobody can predict, seeded from `random`.
    #[must_use]
    pub fn fork(random: &mut dyn Random) -> SeededRandom {
        let mut seed = [0; 32];
        random.fill(&mut seed);
        SeededRandom::new(seed)
    }
}

impl fmt::Debug for SeededRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededRandom(hidden)")
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, buffer: &mut [u8]) {
        use sha2::Digest;
        let mut rest = buffer;
        while !rest.is_empty() {
            if self.used == 32 {
                let mut hash = sha2::Sha256::new();
                hash.update(self.seed);
                hash.update(self.counter.to_le_bytes());
                self.block = hash.finalize().into();
                self.counter += 1;
                self.used = 0;
            }
            let take = rest.len().min(32 - self.used);
            rest[..take].copy_from_slice(&self.block[self.used..self.used + take]);
            self.used += take;
            rest = &mut rest[take..];
        }
    }
}

/// Puts a slice in random order (Fisher-Yates).
pub fn shuffle<T>(items: &mut [T], random: &mut dyn Random) {
    for i in (1..items.len()).rev() {
        let j = usize::try_from(random.below(i as u64 + 1)).unwrap_or(0);
        items.swap(i, j);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new(&mut [0xAB; 4]);
        assert_eq!(format!("{secret:?}"), "Secret<4>(hidden)");
        assert_eq!(secret.expose("test"), &[0xAB; 4]);
    }

    #[test]
    fn the_callers_copy_is_wiped() {
        let mut bytes = [7; 8];
        let _secret = Secret::new(&mut bytes);
        assert_eq!(bytes, [0; 8]);
    }

    #[test]
    fn below_stays_below_and_reaches_everything() {
        let mut random = SeededRandom::from_number(1);
        let mut seen = [false; 7];
        for _ in 0..1000 {
            seen[usize::try_from(random.below(7)).expect("small")] = true;
        }
        assert!(seen.iter().all(|s| *s));
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let draw = |seed| {
            let mut out = [0; 100];
            SeededRandom::from_number(seed).fill(&mut out);
            out
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
