//! A made-up provider that lies in every way that a real one, or somebody in between, could.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::settings::is_address;
use super::*;
use crate::auth::Role;
use crate::clock::Timestamp;
use crate::language::Spoken as _;
use crate::secret::SeededRandom;

const ISSUER: &str = "https://login.example";
const CLIENT: &str = "kobling";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of the provider's, under a name.
struct Signer {
    kid: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(kid: &'static str) -> Signer {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Signer { kid, pair: pair.expect("a key") }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig",
                "x": encode(&point[1..33]), "y": encode(&point[33..]) })
    }

    fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
        format!("{signed}.{}", encode(signature))
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "ES256", "kid": self.kid }), claims)
    }
}

/// What the provider answers; changed as a test goes on.
struct Answers {
    metadata: Value,
    jwks: Value,
    token: String,
    status: u16,
    up: bool,
    /// The last form that was posted.
    form: String,
}

#[derive(Clone)]
struct Fake {
    answers: Arc<Mutex<Answers>>,
    /// How often keys were fetched, and how often anything was asked.
    keys: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl BackChannel for Fake {
    fn get(&self, address: &str) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answers = self.answers.lock().expect("sound");
        match address {
            _ if !answers.up => None,
            "https://login.example/.well-known/openid-configuration" => {
                Some(answers.metadata.to_string().into())
            }
            "https://login.example/jwks" => {
                self.keys.fetch_add(1, Ordering::Relaxed);
                Some(answers.jwks.to_string().into())
            }
            other => panic!("{other} is no address of the provider"),
        }
    }

    fn post(&self, address: &str, form: &str, auth: ClientAuth<'_>) -> Option<(u16, Vec<u8>)> {
        assert_eq!((address, auth), ("https://login.example/token", ClientAuth::Basic(CLIENT, "hemmelig")));
        let mut answers = self.answers.lock().expect("sound");
        answers.form = form.to_owned();
        let body = json!({ "access_token": "x", "token_type": "Bearer", "id_token": answers.token });
        answers.up.then(|| (answers.status, body.to_string().into()))
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_748_800_000_000)
}

fn rule(claim: &str, value: &str, role: Role, organisation: &str) -> Rule {
    Rule {
        claim: claim.to_owned(),
        value: value.to_owned(),
        role,
        organisation: organisation.parse().expect("a name"),
    }
}

fn world() -> (Provider, Fake, Signer) {
    let signer = Signer::new("one");
    let answers = Answers {
        metadata: json!({ "issuer": ISSUER, "authorization_endpoint": "https://login.example/authorize",
                          "token_endpoint": "https://login.example/token", "jwks_uri": "https://login.example/jwks" }),
        jwks: json!({ "keys": [signer.jwk()] }),
        token: String::new(),
        status: 200,
        up: true,
        form: String::new(),
    };
    let fake = Fake { answers: Arc::new(Mutex::new(answers)), keys: Arc::default(), asked: Arc::default() };
    let settings = Settings {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(ClientSecret::new("hemmelig".to_owned().into())),
        public_address: "https://kobling.example".to_owned(),
        scopes: vec!["profile".to_owned()],
        rules: Rules {
            id_claim: "preferred_username".to_owned(),
            name_claim: "name".to_owned(),
            rules: vec![
                rule("groups", "kobling-vive", Role::Evaluator, "vive"),
                rule("/realm_access/roles", "styregruppe", Role::Steward, "styregruppen"),
            ],
        },
        session_hours: 8,
        clock_skew_seconds: 30,
    };
    settings.check().expect("settings that can be meant");
    (Provider::new(settings, Box::new(fake.clone())), fake, signer)
}

/// A parameter of the address that the browser is sent to.
fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').expect("a query").1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("{name} in {address}")).to_owned()
}

fn begin(provider: &Provider) -> (String, Begun) {
    provider.begin(now(), &mut SeededRandom::from_number(5)).expect("begun")
}

/// Sound claims for a sign-in.
fn claims(address: &str) -> Value {
    let at = now().millis() / 1000;
    json!({ "iss": ISSUER, "aud": CLIENT, "sub": "248289761001", "nonce": parameter(address, "nonce"),
            "iat": at, "exp": at + 300, "preferred_username": "Karen.Holm@vive.example", "name": "Karen Holm",
            "groups": ["alle", "kobling-vive"] })
}

fn finish(provider: &Provider, (address, begun): &(String, Begun)) -> Result<Vouched, SignInError> {
    let state = parameter(address, "state");
    let returned = Returned { state: Some(&state), code: Some("a code"), ..Returned::default() };
    provider.finish(begun, returned, now())
}

/// What comes of a sign-in in which the provider answers this token.
fn answered(make: impl FnOnce(&Signer, Value) -> String) -> Result<Vouched, SignInError> {
    let (provider, fake, signer) = world();
    let way = begin(&provider);
    fake.answers.lock().expect("sound").token = make(&signer, claims(&way.0));
    finish(&provider, &way)
}

/// The same with one claim changed.
fn with(name: &str, value: Value) -> Result<Vouched, SignInError> {
    answered(|signer, mut claims| {
        claims[name] = value;
        signer.sign(&claims)
    })
}

#[test]
fn whom_the_provider_vouches_for_is_let_in_and_the_code_is_bound_to_the_way() {
    let (provider, fake, signer) = world();
    let way = begin(&provider);
    assert!(way.0.starts_with("https://login.example/authorize?response_type=code&client_id=kobling&"));
    assert_eq!(parameter(&way.0, "redirect_uri"), "https%3A%2F%2Fkobling.example%2Fda%2Fsign-in%2Freturn");
    assert_eq!(parameter(&way.0, "scope"), "openid%20profile");
    assert_eq!(parameter(&way.0, "code_challenge_method"), "S256");
    fake.answers.lock().expect("sound").token = signer.sign(&claims(&way.0));
    let vouched = finish(&provider, &way).expect("vouched for");
    assert_eq!((vouched.issuer.as_str(), vouched.subject.as_str()), (ISSUER, "248289761001"));
    let principal = vouched.principal.expect("a role");
    assert_eq!((principal.id.as_str(), principal.name.as_str()), ("karen-holm-vive-example", "Karen Holm"));
    assert_eq!((principal.role, principal.organisation.as_str()), (Role::Evaluator, "vive"));
    // The verifier fits the challenge that went by the browser (RFC 7636, section 4.6).
    let form = fake.answers.lock().expect("sound").form.clone();
    let verifier = parameter(&format!("?{form}"), "code_verifier");
    assert_eq!(encode(Sha256::digest(verifier)), parameter(&way.0, "code_challenge"));
}

/// Attacks: a token without a signature, by a secret that everybody knows, with a header that asks for more.
#[test]
fn only_what_the_provider_signed_is_believed() {
    let refused = Err(SignInError::Signature);
    assert_eq!(
        answered(|_, c| format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(c.to_string()))),
        refused
    );
    for alg in ["none", "None", "HS256", "ES512", "RS256", ""] {
        let under = |s: &Signer, c| s.sign_under(&json!({ "alg": alg, "kid": "one" }), &c);
        assert_eq!(answered(under), refused, "{alg}");
    }
    let by_public_key = |signer: &Signer, claims: Value| {
        let signed = format!("{}.{}", encode(r#"{"alg":"HS256","kid":"one"}"#), encode(claims.to_string()));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.pair.public_key().as_ref());
        format!("{signed}.{}", encode(ring::hmac::sign(&key, signed.as_bytes())))
    };
    assert_eq!(answered(by_public_key), refused, "the public key as a secret");
    let demanding = json!({ "alg": "ES256", "kid": "one", "crit": ["b64"], "b64": false });
    assert_eq!(answered(|s, c| s.sign_under(&demanding, &c)), refused);
    let own_key = |s: &Signer, c: Value| {
        let stranger = Signer::new("one");
        let header =
            json!({ "alg": "ES256", "kid": "one", "jwk": stranger.jwk(), "jku": "https://evil.example" });
        let _ = s;
        stranger.sign_under(&header, &c)
    };
    assert_eq!(answered(own_key), refused, "a key that the token brings along");
    let changed = |s: &Signer, c: Value| {
        let token = s.sign(&c);
        let [head, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        let mut other = c;
        other["groups"] = json!(["kobling-vive", "styregruppe"]);
        format!("{head}.{}.{signature}", encode(other.to_string()))
    };
    assert_eq!(answered(changed), refused, "claims exchanged under a signature");
    for broken in ["", ".", "..", "a.b.c", "a.b.c.d"] {
        assert_eq!(answered(|_, _| broken.to_owned()), refused, "{broken:?}");
    }
}

/// Attacks: a token for another service, of another sign-in, by another provider.
#[test]
fn a_token_that_is_not_for_this_sign_in_is_refused() {
    let refused = Err(SignInError::Claims);
    for aud in [json!("other"), json!([CLIENT, "other"]), json!(["other"]), json!([]), json!(null), json!(1)]
    {
        assert_eq!(with("aud", aud.clone()), refused, "{aud}");
    }
    assert!(with("aud", json!([CLIENT])).is_ok());
    assert_eq!(with("azp", json!("other")), refused);
    assert!(with("azp", json!(CLIENT)).is_ok());
    for iss in [json!("https://login.example/"), json!("https://evil.example"), json!(null)] {
        assert_eq!(with("iss", iss.clone()), refused, "{iss}");
    }
    for nonce in [json!("of another sign-in"), json!(""), json!(null)] {
        assert_eq!(with("nonce", nonce.clone()), refused, "{nonce}");
    }
    for sub in [json!(""), json!(null), json!(17), json!("x".repeat(256)), json!("æ")] {
        assert_eq!(with("sub", sub.clone()), refused, "{sub}");
    }
    assert_eq!(with("exp", json!(null)), refused);
    assert_eq!(with("exp", json!(1e300)), refused);
}

#[test]
fn a_token_of_another_time_is_refused_and_clocks_may_differ_a_little() {
    let at = now().millis() / 1000;
    let late = Err(SignInError::Clock);
    assert!(with("exp", json!(at - 29)).is_ok(), "within what clocks may differ");
    assert_eq!(with("exp", json!(at - 30)), late);
    assert!(with("iat", json!(at + 30)).is_ok());
    assert_eq!(with("iat", json!(at + 31)), late);
    assert_eq!(with("iat", json!(at - 631)), late, "kept for later");
    assert_eq!(with("nbf", json!(at + 31)), late);
    assert!(with("exp", json!(at as f64 + 10.5)).is_ok(), "a fraction is allowed (RFC 7519)");
}

/// Attacks: a forged way back, and two providers mixed up.
#[test]
fn the_way_back_has_to_be_of_the_way_there() {
    let (provider, fake, signer) = world();
    let way = begin(&provider);
    fake.answers.lock().expect("sound").token = signer.sign(&claims(&way.0));
    let state = parameter(&way.0, "state");
    let sound = Returned { state: Some(&state), code: Some("a code"), ..Returned::default() };
    let back = |returned: Returned<'_>| provider.finish(&way.1, returned, now()).map(|_| ());
    assert_eq!(back(sound), Ok(()));
    assert_eq!(back(Returned { state: None, ..sound }), Err(SignInError::NotBegun));
    assert_eq!(back(Returned { state: Some("another"), ..sound }), Err(SignInError::NotBegun));
    assert_eq!(back(Returned { code: None, ..sound }), Err(SignInError::Declined));
    assert_eq!(back(Returned { error: true, ..sound }), Err(SignInError::Declined));
    assert_eq!(back(Returned { iss: Some("https://evil.example"), ..sound }), Err(SignInError::OtherIssuer));
    assert_eq!(back(Returned { iss: Some(ISSUER), ..sound }), Ok(()));
    // A provider that says that it always names itself (RFC 9207) is held to it.
    let (provider, fake, _) = world();
    fake.answers.lock().expect("sound").metadata["authorization_response_iss_parameter_supported"] =
        json!(true);
    let way = begin(&provider);
    assert_eq!(finish(&provider, &way), Err(SignInError::OtherIssuer));
}

#[test]
fn a_provider_that_is_down_or_another_is_said_so_and_not_asked_at_once_again() {
    let (provider, fake, _) = world();
    fake.answers.lock().expect("sound").up = false;
    let random = &mut SeededRandom::from_number(1);
    let at = |seconds: i64| now().plus_millis(seconds * 1000);
    assert_eq!(provider.begin(at(0), random).map(|_| ()), Err(SignInError::Unreachable));
    let asked = fake.asked.load(Ordering::Relaxed);
    assert_eq!(provider.begin(at(4), random).map(|_| ()), Err(SignInError::Unreachable));
    assert_eq!(fake.asked.load(Ordering::Relaxed), asked, "nobody waits for it again so soon");
    fake.answers.lock().expect("sound").up = true;
    assert!(provider.begin(at(5), random).is_ok());
    // Whoever answers at its address by another name is not it.
    let (provider, fake, _) = world();
    fake.answers.lock().expect("sound").metadata["issuer"] = json!("https://evil.example");
    assert_eq!(provider.begin(at(0), random).map(|_| ()), Err(SignInError::OtherIssuer));
    for field in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let (provider, fake, _) = world();
        fake.answers.lock().expect("sound").metadata[field] = json!("http://login.example/x");
        assert_eq!(
            provider.begin(at(0), random).map(|_| ()),
            Err(SignInError::Unreachable),
            "{field} in the clear"
        );
    }
    // A code that was used, or stolen: the provider refuses it without the verifier of its own way.
    let (provider, fake, _) = world();
    let way = begin(&provider);
    fake.answers.lock().expect("sound").status = 400;
    assert_eq!(finish(&provider, &way), Err(SignInError::Code));
}

#[test]
fn a_new_key_of_the_provider_is_fetched_and_unknown_ones_do_not_make_it_busy() {
    let (provider, fake, _) = world();
    let way = begin(&provider);
    let new = Signer::new("two");
    fake.answers.lock().expect("sound").jwks = json!({ "keys": [new.jwk()] });
    fake.answers.lock().expect("sound").token = new.sign(&claims(&way.0));
    let state = parameter(&way.0, "state");
    let returned = Returned { state: Some(&state), code: Some("a code"), ..Returned::default() };
    let at = |seconds: i64| now().plus_millis(seconds * 1000);
    let fetched = || fake.keys.load(Ordering::Relaxed);
    assert_eq!(fetched(), 1);
    assert_eq!(provider.finish(&way.1, returned, at(59)), Err(SignInError::Signature), "it was just asked");
    assert_eq!(fetched(), 1);
    assert!(provider.finish(&way.1, returned, at(60)).is_ok(), "a new key");
    assert_eq!(fetched(), 2);
    // The old key is gone with that: what it signs is no longer believed.
    let unknown = Signer::new("three");
    fake.answers.lock().expect("sound").token = unknown.sign(&claims(&way.0));
    for seconds in 61..119 {
        assert_eq!(provider.finish(&way.1, returned, at(seconds)), Err(SignInError::Signature));
    }
    assert_eq!(fetched(), 2, "a flood of unknown keys is no flood to the provider");
}

#[test]
fn a_role_comes_from_exact_rules_and_a_person_has_one() {
    let role = |name: &str, value: Value| with(name, value).expect("signed").principal.map(|p| p.role);
    assert_eq!(role("groups", json!("kobling-vive")), Ok(Role::Evaluator), "one value is a list of one");
    for groups in [
        json!(["Kobling-Vive"]),
        json!(["kobling-vive "]),
        json!([]),
        json!(null),
        json!({"kobling-vive": 1}),
        json!(["alle"]),
    ] {
        assert_eq!(role("groups", groups.clone()), Err(SignInError::NoRole), "{groups}");
    }
    assert_eq!(role("realm_access", json!({ "roles": ["styregruppe"] })), Err(SignInError::SeveralRoles));
    for id in
        [json!(null), json!(""), json!("070770-1234"), json!("0707701234"), json!("x".repeat(33)), json!(7)]
    {
        let found = with("preferred_username", id.clone()).expect("signed").principal;
        assert_eq!(found.map(|_| ()), Err(SignInError::NoId), "{id}");
    }
    let named = with("name", json!("K\u{0}\n<b>")).expect("signed").principal.expect("a role");
    assert_eq!(named.name, "K<b>");
}

#[test]
fn every_refusal_is_said_in_both_languages_under_a_code_of_its_own() {
    let mut codes: Vec<&str> = SignInError::ALL.iter().map(|error| error.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), SignInError::ALL.len());
    for error in SignInError::ALL {
        assert_eq!(SignInError::of_code(error.code()), Some(error));
        assert!(!error.danish().is_empty() && error.danish() != error.to_string());
        assert!(error.danish_advice() != error.advice());
    }
}

#[test]
fn addresses_are_not_in_the_clear() {
    for fine in [
        "https://login.example",
        "https://login.example:8443/realms/a?b=c",
        "http://127.0.0.1:1",
        "http://[::1]/",
        "http://localhost",
    ] {
        assert!(is_address(fine), "{fine}");
    }
    for wrong in [
        "http://login.example",
        "http://127.0.0.1.evil.example",
        "https://a@evil.example",
        "ftp://localhost",
        "https://",
        "login.example",
        "https://a b",
        "https://a#b",
    ] {
        assert!(!is_address(wrong), "{wrong}");
    }
}

proptest! {
    /// No byte changed anywhere in a token leaves it believed, and nothing makes reading one panic.
    #[test]
    fn a_changed_token_is_never_believed(at in any::<prop::sample::Index>(), to in any::<char>()) {
        let done = answered(|signer, claims| {
            let mut token: Vec<char> = signer.sign(&claims).chars().collect();
            let at = at.index(token.len());
            // The last character of base64url has bits that say nothing; a strict reader takes one spelling of them.
            if token[at] == to { return String::new(); }
            token[at] = to;
            token.into_iter().collect()
        });
        prop_assert_eq!(done, Err(SignInError::Signature));
    }

    #[test]
    fn any_claims_are_read_without_a_panic(text in "\\PC{0,200}", number in any::<f64>()) {
        for name in ["iss", "aud", "exp", "nonce", "groups", "preferred_username", "realm_access", "sub"] {
            let _ = with(name, json!(text));
            let _ = with(name, json!(number));
            let _ = with(name, json!([text, number]));
        }
    }
}
