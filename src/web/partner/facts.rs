//! Facts of a receipt or an entry: ids, digests and counts under fixed names, with words for the names.

use crate::audit::{Item, Receipt, SignedReceipt, Subject};
use crate::language::Language;

use super::words;

/// A fact: its title and its value.
pub(super) struct Fact {
    pub(super) title: &'static str,
    pub(super) value: String,
    /// Whether it is an id or a digest, to be compared sign by sign.
    pub(super) code: bool,
}

/// The title of a fact; `None` for one that says nothing to people.
fn title(name: &str, l: Language) -> Option<&'static str> {
    let (da, en) = match name {
        "package" => ("Pakke", "Package"),
        "dataset" => ("Datasæt", "Dataset"),
        "period" => ("Periode", "Period"),
        "manifest" => ("SHA-256 af manifestet", "SHA-256 of the manifest"),
        "data" => ("SHA-256 af rækkerne", "SHA-256 of the rows"),
        "fingerprint" => ("Nøgle", "Key"),
        "rows" => ("Rækker modtaget", "Rows received"),
        "kept" => ("Rækker beholdt", "Rows kept"),
        "batch" => ("SHA-256 af samlingen", "SHA-256 of the batch"),
        "events" => ("Hændelser", "Events"),
        "new" => ("Nye hændelser", "New events"),
        "erasure" => ("Sletning", "Erasure"),
        "since" => ("Fra den dag", "From the day"),
        "erase-by" => ("Slettet senest", "Erased by"),
        "snapshots" => ("Øjebliksbilleder", "Snapshots"),
        "released" => ("Frigivet", "Released"),
        "note" => ("Note", "Note"),
        "asked" => ("SHA-256 af spørgsmålet", "SHA-256 of the question"),
        "followup" => ("Opfølgning", "Follow-up"),
        "purpose" => ("Formål", "Purpose"),
        "label" => ("Betegnelse", "Label"),
        "tokens" => ("Opslag", "Look-ups"),
        "aliases" | "proposals" => ("Aliasser", "Aliases"),
        "cause" => ("Årsag", "Cause"),
        "principal" => ("Adgang", "Principal"),
        "role" => ("Rolle", "Role"),
        "reason" | "remark" => ("Grund", "Reason"),
        "packages" => ("Pakker", "Packages"),
        "persons" => ("Personer", "Persons"),
        "bytes" => ("Byte", "Bytes"),
        "referrals" => ("Henvisninger", "Referrals"),
        "proposal" => ("Forslag", "Proposal"),
        "kept-from" => ("Opbevaret fra", "Kept from"),
        _ => return None,
    };
    Some(l.choose(da, en))
}

/// The facts of a subject, in the order of their names. One that has no words here is the code of something: it is in the
/// file that is offered beside it.
pub(super) fn of(subject: &Subject, l: Language) -> Vec<Fact> {
    let facts = subject.items().filter_map(|(name, item)| {
        let value = match item {
            Item::Count(count) => l.count(*count),
            text => text.to_string(),
        };
        let code = !matches!(item, Item::Count(_));
        Some(Fact { title: title(name, l)?, value, code })
    });
    facts.filter(|fact| !fact.value.is_empty()).collect()
}

/// A receipt of the service's own making, taken apart; none where its form is not understood here.
pub(super) fn receipt(signed: &SignedReceipt, l: Language) -> Vec<Fact> {
    let Ok(receipt) = serde_json::from_str::<Receipt>(&signed.receipt) else { return Vec::new() };
    let mut facts =
        vec![Fact { title: l.choose("Givet", "Given"), value: words::moment(receipt.at), code: false }];
    facts.extend(of(&receipt.subject, l));
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
