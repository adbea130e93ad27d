//! The room as a whole: packages made here, received in pieces, held against a slow parser that shares no code.

mod arrival;
mod precision;
mod properties;
mod refusals;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::staged::{self, Layout, MISSING_MEASURE};
use super::*;
use crate::clock::{Day, Timestamp};
use crate::extract::manifest::{
    Block, Head, Manifest, Resource, RowCounts, SIGNATURE_CONTEXT, Schema, Sha256Hex,
};
use crate::key::{ServiceKey, SigningKey};
use crate::programme::Programme;
use crate::secret::SeededRandom;
use crate::vault::{FrameFile, FrameSink, Vault};

const PROGRAMME: &str = r#"
[programme]
id = "test"
version = 1
title = { da = "t", en = "t" }
period = "2022-Q1..2022-Q4"
[roles]
custodian = "c"
operator = "o"
steward = "s"
evaluators = [{ id = "e", name = "E" }]
[[partner]]
id = "a"
name = "A"
kind = "ngo"
[[partner]]
id = "b"
name = "B"
kind = "ngo"
[[purpose]]
id = "p"
title = { da = "p", en = "p" }
[[codes]]
id = "step"
codes = [{ id = "in", da = "i", en = "i" }, { id = "0101001234", da = "x", en = "x" }, { id = "out-2", da = "o", en = "o" }]
[[dataset]]
id = "d"
title = { da = "d", en = "d" }
partners = ["b"]
staff_issuer = "a"
[[dataset.basis]]
purpose = "p"
kind = "task"
rests_on = "x"
[[dataset.column]]
id = "person"
role = "person"
headers = ["x1"]
required = false
[[dataset.column]]
id = "other"
role = "related_person"
headers = ["x2"]
required = false
[[dataset.column]]
id = "case"
role = "case"
headers = ["x3"]
[[dataset.column]]
id = "staff"
role = "staff"
headers = ["x4"]
required = false
[[dataset.column]]
id = "day"
role = "date"
headers = ["x5"]
[[dataset.column]]
id = "step"
role = "category"
codes = "step"
headers = ["x6"]
[[dataset.column]]
id = "cost"
role = "measure"
headers = ["x7"]
unit = "kr."
decimals = 2
min = -5000
max = 99999999999
required = false
[[dataset.column]]
id = "nights"
role = "measure"
headers = ["x8"]
unit = "nights"
max = 9999999999
required = false
[[question]]
id = "q"
number = "Q24"
kind = "quality"
purpose = "p"
title = { da = "q", en = "q" }
definition = { da = "q", en = "q" }
completeness = [
    { dataset = "d", column = "staff" },
    { dataset = "d", column = "step" },
    { dataset = "d", column = "cost" },
    { dataset = "d", column = "nights" },
]
"#;
const HEADER: &str = "person,other,case,staff,day,step,cost,nights\n";

fn programme() -> Programme {
    Programme::parse(PROGRAMME).unwrap_or_else(|e| panic!("{e}"))
}

fn today() -> Day {
    Day::from_ymd(2022, 11, 30).expect("a day")
}

fn service_key() -> ServiceKey {
    ServiceKey::generate(&mut SeededRandom::from_number(9))
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed(&mut [4; 32])
}

/// A manifest over blocks, with the counts of rows and person tokens as the text has them.
fn manifest(blocks: &[Vec<u8>]) -> Manifest {
    let programme = programme();
    let whole = blocks.concat();
    let rows_of = |block: &[u8]| {
        let unfinished = !block.is_empty() && !block.ends_with(b"\n");
        block.iter().filter(|b| **b == b'\n').count() as u64 + u64::from(unfinished)
    };
    let sent = rows_of(&whole).saturating_sub(1);
    let mut identifiers = BTreeMap::new();
    for line in whole.split(|b| *b == b'\n').skip(1) {
        let kinds = [(&b"cpr."[..], "cpr"), (b"xecpr.", "xecpr"), (b"local.", "fictive")];
        if let Some((_, kind)) = kinds.iter().find(|(start, _)| line.starts_with(start)) {
            *identifiers.entry((*kind).to_owned()).or_insert(0) += 1;
        }
    }
    let anonymous = sent.saturating_sub(identifiers.values().sum());
    let sent = anonymous + identifiers.values().sum::<u64>();
    let described = blocks.iter().enumerate().map(|(at, block)| Block {
        bytes: block.len() as u32,
        rows: rows_of(block).saturating_sub(u64::from(at == 0)) as u32,
        sha256: Sha256Hex::of(block),
    });
    Manifest {
        name: "test-b-d".to_owned(),
        created: Timestamp::from_millis(0),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: whole.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(&whole)),
            schema: Schema::of(&programme.datasets[0]),
            blocks: described.collect(),
        }],
        kobling: Head {
            format: 1,
            programme: "test".parse().expect("a name"),
            partner: "b".parse().expect("a name"),
            dataset: "d".parse().expect("a name"),
            period: "2022-Q2..2022-Q4".parse().expect("a period"),
            key_id: "0011223344556677".parse().expect("a key id"),
            tool: "test".to_owned(),
            rows: RowCounts { read: sent, sent, anonymous, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers,
            screened: Some(1),
        },
    }
}

fn open_signed(manifest: &Manifest) -> Result<Opened, IntakeRefusal> {
    let bytes = serde_json::to_vec(manifest).expect("JSON");
    let key = signing_key();
    let uploader = Uploader { partner: &"b".parse().expect("a name"), keys: &[key.verifying_key()] };
    open(&bytes, &key.sign(SIGNATURE_CONTEXT, &bytes), uploader, &programme(), None).map(|(opened, _)| opened)
}

fn receiver(opened: &Arc<Opened>, staged: &[staged::FrameInfo]) -> Result<Receiver, IntakeRefusal> {
    Receiver::new(Arc::clone(opened), &programme(), &service_key(), today(), None, staged)
}

fn refused(error: ReceiveError) -> IntakeRefusal {
    match error {
        ReceiveError::Refused(refusal) => refusal,
        ReceiveError::Io(error) => panic!("{error}"),
    }
}

/// Receives a whole package in chunks of the sizes given, over and over.
fn receive(
    manifest: &Manifest,
    data: &[u8],
    chunks: &[usize],
) -> Result<(Vec<Vec<u8>>, Received), IntakeRefusal> {
    let mut receiver = receiver(&Arc::new(open_signed(manifest)?), &[])?;
    let (mut rest, mut staged) = (data, Vec::new());
    for chunk in chunks.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at(rest.len().min(*chunk));
        let before = staged.len();
        if let Err(error) = receiver.feed(now, &mut staged) {
            let refusal = refused(error);
            let none_before = manifest.resources[0].blocks.len() == 1;
            let left = staged.len() - before;
            assert!(
                left == 0 || !none_before || refusal.code() == "too-long",
                "a refused block leaves nothing"
            );
            return Err(refusal);
        }
        rest = later;
    }
    receiver.finish().map(|received| (staged, received))
}

fn one_block(data: &[u8]) -> Result<(Vec<Vec<u8>>, Received), IntakeRefusal> {
    receive(&manifest(&[data.to_vec()]), data, &[usize::MAX])
}

type SlowRow = (Vec<Option<[u8; 16]>>, i32, u8, [i64; 2]);

/// Frames as a staged file, and what they are encrypted under.
fn stage(path: &std::path::Path, frames: &[Vec<u8>]) -> Vault {
    let vault = Vault::throwaway();
    let mut file = FrameFile::create(&vault, path, &staged::bound_name(path)).expect("made");
    frames.iter().for_each(|frame| file.put(frame).expect("written"));
    vault
}

/// The rows of a staged file in the shape of the slow parser's.
fn rows(staged: &[Vec<u8>]) -> Vec<SlowRow> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("staged");
    let vault = stage(&path, staged);
    let layout = Layout::of(&programme().datasets[0]);
    let mut rows = Vec::new();
    let whole = staged::read_frames(&vault, &path, &layout, |info, bytes| {
        assert_eq!(bytes.rows.len(), info.rows as usize * layout.width());
        for row in bytes.rows.chunks_exact(layout.width()) {
            let links = (0..4).map(|c| layout.link(row, c).map(|link| *link.as_stored())).collect();
            let measures = [layout.measure(row, 6), layout.measure(row, 7)];
            rows.push((links, layout.day(row, 4).days(), layout.code(row, 5), measures));
        }
        Ok::<(), std::io::Error>(())
    });
    assert!(whole.expect("read"));
    rows
}

/// Ten digits that begin with a day and a month.
fn slow_cpr(text: &str) -> bool {
    let digits = text.chars().filter(|c| !matches!(c, '.' | '-')).collect::<String>();
    [text.split('.').next().unwrap_or("").trim_start_matches('-'), &digits].iter().any(|digits| {
        digits.len() == 10 && digits.chars().all(|c| c.is_ascii_digit()) && {
            let (day, month) = (&digits[..2], &digits[2..4]);
            let day = day.parse::<u32>().expect("digits") % 60;
            (1..=31).contains(&day) && (1..=12).contains(&month.parse::<u32>().expect("digits"))
        }
    })
}

/// One field after the other with the standard library; `None` when anything is wrong.
fn slow(data: &[u8]) -> Option<Vec<SlowRow>> {
    let text = std::str::from_utf8(data).ok()?.strip_prefix(HEADER)?;
    if text.is_empty() {
        return Some(Vec::new());
    }
    let key = service_key().link_key();
    let link = |field: &str, scopes: &[(&str, &str)]| -> Option<[u8; 16]> {
        let (kind, encoded) = field.split_once('.')?;
        let (_, scope) = scopes.iter().find(|(word, _)| *word == kind)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok().filter(|bytes| bytes.len() == 32)?;
        Some(key.mac(&[&[scope.as_bytes(), b"\0"].concat(), &bytes])[..16].try_into().expect("16"))
    };
    let person = [("cpr", "cpr"), ("xecpr", "xecpr"), ("local", "local/b")];
    let optional = |field: &str, scopes: &[(&str, &str)]| match field {
        "" => Some(None),
        field => link(field, scopes).map(Some),
    };
    let measure = |field: &str, decimals: usize, bounds: std::ops::RangeInclusive<i64>| -> Option<i64> {
        if field.is_empty() {
            return Some(MISSING_MEASURE);
        }
        if slow_cpr(field) {
            return None;
        }
        let scale = 10i128.pow(decimals as u32);
        let value = field.replace('.', "").parse::<i128>().ok()?;
        let sign = if value < 0 { "-" } else { "" };
        let (whole, part) = (value.abs() / scale, value.abs() % scale);
        let again = if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:02}") };
        (again == field).then(|| i64::try_from(value).ok()).flatten().filter(|v| bounds.contains(v))
    };
    let mut rows = Vec::new();
    for line in text.strip_suffix('\n')?.split('\n') {
        let fields = line.split(',').collect::<Vec<_>>();
        let [p, o, c, s, day, step, cost, nights] = fields[..] else { return None };
        let links = vec![
            optional(p, &person)?,
            optional(o, &person)?,
            Some(link(c, &[("case", "case/b")])?),
            optional(s, &[("staff", "staff/a")])?,
        ];
        let parsed: jiff::civil::Date = day.parse().ok()?;
        if parsed.to_string() != day || !("2022-04-01"..="2022-11-30").contains(&day) {
            return None;
        }
        let code = match step {
            "in" => 0,
            "out-2" => 2,
            _ => return None,
        };
        let days = parsed.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
        let measures = [measure(cost, 2, -5000..=99_999_999_999)?, measure(nights, 0, 0..=9_999_999_999)?];
        rows.push((links, days, code, measures));
    }
    Some(rows)
}

fn token(kind: &str, number: u8) -> String {
    format!("{kind}.{}", URL_SAFE_NO_PAD.encode([number; 32]))
}

prop_compose! {
    fn row()(
        person in 0..4usize, other in 0..4usize, staff in any::<bool>(), n in any::<[u8; 4]>(),
        day in 0..240i32, step in any::<bool>(),
        cost in prop_oneof![Just(None), (-5000i64..2_000_000).prop_map(Some)],
        nights in prop_oneof![Just(None), (0i64..400).prop_map(Some)],
    ) -> String {
        let person_token = |kind: usize, n| match kind {
            0 => String::new(),
            kind => token(["cpr", "xecpr", "local"][kind - 1], n),
        };
        let day = Day::from_ymd(2022, 4, 1).expect("a day").plus(day);
        let cost = cost.map_or(String::new(), |c| {
            format!("{}{}.{:02}", if c < 0 { "-" } else { "" }, c.abs() / 100, c.abs() % 100)
        });
        format!(
            "{},{},{},{},{day},{},{cost},{}\n",
            person_token(person, n[0]), person_token(other, n[1]), token("case", n[2]),
            if staff { token("staff", n[3]) } else { String::new() },
            if step { "in" } else { "out-2" },
            nights.map_or(String::new(), |n| n.to_string()),
        )
    }
}

prop_compose! {
    /// A valid file as blocks.
    fn blocks()(rows in prop::collection::vec((row(), any::<bool>()), 0..12)) -> Vec<Vec<u8>> {
        let mut blocks = vec![HEADER.as_bytes().to_vec()];
        for (row, cut) in rows {
            if cut {
                blocks.push(Vec::new());
            }
            blocks.last_mut().expect("one").extend_from_slice(row.as_bytes());
        }
        blocks
    }
}
