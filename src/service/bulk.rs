//! Packages of consents: whole, they are recorded in one step.

use super::append::Session;
use super::{Service, ServiceError};
use crate::audit::{Actor, ReceiptKind, Subject};
use crate::intake::OpenedConsents;
use crate::intake::consents::{frames, refused};
use crate::programme::CONSENTS;
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
        opened: &OpenedConsents,
        events: u64,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        let subject = Subject::new()
            .id("package", &row.id)
            .id("dataset", CONSENTS)
            .digest("manifest", opened.sha256)
            .count("bytes", opened.manifest.resources[0].bytes);
        let effects = self.effects(&row.partner)?;
        let path = self.store.folder().staged_file(&row.staged);
        let failed = |source| StoreError::Io { path: path.clone(), doing: "read", source };
        let staged = frames::Events::open(&path)?;
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

    /// Records the packages of consents whose last block arrived just before a crash: a withdrawal waits for nobody to ask
    /// after it. One that is refused stays open, for its partner to see why.
    pub(super) fn record_left_over(&self) -> Result<(), ServiceError> {
        let dataset = CONSENTS.parse().expect("a plain name");
        for row in self.store.open_uploads_of(&dataset)? {
            let slot = self.slot(&row.id);
            let mut held: Option<Session> = None;
            let recorded = self.standing_of(&self.operator(), &row, &mut held);
            drop(slot);
            self.forget_slot(&row.id);
            if let Err(error) = recorded {
                tracing::warn!(
                    upload = row.id,
                    code = error.code(),
                    "a package of consents could not be recorded"
                );
            }
        }
        Ok(())
    }
}
