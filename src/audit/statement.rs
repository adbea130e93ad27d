//! Statements of payment as the service signs them.

use serde::{Deserialize, Serialize};

use crate::key::{Signature, SigningKey, VerifyingKey};

/// Context under which statements are signed.
pub const STATEMENT_CONTEXT: &str = "kobling/v1/payment-statement";

/// A statement's text as it was signed, and the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    /// JSON text; the signature is over these bytes.
    pub statement: String,
    /// The service's Ed25519 signature, 86 characters of base64url.
    pub signature: String,
}

/// The statement is not one that the key signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the statement is not signed by this service, or was changed since; compare the service's fingerprint"
)]
pub struct StatementError;

impl SignedStatement {
    /// Signs a text.
    #[must_use]
    pub fn sign(statement: String, key: &SigningKey) -> SignedStatement {
        let signature = key.sign(STATEMENT_CONTEXT, statement.as_bytes()).to_string();
        SignedStatement { statement, signature }
    }

    /// The text, when it is what the service signed.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn verify(&self, service: &VerifyingKey) -> Result<&str, StatementError> {
        let signature: Signature = self.signature.parse().map_err(|_| StatementError)?;
        let good = service.verifies(STATEMENT_CONTEXT, self.statement.as_bytes(), &signature);
        if good { Ok(&self.statement) } else { Err(StatementError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_verifies_until_a_byte_changes() {
        let key = SigningKey::from_seed(&mut [3; 32]);
        let signed = SignedStatement::sign("{\"amount\":50000000}".to_owned(), &key);
        assert_eq!(signed.verify(&key.verifying_key()), Ok("{\"amount\":50000000}"));
        let raised = SignedStatement { statement: signed.statement.replace('5', "6"), ..signed.clone() };
        assert_eq!(raised.verify(&key.verifying_key()), Err(StatementError));
        let other = SigningKey::from_seed(&mut [4; 32]);
        assert_eq!(signed.verify(&other.verifying_key()), Err(StatementError));
        let unsigned = SignedStatement { signature: String::new(), ..signed };
        assert_eq!(unsigned.verify(&key.verifying_key()), Err(StatementError));
    }
}
