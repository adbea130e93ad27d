//! `kobling payment`: statements of payment, made, listed and verified.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kobling::answer::Statement;
use kobling::audit::SignedStatement;
use kobling::client::parse;
use kobling::clock::Period;
use kobling::key::VerifyingKey;
use kobling::name::QuestionId;

use crate::exit::{Done, Outcome, Trouble, both, file};
use crate::say::language;
use crate::send::Service;
use crate::write::{Dry, Over};

/// Commands on statements of payment.
#[derive(Subcommand)]
pub(crate) enum PaymentCommand {
    /// Have a payment stated for everybody enrolled in a period; it is final. Asked again, it is the same.
    State(State),
    /// Every statement made so far.
    List(List),
    /// Verify and read a statement that was saved.
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
    #[command(flatten)]
    dry: Dry,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    service: Service,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// The statement.
    file: PathBuf,
    /// The service's public key, as the steward gave it to you: 43 characters, and the first may be a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    service_public: VerifyingKey,
}

pub(crate) fn run(command: &PaymentCommand) -> Outcome {
    match command {
        PaymentCommand::State(arguments) => {
            let path = format!("/v1/payments/{}", arguments.question);
            let client = arguments.service.connect()?;
            if let Some(path) = &arguments.save {
                arguments.dry.may_take(path, Over::Always)?;
            }
            let body = serde_json::json!({ "period": arguments.period });
            let (question, period) = (&arguments.question, arguments.period);
            let da = format!("ville bede om en endelig opgørelse af {question} for {period}");
            let en = format!("would ask for a final statement of {question} for {period}");
            if !arguments.dry.sends(da, en) {
                if let Some(path) = &arguments.save {
                    arguments.dry.would(path);
                }
                return Ok(Done::Clean);
            }
            let body = client.post(&path, body.to_string().as_bytes(), None)?;
            let signed: SignedStatement = parse(&body)?;
            if let Some(path) = &arguments.save {
                arguments.dry.file(path, &body, Over::Always)?;
            }
            show(&signed)
        }
        PaymentCommand::List(arguments) => {
            let made: Vec<SignedStatement> = parse(&arguments.service.connect()?.fetch("/v1/payments")?)?;
            for signed in &made {
                show(signed)?;
            }
            if made.is_empty() {
                tell!("der er ikke lavet nogen opgørelse", "no statement has been made");
            }
            Ok(Done::Clean)
        }
        PaymentCommand::Verify(arguments) => {
            let bytes = std::fs::read(&arguments.file).map_err(file(&arguments.file))?;
            let wrong = |_| {
                let path = arguments.file.display();
                Trouble::Files(both(
                    format!("{path}: indeholder ingen opgørelse"),
                    format!("{path}: holds no statement"),
                ))
            };
            let signed: SignedStatement = serde_json::from_slice(&bytes).map_err(wrong)?;
            signed
                .verify(&arguments.service_public)
                .map_err(|error| {
                    let danish = "opgørelsen er ikke underskrevet af denne tjeneste, eller er ændret siden; sammenlign tjenestens fingeraftryk";
                    Trouble::Key(both(danish, error.to_string()))
                })?;
            tell!("underskrift god\n", "signature  good\n");
            show(&signed)
        }
    }
}

fn show(signed: &SignedStatement) -> Outcome {
    let statement: Statement = parse(signed.statement.as_bytes())?;
    out!("{}", statement.to_text(language()));
    Ok(Done::Clean)
}
