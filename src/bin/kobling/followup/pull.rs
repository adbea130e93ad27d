//! `kobling followup pull`: tokens are made in memory, asked about, and kept with their answers in one private file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use kobling::client::{Client, parse};
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::digest::Sha256Hex;
use kobling::extract::{Source, reread};
use kobling::followup::{ANSWERS_FORMAT, Answer, Answers, LOOKUP_CONTEXT, Lookup, NONCE_BYTES, ToldAll};
use kobling::key::SigningKey;
use kobling::limits;
use kobling::name::{DatasetId, FollowupId, PartnerId};
use kobling::secret::{Random as _, SystemRandom};
use kobling::token::Token;

use super::{Own, create_private, referring};
use crate::exit::{Done, Outcome, Trouble, file};
use crate::key::example;
use crate::send::Service;

/// `kobling followup pull FILE …`
#[derive(Args)]
pub(crate) struct Pull {
    /// One's own extract of referrals, a CSV file; - reads standard input.
    file: PathBuf,
    /// The partner whose referrals they are.
    #[arg(long)]
    partner: PartnerId,
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
    #[arg(long)]
    from: Option<Day>,
    #[command(flatten)]
    own: Own,
    /// The partner's signing key.
    #[arg(long)]
    signing_key: PathBuf,
    #[command(flatten)]
    service: Service,
    /// File to keep the answers in; it must not exist.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(arguments: &Pull) -> Outcome {
    let (programme, key) = arguments.own.load()?;
    let followup = programme.followup(&arguments.followup).ok_or_else(|| {
        let known = programme.followups.iter().map(|followup| followup.id.to_string()).collect::<Vec<_>>();
        let message =
            format!("the programme has no follow-up {}; it has: {}", arguments.followup, known.join(", "));
        Trouble::Usage(message.into())
    })?;
    let events = referring(&programme, followup, &arguments.dataset)?;
    let signing = SigningKey::load(&arguments.signing_key, example(arguments.own.allow_example_key))?;
    let client = arguments.service.connect()?;
    let mut lookup = Lookup {
        followup: followup.id.clone(),
        key_id: key.id(),
        label: arguments.label.clone(),
        nonce: String::new(),
        tokens: Vec::new(),
    };
    lookup
        .check_label()
        .map_err(|refusal| Trouble::Usage(format!("{refusal}; {}", refusal.advice()).into()))?;

    let source = Source::from_argument(&arguments.file);
    let job = arguments.own.job(&source, &programme, &arguments.partner, &arguments.dataset)?;
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
        eprintln!("{} of {} rows cannot be read; `kobling check` says why", read.rejected, read.rows);
    }
    if persons.is_empty() {
        return Err(Trouble::Files(format!("none of {in_all} referred persons is to be asked about").into()));
    }
    if persons.len() > followup.lookups_per_day as usize {
        let message = format!(
            "{} persons, and a day has {} look-ups: give --from, to ask about the newest",
            persons.len(),
            followup.lookups_per_day
        );
        return Err(Trouble::Usage(message.into()));
    }

    // The file is there before anything is asked: nothing is spent on answers that could not be kept.
    let mut target = create_private(&arguments.out)?;
    let mut answers = Answers {
        format: ANSWERS_FORMAT,
        programme: programme.id.clone(),
        partner: arguments.partner.clone(),
        dataset: arguments.dataset.clone(),
        followup: followup.id.clone(),
        key_id: key.id(),
        label: arguments.label.clone(),
        asked_at: SystemClock.now(),
        asked: Vec::new(),
        answers: Vec::new(),
    };
    let asked = ask(&client, &signing, &mut lookup, &persons, &mut answers);
    if answers.answers.is_empty() {
        drop(target);
        std::fs::remove_file(&arguments.out).map_err(file(&arguments.out))?;
        asked?;
        return Err(Trouble::Service("nothing was answered".into()));
    }
    let text = serde_json::to_vec_pretty(&answers).expect("answers are plain data");
    target.write_all(&text).and_then(|()| target.sync_all()).map_err(file(&arguments.out))?;
    let told = answers.answers.iter().filter(|answer| !answer.told.statuses.is_empty()).count();
    out!(
        "asked     {} of {in_all} referred person(s), in {} look-up(s)",
        answers.answers.len(),
        answers.asked.len()
    );
    out!(
        "told      {told}; of the others nothing is told: unknown, not permitted and nothing yet look the same"
    );
    out!("answers   {}", arguments.out.display());
    asked?;
    Ok(Done::Clean)
}

/// Asks about persons, as many at a time as one look-up takes. What was answered before something failed is kept.
fn ask(
    client: &Client,
    signing: &SigningKey,
    lookup: &mut Lookup,
    persons: &BTreeMap<Token, Day>,
    answers: &mut Answers,
) -> Result<(), Trouble> {
    let text = |token: &Token| {
        let mut text = Vec::with_capacity(64);
        token.write_to(&mut text);
        String::from_utf8(text).expect("a token's text is ASCII")
    };
    let persons: Vec<(String, Day)> = persons.iter().map(|(token, day)| (text(token), *day)).collect();
    for part in persons.chunks(limits::MAX_LOOKUP_TOKENS) {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce);
        lookup.nonce = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        lookup.tokens = part.iter().map(|(token, _)| token.clone()).collect();
        let body = serde_json::to_vec(&lookup).expect("a look-up is plain data");
        let signature = signing.sign(LOOKUP_CONTEXT, &body);
        let told: ToldAll = parse(&client.post("/v1/followups", &body, Some(&signature))?)?;
        if told.answers.len() != part.len() || told.followup != lookup.followup {
            return Err(Trouble::Service("the service answered something else than was asked".into()));
        }
        answers.asked.push(Sha256Hex::of(&body));
        let of = part.iter().zip(told.answers);
        answers.answers.extend(of.map(|((token, referred), told)| Answer {
            token: token.clone(),
            referred: *referred,
            told,
        }));
    }
    Ok(())
}
