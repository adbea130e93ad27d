//! The steward's log: every answer, standing report and statement of payment that was given, newest first.
//!
//! A line is made of what was asked and of the answer as it left, of nothing else: the log tells a steward no more than
//! the answers told those who asked.

use super::{Reason, Service, ServiceError};
use crate::answer::{Answer, AnswerLine};
use crate::audit::{Deed, Subject};
use crate::auth::Principal;
use crate::disclosure::RULES_VERSION;
use crate::name::OrganisationId;
use crate::question::Ask;
use crate::store::{AnswerFilter, AnswerRow, Asked, Given, Told};

/// Lines of one page.
const PAGE: u32 = 200;

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerLog {
    /// Lines, newest first.
    pub lines: Vec<AnswerRow>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<u64>,
}

/// A line of the store as programs and people read it.
impl From<AnswerRow> for AnswerLine {
    fn from(row: AnswerRow) -> AnswerLine {
        let (shown, hidden) = row.told.and_then(|told| told.rows).unzip();
        AnswerLine {
            number: row.seq,
            at: row.at.to_string(),
            organisation: row.actor.organisation.to_string(),
            principal: row.actor.principal.to_string(),
            recipient: row.asked.recipient.to_string(),
            given: row.asked.given.as_str().to_owned(),
            question: row.asked.question,
            by: row.asked.by,
            population: row.asked.population,
            period: row.asked.period,
            snapshot: row.asked.snapshot,
            rules: row.asked.rules,
            shown,
            hidden,
            again: row.again,
            sha256: row.told.map(|told| told.sha256.to_string()),
        }
    }
}

/// The line of a question that is asked for a recipient.
pub(super) fn asked(given: Given, recipient: &OrganisationId, ask: &Ask, snapshot: u32) -> Asked {
    let mut by: Vec<String> = ask.by.iter().map(ToString::to_string).collect();
    by.sort_unstable();
    Asked {
        given,
        recipient: recipient.clone(),
        question: Some(ask.question.to_string()),
        by,
        population: ask.population.as_ref().map(ToString::to_string),
        period: Some(ask.period.to_string()),
        snapshot: Some(snapshot),
        rules: Some(RULES_VERSION.to_owned()),
    }
}

/// An answer's own reading: what a client makes of its text.
pub(super) fn read(body: &str) -> Result<Answer, ServiceError> {
    serde_json::from_str(body).map_err(|_| ServiceError::Refused(Reason::Internal))
}

/// What an answer tells of itself.
pub(super) fn told(answer: &Answer) -> Told {
    let rows = &answer.table.rows;
    let hidden = rows.iter().filter(|row| row.is_hidden()).count() as u64;
    Told { rows: Some((rows.len() as u64 - hidden, hidden)), sha256: answer.sha256 }
}

impl Service {
    /// A page of the log. That it was read is entered first.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn answer_log(&self, caller: &Principal, filter: &AnswerFilter) -> Result<AnswerLog, ServiceError> {
        self.enter_reading(caller, filter)?;
        self.page(filter)
    }

    /// Every line that the filter lets through, newest first. That it was read is entered first, once.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn whole_answer_log(
        &self,
        caller: &Principal,
        filter: &AnswerFilter,
    ) -> Result<Vec<AnswerRow>, ServiceError> {
        self.enter_reading(caller, filter)?;
        let mut filter = filter.clone();
        let mut lines = Vec::new();
        loop {
            let page = self.page(&filter)?;
            lines.extend(page.lines);
            if page.next.is_none() {
                return Ok(lines);
            }
            filter.before = page.next;
        }
    }

    fn enter_reading(&self, caller: &Principal, filter: &AnswerFilter) -> Result<(), ServiceError> {
        let mut subject = Subject::new();
        if let Some(question) = &filter.question {
            subject = subject.id("question", question);
        }
        self.store.record_reading(self.now(), &caller.actor(), Deed::AnswersRead, subject)?;
        Ok(())
    }

    fn page(&self, filter: &AnswerFilter) -> Result<AnswerLog, ServiceError> {
        let mut lines = self.store.answer_log(filter, PAGE + 1)?;
        let more = lines.len() > PAGE as usize;
        lines.truncate(PAGE as usize);
        let next = lines.last().filter(|_| more).map(|line| line.seq);
        Ok(AnswerLog { lines, next })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::Strand;
    use crate::auth::Role;
    use crate::clock::FixedClock;
    use crate::key::{LinkageKey, ServiceKey};
    use crate::language::Language;
    use crate::programme::Programme;
    use crate::secret::SeededRandom;
    use crate::store::Given::{
        Answer as Answered, ReportMade, ReportRead, StatementMade, StatementRead, StatementsListed,
    };

    const GIVEN: [Given; 6] =
        [Answered, ReportMade, ReportRead, StatementMade, StatementRead, StatementsListed];

    #[test]
    fn the_whole_log_is_every_line_and_one_reading() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).expect("a programme");
        let now = "2025-06-01T08:00:00Z".parse().expect("an instant");
        let mut random = SeededRandom::from_number(4);
        let (linkage, key) =
            (LinkageKey::generate(programme.id.clone(), &mut random), ServiceKey::generate(&mut random));
        Service::initialise(&data, &programme, text, linkage.id(), &key, now).expect("made");
        let service =
            Service::open(&data, key, Arc::new(FixedClock::new(now)), Box::new(random)).expect("opened");
        let caller = Principal {
            organisation: "styregruppe".parse().expect("a name"),
            id: "steward".parse().expect("a name"),
            name: "Steward".to_owned(),
            role: Role::Steward,
            person: None,
        };
        let lines = 2 * u64::from(PAGE) + 50;
        for line in 0..lines {
            let asked = Asked {
                given: GIVEN[line as usize % GIVEN.len()],
                recipient: "vive".parse().expect("a name"),
                question: None,
                by: Vec::new(),
                population: None,
                period: None,
                snapshot: None,
                rules: None,
            };
            let deed = (Deed::PaymentsListed, Subject::new());
            service.store.record_given(now, &caller.actor(), deed, (&asked, None)).expect("recorded");
        }
        let before = service.store.strand_head(&Strand::Service).expect("a head").position;
        let all = service.whole_answer_log(&caller, &AnswerFilter::default()).expect("the log");
        assert!(all.iter().map(|row| row.seq).eq((1..=lines).rev()));
        assert_eq!(service.store.strand_head(&Strand::Service).expect("a head").position, before + 1);
        let until = AnswerFilter { before: Some(11), ..AnswerFilter::default() };
        assert_eq!(service.whole_answer_log(&caller, &until).expect("the log").len(), 10);
        // Whatever can be given has Danish words.
        for line in all.into_iter().take(GIVEN.len()).map(AnswerLine::from) {
            assert_ne!(line.given(Language::Da), line.given);
        }
    }
}
