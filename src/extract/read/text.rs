//! CSV in the habits of Danish exports: from bytes to chunks of whole rows in UTF-8.
//!
//! Encoding: a byte-order mark, else valid UTF-8, else Windows-1252 (standard input is judged by its beginning).
//! Separator: a first line `sep=;`, else the one that the header has most of. NUL bytes and overlong lines are
//! refused: they are a damaged file, not rows.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{CHUNK_BYTES, Chunk, Chunks, Content, Declared, Opened, ReadError, Source, TERMINATOR};
use crate::limits;

/// A CSV file being read.
pub(super) struct TextRows {
    input: Box<dyn Read + Send>,
    path: PathBuf,
    decoder: Option<Decoder>,
    /// Raw bytes read ahead for detection.
    ahead: Vec<u8>,
    /// Decoded text that has not left yet.
    pending: Vec<u8>,
    ended: bool,
    read: u64,
    line: u64,
    separator: u8,
    /// Whether lines end with a carriage return alone, as on old Macs; not known before there is any text.
    lone_returns: Option<bool>,
    /// Columns of the header.
    width: usize,
}

impl TextRows {
    /// Takes over an extract of which the beginning was read `ahead`, and reads its header line: the fields as the file
    /// has them.
    pub fn open(
        source: &Source,
        input: Box<dyn Read + Send>,
        mut ahead: Vec<u8>,
        declared: Declared<'_>,
    ) -> Result<Opened, ReadError> {
        let path = source.path();
        let io = |source| ReadError::Io { path: path.clone(), source };
        let encoding = match (declared.encoding, Encoding::for_bom(&ahead)) {
            (Some(encoding), _) => encoding,
            (None, Some((encoding, _))) => encoding,
            (None, None) if is_wide(&ahead, 1) => UTF_16LE,
            (None, None) if is_wide(&ahead, 0) => UTF_16BE,
            // Before the whole file is looked at.
            (None, None) if memchr::memchr(0, &ahead).is_some() => return Err(nul(&ahead, 1)),
            (None, None) if is_utf8(source, &ahead).map_err(io)? => UTF_8,
            (None, None) => WINDOWS_1252,
        };
        let utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        if decoder.is_none() && ahead.starts_with(b"\xEF\xBB\xBF") {
            ahead.drain(..3);
        }
        let mut rows = TextRows {
            input,
            path: path.clone(),
            decoder,
            ahead,
            pending: Vec::new(),
            ended: false,
            read: 0,
            line: 1,
            separator: declared.separator.unwrap_or(if utf16 { b'\t' } else { b';' }),
            lone_returns: None,
            width: 0,
        };
        let (header, header_line) = rows.header(declared)?;
        Ok(Opened {
            header,
            header_line,
            hidden_columns: Vec::new(),
            unread: Vec::new(),
            chunks: Box::new(rows),
        })
    }

    /// The headers, and the line on which they stand.
    fn header(&mut self, form: Declared<'_>) -> Result<(Vec<String>, u64), ReadError> {
        let mut declared = form.separator;
        loop {
            let at = self.line;
            let line = self.first_line()?;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\r', '\n']);
            if let Some(separator) = text.strip_prefix("sep=").and_then(|rest| rest.bytes().next()) {
                declared = declared.or(Some(separator));
                continue;
            }
            if text.trim().is_empty() || form.header_row.is_some_and(|row| at < u64::from(row)) {
                continue;
            }
            self.separator = declared.unwrap_or_else(|| most_frequent(text.as_bytes()));
            if let Some(start) = swallowing(line.as_slice(), self.separator, 1) {
                return Err(ReadError::Quote { line: at + newlines(&line[..start]) });
            }
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .terminator(TERMINATOR)
                .delimiter(self.separator)
                .from_reader(text.as_bytes());
            let fields = reader.records().next().and_then(Result::ok).unwrap_or_default();
            if fields.len() > limits::MAX_EXTRACT_COLUMNS {
                return Err(ReadError::ManyColumns);
            }
            self.width = fields.len();
            return Ok((fields.iter().map(|field| field.trim().to_owned()).collect(), at));
        }
    }

    /// Takes the first line off the pending text, its line end included.
    fn first_line(&mut self) -> Result<Vec<u8>, ReadError> {
        loop {
            let end = record_end(&self.pending, self.separator);
            let end = end.or_else(|| (self.ended && !self.pending.is_empty()).then_some(self.pending.len()));
            if let Some(end) = end {
                let line: Vec<u8> = self.pending.drain(..end).collect();
                self.refuse_nul(&line)?;
                self.line += memchr::memchr_iter(b'\n', &line).count() as u64;
                return Ok(line);
            }
            if self.ended {
                return Err(ReadError::Empty);
            }
            if self.pending.len() > limits::MAX_LINE_BYTES {
                return Err(ReadError::LongLine { line: self.line });
            }
            self.fill()?;
        }
    }

    fn refuse_nul(&self, bytes: &[u8]) -> Result<(), ReadError> {
        if memchr::memchr(0, bytes).is_some() { Err(nul(bytes, self.line)) } else { Ok(()) }
    }

    /// Reads and decodes more text.
    fn fill(&mut self) -> Result<(), ReadError> {
        let mut raw = std::mem::take(&mut self.ahead);
        if raw.is_empty() {
            let read = self.input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut raw);
            read.map_err(|source| ReadError::Io { path: self.path.clone(), source })?;
        }
        self.read += raw.len() as u64;
        self.ended = raw.is_empty();
        let from = self.pending.len();
        match &mut self.decoder {
            None if self.pending.is_empty() => self.pending = raw,
            None => {
                self.pending.extend_from_slice(&raw);
                zeroize::Zeroize::zeroize(&mut raw);
            }
            Some(decoder) => {
                let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(4 * raw.len() + 16);
                let start = self.pending.len();
                self.pending.resize(start + room, 0);
                let (_, _, written, _) = decoder.decode_to_utf8(&raw, &mut self.pending[start..], self.ended);
                self.pending.truncate(start + written);
                zeroize::Zeroize::zeroize(&mut raw);
            }
        }
        self.end_lines(from);
        Ok(())
    }

    /// Turns lone carriage returns into line ends where the text begins with such lines and no others.
    fn end_lines(&mut self, from: usize) {
        let new = &mut self.pending[from..];
        let lone = *self.lone_returns.get_or_insert_with(|| {
            memchr::memchr(b'\n', new).is_none()
                && new.split_last().is_some_and(|(_, text)| memchr::memchr(b'\r', text).is_some())
        });
        if lone {
            new.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
    }
}

/// Whether a text without a mark is UTF-16: what Danish is written with has a zero in every other byte.
fn is_wide(ahead: &[u8], zero_at: usize) -> bool {
    let pairs = ahead.get(..ahead.len().min(256)).unwrap_or(ahead).chunks_exact(2);
    pairs.len() > 3
        && pairs.clone().filter(|pair| pair[zero_at] == 0).count() * 10 > pairs.len() * 9
        && pairs.clone().filter(|pair| pair[1 - zero_at] == 0).count() == 0
}

impl Chunks for TextRows {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        loop {
            let end =
                if self.ended { self.pending.len() } else { last_record_end(&self.pending, self.separator) };
            let longest = if self.ended {
                self.pending.len() - last_record_end(&self.pending, self.separator)
            } else {
                self.pending.len() - end
            };
            if longest > limits::MAX_LINE_BYTES {
                let lines = memchr::memchr_iter(b'\n', &self.pending[..self.pending.len() - longest]).count();
                return Err(ReadError::LongLine { line: self.line + lines as u64 });
            }
            if end > 0 && (self.ended || end >= CHUNK_BYTES / 2) {
                let rest = self.pending.split_off(end);
                let bytes = std::mem::replace(&mut self.pending, rest);
                self.refuse_nul(&bytes)?;
                if let Some(start) = swallowing(&bytes, self.separator, self.width.saturating_sub(1).max(1)) {
                    return Err(ReadError::Quote { line: self.line + newlines(&bytes[..start]) });
                }
                let first_line = self.line;
                self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
                if std::str::from_utf8(&bytes).is_err() {
                    return Err(ReadError::Encoding { line: first_line });
                }
                let content = Content::Text { bytes, separator: self.separator, first_line };
                return Ok(Some(Chunk { read: self.read, content }));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn separator(&self) -> u8 {
        self.separator
    }
}

/// Where the first NUL byte stands in a text that begins on a line.
fn nul(bytes: &[u8], line: u64) -> ReadError {
    let before = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    ReadError::Nul { line: line + memchr::memchr_iter(b'\n', &bytes[..before]).count() as u64 }
}

/// Whether the source is UTF-8: all of a file, the beginning of standard input.
fn is_utf8(source: &Source, ahead: &[u8]) -> io::Result<bool> {
    if utf8_prefix(ahead).is_none() {
        return Ok(false);
    }
    let Source::File(path) = source else { return Ok(true) };
    if ahead.len() < CHUNK_BYTES {
        return Ok(std::str::from_utf8(ahead).is_ok());
    }
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        if read == 0 {
            return Ok(kept == 0);
        }
        let filled = kept + read;
        let Some(valid) = utf8_prefix(&buffer[..filled]) else { return Ok(false) };
        buffer.copy_within(valid..filled, 0);
        kept = filled - valid;
    }
}

/// Length of the valid part when only the last character may be cut; `None` when the bytes are not UTF-8.
fn utf8_prefix(bytes: &[u8]) -> Option<usize> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Some(bytes.len()),
        Err(error) if error.error_len().is_none() => Some(error.valid_up_to()),
        Err(_) => None,
    }
}

/// The separator that a header line has most of, outside quotation marks.
fn most_frequent(line: &[u8]) -> u8 {
    let mut quoted = false;
    let candidates = [b';', b',', b'\t', b'|'];
    let mut counts = [0usize; 4];
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(at) = candidates.iter().position(|candidate| candidate == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.iter().position(|count| *count == most && most > 0).map_or(b';', |at| candidates[at])
}

/// Where the first record ends, after its line end.
fn record_end(bytes: &[u8], separator: u8) -> Option<usize> {
    ends(bytes, separator).next()
}

/// Where the last whole record ends; 0 when there is none.
fn last_record_end(bytes: &[u8], separator: u8) -> usize {
    if memchr::memchr(b'"', bytes).is_none() {
        return memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    }
    ends(bytes, separator).last().unwrap_or(0)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Where a quoted field begins that swallows rows: it never ends in these whole records, or one of its lines behind the
/// first has as many separators as a row. A quotation mark too many or too few does that, and without this the rows would
/// be gone unseen.
fn swallowing(bytes: &[u8], separator: u8, of_a_row: usize) -> Option<usize> {
    memchr::memchr(b'"', bytes)?;
    let (mut quoted, mut closed_at, mut field_start) = (false, usize::MAX, true);
    let (mut opened, mut inner_line, mut separators) = (0, false, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match (*byte, quoted) {
            (b'"', false) if field_start => {
                quoted = true;
                (opened, inner_line, separators) = (at, false, 0);
            }
            (b'"', false) if closed_at.wrapping_add(1) == at => quoted = true,
            (b'"', true) => (quoted, closed_at) = (false, at),
            (b'\n', true) => (inner_line, separators) = (true, 0),
            (byte, true) if byte == separator && inner_line => {
                separators += 1;
                if separators >= of_a_row {
                    return Some(opened);
                }
            }
            _ => {}
        }
        field_start = !quoted && (*byte == separator || *byte == b'\n');
    }
    quoted.then_some(opened)
}

/// The ends of the records in order. A quotation mark quotes only at the start of a field, as `csv` reads it.
fn ends(bytes: &[u8], separator: u8) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    let mut closed_at = usize::MAX;
    let mut field_start = true;
    bytes.iter().enumerate().filter_map(move |(at, byte)| {
        match (*byte, quoted) {
            (b'"', false) if field_start => quoted = true,
            (b'"', true) => {
                quoted = false;
                closed_at = at;
            }
            // A doubled mark inside a quoted field closes and opens again at once.
            (b'"', false) if closed_at.wrapping_add(1) == at => quoted = true,
            (b'\n', false) => {
                field_start = true;
                return Some(at + 1);
            }
            _ => {}
        }
        field_start = !quoted && (*byte == separator || *byte == b'\n');
        None
    })
}

#[cfg(test)]
mod tests {
    use super::super::Rows;
    use super::*;

    fn read(bytes: &[u8], declared: Declared<'_>) -> Result<(Vec<String>, String), ReadError> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("extract.csv");
        std::fs::write(&path, bytes).expect("written");
        let mut rows = Rows::open(&Source::File(path), declared)?;
        let mut text = Vec::new();
        while let Some(mut chunk) = rows.next_chunk()? {
            let Content::Text { bytes, .. } = &mut chunk.content else { panic!("a text") };
            text.append(bytes);
        }
        Ok((rows.header, String::from_utf8(text).expect("UTF-8")))
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "Navn;Kommune\r\nx;Dragør\r\n";
        let utf16 = [
            b"\xFF\xFE".to_vec(),
            text.replace(';', "\t").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ]
        .concat();
        let windows = WINDOWS_1252.encode(text).0.into_owned();
        for bytes in [text.as_bytes().to_vec(), [b"\xEF\xBB\xBF", text.as_bytes()].concat(), windows, utf16] {
            let (header, rows) = read(&bytes, Declared::default()).expect("readable");
            assert_eq!(header, ["Navn", "Kommune"]);
            assert_eq!(rows.replace('\t', ";"), "x;Dragør\r\n");
        }
    }

    #[test]
    fn the_separator_is_found_or_declared() {
        for (text, separator) in
            [("a,b\n1,2\n", b','), ("a\tb\n", b'\t'), ("sep=|\na|b\n", b'|'), ("\"a,b,c\";d\n", b';')]
        {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("e.csv");
            std::fs::write(&path, text).expect("written");
            let rows = Rows::open(&Source::File(path), Declared::default()).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((rows.separator, rows.header.len()), (separator, 2), "{text}");
        }
    }

    #[test]
    fn damaged_files_are_named() {
        assert!(matches!(read(b"", Declared::default()), Err(ReadError::Empty)));
        assert!(matches!(read(b"\n\n", Declared::default()), Err(ReadError::Empty)));
        assert!(matches!(read(b"a;b\n1;2\n3\0;4\n", Declared::default()), Err(ReadError::Nul { line: 3 })));
        let long = [b"a;b\n1;2\n".to_vec(), vec![b'x'; limits::MAX_LINE_BYTES + 10]].concat();
        assert!(matches!(read(&long, Declared::default()), Err(ReadError::LongLine { line: 3 })));
        let unclosed = [b"a;b\n\"1;2\n".to_vec(), b"3;4\n".repeat(limits::MAX_LINE_BYTES / 2)].concat();
        assert!(matches!(read(&unclosed, Declared::default()), Err(ReadError::LongLine { line: 2 })));
    }

    /// A row of five columns.
    const ROW: &str = "1;1001;10-01-2022;Kontakt;";

    fn of_rows(note: &[(usize, &str)]) -> String {
        let row = |n: usize| note.iter().find(|(at, _)| *at == n).map_or("", |(_, note)| note);
        let rows = (0..23).map(|n| format!("{ROW}{}\n", row(n)));
        format!("a;b;c;d;e\n{}", rows.collect::<String>())
    }

    #[test]
    fn a_quotation_mark_too_many_swallows_no_rows_unseen() {
        for (text, line) in [
            (of_rows(&[(3, "\"han sagde")]), 5),
            (of_rows(&[(3, "\"han sagde"), (20, "\"ja")]), 5),
            (of_rows(&[(3, "\"han sagde"), (4, "\"ja")]), 5),
            (of_rows(&[(22, "\"til sidst")]), 24),
            (of_rows(&[]).replacen(";e\n", ";\"e\n", 1), 1),
            (of_rows(&[(9, "ja\"")]).replacen(";e\n", ";\"e\n", 1), 1),
        ] {
            let refused = read(text.as_bytes(), Declared::default());
            assert!(
                matches!(refused, Err(ReadError::Quote { line: found }) if found == line),
                "{line}: {refused:?}"
            );
        }
        // Notes of several lines, marks within a text, and returns before a mark are no trouble.
        for note in ["\"to\nlinjer; og; mere\"", "5\" skærm", "\"han \"\"sagde\"\"\nja\"", "\r\"ja\"", "\"\""]
        {
            let (_, text) =
                read(of_rows(&[(3, note), (9, note)]).as_bytes(), Declared::default()).expect("read");
            assert_eq!(text.matches(ROW).count(), 23, "{note:?}");
        }
        let (header, _) = read(b"\"CPR-\nnummer\";b\n1;2\n", Declared::default()).expect("read");
        assert_eq!(header, ["CPR-\nnummer", "b"]);
    }

    #[test]
    fn quotes_hold_line_breaks_together_and_stray_ones_do_not() {
        let text = b"a;b\n\"x\ny\";2\n5\" pipe;3\n\"say \"\"no\"\"\nnow\";4\n";
        let ends = ends(text, b';').collect::<Vec<_>>();
        let records = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .from_reader(&text[..])
            .into_records()
            .count();
        assert_eq!(ends.len(), records);
        assert_eq!(ends.last(), Some(&text.len()));
    }

    proptest::proptest! {
        #[test]
        fn chunk_ends_agree_with_the_csv_reader(text in "([a\";\r\n]{0,12}\n){0,6}") {
            let last = ends(text.as_bytes(), b';').last().unwrap_or(0);
            let count = |text: &str| {
                let mut reader = csv::ReaderBuilder::new().delimiter(b';').has_headers(false).flexible(true).terminator(TERMINATOR).from_reader(text.as_bytes());
                reader.byte_records().count()
            };
            proptest::prop_assert!(count(&text[..last]) <= count(&text));
            proptest::prop_assert_eq!(count(&text[..last]) + count(&text[last..]), count(&text));
        }
    }

    /// A sparse file of zeros that would take minutes to look at.
    #[test]
    fn a_nul_byte_is_found_before_the_whole_file_is_looked_at() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("extract.csv");
        std::fs::write(&path, b"CPR;Dato\n").expect("written");
        let file = File::options().write(true).open(&path).expect("there");
        file.set_len(1 << 42).or_else(|_| file.set_len(1 << 34)).expect("holes");
        let before = std::time::Instant::now();
        let read = Rows::open(&Source::File(path), Declared::default()).map(|_| ());
        assert!(matches!(read, Err(ReadError::Nul { line: 2 })), "{read:?}");
        assert!(before.elapsed().as_secs() < 5);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let fifo = dir.path().join("pipe.csv");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        let linked = dir.path().join("linked.csv");
        std::os::unix::fs::symlink("/dev/zero", &linked).expect("linked");
        for path in [PathBuf::from("/dev/zero"), PathBuf::from("/dev/null"), dir.path().into(), fifo, linked]
        {
            let read = Rows::open(&Source::File(path.clone()), Declared::default()).map(|_| ());
            assert!(matches!(&read, Err(ReadError::NotAFile(of)) if *of == path), "{read:?}");
        }
    }
}
