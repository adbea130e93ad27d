//! Extracts as real files: CSV in every habit, workbooks, Parquet, and files that are none of these or mean harm.

mod book;
mod habits;
mod hostile;
#[cfg(feature = "formats")]
mod tables;
#[cfg(feature = "formats")]
mod workbooks;

use std::path::{Path, PathBuf};

use kobling::clock::{Day, Timestamp};
use kobling::extract::report::{Matter, Report};
use kobling::extract::{Decimal, Declared, ExtractError, Job, Source, Unwatched, tokenise};
use kobling::id::{LeadingZero, Sex, generate_made_up_cpr};
use kobling::key::LinkageKey;
use kobling::programme::Programme;
use kobling::secret::{SeededRandom, SystemRandom};

/// A partner at its desk.
pub(crate) struct Desk {
    pub(crate) programme: Programme,
    pub(crate) key: LinkageKey,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) dataset: &'static str,
    pub(crate) zero: LeadingZero,
}

/// What came of an extract: the package's rows in order, and the report.
pub(crate) type Came = Result<(Vec<String>, Report), ExtractError>;

/// The programme is read once.
static PROGRAMME: std::sync::LazyLock<Programme> = std::sync::LazyLock::new(|| {
    // Measures get decimals.
    let text = include_str!("../../programmes/interventionsmodel.toml").replace(
        "unit = \"samtaler\"\nmin = 0\nmax = 60\n",
        "unit = \"samtaler\"\ndecimals = 2\nmin = 0\nmax = 600000\n",
    );
    Programme::parse(&text).unwrap_or_else(|error| panic!("{error}"))
});

impl Desk {
    pub(crate) fn new(dataset: &'static str) -> Desk {
        let programme = PROGRAMME.clone();
        let key = LinkageKey::from_bytes(programme.id.clone(), &mut [7; 32]);
        let dir = tempfile::tempdir().expect("a folder");
        Desk { programme, key, dir, dataset, zero: LeadingZero::Refuse }
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    pub(crate) fn job<T>(
        &self,
        source: &Source,
        declared: Declared<'_>,
        run: impl FnOnce(Job<'_>) -> T,
    ) -> T {
        let (partner, dataset) = ("lokk".parse().expect("a name"), self.dataset.parse().expect("a name"));
        run(Job {
            source,
            declared,
            mapping: None,
            programme: &self.programme,
            partner: &partner,
            dataset: &dataset,
            period: None,
            zero: self.zero,
            decimal: Decimal::Comma,
            today: Day::from_ymd(2025, 6, 1).expect("a day"),
        })
    }

    /// Tokenises a file; the rows come out sorted.
    pub(crate) fn package(&self, path: &Path, declared: Declared<'_>) -> Came {
        let out = tempfile::tempdir_in(self.dir.path()).expect("a folder");
        let folder = out.path().join("package");
        let source = Source::File(path.to_owned());
        self.job(&source, declared, |job| {
            let now = Timestamp::from_millis(1_750_000_000_000);
            let (report, _) = tokenise(
                &job,
                &self.key,
                None,
                None,
                (&folder, now),
                &mut SystemRandom::new(),
                &mut Unwatched,
            )?;
            let data = std::fs::read_to_string(folder.join("data.csv")).expect("readable");
            let mut rows: Vec<String> = data.lines().skip(1).map(str::to_owned).collect();
            rows.sort();
            Ok((rows, report))
        })
    }

    /// The same of bytes.
    pub(crate) fn of(&self, name: &str, bytes: &[u8]) -> Came {
        let path = self.write(name, bytes);
        self.package(&path, Declared::default())
    }
}

/// A made-up number, the same for the same seed.
pub(crate) fn cpr(seed: u64) -> String {
    let born =
        Day::from_ymd(1970, 5, 6).expect("a day").plus(i32::try_from(seed * 37 % 9000).expect("small"));
    let text = generate_made_up_cpr(born, Sex::Woman, &mut SeededRandom::from_number(seed));
    String::from_utf8(text.to_vec()).expect("ASCII")
}

/// Line, column and code of each finding, in the order of the file; what says how the whole file is written left out.
pub(crate) fn findings(report: &Report) -> Vec<(u64, &str, &str)> {
    let told =
        report.found.iter().filter(|f| !matches!(f.matter, Matter::Remark(remark) if remark.is_habit()));
    let places = told.flat_map(|found| found.columns.iter().map(move |of| (of, found.matter.code())));
    let all = places.flat_map(|(of, code)| {
        let column = of.column.as_ref().map_or("", |column| column.as_str());
        of.places.lines.iter().map(move |line| (*line, column, code))
    });
    let mut all = all.collect::<Vec<_>>();
    all.sort_unstable();
    all
}
