//! Standing reports: a registered question, answered by itself once for each quarter, at the first seal after the quarter
//! could be asked about. It is the way to follow a programme while it runs: nobody asks again and again.

use super::answers::{read, told};
use super::{Reason, Service, ServiceError};
use crate::audit::{Actor, Deed, Subject};
use crate::auth::Principal;
use crate::clock::Period;
use crate::name::{OrganisationId, QuestionId};
use crate::programme::{Audience, Question};
use crate::question::{Ask, Progress};
use crate::store::{Asked, Given, ReportRow};

impl Service {
    /// Makes the reports that are due: each standing question, for each quarter that can be asked about and each
    /// organisation that may ask it. Returns how many were made.
    ///
    /// # Errors
    /// [`ServiceError`]; what was made until then stays.
    pub fn make_reports(&self, actor: &Actor) -> Result<usize, ServiceError> {
        // Nothing is made of a folder that lacks what was acknowledged; it is done at the first seal after its release.
        if self.is_held()? {
            return Ok(0);
        }
        let mut made = 0;
        let programme = self.programme();
        for question in programme.questions.iter().filter(|question| question.standing) {
            for recipient in self.recipients(question) {
                for quarter in programme.period.quarters() {
                    made +=
                        usize::from(self.make_report(actor, question, Period::of(quarter), &recipient)?);
                }
            }
        }
        Ok(made)
    }

    /// Makes one report, unless it is there or the quarter cannot be asked about yet.
    fn make_report(
        &self,
        actor: &Actor,
        question: &Question,
        period: Period,
        recipient: &OrganisationId,
    ) -> Result<bool, ServiceError> {
        let quarter = period.first().to_string();
        if self.store.report(question.id.as_str(), &quarter, recipient)?.is_some() {
            return Ok(false);
        }
        let ask = Ask { question: question.id.clone(), by: Vec::new(), period, population: None };
        let mut answering = self.answering();
        let body = match self.answer(
            &mut answering,
            (actor, recipient),
            (&ask, Given::ReportMade),
            &Progress::default(),
        ) {
            Ok(body) => body,
            // The quarter has not ended, or had not when the snapshot was sealed.
            Err(ServiceError::Ask(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        self.store.keep_report(self.now(), (question.id.as_str(), &quarter), recipient, &body)?;
        Ok(true)
    }

    /// Who may ask a question: whom its purpose is for.
    fn recipients(&self, question: &Question) -> Vec<OrganisationId> {
        let programme = self.programme();
        let payers = programme.payers.iter().filter(|_| question.audience == Audience::Payers);
        let mut recipients: Vec<OrganisationId> =
            programme.evaluators.iter().chain(payers).map(|organisation| organisation.id.clone()).collect();
        let purpose = programme.purpose(&question.purpose);
        recipients.retain(|id| purpose.is_some_and(|purpose| purpose.recipients.contains(id)));
        recipients.sort_unstable();
        recipients.dedup();
        recipients
    }

    /// The reports made for the caller's organisation.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn reports(&self, caller: &Principal) -> Result<Vec<ReportRow>, ServiceError> {
        self.answers()?;
        Ok(self.store.reports(&caller.organisation)?)
    }

    /// A report, as it was made: the answer's JSON. That it was read is entered first.
    ///
    /// # Errors
    /// [`Reason::NotFound`] when there is none for the caller's organisation.
    pub fn report(
        &self,
        caller: &Principal,
        question: &QuestionId,
        quarter: &str,
    ) -> Result<String, ServiceError> {
        self.answers()?;
        let found = self.store.report(question.as_str(), quarter, &caller.organisation)?;
        let body = found.ok_or(ServiceError::Refused(Reason::NotFound))?;
        let answer = read(&body)?;
        let (told, recipient) = (told(&answer), caller.organisation.clone());
        let asked = Asked {
            given: Given::ReportRead,
            recipient,
            question: Some(question.to_string()),
            by: Vec::new(),
            population: None,
            period: Some(answer.period.to_string()),
            snapshot: Some(answer.table.snapshot),
            rules: Some(answer.table.rules),
        };
        let subject =
            Subject::new().id("question", question).id("quarter", quarter).digest("answer", told.sha256);
        let (actor, deed) = (caller.actor(), (Deed::ReportRead, subject));
        self.store.record_given(self.now(), &actor, deed, (&asked, Some(&told)))?;
        Ok(body)
    }
}
