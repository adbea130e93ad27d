//! `kobling key split` and `combine`: the custodian's key, kept by several.

use std::path::PathBuf;

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::{Example, KeyFileError, LinkageKey, Share, save_shares};
use kobling::secret::SystemRandom;

use super::{makes, note, show};
use crate::exit::{Done, Outcome};
use crate::write::Dry;

/// Split a key.
#[derive(Args)]
pub(crate) struct SplitArguments {
    /// The linkage key's file. It is left as it is.
    file: PathBuf,
    /// How many shares to make, at most 32.
    #[arg(long)]
    shares: u8,
    /// How many of them give the key back, at least 2.
    #[arg(long)]
    needed: u8,
    /// Folder for the shares, a file each; made where it is missing.
    #[arg(long)]
    out_dir: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

/// Combine shares.
#[derive(Args)]
pub(crate) struct CombineArguments {
    /// The shares' files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// File to write the linkage key to, for you alone; it must not exist.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn split(arguments: &SplitArguments) -> Outcome {
    let key = LinkageKey::load_any(&arguments.file, Example::Refuse)?;
    let shares = kobling::key::split(&key, arguments.needed, arguments.shares, &mut SystemRandom::new())?;
    if arguments.dry.on() {
        arguments.dry.would(&arguments.out_dir);
        return Ok(Done::Clean);
    }
    let written = save_shares(&shares, &arguments.out_dir, SystemClock.now())?;
    let (needed, file) = (arguments.needed, arguments.file.display());
    note(
        format!(
            "Giv hver del til sin egen person. {needed} af dem giver nøglen igen, færre siger intet om den. Prøv `kobling key combine`, \
             før {file} slettes."
        ),
        format!(
            "Give each share to a person of its own. {needed} of them give the key back, fewer say nothing about it. Try `kobling \
             key combine` before {file} is deleted."
        ),
    );
    show(&key);
    for path in written {
        tell!("del        {}", "share      {}", path.display());
    }
    Ok(Done::Clean)
}

pub(crate) fn combine(arguments: &CombineArguments) -> Outcome {
    let shares = arguments
        .files
        .iter()
        .map(|path| Ok((path.clone(), Share::load(path)?)))
        .collect::<Result<Vec<_>, KeyFileError>>()?;
    let key = kobling::key::combine(&shares)?;
    if !makes(arguments.dry, &arguments.out)? {
        return Ok(Done::Clean);
    }
    key.save(&arguments.out, SystemClock.now(), Example::Refuse)?;
    show(&key);
    Ok(Done::Clean)
}
