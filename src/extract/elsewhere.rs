//! Tokens made elsewhere: the extract is read twice, and no key comes in here. First it is checked and what tokens are
//! to be made of is gathered; then it is read with the tokens. The page works so: a browser's own cryptography makes
//! them (`src/web/tokeniser`).

use std::path::Path;

use super::limit::MaxRejected;
use super::manifest::Manifest;
use super::report::Report;
use super::run::{ExtractError, Job, Watch, checked, packed};
use crate::clock::Timestamp;
use crate::key::KeyId;
use crate::secret::Random;
use crate::token::{Given, Tokeniser, Wanted};

/// Checks an extract as [`super::check`] does; with the report comes what tokens are to be made of.
///
/// # Errors
/// As [`super::check`].
pub fn gather(
    job: &Job<'_>,
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<(Report, Wanted), ExtractError> {
    let target = job.target()?;
    let wanted = Wanted::new(job.partner, target.issuer(job));
    let report = checked(job, &target, &Tokeniser::gathering(&wanted), random, watch)?;
    Ok((report, wanted))
}

/// Turns an extract into a package in a new folder, as [`super::tokenise`] does, with tokens that were made of what
/// [`gather`] gave by the key of this id. Nobody signs it in here.
///
/// # Errors
/// As [`super::tokenise`]; [`ExtractError::Changed`] where a token is missing.
pub fn tokenise_with(
    job: &Job<'_>,
    (given, key_id): (Given, KeyId),
    max_rejected: Option<MaxRejected>,
    out: (&Path, Timestamp),
    random: &mut dyn Random,
    watch: &mut dyn Watch,
) -> Result<(Report, Manifest), ExtractError> {
    let target = job.target()?;
    let tokeniser = Tokeniser::given(given);
    packed(job, &target, (&tokeniser, key_id), None, max_rejected, out, random, watch)
}
