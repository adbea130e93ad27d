//! What a kernel is: how one unit is counted, and what its cells mean.

use super::consents::Consents;
use super::count::CountError;
use super::index::RowAt;
use super::rows::UnitRows;
use super::sources::Sources;
use super::tally::Tally;
use crate::disclosure::{Counted, Extra, ExtraHead, Shape, Table};
use crate::programme::Text;

/// How one kind of question is counted. Cells are addressed by *tail*: the place, after the dimensions, in the order
/// of [`Kernel::tails`]. A kernel sees permitted rows alone, and never decides what is shown.
pub(super) trait Kernel: std::fmt::Debug + Send + Sync {
    /// The columns of the table after the dimensions.
    fn columns(&self) -> Vec<Column>;

    /// The codes of those columns, one list a tail, in the order in which they are shown; one empty list when there
    /// are no such columns.
    fn tails(&self) -> Vec<Vec<String>>;

    /// How many tails there are, without making them.
    fn count(&self) -> u64 {
        self.tails().len() as u64
    }

    /// How the cells lie to each other. `axes` is the number of dimensions, which come first.
    fn shape(&self, axes: usize) -> Shape;

    /// Something that counts units one after the other, with room of its own.
    fn worker(&self) -> Box<dyn Worker + '_>;

    /// Shape `Parts`: the tail that a tail is a part of, within its group.
    fn of(&self, _tail: usize) -> Option<usize> {
        None
    }

    /// The tail that everybody in a tail is in as well, as in the step before: a worker then puts a unit into the first
    /// tail of such a line only, and the engine puts it into the others. A tail follows on one other at most.
    fn also(&self, _tail: usize) -> Option<usize> {
        None
    }

    /// The tails as meets of sets, where they are: by tail the sets, of 64 at most, that a unit must be in. A worker
    /// then says in which sets the unit is ([`Found::sets`]), and the engine puts it into the tails.
    fn meets(&self) -> Option<Vec<u64>> {
        None
    }

    /// R10, by tail: the partners whose rows, besides the index row, decide who is in it or make the figures that it
    /// tells. Empty where the index row alone does; an empty list where that is so of every tail.
    fn follows(&self) -> Vec<Sources> {
        Vec::new()
    }

    /// By tail, and then by dataset of the plan: whether the index row can come from it. None where that is the same for
    /// every tail.
    fn begins(&self) -> Option<Vec<Vec<bool>>> {
        None
    }

    /// R10, by tail: those that it is a part of, and that must hold enough others. `own` is the partner that all index
    /// rows of the group come from, where it is one by structure.
    fn among(&self, _own: Option<u8>) -> Vec<Vec<usize>> {
        (0..self.tails().len()).map(|tail| self.of(tail).into_iter().collect()).collect()
    }

    /// Tails that are put together of others, each unit of them in one: the whole, and its parts.
    fn complete(&self) -> Vec<(usize, Vec<usize>)> {
        Vec::new()
    }

    /// What is counted in a tail, where it is not the question's unit.
    fn counted(&self, _tail: usize) -> Option<Counted> {
        None
    }

    /// What the extras of the cells are. With one, [`Put::value`] and [`Put::more`] are kept for [`Kernel::extra`].
    fn extra_head(&self) -> Option<ExtraHead> {
        None
    }

    /// Whether [`Put::value`] and [`Put::more`] are kept.
    fn keeps(&self) -> bool {
        self.extra_head().is_some()
    }

    /// The extra of a tail, from the tallies of its group. Their units are those of the cells; persons and values are
    /// as the worker put them.
    fn extra(&self, _group: &[Tally], _tail: usize) -> Option<Extra> {
        None
    }

    /// The extras of all tails of a group, where they have something in common.
    fn extras(&self, group: &[Tally]) -> Vec<Option<Extra>> {
        (0..group.len()).map(|tail| self.extra(group, tail)).collect()
    }

    /// The ledger's name for the extra of a tail, where it is not that of [`Kernel::extra_head`]: values under one name
    /// are held against each other, so two figures of the same units that mean different things need two names. Of a tail without an extra it is the
    /// name of the count.
    fn measure(&self, _tail: usize) -> Option<String> {
        None
    }

    /// Lists of staff that are looked up, each by dataset of the plan and staff column. They are made once a count,
    /// from permitted rows with or without a person ([`UnitRows::listed`]).
    fn staff_lists(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// Pairs of tails whose rates are held against each other.
    fn differences(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// The tails whose counts make the response rate: those who answered, and those who could have.
    fn response(&self) -> Option<(Vec<usize>, Vec<usize>)> {
        None
    }

    /// Rules of counting that are printed beside the answer, besides that of the index.
    fn notes(&self) -> Vec<Text> {
        Vec::new()
    }

    /// The columns after the dimensions of the table that is shown, where it is derived from the released one.
    fn derived_columns(&self) -> Option<Vec<Column>> {
        None
    }

    /// The table that is shown, from the released one and nothing else. `axes` is the number of dimensions.
    fn derive(&self, _axes: usize, table: Table) -> Table {
        table
    }

    /// The kernel itself, where it counts what persons said about consent.
    fn consents(&self) -> Option<&Consents> {
        None
    }

    /// How the answer is best drawn.
    fn chart(&self) -> Option<Chart> {
        None
    }
}

/// Counts units, one at a time.
pub(super) trait Worker {
    /// One unit: finds its index row and its tails. A unit without an index row is in no cell.
    fn unit(&mut self, rows: &UnitRows<'_>, found: &mut Found);
}

/// A column of the table after the dimensions, with titles.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Id.
    pub(super) id: &'static str,
    /// Title.
    pub(super) title: Text,
    /// Codes and their titles.
    pub(super) codes: Vec<(String, Text)>,
}

/// How an answer is best drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// Steps, each a part of the one before.
    Funnel,
    /// Steps over days, with an interval.
    Survival,
    /// Sets that share members.
    Overlap,
    /// The same before and after.
    BeforeAfter,
    /// Amounts by who pays.
    Costs,
    /// Quarter after quarter.
    Series,
}

/// What a worker says of one unit.
#[derive(Default)]
pub(super) struct Found {
    /// The row that says in which cells the unit is.
    pub(super) index: Option<RowAt>,
    /// The cells of its group that the unit is in, each once.
    pub(super) puts: Vec<Put>,
    /// The sets that the unit is in, where the tails are meets of sets.
    pub(super) sets: u64,
    /// Parts of amounts in those cells.
    pub(super) parts: Vec<Part>,
    /// Others than units, in the cells that count those.
    pub(super) members: Vec<Member>,
    /// Set when a row holds what the programme does not give it: the count ends with it.
    pub(super) fault: Option<CountError>,
}

/// A unit in a tail, with values where the kernel has extras.
#[derive(Clone, Copy)]
pub(super) struct Put {
    /// Which tail.
    pub(super) tail: usize,
    /// What the kernel keeps of the unit.
    pub(super) value: i64,
    /// And a second value.
    pub(super) more: i64,
}

/// Part of an amount of the unit in a tail, as one partner's rows give it.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Which tail.
    pub(super) tail: usize,
    /// Position of the partner.
    pub(super) source: u8,
    /// The amount, in the smallest unit.
    pub(super) amount: i64,
}

/// Something else than the unit, in a tail that counts such: a member of staff, with the person of the row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// Which tail.
    pub(super) tail: usize,
    /// Its number.
    pub(super) number: u32,
    /// The person behind it.
    pub(super) person: u32,
}

impl Found {
    /// Forgets the unit before.
    pub(super) fn clear(&mut self) {
        self.index = None;
        self.puts.clear();
        self.sets = 0;
        self.parts.clear();
        self.members.clear();
        self.fault = None;
    }

    /// Adds a part of an amount to a tail, without counting the unit there.
    pub(super) fn put_part(&mut self, tail: usize, source: u8, amount: i64) {
        self.parts.push(Part { tail, source, amount });
    }

    /// Puts something else than the unit into a tail; it is counted once, however often it comes.
    pub(super) fn put_member(&mut self, tail: usize, number: u32, person: u32) {
        self.members.push(Member { tail, number, person });
    }

    /// Puts the unit into a tail.
    pub(super) fn put(&mut self, tail: usize) {
        self.put_value(tail, 0, 0);
    }

    /// Puts the unit into a tail with values.
    pub(super) fn put_value(&mut self, tail: usize, value: i64, more: i64) {
        self.puts.push(Put { tail, value, more });
    }
}

/// A text in both languages.
pub(super) fn text(da: &str, en: &str) -> Text {
    Text { da: da.to_owned(), en: en.to_owned() }
}
