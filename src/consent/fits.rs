//! What an event says, held against the programme and its sender: what is unknown is refused, never ignored.
//!
//! The partner's tools and the service ask the same function, so that nothing leaves that would not be taken.

use super::event::{ConsentEvent, LegalBasis};
use super::refusal::ConsentRefusal;
use crate::programme::{Basis, BasisKind, Programme};

impl LegalBasis {
    /// Whether a yes of this kind is enough for rows under a basis.
    const fn carries(self, basis: &Basis) -> bool {
        match self {
            LegalBasis::OffencesConsent => true,
            LegalBasis::ExplicitConsent => !basis.offences,
            LegalBasis::Consent => !basis.offences && !basis.special_categories,
        }
    }
}

impl ConsentEvent {
    /// Holds the event against the programme and the partner at position `source`. A deny is held to names that are known,
    /// and to nothing else.
    ///
    /// # Errors
    /// The first [`ConsentRefusal`] that applies.
    pub fn fits(&self, programme: &Programme, source: u8) -> Result<(), ConsentRefusal> {
        use ConsentRefusal as Refusal;
        let must = |holds: bool, refusal: Refusal| if holds { Ok(()) } else { Err(refusal) };
        for purpose in &self.purposes {
            must(programme.purpose(purpose).is_some(), Refusal::Purpose)?;
        }
        for recipient in &self.recipients {
            let known = programme.evaluators.iter().chain(&programme.payers).any(|o| o.id == *recipient)
                || programme.partners.iter().any(|p| p.id.as_str() == recipient.as_str());
            must(known, Refusal::Recipient)?;
        }
        for dataset in &self.datasets {
            let own = programme.dataset(dataset).is_some_and(|(_, d)| d.partners.contains(&source));
            must(own, Refusal::Dataset)?;
        }
        let shown = programme.notices.iter().find(|notice| {
            notice.id == self.notice.id
                && notice.version.to_string() == self.notice.version
                && notice.language == self.notice.language
                && notice.sha256 == self.notice.sha256
        });
        let shown = shown.ok_or(Refusal::UnknownNotice)?;
        if !self.kind.is_permit() {
            return Ok(());
        }
        must(self.purposes.iter().all(|purpose| shown.purposes.contains(purpose)), Refusal::NoticePurpose)?;
        for recipient in &self.recipients {
            let asked = self.purposes.iter().filter_map(|purpose| programme.purpose(purpose));
            let told = asked.into_iter().any(|purpose| purpose.recipients.contains(recipient));
            must(told, Refusal::RecipientPurpose)?;
        }
        let own = programme.datasets.iter().filter(|dataset| dataset.partners.contains(&source));
        let covered = own.filter(|dataset| self.datasets.is_empty() || self.datasets.contains(&dataset.id));
        let bases = covered.flat_map(|dataset| &dataset.bases);
        let weak = bases
            .filter(|basis| basis.kind == BasisKind::Consent && self.purposes.contains(&basis.purpose))
            .any(|basis| !self.legal_basis.carries(basis));
        must(!weak, Refusal::WeakBasis)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::event::tests::{read, sound};
    use super::*;

    fn programme() -> Programme {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        Programme::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is said of the sound event, sent by a partner, with fields changed.
    fn with(partner: &str, changes: &[(&str, Value)]) -> Result<(), ConsentRefusal> {
        let programme = programme();
        let notice = &programme.notices[0];
        let mut json = sound();
        json["notice"] = json!({ "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256,
            "language": notice.language });
        for (pointer, value) in changes {
            match json.pointer_mut(pointer) {
                Some(field) => *field = value.clone(),
                None => json[&pointer[1..]] = value.clone(),
            }
        }
        let source = programme.source(&partner.parse().expect("a name")).expect("a partner");
        read(json).expect("an event that can be read").fits(&programme, source)
    }

    #[test]
    fn each_misfit_has_its_refusal() {
        use ConsentRefusal as Refusal;
        assert_eq!(with("lokk", &[]), Ok(()));
        for (pointer, value, refusal) in [
            ("/purposes", json!(["marketing"]), Refusal::Purpose),
            ("/recipients", json!(["nobody"]), Refusal::Recipient),
            ("/datasets", json!(["politi-opsporing"]), Refusal::Dataset),
            ("/notice/version", json!("9"), Refusal::UnknownNotice),
            ("/notice/sha256", json!("0f".repeat(32)), Refusal::UnknownNotice),
            ("/recipients", json!(["vive", "lokk"]), Refusal::RecipientPurpose),
            ("/legal_basis", json!("consent"), Refusal::WeakBasis),
        ] {
            assert_eq!(with("lokk", &[(pointer, value)]), Err(refusal), "{pointer}");
        }
    }

    #[test]
    fn a_notice_tells_of_the_purposes_of_a_yes() {
        let programme = programme();
        let of_follow_up = programme.notices.iter().find(|n| n.id.as_str() == "samtykke-opfoelgning");
        let notice = of_follow_up.expect("a notice");
        let shown = json!({ "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256,
            "language": notice.language });
        let follow_up = [
            ("/notice", shown.clone()),
            ("/purposes", json!(["follow-up"])),
            ("/recipients", json!(["frederiksberg"])),
        ];
        assert_eq!(with("lokk", &follow_up), Ok(()));
        assert_eq!(with("lokk", &[("/notice", shown.clone())]), Err(ConsentRefusal::NoticePurpose));
        // A deny stops all the same.
        assert_eq!(with("lokk", &[("/notice", shown), ("/kind", json!("withdrawn"))]), Ok(()));
    }

    #[test]
    fn rows_about_offences_need_a_yes_that_says_so() {
        let police = "koebenhavns-politi";
        let basis = |word: &str| with(police, &[("/legal_basis", json!(word))]);
        assert_eq!(basis("consent"), Err(ConsentRefusal::WeakBasis));
        assert_eq!(basis("explicit-consent"), Err(ConsentRefusal::WeakBasis));
        assert_eq!(basis("offences-consent"), Ok(()));
        // A no is a no on any ground.
        assert_eq!(with(police, &[("/kind", json!("refused")), ("/legal_basis", json!("consent"))]), Ok(()));
    }

    #[test]
    fn only_datasets_that_the_yes_covers_ask_for_a_stronger_basis() {
        // This partner's tracing rests on a task or statistics, its course of help on explicit consent.
        let weak = ("/legal_basis", json!("consent"));
        let named = |dataset: &str| with("frederiksberg", &[weak.clone(), ("/datasets", json!([dataset]))]);
        assert_eq!(named("kommune-opsporing"), Ok(()), "it does not rest on consent");
        assert_eq!(named("forloeb"), Err(ConsentRefusal::WeakBasis));
        assert_eq!(with("frederiksberg", &[weak]), Err(ConsentRefusal::WeakBasis), "none named is all");
    }
}
