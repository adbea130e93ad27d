//! The page has no disk: rows that memory has no room for are refused.

use std::io;
use std::path::Path;

use crate::secret::Random;

/// Rows on disk, of which there are none.
pub(super) enum Spill {}

impl Spill {
    pub fn new(_: &Path, _: &mut dyn Random) -> io::Result<Spill> {
        Err(io::ErrorKind::OutOfMemory.into())
    }

    pub fn write(&mut self, _: usize, _: &mut Vec<u8>) -> io::Result<()> {
        match *self {}
    }

    pub fn read(&self, _: usize, _: &mut Vec<u8>) -> io::Result<()> {
        match *self {}
    }
}
