//! Looking for identities: in the service's folder, its log, every reply, and the packages.

use std::path::Path;

use super::super::DemoError;
use super::super::needles;
use super::super::records::{Cast, Sheet};
use super::super::search::{Findings, Search};
use super::super::world::World;
use super::houses::House;
use super::town::Town;
use super::{LOG, PlayError, Stage};
use crate::clock::Day;
use crate::key::LinkageKey;
use crate::programme::Programme;

/// What must not be found: everything of a programme's persons.
pub(super) struct Hidden<'a> {
    pub(super) cast: &'a Cast,
    pub(super) sheets: &'a [Sheet],
    pub(super) world: Option<&'a World>,
    pub(super) programme: &'a Programme,
    pub(super) key: &'a LinkageKey,
}

/// Looks, and fails when something is found.
pub(super) fn look(
    hidden: &Hidden<'_>,
    town: &Town,
    houses: &[House],
    folder: &Path,
    root: &Path,
    today: Day,
    stage: &mut Stage<'_>,
) -> Result<(), PlayError> {
    let Hidden { cast, sheets, world, programme, key } = *hidden;
    let numbers = || needles::numbers_of_cast(cast, programme).into_iter().chain(needles::words());
    let in_packages = Search::new(numbers());
    let tokens = needles::tokens_of_cast(cast, sheets, world, programme, key, today)?;
    let search = Search::new(numbers().chain(tokens));
    let scratch = folder.join("planted");
    std::fs::create_dir(&scratch).map_err(PlayError::io(&scratch))?;
    let planted = search.prove(&scratch)?;
    let mut found = search.folder(&town.data())?;
    found.add(search.folder(&root.join(LOG))?);
    town.replies(|place, bytes| found.add(search.buffer(place, bytes)));
    let packages = houses.iter().try_fold(Findings::default(), |mut sum, house| {
        sum.add(in_packages.folder(&house.folder)?);
        Ok::<_, DemoError>(sum)
    })?;
    if let Some(first) = found.found.iter().chain(&packages.found).next() {
        return Err(PlayError::Check(format!("an identity was found in {}", first.place)));
    }
    stage.checked(&format!(
        "{} CPR numbers, raw tokens and words looked for ({planted} planted ones were found first): none in {} places, {} bytes of data folder, log and replies, and no number or word in the packages",
        search.needles(), found.places, found.bytes
    ))?;
    Ok(())
}
