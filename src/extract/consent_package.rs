//! A list of consents as a package: the same folder as of an extract, and the same way to the service.

use std::collections::BTreeMap;
use std::path::Path;

use super::Source;
use super::consents::{ConsentListError, Form, read_list};
use super::findings::{KINDS, kind_code};
use super::manifest::{FORMAT, Head, Manifest, RowCounts, Schema};
use super::pack::{PackageWriter, written};
use super::shuffle::Shuffler;
use crate::clock::Timestamp;
use crate::key::{LinkageKey, SigningKey};
use crate::limits;
use crate::name::PartnerId;
use crate::programme::{CONSENTS, Programme};
use crate::secret::Random;
use crate::token::Tokeniser;

/// Rows that go to the piles at a time.
const ROWS_AT_ONCE: usize = 4096;

/// What a list is, and what is the same for all its rows.
#[derive(Clone, Copy, Debug)]
pub struct ConsentJob<'a> {
    /// The list.
    pub source: &'a Source,
    /// What all records have in common.
    pub form: &'a Form,
    /// The programme.
    pub programme: &'a Programme,
    /// Whose list it is: a partner of the programme.
    pub partner: &'a PartnerId,
    /// The instant at which no event lies in the future.
    pub now: Timestamp,
}

/// Makes a package of a list: a row an event, in random order, each once. One bad row stops it, and nothing is left behind.
///
/// # Errors
/// [`ConsentListError`].
pub fn package_consents(
    job: &ConsentJob<'_>,
    key: &LinkageKey,
    signing: Option<&SigningKey>,
    folder: &Path,
    random: &mut dyn Random,
) -> Result<Manifest, ConsentListError> {
    let unknown = || ConsentListError::UnknownPartner(job.partner.clone());
    let partner = job.programme.source(job.partner).ok_or_else(unknown)?;
    let tokeniser = Tokeniser::new(key, job.partner, job.partner);
    let mut writer = PackageWriter::create(folder, Schema::of_consents())?;
    let mut shuffler = Shuffler::new(random, limits::SHUFFLE_MEMORY_BYTES);
    let (mut buffer, mut line, mut waiting) = (shuffler.buffer(), Vec::new(), 0);
    let read = read_list(job.source, job.form, &tokeniser, job.now, |number, kind, record| {
        let refused = |refusal| ConsentListError::Refused(number, refusal);
        record.event.fits(job.programme, partner).map_err(refused)?;
        line.clear();
        record.write_line(&mut line).map_err(|error| ConsentListError::NoLine(number, error))?;
        buffer.push(&line, Some(kind), number);
        waiting += 1;
        if waiting == ROWS_AT_ONCE {
            shuffler.take(&mut buffer, writer.partial())?;
            waiting = 0;
        }
        Ok(())
    })?;
    if read == 0 {
        return Err(ConsentListError::Empty);
    }
    shuffler.take(&mut buffer, writer.partial())?;
    let mut kinds = [0u64; KINDS.len()];
    let mut repeated = 0;
    let data = folder.to_owned();
    shuffler.drain(|pile| {
        for (sum, n) in kinds.iter_mut().zip(pile.kinds) {
            *sum += n;
        }
        repeated += pile.repeated.len() as u64;
        writer.rows(&pile.lines).map_err(written(&data))?;
        Ok::<(), ConsentListError>(())
    })?;
    let identifiers = KINDS.into_iter().zip(kinds).filter(|(_, n)| *n > 0);
    let head = Head {
        format: FORMAT,
        programme: job.programme.id.clone(),
        partner: job.partner.clone(),
        dataset: CONSENTS.parse().expect("a plain name"),
        period: job.programme.period,
        key_id: key.id(),
        tool: concat!("kobling ", env!("CARGO_PKG_VERSION")).to_owned(),
        rows: RowCounts { read, sent: read - repeated, duplicates: repeated, ..RowCounts::default() },
        rejected: BTreeMap::new(),
        warnings: BTreeMap::new(),
        identifiers: identifiers.map(|(kind, n)| (kind_code(kind).to_owned(), n)).collect(),
        screened: None,
    };
    Ok(writer.finish(head, job.now, signing)?)
}

#[cfg(test)]
mod tests {
    use super::super::Package;
    use super::super::consents::notice;
    use super::*;
    use crate::clock::Day;
    use crate::consent::{CONSENT_COLUMNS, ConsentEvent, GivenBy, LegalBasis};
    use crate::id::{Sex, generate_made_up_cpr};
    use crate::secret::SeededRandom;

    fn number(n: u64) -> String {
        let born = Day::from_ymd(1970, 1, 1).expect("a day");
        let text = generate_made_up_cpr(born, Sex::Man, &mut SeededRandom::from_number(n));
        String::from_utf8(text.to_vec()).expect("ASCII")
    }

    /// Packs a list of a partner.
    fn packed(
        text: &str,
        label: &str,
        basis: LegalBasis,
    ) -> (tempfile::TempDir, Result<Manifest, ConsentListError>) {
        let programme =
            Programme::parse(include_str!("../../programmes/interventionsmodel.toml")).expect("sound");
        let dir = tempfile::tempdir().expect("a folder");
        let source = Source::Memory(zeroize::Zeroizing::new(text.to_owned()));
        let form = Form {
            purposes: vec!["evaluation".parse().expect("a name")],
            recipients: vec!["vive".parse().expect("a name")],
            datasets: Vec::new(),
            notice: notice(&programme, &"samtykke".parse().expect("a name"), "da").expect("a notice"),
            given_by: GivenBy::Person,
            recorded_by: label.to_owned(),
            legal_basis: basis,
        };
        let partner = "lokk".parse().expect("a name");
        let now = "2025-06-01T08:00:00Z".parse().expect("an instant");
        let job = ConsentJob { source: &source, form: &form, programme: &programme, partner: &partner, now };
        let key = LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32]);
        let signing = SigningKey::from_seed(&mut [3; 32]);
        let out = dir.path().join("package");
        let made = package_consents(&job, &key, Some(&signing), &out, &mut SeededRandom::from_number(1));
        (dir, made)
    }

    #[test]
    fn a_list_becomes_a_package_of_tokens_with_a_row_an_event() {
        let rows = (0..50).map(|n| format!("{},r-{n},given,2022-01-01\n", number(n))).collect::<String>();
        let list = format!("cpr,record,event,time\n{rows}{},r-0,given,2022-01-01\n", number(0));
        let (dir, made) = packed(&list, "desk 3", LegalBasis::ExplicitConsent);
        let manifest = made.unwrap_or_else(|error| panic!("{error}"));
        assert!(manifest.is_of_consents());
        let counts = RowCounts { read: 51, sent: 50, duplicates: 1, ..RowCounts::default() };
        assert_eq!(manifest.kobling.rows, counts);
        let package = Package::open(&dir.path().join("package")).expect("a package");
        package.verify().expect("whole");
        package.signature().expect("signed");
        let text = std::fs::read_to_string(package.data_path()).expect("readable");
        let mut lines = text.lines();
        let header = CONSENT_COLUMNS.map(|column| column.0).join(",");
        assert_eq!(lines.next(), Some(header.as_str()));
        let mut order = Vec::new();
        for line in lines {
            let fields: [&str; 23] = line.split(',').collect::<Vec<_>>().try_into().expect("fields");
            assert!(fields[0].starts_with("cpr."));
            order.push(ConsentEvent::of_line(&fields).expect("an event").record.as_str().to_owned());
        }
        assert_eq!(order.len(), 50);
        assert_ne!(order, (0..50).map(|n| format!("r-{n}")).collect::<Vec<_>>(), "not in the list's order");
        for n in 0..50 {
            assert!(!text.contains(&number(n)));
        }
    }

    #[test]
    fn one_bad_row_leaves_nothing_behind() {
        let good = format!("{},r-1,given,2022-01-01\n", number(1));
        let list = |row: &str| format!("cpr,record,event,time\n{good}{row}");
        let bad = format!("{},r-2,maybe,2022-01-01\n", number(2));
        let explicit = LegalBasis::ExplicitConsent;
        for (text, label, basis, said) in [
            (list(&bad), "desk 3", explicit, "line 3, column event"),
            (list(""), "desk 3", LegalBasis::Consent, "line 2: the legal basis of this yes is too weak"),
            (list(""), "desk, third floor", explicit, "line 2: the label"),
            ("cpr,record,event,time\n".to_owned(), "desk 3", explicit, "holds no event"),
        ] {
            let (dir, made) = packed(&text, label, basis);
            let error = made.expect_err("it is refused").to_string();
            assert!(error.contains(said) && !error.contains(&number(2)), "{error}");
            assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
        }
    }
}
