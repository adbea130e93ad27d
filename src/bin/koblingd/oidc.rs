//! `[oidc]` of `koblingd.toml`: signing in through the organisation's own identity provider.

use std::path::{Path, PathBuf};

use kobling::key::private::{self, Readers};
use kobling::oidc::{self, ClientSecret, Https, Provider, Rule, Rules};
use kobling::programme::Programme;
use serde::Deserialize;

use crate::exit::{Failure, with_causes};

/// `[oidc]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcSettings {
    /// The provider's own name, an address.
    issuer: String,
    /// The name under which the provider knows this service.
    client_id: String,
    /// The file with the secret that it shares with it.
    client_secret_file: Option<PathBuf>,
    /// The address at which people reach the pages.
    public_address: String,
    /// Who vouches for the provider's certificate instead of the public authorities, PEM.
    authority: Option<PathBuf>,
    /// What is asked for beside `openid`.
    #[serde(default = "scopes")]
    scopes: Vec<String>,
    /// The claim that a person's id is made of.
    #[serde(default = "id_claim")]
    id_claim: String,
    /// The claim that holds their name.
    #[serde(default = "name_claim")]
    name_claim: String,
    /// How long a session lasts at most, in hours.
    #[serde(default = "session_hours")]
    session_hours: i64,
    /// How far the provider's clock and this one may lie apart, in seconds.
    #[serde(default = "clock_skew_seconds")]
    clock_skew_seconds: i64,
    /// What gives which role.
    #[serde(default)]
    rule: Vec<Rule>,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned(), "groups".to_owned()]
}

fn id_claim() -> String {
    "preferred_username".to_owned()
}

fn name_claim() -> String {
    "name".to_owned()
}

const fn session_hours() -> i64 {
    kobling::limits::SESSION_HOURS
}

const fn clock_skew_seconds() -> i64 {
    30
}

impl OidcSettings {
    /// Takes its paths from a folder.
    pub(crate) fn start_at(&mut self, folder: &Path) {
        for path in [&mut self.client_secret_file, &mut self.authority].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    /// The provider, where all of it can be meant for the programme. It is not asked anything yet.
    ///
    /// # Errors
    /// Exit 2 for what cannot be meant; exit 3 for a file that cannot be read; exit 4 for a secret that others may read.
    pub(crate) fn provider(&self, programme: &Programme) -> Result<Provider, Failure> {
        let wrong = |said: String| Failure::Configuration(format!("[oidc] in koblingd.toml: {said}"));
        let secret = match &self.client_secret_file {
            None => None,
            Some(path) => {
                let text = private::read_text(path, kobling::limits::MAX_KEY_FILE_BYTES, Readers::OwnerOnly)
                    .map_err(|error| Failure::Key(with_causes(&error)))?;
                let line = text.trim();
                if line.is_empty() || line.contains(char::is_control) {
                    return Err(wrong(format!("{}: one line with the secret is expected", path.display())));
                }
                Some(ClientSecret::new(line.to_owned().into()))
            }
        };
        let settings = oidc::Settings {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret,
            public_address: self.public_address.clone(),
            scopes: self.scopes.clone(),
            rules: Rules {
                id_claim: self.id_claim.clone(),
                name_claim: self.name_claim.clone(),
                rules: self.rule.clone(),
            },
            session_hours: self.session_hours,
            clock_skew_seconds: self.clock_skew_seconds,
        };
        settings.check().map_err(|error| wrong(error.to_string()))?;
        settings.rules.check(programme).map_err(|error| wrong(error.to_string()))?;
        let https = Https::new(self.authority.as_deref()).map_err(|error| {
            let path = self.authority.as_deref().unwrap_or(Path::new("authority"));
            Failure::Files(format!("{}: {error}", path.display()))
        })?;
        Ok(Provider::new(settings, Box::new(https)))
    }
}
