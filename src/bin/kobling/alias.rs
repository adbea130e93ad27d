//! `kobling alias`: somebody got a new number. What a partner proposes; the steward decides (`kobling aliases`).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::aliases::one_pair;
use kobling::extract::list::RowFault as _;
use kobling::extract::{AliasJob, AliasReport, Source, check_aliases, package_aliases};
use kobling::language::{Language, Spoken as _};
use kobling::secret::SystemRandom;
use kobling::token::Tokeniser;
use zeroize::Zeroizing;

use crate::consent::say_written;
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::person::{Who, source};
use crate::say::language;
use crate::settings::{GivenKey, GivenPartner, GivenProgramme, Service};
use crate::write::{Dry, Over};

/// Commands of a partner on new numbers.
#[derive(Subcommand)]
pub(crate) enum AliasCommand {
    /// Make a package of a list of old and new numbers: a CSV with old,new and, where it is known, date. Sent with `kobling upload`.
    /// Example: kobling alias package nye-numre.csv -o aliasser --programme P.toml --partner ID --key KEYFILE --signing-key FILE
    Package(Package),
    /// Propose that two numbers are one person's: typed at two hidden prompts, or read from a file of your own.
    Propose(Propose),
}

#[derive(Args)]
pub(crate) struct Package {
    /// The list; - reads standard input.
    file: PathBuf,
    /// Folder to write the package to; it must not exist.
    #[arg(long, short, required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Only say what is in the list and what is wrong with it.
    #[arg(long, conflicts_with = "out")]
    check: bool,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    dry: Dry,
}

#[derive(Args)]
pub(crate) struct Propose {
    #[command(flatten)]
    programme: GivenProgramme,
    #[command(flatten)]
    partner: GivenPartner,
    #[command(flatten)]
    key: GivenKey,
    /// File that holds the old number and the new one, each alone on a line, and that nobody else can read; asked for at
    /// hidden prompts when not given.
    #[arg(long)]
    numbers_file: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn run(command: &AliasCommand) -> Outcome {
    match command {
        AliasCommand::Package(package) => make(package),
        AliasCommand::Propose(propose) => one(propose),
    }
}

fn make(package: &Package) -> Outcome {
    let (programme, _, key, signing) = package.who.load()?;
    let source = Source::from_argument(&package.file);
    let partner = package.who.partner()?;
    let job = AliasJob { source: &source, programme: &programme, partner, now: SystemClock.now() };
    if let Some(out) = &package.out {
        package.dry.may_take(out, Over::Never)?;
    }
    let Some(out) = package.out.as_ref().filter(|_| !package.dry.on()) else {
        tell(&check_aliases(&job, &key)?);
        if let Some(out) = &package.out {
            package.dry.would(out);
        }
        return Ok(Done::Clean);
    };
    let (_, report) = package_aliases(&job, &key, Some(&signing), out, &mut SystemRandom::new())?;
    tell(&report);
    say_written(out);
    Ok(Done::Clean)
}

fn tell(report: &AliasReport) {
    let rows = report.rows;
    tell!(
        "aliasser {} sendes, {} gentaget; ingen dato sendes",
        "aliases  {} sent, {} repeated; no date is sent",
        rows.sent,
        rows.duplicates
    );
    if report.replacements > 0 {
        let mut lines: Vec<String> = report.replacement_lines.iter().map(u64::to_string).collect();
        if report.replacements > lines.len() as u64 {
            lines.push("…".to_owned());
        }
        tell!(
            "bemærk   {} nye numre er selv erstatningsnumre, hvad der er usædvanligt: linje {}",
            "remark   {} new numbers are themselves replacement numbers, which is unusual: line {}",
            report.replacements,
            lines.join(", ")
        );
    }
}

fn one(propose: &Propose) -> Outcome {
    let programme = propose.programme.load()?;
    let partner = propose.partner.id()?;
    source(&programme, partner)?;
    let key = propose.key.load(&programme)?;
    let client = propose.service.connect()?;
    let (old, new) = match &propose.numbers_file {
        Some(path) => in_file(path)?,
        None => (
            prompt("det gamle nummer (vises ikke): ", "the old number (not shown): ")?,
            prompt("det nye nummer (vises ikke): ", "the new number (not shown): ")?,
        ),
    };
    let tokeniser = Tokeniser::new(&key, partner, partner);
    let pair = one_pair((&old, &new), &tokeniser, SystemClock.today()).map_err(|wrong| {
        let which = |language: Language| match wrong.column() {
            Some("old") => language.choose("det gamle nummer: ", "the old number: "),
            Some("new") => language.choose("det nye nummer: ", "the new number: "),
            _ => "",
        };
        Trouble::Files(both(
            format!("{}{}", which(Language::Da), wrong.danish()),
            format!("{}{wrong}", which(Language::En)),
        ))
    })?;
    drop((old, new));
    if pair.replacement {
        tell!(
            "bemærk   det nye nummer er selv et erstatningsnummer, hvad der er usædvanligt",
            "remark   the new number is itself a replacement number, which is unusual"
        );
    }
    let sends = propose.dry.sends(
        "ville foreslå styregruppen, at de to numre er én persons",
        "would propose to the steward that the two numbers are one person's",
    );
    if !sends {
        return Ok(Done::Clean);
    }
    let body = serde_json::json!({ "old": pair.old, "new": pair.new });
    client.post("/v1/aliases", body.to_string().as_bytes(), None)?;
    tell!(
        "meldt    det gælder, når styregruppen har godkendt det, fra næste forsegling",
        "entered  it takes effect when the steward has approved it, from the next seal on"
    );
    Ok(Done::Clean)
}

fn prompt(da: &'static str, en: &'static str) -> Result<Zeroizing<String>, Trouble> {
    let typed = rpassword::prompt_password(language().choose(da, en));
    Ok(Zeroizing::new(typed.map_err(|error| {
        Trouble::Usage(both(
            format!("intet nummer blev skrevet ({}); uden terminal: giv --numbers-file", error.danish()),
            format!("no number was typed ({error}); without a terminal give --numbers-file"),
        ))
    })?))
}

/// The two lines of a file that its owner alone can read.
fn in_file(path: &Path) -> Result<(Zeroizing<String>, Zeroizing<String>), Trouble> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(file(path))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Trouble::Files(both(
                format!("{path}: andre kan læse filen; giv den mode 0600 (chmod 600), og slet den bagefter"),
                format!(
                    "{path}: others can read this file; give it mode 0600 (chmod 600), and delete it afterwards"
                ),
            )));
        }
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(file(path))?);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next(), lines.next()) {
        (Some(old), Some(new), None) => Ok((Zeroizing::new(old.to_owned()), Zeroizing::new(new.to_owned()))),
        _ => {
            let path = path.display();
            Err(Trouble::Files(both(
                format!("{path}: to linjer ventes, det gamle nummer og det nye"),
                format!("{path}: two lines are expected, the old number and the new one"),
            )))
        }
    }
}
