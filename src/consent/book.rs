//! The events of one source, by person: most of them in one ordered row, those of persons with news beside it.

use std::collections::BTreeMap;

use super::line::Line;

/// Lines that are added one by one whatever the size of the book; more are sorted in.
const FEW: usize = if cfg!(test) { 2 } else { 4_096 };

/// All lines of one source.
#[derive(Default)]
pub(super) struct Book {
    /// In the order of persons.
    settled: Vec<Line>,
    /// All lines of persons of whom one has come or gone since, in place of those settled.
    recent: BTreeMap<u32, Vec<Line>>,
    in_recent: usize,
    /// Of those settled, how many are replaced.
    replaced: usize,
}

impl Book {
    /// The lines of a person.
    pub(super) fn of(&self, person: u32) -> &[Line] {
        self.recent.get(&person).map_or_else(|| self.settled_of(person), Vec::as_slice)
    }

    fn settled_of(&self, person: u32) -> &[Line] {
        let start = self.settled.partition_point(|line| line.person < person);
        let own = self.settled[start..].iter().take_while(|line| line.person == person).count();
        &self.settled[start..start + own]
    }

    /// Adds lines.
    pub(super) fn add(&mut self, mut lines: Vec<Line>) {
        if lines.len() > FEW.max(self.settled.len() / 64) {
            lines.sort_unstable_by_key(|line| line.person);
            self.settle();
            self.merge(lines);
            return;
        }
        for line in lines {
            if !self.recent.contains_key(&line.person) {
                let own = self.settled_of(line.person).to_vec();
                self.in_recent += own.len();
                self.replaced += own.len();
                self.recent.insert(line.person, own);
            }
            self.recent.entry(line.person).or_default().push(line);
            self.in_recent += 1;
        }
        if self.in_recent > 16 * FEW + self.settled.len() / 32 {
            self.settle();
        }
    }

    /// Drops the lines of a person; whether there were any.
    pub(super) fn forget(&mut self, person: u32) -> bool {
        let had = !self.of(person).is_empty();
        if had {
            match self.recent.insert(person, Vec::new()) {
                Some(lines) => self.in_recent -= lines.len(),
                None => self.replaced += self.settled_of(person).len(),
            }
        }
        had
    }

    /// Puts everything into the one row.
    pub(super) fn settle(&mut self) {
        let recent = std::mem::take(&mut self.recent);
        (self.in_recent, self.replaced) = (0, 0);
        if !recent.is_empty() {
            self.settled.retain(|line| !recent.contains_key(&line.person));
            self.merge(recent.into_values().flatten().collect());
        }
    }

    /// Merges lines in the order of persons into those settled, from the end on and in place.
    fn merge(&mut self, mut lines: Vec<Line>) {
        let Some(last) = lines.last().copied() else { return };
        let mut from = self.settled.len();
        let mut to = from + lines.len();
        self.settled.reserve_exact(lines.len());
        self.settled.resize(to, last);
        while let Some(line) = lines.last() {
            to -= 1;
            if from > 0 && self.settled[from - 1].person > line.person {
                from -= 1;
                self.settled[to] = self.settled[from];
            } else {
                self.settled[to] = *line;
                lines.pop();
            }
        }
    }

    /// Gives the lines of every person, ascending.
    pub(super) fn each(&self, mut each: impl FnMut(u32, &[Line])) {
        let mut recent = self.recent.iter().peekable();
        for own in self.settled.chunk_by(|a, b| a.person == b.person) {
            let person = own[0].person;
            while let Some((other, lines)) = recent.next_if(|(other, _)| **other < person) {
                each(*other, lines);
            }
            match recent.next_if(|(other, _)| **other == person) {
                Some((_, lines)) => each(person, lines),
                None => each(person, own),
            }
        }
        recent.for_each(|(person, lines)| each(*person, lines));
    }

    /// All lines, in no order.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        let settled = self.settled.iter();
        let replaced = move |line: &&Line| self.recent.is_empty() || !self.recent.contains_key(&line.person);
        settled.filter(replaced).chain(self.recent.values().flatten())
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.settled.len() - self.replaced + self.in_recent
    }

    /// Bytes that they take in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let of = |lines: &Vec<Line>| lines.capacity() * size_of::<Line>() + 2 * size_of::<Vec<Line>>();
        let recent: usize = self.recent.values().map(of).sum();
        (self.settled.capacity() * size_of::<Line>() + recent) as u64
    }
}
