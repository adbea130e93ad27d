//! `kobling followup pull`: tokens are made in memory, asked about, and kept with their answers in one private file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::extract::{Source, reread};
use kobling::followup::{ANSWERS_FORMAT, Answers, ask_all, check_label};
use kobling::language::Spoken as _;
use kobling::name::{DatasetId, FollowupId};
use kobling::secret::SystemRandom;
use kobling::token::Token;

use super::{Own, referring, say_rejected};
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::settings::{GivenPartner, GivenSigningKey, Service};
use crate::write::{Dry, Over};

/// `kobling followup pull FILE …`
#[derive(Args)]
pub(crate) struct Pull {
    /// One's own extract of referrals, a CSV file; - reads standard input.
    file: PathBuf,
    #[command(flatten)]
    partner: GivenPartner,
    /// The dataset that the extract belongs to.
    #[arg(long)]
    dataset: DatasetId,
    /// What is asked.
    #[arg(long)]
    followup: FollowupId,
    /// The case worker's own name for this look-up, for the log: 1 to 64 bytes; never a CPR number.
    #[arg(long)]
    label: String,
    /// Ask about persons referred on this day or later only.
    #[arg(long, value_parser = crate::dates::day)]
    from: Option<Day>,
    #[command(flatten)]
    own: Own,
    #[command(flatten)]
    signing: GivenSigningKey,
    #[command(flatten)]
    service: Service,
    /// File to keep the answers in; it must not exist.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

pub(super) fn run(arguments: &Pull) -> Outcome {
    let (programme, key) = arguments.own.load()?;
    let followup = programme.followup(&arguments.followup).ok_or_else(|| {
        let known = programme.followups.iter().map(|followup| followup.id.to_string()).collect::<Vec<_>>();
        let (wanted, known) = (&arguments.followup, known.join(", "));
        Trouble::Usage(both(
            format!("programmet har ingen opfølgning {wanted}; det har: {known}"),
            format!("the programme has no follow-up {wanted}; it has: {known}"),
        ))
    })?;
    let events = referring(&programme, followup, &arguments.dataset)?;
    let signing = arguments.signing.load(arguments.own.key.allow_example_key)?;
    let partner = arguments.partner.id()?;
    let client = arguments.service.connect()?;
    check_label(&arguments.label).map_err(|refusal| {
        Trouble::Usage(both(
            format!("{}; {}", refusal.danish(), refusal.danish_advice()),
            format!("{refusal}; {}", refusal.advice()),
        ))
    })?;
    arguments.dry.may_take(&arguments.out, Over::Never)?;

    let source = Source::from_argument(&arguments.file);
    let job = arguments.own.job(&source, &programme, partner, &arguments.dataset)?;
    // In the order of the tokens, which tells nothing of the extract's.
    let mut persons: BTreeMap<Token, Day> = BTreeMap::new();
    let read = reread::<Trouble>(
        &job,
        &key,
        |_, _| Ok(()),
        |_, about| {
            let about = about.filter(|about| events.iter().any(|event| about.fits(event)));
            if let Some((person, day)) = about.and_then(|about| Some((about.person?, about.day))) {
                persons.entry(person).and_modify(|first| *first = day.min(*first)).or_insert(day);
            }
            Ok(())
        },
    )?;
    let in_all = persons.len();
    persons.retain(|_, first| arguments.from.is_none_or(|from| from <= *first));
    if read.rejected > 0 {
        say_rejected(read.rejected, read.rows);
    }
    if persons.is_empty() {
        return Err(Trouble::Files(both(
            format!("ingen af {in_all} henviste personer skal der spørges om"),
            format!("none of {in_all} referred persons is to be asked about"),
        )));
    }
    if persons.len() > followup.lookups_per_day as usize {
        let (many, most) = (persons.len(), followup.lookups_per_day);
        return Err(Trouble::Usage(both(
            format!("{many} personer, og en dag har {most} opslag: giv --from for at spørge om de nyeste"),
            format!("{many} persons, and a day has {most} look-ups: give --from, to ask about the newest"),
        )));
    }

    let asked = persons.len();
    let sends = arguments.dry.sends(
        format!("ville spørge om {asked} af {in_all} henvist(e) person(er), hver et af dagens opslag"),
        format!("would ask about {asked} of {in_all} referred person(s), each a look-up of today's"),
    );
    // The file is there before anything is asked: nothing is spent on answers that could not be kept.
    let target = arguments.dry.create_private(&arguments.out)?;
    let (true, Some(mut target)) = (sends, target) else { return Ok(Done::Clean) };
    let mut answers = Answers {
        format: ANSWERS_FORMAT,
        programme: programme.id.clone(),
        partner: partner.clone(),
        dataset: arguments.dataset.clone(),
        followup: followup.id.clone(),
        key_id: key.id(),
        label: arguments.label.clone(),
        asked_at: SystemClock.now(),
        asked: Vec::new(),
        answers: Vec::new(),
    };
    let asked = ask_all(&client, &signing, &persons, &mut answers, &mut SystemRandom::new());
    if answers.answers.is_empty() {
        drop(target);
        std::fs::remove_file(&arguments.out).map_err(file(&arguments.out))?;
        asked?;
        return Err(Trouble::Service(both("intet blev besvaret", "nothing was answered")));
    }
    let text = serde_json::to_vec_pretty(&answers).expect("answers are plain data");
    target.write_all(&text).and_then(|()| target.sync_all()).map_err(file(&arguments.out))?;
    let told = answers.answers.iter().filter(|answer| !answer.told.statuses.is_empty()).count();
    tell!(
        "spurgt    om {} af {in_all} henvist(e) person(er), hver et af dagens opslag, i {} anmodning(er)",
        "asked     {} of {in_all} referred person(s), each a look-up of today's, in {} request(s)",
        answers.answers.len(),
        answers.asked.len()
    );
    tell!(
        "oplyst    {told}; om de andre oplyses intet: ukendt, ikke tilladt, intet endnu og en henvisning, der er yngre end {} dag(e) efter sin første forsegling, ser ens ud",
        "told      {told}; of the others nothing is told: unknown, not permitted, nothing yet and a referral younger than {} day(s) after its first seal look the same",
        followup.delay_days
    );
    tell!("svar      {}", "answers   {}", arguments.out.display());
    asked?;
    Ok(Done::Clean)
}
