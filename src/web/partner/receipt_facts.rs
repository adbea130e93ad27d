//! What a receipt says, as its partner reads it.

use crate::audit::{Receipt, SignedReceipt};
use crate::language::Language;
use crate::web::facts::{self, Fact};
use crate::web::words;

/// A receipt of the service's own making, taken apart; none where its form is not understood here.
pub(super) fn receipt_facts(signed: &SignedReceipt, l: Language) -> Vec<Fact> {
    let Ok(receipt) = serde_json::from_str::<Receipt>(&signed.receipt) else { return Vec::new() };
    let mut facts =
        vec![Fact { title: l.choose("Givet", "Given"), value: words::moment(receipt.at), code: false }];
    facts.extend(facts::of(&receipt.subject, l));
    let (place, hash) = (receipt.head.position, receipt.head.hash);
    facts.push(Fact {
        title: l.choose("Plads i jeres spor", "Place in your trail"),
        value: l.count(place),
        code: false,
    });
    facts.push(Fact {
        title: l.choose("Sporets hoved dér", "Head of the trail there"),
        value: hash.to_string(),
        code: true,
    });
    facts
}
