//! `koblingd demo`.

use std::net::SocketAddr;

use clap::Args;
use kobling::demo::play::{Settings, Which, play};

use crate::exit::{Failure, with_causes};
use crate::serve::interrupted;

/// Play the whole line with made-up data, check it, and go on serving on loopback.
#[derive(Args)]
pub(crate) struct Demo {
    /// Persons in the made-up world.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..=2_000_000))]
    persons: u32,
    /// Which made-up world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Loopback address to serve on; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// One programme alone; without, both are played, and the first goes on being served.
    #[arg(long, value_enum)]
    programme: Option<Choice>,
    /// End when every check has held, instead of serving until Ctrl-C.
    #[arg(long)]
    exit: bool,
}

/// A programme.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Choice {
    /// Early intervention against partner violence.
    Interventionsmodel,
    /// Treatment of families, paid by effect.
    Effektinvestering,
}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::Configuration("the demo serves on loopback alone".to_owned()));
        }
        let only = self.programme.map(|choice| match choice {
            Choice::Interventionsmodel => Which::Interventionsmodel,
            Choice::Effektinvestering => Which::Effektinvestering,
        });
        let settings = Settings { persons: self.persons, seed: self.seed, listen: self.listen, only };
        let played =
            play(settings, &mut std::io::stdout()).map_err(|error| Failure::Refused(with_causes(&error)))?;
        if self.exit {
            return Ok(());
        }
        println!(
            "\nServing on http://{} until Ctrl-C; everything is in {}. Ask, for instance:",
            played.address(),
            played.folder().display()
        );
        println!(
            "  cargo run --release --bin kobling -- ask reach --by role --period 2022-Q1..2022-Q4 --service http://{} --token-file {}",
            played.address(),
            played.evaluator_token().display()
        );
        println!(
            "\nOr open http://{}/ in a browser, and sign in with the line that stands in one of these files:",
            played.address()
        );
        for file in played.tokens() {
            println!("  {}", file.display());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::Configuration(format!("threads cannot be started: {error}")))?;
        runtime.block_on(async { interrupted().await });
        Ok(())
    }
}
