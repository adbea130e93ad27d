//! The tokenising page, from the disk and with the network off: the same packages as the command, and nothing that leaves.

mod attacks;
mod packages;
mod reproducible;
mod steps;

use std::path::{Path, PathBuf};
use std::process::Command;

use kobling::clock::{Clock as _, SystemClock, Timestamp};
use kobling::key::{Example, LinkageKey};
use serde_json::json;

use crate::browser::Browser;
use crate::kit::{linkage_key, signing_key};

pub const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/tokeniser/tokeniser.html");
const PROGRAMME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/programmes/interventionsmodel.toml");

/// A browser at the page on the disk, and the files of a partner.
pub struct Desk {
    pub browser: Browser,
    pub dir: tempfile::TempDir,
}

impl Desk {
    /// The page, opened from a copy on the disk with the network off.
    pub fn new() -> Desk {
        let desk = Desk { browser: Browser::start(), dir: tempfile::tempdir().expect("a folder") };
        desk.offline(true);
        desk.open();
        linkage_key().save(&desk.path("linkage.key"), now(), Example::Refuse).expect("saved");
        signing_key("lokk").save(&desk.path("signing.key"), "lokk", now(), Example::Refuse).expect("saved");
        desk
    }

    pub fn offline(&self, offline: bool) {
        self.browser.command("Network.enable", json!({}));
        self.browser.command(
            "Network.emulateNetworkConditions",
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 }),
        );
    }

    pub fn open(&self) {
        let copy = self.path("page.html");
        std::fs::copy(PAGE, &copy).expect("copied");
        self.browser.open(&format!("file://{}", copy.display()));
        self.browser.until("the page is ready", "return document.documentElement.dataset.ready === 'yes'");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    pub fn give(&self, field: &str, path: &Path) {
        // The same file again is a choice as well.
        self.browser.script("document.querySelector(arguments[0]).value = ''", vec![json!(field)]);
        self.browser.fill(field, &path.display().to_string());
    }

    /// Programme, partner and extract, up to the columns.
    pub fn begin(&self, extract: &Path) {
        self.give("#f-programme", Path::new(PROGRAMME));
        self.shown("#s-extract");
        self.browser.choose("#partner", "lokk");
        self.browser.choose("#dataset", "forloeb");
        self.give("#f-extract", extract);
        self.shown("#s-columns");
    }

    pub fn shown(&self, css: &str) {
        let css = json!(css);
        let idle = "document.getElementById('working').hidden && !document.getElementById('s-columns').inert";
        let script = format!("return !document.querySelector({css}).hidden && {idle}");
        self.browser.until(&format!("{css} is shown"), &script);
    }

    pub fn check(&self) {
        self.browser.click("#check");
        self.shown("#s-report");
    }

    pub fn keys(&self) {
        self.give("#f-linkage", &self.path("linkage.key"));
        self.shown("#linkage-say");
        self.give("#f-signing", &self.path("signing.key"));
        self.shown("#signing-say");
    }

    /// The package, saved and unpacked: its folder.
    pub fn package(&self) -> PathBuf {
        self.browser.click("#make");
        self.shown("#s-package");
        self.browser.click("#save-package");
        let archive = self.browser.downloaded("interventionsmodel-lokk-forloeb.zip");
        self.unpack(&archive)
    }

    /// Unpacked by Python, which holds every file against its checksum.
    pub fn unpack(&self, archive: &Path) -> PathBuf {
        let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
        let done = Command::new("python3").args(["-c", script]).arg(archive).arg(self.dir.path()).status();
        assert!(done.expect("python3").success());
        self.path("interventionsmodel-lokk-forloeb")
    }

    pub fn trouble(&self) -> String {
        self.browser.until("trouble is told", "return !document.getElementById('trouble').hidden");
        self.browser.text("#trouble")
    }
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

/// Another key of the same programme.
pub fn other_key() -> LinkageKey {
    LinkageKey::from_bytes(linkage_key().programme().clone(), &mut [8; 32])
}
