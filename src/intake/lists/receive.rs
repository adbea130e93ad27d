//! Receiving `data.csv` of a package of a list: bytes in chunks of any size, whole verified blocks out.

use std::sync::Arc;

use zeroize::{Zeroize as _, Zeroizing};

use super::aliases::PairReader;
use super::consents::EventReader;
use super::frames::{Frame, FrameInfo};
use super::{IntakeRefusal, OpenedList};
use crate::clock::Timestamp;
use crate::extract::manifest::{Block, ListKind, Sha256Hex};
use crate::intake::rows::strange;
use crate::intake::{ReceiveError, RowProblem};
use crate::key::ServiceKey;
use crate::programme::Programme;
use crate::token::Linker;
use crate::vault::FrameSink;

/// What lines are read into.
enum Lines {
    Consents(Box<EventReader>),
    Aliases(Box<PairReader>),
}

impl Lines {
    /// The header line that packages of the kind begin with, line feed included.
    fn header(&self) -> String {
        match self {
            Lines::Consents(_) => EventReader::header(),
            Lines::Aliases(_) => PairReader::header(),
        }
    }

    /// Reads whole lines, of which the first is line `line` of the file.
    fn read(&self, text: &[u8], mut line: u64, frame: &mut Frame) -> Result<(), IntakeRefusal> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            match self {
                Lines::Consents(events) => events.line(&text[start..end], line, frame)?,
                Lines::Aliases(pairs) => pairs.line(&text[start..end], line, frame)?,
            }
            start = end + 1;
            line += 1;
        }
        if start != text.len() {
            let problem = strange(&text[start..]).unwrap_or(RowProblem::Unfinished);
            return Err(IntakeRefusal::Row { line, column: None, problem });
        }
        Ok(())
    }
}

/// Receives the rows of one upload. It holds at most one unfinished block, in memory that is wiped after use.
///
/// After a refusal or an I/O error it takes nothing more; nothing of the failing block is written.
pub struct ListReceiver {
    opened: Arc<OpenedList>,
    lines: Lines,
    buffer: Zeroizing<Vec<u8>>,
    blocks: usize,
    offset: u64,
    rows: u64,
    tokens: [u64; 3],
    dead: bool,
}

impl ListReceiver {
    /// A receiver that goes on after the frames already staged, none for a new upload. No event may lie after `now`.
    ///
    /// # Errors
    /// [`IntakeRefusal::StagedDiffers`] when the frames are not the first blocks of this package.
    pub fn new(
        opened: Arc<OpenedList>,
        programme: &Programme,
        key: &ServiceKey,
        now: Timestamp,
        staged: &[FrameInfo],
    ) -> Result<ListReceiver, IntakeRefusal> {
        let partner = &opened.manifest.kobling.partner;
        let linker = Linker::new(key, partner, partner);
        let lines = match opened.kind {
            ListKind::Consents => {
                Lines::Consents(Box::new(EventReader::new(programme, &opened, linker, now)))
            }
            ListKind::Aliases => Lines::Aliases(Box::new(PairReader::new(linker))),
        };
        let blocks = &opened.manifest.resources[0].blocks;
        let largest =
            blocks.get(staged.len()..).unwrap_or_default().iter().map(|block| block.bytes as usize).max();
        let mut receiver = ListReceiver {
            // As large as the largest block to come, so that it never moves and leaves a copy behind.
            buffer: Zeroizing::new(Vec::with_capacity(largest.unwrap_or(0))),
            opened: Arc::clone(&opened),
            lines,
            blocks: 0,
            offset: 0,
            rows: 0,
            tokens: [0; 3],
            dead: false,
        };
        for (at, frame) in staged.iter().enumerate() {
            let block = blocks.get(at).ok_or(IntakeRefusal::StagedDiffers)?;
            let same = frame.index as usize == at
                && frame.rows == block.rows
                && frame.source_sha256 == *block.sha256.as_bytes();
            if !same {
                return Err(IntakeRefusal::StagedDiffers);
            }
            receiver.add(block, frame);
        }
        Ok(receiver)
    }

    /// Bytes of `data.csv` in blocks that are written.
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
    /// after the caller's sync; [`ListReceiver::offset`] may be acknowledged after that.
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
                let written = self.block(block).map_err(ReceiveError::from).and_then(|frame| {
                    let info = frame.info();
                    staged.put(&frame.finish())?;
                    Ok(info)
                });
                match written {
                    Ok(info) => self.add(&block, &info),
                    Err(error) => {
                        self.die();
                        return Err(error);
                    }
                }
                self.wipe();
            }
        }
        Ok(())
    }

    /// Forgets the unfinished block: the connection ended within it, and it is sent again from the start.
    pub fn forget_unfinished(&mut self) {
        self.wipe();
    }

    /// Ends the upload: every block is there, and the tokens are of the kinds that the manifest states. Returns how many
    /// rows there are.
    ///
    /// # Errors
    /// [`IntakeRefusal::Incomplete`], [`IntakeRefusal::Counts`], [`IntakeRefusal::AlreadyRefused`].
    pub fn finish(self) -> Result<u64, IntakeRefusal> {
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
        for (what, stated, found) in [
            ("rows", head.rows.sent, self.rows),
            ("CPR numbers", of("cpr"), self.tokens[0]),
            ("X-eCPR", of("xecpr"), self.tokens[1]),
            ("local replacement numbers", local, self.tokens[2]),
        ] {
            if stated != found {
                return Err(IntakeRefusal::Counts { what, stated, found });
            }
        }
        Ok(self.rows)
    }

    fn add(&mut self, block: &Block, frame: &FrameInfo) {
        self.blocks += 1;
        self.offset += u64::from(block.bytes);
        self.rows += u64::from(frame.rows);
        for (sum, n) in self.tokens.iter_mut().zip(frame.tokens) {
            *sum += u64::from(n);
        }
    }

    /// Verifies and reads the block in the buffer.
    fn block(&self, block: Block) -> Result<Frame, IntakeRefusal> {
        let index = u32::try_from(self.blocks).expect("a manifest has far fewer blocks");
        if Sha256Hex::of(&self.buffer) != block.sha256 {
            return Err(IntakeRefusal::BlockDigest { block: index });
        }
        let mut frame = Frame::new(self.opened.kind, index, block.sha256.as_bytes());
        let (text, line) = match self.blocks {
            0 => {
                let header = self.lines.header();
                (self.buffer.strip_prefix(header.as_bytes()).ok_or(IntakeRefusal::Header)?, 2)
            }
            _ => (self.buffer.as_slice(), self.rows + 2),
        };
        self.lines.read(text, line, &mut frame)?;
        let (found, stated) = (frame.info().rows, block.rows);
        if found != stated {
            return Err(IntakeRefusal::BlockRows { block: index, found, stated });
        }
        Ok(frame)
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
