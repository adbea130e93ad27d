//! The pages in a real Chromium: each role's way, both languages, accessibility, and attacks.

#![cfg(feature = "service")]

#[path = "../kit/cutter.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod cutter;
#[expect(dead_code, reason = "this binary uses a part of the kit")]
#[path = "../kit/mod.rs"]
mod kit;

#[path = "../kit/contract.rs"]
mod contract;

mod browser;
mod driver;
mod evaluator;
mod evaluator_files;
mod evaluator_world;
mod partner;
mod payer;
mod rights;
mod sending;
mod sessions;
mod steward;
mod steward_world;
mod tokeniser;
