//! `kobling questions`: what can be asked.

use clap::{Args, ValueEnum};
use kobling::answer::{RegisteredQuestion, list_questions};
use kobling::client::parse;

use crate::exit::{Done, Outcome};
use crate::say::language;
use crate::send::Service;

#[derive(Args)]
pub(crate) struct QuestionsArguments {
    #[command(flatten)]
    service: Service,
    /// Form of the list.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// For a terminal, with the definition of each below.
    Table,
    /// As the service gave it.
    Json,
}

pub(crate) fn run(arguments: &QuestionsArguments) -> Outcome {
    let body = arguments.service.connect()?.fetch("/v1/questions")?;
    if matches!(arguments.format, Form::Json) {
        out!("{}", String::from_utf8_lossy(&body));
        return Ok(Done::Clean);
    }
    let questions: Vec<RegisteredQuestion> = parse(&body)?;
    out!("{}", list_questions(&questions, language()).trim_end());
    Ok(Done::Clean)
}
