use proptest::prelude::*;

use super::*;
use crate::key::private::PrivateFileError;
use crate::secret::{SeededRandom, SystemRandom};

fn key(seed: u8) -> LinkageKey {
    LinkageKey::from_bytes("example".parse().expect("a name"), &mut [seed; 32])
}

fn named(shares: Vec<Share>) -> Vec<(PathBuf, Share)> {
    shares.into_iter().map(|share| (PathBuf::from(format!("{}.key", share.number())), share)).collect()
}

/// A copy of a share with some of its bytes changed, under a checksum that fits.
fn changed(share: &Share, change: impl Fn(&mut [u8; BYTES])) -> Share {
    let mut bytes = *share.bytes.expose("test");
    change(&mut bytes);
    Share { programme: share.programme.clone(), bytes: Secret::new(&mut bytes) }
}

fn copy(share: &Share) -> Share {
    changed(share, |_| {})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_k_of_n_give_the_key_and_any_fewer_are_refused(
        bytes in any::<[u8; 32]>(),
        (needed, of) in (2u8..=9).prop_flat_map(|of| (2..=of, Just(of))),
        seed in any::<u64>(),
        order in any::<u64>(),
    ) {
        let key = LinkageKey::from_bytes("example".parse().expect("a name"), &mut bytes.clone());
        let mut shares = named(split(&key, needed, of, &mut SeededRandom::from_number(seed)).expect("split"));
        prop_assert_eq!(shares.len(), usize::from(of));
        crate::secret::shuffle(&mut shares, &mut SeededRandom::from_number(order));
        for count in 0..=usize::from(of) {
            let combined = combine(&shares[..count]);
            match combined {
                Ok(again) => {
                    prop_assert!(count >= usize::from(needed));
                    prop_assert_eq!(again.expose("test"), &bytes);
                }
                Err(ShareError::None) => prop_assert_eq!(count, 0),
                Err(ShareError::TooFew { given, missing, .. }) => {
                    prop_assert!(count < usize::from(needed));
                    prop_assert_eq!(given.len(), count);
                    prop_assert_eq!(missing.len(), usize::from(of) - count);
                    prop_assert!(given.iter().all(|number| !missing.contains(number)));
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn a_share_that_was_changed_under_its_checksum_never_gives_a_key(at in 19usize..BYTES, flip in 1u8..) {
        let mut shares = named(split(&key(3), 3, 5, &mut SystemRandom::new()).expect("split"));
        shares[1].1 = changed(&shares[1].1, |bytes| bytes[at] ^= flip);
        for refused in [combine(&shares[..3]), combine(&shares)] {
            let named = matches!(refused, Err(ShareError::OtherKey { .. }));
            prop_assert!(named);
        }
        prop_assert!(combine(&shares[2..]).is_ok());
    }
}

/// With one share fewer than needed, every value of every byte of the key is still possible: for each guess of a byte there is
/// exactly one value of the missing share that gives it. Here by trying them all, for one byte.
#[test]
fn one_share_too_few_rules_out_no_value() {
    let shares = split(&key(3), 2, 2, &mut SystemRandom::new()).expect("split");
    let mut possible = BTreeSet::new();
    for guess in 0..=255 {
        let other = changed(&shares[1], |bytes| bytes[19] = guess);
        let dealt = [&shares[0], &other].map(|share| {
            let mut bytes = vec![share.number()];
            bytes.extend_from_slice(&share.bytes.expose("test")[VALUE]);
            blahaj::Share::try_from(bytes.as_slice()).expect("a share")
        });
        possible.insert(blahaj::Sharks(2).recover(&dealt).expect("two")[0]);
    }
    assert_eq!(possible.len(), 256);
}

/// RUSTSEC-2024-0398: coefficients were never zero, so that of many splits of a secret no share ever had its value. A share of a
/// split in two equals the key's byte once in 256 draws: of 32 · 400 bytes about 50.
#[test]
fn coefficients_are_drawn_from_all_values() {
    let mut equal = 0;
    for seed in 0..400 {
        let shares = split(&key(3), 2, 2, &mut SeededRandom::from_number(seed)).expect("split");
        equal += shares[0].bytes.expose("test")[VALUE].iter().filter(|byte| **byte == 3).count();
    }
    assert!((20..=90).contains(&equal), "{equal}");
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for (needed, of) in [(0, 5), (1, 5), (6, 5), (2, 1), (2, 33), (0, 0), (255, 255)] {
        assert!(matches!(
            split(&key(3), needed, of, &mut SystemRandom::new()),
            Err(ShareError::Numbers { .. })
        ));
    }
    assert_eq!(split(&key(3), 32, 32, &mut SystemRandom::new()).expect("the most").len(), 32);
}

#[test]
fn what_does_not_belong_together_is_named() {
    let one = named(split(&key(3), 2, 3, &mut SystemRandom::new()).expect("split"));
    let again = named(split(&key(3), 2, 3, &mut SystemRandom::new()).expect("split"));
    let other = named(split(&key(4), 2, 3, &mut SystemRandom::new()).expect("split"));
    let pair = |a: &(PathBuf, Share), b: &(PathBuf, Share)| {
        combine(&[(a.0.clone(), copy(&a.1)), (b.0.clone(), copy(&b.1))])
    };
    for second in [&again[1], &other[1]] {
        assert!(matches!(pair(&one[0], second), Err(ShareError::OtherSplit { .. })));
    }
    assert!(matches!(pair(&one[0], &one[0]), Err(ShareError::Repeated { number: 1, .. })));
    assert!(pair(&one[2], &one[0]).is_ok());
    // The same split said to be of another programme.
    let mut moved = copy(&one[1].1);
    moved.programme = "another".parse().expect("a name");
    let moved = (PathBuf::from("moved.key"), moved);
    assert!(matches!(pair(&one[0], &moved), Err(ShareError::OtherSplit { .. })));
    let both = [&one[0], &one[1]].map(|(path, share)| {
        let mut share = copy(share);
        share.programme = "another".parse().expect("a name");
        (path.clone(), share)
    });
    assert!(matches!(combine(&both), Err(ShareError::OtherKey { .. })));
}

#[test]
fn messages_say_what_to_fetch() {
    let shares = named(split(&key(3), 3, 5, &mut SystemRandom::new()).expect("split"));
    let few = [1, 3].map(|at: usize| (shares[at].0.clone(), copy(&shares[at].1)));
    let error = combine(&few).expect_err("too few");
    assert_eq!(
        error.to_string(),
        "too few shares: 3 of 5 are needed, and 2 are given (2 and 4); fetch 1 more of 1, 3 or 5"
    );
    use crate::language::Spoken as _;
    assert_eq!(
        error.danish(),
        "for få dele: 3 af 5 er nødvendige, og her er 2 (2 og 4); hent 1 mere af 1, 3 eller 5"
    );
}

#[test]
fn files_carry_their_share_and_are_all_written_or_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("shares");
    let now = Timestamp::from_millis(0);
    let shares = split(&key(3), 2, 3, &mut SystemRandom::new()).expect("split");
    let paths = save_shares(&shares, &folder, now).expect("written");
    for (path, share) in paths.iter().zip(&shares) {
        let read = Share::load(path).expect("readable");
        assert_eq!(read.bytes.expose("test"), share.bytes.expose("test"));
        assert_eq!(read.programme(), share.programme());
        let text = std::fs::read_to_string(path).expect("text");
        assert!(text.contains(&format!("# share: {} of 3, 2 needed\n", share.number())), "{text}");
        // A comment that says something else, and a share that says nothing of its programme.
        for (from, to) in
            [("2 needed", "3 needed"), ("# programme: example\n", ""), ("# split: ", "# split: 0")]
        {
            assert!(matches!(
                Share::parse(&text.replace(from, to), path),
                Err(KeyFileError::Contradiction { .. })
            ));
        }
        // Where a key is needed, and a share is given.
        assert!(matches!(LinkageKey::load_any(path, Example::Refuse), Err(KeyFileError::OtherKind { .. })));
    }
    std::fs::remove_file(&paths[0]).expect("removed");
    let refused = save_shares(&shares, &folder, now);
    assert!(matches!(refused, Err(KeyFileError::File(PrivateFileError::Exists(_)))));
    assert!(!paths[0].exists() && paths[1].exists() && paths[2].exists());
}

#[cfg(unix)]
#[test]
fn no_share_goes_where_others_may_change_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let shares = split(&key(3), 2, 3, &mut SystemRandom::new()).expect("split");
    let dir = tempfile::tempdir().expect("a folder");
    for mode in [0o770, 0o777, 0o1777] {
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).expect("set");
        let refused = save_shares(&shares, dir.path(), Timestamp::from_millis(0));
        assert!(matches!(refused, Err(KeyFileError::File(PrivateFileError::Folder(_)))), "{mode:o}");
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
    }
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
    assert!(save_shares(&shares, dir.path(), Timestamp::from_millis(0)).is_ok());
}

#[test]
fn numbers_beyond_the_split_are_damage() {
    let shares = split(&key(3), 2, 3, &mut SystemRandom::new()).expect("split");
    let dir = tempfile::tempdir().expect("a folder");
    for (at, change) in [[0u8, 2, 3], [4, 2, 3], [1, 4, 3], [1, 1, 3], [1, 2, 200]].iter().enumerate() {
        let wrong = changed(&shares[0], |bytes| bytes[..3].copy_from_slice(change));
        let path = dir.path().join(at.to_string());
        wrong.save(&path, Timestamp::from_millis(0)).expect("written");
        assert!(matches!(Share::load(&path), Err(KeyFileError::Damaged(_))), "{change:?}");
    }
}
