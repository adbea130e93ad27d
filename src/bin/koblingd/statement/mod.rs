//! The statement of the pseudonymisation domain: who holds which secret, what rests on which basis, who gets what, how
//! long it is kept. Written from the programme in force and the store; nothing in it is typed in by hand.
//!
//! The word is that of the European Data Protection Board's Guidelines 01/2025 on Pseudonymisation (version for public
//! consultation, 16 January 2025). Must never hold: a key, a bearer token or its digest, a path outside the data folder,
//! a count of persons or rows. The same state and day give the same bytes.

mod data;
mod domain;
mod page;
mod running;

use kobling::audit::ChainHead;
use kobling::clock::Day;
use kobling::digest::Sha256Hex;
use kobling::disclosure::Rules;
use kobling::key::{Fingerprint, KeyId};
use kobling::language::Language;
use kobling::name::PartnerId;
use kobling::programme::Programme;
use kobling::service::Service;
use kobling::store::{EnrolledKey, PrincipalRow};

use crate::exit::Failure;
use page::Page;

/// What the statement is written from.
pub(crate) struct Configuration<'a> {
    programme: &'a Programme,
    rules: Rules,
    key_id: KeyId,
    service: Fingerprint,
    keys: Vec<(&'a PartnerId, Vec<EnrolledKey>)>,
    principals: Vec<PrincipalRow>,
    /// Number and day of each snapshot on disk.
    snapshots: Vec<(u32, Day)>,
    chain: ChainHead,
    day: Day,
}

impl<'a> Configuration<'a> {
    /// Reads what is in force. `chain` is the head of the chain that was found whole.
    pub(crate) fn of(service: &'a Service, chain: ChainHead) -> Result<Configuration<'a>, Failure> {
        let programme = service.programme();
        let mut keys = Vec::new();
        for partner in &programme.partners {
            keys.push((&partner.id, service.keys(&partner.id)?));
        }
        let mut principals = service.principals()?;
        principals.sort_by(|a, b| {
            let order = |row: &PrincipalRow| {
                let p = &row.principal;
                (p.role.as_str(), p.organisation.clone(), p.id.clone())
            };
            order(a).cmp(&order(b))
        });
        Ok(Configuration {
            programme,
            rules: *service.rules(),
            key_id: service.key_id(),
            service: service.verifying_key().fingerprint(),
            keys,
            principals,
            snapshots: service.snapshots()?.iter().map(|snapshot| (snapshot.id, snapshot.day)).collect(),
            chain,
            day: service.now().day(),
        })
    }

    /// The statement, in Markdown.
    pub(crate) fn statement(&self, language: Language) -> String {
        let mut page = Page::new(language);
        self.head(&mut page);
        self.domain(&mut page);
        self.roles(&mut page);
        self.secrets(&mut page);
        self.signing_keys(&mut page);
        self.principals(&mut page);
        self.purposes(&mut page);
        self.datasets(&mut page);
        self.bases(&mut page);
        self.retention(&mut page);
        self.notices(&mut page);
        self.followups(&mut page);
        self.disclosure(&mut page);
        self.places(&mut page);
        self.chain(&mut page);
        self.limits(&mut page);
        page.finish()
    }

    fn head(&self, page: &mut Page) {
        let programme = self.programme;
        let title = page::plain(page.language().of(&programme.title));
        page.title(
            &format!("Pseudonymiseringsdomæne: {title}"),
            &format!("Pseudonymisation domain: {title}"),
        );
        page.facts(&[
            ("Program", "Programme", format!("`{}`, version {}", programme.id, programme.version)),
            (
                "Definitionens SHA-256",
                "SHA-256 of the definition",
                format!("`{}`", Sha256Hex::from_bytes(programme.sha256)),
            ),
            ("Programmets periode", "Period of the programme", programme.period.to_string()),
            ("Opgjort den", "As of", self.day.to_string()),
        ]);
        if programme.made_up_numbers {
            page.say(
                "**Programmet er mærket som et med opdigtede personnumre** (`made_up_numbers`). Det må ikke bruges til rigtige personer.",
                "**The programme is marked as one of made-up identity numbers** (`made_up_numbers`). It is not for real persons.",
            );
        }
        page.say(
            "Skrevet af `koblingd doctor --statement` ud fra den gældende programdefinition og tjenestens egne registreringer. »Pseudonymiseringsdomæne« bruges som i Det Europæiske Databeskyttelsesråds retningslinjer 01/2025 om pseudonymisering (udgaven til offentlig høring af 16. januar 2025): den kreds, hvori oplysningerne ikke må kunne henføres til bestemte personer.",
            "Written by `koblingd doctor --statement` from the programme in force and the service's own records. “Pseudonymisation domain” is used as in the European Data Protection Board's Guidelines 01/2025 on Pseudonymisation (version for public consultation, 16 January 2025): the circle within which data are not to be attributable to particular persons.",
        );
    }
}

#[cfg(test)]
mod tests;
