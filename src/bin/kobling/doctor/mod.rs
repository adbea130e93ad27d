//! `kobling doctor`: is everything at this partner as it should be, and what is a lost key worth?
//!
//! Each finding says what, why and what to do. Nothing is changed, and no secret is shown.

mod checks;
mod pace;
mod place;

use std::path::{Path, PathBuf};

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::language::{Both, Language, Spoken};
use kobling::name::PartnerId;
use serde_json::json;

use crate::exit::{Done, Outcome, Trouble, both};
use crate::say::language;
use crate::settings::{config, no_token_to_a_found_address};

/// Look whether everything on this machine is as it should be: files, keys, programme, clock, disk, service. What is not
/// given is taken from kobling.toml.
#[derive(Args)]
pub(crate) struct DoctorArguments {
    /// The programme definition.
    #[arg(long)]
    programme: Option<PathBuf>,
    /// The partner that this is.
    #[arg(long)]
    partner: Option<PartnerId>,
    /// The linkage key's file.
    #[arg(long)]
    key: Option<PathBuf>,
    /// The partner's signing key.
    #[arg(long)]
    signing_key: Option<PathBuf>,
    /// File with the bearer token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The identity to which the custodian wraps the linkage key.
    #[arg(long)]
    identity: Option<PathBuf>,
    /// Address of the service; a token is needed as well.
    #[arg(long)]
    service: Option<String>,
    /// Trust the certificates in this PEM file instead of the public ones.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// Folder for packages; the current one when not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Findings as JSON.
    #[arg(long)]
    json: bool,
    /// Take a published example key: for exercises only.
    #[arg(long)]
    allow_example_key: bool,
}

/// What is looked at; what is not given is not looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// The programme definition.
    pub(crate) programme: Option<PathBuf>,
    /// The partner that this is.
    pub(crate) partner: Option<PartnerId>,
    /// The linkage key's file.
    pub(crate) key: Option<PathBuf>,
    /// The partner's signing key.
    pub(crate) signing_key: Option<PathBuf>,
    /// File with the bearer token.
    pub(crate) token_file: Option<PathBuf>,
    /// File with an age identity.
    pub(crate) identity: Option<PathBuf>,
    /// Address of the service.
    pub(crate) service: Option<String>,
    /// Certificates to trust instead of the public ones.
    pub(crate) authority: Option<PathBuf>,
    /// The client certificate and its key.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    /// Folder for packages.
    pub(crate) folder: PathBuf,
    /// Whether a published example key will do.
    pub(crate) allow_example_key: bool,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// As it should be.
    Good,
    /// To be known.
    Note,
    /// To be put right, with the status that the command then ends with.
    Wrong(Area),
}

/// Which exit status something that is wrong gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Usage,
    Files,
    Key,
    Service,
}

impl Level {
    const fn code(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Note => "note",
            Level::Wrong(_) => "wrong",
        }
    }

    const fn word(self, language: Language) -> &'static str {
        match self {
            Level::Good => language.choose("i orden", "good"),
            Level::Note => language.choose("bemærk", "note"),
            Level::Wrong(_) => language.choose("forkert", "wrong"),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    /// A word for programs that stays the same.
    code: &'static str,
    level: Level,
    what: Both,
    /// Why it matters, and what to do: nothing to say where all is well.
    advice: Option<(Both, Both)>,
}

impl Finding {
    fn good(code: &'static str, da: impl Into<String>, en: impl Into<String>) -> Finding {
        Finding { code, level: Level::Good, what: Both::new(da, en), advice: None }
    }

    /// A message of the library, with what it comes from.
    fn wrong(code: &'static str, area: Area, message: &dyn Spoken) -> Finding {
        let said = |language| match message.because() {
            Some(cause) => format!("{}: {}", message.say(language), cause.say(language)),
            None => message.say(language),
        };
        let what = Both::new(said(Language::Da), said(Language::En));
        Finding { code, level: Level::Wrong(area), what, advice: None }
    }

    fn because(mut self, why: (&str, &str), todo: (&str, &str)) -> Finding {
        self.advice = Some((Both::new(why.0, why.1), Both::new(todo.0, todo.1)));
        self
    }

    fn say(&self, language: Language) {
        out!("{:<8} {}", self.level.word(language), self.what.say(language));
        if let Some((why, todo)) = &self.advice {
            out!("         {} {}", language.choose("hvorfor:", "why:"), why.say(language));
            out!("         {} {}", language.choose("gør:", "do:"), todo.say(language));
        }
    }

    fn json(&self, language: Language) -> serde_json::Value {
        let mut value =
            json!({ "code": self.code, "level": self.level.code(), "what": self.what.say(language) });
        if let Some((why, todo)) = &self.advice {
            value["why"] = why.say(language).into();
            value["do"] = todo.say(language).into();
        }
        value
    }
}

pub(crate) fn run(arguments: &DoctorArguments) -> Outcome {
    no_token_to_a_found_address(arguments.service.as_deref(), arguments.token_file.as_deref())?;
    let of_file = config();
    let inputs = Inputs {
        programme: arguments.programme.clone().or_else(|| of_file?.programme.clone()),
        partner: arguments.partner.clone().or_else(|| of_file?.partner.clone()),
        key: arguments.key.clone().or_else(|| of_file?.linkage_key.clone()),
        signing_key: arguments.signing_key.clone().or_else(|| of_file?.signing_key.clone()),
        token_file: arguments.token_file.clone().or_else(|| of_file?.token_file.clone()),
        identity: arguments.identity.clone(),
        service: arguments.service.clone().or_else(|| of_file?.service.clone()),
        authority: arguments.authority.clone().or_else(|| of_file?.authority.clone()),
        certificate: of_file.and_then(|file| file.client_certificate.clone().zip(file.client_key.clone())),
        folder: arguments
            .folder
            .clone()
            .or_else(|| Some(that_is_there(&of_file?.outbox)))
            .unwrap_or_else(|| PathBuf::from(".")),
        allow_example_key: arguments.allow_example_key,
    };
    examine(&inputs, arguments.json)
}

/// A folder, or where it will be made: `kobling send` makes the outbox when it first has something to put there.
fn that_is_there(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new(".")).to_owned()
}

/// Looks at everything that is given, and says what was found.
pub(crate) fn examine(inputs: &Inputs, as_json: bool) -> Outcome {
    let language = language();
    let mut findings = checks::all(inputs, SystemClock.now());
    let pace = pace::measure(pace::TIME);
    findings.push(pace.finding());
    if as_json {
        let list: Vec<_> = findings.iter().map(|finding| finding.json(language)).collect();
        out!("{:#}", json!({ "findings": list, "guessing": pace.json() }));
    } else {
        findings.iter().for_each(|finding| finding.say(language));
    }
    let wrong: Vec<Area> = findings
        .iter()
        .filter_map(|finding| match finding.level {
            Level::Wrong(area) => Some(area),
            _ => None,
        })
        .collect();
    let Some(first) = wrong.first() else { return Ok(Done::Clean) };
    let said = match wrong.len() {
        1 => both("én ting skal rettes", "one thing is to be put right"),
        count => both(format!("{count} ting skal rettes"), format!("{count} things are to be put right")),
    };
    Err(match first {
        Area::Usage => Trouble::Usage(said),
        Area::Files => Trouble::Files(said),
        Area::Key => Trouble::Key(said),
        Area::Service => Trouble::Service(said),
    })
}
