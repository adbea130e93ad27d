//! Answers to test with: the fixtures, and random ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kobling::answer::{Answer, Figure, FigureColumn, Kind};
use kobling::digest::Sha256Hex;
use proptest::prelude::*;
use serde_json::{Value, json};

pub const NAMES: [&str; 7] = ["before_after", "costs", "funnel", "overlap", "reach", "series", "survival"];

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/answers")
}

pub fn body(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("{name}.json"))).expect("a fixture")
}

pub fn fixture(name: &str) -> Answer {
    serde_json::from_str(&body(name)).expect("an answer")
}

/// An answer's JSON with its hash.
pub fn sealed(mut answer: Value) -> String {
    let members = answer.as_object_mut().expect("an object");
    members.remove("sha256");
    let hash = Sha256Hex::of(answer.to_string().as_bytes());
    answer["sha256"] = json!(hash);
    answer.to_string()
}

/// The rows of a form for programs, as text by name of column. An empty field is not there.
pub type Rows = Vec<BTreeMap<String, String>>;

/// Holds what a program reads against the answer, by the rules that `src/answer/columns.rs` states.
pub fn agrees(rows: &Rows, answer: &Answer) {
    assert_eq!(rows.len(), answer.table.rows.len());
    for (read, row) in rows.iter().zip(&answer.table.rows) {
        for (column, code) in answer.table.columns.iter().zip(&row.key) {
            assert_eq!(read.get(column).map_or("", String::as_str), code);
        }
        assert_eq!(read.get("snapshot").and_then(|s| s.parse().ok()), row.snapshot);
        for (at, (column, figure)) in answer.table.figures.iter().zip(&row.figures).enumerate() {
            assert_eq!(figure_back(read, column, at), *figure, "{} of {:?}", column.id, row.key);
        }
    }
}

fn figure_back(read: &BTreeMap<String, String>, column: &FigureColumn, at: usize) -> Option<Figure> {
    let id = &column.id;
    let hidden = if at == 0 { "hidden".to_owned() } else { format!("{id}_hidden") };
    let field = |name: &str| read.get(name).map(String::as_str);
    let whole = |text: &str| text.parse::<i64>().expect("a whole number");
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let parts = (field(id), field(&format!("{id}_low")), field(&format!("{id}_high")));
    match (field(&hidden), parts) {
        (Some("true"), (None, None, None)) => Some(Figure::Hidden),
        (Some("false"), (None, None, None)) => None,
        (Some("false"), (Some(exact), None, None)) => Some(match column.kind {
            Kind::Count => Figure::Count(exact.parse().expect("a count")),
            Kind::Rate => Figure::Percent(whole(exact)),
            _ => Figure::Number(number(exact)),
        }),
        (Some("false"), (None, Some(low), Some(high))) => {
            Some(Figure::Range { low: number(low), high: number(high) })
        }
        (Some("false"), (None, Some(low), None)) => Some(Figure::AtLeast(whole(low))),
        (Some("false"), (None, None, Some(high))) => Some(Figure::AtMost(whole(high))),
        other => panic!("{id}: {other:?} is no figure"),
    }
}

const KINDS: [&str; 4] = ["count", "rate", "range", "number"];

fn figure(kind: usize) -> BoxedStrategy<Value> {
    let large = 1000_u32..9_999_999;
    let number = (-9_999_999_i32..9_999_999).prop_map(|n| f64::from(n) / 8.0);
    let exact = match kind {
        0 => large.prop_map(|n| json!({ "count": n })).boxed(),
        1 => (1_u8..100, 0_usize..3)
            .prop_map(|(p, form)| {
                let member = ["percent", "at_most", "at_least"][form];
                json!({ member: p })
            })
            .boxed(),
        2 => (number.clone(), number).prop_map(|(a, b)| json!({ "low": a.min(b), "high": a.max(b) })).boxed(),
        _ => number.prop_map(|n| json!({ "number": n })).boxed(),
    };
    prop_oneof![4 => exact, 1 => Just(json!({ "hidden": true })), 1 => Just(Value::Null)].boxed()
}

/// Texts that somebody might put into a programme, without digits.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zæøå ]{1,12}",
        "[-=+@'\"<>&|;,_*`\\[\\]!#\t]{1,6}[a-z]{0,4}",
        Just("<script>alert(document.cookie)</script>".to_owned()),
        Just("=HYPERLINK(\"a\")".to_owned()),
        Just("\"onload=\"x".to_owned()),
    ]
}

/// A random answer of a random shape, with hostile texts, as the service would send it.
pub fn answers() -> impl Strategy<Value = String> {
    let charts = prop_oneof![
        Just(Value::Null),
        prop::sample::select(&["funnel", "survival", "overlap", "before_after", "costs", "series"][..])
            .prop_map(Value::from),
    ];
    let plan = (0_usize..3, prop::collection::vec(0_usize..4, 1..4), 0_usize..7, charts);
    plan.prop_flat_map(|(keys, kinds, rows, chart)| {
        let row = kinds.iter().map(|kind| figure(*kind)).collect::<Vec<_>>();
        let rows = prop::collection::vec((prop::collection::vec(0_usize..4, keys), row), rows);
        let codes = prop::collection::vec(text(), 4);
        let texts = prop::collection::vec(text(), 12);
        (Just((keys, kinds, chart)), rows, codes, texts)
    })
    .prop_map(|((keys, kinds, chart), rows, codes, texts)| {
        let both = |at: usize| json!({ "da": texts[at], "en": texts[at + 1] });
        let column = |at: usize| format!("{}key", ["a", "b"][at]);
        let label = |at: usize| {
            let codes = codes.iter().map(|c| json!({ "code": c, "da": texts[at], "en": c })).collect::<Vec<_>>();
            json!({ "column": column(at), "title": both(at), "codes": codes })
        };
        let figures = kinds.iter().enumerate().map(|(at, kind)| {
            json!({ "id": format!("f{}", ["x", "y", "z"][at]), "kind": KINDS[*kind], "title": both(at + 3),
                    "unit": if at == 1 { both(7) } else { Value::Null }, "decimals": at })
        });
        let line = |(key, figures): (Vec<usize>, Vec<Value>)| {
            let key = key.iter().map(|at| &codes[*at]).collect::<Vec<_>>();
            let snapshot = if figures[0].get("hidden").is_some() { Value::Null } else { json!(1) };
            json!({ "key": key, "figures": figures, "snapshot": snapshot })
        };
        sealed(json!({
            "question": { "question": "reach", "by": [], "period": "2022-Q1..2022-Q4", "population": null },
            "number": "Q1", "title": both(0), "definition": both(2), "unit": "person",
            "population": { "id": "x", "title": both(5) }, "period": "2022-Q1..2022-Q4", "sealed": "2025-01-01",
            "notes": [both(8)], "labels": (0..keys).map(label).collect::<Vec<_>>(), "chart": chart,
            "table": {
                "unit": "person", "columns": (0..keys).map(column).collect::<Vec<_>>(),
                "figures": figures.collect::<Vec<_>>(), "rows": rows.into_iter().map(line).collect::<Vec<_>>(),
                "totals": { "fx": { "hidden": true }, "max_error": 18 },
                "left_out": { "hidden": true }, "response": null, "max_error": 9, "rules": "dk-standard/2",
                "snapshot": 1,
                "reasons": ["rounded", { "code": "x", "da": texts[10], "en": texts[11] }],
                "coarser": [texts[9], { "by": [], "population": null, "period": "2022-Q1", "title": both(10) }]
            }
        }))
    })
}
