//! Asking a registered question: plan, count under consent, protect, and only then answer.
//!
//! One question at a time: the ledger is durable before an answer leaves, so that two questions cannot slip past each
//! other. The same question is answered with the same bytes until a snapshot, a consent or a day has come in between.

use std::collections::{BTreeMap, HashMap};
use std::sync::{MutexGuard, PoisonError};

use serde::Serialize;

use super::seal::Sealed;
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, Subject};
use crate::auth::{Principal, Role};
use crate::clock::{Period, Timestamp};
use crate::consent::{AsOf, ConsentEvent, Known, Permits, Use, fold};
use crate::disclosure::{CommitError, Entry, Ledger, RULES_VERSION, Released, Table, Tabulation, release};
use crate::extract::manifest::Sha256Hex;
use crate::linkage::Alias;
use crate::name::{OrganisationId, PopulationId};
use crate::programme::{Audience, BasisKind, Question, QuestionKind, Text, Unit};
use crate::question::{
    Ask, AskRefusal, Basis, Chart, CountError, Label, Plan, Progress, Shelf, count_consents, count_prepared,
    plan,
};
use crate::snapshot::{LazySnapshot, Snapshot};
use crate::store::{AnswerKey, ConsentState, LedgerRow, SnapshotRow, StoreError};
use crate::token::Link;

/// What is kept between questions. Held by one question at a time.
#[derive(Default)]
pub(super) struct Answering {
    ledger: Option<Ledger>,
    pub(super) snapshot: Option<LazySnapshot>,
    consents: Option<Consents>,
    pub(super) shelf: Option<Shelf>,
    /// The state of erasure of which the snapshot's rows are.
    erasures: u64,
}

/// Consent events by (source, person), as of a snapshot's spine and a state of consent.
struct Consents {
    of: (u32, ConsentState),
    known: BTreeMap<(u8, u32), Vec<Known>>,
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
        self.may_ask(caller.role, ask)?;
        let mut answering = self.answering();
        self.answer(&mut answering, (&caller.actor(), &caller.organisation), ask, progress)
    }

    /// Whether a role may ask this question; what it may not is not registered for it.
    fn may_ask(&self, role: Role, ask: &Ask) -> Result<(), ServiceError> {
        let may = |question: &&Question| {
            let table = !matches!(question.kind, QuestionKind::Payment(_));
            table && (role != Role::Payer || question.audience == Audience::Payers)
        };
        if self.programme().question(&ask.question).as_ref().is_some_and(may) {
            return Ok(());
        }
        let registered = self.programme().questions.iter().filter(may).map(|question| question.id.clone());
        let asked = ask.question.clone();
        Err(AskRefusal::Question { asked, registered: registered.collect() }.into())
    }

    /// Answers a question for a recipient.
    pub(super) fn answer(
        &self,
        answering: &mut Answering,
        (actor, recipient): (&Actor, &OrganisationId),
        ask: &Ask,
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
        if let Some(body) = self.store.kept_answer(key)? {
            let asked = asked_by(&plan, recipient);
            self.store.commit_release(moment.now, actor, (&asked, &[]), subject(&body))?;
            return Ok(body);
        }
        let tabulation = self.count(answering, &plan, (&moment, recipient), progress)?;
        let released =
            plan.derive(self.release(answering, &plan, &moment, (actor, recipient), tabulation)?);
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
        self.store.keep_answer(moment.now, key, &body)?;
        Ok(body)
    }

    /// What a question is answered from, now.
    pub(super) fn moment(&self) -> Result<Moment, ServiceError> {
        let row = self.store.latest_snapshot()?.ok_or(ServiceError::Refused(Reason::NoSnapshot))?;
        // Before the clock is read: an answer is kept under this state, so it has to see every event that is counted in
        // it. The other way round, a withdrawal that comes in between would be counted and not seen.
        let consents = self.store.consent_state()?;
        Ok(Moment { row, consents, now: self.now() })
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
        if plan.is_of_consents() {
            let consents = self.consents_of(answering, &moment.row, moment.consents)?;
            let tabulation = count_consents(plan, &snapshot, &consents.known);
            answering.consents = Some(consents);
            return Ok(tabulation);
        }
        // Beside the datasets in memory, and not of them: a quarter as much.
        // Everything that the permits of a dataset, span and purpose are folded from; an event never lies after the
        // moment it was recorded, so that within a day the state of consent says all.
        let of = format!("{:?} {} {recipient}", moment.consents, moment.now.day());
        let basis = Basis::new(moment.row.id, of);
        let mut shelf = answering.shelf.take().unwrap_or_else(|| Shelf::new(self.memory / 4));
        let prepared = shelf.prepared(plan, &snapshot, &basis, |dataset| {
            self.permits(answering, plan, moment, recipient, dataset)
        });
        answering.shelf = Some(shelf);
        Ok(count_prepared(plan, &prepared?, progress)?)
    }

    /// Puts what was counted under the rules. The ledger is durable before this returns.
    pub(super) fn release(
        &self,
        answering: &mut Answering,
        plan: &Plan,
        moment: &Moment,
        (actor, recipient): (&Actor, &OrganisationId),
        tabulation: Tabulation,
    ) -> Result<Released<Table>, ServiceError> {
        let mut ledger = self.ledger(answering)?;
        let mut context = plan.release_context(moment.row.id);
        // Consent is given for a recipient: two organisations that ask the same count other sets, and neither may take
        // the other's cells off the values that were shown for them.
        context.question_key = asked_by(plan, recipient);
        let pending = release(tabulation, &context, &self.rules, &ledger)?;
        let asked = Subject::new()
            .id("question", plan.question())
            .id("recipient", recipient)
            .digest("asked", Sha256Hex::of(plan.key().as_bytes()))
            .count("snapshot", u64::from(moment.row.id));
        let released = ledger.commit(pending, |entries| {
            let rows: Vec<LedgerRow> = entries.iter().map(Entry::to_stored).collect();
            self.store.commit_release(moment.now, actor, (&context.question_key, &rows), asked)
        });
        match released {
            Ok(released) => {
                answering.ledger = Some(ledger);
                Ok(released)
            }
            // The ledger is not put back: after an error at the very end of a transaction only the store knows whether
            // the lines are there.
            Err(CommitError::Persist(error)) => Err(error.into()),
            Err(CommitError::Stale) => Err(ServiceError::Refused(Reason::Internal)),
        }
    }

    /// The release ledger, read from the store once. It is taken out, so that a failure in between leads to reading it
    /// again.
    fn ledger(&self, answering: &mut Answering) -> Result<Ledger, ServiceError> {
        if let Some(ledger) = answering.ledger.take() {
            return Ok(ledger);
        }
        let damaged = |_| ServiceError::Store(StoreError::Damaged("the release ledger"));
        let rows = self.store.ledger()?.into_iter();
        let entries = rows.map(|row| Entry::from_stored(row).map_err(damaged));
        Ledger::from_entries(entries.collect::<Result<Vec<_>, _>>()?)
            .map_err(|_| ServiceError::Store(StoreError::Damaged("the release ledger")))
    }

    /// The snapshot in force, with the datasets that are read. Those used last stay in memory.
    fn snapshot_of(
        &self,
        answering: &mut Answering,
        row: &SnapshotRow,
        datasets: &[usize],
    ) -> Result<Snapshot, ServiceError> {
        let dir = self.store.folder().snapshots().join(&row.folder);
        let erasures = self.store.consent_state()?.erasures;
        let opens = answering.snapshot.as_ref().is_none_or(|snapshot| !snapshot.is_of(&dir));
        if opens {
            // The old one goes before the new one comes: both at a time may not fit.
            answering.snapshot = None;
            let damaged = |_| StoreError::Damaged("the row of a snapshot");
            let sealed: Sealed = serde_json::from_str(&row.manifest).map_err(damaged)?;
            let opened = LazySnapshot::open(&dir, self.programme(), &sealed.sha256, self.memory)?;
            answering.snapshot = Some(opened);
        }
        let snapshot = answering.snapshot.as_mut().ok_or(ServiceError::Refused(Reason::Internal))?;
        if opens || answering.erasures != erasures {
            // Rows that are to be erased are read by nobody from here on; what was kept may have been made from them.
            snapshot.erase(self.ordered(row.id)?);
            answering.shelf = None;
            answering.erasures = erasures;
        }
        Ok(snapshot.with(datasets)?)
    }

    /// Consent events, read once for a snapshot and a state of consent. They are taken out, for the caller to put back.
    fn consents_of(
        &self,
        answering: &mut Answering,
        row: &SnapshotRow,
        consent: ConsentState,
    ) -> Result<Consents, ServiceError> {
        let of = (row.id, consent);
        match answering.consents.take().filter(|consents| consents.of == of) {
            Some(consents) => Ok(consents),
            None => Ok(Consents { of, known: self.known_consents()? }),
        }
    }

    /// What is permitted of a dataset of the plan, at this moment, for this recipient.
    fn permits(
        &self,
        answering: &mut Answering,
        plan: &Plan,
        moment: &Moment,
        recipient: &OrganisationId,
        dataset: usize,
    ) -> Result<Permits, ServiceError> {
        let consents = self.consents_of(answering, &moment.row, moment.consents)?;
        let as_of = AsOf::known_then(moment.now);
        let dataset = &self.programme().datasets[dataset];
        let mut builder = Permits::builder(plan.span());
        for &source in &dataset.partners {
            let basis = dataset.basis(plan.purpose());
            builder = match basis.map(|basis| basis.kind) {
                None => builder,
                Some(BasisKind::Statistics | BasisKind::Task) => builder.open(source),
                Some(BasisKind::Consent) => {
                    let longest = basis.and_then(|basis| basis.use_days);
                    let asked =
                        Use { source, purpose: plan.purpose(), recipient, dataset: &dataset.id, longest };
                    let of_source = consents.known.range((source, 0)..=(source, u32::MAX));
                    let permissions = of_source
                        .map(|((_, person), events)| (*person, fold(events, &asked, as_of)))
                        .collect();
                    builder.consent(source, &permissions)
                }
            };
        }
        answering.consents = Some(consents);
        Ok(builder.build())
    }

    /// Every recorded event of a person whom the spine knows. Events under a link that no seal has met wait for one; over
    /// an approved alias, also one that no seal has taken up yet, an event counts for all its links (`docs/CONSENT.md`).
    fn known_consents(&self) -> Result<BTreeMap<(u8, u32), Vec<Known>>, ServiceError> {
        let (spine, approved) = self.spine()?;
        let same = Same::of(approved.iter().map(|(_, alias)| alias));
        let mut known: BTreeMap<(u8, u32), Vec<Known>> = BTreeMap::new();
        self.store.for_each_consent(|stored| {
            let mut persons: Vec<u32> =
                same.links(&stored.link).iter().filter_map(|link| spine.person(link)).collect();
            if persons.is_empty() {
                return Ok(());
            }
            persons.sort_unstable();
            persons.dedup();
            let damaged = || StoreError::Damaged("a consent event");
            let source = self.programme().source(&stored.source).ok_or_else(damaged)?;
            let event: ConsentEvent = serde_json::from_str(&stored.event).map_err(|_| damaged())?;
            for person in persons {
                let event = Known::new(source, &event, stored.recorded_at);
                known.entry((source, person)).or_default().push(event);
            }
            Ok(())
        })?;
        for stone in self.store.tombstones()? {
            let Some(source) = self.programme().source(&stone.source) else { continue };
            let mut persons: Vec<u32> =
                same.links(&stone.link).iter().filter_map(|link| spine.person(link)).collect();
            persons.sort_unstable();
            persons.dedup();
            for person in persons {
                let event = Known::tombstone(source, stone.dataset.clone(), stone.denied_at, stone.by);
                known.entry((source, person)).or_default().push(event);
            }
        }
        Ok(known)
    }
}

/// Links that approved aliases hold together.
struct Same {
    groups: Vec<Vec<Link>>,
    group_of: HashMap<Link, usize>,
}

impl Same {
    fn of<'a>(aliases: impl Iterator<Item = &'a Alias>) -> Same {
        let mut same = Same { groups: Vec::new(), group_of: HashMap::new() };
        for alias in aliases {
            let (old, new) = (same.group(alias.old), same.group(alias.new));
            if old != new {
                let moved = std::mem::take(&mut same.groups[new]);
                for link in &moved {
                    same.group_of.insert(*link, old);
                }
                same.groups[old].extend(moved);
            }
        }
        same
    }

    fn group(&mut self, link: Link) -> usize {
        let next = self.groups.len();
        let group = *self.group_of.entry(link).or_insert(next);
        if group == next {
            self.groups.push(vec![link]);
        }
        group
    }

    /// The links of a link's person, itself included.
    fn links<'a>(&'a self, link: &'a Link) -> &'a [Link] {
        match self.group_of.get(link) {
            Some(group) => &self.groups[*group],
            None => std::slice::from_ref(link),
        }
    }
}
