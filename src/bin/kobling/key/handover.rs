//! `kobling key recipient`, `wrap` and `unwrap`: the linkage key handed over encrypted.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use kobling::clock::{Clock as _, SystemClock};
use kobling::key::{Example, Identities, LinkageKey, Recipients, Wrapping};

use super::{makes, note, show};
use crate::exit::{Done, Outcome, file};
use crate::write::Dry;

/// Make or show an identity.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(crate) struct RecipientArguments {
    /// File to write the new identity to, for you alone; it must not exist.
    #[arg(long, value_name = "FILE", group = "what")]
    out: Option<PathBuf>,
    /// Identity file whose recipient is shown.
    #[arg(long, value_name = "FILE", group = "what")]
    show: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

/// Wrap a key.
#[derive(Args)]
pub(crate) struct WrapArguments {
    /// The linkage key's file.
    file: PathBuf,
    /// A recipient: age1…, or a file with one a line. Once for each, all in the same file.
    #[arg(long, value_name = "RECIPIENT")]
    to: Vec<String>,
    /// File to write; it must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Write bytes instead of lines of text that can be pasted into a mail.
    #[arg(long)]
    binary: bool,
    #[command(flatten)]
    dry: Dry,
}

/// Unwrap a key.
#[derive(Args)]
pub(crate) struct UnwrapArguments {
    /// The wrapped key: the file, or the mail's text saved as one.
    file: PathBuf,
    /// Your identity file.
    #[arg(long)]
    identity: PathBuf,
    /// File to write the linkage key to, for you alone; it must not exist.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn recipient(arguments: &RecipientArguments) -> Outcome {
    let identities = match (&arguments.out, &arguments.show) {
        (Some(out), _) => {
            if !makes(arguments.dry, out)? {
                return Ok(Done::Clean);
            }
            let made = Identities::generate(out, SystemClock.now())?;
            let out = out.display();
            note(
                format!(
                    "{out} kan kun læses af dig, og den skal blive her. Send linjen nedenfor til nøgleforvalteren; den er ikke \
                     hemmelig."
                ),
                format!(
                    "{out} is readable by you alone, and stays here. Send the line below to the custodian; it is no secret."
                ),
            );
            made
        }
        (None, Some(show)) => Identities::load(show)?,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    for recipient in identities.recipients() {
        out!("{recipient}");
    }
    Ok(Done::Clean)
}

pub(crate) fn wrap(arguments: &WrapArguments) -> Outcome {
    let recipients = Recipients::of(&arguments.to)?;
    if arguments.dry.on() {
        LinkageKey::load_any(&arguments.file, Example::Refuse)?;
        makes(arguments.dry, &arguments.out)?;
        return Ok(Done::Clean);
    }
    let wrapping = if arguments.binary { Wrapping::Binary } else { Wrapping::Text };
    let key = kobling::key::wrap(&arguments.file, &recipients, wrapping, &arguments.out)?;
    let (out, count) = (arguments.out.display(), recipients.count());
    note(
        format!(
            "{out} kan sendes til modtagerne ({count}). Læs ordene op i telefonen for hver: kryptering siger ikke, hvem der har \
             sendt noget."
        ),
        format!(
            "{out} can be sent to its recipients ({count}). Read the words to each on the telephone: encryption does not say \
             who sent something."
        ),
    );
    show(&key);
    Ok(Done::Clean)
}

pub(crate) fn unwrap(arguments: &UnwrapArguments) -> Outcome {
    let identities = Identities::load(&arguments.identity)?;
    if !makes(arguments.dry, &arguments.out)? {
        std::fs::File::open(&arguments.file).map_err(file(&arguments.file))?;
        return Ok(Done::Clean);
    }
    let key = kobling::key::unwrap(&arguments.file, &identities, &arguments.out)?;
    let out = arguments.out.display();
    note(
        format!(
            "{out} kan kun læses af dig. Ring til nøgleforvalteren, og sammenlign ordene, før nøglen bruges: enhver, der kender \
             jeres modtager, kan have sendt den."
        ),
        format!(
            "{out} is readable by you alone. Call the custodian and compare the words before you use the key: anybody who \
             knows your recipient can have sent it."
        ),
    );
    show(&key);
    Ok(Done::Clean)
}
