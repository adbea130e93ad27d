//! `kobling token rotate`: a new token in place of one's own.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kobling::client::{ClientError, beside};
use kobling::key::private;

use crate::exit::{Done, Outcome, file};
use crate::settings::Service;
use crate::write::Dry;

/// Commands on the bearer token.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Replace the token by a new one. The old one stays good for a while.
    Rotate(Rotate),
}

/// `kobling token rotate`
#[derive(Args)]
pub(crate) struct Rotate {
    /// Hours for which the old token stays good, 0 to 2160; the service's 24 when not given.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(..=2160))]
    overlap: Option<u16>,
    /// Keep the new token in this new file; it takes the old one's place when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn run(command: &TokenCommand) -> Outcome {
    let TokenCommand::Rotate(arguments) = command;
    let old = arguments.service.token_file()?;
    let written = arguments.out.clone().unwrap_or_else(|| beside(old));
    // Whether it can be written is found out before the service makes it.
    let makes = arguments.dry.makes(&written)?;
    let client = arguments.service.connect()?;
    if !arguments.dry.sends("en anmodning om et nyt token", "a request for a new token") || !makes {
        return Ok(Done::Clean);
    }
    let new = client.rotate_token(arguments.overlap)?;
    let line = zeroize::Zeroizing::new(format!("{}\n", new.token.as_str()));
    private::write_new(&written, line.as_bytes()).map_err(ClientError::from)?;
    let place = match &arguments.out {
        Some(path) => path.clone(),
        None => {
            std::fs::rename(&written, old).map_err(file(&written))?;
            old.to_owned()
        }
    };
    tell!(
        "nyt token i {}: gælder til {}; det gamle gælder til {}",
        "new token in {}: good until {}; the old one until {}",
        place.display(),
        new.expires_at.day(),
        new.old_until
    );
    Ok(Done::Clean)
}
