//! `koblingd`: the linkage service, and what its operator does at the machine.
#![expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]

mod audit;
mod control;
mod demo;
mod doctor;
mod erase;
mod exit;
mod files;
mod folder;
mod init;
mod ledger;
mod log;
mod manual;
mod notify;
mod oidc;
mod partner;
mod principal;
mod programme;
mod seal;
mod serve;
mod settings;
mod statement;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Wipes memory when it is let go: rows, tokens and keys pass through buffers of others on their way (tests/memory.rs).
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

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
    /// Write completions for a shell to standard output.
    Completions(manual::Completions),
    /// Write the manual pages of all commands to a folder.
    Man(manual::Manual),
}

impl Command {
    /// The command, where it is one that a running service carries out itself.
    fn on_folder(&self) -> Option<&dyn control::OnFolder> {
        Some(match self {
            Command::Init(_)
            | Command::Serve(_)
            | Command::Programme(_)
            | Command::Demo(_)
            | Command::Completions(_)
            | Command::Man(_) => return None,
            Command::Partner(command) => command,
            Command::Principal(command) => command,
            Command::Seal(command) => command,
            Command::Erase(command) => command,
            Command::Audit(command) => command,
            Command::Ledger(command) => command,
            Command::Doctor(command) => command,
        })
    }
}

fn main() -> ExitCode {
    if cfg!(feature = "weakened") {
        let why = "this program was built with the feature `weakened`, which benchmarks use to switch rules of disclosure \
                   off; build it without";
        return exit::Failure::Configuration(why.to_owned()).report();
    }
    let command = Arguments::parse().command;
    let done = match command.on_folder() {
        Some(command) => control::carry_out(command),
        None => match command {
            Command::Init(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Programme(command) => command.run(),
            Command::Demo(command) => command.run(),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
            _ => unreachable!("every other command is run on a data folder"),
        },
    };
    done.map_or_else(exit::Failure::report, |()| ExitCode::SUCCESS)
}
