//! Coming in: tokens that end and are renewed, client certificates, certificates that are exchanged, and people who sign in
//! through a real identity provider with a real browser.
#![cfg(feature = "service")]

#[path = "../pages/browser.rs"]
#[expect(dead_code, reason = "this binary uses a part of the browser")]
mod browser;
mod certificates;
#[path = "../pages/driver.rs"]
mod driver;
#[path = "../kit/mod.rs"]
#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "../kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;
mod people;
mod tokens;
