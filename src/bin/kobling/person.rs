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
use crate::extract::programme;
use crate::key::example;
use crate::say::language;

/// The partner that acts, and its keys.
#[derive(Args)]
pub(crate) struct Who {
    /// The programme definition.
    #[arg(long)]
    programme: PathBuf,
    /// The partner that acts, for its own rows only.
    #[arg(long)]
    pub(crate) partner: PartnerId,
    /// The linkage key's file.
    #[arg(long)]
    key: PathBuf,
    /// The partner's signing key.
    #[arg(long)]
    signing_key: PathBuf,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    allow_example_key: bool,
}

impl Who {
    /// The programme, the partner's position in it, and its keys.
    pub(crate) fn load(&self) -> Result<(Programme, u8, LinkageKey, SigningKey), Trouble> {
        let programme = programme(&self.programme)?;
        let Some(source) = programme.source(&self.partner) else {
            let partner = &self.partner;
            return Err(Trouble::Usage(both(
                format!("programmet har ingen part {partner}"),
                format!("the programme has no partner {partner}"),
            )));
        };
        let allowed = example(self.allow_example_key);
        let key = LinkageKey::load(&self.key, &programme.id, allowed)?;
        let signing = SigningKey::load(&self.signing_key, allowed)?;
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
                let typed = rpassword::prompt_password(
                    language().choose("CPR-nummer (vises ikke): ", "CPR number (not shown): "),
                );
                Ok(Zeroizing::new(typed.map_err(|error| {
                    Trouble::Usage(both(
                        format!(
                            "der blev ikke tastet noget CPR-nummer ({}); uden terminal: angiv --cpr-file",
                            error.danish()
                        ),
                        format!("no CPR number was typed ({error}); without a terminal give --cpr-file"),
                    ))
                })?))
            }
        }
    }
}
