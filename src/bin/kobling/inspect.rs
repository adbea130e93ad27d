//! `kobling inspect DIR`: everything that a package would send, and whom it singles out.

use std::path::PathBuf;

use clap::Args;
use kobling::clock::{Clock as _, SystemClock};
use kobling::extract::Package;
use kobling::extract::inspect::{Combination, FEW, Inspection, Seen, inspect as look};
use kobling::extract::manifest::Manifest;
use kobling::language::Spoken as _;
use kobling::programme::Precision;
use kobling::secret::SystemRandom;

use crate::exit::{Done, Outcome};
use crate::extract::programme;
use crate::say::language;
use crate::settings::config;

/// Combinations that are shown; `--json` has all.
const WORST: usize = 10;

/// `kobling inspect DIR`
#[derive(Args)]
pub(crate) struct InspectArguments {
    /// The package's folder.
    package: PathBuf,
    /// Hold it against this programme definition as well: linkage key, columns, period; that of kobling.toml when not
    /// given.
    #[arg(long)]
    programme: Option<PathBuf>,
    /// Write it as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` writes: the manifest's head, and what was seen.
#[derive(serde::Serialize)]
struct Whole<'a> {
    package: &'a kobling::extract::manifest::Head,
    created: String,
    bytes: u64,
    #[serde(flatten)]
    seen: &'a Inspection,
}

pub(crate) fn inspect(arguments: &InspectArguments) -> Outcome {
    let path = arguments.programme.as_deref().or_else(|| config()?.programme.as_deref());
    let programme = path.map(programme).transpose()?;
    let package = Package::open(&arguments.package)?;
    let seen = look(&package, programme.as_ref(), SystemClock.now(), &mut SystemRandom::new())?;
    let manifest = &package.manifest;
    if arguments.json {
        let whole = Whole {
            package: &manifest.kobling,
            created: manifest.created.to_string(),
            bytes: manifest.resources[0].bytes,
            seen: &seen,
        };
        out!("{}", serde_json::to_string_pretty(&whole).expect("an inspection is plain data"));
        return Ok(Done::Clean);
    }
    head(manifest, &seen);
    tell!("kolonner, der forlader huset:", "columns that leave the house:");
    seen.columns.iter().for_each(|one| column(one, seen.rows));
    let path = package.data_path();
    tell!(
        "{} rækker af {}, præcis som de forlader huset; rækkefølgen er tilfældig:",
        "{} rows of {}, exactly as they leave; the order is random:",
        seen.sample.len(),
        path.display()
    );
    let names = seen.columns.iter().map(|one| one.field.name.as_str()).collect::<Vec<_>>();
    out!("  {}", names.join(","));
    seen.sample.iter().for_each(|line| out!("  {line}"));
    singled_out(&seen);
    for warning in &seen.warnings {
        tell!("OBS: {}", "WARNING: {}", warning.say(language()));
    }
    Ok(Done::Clean)
}

fn head(manifest: &Manifest, seen: &Inspection) {
    let head = &manifest.kobling;
    let count = |number: u64| language().count(number);
    tell!("program    {}", "programme  {}", head.programme);
    tell!("partner    {}", "partner    {}", head.partner);
    tell!("datasæt    {}", "dataset    {}", head.dataset);
    tell!("periode    {}", "period     {}", head.period);
    tell!("nøgle-id   {}", "key id     {}", head.key_id);
    tell!("lavet      {} af {}", "made       {} by {}", manifest.created, head.tool);
    match seen.signed {
        true => tell!("signatur   ja", "signed     yes"),
        false => tell!("signatur   ikke endnu", "signed     not yet"),
    }
    tell!(
        "rækker     {} sendes, {} afvist, {} gentaget",
        "rows       {} sent, {} rejected, {} repeated",
        count(head.rows.sent),
        count(head.rows.rejected),
        count(head.rows.duplicates)
    );
    let resource = &manifest.resources[0];
    tell!(
        "byte       {} i {} blok(ke)",
        "bytes      {} in {} block(s)",
        count(resource.bytes),
        resource.blocks.len()
    );
    for (kind, n) in &head.identifiers {
        tell!("           {} numre af arten {}", "           {} identifiers of kind {}", count(*n), kind);
    }
    tell!(
        "           {} rækker uden nummer",
        "           {} rows without an identifier",
        count(head.rows.anonymous)
    );
}

/// A column: what it is, how it leaves, and how full it is.
fn column(seen: &Seen, rows: u64) {
    let field = &seen.field;
    let filled = (seen.filled * 100).checked_div(rows).unwrap_or(0);
    let different = language().count(seen.different);
    let about = if seen.estimated { "~" } else { "" };
    tell!(
        "  {:<20} {:<16} {:<7} udfyldt i {:>3} %, {}{} forskellige; {}",
        "  {:<20} {:<16} {:<7} filled in {:>3} %, {}{} different; {}",
        field.name,
        field.role,
        field.kind,
        filled,
        about,
        different,
        leaves(seen)
    );
}

/// How a column leaves, in plain words.
fn leaves(seen: &Seen) -> &'static str {
    let (da, en) = match (seen.field.role.as_str(), seen.field.derived.as_deref(), seen.field.precision) {
        (_, Some("age-band"), _) => (
            "alder på dagen i intervaller, regnet ud her af CPR-nummeret",
            "age on the day, in bands, worked out here from the CPR number",
        ),
        (_, Some("sex"), _) => {
            ("køn, regnet ud her af CPR-nummeret", "sex, worked out here from the CPR number")
        }
        (_, Some("birth-year"), _) => {
            ("fødselsår, regnet ud her af CPR-nummeret", "year of birth, worked out here from the CPR number")
        }
        (_, Some(_), _) => {
            ("intervallet eller området; tallet bliver hjemme", "the band or area; the number stays at home")
        }
        ("person" | "related_person" | "case" | "staff" | "alias", ..) => {
            ("et token; nummeret bliver hjemme", "a token; the number stays at home")
        }
        ("date", _, Precision::Day) => ("dagen selv", "the day itself"),
        ("date", _, Precision::Week) => (
            "ugen: dens mandag (eller kvartalets første dag)",
            "the week: its Monday (or the quarter's first day)",
        ),
        ("date", _, Precision::Month) => ("måneden: dens første dag", "the month: its first day"),
        ("category", ..) => ("en kode fra programmets liste", "a code of the programme's list"),
        ("measure", ..) => ("tallet selv", "the number itself"),
        _ => ("som det står", "as it stands"),
    };
    language().choose(da, en)
}

/// Whom values taken together single out, the worst first.
fn singled_out(seen: &Inspection) {
    if seen.combinations.is_empty() {
        return;
    }
    tell!(
        "rækker, som få deler værdier med (højst tre kolonner sammen, de værste først):",
        "rows whose values few share (up to three columns together, the worst first):"
    );
    tell!(
        "  {:>14} {:>14} {:>14}  kolonner",
        "  {:>14} {:>14} {:>14}  columns",
        language().choose("<5 rækker", "<5 rows"),
        language().choose("<5 personer", "<5 persons"),
        language().choose("personer", "persons")
    );
    let shown = seen.combinations.iter().take(WORST).filter(|one| one.rows_of_few_persons > 0);
    let mut none = true;
    for one in shown {
        none = false;
        out!(
            "  {:>14} {:>14} {:>14}  {}",
            number(one, one.rows_of_few_rows),
            number(one, one.rows_of_few_persons),
            number(one, one.persons),
            one.columns.join(" + ")
        );
    }
    if none {
        tell!(
            "  ingen: alle værdier deles af mindst {} personer",
            "  none: at least {} persons share each of the values",
            FEW
        );
    }
    if seen.combinations.iter().any(|one| one.estimated) {
        tell!(
            "  ~ er skøn: kun nogle af grupperne er talt, hver af dem helt",
            "  ~ are estimates: some of the groups alone were counted, each of them whole"
        );
    }
    if seen.left_out > 0 {
        tell!(
            "  {} kombinationer er ikke set efter: dem med flest kolonner og færrest forskellige værdier",
            "  {} combinations were not looked at: those of most columns and fewest different values",
            language().count(seen.left_out)
        );
    }
}

fn number(one: &Combination, count: u64) -> String {
    format!("{}{}", if one.estimated { "~" } else { "" }, language().count(count))
}
