//! What `koblingd doctor` finds: a closed list, each with a code that stays the same, and a page that explains it.
//!
//! The pages are docs/FINDINGS.md and docs/FINDINGS.da.md, one section a code; a test holds them against this list. Must never: say
//! how many persons, rows or packages there are, or hold a value of anybody. Callers: the service, and the operator's commands.

use serde::Serialize;

use crate::language::{Language, Spoken};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something is not as it has to be: do something now.
    Wrong,
    /// It will be, if nothing is done.
    Soon,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word in a language.
    #[must_use]
    pub const fn word(self, language: Language) -> &'static str {
        match (self, language) {
            (Severity::Wrong, Language::En) => "wrong",
            (Severity::Soon, Language::En) => "soon",
            (Severity::Note, Language::En) => "note",
            (Severity::Wrong, Language::Da) => "galt",
            (Severity::Soon, Language::Da) => "snart",
            (Severity::Note, Language::Da) => "bemærk",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident,
       en $en:literal, do $en_do:literal, da $da:literal, do $da_do:literal;)*) => {
        /// What can be found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The code: stays the same over versions, and is never used for anything else.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Kind::$name => $code,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Kind::$name => Severity::$severity,)* }
            }

            /// What it is.
            #[must_use]
            pub const fn what(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Kind::$name, Language::En) => $en, (Kind::$name, Language::Da) => $da,)*
                }
            }

            /// What to do about it.
            #[must_use]
            pub const fn advice(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Kind::$name, Language::En) => $en_do, (Kind::$name, Language::Da) => $da_do,)*
                }
            }
        }
    };
}

kinds! {
    /// A file or folder that others than its owner can enter or read.
    Access = "KD-001" Wrong,
        en "others than the service's user can read this", do "take the rights away: chmod 700 on a folder, chmod 600 on a file; then ask who may have read it",
        da "andre end tjenestens bruger kan læse dette", do "tag rettighederne væk: chmod 700 på en mappe, chmod 600 på en fil; spørg så, hvem der kan have læst det";
    /// Too little room for the next seal or backup.
    Disk = "KD-002" Soon,
        en "the disk has little room left", do "make room, or give it a larger disk; a full disk refuses packages and loses nothing",
        da "disken har ikke megen plads tilbage", do "gør plads, eller giv den en større disk; en fuld disk afviser pakker og mister intet";
    /// The folder takes no writes.
    Unwritable = "KD-003" Wrong,
        en "the data folder takes no writes", do "see whether the disk is full, read-only or broken, and whether the folder belongs to the service's user",
        da "der kan ikke skrives i datamappen", do "se, om disken er fuld, skrivebeskyttet eller i stykker, og om mappen er tjenestebrugerens";
    /// SQLite finds the database damaged.
    Database = "KD-010" Wrong,
        en "the database is damaged", do "stop the service, copy the folder as it is, and restore the last backup",
        da "databasen er beskadiget", do "stop tjenesten, kopiér mappen, som den er, og gendan den sidste sikkerhedskopi";
    /// The audit chain does not verify.
    Chain = "KD-011" Wrong,
        en "the audit chain is not whole", do "stop the service, copy the folder as it is, tell the auditor and the steward, and restore the last backup",
        da "revisionskæden er ikke hel", do "stop tjenesten, kopiér mappen, som den er, sig det til revisor og styregruppe, og gendan den sidste sikkerhedskopi";
    /// A staged file is missing or cannot be read.
    Staged = "KD-012" Wrong,
        en "staged rows are missing or damaged; no seal can be made, and erasures of their partner wait", do "take the file from the last backup, or ask the partner to withdraw the package and send it again",
        da "modtagne rækker mangler eller er beskadiget; der kan ikke forsegles, og deres parts sletninger venter", do "hent filen fra den sidste sikkerhedskopi, eller bed parten tage pakken tilbage og sende den igen";
    /// A file of a snapshot is missing or is not what was sealed.
    Snapshot = "KD-013" Wrong,
        en "a snapshot is damaged; questions of it are not answered", do "take its folder from the last backup, or seal again",
        da "et øjebliksbillede er beskadiget; spørgsmål til det besvares ikke", do "hent dets mappe fra den sidste sikkerhedskopi, eller forsegl igen";
    /// A partner without a signing key in force.
    Unsigned = "KD-020" Note,
        en "no signing key in force: the partner can send nothing", do "enrol the partner's key once its fingerprint was compared by telephone",
        da "ingen gældende underskriftsnøgle: parten kan ikke sende noget", do "registrér partens nøgle, når dens fingeraftryk er sammenlignet i telefonen";
    /// Nothing is sealed.
    Unsealed = "KD-021" Note,
        en "nothing is sealed: no question can be answered", do "the steward seals when the first deliveries are in",
        da "intet er forseglet: intet spørgsmål kan besvares", do "styregruppen forsegler, når de første leverancer er kommet";
    /// An erasure past its last day.
    Late = "KD-022" Wrong,
        en "an erasure is past its last day", do "see the log and the findings above for what is in its way, then run `koblingd erase --all-now`",
        da "en sletning er over sin sidste dag", do "se i loggen og i fundene ovenfor, hvad der er i vejen, og kør så `koblingd erase --all-now`";
    /// A token that ends soon.
    TokenSoon = "KD-030" Soon,
        en "a token ends soon", do "its owner renews it with `kobling token rotate`, or you make one with `koblingd principal rotate`",
        da "et adgangstoken udløber snart", do "ejeren fornyer det med `kobling token rotate`, eller du laver et nyt med `koblingd principal rotate`";
    /// A principal whose tokens have all ended.
    TokenEnded = "KD-031" Note,
        en "every token of it has ended: it cannot come in", do "make a new one with `koblingd principal rotate`, or revoke the principal",
        da "alle dens adgangstokens er udløbet: den kan ikke komme ind", do "lav et nyt med `koblingd principal rotate`, eller spær adgangen";
    /// A token without an end, as 0.1.0 made them.
    TokenEndless = "KD-032" Soon,
        en "a token has no end", do "let its owner rotate it with `kobling token rotate`, or do it with `koblingd principal rotate`",
        da "et adgangstoken udløber aldrig", do "lad ejeren skifte det med `kobling token rotate`, eller gør det med `koblingd principal rotate`";
    /// The service's certificate ends soon.
    CertificateSoon = "KD-040" Soon,
        en "the service's certificate ends soon", do "renew it; the service takes the new file up by itself",
        da "tjenestens certifikat udløber snart", do "forny det; tjenesten tager selv den nye fil i brug";
    /// The service's certificate has ended.
    CertificateEnded = "KD-041" Wrong,
        en "the service's certificate has ended or is not valid yet: clients refuse it", do "renew it; the service takes the new file up by itself; see the machine's clock too",
        da "tjenestens certifikat er udløbet eller gælder ikke endnu: klienterne afviser det", do "forny det; tjenesten tager selv den nye fil i brug; se også maskinens ur efter";
    /// No certificate, or one that does not fit its key.
    CertificateUnfit = "KD-042" Wrong,
        en "certificate and key cannot be read, or do not belong together", do "put the chain and its key where the settings say, readable by the service's user",
        da "certifikat og nøgle kan ikke læses, eller de hører ikke sammen", do "læg kæden og dens nøgle, hvor indstillingerne siger, så tjenestens bruger kan læse dem";
    /// Never backed up.
    NoBackup = "KD-050" Soon,
        en "no backup was ever made", do "run `koblingd backup --to age1… --out FILE`, each day; keep the service key elsewhere",
        da "der er aldrig lavet en sikkerhedskopi", do "kør `koblingd backup --to age1… --out FIL` hver dag; gem tjenestenøglen et andet sted";
    /// The last backup is old.
    OldBackup = "KD-051" Soon,
        en "the last backup is old", do "see why the daily `koblingd backup` does not run, and run it",
        da "den sidste sikkerhedskopi er gammel", do "se, hvorfor den daglige `koblingd backup` ikke kører, og kør den";
    /// A restored folder that is not released.
    Held = "KD-052" Wrong,
        en "the folder came out of a backup and answers nothing yet", do "let partners hand in their receipts, see `koblingd restore status`, and let the steward release it",
        da "mappen er gendannet fra en sikkerhedskopi og svarer ikke endnu", do "lad parterne aflevere deres kvitteringer, se `koblingd restore status`, og lad styregruppen frigive den";
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Where: a path, a partner, a principal, a day; never a person. Empty where there is only one place.
    pub place: String,
}

impl Finding {
    /// A finding at a place.
    #[must_use]
    pub fn at(kind: Kind, place: impl std::fmt::Display) -> Finding {
        Finding { kind, place: place.to_string() }
    }

    /// What and where, in a language.
    #[must_use]
    pub fn says(&self, language: Language) -> String {
        let what = self.kind.what(language);
        if self.place.is_empty() { what.to_owned() } else { format!("{}: {what}", self.place) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says(Language::En))
    }
}

impl Spoken for Finding {
    fn danish(&self) -> String {
        self.says(Language::Da)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_never_twice() {
        let codes: Vec<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
    }

    /// Each section is headed by a code, says how bad it is, and holds what the program says: the pages cannot drift from it.
    #[test]
    fn every_finding_has_its_section_on_both_pages_and_nothing_else_has() {
        for (language, page) in [
            (Language::En, include_str!("../../docs/FINDINGS.md")),
            (Language::Da, include_str!("../../docs/FINDINGS.da.md")),
        ] {
            let heads: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## KD-")).collect();
            let codes: Vec<&str> = Kind::ALL.iter().map(|kind| &kind.code()[3..]).collect();
            assert_eq!(heads, codes);
            for kind in Kind::ALL {
                let section = page.split(&format!("\n## {}\n", kind.code())).nth(1).expect("a section");
                let section = section.split("\n## ").next().expect("a first part");
                let flat = section.split_whitespace().collect::<Vec<_>>().join(" ");
                for part in [kind.severity().word(language), kind.what(language), kind.advice(language)] {
                    assert!(flat.contains(part), "{}: {part}\n{flat}", kind.code());
                }
                // What stands there besides is why, and how it is seen.
                assert!(
                    flat.len() > kind.what(language).len() + kind.advice(language).len() + 120,
                    "{}",
                    kind.code()
                );
            }
        }
    }
}
