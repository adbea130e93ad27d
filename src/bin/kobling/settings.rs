//! What this run takes from `kobling.toml`, and how an argument stands in for it: an argument that is given counts, else
//! what the file says, else the command says what is missing.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;
use kobling::client::{Client, Way};
use kobling::config::{CONFIG_FILE, Config};
use kobling::key::{LinkageKey, SigningKey, VerifyingKey};
use kobling::language::Language;
use kobling::name::{PartnerId, StaffId};
use kobling::programme::Programme;

use crate::exit::{Trouble, both};
use crate::key::example;

/// The file that is taken.
struct Taken {
    config: Config,
    /// Nobody named it: it lies in the current folder.
    found: bool,
}

static TAKEN: OnceLock<Option<Taken>> = OnceLock::new();

/// Takes the file that `--config` names, else the one in the current folder, if there is one. The first one stands.
///
/// # Errors
/// Usage, for a file that cannot be used.
pub(crate) fn settle(file: Option<&Path>) -> Result<(), Trouble> {
    let here = Path::new(CONFIG_FILE);
    let config = match file {
        Some(path) => Some(Config::load(path)),
        None if here.is_file() => Some(Config::load_found(here)),
        None => None,
    };
    let config = config.transpose().map_err(|error| Trouble::Usage(Box::new(error)))?;
    let _ = TAKEN.set(config.map(|config| Taken { config, found: file.is_none() }));
    Ok(())
}

/// The file's content, where there is a file.
pub(crate) fn config() -> Option<&'static Config> {
    Some(&TAKEN.get()?.as_ref()?.config)
}

/// Refuses to send a token that the command names to an address that it does not: that of a file which lay in the current
/// folder, and which nobody named.
pub(crate) fn no_token_to_a_found_address(
    service: Option<&str>,
    token_file: Option<&Path>,
) -> Result<(), Trouble> {
    let taken = TAKEN.get().and_then(Option::as_ref).filter(|taken| taken.found);
    if service.is_none() && token_file.is_some() && taken.is_some_and(|taken| taken.config.service.is_some())
    {
        return Err(Trouble::Usage(both(
            "--token-file er angivet, men adressen står i den kobling.toml, der ligger i mappen her: et token sendes ikke til en \
             adresse, ingen har nævnt; angiv også --service, eller nævn filen med --config",
            "--token-file is given, but the address stands in the kobling.toml that lies in this folder: a token is not sent to an \
             address that nobody named; give --service too, or name the file with --config",
        )));
    }
    Ok(())
}

/// The file's content, for commands that are about it.
///
/// # Errors
/// Usage, where there is no file.
pub(crate) fn needed() -> Result<&'static Config, Trouble> {
    config().ok_or_else(|| {
        Trouble::Usage(both(
            "dette kræver en kobling.toml: kør `kobling init`, stå i dens mappe, eller giv --config FIL",
            "this needs a kobling.toml: run `kobling init`, stand in its folder, or give --config FILE",
        ))
    })
}

/// Says what is missing.
fn missing(option: &str, field: &str) -> Trouble {
    Trouble::Usage(both(
        format!("giv --{option}, eller skriv {field} i kobling.toml"),
        format!("give --{option} or write {field} in kobling.toml"),
    ))
}

/// An argument, or what the file says.
fn given<'a, T: ?Sized + 'static>(
    argument: Option<&'a T>,
    field: impl FnOnce(&'static Config) -> Option<&'static T>,
    (option, name): (&str, &str),
) -> Result<&'a T, Trouble> {
    argument.or_else(|| config().and_then(field)).ok_or_else(|| missing(option, name))
}

/// The programme definition: `--programme`.
#[derive(Args)]
pub(crate) struct GivenProgramme {
    /// The programme definition; that of kobling.toml when not given.
    #[arg(long)]
    programme: Option<PathBuf>,
}

impl GivenProgramme {
    /// Where it is.
    pub(crate) fn path(&self) -> Result<&Path, Trouble> {
        given(self.programme.as_deref(), |config| config.programme.as_deref(), ("programme", "programme"))
    }

    /// The definition, read and checked.
    pub(crate) fn load(&self) -> Result<Programme, Trouble> {
        crate::extract::programme(self.path()?)
    }
}

/// Who acts: `--partner`.
#[derive(Args)]
pub(crate) struct GivenPartner {
    /// The partner that acts, for its own rows only; that of kobling.toml when not given.
    #[arg(long)]
    partner: Option<PartnerId>,
}

impl GivenPartner {
    /// Its id, where it is given or in the file.
    pub(crate) fn if_any(&self) -> Option<&PartnerId> {
        self.partner.as_ref().or_else(|| config()?.partner.as_ref())
    }

    /// Its id.
    pub(crate) fn id(&self) -> Result<&PartnerId, Trouble> {
        given(self.partner.as_ref(), |config| config.partner.as_ref(), ("partner", "partner"))
    }
}

/// The linkage key: `--key`, `--allow-example-key`.
#[derive(Args)]
pub(crate) struct GivenKey {
    /// The linkage key's file; that of kobling.toml when not given.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    pub(crate) allow_example_key: bool,
}

impl GivenKey {
    /// The key's file.
    pub(crate) fn path(&self) -> Result<&Path, Trouble> {
        given(self.key.as_deref(), |config| config.linkage_key.as_deref(), ("key", "linkage_key"))
    }

    /// The key, which must be the one that the programme expects where it names one.
    pub(crate) fn load(&self, programme: &Programme) -> Result<LinkageKey, Trouble> {
        crate::extract::linkage_key(self.path()?, programme, example(self.allow_example_key))
    }
}

/// The signing key: `--signing-key`.
#[derive(Args)]
pub(crate) struct GivenSigningKey {
    /// The partner's signing key; that of kobling.toml when not given.
    #[arg(long)]
    signing_key: Option<PathBuf>,
}

impl GivenSigningKey {
    /// The key.
    pub(crate) fn load(&self, allow_example_key: bool) -> Result<SigningKey, Trouble> {
        let path = given(
            self.signing_key.as_deref(),
            |config| config.signing_key.as_deref(),
            ("signing-key", "signing_key"),
        )?;
        Ok(SigningKey::load(path, example(allow_example_key))?)
    }

    /// The key, where one is named.
    pub(crate) fn load_if_any(&self, allow_example_key: bool) -> Result<Option<SigningKey>, Trouble> {
        let named = self.signing_key.is_some() || config().is_some_and(|config| config.signing_key.is_some());
        if named { self.load(allow_example_key).map(Some) } else { Ok(None) }
    }

    /// The key of the argument alone.
    pub(crate) fn load_argument(&self, allow_example_key: bool) -> Result<Option<SigningKey>, Trouble> {
        if self.signing_key.is_some() { self.load(allow_example_key).map(Some) } else { Ok(None) }
    }
}

/// Where the service is and who asks: `--service`, `--token-file`, `--authority`.
#[derive(Args)]
pub(crate) struct Service {
    /// Address of the service, for instance https://kobling.example; that of kobling.toml when not given.
    #[arg(long)]
    service: Option<String>,
    /// File with this principal's bearer token; that of kobling.toml when not given.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Trust the certificates in this PEM file instead of the public ones.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Present this client certificate, PEM; that of kobling.toml when not given.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// Who sits at the desk: the staff number that the service's audit chain is to name beside this token's principal.
    #[arg(long = "as", value_name = "STAFF-ID")]
    person: Option<StaffId>,
}

impl Service {
    /// Prepares to talk to the service.
    pub(crate) fn connect(&self) -> Result<Client, Trouble> {
        no_token_to_a_found_address(self.service.as_deref(), self.token_file.as_deref())?;
        let address =
            given(self.service.as_deref(), |config| config.service.as_deref(), ("service", "service"))?;
        let token = given(
            self.token_file.as_deref(),
            |config| config.token_file.as_deref(),
            ("token-file", "token_file"),
        )?;
        // Another address than the file's is trusted as it is given, not by the file's certificates.
        let of_file =
            config().filter(|_| self.service.is_none()).and_then(|config| config.authority.as_deref());
        let certificate = self.client_cert.as_deref().zip(self.client_key.as_deref());
        let of_config = config()
            .filter(|_| self.service.is_none())
            .and_then(|config| config.client_certificate.as_deref().zip(config.client_key.as_deref()));
        Ok(Client::by(Way {
            address,
            token_file: token,
            authority: self.authority.as_deref().or(of_file),
            certificate: certificate.or(of_config),
            person: self.person.as_ref(),
            ending: Some(std::sync::Arc::new(say_that_it_ends)),
        })?)
    }

    /// The token's file.
    pub(crate) fn token_file(&self) -> Result<&Path, Trouble> {
        let of_file = |config: &'static kobling::config::Config| config.token_file.as_deref();
        given(self.token_file.as_deref(), of_file, ("token-file", "token_file"))
    }

    /// Whether the command's own arguments name a service.
    pub(crate) fn is_given(&self) -> bool {
        self.service.is_some()
    }
}

/// Says once that the token ends soon, and what to do.
fn say_that_it_ends(end: kobling::clock::Timestamp) {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        let day = end.day();
        match crate::say::language() {
            Language::Da => eprintln!("jeres token udløber {day}: skift det ud med `kobling token rotate`"),
            Language::En => eprintln!("your token ends on {day}: replace it with `kobling token rotate`"),
        }
    });
}

/// The service's public key: `--service-public`.
#[derive(Args)]
pub(crate) struct GivenServicePublic {
    /// The service's public key, as the steward gave it to you: 43 characters, and the first may be a hyphen; that of
    /// kobling.toml when not given.
    #[arg(long, allow_hyphen_values = true)]
    service_public: Option<VerifyingKey>,
}

impl GivenServicePublic {
    /// The key.
    pub(crate) fn key(&self) -> Result<&VerifyingKey, Trouble> {
        given(
            self.service_public.as_ref(),
            |config| config.service_public.as_ref(),
            ("service-public", "service_public"),
        )
    }
}
