//! `koblingd completions` and `koblingd man`: from the same tree as `--help`. The package carries what they write.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;

use crate::Arguments;
use crate::exit::Failure;

/// Write completions for a shell to standard output.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Write the manual pages of all commands to a folder.
#[derive(Args)]
pub(crate) struct Manual {
    /// Folder to write to; it must not exist. It gets man8, with a page for each command.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Completions {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "koblingd", &mut script);
        // A reader that has gone away is no trouble.
        let _ = std::io::stdout().write_all(&script);
        Ok(())
    }
}

impl Manual {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let files = |path: &std::path::Path, error: std::io::Error| {
            Failure::Files(format!("{}: {error}", path.display()))
        };
        std::fs::create_dir(&self.out).map_err(|error| files(&self.out, error))?;
        let folder = self.out.join("man8");
        std::fs::create_dir(&folder).map_err(|error| files(&folder, error))?;
        let pages = pages();
        for (name, page) in &pages {
            let path = folder.join(name);
            std::fs::write(&path, page).map_err(|error| files(&path, error))?;
        }
        println!("{} pages; read one with: man -l {}/koblingd.8", pages.len(), folder.display());
        Ok(())
    }
}

/// The pages of all commands: file name and page. Section 8, of commands for who looks after a machine.
fn pages() -> Vec<(String, Vec<u8>)> {
    fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) {
        let manual = clap_mangen::Man::new(command.clone())
            .section("8")
            .source(concat!("kobling ", env!("CARGO_PKG_VERSION")))
            .manual("Kobling");
        let mut page = Vec::new();
        // To memory: nothing can go wrong.
        let _ = manual.render(&mut page);
        // No date: the version says what is described, and the same version makes the same pages.
        let text = String::from_utf8_lossy(&page).replacen("8  \"", "8 \"\" \"", 1);
        pages.push((manual.get_filename(), text.into_bytes()));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            add(sub, pages);
        }
    }
    let mut root = Arguments::command();
    root.build();
    let mut pages = Vec::new();
    add(&root, &mut pages);
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_that_says_what_it_is_for() {
        fn count(command: &Command) -> usize {
            1 + command.get_subcommands().filter(|sub| sub.get_name() != "help").map(count).sum::<usize>()
        }
        let pages = pages();
        assert_eq!(pages.len(), count(&Arguments::command()));
        for (name, page) in &pages {
            let text = String::from_utf8(page.clone()).expect("UTF-8");
            assert!(name.starts_with("koblingd") && name.ends_with(".8"), "{name}");
            let head = text.lines().find(|line| line.starts_with(".TH ")).expect("a head");
            assert!(head.contains(" 8 ") && head.contains(env!("CARGO_PKG_VERSION")), "{head}");
            assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{name}");
        }
        assert!(pages.iter().any(|(name, _)| name == "koblingd-serve.8"));
    }
}
