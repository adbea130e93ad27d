//! The pages in a real Chromium: each role's way, both languages, accessibility, and attacks.

#[path = "../kit/mod.rs"]
mod kit;

mod browser;
mod rights;
mod sessions;
mod steward;
mod steward_world;
mod tokeniser;
