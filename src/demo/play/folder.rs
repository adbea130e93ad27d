//! A private folder that is gone when the demo is.

use std::path::{Path, PathBuf};

use super::PlayError;
use crate::secret::{Random as _, SystemRandom};

pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Result<Folder, PlayError> {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes);
        let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("kobling-demo-{name}"));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(PlayError::io(&path))?;
        Ok(Folder(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what stays behind is made up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
