//! `koblingd principal add|list|rotate|revoke|bind|unbind`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kobling::auth::{BearerToken, Lifetime, Overlap, Role, Thumbprint};
use kobling::http::thumbprint_of_pem;
use kobling::name::{OrganisationId, PrincipalId};
use kobling::service::Service;

use crate::control::{Answer, On, OnFolder, own_arguments};
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
        /// Days for which the token is good; 400 when not given.
        #[arg(long, value_name = "DAYS", default_value = "400", hide_default_value = true)]
        expires: Lifetime,
        /// Write the token into a new file, readable by its owner only, and not to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List principals with their tokens and client certificates.
    List {
        #[command(flatten)]
        folder: Folder,
    },
    /// Make a principal a new token. Those that it has stay good for a while, so that the new one can be put in place.
    Rotate {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
        /// Hours for which the tokens that it has stay good; 24 when not given, 0 where one is lost or known to others.
        #[arg(long, value_name = "HOURS", default_value = "24", hide_default_value = true)]
        overlap: Overlap,
        /// Days for which the new token is good; 400 when not given.
        #[arg(long, value_name = "DAYS", default_value = "400", hide_default_value = true)]
        expires: Lifetime,
        /// Write the token into a new file, readable by its owner only, and not to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Revoke a principal, for good; or one of its tokens.
    Revoke {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
        /// The number of one token, as `koblingd principal list` shows it: that one alone is revoked.
        #[arg(long, value_name = "NUMBER")]
        token: Option<u64>,
    },
    /// Bind a principal to a client certificate: its tokens are then good only over connections that present it.
    Bind {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
        #[command(flatten)]
        certificate: GivenCertificate,
    },
    /// Undo that. Without any certificate left, its tokens are good over any connection again.
    Unbind {
        #[command(flatten)]
        folder: Folder,
        /// Its id.
        #[arg(long, value_name = "ID")]
        id: PrincipalId,
        #[command(flatten)]
        certificate: GivenCertificate,
    },
}

/// A client certificate: its file, or its thumbprint.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct GivenCertificate {
    /// The certificate, PEM; never its key.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its SHA-256: as `koblingd principal list` shows it, or as `openssl x509 -fingerprint -sha256` does.
    #[arg(long, value_name = "SHA256", allow_hyphen_values = true)]
    thumbprint: Option<Thumbprint>,
}

impl GivenCertificate {
    fn thumbprint(&self) -> Result<Thumbprint, Failure> {
        let Some(path) = &self.certificate else {
            let missing = || Failure::Configuration("give --certificate or --thumbprint".to_owned());
            return self.thumbprint.ok_or_else(missing);
        };
        let pem = std::fs::read(path).map_err(|error| cannot(path, &error))?;
        thumbprint_of_pem(&pem)
            .ok_or_else(|| Failure::Files(format!("{}: no certificate in PEM form", path.display())))
    }
}

impl OnFolder for Principal {
    fn folder(&self) -> &Folder {
        match self {
            Principal::Add { folder, .. }
            | Principal::List { folder }
            | Principal::Rotate { folder, .. }
            | Principal::Revoke { folder, .. }
            | Principal::Bind { folder, .. }
            | Principal::Unbind { folder, .. } => folder,
        }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Principal::Add { out, .. } | Principal::Rotate { out, .. } => out.as_deref(),
            _ => None,
        }
    }

    fn arguments(&self) -> Result<Vec<String>, Failure> {
        let (word, id, certificate) = match self {
            Principal::Bind { id, certificate, .. } => ("bind", id, certificate),
            Principal::Unbind { id, certificate, .. } => ("unbind", id, certificate),
            _ => return Ok(own_arguments()),
        };
        // The file is read here.
        let thumbprint = format!("--thumbprint={}", certificate.thumbprint()?);
        Ok(vec!["principal".to_owned(), word.to_owned(), format!("--id={id}"), thumbprint])
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        match self {
            Principal::Add { id, name, role, organisation, expires, out, .. } => {
                let name = name.clone().unwrap_or_else(|| id.to_string());
                let (id, organisation) = (id.clone(), organisation.clone());
                let principal =
                    kobling::auth::Principal { id, name, role: *role, organisation, person: None };
                let token = service.add_principal_for(&principal, *expires)?;
                hand_out(&principal.id, &token, out.as_deref(), answer)?;
            }
            Principal::Rotate { id, overlap, expires, out, .. } => {
                let token = rotate(service, id, *expires, *overlap)?;
                hand_out(id, &token, out.as_deref(), answer)?;
            }
            Principal::List { .. } => write!(answer, "{}", list(service)?)?,
            Principal::Revoke { id, token, .. } => writeln!(answer, "{}", revoke(service, id, *token)?)?,
            Principal::Bind { id, certificate, .. } => {
                writeln!(answer, "{}", bind(service, id, &certificate.thumbprint()?)?)?;
            }
            Principal::Unbind { id, certificate, .. } => {
                writeln!(answer, "{}", unbind(service, id, &certificate.thumbprint()?)?)?;
            }
        }
        Ok(())
    }
}

fn list(service: &Service) -> Result<String, Failure> {
    let now = service.now();
    let mut text = String::new();
    for row in service.principals()? {
        let p = row.principal;
        let end = row.revoked_at.map(|at| format!(", revoked {at}")).unwrap_or_default();
        writeln!(text, "{} {} {} added {}{end}", p.id, p.role, p.organisation, row.added_at).ok();
        for token in service.tokens_of(&p.id)? {
            let end = match (token.revoked_at, token.expires_at) {
                (Some(at), _) => format!("revoked {at}"),
                (None, None) => "without an end: rotate it".to_owned(),
                (None, Some(end)) if end <= now => format!("ended {end}"),
                (None, Some(end)) => format!("until {end}"),
            };
            writeln!(text, "  token {} made {}, {end}", token.number, token.made_at).ok();
        }
        for row in service.certificates_of(&p.id)? {
            writeln!(text, "  certificate {} bound {}", row.thumbprint, row.bound_at).ok();
        }
    }
    Ok(text)
}

fn rotate(
    service: &Service,
    id: &PrincipalId,
    lifetime: Lifetime,
    overlap: Overlap,
) -> Result<BearerToken, Failure> {
    Ok(service.rotate_token(&service.operator(), id, lifetime, overlap)?.token)
}

fn revoke(service: &Service, id: &PrincipalId, token: Option<u64>) -> Result<String, Failure> {
    match token {
        None => {
            service.revoke_principal(id)?;
            Ok(format!("{id}: revoked"))
        }
        Some(number) => {
            service.revoke_token(id, number)?;
            Ok(format!("{id}: token {number} revoked"))
        }
    }
}

fn bind(service: &Service, id: &PrincipalId, thumbprint: &Thumbprint) -> Result<String, Failure> {
    service.bind_certificate(id, thumbprint)?;
    Ok(format!("{id}: bound to {thumbprint}"))
}

fn unbind(service: &Service, id: &PrincipalId, thumbprint: &Thumbprint) -> Result<String, Failure> {
    service.unbind_certificate(id, thumbprint)?;
    let left = service.certificates_of(id)?.len();
    Ok(match left {
        0 => format!("{id}: no longer bound to {thumbprint}; its tokens are good over any connection"),
        _ => format!("{id}: no longer bound to {thumbprint}; bound to {left} others"),
    })
}

/// Hands a token out: into the new file, or on standard output.
fn hand_out(
    id: &PrincipalId,
    token: &BearerToken,
    out: Option<&Path>,
    answer: &mut Answer<'_>,
) -> Result<(), Failure> {
    let Some(path) = out else {
        writeln!(answer, "{}", token.text("shown once to the operator").as_str())?;
        return Ok(());
    };
    writeln!(answer.file(), "{}", token.text("the file that the operator asked for").as_str())?;
    answer.keep()?;
    writeln!(answer, "{id}: token written to {}", path.display())?;
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Files(format!("{}: {error}", path.display()))
}
