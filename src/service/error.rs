//! Why an operation said no: a closed set, each with a code that stays and a piece of advice.

use crate::clock::{Day, Timestamp};
use crate::consent::{ConsentBatchError, ConsentRefusal};
use crate::disclosure::{FloorError, ReleaseError, SettlementError};
use crate::followup::LookupRefusal;
use crate::intake::IntakeRefusal;
use crate::key::KeyFileError;
use crate::key::KeyId;
use crate::question::{AskRefusal, CountError};
use crate::snapshot::{LoadError, RewriteError, SealError};
use crate::store::StoreError;

/// Why an operation said no. Never carries a value of a person.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An upload is refused.
    #[error(transparent)]
    Intake(#[from] IntakeRefusal),
    /// A batch of consents cannot be read.
    #[error(transparent)]
    ConsentBatch(#[from] ConsentBatchError),
    /// A batch whose tokens were made with another linkage key.
    #[error("these tokens were made with key {found}, the programme expects {expected}")]
    ConsentKey {
        /// The batch's.
        found: KeyId,
        /// The one in force.
        expected: KeyId,
    },
    /// A consent event is refused, and the batch with it.
    #[error("record {} of the batch: {refusal}", index + 1)]
    Consent {
        /// Position in the batch, from 0.
        index: usize,
        /// Why.
        refusal: ConsentRefusal,
    },
    /// A look-up cannot be read.
    #[error(transparent)]
    Lookup(#[from] LookupRefusal),
    /// More look-ups than a day has.
    #[error(
        "a day has {per_day} look-ups of this follow-up, and so many are no longer left; they are again at {free_at}"
    )]
    LookupQuota {
        /// Most of a day.
        per_day: u32,
        /// When the next day (UTC) begins.
        free_at: Timestamp,
    },
    /// A seal failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A snapshot cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Rows could not be erased from a snapshot.
    #[error(transparent)]
    Erase(#[from] RewriteError),
    /// A question that is not registered so.
    #[error(transparent)]
    Ask(#[from] AskRefusal),
    /// A question that could not be counted: a fault inside.
    #[error(transparent)]
    Count(#[from] CountError),
    /// A tabulation that could not be released: a fault inside.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A payment that cannot be stated.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
    /// A payment whose last window has not ended.
    #[error(
        "the statement can be made from a snapshot of {due} or later, when the last window has ended for everybody; the data were sealed on {sealed}"
    )]
    NotDue {
        /// The first day of a snapshot that will do.
        due: Day,
        /// Day of the snapshot in force.
        sealed: Day,
    },
    /// Disclosure settings below the floor.
    #[error(transparent)]
    Rules(#[from] FloorError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The file system said no.
    #[error("the service could not use its data folder")]
    Io(#[from] std::io::Error),
    /// Anything else that the caller can do something about.
    #[error("{0}")]
    Refused(Reason),
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal, $advice:literal;)*) => {
        /// Refusals of the service's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];

            /// The code: stays the same over versions.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Reason::$name => $advice,)* }
            }
        }

        impl std::fmt::Display for Reason {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Reason::$name => $message,)* })
            }
        }
    };
}

reasons! {
    /// No or no known bearer token.
    Unauthenticated = "unauthenticated", "no valid bearer token came with the request",
        "send `Authorization: Bearer kobling-token-1.…` with a token that is not revoked";
    /// A token that has to come with a client certificate, and came without it.
    ClientCertificate = "client-certificate", "this token is good only over a connection that presents its client certificate",
        "connect with the certificate that the operator bound the token to (`--client-cert` and `--client-key`)";
    /// A person at whose desk it is done, by no name that is taken.
    Person = "person", "the header Kobling-Person holds no name of a person",
        "send 1 to 32 of the characters a-z, 0-9 and -, with fewer than ten digits: the number that the person has as staff";
    /// The role may not.
    Forbidden = "forbidden", "your role may not do this",
        "ask the steward who may; the roles are listed in the documentation";
    /// Nothing there, or nothing that the caller may know of.
    NotFound = "not-found", "there is nothing here for you",
        "check the address and the id";
    /// Another method is expected.
    Method = "method-not-allowed", "this address does not take this method",
        "see /v1/openapi.json";
    /// The body is no JSON of the shape expected.
    Body = "body", "the body is not the JSON that is expected here",
        "see /v1/openapi.json for the fields; no others are taken";
    /// The query is none that is taken.
    Query = "query", "the query of the address is not one that is taken here",
        "see /v1/openapi.json for what may stand after the question mark";
    /// Not a day.
    Day = "day", "this is no day between 1850 and 2199", "write it as 2022-12-31";
    /// Not whole quarters in their order.
    Period = "period", "this is no run of whole quarters between 1850 and 2199", "write the first and the last: 2022-Q1..2022-Q4";
    /// The body is too large.
    TooLarge = "too-large", "the body is too large", "send it in several parts";
    /// A version of tus that is not spoken.
    TusVersion = "tus-version", "the header Tus-Resumable is missing or not 1.0.0", "use a tus 1.0 client";
    /// Another content type.
    ContentType = "content-type", "the content type is not the one expected",
        "send application/offset+octet-stream for rows, application/json for the rest";
    /// No offset, or none that is a number.
    OffsetHeader = "offset-header", "the header Upload-Offset is missing or no number",
        "ask for the offset with HEAD first";
    /// Another offset than the upload stands at.
    Offset = "offset", "the upload does not stand at this offset",
        "ask for the offset with HEAD and go on from there";
    /// A creation of tus that is none of ours.
    Creation = "creation", "this is no creation of an upload with a signed manifest",
        "send Upload-Length and Upload-Metadata with manifest and signature in base64 and no body, or the JSON body; rows come with PATCH";
    /// A checksum of a form that is not understood.
    ChecksumForm = "checksum-form", "the header Upload-Checksum names no algorithm that is known here",
        "use sha256 or sha1, then the digest in base64";
    /// The checksum does not fit.
    Checksum = "checksum", "the bytes that arrived do not have the checksum sent with them",
        "send them again from the offset that HEAD gives; whole blocks that fit the manifest are kept";
    /// Other requests are at the same upload.
    Busy = "busy", "other requests of yours are at this upload", "wait until they have ended, then ask for the offset";
    /// Not whole yet.
    Incomplete = "incomplete", "the upload is not complete", "send the rest, then ask again";
    /// No longer open.
    Gone = "gone", "this upload was given up, was refused, has expired or was withdrawn", "open a new one";
    /// Not signed, or by no key in force.
    ConsentSignature = "consent-signature",
        "the header Kobling-Signature is missing or by none of your enrolled keys",
        "sign the body as it is sent with the key that the steward enrolled";
    /// Not signed, or by no key in force.
    FollowupSignature = "followup-signature",
        "the header Kobling-Signature is missing or by none of your enrolled keys",
        "sign the body as it is sent with the key that the steward enrolled";
    /// A follow-up that the programme does not offer to the partner.
    FollowupUnknown = "followup-unknown", "there is no such follow-up for this partner",
        "ask for what GET /v1/followups lists";
    /// No token of a person.
    PersonToken = "person-token", "the token is none of a person",
        "send the token that `kobling` makes of a CPR number or its replacement";
    /// No note, or one that is none.
    AccessNote = "access-note", "the note of who asks is missing, too long, or holds a CPR number",
        "write 1 to 64 bytes of your own on one line: a label of the case worker or the case";
    /// A moment that has not come.
    AsOfFuture = "as-of-future", "the moment lies in the future", "ask about now, or about an earlier moment";
    /// No token, or the same one twice.
    AliasToken = "alias-token", "an alias takes two different tokens of persons",
        "send the two tokens as `old` and `new`";
    /// Not a public key.
    PublicKey = "public-key", "this is no public signing key", "send the 43 characters that `kobling signing-key show` prints";
    /// A statement of payment that shares days with one that was made.
    StatementOverlaps = "statement-overlaps", "a statement was made before for some of these days, and nobody is paid for twice",
        "ask for the same period again, or for one that shares no day with it; GET /v1/payments lists them";
    /// Nothing sealed yet.
    NoSnapshot = "no-snapshot", "nothing has been sealed yet", "ask the steward to seal a snapshot";
    /// Somebody else's role.
    RoleOrganisation = "role-organisation", "the programme does not give this role to this organisation",
        "see the programme's [roles] and partners";
    /// The wrong service key for the folder.
    ServiceKey = "service-key", "this is not the service key that the data folder was made with",
        "use that key: with another one no link would meet those that are stored";
    /// A folder that came out of a backup, and was not released.
    Restored = "restored", "the service was restored from a backup, and does not answer until the steward has released it",
        "ask again later; partners hand in their receipts, and the steward decides with `koblingd restore release`";
    /// A receipt of another service, partner or programme, or one that was changed.
    ReceiptOther = "receipt-other", "a receipt is not of this service to this partner, or was changed since",
        "hand in the receipts that this service gave you, as they lie in your outbox";
    /// A receipt that contradicts the chain.
    ReceiptFork = "receipt-fork", "a receipt contradicts an entry that the backup had: the backup is not of the history that you were shown",
        "keep the receipt, and show it to the steward and the auditor";
    /// More than one principal may ask, or has under way.
    TooManyRequests = "too-many-requests", "more requests came with your token than it has leave for now",
        "wait as many seconds as the header Retry-After says, then go on; ask for less at a time";
    /// Wrong tokens from the same address.
    TooManyFailures = "too-many-failures", "no valid bearer token came with the request, nor with many before it from your address",
        "see which token is sent; a right one is let in at once; with others wait as Retry-After says";
    /// No room to wait for one's turn.
    LineFull = "line-full", "the service has as much to do as it takes on at a time; nothing was done of this",
        "come again after as many seconds as the header Retry-After says";
    /// Something that is worth a look by whoever runs the service.
    Internal = "internal", "the service could not do this", "try again; if it stays, tell the operator";
}

impl ServiceError {
    /// The code: stays the same over versions, so that scripts can tell refusals apart.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ServiceError::Store(error) => match error {
                StoreError::Full | StoreError::Unwritable => "disk-full",
                StoreError::Io { source, .. } if no_room(source) => "disk-full",
                StoreError::Clock { .. } => "clock",
                StoreError::NoSuch(_) => Reason::NotFound.code(),
                StoreError::Conflict(_) => "conflict",
                StoreError::Consent { refusal, .. } => refusal.code(),
                _ => Reason::Internal.code(),
            },
            ServiceError::Intake(refusal) => refusal.code(),
            ServiceError::ConsentBatch(_) => "consent-batch",
            ServiceError::ConsentKey { .. } => "other-key",
            ServiceError::Consent { refusal, .. } => refusal.code(),
            ServiceError::Lookup(refusal) => refusal.code(),
            ServiceError::LookupQuota { .. } => "followup-quota",
            ServiceError::Seal(SealError::Write { source, .. }) if no_room(source) => "disk-full",
            ServiceError::Seal(_) => "seal",
            ServiceError::Io(error) if no_room(error) => "disk-full",
            ServiceError::Ask(refusal) => refusal.code(),
            ServiceError::NotDue { .. } => "statement-not-due",
            ServiceError::Settlement(SettlementError::Few) => "statement-few",
            ServiceError::Settlement(SettlementError::NotPermitted) => "statement-not-permitted",
            ServiceError::Settlement(SettlementError::Form) => Reason::Internal.code(),
            ServiceError::Load(LoadError::OverLimit { .. } | LoadError::InUse { .. }) => "memory",
            ServiceError::Erase(RewriteError::Write(SealError::Write { source, .. })) if no_room(source) => {
                "disk-full"
            }
            ServiceError::Erase(_)
            | ServiceError::Load(_)
            | ServiceError::Key(_)
            | ServiceError::Io(_)
            | ServiceError::Count(_)
            | ServiceError::Release(_)
            | ServiceError::Rules(_) => Reason::Internal.code(),
            ServiceError::Refused(reason) => reason.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            ServiceError::Intake(refusal) => refusal.advice(),
            ServiceError::ConsentBatch(_) => {
                "correct the batch and send it as a whole; nothing of it was recorded"
            }
            ServiceError::ConsentKey { .. } => {
                "ask the custodian for the key that the programme expects; nothing of the batch was recorded"
            }
            ServiceError::Consent { refusal, .. } => refusal.advice(),
            ServiceError::Refused(reason) => reason.advice(),
            ServiceError::Store(StoreError::Consent { refusal, .. }) => refusal.advice(),
            ServiceError::Lookup(refusal) => refusal.advice(),
            ServiceError::LookupQuota { .. } => {
                "ask again on the next day (UTC), or about fewer; the steward can raise the number with the programme"
            }
            ServiceError::Store(StoreError::NoSuch(_)) => Reason::NotFound.advice(),
            ServiceError::Store(StoreError::Conflict(_)) => "look at where things stand, then decide again",
            ServiceError::NotDue { .. } => "ask again after a seal on that day or later",
            ServiceError::Settlement(_) => {
                "see the contract's terms in the programme, and talk to the steward"
            }
            ServiceError::Ask(_) => "ask for what is registered; GET /v1/questions lists it",
            ServiceError::Seal(_) if self.code() == "seal" => {
                "see what is wrong with the file named, then seal again"
            }
            _ if self.code() == "disk-full" => {
                "tell the operator; nothing that was acknowledged is lost; send it again later"
            }
            _ if self.code() == "memory" => {
                "tell the operator, whose log says how much it takes; or ask about less"
            }
            _ if self.code() == "clock" => "tell the operator to set the clock",
            ServiceError::Erase(_) => {
                "see the log for what is wrong with the snapshot; the old one stays in force"
            }
            _ => Reason::Internal.advice(),
        }
    }

    /// The message for whoever asked. What is wrong inside the service is for its log alone: it can tell about others.
    #[must_use]
    pub fn public_message(&self) -> String {
        match self.code() {
            "disk-full" => "the service has no room left".to_owned(),
            "clock" => "the service's clock is set wrong".to_owned(),
            // How much the rows take tells how many there are.
            "memory" => "the question reads more than the service may hold in memory".to_owned(),
            "internal" => Reason::Internal.to_string(),
            _ => self.to_string(),
        }
    }
}

/// Whether a write failed for want of room: of the disk, of a quota, or of what one file may have.
fn no_room(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    let room =
        |kind| matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge);
    // A writer of columns wraps the error of the file that it writes to.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<std::io::Error>() {
            Some(error) if room(error.kind()) => return true,
            Some(error) => cause = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => cause = error.source(),
        }
    }
    false
}

impl From<crate::intake::ReceiveError> for ServiceError {
    fn from(error: crate::intake::ReceiveError) -> ServiceError {
        match error {
            crate::intake::ReceiveError::Refused(refusal) => ServiceError::Intake(refusal),
            crate::intake::ReceiveError::Io(error) => ServiceError::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_seal_for_which_there_is_no_room_says_so_however_deep_the_cause_lies() {
        let seal = |source| ServiceError::Seal(SealError::Write { file: "x".to_owned(), source });
        let full = || Error::from(ErrorKind::StorageFull);
        for source in [full(), Error::other(full()), Error::other(Error::other(full()))] {
            let error = seal(source);
            assert_eq!(error.code(), "disk-full");
            assert!(error.advice().contains("tell the operator") && !error.public_message().contains('x'));
        }
        let other = seal(Error::from(ErrorKind::PermissionDenied));
        assert_eq!(other.code(), "seal");
    }
}
