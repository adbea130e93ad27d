//! What is let in at a time, as `[admission]` of `koblingd.toml` says it.

use std::net::IpAddr;

use serde::Deserialize;

use super::bucket::Rate;

/// `[admission]`. Each has a default that a programme of some dozens of partners does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionSettings {
    /// Questions of a principal.
    pub questions: Rate,
    /// Calls of a principal about consents: batches, single events, what is held of a person.
    pub consents: Rate,
    /// Calls of a principal that open an upload or go on with one. Bytes are not counted.
    pub uploads: Rate,
    /// Everything else of a principal, pages included.
    pub others: Rate,
    /// Wrong bearer tokens from an address (IPv6: a network of 64 bits). A right one is never held up by them.
    pub failures: Rate,
    /// Calls of a principal that may be under way at a time.
    pub under_way_of_one: usize,
    /// Questions that may wait for their turn; one is answered at a time.
    pub questions_waiting: usize,
    /// The same, of one principal.
    pub questions_waiting_of_one: usize,
    /// Uploads whose rows are taken at a time.
    pub uploads_at_once: usize,
    /// The same, of one principal.
    pub uploads_at_once_of_one: usize,
    /// Uploads that may wait for their turn.
    pub uploads_waiting: usize,
    /// Seals that may wait for the one under way.
    pub seals_waiting: usize,
    /// How long somebody waits for their turn, in seconds, before being asked to come again.
    pub wait_seconds: u64,
    /// Open connections. What the system lets the process open may be less, and then that counts.
    pub connections: usize,
    /// The same, from one address (IPv6: a network of 64 bits).
    pub connections_of_address: usize,
    /// Addresses of proxies in front. Their connections are not counted by address, and the last address in
    /// `X-Forwarded-For` is taken for the one that they speak for.
    pub proxies: Vec<IpAddr>,
}

impl Default for AdmissionSettings {
    fn default() -> AdmissionSettings {
        AdmissionSettings {
            questions: Rate { per_minute: 300, at_once: 200 },
            consents: Rate { per_minute: 1800, at_once: 600 },
            uploads: Rate { per_minute: 3000, at_once: 600 },
            others: Rate { per_minute: 3000, at_once: 600 },
            failures: Rate { per_minute: 20, at_once: 200 },
            under_way_of_one: 64,
            questions_waiting: 256,
            questions_waiting_of_one: 16,
            uploads_at_once: 64,
            uploads_at_once_of_one: 8,
            uploads_waiting: 256,
            seals_waiting: 1,
            wait_seconds: 60,
            connections: 1024,
            connections_of_address: 256,
            proxies: Vec::new(),
        }
    }
}

impl AdmissionSettings {
    /// The field that lets nobody in at all, if there is one.
    #[must_use]
    pub fn shut(&self) -> Option<&'static str> {
        let rates = [
            ("questions", self.questions),
            ("consents", self.consents),
            ("uploads", self.uploads),
            ("others", self.others),
            ("failures", self.failures),
        ];
        let rates = rates.into_iter().map(|(field, rate)| (field, rate.per_minute.min(rate.at_once) == 0));
        let counts = [
            ("under_way_of_one", self.under_way_of_one),
            ("uploads_at_once", self.uploads_at_once),
            ("uploads_at_once_of_one", self.uploads_at_once_of_one),
            ("connections", self.connections),
            ("connections_of_address", self.connections_of_address),
        ];
        let counts = counts.into_iter().map(|(field, count)| (field, count == 0));
        rates.chain(counts).find(|(_, shut)| *shut).map(|(field, _)| field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_lets_nobody_in_is_named() {
        assert_eq!(AdmissionSettings::default().shut(), None);
        let of = |text: &str| toml::from_str::<AdmissionSettings>(text).expect("read").shut();
        assert_eq!(of("questions = { per_minute = 0, at_once = 1 }"), Some("questions"));
        assert_eq!(of("connections = 0"), Some("connections"));
        assert_eq!(of("questions_waiting = 0"), None, "nobody waits, and one is answered");
        assert!(toml::from_str::<AdmissionSettings>("queue = 1").is_err());
        assert!(toml::from_str::<AdmissionSettings>("questions = { per_minute = 1 }").is_err());
    }
}
