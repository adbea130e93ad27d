use super::*;
use crate::auth::Role;
use crate::secret::SeededRandom;

fn admission(settings: AdmissionSettings) -> Arc<Admission> {
    Admission::new(settings, Box::new(SeededRandom::from_number(1)))
}

fn here(admission: &Arc<Admission>, address: &str) -> Here {
    let address = address.parse().expect("an address");
    Here { admission: Arc::clone(admission), peer: None, address, who: None, wait: None }
}

fn principal(id: &str) -> Principal {
    Principal {
        id: id.parse().expect("a name"),
        name: id.to_owned(),
        role: Role::Partner,
        organisation: "lokk".parse().expect("a name"),
        person: None,
    }
}

/// Attack: somebody behind the partners' own address sends wrong tokens until nothing is left.
#[test]
fn wrong_tokens_hold_up_nobody_who_has_a_right_one() {
    let admission = admission(AdmissionSettings::default());
    let mut attacker = here(&admission, "192.0.2.7");
    let refused = (0..1000).filter(|_| attacker.failed().is_err()).count();
    assert!(refused >= 1000 - 210, "{refused}");
    let mut partner = here(&admission, "192.0.2.7");
    assert!((0..100).all(|_| partner.admit(&principal("lokk-it"), Kind::Other).is_ok()));
    assert!(here(&admission, "192.0.2.8").failed().is_ok(), "another address has its own");
    assert!(here(&admission, "2001:db8::1").failed().is_ok());
}

/// Attack: one principal asks without end.
#[test]
fn what_one_principal_uses_up_another_has() {
    let admission = admission(AdmissionSettings::default());
    let mut one = here(&admission, "192.0.2.7");
    let let_in = (0..10_000).filter(|_| one.admit(&principal("flood"), Kind::Question).is_ok()).count();
    assert!((200..210).contains(&let_in), "{let_in}");
    assert!(one.wait.is_some_and(|wait| wait <= Duration::from_millis(200)));
    assert!(one.admit(&principal("flood"), Kind::Consent).is_ok(), "other calls of the same");
    assert!(one.admit(&principal("other"), Kind::Question).is_ok(), "the same calls of another");
}

#[test]
fn so_many_of_one_are_under_way_and_those_that_ended_are_not() {
    let admission = admission(AdmissionSettings { under_way_of_one: 2, ..AdmissionSettings::default() });
    let mut one = here(&admission, "192.0.2.7");
    let held: Vec<_> = (0..3).map(|_| one.admit(&principal("a"), Kind::Other)).collect();
    assert_eq!(held.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    assert!(one.admit(&principal("b"), Kind::Other).is_ok());
    drop(held);
    assert!(one.admit(&principal("a"), Kind::Other).is_ok());
    assert!(whole(&admission.under_way).is_empty(), "nothing is kept of who has gone");
}

#[test]
fn those_who_were_sent_away_together_are_asked_back_apart() {
    let admission = admission(AdmissionSettings::default());
    let asked =
        |seconds| (0..200).map(|_| admission.spread(Duration::from_secs(seconds))).collect::<Vec<_>>();
    assert!(asked(0).iter().all(|seconds| (1..=2).contains(seconds)));
    let ten = asked(10);
    assert!(ten.iter().all(|seconds| (10..=15).contains(seconds)));
    assert!(ten.iter().collect::<std::collections::BTreeSet<_>>().len() > 4);
    assert!(asked(86_400).iter().all(|seconds| *seconds <= 90), "nobody is sent away for a day");
}

/// Attack: a header that anybody can send says another address.
#[test]
fn only_a_proxy_of_ours_speaks_for_others() {
    let proxies = vec!["192.0.2.1".parse().expect("an address")];
    let admission = admission(AdmissionSettings { proxies, ..AdmissionSettings::default() });
    let of = |peer: &str, forwarded: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("a header"));
        }
        admission.address(Some(peer.parse().expect("an address")), &headers).to_string()
    };
    assert_eq!(of("198.51.100.9:1", &["203.0.113.5"]), "198.51.100.9");
    assert_eq!(of("192.0.2.1:1", &["203.0.113.5"]), "203.0.113.5");
    assert_eq!(of("[::ffff:192.0.2.1]:1", &["203.0.113.5"]), "203.0.113.5");
    // What the proxy wrote itself stands last; what came with the request stands before it.
    assert_eq!(of("192.0.2.1:1", &["10.0.0.1, 203.0.113.5"]), "203.0.113.5");
    assert_eq!(of("192.0.2.1:1", &["10.0.0.1", "203.0.113.5"]), "203.0.113.5");
    assert_eq!(of("192.0.2.1:1", &["nonsense"]), "192.0.2.1");
    assert_eq!(of("192.0.2.1:1", &[]), "192.0.2.1");
}
