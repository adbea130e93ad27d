//! `read` and `write`: the two passes over the extract.

use std::path::Path;

use kobling::clock::{Clock as _, SystemClock, Timestamp};
use kobling::extract::report::{Paper, Report};
use kobling::extract::{ExtractError, Job, Unwatched, gather, tokenise_with};
use kobling::language::Language;
use kobling::secret::SystemRandom;
use kobling::token::Given as Tokens;
use serde_json::json;

use crate::job::Given;
use crate::save;
use crate::trouble::{Trouble, file};

/// Checks the extract and writes what tokens are to be made of.
pub(crate) fn read() -> Result<(), Trouble> {
    let given = Given::load()?;
    let job = given.job()?;
    let result = gather(&job, &mut SystemRandom::new(), &mut Unwatched).and_then(|(report, wanted)| {
        match given.limit.is_some_and(|limit| limit.exceeded(&report)) {
            true => Err(ExtractError::TooManyRejected(Box::new(report))),
            false => Ok((report, wanted)),
        }
    });
    let (report, wanted) = shown(&given, &job, SystemClock.now(), result, |(report, _)| report)?;
    std::fs::write("wanted", wanted.to_bytes()).map_err(file("wanted"))?;
    let out = json!({ "rows": report.rows, "wanted": wanted.count(), "scopes": wanted.scopes() });
    save("out.json", &out)
}

/// Writes the package, with the tokens that were made.
pub(crate) fn write() -> Result<(), Trouble> {
    let given = Given::load()?;
    let job = given.job()?;
    let wanted = zeroize::Zeroizing::new(std::fs::read("wanted").map_err(file("wanted"))?);
    let tokens = std::fs::read("tokens").map_err(file("tokens"))?;
    let (Some(tokens), Some(key_id)) = (Tokens::new(&wanted, tokens), given.asked.key_id) else {
        return Err(ExtractError::Changed.into());
    };
    drop(wanted);
    let now = SystemClock.now();
    let out = (Path::new("package"), now);
    let random = &mut SystemRandom::new();
    let result = tokenise_with(&job, (tokens, key_id), given.limit, out, random, &mut Unwatched);
    let (_, manifest) = shown(&given, &job, now, result, |(report, _)| report)?;
    save("out.json", &json!({ "manifest": manifest, "words": key_id.words() }))
}

/// Writes the report of a run, also of one of which nothing comes.
fn shown<T>(
    given: &Given,
    job: &Job<'_>,
    made: Timestamp,
    result: Result<T, ExtractError>,
    report: impl Fn(&T) -> &Report,
) -> Result<T, Trouble> {
    let save = |report: &Report, unusual| {
        let paper = Paper { unusual, ..Paper::of(job, report, made, given.limit) };
        let forms = [
            ("report.json", paper.to_json()),
            ("report.da.html", paper.to_html(Language::Da)),
            ("report.en.html", paper.to_html(Language::En)),
        ];
        forms.into_iter().try_for_each(|(path, text)| std::fs::write(path, text).map_err(file(path)))
    };
    match &result {
        Ok(done) => save(report(done), None)?,
        Err(ExtractError::TooManyRejected(report)) => save(report, None)?,
        Err(ExtractError::Unusual(unusual, report)) => save(report, Some(*unusual))?,
        Err(_) => {}
    }
    Ok(result?)
}
