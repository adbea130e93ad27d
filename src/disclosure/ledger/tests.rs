use std::convert::Infallible;
use std::sync::Mutex;

use proptest::prelude::*;

use super::linear::Linear;
use super::*;
use crate::disclosure::shown::{Shown, Value};

fn counts(persons: u64) -> Value {
    if persons < 8 { Value::Hidden } else { Value::counts((persons + 2) / 5 * 5, persons) }
}

/// A ledger, all of its entries, and the one that it has to agree with.
#[derive(Default)]
struct Book {
    ledger: Ledger,
    linear: Linear,
    stored: Arc<Stored>,
}

impl std::ops::Deref for Book {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

impl Book {
    fn entries(&self) -> &[Entry] {
        &self.linear.entries
    }

    fn push(&mut self, entry: Entry) {
        if let Some(bytes) = entry.to_stored(self.held).contributors {
            self.stored.0.lock().expect("no panic").insert(entry.seq, bytes);
        }
        self.linear.push(entry.clone());
        self.ledger.push(entry);
        self.ledger.settle(false);
    }

    /// The same ledger, as it is after a restart, with its sets in a store.
    fn restart(&mut self) {
        let rows: Vec<LedgerRow> = self.entries().iter().map(|entry| entry.to_stored(self.held)).collect();
        let mut opening = Ledger::opening(self.held, Arc::clone(&self.stored) as _);
        for row in &rows {
            opening.add(&LedgerRow { contributors: None, ..row.clone() }).expect("sound");
        }
        self.ledger = opening.finish();
    }
}

/// Sets as a store has them.
#[derive(Default)]
struct Stored(Mutex<FxHashMap<u64, Vec<u8>>>);

impl Sets for Stored {
    fn stored_set(&self, seq: u64) -> Option<Vec<u8>> {
        self.0.lock().expect("no panic").get(&seq).cloned()
    }
}

/// Settles one cell against a ledger and enters what it adds.
fn ask(ledger: &mut Book, question: &str, snapshot: u32, set: &PersonSet) -> Settled {
    let cell = ("person".to_owned(), "cell".to_owned(), set.clone(), counts(set.len()));
    answer(ledger, (7, question, snapshot), vec![cell]).remove(0)
}

/// Settles the cells of an answer and enters what they add, as the linear ledger does it.
fn answer(
    book: &mut Book,
    (held, question, snapshot): (u64, &str, u32),
    cells: Vec<(String, String, PersonSet, Value)>,
) -> Vec<Settled> {
    let (expected, entries) = book.linear.answer((held, question, snapshot), &cells);
    let mut draft = Draft::new(&book.ledger, held, question, snapshot);
    let settled: Vec<Settled> =
        cells.into_iter().map(|(measure, cell, set, own)| draft.settle(&measure, cell, set, own)).collect();
    assert!(settled == expected, "settled otherwise than without an index");
    let new = draft.into_entries().expect("readable");
    assert!(new.iter().map(|e| e.to_stored(held)).eq(entries.iter().map(|e| e.to_stored(held))));
    new.into_iter().for_each(|entry| book.push(entry));
    settled
}

fn set(range: std::ops::Range<u32>) -> PersonSet {
    range.collect()
}

fn sets(ledger: &Book) -> usize {
    ledger.entries().iter().filter(|entry| matches!(entry.content, Content::Set { .. })).count()
}

#[test]
fn equal_and_held_sets_have_value_and_snapshot_of_first_release() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    for (question, other) in [("b", set(0..20)), ("c", set(0..27)), ("d", set(7..20))] {
        let settled = ask(&mut ledger, question, 2, &other);
        assert!(settled.value == counts(20) && settled.snapshot == 1, "{question}");
    }
    assert_eq!(sets(&ledger), 1, "held sets add none");
    let own = ask(&mut ledger, "e", 2, &set(0..28));
    assert!(own.value == counts(28) && own.snapshot == 2);
}

#[test]
fn the_earliest_near_set_decides() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    ask(&mut ledger, "b", 1, &set(0..28));
    assert!(ask(&mut ledger, "c", 1, &set(0..24)).value == counts(20));
}

/// "b" lies at 28 and then at 27, which is within 7 of "a" as well: the earliest alone would change what "b" showed.
#[test]
fn a_cell_keeps_its_value_when_an_earlier_set_comes_near() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    assert!(ask(&mut ledger, "b", 1, &set(0..28)).value == counts(28));
    assert!(ask(&mut ledger, "b", 2, &set(0..27)).value == counts(28));
}

/// The tie of a held cell outlives sets that are entered later, and a restart.
#[test]
fn a_held_cell_stays_with_the_set_that_held_it() {
    let mut ledger = Book::default();
    ask(&mut ledger, "early", 1, &set(100..120));
    ask(&mut ledger, "late", 1, &set(0..20));
    let near_late: PersonSet = (0..13).collect();
    assert!(ask(&mut ledger, "held", 1, &near_late).value == counts(20));
    ledger.restart();
    let before = ledger.len();
    assert!(ask(&mut ledger, "held", 3, &near_late).value == counts(20));
    assert_eq!(ledger.len(), before, "the same question adds nothing");
}

#[test]
fn a_cell_of_seven_stays_hidden_when_an_eighth_comes_even_after_an_empty_cell() {
    let mut ledger = Book::default();
    assert!(ask(&mut ledger, "empty", 1, &set(0..0)).value.is_hidden());
    assert!(ask(&mut ledger, "seven", 1, &set(0..7)).value.is_hidden());
    assert!(ask(&mut ledger, "seven", 2, &set(0..8)).value.is_hidden());
    assert!(ask(&mut ledger, "seven in other words", 2, &set(0..8)).value.is_hidden());
    assert!(ask(&mut ledger, "seven", 3, &set(0..14)).value.is_hidden());
    assert!(ask(&mut ledger, "seven", 4, &set(0..15)).value == counts(15));
}

#[test]
fn small_cells_elsewhere_do_not_hide_a_cell_of_eight() {
    let mut ledger = Book::default();
    ask(&mut ledger, "empty", 1, &set(0..0));
    ask(&mut ledger, "seven others", 1, &set(100..107));
    assert!(ask(&mut ledger, "eight", 1, &set(0..8)).value == counts(8));
}

#[test]
fn a_ledger_with_a_gap_or_a_loose_tie_is_refused() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    ask(&mut ledger, "b", 1, &set(0..21));
    let entries = ledger.entries().to_vec();
    let refused = |entries| Ledger::from_entries(entries).err().expect("damaged");
    assert_eq!(refused(entries[1..].to_vec()), LedgerError::Sequence { expected: 1, found: 2 });
    let mut loose = entries.clone();
    loose[1].content = Content::TiedTo { to: 2, exact: true };
    assert_eq!(refused(loose), LedgerError::Tie { seq: 2, to: 2 });
    assert!(Ledger::from_entries(entries).is_ok());
}

/// Values of one measure say nothing of another: a sum is never shown where a count was asked for.
#[test]
fn measures_are_kept_apart() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    let mut draft = Draft::new(&ledger, 7, "a", 2);
    let sum = draft.settle("sum/a", "cell".to_owned(), set(0..20), Value::Shown(vec![12_300]));
    assert!(sum.value == Value::Shown(vec![12_300]) && sum.snapshot == 2);
    for entry in draft.into_entries().expect("readable") {
        ledger.push(entry);
    }
    assert!(ask(&mut ledger, "a", 3, &set(0..21)).value == counts(20));
    let mut draft = Draft::new(&ledger, 7, "b", 3);
    let near = draft.settle("sum/a", "cell".to_owned(), set(0..21), Value::Shown(vec![99_900]));
    assert!(near.value == Value::Shown(vec![12_300]) && near.snapshot == 2, "held");
}

#[test]
fn a_settled_cell_says_whose_value_it_has_and_whether_the_sets_are_equal() {
    let mut ledger = Book::default();
    let of = |settled: Settled| (settled.entry, settled.exact, settled.persons);
    assert_eq!(of(ask(&mut ledger, "a", 1, &set(0..20))), (1, true, 20));
    assert_eq!(of(ask(&mut ledger, "b", 2, &set(0..20))), (1, true, 20), "equal");
    assert_eq!(of(ask(&mut ledger, "c", 3, &set(0..22))), (1, false, 22), "held");
    assert_eq!(of(ask(&mut ledger, "c", 4, &set(0..20))), (1, true, 20), "its tie, and equal now");
    assert_eq!(of(ask(&mut ledger, "d", 4, &set(0..40))), (4, true, 40), "its own");

    let draft = Draft::new(&ledger, 7, "e", 5);
    let known = |question| -> Vec<_> {
        let known = draft.known(question, "person").into_iter();
        known.map(|k| (k.cell_key, k.value.count(0).count(), k.entry, k.snapshot, k.exact)).collect()
    };
    assert_eq!(known("b"), [("cell".to_owned(), Some(20), 1, 2, true)]);
    assert_eq!(known("c"), [("cell".to_owned(), Some(20), 1, 3, false)], "as the line said that tied it");
    assert!(known("e").is_empty() && draft.known("b", "sum").is_empty());
}

#[test]
fn a_cell_of_this_answer_is_known_and_replaces_its_older_tie() {
    let mut ledger = Book::default();
    ask(&mut ledger, "a", 1, &set(0..20));
    let mut draft = Draft::new(&ledger, 7, "a", 2);
    draft.settle("person", "cell".to_owned(), set(0..40), counts(40));
    draft.settle("person", "other".to_owned(), set(0..21), counts(21));
    let known: Vec<_> =
        draft.known("a", "person").into_iter().map(|k| (k.entry, k.snapshot, k.exact)).collect();
    assert_eq!(known, [(2, 2, true), (1, 2, false)]);
}

proptest! {
    /// Whatever was asked before and in whatever words, a shown count is within rounding and 7 of the truth, and
    /// asking again at once shows the same and adds nothing.
    #[test]
    fn no_history_carries_a_value_away(
        history in prop::collection::vec((0_u8..4, prop::collection::btree_set(0_u32..24, 0..24)), 1..40),
    ) {
        let mut ledger = Book::default();
        for (question, persons) in history {
            let set: PersonSet = persons.into_iter().collect();
            let question = question.to_string();
            let first = ask(&mut ledger, &question, 1, &set);
            if let Shown::Count(shown) = first.value.count(0) {
                prop_assert!(shown.abs_diff(set.len()) <= 9);
            } else {
                prop_assert!(set.len() <= 14);
            }
            let entries = ledger.entries().len();
            let second = ask(&mut ledger, &question, 2, &set);
            prop_assert!(first.value == second.value && first.snapshot == second.snapshot);
            prop_assert_eq!(ledger.entries().len(), entries);
        }
    }

    /// Persons are erased and come back under numbers that nobody had: what is shown is still within rounding and 7 of the
    /// persons who are there, and nothing changes before numbers have moved by more than 7.
    #[test]
    fn who_comes_back_under_a_new_number_carries_no_value_away(
        steps in prop::collection::vec((0_usize..40, any::<bool>()), 1..60),
    ) {
        let mut book = Book::default();
        let mut numbers: Vec<Option<u32>> = (0..40).map(Some).collect();
        let mut next = 40;
        let mut shown: Option<(Shown, PersonSet)> = None;
        for (snapshot, (person, back)) in steps.into_iter().enumerate() {
            numbers[person] = back.then(|| {
                next += 1;
                next
            });
            let set: PersonSet = numbers.iter().flatten().copied().collect();
            let count = ask(&mut book, "q", u32::try_from(snapshot).expect("few"), &set).value.count(0);
            if let Shown::Count(count) = count {
                prop_assert!(count.abs_diff(set.len()) <= 9);
            }
            match &shown {
                Some((before, of)) if of.symmetric_difference_len(&set) <= 7 => prop_assert!(*before == count),
                _ => shown = Some((count, set)),
            }
        }
    }

    /// Sets with different values are always more than 7 apart: no one person changes what a new question shows
    /// from one entered value to another by lying between them.
    #[test]
    fn entered_sets_that_are_shown_lie_apart(
        history in prop::collection::vec(prop::collection::btree_set(0_u32..20, 0..20), 1..30),
    ) {
        let mut ledger = Book::default();
        for (at, persons) in history.into_iter().enumerate() {
            ask(&mut ledger, &at.to_string(), 1, &persons.into_iter().collect());
        }
        let entered: Vec<_> = ledger
            .entries()
            .iter()
            .filter_map(|entry| match &entry.content {
                Content::Set { contributors, value } => Some((contributors, value.clone())),
                Content::TiedTo { .. } => None,
            })
            .collect();
        for (at, (one, value)) in entered.iter().enumerate() {
            for (other, other_value) in &entered[..at] {
                let distance = one.symmetric_difference_len(other);
                prop_assert!(distance > 7 || (value.is_hidden() && other_value.is_hidden() && distance > 0));
            }
        }
    }
}

#[test]
fn a_failed_write_releases_nothing_and_a_late_answer_is_stale() {
    use crate::disclosure::{RawCell, Rules, Shape, Tabulation};
    let rules = Rules::standard();
    let context = crate::disclosure::release::tests::context("reach", 1);
    let tabulation =
        || Tabulation::counts(Shape::Partition, vec![], vec![RawCell::persons(vec![], set(0..20), 9)]);
    let ask =
        |ledger: &Ledger| crate::disclosure::release(tabulation(), &context, &rules, ledger).expect("formed");
    let mut ledger = Ledger::default();

    let failed = ledger.commit(ask(&ledger), |_| Err("disk full"));
    assert!(matches!(failed, Err(CommitError::Persist("disk full"))));
    assert!(ledger.is_empty());

    let (one, late) = (ask(&ledger), ask(&ledger));
    let mut written = 0;
    let released = ledger.commit(one, |entries| {
        written = entries.len();
        Ok::<(), Infallible>(())
    });
    assert!(released.is_ok());
    assert_eq!((written, ledger.len()), (2, 2));
    assert!(matches!(ledger.commit(late, |_| Ok::<(), Infallible>(())), Err(CommitError::Stale)));
    assert_eq!(ledger.len(), 2);
}

/// A population, and how a set differs from one that was asked about before: by few persons, so that it is near.
#[derive(Clone, Debug)]
struct Step {
    question: u8,
    measure: bool,
    cell: u8,
    size: u8,
    base: usize,
    changed: std::collections::BTreeSet<u32>,
    restart: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let changed = prop::collection::btree_set(0_u32..150, 0..14);
    (0_u8..5, any::<bool>(), 0_u8..4, 0_u8..6, any::<usize>(), changed, 0_u8..12).prop_map(
        |(question, measure, cell, size, base, changed, restart)| Step {
            question,
            measure,
            cell,
            size,
            base,
            changed,
            restart: restart == 0,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    /// Whatever was asked, and in whatever pieces: the index finds what a comparison with every set finds. Sets are of
    /// nobody, of few, about as large as the largest of which persons are kept, and larger; most are near an earlier one.
    #[test]
    fn the_indexed_ledger_settles_like_the_linear_one(
        history in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..25),
        held in prop::sample::select(vec![0_u64, 4, 7, 7, 7]),
    ) {
        let mut book = Book { ledger: Ledger::holding(7), ..Book::default() };
        let mut asked: Vec<PersonSet> = vec![PersonSet::new()];
        for (snapshot, cells) in history.iter().enumerate() {
            let mut answered = std::collections::BTreeSet::new();
            let mut of_answer = Vec::new();
            for step in cells {
                if step.restart {
                    book.restart();
                }
                let base = match step.size {
                    0 => PersonSet::new(),
                    1 => (0..5).collect(),
                    2 => (0..32).collect(),
                    3 => (20..56).collect(),
                    _ => asked[step.base % asked.len()].clone(),
                };
                let set = base ^ step.changed.iter().copied().collect::<PersonSet>();
                asked.push(set.clone());
                let measure = if step.measure { "person" } else { "sum" };
                if answered.insert((measure, step.cell)) {
                    let own = counts(set.len());
                    of_answer.push((measure.to_owned(), step.cell.to_string(), set, own));
                }
            }
            let question = cells[0].question.to_string();
            answer(&mut book, (held, &question, u32::try_from(snapshot).expect("few")), of_answer);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// The same with persons by the thousand, where a set is found by a block alone.
    #[test]
    fn a_large_set_is_found_whoever_came_and_went(
        changed in prop::collection::btree_set(0_u32..6000, 0..10),
        size in 40_u32..5000,
    ) {
        let mut book = Book::default();
        for other in 0..20 {
            ask(&mut book, &other.to_string(), 1, &(other * 9..other * 9 + size).collect());
        }
        let base: PersonSet = (90..90 + size).collect();
        ask(&mut book, "near", 2, &(base ^ changed.into_iter().collect::<PersonSet>()));
    }
}

#[test]
fn a_set_that_cannot_be_read_lets_nothing_out() {
    let mut book = Book::default();
    ask(&mut book, "a", 1, &set(0..100));
    let row = book.entries()[0].to_stored(7);
    let mut opening = Ledger::opening(7, Arc::new(Stored::default()));
    opening.add(&row).expect("sound");
    let ledger = opening.finish();
    let mut draft = Draft::new(&ledger, 7, "b", 1);
    assert!(draft.settle("person", "cell".to_owned(), set(0..100), counts(100)).value.is_hidden());
    assert!(draft.settle("person", "other".to_owned(), set(500..600), counts(100)).value.is_hidden());
    assert_eq!(draft.into_entries().err(), Some(LedgerError::Unread { seq: 1 }));
}

#[test]
fn rules_that_hold_more_together_need_a_ledger_for_them() {
    let ledger = Ledger::default();
    let draft = Draft::new(&ledger, 8, "a", 1);
    assert_eq!(draft.into_entries().err(), Some(LedgerError::Held { indexed: 7, held: 8 }));
    let ledger = Ledger::holding(8);
    assert!(Draft::new(&ledger, 8, "a", 1).into_entries().is_ok());
}

#[test]
fn a_sketch_made_for_other_rules_is_made_anew_from_the_set() {
    let mut book = Book::default();
    ask(&mut book, "a", 1, &set(0..100));
    let row = book.entries()[0].to_stored(9);
    let open = |row: &LedgerRow| {
        let mut opening = Ledger::opening(7, Arc::new(Stored::default()));
        opening.add(row).map(|()| opening.finish())
    };
    assert!(open(&row).is_ok());
    let without = LedgerRow { contributors: None, ..row.clone() };
    assert_eq!(open(&without).err(), Some(LedgerError::Entry(EntryError::Set { seq: 1 })));
    let another_size = LedgerRow { persons: Some(99), ..row };
    assert_eq!(open(&another_size).err(), Some(LedgerError::Entry(EntryError::Set { seq: 1 })));
}
