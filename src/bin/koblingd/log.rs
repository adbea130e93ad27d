//! What the service writes to standard error: a line of JSON for each event, with the fields that `docs/WATCHING.md` lists.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Set by systemd for what is connected to the journal (systemd.exec(5)).
const JOURNAL: &str = "JOURNAL_STREAM";

/// `[log]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// What is written at the least.
    pub(crate) level: Level,
    /// How a line begins.
    pub(crate) form: Form,
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// What failed.
    Error,
    /// What should be looked at, too.
    Warn,
    /// Requests and upkeep, too.
    #[default]
    Info,
}

/// How a line begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// As the journal takes it where the journal listens, else plain.
    #[default]
    Auto,
    /// JSON alone.
    Json,
    /// With the level in front, as the journal reads it off a stream (sd-daemon(3)).
    Journal,
}

impl LogSettings {
    /// Begins writing.
    pub(crate) fn begin(self) {
        let level = match self.level {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
        };
        let journal = match self.form {
            Form::Auto => std::env::var_os(JOURNAL).is_some(),
            Form::Json => false,
            Form::Journal => true,
        };
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_max_level(level)
            .with_writer(Lines { journal })
            .init();
    }
}

/// Standard error, line by line.
struct Lines {
    journal: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { prefix: "" }
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Line {
        Line { prefix: if self.journal { prefix(*meta.level()) } else { "" } }
    }
}

/// The level as the journal reads it.
fn prefix(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "<3>",
        tracing::Level::WARN => "<4>",
        tracing::Level::INFO => "<6>",
        _ => "<7>",
    }
}

/// One line on its way.
struct Line {
    prefix: &'static str,
}

impl Write for Line {
    /// Written whole: `tracing` hands a line over as one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut whole = std::mem::take(&mut self.prefix).as_bytes().to_vec();
        whole.extend_from_slice(line);
        io::stderr().write_all(&whole)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_those_of_the_journal() {
        let of = [tracing::Level::ERROR, tracing::Level::WARN, tracing::Level::INFO].map(prefix);
        assert_eq!(of, ["<3>", "<4>", "<6>"]);
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        assert!(toml::from_str::<LogSettings>("level = \"loud\"").is_err());
        let quiet: LogSettings = toml::from_str("level = \"warn\"\nform = \"journal\"").expect("read");
        assert_eq!((quiet.level, quiet.form), (Level::Warn, Form::Journal));
    }
}
