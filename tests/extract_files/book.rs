//! Workbooks made by hand, part by part: what no spreadsheet would write.

use std::io::Write as _;

/// A part of an archive, as its directory will have it.
pub struct Part {
    pub name: String,
    pub bytes: Vec<u8>,
    pub deflate: bool,
}

pub fn part(name: &str, text: &str) -> Part {
    Part { name: name.to_owned(), bytes: text.as_bytes().to_vec(), deflate: true }
}

/// Where things lie in an archive, for those who want to damage it.
pub struct Archive {
    pub bytes: Vec<u8>,
    /// Where each part's record begins in the directory.
    pub records: Vec<usize>,
}

/// Puts parts together (PKWARE APPNOTE 6.3.10).
pub fn archive(parts: &[Part]) -> Archive {
    let (mut bytes, mut directory, mut records) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        let at = u32::try_from(bytes.len()).expect("small");
        let mut crc = flate2::Crc::new();
        crc.update(&part.bytes);
        let packed = if part.deflate {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(&part.bytes).expect("memory");
            encoder.finish().expect("memory")
        } else {
            part.bytes.clone()
        };
        let method: u16 = if part.deflate { 8 } else { 0 };
        let size = |length: usize| u32::try_from(length).expect("small");
        let mut common = Vec::new();
        for short in [20, 0, method, 0, 0] {
            common.extend_from_slice(&short.to_le_bytes());
        }
        for long in [crc.sum(), size(packed.len()), size(part.bytes.len())] {
            common.extend_from_slice(&long.to_le_bytes());
        }
        let name = u16::try_from(part.name.len()).expect("short");
        common.extend_from_slice(&name.to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&common);
        bytes.extend_from_slice(part.name.as_bytes());
        bytes.extend_from_slice(&packed);
        records.push(directory.len());
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(part.name.as_bytes());
    }
    let at = u32::try_from(bytes.len()).expect("small");
    records.iter_mut().for_each(|record| *record += bytes.len());
    bytes.extend_from_slice(&directory);
    let count = u16::try_from(parts.len()).expect("few");
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(directory.len()).expect("small").to_le_bytes());
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    Archive { bytes, records }
}

const PACKAGE: &str = r#"<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;

/// The parts of a workbook of one sheet.
pub fn parts(sheet: &str, strings: &str) -> Vec<Part> {
    let related = r#"<Relationships><Relationship Id="s" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
        <Relationship Id="t" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
    vec![
        part("_rels/.rels", PACKAGE),
        part("xl/workbook.xml", r#"<workbook><sheets><sheet name="Ark1" r:id="s"/></sheets></workbook>"#),
        part("xl/_rels/workbook.xml.rels", related),
        part("xl/sharedStrings.xml", strings),
        part("xl/worksheets/sheet1.xml", sheet),
    ]
}

/// A sheet of rows.
pub fn sheet(rows: &str) -> String {
    format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
}

/// A row of texts as a sheet has it.
pub fn row(number: u32, fields: &[&str]) -> String {
    let cells = fields.iter().map(|field| format!(r#"<c t="inlineStr"><is><t>{field}</t></is></c>"#));
    format!(r#"<row r="{number}">{}</row>"#, cells.collect::<String>())
}

/// The workbook of some rows.
pub fn workbook(rows: &str) -> Vec<u8> {
    archive(&parts(&sheet(rows), "<sst/>")).bytes
}
