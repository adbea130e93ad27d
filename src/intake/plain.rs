//! Staged files in clear, as versions before 0.2.0 made them: encrypted frame by frame, for a data folder's migration.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::lists::frames;
use super::staged::{self, Layout, bound_name};
use crate::extract::manifest::ListKind;
use crate::vault::{FrameFile, FrameReader, FrameSink as _, Unsealed, Vault};

/// What a staged file in clear holds.
#[derive(Clone, Copy, Debug)]
pub enum PlainForm<'a> {
    /// Rows of a dataset.
    Rows(&'a Layout),
    /// A list.
    List(ListKind),
}

/// What became of a staged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypted {
    /// It was encrypted before.
    Already,
    /// Every byte of it was a whole frame, and is encrypted.
    Whole,
    /// Its whole frames are encrypted; what was torn behind them, as a crash leaves it, is gone.
    Torn,
}

/// Encrypts a staged file in clear, by a new file that takes its name when it is durable. Whatever ends it midway, the one or the
/// other is there. The folder's own sync is the caller's.
///
/// # Errors
/// I/O errors.
pub fn encrypt_plain(vault: &Vault, path: &Path, form: PlainForm<'_>) -> io::Result<Encrypted> {
    match FrameReader::open(vault, path, &bound_name(path)) {
        Ok(Some(_)) => return Ok(Encrypted::Already),
        Ok(None) => {}
        Err(error) if Unsealed::of(&error) == Some(Unsealed::Plain) => {}
        Err(error) => return Err(error),
    }
    let file = File::open(path)?;
    let mut left = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sealing");
    // Bound to the name that it will have.
    let mut out = FrameFile::create(vault, beside.as_ref(), &bound_name(path))?;
    let mut frame = Vec::new();
    while let Some(length) = next(&mut reader, form, &mut frame)?.filter(|length| *length as u64 <= left) {
        let header = frame.len();
        frame.resize(length, 0);
        reader.read_exact(&mut frame[header..])?;
        let whole = match form {
            PlainForm::Rows(layout) => staged::parse(&frame, layout).is_some(),
            PlainForm::List(kind) => frames::parse(kind, &frame).is_some(),
        };
        if !whole {
            break;
        }
        out.put(&frame)?;
        left -= length as u64;
    }
    out.sync_all()?;
    drop((out, reader));
    std::fs::rename(&beside, path)?;
    Ok(if left == 0 { Encrypted::Whole } else { Encrypted::Torn })
}

/// Reads the next header into `frame`; returns the bytes that its frame takes, `None` where there is none.
fn next(reader: &mut impl io::Read, form: PlainForm<'_>, frame: &mut Vec<u8>) -> io::Result<Option<usize>> {
    frame.clear();
    let header = match form {
        PlainForm::Rows(_) => staged::HEADER,
        PlainForm::List(_) => frames::HEADER,
    };
    reader.take(header as u64).read_to_end(frame)?;
    if frame.len() < header {
        return Ok(None);
    }
    let header = "it was read as long";
    Ok(match form {
        PlainForm::Rows(layout) => staged::length_of(frame[..].try_into().expect(header), layout),
        PlainForm::List(kind) => frames::length_of(kind, frame[..].try_into().expect(header)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Day;
    use crate::intake::staged::{Frame, Value, read_frames};
    use crate::programme::{Dataset, Programme, Role};
    use crate::token::Link;

    fn dataset() -> Dataset {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        Programme::parse(text).unwrap_or_else(|e| panic!("{e}")).datasets[0].clone()
    }

    fn frame(dataset: &Dataset, index: u32, rows: u8) -> Vec<u8> {
        let mut frame = Frame::new(index, &[7; 32]);
        for row in 1..=rows {
            for column in &dataset.columns {
                frame.push(match column.role {
                    Role::Date => Value::Day(Day::from_days(19_000 + i32::from(row))),
                    Role::Category { .. } => Value::Code(1),
                    Role::Measure(_) => Value::Measure(5),
                    _ => Value::Link(Some(Link::from_stored([row; 16]))),
                });
            }
            frame.end_row();
        }
        frame.finish().0
    }

    #[test]
    fn a_file_in_clear_is_encrypted_once_and_torn_frames_go() {
        let (dataset, vault) = (dataset(), Vault::throwaway());
        let layout = Layout::of(&dataset);
        let frames = [frame(&dataset, 0, 3), frame(&dataset, 1, 0), frame(&dataset, 2, 9)];
        let whole = frames.concat();
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("00112233445566778899aabbccddeeff");
        for cut in (0..=whole.len()).step_by(5).chain([whole.len()]) {
            std::fs::write(&path, &whole[..cut]).expect("written");
            let done = encrypt_plain(&vault, &path, PlainForm::Rows(&layout)).expect("encrypted");
            let ends = [0, frames[0].len(), frames[0].len() + frames[1].len(), whole.len()];
            let kept = ends.iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!(done, if ends[kept] == cut { Encrypted::Whole } else { Encrypted::Torn }, "{cut}");
            let mut read = Vec::new();
            let ended = read_frames(&vault, &path, &layout, |info, body| {
                read.push((info.index, body.rows.to_vec()));
                Ok::<(), io::Error>(())
            });
            assert!(ended.expect("read"));
            assert_eq!(read.len(), kept);
            for ((index, rows), frame) in read.iter().zip(&frames) {
                assert!(*index == staged::parse(frame, &layout).expect("a frame").0.index);
                assert!(rows == staged::parse(frame, &layout).expect("a frame").1.rows);
            }
            let again = encrypt_plain(&vault, &path, PlainForm::Rows(&layout)).expect("read");
            assert_eq!(again, Encrypted::Already);
            let stored = std::fs::read(&path).expect("readable");
            assert!(!stored.windows(16).any(|window| window == [2; 16]));
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("read").count(), 1, "nothing is left beside it");
    }
}
