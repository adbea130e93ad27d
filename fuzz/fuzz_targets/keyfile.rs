//! Files that hold keys: a linkage key, a share of one, an identity, and a key wrapped with age. Nothing that is read is unsound,
//! and what is read is named by its id.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use kobling::key::{Identities, LinkageKey, Share, combine, open};
use libfuzzer_sys::fuzz_target;

/// The identity that the seeds are wrapped to. It is published here, as their key is, and protects nothing.
static OURS: LazyLock<Identities> = LazyLock::new(|| {
    Identities::parse(include_bytes!("../seeds/keyfile/identity")).expect("an identity")
});

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("fuzz");
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = LinkageKey::parse(text, path) {
            assert_eq!(key.id().words().split(' ').count(), 8);
        }
        if let Ok(share) = Share::parse(text, path) {
            assert!((1..=share.of()).contains(&share.number()) && share.needed() >= 2);
            // One share is never enough.
            assert!(combine(&[(path.to_owned(), share)]).is_err());
        }
    }
    if let Ok(identities) = Identities::parse(bytes) {
        assert!(identities.recipients().iter().all(|recipient| recipient.starts_with("age1")));
    }
    if let Ok((text, key)) = open(bytes, path, &OURS) {
        assert!(LinkageKey::parse(&text, path).is_ok_and(|again| again.id() == key.id()));
    }
});
