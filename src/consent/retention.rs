//! Which events have been kept for as long as they were to be kept.

use super::event::EventKind;
use crate::clock::Day;

/// What retention looks at of an event: what happened, and the last day on which it is kept.
pub type Kept = (EventKind, Day);

/// Which of the events of one person at one source go today. One that is past its day goes; but nothing other than a plain
/// `given` goes as long as a yes is left that is not past its own: a no, an end or a renewal that went before the yes it
/// answers would bring that yes back. What the events that go denied has to be kept as a tombstone.
#[must_use]
pub fn past(events: &[Kept], today: Day) -> Vec<bool> {
    let yes_is_left = events.iter().any(|(kind, until)| kind.is_permit() && *until >= today);
    events.iter().map(|(kind, until)| *until < today && (*kind == EventKind::Given || !yes_is_left)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(today: i32, events: &[(EventKind, i32)]) -> Vec<bool> {
        let events: Vec<Kept> = events.iter().map(|(kind, until)| (*kind, Day::from_days(*until))).collect();
        past(&events, Day::from_days(today))
    }

    #[test]
    fn an_event_goes_on_the_day_after_its_last() {
        assert_eq!(on(10, &[(EventKind::Given, 10)]), [false]);
        assert_eq!(on(11, &[(EventKind::Given, 10)]), [true]);
        assert_eq!(on(11, &[(EventKind::Withdrawn, 10)]), [true]);
        assert!(on(11, &[]).is_empty());
    }

    #[test]
    fn a_no_outlives_every_yes_that_it_answers() {
        use EventKind::{Expired, Given, Refused, Renewed, Withdrawn};
        for kind in [Withdrawn, Refused, Expired, Renewed] {
            assert_eq!(on(20, &[(Given, 30), (kind, 10)]), [false, false], "{kind:?}");
            assert_eq!(on(31, &[(Given, 30), (kind, 10)]), [true, true], "{kind:?}");
            // The yes goes first.
            assert_eq!(on(20, &[(Given, 10), (kind, 30)]), [true, false], "{kind:?}");
        }
    }
}
