//! Bodies that come so slowly that they only hold a place: an honest line brings a kibibyte a second.

use std::time::Duration;

/// How long a body may be waited for before its pace is looked at.
const GRACE: Duration = Duration::from_secs(30);
/// Bytes a second that it is to bring from then on.
const LEAST: u64 = 1024;

/// How fast a body comes. Only the time counts in which it was waited for: not that in which the service was busy.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// It was waited so long for so many bytes. Whether it comes fast enough.
    pub(crate) fn came(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited <= GRACE || self.bytes / LEAST >= (self.waited - GRACE).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds_until_cut(bytes_a_second: usize) -> Option<u32> {
        let mut pace = Pace::default();
        (1..=3600).find(|_| !pace.came(Duration::from_secs(1), bytes_a_second))
    }

    /// Attack: a byte now and then.
    #[test]
    fn a_trickle_ends_soon_and_a_slow_line_does_not() {
        assert_eq!(seconds_until_cut(1), Some(31));
        assert!(seconds_until_cut(100).is_some_and(|seconds| seconds < 40));
        assert_eq!(seconds_until_cut(1024), None);
        assert_eq!(seconds_until_cut(7_000), None, "a modem of 56 kbit/s");
    }

    #[test]
    fn a_pause_after_much_is_granted() {
        let mut pace = Pace::default();
        assert!(pace.came(Duration::from_secs(1), 1 << 20));
        assert!(pace.came(Duration::from_secs(59), 0));
    }
}
