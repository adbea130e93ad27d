//! Families as connected components, by painting over until nothing changes hands.

use std::collections::HashMap;

pub(super) struct Families {
    /// Neighbours by person number.
    next_to: Vec<Vec<u32>>,
    /// First person seen with a partner's case number.
    cases: HashMap<(u8, String), u32>,
}

impl Families {
    pub(super) fn new(persons: usize) -> Families {
        Families { next_to: vec![Vec::new(); persons + 1], cases: HashMap::new() }
    }

    /// Two persons of one row; 0 is nobody.
    pub(super) fn pair(&mut self, one: u32, other: u32) {
        if one != 0 && other != 0 {
            self.next_to[one as usize].push(other);
            self.next_to[other as usize].push(one);
        }
    }

    /// A person with a partner's case number.
    pub(super) fn case(&mut self, person: u32, source: u8, case: &str) {
        let first = *self.cases.entry((source, case.to_owned())).or_insert(person);
        self.pair(person, first);
    }

    /// The component of each person: the least number in it.
    pub(super) fn components(self) -> Vec<u32> {
        let mut family = vec![0; self.next_to.len()];
        for start in 1..self.next_to.len() {
            let name = u32::try_from(start).expect("persons are counted in u32");
            let mut waiting = vec![name];
            while let Some(person) = waiting.pop() {
                let of = &mut family[person as usize];
                if *of == 0 {
                    *of = name;
                    waiting.extend(&self.next_to[person as usize]);
                }
            }
        }
        family
    }
}
