//! `kobling key` and `kobling signing-key`.

use std::path::PathBuf;

use clap::Subcommand;
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::{Example, LinkageKey, SigningKey};
use kobling::name::{PartnerId, ProgrammeId};
use kobling::secret::SystemRandom;

use crate::exit::{Done, Outcome};

/// Commands on the linkage key.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new key. Example: kobling key new --programme interventionsmodel --out linkage.key
    New {
        /// The programme that it is for.
        #[arg(long)]
        programme: ProgrammeId,
        /// File to write; it must not exist.
        #[arg(long)]
        out: PathBuf,
    },
    /// Show what a key file is for, never the key. Example: kobling key show linkage.key
    Show {
        /// The key file.
        file: PathBuf,
        /// Take a published example key.
        #[arg(long)]
        allow_example_key: bool,
    },
}

/// Commands on the signing key.
#[derive(Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// Make a new key. Example: kobling signing-key new --partner lokk --out signing.key
    New {
        /// The partner that signs with it.
        #[arg(long)]
        partner: PartnerId,
        /// File to write; it must not exist.
        #[arg(long)]
        out: PathBuf,
    },
    /// Show the public half and its fingerprint. Example: kobling signing-key show signing.key
    Show {
        /// The key file.
        file: PathBuf,
        /// Take a published example key.
        #[arg(long)]
        allow_example_key: bool,
    },
}

/// Whether an example key will do.
pub(crate) fn example(allowed: bool) -> Example {
    if allowed { Example::Allow } else { Example::Refuse }
}

pub(crate) fn linkage(command: &KeyCommand) -> Outcome {
    let key = match command {
        KeyCommand::New { programme, out } => {
            let key = LinkageKey::generate(programme.clone(), &mut SystemRandom::new());
            key.save(out, SystemClock.now(), Example::Refuse)?;
            eprintln!(
                "{} is readable by you alone. Hand it to the partners in person or encrypted;",
                out.display()
            );
            eprintln!(
                "whoever holds it can turn tokens back into CPR numbers, so the service must never have it."
            );
            key
        }
        KeyCommand::Show { file, allow_example_key } => {
            LinkageKey::load_any(file, example(*allow_example_key))?
        }
    };
    tell!("program    {}", "programme  {}", key.programme());
    tell!("nøgle-id   {}", "key id     {}", key.id());
    Ok(Done::Clean)
}

pub(crate) fn signing(command: &SigningKeyCommand) -> Outcome {
    let key = match command {
        SigningKeyCommand::New { partner, out } => {
            let key = SigningKey::generate(&mut SystemRandom::new());
            key.save(out, partner.as_str(), SystemClock.now(), Example::Refuse)?;
            eprintln!("Give the public line to the steward, and compare the fingerprint on the telephone.");
            key
        }
        SigningKeyCommand::Show { file, allow_example_key } => {
            SigningKey::load(file, example(*allow_example_key))?
        }
    };
    let public = key.verifying_key();
    out!("public       {public}");
    out!("fingerprint  {}", public.fingerprint());
    Ok(Done::Clean)
}
