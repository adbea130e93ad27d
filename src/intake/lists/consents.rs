//! Reads the lines of a verified block of consents into a frame: strict text in, links and events out.

use super::frames::Frame;
use super::{OpenedList, column_id, in_line};
use crate::clock::Timestamp;
use crate::consent::{CONSENT_COLUMNS, ConsentEvent, ConsentRefusal, FieldProblem};
use crate::intake::rows::strange;
use crate::intake::{IntakeRefusal, RowProblem};
use crate::programme::Programme;
use crate::token::{Linker, Token};

/// Reads lines of one package.
pub(super) struct EventReader {
    programme: Programme,
    source: u8,
    linker: Linker,
    now: Timestamp,
}

impl EventReader {
    pub(super) fn new(
        programme: &Programme,
        opened: &OpenedList,
        linker: Linker,
        now: Timestamp,
    ) -> EventReader {
        EventReader { programme: programme.clone(), source: opened.source, linker, now }
    }

    /// The header line that packages of consents begin with, line feed included.
    pub(super) fn header() -> String {
        CONSENT_COLUMNS.map(|(name, ..)| name).join(",") + "\n"
    }

    /// Reads a line without its end.
    pub(super) fn line(&self, bytes: &[u8], line: u64, frame: &mut Frame) -> Result<(), IntakeRefusal> {
        let at = |column: Option<usize>, field: &[u8], problem: RowProblem| IntakeRefusal::Row {
            line,
            column: column.map(|at| column_id(CONSENT_COLUMNS[at].0)),
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
        frame.push_event(token.kind(), &self.linker.link(&token), &event);
        Ok(())
    }
}
