//! A mapping as it is written: the same text for the same mapping, readable by a person.

use std::fmt::Write as _;

use super::{Mapping, asks_the_file};
use crate::name::ColumnId;
use crate::programme::Dataset;

const HEAD: &str = "\
# Kortlægning til `kobling`: hvilken kolonne i jeres fil er hvilken kolonne i datasættet. Intet om personer.
# A mapping for `kobling`: which column of your file is which column of the dataset. Nothing of a person.
# kobling check FIL/FILE --mapping … ; kobling map --check … ; docs/MAPPING.md
";

const ASKED: &str = "
# Det, datasættet bad om, da kortlægningen blev lavet. Skrives af programmet; ret det ikke.
# What the dataset asked for when the mapping was made. Written by the program; leave it as it is.
";

impl Mapping {
    /// The mapping as TOML: what [`Mapping::parse`] reads as the same again. Columns in the order of their names.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let names = self.columns.keys().collect::<Vec<_>>();
        self.written(&names)
    }

    /// The mapping as TOML, columns in the order of the dataset; those that it does not have come last.
    #[must_use]
    pub fn to_toml_for(&self, dataset: &Dataset) -> String {
        let order = dataset.columns.iter().filter(|column| asks_the_file(column)).map(|column| &column.id);
        let mut names = order.filter(|id| self.columns.contains_key(*id)).collect::<Vec<_>>();
        let rest = self.columns.keys().filter(|id| !names.contains(id)).collect::<Vec<_>>();
        names.extend(rest);
        self.written(&names)
    }

    fn written(&self, names: &[&ColumnId]) -> String {
        let mut out = String::from(HEAD);
        self.write(names, &mut out).expect("writing into memory cannot fail");
        out
    }

    fn write(&self, names: &[&ColumnId], out: &mut String) -> std::fmt::Result {
        writeln!(out, "format = {}", self.format)?;
        writeln!(out, "version = {}", self.version)?;
        writeln!(out, "programme = \"{}\"", self.programme)?;
        writeln!(out, "partner = \"{}\"", self.partner)?;
        writeln!(out, "dataset = \"{}\"", self.dataset)?;
        if let Some(definition) = &self.definition {
            writeln!(out, "definition = {}", quoted(definition))?;
        }
        let file = &self.file;
        let mut section = String::new();
        if let Some(encoding) = &file.encoding {
            writeln!(section, "encoding = {}", quoted(encoding))?;
        }
        if let Some(separator) = file.separator {
            writeln!(section, "separator = {}", quoted(&separator.to_string()))?;
        }
        if let Some(decimal) = file.decimal {
            writeln!(section, "decimal = {}", quoted(&decimal.to_string()))?;
        }
        if let Some(sheet) = &file.sheet {
            writeln!(section, "sheet = {}", quoted(sheet))?;
        }
        if let Some(row) = file.header_row {
            writeln!(section, "header_row = {row}")?;
        }
        if file.repair_leading_zero {
            writeln!(section, "repair_leading_zero = true")?;
        }
        if !section.is_empty() {
            write!(out, "\n[file]\n{section}")?;
        }
        for id in names {
            let column = &self.columns[*id];
            writeln!(out, "\n[column.{}]", id)?;
            writeln!(out, "header = {}", quoted(&column.header))?;
            if let Some(nth) = column.nth {
                writeln!(out, "nth = {nth}")?;
            }
            if !column.missing.is_empty() {
                writeln!(out, "missing = [{}]", list(column.missing.iter().map(String::as_str)))?;
            }
            if !column.dates.is_danish() {
                writeln!(out, "dates = \"{}\"", column.dates.word())?;
            }
            if !column.codes.is_empty() {
                writeln!(out, "\n[column.{}.codes]", id)?;
                for (text, code) in &column.codes {
                    writeln!(out, "{} = \"{code}\"", quoted(text))?;
                }
            }
        }
        if self.columns.is_empty() {
            writeln!(out, "\n[column]")?;
        }
        if !self.asked.is_empty() {
            out.push_str(ASKED);
            for (at, (id, asked)) in self.asked.iter().enumerate() {
                let gap = if at == 0 { "" } else { "\n" };
                writeln!(out, "{gap}[asked.{}]", id)?;
                writeln!(out, "role = {}", quoted(&asked.role))?;
                if asked.required {
                    writeln!(out, "required = true")?;
                }
                if !asked.codes.is_empty() {
                    writeln!(out, "codes = [{}]", list(asked.codes.iter().map(AsRef::as_ref)))?;
                }
                if !asked.missing.is_empty() {
                    writeln!(out, "missing = [{}]", list(asked.missing.iter().map(String::as_str)))?;
                }
            }
        }
        Ok(())
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(quoted).collect::<Vec<_>>().join(", ")
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => {
                write!(out, "\\u{:04X}", u32::from(c)).expect("writing into memory cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
