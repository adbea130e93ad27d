//! One dataset's rows, column by column as the programme defines them.

use std::collections::BTreeMap;

use super::super::pen::{Entry, Value};
use super::cast::{Anchor, Cast, Course};
use super::habits::{Habit, How, Place, habits};
use super::weights;
use crate::clock::Day;
use crate::programme::{Column, Dataset, Programme, Role};
use crate::secret::{Random as _, SeededRandom};

/// A dataset's rows at one partner, by day.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Position of the partner.
    pub partner: usize,
    /// Position of the dataset.
    pub dataset: usize,
    /// Rows.
    pub entries: Vec<Entry>,
}

/// What a row's columns are drawn for.
#[derive(Clone, Copy)]
struct Moment<'a> {
    partner: usize,
    course: &'a Course,
    day: Day,
    /// Code of the column of moments, or of steps.
    code: Option<u8>,
    /// After the first moment.
    later: bool,
}

/// The sheets of a dataset, one for each of its partners, empty ones too: a partner says that it has nothing.
pub(super) fn of_dataset(cast: &Cast, programme: &Programme, at: usize) -> Vec<Sheet> {
    let dataset = &programme.datasets[at];
    let seed = cast.seed.wrapping_mul(1031) + at as u64;
    let families = programme.datasets.iter().any(|dataset| dataset.id.as_str() == "behandling");
    let mut maker = Maker {
        cast,
        programme,
        dataset,
        random: SeededRandom::from_number(seed),
        found: dataset.partners.iter().map(|partner| (usize::from(*partner), Vec::new())).collect(),
    };
    for habit in habits(dataset.id.as_str(), families) {
        maker.by_habit(habit);
    }
    let sheets = maker.found.into_iter().map(|(partner, mut entries)| {
        entries.sort_by_key(|entry| entry.day);
        Sheet { partner, dataset: at, entries }
    });
    sheets.collect()
}

struct Maker<'a> {
    cast: &'a Cast,
    programme: &'a Programme,
    dataset: &'a Dataset,
    random: SeededRandom,
    found: BTreeMap<usize, Vec<Entry>>,
}

impl Maker<'_> {
    fn chance(&mut self, per_cent: u64) -> bool {
        self.random.below(100) < per_cent
    }

    fn between(&mut self, (least, most): (i32, i32)) -> i32 {
        let span = u64::try_from(most - least + 1).unwrap_or(1);
        least + i32::try_from(self.random.below(span)).unwrap_or(0)
    }

    fn by_habit(&mut self, habit: &Habit) {
        if habit.how == How::Training {
            return self.training(habit);
        }
        let cast = self.cast;
        for course in &cast.courses {
            let kin = cast.members[course.person as usize].kin;
            let Some(day) = course.day(habit.from).filter(|_| habit.who.is(kin)) else { continue };
            if habit.short_of.is_some_and(|anchor| course.day(anchor).is_some()) {
                continue;
            }
            let eased = habit.eased && course.treated && course.day(Anchor::Started).is_some();
            if !self.chance(if eased { habit.share / 2 } else { habit.share }) {
                continue;
            }
            let place = match habit.place {
                Place::Helper => course.helper,
                Place::Home => course.home,
                Place::Tracer => Some(course.tracer),
                Place::Only => self.dataset.partners.first().map(|partner| usize::from(*partner)),
                Place::FirstTracer => {
                    let first = self.dataset.partners.first().map(|partner| usize::from(*partner));
                    first.filter(|first| *first == course.tracer)
                }
                Place::Any => {
                    let at = self.random.below(self.dataset.partners.len() as u64);
                    usize::try_from(at).ok().map(|at| usize::from(self.dataset.partners[at]))
                }
            };
            let Some(partner) = place.filter(|partner| self.found.contains_key(partner)) else { continue };
            self.of_course(habit, Moment { partner, course, day, code: None, later: habit.days.0 > 0 });
        }
    }

    fn of_course(&mut self, habit: &Habit, at: Moment<'_>) {
        match habit.how {
            How::Once => {
                let day = at.day.plus(self.between(habit.days));
                self.row(Moment { day, ..at });
            }
            How::Some(most) => {
                for _ in 0..=self.random.below(most) {
                    let day = at.day.plus(self.between(habit.days));
                    self.row(Moment { day, ..at });
                }
            }
            How::Quarters => {
                let end = at.course.ended().unwrap_or(self.cast.last);
                let mut quarter = at.day.quarter();
                loop {
                    let day = quarter.last().min(end);
                    self.row(Moment { day, later: quarter != at.day.quarter(), ..at });
                    if quarter.last() >= end {
                        break;
                    }
                    quarter = day.plus(1).quarter();
                }
            }
            How::Steps => {
                let steps = [
                    ("indskrevet", Anchor::Contacted),
                    ("startet", Anchor::Started),
                    ("gennemfoert", Anchor::Completed),
                    ("stoppet", Anchor::Stopped),
                ];
                for (id, anchor) in steps {
                    if let Some(day) = at.course.day(anchor)
                        && let Some(code) = self.code_of(id)
                    {
                        self.row(Moment { day, code: Some(code), ..at });
                    }
                }
            }
            How::Moments => self.moments(habit, at),
            How::Training => {}
        }
    }

    /// Fewer answer the later they are asked.
    fn moments(&mut self, habit: &Habit, at: Moment<'_>) {
        let Some((_, codes)) = self.moment_column() else { return };
        let ids: Vec<String> = codes.iter().map(|code| code.id.to_string()).collect();
        for (code, id) in (0u8..).zip(&ids) {
            let months = id.strip_prefix("maaned-").and_then(|months| months.parse::<i32>().ok());
            let (day, answers) = match (id.as_str(), months) {
                ("start", _) | (_, Some(0)) => (Some(at.day.plus(self.between(habit.days))), 95),
                ("slut", _) => {
                    let completed = at.course.day(Anchor::Completed);
                    let day = completed.or(at.course.day(Anchor::Stopped));
                    // The end is never before the beginning, however soon somebody left.
                    let day = day.map(|day| day.max(at.day.plus(habit.days.1 + 1)));
                    (day, if completed.is_some() { 86 } else { 35 })
                }
                (_, Some(months)) => (Some(at.day.plus(months * 30 + self.between((-10, 18)))), 70),
                _ => (None, 0),
            };
            if let Some(day) = day
                && self.chance(answers)
            {
                self.row(Moment { day, code: Some(code), later: code > 0, ..at });
            }
        }
    }

    /// The column of moments: the first category whose codes are moments.
    fn moment_column(&self) -> Option<(&Column, &[crate::programme::Code])> {
        self.dataset.columns.iter().find_map(|column| {
            let codes = self.programme.codes(column)?;
            is_moments(codes).then_some((column, codes))
        })
    }

    /// A step's code in whichever column has it.
    fn code_of(&self, id: &str) -> Option<u8> {
        let columns = self.dataset.columns.iter().filter_map(|column| self.programme.codes(column));
        columns
            .flat_map(|codes| (0u8..).zip(codes))
            .find(|(_, code)| code.id.as_str() == id)
            .map(|(at, _)| at)
    }

    /// A row, unless its day is outside the programme.
    fn row(&mut self, at: Moment<'_>) {
        if at.day < self.cast.first || at.day > self.cast.last {
            return;
        }
        let values = self.values(at);
        let more = self.placed(&values);
        self.push(at, values.clone());
        // A placement has a row for each quarter.
        for n in 1..=more {
            self.push(Moment { day: at.day.plus(91 * n), ..at }, values.clone());
        }
    }

    fn push(&mut self, at: Moment<'_>, values: Vec<Value>) {
        if at.day > self.cast.last {
            return;
        }
        let person = at.course.person;
        let family = self.cast.members[person as usize].family;
        let has = |role: &Role| self.dataset.position(|of| of == role).is_some();
        let (pairs, cases) = (has(&Role::RelatedPerson), has(&Role::Case));
        let related = at.course.other.filter(|_| pairs && self.random.below(100) < 84);
        let case = cases.then(|| self.cast.case(at.partner, family)).filter(|_| self.random.below(100) >= 4);
        let entry = Entry { person: Some(person), related, case, day: at.day, values };
        self.found.entry(at.partner).or_default().push(entry);
    }

    /// How many more rows a placement has; nothing for anything else.
    fn placed(&mut self, values: &[Value]) -> i32 {
        let is = |(column, value): (&Column, &Value)| match (self.programme.codes(column), value) {
            (Some(codes), Value::Code(code)) => codes[usize::from(*code)].id.as_str() == "anbringelse",
            _ => false,
        };
        if self.dataset.columns.iter().zip(values).any(is) { self.between((0, 4)) } else { 0 }
    }

    fn values(&mut self, at: Moment<'_>) -> Vec<Value> {
        let mut values = Vec::with_capacity(self.dataset.columns.len());
        let (mut before, mut placed) = (0, None);
        for column in &self.dataset.columns {
            let value = match &column.role {
                _ if !column.required && !matches!(column.role, Role::Measure(_)) && self.chance(7) => {
                    Value::Nothing
                }
                Role::Category { list } => {
                    let id = &self.programme.code_lists[*list].id;
                    let code = self.category(column, id, at);
                    if id == "boernesag" {
                        placed = Some(self.programme.code_lists[*list].codes[usize::from(code)].id.as_str());
                    }
                    Value::Code(code)
                }
                // Days are of a placement alone.
                Role::Measure(_) if !column.required && placed.is_some_and(|code| code != "anbringelse") => {
                    Value::Nothing
                }
                Role::Measure(measure) => {
                    let drawn = weights::number(column.id.as_str(), measure, at.later, &mut self.random);
                    // Some of what was planned is held.
                    let held = i64::from(self.between((62, 100)));
                    before = if column.id.as_str() == "afholdt" { (before * held + 50) / 100 } else { drawn };
                    Value::Number(before.clamp(measure.min, measure.max))
                }
                Role::Staff => Value::Staff(self.employee(at.partner, at.course)),
                Role::Person | Role::RelatedPerson | Role::Case | Role::Date => Value::Nothing,
            };
            values.push(value);
        }
        values
    }

    fn category(&mut self, column: &Column, list: &str, at: Moment<'_>) -> u8 {
        let codes = self.programme.codes(column).unwrap_or_default();
        let named = |id: &str| codes.iter().position(|code| code.id.as_str() == id);
        let kin = self.cast.members[at.course.person as usize].kin;
        let told = match list {
            "rolle" => named(kin.code()),
            "gruppe" => named(if at.course.treated { "behandling" } else { "venteliste" }),
            "tilbud" => named(if at.course.treated { "tidlig-indsats" } else { "almindelig-raadgivning" }),
            "behandlingstrin" => at.code.map(usize::from),
            _ if is_moments(codes) => at.code.map(usize::from),
            _ => None,
        };
        // Those whom the programme reaches are reached earlier, and end better.
        let later = at.later || (list == "voldsvarighed" && at.course.treated);
        let told = told.and_then(|told| u8::try_from(told).ok());
        told.unwrap_or_else(|| weights::code(list, codes, later, &mut self.random))
    }

    /// Employees of a partner, counted from 1.
    fn employees(partner: usize) -> u32 {
        [14, 6, 3, 4, 9, 7, 8, 6, 5][partner % 9]
    }

    /// Nearly always the one who has the family.
    fn employee(&mut self, partner: usize, course: &Course) -> u32 {
        let family = self.cast.members[course.person as usize].family;
        let some = if self.chance(85) { family } else { u32::try_from(self.random.below(1000)).unwrap_or(0) };
        some % Maker::employees(partner) + 1
    }

    /// Most employees are trained, one after the other, the first ones at the beginning.
    fn training(&mut self, habit: &Habit) {
        let issuer = self.dataset.staff_issuer.as_ref().and_then(|issuer| self.programme.source(issuer));
        let senders: Vec<usize> = self.found.keys().copied().collect();
        for sender in senders {
            for number in 1..=Maker::employees(issuer.map_or(sender, usize::from)) {
                if number % 5 == 4 {
                    continue;
                }
                let most = if number % 3 == 0 { habit.days.1 } else { 60 };
                let day = self.cast.first.plus(self.between((habit.days.0, most)));
                let staff = |column: &Column| match column.role {
                    Role::Staff => Value::Staff(number),
                    _ => Value::Nothing,
                };
                let values = self.dataset.columns.iter().map(staff).collect();
                let entry = Entry { person: None, related: None, case: None, day, values };
                self.found.entry(sender).or_default().push(entry);
            }
        }
    }
}

fn is_moments(codes: &[crate::programme::Code]) -> bool {
    let moment = |id: &str| matches!(id, "start" | "slut") || id.starts_with("maaned-");
    !codes.is_empty() && codes.iter().all(|code| moment(code.id.as_str()))
}
