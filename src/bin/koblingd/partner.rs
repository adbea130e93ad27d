//! `koblingd partner enrol|revoke|list`: the steward's part, where the steward stands at the machine.

use std::io::Write as _;

use clap::Subcommand;
use kobling::key::VerifyingKey;
use kobling::name::PartnerId;

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// Partners' signing keys.
#[derive(Subcommand)]
pub(crate) enum Partner {
    /// Enrol a signing key, after both sides have compared its fingerprint.
    Enrol {
        #[command(flatten)]
        folder: Folder,
        /// The partner.
        #[arg(long, value_name = "ID")]
        partner: PartnerId,
        /// The public key: 43 characters, as `kobling signing-key show` prints them.
        #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
        public: VerifyingKey,
    },
    /// Revoke a signing key. What it signed before stays.
    Revoke {
        #[command(flatten)]
        folder: Folder,
        /// The partner.
        #[arg(long, value_name = "ID")]
        partner: PartnerId,
        /// The key's fingerprint.
        #[arg(long)]
        fingerprint: String,
    },
    /// List a partner's keys.
    List {
        #[command(flatten)]
        folder: Folder,
        /// The partner.
        #[arg(long, value_name = "ID")]
        partner: PartnerId,
    },
}

impl OnFolder for Partner {
    fn folder(&self) -> &Folder {
        match self {
            Partner::Enrol { folder, .. } | Partner::Revoke { folder, .. } | Partner::List { folder, .. } => {
                folder
            }
        }
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        match self {
            Partner::Enrol { partner, public, .. } => {
                service.enrol_key(&service.operator(), partner, public)?;
                writeln!(answer, "{partner}: enrolled {}", public.fingerprint())?;
                writeln!(answer, "words: {}", public.fingerprint().words())?;
            }
            Partner::Revoke { partner, fingerprint, .. } => {
                service.revoke_key(&service.operator(), partner, fingerprint)?;
                writeln!(answer, "{partner}: revoked {fingerprint}")?;
            }
            Partner::List { partner, .. } => {
                for row in service.keys(partner)? {
                    let end = row.revoked_at.map(|at| format!(", revoked {at}")).unwrap_or_default();
                    writeln!(answer, "{} enrolled {}{end}", row.key.fingerprint(), row.enrolled_at)?;
                }
            }
        }
        Ok(())
    }
}
