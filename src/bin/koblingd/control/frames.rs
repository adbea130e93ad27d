//! A command and its answer between two processes of one version: a line of JSON there, frames back.
//!
//! A frame is its kind (a byte), its length (4 bytes, big-endian) and so many bytes. To `k`, that the file is to be kept, one
//! byte is answered once it is durable.

use std::io::{self, BufRead as _, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::answer::Outlet;
use super::out::Here;
use crate::exit::Failure;

const SAY: u8 = b's';
const FILE: u8 = b'f';
const KEEP: u8 = b'k';
const PROGRESS: u8 = b'p';
const END: u8 = b'e';
/// What is answered to [`KEEP`].
const KEPT: u8 = b'k';

/// Longest frame: what is written at a time is shorter.
const LONGEST: usize = 1 << 20;
/// Longest line of arguments.
const LONGEST_LINE: u64 = 1 << 20;

/// What a caller wants.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The caller's version.
    pub(super) version: String,
    /// Its arguments, without the program's name.
    pub(super) arguments: Vec<String>,
    /// Whether it writes a file.
    pub(super) file: bool,
}

/// How a command ended.
#[derive(Serialize, Deserialize)]
struct Ended {
    status: u8,
    message: String,
}

/// Has a command carried out at the other end; its answer goes where it would go from here.
pub(super) fn ask<S: Read + Write>(
    mut stream: S,
    arguments: &[String],
    here: &mut Here,
) -> Result<(), Failure> {
    let wanted = Wanted {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: arguments.to_vec(),
        file: here.has_file(),
    };
    let gone = |_| Failure::Files("the service ended while it did this; look whether it is done".to_owned());
    let mut line = serde_json::to_string(&wanted).expect("strings are JSON");
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(gone)?;
    loop {
        let (kind, body) = read(&mut stream).map_err(gone)?;
        match kind {
            SAY => here.say(&body)?,
            FILE => here.file(&body)?,
            KEEP => {
                here.keep()?;
                stream.write_all(&[KEPT]).map_err(gone)?;
            }
            PROGRESS => {
                let number = |at: usize| body.get(at..at + 8).and_then(|b| b.try_into().ok());
                let number = |at| number(at).map_or(0, u64::from_be_bytes);
                here.progress(number(0), number(8))?;
            }
            END => {
                let ended: Result<Ended, _> = serde_json::from_slice(&body);
                let ended =
                    ended.map_err(|_| Failure::Files("the service answered in no known form".to_owned()))?;
                Failure::of(ended.status, ended.message)?;
                return Ok(here.keep()?);
            }
            _ => return Err(Failure::Files("the service answered in no known form".to_owned())),
        }
    }
}

fn read(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((head[0], body))
}

/// Reads what a caller wants.
pub(super) fn wanted(stream: &mut impl Read) -> io::Result<Wanted> {
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_LINE)).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// The answer on its way to a caller.
pub(super) struct There<S> {
    stream: S,
    file: bool,
    kept: bool,
}

impl<S: Read + Write> There<S> {
    /// An answer to a caller that writes a file, or none.
    pub(super) fn new(stream: S, file: bool) -> There<S> {
        There { stream, file, kept: false }
    }

    fn send(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let mut chunks = bytes.chunks(LONGEST);
        // Nothing is a frame too.
        let mut next = Some(chunks.next().unwrap_or_default());
        while let Some(chunk) = next {
            let length = u32::try_from(chunk.len()).expect("a frame is shorter");
            let mut frame = Vec::with_capacity(chunk.len() + 5);
            frame.push(kind);
            frame.extend_from_slice(&length.to_be_bytes());
            frame.extend_from_slice(chunk);
            self.stream.write_all(&frame)?;
            next = chunks.next();
        }
        Ok(())
    }

    /// Says how it ended.
    pub(super) fn end(mut self, done: Result<(), Failure>) -> io::Result<()> {
        let (status, message) = done.map_or_else(Failure::into_parts, |()| (0, String::new()));
        let body = serde_json::to_vec(&Ended { status, message }).expect("plain data is JSON");
        self.send(END, &body)
    }
}

impl<S: Read + Write> Outlet for There<S> {
    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(SAY, bytes)
    }

    fn file(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.send(FILE, bytes)
    }

    fn has_file(&self) -> bool {
        self.file
    }

    fn keep(&mut self) -> io::Result<()> {
        if self.kept {
            return Ok(());
        }
        self.send(KEEP, &[])?;
        let mut said = [0];
        self.stream.read_exact(&mut said)?;
        self.kept = said[0] == KEPT;
        if self.kept { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn progress(&mut self, done: u64, of: u64) -> io::Result<()> {
        self.send(PROGRESS, &[done.to_be_bytes(), of.to_be_bytes()].concat())
    }
}
