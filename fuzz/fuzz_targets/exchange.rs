//! Consents in foreign forms: nothing panics, and what is taken is written again as it was.
#![no_main]

use kobling::clock::Timestamp;
use kobling::exchange::{Format, read, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let partner = "lokk".parse().expect("a name");
    let now = Timestamp::from_millis(1_750_000_000_000);
    for format in [Format::Fhir, Format::Iso27560] {
        let Ok(statements) = read(format, bytes, &partner, now) else { continue };
        let found: serde_json::Value = serde_json::from_slice(bytes).expect("it was read");
        let moment = match format {
            Format::Fhir => &found["timestamp"],
            Format::Iso27560 => &found["dct:created"]["@value"],
        };
        let moment = moment.as_str().expect("a text").parse().expect("an instant");
        let again = write(format, &statements, &partner, moment).expect("what was read is written");
        assert!(serde_json::from_slice::<serde_json::Value>(&again).expect("JSON") == found);
    }
});
