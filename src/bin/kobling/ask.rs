//! `kobling ask`: a registered question, as a table, CSV or JSON.

use clap::{Args, ValueEnum};
use kobling::client::{Answer, parse};
use kobling::clock::Period;
use kobling::name::{DimensionId, PopulationId, QuestionId};

use crate::exit::{Done, Outcome};
use crate::send::Service;

/// `kobling ask funnel --by role --period 2022-Q1..2022-Q4 --service URL --token-file FILE`
#[derive(Args)]
pub(crate) struct AskArguments {
    /// The question, for instance reach, funnel or overlap.
    question: QuestionId,
    #[command(flatten)]
    service: Service,
    /// Dimension to break the answer down by; several are separated by commas.
    #[arg(long, value_delimiter = ',')]
    by: Vec<DimensionId>,
    /// Whole quarters, for instance 2022-Q1..2022-Q4.
    #[arg(long)]
    period: Period,
    /// Population to narrow the question to.
    #[arg(long)]
    population: Option<PopulationId>,
    /// Form of the answer.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

pub(crate) fn run(arguments: &AskArguments) -> Outcome {
    let client = arguments.service.connect()?;
    let ask = serde_json::json!({
        "by": arguments.by,
        "period": arguments.period,
        "population": arguments.population,
    });
    let body = client.ask(&arguments.question, &ask)?;
    match arguments.format {
        Format::Json => out!("{}", String::from_utf8_lossy(&body)),
        Format::Table => out!("{}", parse::<Answer>(&body)?.to_table().trim_end()),
        Format::Csv => out!("{}", parse::<Answer>(&body)?.to_csv().trim_end()),
    }
    Ok(Done::Clean)
}
