//! Identifiers: nothing panics, and what is read is read again as itself.
#![no_main]

use kobling::clock::Day;
use kobling::id::{Identifier, LeadingZero};
use kobling::token::{Token, looks_like_cpr};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let today = Day::from_days(20_000);
    for zero in [LeadingZero::Refuse, LeadingZero::Repair] {
        if let Ok(id) = Identifier::parse(bytes, today, zero) {
            let text = *id.expose("fuzz");
            let again = Identifier::parse(&text, today, LeadingZero::Refuse);
            assert!(again.is_ok_and(|again| *again.expose("fuzz") == text && again.kind() == id.kind()));
        }
    }
    let _ = looks_like_cpr(bytes);
    if let Ok(token) = Token::parse(bytes) {
        let mut text = Vec::new();
        token.write_to(&mut text);
        assert!(text == bytes);
    }
});
