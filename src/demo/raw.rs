//! Partners' raw extracts, written the way their systems would, with the faults that such files have.
//!
//! One CSV file a partner and dataset, at `<partner>/<dataset>.csv`. Columns that the programme does not ask for are
//! there too; they must never leave.

use std::path::{Path, PathBuf};

use super::DemoError;
use super::hand::hand;
use super::pen::{About, Entry, Value, write};
use super::world::{Contact, PARTNERS, World};
use crate::name::{DatasetId, PartnerId};
use crate::programme::{Dataset, Programme};

/// The datasets of the world's own contacts.
pub const DATASETS: [&str; 3] = ["politi-opsporing", "kommune-opsporing", "forloeb"];

/// Words of the free text column, found nowhere else: a search for them shows whether it left.
pub const REMARK_WORDS: [&str; 6] =
    ["blåbærgrød", "kaffekande", "paraplystativ", "vindmøllesav", "snegleskæl", "tøjklemme"];
/// The header of the free text column.
pub const REMARK_HEADER: &str = "Bemærkning";

/// A file that was written, and what was put wrong in it on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFile {
    /// Whose it is.
    pub partner: PartnerId,
    /// Which dataset.
    pub dataset: DatasetId,
    /// Where it is.
    pub path: PathBuf,
    /// Rows, the header not counted.
    pub rows: u64,
    /// What was put in.
    pub faults: Faults,
}

/// Rows by what was done to them. Every row counted from `nine_digits` on is to be rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Exact copies of the row before, which is sound.
    pub duplicates: u64,
    /// Without a person, where that is allowed; some of them bad in another way.
    pub anonymous: u64,
    /// CPR numbers that a spreadsheet took the leading zero from.
    pub nine_digits: u64,
    /// CPR numbers that a spreadsheet turned into `1,01E+09`.
    pub scientific: u64,
    /// Ten digits whose date does not exist.
    pub impossible: u64,
    /// Without a person, where that is not allowed.
    pub absent: u64,
    /// Days that do not exist.
    pub bad_days: u64,
    /// Days before or after the programme.
    pub other_days: u64,
    /// Codes that nobody knows.
    pub unknown_codes: u64,
}

impl Faults {
    /// Rows to be rejected when nine digits are refused.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.nine_digits
            + self.scientific
            + self.impossible
            + self.absent
            + self.bad_days
            + self.other_days
            + self.unknown_codes
    }
}

/// Writes every partner's extracts of [`DATASETS`] under a folder, which is made where it is missing. The same world gives the same
/// bytes.
///
/// # Errors
/// [`DemoError`]: a file cannot be written, or the programme is another one.
pub fn write_extracts(
    world: &World,
    programme: &Programme,
    folder: &Path,
) -> Result<Vec<RawFile>, DemoError> {
    let mut files = Vec::new();
    for (partner, name) in PARTNERS.iter().enumerate() {
        let missing = |what: String| DemoError::Programme { what };
        let id: PartnerId = name.parse().expect("partners have plain names");
        let source = programme.source(&id).ok_or_else(|| missing(format!("partner {name}")))?;
        let of_partner = programme.datasets.iter().filter(|d| d.partners.contains(&source));
        for dataset in of_partner.filter(|d| DATASETS.contains(&d.id.as_str())) {
            let contacts =
                world.contacts.iter().filter(|c| c.partner == partner && dataset.id.as_str() == c.dataset);
            let entries = contacts.map(|contact| entry(contact, programme, dataset));
            let entries = entries.collect::<Result<Vec<Entry>, _>>()?;
            let about = About {
                programme,
                dataset,
                partner: &id,
                at: partner,
                hand: hand(partner),
                staff: hand(partner).staff,
                number: &|person| world.number(person, partner),
            };
            let seed = world.settings.seed.wrapping_mul(1009) + files.len() as u64;
            files.push(write(about, seed, entries.into_iter(), folder)?);
        }
    }
    Ok(files)
}

/// A contact as a row of its dataset.
fn entry(contact: &Contact, programme: &Programme, dataset: &Dataset) -> Result<Entry, DemoError> {
    let mut values = vec![Value::Nothing; dataset.columns.len()];
    for (value, column) in values.iter_mut().zip(&dataset.columns) {
        let Some(codes) = programme.codes(column) else { continue };
        let code = match column.id.as_str() {
            "trin" => contact.step,
            "rolle" => contact.part.code(),
            _ => contact.home,
        };
        let at = codes.iter().position(|known| known.id.as_str() == code);
        let at = at.and_then(|at| u8::try_from(at).ok());
        *value = Value::Code(at.ok_or_else(|| DemoError::Programme { what: format!("code {code}") })?);
    }
    let Contact { person, related, case, day, .. } = *contact;
    Ok(Entry { person, related, case, day, values })
}

#[cfg(test)]
mod tests {
    use super::super::world::WorldSettings;
    use super::*;

    #[test]
    fn files_look_like_partners_files() {
        let world = World::generate(WorldSettings { persons: 4000, ..WorldSettings::default() });
        let programme =
            Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("sound");
        let folder = tempfile::tempdir().expect("a folder");
        let files = write_extracts(&world, &programme, folder.path()).expect("written");
        assert_eq!(files.len(), 12);
        let again = tempfile::tempdir().expect("a folder");
        for (file, twin) in
            files.iter().zip(write_extracts(&world, &programme, again.path()).expect("written"))
        {
            let (bytes, same) = (std::fs::read(&file.path), std::fs::read(twin.path));
            assert!(bytes.expect("read") == same.expect("read"), "{}", file.partner);
        }
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        let duplicates: u64 = files.iter().map(|f| f.faults.duplicates).sum();
        assert_eq!(rows, world.contacts.len() as u64 + duplicates);
        let total = |what: fn(&Faults) -> u64| files.iter().map(|f| what(&f.faults)).sum::<u64>();
        for (name, what) in [
            ("duplicates", (|f| f.duplicates) as fn(&Faults) -> u64),
            ("anonymous", |f| f.anonymous),
            ("nine digits", |f| f.nine_digits),
            ("scientific", |f| f.scientific),
            ("impossible", |f| f.impossible),
            ("absent", |f| f.absent),
            ("bad days", |f| f.bad_days),
            ("other days", |f| f.other_days),
            ("unknown codes", |f| f.unknown_codes),
        ] {
            assert!(total(what) > 0, "no {name}");
        }
        assert!(total(Faults::rejected) * 30 < rows, "too many bad rows to be a likely file");
        let read = |partner: &str, dataset: &str| {
            std::fs::read(folder.path().join(partner).join(format!("{dataset}.csv"))).expect("there")
        };
        let police = read("koebenhavns-politi", "politi-opsporing");
        assert!(std::str::from_utf8(&police).is_err() && police.windows(2).any(|w| w == b"\r\n"));
        assert!(read("frederiksberg", "forloeb").starts_with(b"\xEF\xBB\xBF"));
        assert!(read("moedrehjaelpen", "forloeb").starts_with(b"sep=;\r\n"));
        let remark = encoding_rs::WINDOWS_1252.decode(&police).0;
        assert!(remark.contains(REMARK_HEADER) && REMARK_WORDS.iter().all(|w| remark.contains(w)));
    }
}
