//! What this room says in Danish.

use super::file::{KeyFileError, Kind};
#[cfg(feature = "partner")]
use super::handover::{HandoverError, IdentityFault, Place, RecipientFault};
use super::linkage::KeyIdError;
use super::private::{Doing, PrivateFileError};
#[cfg(not(target_family = "wasm"))]
use super::share::{ShareError, list};
use super::signing::SigningTextError;
use crate::language::Spoken;
#[cfg(not(target_family = "wasm"))]
use crate::limits;

impl Spoken for PrivateFileError {
    fn danish(&self) -> String {
        match self {
            PrivateFileError::Io { path, doing: Doing::Read, .. } => {
                format!("{}: kan ikke læses", path.display())
            }
            PrivateFileError::Io { path, doing: Doing::Written, .. } => {
                format!("{}: kan ikke skrives", path.display())
            }
            PrivateFileError::Exists(path) => format!(
                "{}: findes allerede, og en hemmelighed skrives aldrig over; angiv navnet på en ny fil",
                path.display()
            ),
            PrivateFileError::Open(path) => format!(
                "{}: andre end du kan læse denne fil; kør `chmod 600` på den, og overvej, hvem der har læst den",
                path.display()
            ),
            PrivateFileError::Folder(path) => format!(
                "{}: andre end du kan ændre, hvad der ligger i mappen; kør `chmod go-w` på den, hvis den er din, eller nævn en ny mappe",
                path.display()
            ),
            PrivateFileError::Large { path, most } => {
                format!("{}: for stor, højst {most} byte er ventet; er det den rigtige fil?", path.display())
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            PrivateFileError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Spoken for KeyFileError {
    fn danish(&self) -> String {
        match self {
            KeyFileError::File(error) => error.danish(),
            KeyFileError::Absent { path, kind } => format!(
                "{}: indeholder ingen {}; ventet er én linje, der begynder med `{}:`",
                path.display(),
                kind.danish(),
                kind.prefix(false)
            ),
            KeyFileError::OtherKind { path, found, wanted } => format!(
                "{}: dette er en {}, og her skal bruges en {}",
                path.display(),
                found.danish(),
                wanted.danish()
            ),
            KeyFileError::Damaged(path) => format!(
                "{}: nøglen er beskadiget (kontrolsummen passer ikke); kopiér hele filen igen",
                path.display()
            ),
            KeyFileError::ExampleKey(path) => format!(
                "{}: dette er en offentliggjort eksempelnøgle, som ikke beskytter nogen; lav jeres egen med `kobling key new`, eller angiv --allow-example-key, hvis det er en øvelse",
                path.display()
            ),
            KeyFileError::Contradiction { path, field } => format!(
                "{}: linjen `# {field}: …` passer ikke til nøglen i filen; kopiér hele filen igen",
                path.display()
            ),
            KeyFileError::OtherProgramme { path, found, wanted } => format!(
                "{}: nøglen er lavet til programmet {found}, og der er brug for {wanted}",
                path.display()
            ),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            KeyFileError::File(error) => error.because(),
            _ => None,
        }
    }
}

impl Kind {
    const fn danish(self) -> &'static str {
        match self {
            Kind::Linkage => "koblingsnøgle",
            Kind::Signing => "underskriftsnøgle",
            Kind::Service => "tjenestenøgle",
            Kind::Share => "del af en koblingsnøgle",
        }
    }
}

impl Spoken for KeyIdError {
    fn danish(&self) -> String {
        "et nøgle-id er 16 hexadecimale tegn med små bogstaver".to_owned()
    }
}

impl Spoken for SigningTextError {
    fn danish(&self) -> String {
        match self {
            SigningTextError::Key => "en offentlig nøgle er 43 tegn base64url".to_owned(),
            SigningTextError::Signature => "en underskrift er 86 tegn base64url".to_owned(),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl Spoken for ShareError {
    fn danish(&self) -> String {
        match self {
            ShareError::Numbers { needed, of } => format!(
                "{needed} af {of} dele kan ikke lade sig gøre: mindst 2 skal være nødvendige, højst så mange, som der er, og der laves højst {}",
                limits::MAX_KEY_SHARES
            ),
            ShareError::File(error) => error.danish(),
            ShareError::None => "der er ikke angivet nogen del".to_owned(),
            ShareError::TooFew { needed, of, given, missing } => format!(
                "for få dele: {needed} af {of} er nødvendige, og her er {} ({}); hent {} mere af {}",
                given.len(),
                list(given, "og"),
                needed.saturating_sub(u8::try_from(given.len()).unwrap_or(u8::MAX)),
                list(missing, "eller")
            ),
            ShareError::Repeated { first, second, number } => format!(
                "{} og {} er den samme del, nummer {number}; angiv hver del én gang",
                first.display(),
                second.display()
            ),
            ShareError::OtherSplit { first, second } => format!(
                "{} og {} er ikke fra samme opdeling: en nøgle, der deles to gange, giver to sæt dele, og dele fra forskellige sæt passer ikke sammen; sammenlign linjen `# split:` i filerne",
                first.display(),
                second.display()
            ),
            ShareError::OtherKey { key_id } => format!(
                "delene giver en anden nøgle end den, de er dele af ({key_id}); intet er skrevet. Mindst én er ændret: prøv andre dele"
            ),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ShareError::File(error) => error.because(),
            _ => None,
        }
    }
}

#[cfg(feature = "partner")]
impl Spoken for HandoverError {
    fn danish(&self) -> String {
        match self {
            HandoverError::File(error) => error.danish(),
            HandoverError::Key(error) => error.danish(),
            HandoverError::NoRecipients => {
                "ingen modtager: angiv mindst én med `--to`, en tekst age1… eller en fil med én pr. linje"
                    .to_owned()
            }
            HandoverError::ManyRecipients => {
                format!("flere end {} modtagere; er det den rigtige fil?", limits::MAX_RECIPIENTS)
            }
            HandoverError::Repeated { recipient } => {
                format!(
                    "{recipient} er angivet to gange: to parter har aldrig samme modtager; spørg dem igen"
                )
            }
            HandoverError::Recipient { place, why } => format!("{}: {}", place.danish(), why.danish()),
            HandoverError::Identity { path, why } => format!("{}: {}", path.display(), why.danish()),
            HandoverError::NotWrapped(path) => format!(
                "{}: ikke en fil fra age: hverken `age-encryption.org/` eller `-----BEGIN AGE ENCRYPTED FILE-----` står i den; kopiér hele teksten fra mailen med første og sidste linje",
                path.display()
            ),
            HandoverError::Passphrase(path) => format!(
                "{}: krypteret med en adgangskode, og det bruges ikke her: den, der har filen, kan prøve adgangskoder. Bed nøgleforvalteren om at pakke nøglen ind til jeres modtager, som `kobling key recipient --show` viser",
                path.display()
            ),
            HandoverError::NotForYou(path) => format!(
                "{}: ikke krypteret til denne identitet; send nøgleforvalteren den modtager, som `kobling key recipient --show` viser",
                path.display()
            ),
            HandoverError::Damaged(path) => format!(
                "{}: beskadiget: skåret over eller ændret, siden den blev krypteret; kopiér den hele igen",
                path.display()
            ),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            HandoverError::File(error) => error.because(),
            HandoverError::Key(error) => error.because(),
            _ => None,
        }
    }
}

#[cfg(feature = "partner")]
impl Place {
    fn danish(&self) -> String {
        match self {
            Place::Argument(at) => format!("--to nummer {at}"),
            Place::Line(path, line) => format!("{}, linje {line}", path.display()),
        }
    }
}

#[cfg(feature = "partner")]
impl RecipientFault {
    const fn danish(self) -> &'static str {
        match self {
            RecipientFault::Ssh => {
                "en SSH-nøgle, og den bruges ikke: den er lavet til noget andet. Bed parten køre `kobling key recipient --out identity.age` og sende linjen age1…"
            }
            RecipientFault::Secret => {
                "en hemmelig identitet, ikke en modtager: den, der har sendt den, har givet den væk. Bed om en ny modtager, lavet med `kobling key recipient --out identity.age`"
            }
            RecipientFault::Plugin => {
                "en modtager fra et plugin eller af en anden slags, som ikke bruges; bed om en, der er lavet med `kobling key recipient --out identity.age`"
            }
            RecipientFault::Text => {
                "ingen modtager: age1 og 58 bogstaver og cifre er ventet; kopiér den hele igen"
            }
        }
    }
}

#[cfg(feature = "partner")]
impl IdentityFault {
    const fn danish(self) -> &'static str {
        match self {
            IdentityFault::None => {
                "indeholder ingen identitet: en linje, der begynder med AGE-SECRET-KEY-1, er ventet; lav en med `kobling key recipient --out identity.age`"
            }
            IdentityFault::Encrypted => {
                "identiteten er selv krypteret; dekryptér den med `age -d` til en fil, som kun du kan læse, og slet den bagefter"
            }
            IdentityFault::OtherType => {
                "en SSH-nøgle eller en identitet fra et plugin, som ikke bruges; lav en med `kobling key recipient --out identity.age`"
            }
            IdentityFault::Text => "identiteten er beskadiget; kopiér hele filen igen",
        }
    }
}
