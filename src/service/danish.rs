//! Refusals in Danish: what was refused, and what to do about it. Exhaustive, so that none goes out without.

use super::{Reason, ServiceError};
use crate::consent::ConsentBatchError;
use crate::disclosure::SettlementError;
use crate::language::Spoken as _;
use crate::limits;
use crate::store::StoreError;

impl Reason {
    /// The message and the advice in Danish.
    #[must_use]
    pub const fn danish(self) -> (&'static str, &'static str) {
        match self {
            Reason::Unauthenticated => (
                "der fulgte intet gyldigt adgangstoken med",
                "send `Authorization: Bearer kobling-token-1.…` med et token, der ikke er spærret",
            ),
            Reason::ClientCertificate => (
                "dette token gælder kun over en forbindelse, der viser dets klientcertifikat",
                "brug det certifikat, driften har bundet tokenet til (`--client-cert` og `--client-key`)",
            ),
            Reason::Person => (
                "headeren Kobling-Person holder ikke et navn på en medarbejder",
                "send 1 til 32 af tegnene a-z, 0-9 og -, med færre end ti cifre: det nummer, medarbejderen har hos jer",
            ),
            Reason::Forbidden => (
                "din rolle må ikke dette",
                "spørg styregruppen, hvem der må; rollerne står i dokumentationen",
            ),
            Reason::Creation => (
                "dette er ingen oprettelse af en afsendelse med et underskrevet manifest",
                "send Upload-Length og Upload-Metadata med manifest og signature i base64 og intet indhold, eller JSON-formen; rækkerne kommer med PATCH",
            ),
            Reason::NotFound => ("her er intet til dig", "se efter adressen og id'et"),
            Reason::Method => ("adressen tager ikke denne metode", "se /v1/openapi.json"),
            Reason::Body => (
                "indholdet er ikke den JSON, der ventes her",
                "se felterne i /v1/openapi.json; andre tages ikke",
            ),
            Reason::Query => (
                "adressens forespørgsel er ikke en, der tages her",
                "se i /v1/openapi.json, hvad der kan stå efter spørgsmålstegnet",
            ),
            Reason::Day => ("dette er ingen dag mellem 1850 og 2199", "skriv den som 2022-12-31"),
            Reason::Period => (
                "dette er ingen række af hele kvartaler mellem 1850 og 2199",
                "skriv det første og det sidste: 2022-Q1..2022-Q4",
            ),
            Reason::TooLarge => ("indholdet er for stort", "send det i flere dele"),
            Reason::TusVersion => {
                ("headeren Tus-Resumable mangler eller er ikke 1.0.0", "brug en klient til tus 1.0")
            }
            Reason::ContentType => (
                "indholdets type er ikke den, der ventes",
                "send application/offset+octet-stream for rækker, application/json for resten",
            ),
            Reason::OffsetHeader => (
                "headeren Upload-Offset mangler eller er ikke et tal",
                "spørg først med HEAD, hvor langt den er nået",
            ),
            Reason::Offset => (
                "afsendelsen er ikke nået dertil",
                "spørg med HEAD, hvor langt den er nået, og fortsæt derfra",
            ),
            Reason::ChecksumForm => (
                "headeren Upload-Checksum nævner ingen metode, der kendes her",
                "brug sha256 eller sha1, og så summen i base64",
            ),
            Reason::Checksum => (
                "det, der kom, har ikke den kontrolsum, der fulgte med",
                "send det igen fra det sted, HEAD angiver; hele blokke, der passer til manifestet, er gemt",
            ),
            Reason::Busy => (
                "andre af jeres forespørgsler er i gang med denne afsendelse",
                "vent, til de er færdige, og spørg så, hvor langt den er nået",
            ),
            Reason::Incomplete => ("afsendelsen er ikke hel", "send resten, og spørg så igen"),
            Reason::Gone => ("afsendelsen er opgivet, afvist, udløbet eller taget tilbage", "begynd en ny"),
            Reason::ConsentSignature | Reason::FollowupSignature => (
                "headeren Kobling-Signature mangler eller er ikke af nogen af jeres registrerede nøgler",
                "underskriv indholdet, som det sendes, med den nøgle, styregruppen har registreret",
            ),
            Reason::FollowupUnknown => {
                ("der er ingen sådan opfølgning for denne part", "spørg om det, GET /v1/followups viser")
            }
            Reason::PersonToken => (
                "tokenet er ikke en persons",
                "send det token, som `kobling` laver af et CPR-nummer eller dets erstatning",
            ),
            Reason::AccessNote => (
                "noten om, hvem der spørger, mangler, er for lang eller indeholder et CPR-nummer",
                "skriv 1 til 64 byte af jeres eget på én linje: en betegnelse for sagsbehandleren eller sagen",
            ),
            Reason::AsOfFuture => {
                ("tidspunktet ligger i fremtiden", "spørg om nu eller om et tidligere tidspunkt")
            }
            Reason::AliasToken => {
                ("et alias tager to forskellige tokens af personer", "send de to tokens som `old` og `new`")
            }
            Reason::PublicKey => (
                "dette er ikke en offentlig underskriftsnøgle",
                "send de 43 tegn, som `kobling signing-key show` viser",
            ),
            Reason::StatementOverlaps => (
                "der er før lavet en opgørelse for nogle af disse dage, og ingen betales der for to gange",
                "bed om samme periode igen, eller om en, der ikke deler nogen dag med den; GET /v1/payments viser dem",
            ),
            Reason::NoSnapshot => {
                ("der er endnu ikke forseglet noget", "spørg igen efter den første forsegling")
            }
            Reason::RoleOrganisation => {
                ("programmet giver ikke denne organisation denne rolle", "se programmets [roles] og parter")
            }
            Reason::ServiceKey => (
                "dette er ikke den tjenestenøgle, datamappen er lavet med",
                "brug den: med en anden ville intet passe med det, der er gemt",
            ),
            Reason::Restored => (
                "tjenesten er gendannet fra en sikkerhedskopi og svarer ikke, før styregruppen har frigivet den",
                "spørg igen senere; parterne afleverer deres kvitteringer, og styregruppen afgør det med `koblingd restore release`",
            ),
            Reason::ReceiptOther => (
                "en kvittering er ikke fra denne tjeneste til denne part, eller den er ændret siden",
                "aflevér de kvitteringer, tjenesten har givet jer, som de ligger i udbakken",
            ),
            Reason::ReceiptFork => (
                "en kvittering modsiger en post, som sikkerhedskopien havde: kopien er ikke af den historie, I har fået vist",
                "gem kvitteringen, og vis den til styregruppen og revisor",
            ),
            Reason::TooManyRequests => (
                "der er kommet flere forespørgsler med jeres token, end det har lov til lige nu",
                "vent så mange sekunder, som headeren Retry-After siger, og fortsæt så; spørg om mindre ad gangen",
            ),
            Reason::TooManyFailures => (
                "der fulgte intet gyldigt adgangstoken med, og heller ikke med mange før fra jeres adresse",
                "se efter, hvilket token der sendes; et rigtigt slipper ind med det samme; vent med andre, som Retry-After siger",
            ),
            Reason::LineFull => (
                "tjenesten har så meget at gøre, som den påtager sig ad gangen; intet af dette er gjort",
                "kom igen efter så mange sekunder, som headeren Retry-After siger",
            ),
            Reason::Internal => {
                ("tjenesten kunne ikke gøre dette", "prøv igen; bliver det ved, så sig det til driften")
            }
        }
    }
}

/// What stands in the way of a change, in Danish.
fn conflict(english: &str) -> Option<&'static str> {
    Some(match english {
        "a package of consents stays: send events that withdraw or invalidate them; of one of aliases, ask the steward to reject what waits" => {
            "en pakke med samtykker bliver: send hændelser, der trækker dem tilbage eller gør dem ugyldige; er det en med aliasser, så bed styregruppen om at afvise det, der venter"
        }
        "too many proposed aliases wait; ask the steward to decide on them, and send this again" => {
            "for mange foreslåede aliasser venter; bed styregruppen om at afgøre dem, og send dette igen"
        }
        "this alias is approved, and stays" => "dette alias er godkendt og bliver",
        "this is a complete package; withdraw it instead" => {
            "dette er en hel pakke; tag den i stedet tilbage (withdraw)"
        }
        "this is no complete package; give the upload up with DELETE" => {
            "dette er ikke en hel pakke; opgiv afsendelsen med DELETE"
        }
        "not so many referrals are held; look at the volumes again" => {
            "så mange henvisninger holdes ikke tilbage; se på tallene igen"
        }
        "another seal came first; seal again" => "en anden forsegling kom først; forsegl igen",
        "a package was withdrawn while it was being sealed; seal again" => {
            "en pakke blev taget tilbage, mens den blev forseglet; forsegl igen"
        }
        "the upload changed while rows of it were erased" => {
            "afsendelsen ændrede sig, mens dens rækker blev slettet"
        }
        "the snapshot changed while rows of it were erased" => {
            "øjebliksbilledet ændrede sig, mens dets rækker blev slettet"
        }
        "nothing is held; it was released before" => "intet holdes tilbage; det er frigivet før",
        "what is missing is not what was seen; look again" => {
            "det, der mangler, er ikke det, der blev set; se igen"
        }
        "the database is being read; try again" => "databasen læses lige nu; prøv igen",
        "these are the same token already" => "det er samme token i forvejen",
        "this upload is no longer open" => "denne afsendelse er ikke længere åben",
        "too many uploads are open; finish some, or give them up with DELETE" => {
            "for mange afsendelser er åbne; gør nogle færdige, eller opgiv dem med DELETE"
        }
        "a statement was made for these days before" => "der er før lavet en opgørelse for disse dage",
        "this key was revoked; the partner makes a new one" => "denne nøgle er spærret; parten laver en ny",
        "there is, or was, a principal of this id; choose another" => {
            "der er, eller var, en adgang med dette id; vælg et andet"
        }
        "this principal signs in through the identity provider and has no token" => {
            "denne person logger ind gennem identitetstjenesten og har intet adgangstoken"
        }
        "this principal has as many tokens as it may have; rotate without an overlap, or wait until one ends" => {
            "denne adgang har så mange adgangstokens, den må have; skift uden overlap, eller vent, til et udløber"
        }
        "this token is revoked already" => "dette adgangstoken er spærret i forvejen",
        "this principal is revoked" => "denne adgang er spærret",
        "this principal is revoked already" => "denne adgang er spærret i forvejen",
        "this principal is bound to this certificate already" => {
            "denne adgang er bundet til dette certifikat i forvejen"
        }
        "a programme is in force already" => "der gælder et program i forvejen",
        _ => return None,
    })
}

impl ServiceError {
    /// The message and the advice in Danish. Tells no more than [`ServiceError::public_message`].
    #[must_use]
    pub fn danish(&self) -> (String, &'static str) {
        let owned = |reason: Reason| (reason.danish().0.to_owned(), reason.danish().1);
        match self.code() {
            "disk-full" => {
                return (
                    "tjenesten har ikke mere plads".to_owned(),
                    "sig det til driften; intet, der er kvitteret for, er tabt; send det igen senere",
                );
            }
            "clock" => return ("tjenestens ur går forkert".to_owned(), "bed driften stille uret"),
            "memory" => {
                return (
                    "spørgsmålet læser mere, end tjenesten må have i hukommelsen".to_owned(),
                    "sig det til driften, hvis log siger, hvor meget det fylder; eller spørg om mindre",
                );
            }
            _ => {}
        }
        match self {
            ServiceError::Store(StoreError::NoSuch(_)) => {
                ("det, der spørges efter, er her ikke".to_owned(), Reason::NotFound.danish().1)
            }
            ServiceError::Store(StoreError::Conflict(english)) => {
                let words = conflict(english).unwrap_or("det kan ikke lade sig gøre, som tingene står");
                (words.to_owned(), "se, hvordan tingene står, og beslut så igen")
            }
            ServiceError::Store(StoreError::Consent { refusal, index }) => (
                format!("hændelse {} af dem, der skulle registreres: {}", index + 1, refusal.danish()),
                refusal.danish_advice(),
            ),
            ServiceError::Intake(refusal) => (refusal.danish(), refusal.danish_advice()),
            ServiceError::ConsentBatch(error) => {
                let title = match error {
                    ConsentBatchError::Malformed { line, column } => format!(
                        "linje {line}, kolonne {column}: ikke en samling af samtykker; docs/CONSENT.md har felter og koder, og andre tages ikke"
                    ),
                    ConsentBatchError::TooMany => {
                        format!("flere end {} samtykker på én gang; send dem i flere", limits::MAX_CONSENT_BATCH)
                    }
                    ConsentBatchError::Empty => "samlingen har ingen samtykker".to_owned(),
                };
                (title, "ret samlingen, og send den som helhed; intet af den er registreret")
            }
            ServiceError::ConsentKey { found, expected } => (
                format!("disse tokens er lavet med nøgle {found}, og programmet venter {expected}"),
                "bed nøgleforvalteren om den nøgle, programmet venter; intet er registreret",
            ),
            ServiceError::Consent { index, refusal } => (
                format!("samtykke {} i samlingen: {}", index + 1, refusal.danish()),
                refusal.danish_advice(),
            ),
            ServiceError::Lookup(refusal) => (refusal.danish(), refusal.danish_advice()),
            ServiceError::LookupQuota { per_day, free_at } => (
                format!(
                    "en dag har {per_day} opslag i denne opfølgning, og så mange er der ikke tilbage; det er der igen {free_at}"
                ),
                "spørg igen næste dag (UTC), eller om færre; styregruppen kan hæve tallet i programmet",
            ),
            ServiceError::Ask(refusal) => {
                (refusal.danish(), "spørg om det, der er registreret; GET /v1/questions viser det")
            }
            ServiceError::Settlement(SettlementError::Few) => (
                "for få er indskrevet i perioden til noget tal; spørg om en længere".to_owned(),
                TERMS,
            ),
            ServiceError::Settlement(SettlementError::NotPermitted) => (
                "en nøjagtig opgørelse kræver, at alle med rækker i perioden tillader betaling, og det gør ikke alle; brug kontraktens form med intervaller (`banded`)".to_owned(),
                TERMS,
            ),
            ServiceError::NotDue { due, sealed } => (
                format!(
                    "opgørelsen kan laves fra et øjebliksbillede af {due} eller senere, når det sidste vindue er slut for alle; data er forseglet {sealed}"
                ),
                "spørg igen efter en forsegling den dag eller senere",
            ),
            ServiceError::Seal(error) => (
                format!("forseglingen blev ikke til noget: {error}"),
                "se, hvad der er galt med den nævnte fil, og forsegl igen",
            ),
            ServiceError::Refused(reason) => owned(*reason),
            ServiceError::Store(_)
            | ServiceError::Settlement(SettlementError::Form)
            | ServiceError::Erase(_)
            | ServiceError::Load(_)
            | ServiceError::Key(_)
            | ServiceError::Io(_)
            | ServiceError::Count(_)
            | ServiceError::Release(_)
            | ServiceError::Rules(_) => owned(Reason::Internal),
        }
    }
}

/// What to do where a contract cannot be settled.
const TERMS: &str = "se kontraktens vilkår i programmet, og tal med styregruppen";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_reason_has_danish_words_of_its_own() {
        for reason in Reason::ALL {
            let (title, advice) = reason.danish();
            assert!(!title.is_empty() && title != reason.to_string(), "{reason:?}");
            assert!(advice == "se /v1/openapi.json" || advice != reason.advice(), "{reason:?}");
        }
    }

    /// Every text of a conflict in the source, whatever file it stands in.
    #[test]
    fn every_conflict_has_danish_words() {
        fn texts(folder: &Path, to: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry")) {
                let path = entry.path();
                if path.is_dir() {
                    texts(&path, to);
                } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                    let text = std::fs::read_to_string(&path).expect("readable");
                    let after = text.split(concat!("Conf", "lict(")).skip(1).map(str::trim_start);
                    let quoted = after.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
                    to.extend(quoted.map(str::to_owned));
                }
            }
        }
        let mut found = Vec::new();
        texts(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
        assert!(found.len() > 12, "{found:?}");
        for text in found {
            assert!(conflict(&text).is_some(), "no Danish for: {text}");
        }
    }

    #[test]
    fn what_is_wrong_inside_stays_inside_in_danish_too() {
        let error = ServiceError::Load(crate::snapshot::LoadError::OverLimit { needed: 123_456, limit: 1 });
        assert!(!error.danish().0.contains("123456") && error.danish().0.contains("hukommelsen"));
        let error = ServiceError::Io(std::io::Error::other("/secret/path"));
        assert_eq!(error.danish().0, Reason::Internal.danish().0);
    }
}
