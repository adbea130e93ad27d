//! `kobling ask`: registered questions, as tables, files or one page; and answers that were kept.

mod form;

use std::path::{Path, PathBuf};

use clap::Args;
use kobling::answer::{Answer, AskList, OneAsk, Report, verify};
use kobling::client::{ClientError, parse};
use kobling::clock::Period;
use kobling::language::{Language, Spoken};
use kobling::name::{DimensionId, PopulationId, QuestionId};

use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::say::language;
use crate::settings::Service;
use crate::write::{Dry, Over};
use form::{Csv, Form};

#[derive(Args)]
pub(crate) struct AskArguments {
    /// The question, for instance reach, funnel or overlap; several for a report.
    #[arg(conflicts_with_all = ["from", "answer", "verify"])]
    questions: Vec<QuestionId>,
    #[command(flatten)]
    service: Service,
    /// Dimension to break the answer down by; several are separated by commas.
    #[arg(long, value_delimiter = ',')]
    by: Vec<DimensionId>,
    /// Whole quarters, for instance 2022-Q1..2022-Q4.
    #[arg(long)]
    period: Option<Period>,
    /// Population to narrow the question to.
    #[arg(long)]
    population: Option<PopulationId>,
    /// Take the questions from this file: TOML with an [[ask]] for each.
    #[arg(long, conflicts_with_all = ["by", "population", "answer", "verify"])]
    from: Option<PathBuf>,
    /// Show an answer that was kept as JSON instead of asking; several for a report.
    #[arg(long, conflicts_with_all = ["by", "period", "population", "service", "verify"])]
    answer: Vec<PathBuf>,
    /// Recompute the hash of an answer that was kept as JSON, and say whether it is as it was released.
    #[arg(long, exclusive = true)]
    verify: Option<PathBuf>,
    /// Form of the answer. XLSX and Parquet need --output.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// How CSV separates fields and writes numbers.
    #[arg(long, value_enum, default_value_t = Csv::International)]
    csv: Csv,
    /// In CSV and Parquet, give the title of each code beside it.
    #[arg(long)]
    labels: bool,
    /// Write the answer to this file.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Write all answers as one HTML page to this file.
    #[arg(long, conflicts_with_all = ["output", "format", "csv", "labels"])]
    report: Option<PathBuf>,
    /// Title of the page.
    #[arg(long, requires = "report")]
    title: Option<String>,
    /// Write over a file that is already there.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    dry: Dry,
}

pub(crate) fn run(arguments: &AskArguments) -> Outcome {
    if let Some(path) = &arguments.verify {
        let hash = verify(&std::fs::read(path).map_err(file(path))?).map_err(|e| in_file(path, &e))?;
        out!("sha256     {hash}");
        tell!("svar       som det blev frigivet", "answer     as it was released");
        return Ok(Done::Clean);
    }
    // Before anything is asked: an answer that cannot be shown would have used the ledger for nothing.
    if arguments.report.is_none() {
        arguments.format.check(arguments.output.is_some())?;
    }
    // Nor may one be lost for want of a place to put it.
    if let Some(path) = arguments.report.as_ref().or(arguments.output.as_ref()) {
        arguments.dry.may_take(path, Over::Replace(arguments.replace))?;
    }
    let list = match &arguments.from {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(file(path))?;
            Some(AskList::parse(&text).map_err(|error| usage(path, &error))?)
        }
        None => None,
    };
    let bodies = if arguments.answer.is_empty() {
        match asked(arguments, list.as_ref())? {
            Some(bodies) => bodies,
            None => return Ok(Done::Clean),
        }
    } else {
        let read =
            |path: &PathBuf| Ok((path.display().to_string(), std::fs::read(path).map_err(file(path))?));
        arguments.answer.iter().map(read).collect::<Result<Vec<_>, Trouble>>()?
    };
    let language = language();
    if let Some(path) = &arguments.report {
        let answers =
            bodies.iter().map(|(from, body)| read(from, body)).collect::<Result<Vec<Answer>, Trouble>>()?;
        let title = arguments.title.clone().or(list.and_then(|list| list.title));
        let title = title.unwrap_or_else(|| language.choose("Svar", "Answers").to_owned());
        let page = Report { title, language, answers }.to_html();
        arguments.dry.file(path, page.as_bytes(), Over::Replace(arguments.replace))?;
        return Ok(Done::Clean);
    }
    let [(from, body)] = &bodies[..] else {
        return Err(Trouble::Usage(both(
            "flere svar bliver en rapport: angiv --report FIL, eller stil ét spørgsmål",
            "several answers make a report: give --report FILE, or ask one question",
        )));
    };
    let bytes = if arguments.format == Form::Json {
        let mut bytes = body.clone();
        bytes.push(b'\n');
        bytes
    } else {
        let labels = arguments.labels.then_some(language);
        arguments.format.render(&read(from, body)?, body, language, arguments.csv, labels)?
    };
    match &arguments.output {
        Some(path) => arguments.dry.file(path, &bytes, Over::Replace(arguments.replace))?,
        None => {
            use std::io::Write as _;
            // A reader that has gone away is no trouble.
            let _ = std::io::stdout().write_all(&bytes);
        }
    }
    Ok(Done::Clean)
}

/// Answers as they came, each with where it came from.
type Bodies = Vec<(String, Vec<u8>)>;

/// Asks, question by question. Nothing in a dry run.
fn asked(arguments: &AskArguments, list: Option<&AskList>) -> Result<Option<Bodies>, Trouble> {
    let asks = match (list, &arguments.from) {
        (Some(list), Some(path)) => list.asks(arguments.period).map_err(|error| usage(path, &error))?,
        _ => from_arguments(arguments)?,
    };
    if asks.len() > 1 && arguments.report.is_none() {
        return Err(Trouble::Usage(both(
            "flere spørgsmål bliver en rapport: angiv --report FIL, eller stil ét spørgsmål",
            "several questions make a report: give --report FILE, or ask one question",
        )));
    }
    let client = arguments.service.connect()?;
    let one = |ask: &OneAsk| {
        let body = serde_json::to_value(ask).expect("a question is plain data");
        let answer = client.ask(&ask.question, &body);
        let answer = answer.map_err(|error| refused(&ask.question, error))?;
        Ok((ask.question.to_string(), answer))
    };
    let mut sends = true;
    for OneAsk { question, by, period, population } in &asks {
        let names =
            |names: &[DimensionId]| names.iter().map(DimensionId::as_str).collect::<Vec<_>>().join(",");
        let by = if by.is_empty() { String::new() } else { format!(" --by {}", names(by)) };
        let of = population.as_ref().map(|of| format!(" --population {of}")).unwrap_or_default();
        let what = format!("{question}{by}{of} --period {period}");
        sends = arguments.dry.sends(
            format!("ville spørge om {what}; svaret ville blive ført i frigivelsesbogen"),
            format!("would ask {what}; the answer would be entered in the release ledger"),
        );
    }
    if !sends {
        if let Some(path) = arguments.report.as_ref().or(arguments.output.as_ref()) {
            arguments.dry.would(path);
        }
        return Ok(None);
    }
    asks.iter().map(one).collect::<Result<Vec<_>, Trouble>>().map(Some)
}

fn from_arguments(arguments: &AskArguments) -> Result<Vec<OneAsk>, Trouble> {
    if arguments.questions.is_empty() {
        return Err(Trouble::Usage(both(
            "hvad spørges der om? Nævn et spørgsmål (kobling questions viser dem), eller angiv --from, --answer eller --verify",
            "what is asked? Name a question (kobling questions lists them), or give --from, --answer or --verify",
        )));
    }
    let Some(period) = arguments.period else {
        return Err(Trouble::Usage(both(
            "angiv --period, for eksempel --period 2022-Q1..2022-Q4",
            "give --period, for instance --period 2022-Q1..2022-Q4",
        )));
    };
    let one = |question: &QuestionId| OneAsk {
        question: question.clone(),
        by: arguments.by.clone(),
        period,
        population: arguments.population.clone(),
    };
    Ok(arguments.questions.iter().map(one).collect())
}

/// Reads an answer after its hash has been recomputed.
fn read(from: &str, body: &[u8]) -> Result<Answer, Trouble> {
    verify(body).map_err(|error| in_file(Path::new(from), &error))?;
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    parse(body).map_err(|_| {
        Trouble::Files(both(
            format!(
                "{from}: det er ikke et svar, som kan læses her; er det en opgørelse af betaling, eller af en nyere version? --format json giver det, som det kom"
            ),
            format!(
                "{from}: this is no answer that is understood here; is it a payment statement, or of a newer version? --format json gives it as it came"
            ),
        ))
    })
}

fn in_file(path: &Path, error: &dyn Spoken) -> Trouble {
    Trouble::Files(about(path, error))
}

fn usage(path: &Path, error: &dyn Spoken) -> Trouble {
    Trouble::Usage(about(path, error))
}

fn about(path: &Path, error: &dyn Spoken) -> Box<dyn Spoken> {
    let path = path.display();
    both(format!("{path}: {}", error.danish()), format!("{path}: {error}"))
}

/// A refusal of a question, in both languages where the service gave both.
pub(crate) fn refused(question: &QuestionId, error: ClientError) -> Trouble {
    let ClientError::Refused { status, code, title, detail, advice, da } = error else { return error.into() };
    let text = |language: Language| {
        let (title, advice) = match (language, &da) {
            (Language::Da, Some(words)) => (&words.title, words.advice.as_ref()),
            _ => (&title, advice.as_ref()),
        };
        let mut text = match language {
            Language::Da => format!("tjenesten afviste spørgsmålet {question} ({code}, {status}): {title}"),
            Language::En => {
                format!("the service refused the question {question} ({code}, {status}): {title}")
            }
        };
        if let Some(detail) = &detail {
            text += &format!("\n  {detail}");
        }
        if let Some(advice) = advice {
            text += &format!("\n  {}: {advice}", language.choose("råd", "advice"));
        }
        text += language.choose(
            "\n  kobling questions viser, hvad der kan spørges om",
            "\n  kobling questions shows what can be asked",
        );
        text
    };
    Trouble::Service(both(text(Language::Da), text(Language::En)))
}
