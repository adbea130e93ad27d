//! Statements of payment: made once, signed, and served again as they were.
//!
//! A statement is made when every window of every indicator has ended for everybody who could enrol in the period, so
//! that it is final; another one is never made for a day that it covers, so that nobody is paid for twice. A withdrawal
//! or an erasure afterwards changes nothing in it. It is counted under the consent given for one payer, and no other
//! payer gets it.

use serde::Serialize;

use super::answers::asked;
use super::ask::Moment;
use super::{Reason, Service, ServiceError};
use crate::audit::{Deed, SignedStatement, Subject};
use crate::auth::Principal;
use crate::clock::{Day, Period, Timestamp};
use crate::disclosure::{Released, settle_banded, settle_verified};
use crate::extract::manifest::Sha256Hex;
use crate::name::{OrganisationId, ProgrammeId, QuestionId};
use crate::programme::{Payment, PaymentMode, Question, QuestionKind, Settlement, Text, Unit};
use crate::question::{Ask, Progress, plan};
use crate::store::{Asked, Given, StatementRow, Told};

/// What is signed.
#[derive(Serialize)]
struct Statement<'a> {
    programme: &'a ProgrammeId,
    programme_sha256: Sha256Hex,
    question: &'a QuestionId,
    number: &'a str,
    title: &'a Text,
    definition: &'a Text,
    period: Period,
    /// What is enrolled and succeeds.
    unit: Unit,
    snapshot: u32,
    sealed: Day,
    /// Consent is as it was known at this instant, which is also when the statement was made.
    made_at: Timestamp,
    payer: &'a OrganisationId,
    contract: Contract<'a>,
    settlement: Released<Settlement>,
    notes: Vec<Text>,
    rules: &'a str,
}

/// The contract's terms. Amounts are in øre.
#[derive(Serialize)]
struct Contract<'a> {
    mode: PaymentMode,
    tranche: u32,
    floor: u64,
    cap: u64,
    indicators: Vec<Terms<'a>>,
}

/// The terms of one indicator.
#[derive(Serialize)]
struct Terms<'a> {
    id: &'a str,
    title: &'a Text,
    first_day: i32,
    last_day: i32,
    baseline_per_1000: u32,
    tariff: u64,
    cap: u64,
}

impl Service {
    /// The statement of a payment question over a period: the one that was made, or else a new one.
    ///
    /// # Errors
    /// [`ServiceError::Ask`] for what is not registered so; [`ServiceError::NotDue`] before its last window has ended;
    /// [`Reason::StatementOverlaps`] when another one, or another payer's, covers a day of the period;
    /// [`ServiceError::Settlement`].
    pub fn state_payment(
        &self,
        caller: &Principal,
        question: &QuestionId,
        period: Period,
    ) -> Result<SignedStatement, ServiceError> {
        self.answers()?;
        let programme = self.programme();
        let (question, payment) = self.payment(question, &caller.organisation)?;
        let days = (period.first_day(), period.last_day());
        let mut answering = self.answering();
        for made in self.store.statements(&question.id)? {
            if made.days == days && made.payer == caller.organisation.as_str() {
                return self.read_again(caller, made);
            }
            if made.days.0 <= days.1 && days.0 <= made.days.1 {
                return Err(ServiceError::Refused(Reason::StatementOverlaps));
            }
        }
        let moment: Moment = self.moment()?;
        let ask = Ask { question: question.id.clone(), by: Vec::new(), period, population: None };
        let plan = plan(programme, &ask, moment.row.day, moment.now.day(), &self.rules)?;
        let last = payment.indicators.iter().map(|indicator| indicator.window.1).max().unwrap_or(0);
        let due = period.last_day().plus(last.max(0));
        if moment.row.day < due {
            return Err(ServiceError::NotDue { due, sealed: moment.row.day });
        }
        let recipient = &caller.organisation;
        let tabulation = self.count(&mut answering, &plan, (&moment, recipient), &Progress::default())?;
        let settlement = match payment.mode {
            PaymentMode::Verified => settle_verified(&tabulation, payment, &self.rules)?,
            PaymentMode::Banded => {
                let context = (self.context(&plan, &moment, recipient, None), None);
                let of = (&caller.actor(), recipient);
                let (released, _) = self.release(&mut answering, &plan, &moment, of, context, tabulation)?;
                settle_banded(&released, payment, &self.rules)?
            }
        };
        let statement = Statement {
            programme: &programme.id,
            programme_sha256: Sha256Hex::from_bytes(programme.sha256),
            question: &question.id,
            number: &question.number,
            title: &question.title,
            definition: &question.definition,
            period,
            unit: question.unit,
            snapshot: moment.row.id,
            sealed: moment.row.day,
            made_at: moment.now,
            payer: recipient,
            contract: terms(payment),
            settlement,
            notes: plan.notes(),
            rules: crate::disclosure::RULES_VERSION,
        };
        let body = serde_json::to_string(&statement).expect("a statement is plain data");
        let signed = SignedStatement::sign(body, &self.signing);
        let subject = Subject::new()
            .id("question", &question.id)
            .digest("statement", Sha256Hex::of(signed.statement.as_bytes()))
            .count("snapshot", u64::from(moment.row.id));
        let row = StatementRow {
            question: question.id.to_string(),
            days,
            payer: recipient.to_string(),
            made_at: moment.now,
            body: signed.statement.clone(),
            signature: signed.signature.clone(),
        };
        let asked = asked(Given::StatementMade, recipient, &ask, moment.row.id);
        self.store.keep_statement(&caller.actor(), &row, subject, (&asked, &told(&row)))?;
        Ok(signed)
    }

    /// A statement that was made, once more. That it was read is entered first.
    fn read_again(&self, caller: &Principal, made: StatementRow) -> Result<SignedStatement, ServiceError> {
        let told = told(&made);
        let period = Period::new(made.days.0.quarter(), made.days.1.quarter()).ok();
        let asked = Asked {
            question: Some(made.question.clone()),
            period: period.map(|period| period.to_string()),
            ..listed(caller, Given::StatementRead)
        };
        let subject = Subject::new().id("question", &made.question).digest("statement", told.sha256);
        let (actor, deed) = (caller.actor(), (Deed::PaymentRead, subject));
        self.store.record_given(self.now(), &actor, deed, (&asked, Some(&told)))?;
        Ok(SignedStatement { statement: made.body, signature: made.signature })
    }

    /// Every statement made so far for the caller's organisation, by question and period. That they were listed is
    /// entered first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn statements(&self, caller: &Principal) -> Result<Vec<SignedStatement>, ServiceError> {
        self.answers()?;
        let mut statements = Vec::new();
        let payments = self.programme().questions.iter();
        for question in payments.filter(|question| matches!(question.kind, QuestionKind::Payment(_))) {
            let made = self.store.statements(&question.id)?.into_iter();
            let made = made.filter(|row| row.payer == caller.organisation.as_str());
            statements
                .extend(made.map(|row| SignedStatement { statement: row.body, signature: row.signature }));
        }
        let subject = Subject::new().count("statements", statements.len() as u64);
        let (actor, deed) = (caller.actor(), (Deed::PaymentsListed, subject));
        let asked = listed(caller, Given::StatementsListed);
        self.store.record_given(self.now(), &actor, deed, (&asked, None))?;
        Ok(statements)
    }

    /// The payment questions of a payer's organisation with their contracts, in the programme's order.
    pub fn payable(&self, payer: &OrganisationId) -> impl Iterator<Item = (&Question, &Payment)> + use<'_> {
        let payer = payer.clone();
        self.programme().questions.iter().filter_map(move |question| match &question.kind {
            QuestionKind::Payment(payment) if self.is_for(question, &payer) => Some((question, payment)),
            _ => None,
        })
    }

    /// A payment question, by its name.
    fn payment(
        &self,
        id: &QuestionId,
        payer: &OrganisationId,
    ) -> Result<(&Question, &Payment), ServiceError> {
        let payments = || self.payable(payer);
        payments().find(|(question, _)| question.id == *id).ok_or_else(|| {
            let registered = payments().map(|(question, _)| question.id.clone()).collect();
            crate::question::AskRefusal::Question { asked: id.clone(), registered }.into()
        })
    }
}

/// A line of the log without a question.
fn listed(caller: &Principal, given: Given) -> Asked {
    Asked {
        given,
        recipient: caller.organisation.clone(),
        question: None,
        by: Vec::new(),
        population: None,
        period: None,
        snapshot: None,
        rules: None,
    }
}

/// What a statement tells of itself: it is no table.
fn told(row: &StatementRow) -> Told {
    Told { rows: None, sha256: Sha256Hex::of(row.body.as_bytes()) }
}

fn terms(payment: &Payment) -> Contract<'_> {
    let indicators = payment.indicators.iter().map(|indicator| Terms {
        id: &indicator.id,
        title: &indicator.title,
        first_day: indicator.window.0,
        last_day: indicator.window.1,
        baseline_per_1000: indicator.baseline,
        tariff: indicator.tariff,
        cap: indicator.cap,
    });
    Contract {
        mode: payment.mode,
        tranche: payment.tranche,
        floor: payment.floor,
        cap: payment.cap,
        indicators: indicators.collect(),
    }
}
