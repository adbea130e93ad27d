//! A workbook but for its rows: sheets, formats, the texts that cells share (ECMA-376-1, parts 12 and 18).

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use rustc_hash::FxHashMap;
use zeroize::Zeroize as _;

use super::ReadError;
use super::archive::{Archive, Input};
use super::error::{Foreign, WorkbookFault};
use super::number::{DaySystem, Shown};
use super::xml::{Xml, attributes, referred};
use crate::limits;

/// A sheet, in the order of the tabs.
struct Tab {
    name: String,
    /// Its part; `None` for a chart.
    part: Option<String>,
}

/// A workbook whose directory was read.
pub(super) struct Workbook {
    archive: Archive,
    tabs: Vec<Tab>,
    styles: Option<String>,
    texts: Option<String>,
    pub system: DaySystem,
}

impl Workbook {
    /// Opens a workbook.
    pub fn open(input: Input) -> Result<Workbook, ReadError> {
        let archive = Archive::open(input)?;
        let main = match relations(&archive, "_rels/.rels", "") {
            Ok(relations) => relations.into_iter().find(|r| r.kind == "officeDocument").map(|r| r.target),
            Err(ReadError::Workbook(WorkbookFault::Missing(_))) => None,
            Err(error) => return Err(error),
        };
        let main = match main {
            Some(main) if main.ends_with(".bin") => return Err(Foreign::BinaryWorkbook.into()),
            Some(main) if archive.has(&main) => main,
            _ if archive.has("xl/workbook.xml") => "xl/workbook.xml".to_owned(),
            _ if archive.has("xl/workbook.bin") => return Err(Foreign::BinaryWorkbook.into()),
            _ if archive.has("mimetype") && archive.has("content.xml") => {
                return Err(Foreign::OpenDocument.into());
            }
            _ => return Err(Foreign::Archive.into()),
        };
        let (folder, file) = main.rsplit_once('/').unwrap_or(("", &main));
        let slash = if folder.is_empty() { "" } else { "/" };
        let related = relations(&archive, &format!("{folder}{slash}_rels/{file}.rels"), folder)?;
        let of_kind =
            |kind: &str| related.iter().find(|related| related.kind == kind).map(|r| r.target.clone());
        let (styles, texts) = (of_kind("styles"), of_kind("sharedStrings"));
        let mut workbook =
            Workbook { archive, tabs: Vec::new(), styles, texts, system: DaySystem::default() };
        workbook.read_tabs(&main, &related)?;
        Ok(workbook)
    }

    fn read_tabs(&mut self, main: &str, related: &[Relation]) -> Result<(), ReadError> {
        let mut xml = open(&self.archive, main)?;
        let mut is_workbook = false;
        loop {
            match xml.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "workbook" => is_workbook = true,
                    "workbookPr" => {
                        let [from_1904] = attributes(&e, ["date1904"])?;
                        if from_1904.is_some_and(|text| matches!(&*text, "1" | "true" | "on")) {
                            self.system = DaySystem::From1904;
                        }
                    }
                    "sheet" => {
                        let [name, id] = attributes(&e, ["name", "id"])?;
                        let sheet = related.iter().find(|r| Some(r.id.as_str()) == id.as_deref());
                        let sheet = sheet.ok_or(WorkbookFault::Missing("a sheet"))?;
                        let part = (sheet.kind == "worksheet").then(|| sheet.target.clone());
                        self.tabs.push(Tab { name: plain(&name.unwrap_or_default())?, part });
                    }
                    _ => {}
                },
                Event::Eof if is_workbook => break,
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => {}
            }
            if self.tabs.len() > limits::MAX_WORKBOOK_ITEMS {
                return Err(WorkbookFault::Many.into());
            }
        }
        Ok(())
    }

    /// The sheet that is meant: by name or number, or else the only one that has a filled cell.
    pub fn sheet(&self, named: Option<&str>) -> Result<Xml, ReadError> {
        let part = match named {
            Some(named) => {
                let by_name = self.tabs.iter().find(|tab| tab.name.to_lowercase() == named.to_lowercase());
                let by_number = || {
                    let number = named.parse::<usize>().ok()?;
                    self.tabs.get(number.checked_sub(1)?)
                };
                by_name.or_else(by_number).and_then(|tab| tab.part.as_deref())
            }
            .ok_or(ReadError::NoSheet(self.tabs.len()))?,
            None => {
                let mut filled = Vec::new();
                for (at, tab) in self.tabs.iter().enumerate() {
                    if let Some(part) = &tab.part
                        && super::sheet::is_filled(self.part(part)?)?
                    {
                        filled.push((at + 1, part.as_str()));
                    }
                }
                match *filled {
                    [] => return Err(ReadError::NoRows),
                    [(_, part)] => part,
                    _ => return Err(ReadError::ManySheets(filled.iter().map(|(at, _)| *at).collect())),
                }
            }
        };
        self.part(part)
    }

    fn part(&self, name: &str) -> Result<Xml, ReadError> {
        let part = self.archive.part(name, limits::MAX_SHEET_BYTES)?;
        Ok(Xml::new(part.ok_or(WorkbookFault::Missing("a sheet"))?))
    }

    /// How each cell format shows a number.
    pub fn formats(&self) -> Result<Vec<Shown>, ReadError> {
        let Some(styles) = &self.styles else { return Ok(Vec::new()) };
        let mut xml = open(&self.archive, styles)?;
        let (mut own, mut formats, mut in_cells) = (FxHashMap::default(), Vec::new(), false);
        loop {
            match xml.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "numFmt" => {
                        let [id, code] = attributes(&e, ["numFmtId", "formatCode"])?;
                        if let (Some(id), Some(code)) = (id.and_then(|id| id.parse::<u32>().ok()), code) {
                            own.insert(id, Shown::of_code(&plain(&code)?));
                        }
                    }
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        let [id] = attributes(&e, ["numFmtId"])?;
                        let id = id.and_then(|id| id.parse::<u32>().ok()).unwrap_or(0);
                        formats.push(own.get(&id).copied().unwrap_or_else(|| Shown::of_built_in(id)));
                    }
                    _ => {}
                },
                Event::End(e) if e.local_name().as_ref() == "cellXfs" => in_cells = false,
                Event::Eof => return Ok(formats),
                _ => {}
            }
            if own.len().max(formats.len()) > limits::MAX_WORKBOOK_ITEMS {
                return Err(WorkbookFault::Many.into());
            }
        }
    }

    /// The texts that cells share.
    pub fn texts(&self) -> Result<Texts, ReadError> {
        let mut texts = Texts::default();
        let Some(name) = &self.texts else { return Ok(texts) };
        let most = limits::MAX_SHEET_BYTES;
        let Some(part) = self.archive.part(name, most)? else { return Ok(texts) };
        let mut xml = Xml::new(part);
        let mut text = Text::default();
        loop {
            match xml.next()? {
                Event::Start(e) if e.local_name().as_ref() == "si" => {
                    text.read(&mut xml, "si")?;
                    texts.push(&text.text)?;
                }
                Event::Eof => return Ok(texts),
                _ => {}
            }
        }
    }
}

/// Opens a small part that has to be there.
fn open(archive: &Archive, name: &str) -> Result<Xml, ReadError> {
    let part = archive.part(name, limits::MAX_WORKBOOK_PART_BYTES)?;
    Ok(Xml::new(part.ok_or(WorkbookFault::Missing("its table of contents"))?))
}

/// What a part refers to.
struct Relation {
    id: String,
    /// The last word of its type.
    kind: String,
    /// Its part's name in the archive.
    target: String,
}

fn relations(archive: &Archive, name: &str, folder: &str) -> Result<Vec<Relation>, ReadError> {
    let mut xml = open(archive, name)?;
    let mut relations = Vec::new();
    loop {
        match xml.next()? {
            Event::Start(e) if e.local_name().as_ref() == "Relationship" => {
                let [id, kind, target] = attributes(&e, ["Id", "Type", "Target"])?;
                let kind = kind.unwrap_or_default();
                relations.push(Relation {
                    id: id.unwrap_or_default().into_owned(),
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: resolve(folder, &plain(&target.unwrap_or_default())?),
                });
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
        if relations.len() > limits::MAX_WORKBOOK_ITEMS {
            return Err(WorkbookFault::Many.into());
        }
    }
}

/// A target's name in the archive: from its root, or from the folder of the part that refers to it.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// An attribute's value with its references resolved.
fn plain(value: &str) -> Result<String, ReadError> {
    let attribute = quick_xml::events::attributes::Attribute::from(("value", ""));
    let attribute = quick_xml::events::attributes::Attribute { value: value.into(), ..attribute };
    let plain = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| WorkbookFault::Entities)?;
    Ok(plain.into_owned())
}

/// Texts, one after another; wiped when dropped.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Drop for Texts {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl Texts {
    fn push(&mut self, text: &str) -> Result<(), WorkbookFault> {
        let length = self.bytes.len() + text.len();
        if length > limits::MAX_SHARED_TEXT_BYTES || self.ends.len() == limits::MAX_SHARED_TEXTS {
            return Err(WorkbookFault::Texts);
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(u32::try_from(length).expect("the limit is far below 4 GiB"));
        Ok(())
    }

    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(start..end)
    }
}

/// The text of an element, put together from its runs; wiped when dropped.
#[derive(Default)]
pub(super) struct Text {
    pub text: String,
}

impl Drop for Text {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl Text {
    /// Reads on to the end of the element `of`. In a rich text only `t` counts, and not how it is pronounced.
    pub fn read(&mut self, xml: &mut Xml, of: &str) -> Result<(), ReadError> {
        self.text.clear();
        let rich = matches!(of, "si" | "is");
        let (mut inside, mut spoken) = (!rich, false);
        loop {
            match xml.next()? {
                Event::Start(e) => match e.local_name().as_ref() {
                    "t" => inside = true,
                    "rPh" => spoken = true,
                    _ => {}
                },
                Event::End(e) => match e.local_name().as_ref() {
                    name if name == of => break,
                    "t" => inside = !rich,
                    "rPh" => spoken = false,
                    _ => {}
                },
                Event::Text(text) if inside && !spoken => self.text.push_str(&text.xml10_content()),
                Event::CData(text) if inside && !spoken => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = referred(&reference)?;
                    if inside && !spoken {
                        self.text.push(character);
                    }
                }
                Event::Eof => return Err(WorkbookFault::Xml.into()),
                _ => {}
            }
            if self.text.len() > limits::MAX_LINE_BYTES {
                return Err(WorkbookFault::Bomb.into());
            }
        }
        if self.text.contains("_x") {
            self.text = unescaped(&self.text);
        }
        Ok(())
    }
}

/// Undoes `_x000D_`, by which workbooks write characters that XML cannot (ECMA-376-1, 22.9.2.19).
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        let escape = rest.get(at + 2..at + 7).and_then(|code| code.strip_suffix('_'));
        match escape.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                plain.push(character);
                rest = &rest[at + 7..];
            }
            None => {
                plain.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_where_they_are_named() {
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("a/b", "../../../x.xml"), "x.xml");
        assert_eq!(resolve("", "xl/workbook.xml"), "xl/workbook.xml");
    }

    #[test]
    fn escaped_characters_come_back() {
        for (text, plain) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xyz", "_xyz"),
            ("_x00", "_x00"),
            ("_xæøåé_", "_xæøåé_"),
            ("x_x0041", "x_x0041"),
            ("_xD800_", "_xD800_"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
