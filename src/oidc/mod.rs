//! Signing in through an organisation's own identity provider: OpenID Connect Core 1.0, the authorisation code flow with PKCE.
//!
//! A browser is sent to the provider and comes back with a code, which is exchanged behind its back for an ID token. What the
//! token says of somebody becomes a principal by rules that the operator wrote: nothing else of the provider is believed, and
//! no token of it is kept. Signatures are verified by `ring`, with an allow-list of algorithms; there is no other library
//! (docs/decisions/0009-sign-in.md says why).
//!
//! Must never: take a claim before the signature and every check of it; follow a redirect behind the browser's back; talk in
//! the clear to anything but this machine; put a code, a token or a claim in an error or a log. Callers: `web`, `koblingd`.

mod back_channel;
mod claims;
mod danish;
mod error;
mod id_token;
mod keys;
mod provider;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

pub use back_channel::{BackChannel, ClientAuth, Https};
pub use error::SignInError;
pub use provider::{Begun, Provider, Returned};
pub use rules::{Rule, RuleError, Rules, Vouched};
pub use settings::{ClientSecret, Settings, SettingsError};
