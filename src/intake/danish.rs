//! Why an upload is refused, in Danish.

use super::{IntakeRefusal, RowProblem, UnusualPackage};
use crate::extract::manifest::{DATA_FILE, MANIFEST_FILE, ManifestError};
use crate::language::Spoken;
use crate::limits;

impl Spoken for IntakeRefusal {
    fn danish(&self) -> String {
        match self {
            IntakeRefusal::ManifestTooLarge => {
                format!("{MANIFEST_FILE} er større end {} byte", limits::MAX_MANIFEST_BYTES)
            }
            IntakeRefusal::NoKeyEnrolled(partner) => {
                format!("der er ikke registreret nogen underskriftsnøgle for parten {partner}")
            }
            IntakeRefusal::Signature(partner) => format!(
                "underskriften på {MANIFEST_FILE} er ikke af nogen af de nøgler, der er registreret for parten {partner}"
            ),
            IntakeRefusal::Manifest(error) => error.danish(),
            IntakeRefusal::OtherPartner { found, uploader } => {
                format!("pakken er en af partens {found}, og {uploader} sender den")
            }
            IntakeRefusal::BlockDigest { block } => {
                format!("blok {block} i {DATA_FILE} har ikke den SHA-256, som manifestet angiver")
            }
            IntakeRefusal::BlockRows { block, found, stated } => {
                format!("blok {block} i {DATA_FILE} har {found} rækker, og manifestet angiver {stated}")
            }
            IntakeRefusal::Header => {
                format!("linje 1 i {DATA_FILE} er ikke datasættets kolonner i deres orden, med komma imellem")
            }
            IntakeRefusal::Row { line, column, problem } => {
                let column = column.as_ref().map(|column| format!(", kolonne {column}")).unwrap_or_default();
                format!("linje {line} i {DATA_FILE}{column}: {}", problem.danish())
            }
            IntakeRefusal::TooLong { stated } => {
                format!("{DATA_FILE} fortsætter efter de {stated} byte, som manifestet angiver")
            }
            IntakeRefusal::Incomplete { arrived, stated } => {
                format!("{arrived} af de {stated} byte i {DATA_FILE} er kommet i hele blokke")
            }
            IntakeRefusal::Counts { what, stated, found } => {
                format!("manifestet angiver {stated} ({what}), og rækkerne har {found}")
            }
            IntakeRefusal::StagedDiffers => {
                "det, der ligger klar for denne afsendelse, er ikke begyndelsen på denne pakke".to_owned()
            }
            IntakeRefusal::Unusual(unusual) => unusual.danish(),
            IntakeRefusal::TooManyAliases { stated, most } => {
                format!("pakken har {stated} aliasser, og {most} er det højeste")
            }
            IntakeRefusal::AlreadyRefused => "denne afsendelse er afvist før".to_owned(),
        }
    }
}

impl IntakeRefusal {
    /// What the partner can do, in Danish.
    #[must_use]
    pub const fn danish_advice(&self) -> &'static str {
        match self {
            IntakeRefusal::NoKeyEnrolled(_) => {
                "lad styregruppen registrere jeres underskriftsnøgle, når I begge har sammenlignet dens fingeraftryk"
            }
            IntakeRefusal::Signature(_) => {
                "underskriv med den nøgle, styregruppen har registreret, og send pakken, som den blev underskrevet"
            }
            IntakeRefusal::Manifest(ManifestError::Format { .. }) => "opdatér den ældste side",
            IntakeRefusal::Manifest(ManifestError::OtherKey { .. }) => {
                "bed nøgleforvalteren om den nøgle, programmet venter, og lav pakken igen med den"
            }
            IntakeRefusal::Manifest(
                ManifestError::OtherProgramme { .. }
                | ManifestError::UnknownPartner(_)
                | ManifestError::UnknownDataset(_)
                | ManifestError::NotYours { .. }
                | ManifestError::Period { .. }
                | ManifestError::Columns(_),
            ) => "lav pakken igen med den programdefinition, der gælder",
            IntakeRefusal::OtherPartner { .. } => "send kun jeres egne pakker",
            IntakeRefusal::BlockDigest { .. } | IntakeRefusal::TooLong { .. } => {
                "send pakken igen, som den blev lavet; sker det igen, er filen ændret siden: lav den igen"
            }
            IntakeRefusal::Row { problem: RowProblem::LooksLikeCpr, .. } => {
                "lav pakken igen af kolonner uden CPR-numre, og sig det til databeskyttelsesrådgiveren: et nummer kan have forladt huset"
            }
            IntakeRefusal::Row { problem: RowProblem::Consent(refusal), .. } => refusal.danish_advice(),
            IntakeRefusal::Row { problem: RowProblem::Precision, .. } => {
                "lav pakken igen med den gældende programdefinition og en aktuel `kobling tokenise`"
            }
            IntakeRefusal::Row { problem: RowProblem::Future, .. } => {
                "udelad rækker fra kommende dage, og se efter maskinens ur"
            }
            IntakeRefusal::ManifestTooLarge
            | IntakeRefusal::Manifest(
                ManifestError::Form(_) | ManifestError::Contradiction(_) | ManifestError::NotScreened,
            )
            | IntakeRefusal::BlockRows { .. }
            | IntakeRefusal::Header
            | IntakeRefusal::Row { .. }
            | IntakeRefusal::Counts { .. } => "lav pakken igen med en aktuel `kobling tokenise`",
            IntakeRefusal::Incomplete { .. } => "send resten, fra det sted, tjenesten angiver",
            IntakeRefusal::Unusual(unusual) => unusual.danish_advice(),
            IntakeRefusal::TooManyAliases { .. } => {
                "send listen i flere pakker, og lad styregruppen afgøre den ene, før I sender den næste"
            }
            IntakeRefusal::StagedDiffers | IntakeRefusal::AlreadyRefused => "begynd en ny afsendelse",
        }
    }
}

impl Spoken for RowProblem {
    fn danish(&self) -> String {
        let words = match self {
            RowProblem::Unfinished => "blokken slutter midt i denne linje",
            RowProblem::Encoding => "byte, der ikke er UTF-8",
            RowProblem::Nul => "en NUL-byte",
            RowProblem::CarriageReturn => "en vognretur; linjer slutter med linjeskift alene",
            RowProblem::Quote => "et anførselstegn; ingen værdi i en pakke har brug for et",
            RowProblem::Columns => "et andet antal værdier, end datasættet har kolonner",
            RowProblem::LooksLikeCpr => "en værdi, der ligner et CPR-nummer",
            RowProblem::Missing => "ingen værdi, og kolonnen kræver en",
            RowProblem::Token(error) => return error.danish(),
            RowProblem::TokenKind => "et token af en slags, som kolonnen ikke har",
            RowProblem::Date => "ikke en dato skrevet ÅÅÅÅ-MM-DD",
            RowProblem::OutsidePeriod => "en dato uden for pakkens periode",
            RowProblem::Precision => "en dato, der er finere, end programmet lader den være",
            RowProblem::SameToken => "det samme token to gange",
            RowProblem::Future => "en dato i fremtiden",
            RowProblem::Code => "ikke en af kolonnens koder",
            RowProblem::Number => "ikke et tal med de decimaler, kolonnen har",
            RowProblem::Bounds => "et tal uden for kolonnens grænser",
            RowProblem::Form => "ikke en værdi af den form, kolonnen har",
            RowProblem::Consent(refusal) => return refusal.danish(),
        };
        words.to_owned()
    }
}

impl Spoken for UnusualPackage {
    fn danish(&self) -> String {
        match self {
            UnusualPackage::Population { persons, population } => {
                format!("pakken handler om {persons} personer, flere end de {population}, der kan være")
            }
            UnusualPackage::Cumulative { persons, population } => format!(
                "med pakkerne før den handler denne om {persons} personer, flere end de {population}, der kan være"
            ),
            UnusualPackage::Few { persons, least } => format!(
                "de rækker, der beholdes, handler om {persons} personer, færre end de {least}, en pakke handler om"
            ),
        }
    }
}

impl UnusualPackage {
    /// What the partner can do, in Danish.
    #[must_use]
    pub const fn danish_advice(self) -> &'static str {
        match self {
            UnusualPackage::Few { .. } => {
                "send en pakke for en længere periode, fra programmets begyndelse, som afløser de kortere; intet af denne er gemt"
            }
            UnusualPackage::Population { .. } | UnusualPackage::Cumulative { .. } => {
                "send kun jeres egne borgere i dette datasæt; er det dem, så bed styregruppen, som ser denne afvisning, om at godkende pakken, og send den igen; intet af den er gemt"
            }
        }
    }
}
