//! `koblingd backup`: an archive of the data folder, made while the service runs; and what is in one.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use kobling::backup::{BackupError, check};
use kobling::key::{Identities, Recipients};

use crate::control::{Answer, On, OnFolder};
use crate::exit::Failure;
use crate::folder::Folder;

/// Write the data folder as it stands into one archive, encrypted to `age` recipients. The service key is never in it: keep
/// both, apart. With --check, look whether an archive is whole, without restoring it.
#[derive(Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    folder: Folder,
    /// Who may open it: an `age1…` text, or a file with one a line; several times for several. Where none is given, those under
    /// `to` in [backup] of koblingd.toml.
    #[arg(long, value_name = "RECIPIENT")]
    to: Vec<String>,
    /// A new file for the archive; it is there when it is whole, or not at all.
    #[arg(short, long, value_name = "FILE", required_unless_present = "check")]
    out: Option<PathBuf>,
    /// Hold this archive against its digests and their signature, and change nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "out"], requires = "identity")]
    check: Option<PathBuf>,
    /// The identity (`kobling key recipient`, `age-keygen`) of one of its recipients.
    #[arg(long, value_name = "FILE", requires = "check")]
    identity: Option<PathBuf>,
}

impl Backup {
    /// The archive that is to be checked, which no service is needed for.
    pub(crate) const fn checks(&self) -> bool {
        self.check.is_some()
    }

    fn recipients(&self) -> Result<Recipients, Failure> {
        let given = if self.to.is_empty() { self.folder.settings()?.backup.to } else { self.to.clone() };
        Ok(Recipients::of(&given)?)
    }

    pub(crate) fn run(self) -> Result<(), Failure> {
        let (Some(path), Some(identity)) = (&self.check, &self.identity) else {
            return Err(Failure::Configuration("give --check FILE and --identity FILE".to_owned()));
        };
        let identities = Identities::load(identity)?;
        let key = self.folder.key_if_named()?;
        let archive = open(path)?;
        let service = key.map(|key| key.signing_key().verifying_key());
        let checked = check(archive, &identities, service.as_ref(), &mut |_, _| Ok(()))
            .map_err(|error| failed(&error, Some(path)))?;
        let about = checked.about;
        println!("{}: whole", path.display());
        println!("made on {} by koblingd {}, schema {}", about.made_at, about.version, about.schema);
        println!("programme: {} version {}", about.programme, about.programme_version);
        println!("audit chain: {} entries, head {}", about.chain.sequence, about.chain.hash);
        let fingerprint = about.service.fingerprint();
        if service.is_some() {
            println!("signed by this service: {fingerprint}");
        } else {
            println!("signed by the service {fingerprint}; compare it, or give --service-key");
        }
        Ok(())
    }
}

impl OnFolder for Backup {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    fn file(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    fn arguments(&self) -> Result<Vec<String>, Failure> {
        // Files with recipients, and the settings, are read here.
        let mut arguments = vec!["backup".to_owned(), "--out=archive".to_owned()];
        arguments.extend(self.recipients()?.texts().iter().map(|text| format!("--to={text}")));
        Ok(arguments)
    }

    fn run_on(&self, on: On<'_>, answer: &mut Answer<'_>) -> Result<(), Failure> {
        let service = on.service()?;
        let recipients = self.recipients()?;
        let about = {
            let shared = std::cell::RefCell::new(&mut *answer);
            let mut watch = |done, of| shared.borrow_mut().progress(done, of);
            let mut out = BufWriter::with_capacity(1 << 18, Into(&shared));
            service.back_up(&recipients, &mut out, &mut watch).map_err(|error| failed(&error, None))?
        };
        // It is recorded once it is durable where it is to be.
        answer.keep()?;
        service.record_backup(&service.operator(), &about, &recipients)?;
        writeln!(answer, "backup of {}: {} recipients", about.made_at, recipients.count())?;
        writeln!(answer, "audit chain: {} entries, head {}", about.chain.sequence, about.chain.hash)?;
        writeln!(answer, "the service key is not in it: keep that too, elsewhere")?;
        Ok(())
    }
}

/// The file of an answer that is watched meanwhile.
struct Into<'a, 'b, 'c>(&'a std::cell::RefCell<&'b mut Answer<'c>>);

impl std::io::Write for Into<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().file().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Opens an archive.
pub(crate) fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path).map_err(|error| Failure::Files(format!("{}: {error}", path.display())))?;
    Ok(BufReader::with_capacity(1 << 18, file))
}

/// What is wrong with an archive, or in the way of making or restoring one.
pub(crate) fn failed(error: &BackupError, archive: Option<&Path>) -> Failure {
    let text = crate::exit::with_causes(error);
    let text = archive.map_or(text.clone(), |path| format!("{}: {text}", path.display()));
    match error {
        BackupError::Damaged
        | BackupError::Foreign(_)
        | BackupError::Digest(_)
        | BackupError::Signature
        | BackupError::Chain => Failure::Found(text),
        BackupError::Open(_) => Failure::Key(text),
        BackupError::UnderWay | BackupError::NotEmpty(_) | BackupError::Left(_) => Failure::Refused(text),
        _ => Failure::Files(text),
    }
}
