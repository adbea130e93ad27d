//! `kobling answers`: the steward's log of what was given to whom.

use clap::{Args, ValueEnum};
use kobling::answer::{AnswerLine, AnswerLog, answers_csv, list_answers};
use kobling::client::parse;
use kobling::clock::Day;
use kobling::name::QuestionId;

use crate::exit::{Done, Outcome};
use crate::say::language;
use crate::send::Service;

#[derive(Args)]
pub(crate) struct AnswersArguments {
    #[command(flatten)]
    service: Service,
    /// Lines of this day (UTC) and later.
    #[arg(long, value_parser = crate::dates::day)]
    since: Option<Day>,
    /// Lines of this question.
    #[arg(long)]
    question: Option<QuestionId>,
    /// Most lines, newest first.
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Form of the log.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal.
    Table,
    /// The lines as the service gave them, as one list.
    Json,
    /// For a spreadsheet.
    Csv,
}

pub(crate) fn run(arguments: &AnswersArguments) -> Outcome {
    let client = arguments.service.connect()?;
    let mut lines: Vec<serde_json::Value> = Vec::new();
    let mut before: Option<u64> = None;
    while lines.len() < arguments.limit {
        let mut asked: Vec<String> = Vec::new();
        asked.extend(before.map(|before| format!("before={before}")));
        asked.extend(arguments.since.map(|since| format!("since={since}")));
        asked.extend(arguments.question.as_ref().map(|question| format!("question={question}")));
        let body = client.fetch(&format!("/v1/answers/log?{}", asked.join("&")))?;
        let page: AnswerLog = parse(&body)?;
        let mut whole: serde_json::Value = parse(&body)?;
        if let serde_json::Value::Array(of_page) = whole["lines"].take() {
            lines.extend(of_page);
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    lines.truncate(arguments.limit);
    if arguments.format == Form::Json {
        out!("{:#}", serde_json::Value::Array(lines));
        return Ok(Done::Clean);
    }
    let lines: Vec<AnswerLine> = parse(serde_json::Value::Array(lines).to_string().as_bytes())?;
    match arguments.format {
        Form::Csv => out!("{}", answers_csv(&lines).trim_end()),
        _ => out!("{}", list_answers(&lines, language()).trim_end()),
    }
    Ok(Done::Clean)
}
