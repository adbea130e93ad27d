//! Erasure in memory and on disk: one is as good as the other.

use roaring::RoaringBitmap;

use super::*;

/// Dataset, source, person number, days that stay.
type Order = (usize, u8, u32, Vec<(i32, i32)>);

fn erasure(programme: &Programme, orders: &[Order]) -> Erasure {
    let mut erasure = Erasure::default();
    for (dataset, source, person, keep) in orders {
        let keep = keep.iter().map(|(a, b)| (Day::from_days(*a), Day::from_days(*b))).collect();
        erasure.order((dataset % programme.datasets.len(), *source), *person, keep);
    }
    erasure
}

fn lazily(vault: &Vault, dir: &Path, programme: &Programme, sha256: &Sha256Hex) -> LazySnapshot {
    LazySnapshot::open(vault, dir, programme, sha256, u64::MAX).unwrap_or_else(|error| panic!("{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_a_question_sees_does_not_tell_whether_rows_are_off_the_disk_yet(
        (programme, uploads) in programme().prop_flat_map(|programme| {
            let uploads = uploads(&programme, 20);
            (Just(programme), uploads)
        }),
        orders in prop::collection::vec((0usize..4, 0u8..9, 1u32..24,
            prop::collection::vec((-400i32..400, -400i32..400), 0..3)), 0..40),
        more in prop::collection::vec((0usize..4, 0u8..9, 1u32..24, Just(Vec::new())), 0..20),
        seed in any::<u64>(),
    ) {
        let bench = Bench::new(programme);
        let staged = bench.stage(&uploads);
        let report = bench.seal(1, &staged, &[], &mut Spine::default(), seed).expect("sealed");
        let (programme, sha256) = (&bench.programme, report.sha256);
        let all: Vec<usize> = (0..programme.datasets.len()).collect();
        let both = [orders.clone(), more.clone()].concat();

        // Before anything is loaded, and in what is loaded already, in two steps.
        let mut early = lazily(&bench.vault, &bench.out(1), programme, &sha256);
        early.erase(erasure(programme, &both));
        let early = early.with(&all).unwrap_or_else(|error| panic!("{error}"));
        let mut late = lazily(&bench.vault, &bench.out(1), programme, &sha256);
        late.with(&all).unwrap_or_else(|error| panic!("{error}"));
        late.erase(erasure(programme, &orders));
        late.erase(erasure(programme, &both));
        let late = late.with(&all).unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(early == late);

        // On disk, in one rewriting or in two.
        let mut named = RoaringBitmap::new();
        let mut at = (bench.out(1), sha256);
        let once = bench.out(2);
        let rewritten = rewrite(&bench.vault, (&at.0, &at.1), &once, programme, &erasure(programme, &both), &mut named);
        let rewritten = rewritten.unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(rewritten.is_some(), once.exists());
        let whole = lazily(&bench.vault, &at.0, programme, &at.1).with(&all).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(rewritten.is_none(), whole == early, "nothing is written anew for nothing");
        if let Some(sha256) = rewritten {
            at = (once, sha256);
        }
        let disk = lazily(&bench.vault, &at.0, programme, &at.1).with(&all).unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(disk.datasets == early.datasets);
        prop_assert!(disk.withheld == early.withheld);
        prop_assert!((disk.id, disk.day, disk.persons) == (early.id, early.day, early.persons));

        let mut step = (bench.out(1), sha256);
        for (id, orders) in [(3, &orders), (4, &both)] {
            let out = bench.out(id);
            let erasure = erasure(programme, orders);
            let done = rewrite(&bench.vault, (&step.0, &step.1), &out, programme, &erasure, &mut RoaringBitmap::new());
            if let Some(sha256) = done.unwrap_or_else(|error| panic!("{error}")) {
                step = (out, sha256);
            }
        }
        let stepped = lazily(&bench.vault, &step.0, programme, &step.1).with(&all).unwrap_or_else(|error| panic!("{error}"));
        prop_assert!(stepped.datasets == disk.datasets && stepped.withheld == disk.withheld);

        // Families are those that were sealed, of everybody whom a row still names or who is withheld, and of nobody else.
        let mut wanted = RoaringBitmap::new();
        for columns in &disk.datasets {
            wanted.extend((1..=disk.persons).filter(|person| !columns.rows(*person).is_empty()));
            wanted.extend(columns.related.iter().flatten().filter(|person| **person != 0));
        }
        prop_assert!(named == wanted);
        disk.withheld.sets().values().for_each(|set| wanted |= set);
        for (person, family) in (0u32..).zip(disk.families.iter()) {
            let sealed = whole.families[person as usize];
            let wanted = if rewritten.is_none() || wanted.contains(person) { sealed } else { 0 };
            prop_assert_eq!(*family, wanted);
        }
    }
}

#[test]
fn a_case_keeps_its_number_when_rows_before_it_go() {
    let row = |n: u8| Raw {
        person: n,
        related: 0,
        case: n,
        staff: vec![],
        day: 19_000,
        codes: vec![0; 3],
        measures: vec![],
    };
    let bench = Bench::new(model());
    let staged = bench.stage(&[Upload { source: 0, dataset: 0, rows: (1..=9).map(row).collect() }]);
    let report = bench.seal(1, &staged, &[], &mut Spine::default(), 1).expect("sealed");
    let mut erasure = Erasure::default();
    // All but one of nine: its case may have the number 9, beyond the rows that are left.
    (1..=8).for_each(|person| erasure.order((0, 0), person, Vec::new()));
    let (out, mut named) = (bench.out(2), RoaringBitmap::new());
    let sha256 =
        rewrite(&bench.vault, (&bench.out(1), &report.sha256), &out, &bench.programme, &erasure, &mut named)
            .unwrap_or_else(|error| panic!("{error}"))
            .expect("rows went");
    let before = bench.load(1, &report.sha256).unwrap_or_else(|error| panic!("{error}"));
    let after = Snapshot::load(&bench.vault, &out, &bench.programme, &sha256)
        .unwrap_or_else(|error| panic!("{error}"));
    let case = |snapshot: &Snapshot| {
        let columns = &snapshot.datasets[0];
        columns.case.as_ref().expect("cases")[columns.rows(9).start]
    };
    assert_eq!(after.datasets[0].len(), 1);
    assert_eq!(case(&after), case(&before));
    assert_eq!(named, RoaringBitmap::from([9]));
    let withheld = after.withheld.sets().get(&(0, 0)).expect("those who lost rows");
    assert!((1..=8).all(|person| withheld.contains(person)));
    // A byte that was changed is found in what was written anew too.
    let path = out.join("withheld.roaring");
    let mut bytes = fs::read(&path).expect("readable");
    bytes[10] ^= 1;
    fs::write(&path, bytes).expect("written");
    assert!(matches!(
        Snapshot::load(&bench.vault, &out, &bench.programme, &sha256),
        Err(LoadError::Digest { .. })
    ));
}
