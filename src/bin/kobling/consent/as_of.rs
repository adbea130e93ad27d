//! `kobling consent as-of`: what this partner's records permitted of a person at a moment.

use clap::{Args, ValueEnum};
use kobling::clock::{Clock as _, SystemClock, Timestamp};
use kobling::consent::{AsOfQuestion, KnownAt};
use kobling::id::{Identifier, LeadingZero};
use kobling::language::Spoken as _;
use kobling::token::Tokeniser;

use crate::exit::{Done, Outcome, Trouble, both};
use crate::person::{Person, Who};
use crate::say::language;
use crate::send::Service;

/// `kobling consent as-of INSTANT …`
#[derive(Args)]
pub(crate) struct AsOf {
    /// The moment, as 2024-05-31T12:00:00Z; or a day, 2024-05-31 or 31-05-2024, at its first moment (UTC).
    #[arg(value_parser = crate::dates::moment)]
    moment: Timestamp,
    /// Whose knowledge: what was recorded by then, or also what came in since about that time.
    #[arg(long, value_enum, default_value_t = Known::Then)]
    known: Known,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    person: Person,
}

/// Whose knowledge.
#[derive(Clone, Copy, ValueEnum)]
enum Known {
    Then,
    Now,
}

pub(super) fn run(asked: &AsOf) -> Outcome {
    let (_, _, key, signing) = asked.who.load()?;
    let client = asked.service.connect()?;
    let cpr = asked.person.read()?;
    let id = Identifier::parse(cpr.trim().as_bytes(), SystemClock.today(), LeadingZero::Refuse).map_err(
        |reason| {
            Trouble::Files(both(
                format!("CPR-nummeret: {}", reason.danish()),
                format!("the CPR number: {reason}"),
            ))
        },
    )?;
    drop(cpr);
    let mut token = Vec::with_capacity(64);
    Tokeniser::new(&key, asked.who.partner()?, asked.who.partner()?).person(&id).write_to(&mut token);
    let question = AsOfQuestion {
        key_id: key.id(),
        token: String::from_utf8(token).expect("a token's text is ASCII"),
        moment: asked.moment,
        known: match asked.known {
            Known::Then => KnownAt::Then,
            Known::Now => KnownAt::Now,
        },
    };
    let answer = client.permission_as_of(&question, &signing)?;
    let language = language();
    tell!(
        "Tilladt {}, efter hvad der var registreret til og med {}",
        "Permitted at {}, by what was recorded up to {}",
        answer.moment,
        answer.known_at
    );
    for line in &answer.permissions {
        let rows: Vec<String> = line
            .rows
            .iter()
            .map(|rows| {
                let day =
                    |day: Option<kobling::clock::Day>| day.map(|day| day.to_string()).unwrap_or_default();
                format!("{}..{}", day(rows.from), day(rows.to))
            })
            .collect();
        let said = match (line.gate, rows.is_empty()) {
            (false, _) => language.choose("nej", "no").to_owned(),
            (true, true) => language.choose("ja, men ingen rækker", "yes, but no rows").to_owned(),
            (true, false) => format!("{} {}", language.choose("ja, rækker", "yes, rows"), rows.join(", ")),
        };
        out!("  {} / {} / {}: {said}", line.dataset, line.purpose, line.recipient);
    }
    Ok(Done::Clean)
}
