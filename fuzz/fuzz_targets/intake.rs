//! Rows of a package whose manifest fits them: any bytes are staged or refused.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use kobling::clock::{Day, Timestamp};
use kobling::extract::manifest::{Block, FORMAT, Head, Manifest, Resource, RowCounts, SIGNATURE_CONTEXT, Schema, Sha256Hex};
use kobling::intake::{Receiver, Uploader, open};
use kobling::key::{ServiceKey, SigningKey};
use kobling::programme::Programme;
use kobling::secret::SeededRandom;
use libfuzzer_sys::fuzz_target;

static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("a sound programme")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let header: &[u8] = if first % 2 == 0 { b"person,sag,dato,trin,rolle,kommune\n" } else { b"" };
    let data = [header, rest].concat();
    if data.is_empty() || data.len() > 1 << 20 {
        return;
    }
    let lines = data.iter().filter(|byte| **byte == b'\n').count() as u64;
    let rows = lines.saturating_sub(1);
    let dataset = PROGRAMME.dataset(&"forloeb".parse().expect("a name")).expect("there").1;
    let manifest = Manifest {
        name: "interventionsmodel-lokk-forloeb".to_owned(),
        created: Timestamp::from_millis(0),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: data.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(&data)),
            schema: Schema::of(dataset),
            blocks: vec![Block { bytes: data.len() as u32, rows: rows as u32, sha256: Sha256Hex::of(&data) }],
        }],
        kobling: Head {
            format: FORMAT,
            programme: PROGRAMME.id.clone(),
            partner: "lokk".parse().expect("a name"),
            dataset: dataset.id.clone(),
            period: PROGRAMME.period,
            key_id: "0011223344556677".parse().expect("a key id"),
            tool: "kobling 0.1.0".to_owned(),
            rows: RowCounts { read: rows, sent: rows, anonymous: rows, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers: BTreeMap::new(),
            screened: Some(kobling::extract::screen::SCREEN),
        },
    };
    let signing = SigningKey::from_seed(&mut [1; 32]);
    let manifest = manifest.to_json();
    let partner = "lokk".parse().expect("a name");
    let uploader = Uploader { partner: &partner, keys: &[signing.verifying_key()] };
    let signature = signing.sign(SIGNATURE_CONTEXT, &manifest);
    let Ok((opened, _)) = open(&manifest, &signature, uploader, &PROGRAMME, None) else { return };
    let key = ServiceKey::generate(&mut SeededRandom::from_number(1));
    let today = Day::from_days(20_000);
    let Ok(mut receiver) = Receiver::new(Arc::new(opened), &PROGRAMME, &key, today, Some(Arc::default()), &[]) else { return };
    let mut staged = Vec::new();
    let half = data.len() / 2;
    let fed = receiver.feed(&data[..half], &mut staged).and_then(|()| receiver.feed(&data[half..], &mut staged));
    if fed.is_ok() {
        let _ = receiver.finish();
    }
});
