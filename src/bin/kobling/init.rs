//! `kobling init`: a new `kobling.toml`, with a comment at every field and what the options give.

use std::path::{Path, PathBuf};

use clap::Args;
use kobling::config::{CONFIG_FILE, Template};
use kobling::key::VerifyingKey;
use kobling::name::PartnerId;

use crate::exit::{Done, Outcome, Trouble, file};
use crate::say::language;
use crate::write::Dry;

/// `kobling init --partner ID --programme FILE --service URL …`
#[derive(Args)]
pub(crate) struct InitArguments {
    /// Who you are in the programme.
    #[arg(long)]
    partner: Option<PartnerId>,
    /// The programme definition; with --partner, a [[send]] is written for each dataset that you hand over.
    #[arg(long)]
    programme: Option<PathBuf>,
    /// Address of the service.
    #[arg(long)]
    service: Option<String>,
    /// The service's public key: 43 characters, and the first may be a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    service_public: Option<VerifyingKey>,
    /// Certificates to trust instead of the public ones, a PEM file.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// File with the bearer token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The linkage key's file.
    #[arg(long)]
    key: Option<PathBuf>,
    /// The signing key's file.
    #[arg(long)]
    signing_key: Option<PathBuf>,
    #[command(flatten)]
    dry: Dry,
}

/// Writes the file at `path`, or in the current folder; one that is there is left as it is.
pub(crate) fn run(arguments: &InitArguments, path: Option<&Path>) -> Outcome {
    let path = path.unwrap_or(Path::new(CONFIG_FILE));
    // Paths are relative to the file: as they stand where it lies in the current folder, whole where it does not.
    let here = path.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let placed = |given: &Option<PathBuf>| -> Result<Option<PathBuf>, Trouble> {
        let Some(given) = given else { return Ok(None) };
        if here { Ok(Some(given.clone())) } else { std::path::absolute(given).map(Some).map_err(file(given)) }
    };
    let mut datasets = Vec::new();
    if let (Some(partner), Some(programme)) = (&arguments.partner, &arguments.programme) {
        let programme = crate::extract::programme(programme)?;
        let source = crate::person::source(&programme, partner)?;
        let own = programme.datasets.iter().filter(|dataset| dataset.partners.contains(&source));
        datasets.extend(own.map(|dataset| (dataset.id.clone(), programme.period)));
    }
    let template = Template {
        partner: arguments.partner.clone(),
        programme: placed(&arguments.programme)?,
        service: arguments.service.clone(),
        service_public: arguments.service_public,
        authority: placed(&arguments.authority)?,
        token_file: placed(&arguments.token_file)?,
        linkage_key: placed(&arguments.key)?,
        signing_key: placed(&arguments.signing_key)?,
        datasets,
    };
    // For its owner alone: a file that others may write to would not be taken where it lies.
    arguments.dry.private(path, template.write(language()).as_bytes())?;
    if arguments.dry.on() {
        return Ok(Done::Clean);
    }
    tell!(
        "skrevet: {}; se den igennem, og prøv `kobling send --dry-run`",
        "written: {}; look it through, and try `kobling send --dry-run`",
        path.display()
    );
    Ok(Done::Clean)
}
