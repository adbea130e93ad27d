//! `koblingd programme check`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use kobling::disclosure::{Rules, Settings};
use kobling::extract::manifest::Sha256Hex;
use kobling::programme::{Banding, Payment, PaymentMode, QuestionKind, payment_reach};

use crate::exit::Failure;

/// Cohorts for which the amounts of a contract are printed.
const COHORTS: [u32; 4] = [25, 50, 100, 200];

/// Programme definitions.
#[derive(Subcommand)]
pub(crate) enum Programme {
    /// Check a definition as a whole; every finding names line and field. Of each payment question it prints what a
    /// cohort can ever be paid, and of dates that are finer than anything needs a note.
    Check {
        /// The definition.
        file: PathBuf,
    },
}

impl Programme {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Programme::Check { file } = self;
        let (_, programme) = read(&file)?;
        println!("{}: sound", file.display());
        println!("programme: {} version {}", programme.id, programme.version);
        println!("sha256: {}", Sha256Hex::from_bytes(programme.sha256));
        println!(
            "{} partners, {} datasets, {} questions",
            programme.partners.len(),
            programme.datasets.len(),
            programme.questions.len()
        );
        for note in programme.notes() {
            println!("note: {}: {}", note.field, note.message);
        }
        let banding = banding(&programme)?;
        for question in &programme.questions {
            if let QuestionKind::Payment(payment) = &question.kind {
                print_reach(question.id.as_str(), payment, banding);
            }
        }
        Ok(())
    }
}

/// How successes count under the programme's own rules.
fn banding(programme: &kobling::programme::Programme) -> Result<Banding, Failure> {
    let settings = Settings::from(&programme.disclosure);
    let rules = Rules::checked(&settings).map_err(|error| Failure::Configuration(error.to_string()))?;
    Ok(kobling::disclosure::banding(&rules))
}

fn print_reach(id: &str, payment: &Payment, banding: Banding) {
    println!();
    println!(
        "payment {id}: tranches of {}, together {} to {} kr.; in force: {}",
        payment.tranche,
        kroner(payment.floor),
        kroner(payment.cap),
        word(payment.mode)
    );
    println!("from so many successes (s) an indicator pays, in kr., before cap and floor over all:");
    for units in COHORTS {
        for indicator in &payment.indicators {
            for mode in [PaymentMode::Banded, PaymentMode::Verified] {
                let reached = payment_reach(payment, indicator, mode, units, banding);
                let steps: Vec<_> = reached
                    .iter()
                    .skip(1)
                    .map(|step| format!("s {}: {}", step.successes, kroner(step.amount)))
                    .collect();
                let steps = if steps.is_empty() { "nothing, ever".to_owned() } else { steps.join("; ") };
                println!("  N {units:<4} {:<24} {:<9} {steps}", indicator.id, word(mode));
            }
        }
    }
}

const fn word(mode: PaymentMode) -> &'static str {
    match mode {
        PaymentMode::Banded => "banded",
        PaymentMode::Verified => "verified",
    }
}

/// Kroner of an amount in øre, the whole ones in groups of three.
fn kroner(oere: u64) -> String {
    let whole = (oere / 100).to_string();
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match oere % 100 {
        0 => text,
        rest => format!("{text}.{rest:02}"),
    }
}

/// Reads and checks a definition.
pub(crate) fn read(path: &Path) -> Result<(String, kobling::programme::Programme), Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Files(format!("{}: cannot be read: {error}", path.display())))?;
    let programme = kobling::programme::Programme::parse(&text)
        .map_err(|error| Failure::Configuration(format!("{}: {error}", path.display())))?;
    Ok((text, programme))
}
