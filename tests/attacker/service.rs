//! The service that is attacked: questions asked of one snapshot after the other, and what became of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use kobling::disclosure::{Dimensions, EndedPeriod, Ledger, ReleaseContext, Rules, Shown, Table, release};

use crate::asks::{Ask, names};
use crate::world::{Cell, World};

/// An answer, as the attacker has it.
pub(crate) struct Answer {
    pub(crate) snapshot: usize,
    pub(crate) ask: Ask,
    pub(crate) cells: Vec<Cell>,
    pub(crate) table: Table,
}

impl Answer {
    /// Cell, what it shows, and the snapshot that this is of.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Cell, Shown, Option<usize>)> {
        let of = |at: Option<u32>| at.map(|at| at as usize - 1);
        self.cells.iter().zip(&self.table.rows).map(move |(cell, row)| (*cell, row.count(), of(row.snapshot)))
    }
}

/// A line of the ledger, read by the test alone: which set a cell is tied to.
struct Tie {
    to: u64,
    /// Whether the cell's set was the one that was entered.
    exact: bool,
}

/// What a cell reads since a snapshot; none where its set is hidden.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) snapshot: u32,
    figures: Option<String>,
    /// Whether the set was entered for this very cell.
    own: bool,
}

/// Question, measure and cell.
pub(crate) type Name = (String, String, String);

pub(crate) struct Service {
    rules: Rules,
    ledger: Ledger,
    ties: HashMap<Name, Tie>,
    /// What the sets read, by their numbers.
    entered: HashMap<u64, Option<String>>,
    /// The last line of every cell.
    pub(crate) lines: BTreeMap<Name, Reads>,
    /// Cells that were hidden to cover others when they were last written down.
    pub(crate) covered: BTreeSet<Name>,
    /// Cells that were held at another set's value and have left it.
    pub(crate) left: BTreeSet<Name>,
}

impl Service {
    pub(crate) fn new(rules: Rules) -> Service {
        let ledger = Ledger::holding(rules.held());
        Service {
            rules,
            ledger,
            ties: HashMap::new(),
            entered: HashMap::new(),
            lines: BTreeMap::new(),
            covered: BTreeSet::new(),
            left: BTreeSet::new(),
        }
    }

    /// Whether R10's decision of a cell was another set's, that lies near.
    pub(crate) fn held_across(&self, ask: &Ask, cell: &Cell) -> bool {
        let name = (ask.family(), "across person".to_owned(), ask.ledger_name(cell));
        self.ties.get(&name).is_some_and(|tie| !tie.exact)
    }

    /// The answer to a question, after that which has to be released before.
    pub(crate) fn ask(&mut self, world: &World, snapshot: usize, ask: &Ask) -> Answer {
        let above = ask.above().map(|above| self.ask(world, snapshot, &above));
        let dimensions = Dimensions::check(names(&ask.by), &self.rules).expect("at most three");
        let period = "2022-Q1".parse().expect("a period");
        let ended = EndedPeriod::check(period, "2023-06-01".parse().expect("a day"), 0).expect("ended");
        let number = u32::try_from(snapshot + 1).expect("few");
        let mut context = ReleaseContext::new(ask.family(), number, dimensions, ended);
        if let Some((dimension, code)) = ask.within {
            let code = code.to_string();
            let rows = above.iter().flat_map(|above| &above.table.rows);
            let hidden = rows.filter(|row| row.key[0] == code && row.count() == Shown::Hidden);
            context.hidden_above = hidden.map(|row| row.key[1..].to_vec()).collect();
            context.within = Some((format!("d{dimension}"), code));
        }
        let tabulation = ask.tabulation(world.sides, &world.snapshots[snapshot]);
        let pending = release(tabulation, &context, &self.rules, &self.ledger).expect("well formed");
        for entry in pending.entries() {
            let row = entry.to_stored(self.rules.held());
            if row.tied_to.is_none() {
                self.entered.insert(row.seq, row.figures);
            }
            let (to, exact) = (row.tied_to.unwrap_or(row.seq), row.exact.unwrap_or(true));
            let name = (row.question_key, row.measure, row.cell_key);
            let before = self.lines.get(&name);
            let own = row.tied_to.is_none()
                || before.is_some_and(|it| it.own && self.ties.get(&name).is_some_and(|tie| tie.to == to));
            let figures = self.entered[&to].clone();
            self.lines.insert(name.clone(), Reads { snapshot: number, figures, own });
            match row.covered {
                true => self.covered.insert(name.clone()),
                false => self.covered.remove(&name),
            };
            let before = self.ties.insert(name.clone(), Tie { to, exact });
            if before.is_some_and(|before| before.to != to && !before.exact) {
                self.left.insert(name);
            }
        }
        let table = self.ledger.commit(pending, |_| Ok::<(), Infallible>(())).expect("kept").into_value();
        Answer { snapshot, ask: ask.clone(), cells: ask.cells(world.sides), table }
    }
}
