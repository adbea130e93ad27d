//! Which entered set each cell of each question shows. Words are kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Words and their numbers.
#[derive(Clone, Default)]
pub(super) struct Words {
    numbers: FxHashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

impl Words {
    pub(super) fn number(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    pub(super) fn word(&self, number: u32) -> &str {
        &self.words[number as usize]
    }

    pub(super) fn add(&mut self, word: &str) -> u32 {
        if let Some(number) = self.number(word) {
            return number;
        }
        let number = u32::try_from(self.words.len()).expect("memory ends before four thousand million words");
        let word: Arc<str> = word.into();
        self.words.push(Arc::clone(&word));
        self.numbers.insert(word, number);
        number
    }

    fn bytes(&self) -> usize {
        let each = size_of::<(Arc<str>, u32)>() + size_of::<Arc<str>>() + 2 * size_of::<usize>();
        self.words.iter().map(|word| word.len() + each).sum()
    }
}

/// One tie: to which set, by a line of which snapshot, and whether the cell's set equalled it then.
#[derive(Clone, Copy)]
pub(super) struct Tie {
    pub(super) to: u64,
    pub(super) snapshot: u32,
    pub(super) exact: bool,
    /// Whether that set was entered for this cell.
    pub(super) own: bool,
    /// Whether the cell was hidden to cover others then.
    pub(super) covered: bool,
}

/// The last tie of every cell of every question, by measure.
#[derive(Clone, Default)]
pub(super) struct Ties {
    words: Words,
    /// By question, measure and cell.
    ties: BTreeMap<(u32, u32, u32), Tie>,
}

impl Ties {
    /// Whether a cell is tied to a set that was entered for it, and to this one.
    pub(super) fn is_own(&self, question: &str, measure: &str, cell: &str, to: u64) -> bool {
        self.tie(question, measure, cell).is_some_and(|tie| tie.own && tie.to == to)
    }

    pub(super) fn tie(&self, question: &str, measure: &str, cell: &str) -> Option<Tie> {
        let number = |word| self.words.number(word);
        self.ties.get(&(number(question)?, number(measure)?, number(cell)?)).copied()
    }

    pub(super) fn set(&mut self, question: &str, measure: &str, cell: &str, tie: Tie) {
        let key = (self.words.add(question), self.words.add(measure), self.words.add(cell));
        self.ties.insert(key, tie);
    }

    /// Every cell of a question in a measure.
    pub(super) fn of(&self, question: &str, measure: &str) -> impl Iterator<Item = (&str, Tie)> {
        let numbers = self.words.number(question).zip(self.words.number(measure));
        let range = numbers.map(|(question, measure)| {
            self.ties.range((question, measure, 0)..=(question, measure, u32::MAX))
        });
        range.into_iter().flatten().map(|((_, _, cell), tie)| (self.words.word(*cell), *tie))
    }

    /// Roughly what it takes of memory; nodes of the tree are two thirds full.
    pub(super) fn bytes(&self) -> usize {
        self.words.bytes() + self.ties.len() * size_of::<((u32, u32, u32), Tie)>() * 3 / 2
    }
}
