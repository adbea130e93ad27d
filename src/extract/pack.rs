//! Writing and reading a package: a folder with rows, manifest and signature.
//!
//! The folder appears under its name only when it is whole: it is written beside it and renamed at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::manifest::{
    Block, DATA_FILE, Head, MANIFEST_FILE, Manifest, ManifestError, Resource, SIGNATURE_CONTEXT,
    SIGNATURE_FILE, Schema, Sha256Hex,
};
use crate::clock::Timestamp;
use crate::key::{Signature, SigningKey};
use crate::language::Spoken;
use crate::limits;

/// Why a package cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The folder is there already.
    #[error("{} exists already; give the name of a new folder", .0.display())]
    Exists(PathBuf),
    /// The file system said no.
    #[error("{}: cannot be {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// Larger than a manifest can be.
    #[error("{}: too large for a manifest", .0.display())]
    LargeManifest(PathBuf),
    /// The manifest is none.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ManifestError,
    },
    /// Rows that are not those of the manifest.
    #[error("{}: the rows are not those that the manifest describes; make the package again", .0.display())]
    Changed(PathBuf),
    /// No signature yet.
    #[error("{}: the package is not signed; give --signing-key", .0.display())]
    Unsigned(PathBuf),
    /// A signature file that holds none.
    #[error("{}: holds no signature", .0.display())]
    Signature(PathBuf),
}

impl Spoken for PackageError {
    fn danish(&self) -> String {
        match self {
            PackageError::Exists(path) => {
                format!("{} findes allerede; angiv navnet på en ny mappe", path.display())
            }
            PackageError::Io { path, doing, .. } => {
                let doing = if *doing == WRITTEN { "skrives" } else { "læses" };
                format!("{}: kan ikke {doing}", path.display())
            }
            PackageError::LargeManifest(path) => {
                format!("{}: for stor til at være et manifest", path.display())
            }
            PackageError::Manifest { path, source } => format!("{}: {}", path.display(), source.danish()),
            PackageError::Changed(path) => {
                format!("{}: rækkerne er ikke dem, manifestet beskriver; lav pakken igen", path.display())
            }
            PackageError::Unsigned(path) => {
                format!("{}: pakken er ikke underskrevet; angiv --signing-key", path.display())
            }
            PackageError::Signature(path) => format!("{}: rummer ingen underskrift", path.display()),
        }
    }

    fn because(&self) -> Option<&dyn Spoken> {
        match self {
            PackageError::Io { source, .. } => Some(source),
            PackageError::Manifest { source, .. } => source.because(),
            _ => None,
        }
    }
}

const READ: &str = "read";
const WRITTEN: &str = "written";

pub(super) fn written(path: &Path) -> impl FnOnce(io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::Io { path, doing: WRITTEN, source }
}

pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::Io { path, doing: READ, source }
}

/// A package being written.
pub(super) struct PackageWriter {
    folder: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    whole: Sha256,
    bytes: u64,
    block: Sha256,
    block_bytes: usize,
    block_rows: usize,
    blocks: Vec<Block>,
    schema: Schema,
    finished: bool,
}

impl PackageWriter {
    pub fn create(folder: &Path, schema: Schema) -> Result<PackageWriter, PackageError> {
        if folder.symlink_metadata().is_ok() {
            return Err(PackageError::Exists(folder.to_owned()));
        }
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        // The page is no process, and alone.
        let process = if cfg!(target_family = "wasm") { 0 } else { std::process::id() };
        name.push(format!(".partial-{process}"));
        let partial = folder.with_file_name(name);
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&partial).map_err(written(&partial))?;
        let path = partial.join(DATA_FILE);
        let file = new_file(&path).map_err(written(&path))?;
        let names = schema.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>();
        let header = format!("{}\n", names.join(","));
        let mut writer = PackageWriter {
            folder: folder.to_owned(),
            partial,
            file: BufWriter::with_capacity(1 << 20, file),
            whole: Sha256::new(),
            bytes: 0,
            block: Sha256::new(),
            block_bytes: 0,
            block_rows: 0,
            blocks: Vec::new(),
            schema,
            finished: false,
        };
        writer.take(header.as_bytes()).map_err(written(&path))?;
        Ok(writer)
    }

    /// Where the package is being written: spilled rows may lie beside it.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Adds whole rows, each with its line end, in as many blocks as they take.
    pub fn rows(&mut self, mut lines: &[u8]) -> io::Result<()> {
        while !lines.is_empty() {
            let room = limits::MAX_BLOCK_BYTES - self.block_bytes;
            let fit = match lines.len() <= room {
                true => lines.len(),
                false => memchr::memrchr(b'\n', &lines[..room]).map_or(0, |at| at + 1),
            };
            if fit == 0 {
                self.end_block();
                continue;
            }
            let (now, later) = lines.split_at(fit);
            self.take(now)?;
            self.block_rows += memchr::memchr_iter(b'\n', now).count();
            lines = later;
        }
        Ok(())
    }

    /// Adds bytes to the block.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.whole.update(bytes);
        self.block.update(bytes);
        self.block_bytes += bytes.len();
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn end_block(&mut self) {
        self.blocks.push(Block {
            bytes: u32::try_from(self.block_bytes).expect("a block is at most 1 MiB"),
            rows: u32::try_from(self.block_rows).expect("a row has a byte at least"),
            sha256: Sha256Hex::from_bytes(self.block.finalize_reset().into()),
        });
        (self.block_bytes, self.block_rows) = (0, 0);
    }

    /// Writes manifest and signature, makes all of it durable, and gives the folder its name.
    pub fn finish(
        mut self,
        head: Head,
        created: Timestamp,
        signing: Option<&SigningKey>,
    ) -> Result<Manifest, PackageError> {
        let data = self.partial.join(DATA_FILE);
        if self.block_bytes > 0 {
            self.end_block();
        }
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(written(&data))?;
        let hash = Sha256Hex::from_bytes(std::mem::take(&mut self.whole).finalize().into());
        let manifest = Manifest {
            name: format!("{}-{}-{}", head.programme, head.partner, head.dataset),
            created,
            resources: [Resource {
                name: "data".to_owned(),
                path: DATA_FILE.to_owned(),
                format: "csv".to_owned(),
                mediatype: "text/csv".to_owned(),
                encoding: "utf-8".to_owned(),
                bytes: self.bytes,
                hash: format!("sha256:{hash}"),
                schema: self.schema.clone(),
                blocks: std::mem::take(&mut self.blocks),
            }],
            kobling: head,
        };
        let text = manifest.to_json();
        write_durably(&self.partial.join(MANIFEST_FILE), &text)?;
        if let Some(key) = signing {
            let signature = key.sign(SIGNATURE_CONTEXT, &text);
            write_durably(&self.partial.join(SIGNATURE_FILE), format!("{signature}\n").as_bytes())?;
        }
        std::fs::rename(&self.partial, &self.folder).map_err(written(&self.folder))?;
        self.finished = true;
        Ok(manifest)
    }
}

impl Drop for PackageWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: what is left holds tokens only, and its name says that it is not whole.
            let _ = std::fs::remove_dir_all(&self.partial);
        }
    }
}

/// A new file that only its owner can read (on Unix; on Windows the folder's access rules stand): tokens are personal
/// data.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    let mut file = new_file(path).map_err(written(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(written(path))
}

impl Manifest {
    /// The manifest as it is written and signed: indented JSON with a line end.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest is plain data");
        text.push(b'\n');
        text
    }
}

/// A package on disk.
#[derive(Clone, Debug)]
pub struct Package {
    folder: PathBuf,
    /// The manifest, byte for byte as it is signed.
    pub manifest_bytes: Vec<u8>,
    /// The manifest, read.
    pub manifest: Manifest,
}

impl Package {
    /// Opens a package's folder and reads its manifest.
    ///
    /// # Errors
    /// [`PackageError`]: unreadable, no manifest, contradictions.
    pub fn open(folder: &Path) -> Result<Package, PackageError> {
        let path = folder.join(MANIFEST_FILE);
        let size = std::fs::metadata(&path).map_err(read(&path))?.len();
        if size > limits::MAX_MANIFEST_BYTES as u64 {
            return Err(PackageError::LargeManifest(path));
        }
        let manifest_bytes = std::fs::read(&path).map_err(read(&path))?;
        let manifest =
            Manifest::parse(&manifest_bytes).map_err(|source| PackageError::Manifest { path, source })?;
        Ok(Package { folder: folder.to_owned(), manifest_bytes, manifest })
    }

    /// Path of the rows.
    #[must_use]
    pub fn data_path(&self) -> PathBuf {
        self.folder.join(DATA_FILE)
    }

    /// The signature beside the manifest.
    ///
    /// # Errors
    /// [`PackageError::Unsigned`], [`PackageError::Signature`], [`PackageError::Io`].
    pub fn signature(&self) -> Result<Signature, PackageError> {
        let path = self.folder.join(SIGNATURE_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => text.parse().map_err(|_| PackageError::Signature(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(PackageError::Unsigned(self.folder.clone()))
            }
            Err(error) => Err(read(&path)(error)),
        }
    }

    /// Signs the manifest as it stands, replacing a signature that is there.
    ///
    /// # Errors
    /// [`PackageError::Io`].
    pub fn sign(&self, key: &SigningKey) -> Result<Signature, PackageError> {
        let path = self.folder.join(SIGNATURE_FILE);
        let signature = key.sign(SIGNATURE_CONTEXT, &self.manifest_bytes);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(written(&path)(error)),
            _ => {}
        }
        write_durably(&path, format!("{signature}\n").as_bytes())?;
        Ok(signature)
    }

    /// Reads the rows once and holds them against the manifest, block by block.
    ///
    /// # Errors
    /// [`PackageError::Changed`], [`PackageError::Io`].
    pub fn verify(&self) -> Result<(), PackageError> {
        use io::Read as _;
        let path = self.data_path();
        let mut file = File::open(&path).map_err(read(&path))?;
        let mut block = Vec::new();
        for expected in &self.manifest.resources[0].blocks {
            block.resize(expected.bytes as usize, 0);
            match file.read_exact(&mut block) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(PackageError::Changed(path));
                }
                result => result.map_err(read(&path))?,
            }
            if Sha256Hex::of(&block) != expected.sha256 {
                return Err(PackageError::Changed(path));
            }
        }
        match file.read(&mut [0]).map_err(read(&path))? {
            0 => Ok(()),
            _ => Err(PackageError::Changed(path)),
        }
    }
}
