//! `kobling aliases`: what partners proposed, and what the steward decides.

use clap::{Args, Subcommand};
use kobling::client::parse;

use crate::exit::{Done, Outcome, Trouble, both};
use crate::send::Service;
use crate::write::Dry;

/// Commands of the steward on proposed aliases.
#[derive(Subcommand)]
pub(crate) enum AliasesCommand {
    /// What waits for a decision: packages with their number of proposals, and proposals that came alone. No token is shown.
    List(List),
    /// Approve: the numbers are one person's from the next seal on.
    /// Example: kobling aliases approve --package ID --service https://kobling.example --token-file token
    Approve(Decide),
    /// Reject: the proposals are forgotten.
    Reject(Decide),
}

#[derive(Args)]
pub(crate) struct List {
    /// The numbers of the proposals of this package.
    #[arg(long, value_name = "ID")]
    package: Option<String>,
    #[command(flatten)]
    service: Service,
}

#[derive(Args)]
pub(crate) struct Decide {
    /// Proposals, by their numbers.
    #[arg(required_unless_present = "package", conflicts_with = "package")]
    proposal: Vec<u64>,
    /// All that wait of this package.
    #[arg(long, value_name = "ID")]
    package: Option<String>,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    dry: Dry,
}

/// A package as the service lists it.
#[derive(serde::Deserialize)]
struct Package {
    package: String,
    partner: String,
    received_at: String,
    proposals: u64,
    waiting: u64,
}

/// A proposal as the service lists it.
#[derive(serde::Deserialize)]
struct Proposal {
    id: i64,
    partner: String,
    proposed_at: String,
    package: Option<String>,
}

pub(crate) fn run(command: &AliasesCommand) -> Outcome {
    match command {
        AliasesCommand::List(arguments) => list(arguments),
        AliasesCommand::Approve(arguments) => decide(arguments, "approve"),
        AliasesCommand::Reject(arguments) => decide(arguments, "reject"),
    }
}

fn list(arguments: &List) -> Outcome {
    let client = arguments.service.connect()?;
    let proposals: Vec<Proposal> = parse(&client.fetch("/v1/aliases")?)?;
    if arguments.package.is_none() {
        let packages: Vec<Package> = parse(&client.fetch("/v1/aliases/packages")?)?;
        if !packages.is_empty() {
            tell!(
                "pakke  partner  modtaget  aliasser  venter",
                "package  partner  received  aliases  waiting"
            );
        }
        for package in &packages {
            let Package { package, partner, received_at, proposals, waiting } = package;
            out!("{package}  {partner}  {received_at}  {proposals}  {waiting}");
        }
        let waiting: u64 = packages.iter().map(|package| package.waiting).sum();
        tell!(
            "{} pakke(r) med {waiting} forslag, der venter",
            "{} package(s) with {waiting} proposal(s) that wait",
            packages.len()
        );
    }
    let listed: Vec<&Proposal> =
        proposals.iter().filter(|proposal| proposal.package == arguments.package).collect();
    if !listed.is_empty() {
        tell!("nummer  partner  modtaget", "number  partner  received");
    }
    for proposal in &listed {
        out!("{}  {}  {}", proposal.id, proposal.partner, proposal.proposed_at);
    }
    match &arguments.package {
        Some(id) => {
            tell!("{} forslag i pakken {id} venter", "{} proposal(s) of package {id} wait", listed.len())
        }
        None => tell!(
            "{} forslag, der kom enkeltvis, venter",
            "{} proposal(s) that came alone wait",
            listed.len()
        ),
    }
    Ok(Done::Clean)
}

fn decide(arguments: &Decide, verdict: &str) -> Outcome {
    let client = arguments.service.connect()?;
    // The id becomes part of an address.
    let no_id = |id: &&String| id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if arguments.package.as_ref().filter(no_id).is_some() {
        return Err(Trouble::Usage(both(
            "en pakkes id er 32 hexadecimale tegn, som `kobling aliases list` viser det",
            "a package's id has 32 hexadecimal characters, as `kobling aliases list` shows it",
        )));
    }
    let (da, en) = match verdict {
        "approve" => ("godkende", "approve"),
        _ => ("afvise", "reject"),
    };
    let numbers = arguments.proposal.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let (da, en) = match &arguments.package {
        Some(id) => (
            format!("ville {da} alle ventende forslag fra pakken {id}"),
            format!("would {en} all proposals of package {id} that wait"),
        ),
        None => (format!("ville {da} forslag {numbers}"), format!("would {en} proposal {numbers}")),
    };
    if !arguments.dry.sends(da, en) {
        return Ok(Done::Clean);
    }
    let mut decided = 0;
    if let Some(id) = &arguments.package {
        #[derive(serde::Deserialize)]
        struct Decided {
            decided: u64,
        }
        let answer: Decided =
            parse(&client.post(&format!("/v1/aliases/packages/{id}/{verdict}"), b"", None)?)?;
        decided = answer.decided;
    }
    for id in &arguments.proposal {
        client.post(&format!("/v1/aliases/{id}/{verdict}"), b"", None)?;
        decided += 1;
    }
    if verdict == "approve" {
        tell!(
            "godkendt  {decided} forslag; de gælder fra næste forsegling",
            "approved  {decided} proposal(s); they take effect at the next seal"
        );
    } else {
        tell!(
            "afvist    {decided} forslag; de er glemt",
            "rejected  {decided} proposal(s); they are forgotten"
        );
    }
    Ok(Done::Clean)
}
