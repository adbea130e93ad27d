//! The pages in a real Chromium: each role's way, both languages, accessibility, and attacks.

#[path = "../kit/mod.rs"]
mod kit;

#[path = "../kit/contract.rs"]
mod contract;

mod browser;
mod evaluator;
mod evaluator_files;
mod evaluator_world;
mod payer;
mod rights;
mod sessions;
mod steward;
mod steward_world;
mod tokeniser;
