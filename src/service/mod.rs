//! What the service does, one file an operation: called by `http` and by the operator's commands, both thin.
//!
//! An operation checks, does one step, and returns when it is durable. Whose data it touches is decided here; whether
//! the role may ask for it is decided before, by the matrix. Must never: let anything that a partner receives depend on
//! another partner's data; let an unprotected count out; write a token to disk. Callers: `http`, `koblingd`, `demo`.

mod access;
mod aliases;
mod answers;
mod append;
mod arrival;
mod as_of;
mod ask;
mod audit;
mod bulk;
mod canary;
mod consent_numbers;
mod consented;
mod consents;
mod danish;
mod encrypt;
mod ended;
mod erasing;
mod erasures;
mod error;
mod followup;
mod keys;
mod ledger;
mod packages;
mod principals;
mod quality;
mod ready;
mod reports;
mod seal;
mod sealing;
mod staged;
mod start;
mod statement;
#[cfg(any(debug_assertions, feature = "weakened"))]
mod tabulate;
mod unusual;
mod upkeep;
mod upload;

pub use aliases::OpenProposal;
pub use answers::AnswerLog;
pub use append::Standing;
pub use audit::AuditReport;
pub use canary::{CanaryError, sing};
pub use consent_numbers::{ConsentNumbers, ConsentStanding, PurposeNumbers};
pub use encrypt::{TakenOver, encrypt_folder};
pub use erasing::Erased;
pub use error::{Reason, ServiceError};
pub use followup::{FollowupLeft, FollowupVolume};
pub use ledger::{LedgerCell, Whose, check_ledger, ledger_cells};
pub use packages::{OwnPackage, SealedIn};
pub use principals::NewToken;
pub use quality::{QualityPart, QualityReport};
pub use ready::{CHECKS, Check, Standing as MachineStanding};
pub use seal::SealOutcome;
pub use sealing::{SealEnded, SealFailure, SealStep, SealUnderWay, Sealing};
pub use staged::{PackageLine, SnapshotsCompared, Staged};
pub use unusual::UnusualUpload;
pub use upkeep::{Erase, Upkeep};
pub use upload::{UploadRequest, UploadView};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::audit::{Actor, Head, Receipt, ReceiptKind, SignedReceipt, Subject};
use crate::auth::{BearerHash, BearerToken, CertificateDemand, Principal, Role, Thumbprint};
use crate::clock::{Clock, Timestamp};
use crate::disclosure::Rules;
use crate::key::{KeyId, ServiceKey, SigningKey, VerifyingKey};
use crate::name::PartnerId;
use crate::programme::Programme;
use crate::secret::Random;
use crate::store::{InForce, Known, Store};

/// The running service.
pub struct Service {
    store: Arc<Store>,
    in_force: InForce,
    key: ServiceKey,
    signing: SigningKey,
    clock: Arc<dyn Clock>,
    random: Mutex<Box<dyn Random>>,
    /// Uploads under way. One request at a time works on each.
    sessions: Mutex<HashMap<String, Arc<append::Slot>>>,
    /// Who may come in, by source and dataset.
    arrivals: arrival::Arrivals,
    /// Held while a package of a partner is weighed, by source.
    weighing: Vec<Mutex<()>>,
    /// Held while sealing: one seal at a time.
    sealing: Mutex<()>,
    /// How far a seal has come.
    seal_watch: Mutex<sealing::Sealing>,
    /// Held while answering: one question at a time.
    answering: Mutex<ask::Answering>,
    /// What follow-ups are told from; held while it is read.
    followups: Mutex<Option<Arc<followup::Ready>>>,
    /// What erasures took away, for what is kept between questions.
    touched: consented::Touched,
    rules: Rules,
    /// Most bytes that the rows of the snapshot in force may take in memory.
    memory: u64,
    /// Whose tokens have to come with a client certificate.
    certificates: CertificateDemand,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Service({:?})", self.store)
    }
}

impl Service {
    /// The programme in force.
    #[must_use]
    pub const fn programme(&self) -> &Programme {
        &self.in_force.programme
    }

    /// The text of the programme in force, as it was adopted.
    #[must_use]
    pub fn programme_text(&self) -> &str {
        &self.in_force.text
    }

    /// The linkage key that packages must be made with.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.in_force.key_id
    }

    /// The disclosure rules in force.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The key that receipts verify under.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }

    /// The store, for the operator's commands.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The same, shared.
    #[must_use]
    pub const fn store_shared(&self) -> &Arc<Store> {
        &self.store
    }

    /// The instant now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The principal of a bearer token that came over a connection without a client certificate; `None` for one that is
    /// unknown, revoked, or has expired.
    ///
    /// # Errors
    /// As [`Service::admit`].
    pub fn authenticate(&self, token: &BearerToken) -> Result<Option<Principal>, ServiceError> {
        self.principal_of(&token.hash())
    }

    /// The same, by the digest that is kept of one.
    ///
    /// # Errors
    /// As [`Service::admit`].
    pub fn principal_of(&self, token: &BearerHash) -> Result<Option<Principal>, ServiceError> {
        Ok(self.admit(token, None)?.map(|known| known.principal))
    }

    /// The principal of a bearer token, by the digest that is kept of one, over a connection that presented a client
    /// certificate, or none; `None` for one that is unknown, revoked, or has expired.
    ///
    /// # Errors
    /// [`Reason::ClientCertificate`] where the principal is bound to other certificates, or has to present one.
    pub fn admit(
        &self,
        token: &BearerHash,
        presented: Option<&Thumbprint>,
    ) -> Result<Option<Known>, ServiceError> {
        let Some(known) = self.store.principal_of(self.now(), token)? else { return Ok(None) };
        let bound = known.certificates.is_empty()
            || presented.is_some_and(|presented| known.certificates.contains(presented));
        let demanded = match self.certificates {
            CertificateDemand::BoundOnly => false,
            CertificateDemand::Partners => known.principal.role == Role::Partner,
            CertificateDemand::Everybody => true,
        };
        if !bound || (demanded && presented.is_none()) {
            return Err(ServiceError::Refused(Reason::ClientCertificate));
        }
        Ok(Some(known))
    }

    /// Asks more tokens to come with a client certificate than those that are bound to one.
    #[must_use]
    pub const fn with_certificates_of(mut self, demand: CertificateDemand) -> Service {
        self.certificates = demand;
        self
    }

    /// The operator at the machine itself, as an actor of the audit chain.
    #[must_use]
    pub fn operator(&self) -> Actor {
        start::operator(self.programme())
    }

    /// The partner that a principal acts for.
    fn partner(&self, caller: &Principal) -> Result<PartnerId, ServiceError> {
        let partner = caller.partner().filter(|partner| self.programme().partner(partner).is_some());
        partner.ok_or(ServiceError::Refused(Reason::NotFound))
    }

    fn random(&self) -> MutexGuard<'_, Box<dyn Random>> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh id of 32 hexadecimal characters.
    fn fresh_id(&self) -> String {
        let mut bytes = [0; 16];
        self.random().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A signed receipt for a partner.
    fn receipt(
        &self,
        kind: ReceiptKind,
        id: &str,
        at: Timestamp,
        partner: &PartnerId,
        subject: Subject,
        head: Head,
    ) -> SignedReceipt {
        let receipt = Receipt {
            kind,
            id: id.to_owned(),
            at,
            programme: self.programme().id.clone(),
            partner: partner.clone(),
            subject,
            head,
        };
        receipt.sign(&self.signing)
    }
}
