//! `koblingd principal add|list|revoke`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use kobling::auth::Role;
use kobling::name::{OrganisationId, PrincipalId};

use crate::exit::Failure;
use crate::folder::Folder;

/// Who may come in.
#[derive(Subcommand)]
pub(crate) enum Principal {
    /// Add a principal. Its token is shown once and kept nowhere.
    Add {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
        /// Its name, for people; the id where none is given.
        #[arg(long)]
        name: Option<String>,
        /// What it acts as: partner, evaluator, payer, steward, auditor or operator.
        #[arg(long)]
        role: Role,
        /// The organisation that it acts for.
        #[arg(long, value_name = "ID")]
        organisation: OrganisationId,
        /// Write the token into a new file, readable by its owner only, and not to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List principals.
    List {
        #[command(flatten)]
        folder: Folder,
    },
    /// Revoke a principal's token.
    Revoke {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
    },
}

impl Principal {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Principal::Add { folder, id, name, role, organisation, out } => {
                let service = folder.open()?;
                let name = name.unwrap_or_else(|| id.to_string());
                // The file first: a token that cannot be written down is of no use to anybody.
                let file = out.map(|path| new_file(&path).map(|file| (path, file))).transpose()?;
                let principal = kobling::auth::Principal { id, name, role, organisation };
                let added = service.add_principal(&principal);
                match (added, file) {
                    (Ok(token), Some((path, mut file))) => {
                        let text = token.text("the file that the operator asked for");
                        let written = writeln!(file, "{}", text.as_str()).and_then(|()| file.sync_all());
                        written.map_err(|error| cannot(&path, &error))?;
                        println!("{}: token written to {}", principal.id, path.display());
                    }
                    (Ok(token), None) => {
                        println!("{}", token.text("shown once to the operator").as_str());
                    }
                    (Err(error), file) => {
                        if let Some((path, _)) = file {
                            std::fs::remove_file(&path).map_err(|error| cannot(&path, &error))?;
                        }
                        return Err(error.into());
                    }
                }
            }
            Principal::List { folder } => {
                for row in folder.open()?.principals()? {
                    let p = row.principal;
                    let end = row.revoked_at.map(|at| format!(", revoked {at}")).unwrap_or_default();
                    println!("{} {} {} added {}{end}", p.id, p.role, p.organisation, row.added_at);
                }
            }
            Principal::Revoke { folder, id } => {
                folder.open()?.revoke_principal(&id)?;
                println!("{id}: revoked");
            }
        }
        Ok(())
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Files(format!("{}: {error}", path.display()))
}

fn new_file(path: &Path) -> Result<std::fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| cannot(path, &error))
}
