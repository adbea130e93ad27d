//! Many links looked up together.
//!
//! Links are met in random order, so that each look-up waits for memory. Taken part by part, with one lock for all of a
//! part, they wait side by side, and within a part's own few pages.

use super::intern::{SHARDS, shard};
use crate::token::Link;

/// Links of some rows, and the number found for each: 0 for none yet, and for an absent link.
#[derive(Default)]
pub(crate) struct Batch {
    links: Vec<Option<Link>>,
    numbers: Vec<u32>,
    /// Positions of the links that are there, by part.
    order: Vec<u32>,
    /// Where the links of each part begin in `order`, and the end of the last.
    begins: Vec<u32>,
}

impl Batch {
    /// Takes other links. At most `u32::MAX`.
    pub(crate) fn fill(&mut self, links: impl Iterator<Item = Option<Link>>) {
        self.links.clear();
        self.links.extend(links);
        self.numbers.clear();
        self.numbers.resize(self.links.len(), 0);
        self.begins.clear();
        self.begins.resize(SHARDS + 1, 0);
        for link in self.links.iter().flatten() {
            self.begins[shard(link) + 1] += 1;
        }
        for at in 1..self.begins.len() {
            self.begins[at] += self.begins[at - 1];
        }
        let mut next = self.begins.clone();
        self.order.clear();
        self.order.resize(self.begins[SHARDS] as usize, 0);
        for (at, link) in (0u32..).zip(&self.links) {
            if let Some(link) = link {
                let place = &mut next[shard(link)];
                self.order[*place as usize] = at;
                *place += 1;
            }
        }
    }

    /// Gives each link of a part that has no number yet to `each`, for its number, if it knows one.
    pub(super) fn open(&mut self, part: usize, mut each: impl FnMut(&Link) -> Option<u32>) {
        let (from, to) = (self.begins[part] as usize, self.begins[part + 1] as usize);
        for at in &self.order[from..to] {
            let at = *at as usize;
            if let (Some(link), 0) = (&self.links[at], self.numbers[at])
                && let Some(number) = each(link)
            {
                self.numbers[at] = number;
            }
        }
    }

    /// Whether a part has links without a number.
    pub(super) fn is_open(&self, part: usize) -> bool {
        let (from, to) = (self.begins[part] as usize, self.begins[part + 1] as usize);
        self.order[from..to].iter().any(|at| self.numbers[*at as usize] == 0)
    }

    /// The numbers, in the order of the links.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.numbers
    }
}
