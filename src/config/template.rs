//! A new `kobling.toml`, with a comment at every field.

use std::path::PathBuf;

use crate::clock::Period;
use crate::key::VerifyingKey;
use crate::language::Language;
use crate::name::{DatasetId, PartnerId};

/// What is known when the file is made; the rest stands in it as comments.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// Who the partner is.
    pub partner: Option<PartnerId>,
    /// The programme definition.
    pub programme: Option<PathBuf>,
    /// Address of the service.
    pub service: Option<String>,
    /// The service's public key.
    pub service_public: Option<VerifyingKey>,
    /// Certificates that are trusted.
    pub authority: Option<PathBuf>,
    /// File with the bearer token.
    pub token_file: Option<PathBuf>,
    /// File with the linkage key.
    pub linkage_key: Option<PathBuf>,
    /// File with the signing key.
    pub signing_key: Option<PathBuf>,
    /// Datasets that the partner hands over, with the programme's quarters.
    pub datasets: Vec<(DatasetId, Period)>,
}

/// A TOML string: in single quotation marks where it can be, so that a path of Windows stands as it is.
fn quoted(text: &str) -> String {
    if !text.contains(['\'', '\n', '\r']) && text.contains(['\\', '"']) {
        return format!("'{text}'");
    }
    toml::Value::String(text.to_owned()).to_string()
}

impl Template {
    /// The file's text, with comments in a language.
    #[must_use]
    pub fn write(&self, language: Language) -> String {
        let da = |da: &'static str, en: &'static str| language.choose(da, en);
        let mut text = String::new();
        text += da(
            "# kobling.toml: det som kommandoerne ellers skal have hver gang. Stier regnes fra denne fil.\n# Her står ingen hemmeligheder: nøgler og adgangstoken ligger i filer for sig, som kun du kan læse.\n\n",
            "# kobling.toml: what the commands otherwise need every time. Paths start where this file lies.\n# No secrets here: keys and bearer tokens lie in files of their own that you alone can read.\n\n",
        );
        let mut field = |name: &str, value: Option<String>, example: &str, about: &str| {
            let line = value.as_deref().map_or_else(
                || format!("# {name} = {}", quoted(example)),
                |value| format!("{name} = {}", quoted(value)),
            );
            text += &format!("# {about}\n{line}\n");
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        field(
            "partner",
            self.partner.as_ref().map(ToString::to_string),
            "partner-id",
            da("Hvem I er i programmet.", "Who you are in the programme."),
        );
        field(
            "programme",
            path(&self.programme),
            "programme.toml",
            da("Programmets definition, fra styregruppen.", "The programme definition, from the steward."),
        );
        field(
            "service",
            self.service.clone(),
            "https://kobling.example",
            da("Tjenestens adresse.", "Address of the service."),
        );
        field(
            "service_public",
            self.service_public.map(|key| key.to_string()),
            "43 tegn / characters",
            da(
                "Tjenestens offentlige nøgle: sammenlign dens fingeraftryk i telefonen. Med den efterprøves kvitteringer.",
                "The service's public key: compare its fingerprint on the telephone. Receipts are verified with it.",
            ),
        );
        field(
            "authority",
            path(&self.authority),
            "authority.pem",
            da(
                "Kun hvor tjenesten har sit eget certifikat.",
                "Only where the service has a certificate of its own.",
            ),
        );
        field(
            "client_certificate",
            None,
            "client.pem",
            da(
                "Kun hvor tjenesten kræver et klientcertifikat; dets nøgle er client_key.",
                "Only where the service demands a client certificate; its key is client_key.",
            ),
        );
        field(
            "client_key",
            None,
            "client.key",
            da("Klientcertifikatets private nøgle.", "The client certificate's private key."),
        );
        field(
            "token_file",
            path(&self.token_file),
            "partner.token",
            da("Filen med adgangstokenet.", "The file with the bearer token."),
        );
        field(
            "linkage_key",
            path(&self.linkage_key),
            "linkage.key",
            da("Filen med koblingsnøglen.", "The file with the linkage key."),
        );
        field(
            "signing_key",
            path(&self.signing_key),
            "signing.key",
            da("Filen med jeres underskriftsnøgle.", "The file with your signing key."),
        );
        field("language", Some(language.tag().to_owned()), "da", da("da eller en.", "da or en."));
        field(
            "outbox",
            None,
            super::OUTBOX,
            da(
                "Mappen til pakker, rapporter og kvitteringer.",
                "The folder of packages, reports and receipts.",
            ),
        );
        text += da(
            "# Om en pakkes rækker bliver liggende, når kvitteringen er her. De er personoplysninger.\n# keep_packages = false\n",
            "# Whether the rows of a package stay once its receipt is there. They are personal data.\n# keep_packages = false\n",
        );
        text += da(
            "\n# Hvert datasæt, som `kobling send` sender. period: \"programme\", \"last-closed-quarter\" eller kvartaler.\n# Flere felter: mapping, encoding, separator, decimal = \"comma\" eller \"point\", repair_leading_zero.\n",
            "\n# Each dataset that `kobling send` sends. period: \"programme\", \"last-closed-quarter\" or quarters.\n# More fields: mapping, encoding, separator, decimal = \"comma\" or \"point\", repair_leading_zero.\n",
        );
        if self.datasets.is_empty() {
            text += "# [[send]]\n# dataset = \"dataset-id\"\n# file = \"dataset-id.csv\"\n# period = \"programme\"\n# max_rejected = \"0.5%\"\n";
        }
        for (dataset, period) in &self.datasets {
            text += &format!(
                "\n[[send]]\ndataset = \"{dataset}\"\nfile = \"{dataset}.csv\"\n# {period}\nperiod = \"programme\"\nmax_rejected = \"0.5%\"\n"
            );
        }
        text
    }
}
