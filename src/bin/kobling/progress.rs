//! How far a long piece of work has come: a bar with rate and time left on a terminal; elsewhere plain lines, and those
//! only for what is large.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use kobling::language::Language;

use crate::say::language;

/// What is smaller than this passes without a word, in bytes.
const LARGE: u64 = 32 << 20;
/// Between two plain lines, unless a tenth has been done since.
const EVERY: Duration = Duration::from_secs(10);

/// Shows bytes done of bytes in all.
pub(crate) enum Progress {
    /// On a terminal.
    Bar(ProgressBar),
    /// Elsewhere, of something large.
    Lines(Lines),
    /// Nothing to say.
    Quiet,
}

impl Progress {
    /// Of so many bytes.
    pub(crate) fn of(total: u64) -> Progress {
        if std::io::stderr().is_terminal() {
            let style = language().choose(
                "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} tilbage",
                "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            );
            let style = ProgressStyle::with_template(style).expect("a fixed template");
            Progress::Bar(ProgressBar::new(total).with_style(style))
        } else if total >= LARGE {
            Progress::Lines(Lines::new(total, Instant::now()))
        } else {
            Progress::Quiet
        }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64) {
        match self {
            Progress::Bar(bar) => bar.set_position(done),
            Progress::Lines(lines) => {
                if let Some(line) = lines.line(done, Instant::now(), language()) {
                    eprintln!("{line}");
                }
            }
            Progress::Quiet => {}
        }
    }

    /// It is over.
    pub(crate) fn finish(self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// When a plain line is due, and what it says.
pub(crate) struct Lines {
    total: u64,
    began: Instant,
    /// Bytes that were there when it began: they took no time.
    first: Option<u64>,
    said_at: Instant,
    said_tenths: u64,
}

impl Lines {
    fn new(total: u64, now: Instant) -> Lines {
        Lines { total, began: now, first: None, said_at: now, said_tenths: 0 }
    }

    fn line(&mut self, done: u64, now: Instant, language: Language) -> Option<String> {
        let first = *self.first.get_or_insert(done);
        let tenths = done.saturating_mul(10) / self.total.max(1);
        let due = tenths > self.said_tenths || now.duration_since(self.said_at) >= EVERY;
        if !due || done == first {
            return None;
        }
        self.said_at = now;
        self.said_tenths = tenths;
        let seconds = now.duration_since(self.began).as_secs_f64().max(0.001);
        let rate = done.saturating_sub(first) as f64 / seconds;
        let left = self.total.saturating_sub(done) as f64 / rate.max(1.0);
        let mb = |bytes: f64| language.grouped(&format!("{:.1}", bytes / 1e6));
        let (done, total, rate) = (mb(done as f64), mb(self.total as f64), mb(rate));
        let minutes = (left / 60.0).ceil();
        Some(match language {
            Language::Da => format!("  {done} af {total} MB, {rate} MB/s, {minutes} min. tilbage"),
            Language::En => format!("  {done} of {total} MB, {rate} MB/s, {minutes} min left"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_every_tenth_or_every_ten_seconds() {
        let start = Instant::now();
        let mut lines = Lines::new(100_000_000, start);
        let mut at = |mb: u64, seconds: u64| {
            lines.line(mb * 1_000_000, start + Duration::from_secs(seconds), Language::En)
        };
        assert_eq!(at(0, 0), None);
        assert_eq!(at(9, 1), None);
        assert_eq!(at(10, 2).as_deref(), Some("  10.0 of 100.0 MB, 5.0 MB/s, 1 min left"));
        assert_eq!(at(11, 3), None);
        assert_eq!(at(12, 12).as_deref(), Some("  12.0 of 100.0 MB, 1.0 MB/s, 2 min left"));
        assert_eq!(at(13, 13), None);
        assert!(at(100, 14).is_some());
        // Cut, and back at an earlier byte: nothing is said until something is new.
        assert_eq!(at(95, 15), None);
    }

    #[test]
    fn what_was_there_before_took_no_time() {
        let start = Instant::now();
        let mut lines = Lines::new(1_000_000_000, start);
        assert_eq!(lines.line(900_000_000, start, Language::Da), None);
        let line = lines.line(910_000_000, start + Duration::from_secs(10), Language::Da);
        assert_eq!(line.as_deref(), Some("  910,0 af 1.000,0 MB, 1,0 MB/s, 2 min. tilbage"));
    }
}
