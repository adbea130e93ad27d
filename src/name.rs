//! Names that programmes give to things: one type each, one way in, one wire form.
//!
//! All match `[a-z0-9-]{1,32}`, so that they can stand in file names, URLs and key derivations as they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::language::Spoken;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 32 of the characters a-z, 0-9 and -")]
pub struct NameError;

impl Spoken for NameError {
    fn danish(&self) -> String {
        "et navn har 1 til 32 af tegnene a-z, 0-9 og -".to_owned()
    }
}

fn check(text: &str) -> Result<(), NameError> {
    let fits = !text.is_empty() && text.len() <= 32;
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits && plain { Ok(()) } else { Err(NameError) }
}

/// The same, and no CPR number: it stands in the audit chain for good.
fn check_staff(text: &str) -> Result<(), NameError> {
    check(text)?;
    if text.bytes().filter(u8::is_ascii_digit).count() >= 10 { Err(NameError) } else { Ok(()) }
}

macro_rules! names {
    ($check:ident; $($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                $check(text).map(|()| $name(text.into()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

names! { check;
    /// A programme.
    ProgrammeId,
    /// A partner: an organisation that uploads.
    PartnerId,
    /// Any organisation of a programme: partner, evaluator, operator, custodian.
    OrganisationId,
    /// A dataset of a programme.
    DatasetId,
    /// A column of a dataset.
    ColumnId,
    /// A code of a category column.
    CodeId,
    /// What data may be used for.
    PurposeId,
    /// A registered dimension.
    DimensionId,
    /// A registered population.
    PopulationId,
    /// A registered stage of a way through the programme.
    StageId,
    /// A registered question.
    QuestionId,
    /// A notice: the text a person was shown when asked.
    NoticeId,
    /// A registered follow-up on one's own referrals.
    FollowupId,
    /// A status that a follow-up can answer.
    StatusId,
    /// A principal: somebody or something that holds a bearer token.
    PrincipalId,
}

names! { check_staff;
    /// A person as the organisation that they work for names them in its own systems: fewer than ten digits, so that no CPR
    /// number is one.
    StaffId,
}

impl From<PartnerId> for OrganisationId {
    fn from(partner: PartnerId) -> OrganisationId {
        OrganisationId(partner.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!("koebenhavns-politi".parse::<PartnerId>().is_ok());
        for bad in ["", "Politi", "a_b", "a/b", "æ", "a b", &"a".repeat(33)] {
            assert_eq!(bad.parse::<PartnerId>(), Err(NameError), "{bad}");
        }
    }
}
