//! What the attacker knows after its questions: for each set of persons that has a name, how many of them it does not
//! know already, within bounds, and the sums and parts that these numbers keep.
//!
//! Every bound is one that the truth keeps, whatever the world is; a test holds each world against its own system. Persons
//! who come, go or are corrected are known, so the others are the same in every snapshot and need no number of it.

use std::collections::{BTreeMap, HashMap};

use kobling::disclosure::{Rule, Rules, Shown};

use crate::asks::{Ask, Form};
use crate::service::Answer;
use crate::world::{Cell, DIMENSIONS, Kind, World};

/// More than there can be.
pub(crate) const MOST: i64 = 100_000;

/// `low` ≤ the sum of coefficient times number ≤ `high`.
pub(crate) struct Row {
    pub(crate) terms: Vec<(usize, i64)>,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

pub(crate) struct Knowledge {
    pub(crate) cells: Vec<Cell>,
    pub(crate) bounds: Vec<(i64, i64)>,
    pub(crate) rows: Vec<Row>,
    at: HashMap<Cell, usize>,
    /// Whether some answer shows it as hidden.
    pub(crate) hidden: Vec<bool>,
}

/// What the attacker has seen and can say of when.
struct Seen<'a> {
    answers: &'a [Answer],
    /// For each snapshot, cells in the order in which they were first settled there.
    settled: Vec<Vec<(Cell, Form)>>,
    /// What cells read, by snapshot, cell, and form of the question.
    read: HashMap<(usize, Cell, Form), Vec<Shown>>,
}

impl<'a> Seen<'a> {
    fn of(answers: &'a [Answer], world: &World) -> Seen<'a> {
        let mut seen =
            Seen { answers, settled: vec![Vec::new(); world.snapshots.len()], read: HashMap::new() };
        for answer in answers {
            let above = answer.ask.above();
            for ask in above.iter().chain([&answer.ask]) {
                for cell in ask.settles(world.sides) {
                    let settled = &mut seen.settled[answer.snapshot];
                    if !settled.contains(&(cell, ask.form)) {
                        settled.push((cell, ask.form));
                    }
                }
            }
            let left_out = (answer.ask.left_out(), answer.table.left_out);
            for (cell, shown) in answer.rows().map(|(cell, shown, _)| (cell, shown)).chain([left_out]) {
                seen.read.entry((answer.snapshot, cell, answer.ask.form)).or_default().push(shown);
            }
        }
        seen
    }

    /// Cells that can share persons with one, and that were settled in a snapshot before it was.
    fn before(&self, snapshot: usize, of: (Cell, Form)) -> impl Iterator<Item = (Cell, Form)> + '_ {
        let settled = &self.settled[snapshot];
        let until = settled.iter().position(|it| *it == of).unwrap_or(settled.len());
        settled[..until].iter().copied().filter(move |(cell, _)| !cell.excludes(&of.0))
    }

    /// Whether a value that is shown as of this snapshot can be another set's, that lies near.
    fn may_be_held(&self, snapshot: usize, of: (Cell, Form), value: u64) -> bool {
        self.before(snapshot, of).any(|(cell, form)| {
            let read = self.read.get(&(snapshot, cell, form));
            // What is hidden for being small has no value; a total, and those left out, are hidden for nothing else.
            let covers = cell.kind != Kind::LeftOut && (cell.kind != Kind::Reach || cell.codes != [None; 3]);
            let can = |shown: &Shown| shown.count().map_or(covers, |count| count == value);
            read.is_none_or(|read| read.iter().any(can))
        })
    }

    /// Whether a hidden cell can be hidden because another hidden one lies near.
    fn may_be_near_hidden(&self, snapshot: usize, of: (Cell, Form)) -> bool {
        snapshot > 0
            || self.before(snapshot, of).any(|(cell, form)| {
                let read = self.read.get(&(snapshot, cell, form));
                read.is_none_or(|read| read.contains(&Shown::Hidden))
            })
    }
}

impl Knowledge {
    pub(crate) fn of(answers: &[Answer], world: &World, rules: &Rules) -> Knowledge {
        let mut all = Knowledge::empty(world.sides);
        let seen = Seen::of(answers, world);
        for answer in seen.answers {
            all.read_rows(answer, &seen, world, rules);
        }
        all
    }

    /// Nothing but the sums.
    fn empty(sides: [u8; DIMENSIONS]) -> Knowledge {
        let (cells, bounds, rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut all = Knowledge { cells, bounds, rows, at: HashMap::new(), hidden: Vec::new() };
        let codes = |most: usize| codes(sides, most);
        for recipient in 0..2 {
            let cell = |kind, codes| Cell { recipient, kind, codes };
            for codes in codes(DIMENSIONS) {
                let reach = all.number(cell(Kind::Reach, codes));
                all.sums(cell(Kind::Reach, codes), sides, DIMENSIONS);
                if recipient == 1 {
                    let (all_of_them, out) = (cell(Kind::Reach, codes), cell(Kind::LeftOut, codes));
                    let everybody = all.number(Cell { recipient: 0, ..all_of_them });
                    let out_of = all.number(out);
                    all.row(&[(reach, 1), (out_of, 1), (everybody, -1)], 0, 0);
                    all.sums(out, sides, DIMENSIONS);
                }
            }
            for codes in codes(1) {
                let reach = all.number(cell(Kind::Reach, codes));
                let step = all.number(cell(Kind::Step, codes));
                all.row(&[(reach, 1), (step, -1)], 0, MOST);
                all.sums(cell(Kind::Step, codes), sides, 1);
                let mut whole = vec![(reach, -1)];
                for mask in 1..8 {
                    whole.push((all.number(cell(Kind::Only(mask), codes)), 1));
                    let parts = (1..8).filter(|of| of & mask == mask);
                    let parts: Vec<u8> = parts.collect();
                    let mut terms = vec![(all.number(cell(Kind::At(mask), codes)), -1)];
                    terms.extend(parts.iter().map(|of| (all.number(cell(Kind::Only(*of), codes)), 1)));
                    all.row(&terms, 0, 0);
                    all.sums(cell(Kind::At(mask), codes), sides, 1);
                    all.sums(cell(Kind::Only(mask), codes), sides, 1);
                }
                all.row(&whole, 0, 0);
            }
        }
        for at in 0..all.cells.len() {
            let cell = all.cells[at];
            if cell.recipient == 1 && cell.kind != Kind::LeftOut {
                let everybody = all.number(Cell { recipient: 0, ..cell });
                all.row(&[(everybody, 1), (at, -1)], 0, MOST);
            }
        }
        all
    }

    /// The place of a number.
    fn number(&mut self, cell: Cell) -> usize {
        *self.at.entry(cell).or_insert_with(|| {
            self.cells.push(cell);
            self.bounds.push((0, MOST));
            self.hidden.push(false);
            self.cells.len() - 1
        })
    }

    fn row(&mut self, terms: &[(usize, i64)], low: i64, high: i64) {
        self.rows.push(Row { terms: terms.to_vec(), low, high });
    }

    /// A cell is the sum of those with one code more, where there are questions with so many.
    fn sums(&mut self, whole: Cell, sides: [u8; DIMENSIONS], most: usize) {
        if whole.codes.iter().flatten().count() >= most {
            return;
        }
        for dimension in (0..DIMENSIONS).filter(|dimension| whole.codes[*dimension].is_none()) {
            let mut terms = vec![(self.number(whole), -1)];
            for code in 0..sides[dimension] {
                let mut part = whole;
                part.codes[dimension] = Some(code);
                terms.push((self.number(part), 1));
            }
            self.row(&terms, 0, 0);
        }
    }

    fn narrow(&mut self, cell: Cell, low: i64, high: i64) {
        let at = self.number(cell);
        let (was_low, was_high) = self.bounds[at];
        self.bounds[at] = (was_low.max(low), was_high.min(high));
    }

    /// What an answer says of its cells.
    fn read_rows(&mut self, answer: &Answer, seen: &Seen<'_>, world: &World, rules: &Rules) {
        let snapshot = answer.snapshot;
        let form = answer.ask.form;
        let left_out = (answer.ask.left_out(), answer.table.left_out, None);
        let hideable = smallest_hidden(answer);
        for (cell, shown, of) in answer.rows().chain([left_out]) {
            let known = world.known_in(snapshot, &cell);
            match shown {
                Shown::Count(0) => self.narrow(cell, -known, -known),
                Shown::Count(value) => {
                    let rounding = if rules.rounding() > 1 { 2 } else { 0 };
                    let own = rules.held() == 0
                        || (of == Some(snapshot) && !seen.may_be_held(snapshot, (cell, form), value));
                    let error = if own { rounding } else { rounding + 7 };
                    let value = i64::try_from(value).expect("few");
                    let low = if own { (value - error).max(8) } else { value - error };
                    self.narrow(cell, low - known, value + error - known);
                }
                Shown::Hidden => {
                    let at = self.number(cell);
                    self.hidden[at] = true;
                    let low = i64::from(!rules.applies(Rule::R2) && cell.kind != Kind::LeftOut);
                    let small = if seen.may_be_near_hidden(snapshot, (cell, form)) && rules.held() > 0 {
                        14
                    } else {
                        7
                    };
                    let high = match hideable.get(&cell) {
                        Some(covered) if world.single && !cell.crosses() => small.max(*covered),
                        _ if world.single && !cell.crosses() && !rules.applies(Rule::R5) => small,
                        _ => MOST,
                    };
                    self.narrow(cell, low - known, if high == MOST { MOST } else { high - known });
                }
            }
        }
    }

    /// The true numbers of a world.
    pub(crate) fn truth(&self, world: &World) -> Vec<i64> {
        self.cells.iter().map(|cell| world.others_in(cell)).collect()
    }

    /// The first thing that numbers do not keep.
    pub(crate) fn broken_by(&self, numbers: &[i64]) -> Option<String> {
        let outside = (0..self.cells.len()).find(|at| {
            let (low, high) = self.bounds[*at];
            numbers[*at] < low || numbers[*at] > high
        });
        if let Some(at) = outside {
            return Some(format!("{:?}: {} is not in {:?}", self.cells[at], numbers[at], self.bounds[at]));
        }
        let sum = |row: &Row| row.terms.iter().map(|(at, by)| numbers[*at] * by).sum::<i64>();
        let row = self.rows.iter().find(|row| sum(row) < row.low || sum(row) > row.high)?;
        Some(format!("{:?}", row.terms.iter().map(|(at, by)| (self.cells[*at], *by)).collect::<Vec<_>>()))
    }
}

/// Hidden cells of which the attacker can say how they were hidden, and the most that they can hold besides what R1 hides.
///
/// A total is not hidden to cover others; nor is the only hidden part of one line. Of several, one that covers was the
/// smallest of those that could be shown, so it reads at most what the smallest shown one does.
fn smallest_hidden(answer: &Answer) -> BTreeMap<Cell, i64> {
    let ask: &Ask = &answer.ask;
    let hidden = || answer.rows().filter(|(_, shown, _)| *shown == Shown::Hidden).map(|(cell, ..)| cell);
    let mut all = BTreeMap::new();
    if answer.table.left_out == Shown::Hidden {
        all.insert(ask.left_out(), 0);
    }
    if ask.by.is_empty() && ask.within.is_none() {
        all.extend(hidden().map(|cell| (cell, 0)));
    } else if ask.by.len() == 1 && ask.form == Form::Reach {
        let shown = answer.rows().filter_map(|(_, shown, _)| shown.count());
        let (few, least) = (hidden().count() == 1, shown.min());
        match least {
            Some(_) if few => all.extend(hidden().map(|cell| (cell, 0))),
            Some(least) if ask.within.is_none() && answer.snapshot == 0 => {
                let most = i64::try_from(least).expect("few") + 9;
                all.extend(hidden().map(|cell| (cell, most)));
            }
            _ => {}
        }
    }
    all
}

/// Codes of up to so many dimensions, in every way.
fn codes(sides: [u8; DIMENSIONS], most: usize) -> Vec<[Option<u8>; DIMENSIONS]> {
    let mut all = vec![[None; DIMENSIONS]];
    for (dimension, side) in sides.iter().enumerate() {
        let with = |of: [Option<u8>; DIMENSIONS]| {
            (0..=*side).map(move |code| {
                let mut of = of;
                of[dimension] = code.checked_sub(1);
                of
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all.retain(|codes| codes.iter().flatten().count() <= most);
    all
}
