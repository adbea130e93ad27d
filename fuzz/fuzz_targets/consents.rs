//! Lines of packages of consents and of aliases whose manifest fits them: any bytes are staged or refused, and what is staged reads back.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use kobling::clock::Timestamp;
use kobling::consent::{CONSENT_COLUMNS, ConsentEvent, ConsentRecord};
use kobling::extract::manifest::{Block, FORMAT, Head, ListKind, Manifest, Resource, RowCounts, Schema, Sha256Hex};
use kobling::intake::{Arriving, ListReceiver};
use kobling::key::ServiceKey;
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use libfuzzer_sys::fuzz_target;

static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a sound programme")
});

fuzz_target!(|bytes: &[u8]| {
    // A line by itself: what reads as an event is written as a line that reads as the same.
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(fields) = <[&str; 23]>::try_from(text.split(',').collect::<Vec<_>>())
        && let Ok(event) = ConsentEvent::of_line(&fields)
    {
        let record = ConsentRecord { token: fields[0].to_owned(), event };
        let mut line = Vec::new();
        if record.write_line(&mut line).is_ok() {
            let line = String::from_utf8(line).expect("it was text");
            let again = <[&str; 23]>::try_from(line.split(',').collect::<Vec<_>>()).expect("as many columns");
            assert!(ConsentEvent::of_line(&again).is_ok_and(|event| event == record.event));
        }
    }
    let columns = CONSENT_COLUMNS.map(|(name, ..)| name).join(",");
    receive(ListKind::Consents, &(columns + "\n"), bytes);
    receive(ListKind::Aliases, "old,new\n", bytes);
});

fn receive(kind: ListKind, header: &str, bytes: &[u8]) {
    let data = [header.as_bytes(), bytes].concat();
    if data.len() > 1 << 20 {
        return;
    }
    let rows = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let identifiers = if rows == 0 { BTreeMap::new() } else { BTreeMap::from([("cpr".to_owned(), rows)]) };
    let manifest = Manifest {
        name: format!("interventionsmodel-lokk-{}", kind.dataset()),
        created: Timestamp::from_millis(0),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: data.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(&data)),
            schema: Schema::of_list(kind),
            blocks: vec![Block { bytes: data.len() as u32, rows: rows as u32, sha256: Sha256Hex::of(&data) }],
        }],
        kobling: Head {
            format: FORMAT,
            programme: PROGRAMME.id.clone(),
            partner: "lokk".parse().expect("a name"),
            dataset: kind.dataset().parse().expect("a name"),
            period: PROGRAMME.period,
            key_id: "0011223344556677".parse().expect("a key id"),
            tool: "kobling 0.1.0".to_owned(),
            rows: RowCounts { read: rows, sent: rows, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers,
            screened: None,
        },
    };
    let partner = "lokk".parse().expect("a name");
    let Ok(Arriving::List(opened)) = Arriving::of_verified(&manifest.to_json(), &partner, &PROGRAMME, None) else {
        return;
    };
    let key = ServiceKey::generate(&mut SeededRandom::from_number(1));
    let now = Timestamp::from_millis(1_750_000_000_000);
    let Ok(mut receiver) = ListReceiver::new(Arc::new(opened), &PROGRAMME, &key, now, &[]) else { return };
    let mut staged = Vec::new();
    let half = data.len() / 2;
    let fed = receiver.feed(&data[..half], &mut staged).and_then(|()| receiver.feed(&data[half..], &mut staged));
    if fed.is_ok() {
        let _ = receiver.finish();
    }
}
