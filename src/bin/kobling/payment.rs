//! `kobling payment`: statements of payment, made, listed and verified.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kobling::answer::Statement;
use kobling::audit::SignedStatement;
use kobling::client::parse;
use kobling::clock::Period;
use kobling::key::VerifyingKey;
use kobling::name::QuestionId;

use crate::ask::Lang;
use crate::exit::{Done, Outcome, Trouble, file};
use crate::send::Service;

/// Commands on statements of payment.
#[derive(Subcommand)]
pub(crate) enum PaymentCommand {
    /// Have a payment stated for everybody enrolled in a period; it is final. Asked again, it is the same.
    /// Example: kobling payment state payment --period 2022-Q1..2022-Q4 --save statement.json --service URL --token-file FILE
    State(State),
    /// Every statement made so far.
    List(List),
    /// Verify and read a statement that was saved.
    /// Example: kobling payment verify statement.json --service-public KEY --lang da
    Verify(Verify),
}

#[derive(Args)]
pub(crate) struct State {
    /// The payment question.
    question: QuestionId,
    /// Whole quarters of enrolment, for instance 2022-Q1..2022-Q4.
    #[arg(long)]
    period: Period,
    /// Keep the statement, as it was signed, in this file.
    #[arg(long)]
    save: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
    /// Language of the statement.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    service: Service,
    /// Language of the statements.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// The statement.
    file: PathBuf,
    /// The service's public key, as the steward gave it to you: 43 characters, and the first may be a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    service_public: VerifyingKey,
    /// Language of the statement.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
}

pub(crate) fn run(command: &PaymentCommand) -> Outcome {
    match command {
        PaymentCommand::State(arguments) => {
            let path = format!("/v1/payments/{}", arguments.question);
            let body = serde_json::json!({ "period": arguments.period });
            let body = arguments.service.connect()?.post(&path, body.to_string().as_bytes(), None)?;
            let signed: SignedStatement = parse(&body)?;
            if let Some(path) = &arguments.save {
                std::fs::write(path, &body).map_err(file(path))?;
            }
            show(&signed, arguments.lang)
        }
        PaymentCommand::List(arguments) => {
            let made: Vec<SignedStatement> = parse(&arguments.service.connect()?.fetch("/v1/payments")?)?;
            for signed in &made {
                show(signed, arguments.lang)?;
            }
            if made.is_empty() {
                out!("no statement has been made");
            }
            Ok(Done::Clean)
        }
        PaymentCommand::Verify(arguments) => {
            let bytes = std::fs::read(&arguments.file).map_err(file(&arguments.file))?;
            let wrong = |_| {
                Trouble::Files(crate::exit::english(format!(
                    "{}: holds no statement",
                    arguments.file.display()
                )))
            };
            let signed: SignedStatement = serde_json::from_slice(&bytes).map_err(wrong)?;
            signed
                .verify(&arguments.service_public)
                .map_err(|error| Trouble::Key(crate::exit::english(error)))?;
            out!("signature  good\n");
            show(&signed, arguments.lang)
        }
    }
}

fn show(signed: &SignedStatement, lang: Lang) -> Outcome {
    let statement: Statement = parse(signed.statement.as_bytes())?;
    out!("{}", statement.to_text(lang.into()));
    Ok(Done::Clean)
}
