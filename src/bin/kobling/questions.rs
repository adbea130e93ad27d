//! `kobling questions`: what can be asked.

use clap::{Args, ValueEnum};
use kobling::answer::{RegisteredQuestion, list_questions};
use kobling::client::parse;
use kobling::language::Language;

use crate::ask::Lang;
use crate::exit::{Done, Outcome};
use crate::send::Service;

/// `kobling questions --lang da --service URL --token-file FILE`
#[derive(Args)]
pub(crate) struct QuestionsArguments {
    #[command(flatten)]
    service: Service,
    /// Language of titles and words.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
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
    let language: Language = arguments.lang.into();
    out!("{}", list_questions(&questions, language).trim_end());
    Ok(Done::Clean)
}
