//! Figures in the text form of OpenMetrics, counted where it happens or read when they are asked for.
//!
//! There is no figure of persons, rows, consents or packages, and none by principal: they tell how the machine is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::http::admission::{Admission, Kind, Queue};
use crate::service::{Check, MachineStanding, Reason};

/// Every metric: its name, and what it is. `docs/WATCHING.md` has the same names, and a test holds it.
pub const METRICS: &[(&str, &str)] = &[
    ("kobling_build", "The version that runs"),
    ("kobling_start_time_seconds", "When the service was started"),
    ("kobling_requests", "Requests that were answered, by kind and class of status"),
    ("kobling_request_seconds", "How long requests took until their answer left, by kind"),
    ("kobling_held_back", "Requests that were asked to come again later, by code"),
    ("kobling_faults", "Requests that failed for a fault of the service, by code"),
    ("kobling_connections", "Open connections"),
    (
        "kobling_connections_turned_away",
        "Connections that were not taken or were ended to make room for others",
    ),
    ("kobling_turns", "Calls that have their turn, by line"),
    ("kobling_waiting", "Calls that wait for their turn, by line"),
    ("kobling_ready", "1 when every check is well"),
    ("kobling_check", "1 for a check that is well, by check"),
    ("kobling_disk_free_bytes", "Room on the disk of the data folder"),
    (
        "kobling_snapshot_sealed_timestamp_seconds",
        "When the snapshot in force was sealed; 0 before the first",
    ),
    ("kobling_erasure_late", "1 when an erasure is later than the programme grants"),
    ("kobling_upkeep_timestamp_seconds", "When the daily upkeep was last done whole; 0 before the first"),
    ("kobling_resident_memory_bytes", "Memory that the process holds"),
    ("kobling_open_files", "Files and connections that the process has open"),
    ("kobling_open_files_limit", "How many it may have open"),
];

/// Codes of faults: what is not here counts as `internal`. None of them tells of data.
const FAULTS: [&str; 5] = ["internal", "disk-full", "memory", "clock", "seal"];

/// Refusals that ask to come again.
const HELD_BACK: [Reason; 3] = [Reason::TooManyRequests, Reason::TooManyFailures, Reason::LineFull];

fn described(name: &str) -> &'static str {
    METRICS.iter().find(|(listed, _)| *listed == name).map_or("", |(_, what)| what)
}

type One = [(&'static str, &'static str); 1];
type Two = [(&'static str, &'static str); 2];

/// From a hundredth of a second to five minutes.
fn seconds() -> Histogram {
    Histogram::new([0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0])
}

/// The figures.
pub(crate) struct Metrics {
    requests: Family<Two, Counter>,
    seconds: Family<One, Histogram, fn() -> Histogram>,
    held_back: Family<One, Counter>,
    faults: Family<One, Counter>,
    upkeep: AtomicU64,
    started: AtomicU64,
    last: Mutex<Option<MachineStanding>>,
}

impl Default for Metrics {
    /// Everything from 0 on: what has not happened yet is there too, so that the first time is a change.
    fn default() -> Metrics {
        let (requests, held_back, faults) = (Family::default(), Family::default(), Family::default());
        let by_kind: Family<One, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds);
        for kind in [Kind::Question, Kind::Upload, Kind::Other] {
            drop(by_kind.get_or_create(&[("kind", kind.name())]));
            for class in ["2xx", "4xx", "5xx"] {
                let counter: &Counter = &requests.get_or_create(&[("kind", kind.name()), ("status", class)]);
                counter.inc_by(0);
            }
        }
        for reason in HELD_BACK {
            let counter: &Counter = &held_back.get_or_create(&[("code", reason.code())]);
            counter.inc_by(0);
        }
        for code in FAULTS {
            let counter: &Counter = &faults.get_or_create(&[("code", code)]);
            counter.inc_by(0);
        }
        Metrics {
            requests,
            seconds: by_kind,
            held_back,
            faults,
            upkeep: AtomicU64::new(0),
            started: AtomicU64::new(0),
            last: Mutex::default(),
        }
    }
}

/// A figure that is read when it is asked for.
fn gauge(registry: &mut Registry, name: &'static str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, described(name), gauge);
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person's eye: below 2^53 they are exact")]
fn real(value: u64) -> f64 {
    value as f64
}

fn count(value: usize) -> f64 {
    real(u64::try_from(value).unwrap_or(u64::MAX))
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn ended(&self, kind: Kind, status: u16, code: Option<&'static str>, took: Duration) {
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&[("kind", kind.name()), ("status", class)]).inc();
        self.seconds.get_or_create(&[("kind", kind.name())]).observe(took.as_secs_f64());
        if let Some(held) = HELD_BACK.iter().find(|reason| Some(reason.code()) == code) {
            self.held_back.get_or_create(&[("code", held.code())]).inc();
        } else if status >= 500 {
            let listed = FAULTS.iter().find(|fault| Some(**fault) == code).unwrap_or(&FAULTS[0]);
            self.faults.get_or_create(&[("code", listed)]).inc();
        }
    }

    /// The service began at an instant, in seconds since 1970.
    pub(crate) fn started(&self, at: u64) {
        self.started.store(at, Ordering::Relaxed);
    }

    /// The daily upkeep was done whole at an instant, in seconds since 1970.
    pub(crate) fn upkept(&self, at: u64) {
        self.upkeep.store(at, Ordering::Relaxed);
    }

    /// Everything as text. What could not be looked at this time is what it was the last time.
    pub(crate) fn text(
        &self,
        admission: &Admission,
        checks: &[Check],
        standing: Option<MachineStanding>,
    ) -> String {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = standing.or(*last);
        let standing = last.unwrap_or_default();
        drop(last);
        let mut registry = Registry::default();
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("kobling_build", described("kobling_build"), build);
        gauge(&mut registry, "kobling_start_time_seconds", real(self.started.load(Ordering::Relaxed)));
        registry.register("kobling_requests", described("kobling_requests"), self.requests.clone());
        registry.register(
            "kobling_request_seconds",
            described("kobling_request_seconds"),
            self.seconds.clone(),
        );
        registry.register("kobling_held_back", described("kobling_held_back"), self.held_back.clone());
        registry.register("kobling_faults", described("kobling_faults"), self.faults.clone());
        let (open, turned_away) = admission.connections();
        gauge(&mut registry, "kobling_connections", count(open));
        let counter = Counter::<u64>::default();
        counter.inc_by(turned_away);
        let name = "kobling_connections_turned_away";
        registry.register(name, described(name), counter);
        let (turns, waiting) = (Family::<One, Gauge>::default(), Family::<One, Gauge>::default());
        for (queue, name) in
            [(Queue::Questions, "questions"), (Queue::Uploads, "uploads"), (Queue::Seals, "seals")]
        {
            let (have, wait) = admission.length(queue);
            turns.get_or_create(&[("line", name)]).set(i64::try_from(have).unwrap_or(i64::MAX));
            waiting.get_or_create(&[("line", name)]).set(i64::try_from(wait).unwrap_or(i64::MAX));
        }
        registry.register("kobling_turns", described("kobling_turns"), turns);
        registry.register("kobling_waiting", described("kobling_waiting"), waiting);
        let well = |check: &Check| check.problem.is_none();
        let ready = !checks.is_empty() && checks.iter().all(well);
        gauge(&mut registry, "kobling_ready", f64::from(u8::from(ready)));
        let by_check = Family::<One, Gauge>::default();
        for check in checks {
            by_check.get_or_create(&[("check", check.name)]).set(i64::from(well(check)));
        }
        registry.register("kobling_check", described("kobling_check"), by_check);
        gauge(&mut registry, "kobling_disk_free_bytes", real(standing.free));
        let sealed = standing.sealed_at.map_or(0, |at| u64::try_from(at.millis() / 1000).unwrap_or(0));
        gauge(&mut registry, "kobling_snapshot_sealed_timestamp_seconds", real(sealed));
        gauge(&mut registry, "kobling_erasure_late", f64::from(u8::from(standing.erasure_late)));
        gauge(&mut registry, "kobling_upkeep_timestamp_seconds", real(self.upkeep.load(Ordering::Relaxed)));
        let process = Process::look();
        gauge(&mut registry, "kobling_resident_memory_bytes", real(process.resident));
        gauge(&mut registry, "kobling_open_files", real(process.open));
        gauge(&mut registry, "kobling_open_files_limit", real(process.limit));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text takes everything");
        text
    }
}

/// What the system says of this process; 0 where it has no such files as Linux has.
#[derive(Default)]
struct Process {
    resident: u64,
    open: u64,
    limit: u64,
}

impl Process {
    fn look() -> Process {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str, at: usize| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().nth(at))
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        Process {
            resident: after(&read("/proc/self/status"), "VmRSS:", 0) * 1024,
            open: u64::try_from(open).unwrap_or(0),
            limit: after(&read("/proc/self/limits"), "Max open files", 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::AdmissionSettings;
    use crate::secret::SeededRandom;
    use crate::service::CHECKS;

    fn text() -> String {
        let random = Box::new(SeededRandom::from_number(1));
        let admission = Admission::new(AdmissionSettings::default(), random);
        admission.metrics.ended(Kind::Consent, 200, None, Duration::from_millis(3));
        admission.metrics.ended(Kind::Question, 503, Some("line-full"), Duration::from_millis(3));
        admission.metrics.ended(Kind::Upload, 500, Some("unusual"), Duration::from_millis(3));
        let checks = CHECKS.map(|name| Check { name, problem: (name == "disk").then_some("little room") });
        admission.metrics.text(&admission, &checks, None)
    }

    #[test]
    fn every_metric_is_listed_described_and_there() {
        let text = text();
        let typed: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        let listed: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
        assert_eq!(typed, listed);
        for (name, what) in METRICS {
            assert!(text.contains(&format!("# HELP {name} {what}")), "{name}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        assert!(text.contains("kobling_ready 0.0") && text.contains("kobling_check{check=\"disk\"} 0"));
    }

    /// What could be read from them is how the machine is: consents are not told apart, and no code of data is.
    #[test]
    fn what_data_say_is_no_label() {
        let text = text();
        assert!(text.contains("kobling_requests_total{kind=\"other\",status=\"2xx\"} 1"), "{text}");
        assert!(text.contains("kobling_held_back_total{code=\"line-full\"} 1"), "{text}");
        assert!(text.contains("kobling_faults_total{code=\"internal\"} 1"), "{text}");
        assert!(!text.contains("consent") && !text.contains("unusual"), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_seen() {
        let process = Process::look();
        assert!(process.resident > 1 << 20 && process.open > 2 && process.limit > process.open);
    }

    #[test]
    fn the_page_for_operators_has_every_metric() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/WATCHING.md"));
        let page = page.expect("docs/WATCHING.md");
        for (name, _) in METRICS {
            assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/WATCHING.md");
        }
    }
}
