//! `kobling receipt verify`: a receipt's signature, and that what the service shows today extends what it showed then; of
//! one receipt, or of all that lie in a folder.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kobling::audit::{Entry, Head, Receipt, ReceiptKind, SignedReceipt, verify_extension};
use kobling::client::{Client, parse};
use kobling::key::VerifyingKey;
use kobling::language::Spoken as _;

use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::say::language;
use crate::send::new_table;
use crate::settings::{self, GivenServicePublic, Service};

/// Commands on receipts.
#[derive(Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Verify a receipt, or all of a folder; with a later one or with the service, that its head was extended and nothing
    /// before it changed.
    /// Example: kobling receipt verify outbox --online
    Verify(Verify),
}

/// `kobling receipt verify [FILE or FOLDER] --service-public KEY`
#[derive(Args)]
pub(crate) struct Verify {
    /// The receipt, or a folder of them; the outbox of kobling.toml when not given. Of several in one file, one a line, the
    /// last is taken.
    file: Option<PathBuf>,
    #[command(flatten)]
    service_public: GivenServicePublic,
    /// A later receipt: its head must extend this one's.
    #[arg(long)]
    later: Option<PathBuf>,
    /// Entries of your own strand, saved from the service's /v1/audit/strand, to verify without the service.
    #[arg(long, conflicts_with = "service")]
    entries: Option<PathBuf>,
    /// Fetch those entries from the service that kobling.toml names; --service does the same from another.
    #[arg(long, conflicts_with = "entries")]
    online: bool,
    #[command(flatten)]
    service: Service,
}

/// A page of the partner's own strand.
#[derive(serde::Deserialize)]
struct Strand {
    head: Head,
    entries: Vec<Entry>,
}

pub(crate) fn run(command: &ReceiptCommand) -> Outcome {
    let ReceiptCommand::Verify(verify) = command;
    let path = match &verify.file {
        Some(path) => path.as_path(),
        None => settings::needed()?.outbox.as_path(),
    };
    let key = verify.service_public.key()?;
    if path.is_dir() { all_of(verify, path, key) } else { one(verify, path, key) }
}

impl Verify {
    /// Entries of the strand after a position, where the command says whence.
    fn strand(&self, after: u64) -> Result<Option<Strand>, Trouble> {
        match &self.entries {
            Some(path) => Ok(Some(parse(&std::fs::read(path).map_err(file(path))?)?)),
            None if self.online || self.service.is_given() => {
                fetch(&self.service.connect()?, after).map(Some)
            }
            None => Ok(None),
        }
    }
}

fn one(verify: &Verify, path: &Path, key: &VerifyingKey) -> Outcome {
    let receipt = load(path, key)?;
    tell!("underskrift gyldig", "signature  good");
    tell!("partner     {}", "partner    {}", receipt.partner);
    tell!("tidspunkt   {}", "at         {}", receipt.at);
    tell!("plads       {} i jeres streng", "position   {} of your strand", receipt.head.position);
    let later = match &verify.later {
        Some(path) => Some(load(path, key)?),
        None => None,
    };
    let Some(Strand { head, entries }) = verify.strand(receipt.head.position)? else {
        if later.is_some() {
            return Err(Trouble::Usage(both(
                "--later kræver posterne imellem: giv --online, --service og --token-file, eller --entries",
                "--later needs the entries between: give --online, --service and --token-file, or --entries",
            )));
        }
        return Ok(Done::Clean);
    };
    let to = later.map_or(head, |later| later.head);
    let count = extends(&receipt.head, &to, &entries)?;
    tell!(
        "forlænget   bevist: plads {} forlænger den med {count} poster",
        "extension  proved: position {} extends it by {count} entries",
        to.position
    );
    Ok(Done::Clean)
}

/// Proves that a head extends another by the entries between them; how many these are.
fn extends(from: &Head, to: &Head, entries: &[Entry]) -> Result<usize, Trouble> {
    let between = entries.iter().filter(|e| e.position > from.position && e.position <= to.position);
    let between: Vec<Entry> = between.cloned().collect();
    verify_extension(from, to, &between).map_err(|error| Trouble::Service(Box::new(error)))?;
    Ok(between.len())
}

fn load(path: &Path, key: &VerifyingKey) -> Result<Receipt, Trouble> {
    let text = std::fs::read_to_string(path).map_err(file(path))?;
    let wrong = || {
        let path = path.display();
        Trouble::Files(both(
            format!("{path}: der er ingen kvittering i filen"),
            format!("{path}: holds no receipt"),
        ))
    };
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).ok_or_else(wrong)?;
    let signed = serde_json::from_str::<SignedReceipt>(&text).or_else(|_| serde_json::from_str(last));
    signed.map_err(|_| wrong())?.verify(key).map_err(|error| {
        let path = path.display();
        Trouble::Key(both(format!("{path}: {}", error.danish()), format!("{path}: {error}")))
    })
}

/// All entries after a position, page by page.
fn fetch(client: &Client, mut after: u64) -> Result<Strand, Trouble> {
    let mut all = Vec::new();
    loop {
        let page: Strand = parse(&client.fetch(&format!("/v1/audit/strand?from={after}"))?)?;
        let last = page.entries.last().map(|entry| entry.position);
        all.extend(page.entries);
        match last {
            Some(position) if position > after && position < page.head.position => after = position,
            _ => return Ok(Strand { head: page.head, entries: all }),
        }
    }
}

/// Receipts of a folder, by name: `*.receipt.json`, as `kobling` keeps them.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".receipt.json") && !name.starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A folder of receipts, as they were read: those that verify in the order of their heads, and what is wrong with the
/// others.
pub(crate) struct Folder {
    pub(crate) good: Vec<(PathBuf, Receipt)>,
    pub(crate) bad: Vec<(PathBuf, Trouble)>,
}

pub(crate) fn read_folder(folder: &Path, key: &VerifyingKey) -> Result<Folder, Trouble> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for path in in_folder(folder)? {
        match load(&path, key) {
            Ok(receipt) => good.push((path, receipt)),
            Err(trouble) => bad.push((path, trouble)),
        }
    }
    good.sort_by_key(|(_, receipt)| (receipt.head.position, receipt.at));
    Ok(Folder { good, bad })
}

/// What two receipts, one after the other, say against each other without the entries between them.
pub(crate) fn contradiction(earlier: &Receipt, later: &Receipt) -> Option<(&'static str, &'static str)> {
    if earlier.head.strand != later.head.strand || earlier.programme != later.programme {
        Some((
            "er af en anden part eller et andet program end den før",
            "is of another partner or programme than the one before",
        ))
    } else if earlier.head.position == later.head.position && earlier.head.hash != later.head.hash {
        Some((
            "har samme plads som den før, men et andet hoved: tjenesten har vist to forskellige forløb",
            "has the position of the one before and another head: the service has shown two different histories",
        ))
    } else if later.at < earlier.at {
        Some((
            "er ældre end den før, men står længere fremme i strengen",
            "is older than the one before, and stands further on in the strand",
        ))
    } else {
        None
    }
}

fn all_of(verify: &Verify, folder: &Path, key: &VerifyingKey) -> Outcome {
    if verify.later.is_some() {
        return Err(Trouble::Usage(both(
            "--later hører til én kvittering; en mappes kvitteringer holdes op mod hinanden",
            "--later goes with one receipt; those of a folder are held against each other",
        )));
    }
    let Folder { good, bad } = read_folder(folder, key)?;
    if good.is_empty() && bad.is_empty() {
        return Err(Trouble::Files(both(
            format!("{}: der er ingen kvitteringer (*.receipt.json) i mappen", folder.display()),
            format!("{}: there are no receipts (*.receipt.json) in the folder", folder.display()),
        )));
    }
    let language = language();
    let mut worst = 0;
    let mut table = new_table(
        &match language {
            kobling::language::Language::Da => ["kvittering", "for", "tidspunkt", "plads", ""],
            kobling::language::Language::En => ["receipt", "for", "at", "position", ""],
        },
        3..4,
    );
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let strand = match good.first() {
        Some((_, first)) => verify.strand(first.head.position)?,
        None => None,
    };
    let mut before: Option<&Receipt> = None;
    for (path, receipt) in &good {
        let against = before.and_then(|before| contradiction(before, receipt));
        let mut said = language.choose("underskrift gyldig", "signature good").to_owned();
        if let Some((da, en)) = against {
            worst = worst.max(5);
            said = language.choose(da, en).to_owned();
        } else if let (Some(before), Some(strand)) = (before, &strand) {
            match extends(&before.head, &receipt.head, &strand.entries) {
                Ok(_) => said += language.choose(", forlænger den før", ", extends the one before"),
                Err(trouble) => {
                    worst = worst.max(5);
                    said = crate::send::message(&trouble, language);
                }
            }
        }
        let kind = match receipt.kind {
            ReceiptKind::Upload => language.choose("pakke", "upload"),
            ReceiptKind::Withdrawal => language.choose("tilbagetrækning", "withdrawal"),
            ReceiptKind::Consents => language.choose("samtykker", "consents"),
            ReceiptKind::Aliases => language.choose("aliasser", "aliases"),
            ReceiptKind::Erasure => language.choose("sletning", "erasure"),
        };
        let position = receipt.head.position.to_string();
        table.add_row([name(path), kind.to_owned(), receipt.at.to_string(), position, said]);
        before = Some(receipt);
    }
    for (path, trouble) in &bad {
        worst = worst.max(crate::send::status(trouble));
        let said = crate::send::message(trouble, language);
        table.add_row([name(path), String::new(), String::new(), String::new(), said]);
    }
    out!("{table}");
    match (&strand, good.last()) {
        (Some(strand), Some((_, last))) if worst == 0 => {
            let count = extends(&last.head, &strand.head, &strand.entries)?;
            tell!(
                "bevist: hver kvittering forlænger den før, og strengen forlænger den sidste med {count} poster til plads {}",
                "proved: each receipt extends the one before, and the strand extends the last by {count} entries to position {}",
                strand.head.position
            );
        }
        (None, _) => tell!(
            "uden posterne imellem er bevist: tjenesten har underskrevet det ovenfor, og hovederne modsiger ikke hinanden. Ikke bevist: at intet imellem er ændret, og at tjenesten viser det samme i dag; det kræver --online eller --entries",
            "without the entries between, this is proved: the service signed what is above, and the heads do not contradict each other. Not proved: that nothing between them was changed, and that the service shows the same today; that takes --online or --entries"
        ),
        _ => {}
    }
    Ok(if worst == 0 { Done::Clean } else { Done::Told(worst) })
}
