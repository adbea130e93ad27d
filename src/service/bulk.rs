//! Packages of lists: whole, they are recorded in one step.

use super::append::Session;
use super::{Service, ServiceError};
use crate::audit::{Actor, ReceiptKind, Subject};
use crate::extract::manifest::ListKind;
use crate::intake::OpenedList;
use crate::intake::lists::{frames, refused};
use crate::store::{ConsentRow, StoreError, UploadRow};

impl Service {
    /// Records the events of an upload whose blocks are all durable, and removes what is staged of it.
    ///
    /// # Errors
    /// [`ServiceError::Intake`] with the line of an event that cannot stand beside those that are there: then none of them
    /// is recorded.
    pub(super) fn record_package(
        &self,
        actor: &Actor,
        row: &UploadRow,
        opened: &OpenedList,
        events: u64,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let subject = of_package(row, opened);
        let effects = self.effects(&row.partner)?;
        let path = self.store.folder().staged_file(&row.staged);
        let failed = |source| StoreError::Io { path: path.clone(), doing: "read", source };
        let staged = frames::Events::open(self.store.vault(), &path)?;
        let rows =
            staged.map(|event| event.map(|(link, event)| ConsentRow::new(link, &event)).map_err(failed));
        let recorded =
            self.store.record_package(now, actor, &row.id, (events, subject), rows, |subject, head| {
                let subject = self.with_effects(subject, &effects, now);
                self.receipt(ReceiptKind::Consents, &row.id, now, &row.partner, subject, head)
            });
        recorded.map_err(|error| match error {
            StoreError::Consent { index, refusal } => ServiceError::Intake(refused(index, refusal)),
            error => error.into(),
        })?;
        self.recorded(&row.partner);
        self.remove_staged(&row.id);
        Ok(())
    }

    /// Enters the aliases of an upload whose blocks are all durable as proposals, and removes what is staged of it.
    ///
    /// # Errors
    /// A conflict when too many of the partner's wait already: then none of them is entered.
    pub(super) fn record_aliases(
        &self,
        actor: &Actor,
        row: &UploadRow,
        opened: &OpenedList,
        aliases: u64,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let path = self.store.folder().staged_file(&row.staged);
        let failed = |source| StoreError::Io { path: path.clone(), doing: "read", source };
        let pairs = frames::Aliases::open(self.store.vault(), &path)?.map(|pair| pair.map_err(failed));
        let of = (aliases, of_package(row, opened));
        self.store.propose_aliases(now, actor, &row.id, of, pairs, |subject, head| {
            self.receipt(ReceiptKind::Aliases, &row.id, now, &row.partner, subject, head)
        })?;
        self.remove_staged(&row.id);
        Ok(())
    }

    /// Records the packages of lists whose last block arrived just before a crash: a withdrawal waits for nobody to ask
    /// after it. One that is refused stays open, for its partner to see why.
    pub(super) fn record_left_over(&self) -> Result<(), ServiceError> {
        let mut open = Vec::new();
        for kind in ListKind::ALL {
            open.extend(self.store.open_uploads_of(&kind.dataset().parse().expect("a plain name"))?);
        }
        for row in open {
            let slot = self.slot(&row.id);
            let mut held: Option<Session> = None;
            let recorded = self.standing_of(&self.operator(), &row, &mut held);
            drop(slot);
            self.forget_slot(&row.id);
            if let Err(error) = recorded {
                tracing::warn!(
                    upload = row.id,
                    code = error.code(),
                    "a package of a list could not be recorded"
                );
            }
        }
        Ok(())
    }
}

/// What the strand and a receipt say of a package.
fn of_package(row: &UploadRow, opened: &OpenedList) -> Subject {
    Subject::new()
        .id("package", &row.id)
        .id("dataset", opened.kind.dataset())
        .digest("manifest", opened.sha256)
        .count("bytes", opened.manifest.resources[0].bytes)
}
