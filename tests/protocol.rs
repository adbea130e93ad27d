//! The published vectors: this crate against numbers that Python and OpenSSL made, and Python against the file.

use std::path::{Path, PathBuf};
use std::process::Command;

use kobling::clock::{Day, Timestamp};
use kobling::id::{IdKind, IdRejection, Identifier, LeadingZero, Modulus};
use kobling::key::{Example, LinkageKey, ServiceKey, Share, SigningKey, VerifyingKey, combine};
use kobling::secret::Random;
use kobling::token::{Linker, LocalIdError, Token, TokenKind, Tokeniser};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vectors")
}

fn vectors(file: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(file)).expect("the vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn list<'a>(vectors: &'a Value, section: &str) -> &'a [Value] {
    let list = vectors[section].as_array().expect("a section");
    assert!(!list.is_empty(), "{section}");
    list
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} in {vector}"))
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(vector: &Value, field: &str) -> T {
    text(vector, field).parse().expect("a name")
}

fn bytes(hex: &str) -> [u8; 32] {
    assert_eq!(hex.len(), 64);
    std::array::from_fn(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// "Random" bytes that are the key of a vector.
struct Given([u8; 32]);

impl Random for Given {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

fn linkage_key(vector: &Value) -> LinkageKey {
    LinkageKey::from_bytes(name(vector, "programme"), &mut bytes(text(vector, "key")))
}

fn service_key(vector: &Value) -> ServiceKey {
    ServiceKey::generate(&mut Given(bytes(text(vector, "key"))))
}

fn today() -> Day {
    Day::from_ymd(2026, 1, 1).expect("a day")
}

#[test]
fn key_ids() {
    for vector in list(&vectors("tokens.json"), "keys") {
        assert_eq!(linkage_key(vector).id().to_string(), text(vector, "key_id"));
        assert_eq!(linkage_key(vector).id().words(), text(vector, "words"));
    }
}

#[test]
fn tokens_of_every_scope() {
    let vectors = vectors("tokens.json");
    let mut kinds = std::collections::BTreeSet::new();
    for vector in list(&vectors, "tokens") {
        let (scope, input) = (text(vector, "scope"), text(vector, "input"));
        let tokeniser =
            Tokeniser::new(&linkage_key(vector), &name(vector, "partner"), &name(vector, "issuer"));
        let kind = scope.split('/').next().expect("a kind");
        kinds.insert(kind);
        let token = match kind {
            "case" => tokeniser.case(input).expect("a case number"),
            "staff" => tokeniser.staff(input).expect("a staff number"),
            _ => {
                let id = Identifier::parse(input.as_bytes(), today(), LeadingZero::Repair);
                let id = id.unwrap_or_else(|reason| panic!("{reason}: {vector}"));
                assert_eq!(id.expose("test"), text(vector, "canonical").as_bytes());
                if id.kind() == IdKind::Cpr {
                    // Made up: nobody can have it.
                    assert_eq!(id.modulus(), Some(Modulus::FailsElsewhere { remainder: 1 }), "{vector}");
                }
                tokeniser.person(&id)
            }
        };
        let mut written = Vec::new();
        token.write_to(&mut written);
        assert_eq!(String::from_utf8(written).expect("ASCII"), text(vector, "token"), "{vector}");
        assert!(Token::parse(text(vector, "token").as_bytes()) == Ok(token));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["case", "cpr", "local", "staff", "xecpr"]);
}

#[test]
fn links_and_what_the_service_key_gives() {
    let vectors = vectors("tokens.json");
    for vector in list(&vectors, "links") {
        let linker = Linker::new(&service_key(vector), &name(vector, "partner"), &name(vector, "issuer"));
        let token =
            Token::parse(text(vector, "token").as_bytes()).unwrap_or_else(|e| panic!("{e}: {vector}"));
        assert_eq!(hex(linker.link(&token).as_stored()), text(vector, "link"), "{vector}");
        let owner = if token.kind() == TokenKind::Staff { "issuer" } else { "partner" };
        assert_eq!(token.kind().scope(&name(vector, owner)).to_string(), text(vector, "scope"));
    }
    for vector in list(&vectors, "service_keys") {
        let public = SigningKey::from_seed(&mut bytes(text(vector, "signing"))).verifying_key();
        assert_eq!(service_key(vector).signing_key().verifying_key(), public);
        let mac = |key: &[u8; 32], data: &[u8]| {
            use hmac::{KeyInit as _, Mac as _};
            let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).expect("any length");
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        };
        let key = bytes(text(vector, "link"));
        assert_eq!(service_key(vector).link_key().mac(&[b"x"]).to_vec(), mac(&key, b"x"));
    }
}

#[test]
fn what_is_no_identifier() {
    let vectors = vectors("refused.json");
    for vector in list(&vectors, "persons") {
        let refused = Identifier::parse(text(vector, "input").as_bytes(), today(), LeadingZero::Refuse);
        let reason = match refused.map(|_| ()).expect_err("no identifier") {
            IdRejection::Missing => "missing",
            IdRejection::NineDigits => "nine-digits",
            IdRejection::Scientific => "scientific",
            IdRejection::Length => "length",
            IdRejection::Character => "character",
            IdRejection::InvalidDate => "invalid-date",
            IdRejection::FutureDate => "future-date",
        };
        assert_eq!(reason, text(vector, "reason"), "{vector}");
    }
    let key = LinkageKey::from_bytes("p".parse().expect("a name"), &mut [1; 32]);
    let partner = "a".parse().expect("a name");
    let tokeniser = Tokeniser::new(&key, &partner, &partner);
    for vector in list(&vectors, "locals") {
        for refused in [tokeniser.case(text(vector, "input")), tokeniser.staff(text(vector, "input"))] {
            let reason = match refused.map(|_| ()).expect_err("no number") {
                LocalIdError::Missing => "missing",
                LocalIdError::Long => "long",
                LocalIdError::Character => "character",
                LocalIdError::LooksLikeCpr => "looks-like-cpr",
            };
            assert_eq!(reason, text(vector, "reason"), "{vector}");
        }
    }
}

#[test]
fn key_files() {
    let vectors = vectors("tokens.json");
    let written = |save: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        save(&path);
        std::fs::read_to_string(path).expect("a key file")
    };
    let start = Timestamp::from_millis(0);
    for vector in list(&vectors, "files") {
        let (kind, key) = (text(vector, "type"), bytes(text(vector, "key")));
        let programme = || "interventionsmodel".parse().expect("a name");
        let example = if kind.contains("example") { Example::Allow } else { Example::Refuse };
        let file = match kind {
            "kobling-linkage-key-1" | "kobling-example-linkage-key-1" => written(&|path| {
                let key = LinkageKey::from_bytes(programme(), &mut key.clone());
                key.save(path, start, example).expect("written");
            }),
            "kobling-signing-key-1" | "kobling-example-signing-key-1" => written(&|path| {
                let key = SigningKey::from_seed(&mut key.clone());
                key.save(path, "somebody", start, example).expect("written");
            }),
            "kobling-service-key-1" => written(&|path| {
                ServiceKey::generate(&mut Given(key)).save(path, start).expect("written");
            }),
            // The programs never write this type; they read it.
            "kobling-example-service-key-1" => format!("{}\n", text(vector, "line")),
            other => panic!("{other}"),
        };
        assert_eq!(file.lines().last(), Some(text(vector, "line")));
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        std::fs::write(&path, text(vector, "line")).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("allowed");
        }
        let read = match kind {
            k if k.ends_with("linkage-key-1") => LinkageKey::load(&path, &programme(), example).map(|_| ()),
            k if k.ends_with("signing-key-1") => SigningKey::load(&path, example).map(|_| ()),
            _ => ServiceKey::load(&path, example).map(|_| ()),
        };
        read.expect("the line alone is a key file");
    }
}

#[test]
fn shares_of_a_split() {
    for vector in list(&vectors("tokens.json"), "shares") {
        let of = |field: &str| vector[field].as_u64().expect("a number");
        let shares: Vec<(PathBuf, String)> = list(vector, "lines")
            .iter()
            .enumerate()
            .map(|(at, line)| {
                let line = line.as_str().expect("a line");
                (
                    PathBuf::from(at.to_string()),
                    format!("# programme: {}\n{line}\n", text(vector, "programme")),
                )
            })
            .collect();
        assert_eq!(shares.len() as u64, of("of"));
        let read = |(path, file): &(PathBuf, String)| {
            (path.clone(), Share::parse(file, path).unwrap_or_else(|error| panic!("{error}")))
        };
        for (share, number) in shares.iter().zip(1u8..) {
            let (_, share) = read(share);
            assert_eq!((share.number(), u64::from(share.needed())), (number, of("needed")));
            assert_eq!(
                (share.split(), share.key_id().to_string().as_str()),
                (text(vector, "split").to_owned(), text(vector, "key_id"))
            );
        }
        let needed = usize::try_from(of("needed")).expect("small");
        for start in 0..=shares.len() - needed {
            let some: Vec<_> = shares[start..start + needed].iter().map(read).collect();
            let key = combine(&some).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(key.id(), linkage_key(vector).id());
            assert!(combine(&some[1..]).is_err());
        }
    }
}

#[test]
fn public_keys_and_signatures() {
    for vector in list(&vectors("tokens.json"), "fingerprints") {
        let public: VerifyingKey = text(vector, "text").parse().expect("a public key");
        assert_eq!(hex(public.as_bytes()), text(vector, "key"));
        assert_eq!(public.fingerprint().to_string(), text(vector, "fingerprint"));
        assert_eq!(public.fingerprint().words(), text(vector, "words"));
    }
    for vector in list(&vectors("signatures.json"), "signatures") {
        let key = SigningKey::from_seed(&mut bytes(text(vector, "seed")));
        let context = match text(vector, "context") {
            "example" => "example",
            "other-example" => "other-example",
            other => panic!("{other}"),
        };
        let message = text(vector, "message").as_bytes();
        let signature = key.sign(context, message);
        assert_eq!(key.verifying_key().to_string(), text(vector, "public"));
        assert_eq!(signature.to_string(), text(vector, "signature"));
        assert!(key.verifying_key().verifies(context, message, &signature));
    }
}

/// Runs `reproduce.py` on a file; `None` where there is no Python.
fn python(file: &Path) -> Option<std::process::Output> {
    let run =
        |python: &str| Command::new(python).arg("-B").arg(folder().join("reproduce.py")).arg(file).output();
    match run(if cfg!(windows) { "python" } else { "python3" }).ok() {
        Some(output) => Some(output),
        None => {
            eprintln!(
                "python3 is not installed here: docs/vectors/reproduce.py was NOT run; the vectors were \
                       checked against the Rust code alone"
            );
            None
        }
    }
}

#[test]
fn python_reproduces_every_vector() {
    let Some(output) = python(&folder().join("tokens.json")) else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let vectors = vectors("tokens.json");
    let count: usize =
        vectors.as_object().expect("sections").values().map(|s| s.as_array().map_or(0, Vec::len)).sum();
    assert!(said.starts_with(&format!("{count} vectors, 0 wrong")), "{said}");
}

#[test]
fn python_finds_a_vector_that_is_wrong() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("tokens.json");
    for (section, field) in [
        ("keys", "key_id"),
        ("keys", "words"),
        ("tokens", "canonical"),
        ("tokens", "token"),
        ("links", "link"),
        ("service_keys", "signing"),
        ("files", "line"),
        ("fingerprints", "fingerprint"),
        ("fingerprints", "words"),
        ("shares", "secret"),
    ] {
        let mut vectors = vectors("tokens.json");
        let slipped = format!("{}x", text(&vectors[section][0], field));
        vectors[section][0][field] = slipped.into();
        std::fs::write(&path, vectors.to_string()).expect("written");
        let Some(output) = python(&path) else { return };
        assert_eq!(output.status.code(), Some(1), "{section}.{field}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("{section}[0].{field}")), "{said}");
    }
}
