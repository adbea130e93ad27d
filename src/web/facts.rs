//! Facts of a receipt or an entry: ids, digests and counts under fixed names, with words for the names.

use crate::audit::{Item, Subject};
use crate::language::Language;

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
        "snapshot" => ("Øjebliksbillede", "Snapshot"),
        "question" => ("Spørgsmål", "Question"),
        "quarter" => ("Kvartal", "Quarter"),
        "recipient" => ("Modtager", "Recipient"),
        "answer" => ("SHA-256 af svaret", "SHA-256 of the answer"),
        "statement" => ("SHA-256 af opgørelsen", "SHA-256 of the statement"),
        "statements" => ("Opgørelser", "Statements"),
        "programme" => ("Program", "Programme"),
        "version" => ("Version", "Version"),
        "organisation" => ("Organisation", "Organisation"),
        "partner" => ("Partner", "Partner"),
        "service-fingerprint" => ("Tjenestens nøgle", "Key of the service"),
        "after" => ("Læst fra plads", "Read from place"),
        _ => return None,
    };
    Some(l.choose(da, en))
}

/// A fact as it is told to who reads the whole chain: its name there, words for it where there are any, and its value as it
/// stands.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) title: Option<&'static str>,
    pub(super) value: String,
}

/// Every fact of a subject, in the order of their names.
pub(super) fn named(subject: &Subject, l: Language) -> Vec<Named> {
    let named = |(name, item): (&str, &Item)| Named {
        name: name.to_owned(),
        title: title(name, l),
        value: item.to_string(),
    };
    subject.items().map(named).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_reads_the_whole_chain_misses_no_fact() {
        let subject = Subject::new().id("package", "p-1").count("from-the-future", 3);
        let all = named(&subject, Language::Da);
        let all: Vec<_> = all.iter().map(|fact| (&*fact.name, fact.title, &*fact.value)).collect();
        assert_eq!(all, [("from-the-future", None, "3"), ("package", Some("Pakke"), "p-1")]);
        assert_eq!(of(&subject, Language::Da).len(), 1);
    }
}
