//! Which of its own referrals a partner has something to do about.

use super::request::Told;
use crate::clock::Day;
use crate::programme::{Followup, StatusMeaning};

/// What belongs on the worklist. Nothing wanted: every referral that was asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Nobody is told to have reached the person so many days after the referral.
    pub not_contacted: Option<u16>,
    /// It is over, or the person did not turn up, and nobody is told to have reached them.
    pub ended_unreached: bool,
    /// The partner's own permission runs out within so many days.
    pub consent_ends: Option<u16>,
}

/// Why a referral stands on the worklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// See [`Wanted::not_contacted`].
    NotContacted,
    /// See [`Wanted::ended_unreached`].
    EndedUnreached,
    /// See [`Wanted::consent_ends`].
    ConsentEnds,
}

impl Reason {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::NotContacted => "not-contacted",
            Reason::EndedUnreached => "ended-unreached",
            Reason::ConsentEnds => "consent-ends",
        }
    }
}

impl Wanted {
    /// Whether everything is.
    #[must_use]
    pub const fn everything(self) -> bool {
        self.not_contacted.is_none() && !self.ended_unreached && self.consent_ends.is_none()
    }
}

/// Why a referral of a day stands on the worklist, as of the day on which its answer was given. An answer is no proof that
/// nothing happened: a person who permits nothing looks the same as one whom nobody has met.
#[must_use]
pub fn reasons(
    followup: &Followup,
    referred: Day,
    told: &Told,
    asked_on: Day,
    wanted: Wanted,
) -> Vec<Reason> {
    let means = |meanings: &[StatusMeaning]| {
        let told = followup.statuses.iter().filter(|status| told.statuses.contains(&status.id));
        told.into_iter().any(|status| meanings.contains(&status.means))
    };
    let reached = means(&[StatusMeaning::Contacted, StatusMeaning::Started]);
    let over = means(&[StatusMeaning::Ended, StatusMeaning::NotReached]);
    let mut reasons = Vec::new();
    // Whoever is over with is no longer waited for.
    let waits = |days: u16| referred.plus(i32::from(days)) <= asked_on;
    if wanted.not_contacted.is_some_and(waits) && !reached && !over {
        reasons.push(Reason::NotContacted);
    }
    if wanted.ended_unreached && over && !reached {
        reasons.push(Reason::EndedUnreached);
    }
    let runs_out = |days: u16| told.consent_ends.is_some_and(|last| last <= asked_on.plus(i32::from(days)));
    if wanted.consent_ends.is_some_and(runs_out) {
        reasons.push(Reason::ConsentEnds);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programme;

    #[test]
    fn what_is_on_the_worklist() {
        let text = include_str!("../../programmes/interventionsmodel.toml");
        let programme = Programme::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let followup = &programme.followups[0];
        let referred = Day::from_ymd(2024, 3, 1).expect("a day");
        let wanted = Wanted { not_contacted: Some(14), ended_unreached: true, consent_ends: Some(30) };
        let of = |statuses: &[&str], after: i32, ends: Option<i32>, wanted: Wanted| {
            let told = Told {
                statuses: statuses.iter().map(|id| id.parse().expect("a name")).collect(),
                consent_ends: ends.map(|days| referred.plus(days)),
            };
            reasons(followup, referred, &told, referred.plus(after), wanted)
        };
        assert_eq!(of(&[], 13, None, wanted), []);
        assert_eq!(of(&[], 14, None, wanted), [Reason::NotContacted]);
        assert_eq!(of(&["kontaktet"], 14, None, wanted), []);
        assert_eq!(of(&["startet", "slut"], 90, None, wanted), []);
        assert_eq!(of(&["ikke-naaet"], 90, None, wanted), [Reason::EndedUnreached]);
        assert_eq!(of(&["slut"], 90, None, wanted), [Reason::EndedUnreached]);
        assert_eq!(of(&["kontaktet"], 20, Some(50), wanted), [Reason::ConsentEnds]);
        assert_eq!(of(&["kontaktet"], 20, Some(51), wanted), []);
        assert_eq!(of(&[], 20, Some(20), Wanted::default()), []);
        assert!(Wanted::default().everything() && !wanted.everything());
    }
}
