//! `kobling`: what a partner and an evaluator run.
//!
//! Exit status, a contract for scripts: 0 clean; 1 rows were rejected above the limit given (none given: any row);
//! 2 usage or configuration; 3 files; 4 key; 5 refused by the service.

/// Writes a line to standard output; a reader that has gone away is no trouble.
macro_rules! out {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

/// Writes a line to standard output in the language of this run: the Danish format first, the English one second.
macro_rules! tell {
    ($da:literal, $en:literal $(, $($argument:tt)*)?) => {
        match crate::say::language() {
            kobling::language::Language::Da => out!($da $(, $($argument)*)?),
            kobling::language::Language::En => out!($en $(, $($argument)*)?),
        }
    };
}

mod access;
mod alias;
mod aliases;
mod answers;
mod ask;
mod consent;
mod dates;
mod doctor;
mod erasures;
mod exchange;
mod exit;
mod extract;
mod followup;
mod help;
mod init;
mod inspect;
mod key;
mod map;
mod packages;
mod payment;
mod person;
mod progress;
mod quality;
mod questions;
mod receipt;
mod reports;
mod say;
mod seal;
mod send;
mod settings;
mod status;
mod token;
mod upload;
mod write;

use clap::{Parser, Subcommand};

/// Wipes memory when it is let go: rows, tokens and keys pass through buffers of others on their way (tests/memory.rs).
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Turn extracts into packages of tokens on your own machine, send them, and ask linked data.
#[derive(Parser)]
#[command(name = "kobling", version, max_term_width = 110)]
struct Arguments {
    /// The partner's kobling.toml; the one in the current folder when not given.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a new kobling.toml, so that commands need no options: a comment at every field, and what is given here.
    Init(init::InitArguments),
    /// The linkage key that the partners of a programme share.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// The key with which this partner signs what it sends.
    #[command(subcommand)]
    SigningKey(key::SigningKeyCommand),
    /// Say once which column of a file is which column of a dataset. Example: kobling map extract.csv --programme
    /// programme.toml --partner lokk --dataset forloeb
    Map(map::MapArguments),
    /// Look whether everything on this machine is as it should be, and what a lost key is worth.
    Doctor(doctor::DoctorArguments),
    /// Check an extract: every bad row in one pass, with line, column and reason, never the value.
    Check(extract::CheckArguments),
    /// Turn an extract into a package: a folder of tokens, ready to be looked at and sent.
    Tokenise(extract::TokeniseArguments),
    /// Show exactly what a package holds and would send.
    Inspect(inspect::InspectArguments),
    /// Send a package and keep its receipt.
    Upload(upload::UploadArguments),
    /// Each month, one command: check, tokenise, sign and send what kobling.toml lists, and keep the receipts.
    /// Example: kobling send --dry-run
    Send(send::SendArguments),
    /// What is configured, made and sent here, and what the service has of it.
    Status(status::StatusArguments),
    /// What this partner has at the service, and taking it back.
    #[command(subcommand)]
    Packages(packages::PackagesCommand),
    /// Record what persons said: one by one, or a list.
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// Somebody got a new number: propose that two numbers are one person's, one by one or a whole list.
    #[command(subcommand)]
    Alias(alias::AliasCommand),
    /// What partners proposed as aliases, for the steward: list, approve, reject.
    #[command(subcommand)]
    Aliases(aliases::AliasesCommand),
    /// What the service erases of your rows after a withdrawal, and its receipts.
    Erasures(erasures::Erasures),
    /// Seal what was received into a snapshot, for the steward: all of it, or, when a package is damaged, nothing.
    Seal(seal::SealArguments),
    /// What became of one's own referrals, for those who said yes: asked, and put beside one's own rows.
    #[command(subcommand)]
    Followup(followup::FollowupCommand),
    /// Everything that the service holds of one person from this partner, to be handed to the person.
    Access(access::AccessArguments),
    /// What can be asked: registered questions and what each may be broken down by.
    Questions(questions::QuestionsArguments),
    /// Ask registered questions: as a table, a file, or one page with several answers.
    Ask(ask::AskArguments),
    /// Standing reports, made once a quarter by the service itself.
    #[command(subcommand)]
    Reports(reports::ReportsCommand),
    /// What an effect contract pays: statements made, listed and verified.
    #[command(subcommand)]
    Payment(payment::PaymentCommand),
    /// The log of what was given to whom, for the steward: answers, standing reports, statements of payment.
    Answers(answers::AnswersArguments),
    /// The bearer token with which this principal comes in.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Receipts that the service gave.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Write completions for a shell to standard output.
    Completions(help::manual::Completions),
    /// Write the manual pages of all commands to a folder, in both languages.
    Man(help::manual::Manual),
}

/// No core dump: it would hold the identities and keys that are in memory. Where the system refuses, the rest goes on.
#[cfg(unix)]
fn leave_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

fn main() -> std::process::ExitCode {
    #[cfg(unix)]
    leave_no_core();
    let raw: Vec<_> = std::env::args_os().collect();
    say::speak(&raw);
    // The file says in which language what is wrong with the arguments is said, so it is read before they are.
    let settled = settings::settle(say::value_of(&raw, "--config").map(std::path::Path::new));
    if let Some(language) = settings::config().and_then(|config| config.language) {
        say::prefer(language);
    }
    let arguments = match help::parse(raw) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    // `init` writes the file that the others read.
    if !matches!(arguments.command, Command::Init(_))
        && let Err(trouble) = settled
    {
        return exit::finish(Err(trouble));
    }
    let result = match arguments.command {
        Command::Init(command) => init::run(&command, arguments.config.as_deref()),
        Command::Key(command) => key::linkage(&command),
        Command::SigningKey(command) => key::signing(&command),
        Command::Map(arguments) => map::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Check(arguments) => extract::check(&arguments),
        Command::Tokenise(arguments) => extract::tokenise(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Upload(arguments) => upload::upload(&arguments),
        Command::Send(arguments) => send::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Packages(command) => packages::run(&command),
        Command::Consent(command) => consent::run(&command),
        Command::Alias(command) => alias::run(&command),
        Command::Aliases(command) => aliases::run(&command),
        Command::Erasures(arguments) => erasures::run(&arguments),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Followup(command) => followup::run(&command),
        Command::Access(arguments) => access::run(&arguments),
        Command::Questions(arguments) => questions::run(&arguments),
        Command::Ask(arguments) => ask::run(&arguments),
        Command::Reports(command) => reports::run(&command),
        Command::Payment(command) => payment::run(&command),
        Command::Answers(arguments) => answers::run(&arguments),
        Command::Token(command) => token::run(&command),
        Command::Receipt(command) => receipt::run(&command),
        Command::Completions(arguments) => help::manual::completions(&arguments),
        Command::Man(arguments) => help::manual::manual(&arguments),
    };
    exit::finish(result)
}
