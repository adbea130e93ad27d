//! What is read, and what is refused by line and field.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::language::Spoken as _;

const WHOLE: &str = r#"
partner = "lokk"
programme = "programme.toml"
service = "https://kobling.example"
service_public = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"
authority = '..\tls\authority.pem'
client_certificate = "client.pem"
client_key = "client.key"
token_file = "lokk.token"
linkage_key = "/keys/linkage.key"
signing_key = "signing.key"
language = "da"
outbox = "ud"
keep_packages = true

[[send]]
dataset = "forloeb"
file = "udtraek/forloeb.csv"
mapping = "forloeb.map.toml"
period = "last-closed-quarter"
max_rejected = "0.5%"
encoding = "windows-1252"
separator = ";"
decimal = "point"
repair_leading_zero = true

[[send]]
dataset = "ydelser"
file = "ydelser.csv"
max_rejected = 3
"#;

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("partner/kobling.toml"))
}

#[test]
fn a_whole_file_is_read_and_its_paths_start_where_it_lies() {
    let config = read(WHOLE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.partner.as_ref().map(ToString::to_string).as_deref(), Some("lokk"));
    let paths = [&config.programme, &config.token_file, &config.linkage_key, &config.signing_key];
    let paths = paths.map(|path| path.as_ref().expect("given").to_str().expect("UTF-8"));
    assert_eq!(
        paths,
        ["partner/programme.toml", "partner/lokk.token", "/keys/linkage.key", "partner/signing.key"]
    );
    assert_eq!(config.outbox, Path::new("partner/ud"));
    assert!(config.keep_packages && config.language == Some(Language::Da));
    let [first, second] = &config.sends[..] else { panic!("two are sent") };
    assert_eq!(first.file, Path::new("partner/udtraek/forloeb.csv"));
    assert_eq!((first.period, first.separator), (PeriodWord::LastClosedQuarter, Some(';')));
    assert_eq!((first.decimal, first.repair_leading_zero), (Decimal::Point, true));
    assert_eq!(first.max_rejected, "0.5%".parse().ok());
    assert_eq!((second.period, second.max_rejected), (PeriodWord::Programme, Some(MaxRejected::Count(3))));
    assert_eq!((second.decimal, second.repair_leading_zero), (Decimal::Comma, false));
    assert_eq!(read("").expect("empty").outbox, Path::new("partner/outbox"));
    assert_eq!(Config::parse("outbox = \"a\"", Path::new(CONFIG_FILE)).expect("read").outbox, Path::new("a"));
}

#[test]
fn troubles_have_a_line_and_a_field_in_both_languages() {
    for (text, da, en) in [
        (
            "partner = \"a\"\nkey = \"x\"\n",
            "linje 2, key: det felt findes ikke",
            "line 2, key: there is no such field",
        ),
        (
            "\n\npartner = \"Store Ord\"\n",
            "linje 3, partner: der skal stå et navn",
            "line 3, partner: expected is a name",
        ),
        ("partner = 7\n", "linje 1, partner: der skal stå en tekst", "line 1, partner: expected is a text"),
        (
            "service = \"kobling.example\"\n",
            "linje 1, service: der skal stå en adresse",
            "line 1, service: expected is an address",
        ),
        ("language = \"sv\"\n", "linje 1, language", "line 1, language: expected is \"da\" or \"en\""),
        ("keep_packages = \"yes\"\n", "true eller false", "true or false"),
        ("send = 3\n", "en [[send]] for hvert", "a [[send]] for each"),
        (
            "[[send]]\nfile = \"a.csv\"\n",
            "linje 1, send: dataset mangler",
            "line 1, send: dataset is missing",
        ),
        ("[[send]]\ndataset = \"a\"\n", "file mangler", "file is missing"),
        (
            "[[send]]\ndataset = \"a\"\nfile = \"a\"\nperiod = \"now\"\n",
            "linje 4, send.period",
            "line 4, send.period: expected is \"programme\"",
        ),
        (
            "[[send]]\ndataset = \"a\"\nfile = \"a\"\nmax_rejected = -1\n",
            "send.max_rejected",
            "send.max_rejected: expected is a number of rows",
        ),
        (
            "[[send]]\ndataset = \"a\"\nfile = \"a\"\nseparator = \";;\"\n",
            "ét ASCII-tegn",
            "one ASCII character",
        ),
        (
            "[[send]]\ndataset = \"a\"\nfile = \"a\"\nencoding = \"ebcdic\"\n",
            "send.encoding",
            "send.encoding",
        ),
        (
            "[[send]]\ndataset = \"a\"\nfile = \"a\"\nquarter = 1\n",
            "send.quarter: det felt",
            "send.quarter: there is no such field",
        ),
        ("partner = \"a\"\npartner = lokk\n", "linje 2: dette er ikke TOML", "line 2: this is not TOML"),
    ] {
        let error = read(text).expect_err(text);
        let (said, sagt) = (error.to_string(), error.danish());
        assert!(said.contains(en) && said.contains("kobling.toml"), "{said}");
        assert!(sagt.contains(da) && sagt.contains("kobling.toml"), "{sagt}");
    }
}

/// Secrets of every kind that a partner has, in every place where one could be pasted.
#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    let body = "qv3mX0kZlW8r1nB5tYc7pD2hJf9sUaE4gLoKiVbNxMz";
    for secret in [
        format!("kobling-token-1.{body}"),
        format!("kobling-linkage-key-1:{body}:01020304"),
        format!("kobling-example-linkage-key-1:{body}:01020304"),
        format!("kobling-signing-key-1:{body}:01020304"),
        format!("AGE-SECRET-KEY-1{body}"),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
        body.to_owned(),
        "0123456789abcdef".repeat(4),
    ] {
        for text in [
            format!("partner = \"a\"\ntoken_file = \"{secret}\"\n"),
            format!("partner = \"a\"\nlinkage_key = \"{secret}\"\n"),
            format!("partner = \"a\"\n[[send]]\ndataset = \"a\"\nfile = \"{secret}\"\n"),
        ] {
            let error = read(&text).expect_err(&text);
            assert!(matches!(error, ConfigError::Secret { .. }), "{error}");
            let said = format!("{error} {} {error:?}", error.danish());
            assert!(!said.contains(&secret) && !said.contains(&body[..8]), "{said}");
        }
        if secret.starts_with("kobling-") {
            let comment = format!("partner = \"a\"\n# {secret}\n");
            assert!(matches!(read(&comment), Err(ConfigError::Secret { line: 2, .. })));
        }
        // In a field that takes no path, and where no field is: refused one way or another, without the value.
        for text in
            [format!("partner = \"{secret}\"\n"), format!("\"{secret}\" = 1\n"), format!("{secret}\n")]
        {
            let error = read(&text).expect_err(&text);
            let said = format!("{error} {} {error:?}", error.danish());
            assert!(!said.contains(&secret) && !said.contains(&body[..8]), "{said}");
        }
    }
}

#[test]
fn a_template_reads_back_as_what_was_given() {
    let template = Template {
        partner: "lokk".parse().ok(),
        programme: Some(r"C:\kobling\programme.toml".into()),
        service: Some("https://kobling.example".to_owned()),
        service_public: "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w".parse().ok(),
        authority: Some("it's.pem".into()),
        token_file: Some("lokk.token".into()),
        linkage_key: None,
        signing_key: Some("a \"b\".key".into()),
        datasets: vec![("forloeb".parse().expect("a name"), "2022-Q1..2023-Q4".parse().expect("quarters"))],
    };
    for language in [Language::Da, Language::En] {
        let text = template.write(language);
        let config = Config::parse(&text, Path::new(CONFIG_FILE)).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(config.partner, template.partner);
        assert_eq!(config.programme, template.programme);
        assert_eq!(config.service, template.service);
        assert_eq!(config.service_public, template.service_public);
        assert_eq!(config.authority, template.authority);
        assert_eq!(config.signing_key, template.signing_key);
        assert_eq!((config.linkage_key, config.language), (None, Some(language)));
        assert_eq!((config.keep_packages, config.sends.len()), (false, 1));
        // Every field that there is stands in it, taken or as a comment, and can be taken as it stands.
        let all = text.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| line.contains(" = "));
        assert!(all.count() >= 3, "{text}");
    }
    assert!(read(&Template::default().write(Language::Da)).expect("read").sends.is_empty());
}

#[cfg(unix)]
#[test]
fn a_file_that_everybody_may_change_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(CONFIG_FILE);
    std::fs::write(&path, WHOLE).expect("written");
    assert!(Config::load(&path).is_ok());
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    for (bits, named, found) in [
        (0o600, None, None),
        (0o644, None, None),
        (0o664, None, Some(Writers::Group)),
        (0o620, None, Some(Writers::Group)),
        (0o666, Some(Writers::Everybody), Some(Writers::Everybody)),
        (0o602, Some(Writers::Everybody), Some(Writers::Everybody)),
    ] {
        mode(bits);
        for (loaded, refused) in [(Config::load(&path), named), (Config::load_found(&path), found)] {
            let by = match loaded {
                Ok(_) => None,
                Err(ConfigError::Open { by, .. }) => Some(by),
                Err(error) => panic!("{error}"),
            };
            assert_eq!(by, refused, "{bits:o}");
        }
    }
    assert!(matches!(Config::load(&folder.path().join("none")), Err(ConfigError::Io { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_repeat_a_value(text in "(partner|send|\\[\\[send\\]\\]|=|\"[A-Z]{9}\"|[0-9]|\n| ){0,30}") {
        if let Err(error) = read(&text) {
            let said = format!("{error} {}", error.danish());
            for value in text.split('"').filter(|value| value.len() == 9 && value.bytes().all(|b| b.is_ascii_uppercase())) {
                prop_assert!(!said.contains(value), "{}", said);
            }
        }
    }
}
