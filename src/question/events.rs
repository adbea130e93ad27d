//! Stages compiled to sets of codes: which stages a row is an event of, by one look-up a column.

use crate::programme::{Event, Programme};
use crate::snapshot::Columns;

/// Most stages of a question, and most events of one dataset that they name together.
pub(super) const MOST: usize = 64;

/// Some stages over the datasets of a plan. A set of stages is a mask: bit `n` is the `n`th one given.
#[derive(Clone, Debug)]
pub(super) struct Events {
    /// By dataset of the plan.
    sets: Vec<Set>,
}

#[derive(Clone, Debug, Default)]
struct Set {
    /// Every event of the dataset, as bits.
    all: u64,
    /// A column, and by code the events that it lets through.
    columns: Vec<(usize, Box<[u64; 256]>)>,
    /// The stages of each event.
    stages: Vec<u64>,
    /// Whether event `n` is stage `n` and no other, or the one column has stages instead of events.
    plain: bool,
}

impl Events {
    /// Compiles stages, by their positions in the programme, at most [`MOST`]; `datasets` are those of the plan. A
    /// stage may stand twice.
    pub(super) fn new(programme: &Programme, stages: &[usize], datasets: &[usize]) -> Events {
        let events: Vec<&[Event]> =
            stages.iter().map(|stage| programme.stages[*stage].events.as_slice()).collect();
        Events::compile(&events, datasets)
    }

    /// Compiles lists of events, as the stages of which they are: at most [`MOST`].
    pub(super) fn compile(stages: &[&[Event]], datasets: &[usize]) -> Events {
        let sets = datasets.iter().map(|dataset| {
            let mut set = Set::default();
            let mut events = Vec::new();
            for (bit, stage) in stages.iter().enumerate().take(MOST) {
                for event in stage.iter().filter(|event| event.dataset == *dataset) {
                    match events.iter().position(|known| *known == event) {
                        Some(at) => set.stages[at] |= 1u64 << bit,
                        None if events.len() < MOST => {
                            events.push(event);
                            set.stages.push(1 << bit);
                        }
                        None => {}
                    }
                }
            }
            for (at, event) in events.iter().enumerate() {
                set.all |= 1 << at;
                for filter in &event.filters {
                    if !set.columns.iter().any(|(column, _)| *column == filter.column) {
                        let mut free = 0;
                        for (other, event) in events.iter().enumerate() {
                            if !event.filters.iter().any(|other| other.column == filter.column) {
                                free |= 1 << other;
                            }
                        }
                        set.columns.push((filter.column, Box::new([free; 256])));
                    }
                    let column = set.columns.iter_mut().find(|(column, _)| *column == filter.column);
                    let (_, table) = column.expect("it was put there");
                    for code in &filter.codes {
                        table[usize::from(*code)] |= 1 << at;
                    }
                }
            }
            set.plain = set.stages.iter().enumerate().all(|(at, stages)| *stages == 1 << at);
            // Where one column names the events, its codes lead to stages at once.
            if let [(_, table)] = &mut set.columns[..] {
                let stages = &set.stages;
                for events in table.iter_mut() {
                    let of = (0..stages.len()).filter(|at| *events >> at & 1 != 0);
                    *events = of.fold(0, |all, at| all | stages[at]);
                }
                set.plain = true;
            }
            set
        });
        Events { sets: sets.collect() }
    }

    /// Whether a dataset of the plan has an event of any stage.
    pub(super) fn reads(&self, set: usize) -> bool {
        self.sets[set].all != 0
    }

    /// The stages that a row of a dataset of the plan is an event of.
    #[inline]
    pub(super) fn of(&self, set: usize, columns: &Columns, row: usize) -> u64 {
        self.of_set(set, columns).of(row)
    }

    /// The same for the rows of one dataset, one after the other.
    #[inline]
    pub(super) fn of_set<'a>(&'a self, set: usize, columns: &'a Columns) -> OfSet<'a> {
        let set = &self.sets[set];
        // Mostly one column names the event: its codes need not be looked for at every row.
        let only = match &set.columns[..] {
            [(column, table)] if set.plain => Some((codes(columns, *column), &**table)),
            _ => None,
        };
        OfSet { set, columns, only }
    }
}

/// Looks up the events of one dataset.
#[derive(Clone, Copy)]
pub(super) struct OfSet<'a> {
    set: &'a Set,
    columns: &'a Columns,
    only: Option<(&'a [u8], &'a [u64; 256])>,
}

impl OfSet<'_> {
    /// The stages that a row is an event of.
    #[inline]
    pub(super) fn of(&self, row: usize) -> u64 {
        if let Some((codes, table)) = self.only {
            return table[usize::from(codes[row])];
        }
        let set = self.set;
        let mut events = set.all;
        for (column, table) in &set.columns {
            events &= table[usize::from(codes(self.columns, *column)[row])];
        }
        if set.plain {
            return events;
        }
        let mut stages = 0;
        while events != 0 {
            stages |= set.stages[events.trailing_zeros() as usize];
            events &= events - 1;
        }
        stages
    }
}

fn codes(columns: &Columns, column: usize) -> &[u8] {
    columns.categories[column].as_deref().expect("it was checked beforehand")
}
