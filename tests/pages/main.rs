//! The pages in a real Chromium: each role's way, both languages, accessibility, and attacks.

#[path = "../kit/cutter.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod cutter;
#[path = "../kit/mod.rs"]
mod kit;

mod browser;
mod partner;
mod sending;
mod sessions;
mod tokeniser;
