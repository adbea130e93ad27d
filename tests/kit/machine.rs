//! The real program on a data folder of its own, for tests that end it, limit it or start it twice.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use kobling::client::Client;

use crate::kit::{connect, linkage_key, signing_key};

/// A data folder and the program that serves it.
pub struct Machine {
    pub dir: tempfile::TempDir,
}

pub struct Serving {
    pub child: Child,
    pub address: String,
}

impl Serving {
    fn start(command: Command) -> Serving {
        Serving::of(command)
    }

    /// The same with a log that goes where the command says.
    pub fn start_logging(mut command: Command) -> Serving {
        Serving::try_of(&mut command).expect("it listens")
    }

    /// What a command serves that was made for it.
    pub fn of(mut command: Command) -> Serving {
        Serving::try_of(command.stderr(Stdio::null())).expect("it listens")
    }

    /// The same; nothing where it ends before it listens.
    pub fn try_of(command: &mut Command) -> Option<Serving> {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        if let Some(address) = line.trim().strip_prefix("listening on ") {
            return Some(Serving { child, address: address.to_owned() });
        }
        assert!(line.is_empty(), "{line}");
        child.kill().ok();
        child.wait().expect("ended");
        None
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Machine {
    pub fn new() -> Machine {
        Machine::of(std::path::Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/programmes/interventionsmodel.toml"
        )))
    }

    /// The same with another programme of the same id.
    pub fn of(programme: &std::path::Path) -> Machine {
        let machine = Machine { dir: tempfile::tempdir().expect("a folder") };
        let programme = programme.to_str().expect("UTF-8");
        let id = linkage_key().id().to_string();
        machine.sound(&["init", "--programme", programme, "--key-id", &id, "--new-service-key"]);
        let public = signing_key("lokk").verifying_key().to_string();
        // A public key may begin with a hyphen: the value goes with the option.
        machine.sound(&["partner", "enrol", "--partner", "lokk", &format!("--public={public}")]);
        machine.principal("lokk-it", "partner", "lokk");
        machine.principal("steward", "steward", "styregruppe");
        machine.principal("auditor", "auditor", "rigsrevisionen");
        std::fs::create_dir(machine.path("packages")).expect("made");
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
        command.args(arguments).arg("--data").arg(self.path("data"));
        command.arg("--service-key").arg(self.path("service.key"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("run")
    }

    pub fn sound(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub fn principal(&self, id: &str, role: &str, organisation: &str) {
        let out = self.path(&format!("{id}.token"));
        let out = out.to_str().expect("UTF-8");
        self.sound(&[
            "principal",
            "add",
            "--id",
            id,
            "--role",
            role,
            "--organisation",
            organisation,
            "--out",
            out,
        ]);
    }

    pub fn bearer(&self, id: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{id}.token"))).expect("readable").trim().to_owned()
    }

    pub fn serve(&self) -> Serving {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, more: &[&str]) -> Serving {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(more);
        Serving::start(command)
    }

    /// Serves without a rate that a test meets: what is told to come again later is for tests of that.
    pub fn serve_unhurried(&self) -> Serving {
        let file = self.path("unhurried.toml");
        let rate = "{ per_minute = 600000, at_once = 100000 }";
        let rates =
            ["questions", "consents", "uploads", "others", "failures"].map(|of| format!("{of} = {rate}\n"));
        std::fs::write(&file, format!("[admission]\n{}", rates.concat())).expect("written");
        self.serve_with(&["--config", file.to_str().expect("UTF-8")])
    }

    /// Serves with no file allowed beyond so many blocks of 512 bytes: a disk with that much room for each file. Writes
    /// beyond it fail, as they do on a full disk; the signal that would end the process instead is ignored.
    pub fn serve_with_room(&self, blocks: u32) -> Serving {
        let serve = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("trap '' XFSZ && ulimit -f {blocks} && exec \"$@\"")).arg("sh");
        command.arg(serve.get_program()).args(serve.get_args());
        Serving::start(command)
    }

    pub fn client(&self, serving: &Serving, id: &str) -> Client {
        connect(self.dir.path(), &serving.address, id, &self.bearer(id))
    }

    /// The chain verifies and everything else is as it should be.
    pub fn service_key(&self) -> kobling::key::ServiceKey {
        let path = self.path("service.key");
        kobling::key::ServiceKey::load(&path, kobling::key::Example::Refuse)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The database, when nobody runs.
    pub fn database(&self) -> rusqlite::Connection {
        crate::kit::database(&self.path("data"), &self.service_key())
    }

    pub fn is_sound(&self) {
        self.sound(&["audit", "verify"]);
        self.sound(&["doctor"]);
    }
}
