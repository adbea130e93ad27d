//! Which provider, and how it is talked to.

use zeroize::Zeroizing;

use super::rules::Rules;
use crate::limits;

/// Which provider, and how it is talked to.
#[derive(Debug)]
pub struct Settings {
    /// The provider's own name, an address: discovery starts there (OpenID Connect Discovery 1.0, section 4).
    pub issuer: String,
    /// The name under which the provider knows this service.
    pub client_id: String,
    /// The secret that it shares with it; without one, PKCE alone binds the code to this service.
    pub client_secret: Option<ClientSecret>,
    /// The address at which people reach this service, without a path: `https://kobling.example`.
    pub public_address: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// What a claim makes of somebody.
    pub rules: Rules,
    /// How long a session of somebody signed in lasts at most, in hours.
    pub session_hours: i64,
    /// How far the provider's clock and this one may lie apart, in seconds.
    pub clock_skew_seconds: i64,
}

/// A client secret. No `Debug` of its content.
pub struct ClientSecret(pub(super) Zeroizing<String>);

impl ClientSecret {
    /// A secret as it was read from its file.
    #[must_use]
    pub const fn new(text: Zeroizing<String>) -> ClientSecret {
        ClientSecret(text)
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(hidden)")
    }
}

/// Why settings cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An address that is none, or is in the clear.
    #[error(
        "{field}: has to begin with https://, or with http:// for this machine itself, without ?, # and blanks"
    )]
    Address {
        /// The setting.
        field: &'static str,
    },
    /// Nothing where something has to stand.
    #[error("{field}: may not be empty")]
    Empty {
        /// The setting.
        field: &'static str,
    },
    /// A session that is too long.
    #[error("session_hours: 1 to {} whole hours", limits::SESSION_HOURS)]
    Hours,
    /// Clocks too far apart.
    #[error("clock_skew_seconds: 0 to 300")]
    Skew,
    /// Nobody would get a role.
    #[error("there is no [[oidc.rule]]: nobody would get a role")]
    NoRules,
}

impl Settings {
    /// Looks whether they can be meant.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        for (field, address) in [("issuer", &self.issuer), ("public_address", &self.public_address)] {
            if !is_address(address) {
                return Err(SettingsError::Address { field });
            }
        }
        for (field, text) in [
            ("client_id", &self.client_id),
            ("id_claim", &self.rules.id_claim),
            ("name_claim", &self.rules.name_claim),
        ] {
            if text.trim().is_empty() {
                return Err(SettingsError::Empty { field });
            }
        }
        if !(1..=limits::SESSION_HOURS).contains(&self.session_hours) {
            return Err(SettingsError::Hours);
        }
        if !(0..=300).contains(&self.clock_skew_seconds) {
            return Err(SettingsError::Skew);
        }
        if self.rules.rules.is_empty() { Err(SettingsError::NoRules) } else { Ok(()) }
    }

    /// Where the provider sends browsers back to.
    pub(super) fn redirect(&self) -> String {
        format!("{}/da/sign-in/return", self.public_address.trim_end_matches('/'))
    }
}

/// Whether a text is an address that is talked to: `https://`, or `http://` to this machine.
pub(super) fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"'));
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let fits = scheme == "https" || (scheme == "http" && here);
    plain && fits && !host.is_empty() && !authority.contains('@')
}
