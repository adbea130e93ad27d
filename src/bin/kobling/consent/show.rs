//! What was recorded of one person, and what it permits today.

use clap::Args;
use kobling::client::parse;
use kobling::consent::ConsentsHeld;

use crate::access::{Asking, lines_of_consents};
use crate::exit::{Done, Outcome};
use crate::say::language;

/// `kobling consent show --purpose-note LABEL …`
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    asking: Asking,
    /// Write the service's answer as it came.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(show: &Show) -> Outcome {
    let body = show.asking.ask(false)?;
    if show.json {
        out!("{}", String::from_utf8_lossy(&body));
        return Ok(Done::Clean);
    }
    let held: ConsentsHeld = parse(&body)?;
    for line in lines_of_consents(&held, language()) {
        out!("{line}");
    }
    Ok(Done::Clean)
}
