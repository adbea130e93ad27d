//! People who sign in through a real identity provider (Canaille, tests/sign_in/provider.py), with a real Chromium, and what
//! others try with what passes through the browser.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::json;

use crate::browser::Browser;
use crate::machine::{Machine, Serving};

/// The provider, in a process of its own.
struct Provider {
    child: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
    port: u16,
}

/// A port that was free a moment ago.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

impl Provider {
    fn start(redirect: &str) -> Provider {
        let python = std::env::var_os("KOBLING_PROVIDER_PYTHON")
            .expect("KOBLING_PROVIDER_PYTHON names the Python of the provider's venv: tests/run sets it");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sign_in/provider.py");
        let port = port();
        let mut child = Command::new(python)
            .arg(script)
            .args([&port.to_string(), redirect])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let (say, hear) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut provider = Provider { child, say, hear: BufReader::new(hear), port };
        provider.heard("ready");
        provider
    }

    fn heard(&mut self, word: &str) {
        let mut line = String::new();
        self.hear.read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), word, "the provider");
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.say, "{line}").expect("told");
        self.heard("done");
    }

    fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Service and provider, which know each other.
struct House {
    machine: Machine,
    serving: Serving,
    provider: Provider,
}

impl House {
    fn new() -> House {
        let machine = Machine::new();
        let listen = port();
        let address = format!("http://127.0.0.1:{listen}");
        let provider = Provider::start(&format!("{address}/da/sign-in/return"));
        crate::kit::write_private(machine.path("client.secret"), "secret of kobling\n");
        let settings = format!(
            "[oidc]\nissuer = {:?}\nclient_id = \"kobling\"\nclient_secret_file = \"client.secret\"\npublic_address = {address:?}\n\
             [[oidc.rule]]\nclaim = \"groups\"\nvalue = \"kobling-vive\"\nrole = \"evaluator\"\norganisation = \"vive\"\n\
             [[oidc.rule]]\nclaim = \"groups\"\nvalue = \"kobling-steward\"\nrole = \"steward\"\norganisation = \"styregruppe\"\n",
            provider.issuer()
        );
        std::fs::write(machine.path("koblingd.toml"), settings).expect("written");
        let config = machine.path("koblingd.toml");
        let mut command = machine.command(&["serve", "--listen", &format!("127.0.0.1:{listen}")]);
        command.arg("--config").arg(config).stderr(std::fs::File::create(machine.path("log")).expect("made"));
        House { serving: Serving::start_logging(command), machine, provider }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.serving.address)
    }

    /// From our page to the provider, where somebody says who they are.
    fn go_to_provider(&self, browser: &Browser, page: &str, name: &str) {
        browser.open(&self.at(page));
        browser.click("#provider");
        if browser.count("input[name=login]") > 0 || browser.address().contains("/login") {
            browser.fill("input[name=login]", name);
            browser.click("form [type=submit]");
            browser.fill("input[name=password]", &format!("password of {name}"));
        }
    }

    /// All of it.
    fn sign_in(&self, browser: &Browser, page: &str, name: &str) {
        self.go_to_provider(browser, page, name);
        if browser.count("input[name=password]") > 0 {
            browser.click("form [type=submit]");
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.machine.path("log")).expect("readable")
    }

    /// Ends the service and gives its chain's deeds, each with who did it.
    fn chain(self) -> Vec<(String, String)> {
        let House { machine, serving, provider } = self;
        drop((serving, provider));
        machine.sound(&["audit", "verify"]);
        let serving = machine.serve();
        let client = kobling::client::Client::new(&serving.address, &machine.path("auditor.token"), None)
            .expect("a client");
        let chain: serde_json::Value =
            kobling::client::parse(&client.fetch("/v1/audit").expect("the chain")).expect("JSON");
        let entries = chain["entries"].as_array().expect("entries").iter();
        entries
            .map(|entry| {
                let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
                (text(&entry[1]["deed"]), text(&entry[1]["actor"]["principal"]))
            })
            .collect()
    }
}

#[test]
fn somebody_signs_in_as_what_their_group_makes_them_and_is_out_when_it_no_longer_does() {
    let mut house = House::new();
    let browser = Browser::start();
    house.sign_in(&browser, "/en/sign-in?next=/questions", "karen");
    assert!(browser.text(".kb-who").contains("Karen Prøve"), "{}", browser.address());
    assert_eq!(browser.address(), house.at("/en/questions"));
    // A steward's page is not there for an evaluator.
    browser.open(&house.at("/en/staged"));
    browser.until_text("not-found");
    // The browser keeps nothing but the one cookie of ours that scripts do not see.
    assert_eq!(browser.script("return document.cookie", Vec::new()), json!(""));
    let cookies = browser.command("Network.getCookies", json!({ "urls": [house.at("/")] }));
    let ours: Vec<_> = cookies["cookies"]
        .as_array()
        .expect("cookies")
        .iter()
        .filter(|c| c["name"].as_str().is_some_and(|n| n.starts_with("__Host-")))
        .collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(
        (&ours[0]["sameSite"], &ours[0]["httpOnly"], &ours[0]["secure"]),
        (&json!("Strict"), &json!(true), &json!(true))
    );
    // Another browser, in which the same person signs in after the group was taken away.
    house.provider.tell("leave karen kobling-vive");
    browser.open(&house.at("/en/questions"));
    assert_eq!(browser.count("#provider"), 0, "the session goes on until the next sign-in, or its end");
    let other = Browser::start();
    house.sign_in(&other, "/en/sign-in", "karen");
    assert!(other.text("[role=alert]").contains("provider-no-role"));
    other.axe();
    browser.open(&house.at("/en/questions"));
    assert!(browser.address().contains("/en/sign-in"), "out everywhere: {}", browser.address());
    // With another group she is somebody else, under the same name.
    house.provider.tell("join karen kobling-steward");
    house.sign_in(&other, "/da/sign-in", "karen");
    assert!(other.text(".kb-who").contains("styregruppe"));
    house.provider.tell("join karen kobling-vive");
    let third = Browser::start();
    house.sign_in(&third, "/en/sign-in", "karen");
    assert!(third.text("[role=alert]").contains("provider-several-roles"));
    let log = house.log();
    assert!(
        !log.contains("Karen") && !log.contains("karen") && !log.contains("code="),
        "no person in the log"
    );
    let chain = house.chain();
    let of_hers: Vec<&str> =
        chain.iter().filter(|(_, who)| who == "karen").map(|(deed, _)| deed.as_str()).collect();
    assert_eq!(of_hers, ["signed-in", "signed-in"]);
    assert!(chain.iter().any(|(deed, _)| deed == "principal-changed"));
}

#[test]
fn who_is_revoked_here_is_out_whatever_the_provider_says_and_new_keys_are_learnt() {
    let mut house = House::new();
    let browser = Browser::start();
    house.sign_in(&browser, "/en/sign-in", "ole");
    assert!(browser.text(".kb-who").contains("Ole Prøve"));
    // What stands in the provider's keys is exchanged; nobody notices but for the minute that keys are left alone.
    house.provider.tell("rotate");
    let other = Browser::start();
    house.sign_in(&other, "/en/sign-in", "karen");
    assert!(other.text("[role=alert]").contains("provider-signature"), "asked a moment ago");
    std::thread::sleep(std::time::Duration::from_secs(61));
    house.sign_in(&other, "/en/sign-in", "karen");
    assert!(other.text(".kb-who").contains("Karen"));
    // Revoked at the machine, which wants the folder to itself; sessions end with the process in any case.
    let House { machine, serving, provider } = house;
    let address = serving.address.clone();
    drop(serving);
    machine.sound(&["principal", "revoke", "--id", "ole"]);
    let refused = machine.run(&["principal", "rotate", "--id", "karen"]);
    assert_eq!(refused.status.code(), Some(5), "who signs in through the provider has no token");
    let listen = address.strip_prefix("http://").expect("loopback");
    let mut command = machine.command(&["serve", "--listen", listen]);
    command
        .arg("--config")
        .arg(machine.path("koblingd.toml"))
        .stderr(std::fs::File::create(machine.path("log")).expect("made"));
    let house = House { serving: Serving::start_logging(command), machine, provider };
    house.sign_in(&browser, "/en/sign-in", "ole");
    assert!(browser.text("[role=alert]").contains("provider-revoked"));
    house.sign_in(&other, "/en/sign-in", "nobody");
    // Signed in at the provider as Karen still: she comes back as herself.
    assert!(other.text(".kb-who").contains("Karen"));
    // A provider that is down is said so, and a token still lets one in.
    let House { machine, serving, provider } = house;
    drop((serving, provider));
    let mut command = machine.command(&["serve", "--listen", listen]);
    command
        .arg("--config")
        .arg(machine.path("koblingd.toml"))
        .stderr(std::fs::File::create(machine.path("log")).expect("made"));
    let serving = Serving::start_logging(command);
    other.open(&format!("{}/en/sign-in", serving.address));
    other.click("#provider");
    assert!(other.text("[role=alert]").contains("provider-unreachable"));
    other.fill("#token", &machine.bearer("steward"));
    other.click("main button[type=submit]");
    assert!(other.text(".kb-who").contains("steward"));
}

/// What a script of the attacker's does in place of a browser: it goes where it is sent, one step at a time, and looks at
/// what passes.
struct Pocket {
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
}

/// An answer: status, where it leads, and its text.
struct Answer {
    status: u16,
    to: String,
    text: String,
}

impl Pocket {
    fn new() -> Pocket {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        Pocket { agent: config.build().new_agent(), cookies: BTreeMap::new() }
    }

    fn go(&mut self, address: &str, form: Option<&[(&str, &str)]>) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut answer = match form {
            None => self
                .agent
                .get(address)
                .header("Cookie", cookies)
                .header("Sec-Fetch-Site", "same-origin")
                .call(),
            Some(form) => self.agent.post(address).header("Cookie", cookies).send_form(form.iter().copied()),
        }
        .expect("answered");
        for line in answer.headers().get_all("set-cookie") {
            let pair = line.to_str().expect("ASCII").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let to = answer.headers().get("location").map(|to| to.to_str().expect("ASCII").to_owned());
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        Answer { status: answer.status().as_u16(), to: to.unwrap_or_default(), text }
    }

    /// Begins a sign-in, says at the provider who it is, and stops before the way back is gone.
    fn way_back(&mut self, house: &House, name: &str) -> String {
        let mut at = self.go(&house.at("/en/sign-in/provider"), None).to;
        for _ in 0..12 {
            let answer = self.go(&at, None);
            let mut to = answer.to;
            if to.is_empty() {
                let csrf = answer.text.split("name=\"csrf_token\" value=\"").nth(1).expect("a form");
                let csrf = csrf.split('"').next().unwrap_or_default().to_owned();
                let password = format!("password of {name}");
                let fields = [
                    ("csrf_token", csrf.as_str()),
                    ("login", name),
                    ("username", name),
                    ("password", &password),
                ];
                to = self.go(&at, Some(&fields)).to;
            }
            if to.contains("/sign-in/return?") {
                return to;
            }
            at = match to.strip_prefix('/') {
                Some(rest) => format!("{}{rest}", house.provider.issuer()),
                None => to,
            };
        }
        panic!("no way back: {at}");
    }

    /// Goes a way back; where it leads, or the text of the page that one is signed in on.
    fn back(&mut self, address: &str) -> String {
        let answer = self.go(address, None);
        if answer.status == 200 { answer.text } else { answer.to }
    }
}

fn field(address: &str, name: &str) -> String {
    let query = address.split_once('?').expect("a query").1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("{name} in {address}")).to_owned()
}

/// Attacks: forced login (the attacker's way back in the victim's browser), a code that was stolen, a way back that is used
/// twice, a state of another sign-in, another provider's name, a sign-in that another site begins.
#[test]
fn a_way_back_is_worth_nothing_in_another_browser_or_a_second_time() {
    let house = House::new();
    let (mut attacker, victim) = (Pocket::new(), Browser::start());
    let back = attacker.way_back(&house, "karen");
    // In the victim's browser, which began nothing.
    victim.open(&back);
    assert!(victim.text("[role=alert]").contains("provider-not-begun"));
    victim.open(&house.at("/en/questions"));
    assert!(victim.address().contains("/en/sign-in"), "nobody is signed in");
    // In a browser that began a sign-in of its own: the state is another one, and its own sign-in is over with that.
    house.go_to_provider(&victim, "/en/sign-in", "ole");
    victim.open(&back);
    assert!(victim.text("[role=alert]").contains("provider-not-begun"));
    // The attacker's own way back is still good in the attacker's own pocket: once.
    assert!(attacker.back(&back).contains("Karen"));
    assert!(attacker.back(&back).contains("refused=provider-not-begun"), "used");
    // A stolen code under one's own state: whatever the provider makes of it, nobody comes in as the one it was stolen from.
    let (mut thief, mut robbed) = (Pocket::new(), Pocket::new());
    let stolen = field(&robbed.way_back(&house, "ole"), "code");
    let own = thief.way_back(&house, "karen");
    assert_ne!(field(&own, "code"), stolen, "each sign-in has a code of its own");
    let answer = thief.back(&own.replace(&field(&own, "code"), &stolen));
    assert!(!answer.contains("Ole"), "{answer}");
    let refused =
        ["provider-code", "provider-claims"].iter().any(|code| answer.contains(&format!("refused={code}")));
    assert!(refused, "{stolen} {own} {answer}");
    thief.cookies.remove("__Host-kobling");
    // By another provider's name, and by none.
    for iss in ["https%3A%2F%2Fevil.example", ""] {
        let mixed = thief.way_back(&house, "karen");
        let mixed = mixed.replace(&field(&mixed, "iss"), iss);
        assert!(thief.back(&mixed).contains("refused=provider-issuer"), "{iss:?}");
    }
    // A state that was changed; and a way back with an error in place of a code.
    let changed = thief.way_back(&house, "karen");
    assert!(
        thief.back(&changed.replace(&field(&changed, "state"), "x")).contains("refused=provider-not-begun")
    );
    assert!(thief.back(&changed).contains("refused=provider-not-begun"), "it is used up by that");
    let declined = thief.way_back(&house, "karen");
    let declined = declined.replace(&format!("code={}", field(&declined, "code")), "error=access_denied");
    assert!(thief.back(&declined).contains("refused=provider-declined"));
    assert!(thief.cookies.get("__Host-kobling").is_none_or(|id| id.is_empty()), "never signed in");
    // Another site begins a sign-in: it comes to our page, where somebody has to mean it.
    for site in ["cross-site", "same-site", "none"] {
        let call = thief.agent.get(house.at("/en/sign-in/provider")).header("Sec-Fetch-Site", site);
        let answer = call.call().expect("answered");
        assert_eq!(answer.headers()["location"], "/en/sign-in?next=/", "{site}");
        assert!(answer.headers().get("set-cookie").is_none());
    }
}
