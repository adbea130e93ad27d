//! Policy about consent: purposes and who they are for, notices, delays; and what contradicts itself.

use sha2::Digest as _;
use toml::Spanned;

use super::super::model::{BasisKind, ConsentPolicy, Notice, Partner, Programme, Purpose};
use super::super::question::Audience;
use super::super::raw;
use super::Checker;
use crate::name::OrganisationId;

const DEFAULT_ERASURE_DAYS: u32 = 30;
const DEFAULT_LAPSED_DAYS: u32 = 90;
const DEFAULT_OWN_CONSENT_AGE: u8 = 15;
/// Longest that a consent to hand over data on offences (databeskyttelsesloven § 8, stk. 2, nr. 1) may hold: a limit of our
/// own, as neither that law nor forvaltningsloven § 28 sets one today.
pub(super) const MOST_OFFENCE_DAYS: u32 = 365;
/// A quarter at its longest.
const QUARTER_DAYS: u32 = 92;

impl Checker<'_> {
    pub(super) fn consent(&mut self, raw: &raw::Consent) -> ConsentPolicy {
        let erasure_days = raw.erasure_days.as_ref().map_or(DEFAULT_ERASURE_DAYS, |days| {
            if !(1..=90).contains(days.get_ref()) {
                self.wrong(days.span(), "consent.erasure_days", "1 to 90 days are allowed");
            }
            *days.get_ref()
        });
        let lapsed_days = raw.lapsed_days.as_ref().map_or(DEFAULT_LAPSED_DAYS, |days| {
            if *days.get_ref() > 366 {
                self.wrong(days.span(), "consent.lapsed_days", "0 to 366 days are allowed");
            }
            *days.get_ref()
        });
        let own_consent_age = raw.own_consent_age.as_ref().map_or(DEFAULT_OWN_CONSENT_AGE, |age| {
            if !(10..=18).contains(age.get_ref()) {
                self.wrong(age.span(), "consent.own_consent_age", "an age of 10 to 18 is expected");
            }
            *age.get_ref()
        });
        ConsentPolicy { erasure_days, lapsed_days, own_consent_age }
    }

    pub(super) fn purposes(
        &mut self,
        raw: Vec<raw::Purpose>,
        roles: &raw::Roles,
        partners: &[Partner],
    ) -> Vec<Purpose> {
        self.unique("purpose", raw.iter().map(|p| (p.id.get_ref().clone(), p.id.span())));
        let asking = roles.evaluators.iter().chain(&roles.payers).map(|o| o.id.get_ref().clone());
        let mut asking: Vec<OrganisationId> = asking.collect();
        asking.sort_unstable();
        asking.dedup();
        let mut purposes = Vec::new();
        for purpose in raw {
            let field = format!("purpose.{}.recipients", purpose.id.get_ref());
            let recipients = match &purpose.recipients {
                None => asking.clone(),
                Some(named) => {
                    let partner = partners.iter().map(|partner| OrganisationId::from(partner.id.clone()));
                    let known: Vec<OrganisationId> = asking.iter().cloned().chain(partner).collect();
                    for recipient in named {
                        let what = "evaluator, payer or partner";
                        self.resolve(recipient, &field, what, known.iter().cloned());
                    }
                    if named.is_empty() {
                        self.wrong(purpose.id.span(), &field, "a purpose is for somebody: name a recipient");
                    }
                    named.iter().map(|recipient| recipient.get_ref().clone()).collect()
                }
            };
            purposes.push(Purpose {
                id: purpose.id.into_inner(),
                title: purpose.title,
                recipients,
                statistical: purpose.statistical,
            });
        }
        purposes
    }

    pub(super) fn notices(&mut self, raw: Vec<raw::Notice>, purposes: &[Purpose]) -> Vec<Notice> {
        self.unique(
            "notice",
            raw.iter()
                .map(|n| (format!("{} {} {}", n.id.get_ref(), n.version, n.language.get_ref()), n.id.span())),
        );
        let mut notices = Vec::new();
        for notice in raw {
            let field = format!("notice.{}", notice.id.get_ref());
            if !matches!(notice.language.get_ref().as_str(), "da" | "en") {
                self.wrong(notice.language.span(), "notice.language", "da or en is expected");
            }
            if notice.text.trim().is_empty() {
                self.wrong(notice.id.span(), format!("{field}.text"), "a notice has the text that is shown");
            }
            let told = match &notice.purposes {
                None => purposes.iter().map(|purpose| purpose.id.clone()).collect(),
                Some(named) => {
                    for purpose in named {
                        let known = purposes.iter().map(|purpose| purpose.id.clone());
                        self.resolve(purpose, &format!("{field}.purposes"), "purpose", known);
                    }
                    named.iter().map(|purpose| purpose.get_ref().clone()).collect()
                }
            };
            let sha256 =
                sha2::Sha256::digest(notice.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            notices.push(Notice {
                id: notice.id.into_inner(),
                version: notice.version,
                language: notice.language.into_inner(),
                text: notice.text,
                sha256,
                purposes: told,
            });
        }
        notices
    }

    /// Days of a setting, in bounds.
    pub(super) fn valid_days(&mut self, days: Option<&Spanned<u32>>, field: &str, most: u32) -> Option<u32> {
        let days = days?;
        if !(1..=most).contains(days.get_ref()) {
            self.wrong(days.span(), field, format!("1 to {most} days are allowed"));
        }
        Some(*days.get_ref())
    }

    /// What each part allows and the parts together rule out.
    pub(super) fn contradictions(&mut self, programme: &Programme) {
        for purpose in &programme.purposes {
            let asked = programme.datasets.iter().flat_map(|dataset| &dataset.bases);
            let consent =
                asked.filter(|basis| basis.purpose == purpose.id).any(|b| b.kind == BasisKind::Consent);
            let told = programme.notices.iter().any(|notice| notice.purposes.contains(&purpose.id));
            if consent && !told {
                let message =
                    "rows rest on consent to this purpose, and no notice tells of it: nobody could say yes";
                self.wrong(0..0, format!("purpose.{}", purpose.id), message);
            }
        }
        for question in &programme.questions {
            let Some(purpose) = programme.purpose(&question.purpose) else { continue };
            let mut asking =
                programme.evaluators.iter().map(|organisation| &organisation.id).collect::<Vec<_>>();
            if question.audience == Audience::Payers {
                asking.extend(programme.payers.iter().map(|organisation| &organisation.id));
            }
            let nobody = !asking.iter().any(|organisation| purpose.recipients.contains(organisation));
            if nobody && !asking.is_empty() {
                let message = format!("nobody who may ask it is a recipient of the purpose {}", purpose.id);
                self.wrong(0..0, format!("question.{}.purpose", question.id), message);
            }
        }
        let least = QUARTER_DAYS + u32::from(programme.closing_days);
        for dataset in &programme.datasets {
            if dataset.retention_days.is_some_and(|days| days <= least) {
                let message = format!(
                    "rows would be erased before their quarter may be asked about: keep them for more than {least} days"
                );
                self.wrong(0..0, format!("dataset.{}.retention_days", dataset.id), message);
            }
        }
    }
}
