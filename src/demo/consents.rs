//! What made-up persons said when they were asked, one CSV file a partner.
//!
//! UTF-8 with commas and the header [`HEADER`]: what `kobling consent record FILE` reads. Purposes, recipients and the
//! notice are the command's options and cover every event of a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::DemoError;
use super::records::{Cast, Sheet};
use super::world::{PARTNERS, World};
use crate::clock::{Day, Timestamp};
use crate::name::{PartnerId, PurposeId};
use crate::programme::{BasisKind, Programme};
use crate::secret::{Random, SeededRandom};

/// First line of a file. `event` is `given`, `refused` or `withdrawn`; `time` an RFC 3339 instant; the other times are
/// days as `YYYY-MM-DD`, or nothing.
pub const HEADER: &str = "cpr,record,event,time,valid_from,valid_to,window_from,window_to";

/// Name of a file.
const FILE: &str = "samtykker.csv";
/// Name of a file about payment, which is asked about on a paper of its own.
const PAYMENT_FILE: &str = "samtykker-betaling.csv";

/// A file of consent events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentFile {
    /// Whose it is.
    pub partner: PartnerId,
    /// What for: the purposes that its events are about.
    pub purposes: Vec<PurposeId>,
    /// Where it is.
    pub path: PathBuf,
    /// Events in it.
    pub events: u64,
    /// Persons by what they said.
    pub said: Said,
}

/// Persons with rows under consent at a partner, by what they said there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Yes, to all rows.
    pub given: u64,
    /// Yes, but not to all days.
    pub windowed: u64,
    /// Yes, for a time that is over.
    pub lapsed: u64,
    /// No.
    pub refused: u64,
    /// Yes, then no.
    pub withdrawn: u64,
    /// Yes, then no, then yes again.
    pub again: u64,
    /// Nothing: never asked, or the paper was lost.
    pub nothing: u64,
}

/// The first and last day of rows under consent, by person, at one partner.
type Spans = BTreeMap<u32, (Day, Day)>;

/// What a file of consents is about.
struct Paper<'a> {
    partner: PartnerId,
    name: &'static str,
    purposes: Vec<PurposeId>,
    seed: u64,
    today: Day,
    /// A yes to hand rows over holds for a limited time here: whoever said yes was asked again not long ago.
    asked_again: bool,
    number: &'a dyn Fn(u32) -> [u8; 10],
}

impl Paper<'_> {
    /// Writes what everybody said, at a name of its own in the partner's folder; nothing where nobody is asked.
    fn write(self, spans: Spans, folder: &Path, say: Say) -> Result<Option<ConsentFile>, DemoError> {
        if spans.is_empty() {
            return Ok(None);
        }
        let mut random = SeededRandom::from_number(self.seed);
        let mut file = File {
            text: format!("{HEADER}\n"),
            events: 0,
            said: Said::default(),
            name: "s",
            asked_again: self.asked_again,
        };
        for (person, span) in spans {
            let number = (self.number)(person);
            let number: String = number.iter().map(|byte| char::from(*byte)).collect();
            say(&mut file, &number, span, self.today, &mut random);
        }
        let folder = folder.join(self.partner.as_str());
        std::fs::create_dir_all(&folder).map_err(DemoError::io(&folder, "written"))?;
        let path = folder.join(self.name);
        std::fs::write(&path, &file.text).map_err(DemoError::io(&path, "written"))?;
        let File { events, said, .. } = file;
        Ok(Some(ConsentFile { partner: self.partner, purposes: self.purposes, path, events, said }))
    }
}

/// How somebody with rows from one day to another answers.
type Say = fn(&mut File, &str, (Day, Day), Day, &mut dyn Random);

/// Writes what everybody said, at `<partner>/samtykker.csv` under a folder, for partners that hold rows under consent
/// for a purpose. `today` is the day on which questions will be asked: most permissions are valid then.
///
/// # Errors
/// [`DemoError`]: a file cannot be written, or the programme is another one.
pub fn write_consents(
    world: &World,
    programme: &Programme,
    purpose: &PurposeId,
    today: Day,
    folder: &Path,
) -> Result<Vec<ConsentFile>, DemoError> {
    let number = |partner: usize| move |person| world.number(person, partner);
    let mut files = Vec::new();
    for (partner, name) in PARTNERS.iter().enumerate() {
        let paper = Paper {
            partner: name.parse().expect("partners have plain names"),
            name: FILE,
            purposes: vec![purpose.clone()],
            seed: world.settings.seed.wrapping_mul(1013) + partner as u64,
            today,
            asked_again: is_asked_again(programme, std::slice::from_ref(purpose), partner),
            number: &number(partner),
        };
        files.extend(paper.write(spans(world, programme, purpose, partner), folder, File::person)?);
    }
    Ok(files)
}

/// The same for a cast, with the rows of its sheets and, where there is one, of the world beside: for one purpose, or
/// for several that are asked about on one paper. A person says one thing to all purposes of a paper.
///
/// # Errors
/// As [`write_consents`].
pub fn write_consents_of(
    cast: &Cast,
    sheets: &[Sheet],
    world: Option<&World>,
    programme: &Programme,
    purposes: &[PurposeId],
    today: Day,
    folder: &Path,
) -> Result<Vec<ConsentFile>, DemoError> {
    let mut files = Vec::new();
    let payment = purposes.iter().any(|purpose| purpose.as_str() == "payment");
    for (at, partner) in programme.partners.iter().enumerate() {
        let mut all = Spans::new();
        for purpose in purposes {
            if let Some(world) = world {
                for (person, (first, last)) in spans(world, programme, purpose, at) {
                    widen(&mut all, person, first);
                    widen(&mut all, person, last);
                }
            }
            for sheet in sheets.iter().filter(|sheet| sheet.partner == at) {
                let basis = programme.datasets[sheet.dataset].basis(purpose);
                if basis.is_some_and(|basis| basis.kind == BasisKind::Consent) {
                    for entry in &sheet.entries {
                        entry.person.into_iter().for_each(|person| widen(&mut all, person, entry.day));
                    }
                }
            }
        }
        let paper = Paper {
            partner: partner.id.clone(),
            name: if payment { PAYMENT_FILE } else { FILE },
            purposes: purposes.to_vec(),
            seed: cast.seed.wrapping_mul(1013) + at as u64 + if payment { 500 } else { 0 },
            today,
            asked_again: is_asked_again(programme, purposes, at),
            number: &|person| cast.number(person, at),
        };
        files.extend(paper.write(all, folder, if payment { File::on_payment } else { File::person })?);
    }
    Ok(files)
}

/// Whether a partner holds a dataset whose consent to hand over runs out by law.
fn is_asked_again(programme: &Programme, purposes: &[PurposeId], partner: usize) -> bool {
    let own = programme.datasets.iter().filter(|d| d.partners.iter().any(|at| usize::from(*at) == partner));
    own.flat_map(|dataset| &dataset.bases)
        .any(|basis| purposes.contains(&basis.purpose) && basis.disclosure_days.is_some())
}

fn widen(spans: &mut Spans, person: u32, day: Day) {
    let span = spans.entry(person).or_insert((day, day));
    *span = (span.0.min(day), span.1.max(day));
}

/// Persons with rows under consent for a purpose at a partner: positions in [`World::persons`], ascending. From these
/// the demo chooses who withdraws.
#[must_use]
pub fn asked_at(world: &World, programme: &Programme, purpose: &PurposeId, partner: usize) -> Vec<u32> {
    spans(world, programme, purpose, partner).into_keys().collect()
}

/// Writes a file in which persons withdraw at a partner (a position in [`PARTNERS`]), all at one instant.
///
/// # Errors
/// [`DemoError::Io`].
pub fn write_withdrawals(
    world: &World,
    partner: usize,
    persons: &[u32],
    at: Timestamp,
    path: &Path,
) -> Result<(), DemoError> {
    let mut text = format!("{HEADER}\n");
    for person in persons {
        let number = world.number(*person, partner);
        let number: String = number.iter().map(|byte| char::from(*byte)).collect();
        let _ = writeln!(text, "{number},w{person}-{},withdrawn,{at},{},,,", at.millis(), at.day());
    }
    std::fs::write(path, text).map_err(DemoError::io(path, "written"))
}

fn spans(world: &World, programme: &Programme, purpose: &PurposeId, partner: usize) -> Spans {
    let under_consent = |dataset: &str| {
        let dataset = programme.datasets.iter().find(|d| d.id.as_str() == dataset);
        dataset.and_then(|d| d.basis(purpose)).is_some_and(|basis| basis.kind == BasisKind::Consent)
    };
    let mut spans = Spans::new();
    for contact in world.contacts.iter().filter(|c| c.partner == partner && under_consent(c.dataset)) {
        contact.person.into_iter().for_each(|person| widen(&mut spans, person, contact.day));
    }
    spans
}

struct File {
    text: String,
    events: u64,
    said: Said,
    /// What the names of its records begin with.
    name: &'static str,
    asked_again: bool,
}

/// The days of a yes.
#[derive(Clone, Copy, Default)]
struct Yes {
    from: Option<Day>,
    to: Option<Day>,
    window_from: Option<Day>,
    window_to: Option<Day>,
}

impl File {
    fn person(&mut self, number: &str, (first, last): (Day, Day), today: Day, random: &mut dyn Random) {
        let mut some = |least: i32, most: u64| least + i32::try_from(random.below(most)).unwrap_or(0);
        let before = first.plus(-some(0, 30));
        let after = last.plus(some(1, 200)).min(today.plus(-1));
        // Nearly always open, or good for years to come.
        let open = Yes { from: Some(before), ..Yes::default() };
        let yes = if some(0, 3) == 0 { open } else { Yes { to: Some(today.plus(some(400, 1500))), ..open } };
        let kind = some(0, 1000);
        let said = &mut self.said;
        match kind {
            0..=11 => {
                said.refused += 1;
                self.event(number, "refused", before, open);
            }
            12..=21 => {
                said.withdrawn += 1;
                self.event(number, "given", before, yes);
                self.event(number, "withdrawn", after, Yes { from: Some(after), ..Yes::default() });
            }
            22..=25 => {
                said.again += 1;
                let (middle, end) = (after.plus(-1), after);
                self.event(number, "given", before.plus(-2), yes);
                self.event(number, "withdrawn", middle, Yes { from: Some(middle), ..Yes::default() });
                let reaching_back = Yes { from: Some(end), window_from: Some(before), ..yes };
                self.lasting(number, end, reaching_back, today, random);
            }
            26..=33 => said.nothing += 1,
            34..=39 => {
                said.lapsed += 1;
                let over = today.plus(-some(1, 90)).max(before);
                self.lasting(number, before, Yes { to: Some(over), ..open }, today, random);
            }
            40..=51 => {
                // From the second half of the rows' span on, or up to its first half.
                said.windowed += 1;
                let half = first.plus((last.days() - first.days()) / 2);
                let cut = if kind < 46 {
                    Yes { window_from: Some(half.plus(1)), ..yes }
                } else {
                    Yes { window_to: Some(half), ..yes }
                };
                self.lasting(number, before, cut, today, random);
            }
            52..=111 => {
                // Asked after the first rows, with a yes that reaches back to them.
                said.given += 1;
                let asked = first.plus(some(0, 60)).min(today.plus(-1));
                let reaching_back = Yes { from: Some(asked), window_from: Some(before), ..yes };
                self.lasting(number, asked, reaching_back, today, random);
            }
            _ => {
                said.given += 1;
                self.lasting(number, before, yes, today, random);
            }
        }
    }

    /// A yes that nobody takes back. Where such a yes runs out by law, it is said anew, and reaches back as far as the first.
    fn lasting(&mut self, number: &str, on: Day, yes: Yes, today: Day, random: &mut dyn Random) {
        let anew = today.plus(-(100 + i32::try_from(random.below(200)).unwrap_or(0)));
        if self.asked_again && on < anew {
            let reaching_back = yes.window_from.or(yes.from).or(Some(on));
            let yes = Yes { from: Some(anew), window_from: reaching_back, ..yes };
            return self.event(number, "given", anew, yes);
        }
        self.event(number, "given", on, yes);
    }

    /// Nearly everybody lets what was achieved be paid for.
    fn on_payment(&mut self, number: &str, (first, _): (Day, Day), today: Day, random: &mut dyn Random) {
        self.name = "b";
        let before = first.plus(-i32::try_from(random.below(20)).unwrap_or(0)).min(today.plus(-1));
        let yes = Yes { from: Some(before), ..Yes::default() };
        if random.below(100) < 2 {
            self.said.refused += 1;
            self.event(number, "refused", before, yes);
        } else {
            self.said.given += 1;
            self.event(number, "given", before, yes);
        }
    }

    fn event(&mut self, number: &str, event: &str, on: Day, yes: Yes) {
        self.events += 1;
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let [from, to, window_from, window_to] = [yes.from, yes.to, yes.window_from, yes.window_to].map(day);
        let _ = writeln!(
            self.text,
            "{number},{}{},{event},{on}T12:00:00Z,{from},{to},{window_from},{window_to}",
            self.name, self.events
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::world::WorldSettings;
    use super::*;

    #[test]
    fn most_say_yes_and_every_other_answer_occurs() {
        let world = World::generate(WorldSettings { persons: 6000, ..WorldSettings::default() });
        let programme =
            Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("sound");
        let purpose: PurposeId = "evaluation".parse().expect("a name");
        let today = Day::from_ymd(2026, 3, 1).expect("a day");
        let folder = tempfile::tempdir().expect("a folder");
        let files = write_consents(&world, &programme, &purpose, today, folder.path()).expect("written");
        assert_eq!(files.len(), 9, "every partner holds rows under consent");
        let sum = |what: fn(&Said) -> u64| files.iter().map(|f| what(&f.said)).sum::<u64>();
        let rare = [
            sum(|s| s.windowed),
            sum(|s| s.lapsed),
            sum(|s| s.refused),
            sum(|s| s.withdrawn),
            sum(|s| s.again),
            sum(|s| s.nothing),
        ];
        assert!(rare.iter().all(|n| *n > 5), "{rare:?}");
        assert!(rare.iter().sum::<u64>() * 8 < sum(|s| s.given));
        for file in &files {
            let text = std::fs::read_to_string(&file.path).expect("read");
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some(HEADER));
            assert_eq!(lines.clone().count() as u64, file.events);
            for line in lines {
                let cells: Vec<&str> = line.split(',').collect();
                assert_eq!(cells.len(), 8);
                let at: Timestamp = cells[3].parse().expect("an instant");
                assert!(at.day() < today);
                let days: Vec<Option<Day>> =
                    cells[4..].iter().map(|c| (!c.is_empty()).then(|| c.parse().expect("a day"))).collect();
                assert!(days[0].is_some());
                assert!(days[1].is_none_or(|to| days[0] <= Some(to)), "it ends before it begins");
                assert!(days[3].is_none_or(|to| days[2].or(days[0]) <= Some(to)), "the window is empty");
            }
        }
        let asked = asked_at(&world, &programme, &purpose, 5);
        let path = folder.path().join("w.csv");
        let now = Timestamp::at_start_of(today);
        write_withdrawals(&world, 5, &asked[..2], now, &path).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read").matches(",withdrawn,").count(), 2);
    }
}
