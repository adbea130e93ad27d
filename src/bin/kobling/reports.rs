//! `kobling reports`: standing reports, made once a quarter by the service itself.

use clap::{Args, Subcommand};
use kobling::answer::Answer;
use kobling::client::parse;
use kobling::name::QuestionId;

use crate::exit::{Done, Outcome};
use crate::say::language;
use crate::send::Service;

/// Commands on standing reports.
#[derive(Subcommand)]
pub(crate) enum ReportsCommand {
    /// The reports made for your organisation.
    List(List),
    /// One of them.
    Show(Show),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    service: Service,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The question.
    question: QuestionId,
    /// The quarter, for instance 2022-Q1.
    quarter: kobling::clock::Quarter,
    #[command(flatten)]
    service: Service,
    /// As the service made it: `kobling ask --answer FILE` turns it into every other form.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Deserialize)]
struct Made {
    question: String,
    quarter: String,
    made_at: String,
}

pub(crate) fn run(command: &ReportsCommand) -> Outcome {
    match command {
        ReportsCommand::List(arguments) => {
            let made: Vec<Made> = parse(&arguments.service.connect()?.fetch("/v1/reports")?)?;
            for report in &made {
                tell!(
                    "{:<10} {:<32} lavet {}",
                    "{:<10} {:<32} made {}",
                    report.quarter,
                    report.question,
                    report.made_at
                );
            }
            if made.is_empty() {
                tell!(
                    "der er ikke lavet nogen rapport: det bliver de ved den første forsegling efter et kvartals udgang",
                    "no report has been made: they are, at the first seal after a quarter has ended"
                );
            }
        }
        ReportsCommand::Show(arguments) => {
            let path = format!("/v1/reports/{}/{}", arguments.question, arguments.quarter);
            let body = arguments.service.connect()?.fetch(&path)?;
            if arguments.json {
                out!("{}", String::from_utf8_lossy(&body));
            } else {
                out!("{}", parse::<Answer>(&body)?.to_table(language()).trim_end());
            }
        }
    }
    Ok(Done::Clean)
}
