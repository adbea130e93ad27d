//! `kobling key` and `kobling signing-key`.

mod handover;
mod shares;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::{Example, LinkageKey, SigningKey};
use kobling::name::{PartnerId, ProgrammeId};
use kobling::secret::SystemRandom;

use crate::exit::{Done, Outcome, Trouble};
use crate::write::Dry;

/// Commands on the linkage key.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new key.
    New {
        /// The programme that it is for.
        #[arg(long)]
        programme: ProgrammeId,
        /// File to write; it must not exist.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        dry: Dry,
    },
    /// Show what a key file is for, never the key, with the words to compare on the telephone.
    Show {
        /// The key file.
        file: PathBuf,
        /// Take a published example key.
        #[arg(long)]
        allow_example_key: bool,
    },
    /// Make an identity of one's own, to which the custodian can wrap the linkage key.
    Recipient(handover::RecipientArguments),
    /// Encrypt a linkage key to partners' recipients, so that it can be sent.
    Wrap(handover::WrapArguments),
    /// Decrypt a linkage key that the custodian wrapped.
    Unwrap(handover::UnwrapArguments),
    /// Split a linkage key in shares, some of which give it back.
    Split(shares::SplitArguments),
    /// Put shares of a linkage key together again.
    Combine(shares::CombineArguments),
}

/// Commands on the signing key.
#[derive(Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// Make a new key.
    New {
        /// The partner that signs with it.
        #[arg(long)]
        partner: PartnerId,
        /// File to write; it must not exist.
        #[arg(long)]
        out: PathBuf,
        #[command(flatten)]
        dry: Dry,
    },
    /// Show the public half and its fingerprint.
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
    match command {
        KeyCommand::New { programme, out, dry } => {
            if !makes(*dry, out)? {
                return Ok(Done::Clean);
            }
            let key = LinkageKey::generate(programme.clone(), &mut SystemRandom::new());
            key.save(out, SystemClock.now(), Example::Refuse)?;
            let out = out.display();
            note(
                format!(
                    "{out} kan kun læses af dig. Giv den til parterne personligt, eller pak den ind med `kobling key wrap`;\nden, \
                     der har den, kan gøre tokens til CPR-numre igen, så tjenesten må aldrig få den."
                ),
                format!(
                    "{out} is readable by you alone. Hand it to the partners in person, or wrapped by `kobling key wrap`;\n\
                     whoever holds it can turn tokens back into CPR numbers, so the service must never have it."
                ),
            );
            show(&key);
        }
        KeyCommand::Show { file, allow_example_key } => {
            show(&LinkageKey::load_any(file, example(*allow_example_key))?);
        }
        KeyCommand::Recipient(arguments) => return handover::recipient(arguments),
        KeyCommand::Wrap(arguments) => return handover::wrap(arguments),
        KeyCommand::Unwrap(arguments) => return handover::unwrap(arguments),
        KeyCommand::Split(arguments) => return shares::split(arguments),
        KeyCommand::Combine(arguments) => return shares::combine(arguments),
    }
    Ok(Done::Clean)
}

/// Whether the file of a key is to be made now. A dry run says that it would be; what is there already is trouble with a
/// key in both.
fn makes(dry: Dry, out: &Path) -> Result<bool, Trouble> {
    if !dry.on() {
        return Ok(true);
    }
    dry.makes(out).map_err(|trouble| match trouble {
        Trouble::Files(message) => Trouble::Key(message),
        trouble => trouble,
    })
}

/// What names a key: its programme, id and words.
fn show(key: &LinkageKey) {
    tell!("program    {}", "programme  {}", key.programme());
    tell!("nøgle-id   {}", "key id     {}", key.id());
    tell!("ord        {}", "words      {}", key.id().words());
}

/// Says something beside the output, on standard error, in the language of this run.
fn note(da: String, en: String) {
    eprintln!("{}", crate::exit::both(da, en).say(crate::say::language()));
}

pub(crate) fn signing(command: &SigningKeyCommand) -> Outcome {
    let key = match command {
        SigningKeyCommand::New { partner, out, dry } => {
            if !makes(*dry, out)? {
                return Ok(Done::Clean);
            }
            let key = SigningKey::generate(&mut SystemRandom::new());
            key.save(out, partner.as_str(), SystemClock.now(), Example::Refuse)?;
            note(
                "Giv linjen med den offentlige nøgle til styregruppen, og sammenlign ordene i telefonen."
                    .to_owned(),
                "Give the public line to the steward, and compare the words on the telephone.".to_owned(),
            );
            key
        }
        SigningKeyCommand::Show { file, allow_example_key } => {
            SigningKey::load(file, example(*allow_example_key))?
        }
    };
    let public = key.verifying_key();
    tell!("offentlig      {}", "public       {}", public);
    tell!("fingeraftryk   {}", "fingerprint  {}", public.fingerprint());
    tell!("ord            {}", "words        {}", public.fingerprint().words());
    Ok(Done::Clean)
}
