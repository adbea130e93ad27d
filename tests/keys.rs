//! Keys on their way: identities, wrapped keys against the program `age` itself, shares, words, and what `kobling doctor`
//! says. The program `age` must be there (Debian: `apt-get install age`); `tests/run` sees to it.

use std::path::Path;
use std::process::{Command, Stdio};

use kobling::key::private::write_new;
use kobling::key::{Example, LinkageKey};

/// What a run said.
#[derive(Debug)]
struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Said {
    fn refused(&self, status: i32, message: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.err.contains(message), "`{message}` is not in: {}", self.err);
        assert!(!self.err.contains("panicked"), "{self:?}");
    }

    /// The rest of the output's line that begins with a word.
    fn line(&self, start: &str) -> String {
        let line = self.out.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("{start}: {self:?}")).trim().to_owned()
    }
}

/// Somebody's desk: a folder in which everything is done.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        Desk(tempfile::tempdir().expect("a folder"))
    }

    fn run_in(&self, language: &str, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        said(command.args(words).env("KOBLING_LANG", language).current_dir(self.0.path()))
    }

    fn run(&self, words: &[&str]) -> Said {
        self.run_in("en", words)
    }

    fn sound(&self, words: &[&str]) -> Said {
        let said = self.run(words);
        assert_eq!(said.status, 0, "{words:?}: {said:?}");
        said
    }

    fn age(&self, program: &str, words: &[&str]) -> Said {
        let mut command = Command::new(program);
        let output = command.args(words).current_dir(self.0.path()).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| {
            panic!("{program}: {error}. These tests need the program age: Debian: apt-get install age; else https://age-encryption.org")
        });
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            status: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::remove_file(self.path(name)).ok();
        write_new(&self.path(name), content.as_ref()).expect("written");
    }

    fn open_to_others(&self, name: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(self.path(name), mode).expect("allowed");
        }
    }

    /// A key, an identity and its recipient.
    fn with_key_and_identity() -> (Desk, String) {
        let desk = Desk::new();
        desk.sound(&["key", "new", "--programme", "example", "--out", "linkage.key"]);
        let recipient = desk.sound(&["key", "recipient", "--out", "identity.age"]).out.trim().to_owned();
        (desk, recipient)
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { status: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

#[test]
fn a_wrapped_key_comes_out_as_it_was_for_every_recipient_and_for_nobody_else() {
    let (desk, first) = Desk::with_key_and_identity();
    let second = desk.sound(&["key", "recipient", "--out", "second.age"]).out.trim().to_owned();
    desk.sound(&["key", "recipient", "--out", "stranger.age"]);
    let shown = desk.sound(&["key", "show", "linkage.key"]);
    desk.write("recipients", format!("# the second partner\n\n{second}\r\n"));
    for (name, more) in [("text.age", &[][..]), ("binary.age", &["--binary"])] {
        let words = ["key", "wrap", "linkage.key", "--to", &first, "--to", "recipients", "--out", name];
        let wrapped = desk.sound(&[&words[..], more].concat());
        assert_eq!(wrapped.out, shown.out, "what is to be read on the telephone");
        assert_eq!(desk.read(name).starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"), more.is_empty());
        for identity in ["identity.age", "second.age"] {
            let out = format!("{name}.{identity}.key");
            let unwrapped = desk.sound(&["key", "unwrap", name, "--identity", identity, "--out", &out]);
            assert_eq!(unwrapped.out, shown.out);
            assert_eq!(desk.read(&out), desk.read("linkage.key"));
            #[cfg(unix)]
            assert_eq!(mode(&desk.path(&out)), 0o600);
            // Never over a file that is there.
            let again = desk.run(&["key", "unwrap", name, "--identity", identity, "--out", &out]);
            again.refused(4, "exists already");
        }
        let refused = desk.run(&["key", "unwrap", name, "--identity", "stranger.age", "--out", "stolen.key"]);
        refused.refused(4, "not encrypted to this identity");
        assert!(!desk.path("stolen.key").exists());
    }
}

#[test]
fn the_program_age_reads_what_is_wrapped_here() {
    let (desk, recipient) = Desk::with_key_and_identity();
    // An identity of age-keygen, and one of ours that age-keygen reads.
    let made = desk.age("age-keygen", &["-o", "theirs.age"]);
    assert_eq!(made.status, 0, "{made:?}");
    assert_eq!(desk.age("age-keygen", &["-y", "identity.age"]).out.trim(), recipient);
    let theirs = desk.sound(&["key", "recipient", "--show", "theirs.age"]).out.trim().to_owned();
    assert_eq!(desk.age("age-keygen", &["-y", "theirs.age"]).out.trim(), theirs);
    for (name, more) in [("text.age", &[][..]), ("binary.age", &["--binary"])] {
        let words = ["key", "wrap", "linkage.key", "--to", &recipient, "--to", &theirs, "--out", name];
        desk.sound(&[&words[..], more].concat());
        for identity in ["identity.age", "theirs.age"] {
            let opened = desk.age("age", &["-d", "-i", identity, name]);
            assert_eq!((opened.status, opened.out), (0, desk.text("linkage.key")), "{}", opened.err);
        }
    }
}

#[test]
fn what_the_program_age_encrypts_is_read_here() {
    let (desk, recipient) = Desk::with_key_and_identity();
    desk.age("age-keygen", &["-o", "theirs.age"]);
    let theirs = desk.sound(&["key", "recipient", "--show", "theirs.age"]).out.trim().to_owned();
    for (name, more) in [("text.age", &["-a"][..]), ("binary.age", &[])] {
        let words = ["-r", &recipient, "-r", &theirs, "-o", name, "linkage.key"];
        let made = desk.age("age", &[more, &words[..]].concat());
        assert_eq!(made.status, 0, "{made:?}");
        for identity in ["identity.age", "theirs.age"] {
            let out = format!("{name}.{identity}.key");
            desk.sound(&["key", "unwrap", name, "--identity", identity, "--out", &out]);
            assert_eq!(desk.read(&out), desk.read("linkage.key"));
        }
    }
    // As it comes out of a mail: with a greeting, Windows line ends and a signature.
    let mail = format!("Dear all,\r\n\r\n{}\r\nBest wishes\r\n", desk.text("text.age").replace('\n', "\r\n"));
    desk.write("mail.txt", mail);
    desk.sound(&["key", "unwrap", "mail.txt", "--identity", "identity.age", "--out", "mailed.key"]);
    assert_eq!(desk.read("mailed.key"), desk.read("linkage.key"));
}

#[test]
fn what_was_cut_or_changed_on_the_way_gives_no_key() {
    let (desk, recipient) = Desk::with_key_and_identity();
    for (name, more) in [("text.age", &[][..]), ("binary.age", &["--binary"])] {
        let words = ["key", "wrap", "linkage.key", "--to", &recipient, "--out", name];
        desk.sound(&[&words[..], more].concat());
        let whole = desk.read(name);
        let unwrap = |content: &[u8]| {
            desk.write("sent.age", content);
            desk.run(&["key", "unwrap", "sent.age", "--identity", "identity.age", "--out", "out.key"])
        };
        for part in 1..10 {
            unwrap(&whole[..whole.len() * part / 10]).refused(4, "damaged: cut short");
        }
        unwrap(&whole[..whole.len() - 2]).refused(4, "damaged: cut short");
        for at in [whole.len() / 3, whole.len() / 2, whole.len() * 4 / 5] {
            let mut changed = whole.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            unwrap(&changed).refused(4, "sent.age: ");
        }
        assert!(!desk.path("out.key").exists());
    }
    for (content, message) in [
        ("", "not a file of age"),
        ("Dear all, here is the key.", "not a file of age"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\n", "damaged"),
        ("age-encryption.org/v1\n", "damaged"),
        ("age-encryption.org/v9\n-> X25519 a\nb\n--- c\n", "damaged"),
    ] {
        desk.write("sent.age", content);
        let words = ["key", "unwrap", "sent.age", "--identity", "identity.age", "--out", "out.key"];
        desk.run(&words).refused(4, message);
    }
    desk.write("sent.age", vec![b'A'; 200_000]);
    let words = ["key", "unwrap", "sent.age", "--identity", "identity.age", "--out", "out.key"];
    desk.run(&words).refused(4, "too large");
}

/// Whoever knows a recipient can encrypt anything to it.
#[test]
fn what_is_no_sound_linkage_key_is_not_written() {
    let (desk, recipient) = Desk::with_key_and_identity();
    desk.sound(&["signing-key", "new", "--partner", "lokk", "--out", "signing.key"]);
    desk.write("noise", vec![0xff; 3000]);
    desk.write("long", vec![b'#'; 20_000]);
    desk.write("cut", &desk.read("linkage.key")[..150]);
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example/linkage.key");
    for (file, message) in [
        ("signing.key", "this is a signing key, and a linkage key is needed here"),
        ("noise", "holds no linkage key"),
        ("long", "too large"),
        ("cut", "linkage key"),
        (example, "published example key"),
    ] {
        let made = desk.age("age", &["-a", "-r", &recipient, "-o", "sent.age", file]);
        assert_eq!(made.status, 0, "{made:?}");
        let words = ["key", "unwrap", "sent.age", "--identity", "identity.age", "--out", "out.key"];
        desk.run(&words).refused(4, message);
        assert!(!desk.path("out.key").exists(), "{file}");
        std::fs::remove_file(desk.path("sent.age")).expect("removed");
    }
    // Nor is it sent.
    desk.run(&["key", "wrap", "signing.key", "--to", &recipient, "--out", "x.age"]).refused(4, "linkage key");
    desk.open_to_others("linkage.key");
    #[cfg(unix)]
    desk.run(&["key", "wrap", "linkage.key", "--to", &recipient, "--out", "x.age"]).refused(4, "chmod 600");
    assert!(!desk.path("x.age").exists());
}

/// A file under a passphrase says itself how much work opening it is: 2 to the power of a number that the sender chose. Nothing
/// is worked for it.
#[test]
fn a_passphrase_is_refused_before_any_work() {
    let (desk, _) = Desk::with_key_and_identity();
    // Made by hand: `age -p` asks a terminal. A work factor of 2^50 would take years.
    let body = "A".repeat(43);
    for factor in [1, 18, 22, 50] {
        let header =
            format!("age-encryption.org/v1\n-> scrypt {} {factor}\n{body}\n--- {body}\n", "A".repeat(22));
        desk.write("sent.age", [header.as_bytes(), &[0; 64]].concat());
        let start = std::time::Instant::now();
        let words = ["key", "unwrap", "sent.age", "--identity", "identity.age", "--out", "out.key"];
        desk.run(&words).refused(4, "encrypted under a passphrase");
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{factor}");
        desk.run_in("da", &words).refused(4, "krypteret med en adgangskode");
    }
    // An identity that is itself under a passphrase.
    desk.write("identity.locked", "age-encryption.org/v1\n-> scrypt AAAA 50\n");
    let locked = ["key", "recipient", "--show", "identity.locked"];
    desk.run(&locked).refused(4, "the identity is itself encrypted");
}

#[test]
fn recipients_are_refused_by_name_and_never_repeated_back() {
    let (desk, recipient) = Desk::with_key_and_identity();
    let secret = desk.text("identity.age").lines().last().expect("a line").to_owned();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    desk.write("twice", format!("{recipient}\n{recipient}\n"));
    desk.write("empty", "# nobody yet\n");
    desk.write("mistyped", format!("# one\n{}\n", recipient.replace("age1", "age1q")));
    let other = if recipient.ends_with('x') { "q" } else { "x" };
    let slip = format!("{}{other}", &recipient[..recipient.len() - 1]);
    let (recipient, secret, slip) = (recipient.as_str(), secret.as_str(), slip.as_str());
    let wrap = |to: &[&str], language| {
        let to: Vec<&str> = to.iter().flat_map(|to| ["--to", to]).collect();
        desk.run_in(language, &[&["key", "wrap", "linkage.key", "--out", "x.age"][..], &to].concat())
    };
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJY2wV8rC2w6Q somebody";
    for (to, message, da) in [
        (&[][..], "no recipient: name at least one", "ingen modtager: angiv"),
        (&["empty"][..], "no recipient: name at least one", "ingen modtager: angiv"),
        (&[recipient, recipient][..], "is named twice", "er angivet to gange"),
        (&[recipient, "twice"][..], "is named twice", "er angivet to gange"),
        (&[ssh][..], "--to, number 1: an SSH key, which is not taken", "en SSH-nøgle"),
        (&[recipient, secret][..], "--to, number 2: a secret identity", "en hemmelig identitet"),
        (
            &["age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"][..],
            "plugin",
            "plugin",
        ),
        (&[slip][..], "no recipient: age1 and 58", "ingen modtager: age1 og 58"),
        (&["mistyped"][..], "mistyped, line 2: no recipient", "mistyped, linje 2: ingen modtager"),
    ] {
        let refused = wrap(to, "en");
        refused.refused(2, message);
        assert!(!refused.err.contains(secret) && !refused.err.contains("AAAAC3Nz"), "{refused:?}");
        wrap(to, "da").refused(2, da);
        assert!(!desk.path("x.age").exists());
    }
    wrap(&["nowhere"], "en").refused(4, "nowhere: cannot be read");
}

#[test]
fn an_identity_is_its_owners_alone() {
    let (desk, recipient) = Desk::with_key_and_identity();
    #[cfg(unix)]
    assert_eq!(mode(&desk.path("identity.age")), 0o600);
    let before = desk.read("identity.age");
    desk.run(&["key", "recipient", "--out", "identity.age"]).refused(4, "exists already");
    assert_eq!(desk.read("identity.age"), before);
    let shown = desk.sound(&["key", "recipient", "--show", "identity.age"]);
    assert_eq!(shown.out.trim(), recipient);
    let danish = desk.run_in("da", &["key", "recipient", "--out", "anden.age"]);
    assert!(danish.err.contains("skal blive her") && danish.out.starts_with("age1"), "{danish:?}");
    desk.write("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n");
    desk.write("plugin", "AGE-PLUGIN-YUBIKEY-1QWT50D05\n");
    desk.write(
        "slip",
        String::from_utf8(before).expect("text").replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q"),
    );
    for (file, message) in [
        ("linkage.key", "holds no identity"),
        ("ssh", "an SSH key or an identity of a plugin"),
        ("plugin", "an SSH key or an identity of a plugin"),
        ("slip", "the identity is damaged"),
    ] {
        desk.run(&["key", "recipient", "--show", file]).refused(4, message);
    }
    desk.open_to_others("identity.age");
    #[cfg(unix)]
    desk.run(&["key", "recipient", "--show", "identity.age"])
        .refused(4, "others than you may read this file");
    desk.run(&["key", "recipient"]).refused(2, "missing");
}

#[test]
fn shares_give_the_key_back_and_too_few_give_no_file() {
    let (desk, _) = Desk::with_key_and_identity();
    let split = ["key", "split", "linkage.key", "--shares", "5", "--needed", "3", "--out-dir", "shares"];
    let made = desk.sound(&split);
    assert_eq!(made.out.matches("share ").count(), 5, "{made:?}");
    desk.run(&split).refused(4, "exists already");
    let other = ["key", "split", "linkage.key", "--shares", "5", "--needed", "3", "--out-dir", "again"];
    desk.sound(&other);
    let share = |n: usize| format!("shares/share-{n}-of-5.key");
    #[cfg(unix)]
    {
        assert_eq!(mode(&desk.path("shares")), 0o700);
        assert_eq!(mode(&desk.path(&share(1))), 0o600);
    }
    let combine = |files: &[String], out: &str| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        desk.run(&[&["key", "combine"][..], &files, &["--out", out]].concat())
    };
    for (at, numbers) in [[1, 2, 3], [5, 3, 1], [4, 2, 5]].iter().enumerate() {
        let out = format!("{at}.key");
        let combined = combine(&numbers.map(share), &out);
        assert_eq!(combined.status, 0, "{combined:?}");
        assert_eq!(combined.out, desk.sound(&["key", "show", "linkage.key"]).out);
        let secret = |name: &str| desk.text(name).lines().last().map(str::to_owned);
        assert_eq!(secret(&out), secret("linkage.key"));
    }
    let text = desk.text(&share(2));
    let line = text.lines().last().expect("a line");
    let at = line.len() - 30;
    let mut slipped = line.to_owned();
    slipped.replace_range(at..=at, if &line[at..=at] == "A" { "B" } else { "A" });
    desk.write("damaged.key", text.replace(line, &slipped));
    for (files, message) in [
        (
            vec![share(1), share(4)],
            "too few shares: 3 of 5 are needed, and 2 are given (1 and 4); fetch 1 more of 2, 3 or 5",
        ),
        (vec![share(1)], "and 1 is given (1); fetch 2 more of 2, 3, 4 or 5"),
        (vec![share(1), share(2), "again/share-3-of-5.key".to_owned()], "are not of the same split"),
        (vec![share(1), share(2), share(1)], "are the same share, number 1"),
        (vec![share(1), "damaged.key".to_owned(), share(3)], "damaged.key: the key is damaged"),
        (
            vec![share(1), "linkage.key".to_owned()],
            "this is a linkage key, and a share of a linkage key is needed",
        ),
    ] {
        combine(&files, "wrong.key").refused(4, message);
        assert!(!desk.path("wrong.key").exists());
    }
    combine(&[1, 2, 3].map(share), "0.key").refused(4, "exists already");
    for (shares, needed) in [("5", "1"), ("3", "4"), ("33", "2")] {
        let words =
            ["key", "split", "linkage.key", "--shares", shares, "--needed", needed, "--out-dir", "no"];
        desk.run(&words).refused(2, "is not possible");
    }
    desk.open_to_others(&share(1));
    #[cfg(unix)]
    combine(&[1, 2, 3].map(share), "wrong.key").refused(4, "chmod 600");
}

#[test]
fn words_are_the_same_in_both_languages() {
    let (desk, _) = Desk::with_key_and_identity();
    let english = desk.sound(&["key", "show", "linkage.key"]);
    let danish = desk.run_in("da", &["key", "show", "linkage.key"]);
    let words = english.line("words");
    assert_eq!(words.split(' ').count(), 8, "{words}");
    assert_eq!(danish.line("ord"), words);
    assert_eq!(danish.line("nøgle-id"), english.line("key id"));
    let key = LinkageKey::load_any(&desk.path("linkage.key"), Example::Refuse).expect("a key");
    assert_eq!(key.id().words(), words);
    let signing = desk.sound(&["signing-key", "new", "--partner", "lokk", "--out", "signing.key"]);
    assert_eq!(signing.line("words").split(' ').count(), 10);
    assert_eq!(desk.sound(&["signing-key", "show", "signing.key"]).line("words"), signing.line("words"));
}

/// A desk with everything that a partner has.
fn equipped() -> Desk {
    let (desk, _) = Desk::with_key_and_identity();
    let programme = include_str!("../programmes/interventionsmodel.toml");
    desk.write("programme.toml", programme.replace("interventionsmodel", "example"));
    desk.sound(&["signing-key", "new", "--partner", "lokk", "--out", "signing.key"]);
    desk.write("token", "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    desk
}

const EVERYTHING: [&str; 15] = [
    "doctor",
    "--programme",
    "programme.toml",
    "--partner",
    "lokk",
    "--key",
    "linkage.key",
    "--signing-key",
    "signing.key",
    "--token-file",
    "token",
    "--identity",
    "identity.age",
    "--folder",
    ".",
];

/// The findings of a run: code and level.
fn findings(said: &Said) -> Vec<(String, String)> {
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let list = value["findings"].as_array().expect("a list").iter();
    list.map(|finding| (text(&finding["code"]), text(&finding["level"]))).collect()
}

#[test]
fn the_doctor_finds_nothing_wrong_where_nothing_is() {
    let desk = equipped();
    let said = desk.sound(&[&EVERYTHING[..], &["--json"]].concat());
    let found = findings(&said);
    for code in ["programme", "partner", "key", "signing-key", "token", "identity", "clock"] {
        assert!(found.contains(&(code.to_owned(), "good".to_owned())), "{code}: {said:?}");
    }
    assert!(found.iter().all(|(_, level)| level != "wrong"), "{said:?}");
    let value: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let (rate, seconds) = (&value["guessing"]["per_second"], &value["guessing"]["seconds"]);
    let (rate, seconds) = (rate.as_f64().expect("a rate"), seconds.as_f64().expect("seconds"));
    assert!((rate * seconds / 365_250_000.0 - 1.0).abs() < 0.01, "{said:?}");
    let text = desk.sound(&EVERYTHING);
    assert!(text.out.contains("can try every CPR number (about 365 million) in about"), "{text:?}");
    assert!(text.out.contains(&desk.sound(&["key", "show", "linkage.key"]).line("words")));
    let danish = desk.run_in("da", &EVERYTHING);
    assert!(danish.out.contains("kan prøve alle CPR-numre (cirka 365 millioner)"), "{danish:?}");
    // No secret is shown.
    for file in ["linkage.key", "signing.key", "token", "identity.age"] {
        let secret = desk.text(file).lines().last().expect("a line").to_owned();
        for said in [&text, &danish] {
            assert!(!said.out.contains(&secret) && !said.err.contains(&secret), "{file}");
        }
    }
}

#[test]
fn the_doctor_finds_what_is_wrong_and_what_to_do() {
    #[cfg(unix)]
    for (file, code) in [
        ("linkage.key", "key"),
        ("signing.key", "signing-key"),
        ("token", "token"),
        ("identity.age", "identity"),
    ] {
        let desk = equipped();
        desk.open_to_others(file);
        let said = desk.run(&[&EVERYTHING[..], &["--json"]].concat());
        said.refused(4, "one thing is to be put right");
        assert_eq!(findings(&said).iter().find(|(_, level)| level == "wrong").expect("one").0, code);
        let text = desk.run(&EVERYTHING);
        assert!(text.out.contains("chmod 600") && text.out.contains("why:") && text.out.contains("do:"));
    }
    let spoil = |edit: &dyn Fn(&Desk)| {
        let desk = equipped();
        edit(&desk);
        let said = desk.run(&[&EVERYTHING[..], &["--json"]].concat());
        let found = findings(&said).into_iter().filter(|(_, level)| level == "wrong");
        (said.status, found.map(|(code, _)| code).collect::<Vec<_>>())
    };
    let other = |desk: &Desk| {
        std::fs::remove_file(desk.path("linkage.key")).expect("removed");
        desk.sound(&["key", "new", "--programme", "another", "--out", "linkage.key"]);
    };
    assert_eq!(spoil(&other), (4, vec!["key".to_owned()]));
    assert_eq!(spoil(&|desk| desk.write("programme.toml", "id = 1")), (2, vec!["programme".to_owned()]));
    assert_eq!(spoil(&|desk| desk.write("token", "secret")), (4, vec!["token".to_owned()]));
    let future = |desk: &Desk| {
        let file = std::fs::File::options().append(true).open(desk.path("token")).expect("opened");
        let day = std::time::Duration::from_secs(86_400);
        let modified = file.metadata().and_then(|data| data.modified()).expect("a time");
        file.set_modified(modified + day).expect("set");
    };
    assert_eq!(spoil(&future), (2, vec!["clock".to_owned()]));
    let expected = |desk: &Desk| {
        let id = "id = \"example\"\n";
        let text = desk.text("programme.toml");
        desk.write("programme.toml", text.replace(id, &format!("{id}key_id = \"0011223344556677\"\n")));
    };
    assert_eq!(spoil(&expected), (4, vec!["key-of-programme".to_owned()]));
    let desk = equipped();
    let unknown = ["doctor", "--programme", "programme.toml", "--partner", "nobody", "--json"];
    assert_eq!(desk.run(&unknown).status, 2);
    let nobody = [&EVERYTHING[..], &["--service", "http://127.0.0.1:1"]].concat();
    let said = desk.run(&nobody);
    said.refused(5, "one thing is to be put right");
    assert!(said.out.contains("cannot be reached"), "{said:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = desk.path("Dropbox");
        std::fs::create_dir(&folder).expect("made");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("allowed");
        let said = desk.sound(&["doctor", "--folder", "Dropbox", "--json"]);
        let found = findings(&said);
        for code in ["place", "folder"] {
            assert!(found.contains(&(code.to_owned(), "note".to_owned())), "{code}: {said:?}");
        }
    }
}

/// A bearer token, and a CPR number in a file, are secrets as keys are.
#[cfg(unix)]
#[test]
fn a_bearer_token_and_a_cpr_file_that_others_may_read_are_refused() {
    let desk = equipped();
    let service = ["--service", "http://127.0.0.1:1", "--token-file", "token"];
    let list = [&["packages", "list"][..], &service].concat();
    desk.run(&list).refused(5, "cannot be reached");
    desk.open_to_others("token");
    desk.run(&list).refused(4, "token: others than you may read this file");
    desk.run_in("da", &list).refused(4, "token: andre end du kan læse denne fil");
    std::fs::remove_file(desk.path("token")).expect("removed");
    desk.run(&list).refused(3, "token: cannot be read");
    desk.write("token", "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
    desk.write("one.cpr", "3112991234\n");
    let keys = ["--programme", "programme.toml", "--key", "linkage.key", "--signing-key", "signing.key"];
    let access = ["access", "--purpose-note", "desk", "--partner", "lokk", "--cpr-file", "one.cpr"];
    let access = [&access[..], &keys, &service].concat();
    let read = desk.run(&access);
    assert!(read.status != 0 && !read.err.contains("others than you"), "{read:?}");
    desk.open_to_others("one.cpr");
    desk.run(&access).refused(3, "one.cpr: others than you may read this file");
}
