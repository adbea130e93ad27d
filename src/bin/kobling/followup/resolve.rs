//! `kobling followup resolve`: the extract is tokenised again in memory, and the answers are put beside its own rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use kobling::clock::Day;
use kobling::extract::{Source, reread};
use kobling::followup::{ANSWERS_FORMAT, Answer, Answers, Reason, Wanted, reasons};
use kobling::language::Language;
use kobling::token::Token;

use super::{Own, referring, say_rejected};
use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::write::Dry;

/// `kobling followup resolve ANSWERS FILE …`
#[derive(Args)]
pub(crate) struct Resolve {
    /// What `kobling followup pull` kept.
    answers: PathBuf,
    /// One's own extract of referrals, a CSV file; - reads standard input.
    file: PathBuf,
    /// Keep referrals that nobody is told to have reached so many days after the referral.
    #[arg(long, value_name = "DAYS")]
    not_contacted: Option<u16>,
    /// Keep referrals that are over without anybody being told to have reached the person.
    #[arg(long)]
    ended_unreached: bool,
    /// Keep referrals whose own consent to follow-up runs out within so many days.
    #[arg(long, value_name = "DAYS")]
    consent_ends: Option<u16>,
    #[command(flatten)]
    own: Own,
    /// File to write the rows to; it must not exist.
    #[arg(long, short)]
    out: PathBuf,
    #[command(flatten)]
    dry: Dry,
}

/// The words of a reason.
fn reason(reason: Reason, language: Language) -> &'static str {
    match reason {
        Reason::NotContacted => language.choose("intet oplyst om kontakt", "nothing told of a contact"),
        Reason::EndedUnreached => language.choose("slut uden kontakt", "over without contact"),
        Reason::ConsentEnds => language.choose("samtykke udløber", "consent runs out"),
    }
}

/// The file that rows are written to; none in a dry run.
struct Target(Option<File>);

impl Target {
    /// That all of it is on the disk.
    fn done(self) -> io::Result<()> {
        self.0.map_or(Ok(()), |to| to.sync_all())
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().map_or(Ok(bytes.len()), |to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}

pub(super) fn run(arguments: &Resolve) -> Outcome {
    let (programme, key) = arguments.own.load()?;
    let language = crate::say::language();
    let bytes = zeroize::Zeroizing::new(std::fs::read(&arguments.answers).map_err(file(&arguments.answers))?);
    let path = arguments.answers.display();
    let wrong = |da: &str, en: &str| Trouble::Files(both(format!("{path}: {da}"), format!("{path}: {en}")));
    // What the parser would say can repeat a token.
    let answers: Answers = serde_json::from_slice(&bytes).map_err(|_| {
        wrong("er ikke svar fra `kobling followup pull`", "holds no answers of `kobling followup pull`")
    })?;
    if answers.format != ANSWERS_FORMAT || answers.programme != programme.id {
        return Err(wrong(
            "er lavet af en anden version eller til et andet program",
            "was made by another version or for another programme",
        ));
    }
    if answers.key_id != key.id() {
        let (of, this) = (answers.key_id, key.id());
        return Err(Trouble::Key(both(
            format!("svarene gælder tokens af nøgle {of}, dette er nøgle {this}"),
            format!("the answers are to tokens of key {of}, this is key {this}"),
        )));
    }
    let followup = programme.followup(&answers.followup).ok_or_else(|| {
        wrong("er af en opfølgning, som programmet ikke har", "is of a follow-up that the programme has not")
    })?;
    let events = referring(&programme, followup, &answers.dataset)?;
    let mut of: HashMap<Token, &Answer> = HashMap::new();
    for answer in &answers.answers {
        let token = Token::parse(answer.token.as_bytes())
            .map_err(|_| wrong("har et beskadiget token", "holds a damaged token"))?;
        of.insert(token, answer);
    }
    let wanted = Wanted {
        not_contacted: arguments.not_contacted,
        ended_unreached: arguments.ended_unreached,
        consent_ends: arguments.consent_ends,
    };
    let asked_on = answers.asked_at.day();

    let source = Source::from_argument(&arguments.file);
    let job = arguments.own.job(&source, &programme, &answers.partner, &answers.dataset)?;
    let created = arguments.dry.create_private(&arguments.out)?;
    let kept_file = created.is_some();
    let target = Target(created);
    let writer = std::cell::RefCell::new(None);
    let csv_trouble = |error: csv::Error| file(&arguments.out)(error.into());
    let (mut rows, mut met) = (0u64, BTreeSet::new());
    let mut why: BTreeMap<Reason, BTreeSet<Token>> = BTreeMap::new();
    let mut kept = BTreeSet::new();
    let read = reread::<Trouble>(
        &job,
        &key,
        |header, separator| {
            let mut to = csv::WriterBuilder::new().delimiter(separator).flexible(true).from_writer(target);
            let titles = followup.statuses.iter().map(|status| language.of(&status.title).to_owned());
            let mut line: Vec<String> = header.iter().cloned().chain(titles).collect();
            line.push(language.choose("Eget samtykke til og med", "Own consent to and including").to_owned());
            line.push(language.choose("På arbejdslisten fordi", "On the worklist because").to_owned());
            to.write_record(&line).map_err(csv_trouble)?;
            *writer.borrow_mut() = Some((to, header.len()));
            Ok(())
        },
        |record, about| {
            let about = about.filter(|about| events.iter().any(|event| about.fits(event)));
            let Some(person) = about.and_then(|about| about.person) else { return Ok(()) };
            let Some(answer) = of.get(&person) else { return Ok(()) };
            met.insert(person);
            let reasons = reasons(followup, answer.referred, &answer.told, asked_on, wanted);
            if !wanted.everything() && reasons.is_empty() {
                return Ok(());
            }
            for reason in &reasons {
                why.entry(*reason).or_default().insert(person);
            }
            kept.insert(person);
            rows += 1;
            let mut writer = writer.borrow_mut();
            let (to, columns) = writer.as_mut().expect("the header comes before the rows");
            let mut line: Vec<Vec<u8>> = record.iter().map(|field| field.to_vec()).collect();
            line.resize(*columns, Vec::new());
            for status in &followup.statuses {
                let told = answer.told.statuses.contains(&status.id);
                line.push(if told { language.choose("ja", "yes") } else { "" }.into());
            }
            line.push(match answer.told.consent_ends {
                Some(Day::MAX) => language.choose("uden udløb", "no end").into(),
                ends => ends.map(|day| day.to_string()).unwrap_or_default().into(),
            });
            let words: Vec<&str> = reasons.iter().map(|r| reason(*r, language)).collect();
            line.push(words.join(", ").into());
            to.write_record(&line).map_err(csv_trouble)
        },
    );
    let read = read.or_else(|trouble| {
        if kept_file {
            std::fs::remove_file(&arguments.out).map_err(file(&arguments.out))?;
        }
        Err(trouble)
    })?;
    let (to, _) = writer.into_inner().expect("a file with a header was read");
    let target = to.into_inner().map_err(|error| file(&arguments.out)(error.into_error()))?;
    target.done().map_err(file(&arguments.out))?;

    if read.rejected > 0 {
        say_rejected(read.rejected, read.rows);
    }
    tell!(
        "spurgt    om {} person(er) den {asked_on} som {}",
        "asked     {} person(s) on {asked_on} as {}",
        answers.answers.len(),
        answers.label
    );
    tell!("fundet    {} af dem i udtrækket", "met       {} of them in the extract", met.len());
    for status in &followup.statuses {
        let told = met.iter().filter(|person| of[*person].told.statuses.contains(&status.id)).count();
        out!("{told:>9} {}", language.of(&status.title));
    }
    for (of, persons) in &why {
        out!("{:>9} {}", persons.len(), reason(*of, language));
    }
    if arguments.dry.on() {
        return Ok(Done::Clean);
    }
    tell!(
        "skrevet   {rows} række(r) om {} person(er) til {}",
        "written   {rows} row(s) of {} person(s) to {}",
        kept.len(),
        arguments.out.display()
    );
    Ok(Done::Clean)
}
