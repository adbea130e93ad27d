//! `kobling completions` and `kobling man`: from the same tree as `--help`.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use kobling::language::Language;

use crate::exit::{Done, Outcome, file};
use crate::say::language;
use crate::write::{Dry, Over};

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(Args)]
pub(crate) struct Manual {
    /// Folder to write to; it must not exist. It gets en/man1 and da/man1, with a page for each command.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn completions(arguments: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(language()), "kobling", &mut script);
    out!("{}", String::from_utf8_lossy(&script).trim_end());
    Ok(Done::Clean)
}

pub(crate) fn manual(arguments: &Manual) -> Outcome {
    let out = &arguments.out;
    let pages: Vec<(Language, String, Vec<u8>)> =
        [Language::En, Language::Da].into_iter().flat_map(pages).collect();
    if arguments.dry.makes(out)? {
        std::fs::create_dir(out).map_err(file(out))?;
        for language in [Language::En, Language::Da] {
            let folder = out.join(language.tag()).join("man1");
            std::fs::create_dir_all(&folder).map_err(file(&folder))?;
        }
        for (language, name, page) in &pages {
            let path = out.join(language.tag()).join("man1").join(name);
            arguments.dry.file(&path, page, Over::Never)?;
        }
    }
    let (count, folder) = (pages.len(), out.display());
    if !arguments.dry.on() {
        tell!(
            "{} sider; læs en med: man -l {}/da/man1/kobling.1",
            "{} pages; read one with: man -l {}/en/man1/kobling.1",
            count,
            folder
        );
    }
    Ok(Done::Clean)
}

/// The pages of all commands in a language: file name and page.
pub(super) fn pages(language: Language) -> Vec<(Language, String, Vec<u8>)> {
    fn add(command: &Command, language: Language, pages: &mut Vec<(Language, String, Vec<u8>)>) {
        let manual = clap_mangen::Man::new(command.clone())
            .source(concat!("kobling ", env!("CARGO_PKG_VERSION")))
            .manual("Kobling");
        let mut page = Vec::new();
        // To memory: nothing can go wrong.
        let _ = manual.render(&mut page);
        pages.push((language, manual.get_filename(), headed(&page, language)));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            add(sub, language, pages);
        }
    }
    let mut root = super::command(language);
    root.build();
    let mut pages = Vec::new();
    add(&root, language, &mut pages);
    pages
}

/// The headings that are fixed in English, in the page's language; what stands under "extra" is the example.
fn headed(page: &[u8], language: Language) -> Vec<u8> {
    let heading = |line: &str| -> Option<String> {
        let (da, en) = match line.strip_prefix(".SH ")? {
            "NAME" => ("NAVN", "NAME"),
            "SYNOPSIS" => ("BRUG", "SYNOPSIS"),
            "DESCRIPTION" => ("BESKRIVELSE", "DESCRIPTION"),
            "OPTIONS" => ("VALG", "OPTIONS"),
            "EXTRA" => ("EKSEMPEL", "EXAMPLE"),
            "VERSION" => ("VERSION", "VERSION"),
            _ => return None,
        };
        Some(format!(".SH {}", language.choose(da, en)))
    };
    let mut text = String::with_capacity(page.len());
    let mut example = false;
    for line in String::from_utf8_lossy(page).lines() {
        let headed = heading(line);
        if headed.is_some() && example {
            text += ".fi\n";
        }
        match &headed {
            Some(headed) => text += headed,
            // No date: the version says what is described, and the same version makes the same pages.
            None if line.starts_with(".TH ") => text += &line.replacen("  ", " \"\" ", 1),
            None if example && line.ends_with(':') => continue,
            None => text += line,
        }
        text.push('\n');
        if headed.is_some() {
            example = line == ".SH EXTRA";
        }
        if line == ".SH EXTRA" {
            text += ".nf\n";
        }
    }
    if example {
        text += ".fi\n";
    }
    text.into_bytes()
}
