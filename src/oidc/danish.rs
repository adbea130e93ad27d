//! Why nobody was signed in, in Danish. Exhaustive, so that none goes out without.

use super::{RuleError, SettingsError, SignInError};
use crate::language::Spoken;

impl SignInError {
    /// The advice in Danish.
    #[must_use]
    pub const fn danish_advice(self) -> &'static str {
        match self {
            SignInError::Unreachable => {
                "prøv igen om lidt; den, der har et token, kan logge ind med det imens"
            }
            SignInError::OtherIssuer | SignInError::Signature | SignInError::Claims | SignInError::Code => {
                "prøv én gang til; sker det igen, så giv driften koden herunder"
            }
            SignInError::NotBegun => "begynd forfra fra denne side",
            SignInError::Declined => "begynd forfra, eller spørg dem, der driver jeres login",
            SignInError::Clock => "bed driften sammenligne tjenestens ur med login-tjenestens",
            SignInError::NoId | SignInError::NoRole | SignInError::SeveralRoles => {
                "spørg driften, hvilke grupper der giver hvilken rolle, og bed dem, der driver jeres login, sætte dig i én"
            }
            SignInError::Revoked => "spørg styregruppen; en spærret adgang kommer ikke igen under samme navn",
            SignInError::Taken => "spørg driften: en af de to må have et andet navn",
            SignInError::Internal => "prøv igen; sker det igen, så sig det til driften",
        }
    }
}

impl Spoken for SignInError {
    fn danish(&self) -> String {
        let words = match self {
            SignInError::Unreachable => {
                "jeres login-tjeneste kan ikke nås, eller svarer noget, der ikke forstås"
            }
            SignInError::OtherIssuer => "login-tjenesten kalder sig noget andet end det, der er sat op her",
            SignInError::NotBegun => {
                "dette login blev ikke begyndt i denne browser, er for gammelt eller er brugt allerede"
            }
            SignInError::Declined => "login-tjenesten loggede dig ikke ind",
            SignInError::Code => "login-tjenesten tog ikke imod loginets kode",
            SignInError::Signature => "det, der kom fra login-tjenesten, er ikke underskrevet af den",
            SignInError::Claims => "det, der kom fra login-tjenesten, hører ikke til dette login",
            SignInError::Clock => {
                "det, der kom fra login-tjenesten, er fra en anden tid; et af de to ure går forkert"
            }
            SignInError::NoId => "login-tjenesten siger ikke, hvem du er, i en form der tages her",
            SignInError::NoRole => "intet af det, login-tjenesten siger om dig, giver dig en rolle her",
            SignInError::SeveralRoles => {
                "det, login-tjenesten siger om dig, giver dig flere roller her, og en person har én"
            }
            SignInError::Revoked => "din adgang er spærret",
            SignInError::Taken => "det navn, login-tjenesten giver dig, er en andens her",
            SignInError::Internal => "tjenesten kunne ikke gøre dette",
        };
        words.to_owned()
    }
}

impl Spoken for SettingsError {
    fn danish(&self) -> String {
        match self {
            SettingsError::Address { field } => {
                format!(
                    "{field}: skal begynde med https://, eller med http:// for denne maskine selv, og være uden ?, # og mellemrum"
                )
            }
            SettingsError::Empty { field } => format!("{field}: må ikke være tom"),
            SettingsError::Hours => "session_hours: 1 til 8 hele timer".to_owned(),
            SettingsError::Skew => "clock_skew_seconds: 0 til 300".to_owned(),
            SettingsError::NoRules => "der er ingen [[oidc.rule]]: ingen ville få en rolle".to_owned(),
        }
    }
}

impl Spoken for RuleError {
    fn danish(&self) -> String {
        format!(
            "[[oidc.rule]] nummer {}: programmet giver ikke organisationen {} rollen {}",
            self.number, self.organisation, self.role
        )
    }
}
