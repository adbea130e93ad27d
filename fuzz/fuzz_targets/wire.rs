//! What comes over the wire besides rows: manifests, consent batches, look-ups, questions, receipts, bearer tokens.
#![no_main]

use kobling::audit::SignedReceipt;
use kobling::auth::BearerToken;
use kobling::client::Answer;
use kobling::clock::Timestamp;
use kobling::consent::ConsentBatch;
use kobling::extract::manifest::Manifest;
use kobling::followup::Lookup;
use kobling::question::Ask;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert!(Manifest::parse(&manifest.to_json()).is_ok_and(|again| again == manifest));
    }
    if let Ok(batch) = ConsentBatch::parse(bytes) {
        for record in &batch.records {
            let _ = record.event.check(Timestamp::from_millis(1_750_000_000_000));
            let _ = record.token();
        }
    }
    if let Ok((lookup, tokens)) = Lookup::parse(bytes) {
        assert_eq!(lookup.tokens.len(), tokens.len());
    }
    if let Ok(ask) = serde_json::from_slice::<Ask>(bytes) {
        assert!(!ask.key().is_empty());
    }
    let _ = serde_json::from_slice::<SignedReceipt>(bytes);
    if let Ok(answer) = serde_json::from_slice::<Answer>(bytes) {
        use kobling::answer::CsvForm;
        use kobling::language::Language;
        let _ = (answer.to_table(Language::Da), answer.to_csv(CsvForm::Danish, Some(Language::En)));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = BearerToken::parse(text);
    }
});
