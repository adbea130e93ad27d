//! What a row is worth: a measure of it, or the row itself, and a price.

use super::events::Events;
use super::index::RowAt;
use super::plan::Frame;
use crate::intake::staged::MISSING_MEASURE;
use crate::programme::{Item, Role};
use crate::snapshot::Columns;

/// An item, ready to be summed.
///
/// A row that is several events of the item gives each of their measures once, and itself once: overlapping filters
/// count nothing twice. A missing measure is no quantity.
#[derive(Debug)]
pub(super) struct Summed {
    events: Events,
    /// By event: its measure column.
    measures: Vec<Option<usize>>,
    /// By event: the events before it that have the same measure.
    same: Vec<u64>,
    /// One whole unit in smallest units of the measure; a row without one is as much.
    whole: i128,
    price: Option<i128>,
}

impl Summed {
    /// An item of the question.
    pub(super) fn new(frame: &Frame<'_>, item: &Item) -> Summed {
        let lists: Vec<_> = item.events.iter().map(std::slice::from_ref).collect();
        let decimals = item.events.iter().zip(&item.measure).filter_map(|(event, column)| {
            match frame.programme.datasets[event.dataset].columns[(*column)?].role {
                Role::Measure(ref measure) => Some(measure.decimals),
                _ => None,
            }
        });
        // The check gives all measures of an item the same decimals.
        let decimals = decimals.max().unwrap_or(if item.price.is_some() { 0 } else { item.decimals });
        let same = (0..item.measure.len()).map(|at| {
            let before = item.measure[..at].iter().enumerate();
            before
                .filter(|(_, measure)| **measure == item.measure[at])
                .fold(0, |mask, (other, _)| mask | 1u64 << other)
        });
        Summed {
            events: Events::compile(&lists, frame.datasets),
            measures: item.measure.clone(),
            same: same.collect(),
            whole: 10i128.pow(u32::from(decimals)),
            price: item.price.map(i128::from),
        }
    }

    /// Whether there can be something of the item in a dataset of the plan.
    pub(super) fn reads(&self, set: usize) -> bool {
        self.events.reads(set)
    }

    /// What there is of the item in a row, in smallest units of the measure; none when there is nothing of it.
    #[inline]
    pub(super) fn quantity(&self, columns: &Columns, at: RowAt) -> Option<i128> {
        let events = self.events.of(at.set, columns, at.row);
        let (mut left, mut quantity) = (events, None);
        while left != 0 {
            let event = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.same[event] & events != 0 {
                continue;
            }
            let value = match self.measures[event] {
                None => self.whole,
                Some(column) => {
                    let measures = columns.measures[column].as_ref().expect("the walk has checked it");
                    match measures[at.row] {
                        MISSING_MEASURE => continue,
                        value => i128::from(value),
                    }
                }
            };
            quantity = Some(quantity.unwrap_or(0) + value);
        }
        quantity
    }

    /// What a quantity is worth: øre where there is a price, rounded half away from zero, else the quantity itself. What
    /// is beyond every sum stands at the limit, where R11 hides it.
    pub(super) fn worth(&self, quantity: i128) -> i64 {
        let worth = match self.price {
            None => quantity,
            Some(price) => {
                let worth = quantity.saturating_mul(price);
                let half = if worth < 0 { -self.whole / 2 } else { self.whole / 2 };
                worth.saturating_add(half) / self.whole
            }
        };
        i64::try_from(worth).unwrap_or(if worth < 0 { i64::MIN } else { i64::MAX })
    }
}

/// Quantities of one unit by tail and partner, while its rows are read.
#[derive(Default)]
pub(super) struct Sums(Vec<(usize, u8, i128)>);

impl Sums {
    /// Forgets the unit before.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a quantity.
    pub(super) fn add(&mut self, tail: usize, source: u8, quantity: i128) {
        match self.0.iter_mut().find(|(of, from, _)| (*of, *from) == (tail, source)) {
            Some((_, _, sum)) => *sum += quantity,
            None => self.0.push((tail, source, quantity)),
        }
    }

    /// The sums: tail, partner, quantity.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, u8, i128)> {
        self.0.iter().copied()
    }
}
