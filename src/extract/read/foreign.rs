//! What a file is, by its first bytes, whatever its name says.

use std::io::{Read as _, Seek as _, SeekFrom};

use super::Source;
use super::error::Foreign;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A text, as far as anybody can tell.
    Text,
    /// A ZIP archive: a workbook, unless its directory says otherwise.
    Archive,
    /// Parquet.
    Table,
    /// What is not read.
    Foreign(Foreign),
}

const OLD_OFFICE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Tells a file by its beginning.
pub(super) fn sort(ahead: &[u8], source: &Source) -> Sort {
    let starts = |magic: &[u8]| ahead.starts_with(magic);
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Sort::Archive;
    }
    if starts(b"PAR1") {
        return Sort::Table;
    }
    if starts(OLD_OFFICE) {
        return Sort::Foreign(old_office(ahead, source));
    }
    if starts(b"\x1F\x8B") || starts(b"7z\xBC\xAF\x27\x1C") || starts(b"\x28\xB5\x2F\xFD") || starts(b"Rar!")
    {
        return Sort::Foreign(Foreign::Compressed);
    }
    if starts(b"%PDF-") {
        return Sort::Foreign(Foreign::Pdf);
    }
    let text = ahead.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(ahead).trim_ascii_start();
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    let tags: [&[u8]; 8] =
        [b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<style", b"<body", b"<!--"];
    if tags.into_iter().any(begins) {
        return Sort::Foreign(Foreign::WebPage);
    }
    if begins(b"<?xml") {
        // A page may call itself XML first.
        let page = text.get(..text.len().min(2048)).unwrap_or(text).to_ascii_lowercase();
        let is_page = memchr::memmem::find(&page, b"<html").is_some();
        return Sort::Foreign(if is_page { Foreign::WebPage } else { Foreign::Xml });
    }
    Sort::Text
}

/// What a compound file holds, by the names in the first sector of its directory ([MS-CFB], 2.2 and 2.6).
fn old_office(ahead: &[u8], source: &Source) -> Foreign {
    let number = |at: usize, length: usize| {
        let bytes = ahead.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let directory = || {
        let shift = number(30, 2).filter(|shift| (9..=12).contains(shift))?;
        let at = number(48, 4)?.checked_add(1)? << shift;
        let length = 1usize << shift;
        let start = usize::try_from(at).ok()?;
        if let Some(sector) = ahead.get(start..start + length) {
            return Some(sector.to_vec());
        }
        let Source::File(path) = source else { return None };
        let mut file = std::fs::File::open(path).ok()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut sector = Vec::new();
        file.take(length as u64).read_to_end(&mut sector).ok()?;
        Some(sector)
    };
    let directory = directory().unwrap_or_default();
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        directory.chunks(128).any(|entry| entry.starts_with(&name))
    };
    if has("EncryptedPackage") || has("EncryptionInfo") || has("\u{6}DataSpaces") {
        Foreign::Locked
    } else if has("Workbook") || has("Book") {
        Foreign::OldWorkbook
    } else {
        Foreign::OldOffice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Sort {
        sort(bytes, &Source::Stdin)
    }

    #[test]
    fn files_of_other_kinds_are_told_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"PK\x03\x04rest"[..], Sort::Archive),
            (b"PAR1rest", Sort::Table),
            (b"\x1F\x8B\x08", Sort::Foreign(Foreign::Compressed)),
            (b"%PDF-1.7", Sort::Foreign(Foreign::Pdf)),
            (b"\xEF\xBB\xBF\r\n <HTML xmlns:x=\"urn\">", Sort::Foreign(Foreign::WebPage)),
            (b"<table><tr><td>CPR</td></tr></table>", Sort::Foreign(Foreign::WebPage)),
            (b"<?xml version=\"1.0\"?><!DOCTYPE html><html>", Sort::Foreign(Foreign::WebPage)),
            (b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn\">", Sort::Foreign(Foreign::Xml)),
            (b"CPR;Dato\r\n", Sort::Text),
            (b"<CPR>;Dato\r\n", Sort::Text),
            (b"", Sort::Text),
        ] {
            assert_eq!(told(bytes), expected);
        }
    }

    #[test]
    fn compound_files_are_told_by_their_directory() {
        for (name, expected) in [
            ("Workbook", Foreign::OldWorkbook),
            ("Book", Foreign::OldWorkbook),
            ("EncryptedPackage", Foreign::Locked),
            ("WordDocument", Foreign::OldOffice),
        ] {
            let mut file = vec![0; 4 * 512];
            file[..8].copy_from_slice(OLD_OFFICE);
            file[30] = 9;
            file[48] = 2;
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            file[3 * 512 + 128..][..name.len()].copy_from_slice(&name);
            assert_eq!(told(&file), Sort::Foreign(expected));
        }
        assert_eq!(told(OLD_OFFICE), Sort::Foreign(Foreign::OldOffice));
    }
}
