//! The effect-investment programme: families, three purposes on two papers, the evaluator's questions, and the payer's.

use std::path::Path;
use std::time::Instant;

use super::super::consents::write_consents_of;
use super::super::oracle::{Leaving, Plain};
use super::super::records::{Cast, sheets, write_sheets};
use super::houses::House;
use super::judge::Judge;
use super::leaks::{self, Hidden};
use super::round::{self, Round};
use super::town::Town;
use super::{PERSONS_A_FAMILY, PlayError, Settings, Stage, Which, show};
use crate::answer::Statement;
use crate::client::ClientError;
use crate::clock::{Clock as _, SystemClock};
use crate::key::{LinkageKey, ServiceKey};
use crate::language::Language;
use crate::name::PurposeId;
use crate::programme::{Audience, PaymentMode, Programme, QuestionKind};
use crate::secret::SystemRandom;

/// The payer who asks: an investor, which is no partner.
const PAYER: &str = "fjordfonden";
/// Questions whose answers are printed in full.
const IN_FULL: [&str; 4] = ["whole-family", "time-to-enrolment-curve", "risk-status", "cost-per-family"];

/// Plays it in a folder.
pub(super) fn play(
    settings: &Settings,
    folder: &Path,
    root: &Path,
    stage: &mut Stage<'_>,
) -> Result<Town, PlayError> {
    let text = Which::Effektinvestering.text();
    let programme = Programme::parse(text)?;
    let clock = SystemClock;
    let today = clock.today();
    stage.title(&programme)?;

    stage.step("A made-up world: whole families, referred to treatment or to a waiting list")?;
    let cast = Cast::families(settings.persons / PERSONS_A_FAMILY, settings.seed, &programme);
    let raw = folder.join("partners");
    let records = sheets(&cast, &programme, &[]);
    let files = write_sheets(&cast, &programme, &records, &raw)?;
    let (payment, others): (Vec<PurposeId>, Vec<PurposeId>) =
        programme.purposes.iter().map(|p| p.id.clone()).partition(|id| id.as_str() == "payment");
    let mut consents = write_consents_of(&cast, &records, None, &programme, &others, today, &raw)?;
    consents.extend(write_consents_of(&cast, &records, None, &programme, &payment, today, &raw)?);
    show::world(stage.out, &cast, &programme, &files, &consents)?;

    stage
        .step("Partners check, tokenise and pack at home, record consents for three purposes, and upload")?;
    let key = LinkageKey::generate(programme.id.clone(), &mut SystemRandom::new());
    let houses = House::all(&programme, &files, consents, folder, &key, clock.now())?;
    let mut plain = Plain::read(&programme, &files, today, &[], Leaving::NoPermittedRowAtASource)?;
    for house in &houses {
        house.agrees_with(&programme, &plain)?;
    }
    show::packages(stage.out, &houses)?;
    let service_key = folder.join("keys").join("service.key");
    ServiceKey::generate(&mut SystemRandom::new()).save(&service_key, clock.now())?;
    let service = folder.join("service");
    let town = Town::start(&programme, text, key.id(), &service_key, &service, settings.listen)?;
    round::deliver(&town, &houses, &programme, &key, stage.out)?;
    for house in &houses {
        // The plain path judges what the evaluator is told; payment is asked about elsewhere.
        for list in &house.consents {
            if list.purposes == others {
                plain.record_consents(&house.partner, &list.path)?;
            } else {
                plain.record_elsewhere(&house.partner, &list.path)?;
            }
        }
    }
    plain.arrive(clock.now());
    let sealing = Instant::now();
    town.seal()?;
    writeln!(stage.out, "   sealed in {:.2} s", sealing.elapsed().as_secs_f64())?;

    stage.step("The evaluator asks every question of the programme, over its whole period")?;
    let mut judge = Judge::new(&programme);
    let mut judging = Some((&mut judge, &plain, clock.now()));
    let round = Round { town: &town, programme: &programme, today };
    let answers = round.every(&mut judging)?;
    round::show(stage, &answers, &IN_FULL)?;

    stage.step("A payer follows the programme, and asks what is to be paid")?;
    monitoring(&round, stage)?;
    statement(&round, stage)?;

    stage.step("Looking for identities where none may be")?;
    show::audit(stage.out, &town)?;
    let hidden = Hidden { cast: &cast, sheets: &records, world: None, programme: &programme, key: &key };
    leaks::look(&hidden, &town, &houses, folder, root, today, stage)?;
    Ok(town)
}

/// What the payer may follow, as the programme registers it, asked by the payer.
fn monitoring(round: &Round<'_>, stage: &mut Stage<'_>) -> Result<(), PlayError> {
    let mut asked = 0;
    for question in &round.programme.questions {
        let ask = round.ask(question)?;
        if matches!(question.kind, QuestionKind::Payment(_)) {
            continue;
        }
        let reply = round.town.ask_as(PAYER, &ask);
        if question.audience == Audience::Evaluators {
            if reply.is_ok() {
                return Err(PlayError::Check(format!("{}: a payer was answered", question.id)));
            }
            continue;
        }
        round::sound(&ask, &reply?)?;
        asked += 1;
    }
    stage.checked(&format!(
        "{PAYER} was answered the {asked} questions that are for payers, and refused all others"
    ))?;
    Ok(())
}

/// The payer's statement of what is to be paid, in both modes, over the quarters whose windows have all ended. A
/// statement is signed, and made once: asked for again, the same one is served. The mode `verified` is refused where a
/// family has not said yes to payment.
fn statement(round: &Round<'_>, stage: &mut Stage<'_>) -> Result<(), PlayError> {
    let mut made = 0;
    for question in &round.programme.questions {
        let QuestionKind::Payment(payment) = &question.kind else { continue };
        let last = payment.indicators.iter().map(|indicator| indicator.window.1).max().unwrap_or(0);
        let period = round.ended(last.max(0))?;
        let signed = match round.town.state_payment(PAYER, &question.id, period) {
            Ok(signed) => signed,
            Err(ClientError::Refused { title, detail, .. }) if payment.mode == PaymentMode::Verified => {
                let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                writeln!(
                    stage.out,
                    "\n   {} {} is refused: {title}{detail}",
                    question.number, question.title.en
                )?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let wrong = |what: &str| PlayError::Check(format!("statement {}: {what}", question.id));
        if signed.verify(&round.town.verifying_key()).is_err() {
            return Err(wrong("the signature is not the service's"));
        }
        if round.town.state_payment(PAYER, &question.id, period)? != signed {
            return Err(wrong("asked for again, another one came"));
        }
        let statement: Statement = crate::client::parse(signed.statement.as_bytes())?;
        writeln!(stage.out)?;
        for line in statement.to_text(Language::En).lines() {
            writeln!(stage.out, "   {line}")?;
        }
        made += 1;
    }
    stage.checked(&format!("{made} statement signed by the service and served again as it was"))?;
    Ok(())
}
