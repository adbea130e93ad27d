//! Packages of consents made here and received in pieces.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;

use super::consents::EventReader;
use super::frames::{Events, open_for_append};
use super::*;
use crate::clock::Timestamp;
use crate::consent::{ConsentEvent, ConsentRecord};
use crate::extract::manifest::{Block, FORMAT, Head, Resource, RowCounts, Schema};
use crate::intake::ReceiveError;
use crate::key::ServiceKey;
use crate::secret::SeededRandom;
use crate::token::{Link, Linker, Token};
use crate::vault::Vault;

fn programme() -> &'static Programme {
    static READ: OnceLock<Programme> = OnceLock::new();
    READ.get_or_init(|| {
        Programme::parse(include_str!("../../../programmes/interventionsmodel.toml")).expect("sound")
    })
}

fn key() -> ServiceKey {
    ServiceKey::generate(&mut SeededRandom::from_number(1))
}

fn now() -> Timestamp {
    "2025-06-01T08:00:00Z".parse().expect("an instant")
}

/// The token of a made-up person: any 32 bytes are one.
fn token(n: u8) -> String {
    use base64::Engine as _;
    format!("cpr.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([n; 32]))
}

fn record(n: u8, kind: &str) -> ConsentRecord {
    let notice = &programme().notices[0];
    serde_json::from_value(serde_json::json!({
        "token": token(n),
        "event": {
            "record": format!("{kind}-{n}"), "schema": 1, "kind": kind,
            "purposes": ["evaluation"], "recipients": ["vive"], "at": "2022-01-01T08:00:00Z",
            "valid_from": "2022-01-01", "valid_to": "2029-12-31", "rows": { "from": "2021-01-01" },
            "notice": { "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256,
                        "language": notice.language },
            "method": "written", "given_by": "self", "recorded_by": "desk 3",
            "legal_basis": "explicit-consent", "withdrawal_method": "digital", "retention_until": "2034-12-31"
        }
    }))
    .expect("a record")
}

fn line(record: &ConsentRecord) -> String {
    let mut line = Vec::new();
    record.write_line(&mut line).expect("a line");
    String::from_utf8(line).expect("UTF-8") + "\n"
}

/// A verified package of blocks of whole lines; the header stands in the first.
fn opened(blocks: &[&[u8]], events: u64) -> Arc<OpenedList> {
    let described = blocks.iter().enumerate().map(|(at, block)| Block {
        bytes: u32::try_from(block.len()).expect("small"),
        rows: u32::try_from(block.iter().filter(|b| **b == b'\n').count()).expect("small")
            - u32::from(at == 0),
        sha256: Sha256Hex::of(block),
    });
    let data = blocks.concat();
    let manifest = Manifest {
        name: "interventionsmodel-lokk-consents".to_owned(),
        created: now(),
        resources: [Resource {
            name: "data".to_owned(),
            path: "data.csv".to_owned(),
            format: "csv".to_owned(),
            mediatype: "text/csv".to_owned(),
            encoding: "utf-8".to_owned(),
            bytes: data.len() as u64,
            hash: format!("sha256:{}", Sha256Hex::of(&data)),
            schema: Schema::of_list(ListKind::Consents),
            blocks: described.collect(),
        }],
        kobling: Head {
            format: FORMAT,
            programme: programme().id.clone(),
            partner: "lokk".parse().expect("a name"),
            dataset: "consents".parse().expect("a name"),
            period: programme().period,
            key_id: "0011223344556677".parse().expect("a key id"),
            tool: "kobling 0.1.0".to_owned(),
            rows: RowCounts { read: events, sent: events, ..RowCounts::default() },
            rejected: BTreeMap::new(),
            warnings: BTreeMap::new(),
            identifiers: if events == 0 {
                BTreeMap::new()
            } else {
                BTreeMap::from([("cpr".to_owned(), events)])
            },
            screened: None,
        },
    };
    let partner = "lokk".parse().expect("a name");
    let read = Arriving::of_verified(&manifest.to_json(), &partner, programme(), None);
    match read.unwrap_or_else(|error| panic!("{error}")) {
        Arriving::List(opened) => Arc::new(opened),
        Arriving::Rows(_) => panic!("rows"),
    }
}

fn receiver(opened: &Arc<OpenedList>, staged: &[frames::FrameInfo]) -> ListReceiver {
    ListReceiver::new(Arc::clone(opened), programme(), &key(), now(), staged)
        .unwrap_or_else(|e| panic!("{e}"))
}

/// Header and lines of the first persons, in blocks of a few lines each.
fn blocks(events: u8, each: usize) -> Vec<Vec<u8>> {
    let lines: Vec<String> = (0..events).map(|n| line(&record(n, "given"))).collect();
    let mut blocks: Vec<Vec<u8>> = lines.chunks(each).map(|lines| lines.concat().into_bytes()).collect();
    blocks[0] = [EventReader::header().into_bytes(), blocks[0].clone()].concat();
    blocks
}

fn link(n: u8) -> Link {
    let partner = "lokk".parse().expect("a name");
    let Ok(token) = Token::parse(token(n).as_bytes()) else { panic!("a token") };
    Linker::new(&key(), &partner, &partner).link(&token)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// However the bytes come, and wherever the service is begun anew, the same frames are staged.
    #[test]
    fn bytes_in_any_pieces_always_stage_the_same_events(
        pieces in proptest::collection::vec(1usize..900, 1..60), cuts in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let blocks = blocks(23, 4);
        let views: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
        let (data, opened) = (blocks.concat(), opened(&views, 23));
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("staged");
        let vault = Vault::throwaway();
        let (mut at, mut turn) = (0usize, 0);
        let (mut file, staged) = open_for_append(&vault, ListKind::Consents, &path).expect("open");
        let mut now = receiver(&opened, &staged);
        while at < data.len() {
            let to = data.len().min(at + pieces[turn % pieces.len()]);
            now.feed(&data[at..to], &mut file).unwrap_or_else(|e| panic!("{e}"));
            at = to;
            if cuts[turn % cuts.len()] {
                let (again, staged) = open_for_append(&vault, ListKind::Consents, &path).expect("open");
                file = again;
                now = receiver(&opened, &staged);
                prop_assert!(now.offset() as usize <= at);
                at = usize::try_from(now.offset()).expect("small");
            }
            turn += 1;
            // Pieces that never complete a block before they are cut would go on for ever.
            if turn > 2000 {
                return Ok(());
            }
        }
        prop_assert!(now.is_whole());
        prop_assert_eq!(now.finish().ok(), Some(23));
        let events: Vec<(Link, ConsentEvent)> =
            Events::open(&vault, &path).expect("open").collect::<Result<_, _>>().expect("sound");
        prop_assert_eq!(events.len(), 23);
        for (n, (found, event)) in (0u8..).zip(&events) {
            prop_assert!(*found == link(n) && *event == record(n, "given").event);
        }
        let bytes = std::fs::read(&path).expect("readable");
        prop_assert!(!bytes.windows(20).any(|w| w == &token(3).as_bytes()[4..24] || w == [3; 20]), "no token");
    }
}

#[test]
fn a_frame_cut_or_damaged_anywhere_is_not_there() {
    let blocks = blocks(4, 2);
    let views: Vec<&[u8]> = blocks.iter().map(Vec::as_slice).collect();
    let opened = opened(&views, 4);
    let vault = Vault::throwaway();
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("staged");
    let (mut file, _) = open_for_append(&vault, ListKind::Consents, &path).expect("open");
    let mut one = receiver(&opened, &[]);
    one.feed(&blocks[0], &mut file).expect("taken");
    let first = std::fs::read(&path).expect("readable").len();
    one.feed(&blocks[1], &mut file).expect("taken");
    drop(file);
    let staged = std::fs::read(&path).expect("readable");
    for cut in (first..staged.len()).step_by(7) {
        std::fs::write(&path, &staged[..cut]).expect("written");
        let (_, frames) = open_for_append(&vault, ListKind::Consents, &path).expect("open");
        let length = std::fs::metadata(&path).expect("there").len();
        assert_eq!((frames.len(), length), (1, first as u64), "{cut}");
        let mut damaged = staged.clone();
        damaged[cut] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        assert_eq!(open_for_append(&vault, ListKind::Consents, &path).expect("open").1.len(), 1, "{cut}");
        assert_eq!(Events::open(&vault, &path).expect("open").count(), 2, "{cut}");
    }
    let other = super::tests::opened(&[&blocks[0]], 2);
    std::fs::write(&path, &staged).expect("written");
    let frames = open_for_append(&vault, ListKind::Consents, &path).expect("open").1;
    let refused = ListReceiver::new(other, programme(), &key(), now(), &frames);
    assert!(matches!(refused.err(), Some(IntakeRefusal::StagedDiffers)));
}

/// What is said of a package whose third line is this.
fn refusal(bad: &[u8]) -> IntakeRefusal {
    let good = EventReader::header() + &line(&record(1, "given"));
    let data = [good.as_bytes(), bad].concat();
    let mut staged = Vec::new();
    let opened = opened(&[&data], if bad.contains(&b'\n') { 2 } else { 1 });
    let fed = receiver(&opened, &[]).feed(&data, &mut staged);
    assert!(staged.is_empty(), "nothing of the block is staged");
    match fed {
        Err(ReceiveError::Refused(refusal)) => refusal,
        Err(error) => panic!("{error}"),
        Ok(()) => panic!("it was taken: {}", String::from_utf8_lossy(bad)),
    }
}

#[test]
fn what_is_wrong_is_named_by_line_and_column_and_never_by_value() {
    let column = |name: &str| CONSENT_COLUMNS.iter().position(|c| c.0 == name).expect("a column");
    let with = |name: &str, value: &str| {
        let line = line(&record(2, "given"));
        let mut fields: Vec<&str> = line.trim_end().split(',').collect();
        fields[column(name)] = value;
        fields.join(",") + "\n"
    };
    let staff = token(2).replace("cpr.", "staff.");
    for (name, value, code) in [
        ("token", "", "row-missing"),
        ("token", "cpr.short", "row-token"),
        ("token", staff.as_str(), "consent-token"),
        ("token", "0707614286", "row-looks-like-cpr"),
        ("record", "sagen om hende", "row-form"),
        ("record", "070761-4286", "consent-looks-like-cpr"),
        ("schema", "2", "consent-schema"),
        ("schema", "one", "row-form"),
        ("kind", "maybe", "row-code"),
        ("kind", "renewed", "consent-names-nothing"),
        ("names", "other", "consent-names-something"),
        ("purposes", "", "consent-no-purpose"),
        ("purposes", "marketing", "consent-purpose"),
        ("purposes", "evaluation;marketing", "consent-purpose"),
        ("purposes", "evaluation;", "row-form"),
        ("recipients", "", "consent-no-recipient"),
        ("recipients", "nobody", "consent-recipient"),
        ("recipients", "vive;lokk", "consent-recipient-purpose"),
        ("datasets", "politi-opsporing", "consent-dataset"),
        ("at", "yesterday", "row-form"),
        ("at", "2025-06-01T08:00:00.001Z", "consent-future"),
        ("valid-from", "01-01-2022", "row-date"),
        ("valid-to", "2021-12-31", "consent-validity"),
        ("rows-from", "2022-02-30", "row-date"),
        ("rows-to", "2020-12-31", "consent-window"),
        ("notice-id", "other", "consent-notice-unknown"),
        ("notice-version", "", "row-missing"),
        ("notice-sha256", "0f", "consent-notice-hash"),
        ("notice-language", "dansk", "consent-notice"),
        ("method", "telepathy", "row-code"),
        ("given-by", "neighbour", "row-code"),
        ("recorded-by", "", "row-missing"),
        ("recorded-by", "\"desk\"", "row-quote"),
        ("recorded-by", "for 070761-4286", "consent-looks-like-cpr"),
        ("legal-basis", "consent", "consent-legal-basis"),
        ("withdrawal-method", "none", "row-code"),
        ("retention-until", "2028-01-01", "consent-retention"),
        ("retention-until", "", "row-missing"),
    ] {
        let said = refusal(with(name, value).as_bytes());
        assert_eq!(said.code(), code, "{name}: {said}");
        let text = said.to_string();
        assert!(text.contains("line 3 of data.csv"), "{text}");
        let IntakeRefusal::Row { column: found, .. } = &said else { panic!("{text}") };
        let of_two = ["consent-looks-like-cpr", "consent-notice", "consent-names-nothing"];
        assert!(
            of_two.contains(&code) || found.as_ref().is_some_and(|c| c.as_str() == name),
            "{name}: {text}"
        );
        assert!(value.len() < 3 || !text.contains(value), "{text}");
        assert!(!said.advice().is_empty());
    }
    let good = line(&record(2, "given"));
    for (bad, code) in [
        (good.replacen("cpr.", "cpr.,", 1).into_bytes(), "row-columns"),
        (good.replacen(",given,", ",", 1).into_bytes(), "row-columns"),
        (good.replacen("desk 3", "desk\r3", 1).into_bytes(), "consent-recorded-by"),
        (good.replacen("given", "gi\0ven", 2).into_bytes(), "row-nul"),
        ([&b"\xff"[..], good.as_bytes()].concat(), "row-encoding"),
        (good.trim_end().as_bytes().to_vec(), "row-unfinished"),
        (b"\n".to_vec(), "row-columns"),
    ] {
        let said = refusal(&bad);
        assert_eq!(said.code(), code, "{said}");
        assert!(said.to_string().contains("line 3 of data.csv"), "{said}");
    }
}

#[test]
fn a_package_is_what_its_manifest_says() {
    let blocks = blocks(3, 3);
    let feed = |opened: &Arc<OpenedList>, data: &[u8]| {
        let mut one = receiver(opened, &[]);
        one.feed(data, &mut Vec::new()).map(|()| one)
    };
    let code = |error: ReceiveError| match error {
        ReceiveError::Refused(refusal) => refusal.code(),
        ReceiveError::Io(error) => panic!("{error}"),
    };
    let honest = opened(&[&blocks[0]], 3);
    let mut flipped = blocks[0].clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert_eq!(feed(&honest, &flipped).err().map(code), Some("block-digest"));
    let more = [&blocks[0][..], b"x"].concat();
    assert_eq!(feed(&honest, &more).err().map(code), Some("too-long"));
    let part = feed(&honest, &blocks[0][..50]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(part.finish().err().map(|e| e.code()), Some("incomplete"));
    let headless = blocks[0].split_inclusive(|b| *b == b'\n').skip(1).collect::<Vec<_>>().concat();
    assert_eq!(feed(&opened(&[&headless], 2), &headless).err().map(code), Some("header"));
    // A person by another kind of number than the manifest says.
    let mut other = (*honest).clone();
    other.manifest.kobling.identifiers = BTreeMap::from([("d-ecpr".to_owned(), 3)]);
    let whole = feed(&Arc::new(other), &blocks[0]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(whole.finish().err().map(|e| e.code()), Some("counts"));
}
