//! Which column of a file is likely which column of a dataset: by its header and by what it looks like.

use super::survey::{Seen, Survey};
use super::{Asked, ColumnMapping, DateForm, FileForm, MAPPING_FORMAT, Mapping, asks_the_file, check};
use crate::extract::columns::Decimal;
use crate::name::{ColumnId, PartnerId};
use crate::programme::{Column, Dataset, Programme, Role};

/// How certain a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// By its header or its looks alone.
    Guess,
    /// The header is like it, and so are the fields.
    Likely,
    /// The header is one that the dataset knows, the fields fit, and no other column comes near.
    Sure,
}

/// How the fields of a column fit a role: counts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Fields that say something.
    pub filled: u64,
    /// Fields of them that read as the role wants them.
    pub fits: u64,
    /// Different texts of a category that are known.
    pub known_texts: usize,
    /// Different texts of a category that are not; there may be more when `many`.
    pub unknown_texts: usize,
    /// Whether there are more different texts than were told apart.
    pub many: bool,
}

impl Fit {
    /// How a column of a file fits one of a dataset.
    #[must_use]
    pub fn of(seen: &Seen, column: &Column, programme: &Programme) -> Fit {
        let tally = &seen.tally;
        let missing = column.missing.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
        let filled = tally.filled - tally.times(&missing).min(tally.filled);
        let mut fit = Fit { filled, fits: 0, known_texts: 0, unknown_texts: 0, many: false };
        fit.fits = match &column.role {
            Role::Person | Role::RelatedPerson => tally.persons(),
            Role::Date => tally.dates().1,
            Role::Measure(_) => tally.numbers(Decimal::Comma).max(tally.numbers(Decimal::Point)),
            Role::Case | Role::Staff => filled - (tally.cpr() + tally.nine_digits()).min(filled),
            Role::Category { list } => {
                let codes = &programme.code_lists[*list].codes;
                let mut forms = codes
                    .iter()
                    .flat_map(|code| {
                        code.also.iter().map(String::as_str).chain([
                            code.id.as_str(),
                            &code.title.da,
                            &code.title.en,
                        ])
                    })
                    .map(super::shape::hash_of)
                    .collect::<Vec<_>>();
                forms.sort_unstable();
                let missing = missing.iter().map(|text| super::shape::hash_of(text)).collect::<Vec<_>>();
                let (texts, many) = tally.texts();
                fit.many = many;
                let mut rows = 0;
                for (text, times) in texts.iter().filter(|(text, _)| !missing.contains(text)) {
                    if forms.binary_search(text).is_ok() {
                        fit.known_texts += 1;
                        rows += times;
                    } else {
                        fit.unknown_texts += 1;
                    }
                }
                rows
            }
        }
        .min(filled);
        fit
    }

    /// Share of the fields that fit, 0 to 1; `None` where there is no field.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.filled > 0).then(|| self.fits as f64 / self.filled as f64)
    }
}

/// What is proposed for one column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The dataset's column.
    pub column: ColumnId,
    /// Position of the file's column, from 0, and how certain it is; `None` where nothing comes near.
    pub at: Option<(usize, Certainty)>,
}

/// What each column of the dataset is likely to be, in the order of the dataset; those that are not read in a file are
/// left out. The best pairs come first, and a column of the file is taken once.
#[must_use]
pub fn propose(survey: &Survey, dataset: &Dataset, programme: &Programme) -> Vec<Proposed> {
    let wanted = dataset.columns.iter().filter(|column| asks_the_file(column)).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    for (w, column) in wanted.iter().enumerate() {
        for (at, seen) in survey.columns.iter().enumerate() {
            let Some(name) = seen.header() else { continue };
            let header = header_score(name, column);
            let share = Fit::of(seen, column, programme).share();
            if let Some(score) = score(header, share, &column.role) {
                pairs.push((score, header, share, w, at));
            }
        }
    }
    // Best first; of equals the one that comes first in the file.
    pairs.sort_by_key(|(score, _, _, w, at)| (std::cmp::Reverse(*score), *at, *w));
    let mut taken = vec![None; wanted.len()];
    let mut used = vec![false; survey.columns.len()];
    for (score, header, share, w, at) in &pairs {
        if taken[*w].is_none() && !used[*at] {
            let rivals =
                pairs.iter().filter(|(other, _, _, ow, oa)| ow == w && oa != at && *other + 10 >= *score);
            let certainty = match (*header, share.unwrap_or(1.0)) {
                (95.., 0.5..) if rivals.count() == 0 => Certainty::Sure,
                (60.., 0.5..) => Certainty::Likely,
                _ => Certainty::Guess,
            };
            let tally = &survey.columns[*at].tally;
            let doubtful = wanted[*w].role == Role::Date && tally.dates().2;
            taken[*w] = Some((*at, if doubtful { certainty.min(Certainty::Likely) } else { certainty }));
            used[*at] = true;
        }
    }
    let proposed = wanted.iter().zip(taken);
    proposed.map(|(column, at)| Proposed { column: column.id.clone(), at }).collect()
}

/// What a pair is worth; `None` where it is not worth proposing.
fn score(header: u8, share: Option<f64>, role: &Role) -> Option<i32> {
    let share = share.unwrap_or(0.5);
    let person = matches!(role, Role::Person | Role::RelatedPerson);
    // A column of other things is no column of CPR numbers or dates, whatever it is called.
    let against =
        matches!(role, Role::Person | Role::RelatedPerson | Role::Date | Role::Measure(_)) && share < 0.2;
    let by_looks = match role {
        Role::Person | Role::Date => share >= 0.8,
        Role::Category { .. } => share >= 0.9,
        Role::RelatedPerson | Role::Case | Role::Staff | Role::Measure(_) => false,
    };
    if against && header < 95 || header < 60 && !by_looks {
        return None;
    }
    let weight = if person { 60.0 } else { 40.0 };
    #[expect(clippy::cast_possible_truncation, reason = "a share times 60")]
    let fit = ((share - 0.5) * weight) as i32;
    Some(i32::from(header) + fit)
}

/// Whether a header is one of a column's, letters and digits compared, or a common word for one.
pub(super) fn is_word_for(name: &str, column: &Column) -> bool {
    header_score(name, column) >= 80
}

/// How near a header comes to those of a column, 0 to 100.
fn header_score(name: &str, column: &Column) -> u8 {
    let folded = name.trim().to_lowercase();
    if folded == column.id.as_str() || column.headers.iter().any(|known| known.to_lowercase() == folded) {
        return 100;
    }
    let plain = normalised(name);
    if plain.is_empty() {
        return 0;
    }
    let known = column.headers.iter().map(String::as_str).chain([column.id.as_str()]).map(normalised);
    let known = known.filter(|known| !known.is_empty()).collect::<Vec<_>>();
    if known.contains(&plain) {
        return 95;
    }
    let mut best = 0;
    for group in words_of(&column.role) {
        let own = matches!(column.role, Role::Category { .. } | Role::Measure(_));
        // A group of words for categories is the column's only if one of its own headers is in it.
        if group.contains(&plain.as_str()) && (!own || known.iter().any(|k| group.contains(&k.as_str()))) {
            best = 80;
        }
    }
    for known in &known {
        let (short, long) = if known.len() < plain.len() { (known, &plain) } else { (&plain, known) };
        if short.len() >= 3 && long.contains(short.as_str()) && (known == short || short.len() >= 5) {
            best = best.max(70);
        }
        let slips = if long.len() >= 8 { 2 } else { usize::from(long.len() >= 5) };
        if slips > 0 && distance(known, &plain) <= slips {
            best = best.max(65);
        }
    }
    best
}

/// Letters and digits alone, lower case, Danish letters spelt out.
fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.to_lowercase().chars() {
        match character {
            'æ' | 'ä' => out.push_str("ae"),
            'ø' | 'ö' => out.push_str("oe"),
            'å' => out.push_str("aa"),
            'é' | 'è' => out.push('e'),
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ => {}
        }
    }
    out
}

/// Words that mean the same, normalised.
const fn words_of(role: &Role) -> &'static [&'static [&'static str]] {
    match role {
        Role::Person => &[&[
            "cpr",
            "cprnr",
            "cprnummer",
            "cprno",
            "personnummer",
            "personnr",
            "pnr",
            "person",
            "borger",
            "borgercpr",
            "borgerscpr",
            "borgercprnr",
            "borgerscprnr",
            "klient",
            "klientcpr",
            "klientcprnr",
            "cprborger",
            "ident",
        ]],
        Role::RelatedPerson => &[&[
            "modpart",
            "modpartcpr",
            "modpartscpr",
            "modpartcprnr",
            "partner",
            "partnercpr",
            "partnerscpr",
            "partnercprnr",
            "cprmodpart",
            "cprpartner",
            "relateretcpr",
            "andenpart",
            "andenpartcpr",
        ]],
        Role::Date => &[&[
            "dato",
            "date",
            "oprettet",
            "oprettetdato",
            "oprettelsesdato",
            "haendelsesdato",
            "registreringsdato",
            "registreret",
            "regdato",
            "kontaktdato",
            "henvendelsesdato",
            "henvisningsdato",
            "startdato",
            "dag",
            "tidspunkt",
            "gerningsdato",
        ]],
        Role::Case => &[&[
            "sag",
            "sagsnr",
            "sagsnummer",
            "sagsid",
            "sagid",
            "sagnr",
            "journalnr",
            "journalnummer",
            "jnr",
            "forloebsnr",
            "forloebsid",
            "forloebid",
            "case",
            "caseid",
            "caseno",
        ]],
        Role::Staff => &[&[
            "medarbejder",
            "medarbejdernr",
            "medarbejdernummer",
            "medarbejderid",
            "sagsbehandler",
            "sagsbehandlerid",
            "personalenr",
            "lønnr",
            "loennr",
            "initialer",
            "staff",
            "staffid",
            "bruger",
            "brugerid",
        ]],
        Role::Category { .. } | Role::Measure(_) => &[
            &["kommune", "kommunekode", "kommunenr", "komkode", "komnr", "bopaelskommune", "kom"],
            &["trin", "status", "fase", "haendelse", "stage", "step", "tilstand"],
            &["koen", "sex", "gender", "kon"],
            &["alder", "alderstrin", "aldersgruppe", "age", "aldersinterval"],
            &["postnr", "postnummer", "postdistrikt"],
            &["rolle", "forhold", "relation", "role"],
            &["ydelse", "indsats", "tilbud", "foranstaltning", "indsatstype"],
            &["timer", "antaltimer", "timetal", "hours"],
            &["beloeb", "pris", "kr", "kroner", "udgift", "amount"],
            &["aarsag", "afslutningsaarsag", "afslutning", "grund"],
        ],
    }
}

/// Letters to change, add or take out (Levenshtein), for short words.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len().abs_diff(other.len()) > 2 || one.len() > 64 {
        return usize::MAX;
    }
    let mut row = (0..=other.len()).collect::<Vec<_>>();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// What somebody chose for one column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The dataset's column.
    pub column: ColumnId,
    /// Position of the file's column, from 0.
    pub at: usize,
    /// How its dates are written.
    pub dates: DateForm,
    /// The file's own ways of writing codes.
    pub codes: std::collections::BTreeMap<String, crate::name::CodeId>,
}

impl Choice {
    /// A column as it was proposed: dates in the form that most have, codes as the dataset knows them.
    ///
    /// # Panics
    /// Where `at` is no column of the survey.
    #[must_use]
    pub fn of(column: &Column, at: usize, survey: &Survey) -> Choice {
        let (form, _, _) = survey.columns[at].tally.dates();
        let dates = if column.role == Role::Date { form } else { DateForm::Danish };
        Choice { column: column.id.clone(), at, dates, codes: std::collections::BTreeMap::new() }
    }
}

impl Survey {
    /// The decimal sign of the columns at some positions, and whether both would do; `None` where no number has one.
    #[must_use]
    pub fn decimal(&self, at: &[usize]) -> Option<(Decimal, bool)> {
        let tallies = at.iter().filter_map(|at| self.columns.get(*at)).map(|seen| &seen.tally);
        let (mut comma, mut point, mut either) = (0, 0, false);
        for tally in tallies {
            let (c, p) = tally.decided();
            (comma, point, either) = (comma + c, point + p, either | tally.undecided());
        }
        match (comma, point) {
            (0, 0) => either.then_some((Decimal::Comma, true)),
            (0, _) => Some((Decimal::Point, false)),
            (_, 0) => Some((Decimal::Comma, false)),
            (comma, point) => Some((if point > comma { Decimal::Point } else { Decimal::Comma }, true)),
        }
    }

    /// Whether one column of the file may serve two of the dataset.
    #[must_use]
    pub fn may_share(one: &Role, other: &Role) -> bool {
        check::may_share(one, other)
    }
}

impl Mapping {
    /// A mapping of what was chosen, for the definition in force. Choices of columns without a header that can be shown
    /// are left out.
    #[must_use]
    pub fn of(
        survey: &Survey,
        choices: &[Choice],
        file: FileForm,
        (programme, partner, dataset): (&Programme, &PartnerId, &Dataset),
        version: u32,
    ) -> Mapping {
        let asked = Asked::by(dataset, programme);
        let columns = choices.iter().filter_map(|choice| {
            let seen = survey.columns.get(choice.at)?;
            let own = ColumnMapping {
                header: seen.header()?.to_owned(),
                nth: seen.nth(),
                missing: Vec::new(),
                dates: choice.dates,
                codes: choice.codes.clone(),
            };
            Some((choice.column.clone(), own))
        });
        Mapping {
            format: MAPPING_FORMAT,
            version,
            programme: programme.id.clone(),
            partner: partner.clone(),
            dataset: dataset.id.clone(),
            definition: Some(Asked::digest(&asked)),
            file: FileForm { header_row: survey.header_row, ..file },
            columns: columns.collect(),
            asked,
        }
    }
}
