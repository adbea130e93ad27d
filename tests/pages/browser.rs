//! A real Chromium, driven by chromedriver: each browser has a driver and a profile of its own.
//!
//! Flags keep it from asking anything of its makers' hosts; what it writes to its console is read at the end of a test.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kobling::auth::Role;
use serde_json::{Value, json};

use crate::driver::{Driver, DriverError};
use crate::kit::Running;

/// How long a page may take to show what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser; it and its driver end with it.
pub struct Browser {
    driver: Driver,
    process: Child,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one, of a desktop's size, reading Danish.
    pub fn start() -> Browser {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is on the path: tests/run installs it");
        let out = BufReader::new(process.stdout.take().expect("piped"));
        let port = out.lines().map_while(Result::ok).find_map(|line| {
            let (_, after) = line.split_once("started successfully on port ")?;
            after.trim().trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says its port");
        let profile = tempfile::tempdir().expect("a folder");
        let mut options = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            "--window-size=1280,1000".to_owned(),
            "--lang=da".to_owned(),
        ];
        options.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let downloads = profile.path().join("downloads");
        std::fs::create_dir(&downloads).expect("made");
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": chromium(),
                "args": options,
                "prefs": { "download.default_directory": downloads, "download.prompt_for_download": false },
            },
        });
        let driver = Driver::begin(port, &capabilities)
            .unwrap_or_else(|error| panic!("Chromium does not start: {}", error.message));
        let browser = Browser { driver, process, profile };
        browser.run("time for scripts", browser.driver.post("/timeouts", json!({ "script": 300_000 })));
        browser
    }

    fn run<T>(&self, what: &str, done: Result<T, DriverError>) -> T {
        done.unwrap_or_else(|error| {
            panic!("{what}: {} {}\n{}", error.code, error.message, self.where_it_is())
        })
    }

    /// Address and text of the page, for a test that fails.
    fn where_it_is(&self) -> String {
        let script = "return location.href + '\\n' + (document.body ? document.body.innerText : '')";
        let found = self.driver.post("/execute/sync", json!({ "script": script, "args": [] }));
        found.map(|found| found.as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    }

    /// Goes to an address.
    pub fn open(&self, address: &str) {
        self.run(address, self.driver.post("/url", json!({ "url": address })));
        // An address that is typed, and asks, asks whether it is meant.
        if self.count("#onward") > 0 {
            self.click("#onward");
        }
    }

    /// The address it is at.
    pub fn address(&self) -> String {
        self.run("the address", self.driver.get("/url")).as_str().unwrap_or_default().to_owned()
    }

    /// One step back in the history.
    pub fn back(&self) {
        self.run("back", self.driver.post("/back", json!({})));
    }

    /// Loads the page anew.
    pub fn reload(&self) {
        self.run("reload", self.driver.post("/refresh", json!({})));
    }

    /// Does something with the first element of a CSS selector, which is waited for, anew when the page changes meanwhile.
    fn with<T>(&self, css: &str, work: impl Fn(&str) -> Result<T, DriverError>) -> T {
        let begun = Instant::now();
        loop {
            let found = self.run(css, self.driver.elements(css));
            let done = found.first().map(|id| work(&format!("/element/{id}")));
            match done {
                Some(Ok(done)) => return done,
                Some(Err(error)) if error.code != "stale element reference" => self.run(css, Err(error)),
                _ => {}
            }
            assert!(begun.elapsed() < PATIENCE, "{css} is not there\n{}", self.where_it_is());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many elements there are now.
    pub fn count(&self, css: &str) -> usize {
        self.run(css, self.driver.elements(css)).len()
    }

    /// The visible text of the first element, waited for.
    pub fn text(&self, css: &str) -> String {
        let text = self.with(css, |element| self.driver.get(&format!("{element}/text")));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The texts of all elements there are now, by their content, visible or not.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())";
        let found = self.script(script, vec![json!(css)]);
        serde_json::from_value(found).expect("texts")
    }

    /// An attribute of the first element, waited for.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let value = self.with(css, |element| self.driver.get(&format!("{element}/attribute/{name}")));
        value.as_str().map(str::to_owned)
    }

    /// Clicks the first element, waited for.
    pub fn click(&self, css: &str) {
        self.with(css, |element| self.driver.post(&format!("{element}/click"), json!({})));
    }

    /// Empties a field and writes into it; into a field for files, the path of one.
    pub fn fill(&self, css: &str, text: &str) {
        let kind = self.attribute(css, "type");
        self.with(css, |element| {
            if kind.as_deref() != Some("file") {
                self.driver.post(&format!("{element}/clear"), json!({}))?;
            }
            self.driver.post(&format!("{element}/value"), json!({ "text": text }))
        });
    }

    /// Chooses an option of a list by its value.
    pub fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value=\"{value}\"]"));
    }

    /// Presses keys where the focus is; keys without a sign as WebDriver writes them (section 17.4.2).
    pub fn press(&self, keys: &str) {
        let element = self.run("the focus", self.driver.active());
        self.run("keys", self.driver.post(&format!("/element/{element}/value"), json!({ "text": keys })));
    }

    /// Runs a script in the page and gives what it returns.
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(
            "a script",
            self.driver.post("/execute/sync", json!({ "script": script, "args": arguments })),
        )
    }

    /// Runs a script that calls its last argument with the result.
    pub fn script_later(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.run(
            "a script",
            self.driver.post("/execute/async", json!({ "script": script, "args": arguments })),
        )
    }

    /// Waits until a script returns true.
    pub fn until(&self, what: &str, script: &str) {
        let begun = Instant::now();
        while self.script(script, Vec::new()) != json!(true) {
            assert!(begun.elapsed() < 2 * PATIENCE, "{what}, in vain\n{}", self.where_it_is());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the page's text holds this.
    pub fn until_text(&self, text: &str) {
        let script = format!("return document.body.innerText.includes({})", json!(text));
        self.until(&format!("waited for {text:?}"), &script);
    }

    /// Makes the window so large, in CSS pixels.
    pub fn size(&self, width: u32, height: u32) {
        self.command(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// A command of the Chrome DevTools protocol.
    pub fn command(&self, name: &str, parameters: Value) -> Value {
        self.run(name, self.driver.post("/goog/cdp/execute", json!({ "cmd": name, "params": parameters })))
    }

    /// Switches scripts off or on for pages loaded from now on.
    pub fn scripts(&self, on: bool) {
        self.command("Emulation.setScriptExecutionDisabled", json!({ "value": !on }));
    }

    /// Where files are saved.
    pub fn downloads(&self) -> PathBuf {
        self.profile.path().join("downloads")
    }

    /// Waits until a file is saved whole, and gives its path.
    pub fn downloaded(&self, name: &str) -> PathBuf {
        let (path, begun) = (self.downloads().join(name), Instant::now());
        // A file is there, empty, before it is whole.
        while std::fs::metadata(&path).map_or(0, |found| found.len()) == 0 {
            assert!(begun.elapsed() < PATIENCE, "{name} is not saved");
            std::thread::sleep(Duration::from_millis(50));
        }
        path
    }

    /// Signs in as a new principal and stands at the first page, in the language of the address prefix (`da`, `en`).
    pub fn sign_in(
        &self,
        running: &Running,
        language: &str,
        id: &str,
        role: Role,
        organisation: &str,
    ) -> String {
        let bearer = running.bearer(id, role, organisation);
        self.sign_in_with(running, language, &bearer);
        bearer
    }

    /// Signs in with a bearer token.
    pub fn sign_in_with(&self, running: &Running, language: &str, bearer: &str) {
        self.open(&format!("{}/{language}/sign-in", running.address));
        self.fill("#token", bearer);
        self.click("main button[type=submit]");
        self.text(".kb-who");
    }

    /// Fails where the page breaks a rule of WCAG 2.1 A or AA that axe-core knows.
    pub fn axe(&self) {
        let path = std::env::var_os("KOBLING_AXE").expect("KOBLING_AXE names axe.min.js: tests/run sets it");
        let axe = std::fs::read_to_string(path).expect("axe.min.js");
        self.script(&format!("{axe}; return true"), Vec::new());
        let found = self.script_later(
            "const done = arguments[0];
             axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then(
                 found => done(found.violations.map(v => v.id + ': ' + v.help + '\\n  ' +
                     v.nodes.map(n => n.html + ' ' + n.failureSummary).join('\\n  '))),
                 error => done(['axe: ' + error]));",
            Vec::new(),
        );
        let found: Vec<String> = serde_json::from_value(found).expect("texts");
        assert!(found.is_empty(), "{}: {}", self.address(), found.join("\n"));
    }

    /// Fails where the page wrote an error to the console, as it does when its policy stops something, and gives the rest.
    pub fn quiet(&self) -> Vec<String> {
        let lines = self.console();
        let loud = lines.iter().filter(|line| line.starts_with("SEVERE")).cloned().collect::<Vec<_>>();
        // The page that a refusal is shown as is one with its status.
        let loud = loud.iter().filter(|line| !line.contains("Failed to load resource")).collect::<Vec<_>>();
        assert!(loud.is_empty(), "{loud:#?}");
        lines
    }

    /// What stands in the console since it was last read.
    pub fn console(&self) -> Vec<String> {
        let answer = self.run("the console", self.driver.post("/se/log", json!({ "type": "browser" })));
        let lines = answer.as_array().expect("lines").iter();
        lines
            .map(|line| {
                format!("{} {}", line["level"].as_str().unwrap_or(""), line["message"].as_str().unwrap_or(""))
            })
            .collect()
    }

    /// The page as a picture.
    pub fn picture(&self, path: &Path) {
        let picture = self.run("a picture", self.driver.get("/screenshot"));
        let bytes = STANDARD.decode(picture.as_str().unwrap_or_default()).expect("base64");
        std::fs::write(path, bytes).expect("written");
    }

    /// The page as a picture in `docs/pages/`, when `KOBLING_SCREENSHOTS` is set; else only that it can be drawn.
    pub fn screenshot(&self, name: &str) {
        let height = self.script("return Math.min(document.documentElement.scrollHeight, 4000)", Vec::new());
        self.size(1280, u32::try_from(height.as_u64().unwrap_or(1000)).expect("a height").max(600));
        let folder = if std::env::var_os("KOBLING_SCREENSHOTS").is_some() {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pages")
        } else {
            self.profile.path().to_owned()
        };
        std::fs::create_dir_all(&folder).expect("made");
        let path = folder.join(format!("{name}.png"));
        self.picture(&path);
        assert!(std::fs::metadata(&path).expect("drawn").len() > 5000, "{name}: an empty picture");
        self.size(1280, 1000);
    }
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|path| path.exists());
    found.expect("chromium is on the path: tests/run installs it")
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.end();
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
