//! A small programme, and rows put into a snapshot by hand, for the tests of kernels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use super::{Ask, CountError, Plan, count, plan};
use crate::clock::Day;
use crate::consent::Permits;
use crate::disclosure::{Ledger, Rules, Tabulation, release};
use crate::intake::staged::{MISSING_CODE, MISSING_MEASURE};
use crate::programme::{Programme, Question, QuestionKind, Role, Unit};
use crate::snapshot::{Columns, Snapshot};

/// Datasets.
pub(super) const WAY: usize = 0;
pub(super) const SCALE: usize = 1;
pub(super) const COURSE: usize = 2;
pub(super) const HOURS: usize = 3;

/// Stages, and the codes of their events in [`WAY`].
pub(super) const ASKED: usize = 0;
pub(super) const SEEN: usize = 1;
pub(super) const DONE: usize = 2;
pub(super) const GONE: usize = 3;

/// Code or measure of a row that says nothing.
pub(super) const NONE: i64 = -1;

const PERSON: &str = "[[dataset.column]]\nid = \"person\"\nrole = \"person\"\nrequired = false\n";
const CASE: &str = "[[dataset.column]]\nid = \"case\"\nrole = \"case\"\nrequired = false\n";
const DAY: &str = "[[dataset.column]]\nid = \"day\"\nrole = \"date\"\n";
const STAFF: &str = "[[dataset.column]]\nid = \"staff\"\nrole = \"staff\"\nrequired = false\n";

fn category(id: &str, required: bool) -> String {
    format!(
        "[[dataset.column]]\nid = \"{id}\"\nrole = \"category\"\ncodes = \"{id}\"\nrequired = {required}\n"
    )
}

fn measure(id: &str, decimals: u8) -> String {
    format!(
        "[[dataset.column]]\nid = \"{id}\"\nrole = \"measure\"\nunit = \"point\"\ndecimals = {decimals}\nmin = 0\n\
         max = 1000\nrequired = false\n"
    )
}

/// Two partners, and four datasets: steps on a way (0), assessments (1), staff on a course (2), hours (3).
pub(super) fn programme() -> Programme {
    static PROGRAMME: LazyLock<Programme> = LazyLock::new(parsed);
    PROGRAMME.clone()
}

fn parsed() -> Programme {
    let title = "title = { da = \"t\", en = \"t\" }";
    let mut text = format!(
        "[programme]\nid = \"x\"\nversion = 1\n{title}\nperiod = \"2022-Q1..2023-Q4\"\n[roles]\ncustodian = \"c\"\n\
         operator = \"o\"\nsteward = \"s\"\nevaluators = [{{ id = \"e\", name = \"E\" }}]\n[[purpose]]\nid = \"p\"\n{title}\n"
    );
    for partner in ["north", "south"] {
        writeln!(text, "[[partner]]\nid = \"{partner}\"\nname = \"n\"\nkind = \"ngo\"").expect("text");
    }
    for (list, codes) in [
        ("step", &["asked", "seen", "done", "gone"][..]),
        ("reason", &["moved", "tired"]),
        ("moment", &["t0", "t1", "t2"]),
        ("risk", &["low", "medium", "high"]),
    ] {
        let codes = codes.iter().map(|code| format!("{{ id = \"{code}\", da = \"d\", en = \"e\" }}"));
        writeln!(text, "[[codes]]\nid = \"{list}\"\ncodes = [{}]", codes.collect::<Vec<_>>().join(", "))
            .expect("text");
    }
    let related =
        "[[dataset.column]]\nid = \"related\"\nrole = \"related_person\"\nrequired = false\n".to_owned();
    let datasets = [
        ("way", vec![related, STAFF.to_owned(), category("step", true), category("reason", false)]),
        ("scale", vec![category("moment", true), category("risk", false), measure("score", 1)]),
        ("course", vec![STAFF.to_owned()]),
        ("hours", vec![measure("done", 0), measure("planned", 0)]),
    ];
    for (dataset, columns) in &datasets {
        writeln!(
            text,
            "[[dataset]]\nid = \"{dataset}\"\n{title}\npartners = [\"north\", \"south\"]\n[[dataset.basis]]\n\
             purpose = \"p\"\nkind = \"task\"\nrests_on = \"r\"\n{PERSON}{CASE}{DAY}{}",
            columns.concat()
        )
        .expect("text");
    }
    writeln!(
        text,
        "[[dimension]]\nid = \"why\"\n{title}\nkind = \"column\"\ncolumns = [{{ dataset = \"way\", column = \"reason\" }}]"
    )
    .expect("text");
    for stage in ["asked", "seen", "done", "gone"] {
        writeln!(
            text,
            "[[stage]]\nid = \"{stage}\"\n{title}\nevents = [{{ dataset = \"way\", column = \"step\", codes = [\"{stage}\"] }}]"
        )
        .expect("text");
    }
    // Every column is read by some question.
    let columns = [
        ("way", "staff"),
        ("way", "step"),
        ("way", "reason"),
        ("scale", "moment"),
        ("scale", "risk"),
        ("scale", "score"),
        ("course", "staff"),
        ("hours", "done"),
        ("hours", "planned"),
    ];
    let columns = columns.map(|(d, c)| format!("{{ dataset = \"{d}\", column = \"{c}\" }}")).join(", ");
    writeln!(
        text,
        "[[question]]\nid = \"quality\"\nnumber = \"Q24\"\nkind = \"quality\"\npurpose = \"p\"\n{title}\n\
         definition = {{ da = \"d\", en = \"e\" }}\ncompleteness = [{columns}]"
    )
    .expect("text");
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Position of a column of the programme.
pub(super) fn column(dataset: usize, id: &str) -> usize {
    let programme = programme();
    let mut columns = programme.datasets[dataset].columns.iter();
    columns.position(|column| column.id.as_str() == id).expect("it has it")
}

/// A row. Days are counted from 2022-01-01, the first of the period asked about.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) set: usize,
    pub(super) person: u32,
    pub(super) day: i32,
    pub(super) source: u8,
    pub(super) related: u32,
    pub(super) case: u32,
    pub(super) staff: u32,
    /// Category columns and measures in the order of the dataset; [`NONE`] where absent, or not given.
    pub(super) values: Vec<i64>,
}

/// A row with the values of its category and measure columns in order.
pub(super) fn row(set: usize, person: u32, day: i32, values: &[i64]) -> Row {
    Row { set, person, day, source: 0, related: 0, case: 0, staff: 0, values: values.to_vec() }
}

impl Row {
    pub(super) fn by(self, staff: u32) -> Row {
        Row { staff, ..self }
    }

    pub(super) fn with(self, related: u32) -> Row {
        Row { related, ..self }
    }

    pub(super) fn case(self, case: u32) -> Row {
        Row { case, ..self }
    }

    pub(super) fn from(self, source: u8) -> Row {
        Row { source, ..self }
    }
}

/// The first day of 2022-Q1.
pub(super) fn first_day() -> Day {
    "2022-01-01".parse().expect("a day")
}

/// Rows in columns. Everybody is a family.
pub(super) fn snapshot(programme: &Programme, rows: &[Row], sealed: i32) -> Snapshot {
    let persons = rows.iter().map(|row| row.person).max().unwrap_or(0);
    let datasets = programme.datasets.iter().enumerate().map(|(at, dataset)| {
        let mut rows = rows.iter().filter(|row| row.set == at).collect::<Vec<_>>();
        rows.sort_by_key(|row| (row.person, row.day));
        let until = |person| rows.partition_point(|row| row.person < person) as u32;
        let mut columns = Columns {
            offsets: (0..=persons + 1).map(until).collect(),
            day: rows.iter().map(|row| first_day().days() + row.day).collect(),
            source: rows.iter().map(|row| row.source).collect(),
            case: Some(rows.iter().map(|row| row.case).collect()),
            staff: vec![None; dataset.columns.len()],
            categories: vec![None; dataset.columns.len()],
            measures: vec![None; dataset.columns.len()],
            ..Columns::default()
        };
        let mut place = 0;
        for (at, column) in dataset.columns.iter().enumerate() {
            let value = |row: &&Row| row.values.get(place).copied().unwrap_or(NONE);
            match column.role {
                Role::RelatedPerson => columns.related = Some(rows.iter().map(|row| row.related).collect()),
                Role::Staff => columns.staff[at] = Some(rows.iter().map(|row| row.staff).collect()),
                Role::Category { .. } => {
                    let code = |row| u8::try_from(value(row)).unwrap_or(MISSING_CODE);
                    columns.categories[at] = Some(rows.iter().map(code).collect());
                    place += 1;
                }
                Role::Measure(_) => {
                    let of = |row| Some(value(row)).filter(|v| *v != NONE).unwrap_or(MISSING_MEASURE);
                    columns.measures[at] = Some(rows.iter().map(of).collect());
                    place += 1;
                }
                _ => {}
            }
        }
        Arc::new(columns)
    });
    let datasets = datasets.collect();
    Snapshot {
        id: 1,
        day: first_day().plus(sealed),
        persons,
        families: (0..=persons).collect(),
        withheld: crate::snapshot::Withheld::default(),
        datasets,
    }
}

/// A question about 2022-Q1 with the snapshot of day `sealed`, planned.
pub(super) fn planned(programme: &Programme, kind: QuestionKind, unit: Unit, sealed: i32) -> Plan {
    let mut programme = programme.clone();
    programme.questions.push(Question {
        id: "it".parse().expect("a name"),
        kind,
        unit,
        dimensions: vec![0],
        ..programme.questions[0].clone()
    });
    let ask = Ask {
        question: "it".parse().expect("a name"),
        by: Vec::new(),
        period: "2022-Q1".parse().expect("a period"),
        population: None,
    };
    let sealed = first_day().plus(sealed);
    plan(&programme, &ask, sealed, sealed.plus(1000), &Rules::standard()).expect("a plan")
}

/// Permits under which everything is permitted, but nothing of one dataset where one is named.
pub(super) fn permits(plan: &Plan, closed: Option<usize>) -> Vec<Permits> {
    let of = |dataset: &usize| {
        let builder = Permits::builder(plan.span());
        if closed == Some(*dataset) { builder.build() } else { builder.open(0).open(1).build() }
    };
    plan.datasets().iter().map(of).collect()
}

/// A table: units and persons by codes, and what was counted.
pub(super) struct Counts {
    pub(super) units: BTreeMap<String, u64>,
    pub(super) tabulation: Tabulation,
}

impl Counts {
    /// The units of a cell, by its codes with spaces between.
    pub(super) fn of(&self, key: &str) -> u64 {
        *self.units.get(key).unwrap_or_else(|| panic!("no cell {key}; there are {:?}", self.units.keys()))
    }

    /// The cells with units, in the order of their codes.
    pub(super) fn some(&self) -> Vec<(&str, u64)> {
        let some = self.units.iter().filter(|(_, units)| **units > 0);
        some.map(|(key, units)| (key.as_str(), *units)).collect()
    }
}

/// Counts rows for a question about 2022-Q1, and holds the sets against the shape (`release` does it in debug builds).
pub(super) fn counted(rows: &[Row], kind: QuestionKind, unit: Unit, sealed: i32) -> Counts {
    counted_without(rows, kind, unit, sealed, None).expect("it is counted")
}

/// The same where nothing of a dataset is permitted.
pub(super) fn counted_without(
    rows: &[Row],
    kind: QuestionKind,
    unit: Unit,
    sealed: i32,
    closed: Option<usize>,
) -> Result<Counts, CountError> {
    let programme = programme();
    let plan = planned(&programme, kind, unit, sealed);
    let snapshot = snapshot(&programme, rows, sealed);
    let permits = permits(&plan, closed);
    let again = count(&plan, &snapshot, &permits)?;
    let released = release(again, &plan.release_context(1, None), &Rules::standard(), &Ledger::default());
    assert!(released.is_ok(), "the sets fit the shape");
    assert!(plan.notes().iter().all(|note| !note.da.is_empty() && !note.en.is_empty()));
    let tabulation = count(&plan, &snapshot, &permits)?;
    let cells = tabulation.cells.iter();
    let units: BTreeMap<String, u64> = cells.map(|cell| (cell.key.join(" "), cell.units)).collect();
    assert_eq!(units.len(), tabulation.cells.len(), "each cell has a key of its own");
    Ok(Counts { units, tabulation })
}
