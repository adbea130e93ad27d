//! What is to be erased of a snapshot: rows by person, source and day, in memory. The same function takes rows from what
//! questions read at once and from the files later, so that no answer can depend on which of the two it was.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::columns::Columns;
use crate::clock::Day;

/// Orders by dataset and source, and the first day that datasets keep. No `Debug`: it says who said no.
#[derive(Clone, Default)]
pub struct Erasure {
    orders: BTreeMap<(usize, u8), Orders>,
    from: BTreeMap<usize, Day>,
}

/// The orders of one dataset and source.
#[derive(Clone, Default)]
struct Orders {
    /// Of each person, stretches of days that stay; a row stays that lies in one of each list.
    keep: BTreeMap<u32, Vec<Vec<(Day, Day)>>>,
    /// Persons of whom nothing stays: they are not named in the rows of others either.
    gone: RoaringBitmap,
}

/// A dataset without what was erased.
pub(super) struct Erased {
    pub(super) columns: Columns,
    /// Who lost rows to an order, by source.
    pub(super) withheld: BTreeMap<u8, RoaringBitmap>,
}

impl Erasure {
    /// Orders that of a person's rows in a dataset of a source those alone stay whose day lies in one of the stretches. Of
    /// several orders each holds.
    pub fn order(&mut self, (dataset, source): (usize, u8), person: u32, keep: Vec<(Day, Day)>) {
        let orders = self.orders.entry((dataset, source)).or_default();
        if keep.is_empty() {
            orders.gone.insert(person);
        }
        orders.keep.entry(person).or_default().push(keep);
    }

    /// Orders that rows of a dataset from days before `day` go, whoever's they are. Nobody is withheld for that.
    pub fn keep_from(&mut self, dataset: usize, day: Day) {
        self.from.insert(dataset, day);
    }

    /// Whether nothing is ordered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.from.is_empty()
    }

    /// The dataset at a position without what is to go; `None` when that is nothing.
    pub(super) fn of(&self, dataset: usize, columns: &Columns) -> Option<Erased> {
        if columns.is_empty() {
            return None;
        }
        let mut stays = vec![true; columns.len()];
        let mut withheld = BTreeMap::<u8, RoaringBitmap>::new();
        for ((_, source), orders) in self.orders.range((dataset, 0)..=(dataset, u8::MAX)) {
            for (person, keep) in &orders.keep {
                for row in columns.rows(*person).filter(|row| columns.source[*row] == *source) {
                    let day = Day::from_days(columns.day[row]);
                    let inside =
                        |days: &Vec<(Day, Day)>| days.iter().any(|(from, to)| (*from..=*to).contains(&day));
                    if !keep.iter().all(inside) {
                        stays[row] = false;
                        withheld.entry(*source).or_default().insert(*person);
                    }
                }
            }
        }
        if let Some(from) = self.from.get(&dataset) {
            stays.iter_mut().zip(&columns.day).for_each(|(stays, day)| *stays &= *day >= from.days());
        }
        let related = self.related(dataset, columns);
        if related.is_none() && stays.iter().all(|stays| *stays) {
            return None;
        }
        Some(Erased { columns: without(columns, &stays, related), withheld })
    }

    /// The related persons of all rows, without those of whom nothing stays; `None` when all stay.
    fn related(&self, dataset: usize, columns: &Columns) -> Option<Vec<u32>> {
        let of = columns.related.as_ref()?;
        let mut gone: Vec<Option<&RoaringBitmap>> = vec![None; usize::from(u8::MAX) + 1];
        for ((_, source), orders) in self.orders.range((dataset, 0)..=(dataset, u8::MAX)) {
            gone[usize::from(*source)] = Some(&orders.gone).filter(|gone| !gone.is_empty());
        }
        if gone.iter().all(Option::is_none) {
            return None;
        }
        let goes = |person: u32, source: u8| {
            person != 0 && gone[usize::from(source)].is_some_and(|gone| gone.contains(person))
        };
        let rows = || of.iter().zip(&columns.source);
        if !rows().any(|(person, source)| goes(*person, *source)) {
            return None;
        }
        Some(rows().map(|(person, source)| if goes(*person, *source) { 0 } else { *person }).collect())
    }
}

/// The rows that stay.
fn without(columns: &Columns, stays: &[bool], related: Option<Vec<u32>>) -> Columns {
    fn take<T: Copy>(values: &[T], stays: &[bool]) -> Vec<T> {
        values.iter().zip(stays).filter(|(_, stays)| **stays).map(|(value, _)| *value).collect()
    }
    let numbers = |of: &Option<Vec<u32>>| of.as_ref().map(|values| take(values, stays));
    let (mut offsets, mut kept, mut row) = (Vec::with_capacity(columns.offsets.len()), 0, 0);
    for offset in &columns.offsets {
        while row < *offset as usize {
            kept += u32::from(stays[row]);
            row += 1;
        }
        offsets.push(kept);
    }
    Columns {
        offsets,
        day: take(&columns.day, stays),
        source: take(&columns.source, stays),
        related: related.map(|related| take(&related, stays)).or_else(|| numbers(&columns.related)),
        case: numbers(&columns.case),
        staff: columns.staff.iter().map(numbers).collect(),
        categories: columns.categories.iter().map(|of| of.as_ref().map(|codes| take(codes, stays))).collect(),
        measures: columns.measures.iter().map(|of| of.as_ref().map(|values| take(values, stays))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A row: person, day, source, related person, a number by which it is known again.
    type Row = (u32, i32, u8, u32, u32);

    fn columns(rows: &[Row]) -> Columns {
        let mut offsets = vec![0u32; 12];
        rows.iter().for_each(|row| offsets[row.0 as usize + 1] += 1);
        (1..offsets.len()).for_each(|at| offsets[at] += offsets[at - 1]);
        Columns {
            offsets,
            day: rows.iter().map(|row| row.1).collect(),
            source: rows.iter().map(|row| row.2).collect(),
            related: Some(rows.iter().map(|row| row.3).collect()),
            case: Some(rows.iter().map(|row| row.4).collect()),
            staff: vec![None; 2],
            categories: vec![None, Some(rows.iter().map(|row| row.4 as u8).collect())],
            measures: vec![Some(rows.iter().map(|row| i64::from(row.4)).collect()), None],
        }
    }

    proptest! {
        #[test]
        fn what_stays_is_what_a_plain_reading_of_the_orders_says(
            mut rows in prop::collection::vec((0u32..11, 0i32..30, 0u8..3, 0u32..11, 0u32..200), 0..40),
            orders in prop::collection::vec((0usize..2, 0u8..3, 1u32..11,
                prop::collection::vec((0i32..30, 0i32..30), 0..3)), 0..8),
            from in prop::option::of(0i32..15),
        ) {
            rows.sort_unstable_by_key(|row| (row.0, row.1));
            let mut erasure = Erasure::default();
            for (dataset, source, person, keep) in &orders {
                let keep = keep.iter().map(|(a, b)| (Day::from_days(*a), Day::from_days(*b))).collect();
                erasure.order((*dataset, *source), *person, keep);
            }
            if let Some(from) = from {
                erasure.keep_from(0, Day::from_days(from));
            }
            let of = |source: u8, person: u32| {
                orders.iter().filter(move |order| (order.0, order.1, order.2) == (0, source, person))
            };
            let ordered = |row: &Row| {
                of(row.2, row.0).any(|order| !order.3.iter().any(|(a, b)| (*a..=*b).contains(&row.1)))
            };
            let stays: Vec<Row> = rows.iter()
                .filter(|row| !ordered(row) && from.is_none_or(|from| row.1 >= from))
                .map(|row| {
                    let gone = of(row.2, row.3).any(|order| order.3.is_empty());
                    (row.0, row.1, row.2, if gone { 0 } else { row.3 }, row.4)
                })
                .collect();
            let before = columns(&rows);
            let erased = erasure.of(0, &before);
            let after = erased.as_ref().map_or(&before, |erased| &erased.columns);
            prop_assert!(*after == columns(&stays));
            prop_assert_eq!(erased.is_none(), stays == rows, "nothing is made anew for nothing");
            let mut who: Vec<(u8, u32)> =
                rows.iter().filter(|row| ordered(row)).map(|row| (row.2, row.0)).collect();
            who.sort_unstable();
            who.dedup();
            let withheld = erased.into_iter().flat_map(|erased| erased.withheld);
            let withheld: Vec<(u8, u32)> =
                withheld.flat_map(|(source, set)| set.into_iter().map(move |person| (source, person))).collect();
            prop_assert_eq!(withheld, who);
        }
    }
}
