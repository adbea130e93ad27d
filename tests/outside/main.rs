//! What strangers bring: a tester that knows the description alone, and clients in other languages, against a real
//! service. tests/run installs what they need.

#![cfg(all(unix, feature = "service"))]
#![expect(clippy::print_stdout, reason = "what schemathesis found, shown when it fails")]

mod clients;
#[path = "../kit/contract.rs"]
mod contract;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "../kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;
mod schemathesis;
mod world;
