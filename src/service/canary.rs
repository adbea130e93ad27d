//! The canary: made-up persons whom two partners know are tokenised, re-keyed, linked, asked about and released, in memory,
//! under keys made for it and thrown away. It shows that the machine still does what the service is for, and touches nothing
//! of the programme that it serves.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use crate::clock::{Day, Period, Quarter};
use crate::consent::Permits;
use crate::disclosure::{Ledger, Rules, release};
use crate::id::{Identifier, LeadingZero, Sex, generate_made_up_cpr};
use crate::key::{LinkageKey, ServiceKey};
use crate::linkage::Spine;
use crate::programme::Programme;
use crate::question::{Ask, count, plan};
use crate::secret::Random;
use crate::snapshot::{Columns, Snapshot, Withheld};
use crate::token::{Linker, Token, Tokeniser};

const PROGRAMME: &str = include_str!("canary.toml");
/// Persons that each of the two knows, and those of them that the other knows too. Enough to be shown.
const EACH: usize = 30;
const SHARED: usize = 20;

/// The step at which the canary fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanaryError {
    /// Its programme.
    #[error("its programme is not read")]
    Programme,
    /// Its persons.
    #[error("made-up persons make no tokens that are read again")]
    Tokens,
    /// Links.
    #[error("the same person at two partners is not the same, or two are one")]
    Links,
    /// The question.
    #[error("its question is not counted")]
    Count,
    /// The release.
    #[error("its answer is not released as it should be")]
    Release,
}

/// Lets the canary sing.
///
/// # Errors
/// [`CanaryError`]: where it went wrong.
pub fn sing(random: &mut dyn Random) -> Result<(), CanaryError> {
    let programme = Programme::parse(PROGRAMME).map_err(|_| CanaryError::Programme)?;
    let mut secret = [0; 32];
    random.fill(&mut secret);
    let linkage = LinkageKey::from_bytes(programme.id.clone(), &mut secret);
    let service = ServiceKey::generate(random);
    let day = Day::from_ymd(2022, 6, 1).ok_or(CanaryError::Programme)?;

    let mut numbers = BTreeMap::new();
    let mut rows = Vec::new();
    let persons = made_up(random);
    for (source, known) in [&persons[..EACH], &persons[EACH - SHARED..]].into_iter().enumerate() {
        let partner = &programme.partners[source].id;
        let tokeniser = Tokeniser::new(&linkage, partner, partner);
        let linker = Linker::new(&service, partner, partner);
        for cpr in known {
            let id = Identifier::parse(cpr, day, LeadingZero::Refuse).map_err(|_| CanaryError::Tokens)?;
            // As a package writes it, and as it is read from one.
            let mut text = Vec::new();
            tokeniser.person(&id).write_to(&mut text);
            let token = Token::parse(&text).map_err(|_| CanaryError::Tokens)?;
            let link = linker.link(&token);
            let next = u32::try_from(numbers.len() + 1).map_err(|_| CanaryError::Links)?;
            numbers.entry(*link.as_stored()).or_insert((link, next));
            rows.push((link, u8::try_from(source).map_err(|_| CanaryError::Links)?));
        }
    }
    let highest = u32::try_from(2 * EACH - SHARED).map_err(|_| CanaryError::Links)?;
    if numbers.len() != 2 * EACH - SHARED {
        return Err(CanaryError::Links);
    }
    let spine = Spine::load(numbers.into_values(), highest, &[]).map_err(|_| CanaryError::Links)?;
    let numbered = rows.iter().map(|(link, source)| Some((spine.person(link)?, *source)));
    let mut numbered: Vec<(u32, u8)> = numbered.collect::<Option<_>>().ok_or(CanaryError::Links)?;
    numbered.sort_unstable();
    let shown = ask(&programme, &numbered, highest, day)?;
    if shown == Some(u64::from(highest)) { Ok(()) } else { Err(CanaryError::Release) }
}

/// Different made-up numbers, as many as the two know together.
fn made_up(random: &mut dyn Random) -> Vec<[u8; 10]> {
    let mut persons: Vec<[u8; 10]> = Vec::new();
    let born = Day::from_ymd(1970, 5, 6).unwrap_or(Day::MIN);
    for days in 0.. {
        let cpr = generate_made_up_cpr(born.plus(days), Sex::Woman, random);
        if !persons.contains(&cpr) {
            persons.push(cpr);
        }
        if persons.len() == 2 * EACH - SHARED {
            break;
        }
    }
    persons
}

/// What is shown of all of them.
fn ask(
    programme: &Programme,
    rows: &[(u32, u8)],
    highest: u32,
    day: Day,
) -> Result<Option<u64>, CanaryError> {
    let rows_before =
        |person: u32| u32::try_from(rows.partition_point(|(p, _)| *p < person)).unwrap_or(u32::MAX);
    let columns = Columns {
        offsets: (0..=highest + 1).map(rows_before).collect(),
        day: vec![day.days(); rows.len()],
        source: rows.iter().map(|(_, source)| *source).collect(),
        related: None,
        case: None,
        staff: vec![None; 2],
        categories: vec![None; 2],
        measures: vec![None; 2],
    };
    let snapshot = Snapshot {
        id: 1,
        day: Day::from_ymd(2024, 6, 1).ok_or(CanaryError::Programme)?,
        persons: highest,
        families: (0..=highest).collect(),
        withheld: Withheld::default(),
        datasets: vec![Arc::new(columns)],
    };
    let quarter = |year, index| Quarter::new(year, index).ok_or(CanaryError::Programme);
    let period = Period::new(quarter(2022, 1)?, quarter(2022, 4)?).map_err(|_| CanaryError::Programme)?;
    let question = programme.questions[0].id.clone();
    let ask = Ask { question, by: Vec::new(), period, population: None };
    let rules = Rules::standard();
    let plan = plan(programme, &ask, snapshot.day, snapshot.day, &rules).map_err(|_| CanaryError::Count)?;
    let permits = [Permits::builder(plan.span()).open(0).open(1).build()];
    let tabulation = count(&plan, &snapshot, &permits).map_err(|_| CanaryError::Count)?;
    let mut ledger = Ledger::default();
    let pending = release(tabulation, &plan.release_context(1, None), &rules, &ledger);
    let pending = pending.map_err(|_| CanaryError::Release)?;
    let released = ledger.commit(pending, |_| Ok::<_, Infallible>(())).map_err(|_| CanaryError::Release)?;
    Ok(released.value().rows.first().and_then(|row| row.count().count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{SeededRandom, SystemRandom};

    #[test]
    fn it_sings_whatever_keys_it_drew() {
        for seed in 0..20 {
            assert_eq!(sing(&mut SeededRandom::from_number(seed)), Ok(()), "{seed}");
        }
        assert_eq!(sing(&mut SystemRandom::new()), Ok(()));
    }

    /// What it sings hangs on the links: one person too many or too few, and it falls silent.
    #[test]
    fn a_link_that_is_missed_is_heard() {
        let programme = Programme::parse(PROGRAMME).unwrap_or_else(|error| panic!("{error}"));
        let day = Day::from_ymd(2022, 6, 1).expect("a day");
        let rows = |persons: u32| (1..=persons).map(|person| (person, 0)).collect::<Vec<_>>();
        let shown = |persons: u32| ask(&programme, &rows(persons), persons, day).expect("counted");
        assert_eq!(shown(40), Some(40));
        assert_eq!(shown(60), Some(60), "nobody linked");
        assert_eq!(shown(4), None, "everybody one of a few");
    }
}
