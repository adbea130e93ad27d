//! Q8 overlap: persons known at each partner, at each two and at each three, whatever else they are known at.

use super::count::Found;
use super::index::Earliest;
use super::walk::Walk;

/// The partners of a question one by one, in twos and in threes.
#[derive(Clone, Debug)]
pub(super) struct Combinations {
    ids: Vec<String>,
    /// Place among the question's partners, by position in the programme.
    places: Vec<Option<u8>>,
}

impl Combinations {
    /// The combinations of partners, given by position in the programme and id.
    pub(super) fn new(partners: &[u8], ids: &[String]) -> Combinations {
        let mut places = vec![None; 256];
        for (place, partner) in (0u8..).zip(partners) {
            places[usize::from(*partner)] = Some(place);
        }
        Combinations { ids: ids.to_vec(), places }
    }

    /// How many there are.
    pub(super) const fn count(&self) -> u64 {
        let n = self.ids.len() as u64;
        n + n * n.saturating_sub(1) / 2 + n * n.saturating_sub(1) * n.saturating_sub(2) / 6
    }

    /// Their codes: ids with `+` between, which no id holds; single partners first, then twos, then threes.
    pub(super) fn codes(&self) -> impl Iterator<Item = String> {
        let all = (0..self.ids.len()).collect::<Vec<_>>();
        let mut codes = Vec::new();
        each(&all, |partners| {
            codes.push(partners.iter().map(|at| self.ids[*at].as_str()).collect::<Vec<_>>().join("+"));
        });
        codes.sort_by_key(|code| code.matches('+').count());
        codes.into_iter()
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

/// Counts an overlap.
pub(super) struct Kernel<'a> {
    combinations: &'a Combinations,
    known: Vec<usize>,
}

impl<'a> Kernel<'a> {
    /// A kernel for these combinations.
    pub(super) const fn new(combinations: &'a Combinations) -> Kernel<'a> {
        Kernel { combinations, known: Vec::new() }
    }

    /// One person.
    pub(super) fn person(&mut self, walk: &Walk<'_>, person: u32, tails: &mut Vec<usize>) -> Found {
        let mut earliest = Earliest::default();
        self.known.clear();
        let standing = walk.person(person, |columns, at| {
            earliest.see(columns, at);
            // A row of a partner that hands over none of the datasets any more is permitted nothing, and not here.
            if let Some(place) = self.combinations.places[usize::from(columns.source[at.row])] {
                let place = usize::from(place);
                if !self.known.contains(&place) {
                    self.known.push(place);
                }
            }
        });
        self.known.sort_unstable();
        let n = self.combinations.ids.len();
        each(&self.known, |places| tails.push(rank(n, places)));
        Found { index: earliest.get().map(|(_, at)| at), standing }
    }
}

/// Place of one, two or three of `n` in the order of [`Combinations::codes`].
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
            let ids = (0..n).map(|id| id.to_string()).collect::<Vec<_>>();
            let combinations = Combinations::new(&(0..n as u8).collect::<Vec<_>>(), &ids);
            let codes = combinations.codes().collect::<Vec<_>>();
            assert_eq!(codes.len() as u64, combinations.count());
            each(&(0..n).collect::<Vec<_>>(), |places| {
                let code = places.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
                assert_eq!(codes[rank(n, places)], code, "{n} {places:?}");
            });
        }
    }
}
