//! Overlap: units known at each partner, at each two and at each three, whatever else they are known at.

use std::collections::HashMap;

use super::kernel::{Chart, Column, Found, Kernel, Worker, text};
use super::rows::UnitRows;
use super::sources::Sources;
use crate::disclosure::Shape;
use crate::programme::Text;

/// The partners of a question one by one, in twos and in threes.
#[derive(Debug)]
pub(super) struct Overlap {
    partners: Vec<(String, Text)>,
    /// Their positions in the programme.
    sources: Vec<u8>,
    /// By position in the programme: the set of those known at a partner, as a bit; none where it is not asked about.
    places: [u64; 256],
}

impl Overlap {
    /// The combinations of partners, given by position in the programme, id and name.
    pub(super) fn new(partners: &[u8], names: Vec<(String, Text)>) -> Overlap {
        let mut places = [0; 256];
        // Of more partners there are more cells than may be asked for.
        for (place, partner) in (0..u64::BITS).zip(partners) {
            places[usize::from(*partner)] = 1 << place;
        }
        Overlap { partners: names, sources: partners.to_vec(), places }
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

    fn meets(&self) -> Option<Vec<u64>> {
        let meet = |of: &Vec<usize>| of.iter().fold(0, |meet, at| meet | 1 << at);
        Some(self.combinations().iter().map(meet).collect())
    }

    fn follows(&self) -> Vec<Sources> {
        let sources = |of: &Vec<usize>| of.iter().map(|at| self.sources[*at]).collect();
        self.combinations().iter().map(sources).collect()
    }

    /// Each of some partners, and each two of three; with the partner of the index row, at which all of the group are
    /// known, as one more. Combinations of which everybody is in the cell by structure are none of them.
    fn among(&self, own: Option<u8>) -> Vec<Vec<usize>> {
        let own = own.map_or(0, |own| self.places[usize::from(own)]);
        let known: Vec<u64> = self.meets().unwrap_or_default().iter().map(|meet| meet | own).collect();
        let mut tails = HashMap::new();
        for (tail, known) in known.iter().enumerate() {
            tails.entry(*known).or_insert(tail);
        }
        let among = |known: &u64| {
            // Every smaller set, by taking one off in the bits of the greater.
            let less = std::iter::successors(Some((known - 1) & known), |less| {
                (*less != 0).then(|| (less - 1) & known)
            });
            let mut among: Vec<usize> = less.filter_map(|less| tails.get(&less).copied()).collect();
            among.sort_unstable();
            among
        };
        known.iter().map(among).collect()
    }

    fn count(&self) -> u64 {
        let n = self.partners.len() as u64;
        n + n * n.saturating_sub(1) / 2 + n * n.saturating_sub(1) * n.saturating_sub(2) / 6
    }

    fn shape(&self, _axes: usize) -> Shape {
        Shape::Overlap
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Known(self))
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

struct Known<'a>(&'a Overlap);

impl Worker for Known<'_> {
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found) {
        let places = &self.0.places;
        found.index = rows.index();
        // A row of a partner that hands over none of the datasets any more is permitted nothing, and not here.
        rows.each(|columns, at| found.sets |= places[usize::from(columns.source[at.row])]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_the_partners_of_its_code() {
        for n in 0..12u8 {
            let names = (0..n).map(|id| (id.to_string(), text("", ""))).collect::<Vec<_>>();
            let overlap = Overlap::new(&(0..n).collect::<Vec<_>>(), names);
            let codes = overlap.tails().concat();
            assert_eq!(codes.len() as u64, overlap.count());
            let meets = overlap.meets().expect("they are meets");
            for (code, meet) in codes.iter().zip(&meets) {
                let known = (0..64).filter(|at| meet >> at & 1 != 0).map(|at: u32| at.to_string());
                assert_eq!(*code, known.collect::<Vec<_>>().join("+"));
            }
            let distinct: std::collections::BTreeSet<_> = meets.iter().collect();
            assert_eq!(distinct.len(), codes.len());
        }
    }
}
