//! What is served beside the pages: style, scripts, fonts and icons, from inside the program.
//!
//! Must never: serve a file that is not built in; name an address outside the service; hold what somebody has entered.
//! Callers: `web::routes`, `web::frame`.
//!
//! `dkfds/` holds what is used of the Danish public design system (dkfds 11.2.0; MIT, fonts OFL, icons Apache 2.0:
//! `dkfds/LICENSE.md`), as published but for what is not here: source maps,
//! slanted fonts, and fonts and pictures in older forms. Their address carries the digest of all of
//! them, so that a browser keeps them for ever and never has an old one.

mod files;

use std::sync::OnceLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

/// A file.
pub(super) struct File {
    /// Its path under the folder.
    path: &'static str,
    bytes: &'static [u8],
}

/// The style of drawings, which is `answer`'s own.
const CHARTS: File = File { path: "chart.css", bytes: crate::answer::CHART_CSS.as_bytes() };

/// Everything that is served.
fn all() -> impl Iterator<Item = &'static File> {
    files::FILES.iter().chain([&CHARTS])
}

/// Where the files are: `/assets/` and the digest of all of them, without a slash at the end.
pub(super) fn base() -> &'static str {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut hash = Sha256::new();
        for file in all() {
            hash.update(file.path.as_bytes());
            hash.update([0]);
            hash.update(Sha256::digest(file.bytes));
        }
        let digest = hash.finalize();
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("/assets/{digest}")
    })
}

/// The kind of content that a path's ending stands for.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The file at a path, as it is sent; `None` for what is not there.
pub(super) fn get(path: &str) -> Option<Response> {
    let file = all().find(|file| file.path == path)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(file.path))),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Some((headers, file.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn walk(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if entry.path().is_dir() {
                walk(&entry.path(), &path, found);
            } else if !name.ends_with(".rs") && !name.starts_with("LICENSE") {
                found.insert(path);
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_has_a_kind() {
        let mut found = BTreeSet::new();
        walk(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/assets")), "", &mut found);
        let served: BTreeSet<String> = files::FILES.iter().map(|file| file.path.to_owned()).collect();
        assert_eq!(served, found);
        for path in served {
            assert_ne!(content_type(&path), "application/octet-stream", "{path}");
            assert!(get(&path).is_some());
        }
        assert!(get("../mod.rs").is_none());
    }

    /// Attack: a style that fetches from outside.
    #[test]
    fn no_style_or_script_names_another_address() {
        for file in all().filter(|file| file.path.ends_with(".css")) {
            let text = std::str::from_utf8(file.bytes).expect("UTF-8");
            for part in text.split("url(").skip(1) {
                let address = part.trim_start_matches(['"', '\'']);
                assert!(
                    ["../", "data:", "dkfds/"].iter().any(|start| address.starts_with(start)),
                    "{}: {address:.40}",
                    file.path
                );
            }
            assert!(!text.contains("@import"), "{}", file.path);
        }
    }
}
