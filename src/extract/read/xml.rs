//! XML of a workbook's part, event by event: no entities, no depth, no event beyond a line's length.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::ReadError;
use super::archive::Part;
use super::error::WorkbookFault;

/// Elements within elements. Sheets go five deep.
const MAX_DEPTH: usize = 64;

/// A part being read.
pub(super) struct Xml {
    reader: Reader<Part>,
    buffer: Vec<u8>,
    depth: usize,
}

impl Xml {
    pub fn new(part: Part) -> Xml {
        let mut reader = Reader::from_reader(part);
        // `<a/>` comes as a start and an end.
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, buffer: Vec::new(), depth: 0 }
    }

    /// The next event.
    pub fn next(&mut self) -> Result<Event<'_>, ReadError> {
        self.buffer.clear();
        self.reader.get_mut().begin_event();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(fault)?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => return Err(WorkbookFault::Entities.into()),
            _ => {}
        }
        if self.depth > MAX_DEPTH { Err(WorkbookFault::Xml.into()) } else { Ok(event) }
    }

    /// Packed bytes taken so far.
    pub fn packed(&self) -> u64 {
        self.reader.get_ref().packed()
    }
}

impl Drop for Xml {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

fn fault(error: quick_xml::Error) -> ReadError {
    match error {
        quick_xml::Error::Io(error) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<WorkbookFault>()) {
                Some(fault) => (*fault).into(),
                None => {
                    let source = Arc::try_unwrap(error).unwrap_or_else(|shared| shared.kind().into());
                    ReadError::Io { path: "(workbook)".into(), source }
                }
            }
        }
        _ => WorkbookFault::Xml.into(),
    }
}

/// The values of some attributes, by local name, as they stand (`&amp;` is not undone).
pub(super) fn attributes<'a, const N: usize>(
    element: &'a BytesStart<'_>,
    names: [&str; N],
) -> Result<[Option<std::borrow::Cow<'a, str>>; N], ReadError> {
    let mut values = [const { None }; N];
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| WorkbookFault::Xml)?;
        if let Some(at) = names.iter().position(|name| *name == attribute.key.local_name().as_ref()) {
            values[at] = Some(attribute.value);
        }
    }
    Ok(values)
}

/// The character that a reference is; references to entities of the file's own are refused.
pub(super) fn referred(reference: &BytesRef<'_>) -> Result<char, ReadError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| WorkbookFault::Xml)? {
        return Ok(character);
    }
    match reference.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(WorkbookFault::Entities.into()),
    }
}
