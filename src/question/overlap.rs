//! Overlap: units known at each partner, at each two and at each three, whatever else they are known at.

use super::index::Earliest;
use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::rows::UnitRows;
use crate::disclosure::Shape;
use crate::programme::Text;

/// The partners of a question one by one, in twos and in threes.
#[derive(Debug)]
pub(super) struct Overlap {
    partners: Vec<(String, Text)>,
    /// Place among the question's partners, by position in the programme.
    places: Vec<Option<u8>>,
}

impl Overlap {
    /// The combinations of partners, given by position in the programme, id and name.
    pub(super) fn new(partners: &[u8], names: Vec<(String, Text)>) -> Overlap {
        let mut places = vec![None; 256];
        for (place, partner) in (0u8..).zip(partners) {
            places[usize::from(*partner)] = Some(place);
        }
        Overlap { partners: names, places }
    }

    /// The combinations in order: single partners first, then twos, then threes.
    fn combinations(&self) -> Vec<Vec<usize>> {
        let all = (0..self.partners.len()).collect::<Vec<_>>();
        let mut combinations = Vec::new();
        each(&all, |partners| combinations.push(partners.to_vec()));
        combinations.sort_by_key(Vec::len);
        combinations
    }

    /// The code of a combination: ids with `+` between, which no id holds.
    fn code(&self, partners: &[usize]) -> String {
        partners.iter().map(|at| self.partners[*at].0.as_str()).collect::<Vec<_>>().join("+")
    }

    fn title(&self, partners: &[usize]) -> Text {
        let join = |of: fn(&Text) -> &str| {
            partners.iter().map(|at| of(&self.partners[*at].1)).collect::<Vec<_>>().join(" + ")
        };
        Text { da: join(|text| &text.da), en: join(|text| &text.en) }
    }
}

impl Kernel for Overlap {
    fn columns(&self) -> Vec<Column> {
        let codes = self.combinations().iter().map(|of| (self.code(of), self.title(of))).collect();
        vec![Column { id: "partners", title: text("Organisationer", "Partners"), codes }]
    }

    fn tails(&self) -> Vec<Vec<String>> {
        self.combinations().iter().map(|of| vec![self.code(of)]).collect()
    }

    fn count(&self) -> u64 {
        let n = self.partners.len() as u64;
        n + n * n.saturating_sub(1) / 2 + n * n.saturating_sub(1) * n.saturating_sub(2) / 6
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Overlap
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Known { overlap: self, known: Vec::new() })
    }

    fn chart(&self) -> Option<Chart> {
        Some(Chart::Overlap)
    }
}

/// Calls `with` for every one, two and three of some places, which are in ascending order.
fn each(places: &[usize], mut with: impl FnMut(&[usize])) {
    for (i, a) in places.iter().enumerate() {
        with(&[*a]);
        for (j, b) in places.iter().enumerate().skip(i + 1) {
            with(&[*a, *b]);
            for c in &places[j + 1..] {
                with(&[*a, *b, *c]);
            }
        }
    }
}

struct Known<'a> {
    overlap: &'a Overlap,
    known: Vec<usize>,
}

impl Worker for Known<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let mut earliest = Earliest::default();
        self.known.clear();
        rows.each(|columns, at| {
            earliest.see(columns, at);
            // A row of a partner that hands over none of the datasets any more is permitted nothing, and not here.
            if let Some(place) = self.overlap.places[usize::from(columns.source[at.row])] {
                let place = usize::from(place);
                if !self.known.contains(&place) {
                    self.known.push(place);
                }
            }
        });
        found.index = earliest.get().map(|(_, at)| at);
        self.known.sort_unstable();
        let n = self.overlap.partners.len();
        each(&self.known, |places| found.put(rank(n, places)));
    }
}

/// Place of one, two or three of `n` in the order of [`Overlap::combinations`].
fn rank(n: usize, places: &[usize]) -> usize {
    let twos = |n: usize| n * n.saturating_sub(1) / 2;
    let threes = |n: usize| n * n.saturating_sub(1) * n.saturating_sub(2) / 6;
    match *places {
        [a] => a,
        [a, b] => n + twos(n) - twos(n - a) + b - a - 1,
        [a, b, c] => {
            let after = n - a - 1;
            n + twos(n) + threes(n) - threes(n - a) + twos(after) - twos(n - b) + c - b - 1
        }
        _ => unreachable!("one, two or three are given"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_the_place_of_its_code() {
        for n in 0..12 {
            let names = (0..n).map(|id| (id.to_string(), text("", ""))).collect::<Vec<_>>();
            let overlap = Overlap::new(&(0..n as u8).collect::<Vec<_>>(), names);
            let codes = overlap.tails().concat();
            assert_eq!(codes.len() as u64, overlap.count());
            each(&(0..n).collect::<Vec<_>>(), |places| {
                let code = places.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
                assert_eq!(codes[rank(n, places)], code, "{n} {places:?}");
            });
        }
    }
}
