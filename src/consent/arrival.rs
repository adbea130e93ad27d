//! Who may come in: the permissions of all persons of one source and dataset at the moment of arrival.
//!
//! By link, since nobody has a number before the seal. Silence is a no here too: a link that is not listed permits nothing.

use rustc_hash::FxHashMap;

use super::standing::Days;
use crate::clock::Day;
use crate::token::Link;

/// What may be handed over of a dataset that rests on consent alone. No `Debug`: it says who permits what.
#[derive(Clone, Default)]
pub struct Arrival {
    /// Those with one stretch of days, nearly everybody.
    one: FxHashMap<Link, (Day, Day)>,
    several: FxHashMap<Link, Days>,
}

impl Arrival {
    /// Lets rows of a person on these days in.
    pub fn permit(&mut self, link: Link, days: Days) {
        match days.stretches() {
            [] => {}
            [one] => {
                self.one.insert(link, *one);
            }
            _ => {
                self.several.insert(link, days);
            }
        }
    }

    /// Whether a row of this person and day may come in.
    #[must_use]
    pub fn permits(&self, link: &Link, day: Day) -> bool {
        match self.one.get(link) {
            Some((from, to)) => (*from..=*to).contains(&day),
            None => self.several.get(link).is_some_and(|days| days.holds(day)),
        }
    }
}
