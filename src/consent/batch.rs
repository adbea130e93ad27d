//! A batch of consent records as it comes over the wire: read strictly, with errors that repeat nothing.

use serde::{Deserialize, Serialize};

use super::event::ConsentRecord;
use crate::key::KeyId;
use crate::limits;

/// Why a batch cannot be read. Unlike the parser's own message it repeats nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentBatchError {
    /// Not JSON, or a field, kind or code that is missing, unknown or malformed.
    #[error(
        "line {line}, column {column}: not a batch of consent records; docs/CONSENT.md lists the fields and codes, \
         and no others are taken"
    )]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1 (0 where the line itself is at fault).
        column: usize,
    },
    /// More records than one request may hold.
    #[error("more than {} records in one batch; send them in several", limits::MAX_CONSENT_BATCH)]
    TooMany,
    /// No record.
    #[error("the batch holds no record")]
    Empty,
}

/// Records with the linkage key that made their tokens: `{"key_id", "records"}`. A batch states its key as a package
/// does, since a withdrawal under another key would be recorded and stop nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentBatch {
    /// The linkage key.
    pub key_id: KeyId,
    /// At least one record, at most [`limits::MAX_CONSENT_BATCH`].
    #[cfg_attr(feature = "service", schema(min_items = 1, max_items = 10_000))]
    pub records: Vec<ConsentRecord>,
}

impl ConsentBatch {
    /// Reads a batch, all of it or none.
    ///
    /// # Errors
    /// [`ConsentBatchError`].
    pub fn parse(json: &[u8]) -> Result<ConsentBatch, ConsentBatchError> {
        let batch: ConsentBatch = serde_json::from_slice(json)
            .map_err(|error| ConsentBatchError::Malformed { line: error.line(), column: error.column() })?;
        match batch.records.len() {
            0 => Err(ConsentBatchError::Empty),
            len if len > limits::MAX_CONSENT_BATCH => Err(ConsentBatchError::TooMany),
            _ => Ok(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::sound;
    use super::*;

    #[test]
    fn a_batch_is_read_whole_or_not_at_all() {
        let record = serde_json::json!({ "token": "cpr.x", "event": sound() });
        let batch = |n: usize| {
            let json =
                serde_json::json!({ "key_id": "0011223344556677", "records": vec![record.clone(); n] });
            serde_json::to_vec(&json).expect("JSON")
        };
        assert_eq!(ConsentBatch::parse(&batch(2)).map(|b| b.records.len()), Ok(2));
        assert_eq!(ConsentBatch::parse(&batch(0)).err(), Some(ConsentBatchError::Empty));
        let cut = &batch(2)[..batch(2).len() - 1];
        assert!(matches!(ConsentBatch::parse(cut), Err(ConsentBatchError::Malformed { .. })));
        let over = batch(limits::MAX_CONSENT_BATCH + 1);
        assert_eq!(ConsentBatch::parse(&over).err(), Some(ConsentBatchError::TooMany));
    }

    #[test]
    fn attack_a_cpr_number_as_a_code_is_not_repeated_in_the_error() {
        let mut event = sound();
        event["kind"] = "0707614286".into();
        let json = serde_json::json!({ "key_id": "0011223344556677", "records": [{ "token": "cpr.x", "event": event }] })
            .to_string();
        // The parser's own message does repeat it.
        let own = serde_json::from_str::<ConsentBatch>(&json).expect_err("no such kind").to_string();
        assert!(own.contains("0707614286"));
        let error = ConsentBatch::parse(json.as_bytes()).expect_err("no such kind");
        assert!(!format!("{error} {error:?}").contains("0707614286"));
    }
}
