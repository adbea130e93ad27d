//! Making a data folder, and starting up on one.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::arrival::Arrivals;
use super::{Reason, Service, ServiceError};
use crate::audit::Actor;
use crate::clock::{Clock, Timestamp};
use crate::disclosure::{FloorError, Rules, Settings};
use crate::key::{KeyId, ServiceKey};
use crate::limits;
use crate::name::OrganisationId;
use crate::programme::Programme;
use crate::secret::Random;
use crate::snapshot::remove_orphans;
use crate::store::{StagedName, Store, StoreError, UploadState};
use crate::vault::Vault;

/// The principal under which the operator acts at the machine itself.
const AT_THE_MACHINE: &str = "koblingd";

/// The operator at the machine itself.
pub(super) fn operator(programme: &Programme) -> Actor {
    let organisation: &OrganisationId = &programme.operator;
    let principal = AT_THE_MACHINE.parse().expect("a plain name");
    Actor { organisation: organisation.clone(), principal, person: None }
}

/// The disclosure rules of a programme.
pub(super) fn rules_of(programme: &Programme) -> Result<Rules, FloorError> {
    Rules::checked(&Settings::from(&programme.disclosure))
}

impl Service {
    /// Makes a data folder for a programme.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn initialise(
        data: &Path,
        programme: &Programme,
        text: &str,
        key_id: KeyId,
        key: &ServiceKey,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let store = Store::create(data, &Vault::of(key))?;
        let fingerprint = key.signing_key().verifying_key().fingerprint();
        store.initialise(now, &operator(programme), programme, text, key_id, fingerprint)?;
        Ok(())
    }

    /// Starts on a data folder: takes its lock, holds key and clock against it, and removes what a crash left over.
    ///
    /// # Errors
    /// [`ServiceError::Store`] for a second writer, a clock that runs behind or a damaged store;
    /// [`Reason::ServiceKey`] for another key than the folder was made with.
    pub fn open(
        data: &Path,
        key: ServiceKey,
        clock: Arc<dyn Clock>,
        random: Box<dyn Random>,
    ) -> Result<Service, ServiceError> {
        let store = Store::open(data, &Vault::of(&key)).map_err(|error| match error {
            StoreError::OtherKey(_) => ServiceError::Refused(Reason::ServiceKey),
            error => error.into(),
        })?;
        let in_force = store.in_force()?;
        let signing = key.signing_key();
        if in_force.service_fingerprint != signing.verifying_key().fingerprint().to_string() {
            return Err(ServiceError::Refused(Reason::ServiceKey));
        }
        let rules = rules_of(&in_force.programme)?;
        store.check_clock(clock.now())?;
        let service = Service {
            arrivals: Arrivals::new(&in_force.programme),
            store: Arc::new(store),
            weighing: in_force.programme.partners.iter().map(|_| Mutex::default()).collect(),
            in_force,
            key,
            signing,
            clock,
            random: Mutex::new(random),
            sessions: Mutex::new(HashMap::new()),
            sealing: Mutex::new(()),
            seal_watch: Mutex::default(),
            answering: Mutex::default(),
            followups: Mutex::default(),
            touched: super::consented::Touched::default(),
            rules,
            memory: limits::QUESTION_MEMORY_BYTES,
            certificates: crate::auth::CertificateDemand::default(),
        };
        service.remove_left_over()?;
        service.record_left_over()?;
        service.begin_upkeep()?;
        service.expire_uploads()?;
        Ok(service)
    }

    /// The same, with another limit on the bytes that rows may take in memory while questions are answered.
    #[must_use]
    pub fn with_memory(mut self, bytes: u64) -> Service {
        self.memory = bytes;
        self
    }

    /// Removes staged rows and snapshot folders that the store does not know: what a crash left.
    fn remove_left_over(&self) -> Result<(), ServiceError> {
        let known = self.store.staged_files()?;
        let known: HashSet<&str> = known.iter().map(StagedName::as_str).collect();
        for entry in std::fs::read_dir(self.store.folder().staged())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (id, generation) = name.split_at_checked(32).unwrap_or_default();
            let ours = !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit());
            let generation =
                generation.strip_prefix('-').map_or(generation.is_empty(), |n| n.parse::<u32>().is_ok());
            if ours && generation && !known.contains(name.as_str()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        let snapshots = self.store.snapshots()?;
        let keep: Vec<&str> = snapshots.iter().map(|snapshot| snapshot.folder.as_str()).collect();
        remove_orphans(&self.store.folder().snapshots(), &keep)?;
        Ok(())
    }

    /// Drops uploads that nothing has reached for long. Returns how many.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn expire_uploads(&self) -> Result<usize, ServiceError> {
        let now = self.now();
        let stale = self.store.stale_uploads(now.plus_millis(-limits::UPLOAD_EXPIRY_HOURS * 3_600_000))?;
        for id in &stale {
            self.end_upload(&self.operator(), id, UploadState::Expired)?;
        }
        Ok(stale.len())
    }
}
