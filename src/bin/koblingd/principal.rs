//! `koblingd principal add|list|revoke`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use kobling::auth::Role;
use kobling::name::{OrganisationId, PrincipalId};

use crate::control::{Answer, On, OnFolder};
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

impl OnFolder for Principal {
    fn folder(&self) -> &Folder {
        match self {
            Principal::Add { folder, .. } | Principal::List { folder } | Principal::Revoke { folder, .. } => {
                folder
            }
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Principal::Add { out, .. } => out.as_deref(),
            _ => None,
        }
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        match self {
            Principal::Add { id, name, role, organisation, out, .. } => {
                let name = name.clone().unwrap_or_else(|| id.to_string());
                let organisation = organisation.clone();
                let principal = kobling::auth::Principal { id: id.clone(), name, role: *role, organisation };
                let token = service.add_principal(&principal)?;
                let Some(path) = out else {
                    writeln!(answer, "{}", token.text("shown once to the operator").as_str())?;
                    return Ok(());
                };
                let text = token.text("the file that the operator asked for");
                writeln!(answer.file(), "{}", text.as_str())?;
                answer.keep()?;
                writeln!(answer, "{id}: token written to {}", path.display())?;
            }
            Principal::List { .. } => {
                for row in service.principals()? {
                    let p = row.principal;
                    let end = row.revoked_at.map(|at| format!(", revoked {at}")).unwrap_or_default();
                    writeln!(answer, "{} {} {} added {}{end}", p.id, p.role, p.organisation, row.added_at)?;
                }
            }
            Principal::Revoke { id, .. } => {
                service.revoke_principal(id)?;
                writeln!(answer, "{id}: revoked")?;
            }
        }
        Ok(())
    }
}
