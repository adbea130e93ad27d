//! `kobling.toml` as the commands take it: an argument counts before the file, the file before nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys-example");

/// Runs a command in a folder: status, output, errors.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    command.args(arguments).current_dir(folder).env("KOBLING_LANG", "en");
    let output = command.output().expect("kobling runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("kobling.toml");
    std::fs::write(&path, text).expect("written");
    path
}

#[test]
fn the_file_of_the_current_folder_is_taken_and_an_argument_counts_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let extract = format!("{EXAMPLE}/extract.csv");
    let check = ["check", &extract, "--dataset", "course", "--max-rejected", "3"];
    let (status, _, err) = run(folder.path(), &check);
    assert!(status == 2 && err.contains("give --programme or write programme in kobling.toml"), "{err}");
    write(folder.path(), &format!("partner = \"townhall\"\nprogramme = '{EXAMPLE}/programme.toml'\n"));
    let (status, out, err) = run(folder.path(), &check);
    assert!(status == 0 && out.contains("rows to send                           8"), "{out}{err}");
    let (status, _, err) = run(folder.path(), &[&check[..], &["--partner", "nobody"]].concat());
    assert!(status == 2 && err.contains("no partner nobody"), "{err}");
    // From elsewhere, by name; and its paths still start where it lies.
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::copy(format!("{EXAMPLE}/programme.toml"), folder.path().join("here.toml")).expect("copied");
    let path = write(folder.path(), "partner = \"townhall\"\nprogramme = \"here.toml\"\n");
    let config = ["--config", path.to_str().expect("UTF-8")];
    let (status, _, err) = run(elsewhere.path(), &[&check[..], &config[..]].concat());
    assert_eq!(status, 0, "{err}");
}

#[test]
fn a_file_that_cannot_be_used_is_status_2_and_says_no_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "kobling-token-1.qv3mX0kZlW8r1nB5tYc7pD2hJf9sUaE4gLoKiVbNxMz";
    write(folder.path(), &format!("partner = \"a\"\ntoken_file = \"{secret}\"\n"));
    let (status, out, err) = run(folder.path(), &["packages", "list"]);
    assert!(status == 2 && err.contains("line 2") && err.contains("bearer token or a key"), "{err}");
    assert!(!format!("{out}{err}").contains("qv3m"), "{err}");
    let (status, _, err) = run(folder.path(), &["packages", "list", "--config", "no-such.toml"]);
    assert!(status == 2 && err.contains("no-such.toml: cannot be read"), "{err}");
    let (status, _, err) = run(folder.path(), &["packages", "list", "--lang", "da"]);
    assert!(status == 2 && err.contains("linje 2: dette ligner et adgangstoken"), "{err}");
}

/// Attack: a proxy in the environment, which would read the token of what is said to this machine in the clear.
#[test]
fn attack_no_proxy_hears_what_is_said_to_this_machine() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("own.token");
    kobling::key::private::write_new(&token, b"kobling-token-1.made-up\n").expect("written");
    let listen = || TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = |heard: &TcpListener| format!("http://{}", heard.local_addr().expect("bound"));
    let (service, proxy) = (listen(), listen());
    let (own, theirs) = (address(&service), address(&proxy));
    proxy.set_nonblocking(true).expect("set");
    let answered = std::thread::spawn(move || {
        let (stream, _) = service.accept().expect("asked");
        let mut lines = BufReader::new(stream.try_clone().expect("two ends")).lines();
        let first = lines.next().expect("a line").expect("text");
        for line in lines.map_while(Result::ok) {
            if line.is_empty() {
                break;
            }
        }
        let mut stream = stream;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
            .expect("said");
        first
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
    command
        .args(["packages", "list", "--service", &own, "--token-file", "own.token"])
        .current_dir(folder.path());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &theirs);
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").env("KOBLING_LANG", "en");
    let mut child = command.spawn().expect("started");
    // One that asks the proxy waits for its answer: nobody waits for that.
    for _ in 0..200 {
        if child.try_wait().expect("known").is_some() || proxy.accept().is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let _ = child.kill();
    assert!(child.wait().expect("ended").success() && proxy.accept().is_err(), "the proxy was asked");
    assert!(answered.join().expect("answered").starts_with("GET /v1/"));
}

/// Attack: a kobling.toml left where the command is run, with an address of somebody's own and a name for the token.
#[cfg(unix)]
#[test]
fn attack_a_file_that_lies_there_takes_no_token() {
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown};
    let folder = tempfile::tempdir().expect("a folder");
    let heard = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    heard.set_nonblocking(true).expect("set");
    let address = format!("http://{}", heard.local_addr().expect("bound"));
    let token = folder.path().join("own.token");
    std::fs::write(&token, "kobling-token-1.qv3mX0kZlW8r1nB5tYc7pD2hJf9sUaE4gLoKiVbNxMz\n").expect("written");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("set");
    let path = write(folder.path(), &format!("service = \"{address}\"\ntoken_file = \"own.token\"\n"));
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    let refused = |arguments: &[&str], parts: &[&str]| {
        let (status, out, err) = run(folder.path(), arguments);
        assert!(
            status == 2 && parts.iter().all(|part| err.contains(part)),
            "{arguments:?}: {status} {out}{err}"
        );
    };
    let list = ["packages", "list"];
    for (bits, advice) in [(0o664, "`chmod g-w`"), (0o666, "`chmod go-w`")] {
        mode(bits);
        refused(&list, &["kobling.toml", "may write to it", advice]);
    }
    refused(&["packages", "list", "--lang", "da"], &["alle kan skrive i den", "chmod go-w"]);
    // A token that the command names goes to no address of a file that it does not.
    mode(0o644);
    for command in
        [&["packages", "list", "--token-file", "own.token"][..], &["doctor", "--token-file", "own.token"]]
    {
        refused(command, &["give --service too", "--config"]);
    }
    // Somebody else's file, or link to a file of one's own: only root can make these here.
    if chown(&path, Some(4711), None).is_ok() {
        refused(&list, &["belongs to somebody else", "name it with --config", "chown"]);
        chown(&path, Some(0), None).expect("back");
        let other = folder.path().join("other.toml");
        std::fs::rename(&path, &other).expect("moved");
        std::os::unix::fs::symlink(&other, &path).expect("linked");
        lchown(&path, Some(4711), None).expect("given away");
        refused(&list, &["belongs to somebody else"]);
        std::fs::remove_file(&path).expect("gone");
        std::fs::rename(&other, &path).expect("moved");
    }
    assert!(heard.accept().is_err(), "nobody was talked to");
    // Named, or with an address: the command means it. The address does not answer, so it is status 5.
    mode(0o664);
    drop(heard);
    let (status, _, err) =
        run(folder.path(), &["packages", "list", "--config", "kobling.toml", "--token-file", "own.token"]);
    assert_eq!(status, 5, "{err}");
    mode(0o644);
    let (status, _, err) =
        run(folder.path(), &["packages", "list", "--service", &address, "--token-file", "own.token"]);
    assert_eq!(status, 5, "{err}");
}

#[test]
fn init_writes_a_file_that_every_command_takes_and_never_over_another() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(format!("{EXAMPLE}/programme.toml"), folder.path().join("p.toml")).expect("copied");
    let init = ["init", "--partner", "townhall", "--programme", "p.toml", "--key", "linkage.key"];
    let (status, out, err) = run(folder.path(), &init);
    assert!(status == 0 && out.contains("written: kobling.toml"), "{out}{err}");
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(
            &folder.path().join("kobling.toml").metadata().expect("there").permissions()
        ) & 0o777,
        0o600
    );
    let text = std::fs::read_to_string(folder.path().join("kobling.toml")).expect("readable");
    assert!(
        text.contains("[[send]]\ndataset = \"course\"") && text.contains("'p.toml'")
            || text.contains("\"p.toml\""),
        "{text}"
    );
    let extract = format!("{EXAMPLE}/extract.csv");
    let (status, _, err) =
        run(folder.path(), &["check", &extract, "--dataset", "course", "--max-rejected", "3"]);
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = run(folder.path(), &init);
    assert!(status == 3 && err.contains("exists already"), "{err}");
    assert_eq!(std::fs::read_to_string(folder.path().join("kobling.toml")).expect("readable"), text);
    // Into another folder the paths go whole.
    let other = tempfile::tempdir().expect("a folder");
    let path = other.path().join("kobling.toml");
    let (status, _, err) =
        run(folder.path(), &[&init[..], &["--config", path.to_str().expect("UTF-8")]].concat());
    assert_eq!(status, 0, "{err}");
    let (status, _, err) =
        run(other.path(), &["check", &extract, "--dataset", "course", "--max-rejected", "3"]);
    assert_eq!(status, 0, "{err}");
}

#[test]
fn the_files_language_counts_where_nobody_asks_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "language = \"da\"\n");
    let say = |variable: Option<&str>, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kobling"));
        command.args(["packages", "list"]).args(arguments).current_dir(folder.path()).env("LC_ALL", "C");
        match variable {
            Some(language) => command.env("KOBLING_LANG", language),
            None => command.env_remove("KOBLING_LANG"),
        };
        String::from_utf8(command.output().expect("run").stderr).expect("UTF-8")
    };
    assert!(say(None, &[]).contains("giv --service"));
    assert!(say(Some("en"), &[]).contains("give --service"));
    assert!(say(Some("da"), &["--lang", "en"]).contains("give --service"));
}

/// The example of the folder of examples is one.
#[test]
fn the_published_example_is_read() {
    let path = Path::new(EXAMPLE).join("kobling.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    let config = kobling::config::Config::parse(&text, &path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.sends.len(), 1);
    for file in [&config.programme, &config.linkage_key, &config.signing_key] {
        assert!(file.as_ref().is_some_and(|file| file.is_file()), "{file:?}");
    }
    assert!(config.sends[0].file.is_file());
}
