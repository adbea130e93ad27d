//! A package as a whole: let in, or refused for how many persons it is about; and the steward's look at both.
//!
//! What a partner is answered depends on its own packages and on the programme. How many of its persons others know is not
//! computed at all: the steward and a partner together could read from it whether one person is known.

use std::io;
use std::sync::{MutexGuard, PoisonError};

use super::quality::shown;
use super::{Service, ServiceError};
use crate::audit::{Actor, Subject};
use crate::auth::Principal;
use crate::intake::{IntakeRefusal, Opened, Persons, UnusualPackage, Weight};
use crate::store::{SoFar, UnusualRow, UploadRow, UploadState};

/// Remark on a package that has grown much; it is let in.
const GROWTH: &str = "growth";
/// How often staged files are read anew when an erasure writes them anew meanwhile.
const ATTEMPTS: usize = 8;

/// What a package weighs, and what is to be remarked.
pub(super) struct Weighed {
    pub(super) weight: Weight,
    pub(super) remark: Option<&'static str>,
}

/// A package that the steward should look at, and its persons as they are shown: rounded to 5, small ones hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusualUpload {
    /// The package.
    pub row: UnusualRow,
    /// Persons it is about.
    pub persons: Option<u64>,
}

impl Service {
    /// One package of a partner at a time is weighed, so that two at once do not bring more than one after the other.
    pub(super) fn weighing(&self, source: u8) -> MutexGuard<'_, ()> {
        self.weighing[usize::from(source)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Weighs an upload whose every block is durable. When it is not one of the partner's clients, it ends here: its rows
    /// go, and the steward finds it listed.
    ///
    /// # Errors
    /// [`IntakeRefusal::Unusual`].
    pub(super) fn weigh(
        &self,
        actor: &Actor,
        row: &UploadRow,
        opened: &Opened,
    ) -> Result<Weighed, ServiceError> {
        let dataset = &opened.manifest.kobling.dataset;
        let weight = self.weight(row, opened)?;
        let SoFar { brought, last } = self.store.brought_so_far(&row.partner, dataset)?;
        let supply = self.programme().supply(opened.dataset, opened.source);
        match weight.usual(supply, brought) {
            Err(unusual) if !self.store.is_approved(&row.partner, &row.manifest)? => {
                self.refuse(actor, row, opened, weight.persons, unusual)?;
                Err(IntakeRefusal::Unusual(unusual).into())
            }
            _ => Ok(Weighed { weight, remark: weight.has_grown(last).then_some(GROWTH) }),
        }
    }

    /// Different persons of an upload, beside those of the partner's other packages of the dataset.
    fn weight(&self, row: &UploadRow, opened: &Opened) -> Result<Weight, ServiceError> {
        let dataset = &self.programme().datasets[opened.dataset];
        let folder = self.store.folder();
        let mut left = ATTEMPTS;
        loop {
            let own = self.store.upload(&row.id)?.map_or_else(|| row.staged.clone(), |row| row.staged);
            let (mut persons, mut before) = (Persons::default(), Persons::default());
            let mut read = persons.add(self.store.vault(), &folder.staged_file(&own), dataset);
            for package in self.store.packages_of(&row.partner)? {
                let other = package.state == UploadState::Complete && package.dataset == dataset.id;
                if other && read.is_ok() {
                    read = before.add(self.store.vault(), &folder.staged_file(&package.staged), dataset);
                }
            }
            left -= 1;
            match read {
                Ok(()) => return Ok(persons.weight(&before)),
                // An erasure has written it anew under another name, or it was withdrawn.
                Err(error) if error.kind() == io::ErrorKind::NotFound && left > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn refuse(
        &self,
        actor: &Actor,
        row: &UploadRow,
        opened: &Opened,
        persons: u64,
        unusual: UnusualPackage,
    ) -> Result<(), ServiceError> {
        let head = &opened.manifest.kobling;
        let subject = Subject::new()
            .id("package", &row.id)
            .id("dataset", &head.dataset)
            .id("period", head.period)
            .digest("manifest", opened.sha256)
            .id("reason", unusual.code())
            .count("persons", persons);
        self.store.refuse_upload(self.now(), actor, (&row.id, unusual.code(), persons), subject)?;
        self.remove_staged(&row.id);
        Ok(())
    }

    /// Packages that the steward should look at: refused for what they hold as a whole, or grown much. Oldest first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn unusual_uploads(&self) -> Result<Vec<UnusualUpload>, ServiceError> {
        let rows = self.store.unusual_uploads()?.into_iter();
        Ok(rows.map(|row| UnusualUpload { persons: shown(row.persons), row }).collect())
    }

    /// Lets in a package that was refused, when it comes again as it was.
    ///
    /// # Errors
    /// [`super::Reason::NotFound`] when there is no such refused upload.
    pub fn approve_upload(&self, caller: &Principal, id: &str) -> Result<(), ServiceError> {
        Ok(self.store.approve_upload(self.now(), &caller.actor(), id)?)
    }
}
