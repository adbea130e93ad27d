//! A page between a wish and the deed: what it is about, what follows, and the button.

use askama::Template;

use crate::web::frame::Frame;

/// A button: what it sends as `verdict`, its text, and whether it is the one that is meant to be pressed.
pub(super) struct Button {
    pub(super) verdict: &'static str,
    pub(super) text: &'static str,
    pub(super) main: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "steward/confirm.html")]
pub(super) struct ConfirmPage {
    pub(super) frame: Frame,
    /// What it is about, each with its name.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What to look out for before, if anything.
    pub(super) warning: Option<&'static str>,
    /// What follows.
    pub(super) follows: Vec<&'static str>,
    /// Where the form goes.
    pub(super) action: String,
    /// What the form says besides.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// What has to be ticked.
    pub(super) tick: Option<&'static str>,
    pub(super) buttons: Vec<Button>,
    /// Where to go instead.
    pub(super) back: String,
}
