//! `kobling access`: everything that the service holds of one person from this partner, to be handed to the person.

use clap::Args;
use kobling::client::parse;
use kobling::clock::{Clock as _, Day, SystemClock};
use kobling::consent::{ConsentsHeld, EventKind, Held, HeldRequest};
use kobling::id::{Identifier, LeadingZero};
use kobling::language::{Language, Spoken as _};
use kobling::programme::BasisKind;
use kobling::token::Tokeniser;

use crate::exit::{Done, Outcome, Trouble, both};
use crate::person::{Person, Who};
use crate::say::language;
use crate::send::Service;

/// Who asks about whom, and why.
#[derive(Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    person: Person,
    /// Your own note of who asks or which case it is: 1 to 64 bytes, no CPR number. It is kept in the audit chain.
    #[arg(long)]
    purpose_note: String,
}

/// `kobling access --purpose-note LABEL …`
#[derive(Args)]
pub(crate) struct AccessArguments {
    #[command(flatten)]
    asking: Asking,
    /// Language of the print; that of --lang when not given.
    #[arg(long, hide = true)]
    language: Option<Language>,
    /// Write the service's answer as it came.
    #[arg(long)]
    json: bool,
}

impl Asking {
    /// Asks for a person's consents, or for everything; the answer as it came.
    pub(crate) fn ask(&self, everything: bool) -> Result<Vec<u8>, Trouble> {
        let (_, _, key, signing) = self.who.load()?;
        let client = self.service.connect()?;
        let cpr = self.person.read()?;
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
        Tokeniser::new(&key, self.who.partner()?, self.who.partner()?).person(&id).write_to(&mut token);
        let token = String::from_utf8(token).expect("a token's text is ASCII");
        let request = HeldRequest { key_id: key.id(), token, note: self.purpose_note.clone() };
        Ok(client.held(everything, &request, &signing)?)
    }
}

pub(crate) fn run(arguments: &AccessArguments) -> Outcome {
    let body = arguments.asking.ask(true)?;
    if arguments.json {
        out!("{}", String::from_utf8_lossy(&body));
        return Ok(Done::Clean);
    }
    let held: Held = parse(&body)?;
    for line in lines(&held, arguments.language.unwrap_or_else(language)) {
        out!("{line}");
    }
    Ok(Done::Clean)
}

/// The print: plain lines, without a number of anybody.
fn lines(held: &Held, language: Language) -> Vec<String> {
    let say = |da: &'static str, en: &'static str| language.choose(da, en);
    let mut lines = vec![say("INDSIGT I PERSONOPLYSNINGER", "ACCESS TO PERSONAL DATA").to_owned()];
    lines.push(format!(
        "{} {} ({})",
        say("Hvad koblingstjenesten har om dig fra", "What the linkage service holds of you from"),
        held.consents.partner,
        held.consents.at
    ));
    lines.push(String::new());
    lines.push(say("Rækker", "Rows").to_owned());
    for dataset in &held.datasets {
        let span = match (dataset.first, dataset.last) {
            (Some(first), Some(last)) => format!(", {first} {} {last}", say("til", "to")),
            _ => String::new(),
        };
        let (title, rows, about) = (language.of(&dataset.title), dataset.rows, say("om dig", "about you"));
        let mut line = match rows {
            0 => format!("  {title}: {}", say("ingen", "none")),
            _ => format!("  {title}: {rows} {about}"),
        };
        if dataset.withheld {
            line += say(
                ", rækker ikke beholdt (afvist ved modtagelsen eller slettet)",
                ", rows not kept (turned away on arrival, or erased)",
            );
        }
        if let Some(day) = dataset.erased_by {
            line += say(
                "; er ude af alle svar og slettes overalt senest ",
                "; out of every answer, and erased everywhere by ",
            );
            line += &day.to_string();
        }
        lines.push(line + &span);
    }
    if !held.aliases.is_empty() {
        let approved = held.aliases.iter().filter(|alias| alias.approved_at.is_some()).count();
        lines.push(format!(
            "  {}: {} ({} {approved})",
            say(
                "Meldt, at to af dine numre er samme person",
                "Reported that two of your numbers are one person"
            ),
            held.aliases.len(),
            say("godkendt:", "approved:")
        ));
    }
    lines.push(String::new());
    lines.extend(lines_of_consents(&held.consents, language));
    if !held.lookups.is_empty() {
        lines.push(String::new());
        lines.push(
            say("Opfølgning, som vi selv har spurgt om", "Follow-up that we asked about ourselves")
                .to_owned(),
        );
        lines.extend(held.lookups.iter().map(|l| format!("  {}  {}  {}", l.at, l.followup, l.label)));
    }
    lines.push(String::new());
    lines.push(say("Hvad datasættene bruges til", "What the datasets are used for").to_owned());
    for used in &held.uses {
        lines.push(format!(
            "  {}: {} ({}; {}: {})",
            match used.kind.as_str() {
                "follow-up" => say("Opfølgning", "Follow-up"),
                _ => say("Spørgsmål", "Question"),
            },
            language.of(&used.title),
            language.of(&used.purpose_title),
            say("for", "for"),
            join(&used.recipients)
        ));
    }
    lines
}

/// What was said, and what it permits today.
pub(crate) fn lines_of_consents(held: &ConsentsHeld, language: Language) -> Vec<String> {
    let say = |da: &'static str, en: &'static str| language.choose(da, en);
    let all = |names: String| if names.is_empty() { say("alle", "all").to_owned() } else { names };
    let mut lines = vec![say("Samtykker", "Consents").to_owned()];
    if held.events.is_empty() {
        lines.push(format!("  {}", say("ingen", "none")));
    }
    for entry in &held.events {
        let event = &entry.event;
        let mut line = format!(
            "  {}  {}  {}: {} / {} / {}",
            event.at.day(),
            event.record.as_str(),
            kind(event.kind, language),
            all(join(&event.purposes)),
            all(join(&event.recipients)),
            all(join(&event.datasets))
        );
        if event.kind.is_permit() {
            let valid = (event.valid_from, event.valid_to);
            line += &format!("; {} {}", say("gælder", "valid"), span(valid.0, valid.1));
            let rows = (event.rows.from.unwrap_or(event.valid_from), event.rows.to);
            line += &format!("; {} {}", say("rækker", "rows"), span(rows.0, rows.1));
        }
        line += &format!("; {} {}", say("opbevares til", "kept until"), event.retention_until);
        if let Some(names) = &event.names {
            line += &format!("; {} {}", say("om", "about"), names.as_str());
        }
        lines.push(line);
    }
    lines.push(say("Tilladt i dag", "Permitted today").to_owned());
    for permit in &held.permits {
        let answer = match (permit.basis, permit.permitted) {
            (BasisKind::Consent, true) if permit.rows.is_empty() => {
                say("ja, men ingen rækker", "yes, but no rows").to_owned()
            }
            (BasisKind::Consent, true) => {
                let rows: Vec<String> = permit.rows.iter().map(|s| span(s.from, s.to)).collect();
                format!("{} {}", say("ja, rækker", "yes, rows"), rows.join(", "))
            }
            (BasisKind::Consent, false) => say("nej", "no").to_owned(),
            (BasisKind::Statistics, _) => {
                say("uden samtykke, til statistik", "without consent, for statistics").to_owned()
            }
            (BasisKind::Task, _) => {
                say("uden samtykke, som myndighedsopgave", "without consent, as a public task").to_owned()
            }
        };
        lines.push(format!(
            "  {} / {} / {}: {answer} ({})",
            permit.dataset, permit.purpose, permit.recipient, permit.rests_on
        ));
    }
    lines
}

fn kind(kind: EventKind, language: Language) -> &'static str {
    match kind {
        EventKind::Requested => language.choose("spurgt", "asked"),
        EventKind::Given => language.choose("ja", "yes"),
        EventKind::Refused => language.choose("nej", "no"),
        EventKind::Withdrawn => language.choose("trukket tilbage", "withdrawn"),
        EventKind::Expired => language.choose("udløbet", "run out"),
        EventKind::Invalidated => language.choose("ugyldigt", "found not valid"),
        EventKind::Renewed => language.choose("fornyet", "renewed"),
    }
}

fn span(from: Day, to: Option<Day>) -> String {
    format!("{from}..{}", to.map(|to| to.to_string()).unwrap_or_default())
}

fn join<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
