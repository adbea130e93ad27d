//! Who may come in: what is kept is what the slow parser's rows leave under the same permissions.

use std::collections::BTreeSet;

use super::*;
use crate::consent::{Arrival, Days};
use crate::token::Link;

/// The same dataset, resting on consent.
fn under_consent() -> Programme {
    let notice =
        "[[notice]]\nid = \"n\"\nversion = 1\nlanguage = \"da\"\ntext = \"x\"\n[[codes]]\nid = \"step\"";
    let text = PROGRAMME
        .replace("kind = \"task\"", "kind = \"consent\"")
        .replace("[[codes]]\nid = \"step\"", notice);
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Persons withheld in a staged file, frame by frame.
fn withheld(staged: &[Vec<u8>]) -> Vec<BTreeSet<[u8; 16]>> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("staged");
    let vault = stage(&path, staged);
    let layout = Layout::of(&programme().datasets[0]);
    let mut found = Vec::new();
    staged::read_frames(&vault, &path, &layout, |info, body| {
        let links: BTreeSet<[u8; 16]> = body.withheld().map(|link| *link.as_stored()).collect();
        assert_eq!(links.len(), info.withheld as usize);
        found.push(links);
        Ok::<(), std::io::Error>(())
    })
    .expect("read");
    found
}

proptest! {
    #[test]
    fn what_nobody_permits_is_not_kept_and_whose_it_was_stays(
        blocks in blocks(),
        permits in prop::collection::vec(prop::option::of((0i32..300, 0i32..300, prop::option::of(0i32..300))), 1..12),
        chunks in prop::collection::vec(1usize..300, 1..4),
    ) {
        let (manifest, data) = (manifest(&blocks), blocks.concat());
        let all = slow(&data).expect("valid");
        let first = Day::from_ymd(2022, 3, 1).expect("a day");
        let mut arrival = Arrival::default();
        let links: BTreeSet<[u8; 16]> = all.iter().flat_map(|row| row.0[..2].iter().flatten().copied()).collect();
        let mut allowed = BTreeMap::new();
        for (at, link) in links.into_iter().enumerate() {
            if let Some((from, length, again)) = permits[at % permits.len()] {
                let mut days = vec![(first.plus(from), first.plus(from + length))];
                days.extend(again.map(|day| (first.plus(day), first.plus(day))));
                arrival.permit(Link::from_stored(link), Days::of(days.clone()));
                allowed.insert(link, days);
            }
        }
        let permits = |link: &Option<[u8; 16]>, day: i32| link.is_none_or(|link| {
            let day = Day::from_days(day);
            allowed.get(&link).is_some_and(|days| days.iter().any(|(from, to)| (*from..=*to).contains(&day)))
        });
        let (mut kept, mut gone) = (Vec::new(), BTreeSet::new());
        for mut row in all.clone() {
            if !permits(&row.0[0], row.1) {
                gone.extend(row.0[0]);
                continue;
            }
            if !permits(&row.0[1], row.1) {
                row.0[1] = None;
            }
            kept.push(row);
        }
        let opened = Arc::new(open_signed(&manifest).expect("valid"));
        let mut receiver = Receiver::new(
            opened, &under_consent(), &service_key(), today(), Some(Arc::new(arrival)), &[],
        ).expect("new");
        let (mut staged, mut rest) = (Vec::new(), data.as_slice());
        for chunk in chunks.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*chunk));
            receiver.feed(now, &mut staged).expect("valid");
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let received = receiver.finish().expect("the manifest counts what was sent");
        prop_assert_eq!((received.rows, received.stored), (all.len() as u64, kept.len() as u64));
        prop_assert_eq!(rows(&staged), kept);
        let of_frames = withheld(&staged);
        prop_assert_eq!(received.withheld, of_frames.iter().map(|frame| frame.len() as u64).sum::<u64>());
        prop_assert_eq!(of_frames.into_iter().flatten().collect::<BTreeSet<_>>(), gone);
    }

    #[test]
    fn silence_lets_nobody_in_but_nobody(blocks in blocks()) {
        let opened = Arc::new(open_signed(&manifest(&blocks)).expect("valid"));
        let nobody = Some(Arc::new(Arrival::default()));
        let mut receiver =
            Receiver::new(opened, &under_consent(), &service_key(), today(), nobody, &[]).expect("new");
        let mut staged = Vec::new();
        receiver.feed(&blocks.concat(), &mut staged).expect("valid");
        prop_assert_eq!(receiver.finish().expect("whole").stored, rows(&staged).len() as u64);
        prop_assert!(rows(&staged).iter().all(|row| row.0[0].is_none() && row.0[1].is_none()));
    }
}

#[test]
fn a_later_block_is_held_against_what_was_recorded_meanwhile() {
    let line = |n| format!("{},,{},,2022-05-01,in,,\n", token("cpr", 1), token("case", n));
    let blocks = [format!("{HEADER}{}", line(1)).into_bytes(), line(2).into_bytes()];
    let opened = Arc::new(open_signed(&manifest(&blocks)).expect("valid"));
    let silent = || Some(Arc::new(Arrival::default()));
    let whole = one_block(&blocks.concat()).expect("valid").0;
    let link = rows(&whole)[0].0[0].map(Link::from_stored).expect("a person");
    let mut all = Arrival::default();
    all.permit(link, Days::of(vec![(Day::MIN, Day::MAX)]));
    let mut receiver =
        Receiver::new(opened, &under_consent(), &service_key(), today(), Some(Arc::new(all)), &[])
            .expect("new");
    let mut staged = Vec::new();
    receiver.feed(&blocks[0], &mut staged).expect("valid");
    receiver.ask_again(silent().expect("there"));
    receiver.feed(&blocks[1], &mut staged).expect("valid");
    assert_eq!(rows(&staged), rows(&whole)[..1]);
    assert_eq!(withheld(&staged), [BTreeSet::new(), BTreeSet::from([*link.as_stored()])]);
}

#[test]
#[should_panic(expected = "consent is asked where a dataset rests on it")]
fn no_receiver_takes_rows_under_consent_unasked() {
    let data = format!("{HEADER}{},,{},,2022-05-01,in,,\n", token("cpr", 1), token("case", 1)).into_bytes();
    let opened = Arc::new(open_signed(&manifest(&[data])).expect("valid"));
    let _ = Receiver::new(opened, &under_consent(), &service_key(), today(), None, &[]);
}
