//! Questions: any bytes are an ask or none, an ask is planned or refused by what is registered, and asked in another order it is
//! the same.
#![no_main]

use std::sync::LazyLock;

use kobling::clock::Day;
use kobling::disclosure::Rules;
use kobling::programme::Programme;
use kobling::question::{Ask, plan};
use libfuzzer_sys::fuzz_target;

static PROGRAMMES: LazyLock<[Programme; 2]> = LazyLock::new(|| {
    [include_str!("../../programmes/interventionsmodel.toml"), include_str!("../../programmes/effektinvestering.toml")]
        .map(|text| Programme::parse(text).expect("a sound programme"))
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let Ok(ask) = serde_json::from_slice::<Ask>(text) else { return };
    let programme = &PROGRAMMES[usize::from(*first) % 2];
    let sealed = Day::from_days(19_000 + i32::from(*first) * 8);
    let rules = Rules::standard();
    let planned = plan(programme, &ask, sealed, sealed.plus(3), &rules);
    let mut turned = ask.clone();
    turned.by.reverse();
    assert_eq!(turned.key(), ask.key());
    match (planned, plan(programme, &turned, sealed, sealed.plus(3), &rules)) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.key(), other.key());
            assert!(one.datasets() == other.datasets() && one.span() == other.span());
            let _ = (one.labels().len(), one.chart(), one.notes().len(), one.crossing().len());
            // What is planned is written and read as the same.
            let text = serde_json::to_vec(&ask).expect("JSON");
            assert!(serde_json::from_slice::<Ask>(&text).is_ok_and(|again| again == ask));
        }
        (Err(one), Err(_)) => assert!(!one.to_string().is_empty() && !one.danish().is_empty()),
        (one, other) => panic!("asked in another order: {} {}", one.is_ok(), other.is_ok()),
    }
});
