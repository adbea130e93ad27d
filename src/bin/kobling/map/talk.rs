//! The questions: one for each column of the dataset, each with an answer that Enter gives.

use std::io::{self, BufRead, Write as _};

use kobling::extract::{Choice, DateForm, Decimal, Fit};
use kobling::language::Language;
use kobling::programme::{Column, Role};

use super::draft::{Draft, Ground};
use super::{show, usage};
use crate::exit::{Trouble, both};
use crate::say::language;

/// What somebody typed.
enum Said {
    Enter,
    Number(usize),
    None,
    Help,
    Quit,
    Text(String),
}

fn said(input: &mut dyn BufRead) -> Result<Said, Trouble> {
    let _ = write!(io::stdout(), "> ").and_then(|()| io::stdout().flush());
    let mut line = String::new();
    let read = input.read_line(&mut line);
    let read =
        read.map_err(|_| Trouble::Files(both("svaret kan ikke læses", "the answer cannot be read")))?;
    if read == 0 {
        return Err(usage(
            "svarene hørte op; der er ikke skrevet noget",
            "the answers came to an end; nothing was written",
        ));
    }
    let text = line.trim();
    Ok(match text {
        "" => Said::Enter,
        "-" => Said::None,
        "?" => Said::Help,
        "q" | "Q" => Said::Quit,
        _ => text.parse().map_or_else(|_| Said::Text(text.to_owned()), Said::Number),
    })
}

fn not_understood() {
    tell!("  det forstås ikke; ? hjælper", "  not understood; ? helps");
}

/// Asks about everything; `false` when somebody quits.
pub(super) fn through(draft: &mut Draft<'_>, input: &mut dyn BufRead) -> Result<bool, Trouble> {
    let all = draft.slots.len();
    for at in 0..all {
        let column = draft.slots[at].column;
        let must = if column.required {
            language().choose("skal udfyldes", "must be filled")
        } else {
            language().choose("kan mangle", "may be missing")
        };
        out!("{}/{all}  {}: {}; {must}", at + 1, column.id, column.role.in_words(language()));
        let Some(chosen) = pick(draft, at, input)? else { return Ok(false) };
        let mut chosen = chosen;
        if let Some(choice) = &mut chosen
            && !details(draft, column, choice, input)?
        {
            return Ok(false);
        }
        draft.slots[at].chosen = chosen;
        out!("");
    }
    if !decimal(draft, input)? {
        return Ok(false);
    }
    tell!(
        "Enter skriver kortlægningen; q går ud uden at skrive.",
        "Enter writes the mapping; q quits without writing."
    );
    loop {
        match said(input)? {
            Said::Enter => return Ok(true),
            Said::Quit => return Ok(false),
            _ => not_understood(),
        }
    }
}

/// Whether somebody says that a row holds headers.
pub(super) fn holds_headers(row: u32, input: &mut dyn BufRead) -> Result<bool, Trouble> {
    tell!(
        "Står overskrifterne i række {row}? Se i filen. j: ja, vis dem   Enter: nej",
        "Does row {row} hold the headers? Look into the file. y: yes, show them   Enter: no"
    );
    loop {
        match said(input)? {
            Said::Enter | Said::Quit => return Ok(false),
            Said::Text(text) if matches!(text.as_str(), "j" | "ja" | "y" | "yes") => return Ok(true),
            Said::Text(text) if matches!(text.as_str(), "n" | "nej" | "no") => return Ok(false),
            _ => not_understood(),
        }
    }
}

/// Which column of the file it is: `None` when somebody quits, `Some(None)` when it is not in the file.
fn pick(draft: &Draft<'_>, at: usize, input: &mut dyn BufRead) -> Result<Option<Option<Choice>>, Trouble> {
    let slot = &draft.slots[at];
    let column = slot.column;
    let survey = draft.survey;
    let proposed =
        slot.proposed.as_ref().filter(|(choice, _)| draft.taken(choice.at, &column.role).is_none());
    match proposed {
        Some((choice, ground)) => {
            let seen = &survey.columns[choice.at];
            let why = match ground {
                Ground::Until => language().choose("som hidtil", "as until now"),
                Ground::Proposed(certainty) => certainty.word(language()),
            };
            tell!(
                "     kolonne {} {}: {} ({why})",
                "     column {} {}: {} ({why})",
                choice.at + 1,
                show::header(seen),
                show::shape(seen.shape())
            );
            tell!(
                "     Enter: tag den   nummer: en anden kolonne   -: ikke i filen   ?: hjælp   q: ud uden at skrive",
                "     Enter: take it   number: another column   -: not in the file   ?: help   q: quit without writing"
            );
        }
        None => tell!(
            "     ingen kolonne ligner   nummer: kolonnen   Enter eller -: ikke i filen   ?: hjælp   q: ud uden at skrive",
            "     no column is like it   number: the column   Enter or -: not in the file   ?: help   q: quit without writing"
        ),
    }
    loop {
        match (said(input)?, proposed) {
            (Said::Quit, _) => return Ok(None),
            (Said::Help, _) => help(draft, column),
            (Said::Enter, Some((choice, _))) => return Ok(Some(Some(choice.clone()))),
            (Said::Enter | Said::None, _) if column.required => tell!(
                "     kolonnen skal udfyldes: uden den ville alle rækker blive afvist; skriv et nummer, eller q",
                "     the column must be filled: without it every row would be rejected; type a number, or q"
            ),
            (Said::Enter | Said::None, _) => return Ok(Some(None)),
            (Said::Number(number), _) => {
                let Some(at) = number.checked_sub(1).filter(|at| *at < survey.columns.len()) else {
                    tell!(
                        "     filen har kolonnerne 1 til {}",
                        "     the file has the columns 1 to {}",
                        survey.columns.len()
                    );
                    continue;
                };
                if let Some(other) = draft.taken(at, &column.role) {
                    tell!("     den er allerede {}", "     it is {} already", other.id);
                } else if survey.columns[at].header().is_none() {
                    tell!(
                        "     den har ingen overskrift, der kan skrives ned; giv den en i filen",
                        "     it has no header that can be written down; give it one in the file"
                    );
                } else {
                    return Ok(Some(Some(Choice::of(column, at, survey))));
                }
            }
            (Said::Text(_), _) => not_understood(),
        }
    }
}

fn help(draft: &Draft<'_>, column: &Column) {
    if !column.headers.is_empty() {
        tell!(
            "     overskrifter, som programmet kender: {}",
            "     headers that the programme knows: {}",
            column.headers.join(", ")
        );
    }
    if let Role::Measure(measure) = &column.role {
        tell!("     i {}, {} decimaler", "     in {}, {} decimals", measure.unit, measure.decimals);
    }
    codes(draft, column);
    tell!(
        "     kun de kolonner, du vælger her, læses; alle andre bliver hjemme",
        "     only the columns that you choose here are read; all others stay at home"
    );
}

fn codes(draft: &Draft<'_>, column: &Column) {
    let Role::Category { list } = column.role else { return };
    for code in &draft.programme.code_lists[list].codes {
        out!("       {:<20} {}", code.id, language().of(&code.title));
    }
}

/// What a column needs to be said besides where it is; `false` when somebody quits.
fn details(
    draft: &mut Draft<'_>,
    column: &Column,
    choice: &mut Choice,
    input: &mut dyn BufRead,
) -> Result<bool, Trouble> {
    let fit = draft.fit(choice.at, column);
    match &column.role {
        Role::Person | Role::RelatedPerson => {
            misfit(&fit);
            if draft.survey.columns[choice.at].lost_zeros() && !draft.file.repair_leading_zero {
                return zeros(draft, input);
            }
            Ok(true)
        }
        Role::Date => dates(choice, &fit, input),
        Role::Category { .. } => words(draft, column, choice, &fit, input),
        Role::Measure(_) => {
            misfit(&fit);
            Ok(true)
        }
        Role::Case | Role::Staff => {
            if fit.share().is_some_and(|share| share < 0.9) {
                tell!(
                    "     der står CPR-lignende numre i den; de rækker ville blive afvist",
                    "     it holds numbers like CPR numbers; those rows would be rejected"
                );
            }
            Ok(true)
        }
    }
}

/// Says when a column does not look like what it was chosen for.
fn misfit(fit: &Fit) {
    if fit.share().is_some_and(|share| share < 0.9) {
        let share = share(fit);
        tell!(
            "     kun {share} % af de udfyldte felter ligner det; resten ville blive afvist",
            "     only {share} % of the filled fields look like it; the rest would be rejected"
        );
    }
}

/// The share that fits, in whole per cent; 100 only when all do.
fn share(fit: &Fit) -> u64 {
    fit.fits * 100 / fit.filled.max(1)
}

fn zeros(draft: &mut Draft<'_>, input: &mut dyn BufRead) -> Result<bool, Trouble> {
    tell!(
        "     nogle har ni cifre: har et regneark taget et nul foran? j: ja, sæt det på igen   Enter: nej, afvis dem",
        "     some have nine digits: did a spreadsheet take a leading zero? y: yes, put it back   Enter: no, reject them"
    );
    loop {
        match said(input)? {
            Said::Enter => return Ok(true),
            Said::Quit => return Ok(false),
            Said::Text(text) if matches!(text.as_str(), "j" | "ja" | "y" | "yes") => {
                draft.file.repair_leading_zero = true;
                return Ok(true);
            }
            Said::Text(text) if matches!(text.as_str(), "n" | "nej" | "no") => return Ok(true),
            _ => not_understood(),
        }
    }
}

fn form_in_words(form: DateForm, language: Language) -> &'static str {
    let (da, en) = match form {
        DateForm::Danish => ("dag-måned-år, eller år-måned-dag", "day-month-year, or year-month-day"),
        DateForm::ShortYear => ("dag-måned-år med to cifre", "day-month-year of two digits"),
        DateForm::MonthFirst => ("måned/dag/år", "month/day/year"),
        DateForm::Compact => ("otte cifre: år, måned, dag", "eight digits: year, month, day"),
        DateForm::Serial => ("et regnearks løbenummer", "a spreadsheet's serial number"),
    };
    language.choose(da, en)
}

fn dates(choice: &mut Choice, fit: &Fit, input: &mut dyn BufRead) -> Result<bool, Trouble> {
    misfit(fit);
    tell!("     datoerne læses som:", "     the dates are read as:");
    for (at, form) in DateForm::ALL.into_iter().enumerate() {
        let mark = if form == choice.dates { "*" } else { " " };
        out!("     {mark} {}  {:<12} {}", at + 1, form.example(), form_in_words(form, language()));
    }
    tell!(
        "     Enter: ja, den med *   nummer: en anden",
        "     Enter: yes, the one with *   number: another"
    );
    loop {
        match said(input)? {
            Said::Enter => return Ok(true),
            Said::Quit => return Ok(false),
            Said::Number(number) if (1..=DateForm::ALL.len()).contains(&number) => {
                choice.dates = DateForm::ALL[number - 1];
                return Ok(true);
            }
            _ => not_understood(),
        }
    }
}

/// What the file's own texts mean: typed by the one who knows them, never shown.
fn words(
    draft: &Draft<'_>,
    column: &Column,
    choice: &mut Choice,
    fit: &Fit,
    input: &mut dyn BufRead,
) -> Result<bool, Trouble> {
    if fit.unknown_texts == 0 && !fit.many {
        return Ok(true);
    }
    let more = if fit.many { "+" } else { "" };
    tell!(
        "     {} forskellige tekster er koder, der kendes ({} % af de udfyldte felter); {}{more} er ikke",
        "     {} different texts are codes that are known ({} % of the filled fields); {}{more} are not",
        fit.known_texts,
        share(fit),
        fit.unknown_texts
    );
    tell!(
        "     skriv, hvad jeres egne tekster betyder: tekst = kode, én ad gangen   ?: koderne   Enter: videre",
        "     type what your own texts mean: text = code, one at a time   ?: the codes   Enter: go on"
    );
    let Role::Category { list } = column.role else { return Ok(true) };
    let known = &draft.programme.code_lists[list].codes;
    loop {
        let text = match said(input)? {
            Said::Enter | Said::None => return Ok(true),
            Said::Quit => return Ok(false),
            Said::Help => {
                codes(draft, column);
                continue;
            }
            Said::Number(_) => {
                not_understood();
                continue;
            }
            Said::Text(text) => text,
        };
        let Some((own, code)) = text.rsplit_once('=').map(|(own, code)| (own.trim(), code.trim())) else {
            not_understood();
            continue;
        };
        match known.iter().find(|one| one.id.as_str() == code) {
            Some(code) if !own.is_empty() => {
                choice.codes.insert(own.to_owned(), code.id.clone());
                tell!("     noteret: {}", "     noted: {}", code.id);
            }
            _ => tell!("     den kode findes ikke; ? viser dem", "     there is no such code; ? shows them"),
        }
    }
}

fn decimal(draft: &mut Draft<'_>, input: &mut dyn BufRead) -> Result<bool, Trouble> {
    let Some((sign, doubtful)) = draft.survey.decimal(&draft.numbers()) else { return Ok(true) };
    let mut sign = match draft.file.decimal {
        Some('.') => Decimal::Point,
        Some(_) => Decimal::Comma,
        None => sign,
    };
    if doubtful {
        tell!("tallene kan læses på to måder.", "the numbers can be read in two ways.");
    }
    let example = |sign| match sign {
        Decimal::Comma => "1.234,5",
        Decimal::Point => "1,234.5",
    };
    tell!(
        "tal læses som {}   Enter: ja   ,: decimalkomma   .: decimalpunktum",
        "numbers are read as {}   Enter: yes   ,: decimal comma   .: decimal point",
        example(sign)
    );
    loop {
        match said(input)? {
            Said::Enter => break,
            Said::Quit => return Ok(false),
            Said::Text(text) if text == "," || text == "." => {
                sign = if text == "." { Decimal::Point } else { Decimal::Comma };
                break;
            }
            _ => not_understood(),
        }
    }
    draft.file.decimal = Some(if sign == Decimal::Point { '.' } else { ',' });
    Ok(true)
}
