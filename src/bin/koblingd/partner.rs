//! `koblingd partner enrol|revoke|list`: the steward's part, where the steward stands at the machine.

use clap::Subcommand;
use kobling::key::VerifyingKey;
use kobling::name::PartnerId;

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

impl Partner {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Partner::Enrol { folder, partner, public } => {
                let service = folder.open()?;
                service.enrol_key(&service.operator(), &partner, &public)?;
                println!("{partner}: enrolled {}", public.fingerprint());
                println!("words: {}", public.fingerprint().words());
            }
            Partner::Revoke { folder, partner, fingerprint } => {
                let service = folder.open()?;
                service.revoke_key(&service.operator(), &partner, &fingerprint)?;
                println!("{partner}: revoked {fingerprint}");
            }
            Partner::List { folder, partner } => {
                for row in folder.open()?.keys(&partner)? {
                    let end = row.revoked_at.map(|at| format!(", revoked {at}")).unwrap_or_default();
                    println!("{} enrolled {}{end}", row.key.fingerprint(), row.enrolled_at);
                }
            }
        }
        Ok(())
    }
}
