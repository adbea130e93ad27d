//! Random programmes, snapshots and consents.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use kobling::clock::{Day, Period, Timestamp};
use kobling::consent::{
    AsOf, CONSENT_SCHEMA, ConsentEvent, EventKind, GivenBy, Known, LegalBasis, Method, Notice, Permission,
    Permits, RowWindow, Use, fold,
};
use kobling::programme::{Programme, QuestionKind};
use kobling::question::Plan;
use kobling::secret::{Random as _, SeededRandom, shuffle};
use kobling::snapshot::{Columns, Snapshot};

/// Category columns that a dataset may have, in the order of its columns, with the number of their codes.
pub(crate) const CATEGORIES: [(&str, u64); 3] = [("step", 3), ("role", 2), ("area", 3)];
/// The code of rows that say nothing.
pub(crate) const MISSING: u8 = 255;

/// How rows of one source in one dataset are permitted.
pub(crate) enum Basis {
    /// The source is no part of the question.
    Absent,
    /// Another basis than consent.
    Open,
    /// Consent, by person.
    Consent(BTreeMap<u32, Permission>),
}

/// A row, before it is put into columns.
#[derive(Clone)]
pub(crate) struct Row {
    pub dataset: usize,
    pub person: u32,
    pub day: i32,
    pub source: u8,
    /// Aligned with [`CATEGORIES`]; `None` where the dataset has no such column.
    pub codes: [Option<u8>; 3],
}

pub(crate) struct World {
    pub programme: Programme,
    pub period: Period,
    pub rows: Vec<Row>,
    pub snapshot: Snapshot,
    /// By (dataset, source).
    pub bases: BTreeMap<(usize, u8), Basis>,
}

fn below(random: &mut SeededRandom, bound: u64) -> usize {
    usize::try_from(random.below(bound)).expect("small")
}

fn some_of<T: Clone>(random: &mut SeededRandom, all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    shuffle(&mut all, random);
    let keep = 1 + below(random, all.len() as u64);
    all.truncate(keep);
    all
}

/// A programme of 1 to 4 partners and 1 to 3 datasets; the first dataset has all columns.
fn definition(random: &mut SeededRandom) -> String {
    let quoted = |names: &[String]| names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    let title = "title = { da = \"t\", en = \"t\" }";
    let mut text = format!(
        "[programme]\nid = \"x\"\nversion = 1\n{title}\nperiod = \"2022-Q1..2023-Q4\"\n[roles]\ncustodian = \"c\"\n\
         operator = \"o\"\nsteward = \"s\"\nevaluators = [{{ id = \"e\", name = \"E\" }}]\n[[purpose]]\nid = \"p\"\n{title}\n"
    );
    let partners = (0..1 + below(random, 4)).map(|n| format!("org{n}")).collect::<Vec<_>>();
    for partner in &partners {
        writeln!(text, "[[partner]]\nid = \"{partner}\"\nname = \"n\"\nkind = \"ngo\"").expect("text");
    }
    for (list, codes) in CATEGORIES {
        let codes = (0..codes).map(|n| format!("{{ id = \"{list}{n}\", da = \"d\", en = \"e\" }}"));
        writeln!(text, "[[codes]]\nid = \"{list}\"\ncodes = [{}]", codes.collect::<Vec<_>>().join(", "))
            .expect("text");
    }
    let datasets = (0..1 + below(random, 3)).map(|n| format!("set{n}")).collect::<Vec<_>>();
    let mut columns_of = BTreeMap::<&str, Vec<String>>::new();
    for dataset in &datasets {
        let theirs = some_of(random, &partners);
        write!(
            text,
            "[[dataset]]\nid = \"{dataset}\"\n{title}\npartners = [{}]\n[[dataset.basis]]\npurpose = \"p\"\nkind = \"task\"\n\
             rests_on = \"r\"\n[[dataset.column]]\nid = \"person\"\nrole = \"person\"\nrequired = false\n\
             [[dataset.column]]\nid = \"day\"\nrole = \"date\"\n",
            quoted(&theirs)
        )
        .expect("text");
        for (column, _) in CATEGORIES {
            if *dataset == datasets[0] || below(random, 3) > 0 {
                columns_of.entry(column).or_default().push(dataset.clone());
                let required = below(random, 2) == 0;
                write!(
                    text,
                    "[[dataset.column]]\nid = \"{column}\"\nrole = \"category\"\ncodes = \"{column}\"\nrequired = {required}\n"
                )
                .expect("text");
            }
        }
    }
    let pairs = |column: &str| {
        let of = columns_of[column].iter();
        of.map(|d| format!("{{ dataset = \"{d}\", column = \"{column}\" }}")).collect::<Vec<_>>().join(", ")
    };
    for dimension in ["area", "role", "partner", "quarter"] {
        let kind = if matches!(dimension, "area" | "role") {
            format!("kind = \"column\"\ncolumns = [{}]", pairs(dimension))
        } else {
            format!("kind = \"{dimension}\"")
        };
        writeln!(text, "[[dimension]]\nid = \"{dimension}\"\n{title}\n{kind}").expect("text");
    }
    let codes = some_of(random, &["role0".to_owned(), "role1".to_owned()]);
    writeln!(
        text,
        "[[population]]\nid = \"some\"\n{title}\ndimension = \"role\"\ncodes = [{}]",
        quoted(&codes)
    )
    .expect("text");
    let stages = (0..2 + below(random, 3)).map(|n| format!("stage{n}")).collect::<Vec<_>>();
    for stage in &stages {
        let mut events = Vec::new();
        for column in ["step", "area"] {
            for dataset in some_of(random, &columns_of[column]) {
                if column == "step" || below(random, 3) == 0 {
                    let codes = some_of(random, &(0..3).map(|n| format!("{column}{n}")).collect::<Vec<_>>());
                    let codes = quoted(&codes);
                    events.push(format!(
                        "{{ dataset = \"{dataset}\", column = \"{column}\", codes = [{codes}] }}"
                    ));
                }
            }
        }
        writeln!(text, "[[stage]]\nid = \"{stage}\"\n{title}\nevents = [{}]", events.join(", "))
            .expect("text");
    }
    for (kind, number) in [("reach", 1), ("funnel", 3), ("overlap", 8), ("quality", 24)] {
        let reads = match kind {
            "reach" | "overlap" => format!("datasets = [{}]", quoted(&some_of(random, &datasets))),
            "funnel" => format!("stages = [{}]", quoted(&stages)),
            _ => format!("completeness = [{}]", CATEGORIES.map(|(column, _)| pairs(column)).join(", ")),
        };
        writeln!(
            text,
            "[[question]]\nid = \"{kind}\"\nnumber = \"Q{number}\"\nkind = \"{kind}\"\npurpose = \"p\"\n{title}\n\
             definition = {{ da = \"d\", en = \"e\" }}\ndimensions = [\"role\", \"partner\", \"area\", \"quarter\"]\n\
             populations = [\"some\"]\n{reads}"
        )
        .expect("text");
    }
    text
}

fn event(kind: EventKind, record: usize, from: i32, to: i32) -> ConsentEvent {
    ConsentEvent {
        record: format!("r{record}").parse().expect("an id"),
        schema: CONSENT_SCHEMA,
        kind,
        names: None,
        purposes: vec!["p".parse().expect("a name")],
        recipients: vec!["e".parse().expect("a name")],
        datasets: Vec::new(),
        at: Timestamp::from_millis(i64::try_from(record).expect("small") * 1000),
        valid_from: Day::from_days(0),
        valid_to: None,
        rows: RowWindow { from: Some(Day::from_days(from)), to: Some(Day::from_days(to)) },
        notice: Notice {
            id: "n".parse().expect("a name"),
            version: "1".into(),
            sha256: "00".repeat(32),
            language: "da".into(),
        },
        method: Method::Written,
        given_by: GivenBy::Person,
        recorded_by: "test".into(),
        legal_basis: LegalBasis::Consent,
        withdrawal_method: Method::Written,
        retention_until: Day::MAX,
    }
}

impl World {
    /// The world of a seed, with about so many rows of persons up to `persons`.
    pub(crate) fn generate(seed: u64, rows: u64, persons: u32) -> World {
        let mut random = SeededRandom::from_number(seed);
        let random = &mut random;
        let text = definition(random);
        let programme = Programme::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let period: Period = ["2022-Q1", "2022-Q2..2022-Q3", "2022-Q1..2022-Q4", "2023-Q1"][below(random, 4)]
            .parse()
            .expect("a period");
        let sealed = period.last_day().plus(1 + i32::try_from(below(random, 100)).expect("small"));
        // Few days, most of them where something begins or ends, so that many rows share one.
        let (first, last) = (period.first_day().days(), period.last_day().days());
        let days = [
            first - 1,
            first,
            first,
            first + 1,
            first + 2,
            first + 40,
            (first + last) / 2,
            last - 1,
            last,
            last + 1,
            last + 7,
            sealed.days(),
            sealed.days() + 1,
        ];
        let mut all = Vec::new();
        for _ in 0..rows {
            let dataset = below(random, programme.datasets.len() as u64);
            let definition = &programme.datasets[dataset];
            let codes = CATEGORIES.map(|(name, codes)| {
                let column = definition.columns.iter().find(|column| column.id.as_str() == name)?;
                let missing = !column.required && below(random, 4) == 0;
                Some(if missing { MISSING } else { below(random, codes) as u8 })
            });
            all.push(Row {
                dataset,
                person: below(random, u64::from(persons) + 1) as u32,
                day: days[below(random, days.len() as u64)],
                source: definition.partners[below(random, definition.partners.len() as u64)],
                codes,
            });
        }
        let families =
            (0..=persons).map(|p| if p == 0 { 0 } else { 1 + below(random, u64::from(p)) as u32 }).collect();
        let snapshot = Snapshot { id: 1, day: sealed, persons, families, datasets: Vec::new() };
        let mut world = World {
            bases: bases(random, &programme, persons, &days),
            programme,
            period,
            rows: all,
            snapshot,
        };
        world.fill();
        world
    }

    /// Puts the rows into columns, by person and day; rows of one day stay in the order in which they stand.
    fn fill(&mut self) {
        let persons = self.snapshot.persons;
        self.snapshot.datasets = (0..self.programme.datasets.len())
            .map(|dataset| {
                let mut rows = self.rows.iter().filter(|row| row.dataset == dataset).collect::<Vec<_>>();
                rows.sort_by_key(|row| (row.person, row.day));
                let until = |person| rows.partition_point(|row| row.person < person) as u32;
                let columns = self.programme.datasets[dataset].columns.iter();
                let categories = columns.map(|column| {
                    let at = CATEGORIES.iter().position(|(name, _)| *name == column.id.as_str())?;
                    Some(rows.iter().map(|row| row.codes[at].expect("the dataset has it")).collect())
                });
                Arc::new(Columns {
                    offsets: (0..=persons + 1).map(until).collect(),
                    day: rows.iter().map(|row| row.day).collect(),
                    source: rows.iter().map(|row| row.source).collect(),
                    related: None,
                    case: None,
                    staff: Vec::new(),
                    categories: categories.collect(),
                    measures: Vec::new(),
                })
            })
            .collect();
    }

    /// The codes that the dimension `role` has in a question, as the definition has them.
    pub(crate) fn roles(&self, question: &str) -> Vec<String> {
        let question =
            self.programme.questions.iter().find(|q| q.id.as_str() == question).expect("registered");
        let datasets = match &question.kind {
            QuestionKind::Funnel { stages, .. } => {
                self.programme.stages[stages[0]].events.iter().map(|event| event.dataset).collect()
            }
            _ => self.programme.datasets_of(question),
        };
        let always = datasets.iter().all(|dataset| {
            let mut columns = self.programme.datasets[*dataset].columns.iter();
            columns.any(|column| column.id.as_str() == "role" && column.required)
        });
        let missing = (!always).then_some("(missing)");
        ["role0", "role1"].into_iter().chain(missing).map(str::to_owned).collect()
    }

    /// The same world, and nobody has been there.
    pub(crate) fn without_rows(&self) -> World {
        let mut other = self.again();
        other.rows.clear();
        other.fill();
        other
    }

    /// The same rows, in the opposite order within each person and day.
    pub(crate) fn with_days_reversed(&self) -> World {
        let mut other = self.again();
        other.rows.reverse();
        other.fill();
        other
    }

    fn again(&self) -> World {
        let bases = self.bases.iter().map(|(at, basis)| {
            let basis = match basis {
                Basis::Absent => Basis::Absent,
                Basis::Open => Basis::Open,
                Basis::Consent(permissions) => Basis::Consent(permissions.clone()),
            };
            (*at, basis)
        });
        World {
            programme: self.programme.clone(),
            period: self.period,
            rows: self.rows.clone(),
            snapshot: self.snapshot.clone(),
            bases: bases.collect(),
        }
    }

    /// The permits that a plan asks for.
    pub(crate) fn permits(&self, plan: &Plan) -> Vec<Permits> {
        let of = |dataset: &usize| {
            let sources = self.bases.iter().filter(|((d, _), _)| d == dataset);
            let builder =
                sources.fold(Permits::builder(plan.span()), |builder, ((_, source), basis)| match basis {
                    Basis::Absent => builder,
                    Basis::Open => builder.open(*source),
                    Basis::Consent(permissions) => builder.consent(*source, permissions),
                });
            builder.build()
        };
        plan.datasets().iter().map(of).collect()
    }
}

fn bases(
    random: &mut SeededRandom,
    programme: &Programme,
    persons: u32,
    days: &[i32],
) -> BTreeMap<(usize, u8), Basis> {
    let mut bases = BTreeMap::new();
    for (at, dataset) in programme.datasets.iter().enumerate() {
        for source in &dataset.partners {
            let basis = match below(random, 9) {
                0 => Basis::Absent,
                1..=4 => Basis::Open,
                _ => {
                    let mut permissions = BTreeMap::new();
                    for person in 1..=persons {
                        let mut known = Vec::new();
                        for record in 1..below(random, 4) {
                            let (a, b) = (days[below(random, 13)], days[below(random, 13)]);
                            let wide = below(random, 2) == 0;
                            let (from, to) = if wide { (0, 90_000) } else { (a.min(b), a.max(b)) };
                            let event = event(EventKind::Given, record, from, to);
                            known.push(Known::new(*source, &event, event.at));
                        }
                        if below(random, 8) == 0 {
                            let event = event(EventKind::Withdrawn, 9, 0, 0);
                            known.push(Known::new(*source, &event, event.at));
                        }
                        let (purpose, recipient) =
                            ("p".parse().expect("a name"), "e".parse().expect("a name"));
                        let asked = Use {
                            source: *source,
                            purpose: &purpose,
                            recipient: &recipient,
                            dataset: &dataset.id,
                        };
                        let now = AsOf::known_then(Timestamp::from_millis(1_000_000));
                        let permission = fold(&known, &asked, now);
                        if permission.gate() || below(random, 2) == 0 {
                            permissions.insert(person, permission);
                        }
                    }
                    Basis::Consent(permissions)
                }
            };
            bases.insert((at, *source), basis);
        }
    }
    bases
}
