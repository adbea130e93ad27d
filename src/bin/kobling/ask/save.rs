//! Files that are written whole, and not over others unless that was said.

use std::io::Write as _;
use std::path::Path;

use crate::exit::{Trouble, file};

pub(super) fn save(path: &Path, bytes: &[u8], replace: bool) -> Result<(), Trouble> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if replace {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut to = options.open(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            let message = format!("{}: is there already; give another name, or --replace", path.display());
            Trouble::Files(crate::exit::english(message))
        } else {
            file(path)(error)
        }
    })?;
    to.write_all(bytes).and_then(|()| to.sync_all()).map_err(file(path))
}
