//! A programme of the demo sealed and not yet asked about: for the report of what each rule costs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::consents::write_consents_of;
use super::super::raw::{DATASETS, write_extracts};
use super::super::records::{Cast, sheets, write_sheets};
use super::super::world::{World, WorldSettings};
use super::folder::Folder;
use super::houses::House;
use super::town::Town;
use super::{PERSONS_A_FAMILY, PlayError, Which, round};
use crate::clock::{Clock as _, Period, SystemClock};
use crate::key::{LinkageKey, ServiceKey};
use crate::name::PurposeId;
use crate::programme::Programme;
use crate::secret::SystemRandom;
use crate::service::Service;

/// A service over a sealed snapshot of the demo's world. Its folder is gone when this is dropped.
pub struct Unplayed {
    town: Town,
    programme: Programme,
    period: Period,
    _folder: Folder,
}

impl Unplayed {
    /// The programme.
    #[must_use]
    pub const fn programme(&self) -> &Programme {
        &self.programme
    }

    /// The quarters that may be asked about.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// The service, whose [`Service::tabulate`] gives unprotected cells.
    #[must_use]
    pub fn service(&self) -> &Service {
        self.town.service()
    }
}

/// Makes a programme's world as [`play`](super::play()) does, sends it over HTTP and seals it.
///
/// # Errors
/// [`PlayError`]: the first thing that went wrong.
pub fn seal_unplayed(which: Which, persons: u32, seed: u64) -> Result<Unplayed, PlayError> {
    let programme = Programme::parse(which.text())?;
    let (clock, today) = (SystemClock, SystemClock.today());
    let folder = Folder::new()?;
    let home = folder.path().join("unplayed");
    let raw = home.join("partners");
    let (payment, others): (Vec<PurposeId>, Vec<PurposeId>) =
        programme.purposes.iter().map(|p| p.id.clone()).partition(|id| id.as_str() == "payment");
    let (world, cast, elsewhere): (_, _, &[_]) = match which {
        Which::Interventionsmodel => {
            let world = World::generate(WorldSettings { persons, seed, ..WorldSettings::default() });
            let cast = Cast::of_world(&world);
            (Some(world), cast, &DATASETS)
        }
        Which::Effektinvestering => (None, Cast::families(persons / PERSONS_A_FAMILY, seed, &programme), &[]),
    };
    let mut files = match &world {
        Some(world) => write_extracts(world, &programme, &raw)?,
        None => Vec::new(),
    };
    let records = sheets(&cast, &programme, elsewhere);
    files.extend(write_sheets(&cast, &programme, &records, &raw)?);
    let mut consents = Vec::new();
    // The first programme's demo asks for one purpose; the second's for all, payment on a paper of its own.
    let papers = match which {
        Which::Interventionsmodel => {
            vec![others.iter().filter(|id| id.as_str() == "evaluation").cloned().collect()]
        }
        Which::Effektinvestering => vec![others, payment],
    };
    for purposes in papers {
        let purposes: Vec<PurposeId> = purposes;
        consents.extend(write_consents_of(
            &cast,
            &records,
            world.as_ref(),
            &programme,
            &purposes,
            today,
            &raw,
        )?);
    }
    let key = LinkageKey::generate(programme.id.clone(), &mut SystemRandom::new());
    let houses = House::all(&programme, &files, consents, &home, &key, clock.now())?;
    let town = start(&programme, which.text(), &key, &home)?;
    round::deliver(&town, &houses, &programme, &key, &mut std::io::sink())?;
    town.seal()?;
    let closed = i32::from(programme.closing_days) + 1;
    let ended = programme.period.quarters().filter(|quarter| quarter.last().plus(closed) <= today).last();
    let period = ended.and_then(|last| Period::new(programme.period.first(), last).ok());
    let period =
        period.ok_or_else(|| PlayError::Check("no quarter of the programme has ended".to_owned()))?;
    Ok(Unplayed { town, programme, period, _folder: folder })
}

fn start(programme: &Programme, text: &str, key: &LinkageKey, home: &Path) -> Result<Town, PlayError> {
    let service_key = home.join("keys").join("service.key");
    ServiceKey::generate(&mut SystemRandom::new()).save(&service_key, SystemClock.now())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Town::start(programme, text, key.id(), &service_key, &home.join("service"), listen)
}
