//! Certificates: the service's own, exchanged while it runs, and those of clients.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kobling::client::{Client, ClientError, Way};

use crate::machine::{Machine, Serving};

/// Made for these tests, and trusted by nobody else: two certificates of the service by one authority; of clients, two by an
/// authority that the service trusts, and one by another with the same name as the first.
fn tls(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sign_in/tls").join(name)
}

/// A private key as it has to lie.
fn private(machine: &Machine, name: &str) -> PathBuf {
    let path = machine.path(name);
    crate::kit::write_private(&path, std::fs::read(tls(name)).expect("readable"));
    path
}

struct House {
    machine: Machine,
    serving: Serving,
    log: PathBuf,
}

impl House {
    /// Serves with a copy of the first certificate, which can be exchanged, and more settings.
    fn serve(more: &str) -> House {
        let machine = Machine::new();
        let house_tls = machine.path("tls");
        std::fs::create_dir(&house_tls).expect("made");
        std::fs::copy(tls("service-1.pem"), house_tls.join("chain.pem")).expect("copied");
        std::fs::copy(tls("service-1.key"), house_tls.join("key.pem")).expect("copied");
        let settings =
            format!("[service]\ntls_cert = \"tls/chain.pem\"\ntls_key = \"tls/key.pem\"\n[tls]\n{more}");
        std::fs::write(machine.path("koblingd.toml"), settings).expect("written");
        let log = machine.path("log");
        let config = machine.path("koblingd.toml");
        let mut command = machine.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--config").arg(config).stderr(std::fs::File::create(&log).expect("made"));
        let serving = Serving::start_logging(command);
        House { machine, serving, log }
    }

    fn client(&self, token: &str, certificate: Option<&str>) -> Client {
        let key = certificate.map(|name| private(&self.machine, &format!("{name}.key")));
        let pem = certificate.map(|name| tls(&format!("{name}.pem")));
        let (token, authority) = (self.machine.path(&format!("{token}.token")), tls("authority.pem"));
        let way = Way {
            authority: Some(&authority),
            certificate: pem.as_deref().zip(key.as_deref()),
            ..Way::new(&self.serving.address, &token)
        };
        Client::by(way).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The certificate that is served to a new connection, by its DER's length and end: they differ in their signatures.
    fn served(&self) -> Vec<u8> {
        let mut roots = rustls::RootCertStore::empty();
        use rustls::pki_types::pem::PemObject as _;
        let authority = rustls::pki_types::CertificateDer::from_pem_file(tls("authority.pem")).expect("PEM");
        roots.add(authority).expect("an authority");
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = self.serving.address.strip_prefix("https://").expect("TLS").to_owned();
        let name = "127.0.0.1".try_into().expect("a name");
        let mut session = rustls::ClientConnection::new(std::sync::Arc::new(config), name).expect("begun");
        let mut tcp = std::net::TcpStream::connect(host).expect("connected");
        while session.is_handshaking() {
            session.complete_io(&mut tcp).expect("a handshake");
        }
        session.peer_certificates().expect("a certificate")[0].to_vec()
    }

    fn put(&self, certificate: &Path, key: &Path) {
        // As those who renew certificates do: a new file in the old one's place.
        for (from, to) in [(certificate, "chain.pem"), (key, "key.pem")] {
            let new = self.machine.path("tls").join("new");
            std::fs::copy(from, &new).expect("copied");
            std::fs::rename(&new, self.machine.path("tls").join(to)).expect("moved");
        }
    }

    fn hang_up(&self) {
        let pid = self.serving.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().expect("run").success());
    }

    fn until_logged(&self, text: &str, times: usize) {
        let begun = Instant::now();
        loop {
            let log = std::fs::read_to_string(&self.log).expect("readable");
            if log.matches(text).count() >= times {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{text:?} is not logged: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn der(name: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::CertificateDer::from_pem_file(tls(name)).expect("PEM").to_vec()
}

fn code<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer.expect_err("refused") {
        ClientError::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let house = House::serve("");
    let client = house.client("lokk-it", None);
    assert!(client.fetch("/v1/packages").is_ok());
    assert_eq!(house.served(), der("service-1.pem"));
    // A certificate without its key, then no certificate: the old one stays, and why is said.
    house.put(&tls("service-2.pem"), &tls("service-1.key"));
    house.hang_up();
    house.until_logged("do not belong together", 1);
    assert_eq!(house.served(), der("service-1.pem"));
    std::fs::write(house.machine.path("tls/chain.pem"), "half a certific").expect("written");
    house.hang_up();
    house.until_logged("no certificate in PEM form", 1);
    assert!(client.fetch("/v1/packages").is_ok(), "a connection of before goes on");
    std::fs::remove_file(house.machine.path("tls/chain.pem")).expect("removed");
    house.hang_up();
    house.until_logged("cannot be read", 1);
    assert_eq!(house.served(), der("service-1.pem"));
    house.put(&tls("service-2.pem"), &tls("service-2.key"));
    house.hang_up();
    house.until_logged("a new certificate is in force", 1);
    assert_eq!(house.served(), der("service-2.pem"));
    assert!(client.fetch("/v1/packages").is_ok());
    let log = std::fs::read_to_string(&house.log).expect("readable");
    assert!(!log.contains("PRIVATE KEY") && !log.contains("half a certific"));
}

#[test]
fn a_new_certificate_is_noticed_without_being_told() {
    let house = House::serve("");
    house.put(&tls("service-2.pem"), &tls("service-2.key"));
    house.until_logged("a new certificate is in force", 1);
    assert_eq!(house.served(), der("service-2.pem"));
}

/// Attack: a token that was copied off a partner's machine is used from another.
#[test]
fn a_bound_token_is_good_with_its_certificate_alone() {
    let authority = format!("client_authority = {:?}\n", tls("clients.pem"));
    let house = House::serve(&authority);
    assert!(house.client("lokk-it", None).fetch("/v1/packages").is_ok(), "not bound yet");
    // The service carries the command out while it serves; the certificate's file is read by whoever gives it.
    let lokk = tls("lokk.pem");
    let certificate = lokk.to_str().expect("UTF-8");
    let said = house.machine.sound(&["principal", "bind", "--id", "lokk-it", "--certificate", certificate]);
    assert!(said.starts_with("lokk-it: bound to "), "{said}");
    let listed = house.machine.sound(&["principal", "list"]);
    assert!(listed.contains("  certificate "), "{listed}");
    assert!(house.client("lokk-it", Some("lokk")).fetch("/v1/packages").is_ok());
    assert_eq!(code(house.client("lokk-it", None).fetch("/v1/packages")), "client-certificate");
    assert_eq!(code(house.client("lokk-it", Some("danner")).fetch("/v1/packages")), "client-certificate");
    // Of the same name by another authority: no connection at all.
    let stranger = house.client("lokk-it", Some("stranger")).fetch("/v1/packages");
    assert!(matches!(stranger, Err(ClientError::Unreachable { .. })), "{stranger:?}");
    // The pages ask no less: a bound token does not sign in without its certificate.
    assert!(house.client("auditor", None).fetch("/v1/audit").is_ok(), "others are not asked");
    // A header is no certificate.
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::new_with_certs(&[ureq::tls::Certificate::from_pem(
                    &std::fs::read(tls("authority.pem")).expect("readable"),
                )
                .expect("PEM")]))
                .build(),
        )
        .build()
        .new_agent();
    let pem = std::fs::read_to_string(tls("lokk.pem")).expect("readable").replace('\n', "");
    let mut call = agent.get(format!("{}/v1/packages", house.serving.address));
    call = call.header("Authorization", format!("Bearer {}", house.machine.bearer("lokk-it")));
    for name in ["X-Client-Cert", "Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert"] {
        call = call.header(name, &pem);
    }
    assert_eq!(call.call().expect("answered").status().as_u16(), 401);
    let mut form = agent
        .post(format!("{}/en/sign-in", house.serving.address))
        .header("Sec-Fetch-Site", "same-origin")
        .send_form([("token", house.machine.bearer("lokk-it").as_str())])
        .expect("answered");
    assert_eq!(form.status().as_u16(), 401);
    let page = form.body_mut().read_to_string().expect("a page");
    assert!(page.contains("client-certificate"), "{page}");
}

#[test]
fn every_partner_can_be_asked_for_a_certificate() {
    let authority =
        format!("client_authority = {:?}\nrequire_client_certificate = \"partners\"\n", tls("clients.pem"));
    let house = House::serve(&authority);
    assert_eq!(code(house.client("lokk-it", None).fetch("/v1/packages")), "client-certificate");
    assert!(house.client("lokk-it", Some("lokk")).fetch("/v1/packages").is_ok());
    assert!(house.client("auditor", None).fetch("/v1/audit").is_ok());
    // A demand that nobody could meet is refused before anything is served.
    let machine = &house.machine;
    for (settings, named) in [
        ("[tls]\nrequire_client_certificate = \"partners\"\n", "client_authority"),
        ("[tls]\nclient_authority = \"tls/chain.pem\"\n", "tls_cert"),
        ("[tls]\nrequire_client_certificate = \"some\"\n", "line 2"),
    ] {
        let file = machine.path("other.toml");
        std::fs::write(&file, settings).expect("written");
        let refused = machine.run(&["serve", "--config", file.to_str().expect("UTF-8")]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{settings}: {said}");
        assert!(said.contains(named), "{settings}: {said}");
    }
}
