//! Hashes of entries, heads of strands, and the two proofs: that a head extends another, and that a chain is whole.
//!
//! `‖` is concatenation, digests are 32 bytes, numbers 8 bytes big-endian:
//!
//! ```text
//! strand hash = SHA-256("kobling/v1/audit/strand" ‖ 0x00 ‖ previous strand hash ‖ canonical entry)
//! chain hash  = SHA-256("kobling/v1/audit/chain"  ‖ 0x00 ‖ previous chain hash ‖ sequence ‖ strand hash)
//! ```
//!
//! The previous hash of a first entry is 32 zero bytes. The chain hash binds every strand hash in, and the strand hash
//! knows nothing of the chain: what a partner is shown is the same bytes whatever the others do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Entry, Strand};
use crate::clock::Timestamp;
use crate::digest::Sha256Hex;
use crate::language::Spoken;

/// The state of a strand after its last entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Strand hash of the last entry; 32 zero bytes before the first.
    pub hash: Sha256Hex,
    /// Entries so far.
    pub position: u64,
    /// The strand.
    pub strand: Strand,
}

impl Head {
    /// The head of a strand without entries.
    #[must_use]
    pub const fn empty(strand: Strand) -> Head {
        Head { hash: Sha256Hex::from_bytes([0; 32]), position: 0, strand }
    }

    /// The head after one more entry.
    #[must_use]
    pub fn extended(&self, canonical: &str) -> Head {
        let mut hash = Sha256::new();
        hash.update(b"kobling/v1/audit/strand\0");
        hash.update(self.hash.as_bytes());
        hash.update(canonical.as_bytes());
        Head {
            hash: Sha256Hex::from_bytes(hash.finalize().into()),
            position: self.position + 1,
            strand: self.strand.clone(),
        }
    }
}

/// Where the whole chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// Chain hash of the last entry; 32 zero bytes before the first.
    pub hash: Sha256Hex,
    /// Entries so far.
    pub sequence: u64,
}

impl ChainHead {
    /// An empty chain.
    pub const EMPTY: ChainHead = ChainHead { hash: Sha256Hex::from_bytes([0; 32]), sequence: 0 };

    /// The chain after one more entry with the strand hash given.
    #[must_use]
    pub fn extended(&self, strand_hash: &Sha256Hex) -> ChainHead {
        let sequence = self.sequence + 1;
        let mut hash = Sha256::new();
        hash.update(b"kobling/v1/audit/chain\0");
        hash.update(self.hash.as_bytes());
        hash.update(sequence.to_be_bytes());
        hash.update(strand_hash.as_bytes());
        ChainHead { hash: Sha256Hex::from_bytes(hash.finalize().into()), sequence }
    }
}

/// What is wrong with a chain or a strand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Another strand, or fewer entries than before.
    #[error("the later head is not of the same strand, or lies before the earlier one")]
    Heads,
    /// Entries missing, twice or in another order.
    #[error("entry {found} stands where entry {expected} belongs")]
    Order {
        /// The position expected.
        expected: u64,
        /// The position found.
        found: u64,
    },
    /// An entry of another strand.
    #[error("entry {0} belongs to another strand")]
    OtherStrand(u64),
    /// Not the canonical text of an entry.
    #[error("entry {0} is damaged: its text is not in canonical form")]
    Text(u64),
    /// An entry made before its predecessor.
    #[error("entry {0} is older than the one before it")]
    Time(u64),
    /// A stored hash that does not follow.
    #[error("entry {0} has been changed: its hash does not follow from the entry before it")]
    Hash(u64),
    /// The entries do not lead to the head.
    #[error("the entries do not lead to the head of {0}: something was changed or taken away")]
    Head(Strand),
    /// The entries do not lead to the head of the whole chain.
    #[error(
        "the chain ends at entry {found} and its recorded head is entry {expected}: entries were taken away or changed"
    )]
    Truncated {
        /// Sequence of the recorded head.
        expected: u64,
        /// Sequence of the last entry found.
        found: u64,
    },
}

impl Spoken for ChainError {
    fn danish(&self) -> String {
        match self {
            ChainError::Heads => {
                "det senere hoved er ikke af samme streng, eller det ligger før det tidligere".to_owned()
            }
            ChainError::Order { expected, found } => {
                format!("post {found} står, hvor post {expected} hører til")
            }
            ChainError::OtherStrand(at) => format!("post {at} hører til en anden streng"),
            ChainError::Text(at) => format!("post {at} er beskadiget: dens tekst har ikke den faste form"),
            ChainError::Time(at) => format!("post {at} er ældre end den før"),
            ChainError::Hash(at) => {
                format!("post {at} er ændret: dens hash følger ikke af posten før")
            }
            ChainError::Head(strand) => {
                format!("posterne fører ikke til hovedet af {strand}: noget er ændret eller taget væk")
            }
            ChainError::Truncated { expected, found } => format!(
                "kæden ender ved post {found}, og dens noterede hoved er post {expected}: poster er taget væk eller ændret"
            ),
        }
    }
}

/// Proves that head `to` extends head `from`: `entries` are those of the strand after `from`, in order, up to `to`.
///
/// # Errors
/// [`ChainError`], with the position in the strand.
pub fn verify_extension(from: &Head, to: &Head, entries: &[Entry]) -> Result<(), ChainError> {
    if from.strand != to.strand || from.position > to.position {
        return Err(ChainError::Heads);
    }
    let mut head = from.clone();
    let mut last = None;
    for entry in entries {
        let expected = head.position + 1;
        if entry.position != expected {
            return Err(ChainError::Order { expected, found: entry.position });
        }
        if entry.strand != head.strand {
            return Err(ChainError::OtherStrand(expected));
        }
        if last.is_some_and(|last| entry.at < last) {
            return Err(ChainError::Time(expected));
        }
        last = Some(entry.at);
        head = head.extended(&entry.canonical());
    }
    if head == *to { Ok(()) } else { Err(ChainError::Head(to.strand.clone())) }
}

/// An entry as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Place in the whole chain, from 1.
    pub sequence: u64,
    /// The strand's text.
    pub strand: String,
    /// Position in the strand.
    pub position: u64,
    /// Canonical text.
    pub entry: String,
    /// Strand hash.
    pub strand_hash: Vec<u8>,
    /// Chain hash.
    pub chain_hash: Vec<u8>,
}

/// What a whole chain was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Head of the chain.
    pub head: ChainHead,
    /// Heads of the strands.
    pub strands: Vec<Head>,
}

/// How far an entry's time may lie before that of an entry of another strand, in milliseconds: threads read the clock and
/// then take turns. Within a strand times never run backwards.
pub const TURN_MILLIS: i64 = 10_000;

/// Goes over a whole chain, entry by entry, in constant memory per strand.
#[derive(Debug)]
pub struct ChainVerifier {
    chain: ChainHead,
    strands: BTreeMap<Strand, Head>,
    times: BTreeMap<Strand, Timestamp>,
    last: Option<Timestamp>,
}

impl Default for ChainVerifier {
    fn default() -> ChainVerifier {
        ChainVerifier {
            chain: ChainHead::EMPTY,
            strands: BTreeMap::new(),
            times: BTreeMap::new(),
            last: None,
        }
    }
}

impl ChainVerifier {
    /// Takes the next entry.
    ///
    /// # Errors
    /// [`ChainError`], with the sequence in the chain.
    pub fn take(&mut self, stored: &Stored) -> Result<Entry, ChainError> {
        let expected = self.chain.sequence + 1;
        if stored.sequence != expected {
            return Err(ChainError::Order { expected, found: stored.sequence });
        }
        let entry = Entry::from_canonical(&stored.entry).ok_or(ChainError::Text(expected))?;
        if entry.strand.to_string() != stored.strand || entry.position != stored.position {
            return Err(ChainError::OtherStrand(expected));
        }
        let before = self.times.insert(entry.strand.clone(), entry.at);
        if before.is_some_and(|before| entry.at < before)
            || self.last.is_some_and(|last| entry.at.plus_millis(TURN_MILLIS) < last)
        {
            return Err(ChainError::Time(expected));
        }
        let head =
            self.strands.entry(entry.strand.clone()).or_insert_with(|| Head::empty(entry.strand.clone()));
        if entry.position != head.position + 1 {
            return Err(ChainError::Order { expected: head.position + 1, found: entry.position });
        }
        *head = head.extended(&stored.entry);
        let chain = self.chain.extended(&head.hash);
        if stored.strand_hash != head.hash.as_bytes() || stored.chain_hash != chain.hash.as_bytes() {
            return Err(ChainError::Hash(expected));
        }
        self.chain = chain;
        self.last = self.last.max(Some(entry.at));
        Ok(entry)
    }

    /// Holds what was found against the heads on record: of the chain, and of every strand.
    ///
    /// # Errors
    /// [`ChainError::Truncated`], [`ChainError::Head`].
    pub fn finish(self, chain: ChainHead, strands: &[Head]) -> Result<ChainReport, ChainError> {
        if self.chain != chain {
            return Err(ChainError::Truncated { expected: chain.sequence, found: self.chain.sequence });
        }
        for head in strands {
            if self.strands.get(&head.strand) != Some(head) {
                return Err(ChainError::Head(head.strand.clone()));
            }
        }
        match self.strands.keys().find(|strand| strands.iter().all(|head| head.strand != **strand)) {
            Some(strand) => Err(ChainError::Head(strand.clone())),
            None => Ok(ChainReport { head: self.chain, strands: self.strands.into_values().collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Actor, Deed, Subject};
    use super::*;

    fn entry(strand: &Strand, position: u64, at: i64) -> Entry {
        Entry {
            actor: Actor {
                organisation: "lokk".parse().expect("a name"),
                principal: "it".parse().expect("a name"),
                person: None,
            },
            at: Timestamp::from_millis(at),
            deed: Deed::ConsentsRecorded,
            position,
            strand: strand.clone(),
            subject: Subject::new().count("events", position * 3),
        }
    }

    /// A chain whose entries lie in the strands given by number.
    fn chain(strands: &[u8]) -> (Vec<Stored>, ChainHead, Vec<Head>) {
        let (mut link, mut heads, mut rows) = (ChainHead::EMPTY, BTreeMap::new(), Vec::new());
        for (at, number) in strands.iter().enumerate() {
            let strand = match number {
                0 => Strand::Service,
                n => Strand::Partner(format!("p{n}").parse().expect("a name")),
            };
            let head = heads.entry(strand.clone()).or_insert_with(|| Head::empty(strand.clone()));
            let text = entry(&strand, head.position + 1, at as i64).canonical();
            *head = head.extended(&text);
            link = link.extended(&head.hash);
            rows.push(Stored {
                sequence: link.sequence,
                strand: strand.to_string(),
                position: head.position,
                entry: text,
                strand_hash: head.hash.as_bytes().to_vec(),
                chain_hash: link.hash.as_bytes().to_vec(),
            });
        }
        (rows, link, heads.into_values().collect())
    }

    fn verify(rows: &[Stored], link: ChainHead, heads: &[Head]) -> Result<ChainReport, ChainError> {
        let mut verifier = ChainVerifier::default();
        for row in rows {
            verifier.take(row)?;
        }
        verifier.finish(link, heads)
    }

    #[test]
    fn a_head_extends_another_by_exactly_its_entries() {
        let strand = Strand::Partner("lokk".parse().expect("a name"));
        let entries: Vec<Entry> = (1..=4).map(|n| entry(&strand, n, n as i64)).collect();
        let heads: Vec<Head> = std::iter::successors(Some(Head::empty(strand.clone())), |head| {
            entries.get(usize::try_from(head.position).expect("small")).map(|e| head.extended(&e.canonical()))
        })
        .collect();
        for from in 0..=4 {
            for to in 0..=4 {
                let shown = entries.get(from..to).unwrap_or_default();
                assert_eq!(verify_extension(&heads[from], &heads[to], shown).is_ok(), from <= to);
            }
        }
        assert!(verify_extension(&heads[1], &heads[4], &entries[2..4]).is_err());
        let mut forged = entries.clone();
        forged[2].subject = Subject::new().count("events", 1);
        assert_eq!(verify_extension(&heads[0], &heads[4], &forged), Err(ChainError::Head(strand)));
    }

    #[test]
    fn what_the_others_do_leaves_a_strand_as_it_is() {
        let alone: Vec<Stored> = chain(&[1, 1, 1]).0;
        // The same three entries of partner 1, at the same times, among others.
        let (rows, ..) = chain(&[1, 1, 1, 2, 0, 3]);
        for (own, among) in alone.iter().zip(&rows) {
            assert_eq!(own.strand_hash, among.strand_hash);
        }
    }

    proptest! {
        #[test]
        fn a_chain_verifies_and_any_changed_byte_or_lost_row_is_found(
            strands in proptest::collection::vec(0u8..4, 1..12),
            row in any::<prop::sample::Index>(),
            field in 0usize..6,
            byte in any::<prop::sample::Index>(),
            flip in 1u8..=255,
        ) {
            let (rows, link, heads) = chain(&strands);
            prop_assert_eq!(verify(&rows, link, &heads).map(|report| report.strands), Ok(heads.clone()));
            let at = row.index(rows.len());

            let mut lost = rows.clone();
            lost.remove(at);
            prop_assert!(verify(&lost, link, &heads).is_err());

            let mut changed = rows.clone();
            let target = &mut changed[at];
            let alter = |text: &mut String| {
                let mut bytes = std::mem::take(text).into_bytes();
                let at = byte.index(bytes.len());
                // Stay within ASCII, so that the text remains one.
                bytes[at] = (bytes[at] ^ flip) & 0x7F;
                *text = String::from_utf8(bytes).expect("ASCII");
            };
            match field {
                0 => target.sequence ^= u64::from(flip),
                1 => alter(&mut target.strand),
                2 => target.position ^= u64::from(flip),
                3 => alter(&mut target.entry),
                4 => target.strand_hash[byte.index(32)] ^= flip,
                _ => target.chain_hash[byte.index(32)] ^= flip,
            }
            prop_assume!(changed != rows);
            prop_assert!(verify(&changed, link, &heads).is_err());
        }
    }
}
