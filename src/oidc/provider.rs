//! A provider, and one sign-in after another.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::back_channel::{BackChannel, ClientAuth, encoded};
use super::claims::{self, Expected};
use super::error::SignInError;
use super::id_token::Unverified;
use super::keys::Keys;
use super::rules::Vouched;
use super::settings::{Settings, is_address};
use crate::clock::Timestamp;
use crate::secret::Random;

/// How long what the provider says of itself is believed, in milliseconds: an hour.
const FRESH: i64 = 3_600_000;
/// How often keys are fetched again for an unknown one at most, in milliseconds: a minute.
const REFETCH: i64 = 60_000;

/// How long a provider that could not be reached is left alone, in milliseconds: nobody waits for it in a row.
const PAUSE: i64 = 5_000;

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207: whether the way back always names the provider.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is known of the provider.
struct Known {
    metadata: Metadata,
    keys: Keys,
    at: Timestamp,
    keys_at: Timestamp,
}

/// What was learnt last.
#[derive(Default)]
struct Cache {
    known: Option<Known>,
    failed_at: Option<Timestamp>,
}

/// A provider that people sign in through.
pub struct Provider {
    settings: Settings,
    channel: Box<dyn BackChannel>,
    known: Mutex<Cache>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}

/// A sign-in that was begun: what the way back is held against. Kept by the service, never by the browser.
#[derive(Clone)]
pub struct Begun {
    state: String,
    nonce: String,
    verifier: Zeroizing<String>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begun(hidden)")
    }
}

/// What a browser brings back (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Clone, Copy, Default)]
pub struct Returned<'a> {
    /// The state that it was sent with.
    pub state: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
    /// The provider's name.
    pub iss: Option<&'a str>,
    /// Whether there is an error instead.
    pub error: bool,
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: Zeroizing<String>,
}

fn fresh(random: &mut dyn Random) -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(&mut *bytes);
    URL_SAFE_NO_PAD.encode(*bytes)
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

impl Provider {
    /// A provider by checked settings, over a way to it. It is not asked anything yet: a provider that is down keeps nobody
    /// from starting the service.
    #[must_use]
    pub fn new(settings: Settings, channel: Box<dyn BackChannel>) -> Provider {
        Provider { settings, channel, known: Mutex::default() }
    }

    /// How long a session lasts at most, in hours.
    #[must_use]
    pub const fn session_hours(&self) -> i64 {
        self.settings.session_hours
    }

    /// The provider's host, as people may know it.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.settings.issuer.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    fn fetch_keys(&self, metadata: &Metadata) -> Result<Keys, SignInError> {
        let text = self.channel.get(&metadata.jwks_uri).ok_or(SignInError::Unreachable)?;
        Keys::parse(&text).ok_or(SignInError::Unreachable)
    }

    /// What the provider says of itself, where it is the one that was configured.
    fn discover(&self) -> Result<Metadata, SignInError> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let text = self.channel.get(&address).ok_or(SignInError::Unreachable)?;
        let metadata: Metadata = serde_json::from_slice(&text).map_err(|_| SignInError::Unreachable)?;
        if metadata.issuer != *issuer {
            return Err(SignInError::OtherIssuer);
        }
        let all = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if all.into_iter().all(|address| is_address(address)) {
            Ok(metadata)
        } else {
            Err(SignInError::Unreachable)
        }
    }

    /// Works with what is known of the provider; asks it where that is nothing, or old. One at a time asks.
    fn with<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&mut Known) -> Result<T, SignInError>,
    ) -> Result<T, SignInError> {
        let mut cache = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |at: Timestamp, millis| (0..millis).contains(&(now.millis() - at.millis()));
        if !cache.known.as_ref().is_some_and(|known| within(known.at, FRESH)) {
            if cache.failed_at.is_some_and(|at| within(at, PAUSE)) {
                return Err(SignInError::Unreachable);
            }
            let learnt = self.discover().and_then(|metadata| Ok((self.fetch_keys(&metadata)?, metadata)));
            cache.failed_at = learnt.is_err().then_some(now);
            let (keys, metadata) = learnt?;
            cache.known = Some(Known { metadata, keys, at: now, keys_at: now });
        }
        work(cache.known.as_mut().expect("just put there"))
    }

    /// Begins a sign-in: where the browser is to go, and what its way back is held against.
    ///
    /// # Errors
    /// [`SignInError::Unreachable`], [`SignInError::OtherIssuer`].
    pub fn begin(&self, now: Timestamp, random: &mut dyn Random) -> Result<(String, Begun), SignInError> {
        let endpoint = self.with(now, |known| Ok(known.metadata.authorization_endpoint.clone()))?;
        let begun =
            Begun { state: fresh(random), nonce: fresh(random), verifier: Zeroizing::new(fresh(random)) };
        // RFC 7636, section 4.2.
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier.as_bytes()));
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.settings.redirect()),
            ("scope", &scopes.join(" ")),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = form(&parameters);
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok((format!("{endpoint}{joint}{query}"), begun))
    }

    /// Ends a sign-in that this browser began: exchanges the code, and believes of the ID token what is signed, for this
    /// service, for this sign-in and for now.
    ///
    /// # Errors
    /// [`SignInError`]. That somebody has no role here is no error of the sign-in: it stands in [`Vouched::principal`].
    pub fn finish(
        &self,
        begun: &Begun,
        returned: Returned<'_>,
        now: Timestamp,
    ) -> Result<Vouched, SignInError> {
        if !returned.state.is_some_and(|state| same(state, &begun.state)) {
            return Err(SignInError::NotBegun);
        }
        let metadata = self.with(now, |known| Ok(known.metadata.clone()))?;
        // A way back that another provider began (RFC 9207, section 2.4).
        let names_itself = metadata.authorization_response_iss_parameter_supported;
        match returned.iss {
            Some(iss) if iss != metadata.issuer => return Err(SignInError::OtherIssuer),
            None if names_itself => return Err(SignInError::OtherIssuer),
            _ => {}
        }
        let code = returned.code.filter(|_| !returned.error).ok_or(SignInError::Declined)?;
        let token = self.exchange(&metadata, code, begun)?;
        let claims = self.believe(&token, now)?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.settings.client_id,
            nonce: &begun.nonce,
            now,
            skew_seconds: self.settings.clock_skew_seconds,
        };
        let subject = claims::check(&claims, &expected)?.to_owned();
        Ok(Vouched { issuer: metadata.issuer, subject, principal: self.settings.rules.principal(&claims) })
    }

    /// Exchanges a code for an ID token.
    fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        begun: &Begun,
    ) -> Result<Zeroizing<String>, SignInError> {
        let redirect = self.settings.redirect();
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", &begun.verifier),
        ];
        let id = self.settings.client_id.as_str();
        // `client_secret_basic` is what a provider takes that does not say (OpenID Connect Discovery 1.0, section 3).
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let basic =
            methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let auth = match &self.settings.client_secret {
            Some(secret) if basic => ClientAuth::Basic(id, &secret.0),
            Some(secret) => {
                parameters.extend([("client_id", id), ("client_secret", secret.0.as_str())]);
                ClientAuth::Public
            }
            None => {
                parameters.push(("client_id", id));
                ClientAuth::Public
            }
        };
        let form = Zeroizing::new(form(&parameters));
        let (status, body) =
            self.channel.post(&metadata.token_endpoint, &form, auth).ok_or(SignInError::Unreachable)?;
        let body = Zeroizing::new(body);
        match status {
            200 => {
                let read = serde_json::from_slice::<Exchanged>(&body);
                Ok(read.map_err(|_| SignInError::Unreachable)?.id_token)
            }
            400..=499 => Err(SignInError::Code),
            _ => Err(SignInError::Unreachable),
        }
    }

    /// The claims of an ID token that the provider signed. For a key that is not known, the keys are fetched again, once a
    /// minute at most: providers exchange theirs.
    fn believe(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<serde_json::Map<String, serde_json::Value>, SignInError> {
        let token = Unverified::parse(token)?;
        self.with(now, |known| {
            let unknown = token.kid.as_deref().is_some_and(|kid| !known.keys.has(kid));
            let long_ago = !(0..REFETCH).contains(&(now.millis() - known.keys_at.millis()));
            if unknown && long_ago {
                // Even where it fails: a provider that is in trouble is not asked at every sign-in.
                known.keys_at = now;
                known.keys = self.fetch_keys(&known.metadata)?;
            }
            token.verify(&known.keys)
        })
    }
}

/// A form of these fields.
fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}
