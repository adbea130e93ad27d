//! Receipts: what the service signs for a partner.

use serde::{Deserialize, Serialize};

use super::{Head, Strand, Subject};
use crate::clock::Timestamp;
use crate::key::{Signature, SigningKey, VerifyingKey};
use crate::language::Spoken;
use crate::name::{PartnerId, ProgrammeId};

/// Context under which receipts are signed.
pub const RECEIPT_CONTEXT: &str = "kobling/v1/receipt";

/// What a receipt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptKind {
    /// A package was received whole.
    Upload,
    /// A package was withdrawn.
    Withdrawal,
    /// Consent events were recorded.
    Consents,
    /// Aliases were entered as proposals.
    Aliases,
    /// Rows were erased, everywhere.
    Erasure,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What it is for.
    pub kind: ReceiptKind,
    /// Id of the package or batch.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The programme.
    pub programme: ProgrammeId,
    /// Whose.
    pub partner: PartnerId,
    /// Digests and counts.
    pub subject: Subject,
    /// Head of the partner's strand once this was entered.
    pub head: Head,
}

/// A receipt's text as it was signed, and the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReceipt {
    /// JSON text of a [`Receipt`]; the signature is over these bytes.
    pub receipt: String,
    /// The service's Ed25519 signature, 86 characters of base64url.
    pub signature: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Not signed by this service, or changed since.
    #[error(
        "the receipt is not signed by this service, or was changed since; compare the service's fingerprint"
    )]
    Signature,
    /// Not a receipt.
    #[error("this is no receipt of a format that is understood here")]
    Form,
    /// Made out in one partner's name with the head of another strand.
    #[error("the receipt contradicts itself: its head is of another strand than its partner's")]
    Strand,
}

impl Spoken for ReceiptError {
    fn danish(&self) -> String {
        match self {
            ReceiptError::Signature => {
                "kvitteringen er ikke underskrevet af denne tjeneste, eller den er ændret siden; sammenlign tjenestens fingeraftryk"
            }
            ReceiptError::Form => "dette er ingen kvittering i en form, som forstås her",
            ReceiptError::Strand => {
                "kvitteringen modsiger sig selv: dens hoved hører til en anden streng end partens"
            }
        }
        .to_owned()
    }
}

impl Receipt {
    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> SignedReceipt {
        let receipt =
            serde_json::to_string(self).expect("strings, numbers and maps with string keys are JSON");
        let signature = key.sign(RECEIPT_CONTEXT, receipt.as_bytes()).to_string();
        SignedReceipt { receipt, signature }
    }
}

impl SignedReceipt {
    /// Verifies the signature and reads the receipt.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn verify(&self, service: &VerifyingKey) -> Result<Receipt, ReceiptError> {
        let signature: Signature = self.signature.parse().map_err(|_| ReceiptError::Signature)?;
        if !service.verifies(RECEIPT_CONTEXT, self.receipt.as_bytes(), &signature) {
            return Err(ReceiptError::Signature);
        }
        let receipt: Receipt = serde_json::from_str(&self.receipt).map_err(|_| ReceiptError::Form)?;
        if receipt.head.strand != Strand::Partner(receipt.partner.clone()) {
            return Err(ReceiptError::Strand);
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_verifies_until_a_byte_changes() {
        let key = SigningKey::from_seed(&mut [3; 32]);
        let partner: PartnerId = "lokk".parse().expect("a name");
        let receipt = Receipt {
            kind: ReceiptKind::Upload,
            id: "ab".to_owned(),
            at: Timestamp::from_millis(0),
            programme: "p".parse().expect("a name"),
            partner: partner.clone(),
            subject: Subject::new().count("rows", 2),
            head: Head::empty(Strand::Partner(partner)),
        };
        let signed = receipt.sign(&key);
        assert_eq!(signed.verify(&key.verifying_key()).ok(), Some(receipt.clone()));
        let mut forged = signed.clone();
        forged.receipt = forged.receipt.replace("\"rows\":2", "\"rows\":3");
        assert!(matches!(forged.verify(&key.verifying_key()), Err(ReceiptError::Signature)));
        let other = SigningKey::from_seed(&mut [4; 32]);
        assert!(matches!(signed.verify(&other.verifying_key()), Err(ReceiptError::Signature)));
        let stray = Receipt { head: Head::empty(Strand::Service), ..receipt }.sign(&key);
        assert!(matches!(stray.verify(&key.verifying_key()), Err(ReceiptError::Strand)));
    }
}
