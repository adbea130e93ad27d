//! Programme definitions: any text is read or refused with places.
#![no_main]

use kobling::programme::Programme;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Programme::parse(text) {
        assert!(!error.0.is_empty());
        let lines = text.lines().count() + 1;
        assert!(error.0.iter().all(|problem| problem.line <= lines));
    }
});
