//! Kobling links records of the same person across organisations without anybody pooling identities.
//!
//! The rooms, in the order in which data flows (`docs/ARCHITECTURE.md` has the picture):
//!
//! | room | what it does |
//! | --- | --- |
//! | [`id`], [`key`], [`token`] | identifiers, secrets, and the tokens and links made of both |
//! | `vault` | files that only the holder of the service key can read (feature `service`) |
//! | [`programme`] | the definition that everything obeys |
//! | `intake` | verified packages, re-keyed and staged (feature `service`) |
//! | [`audit`] | what was done: entries, heads, receipts |
//! | `auth`, `store` | who may do what; the system of record |
//! | [`consent`] | events, the fold, permissions at a moment |
//! | `exchange` | consents as FHIR and ISO/IEC TS 27560 write them, and back (feature `partner`) |
//! | `config` | a partner's `kobling.toml` (feature `partner`) |
//! | `outbox` | what a partner has made, sent and got a receipt for (feature `partner`) |
//! | `answer` | an answer in every form that people and programs read (feature `partner`) |
//! | `disclosure` | the rules, the release ledger, and the only way out for a count (feature `service`) |
//! | `question` | the closed question language and the kernels that count (feature `service`) |
//! | [`followup`] | what a partner may learn of its own referrals, and its own worklist |
//! | `finding` | what `koblingd doctor` finds (feature `service`) |
//! | `backup` | a data folder in one encrypted file, and back (feature `service`) |
//! | `service`, `http` | what can be done, one file an operation; and the way in |
//! | `web` | the same for people: pages for evaluators, partners and stewards (feature `service`) |
//!
//! Imports run one way, down this table. `id`, `key`, `token` and `extract` are what a partner runs and a data
//! protection officer reads: they know nothing of servers or stores.

#[cfg(feature = "partner")]
pub mod answer;
#[cfg(not(target_family = "wasm"))]
pub mod audit;
#[cfg(feature = "service")]
pub mod auth;
#[cfg(feature = "service")]
pub mod backup;
#[cfg(feature = "partner")]
pub mod client;
pub mod clock;
#[cfg(feature = "partner")]
pub mod config;
pub mod consent;
#[cfg(feature = "service")]
pub mod demo;
pub mod digest;
#[cfg(feature = "service")]
pub mod disclosure;
pub mod escape;
#[cfg(feature = "partner")]
pub mod exchange;
pub mod extract;
#[cfg(feature = "service")]
pub mod finding;
#[cfg(not(target_family = "wasm"))]
pub mod followup;
#[cfg(feature = "service")]
pub mod http;
pub mod id;
#[cfg(feature = "service")]
pub mod intake;
pub mod key;
pub mod language;
pub mod limits;
#[cfg(feature = "service")]
pub mod linkage;
pub mod name;
#[cfg(feature = "service")]
pub mod oidc;
#[cfg(feature = "partner")]
pub mod outbox;
pub mod programme;
#[cfg(feature = "service")]
pub mod question;
pub mod secret;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "service")]
pub mod snapshot;
#[cfg(feature = "service")]
pub mod stats;
#[cfg(feature = "service")]
pub mod store;
pub mod token;
#[cfg(feature = "service")]
pub mod vault;
#[cfg(feature = "service")]
pub mod web;
