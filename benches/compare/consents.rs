//! Who permits what: made for the rows that are there, given to everybody as one Parquet file.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use kobling::clock::{Day, Timestamp};
use kobling::consent::{AsOf, ConsentEvent, Known, Permission, Permits, Use, fold};
use kobling::programme::{BasisKind, Dataset, Programme};
use kobling::question::Plan;
use kobling::snapshot::Snapshot;
use parquet::basic::Encoding;
use parquet::column::reader::ColumnReader;
use parquet::data_type::Int32Type;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::data::hash;

const FILE: &str = "permits.parquet";
const SCHEMA: &str = "message permits { required int32 dataset; required int32 source; required int32 person; \
                      required int32 from_day; required int32 to_day; }";
const GROUP_ROWS: usize = 1 << 20;
/// Of a hundred persons, those who permit nothing at one source of a dataset, and those who permit a window there.
const DENIED_OF_HUNDRED: u64 = 15;
const NARROWED_OF_HUNDRED: u64 = 10;
/// Everything: from 2000-01-01 to 2099-12-31.
const WHOLE: (i32, i32) = (10_957, 47_481);
/// Narrower windows begin at one of twelve days, and are 500 days long.
const WINDOWS: u64 = 12;

/// A person permits the rows of a source of a dataset, from one day to another, both included.
pub(crate) struct Grant {
    dataset: i32,
    source: i32,
    person: i32,
    days: (i32, i32),
}

/// Whether the rows of a dataset need a grant.
pub(crate) fn rests_on_consent(dataset: &Dataset) -> bool {
    dataset.bases.iter().any(|basis| basis.kind == BasisKind::Consent)
}

/// Grants for every dataset, source and person with rows, but for those who deny.
pub(crate) fn make(snapshot: &Snapshot, programme: &Programme) -> Vec<Grant> {
    let mut grants = Vec::new();
    for (at, (columns, dataset)) in snapshot.datasets.iter().zip(&programme.datasets).enumerate() {
        if !rests_on_consent(dataset) {
            continue;
        }
        for person in 1..=snapshot.persons {
            let mut sources: Vec<u8> = columns.source[columns.rows(person)].to_vec();
            sources.sort_unstable();
            sources.dedup();
            if sources.is_empty() {
                continue;
            }
            let of = hash(u64::from(person), 1_000 + at as u64);
            let chosen = sources[((of >> 32) % sources.len() as u64) as usize];
            let window = 18_628 + 60 * ((of >> 48) % WINDOWS) as i32;
            for source in sources {
                let days = match of % 100 {
                    n if source == chosen && n < DENIED_OF_HUNDRED => continue,
                    n if source == chosen && n < DENIED_OF_HUNDRED + NARROWED_OF_HUNDRED => {
                        (window, window + 500)
                    }
                    _ => WHOLE,
                };
                let person = i32::try_from(person).expect("few persons");
                grants.push(Grant { dataset: at as i32, source: i32::from(source), person, days });
            }
        }
    }
    grants
}

/// Writes the grants.
pub(crate) fn write(folder: &Path, grants: &[Grant]) {
    let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .build();
    let file = File::create(folder.join(FILE)).expect("created");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).expect("a writer");
    let fields: [fn(&Grant) -> i32; 5] =
        [|g| g.dataset, |g| g.source, |g| g.person, |g| g.days.0, |g| g.days.1];
    for part in grants.chunks(GROUP_ROWS) {
        let mut group = writer.next_row_group().expect("a row group");
        for field in fields {
            let values: Vec<i32> = part.iter().map(field).collect();
            let mut column = group.next_column().expect("a column").expect("one of five");
            column.typed::<Int32Type>().write_batch(&values, None, None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
    }
    writer.close().expect("written");
}

/// Reads the grants.
pub(crate) fn read(folder: &Path) -> Vec<Grant> {
    let file = File::open(folder.join(FILE)).expect("the data were made");
    let reader = SerializedFileReader::new(file).expect("Parquet");
    let mut grants = Vec::new();
    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at).expect("a row group");
        let rows = group.metadata().num_rows() as usize;
        let column = |at: usize| {
            let ColumnReader::Int32ColumnReader(mut column) = group.get_column_reader(at).expect("a column")
            else {
                panic!("column {at} of {FILE} holds no numbers")
            };
            let mut values = Vec::with_capacity(rows);
            while values.len() < rows {
                column.read_records(rows - values.len(), None, None, &mut values).expect("values");
            }
            values
        };
        let [dataset, source, person, from, to] = std::array::from_fn(column);
        grants.extend((0..rows).map(|at| Grant {
            dataset: dataset[at],
            source: source[at],
            person: person[at],
            days: (from[at], to[at]),
        }));
    }
    grants
}

/// What the grants permit a plan to read.
pub(crate) fn compile(grants: &[Grant], programme: &Programme, plan: &Plan) -> Vec<Permits> {
    let mut known = HashMap::new();
    let mut of = |at: &usize| {
        let dataset = &programme.datasets[*at];
        let mut builder = Permits::builder(plan.span());
        for source in &dataset.partners {
            if !rests_on_consent(dataset) {
                builder = builder.open(*source);
                continue;
            }
            let own = grants.iter().filter(|g| g.dataset == *at as i32 && g.source == i32::from(*source));
            let permissions = own.map(|grant| {
                let permission =
                    known.entry(grant.days).or_insert_with(|| permission(*source, dataset, grant.days));
                (grant.person as u32, permission.clone())
            });
            builder = builder.consent(*source, &permissions.collect::<BTreeMap<_, _>>());
        }
        builder.build()
    };
    plan.datasets().iter().map(&mut of).collect()
}

fn permission(source: u8, dataset: &Dataset, days: (i32, i32)) -> Permission {
    let event: ConsentEvent = serde_json::from_value(serde_json::json!({
        "record": "c-1", "schema": 1, "kind": "given", "purposes": ["evaluation"], "recipients": ["vive"],
        "at": "2022-03-01T10:00:00Z", "valid_from": "2022-03-01",
        "rows": { "from": Day::from_days(days.0).to_string(), "to": Day::from_days(days.1).to_string() },
        "notice": { "id": "samtykke", "version": "1", "sha256": "0f".repeat(32), "language": "da" },
        "method": "written", "given_by": "self", "recorded_by": "bench", "legal_basis": "explicit-consent",
        "withdrawal_method": "digital", "retention_until": "2030-12-31"
    }))
    .expect("an event");
    let (purpose, recipient) = ("evaluation".parse().expect("a name"), "vive".parse().expect("a name"));
    let asked = Use { source, purpose: &purpose, recipient: &recipient, dataset: &dataset.id, longest: None };
    let now = AsOf::known_then(Timestamp::at_start_of(Day::from_ymd(2024, 4, 30).expect("a day")));
    fold(&[Known::new(source, &event, event.at)], &asked, now)
}
