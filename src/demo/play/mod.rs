//! The demo: the whole line, played by everybody it takes, over real files and real HTTP, and judged from outside.
//!
//! One process plays the custodian, nine partners, the operator, the steward and the evaluator, each through the code
//! and the routes that they would use. Every claim that is printed is checked first; [`play`] fails when one does not
//! hold.

mod exchange;
mod houses;
mod judge;
mod show;
mod town;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::DemoError;
use super::consents::{asked_at, write_consents, write_withdrawals};
use super::needles;
use super::oracle::{Leaving, Plain};
use super::raw::write_extracts;
use super::search::Search;
use super::world::{PARTNERS, World, WorldSettings};
use crate::client::{Answer, ClientError, UploadError};
use crate::clock::{Clock as _, Day, SystemClock, Timestamp};
use crate::extract::ExtractError;
use crate::extract::consents::ConsentListError;
use crate::key::{KeyFileError, LinkageKey, ServiceKey};
use crate::name::PurposeId;
use crate::programme::{Programme, ProgrammeError};
use crate::secret::SystemRandom;
use crate::service::ServiceError;

use houses::House;
use judge::Judge;
use town::Town;

/// The programme that the demo plays.
pub const PROGRAMME: &str = include_str!("../../../programmes/interventionsmodel.toml");
/// The quarters that are asked about.
const PERIOD: &str = "2022-Q1..2023-Q4";
/// The partner at which persons withdraw, and whose exchange is played again alone.
const PARTNER: &str = "lokk";
/// Folder of the service's log.
const LOG: &str = "log";
/// Persons who withdraw after the first.
const TWELVE: usize = 12;
/// The evaluator.
const EVALUATOR: &str = "vive";

/// How the demo is played.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Persons of the made-up world.
    pub persons: u32,
    /// Which world.
    pub seed: u64,
    /// Where the service listens: loopback, port 0 for any.
    pub listen: SocketAddr,
}

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Its own files.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The file system said no.
    #[error("{}: cannot be written or read", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The programme.
    #[error(transparent)]
    Programme(#[from] ProgrammeError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A partner's extract.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// A partner's list of consents.
    #[error(transparent)]
    Consents(#[from] ConsentListError),
    /// A package on its way.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The service over HTTP.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service at the machine.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What is printed cannot be.
    #[error("the demo's words cannot be printed")]
    Print(#[from] std::io::Error),
    /// A check that did not hold.
    #[error("CHECK FAILED: {0}")]
    Check(String),
}

impl PlayError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PlayError {
        let path = path.to_owned();
        move |source| PlayError::Io { path, source }
    }
}

/// The demo after its last check: the service still runs, until this is dropped.
pub struct Played {
    town: Town,
    folder: tempfolder::Folder,
}

impl Played {
    /// Where the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.town.address()
    }

    /// The demo's folder: keys, extracts, packages, data; gone when this is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Plays the demo and prints what a person wants to see.
///
/// # Errors
/// [`PlayError`]: the first thing that went wrong, or the first check that did not hold.
pub fn play(settings: Settings, out: &mut dyn Write) -> Result<Played, PlayError> {
    let start = Instant::now();
    let mut stage = Stage { out, start, step: 0 };
    let folder = tempfolder::Folder::new()?;
    log_to(&folder.path().join(LOG))?;
    let programme = Programme::parse(PROGRAMME)?;
    let purpose: PurposeId = "evaluation".parse().expect("a plain name");
    let clock = SystemClock;
    let today = clock.today();

    stage.step(
        "A made-up world: families, their way through the programme, and what each partner's systems say",
    )?;
    let world = World::generate(WorldSettings {
        persons: settings.persons,
        seed: settings.seed,
        ..WorldSettings::default()
    });
    let raw = folder.path().join("partners");
    let files = write_extracts(&world, &programme, &raw)?;
    let consents = write_consents(&world, &programme, &purpose, today, &raw)?;
    show::world(stage.out, &world, &files, &consents)?;

    stage.step("The custodian makes the linkage key; each partner checks, tokenises and packs at home")?;
    let key = LinkageKey::generate(programme.id.clone(), &mut SystemRandom::new());
    let houses = House::all(&programme, &raw, &files, &consents, folder.path(), &key, clock.now())?;
    let mut plain = Plain::read(&programme, &files, today, &[], Leaving::NoPermittedRowAtASource)?;
    for house in &houses {
        house.agrees_with(&programme, &plain)?;
    }
    show::packages(stage.out, &houses)?;
    if let Some(house) = houses.iter().find(|house| house.partner.as_str() == PARTNER)
        && let Some(row) = house.one_row(&programme, &key, clock.now(), &folder.path().join("one-row"))?
    {
        show::one_row(stage.out, &row)?;
    }

    stage.step("The service starts on an empty data folder; partners upload and record consents")?;
    let service_key = folder.path().join("keys").join("service.key");
    ServiceKey::generate(&mut SystemRandom::new()).save(&service_key, clock.now())?;
    let town =
        Town::start(&programme, key.id(), &service_key, &folder.path().join("service"), settings.listen)?;
    for house in &houses {
        town.admit(house, &programme)?;
    }
    let uploading = Instant::now();
    for house in &houses {
        town.send_packages(house)?;
    }
    let uploaded = uploading.elapsed();
    for house in &houses {
        town.send_consents(house, &programme, &key, &house.consents)?;
        if let Some(list) = &house.consents {
            plain.record_consents(&house.partner, list)?;
        }
    }
    show::receipt(stage.out, &town, PARTNER, houses.iter().map(House::rows).sum(), uploaded)?;

    stage.step("The steward seals: rows are linked, sorted and frozen")?;
    let sealing = Instant::now();
    town.seal()?;
    show::quality(stage.out, &town, sealing.elapsed())?;

    stage.step("The evaluator asks reach, funnel and overlap")?;
    let mut judge = Judge::new(&programme);
    let first = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    for answer in &first {
        show::answer(stage.out, answer)?;
    }
    stage.checked("every answer was counted again from the raw extracts by a plain path of its own, and put through the rules: the same")?;

    stage.step("One person withdraws at one partner, and the same is asked again")?;
    let at = PARTNERS.iter().position(|name| *name == PARTNER).expect("the demo's partner");
    let leaving = asked_at(&world, &programme, &purpose, at);
    let partner = PARTNER.parse().expect("a plain name");
    let permitted = judge.counted(&plain, clock.now(), today)?;
    let leaving: Vec<u32> = leaving
        .into_iter()
        .filter(|person| {
            let number = world.number(*person, at);
            let number = String::from_utf8_lossy(&number).into_owned();
            plain.person(&number, None).is_some_and(|person| permitted.contains(&person))
        })
        .take(1 + TWELVE)
        .collect();
    if leaving.len() < 1 + TWELVE {
        return Err(PlayError::Check(format!(
            "the world is too small: {} persons could withdraw at {PARTNER}",
            leaving.len()
        )));
    }
    let house = houses.iter().find(|house| house.partner == partner).expect("every partner has a house");
    let withdraw = |plain: &mut Plain<'_>, persons: &[u32], name: &str| -> Result<(), PlayError> {
        let list = raw.join(PARTNER).join(name);
        write_withdrawals(&world, at, persons, clock.now(), &list)?;
        town.send_consents(house, &programme, &key, &Some(list.clone()))?;
        plain.record_consents(&partner, &list)?;
        Ok(())
    };
    withdraw(&mut plain, &leaving[..1], "tilbagekald-1.csv")?;
    let second = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    if shown(&second) != shown(&first) {
        return Err(PlayError::Check("one withdrawal changed something that is shown".to_owned()));
    }
    stage.checked(
        "nothing that is shown changed: one person's yes or no cannot be read off the answers (rule R8)",
    )?;

    stage.step("Twelve more withdraw, and the same is asked once more")?;
    withdraw(&mut plain, &leaving[1..], "tilbagekald-12.csv")?;
    let third = ask_all(&town, &mut judge, &plain, clock.now(), today)?;
    show::changes(stage.out, &second, &third)?;
    stage.checked("these answers, too, are what the plain path and the rules give")?;

    stage.step("Link rates per partner")?;
    show::link_rates(stage.out, &town)?;

    stage.step("Looking for identities where none may be")?;
    show::audit(stage.out, &town)?;
    let mut forbidden = needles::numbers(&world);
    forbidden.extend(needles::words());
    let in_packages = Search::new(needles::numbers(&world).into_iter().chain(needles::words()));
    forbidden.extend(needles::tokens(&world, &key, today)?);
    let search = Search::new(forbidden);
    let scratch = folder.path().join("planted");
    std::fs::create_dir(&scratch).map_err(PlayError::io(&scratch))?;
    let planted = search.prove(&scratch)?;
    let mut found = search.folder(&town.data())?;
    found.add(search.folder(&folder.path().join(LOG))?);
    town.replies(|place, bytes| found.add(search.buffer(place, bytes)));
    let packages = houses.iter().try_fold(super::search::Findings::default(), |mut sum, house| {
        sum.add(in_packages.folder(&house.folder)?);
        Ok::<_, DemoError>(sum)
    })?;
    if !found.found.is_empty() || !packages.found.is_empty() {
        let place =
            found.found.iter().chain(&packages.found).next().map(|f| f.place.clone()).unwrap_or_default();
        return Err(PlayError::Check(format!("an identity was found in {place}")));
    }
    stage.checked(&format!(
        "{} CPR numbers, raw tokens and words looked for ({planted} planted ones were found first): none in {} places, {} bytes of data folder, log and replies, and no number or word in the packages",
        search.needles(), found.places, found.bytes
    ))?;

    stage.step("One partner's whole exchange again, with nobody else there")?;
    let alone = Town::start(
        &programme,
        key.id(),
        &service_key,
        &folder.path().join("alone"),
        settings.listen_anywhere(),
    )?;
    alone.admit(house, &programme)?;
    alone.send_packages(house)?;
    alone.send_consents(house, &programme, &key, &house.consents)?;
    alone.seal()?;
    for name in ["tilbagekald-1.csv", "tilbagekald-12.csv"] {
        alone.send_consents(house, &programme, &key, &Some(raw.join(PARTNER).join(name)))?;
    }
    let compared = exchange::same(&town.exchange_of(house)?, &alone.exchange_of(house)?)?;
    stage.checked(&format!("apart from ids, times and signatures, {compared} bytes of replies to {PARTNER} are the same without the others"))?;
    drop(alone);

    writeln!(stage.out, "\nDone in {:.1} s; every check held.", start.elapsed().as_secs_f64())?;
    Ok(Played { town, folder })
}

impl Played {
    /// File with the evaluator's bearer token.
    #[must_use]
    pub fn evaluator_token(&self) -> PathBuf {
        self.town.token_file(EVALUATOR)
    }
}

impl Settings {
    /// The same address with any port.
    fn listen_anywhere(&self) -> SocketAddr {
        SocketAddr::new(self.listen.ip(), 0)
    }
}

/// Lets the service log to a file, where nobody logs yet.
fn log_to(folder: &Path) -> Result<(), PlayError> {
    std::fs::create_dir_all(folder).map_err(PlayError::io(folder))?;
    let file = folder.join("service.log");
    let file = std::fs::File::create_new(&file).map_err(PlayError::io(&file))?;
    let log = tracing_subscriber::fmt().json().with_writer(std::sync::Mutex::new(file));
    // A second demo in one process goes on with the first one's log.
    let _ = log.try_init();
    Ok(())
}

/// What the evaluator asks, in order.
fn questions() -> Vec<crate::question::Ask> {
    let ask = |question: &str, by: &[&str]| crate::question::Ask {
        question: question.parse().expect("a plain name"),
        by: by.iter().map(|name| name.parse().expect("a plain name")).collect(),
        period: PERIOD.parse().expect("a period"),
        population: None,
    };
    vec![
        ask("reach", &["role", "municipality"]),
        ask("funnel", &[]),
        ask("funnel", &["role"]),
        ask("overlap", &[]),
    ]
}

fn ask_all(
    town: &Town,
    judge: &mut Judge<'_>,
    plain: &Plain<'_>,
    moment: Timestamp,
    sealed: Day,
) -> Result<Vec<Answer>, PlayError> {
    let mut answers = Vec::new();
    for ask in questions() {
        let body = town.ask(&ask)?;
        judge.agrees(plain, &ask, moment, sealed, &body)?;
        answers.push(crate::client::parse(&body)?);
    }
    Ok(answers)
}

/// What the answers show, without what they say about themselves.
fn shown(answers: &[Answer]) -> Vec<&crate::client::Table> {
    answers.iter().map(|answer| &answer.table).collect()
}

/// Where the words go.
struct Stage<'a> {
    out: &'a mut dyn Write,
    start: Instant,
    step: u32,
}

impl Stage<'_> {
    fn step(&mut self, what: &str) -> std::io::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{}. {what}  [{:.1} s]", self.step, self.start.elapsed().as_secs_f64())
    }

    fn checked(&mut self, what: &str) -> std::io::Result<()> {
        writeln!(self.out, "   ✓ {what}")
    }
}

/// A private folder that is gone when the demo is.
mod tempfolder {
    use std::path::{Path, PathBuf};

    use super::PlayError;
    use crate::secret::{Random as _, SystemRandom};

    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new() -> Result<Folder, PlayError> {
            let mut bytes = [0; 8];
            SystemRandom::new().fill(&mut bytes);
            let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let path = std::env::temp_dir().join(format!("kobling-demo-{name}"));
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&path).map_err(PlayError::io(&path))?;
            Ok(Folder(path))
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // Best effort: what stays behind is made up.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
