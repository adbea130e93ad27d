//! Data folder and service key: the arguments that most commands share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use kobling::clock::SystemClock;
use kobling::key::{Example, ServiceKey};
use kobling::secret::SystemRandom;
use kobling::service::{Service, ServiceError};
use kobling::store::{Store, StoreError};
use kobling::vault::Vault;

use crate::exit::Failure;
use crate::settings::{self, Settings};

/// Where the service's data and its key lie: said here, or in the settings file.
#[derive(Args)]
pub(crate) struct Folder {
    /// The settings file; `KOBLINGD_CONFIG` names it too, and /etc/kobling/koblingd.toml is read where neither does.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The service key; never inside the data folder. Under systemd it can be the credential `service.key`.
    #[arg(long, value_name = "FILE")]
    service_key: Option<PathBuf>,
}

/// Where they lie.
pub(crate) struct Places {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The service key's file.
    pub(crate) service_key: PathBuf,
}

impl Folder {
    /// The settings file's content.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        Settings::load(self.config.as_deref())
    }

    /// Where data and key lie, by the command line, the settings, and for the key what systemd gives.
    pub(crate) fn places(&self) -> Result<Places, Failure> {
        self.places_in(&self.settings()?)
    }

    /// The same, of settings that were read already.
    pub(crate) fn places_in(&self, settings: &Settings) -> Result<Places, Failure> {
        let data = self.data.clone().or_else(|| settings.service.data.clone());
        let key = self
            .service_key
            .clone()
            .or_else(|| settings.service.service_key.clone())
            .or_else(settings::credential);
        Ok(Places {
            data: data.ok_or_else(|| missing("the data folder", "--data", "data"))?,
            service_key: key.ok_or_else(|| missing("the service key", "--service-key", "service_key"))?,
        })
    }

    /// The data folder alone: a service that has it open needs no key from here.
    pub(crate) fn data(&self) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(data) => Ok(data.clone()),
            None => self.settings()?.service.data.ok_or_else(|| missing("the data folder", "--data", "data")),
        }
    }

    /// The service key, where one is named.
    pub(crate) fn key_if_named(&self) -> Result<Option<ServiceKey>, Failure> {
        let named = self.service_key.clone().map_or_else(
            || Ok::<_, Failure>(self.settings()?.service.service_key.or_else(settings::credential)),
            |path| Ok(Some(path)),
        )?;
        Ok(named.map(|path| ServiceKey::load(&path, Example::Refuse)).transpose()?)
    }

    /// Starts the service on the folder.
    pub(crate) fn open(&self) -> Result<Service, NotOpened> {
        self.places()?.open()
    }

    /// Opens the store alone.
    pub(crate) fn store(&self) -> Result<Store, NotOpened> {
        let places = self.places()?;
        let vault = Vault::of(&places.key()?);
        Ok(Store::open(&places.data, &vault).map_err(ServiceError::from)?)
    }
}

/// Why a folder could not be opened.
pub(crate) enum NotOpened {
    /// Another process has it.
    InUse(PathBuf),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for NotOpened {
    fn from(failure: Failure) -> NotOpened {
        NotOpened::Failed(failure)
    }
}

impl From<ServiceError> for NotOpened {
    fn from(error: ServiceError) -> NotOpened {
        match error {
            ServiceError::Store(StoreError::InUse(folder)) => NotOpened::InUse(folder),
            error => NotOpened::Failed(error.into()),
        }
    }
}

impl From<NotOpened> for Failure {
    fn from(not: NotOpened) -> Failure {
        match not {
            NotOpened::InUse(folder) => StoreError::InUse(folder).into(),
            NotOpened::Failed(failure) => failure,
        }
    }
}

fn missing(what: &str, option: &str, field: &str) -> Failure {
    Failure::Configuration(format!(
        "{what} is not named: give {option}, or `{field}` under [service] in koblingd.toml"
    ))
}

impl Places {
    /// Reads the service key, from outside the data folder.
    pub(crate) fn key(&self) -> Result<ServiceKey, Failure> {
        outside(&self.data, &self.service_key)?;
        Ok(ServiceKey::load(&self.service_key, Example::Refuse)?)
    }

    /// Starts the service on the folder.
    pub(crate) fn open(&self) -> Result<Service, NotOpened> {
        let key = self.key()?;
        Ok(Service::open(&self.data, key, Arc::new(SystemClock), Box::new(SystemRandom::new()))?)
    }
}

/// Refuses a service key inside the data folder, whatever links lead there: a backup of the folder would hold both.
pub(crate) fn outside(data: &Path, key: &Path) -> Result<(), Failure> {
    let real =
        |path: &Path| resolved(path).map_err(|error| Failure::Files(format!("{}: {error}", path.display())));
    let (folder, file) = (real(data)?, real(key)?);
    // The link itself may lie inside as well: then the key's address is in every backup.
    let parent = key.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.starts_with(&folder) || real(parent)?.starts_with(&folder) {
        return Err(Failure::Key(format!(
            "{}: the service key lies in the data folder; put it elsewhere, where no backup of the folder takes it along",
            key.display()
        )));
    }
    Ok(())
}

/// The path without links. Of a path that does not exist yet, its nearest existing folder is resolved.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut at = absolute.as_path();
    loop {
        match at.canonicalize() {
            Ok(mut real) => {
                real.extend(missing.iter().rev());
                return Ok(real);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (Some(name), Some(parent)) = (at.file_name(), at.parent()) else { return Err(error) };
                missing.push(name.to_owned());
                at = parent;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_inside_the_folder_is_refused_by_whatever_way_it_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        std::fs::create_dir(&data).expect("made");
        assert!(outside(&data, &dir.path().join("service.key")).is_ok());
        assert!(outside(&data, &dir.path().join("data-of-others/service.key")).is_ok());
        for inside in ["data/service.key", "data/a/b/service.key", "data/../data/service.key"] {
            assert!(outside(&data, &dir.path().join(inside)).is_err(), "{inside}");
        }
        // A folder that is still to be made.
        assert!(outside(&dir.path().join("new"), &dir.path().join("new/service.key")).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            std::fs::write(data.join("k"), "").expect("written");
            symlink(data.join("k"), dir.path().join("link")).expect("linked");
            assert!(outside(&data, &dir.path().join("link")).is_err(), "a link to a file inside");
            symlink(&data, dir.path().join("alias")).expect("linked");
            assert!(outside(&data, &dir.path().join("alias/service.key")).is_err(), "by a linked folder");
            assert!(outside(&dir.path().join("alias"), &data.join("k")).is_err(), "a linked data folder");
            std::fs::write(dir.path().join("outside"), "").expect("written");
            symlink(dir.path().join("outside"), data.join("inward")).expect("linked");
            assert!(outside(&data, &data.join("inward")).is_err(), "a link inside to a file outside");
        }
    }
}
