//! What can go wrong on the way to the service, in Danish.

use super::{ClientError, NoAnswer, UploadError};
use crate::language::Spoken;

impl Spoken for ClientError {
    fn danish(&self) -> String {
        match self {
            ClientError::Address => {
                "tjenestens adresse skal begynde med https://, eller med http:// for denne maskine selv"
                    .to_owned()
            }
            ClientError::File { path, .. } => format!("{}: kan ikke læses", path.display()),
            ClientError::TokenFile(error) => error.danish(),
            ClientError::Token(path) => format!(
                "{}: der er intet adgangstoken (bearer token) i filen; der ventes én linje, som begynder med kobling-token-1.",
                path.display()
            ),
            ClientError::Certificate(path) => {
                format!("{}: der er intet certifikat i PEM-form i filen", path.display())
            }
            ClientError::ClientKey(path) => {
                format!("{}: der er ingen privat nøgle i PEM-form i filen", path.display())
            }
            ClientError::Unreachable { address, .. } => {
                format!("tjenesten på {address} kan ikke nås; er adressen rigtig, og kører tjenesten?")
            }
            ClientError::Cut => "forbindelsen blev afbrudt, før hele svaret var her; prøv igen".to_owned(),
            ClientError::Answer => {
                "tjenesten svarede noget, som ikke forstås her; er det den rigtige adresse og version?"
                    .to_owned()
            }
            ClientError::Refused { status, code, title, detail, advice, da } => {
                let mut text = match da {
                    Some(words) => words.title.clone(),
                    // The service has no Danish for it: its own words, and what stays the same over languages.
                    None => format!("tjenesten afviste det ({code}, {status}): {title}"),
                };
                if let Some(detail) = detail {
                    text += &format!(": {detail}");
                }
                let advice = da.as_ref().map_or(advice, |words| &words.advice);
                if let Some(advice) = advice {
                    text += &format!(" ({advice})");
                }
                text
            }
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            ClientError::File { source, .. } => Some(source),
            ClientError::TokenFile(error) => error.because(),
            ClientError::Unreachable { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl Spoken for NoAnswer {
    fn danish(&self) -> String {
        match &self.0 {
            ureq::Error::Io(error) => error.danish(),
            ureq::Error::HostNotFound => "der findes ingen maskine med det navn".to_owned(),
            ureq::Error::Timeout(_) => "der kom intet svar i tide".to_owned(),
            ureq::Error::ConnectionFailed => "forbindelsen kom ikke i stand".to_owned(),
            other => format!("systemet siger: {other}"),
        }
    }
}

impl Spoken for UploadError {
    fn danish(&self) -> String {
        match self {
            UploadError::Package(error) => error.danish(),
            UploadError::Client(error) => error.danish(),
            UploadError::Io(_) => "pakkens rækker kan ikke læses".to_owned(),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            UploadError::Package(_) => None,
            UploadError::Client(error) => error.because(),
            UploadError::Io(error) => Some(error),
        }
    }
}
