//! Reads the lines of a verified block into a frame: strict text in, links and events out.

use super::frames::Frame;
use super::{OpenedConsents, column_id, in_line};
use crate::clock::Timestamp;
use crate::consent::{CONSENT_COLUMNS, ConsentEvent, ConsentRefusal, FieldProblem};
use crate::intake::rows::strange;
use crate::intake::{IntakeRefusal, RowProblem};
use crate::programme::Programme;
use crate::token::{Linker, Token};

/// Reads lines of one package.
pub(super) struct LineReader {
    programme: Programme,
    source: u8,
    linker: Linker,
    now: Timestamp,
}

impl LineReader {
    pub(super) fn new(
        programme: &Programme,
        opened: &OpenedConsents,
        linker: Linker,
        now: Timestamp,
    ) -> LineReader {
        LineReader { programme: programme.clone(), source: opened.source, linker, now }
    }

    /// The header line that packages of consents begin with, line feed included.
    pub(super) fn header() -> String {
        CONSENT_COLUMNS.map(|(name, ..)| name).join(",") + "\n"
    }

    /// Reads whole lines, of which the first is line `line` of the file.
    pub(super) fn read(&self, text: &[u8], mut line: u64, frame: &mut Frame) -> Result<(), IntakeRefusal> {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            self.line(&text[start..end], line, frame)?;
            start = end + 1;
            line += 1;
        }
        if start != text.len() {
            let problem = strange(&text[start..]).unwrap_or(RowProblem::Unfinished);
            return Err(IntakeRefusal::Row { line, column: None, problem });
        }
        Ok(())
    }

    fn line(&self, bytes: &[u8], line: u64, frame: &mut Frame) -> Result<(), IntakeRefusal> {
        let at = |column: Option<usize>, field: &[u8], problem: RowProblem| IntakeRefusal::Row {
            line,
            column: column.map(column_id),
            problem: strange(field).unwrap_or(problem),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| at(None, bytes, RowProblem::Encoding))?;
        let mut fields = [""; 23];
        let mut given = text.split(',');
        for field in &mut fields {
            *field = given.next().ok_or_else(|| at(None, bytes, RowProblem::Columns))?;
        }
        if given.next().is_some() {
            return Err(at(None, bytes, RowProblem::Columns));
        }
        if fields[0].is_empty() {
            return Err(at(Some(0), b"", RowProblem::Missing));
        }
        let token = Token::parse(fields[0].as_bytes())
            .map_err(|error| at(Some(0), fields[0].as_bytes(), RowProblem::Token(error)))?;
        if !token.kind().is_person() {
            return Err(in_line(line, ConsentRefusal::Token));
        }
        let event = ConsentEvent::of_line(&fields).map_err(|(column, problem)| {
            let problem = match problem {
                FieldProblem::Missing => RowProblem::Missing,
                FieldProblem::Word => RowProblem::Code,
                FieldProblem::Date => RowProblem::Date,
                FieldProblem::Form => RowProblem::Form,
            };
            at(Some(column), fields[column].as_bytes(), problem)
        })?;
        event.check(self.now).map_err(|refusal| in_line(line, refusal))?;
        event.fits(&self.programme, self.source).map_err(|refusal| in_line(line, refusal))?;
        frame.push(token.kind(), &self.linker.link(&token), &event);
        Ok(())
    }
}
