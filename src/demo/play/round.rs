//! Every registered question once, over the whole period, and a table of what came.

use std::io::Write;
use std::time::{Duration, Instant};

use super::super::oracle::{Plain, knows};
use super::houses::House;
use super::judge::Judge;
use super::town::Town;
use super::{PlayError, Stage, show};
use crate::answer::verify;
use crate::client::Answer;
use crate::clock::{Day, Period, Timestamp};
use crate::key::LinkageKey;
use crate::programme::{Programme, Question, QuestionKind};
use crate::question::Ask;

/// Who asks, where, and about what.
pub(super) struct Round<'a> {
    pub(super) town: &'a Town,
    pub(super) programme: &'a Programme,
    pub(super) today: Day,
}

/// An answer, and how long it took.
pub(super) struct Answered {
    /// Position of the question in the programme.
    at: usize,
    took: Duration,
    /// Whether the plain path agreed, and how many cells keep a value that was shown earlier.
    judged: Option<usize>,
    pub(super) answer: Answer,
}

/// Who judges, by what, as of when.
pub(super) type Judging<'a, 'p> = Option<(&'a mut Judge<'p>, &'a Plain<'p>, Timestamp)>;

impl Round<'_> {
    /// Asks every question that is answered by a table. Those that the plain path knows come first: rule R8 ties later
    /// answers to earlier ones, and the judge knows only those that it judged.
    pub(super) fn every(&self, judging: &mut Judging<'_, '_>) -> Result<Vec<Answered>, PlayError> {
        let tables = |question: &&Question| !matches!(question.kind, QuestionKind::Payment(_));
        let known = |question: &Question| judging.is_some() && knows(question);
        let (first, then): (Vec<_>, Vec<_>) = self
            .programme
            .questions
            .iter()
            .enumerate()
            .filter(|(_, question)| tables(question))
            .partition(|(_, question)| known(question));
        let mut answers = Vec::new();
        for (judged, (at, question)) in
            first.into_iter().map(|q| (true, q)).chain(then.into_iter().map(|q| (false, q)))
        {
            let ask = self.ask(question)?;
            let start = Instant::now();
            let body = self.town.ask(&ask)?;
            let took = start.elapsed();
            let judged = match judging.as_mut().filter(|_| judged) {
                Some((judge, plain, moment)) => Some(judge.agrees(plain, &ask, *moment, self.today, &body)?),
                None => None,
            };
            let answer = sound(&ask, &body)?;
            answers.push(Answered { at, took, judged, answer });
        }
        answers.sort_by_key(|answered| answered.at);
        Ok(answers)
    }

    /// The question over as many quarters as may be asked about, broken down where the whole would be one cell.
    pub(super) fn ask(&self, question: &Question) -> Result<Ask, PlayError> {
        let by = match question.kind {
            QuestionKind::Reach { .. } => question.dimensions.first(),
            _ => None,
        };
        Ok(Ask {
            question: question.id.clone(),
            by: by.into_iter().map(|at| self.programme.dimensions[*at].id.clone()).collect(),
            period: self.whole()?,
            population: None,
        })
    }

    /// The programme's quarters that are closed.
    fn whole(&self) -> Result<Period, PlayError> {
        self.ended(i32::from(self.programme.closing_days) + 1)
    }

    /// The programme's quarters that ended so many days ago, or more.
    pub(super) fn ended(&self, days: i32) -> Result<Period, PlayError> {
        let period = self.programme.period;
        let ended = period.quarters().filter(|quarter| quarter.last().plus(days) <= self.today).last();
        let period = ended.and_then(|last| Period::new(period.first(), last).ok());
        period
            .ok_or_else(|| PlayError::Check("no quarter of the programme can be asked about yet".to_owned()))
    }
}

/// An answer that says what was asked, carries its own digest, and fits its own columns.
pub(super) fn sound(ask: &Ask, body: &[u8]) -> Result<Answer, PlayError> {
    let wrong = |what: &str| PlayError::Check(format!("{}: {what}", ask.key()));
    verify(body).map_err(|_| wrong("the answer does not have the digest that it states"))?;
    // Reading holds rows against columns and labels.
    let answer: Answer = crate::client::parse(body).map_err(|_| wrong("the answer is not well-formed"))?;
    if answer.question.question.as_str() != ask.question.as_str() || answer.period != ask.period {
        return Err(wrong("another question was answered"));
    }
    if answer.table.rows.is_empty() || answer.table.figures.is_empty() {
        return Err(wrong("the answer is empty"));
    }
    Ok(answer)
}

/// Consents and uploads of every partner.
pub(super) fn deliver(
    town: &Town,
    houses: &[House],
    programme: &Programme,
    key: &LinkageKey,
    out: &mut dyn Write,
) -> Result<(), PlayError> {
    for house in houses {
        town.admit(house, programme)?;
    }
    // What persons said comes first: a row that nobody permits is not kept.
    for house in houses {
        for list in &house.consents {
            town.send_consents(house, programme, key, &list.purposes, &list.path)?;
        }
    }
    let uploading = Instant::now();
    for house in houses {
        town.send_packages(house)?;
    }
    let uploaded = uploading.elapsed();
    let rows: u64 = houses.iter().map(House::rows).sum();
    writeln!(
        out,
        "   {rows} rows verified, re-keyed and durable over HTTP in {:.2} s; every package was sent twice and got the same receipt",
        uploaded.as_secs_f64()
    )?;
    Ok(())
}

/// The table of a round, and some answers in full.
pub(super) fn show(stage: &mut Stage<'_>, answers: &[Answered], in_full: &[&str]) -> Result<(), PlayError> {
    writeln!(stage.out, "   {:<4} {:<62} {:>6} {:>6} {:>7}", "no.", "question", "shown", "hidden", "s")?;
    for answered in answers {
        let answer = &answered.answer;
        let hidden = answer.table.rows.iter().filter(|row| row.is_hidden()).count();
        writeln!(
            stage.out,
            "   {:<4} {:<62} {:>6} {:>6} {:>7.3}{}",
            answer.number,
            answer.title.en,
            answer.table.rows.len() - hidden,
            hidden,
            answered.took.as_secs_f64(),
            if answered.judged.is_some() { "  counted again: the same" } else { "" }
        )?;
    }
    for answered in answers.iter().filter(|a| in_full.contains(&a.answer.question.question.as_str())) {
        show::answer(stage.out, &answered.answer)?;
    }
    let judged: Vec<usize> = answers.iter().filter_map(|answered| answered.judged).collect();
    stage.checked(&format!(
        "{} questions were answered, each well-formed and with the digest that it states; {} of them are what the plain path and the rules give ({} cells keep what a standing report showed)",
        answers.len(),
        judged.len(),
        judged.iter().sum::<usize>()
    ))?;
    Ok(())
}
