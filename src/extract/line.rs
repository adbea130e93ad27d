//! The rows of an extract, chunk by chunk, on all cores: one reader, a worker a core, one collector. In the page, which
//! has one thread, one chunk after another.

use std::sync::{Arc, Mutex, mpsc};

use super::columns::Columns;
use super::read::{Chunk, Rows};
use super::report::Notes;
use super::row::{RowReader, Tally, Terms};
use super::run::ExtractError;
use super::screen::Numbers;
use super::shuffle::RowBuffer;
use crate::token::Tokeniser;

/// What rows are read with.
pub(super) struct Reads<'a> {
    pub columns: &'a Columns,
    pub tokeniser: &'a Tokeniser,
    pub terms: Terms,
    /// A buffer of the piles that rows go to.
    pub empty: &'a RowBuffer,
    /// Whether findings are kept one by one.
    pub one_by_one: bool,
}

impl<'a> Reads<'a> {
    fn reader(&self) -> RowReader<'a> {
        RowReader::new(self.columns, self.tokeniser, self.terms)
    }
}

/// A chunk and its place among the chunks of the file, from 0.
struct Numbered {
    sequence: u64,
    chunk: Chunk,
}

/// What a worker hands to the collector.
pub(super) struct Batch {
    pub sequence: u64,
    pub read_bytes: u64,
    pub rows: RowBuffer,
    pub tally: Tally,
}

/// Reads all rows; `each` takes what came of each chunk, in no order, and gives the emptied buffer back.
pub(super) fn line(
    rows: Rows,
    reads: &Reads<'_>,
    each: impl FnMut(Batch) -> Result<RowBuffer, ExtractError>,
) -> Result<(), ExtractError> {
    if cfg!(target_family = "wasm") { alone(rows, reads, each) } else { together(rows, reads, each) }
}

/// On one thread.
fn alone(
    mut rows: Rows,
    reads: &Reads<'_>,
    mut each: impl FnMut(Batch) -> Result<RowBuffer, ExtractError>,
) -> Result<(), ExtractError> {
    let mut reader = reads.reader();
    let mut spent = reads.empty.empty_like();
    for sequence in 0.. {
        let Some(chunk) = rows.next_chunk()? else { break };
        spent = each(work(&Numbered { sequence, chunk }, &mut reader, spent, reads.one_by_one)?)?;
    }
    Ok(())
}

/// On all cores.
fn together(
    mut rows: Rows,
    reads: &Reads<'_>,
    mut each: impl FnMut(Batch) -> Result<RowBuffer, ExtractError>,
) -> Result<(), ExtractError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| -> Result<(), ExtractError> {
        let (chunk_in, chunk_out) = mpsc::sync_channel::<Numbered>(2);
        let (batch_in, batch_out) = mpsc::sync_channel::<Result<Batch, ExtractError>>(2);
        let (spent_in, spent_out) = mpsc::channel::<RowBuffer>();
        let chunk_out = Arc::new(Mutex::new(chunk_out));
        let spent_out = Arc::new(Mutex::new(spent_out));
        let errors = batch_in.clone();
        for _ in 0..workers {
            let (chunk_out, spent_out, batch_in) = (chunk_out.clone(), spent_out.clone(), batch_in.clone());
            scope.spawn(move || {
                let mut reader = reads.reader();
                loop {
                    let next = chunk_out.lock().expect("no worker panics with the lock").recv();
                    let Ok(chunk) = next else { return };
                    let spent = spent_out.lock().expect("no worker panics with the lock").try_recv();
                    let rows = spent.unwrap_or_else(|_| reads.empty.empty_like());
                    if batch_in.send(work(&chunk, &mut reader, rows, reads.one_by_one)).is_err() {
                        return;
                    }
                }
            });
        }
        // Workers alone hold these ends, so that everybody stops when one side does.
        drop((chunk_out, spent_out, batch_in));
        scope.spawn(move || {
            for sequence in 0.. {
                match rows.next_chunk() {
                    Ok(Some(chunk)) => {
                        if chunk_in.send(Numbered { sequence, chunk }).is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        let _ = errors.send(Err(error.into()));
                        return;
                    }
                }
            }
        });
        let result = batch_out.iter().try_for_each(|batch| {
            let _ = spent_in.send(each(batch?)?);
            Ok(())
        });
        // Dropping the receiver ends workers and reader, whatever they are waiting for.
        drop(batch_out);
        result
    })
}

fn work(
    numbered: &Numbered,
    reader: &mut RowReader<'_>,
    mut rows: RowBuffer,
    one_by_one: bool,
) -> Result<Batch, ExtractError> {
    let chunk = &numbered.chunk;
    let numbers = Some(Numbers::of_bytes(chunk.size()));
    let notes = Notes::new(reader.columns(), one_by_one);
    let mut tally = Tally { numbers, notes, ..Tally::default() };
    chunk.each(ExtractError::Damaged, |line, row| {
        reader.read(row, line, &mut rows, &mut tally);
        Ok(())
    })?;
    Ok(Batch { sequence: numbered.sequence, read_bytes: chunk.read, rows, tally })
}
