//! What a partner may learn of its own referrals.

use super::model::Text;
use super::question::Event;
use crate::name::{FollowupId, PurposeId, StatusId};

/// A follow-up: which rows are referrals, and which rows of other partners say what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followup {
    /// Name.
    pub id: FollowupId,
    /// Title.
    pub title: Text,
    /// The purpose that a person must have permitted, for the partner that asks.
    pub purpose: PurposeId,
    /// Rows that are referrals, in the datasets of those who may ask.
    pub referrals: Vec<Event>,
    /// Days from the seal that first held a referral until it may be asked about.
    pub delay_days: u16,
    /// Most new referrals of a partner in 30 days; those beyond are held until the steward has looked at them.
    pub new_per_30_days: u32,
    /// Most look-ups of a partner a day: a token that is asked about is one.
    pub lookups_per_day: u32,
    /// What can be answered, in the order of a person's way.
    pub statuses: Vec<FollowupStatus>,
}

/// A status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowupStatus {
    /// Name: what is answered.
    pub id: StatusId,
    /// Title.
    pub title: Text,
    /// What it means for a worklist.
    pub means: StatusMeaning,
    /// Rows that show it, from the day of the referral on.
    pub events: Vec<Event>,
}

/// What a status means for whoever referred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusMeaning {
    /// The referral has arrived; nobody has met the person yet.
    Received,
    /// The person was reached.
    Contacted,
    /// The offer has begun.
    Started,
    /// It is over.
    Ended,
    /// The person could not be reached.
    NotReached,
}

/// The codes of a category column that its partners let follow-up give out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shareable {
    /// Positions of the codes in the column's list, ascending.
    pub codes: Vec<u8>,
}

impl Followup {
    /// Positions of the datasets whose rows are referrals, ascending.
    #[must_use]
    pub fn referring(&self) -> Vec<usize> {
        positions(&self.referrals)
    }

    /// Positions of the datasets that show a status, ascending.
    #[must_use]
    pub fn showing(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.statuses.iter().flat_map(|status| positions(&status.events)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn positions(events: &[Event]) -> Vec<usize> {
    let mut all: Vec<usize> = events.iter().map(|event| event.dataset).collect();
    all.sort_unstable();
    all.dedup();
    all
}
