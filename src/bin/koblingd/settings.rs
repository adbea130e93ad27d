//! `koblingd.toml`: where things lie and how the service is run, written once instead of on every command line.
//!
//! No secret stands in it: keys and tokens are files that it names. What a command line says wins. Paths are taken from the
//! folder that the file lies in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kobling::auth::CertificateDemand;
use kobling::http::{AdmissionSettings, SeeingSettings};
use serde::Deserialize;

use crate::exit::Failure;
use crate::log::LogSettings;
use crate::oidc::OidcSettings;

/// The file that is read where none is named and one is there.
const USUAL: &str = "/etc/kobling/koblingd.toml";
/// Names the file.
const VARIABLE: &str = "KOBLINGD_CONFIG";
/// Where systemd lays what a unit is to be given in secret (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The service key among them.
const CREDENTIAL: &str = "service.key";

/// All of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// What every command needs, and how it is served.
    pub(crate) service: ServiceSettings,
    /// Who is let in, how often, and how many at a time.
    pub(crate) admission: AdmissionSettings,
    /// Figures and health.
    pub(crate) metrics: SeeingSettings,
    /// What is written to standard error.
    pub(crate) log: LogSettings,
    /// Client certificates.
    pub(crate) tls: TlsSettings,
    /// Backups.
    pub(crate) backup: BackupSettings,
    /// The identity provider that people sign in to the pages through.
    pub(crate) oidc: Option<OidcSettings>,
}

/// `[backup]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BackupSettings {
    /// Recipients, `age1…` each: who may open what `koblingd backup` writes without `--to`.
    pub(crate) to: Vec<String>,
}

/// `[tls]`: client certificates. The service's own certificate stands under `[service]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsSettings {
    /// Who vouches for client certificates, PEM; without it none is asked for.
    pub(crate) client_authority: Option<PathBuf>,
    /// Whose tokens have to come with one: `bound`, those that are bound to one; `partners`; or `everybody`.
    pub(crate) require_client_certificate: CertificateDemand,
}

/// `[service]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServiceSettings {
    /// The data folder.
    pub(crate) data: Option<PathBuf>,
    /// The service key's file.
    pub(crate) service_key: Option<PathBuf>,
    /// Address and port.
    pub(crate) listen: Option<SocketAddr>,
    /// Certificate chain, PEM.
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve without TLS on other addresses than loopback.
    pub(crate) behind_proxy_that_ends_tls: bool,
    /// Most memory for the rows that questions read, in bytes.
    pub(crate) snapshot_memory: Option<u64>,
}

impl Settings {
    /// Reads the file that is named, by option or variable, or else the usual one where there is one.
    ///
    /// # Errors
    /// Exit 2 for what is no such file, with its line; exit 3 for one that cannot be read.
    pub(crate) fn load(named: Option<&Path>) -> Result<Settings, Failure> {
        let by_variable = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from);
        let path = match named.map(Path::to_owned).or(by_variable) {
            Some(path) => path,
            None if Path::new(USUAL).exists() => PathBuf::from(USUAL),
            None => return Ok(Settings::default()),
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::Files(format!("{}: {error}", path.display())))?;
        Settings::read(&text, &path)
    }

    fn read(text: &str, path: &Path) -> Result<Settings, Failure> {
        let mut settings: Settings = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Failure::Configuration(format!(
                "{}, line {line}: {}",
                path.display(),
                without_values(error.message())
            ))
        })?;
        if let Some(field) = settings.admission.shut() {
            let why =
                format!("{}: [admission] {field} lets nobody in; leave it out, or say more", path.display());
            return Err(Failure::Configuration(why));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        if let Some(oidc) = &mut settings.oidc {
            oidc.start_at(folder);
        }
        let service = &mut settings.service;
        let paths = [
            &mut service.data,
            &mut service.service_key,
            &mut service.tls_cert,
            &mut service.tls_key,
            &mut settings.tls.client_authority,
        ];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        Ok(settings)
    }
}

/// What a parser says, without what stands in the file: that may have been pasted into the wrong one. What it expected is
/// its own words, and so is a message that quotes nothing.
fn without_values(message: &str) -> String {
    let quotes = |text: &str| text.contains(['`', '"', '\'']);
    match message.split_once("expected") {
        Some((before, expected)) if quotes(before) => format!("this cannot stand here; expected{expected}"),
        None if quotes(message) => "this cannot stand here".to_owned(),
        _ => message.to_owned(),
    }
}

/// The service key where systemd laid it, if this process was given one.
pub(crate) fn credential() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(CREDENTIALS)?).join(CREDENTIAL);
    path.exists().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_the_files_own_folder() {
        let text = "[service]\ndata = \"data\"\nservice_key = \"/k/service.key\"\nlisten = \"127.0.0.1:1\"\n";
        let read =
            Settings::read(text, Path::new("/etc/kobling/koblingd.toml")).unwrap_or_else(|_| panic!("sound"));
        assert_eq!(read.service.data.as_deref(), Some(Path::new("/etc/kobling/data")));
        assert_eq!(read.service.service_key.as_deref(), Some(Path::new("/k/service.key")));
    }

    #[test]
    fn what_is_unknown_is_refused_by_its_line_and_not_shown() {
        for text in [
            "[service]\ndata = \"d\"\ndatta = \"kobling-token-1.secret\"\n",
            "[service]\n\nlisten = \"secret\"\n",
            "[log]\n\nlevel = \"secret\"\n",
            "[service]\n\nsnapshot_memory = \"secret\"\n",
            "[tls]\n\nrequire_client_certificate = \"secret\"\n",
            "[backup]\n\nto = \"secret\"\n",
            "[service]\n\nsecret secret\n",
        ] {
            let Err(Failure::Configuration(said)) = Settings::read(text, Path::new("k.toml")) else {
                panic!("refused")
            };
            assert!(said.starts_with("k.toml, line 3"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn what_lets_nobody_in_is_refused_by_its_name() {
        let text = "[admission]\nquestions = { per_minute = 0, at_once = 5 }\n";
        let Err(Failure::Configuration(said)) = Settings::read(text, Path::new("k.toml")) else {
            panic!("refused")
        };
        assert!(said.contains("k.toml") && said.contains("questions"), "{said}");
    }
}
