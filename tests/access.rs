//! What a partner is told of one person: its own, all of it, and nothing from others; and the commands of a case worker.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;

use std::path::Path;
use std::process::Command;

use kit::{PROGRAMME, Running, consent, cpr, linkage_key, package, package_of, raw, signing_key, token};
use kobling::auth::Role;
use kobling::client::{Client, ClientError, upload};
use kobling::clock::{Clock as _, SystemClock, Timestamp};
use kobling::consent::{ConsentRecord, HELD_CONTEXT, Held, HeldRequest};
use kobling::extract::Package;
use kobling::key::Example;
use serde_json::{Value, json};

const YES: &str = "2022-01-01T08:00:00Z";

fn send(client: &Client, package: &Package) {
    upload(client, package, &package.signature().expect("signed"), |_| ()).unwrap_or_else(|e| panic!("{e}"));
}

fn record(client: &Client, partner: &str, records: &[ConsentRecord]) -> Result<Vec<u8>, String> {
    client.record_consents(linkage_key().id(), records, &signing_key(partner)).map_err(|error| match error {
        ClientError::Refused { code, title, advice, .. } => {
            assert!(advice.is_some_and(|advice| !advice.is_empty()), "{title}");
            assert!(title.contains("record 1 of the batch"), "{title}");
            code
        }
        error => panic!("{error}"),
    })
}

fn ask(client: &Client, partner: &str, token: &str, everything: bool) -> Vec<u8> {
    let request =
        HeldRequest { key_id: linkage_key().id(), token: token.to_owned(), note: "desk-3".to_owned() };
    client.held(everything, &request, &signing_key(partner)).unwrap_or_else(|error| panic!("{error}"))
}

fn held(body: &[u8]) -> Held {
    serde_json::from_slice(body).expect("what is held")
}

/// The partner's own part: rows, consents, and a second number of person 3.
fn own(running: &Running) -> Client {
    let lokk = running.partner("lokk");
    let yes: Vec<_> = (0..20).map(|n| consent("lokk", n, "given", YES)).collect();
    record(&lokk, "lokk", &yes).expect("recorded");
    record(&lokk, "lokk", &[consent("lokk", 2, "withdrawn", "2023-01-01T08:00:00Z")]).expect("recorded");
    send(&lokk, &package(&running.packages(), "lokk", 0..20, 3));
    let alias = json!({ "old": token("lokk", 3), "new": token("lokk", 503) });
    lokk.post("/v1/aliases", alias.to_string().as_bytes(), None).expect("entered");
    lokk
}

fn approve_all(running: &Running) {
    let steward = running.client("steward", Role::Steward, "styregruppe");
    let open: Vec<Value> =
        serde_json::from_slice(&steward.fetch("/v1/aliases").expect("a list")).expect("JSON");
    for proposal in open {
        steward.post(&format!("/v1/aliases/{}/approve", proposal["id"]), b"", None).expect("approved");
    }
    running.service.seal(&running.service.operator()).expect("sealed");
}

/// Attack: a case worker asks for access, and learns that a person is known elsewhere.
#[test]
fn attack_access_tells_who_else_knows_a_person() {
    let (alone, among) = (Running::new(), Running::new());
    let without = own(&alone);
    // The same persons at three others, before and after, with consents, withdrawals and aliases of theirs.
    for (partner, persons) in [("mandecentret", 0..25), ("koebenhavns-politi", 0..20)] {
        let other = among.partner(partner);
        let yes: Vec<_> = persons.clone().map(|n| consent(partner, n, "given", YES)).collect();
        record(&other, partner, &yes).expect("recorded");
        send(&other, &package(&among.packages(), partner, persons, 2));
    }
    let with = own(&among);
    let dragoer = among.partner("dragoer");
    record(&dragoer, "dragoer", &[consent("dragoer", 1, "withdrawn", YES)]).expect("recorded");
    for (old, new) in [(1, 2), (3, 4), (503, 5), (900, 901)] {
        let alias = json!({ "old": token("dragoer", old), "new": token("dragoer", new) });
        dragoer.post("/v1/aliases", alias.to_string().as_bytes(), None).expect("entered");
    }
    approve_all(&alone);
    approve_all(&among);
    for n in [0, 1, 2, 3, 19, 22, 503, 900, 901] {
        for everything in [false, true] {
            let token = token("lokk", n);
            let (a, b) = (ask(&without, "lokk", &token, everything), ask(&with, "lokk", &token, everything));
            assert!(a == b, "{n}: {} and {}", String::from_utf8_lossy(&a), String::from_utf8_lossy(&b));
        }
    }
}

#[test]
fn a_partner_is_told_its_own_and_all_of_it() {
    let running = Running::new();
    let lokk = own(&running);
    approve_all(&running);
    let of = |n: u64| held(&ask(&lokk, "lokk", &token("lokk", n), true));
    let one = of(1);
    let forloeb = one.datasets.iter().find(|d| d.id.as_str() == "forloeb").expect("its dataset");
    // Rows on three days in a row, the first 7 days into the year.
    assert_eq!(forloeb.rows, 3);
    let days = [forloeb.first, forloeb.last].map(|day| day.map(|day| day.to_string()));
    assert_eq!(days, [Some("2022-01-08".to_owned()), Some("2022-01-10".to_owned())]);
    assert!(
        one.datasets.iter().filter(|d| d.id.as_str() != "forloeb").all(|d| d.rows == 0 && d.first.is_none())
    );
    let permitted = |held: &Held, purpose: &str| {
        let mut of = held.consents.permits.iter().filter(|p| p.dataset.as_str() == "forloeb");
        let found = of.find(|p| p.purpose.as_str() == purpose).expect("a permit");
        (found.permitted, found.rows.clone())
    };
    let (yes, rows) = permitted(&one, "evaluation");
    assert!(yes && rows.len() == 1 && rows[0].from.to_string() == "2021-01-01" && rows[0].to.is_none());
    assert!(!permitted(&one, "follow-up").0, "never asked");
    assert_eq!(one.consents.events.len(), 1);
    let two = of(2);
    assert_eq!(two.consents.events.len(), 2);
    assert_eq!(permitted(&two, "evaluation"), (false, Vec::new()), "withdrawn");
    // Over the partner's own approved proposal both numbers are one person.
    for n in [3, 503] {
        let three = of(n);
        assert_eq!((three.aliases.len(), three.consents.events.len()), (1, 1), "{n}");
        assert_eq!(three.datasets.iter().map(|d| d.rows).sum::<u64>(), 3, "{n}");
    }
    // A person nobody knows: nothing, in the same shape.
    let nobody = of(777);
    assert!(nobody.consents.events.is_empty() && nobody.aliases.is_empty());
    assert!(nobody.datasets.iter().all(|d| d.rows == 0));
    assert!(nobody.consents.permits.iter().all(|p| !p.permitted || p.rows.is_empty()));
    assert_eq!((&nobody.uses, nobody.datasets.len()), (&one.uses, one.datasets.len()));
    assert_eq!(nobody.consents.permits.len(), one.consents.permits.len());
    assert!(
        one.uses.iter().any(|u| u.kind == "question" && u.recipients.iter().any(|r| r.as_str() == "vive"))
    );
    // What is withdrawn is not held.
    let listed: Vec<Value> =
        serde_json::from_slice(&lokk.fetch("/v1/packages").expect("a list")).expect("JSON");
    let path = format!("/v1/packages/{}/withdraw", listed[0]["id"].as_str().expect("an id"));
    lokk.post(&path, b"{}", None).expect("withdrawn");
    assert!(of(1).datasets.iter().all(|d| d.rows == 0));
    // Every look stands in the partner's own strand, with the note.
    let strand = String::from_utf8(lokk.fetch("/v1/audit/strand").expect("entries")).expect("text");
    assert_eq!(strand.matches("\"access-given\"").count(), 6, "{strand}");
    assert!(strand.contains(r#""note":"desk-3""#));
}

/// Attack: an abuser asks for access where the other one sought help, and reads off that a row about them names the abuser.
#[test]
fn attack_the_other_one_of_a_pair_learns_that_somebody_sought_help() {
    let running = Running::new();
    let police = running.partner("koebenhavns-politi");
    let text = format!(
        "CPR-nr;Modpart;Sagsnummer;Dato;Trin;Rolle;Kommune\r\n{};{};S-1;05-03-2022;Opsporet;Voldsudsat;147\r\n",
        cpr(1),
        cpr(2)
    );
    record(
        &police,
        "koebenhavns-politi",
        &[consent("koebenhavns-politi", 1, "given", "2025-05-01T08:00:00Z")],
    )
    .expect("recorded");
    record(
        &police,
        "koebenhavns-politi",
        &[consent("koebenhavns-politi", 2, "given", "2025-05-01T08:00:00Z")],
    )
    .expect("recorded");
    send(&police, &package_of(&running.packages(), "koebenhavns-politi", &text, &linkage_key()));
    let of = |n: u64| held(&ask(&police, "koebenhavns-politi", &token("koebenhavns-politi", n), true));
    let (own, other, nobody) = (of(1), of(2), of(3));
    assert_eq!(own.datasets[0].rows, 1);
    assert!(other.datasets == nobody.datasets, "named in a row, and told of nothing");
    assert!(nobody.datasets[0].rows == 0 && nobody.datasets[0].first.is_none());
}

#[test]
fn every_bad_request_for_access_is_refused_with_advice_and_entered_nowhere() {
    let running = Running::new();
    let lokk = own(&running);
    let bearer = running.bearer("raw", Role::Partner, "lokk");
    let request = |token: &str, note: &str| {
        json!({ "key_id": linkage_key().id(), "token": token, "note": note }).to_string()
    };
    let sound = request(&token("lokk", 1), "desk");
    let signed = |body: &str| signing_key("lokk").sign(HELD_CONTEXT, body.as_bytes()).to_string();
    let of_batch = signing_key("lokk").sign("kobling/v1/consents", sound.as_bytes()).to_string();
    let case = token("lokk", 1).replace("cpr.", "case.");
    let other_key = sound.replace(&linkage_key().id().to_string(), "0011223344556677");
    let extra = sound.replace('{', "{\"x\":1,");
    let cases = [
        ("no signature", sound.clone(), String::new(), 422, "consent-signature"),
        ("signed for another use", sound.clone(), of_batch, 422, "consent-signature"),
        ("another body", sound.replace("desk", "door"), signed(&sound), 422, "consent-signature"),
        ("another linkage key", other_key.clone(), signed(&other_key), 422, "other-key"),
        ("a case", request(&case, "desk"), signed(&request(&case, "desk")), 422, "person-token"),
        ("no token", request("x", "desk"), signed(&request("x", "desk")), 422, "person-token"),
        (
            "no note",
            request(&token("lokk", 1), " "),
            signed(&request(&token("lokk", 1), " ")),
            422,
            "access-note",
        ),
        (
            "a number in the note",
            request(&token("lokk", 1), &cpr(1)),
            signed(&request(&token("lokk", 1), &cpr(1))),
            422,
            "access-note",
        ),
        ("an unknown field", extra.clone(), signed(&extra), 400, "body"),
        ("no JSON", "{".to_owned(), signed("{"), 400, "body"),
    ];
    for path in ["/v1/access", "/v1/consents/held"] {
        for (name, body, signature, status, code) in &cases {
            let headers = [("Kobling-Signature", signature.as_str())];
            let answer = raw(&running.address, "POST", path, Some(&bearer), &headers, body.as_bytes());
            assert_eq!((answer.status, answer.code().as_str()), (*status, *code), "{name}: {}", answer.body);
            assert!(
                !answer.body.contains(&cpr(1)) && !answer.body.contains("case."),
                "{name}: {}",
                answer.body
            );
        }
        let headers = [("Kobling-Signature", &signed(&sound)[..])];
        let answer = raw(&running.address, "POST", path, Some(&bearer), &headers, sound.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let strand = String::from_utf8(lokk.fetch("/v1/audit/strand").expect("entries")).expect("text");
    assert_eq!((strand.matches("access-given").count(), strand.matches("consents-shown").count()), (1, 1));
}

#[test]
fn events_that_do_not_fit_are_refused_one_by_one_and_denies_are_taken() {
    let running = Running::new();
    let (lokk, police) = (running.partner("lokk"), running.partner("koebenhavns-politi"));
    let with = |partner: &str, kind: &str, changes: &[(&str, Value)]| {
        let mut json = serde_json::to_value(consent(partner, 1, kind, YES)).expect("JSON");
        json["event"]["record"] = format!("{kind}-{}", changes.len()).into();
        for (field, value) in changes {
            json["event"][*field] = value.clone();
        }
        serde_json::from_value::<ConsentRecord>(json).expect("a record")
    };
    let of = |n: &str, v: Value| (n.to_owned(), v);
    let events = || running.service.store().consent_state().expect("a state").events;
    for (kind, (field, value), code) in [
        ("given", of("purposes", json!(["marketing"])), "consent-purpose"),
        ("given", of("recipients", json!(["nobody"])), "consent-recipient"),
        ("given", of("recipients", json!(["mandecentret"])), "consent-recipient-purpose"),
        ("given", of("datasets", json!(["politi-opsporing"])), "consent-dataset"),
        ("given", of("legal_basis", json!("consent")), "consent-legal-basis"),
        ("given", of("names", json!("x")), "consent-names-something"),
        ("renewed", of("names", json!("never")), "consent-names-unknown"),
        ("expired", of("names", json!("never")), "consent-names-unknown"),
        ("renewed", of("schema", json!(1)), "consent-names-nothing"),
    ] {
        let refused = record(&lokk, "lokk", &[with("lokk", kind, &[(&field, value)])]);
        assert_eq!(refused.expect_err(&field), code);
    }
    let follow_up = programme_notice("samtykke-opfoelgning");
    let told = record(&lokk, "lokk", &[with("lokk", "given", &[("notice", follow_up)])]);
    assert_eq!(told.expect_err("it tells of follow-up alone"), "consent-notice-purpose");
    let weak = with("koebenhavns-politi", "given", &[("legal_basis", json!("explicit-consent"))]);
    assert_eq!(record(&police, "koebenhavns-politi", &[weak]).expect_err("offences"), "consent-legal-basis");
    assert_eq!(events(), 0);
    // What denies is taken, whatever it names and rests on.
    for kind in ["withdrawn", "invalidated"] {
        let deny = with("lokk", kind, &[("names", json!("never")), ("legal_basis", json!("consent"))]);
        record(&lokk, "lokk", &[deny]).unwrap_or_else(|code| panic!("{kind}: {code}"));
    }
    // The same event again is no other event; the same name for another is.
    let yes = with("lokk", "given", &[]);
    record(&lokk, "lokk", std::slice::from_ref(&yes)).expect("recorded");
    let (again, next) = (yes.clone(), with("lokk", "requested", &[]));
    record(&lokk, "lokk", &[again, next]).expect("the same does no harm");
    assert_eq!(events(), 4);
    let mut other = yes.clone();
    other.event.recorded_by = "somebody else".to_owned();
    assert_eq!(record(&lokk, "lokk", &[other]).expect_err("another event"), "consent-record-used");
    let person = ConsentRecord { token: token("lokk", 2), ..yes.clone() };
    assert_eq!(record(&lokk, "lokk", &[person]).expect_err("another person"), "consent-record-used");
    // Another partner's names are its own.
    record(&police, "koebenhavns-politi", &[with("koebenhavns-politi", "given", &[])]).expect("recorded");
    // What is named must be this person's.
    let of_another =
        ConsentRecord { token: token("lokk", 2), ..with("lokk", "renewed", &[("names", json!("given-0"))]) };
    assert_eq!(
        record(&lokk, "lokk", &[of_another]).expect_err("not of this person"),
        "consent-names-unknown"
    );
    record(&lokk, "lokk", &[with("lokk", "renewed", &[("names", json!("given-0"))])]).expect("recorded");
}

fn programme_notice(id: &str) -> Value {
    let notice = kit::programme().notices.iter().find(|notice| notice.id.as_str() == id).expect("a notice");
    json!({ "id": notice.id, "version": notice.version.to_string(), "sha256": notice.sha256, "language": notice.language })
}

#[test]
fn a_case_worker_records_shows_and_prints_without_a_number_on_the_command_line() {
    let running = Running::new();
    running.partner("lokk");
    let dir = running.dir.path();
    let file = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    std::fs::write(file("programme.toml"), PROGRAMME).expect("written");
    kit::write_private(file("cpr"), format!("{}\n", cpr(3)));
    let now = Timestamp::from_millis(1_748_764_800_000);
    running.clock.set(SystemClock.now().plus_millis(60_000));
    kit::write_private(file("token"), running.bearer("desk", Role::Partner, "lokk"));
    signing_key("lokk").save(Path::new(&file("sign.key")), "lokk", now, Example::Refuse).expect("saved");
    linkage_key().save(Path::new(&file("link.key")), now, Example::Refuse).expect("saved");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kobling"))
            .env("KOBLING_LANG", "en")
            .args(words)
            .args(["--partner", "lokk", "--programme", &file("programme.toml")])
            .args([
                "--key",
                &file("link.key"),
                "--signing-key",
                &file("sign.key"),
                "--cpr-file",
                &file("cpr"),
            ])
            .args(["--service", &running.address, "--token-file", &file("token")])
            .output()
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(!format!("{out}{err}").contains(&cpr(3)), "no number is said");
        (output.status.code(), out, err)
    };
    let told = ["--notice", "samtykke", "--recorded-by", "desk 3"];
    let scope = ["--purpose", "evaluation", "--recipient", "vive"];
    let sound = |words: &[&str]| {
        let (status, out, err) = run(words);
        assert_eq!(status, Some(0), "{words:?}: {err}");
        out
    };
    let give = ["consent", "give", "--record", "y-1", "--time", "2022-02-01"];
    sound(&[&give[..], &["--rows-from", "2021-06-01"], &scope, &told].concat());
    let show = ["consent", "show", "--purpose-note", "desk 3"];
    let shown = sound(&show);
    assert!(
        shown
            .contains("2022-02-01  y-1  yes: evaluation / vive / all; valid 2022-02-01..; rows 2021-06-01.."),
        "{shown}"
    );
    assert!(shown.contains("forloeb / evaluation / vive: yes, rows 2021-06-01.."), "{shown}");
    let renew = ["consent", "renew", "--record", "y-2", "--names", "y-1", "--valid-to", "2029-12-31"];
    sound(&[&renew[..], &scope, &told].concat());
    // A name alone would take everything back unseen.
    let invalidate = ["consent", "invalidate", "--record", "i-1", "--names", "y-2"];
    let (status, _, said) = run(&[&invalidate[..], &told].concat());
    assert!(
        status == Some(2) && said.contains("takes back everything") && said.contains("--everything"),
        "{said}"
    );
    let said = sound(&[&invalidate[..], &["--everything"], &told].concat());
    assert!(said.contains("erasure  ") && said.contains("the snapshots by 20"), "{said}");
    assert!(sound(&show).contains("forloeb / evaluation / vive: no"));
    let danish = sound(&[&["--lang", "da"][..], &show].concat());
    assert!(
        danish.contains("y-1  ja: evaluation") && danish.contains("forloeb / evaluation / vive: nej"),
        "{danish}"
    );
    sound(&[&["consent", "refuse", "--record", "n-1"][..], &scope, &told].concat());
    sound(&[&["consent", "withdraw", "--record", "w-1"][..], &told].concat());
    // Everything was recorded today: on that day of then nothing was known yet, and by what is known now a yes stood.
    let moment = "2022-06-01T12:00:00Z";
    let line = |known: &str| {
        let said = sound(&["consent", "as-of", moment, "--known", known]);
        said.lines().find(|line| line.contains("forloeb / evaluation / vive")).expect("its line").to_owned()
    };
    assert!(line("then").ends_with(": no"), "{}", line("then"));
    assert!(line("now").ends_with(": yes, rows 2021-06-01.."), "{}", line("now"));
    let printed = sound(&["--lang", "da", "access", "--purpose-note", "desk 3"]);
    for line in [
        "INDSIGT I PERSONOPLYSNINGER",
        "  Kontakt og forløb: ingen",
        "y-1  ja: evaluation / vive / alle",
        "w-1  trukket tilbage: alle / alle / alle",
        "Hvad datasættene bruges til",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    let english = sound(&["access", "--purpose-note", "desk 3"]);
    // As it was asked for before there was --lang.
    let before = sound(&["--lang", "da", "access", "--purpose-note", "desk 3", "--language", "en"]);
    let day = |text: &str| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(day(&before), day(&english));
    assert!(
        english.contains("ACCESS TO PERSONAL DATA") && english.contains("  Contact and course of help: none")
    );
    let json = sound(&["access", "--purpose-note", "desk 3", "--json"]);
    assert_eq!(held(json.as_bytes()).consents.events.len(), 5);
    // A list as a package: made, looked at, sent.
    let list =
        format!("cpr,record,event,time\n{},p-1,given,2022-03-01\n{},p-2,given,2022-03-01\n", cpr(3), cpr(4));
    std::fs::write(file("list.csv"), list).expect("written");
    let kobling = |words: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_kobling")).env("KOBLING_LANG", "en").args(words).output();
        let output = output.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains(&cpr(3)) && !said.contains(&cpr(4)), "no number is said");
        (output.status.code(), said)
    };
    let (programme, link, sign) = (file("programme.toml"), file("link.key"), file("sign.key"));
    let (list, out, token) = (file("list.csv"), file("consents"), file("token"));
    let pack = ["consent", "package", &list, "-o", &out, "--partner", "lokk", "--programme", &programme];
    let keys = ["--key", &link, "--signing-key", &sign];
    let (status, said) = kobling(&[&pack[..], &keys, &scope, &told].concat());
    assert!(status == Some(0) && said.contains("2 sent, 0 repeated"), "{said}");
    let (status, said) = kobling(&["inspect", &out]);
    assert!(
        status == Some(0) && said.contains("dataset    consents") && said.contains("signed     yes"),
        "{said}"
    );
    let (status, said) = kobling(&["upload", &out, "--service", &running.address, "--token-file", &token]);
    assert!(status == Some(0) && said.contains("receipt"), "{said}");
    assert!(sound(&show).contains("2022-03-01  p-1  yes"));
    // Refused here, before anything is sent.
    let (status, _, said) = run(&[&["consent", "give"][..], &told].concat());
    assert!(status == Some(2) && said.contains("no purpose is named"), "{said}");
    let (status, _, said) =
        run(&[&["consent", "give", "--legal-basis", "consent"][..], &scope, &told].concat());
    assert!(status == Some(2) && said.contains("too weak") && said.contains("explicit-consent"), "{said}");
    let (status, _, said) = run(&["access", "--purpose-note", &cpr(4)]);
    assert!(status == Some(5) && said.contains("the note of who asks") && !said.contains(&cpr(4)), "{said}");
}
