//! Reads the lines of a verified block of aliases into a frame: two tokens of the partner's own scopes in, two links out.

use super::column_id;
use super::frames::Frame;
use crate::extract::manifest::ALIAS_COLUMNS;
use crate::intake::rows::strange;
use crate::intake::{IntakeRefusal, RowProblem};
use crate::token::{Linker, Token};

/// Reads lines of one package.
pub(super) struct PairReader {
    linker: Linker,
}

impl PairReader {
    pub(super) const fn new(linker: Linker) -> PairReader {
        PairReader { linker }
    }

    /// The header line that packages of aliases begin with, line feed included.
    pub(super) fn header() -> String {
        ALIAS_COLUMNS.map(|(name, ..)| name).join(",") + "\n"
    }

    /// Reads a line without its end.
    pub(super) fn line(&self, bytes: &[u8], line: u64, frame: &mut Frame) -> Result<(), IntakeRefusal> {
        let at = |column: Option<usize>, field: &[u8], problem: RowProblem| IntakeRefusal::Row {
            line,
            column: column.map(|at| column_id(ALIAS_COLUMNS[at].0)),
            problem: strange(field).unwrap_or(problem),
        };
        let mut fields = bytes.split(|byte| *byte == b',');
        let (Some(old), Some(new), None) = (fields.next(), fields.next(), fields.next()) else {
            return Err(at(None, bytes, RowProblem::Columns));
        };
        let token = |column: usize, field: &[u8]| {
            if field.is_empty() {
                return Err(at(Some(column), b"", RowProblem::Missing));
            }
            let token =
                Token::parse(field).map_err(|error| at(Some(column), field, RowProblem::Token(error)))?;
            if token.kind().is_person() {
                Ok(token)
            } else {
                Err(at(Some(column), b"", RowProblem::TokenKind))
            }
        };
        let (old, new) = (token(0, old)?, token(1, new)?);
        let links = (self.linker.link(&old), self.linker.link(&new));
        if links.0 == links.1 {
            return Err(at(None, b"", RowProblem::SameToken));
        }
        frame.push_alias(old.kind(), &links);
        Ok(())
    }
}
