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
mod answers;
mod ask;
mod consent;
mod doctor;
mod erasures;
mod exchange;
mod exit;
mod extract;
mod followup;
mod help;
mod key;
mod packages;
mod payment;
mod person;
mod questions;
mod receipt;
mod reports;
mod say;
mod send;
mod write;

use clap::{Parser, Subcommand};

/// Turn extracts into packages of tokens on your own machine, send them, and ask linked data.
#[derive(Parser)]
#[command(name = "kobling", version, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The linkage key that the partners of a programme share.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// The key with which this partner signs what it sends.
    #[command(subcommand)]
    SigningKey(key::SigningKeyCommand),
    /// Look whether everything on this machine is as it should be, and what a lost key is worth.
    Doctor(doctor::DoctorArguments),
    /// Check an extract: every bad row in one pass, with line, column and reason, never the value.
    Check(extract::CheckArguments),
    /// Turn an extract into a package: a folder of tokens, ready to be looked at and sent.
    Tokenise(extract::TokeniseArguments),
    /// Show exactly what a package holds and would send.
    Inspect(extract::InspectArguments),
    /// Send a package and keep its receipt.
    Upload(send::UploadArguments),
    /// What this partner has at the service, and taking it back.
    #[command(subcommand)]
    Packages(packages::PackagesCommand),
    /// Record what persons said: one by one, or a list.
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// What the service erases of your rows after a withdrawal, and its receipts.
    Erasures(erasures::Erasures),
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
    /// Receipts that the service gave.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Write completions for a shell to standard output.
    Completions(help::manual::Completions),
    /// Write the manual pages of all commands to a folder, in both languages.
    Man(help::manual::Manual),
}

fn main() -> std::process::ExitCode {
    let raw: Vec<_> = std::env::args_os().collect();
    say::speak(&raw);
    let arguments = match help::parse(raw) {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let result = match arguments.command {
        Command::Key(command) => key::linkage(&command),
        Command::SigningKey(command) => key::signing(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Check(arguments) => extract::check(&arguments),
        Command::Tokenise(arguments) => extract::tokenise(&arguments),
        Command::Inspect(arguments) => extract::inspect(&arguments),
        Command::Upload(arguments) => send::upload(&arguments),
        Command::Packages(command) => packages::run(&command),
        Command::Consent(command) => consent::run(&command),
        Command::Erasures(arguments) => erasures::run(&arguments),
        Command::Followup(command) => followup::run(&command),
        Command::Access(arguments) => access::run(&arguments),
        Command::Questions(arguments) => questions::run(&arguments),
        Command::Ask(arguments) => ask::run(&arguments),
        Command::Reports(command) => reports::run(&command),
        Command::Payment(command) => payment::run(&command),
        Command::Answers(arguments) => answers::run(&arguments),
        Command::Receipt(command) => receipt::run(&command),
        Command::Completions(arguments) => help::manual::completions(&arguments),
        Command::Man(arguments) => help::manual::manual(&arguments),
    };
    exit::finish(result)
}
