//! One entry of a strand, and its canonical text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::clock::Timestamp;
use crate::name::{OrganisationId, PartnerId, PrincipalId, StaffId};

/// The partner that an entry concerns, or the service itself. Written `partner/ID` or `service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strand {
    /// What concerns no single partner: seals, answers, programme.
    Service,
    /// What concerns one partner, and may be shown to it.
    Partner(PartnerId),
}

/// Why a text names no strand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a strand is written `service` or `partner/ID`")]
pub struct StrandTextError;

impl fmt::Display for Strand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Strand::Service => f.write_str("service"),
            Strand::Partner(partner) => write!(f, "partner/{partner}"),
        }
    }
}

impl FromStr for Strand {
    type Err = StrandTextError;

    fn from_str(text: &str) -> Result<Strand, StrandTextError> {
        match text.strip_prefix("partner/") {
            Some(partner) => partner.parse().map(Strand::Partner).map_err(|_| StrandTextError),
            None if text == "service" => Ok(Strand::Service),
            None => Err(StrandTextError),
        }
    }
}

impl Serialize for Strand {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Strand {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Strand, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Who did it. Fields in the order of their names, as in every struct here that is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// The principal's organisation.
    pub organisation: OrganisationId,
    /// The person at whose desk it was done, where the principal is a system that says so. The organisation's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<StaffId>,
    /// The principal; `koblingd` for what the operator does at the machine itself.
    pub principal: PrincipalId,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.person {
            Some(person) => write!(f, "{} / {person} ({})", self.principal, self.organisation),
            None => write!(f, "{} ({})", self.principal, self.organisation),
        }
    }
}

/// What was done: a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// The data folder was made.
    ServiceInitialised,
    /// A programme definition came into force.
    ProgrammeAdopted,
    /// A principal was added.
    PrincipalAdded,
    /// A principal was revoked.
    PrincipalRevoked,
    /// A person who signs in through an identity provider has another role or organisation than before.
    PrincipalChanged,
    /// A person signed in through an identity provider.
    SignedIn,
    /// A principal was given a new token; those that it has end.
    TokenRotated,
    /// One token of a principal was revoked.
    TokenRevoked,
    /// A principal's tokens were bound to a client certificate.
    CertificateBound,
    /// That was undone.
    CertificateUnbound,
    /// A partner's signing key was enrolled.
    KeyEnrolled,
    /// A partner's signing key was revoked.
    KeyRevoked,
    /// A manifest and its signature opened an upload.
    UploadOpened,
    /// The last block of an upload became durable.
    UploadCompleted,
    /// The partner gave an upload up.
    UploadAborted,
    /// An upload was dropped because nothing reached it for long.
    UploadExpired,
    /// A whole upload was refused for how many persons it is about.
    UploadRefused,
    /// The steward let in a package that was refused.
    UploadApproved,
    /// A partner withdrew a package.
    PackageWithdrawn,
    /// Consent events were recorded.
    ConsentsRecorded,
    /// A partner was told what it recorded of a person's consent.
    ConsentsShown,
    /// A partner was told everything that is held of a person from it.
    AccessGiven,
    /// A partner asked what its own consent records permitted.
    ConsentsRead,
    /// An erasure was opened: rows lost their permission.
    ErasureOpened,
    /// An erasure was done: none of its rows is left.
    ErasureDone,
    /// A snapshot was written anew without the rows of erasures.
    SnapshotErased,
    /// What was kept for as long as it was to be kept was removed.
    RetentionApplied,
    /// Two links were proposed as one person's; or those of a package.
    AliasProposed,
    /// A proposal was approved; or those of a package.
    AliasApproved,
    /// A proposal was rejected, and is gone; or those of a package.
    AliasRejected,
    /// A snapshot was sealed.
    Sealed,
    /// A question was answered.
    Answered,
    /// A standing report was read.
    ReportRead,
    /// A payment was stated.
    PaymentStated,
    /// A statement of payment was asked for again.
    PaymentRead,
    /// The statements of payment of an organisation were listed.
    PaymentsListed,
    /// A partner asked what became of its own referrals.
    FollowedUp,
    /// Referrals that were held for their number were looked at, and count.
    ReferralsApproved,
    /// The quality report was read.
    QualityRead,
    /// The log of answers was read.
    AnswersRead,
    /// The audit chain was read.
    AuditRead,
}

/// An entry of a strand: everything that is hashed, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who.
    pub actor: Actor,
    /// When, by the service's clock; never before the entry made last.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
    /// Position in the strand, from 1.
    pub position: u64,
    /// The strand.
    pub strand: Strand,
    /// About what.
    pub subject: Subject,
}

impl Entry {
    /// The canonical text: JSON without white space, members in the order of their names (RFC 8785, of which only
    /// objects, strings and whole numbers occur).
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and maps with string keys are JSON")
    }

    /// Reads a canonical text; any other spelling of the same entry is refused.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Entry> {
        serde_json::from_str(text).ok().filter(|entry: &Entry| entry.canonical() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_text_is_sorted_and_has_one_spelling() {
        let entry = Entry {
            actor: Actor {
                organisation: "lokk".parse().expect("a name"),
                principal: "lokk-it".parse().expect("a name"),
                person: None,
            },
            at: "2022-07-01T12:00:00Z".parse().expect("an instant"),
            deed: Deed::UploadCompleted,
            position: 7,
            strand: Strand::Partner("lokk".parse().expect("a name")),
            subject: Subject::new().count("rows", 3).id("package", "ab"),
        };
        let text = entry.canonical();
        assert_eq!(
            text,
            r#"{"actor":{"organisation":"lokk","principal":"lokk-it"},"at":"2022-07-01T12:00:00Z","deed":"upload-completed","position":7,"strand":"partner/lokk","subject":{"package":"ab","rows":3}}"#
        );
        // serde_json's map sorts its members: an independent statement of the order.
        let sorted: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(sorted.to_string(), text);
        assert_eq!(Entry::from_canonical(&text), Some(entry));
        assert_eq!(Entry::from_canonical(&text.replace(":7", ": 7")), None);
    }

    #[test]
    fn a_partner_called_service_is_not_the_service() {
        let strand = Strand::Partner("service".parse().expect("a name"));
        assert_ne!(strand.to_string(), Strand::Service.to_string());
        assert_eq!(strand.to_string().parse(), Ok(strand));
        assert_eq!("partner/Æ".parse::<Strand>(), Err(StrandTextError));
    }
}
