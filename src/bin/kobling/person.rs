//! Who acts, and about whom: keys from files, a CPR number from a hidden prompt or a file, never from an argument.

use std::path::PathBuf;

use clap::Args;
use kobling::key::private::{self, Readers};
use kobling::key::{LinkageKey, SigningKey};
use kobling::language::Spoken as _;
use kobling::limits;
use kobling::name::PartnerId;
use kobling::programme::Programme;
use zeroize::Zeroizing;

use crate::exit::{Trouble, both};
use crate::key::example;
use crate::say::language;
use crate::settings::{GivenKey, GivenPartner, GivenProgramme, GivenSigningKey};

/// The partner that acts, and its keys.
#[derive(Args)]
pub(crate) struct Who {
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    #[command(flatten)]
    key: GivenKey,
    #[command(flatten)]
    signing: GivenSigningKey,
}

/// The position of a partner in a programme.
pub(crate) fn source(programme: &Programme, partner: &PartnerId) -> Result<u8, Trouble> {
    programme.source(partner).ok_or_else(|| {
        Trouble::Usage(both(
            format!("programmet har ingen part {partner}"),
            format!("the programme has no partner {partner}"),
        ))
    })
}

impl Who {
    /// The partner that acts.
    pub(crate) fn partner(&self) -> Result<&PartnerId, Trouble> {
        self.partner.id()
    }

    /// The programme, the partner's position in it, and its keys.
    pub(crate) fn load(&self) -> Result<(Programme, u8, LinkageKey, SigningKey), Trouble> {
        let programme = self.programme.load()?;
        let source = source(&programme, self.partner()?)?;
        let allowed = self.key.allow_example_key;
        let key = LinkageKey::load(self.key.path()?, &programme.id, example(allowed))?;
        let signing = self.signing.load(allowed)?;
        Ok((programme, source, key, signing))
    }
}

/// One person.
#[derive(Args)]
pub(crate) struct Person {
    /// File for you alone (mode 0600) that holds the CPR number, alone on a line; asked for at a hidden prompt when not
    /// given.
    #[arg(long)]
    cpr_file: Option<PathBuf>,
}

impl Person {
    /// The number, as it was typed or as it stands in the file.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>, Trouble> {
        match &self.cpr_file {
            Some(path) => private::read_text(path, limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)
                .map_err(|error| Trouble::Files(Box::new(error))),
            None => {
                let prompt = language().choose("CPR-nummer (vises ikke): ", "CPR number (not shown): ");
                let typed = rpassword::prompt_password(prompt);
                Ok(Zeroizing::new(typed.map_err(|error| {
                    Trouble::Usage(both(
                        format!(
                            "der blev ikke tastet noget CPR-nummer ({}); uden terminal gives --cpr-file",
                            error.danish()
                        ),
                        format!("no CPR number was typed ({error}); without a terminal give --cpr-file"),
                    ))
                })?))
            }
        }
    }
}
