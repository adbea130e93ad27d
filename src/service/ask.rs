//! Asking a registered question: plan, count under consent, protect, and only then answer.
//!
//! One question at a time: the ledger is durable before an answer leaves, so that two questions cannot slip past each
//! other. The same question is answered with the same bytes until a snapshot, a consent or a day has come in between.

use std::sync::{MutexGuard, PoisonError};

use serde::Serialize;

use super::answers::{asked as line, read, told};
use super::consented::{Consented, OfPlan, Standing};
use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, Subject};
use crate::auth::{Principal, Role};
use crate::clock::{Period, Timestamp};
use crate::disclosure::{
    CommitError, Entry, Ledger, RULES_VERSION, ReleaseContext, Released, Table, Tabulation, release,
};
use crate::extract::manifest::Sha256Hex;
use crate::name::{OrganisationId, PopulationId};
use crate::programme::{Audience, Question, QuestionKind, Text, Unit};
use crate::question::{
    Ask, AskRefusal, Chart, CountError, Label, Plan, Progress, Shelf, count_consents_of, count_prepared, plan,
};
use crate::snapshot::{LazySnapshot, Snapshot};
use crate::store::{AnswerKey, Asked, ConsentState, Given, LedgerRow, SnapshotRow, StoreError};

/// What is kept between questions. Held by one question at a time.
#[derive(Default)]
pub(super) struct Answering {
    ledger: Option<Ledger>,
    /// With the folder that it was read from.
    pub(super) snapshot: Option<(String, LazySnapshot)>,
    consented: Option<Consented>,
    pub(super) shelf: Option<Shelf>,
    /// The orders of erasure that the snapshot's rows are without ([`ConsentState::orders`]).
    orders: u64,
}

/// What a question is answered from.
pub(super) struct Moment {
    /// The snapshot in force.
    pub(super) row: SnapshotRow,
    /// The state of consent.
    pub(super) consents: ConsentState,
    /// The instant.
    pub(super) now: Timestamp,
}

impl Moment {
    /// Under which the answer of a plan is kept.
    fn key(&self, plan: &Plan, recipient: &OrganisationId) -> AnswerKey {
        let (snapshot, consents, day) = (self.row.id, &self.consents, self.now.day());
        let basis = format!("{snapshot} {consents:?} {day} {recipient} {RULES_VERSION}");
        AnswerKey { question: Sha256Hex::of(plan.key().as_bytes()), basis: Sha256Hex::of(basis.as_bytes()) }
    }
}

/// An answer as it leaves, but for its digest.
#[derive(Serialize)]
struct Answer<'a> {
    question: &'a Ask,
    number: &'a str,
    title: &'a Text,
    definition: &'a Text,
    unit: Unit,
    population: Option<PopulationView<'a>>,
    period: Period,
    /// Day on which the snapshot was sealed.
    sealed: crate::clock::Day,
    /// The rules of counting that are printed beside every answer.
    notes: Vec<Text>,
    /// The key columns of the table, as people read them.
    labels: &'a [Label],
    chart: Option<Chart>,
    table: &'a Released<Table>,
}

/// The population of an answer.
#[derive(Serialize)]
struct PopulationView<'a> {
    id: &'a PopulationId,
    title: &'a Text,
}

/// One text for one question of one recipient.
fn asked_by(plan: &Plan, recipient: &OrganisationId) -> String {
    format!("{}&recipient={recipient}", plan.key())
}

/// The body of an answer: its last member is the SHA-256 of the text without that member.
fn body(answer: &Answer<'_>) -> String {
    let mut body = serde_json::to_string(answer).expect("an answer is plain data");
    let digest = Sha256Hex::of(body.as_bytes());
    body.truncate(body.len() - 1);
    body + &format!(",\"sha256\":\"{digest}\"}}")
}

/// Why an answer may not leave.
fn uncommitted(error: CommitError<StoreError>) -> ServiceError {
    match error {
        CommitError::Persist(error) => error.into(),
        CommitError::Stale => ServiceError::Refused(Reason::Internal),
    }
}

impl Service {
    pub(super) fn answering(&self) -> MutexGuard<'_, Answering> {
        self.answering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a question of the caller's organisation: JSON, served again verbatim. A payer may ask what is registered
    /// for payers.
    ///
    /// # Errors
    /// [`ServiceError::Ask`] for a question that is not registered so; [`Reason::NoSnapshot`] before the first seal.
    pub fn ask(&self, caller: &Principal, ask: &Ask) -> Result<String, ServiceError> {
        self.ask_with(caller, ask, &Progress::default())
    }

    /// The same, for somebody who may go away before the answer is there: a question that is given up ends within a
    /// moment, and enters nothing.
    ///
    /// # Errors
    /// As [`Service::ask`]; [`CountError::GivenUp`].
    pub fn ask_with(
        &self,
        caller: &Principal,
        ask: &Ask,
        progress: &Progress,
    ) -> Result<String, ServiceError> {
        self.may_ask(caller, ask)?;
        let mut answering = self.answering();
        self.answer(&mut answering, (&caller.actor(), &caller.organisation), (ask, Given::Answer), progress)
    }

    /// The questions that somebody may ask, in the programme's order: by the role, and by an organisation that their
    /// purpose is for. Payments are stated, not asked ([`Service::payable`]).
    pub fn askable(&self, caller: &Principal) -> impl Iterator<Item = &Question> + use<'_> {
        let (role, organisation) = (caller.role, caller.organisation.clone());
        self.programme().questions.iter().filter(move |question| {
            let table = !matches!(question.kind, QuestionKind::Payment(_));
            let role = role != Role::Payer || question.audience == Audience::Payers;
            table && role && self.is_for(question, &organisation)
        })
    }

    /// Whether a question's purpose is for an organisation.
    pub(super) fn is_for(&self, question: &Question, organisation: &OrganisationId) -> bool {
        let purpose = self.programme().purpose(&question.purpose);
        purpose.is_some_and(|purpose| purpose.recipients.contains(organisation))
    }

    /// What somebody may not ask is not registered for them.
    fn may_ask(&self, caller: &Principal, ask: &Ask) -> Result<(), ServiceError> {
        if self.askable(caller).any(|question| question.id == ask.question) {
            return Ok(());
        }
        let registered = self.askable(caller).map(|question| question.id.clone()).collect();
        Err(AskRefusal::Question { asked: ask.question.clone(), registered }.into())
    }

    /// Answers a question for a recipient.
    pub(super) fn answer(
        &self,
        answering: &mut Answering,
        (actor, recipient): (&Actor, &OrganisationId),
        (ask, given): (&Ask, Given),
        progress: &Progress,
    ) -> Result<String, ServiceError> {
        if progress.is_given_up() {
            return Err(CountError::GivenUp.into());
        }
        let moment = self.moment()?;
        let plan = plan(self.programme(), ask, moment.row.day, moment.now.day(), &self.rules)?;
        let key = moment.key(&plan, recipient);
        let subject = |body: &str| {
            Subject::new()
                .id("question", &ask.question)
                .id("recipient", recipient)
                .digest("asked", key.question)
                .digest("answer", Sha256Hex::of(body.as_bytes()))
                .count("snapshot", u64::from(moment.row.id))
        };
        let line = line(given, recipient, ask, moment.row.id);
        if let Some(body) = self.store.kept_answer(key)? {
            let asked = asked_by(&plan, recipient);
            let logged = Some((&line, Some(&told(&read(&body)?))));
            self.store.commit_release(moment.now, actor, (&asked, &[]), subject(&body), logged)?;
            return Ok(body);
        }
        let above = self.above(answering, &plan, (&moment, recipient), progress)?;
        let tabulation = self.count(answering, &plan, (&moment, recipient), progress)?;
        let context = self.context(&plan, &moment, recipient, above.as_ref());
        let (released, line) =
            self.release(answering, &plan, &moment, (actor, recipient), (context, Some(&line)), tabulation)?;
        let released = plan.derive(released);
        let question = self.programme().question(&ask.question).ok_or(StoreError::NoSuch("question"))?;
        let population = ask.population.as_ref().and_then(|id| {
            let population = self.programme().populations.iter().find(|population| population.id == *id)?;
            Some(PopulationView { id, title: &population.title })
        });
        let body = body(&Answer {
            question: ask,
            number: &question.number,
            title: &question.title,
            definition: plan.definition(),
            unit: plan.unit(),
            population,
            period: ask.period,
            sealed: moment.row.day,
            notes: plan.notes(),
            labels: plan.labels(),
            chart: plan.chart(),
            table: &released,
        });
        let told = told(&read(&body)?);
        self.store.keep_answer(moment.now, key, &body, line.map(|line| (line, &told)))?;
        Ok(body)
    }

    /// What a question is answered from, now.
    pub(super) fn moment(&self) -> Result<Moment, ServiceError> {
        let row = self.store.latest_snapshot()?.ok_or(ServiceError::Refused(Reason::NoSnapshot))?;
        // One moment: an answer is kept under this state, so it has to see every event that is counted in it, and a
        // withdrawal that was recorded before the moment has to be counted.
        let (consents, now) = self.store.consent_state_at(self.now())?;
        Ok(Moment { row, consents, now })
    }

    /// Counts a plan for a recipient, under consent.
    pub(super) fn count(
        &self,
        answering: &mut Answering,
        plan: &Plan,
        (moment, recipient): (&Moment, &OrganisationId),
        progress: &Progress,
    ) -> Result<Tabulation, ServiceError> {
        let snapshot = self.snapshot_of(answering, &moment.row, plan.datasets())?;
        let mut consented = self.consented(answering, moment)?;
        if plan.is_of_consents() {
            let tabulation = count_consents_of(plan, &snapshot, |each| consented.ledger().each(each));
            answering.consented = Some(consented);
            return Ok(tabulation);
        }
        // Beside the datasets in memory, and not of them: a quarter as much.
        let mut shelf = answering.shelf.take().unwrap_or_else(|| Shelf::new(self.memory / 4));
        let mut of_plan = OfPlan {
            ledger: consented.ledger(),
            programme: self.programme(),
            plan,
            recipient,
            now: moment.now,
        };
        let prepared = shelf.prepared(plan, &snapshot, &mut of_plan);
        (answering.shelf, answering.consented) = (Some(shelf), Some(consented));
        Ok(count_prepared(plan, &prepared?, progress)?)
    }

    /// The table by the dimension that a question is narrowed to one code of. It is settled first and shown to nobody:
    /// what is hidden there to protect other codes is hidden in the question too.
    fn above(
        &self,
        answering: &mut Answering,
        plan: &Plan,
        of: (&Moment, &OrganisationId),
        progress: &Progress,
    ) -> Result<Option<Table>, ServiceError> {
        let Some(ask) = plan.above() else { return Ok(None) };
        let (moment, recipient) = of;
        let plan =
            crate::question::plan(self.programme(), ask, moment.row.day, moment.now.day(), &self.rules)?;
        let tabulation = self.count(answering, &plan, of, progress)?;
        let context = self.context(&plan, moment, recipient, None);
        let mut ledger = self.ledger(answering.ledger.take())?;
        let pending = release(tabulation, &context, &self.rules, &ledger)?;
        let settled = ledger.commit(pending, |entries| self.store.commit_margins(&self.stored(entries)));
        let settled = settled.map_err(uncommitted)?;
        answering.ledger = Some(ledger);
        Ok(Some(settled.into_value()))
    }

    /// Entries as the store keeps them.
    fn stored(&self, entries: &[Entry]) -> Vec<LedgerRow> {
        entries.iter().map(|entry| entry.to_stored(self.rules.held())).collect()
    }

    /// What the rules need to know of a plan. Consent is given for a recipient: two organisations that ask the same count
    /// other sets, and neither may take the other's cells off the values that were shown for them.
    pub(super) fn context(
        &self,
        plan: &Plan,
        moment: &Moment,
        recipient: &OrganisationId,
        above: Option<&Table>,
    ) -> ReleaseContext {
        let context = plan.release_context(moment.row.id, above);
        ReleaseContext { question_key: format!("{}&recipient={recipient}", context.question_key), ..context }
    }

    /// Puts what was counted under the rules. The ledger, and the line of the log where one is given, are durable before
    /// this returns; the line's number comes with it.
    pub(super) fn release(
        &self,
        answering: &mut Answering,
        plan: &Plan,
        moment: &Moment,
        (actor, recipient): (&Actor, &OrganisationId),
        (context, line): (ReleaseContext, Option<&Asked>),
        tabulation: Tabulation,
    ) -> Result<(Released<Table>, Option<u64>), ServiceError> {
        let mut ledger = self.ledger(answering.ledger.take())?;
        let pending = release(tabulation, &context, &self.rules, &ledger)?;
        let asked = Subject::new()
            .id("question", plan.question())
            .id("recipient", recipient)
            .digest("asked", Sha256Hex::of(plan.key().as_bytes()))
            .count("snapshot", u64::from(moment.row.id));
        let mut entered = None;
        let released = ledger.commit(pending, |entries| {
            let (key, logged) = (asked_by(plan, recipient), line.map(|line| (line, None)));
            let rows = self.stored(entries);
            let committed = self.store.commit_release(moment.now, actor, (&key, &rows), asked, logged);
            committed.map(|line| entered = line)
        });
        // After an error the ledger is not put back: at the very end of a transaction only the store knows whether the
        // lines are there.
        let released = released.map_err(uncommitted)?;
        answering.ledger = Some(ledger);
        Ok((released, entered))
    }

    /// The snapshot in force, with the datasets that are read. Those used last stay in memory.
    fn snapshot_of(
        &self,
        answering: &mut Answering,
        row: &SnapshotRow,
        datasets: &[usize],
    ) -> Result<Snapshot, ServiceError> {
        let orders = self.store.consent_state()?.orders;
        let it =
            |(folder, snapshot): &(String, LazySnapshot)| snapshot.id() == row.id && *folder == row.folder;
        let opens = !answering.snapshot.as_ref().is_some_and(it);
        if opens {
            // The old one goes before the new one comes: both at a time may not fit. So does what was made from its rows,
            // which may lie elsewhere in another folder of the same snapshot.
            (answering.snapshot, answering.shelf) = (None, None);
            let dir = self.store.folder().snapshots().join(&row.folder);
            let damaged = |_| StoreError::Damaged("the row of a snapshot");
            let sealed: Sealed = serde_json::from_str(&row.manifest).map_err(damaged)?;
            let opened =
                LazySnapshot::open(self.store.vault(), &dir, self.programme(), &sealed.sha256, self.memory)?;
            answering.snapshot = Some((row.folder.clone(), opened));
        }
        let (_, snapshot) = answering.snapshot.as_mut().ok_or(ServiceError::Refused(Reason::Internal))?;
        if opens || answering.orders != orders {
            // Rows that are to be erased are read by nobody from here on; what was kept may have been made from them.
            snapshot.erase(self.ordered(row.id)?);
            answering.shelf = None;
            answering.orders = orders;
        }
        Ok(snapshot.with(datasets)?)
    }

    /// Consent as it stands at a moment. It is taken out, for the caller to put back; what an error interrupts is read
    /// again.
    fn consented(&self, answering: &mut Answering, moment: &Moment) -> Result<Consented, ServiceError> {
        // Permits beside the datasets in memory, and not of them: a sixteenth as much.
        let mut consented = answering.consented.take().unwrap_or_else(|| Consented::new(self.memory / 16));
        let standing = Standing { snapshot: &moment.row, state: moment.consents, now: moment.now };
        consented.bring(&self.store, self.programme(), &self.touched, &standing)?;
        Ok(consented)
    }
}
