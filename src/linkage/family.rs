//! Families, for rule R1: connected components of persons over the case and pair rows of all partners.
//!
//! A pair row joins its two persons; the rows of one case join everyone in them. Families are never inferred from
//! numbers, and this notion of one serves disclosure control alone.

/// Gathers what joins persons, row by row.
pub(crate) struct Families {
    /// Union-find: a parent is never greater than its child; 0 stands for itself.
    parent: Vec<u32>,
    /// Somebody met in each case; 0 while nobody was.
    member: Vec<u32>,
    met: Vec<bool>,
}

impl Families {
    /// Nobody met yet, among person numbers up to `persons` and case numbers up to `cases`.
    pub(crate) fn new(persons: u32, cases: u32) -> Families {
        Families {
            parent: (0..=persons).collect(),
            member: vec![0; cases as usize + 1],
            met: vec![false; persons as usize + 1],
        }
    }

    /// A row; 0 where it names no person, no related person, no case.
    pub(crate) fn row(&mut self, person: u32, related: u32, case: u32) {
        self.met[person as usize] = true;
        self.met[related as usize] = true;
        if person != 0 && related != 0 {
            self.unite(person, related);
        }
        let somebody = person.max(related);
        if case != 0 && somebody != 0 {
            match self.member[case as usize] {
                0 => self.member[case as usize] = somebody,
                member => self.unite(member, somebody),
            }
        }
    }

    /// The family of each person number: the least number in it; 0 for numbers that no row names.
    pub(crate) fn finish(mut self) -> Vec<u32> {
        self.met[0] = false;
        for at in 0..self.parent.len() {
            // Parents come before children, so a parent's own parent is its root already.
            let parent = self.parent[at] as usize;
            self.parent[at] = self.parent[parent];
        }
        for (family, met) in self.parent.iter_mut().zip(&self.met) {
            if !met {
                *family = 0;
            }
        }
        self.parent
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }

    fn root(&mut self, mut at: u32) -> u32 {
        loop {
            let parent = self.parent[at as usize];
            if parent == at {
                return at;
            }
            let above = self.parent[parent as usize];
            self.parent[at as usize] = above;
            at = above;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn families_are_the_components_of_the_graph(
            rows in prop::collection::vec((0u32..30, 0u32..30, 0u32..12), 0..40),
        ) {
            let mut families = Families::new(30, 12);
            for (person, related, case) in &rows {
                families.row(*person, *related, *case);
            }
            let found = families.finish();
            let named = |row: &(u32, u32, u32)| [row.0, row.1].into_iter().filter(|p| *p != 0).collect::<Vec<_>>();
            for start in 1..=30u32 {
                if !rows.iter().any(|row| named(row).contains(&start)) {
                    prop_assert_eq!(found[start as usize], 0);
                    continue;
                }
                // Walk: everyone in a row of somebody reached, and everyone in a case of such a row.
                let mut reached = BTreeSet::from([start]);
                loop {
                    let touched: Vec<_> = rows.iter().filter(|row| named(row).iter().any(|p| reached.contains(p))).collect();
                    let cases: Vec<u32> = touched.iter().map(|row| row.2).filter(|case| *case != 0).collect();
                    let more: BTreeSet<u32> = rows.iter()
                        .filter(|row| cases.contains(&row.2) || named(row).iter().any(|p| reached.contains(p)))
                        .flat_map(named).chain(reached.iter().copied()).collect();
                    if more == reached { break }
                    reached = more;
                }
                prop_assert_eq!(Some(&found[start as usize]), reached.iter().next());
            }
        }
    }

    #[test]
    fn an_anonymous_row_joins_nobody_but_its_related_person() {
        let mut families = Families::new(5, 2);
        for (person, related, case) in [(0, 0, 1), (1, 0, 1), (0, 2, 1), (0, 3, 0), (4, 0, 0)] {
            families.row(person, related, case);
        }
        assert_eq!(families.finish(), [0, 1, 1, 3, 4, 0]);
    }
}
