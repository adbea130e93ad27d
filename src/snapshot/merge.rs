//! Sorted runs as one stream of records.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::ops::Range;

use super::record::{self, Record};
use super::work::{Room, WorkFile};

/// The runs of one dataset, merged: by person and day, and of one person and day by the runs' order.
pub(super) struct Merge<'a> {
    width: usize,
    /// Bytes read at a time.
    buffer: usize,
    runs: Vec<Run<'a>>,
    /// The key of each run's next record, and the run.
    heads: BinaryHeap<Reverse<(u64, u32)>>,
}

/// A run being read.
struct Run<'a> {
    /// What of it is in memory.
    here: Here<'a>,
    at: usize,
    /// What of it is still on disk.
    rest: Range<u64>,
}

enum Here<'a> {
    Whole(&'a [u8]),
    Buffer(&'a WorkFile, Vec<u8>),
}

impl Run<'_> {
    fn bytes(&self) -> &[u8] {
        match &self.here {
            Here::Whole(bytes) => bytes,
            Here::Buffer(_, bytes) => bytes,
        }
    }

    /// The next record, if there is one; `buffer` bytes are read at a time.
    fn head(&mut self, width: usize, buffer: usize) -> io::Result<Option<&[u8]>> {
        if self.at == self.bytes().len()
            && let Here::Buffer(file, bytes) = &mut self.here
        {
            let left = usize::try_from(self.rest.end - self.rest.start).unwrap_or(usize::MAX);
            bytes.resize(left.min(buffer), 0);
            file.read(self.rest.start, bytes)?;
            self.rest.start += bytes.len() as u64;
            self.at = 0;
        }
        Ok(self.bytes().get(self.at..self.at + width))
    }
}

fn key(record: &[u8]) -> u64 {
    u64::from(record::person(record)) << 32 | u64::from(record::sortable_day(record))
}

impl<'a> Merge<'a> {
    /// A merge of runs that follow each other in a room, of so many bytes each; `memory` bytes for all that is read
    /// from disk, but no less than a record of each run.
    pub(super) fn new(
        record: &Record,
        room: &'a Room,
        lengths: &[usize],
        memory: usize,
    ) -> io::Result<Merge<'a>> {
        let width = record.width();
        let buffer = (memory / lengths.len().max(1) / width).clamp(1, (1 << 20) / width) * width;
        let mut from = 0;
        let mut runs = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (here, rest) = match room {
                Room::Memory(bytes) => (Here::Whole(&bytes[from..from + length]), 0..0),
                Room::File(file) => (Here::Buffer(file, Vec::new()), from as u64..(from + length) as u64),
            };
            runs.push(Run { here, at: 0, rest });
            from += length;
        }
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (at, run) in (0u32..).zip(&mut runs) {
            if let Some(record) = run.head(width, buffer)? {
                heads.push(Reverse((key(record), at)));
            }
        }
        Ok(Merge { width, buffer, runs, heads })
    }

    /// Appends up to `rows` records to `out`; none are left when it appends fewer.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, rows: usize) -> io::Result<()> {
        let full = out.len() + rows * self.width;
        while out.len() < full {
            let Some(mut top) = self.heads.peek_mut() else { break };
            let run = &mut self.runs[top.0.1 as usize];
            out.extend_from_slice(&run.bytes()[run.at..run.at + self.width]);
            run.at += self.width;
            match run.head(self.width, self.buffer)? {
                Some(record) => top.0.0 = key(record),
                None => _ = PeekMut::pop(top),
            }
        }
        Ok(())
    }
}
