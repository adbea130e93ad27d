//! From a list of who got a new number to pairs of tokens.
//!
//! The list is a CSV with the columns `old, new` and, where it is known, `date`: the day from which the new number holds.
//! All rows are held against each other. The date is checked here and goes nowhere: two numbers are one person's at all
//! times, so nothing in the service would read it.

use std::collections::HashMap;

use super::PackageError;
use super::list::{ListColumns, ListError, RowFault, WrongRows, day_of, read_fields};
use super::read::Source;
use crate::clock::Day;
use crate::id::{IdKind, IdRejection, Identifier, LeadingZero};
use crate::language::Spoken;
use crate::limits;
use crate::name::PartnerId;
use crate::token::{Token, Tokeniser};

const COLUMNS: ListColumns = ListColumns { known: &["old", "new", "date"], needed: 2 };

/// What is wrong with a row. Never carries a value; lines are of the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AliasRowError {
    /// It cannot be cut into fields.
    #[error("the row is damaged")]
    Damaged,
    /// One of the numbers.
    #[error("{1}")]
    Number(&'static str, IdRejection),
    /// Nothing to say.
    #[error("the old number and the new one are the same: there is nothing to say; take the row out")]
    Same,
    /// No date.
    #[error("a date is expected, as 01-03-2022 or 2022-03-01; or nothing")]
    Date,
    /// A date to come.
    #[error("the date lies in the future: send the row when the new number holds")]
    Future,
    /// Two new numbers for one old.
    #[error(
        "the old number has another new number in line {0}: look up which is right, and take the other out"
    )]
    Contradicts(u64),
    /// New numbers that lead back to the old one.
    #[error("the new numbers lead in a circle, back over line {0}: look up which number is the newest")]
    Circle(u64),
    /// The new number was itself replaced before it held.
    #[error("the new number was replaced before it held, by the date in line {0}: correct one of the dates")]
    Order(u64),
}

impl Spoken for AliasRowError {
    fn danish(&self) -> String {
        match self {
            AliasRowError::Damaged => "rækken er beskadiget".to_owned(),
            AliasRowError::Number(_, reason) => reason.danish(),
            AliasRowError::Same => {
                "det gamle og det nye nummer er det samme: der er intet at melde; tag rækken ud".to_owned()
            }
            AliasRowError::Date => {
                "en dato ventes, som 01-03-2022 eller 2022-03-01, eller ingenting".to_owned()
            }
            AliasRowError::Future => {
                "datoen ligger i fremtiden: send rækken, når det nye nummer gælder".to_owned()
            }
            AliasRowError::Contradicts(line) => format!(
                "det gamle nummer har et andet nyt nummer i linje {line}: slå op, hvad der er rigtigt, og tag den anden række ud"
            ),
            AliasRowError::Circle(line) => {
                format!(
                    "de nye numre går i ring, tilbage over linje {line}: slå op, hvilket nummer der er det nyeste"
                )
            }
            AliasRowError::Order(line) => {
                format!(
                    "det nye nummer blev selv afløst, før det gjaldt, efter datoen i linje {line}: ret en af datoerne"
                )
            }
        }
    }
}

impl RowFault for AliasRowError {
    fn column(&self) -> Option<&'static str> {
        match self {
            AliasRowError::Number(column, _) => Some(column),
            AliasRowError::Date | AliasRowError::Future | AliasRowError::Order(_) => Some(COLUMNS.known[2]),
            _ => None,
        }
    }
}

/// Why a list of aliases is not taken. Never carries a value.
#[derive(Debug, thiserror::Error)]
pub enum AliasListError {
    /// It cannot be read as a list.
    #[error(transparent)]
    List(#[from] ListError),
    /// Rows are wrong.
    #[error(transparent)]
    Rows(WrongRows<AliasRowError>),
    /// More than one package holds.
    #[error("the list has more than {} rows: send it in parts", limits::MAX_ALIASES_PER_PACKAGE)]
    TooMany,
    /// The programme has no such partner.
    #[error("the programme has no partner {0}")]
    UnknownPartner(PartnerId),
    /// The list has no row.
    #[error("the list holds no row")]
    Empty,
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Rows that wait to be shuffled.
    #[error("rows that wait to be shuffled cannot be kept on disk; make room where the package is to lie")]
    Spill(#[from] std::io::Error),
}

impl Spoken for AliasListError {
    fn danish(&self) -> String {
        match self {
            AliasListError::List(error) => error.danish(),
            AliasListError::Rows(rows) => rows.danish(),
            AliasListError::TooMany => {
                format!("listen har flere end {} rækker: send den i dele", limits::MAX_ALIASES_PER_PACKAGE)
            }
            AliasListError::UnknownPartner(partner) => format!("programmet har ingen partner {partner}"),
            AliasListError::Empty => "listen har ingen rækker".to_owned(),
            // The way to an ending takes this error by itself, in its own words.
            AliasListError::Package(error) => error.to_string(),
            AliasListError::Spill(_) => {
                "rækker, der venter på at blive blandet, kan ikke gemmes på disken; gør plads dér, hvor pakken skal ligge"
                    .to_owned()
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            AliasListError::Spill(error) => Some(error),
            _ => None,
        }
    }
}

/// The texts of two tokens of one person, as they go to the service. No `Debug`.
pub struct TokenPair {
    /// Of the old number.
    pub old: String,
    /// Of the new number.
    pub new: String,
    /// The new number is itself a replacement number, which is unusual.
    pub replacement: bool,
}

/// The tokens of one person's old and new number.
///
/// # Errors
/// [`AliasRowError`].
pub fn one_pair(
    (old, new): (&str, &str),
    tokeniser: &Tokeniser,
    today: Day,
) -> Result<TokenPair, AliasRowError> {
    let pair = read_pair(1, &|column| [old, new, ""][column].trim(), tokeniser, today)?;
    let text = |token: &Token| {
        let mut text = Vec::with_capacity(64);
        token.write_to(&mut text);
        String::from_utf8(text).expect("a token's text is ASCII")
    };
    Ok(TokenPair { old: text(&pair.old), new: text(&pair.new), replacement: pair.replacement })
}

/// Two tokens of one person. No `Debug`.
pub(super) struct Pair {
    pub line: u64,
    pub old: Token,
    pub new: Token,
    pub old_kind: IdKind,
    /// The new number is itself a replacement number.
    pub replacement: bool,
    date: Option<Day>,
}

/// Reads a list to its end and holds its rows against each other. The same row again is the same pair.
pub(super) fn read_pairs(
    source: &Source,
    tokeniser: &Tokeniser,
    today: Day,
) -> Result<Vec<Pair>, AliasListError> {
    let (mut pairs, mut wrong) = (Vec::new(), WrongRows::none());
    read_fields::<AliasListError>(source, COLUMNS, |line, fields| {
        if pairs.len() as u64 == limits::MAX_ALIASES_PER_PACKAGE {
            return Err(AliasListError::TooMany);
        }
        match fields.ok_or(AliasRowError::Damaged).and_then(|field| read_pair(line, field, tokeniser, today))
        {
            Ok(pair) => pairs.push(pair),
            Err(problem) => wrong.push(line, problem),
        }
        Ok(())
    })?;
    hold_together(&pairs, &mut wrong);
    if !wrong.is_none() {
        wrong.sort();
        return Err(AliasListError::Rows(wrong));
    }
    if pairs.is_empty() { Err(AliasListError::Empty) } else { Ok(pairs) }
}

fn read_pair<'f>(
    line: u64,
    field: &dyn Fn(usize) -> &'f str,
    tokeniser: &Tokeniser,
    today: Day,
) -> Result<Pair, AliasRowError> {
    let number = |column: usize| {
        Identifier::parse(field(column).as_bytes(), today, LeadingZero::Refuse)
            .map_err(|reason| AliasRowError::Number(COLUMNS.known[column], reason))
    };
    let (old, new) = (number(0)?, number(1)?);
    let date = match field(2) {
        "" => None,
        text => Some(day_of(text).ok_or(AliasRowError::Date)?),
    };
    if date.is_some_and(|date| date > today) {
        return Err(AliasRowError::Future);
    }
    let pair = Pair {
        line,
        old: tokeniser.person(&old),
        new: tokeniser.person(&new),
        old_kind: old.kind(),
        replacement: new.kind() != IdKind::Cpr,
        date,
    };
    if pair.old == pair.new { Err(AliasRowError::Same) } else { Ok(pair) }
}

/// Finds pairs that contradict each other: an old number with two new ones, a circle, a number that was replaced before it
/// held. A chain is none of these, nor are two old numbers with one new.
fn hold_together(pairs: &[Pair], wrong: &mut WrongRows<AliasRowError>) {
    let mut first: HashMap<Token, &Pair> = HashMap::new();
    for pair in pairs {
        let known = *first.entry(pair.old).or_insert(pair);
        if known.new != pair.new {
            wrong.push(pair.line, AliasRowError::Contradicts(known.line));
        }
    }
    // Each number has one new number now, so a walk from a row is a path; each is walked once.
    let mut walked: HashMap<Token, u64> = HashMap::new();
    for start in pairs {
        let (mut at, mut last) = (start.old, start.line);
        while let Some(step) = first.get(&at) {
            match walked.insert(at, start.line) {
                None => {}
                // Back on this very walk: a circle, told once, at the row that closes it.
                Some(by) if by == start.line => {
                    wrong.push(last, AliasRowError::Circle(step.line));
                    break;
                }
                Some(_) => break,
            }
            (at, last) = (step.new, step.line);
        }
    }
    for pair in pairs {
        let next = first.get(&pair.new);
        if let Some((held, replaced)) = next.and_then(|next| pair.date.zip(next.date))
            && replaced < held
        {
            let line = next.map_or(0, |next| next.line);
            wrong.push(pair.line, AliasRowError::Order(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Sex, generate_made_up_cpr};
    use crate::key::LinkageKey;
    use crate::secret::SeededRandom;
    use proptest::prelude::*;

    fn number(n: u64) -> String {
        let born = Day::from_ymd(1970, 1, 1).expect("a day");
        let text = generate_made_up_cpr(born, Sex::Man, &mut SeededRandom::from_number(n));
        String::from_utf8(text.to_vec()).expect("ASCII")
    }

    fn read(rows: &str) -> Result<Vec<Pair>, AliasListError> {
        let source = Source::Memory(zeroize::Zeroizing::new(format!("old,new,date\n{rows}")));
        let key = LinkageKey::from_bytes("demo".parse().expect("a name"), &mut [5; 32]);
        let partner: PartnerId = "lokk".parse().expect("a name");
        let today = Day::from_ymd(2025, 6, 1).expect("a day");
        read_pairs(&source, &Tokeniser::new(&key, &partner, &partner), today)
    }

    fn faults(rows: &str) -> Vec<(u64, AliasRowError)> {
        match read(rows) {
            Err(AliasListError::Rows(wrong)) => {
                let text = format!("{wrong}{wrong:?}{}", wrong.danish());
                for n in 0..20 {
                    assert!(!text.contains(&number(n)), "{text}");
                }
                wrong.listed().to_vec()
            }
            Err(error) => panic!("{error}"),
            Ok(_) => Vec::new(),
        }
    }

    fn rows(pairs: &[(u64, u64, &str)]) -> String {
        pairs.iter().map(|(old, new, date)| format!("{},{},{date}\n", number(*old), number(*new))).collect()
    }

    #[test]
    fn all_wrong_rows_are_told_by_line_in_one_pass() {
        use AliasRowError as Wrong;
        let list = [
            format!("{},{},01-03-2024\n", number(1), number(2)),
            format!("{0},{0},\n", number(3)),
            format!("{},123,\n", number(4)),
            format!(",{},\n", number(4)),
            format!("{},{},yesterday\n", number(5), number(6)),
            format!("{},{},2025-06-02\n", number(5), number(6)),
            format!("{},{},2025-06-01\n", number(5), number(6)),
        ]
        .concat();
        let expected = [
            (3, Wrong::Same),
            (4, Wrong::Number("new", IdRejection::Length)),
            (5, Wrong::Number("old", IdRejection::Missing)),
            (6, Wrong::Date),
            (7, Wrong::Future),
        ];
        assert_eq!(faults(&list), expected);
    }

    #[test]
    fn rows_that_contradict_each_other_name_both_lines() {
        use AliasRowError as Wrong;
        let chain = rows(&[(2, 3, "2024-05-01"), (1, 2, "2024-03-01"), (7, 3, ""), (1, 2, "")]);
        assert!(faults(&chain).is_empty(), "a chain, two old numbers of one, the same again");
        assert_eq!(faults(&rows(&[(1, 2, ""), (4, 5, ""), (1, 3, "")])), [(4, Wrong::Contradicts(2))]);
        assert_eq!(faults(&rows(&[(1, 2, ""), (2, 1, "")])), [(3, Wrong::Circle(2))]);
        assert_eq!(faults(&rows(&[(9, 1, ""), (1, 2, ""), (2, 3, ""), (3, 1, "")])), [(5, Wrong::Circle(3))]);
        let early = rows(&[(1, 2, "2024-03-01"), (2, 3, "2024-02-28")]);
        assert_eq!(faults(&early), [(2, Wrong::Order(3))]);
    }

    #[test]
    fn replacement_numbers_may_be_old_and_are_remarked_on_as_new() {
        let replaced = read(&format!("6707614285,{},\n", number(1))).unwrap_or_else(|e| panic!("{e}"));
        assert!(replaced[0].old_kind == IdKind::LocalDayPlus60 && !replaced[0].replacement);
        let odd = read(&format!("{},6707614285,\n", number(1))).unwrap_or_else(|e| panic!("{e}"));
        assert!(odd[0].replacement);
    }

    #[test]
    fn a_long_list_of_faults_is_counted_and_cut() {
        let list: String = (0..80).map(|_| "1,2,\n").collect();
        let Err(AliasListError::Rows(wrong)) = read(&list) else { panic!("refused") };
        assert_eq!((wrong.count(), wrong.listed().len()), (80, super::super::list::LISTED_ROWS));
        assert!(wrong.to_string().ends_with("and 30 more"), "{wrong}");
        assert!(wrong.danish().starts_with("80 fejl i listen"), "{}", wrong.danish());
    }

    proptest! {
        /// A circle is found iff, with each old number at its first new one, some walk comes back.
        #[test]
        fn circles_and_contradictions_are_always_found(pairs in prop::collection::vec((0u64..8, 0u64..8), 1..12)) {
            let pairs: Vec<(u64, u64)> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            prop_assume!(!pairs.is_empty());
            let list: Vec<(u64, u64, &str)> = pairs.iter().map(|(a, b)| (*a, *b, "")).collect();
            let found = faults(&rows(&list));
            let next = |at: u64| pairs.iter().find(|(old, _)| *old == at).map(|(_, new)| *new);
            let contradicts = pairs.iter().any(|(old, new)| next(*old) != Some(*new));
            let circle = (0..8u64).any(|start| {
                let mut at = start;
                (0..8).any(|_| match next(at) {
                    Some(to) => { at = to; at == start }
                    None => false,
                })
            });
            let told = |f: fn(&AliasRowError) -> bool| found.iter().any(|(_, wrong)| f(wrong));
            prop_assert_eq!(told(|w| matches!(w, AliasRowError::Contradicts(_))), contradicts);
            prop_assert_eq!(told(|w| matches!(w, AliasRowError::Circle(_))), circle);
        }
    }
}
