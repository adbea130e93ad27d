//! Records of a text without quotation marks, found by one search for separators and line ends.
//!
//! Says the same as the `csv` crate says of such a text (a property holds it to that), in half the time: most exports
//! have no quotation mark in most of their chunks.

use memchr::memchr2_iter;

/// Fields of one record: its bytes, without the line end, and where each field ends in them.
pub(in crate::extract) struct Plain<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
}

impl<'a> Plain<'a> {
    /// Fields in the record.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field as it stands; `None` behind the record's end.
    pub fn get(&self, at: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(at)? as usize;
        // The separator stands between the end of one field and the start of the next.
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize + 1);
        Some(&self.bytes[start..end])
    }
}

/// Gives every record that is not empty to `each`, with its line, from `first_line` on. The text has no quotation mark
/// and less than 4 GiB.
pub(super) fn each<E>(
    bytes: &[u8],
    separator: u8,
    first_line: u64,
    mut each: impl FnMut(u64, &Plain<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut ends: Vec<u32> = Vec::with_capacity(64);
    let (mut start, mut line) = (0, first_line);
    let mut record = |start: usize, end: usize, line: u64, ends: &mut Vec<u32>| {
        // A line of nothing is no record; one of blanks is, a carriage return among them.
        if end > start {
            ends.push(u32::try_from(end - start).expect("a chunk is a few MiB"));
            each(line, &Plain { bytes: &bytes[start..end], ends })?;
        }
        ends.clear();
        Ok(())
    };
    for at in memchr2_iter(separator, b'\n', bytes) {
        if bytes[at] == separator {
            ends.push(u32::try_from(at - start).expect("a chunk is a few MiB"));
            continue;
        }
        record(start, at, line, &mut ends)?;
        start = at + 1;
        line += 1;
    }
    record(start, bytes.len(), line, &mut ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records with their fields, and the line of each.
    fn plain(text: &[u8], separator: u8) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut all = Vec::new();
        each(text, separator, 5, |line, record| {
            assert_eq!(record.get(record.len()), None);
            let fields = (0..record.len()).filter_map(|at| record.get(at));
            all.push((line, fields.map(<[u8]>::to_vec).collect()));
            Ok::<(), ()>(())
        })
        .expect("nothing fails");
        all
    }

    #[test]
    fn fields_lines_and_line_ends() {
        let field = |text: &str| text.as_bytes().to_vec();
        assert_eq!(
            plain(b"a;b\r\n\n;\r\nlast", b';'),
            vec![
                (5, vec![field("a"), field("b\r")]),
                (7, vec![field(""), field("\r")]),
                (8, vec![field("last")]),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn it_says_what_the_csv_reader_says(text in "([ab; ]{0,3}[;\n\r]?){0,30}") {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(b';').terminator(csv::Terminator::Any(b'\n')).from_reader(text.as_bytes());
            let records = reader.byte_records().map(|record| record.expect("sound").iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            let ours = plain(text.as_bytes(), b';').into_iter().map(|(_, fields)| fields);
            proptest::prop_assert_eq!(ours.collect::<Vec<_>>(), records.collect::<Vec<_>>());
        }

        #[test]
        fn a_record_stands_on_its_line(text in "([ab;]{0,2}[\n\r]{0,2}){0,12}") {
            for (line, fields) in plain(text.as_bytes(), b';') {
                let nth = usize::try_from(line - 5).expect("small");
                let there = text.split('\n').nth(nth).expect("such a line");
                let joined = fields.join(&b';');
                proptest::prop_assert_eq!(there.as_bytes(), &joined[..]);
            }
        }
    }
}
