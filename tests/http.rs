//! The whole service over HTTP, in process: the way of a package, and everybody who may not.
#![cfg(feature = "service")]

mod kit;

use std::io::{Read as _, Write as _};

use kit::{Raw, Running, connect, consent, cpr, linkage_key, package, package_of, raw, signing_key, token};
use kobling::audit::{Entry, verify_extension};
use kobling::auth::{Role, authorise};
use kobling::client::{Client, ClientError, upload};
use kobling::extract::Package;
use kobling::http::ROUTES;
use kobling::key::LinkageKey;

/// Opens an upload without the client; gives the id.
fn open(running: &Running, bearer: &str, package: &Package) -> Raw {
    let body = serde_json::json!({
        "manifest": std::str::from_utf8(&package.manifest_bytes).expect("UTF-8"),
        "signature": package.signature().expect("signed").to_string(),
    });
    raw(&running.address, "POST", "/v1/uploads", Some(bearer), &[], body.to_string().as_bytes())
}

fn id_of(opened: &Raw) -> String {
    let opened: serde_json::Value = serde_json::from_str(&opened.body).expect("JSON");
    opened["id"].as_str().unwrap_or_else(|| panic!("{opened}")).to_owned()
}

fn patch(running: &Running, bearer: &str, id: &str, offset: u64, more: &[(&str, &str)], bytes: &[u8]) -> Raw {
    let offset = offset.to_string();
    let mut headers = vec![
        ("Tus-Resumable", "1.0.0"),
        ("Upload-Offset", offset.as_str()),
        ("Content-Type", "application/offset+octet-stream"),
    ];
    headers.extend_from_slice(more);
    raw(&running.address, "PATCH", &format!("/v1/uploads/{id}"), Some(bearer), &headers, bytes)
}

fn offset(running: &Running, bearer: &str, id: &str) -> u64 {
    let head = raw(
        &running.address,
        "HEAD",
        &format!("/v1/uploads/{id}"),
        Some(bearer),
        &[("Tus-Resumable", "1.0.0")],
        &[],
    );
    assert_eq!(head.status, 200);
    head.header("upload-offset").expect("an offset").parse().expect("a number")
}

/// A partner with an enrolled key, as a bearer token.
fn bearer_of(running: &Running, partner: &str) -> String {
    let (actor, id) = (running.service.operator(), partner.parse().expect("a name"));
    running.service.enrol_key(&actor, &id, &signing_key(partner).verifying_key()).expect("enrolled");
    running.bearer(&format!("{partner}-raw"), Role::Partner, partner)
}

fn send(client: &Client, package: &Package) -> Vec<u8> {
    let signature = package.signature().expect("signed");
    upload(client, package, &signature, |_| ()).unwrap_or_else(|error| panic!("{error}")).receipt
}

#[test]
fn a_package_goes_all_the_way_to_an_answer() {
    let running = Running::new();
    let (lokk, mandecentret) = (running.partner("lokk"), running.partner("mandecentret"));
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let vive = running.client("vive-1", Role::Evaluator, "vive");
    let auditor = running.client("auditor", Role::Auditor, "rigsrevisionen");
    let dir = running.packages();

    let yes = |partner: &str, persons: std::ops::Range<u64>| -> Vec<_> {
        persons.map(|n| consent(partner, n, "given", "2022-01-01T08:00:00Z")).collect()
    };
    let batch = yes("lokk", 0..40);
    let recorded =
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    assert_eq!(
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("again"),
        recorded
    );
    mandecentret
        .record_consents(kit::linkage_key().id(), &yes("mandecentret", 20..63), &signing_key("mandecentret"))
        .expect("recorded");

    let own = package(&dir, "lokk", 0..40, 1);
    let receipt = send(&lokk, &own);
    assert_eq!(send(&lokk, &own), receipt, "the same package is the same receipt");
    send(&mandecentret, &package(&dir, "mandecentret", 20..63, 1));

    let ask = serde_json::json!({ "by": [], "period": "2022-Q1..2022-Q4" });
    let reach = "reach".parse().expect("a name");
    assert!(matches!(vive.ask(&reach, &ask), Err(ClientError::Refused { status: 409, .. })));
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    steward.post("/v1/seals", b"", None).expect("sealed");
    let answer = vive.ask(&reach, &ask).expect("an answer");
    kobling::answer::verify(&answer).expect("the answer's own hash");
    let read: kobling::answer::Answer = kobling::client::parse(&answer).expect("as the client reads it");
    assert!(
        read.table.totals.as_ref().is_some_and(|totals| totals.figures.contains_key("count")),
        "{read:?}"
    );
    let table: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(table["table"]["rows"][0]["figures"][0]["count"], 65, "63, rounded to 65: {table}");
    assert_eq!(vive.ask(&reach, &ask).expect("again"), answer, "served verbatim");

    // One withdrawal changes nothing that was shown (R8), though 62 by itself would read 60; twelve more change the count.
    running.clock.set("2025-06-03T08:00:00Z".parse().expect("an instant"));
    let shown = |table: &[u8]| -> serde_json::Value {
        let table: serde_json::Value = serde_json::from_slice(table).expect("JSON");
        table["table"]["rows"].clone()
    };
    let withdraw = |persons: std::ops::Range<u64>| {
        let batch: Vec<_> =
            persons.map(|n| consent("lokk", n, "withdrawn", "2025-06-02T12:00:00Z")).collect();
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    };
    withdraw(0..1);
    assert_eq!(shown(&vive.ask(&reach, &ask).expect("an answer")), shown(&answer));
    withdraw(1..13);
    let after = shown(&vive.ask(&reach, &ask).expect("an answer"));
    assert_eq!(after[0]["figures"][0]["count"], 50, "63 - 13");

    let quality: serde_json::Value =
        serde_json::from_slice(&vive.fetch("/v1/quality").expect("a report")).expect("JSON");
    let part = quality["parts"].as_array().expect("parts").iter().find(|part| part["partner"] == "lokk");
    assert_eq!(part.expect("a part")["sent"], 40);

    // The two receipts are joined by the partner's own entries, and the whole chain verifies.
    let (first, second) = (running.receipt(&recorded), running.receipt(&receipt));
    let strand = lokk.fetch(&format!("/v1/audit/strand?from={}", first.head.position)).expect("entries");
    let strand: serde_json::Value = serde_json::from_slice(&strand).expect("JSON");
    let entries: Vec<Entry> = serde_json::from_value(strand["entries"].clone()).expect("entries");
    let between = usize::try_from(second.head.position - first.head.position).expect("small");
    verify_extension(&first.head, &second.head, &entries[..between]).expect("extends");
    let chain: serde_json::Value =
        serde_json::from_slice(&auditor.fetch("/v1/audit").expect("a chain")).expect("JSON");
    assert_eq!(chain["sound"], true, "{}", chain["problem"]);
    let deeds: Vec<&str> =
        chain["entries"].as_array().expect("entries").iter().filter_map(|e| e[1]["deed"].as_str()).collect();
    for deed in ["upload-completed", "consents-recorded", "sealed", "answered", "quality-read", "audit-read"]
    {
        assert!(deeds.contains(&deed), "{deed}");
    }
}

#[test]
fn every_route_holds_the_matrix_for_every_role() {
    let running = Running::new();
    let organisations = [
        (Role::Partner, "lokk"),
        (Role::Evaluator, "vive"),
        (Role::Steward, "styregruppe"),
        (Role::Auditor, "rigsrevisionen"),
        (Role::Operator, "driftsenhed"),
    ];
    let bearers = organisations.map(|(role, of)| (role, running.bearer(&format!("p-{role}"), role, of)));
    let revoked = running.bearer("gone", Role::Partner, "lokk");
    running.service.revoke_principal(&"gone".parse().expect("a name")).expect("revoked");
    for route in ROUTES {
        let path = route.path.replace("{id}", "nobody").replace("{fingerprint}", "none");
        let status =
            |bearer: Option<&str>| raw(&running.address, route.method, &path, bearer, &[], &[]).status;
        let Some(action) = route.action else {
            assert!(status(None) < 300, "{route:?}");
            continue;
        };
        let stray = "kobling-token-1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for nobody in [None, Some(stray), Some(revoked.as_str()), Some("x")] {
            assert_eq!(status(nobody), 401, "{route:?}");
        }
        for (role, bearer) in &bearers {
            let refused = status(Some(bearer)) == 403;
            assert_eq!(refused, !authorise(*role, action), "{route:?} as {role}");
        }
    }
    let other = raw(&running.address, "PUT", "/v1/packages", None, &[], &[]);
    assert_eq!((other.status, other.code().as_str()), (405, "method-not-allowed"));
    let nowhere = raw(&running.address, "GET", "/v1/persons", None, &[], &[]);
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "not-found"));
}

#[test]
fn a_cut_connection_keeps_whole_blocks_and_goes_on_from_there() {
    let running = Running::new();
    let bearer = bearer_of(&running, "lokk");
    let package = package(&running.packages(), "lokk", 0..400, 70);
    let data = std::fs::read(package.data_path()).expect("readable");
    let blocks = &package.manifest.resources[0].blocks;
    assert!(blocks.len() >= 3, "{} blocks", blocks.len());
    let ends: Vec<u64> = blocks
        .iter()
        .scan(0, |at, block| {
            *at += u64::from(block.bytes);
            Some(*at)
        })
        .collect();
    let opened = open(&running, &bearer, &package);
    assert_eq!(opened.status, 201);
    let id = id_of(&opened);
    assert_eq!(opened.header("location"), Some(format!("/v1/uploads/{id}").as_str()));

    // The connection says how much will come, and breaks in the middle of the second block.
    let cut = usize::try_from(ends[0]).expect("small") + 1000;
    {
        let host = running.address.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(host).expect("connected");
        write!(
            stream,
            "PATCH /v1/uploads/{id} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {bearer}\r\n\
             Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n\
             Content-Length: {}\r\n\r\n",
            data.len()
        )
        .expect("sent");
        stream.write_all(&data[..cut]).expect("sent");
        stream.flush().expect("sent");
        // Until the first block is taken.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    assert_eq!(offset(&running, &bearer, &id), ends[0]);
    let receipt = format!("/v1/uploads/{id}/receipt");
    let early = raw(&running.address, "GET", &receipt, Some(&bearer), &[], &[]);
    assert_eq!((early.status, early.code().as_str()), (409, "incomplete"));

    let at = |n: u64| usize::try_from(n).expect("small");
    let wrong = patch(&running, &bearer, &id, ends[0] + 5, &[], &data[at(ends[0]) + 5..]);
    assert_eq!((wrong.status, wrong.code().as_str()), (409, "offset"));
    // Half a block is no progress, and no harm.
    let half = patch(&running, &bearer, &id, ends[0], &[], &data[at(ends[0])..at(ends[0]) + 100]);
    assert_eq!((half.status, half.header("upload-offset")), (204, Some(ends[0].to_string().as_str())));
    // A checksum of other bytes: refused, and what fits the manifest is kept.
    let sha1 = ("Upload-Checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    let bad = patch(&running, &bearer, &id, ends[0], &[sha1], &data[at(ends[0])..at(ends[1])]);
    assert_eq!((bad.status, bad.code().as_str()), (460, "checksum"));
    assert_eq!(offset(&running, &bearer, &id), ends[1]);
    let digest = {
        use base64::Engine as _;
        let digest = kobling::extract::manifest::Sha256Hex::of(&data[at(ends[1])..]);
        format!("sha256 {}", base64::engine::general_purpose::STANDARD.encode(digest.as_bytes()))
    };
    let rest = patch(&running, &bearer, &id, ends[1], &[("Upload-Checksum", &digest)], &data[at(ends[1])..]);
    assert_eq!(rest.status, 204);
    assert_eq!(rest.header("upload-offset"), Some(data.len().to_string().as_str()));
    let done = raw(&running.address, "GET", &receipt, Some(&bearer), &[], &[]);
    assert_eq!(done.status, 200);
    running.receipt(done.body.as_bytes());
}

#[test]
fn what_is_wrong_with_an_upload_is_said_by_name() {
    let running = Running::new();
    let bearer = bearer_of(&running, "lokk");
    let other = bearer_of(&running, "mandecentret");
    let dir = running.packages();
    let good = package(&dir, "lokk", 0..20, 1);

    let stranger = LinkageKey::from_bytes(linkage_key().programme().clone(), &mut [8; 32]);
    let text = format!("CPR-nr;Dato;Trin;Rolle;Kommune\r\n{};05-03-2022;Kontakt;Voldsudsat;147\r\n", cpr(1));
    let wrong_key = open(&running, &bearer, &package_of(&dir, "lokk", &text, &stranger));
    assert_eq!((wrong_key.status, wrong_key.code().as_str()), (422, "other-key"));
    let title = wrong_key.problem()["title"].as_str().expect("a title").to_owned();
    assert!(
        title.contains(&stranger.id().to_string()) && title.contains(&linkage_key().id().to_string()),
        "{title}"
    );

    let stolen = open(&running, &other, &good);
    assert_eq!(stolen.code(), "signature");
    let forged = serde_json::json!({
        "manifest": String::from_utf8(good.manifest_bytes.clone()).expect("UTF-8").replace("\"sent\": 20", "\"sent\": 21"),
        "signature": good.signature().expect("signed").to_string(),
    });
    let forged =
        raw(&running.address, "POST", "/v1/uploads", Some(&bearer), &[], forged.to_string().as_bytes());
    assert_eq!((forged.status, forged.code().as_str()), (422, "signature"));

    let opened = open(&running, &bearer, &good);
    let id = id_of(&opened);
    assert_eq!(id_of(&open(&running, &bearer, &good)), id, "the same manifest is the same upload");
    let mut data = std::fs::read(good.data_path()).expect("readable");
    let version = raw(&running.address, "HEAD", &format!("/v1/uploads/{id}"), Some(&bearer), &[], &[]);
    assert_eq!(version.status, 412);
    let path = format!("/v1/uploads/{id}");
    let tus = [("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0")];
    let kind = raw(&running.address, "PATCH", &path, Some(&bearer), &tus, &data);
    assert_eq!((kind.status, kind.code().as_str()), (415, "content-type"));
    *data.last_mut().expect("bytes") ^= 1;
    let damaged = patch(&running, &bearer, &id, 0, &[], &data);
    assert_eq!((damaged.status, damaged.code().as_str()), (422, "block-digest"));
    assert_eq!(offset(&running, &bearer, &id), 0, "the service goes on");

    // Given up: gone for good, and the manifest may come again.
    let tus = [("Tus-Resumable", "1.0.0")];
    assert_eq!(raw(&running.address, "DELETE", &path, Some(&bearer), &tus, &[]).status, 204);
    assert_eq!(raw(&running.address, "HEAD", &path, Some(&bearer), &tus, &[]).status, 410);
    assert!(!running.data().join("staged").join(&id).exists());
    assert_eq!(open(&running, &bearer, &good).status, 201);

    let huge = vec![b' '; 20 << 20];
    let huge = raw(&running.address, "POST", "/v1/uploads", Some(&bearer), &[], &huge);
    assert_eq!((huge.status, huge.code().as_str()), (413, "too-large"));
    let form =
        raw(&running.address, "POST", "/v1/uploads", Some(&bearer), &[], br#"{"manifest":"0707614286"}"#);
    assert_eq!((form.status, form.code().as_str()), (400, "body"));
    assert!(!form.body.contains("0707614286"), "what was sent is not repeated");

    let key = signing_key("lokk").verifying_key().fingerprint().to_string();
    let (actor, lokk) = (running.service.operator(), "lokk".parse().expect("a name"));
    running.service.revoke_key(&actor, &lokk, &key).expect("revoked");
    let revoked = open(&running, &bearer, &package(&dir, "lokk", 0..5, 1));
    assert_eq!(revoked.code(), "no-signing-key");
}

#[test]
fn attack_a_partner_looks_for_anothers_upload() {
    let running = Running::new();
    let (own, other) = (bearer_of(&running, "lokk"), bearer_of(&running, "mandecentret"));
    let package = package(&running.packages(), "lokk", 0..5, 1);
    let id = id_of(&open(&running, &own, &package));
    let tus = [("Tus-Resumable", "1.0.0")];
    let unknown = "0".repeat(32);
    for (method, suffix) in [("DELETE", ""), ("GET", "/receipt")] {
        let ask = |id: &str| {
            let path = format!("/v1/uploads/{id}{suffix}");
            raw(&running.address, method, &path, Some(&other), &tus, &[])
        };
        let (theirs, nobodys) = (ask(&id), ask(&unknown));
        assert_eq!(theirs.status, 404);
        assert_eq!(theirs.body, nobodys.body, "there and not there look alike");
    }
    assert_eq!(patch(&running, &other, &id, 0, &[], b"x").status, 404);
    let withdraw = format!("/v1/packages/{id}/withdraw");
    assert_eq!(raw(&running.address, "POST", &withdraw, Some(&other), &[], &[]).status, 404);
    assert_eq!(raw(&running.address, "GET", "/v1/packages", Some(&other), &[], &[]).body, "[]");
    assert_eq!(offset(&running, &own, &id), 0, "and it is still there");
}

#[test]
fn consents_are_taken_from_the_source_alone_and_whole_or_not_at_all() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let (key, other) = (signing_key("lokk"), signing_key("mandecentret"));
    let sound = || consent("lokk", 1, "given", "2022-01-01T08:00:00Z");
    let code = |records: &[kobling::consent::ConsentRecord], key: &kobling::key::SigningKey| match lokk
        .record_consents(kit::linkage_key().id(), records, key)
    {
        Err(ClientError::Refused { code, title, .. }) => {
            assert!(!title.contains("cpr."), "{title}");
            code
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&[sound()], &other), "consent-signature");
    let mut bad = sound();
    bad.event.purposes = vec!["marketing".parse().expect("a name")];
    assert_eq!(code(&[sound(), bad], &key), "consent-purpose");
    let mut bad = sound();
    bad.event.datasets = vec!["politi-opsporing".parse().expect("a name")];
    assert_eq!(code(&[bad], &key), "consent-dataset");
    let mut bad = sound();
    bad.event.notice.sha256 = "0f".repeat(32);
    assert_eq!(code(&[bad], &key), "consent-notice-unknown");
    let mut bad = sound();
    bad.event.recipients = vec!["somebody".parse().expect("a name")];
    assert_eq!(code(&[bad], &key), "consent-recipient");
    let mut bad = sound();
    bad.token = bad.token.replace("cpr.", "case.");
    assert_eq!(code(&[bad], &key), "consent-token");
    assert_eq!(code(&[consent("lokk", 1, "given", "2099-01-01T08:00:00Z")], &key), "consent-future");
    assert_eq!(running.service.store().consent_state().expect("a state").events, 0);
    lokk.record_consents(kit::linkage_key().id(), &[sound()], &key).expect("recorded");
    assert_eq!(running.service.store().consent_state().expect("a state").events, 1);
}

#[test]
fn a_partner_asks_what_its_records_permitted_then_and_now_and_learns_of_nobody_elses() {
    use kobling::consent::{AsOfAnswer, AsOfQuestion, KnownAt};
    let running = Running::new();
    let (lokk, other) = (running.partner("lokk"), running.partner("mandecentret"));
    let key_id = kit::linkage_key().id();
    let ask_as = |client: &kobling::client::Client, partner: &str, n: u64, moment: &str, known| {
        let token = token(partner, n);
        let moment = moment.parse().expect("an instant");
        client.permission_as_of(&AsOfQuestion { key_id, token, moment, known }, &signing_key(partner))
    };
    let ask = |n, moment, known| ask_as(&lokk, "lokk", n, moment, known).expect("answered");
    let open = |answer: &AsOfAnswer| answer.permissions.iter().filter(|line| line.gate).count();

    // Recorded on the first of June 2025, a day later what had happened on the second of January.
    let yes = consent("lokk", 1, "given", "2022-01-01T08:00:00Z");
    lokk.record_consents(key_id, &[yes], &signing_key("lokk")).expect("recorded");
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    let no = consent("lokk", 1, "withdrawn", "2025-06-01T12:00:00Z");
    lokk.record_consents(key_id, &[no], &signing_key("lokk")).expect("recorded");
    running.clock.set("2025-06-03T08:00:00Z".parse().expect("an instant"));
    let at = "2025-06-01T18:00:00Z";
    assert!(open(&ask(1, at, KnownAt::Then)) > 0, "the withdrawal was not known yet");
    assert_eq!(open(&ask(1, at, KnownAt::Now)), 0);
    assert_eq!(open(&ask(1, "2025-06-03T08:00:00Z", KnownAt::Then)), 0);
    assert_eq!(open(&ask(1, "2025-05-31T08:00:00Z", KnownAt::Then)), 0, "nothing was recorded yet");
    assert!(open(&ask(1, "2025-05-31T08:00:00Z", KnownAt::Now)) > 0);

    // Somebody whom another partner knows, and nobody at all, look alike.
    let his = consent("mandecentret", 2, "given", "2022-01-01T08:00:00Z");
    other.record_consents(key_id, &[his], &signing_key("mandecentret")).expect("recorded");
    let (known, unknown) = (ask(2, at, KnownAt::Now), ask(3, at, KnownAt::Now));
    assert!(known.permissions == unknown.permissions);
    assert_eq!((open(&known), known.permissions.is_empty()), (0, false));

    let code = |refused: Result<AsOfAnswer, ClientError>| match refused {
        Err(ClientError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(ask_as(&lokk, "lokk", 1, "2025-06-04T08:00:00Z", KnownAt::Now)), "as-of-future");
    assert_eq!(code(ask_as(&lokk, "mandecentret", 1, at, KnownAt::Now)), "consent-signature");
    // It is in the partner's own strand, and nobody's token is.
    let strand = lokk.fetch("/v1/audit/strand").expect("read");
    let strand = String::from_utf8(strand).expect("text");
    assert_eq!(
        strand.matches("consents-read").count(),
        8,
        "those that were signed, the one too early among them"
    );
    assert!(!strand.contains("cpr."));
}

#[test]
fn neither_a_cpr_number_nor_a_token_reaches_the_disk() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    send(&lokk, &package(&running.packages(), "lokk", 0..30, 1));
    let batch: Vec<_> = (0..30).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    running.service.seal(&running.service.operator()).expect("sealed");
    let secrets: Vec<Vec<u8>> = (0..30)
        .flat_map(|n| {
            use base64::Engine as _;
            let token = token("lokk", n);
            let encoded = token.split_once('.').expect("a kind").1.to_owned();
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&encoded).expect("base64");
            // As text, as bytes, and the half that a link is as long as.
            [cpr(n).into_bytes(), encoded.into_bytes(), bytes[..16].to_vec(), bytes]
        })
        .collect();
    let hits = || {
        let mut hits = Vec::new();
        for (path, bytes) in kit::clear_files(&running.data()) {
            if secrets.iter().any(|secret| memchr::memmem::find(&bytes, secret).is_some()) {
                hits.push(path);
            }
        }
        hits
    };
    // First that the search finds what is there.
    for (at, secret) in secrets.iter().take(4).enumerate() {
        let planted = running.data().join("planted");
        std::fs::write(&planted, [b"x", secret.as_slice(), b"y"].concat()).expect("written");
        assert_eq!(hits(), std::slice::from_ref(&planted), "{at}");
        std::fs::remove_file(&planted).expect("removed");
    }
    assert!(kit::clear_files(&running.data()).len() >= 4, "there is something to search");
    assert!(hits().is_empty());
}

/// One partner's whole exchange with the service, as texts.
fn exchange(running: &Running, package: &Package) -> Vec<String> {
    let bearer = bearer_of(running, "lokk");
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let answer = raw(&running.address, method, path, Some(&bearer), headers, body);
        let mut headers = answer.headers.clone();
        // When it was, and the random id of the request.
        headers.retain(|(name, _)| !["date", "kobling-request"].contains(&name.as_str()));
        format!("{} {headers:?} {}", answer.status, answer.body)
    };
    let opened = open(running, &bearer, package);
    let id = id_of(&opened);
    let data = std::fs::read(package.data_path()).expect("readable");
    let tus = [
        ("Tus-Resumable", "1.0.0"),
        ("Upload-Offset", "0"),
        ("Content-Type", "application/offset+octet-stream"),
    ];
    let records = vec![consent("lokk", 1, "given", "2022-01-01T08:00:00Z")];
    let batch = kobling::consent::ConsentBatch { key_id: kit::linkage_key().id(), records };
    let batch = serde_json::to_vec(&batch).expect("JSON");
    let signature = signing_key("lokk").sign("kobling/v1/consents", &batch).to_string();
    let mut said = vec![opened.body.clone()];
    said.push(ask("GET", "/v1/programme", &[], &[]));
    said.push(ask("HEAD", &format!("/v1/uploads/{id}"), &tus[..1], &[]));
    said.push(ask("PATCH", &format!("/v1/uploads/{id}"), &tus, &data));
    said.push(ask("GET", &format!("/v1/uploads/{id}/receipt"), &[], &[]));
    said.push(ask("POST", "/v1/consents", &[("Kobling-Signature", &signature)], &batch));
    said.push(ask(
        "POST",
        "/v1/aliases",
        &[],
        serde_json::json!({ "old": token("lokk", 1), "new": token("lokk", 2) }).to_string().as_bytes(),
    ));
    said.push(ask("GET", "/v1/packages", &[], &[]));
    said.push(ask("POST", &format!("/v1/packages/{id}/withdraw"), &[], &[]));
    said.push(ask("GET", "/v1/audit/strand", &[], &[]));
    for path in ["/v1/snapshots", "/v1/quality", "/v1/audit"] {
        said.push(ask("GET", path, &[], &[]));
    }
    said.into_iter().map(|text| without_chance(&text.replace(&id, "ID"))).collect()
}

/// A text without what is drawn at random or follows from it: digests (which hold ids) and signatures.
fn without_chance(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        let run = word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
        let digest = run.len() == 64 && run.bytes().all(|b| b.is_ascii_hexdigit());
        if digest || run.len() == 86 || run.len() == 43 {
            out.push('#');
            out.push_str(&word[run.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

#[test]
fn attack_a_partner_compares_its_answers_with_and_without_the_others() {
    let alone = Running::new();
    let package_of_lokk = package(&alone.packages(), "lokk", 0..20, 1);
    let said_alone = exchange(&alone, &package_of_lokk);

    let crowded = Running::new();
    for partner in ["mandecentret", "moedrehjaelpen", "koebenhavns-politi"] {
        let other = crowded.partner(partner);
        send(&other, &package(&crowded.packages(), partner, 0..30, 1));
        let batch: Vec<_> = (0..30).map(|n| consent(partner, n, "given", "2022-01-01T08:00:00Z")).collect();
        other.record_consents(kit::linkage_key().id(), &batch, &signing_key(partner)).expect("recorded");
    }
    crowded.service.seal(&crowded.service.operator()).expect("sealed");
    let said_crowded = exchange(&crowded, &package_of_lokk);
    assert_eq!(said_alone.len(), 13);
    for (alone, crowded) in said_alone.iter().zip(&said_crowded) {
        assert_eq!(alone, crowded);
    }
    // The comparison sees a position in a chain that others move: else it could not fail.
    assert!(said_alone.iter().any(|text| text.contains(r#"\"position\":"#)), "{said_alone:?}");
}

#[test]
fn questions_at_the_same_time_do_not_slip_past_each_other() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    send(&lokk, &package(&running.packages(), "lokk", 0..40, 1));
    let batch: Vec<_> = (0..40).map(|n| consent("lokk", n, "given", "2022-01-01T08:00:00Z")).collect();
    lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    running.service.seal(&running.service.operator()).expect("sealed");
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    let bearer = running.bearer("vive-1", Role::Evaluator, "vive");
    let answers: Vec<(usize, Vec<u8>)> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..12)
            .map(|n| {
                let (running, bearer) = (&running, &bearer);
                scope.spawn(move || {
                    let by = [&[][..], &["role"], &["municipality"]][n % 3];
                    let vive = connect(running.dir.path(), &running.address, &format!("v{n}"), bearer);
                    let ask = serde_json::json!({ "by": by, "period": "2022-Q1..2022-Q4" });
                    (n % 3, vive.ask(&"reach".parse().expect("a name"), &ask).expect("an answer"))
                })
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (kind, answer) in &answers {
        let first = answers.iter().find(|(other, _)| other == kind).map(|(_, answer)| answer);
        assert_eq!(Some(answer), first);
    }
    assert!(running.service.store().verify_chain().expect("readable").is_ok());
    // Every position of the ledger once.
    let ledger = running.service.store().ledger().expect("a ledger");
    assert!(!ledger.is_empty());
    assert!(ledger.iter().enumerate().all(|(at, row)| row.seq == at as u64 + 1));
}

#[test]
fn tus_clients_are_told_what_is_spoken() {
    let running = Running::new();
    let options = raw(&running.address, "OPTIONS", "/v1/uploads", None, &[], &[]);
    assert_eq!(options.status, 204);
    assert_eq!(options.header("tus-version"), Some("1.0.0"));
    assert_eq!(options.header("tus-checksum-algorithm"), Some("sha256,sha1"));
    let mut text = String::new();
    let host = running.address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    write!(stream, "GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    stream.read_to_string(&mut text).expect("read");
    assert!(text.ends_with(r#"{"status":"ok"}"#), "{text}");
}

#[test]
fn over_an_alias_a_withdrawal_under_either_number_counts() {
    let running = Running::new();
    let lokk = running.partner("lokk");
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let vive = running.client("vive-1", Role::Evaluator, "vive");
    let record = |persons: std::ops::Range<u64>, kind: &str, at: &str| {
        let batch: Vec<_> = persons.map(|n| consent("lokk", n, kind, at)).collect();
        lokk.record_consents(kit::linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
    };
    record(0..40, "given", "2022-01-01T08:00:00Z");
    send(&lokk, &package(&running.packages(), "lokk", 0..40, 1));
    // The same persons' newer numbers, which no package has: known to consent alone.
    record(1000..1013, "withdrawn", "2025-05-01T08:00:00Z");
    running.service.seal(&running.service.operator()).expect("sealed");
    let count = |day: &str| -> serde_json::Value {
        running.clock.set(format!("{day}T08:00:00Z").parse().expect("an instant"));
        let ask = serde_json::json!({ "by": [], "period": "2022-Q1..2022-Q4" });
        let answer = vive.ask(&"reach".parse().expect("a name"), &ask).expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        answer["table"]["rows"][0]["figures"][0]["count"].clone()
    };
    assert_eq!(count("2025-06-01"), 40);
    for n in 0..13 {
        let body = serde_json::json!({ "old": token("lokk", n), "new": token("lokk", 1000 + n) });
        lokk.post("/v1/aliases", body.to_string().as_bytes(), None).expect("proposed");
    }
    assert_eq!(count("2025-06-01"), 40, "a proposal alone changes nothing");
    let open: serde_json::Value =
        serde_json::from_slice(&steward.fetch("/v1/aliases").expect("a list")).expect("JSON");
    for proposal in open.as_array().expect("a list") {
        steward.post(&format!("/v1/aliases/{}/approve", proposal["id"]), b"", None).expect("approved");
    }
    assert_eq!(count("2025-06-01"), 25, "40 - 13 = 27, before any further seal");
    running.clock.set("2025-06-02T08:00:00Z".parse().expect("an instant"));
    running.service.seal(&running.service.operator()).expect("sealed");
    assert_eq!(count("2025-06-02"), 25);
}

#[test]
fn the_steward_enrols_keys_and_a_newer_package_replaces_the_older_at_the_seal() {
    let running = Running::new();
    let steward = running.bearer("steward", Role::Steward, "styregruppe");
    let lokk = running.client("lokk-it", Role::Partner, "lokk");
    let public = signing_key("lokk").verifying_key();
    let keys = "/v1/partners/lokk/keys";
    let enrol = serde_json::json!({ "public_key": public.to_string() }).to_string();
    let as_steward = |method: &str, path: &str, body: &str| {
        raw(&running.address, method, path, Some(&steward), &[], body.as_bytes())
    };
    assert_eq!(as_steward("POST", keys, &enrol).status, 204);
    assert_eq!(as_steward("POST", keys, r#"{"public_key":"x"}"#).code(), "public-key");
    assert_eq!(as_steward("GET", "/v1/partners/nobody/keys", "").status, 404);
    let listed: serde_json::Value = serde_json::from_str(&as_steward("GET", keys, "").body).expect("JSON");
    assert_eq!(listed[0]["fingerprint"], public.fingerprint().to_string());

    let dir = running.packages();
    send(&lokk, &package(&dir, "lokk", 0..10, 1));
    send(&lokk, &package(&dir, "lokk", 0..12, 1));
    let states = || -> Vec<String> {
        let listed: serde_json::Value =
            serde_json::from_slice(&lokk.fetch("/v1/packages").expect("a list")).expect("JSON");
        let state = |p: &serde_json::Value| p["state"].as_str().expect("a state").to_owned();
        let mut states: Vec<String> = listed.as_array().expect("a list").iter().map(state).collect();
        states.sort();
        states
    };
    assert_eq!(states(), ["complete", "complete"]);
    let sealed = as_steward("POST", "/v1/seals", "");
    assert_eq!(sealed.status, 201, "{}", sealed.body);
    assert_eq!(states(), ["complete", "replaced"]);
    let staged = || std::fs::read_dir(running.data().join("staged")).expect("readable").count();
    assert_eq!(staged(), 1, "what was replaced is gone from the disk");

    let revoke = format!("{keys}/{}", public.fingerprint());
    assert_eq!(as_steward("DELETE", &revoke, "").status, 204);
    assert_eq!(as_steward("DELETE", &revoke, "").status, 404);
    assert_eq!(as_steward("POST", keys, &enrol).status, 409, "a revoked key never comes back");
}
