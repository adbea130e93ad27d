//! Everything of a made-up world that must never be found: its persons' numbers, their raw tokens, its free text.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::DemoError;
use super::hand::hand;
use super::identity::Identity;
use super::raw::REMARK_WORDS;
use super::records::{Cast, Sheet};
use super::search::NeedleKind;
use super::world::{PARTNERS, World};
use crate::clock::Day;
use crate::id::{Identifier, LeadingZero};
use crate::key::LinkageKey;
use crate::name::PartnerId;
use crate::programme::Programme;
use crate::token::{Token, Tokeniser};

/// A needle of a search.
pub type Needle = (NeedleKind, Box<[u8]>);

/// The numbers of everybody, plain and with a hyphen: what may be in no package and nowhere at the service.
#[must_use]
pub fn numbers(world: &World) -> Vec<Needle> {
    numbers_of(world.persons.iter().map(|person| &person.identity), PARTNERS.len())
}

/// The numbers of a cast, as [`numbers`].
#[must_use]
pub fn numbers_of_cast(cast: &Cast, programme: &Programme) -> Vec<Needle> {
    numbers_of(cast.members.iter().map(|member| &member.identity), programme.partners.len())
}

fn numbers_of<'a>(identities: impl Iterator<Item = &'a Identity>, partners: usize) -> Vec<Needle> {
    let mut needles = Vec::new();
    for identity in identities {
        for partner in 0..if identity.is_national() { 1 } else { partners } {
            let number = identity.at(partner);
            needles.push((NeedleKind::Number, Box::from(&number[..])));
            let hyphened = [&number[..6], b"-", &number[6..]].concat();
            needles.push((NeedleKind::HyphenedNumber, hyphened.into()));
        }
    }
    needles
}

/// The words of the free text column, in the two encodings in which partners write them.
#[must_use]
pub fn words() -> Vec<Needle> {
    let both = |word: &str| [word.as_bytes().to_vec(), encoding_rs::WINDOWS_1252.encode(word).0.into_owned()];
    REMARK_WORDS.iter().flat_map(|word| both(word)).map(|word| (NeedleKind::Word, word.into())).collect()
}

/// A raw token in every form in which it could leak.
#[must_use]
pub fn token(token: &Token) -> Vec<Needle> {
    let bytes = token.expose("it is looked for where it may not be");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        (NeedleKind::TokenBytes, bytes.to_vec()),
        (NeedleKind::TokenText, URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
        (NeedleKind::TokenBase64, STANDARD_NO_PAD.encode(bytes).into_bytes()),
        (NeedleKind::TokenUpperHex, hex.to_uppercase().into_bytes()),
        (NeedleKind::TokenHex, hex.into_bytes()),
    ]
    .into_iter()
    .map(|(kind, needle)| (kind, needle.into()))
    .collect()
}

/// The raw tokens of everybody and of every case number at every partner: what may be in packages, and nowhere at the service.
///
/// # Errors
/// [`DemoError::Programme`] when a number of the world is none on the day of intake `today`.
pub fn tokens(world: &World, key: &LinkageKey, today: Day) -> Result<Vec<Needle>, DemoError> {
    let cases = world.contacts.iter().filter_map(|contact| Some((contact.partner, contact.case?)));
    let case_text = |partner: usize, case| (hand(partner).case)(case);
    let partners: Vec<PartnerId> =
        PARTNERS.iter().map(|name| name.parse().expect("partners have plain names")).collect();
    let identities: Vec<&Identity> = world.persons.iter().map(|person| &person.identity).collect();
    tokens_of(&identities, &partners, cases.collect(), &case_text, key, today)
}

/// The raw tokens of a cast and of the cases in its sheets and, where there is one, in the world beside.
///
/// # Errors
/// As [`tokens`].
pub fn tokens_of_cast(
    cast: &Cast,
    sheets: &[Sheet],
    world: Option<&World>,
    programme: &Programme,
    key: &LinkageKey,
    today: Day,
) -> Result<Vec<Needle>, DemoError> {
    let of_sheet = |sheet: &'_ Sheet| {
        let partner = sheet.partner;
        sheet
            .entries
            .iter()
            .filter_map(|entry| entry.case)
            .map(move |case| (partner, case))
            .collect::<Vec<_>>()
    };
    let mut cases: BTreeSet<(usize, u32)> = sheets.iter().flat_map(of_sheet).collect();
    let contacts = world.into_iter().flat_map(|world| &world.contacts);
    cases.extend(contacts.filter_map(|contact| Some((contact.partner, contact.case?))));
    let partners: Vec<PartnerId> = programme.partners.iter().map(|partner| partner.id.clone()).collect();
    let identities: Vec<&Identity> = cast.members.iter().map(|member| &member.identity).collect();
    tokens_of(&identities, &partners, cases, &|partner, case| cast.case_text(partner, case), key, today)
}

fn tokens_of(
    identities: &[&Identity],
    partners: &[PartnerId],
    cases: BTreeSet<(usize, u32)>,
    case_text: &dyn Fn(usize, u32) -> String,
    key: &LinkageKey,
    today: Day,
) -> Result<Vec<Needle>, DemoError> {
    let mut needles = Vec::new();
    let tokenisers: Vec<Tokeniser> = partners.iter().map(|id| Tokeniser::new(key, id, id)).collect();
    for (partner, tokeniser) in tokenisers.iter().enumerate() {
        for identity in identities {
            if partner > 0 && identity.is_national() {
                continue;
            }
            let number = Identifier::parse(&identity.at(partner), today, LeadingZero::Refuse);
            let number = number.map_err(|_| DemoError::Programme {
                what: "made-up number that is sound today".to_owned(),
            })?;
            needles.extend(token(&tokeniser.person(&number)));
        }
    }
    for (partner, case) in cases {
        let case = tokenisers[partner].case(&case_text(partner, case));
        needles.extend(token(&case.expect("made-up case numbers are short and plain")));
    }
    Ok(needles)
}

#[cfg(test)]
mod tests {
    use super::super::search::Search;
    use super::super::world::WorldSettings;
    use super::*;
    use crate::demo::raw::write_extracts;

    #[test]
    fn raw_extracts_are_full_of_needles_and_a_token_is_found_in_every_form() {
        let world = World::generate(WorldSettings { persons: 300, ..WorldSettings::default() });
        let programme =
            Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("sound");
        let today = Day::from_ymd(2026, 1, 1).expect("a day");
        let key = LinkageKey::from_bytes(programme.id.clone(), &mut [5; 32]);
        let mut needles = numbers(&world);
        needles.extend(words());
        needles.extend(tokens(&world, &key, today).expect("sound numbers"));
        let search = Search::new(needles);
        let folder = tempfile::tempdir().expect("a folder");
        assert!(search.prove(folder.path()).is_ok());
        write_extracts(&world, &programme, folder.path()).expect("written");
        let found = search.folder(folder.path()).expect("read").found;
        let of = |kind| found.iter().filter(|f| f.kind == kind).count();
        assert!(of(NeedleKind::Number) > 300 && of(NeedleKind::HyphenedNumber) > 100);
        assert!(of(NeedleKind::Word) > 300 && of(NeedleKind::TokenText) == 0);
        let id: PartnerId = PARTNERS[3].parse().expect("a name");
        let person = world.persons.iter().find(|p| !p.identity.is_national()).expect("there are some");
        let number = Identifier::parse(&person.identity.at(3), today, LeadingZero::Refuse);
        let Ok(number) = number else { panic!("a made-up number is refused") };
        let planted = Tokeniser::new(&key, &id, &id).person(&number);
        let mut package = Vec::new();
        planted.write_to(&mut package);
        assert_eq!(search.buffer("package", &package).found[0].kind, NeedleKind::TokenText);
        let forms = token(&planted);
        assert!(forms.iter().all(|(_, form)| !search.buffer("x", form).found.is_empty()));
    }
}
