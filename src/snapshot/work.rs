//! The rows of a dataset while a seal works on them: in memory, or in a file that nobody else reads.
//!
//! The file lies in the draft's folder and holds records: numbers and codes, no link; encrypted under a key that is nowhere but
//! in this process's memory. It is read through the handle that wrote it and never opened again, so that what another process tore
//! or put there is never taken for rows. It goes when the work is done; what a crash leaves nobody can read, and goes with the draft.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::folder::Draft;
use crate::vault::Scratch;

/// Room for a dataset's records, in the order of the uploads.
pub(super) enum Room {
    /// In memory.
    Memory(Vec<u8>),
    /// On disk.
    File(Box<WorkFile>),
}

/// A part of a [`Room`] that one thread fills or sorts.
pub(super) enum Place<'a> {
    /// In memory.
    Memory(&'a mut [u8]),
    /// On disk: these bytes of the file.
    File(&'a WorkFile, Range<u64>),
}

impl Room {
    /// Cuts the room into places of so many bytes each, which together are no more than it has.
    pub(super) fn places(&mut self, lengths: impl IntoIterator<Item = usize>) -> Vec<Place<'_>> {
        let lengths = lengths.into_iter();
        match self {
            Room::Memory(bytes) => {
                let mut rest = bytes.as_mut_slice();
                lengths
                    .map(|length| {
                        let (place, others) = std::mem::take(&mut rest).split_at_mut(length);
                        rest = others;
                        Place::Memory(place)
                    })
                    .collect()
            }
            Room::File(file) => {
                let mut from = 0;
                lengths
                    .map(|length| {
                        let start = from;
                        from += length as u64;
                        Place::File(file, start..from)
                    })
                    .collect()
            }
        }
    }
}

impl Place<'_> {
    /// Puts bytes at the front; what is left of the place begins behind them.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Place::Memory(place) => {
                let room = std::mem::take(place);
                let (front, rest) =
                    room.split_at_mut_checked(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
                front.copy_from_slice(bytes);
                *place = rest;
            }
            Place::File(file, range) => {
                if range.end - range.start < bytes.len() as u64 {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                file.write(range.start, bytes)?;
                range.start += bytes.len() as u64;
            }
        }
        Ok(())
    }
}

/// A working file. Dropped, it is removed.
pub(super) struct WorkFile {
    file: Scratch,
    path: PathBuf,
    /// Most bytes that it may hold; what encryption adds is less than a hundredth.
    most: u64,
}

impl WorkFile {
    /// Creates a file of the draft, which takes `most` bytes and no more.
    pub(super) fn create(draft: &Draft, name: &str, most: u64) -> io::Result<WorkFile> {
        let (file, path) = draft.create_work(name)?;
        Ok(WorkFile { file: Scratch::new(file), path, most })
    }

    /// Writes at an offset.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if at.saturating_add(bytes.len() as u64) > self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write(at, bytes)
    }

    /// Fills the buffer from an offset.
    pub(super) fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read(at, buffer)
    }
}

impl Drop for WorkFile {
    fn drop(&mut self) {
        // Where this fails, the draft's own end or start-up removes it.
        let _ = fs::remove_file(&self.path);
    }
}
