//! Reading `kobling.toml`, field by field, so that every trouble has its line and its field in both languages.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, Expected, OUTBOX, PeriodWord, SendEntry};
use crate::extract::{Decimal, MaxRejected, parse_encoding};

/// Fields of the file.
const FIELDS: [&str; 14] = [
    "partner",
    "programme",
    "service",
    "service_public",
    "authority",
    "client_certificate",
    "client_key",
    "token_file",
    "linkage_key",
    "signing_key",
    "language",
    "outbox",
    "keep_packages",
    "send",
];
/// Fields of a `[[send]]`.
const SEND_FIELDS: [&str; 9] = [
    "dataset",
    "file",
    "mapping",
    "period",
    "max_rejected",
    "encoding",
    "separator",
    "decimal",
    "repair_leading_zero",
];
/// How secrets begin, and lines of files that hold them.
const SECRETS: [&str; 8] = [
    "kobling-token-1.",
    "linkage-key-1:",
    "signing-key-1:",
    "service-key-1:",
    "age-secret-key-",
    "private key-----",
    "kobling-identity-1",
    "bearer kob",
];

/// A text and the file that it is of.
struct Page<'a> {
    text: &'a str,
    path: &'a Path,
}

pub(super) fn read(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let page = Page { text, path };
    page.holds_no_secret()?;
    let root = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| page.line(span)),
    })?;
    let table = Table { page: &page, table: root.get_ref(), inside: "" };
    table.knows_all(&FIELDS)?;
    let mut sends = Vec::new();
    if let Some(value) = table.value("send") {
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(table.wrong("send", value, Expected::Tables));
        };
        for entry in entries.iter() {
            let DeValue::Table(inner) = entry.get_ref() else {
                return Err(table.wrong("send", entry, Expected::Tables));
            };
            sends.push(Table { page: &page, table: inner, inside: "send." }.send(page.line(entry.span()))?);
        }
    }
    Ok(Config {
        path: path.to_owned(),
        partner: table.parsed("partner", Expected::Name)?,
        programme: table.path("programme")?,
        service: table.checked("service", Expected::Address, |text| {
            let whole = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
            (whole && !text.contains(char::is_whitespace)).then(|| text.to_owned())
        })?,
        service_public: table.parsed("service_public", Expected::PublicKey)?,
        authority: table.path("authority")?,
        client_certificate: table.path("client_certificate")?,
        client_key: table.path("client_key")?,
        token_file: table.path("token_file")?,
        linkage_key: table.path("linkage_key")?,
        signing_key: table.path("signing_key")?,
        language: table.parsed("language", Expected::Language)?,
        outbox: table.path("outbox")?.unwrap_or_else(|| page.beside(OUTBOX)),
        keep_packages: table.yes("keep_packages")?,
        sends,
    })
}

impl Page<'_> {
    fn line(&self, span: Range<usize>) -> usize {
        line_of(self.text, span.start)
    }

    /// A path as it is opened: the file's own folder is where it starts.
    fn beside(&self, path: &str) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.join(path),
            _ => PathBuf::from(path),
        }
    }

    /// Looks at every line, comments among them: what stands in a comment can be read as well.
    fn holds_no_secret(&self) -> Result<(), ConfigError> {
        let secret = |line: &str| {
            let line = line.to_ascii_lowercase();
            SECRETS.iter().any(|secret| line.contains(secret))
        };
        match self.text.lines().position(secret) {
            Some(at) => Err(ConfigError::Secret { path: self.path.to_owned(), line: at + 1 }),
            None => Ok(()),
        }
    }
}

/// A table of the file, with the name in which its fields are reported.
struct Table<'a> {
    page: &'a Page<'a>,
    table: &'a DeTable<'a>,
    inside: &'static str,
}

impl<'a> Table<'a> {
    fn value(&self, field: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.iter().find(|(key, _)| key.get_ref() == field).map(|(_, value)| value)
    }

    fn knows_all(&self, fields: &[&str]) -> Result<(), ConfigError> {
        // In the order of the file: tables come sorted by name.
        let unknown = self.table.iter().filter(|(key, _)| !fields.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown.min_by_key(|(key, _)| key.span().start) else { return Ok(()) };
        // A value without its equals sign could be read as a name: one that does not look like a field is not repeated.
        let name = key.get_ref();
        let plain =
            name.len() <= 24 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-');
        Err(ConfigError::Unknown {
            path: self.page.path.to_owned(),
            line: self.page.line(key.span()),
            field: format!("{}{}", self.inside, if plain { name } else { "?" }),
            known: fields.join(", "),
        })
    }

    fn wrong(&self, field: &str, value: &Spanned<DeValue<'_>>, expected: Expected) -> ConfigError {
        ConfigError::Value {
            path: self.page.path.to_owned(),
            line: self.page.line(value.span()),
            field: format!("{}{field}", self.inside),
            expected,
        }
    }

    /// A text that a check makes something of.
    fn checked<T>(
        &self,
        field: &str,
        expected: Expected,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let DeValue::String(text) = value.get_ref() else {
            return Err(self.wrong(field, value, Expected::Text));
        };
        check(text).map(Some).ok_or_else(|| self.wrong(field, value, expected))
    }

    fn parsed<T: FromStr>(&self, field: &str, expected: Expected) -> Result<Option<T>, ConfigError> {
        self.checked(field, expected, |text| text.parse().ok())
    }

    fn path(&self, field: &str) -> Result<Option<PathBuf>, ConfigError> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let DeValue::String(text) = value.get_ref() else {
            return Err(self.wrong(field, value, Expected::Path));
        };
        // 32 bytes as keys and tokens write them, without a folder or an ending: no name of a file.
        let encoded = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'=');
        if matches!(text.len(), 43 | 44 | 64) && text.bytes().all(encoded) {
            let line = self.page.line(value.span());
            return Err(ConfigError::Secret { path: self.page.path.to_owned(), line });
        }
        if text.trim().is_empty() || text.contains(['\n', '\0']) {
            return Err(self.wrong(field, value, Expected::Path));
        }
        Ok(Some(self.page.beside(text)))
    }

    fn yes(&self, field: &str) -> Result<bool, ConfigError> {
        match self.value(field).map(|value| (value, value.get_ref())) {
            None => Ok(false),
            Some((_, DeValue::Boolean(yes))) => Ok(*yes),
            Some((value, _)) => Err(self.wrong(field, value, Expected::YesNo)),
        }
    }

    fn max_rejected(&self) -> Result<Option<MaxRejected>, ConfigError> {
        let Some(value) = self.value("max_rejected") else { return Ok(None) };
        let limit = match value.get_ref() {
            DeValue::String(text) => text.parse().ok(),
            DeValue::Integer(rows) if rows.radix() == 10 => rows.as_str().parse().ok(),
            _ => None,
        };
        limit.map(Some).ok_or_else(|| self.wrong("max_rejected", value, Expected::MaxRejected))
    }

    /// Reads a `[[send]]` that begins at a line.
    fn send(&self, line: usize) -> Result<SendEntry, ConfigError> {
        self.knows_all(&SEND_FIELDS)?;
        let missing = |field| ConfigError::Missing { path: self.page.path.to_owned(), line, field };
        let period: Option<PeriodWord> = self.parsed("period", Expected::Period)?;
        Ok(SendEntry {
            dataset: self.parsed("dataset", Expected::Name)?.ok_or_else(|| missing("dataset"))?,
            file: self.path("file")?.ok_or_else(|| missing("file"))?,
            mapping: self.path("mapping")?,
            period: period.unwrap_or_default(),
            max_rejected: self.max_rejected()?,
            encoding: self.checked("encoding", Expected::Encoding, |text| {
                parse_encoding(text).is_ok().then(|| text.to_owned())
            })?,
            separator: self.checked("separator", Expected::Separator, |text| {
                let mut characters = text.chars();
                characters.next().filter(char::is_ascii).filter(|_| characters.next().is_none())
            })?,
            decimal: self
                .checked("decimal", Expected::Decimal, |text| match text {
                    "comma" => Some(Decimal::Comma),
                    "point" => Some(Decimal::Point),
                    _ => None,
                })?
                .unwrap_or(Decimal::Comma),
            repair_leading_zero: self.yes("repair_leading_zero")?,
        })
    }
}

/// The line, from 1, of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
