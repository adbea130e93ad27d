//! `koblingd`: the linkage service, and what its operator does at the machine.
#![expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]

mod audit;
mod demo;
mod doctor;
mod erase;
mod exit;
mod files;
mod folder;
mod init;
mod ledger;
mod log;
mod partner;
mod principal;
mod programme;
mod seal;
mod serve;
mod settings;
mod statement;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The linkage service of a Kobling programme.
///
/// Exit status: 0 done, 1 something is wrong with what was checked, 2 usage or configuration, 3 files, 4 key, 5 refused.
#[derive(Parser)]
#[command(name = "koblingd", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a data folder for a programme.
    Init(init::Init),
    /// Serve over HTTP until interrupted.
    Serve(serve::Serve),
    /// Programme definitions.
    #[command(subcommand)]
    Programme(programme::Programme),
    /// Partners' signing keys.
    #[command(subcommand)]
    Partner(partner::Partner),
    /// Who may come in.
    #[command(subcommand)]
    Principal(principal::Principal),
    /// Seal what is in force into a snapshot.
    Seal(seal::Seal),
    /// Carry erasures out now.
    Erase(erase::Erase),
    /// The audit chain.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The release ledger: what was shown.
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Play the whole line with made-up data, check it, and go on serving on loopback.
    Demo(demo::Demo),
    /// Look whether everything is as it should be.
    Doctor(doctor::Doctor),
}

fn main() -> ExitCode {
    if cfg!(feature = "weakened") {
        let why = "this program was built with the feature `weakened`, which benchmarks use to switch rules of disclosure \
                   off; build it without";
        return exit::Failure::Configuration(why.to_owned()).report();
    }
    let done = match Arguments::parse().command {
        Command::Init(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Programme(command) => command.run(),
        Command::Partner(command) => command.run(),
        Command::Principal(command) => command.run(),
        Command::Seal(command) => command.run(),
        Command::Erase(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Ledger(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Doctor(command) => command.run(),
    };
    done.map_or_else(exit::Failure::report, |()| ExitCode::SUCCESS)
}
