//! Mappings: any text is read or refused with places, says nothing of a text that is none, and what is read is written
//! as the same again.
#![no_main]

use std::sync::LazyLock;

use kobling::extract::{Mapping, MappingError};
use kobling::language::Spoken as _;
use kobling::programme::Programme;
use libfuzzer_sys::fuzz_target;

static PROGRAMME: LazyLock<Programme> = LazyLock::new(|| {
    Programme::parse(include_str!("../../keys-example/programme.toml")).expect("a sound programme")
});

fuzz_target!(|text: &str| {
    if let Ok(mapping) = Mapping::parse(text) {
        assert_eq!(Mapping::parse(&mapping.to_toml()).as_ref(), Ok(&mapping));
        assert_eq!(mapping.check(&PROGRAMME).is_ok(), Mapping::parse_for(text, &PROGRAMME).is_ok());
        let _ = mapping.declared();
        if let Some(difference) = mapping.diff(&PROGRAMME) {
            assert!(difference.changes.iter().all(|change| !change.danish().is_empty()));
        }
    }
    if let Err(error) = Mapping::parse_for(text, &PROGRAMME) {
        assert!(!error.to_string().is_empty() && !error.danish().is_empty());
        if let MappingError::Problems(problems) = &error {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| problem.line <= text.lines().count() + 1));
        }
    }
});
