//! Receiving `data.csv`: bytes in chunks of any size, whole verified blocks out.
//!
//! The manifest is signed and holds the digest and size of every block, and the sizes add up to the file. So verified
//! blocks in order are the file, whether they came in one go or over several connections and restarts; the digest of
//! the whole file, which the manifest also states for other tools, would say nothing more and is not computed.

use std::io;
use std::sync::Arc;

use zeroize::{Zeroize as _, Zeroizing};

use super::rows::RowReader;
use super::staged::{Frame, FrameInfo};
use super::{IntakeRefusal, Opened};
use crate::clock::Day;
use crate::consent::Arrival;
use crate::extract::manifest::{Block, Sha256Hex};
use crate::key::ServiceKey;
use crate::programme::Programme;
use crate::token::Linker;
use crate::vault::FrameSink;

/// Why receiving stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The upload is refused.
    #[error(transparent)]
    Refused(#[from] IntakeRefusal),
    /// The staged file could not be written. The upload may go on after a restart of the receiver.
    #[error("the staged rows could not be written")]
    Io(#[from] io::Error),
}

/// What a whole package holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Rows that came.
    pub rows: u64,
    /// Rows of them that are kept. The others had no permission on arrival.
    pub stored: u64,
    /// Persons of whom a row was not kept, counted once a block.
    pub withheld: u64,
    /// Rows with a CPR number.
    pub cpr: u64,
    /// Rows with an X-eCPR.
    pub xecpr: u64,
    /// Rows with a replacement number that is unique at the partner only.
    pub local: u64,
}

impl Received {
    /// Rows without an identifier.
    #[must_use]
    pub const fn anonymous(&self) -> u64 {
        self.rows - self.cpr - self.xecpr - self.local
    }

    fn add(&mut self, frame: &FrameInfo) {
        self.rows += u64::from(frame.read);
        self.stored += u64::from(frame.rows);
        self.withheld += u64::from(frame.withheld);
        self.cpr += u64::from(frame.identifiers.cpr);
        self.xecpr += u64::from(frame.identifiers.xecpr);
        self.local += u64::from(frame.identifiers.local);
    }
}

/// Receives the rows of one upload. It holds at most one unfinished block, in memory that is wiped after use.
///
/// After a refusal or an I/O error it takes nothing more; nothing of the failing block is written.
pub struct Receiver {
    opened: Arc<Opened>,
    rows: RowReader,
    /// Who may come in, where the dataset rests on consent alone.
    arrival: Option<Arc<Arrival>>,
    header: String,
    buffer: Zeroizing<Vec<u8>>,
    /// Blocks written.
    blocks: usize,
    /// Bytes of `data.csv` in them.
    offset: u64,
    received: Received,
    dead: bool,
}

impl Receiver {
    /// A receiver that goes on after the frames already staged, none for a new upload. `today` is the day of intake;
    /// `arrival` says whose rows are kept and is there for a dataset that rests on consent alone.
    ///
    /// # Panics
    /// When `arrival` is missing for such a dataset: no row comes in unasked.
    ///
    /// # Errors
    /// [`IntakeRefusal::StagedDiffers`] when the frames are not the first blocks of this package.
    pub fn new(
        opened: Arc<Opened>,
        programme: &Programme,
        key: &ServiceKey,
        today: Day,
        arrival: Option<Arc<Arrival>>,
        staged: &[FrameInfo],
    ) -> Result<Receiver, IntakeRefusal> {
        let asked = programme.datasets[opened.dataset].rests_on_consent_alone();
        assert_eq!(
            asked,
            arrival.is_some(),
            "consent is asked where a dataset rests on it, and nowhere else"
        );
        let head = &opened.manifest.kobling;
        let issuer = programme.datasets[opened.dataset].staff_issuer.as_ref().unwrap_or(&head.partner);
        let linker = Linker::new(key, &head.partner, issuer);
        let rows = RowReader::new(programme, opened.dataset, linker, head.period, today);
        let blocks = &opened.manifest.resources[0].blocks;
        let (mut offset, mut received) = (0, Received::default());
        for (at, frame) in staged.iter().enumerate() {
            let block = blocks.get(at).ok_or(IntakeRefusal::StagedDiffers)?;
            let same = frame.index as usize == at
                && frame.read == block.rows
                && frame.source_sha256 == *block.sha256.as_bytes();
            if !same {
                return Err(IntakeRefusal::StagedDiffers);
            }
            offset += u64::from(block.bytes);
            received.add(frame);
        }
        // As large as the largest block to come, so that it never moves and leaves a copy behind.
        let largest = blocks[staged.len()..].iter().map(|block| block.bytes as usize).max().unwrap_or(0);
        let header = rows.header();
        Ok(Receiver {
            buffer: Zeroizing::new(Vec::with_capacity(largest)),
            blocks: staged.len(),
            opened,
            rows,
            arrival,
            header,
            offset,
            received,
            dead: false,
        })
    }

    /// Bytes of `data.csv` in blocks that are written. An unfinished block does not count: it is sent again.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether every block is written.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.blocks == self.opened.manifest.resources[0].blocks.len()
    }

    /// Takes the next bytes, and writes a frame to `staged` for every block that they complete. A frame is durable only
    /// after the caller's sync; [`Receiver::offset`] may be acknowledged after that.
    ///
    /// # Errors
    /// [`ReceiveError`]. Blocks before the failing one are written and stay.
    pub fn feed(&mut self, mut bytes: &[u8], staged: &mut impl FrameSink) -> Result<(), ReceiveError> {
        if self.dead {
            return Err(IntakeRefusal::AlreadyRefused.into());
        }
        while !bytes.is_empty() {
            let resource = &self.opened.manifest.resources[0];
            let Some(block) = resource.blocks.get(self.blocks).copied() else {
                let stated = resource.bytes;
                self.die();
                return Err(IntakeRefusal::TooLong { stated }.into());
            };
            let take = bytes.len().min(block.bytes as usize - self.buffer.len());
            self.buffer.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if self.buffer.len() == block.bytes as usize {
                let written = self.block(block).map_err(ReceiveError::from).and_then(|(frame, info)| {
                    staged.put(&frame)?;
                    Ok(info)
                });
                match written {
                    Ok(info) => self.received.add(&info),
                    Err(error) => {
                        self.die();
                        return Err(error);
                    }
                }
                self.wipe();
                self.blocks += 1;
                self.offset += u64::from(block.bytes);
            }
        }
        Ok(())
    }

    /// Who may come in from the next block on: something was recorded meanwhile, or a day has passed.
    pub fn ask_again(&mut self, arrival: Arc<Arrival>) {
        if self.arrival.is_some() {
            self.arrival = Some(arrival);
        }
    }

    /// Forgets the unfinished block: the connection ended within it, and it is sent again from the start.
    pub fn forget_unfinished(&mut self) {
        self.wipe();
    }

    /// Ends the upload: every block is there, and the rows are what the manifest states.
    ///
    /// # Errors
    /// [`IntakeRefusal::Incomplete`], [`IntakeRefusal::Counts`], [`IntakeRefusal::AlreadyRefused`].
    pub fn finish(self) -> Result<Received, IntakeRefusal> {
        if self.dead {
            return Err(IntakeRefusal::AlreadyRefused);
        }
        let stated = self.opened.manifest.resources[0].bytes;
        if !self.is_whole() {
            return Err(IntakeRefusal::Incomplete { arrived: self.offset, stated });
        }
        let head = &self.opened.manifest.kobling;
        let of = |kind: &str| head.identifiers.get(kind).copied().unwrap_or(0);
        // The partner may tell kinds of replacement numbers apart that their tokens do not.
        let local = head.rows.sent - head.rows.anonymous - of("cpr") - of("xecpr");
        let found = self.received;
        for (what, stated, found) in [
            ("rows", head.rows.sent, found.rows),
            ("rows without an identifier", head.rows.anonymous, found.anonymous()),
            ("CPR numbers", of("cpr"), found.cpr),
            ("X-eCPR", of("xecpr"), found.xecpr),
            ("local replacement numbers", local, found.local),
        ] {
            if stated != found {
                return Err(IntakeRefusal::Counts { what, stated, found });
            }
        }
        Ok(found)
    }

    /// Verifies and reads the block in the buffer.
    fn block(&self, block: Block) -> Result<(Vec<u8>, FrameInfo), IntakeRefusal> {
        let index = u32::try_from(self.blocks).expect("a manifest has far fewer blocks");
        if Sha256Hex::of(&self.buffer) != block.sha256 {
            return Err(IntakeRefusal::BlockDigest { block: index });
        }
        let mut frame = Frame::new(index, block.sha256.as_bytes());
        let (text, line) = match self.blocks {
            0 => (self.buffer.strip_prefix(self.header.as_bytes()).ok_or(IntakeRefusal::Header)?, 2),
            _ => (self.buffer.as_slice(), self.received.rows + 2),
        };
        self.rows.read(text, line, self.arrival.as_deref(), &mut frame)?;
        let (found, stated) = (frame.read(), block.rows);
        if found != stated {
            return Err(IntakeRefusal::BlockRows { block: index, found, stated });
        }
        Ok(frame.finish())
    }

    fn die(&mut self) {
        self.dead = true;
        self.wipe();
    }

    fn wipe(&mut self) {
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
    }
}
