//! The service, started as an operator would, and everybody's way to it over HTTP.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::PlayError;
use super::houses::House;
use crate::audit::SignedStatement;
use crate::auth::{Principal, Role};
use crate::client::{Client, ClientError, upload};
use crate::clock::{Clock, Period, SystemClock};
use crate::consent::{GivenBy, LegalBasis};
use crate::extract::Source;
use crate::extract::consents::{Form, notice, read_consents};
use crate::key::{Example, KeyId, LinkageKey, ServiceKey, VerifyingKey};
use crate::limits;
use crate::name::{OrganisationId, PurposeId, QuestionId};
use crate::programme::Programme;
use crate::question::Ask;
use crate::secret::SystemRandom;
use crate::service::Service;
use crate::token::Tokeniser;

const STEWARD: &str = "styregruppe";
const AUDITOR: &str = "revision";

/// A reply: who heard it, path, status and headers, body.
struct Reply {
    who: String,
    path: String,
    head: String,
    body: Vec<u8>,
}

/// A running service, and what it answered.
pub(super) struct Town {
    folder: PathBuf,
    address: SocketAddr,
    service: Arc<Service>,
    replies: Arc<Mutex<Vec<Reply>>>,
    evaluator: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<std::io::Result<()>>>,
}

/// What a partner asks persons for: where some of its rows are about offences, a consent that says so.
fn asked_for(programme: &Programme, house: &House) -> LegalBasis {
    let source = programme.source(&house.partner);
    let own = programme.datasets.iter().filter(|d| source.is_some_and(|source| d.partners.contains(&source)));
    let offences = own.flat_map(|dataset| &dataset.bases).any(|basis| basis.offences);
    if offences { LegalBasis::OffencesConsent } else { LegalBasis::ExplicitConsent }
}

impl Town {
    /// Makes a data folder, and serves.
    pub(super) fn start(
        programme: &Programme,
        text: &str,
        key_id: KeyId,
        key_file: &Path,
        folder: &Path,
        listen: SocketAddr,
    ) -> Result<Town, PlayError> {
        Town::start_at(programme, text, key_id, (key_file, Arc::new(SystemClock)), folder, listen)
    }

    /// The same, by a clock of its own.
    pub(super) fn start_at(
        programme: &Programme,
        text: &str,
        key_id: KeyId,
        (key_file, clock): (&Path, Arc<dyn Clock>),
        folder: &Path,
        listen: SocketAddr,
    ) -> Result<Town, PlayError> {
        let io = PlayError::io;
        let tokens = folder.join("tokens");
        std::fs::create_dir_all(&tokens).map_err(io(&tokens))?;
        let data = folder.join("data");
        let key = ServiceKey::load(key_file, Example::Refuse)?;
        Service::initialise(&data, programme, text, key_id, &key, clock.now())?;
        let service = Service::open(&data, key, clock, Box::new(SystemRandom::new()))?;
        let service = Arc::new(service);
        let listener = TcpListener::bind(listen).map_err(io(folder))?;
        let address = listener.local_addr().map_err(io(folder))?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = Arc::clone(&service);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(io(folder))?;
        let server = std::thread::spawn(move || {
            runtime.block_on(crate::web::serve(
                served,
                Box::new(SystemRandom::new()),
                listener,
                None,
                async {
                    let _ = stopped.await;
                },
            ))
        });
        let replies = Arc::default();
        let (folder, stop, server) = (folder.to_owned(), Some(stop), Some(server));
        let evaluator = programme.evaluators.first().map(|evaluator| evaluator.id.to_string());
        let evaluator = evaluator.unwrap_or_default();
        let town = Town { folder, address, service, replies, evaluator, stop, server };
        town.add_principal(STEWARD, Role::Steward, &programme.steward)?;
        town.add_principal(AUDITOR, Role::Auditor, &programme.custodian)?;
        for evaluator in &programme.evaluators {
            town.add_principal(evaluator.id.as_str(), Role::Evaluator, &evaluator.id)?;
        }
        // A payer that is a partner too has two principals.
        for payer in programme.payers.iter().filter(|payer| !is_partner(programme, &payer.id)) {
            town.add_principal(payer.id.as_str(), Role::Payer, &payer.id)?;
        }
        Ok(town)
    }

    /// The evaluator who asks.
    pub(super) fn evaluator(&self) -> &str {
        &self.evaluator
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service itself, past its routes.
    #[cfg(any(debug_assertions, feature = "weakened"))]
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// The service's data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// File with somebody's bearer token.
    pub(super) fn token_file(&self, who: &str) -> PathBuf {
        self.folder.join("tokens").join(format!("{who}.token"))
    }

    fn add_principal(&self, id: &str, role: Role, organisation: &OrganisationId) -> Result<(), PlayError> {
        let principal = Principal {
            id: id.parse().expect("a plain name"),
            name: id.to_owned(),
            role,
            organisation: organisation.clone(),
            person: None,
        };
        let token = self.service.add_principal(&principal)?;
        let path = self.token_file(id);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&path)
            .and_then(|mut file| writeln!(file, "{}", token.text("its holder reads it here").as_str()));
        written.map_err(PlayError::io(&path))
    }

    /// The files with bearer tokens, by name.
    pub(super) fn tokens(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.join("tokens"));
        let mut files: Vec<PathBuf> =
            entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    /// Lets a partner in: a principal, and its signing key enrolled.
    pub(super) fn admit(&self, house: &House, programme: &Programme) -> Result<(), PlayError> {
        debug_assert!(programme.partner(&house.partner).is_some());
        self.add_principal(house.partner.as_str(), Role::Partner, &house.partner.clone().into())?;
        let key = house.signing.verifying_key();
        Ok(self.service.enrol_key(&self.service.operator(), &house.partner, &key)?)
    }

    /// Somebody's connection; every reply is kept.
    pub(super) fn connect(&self, who: &str) -> Result<Client, ClientError> {
        let replies = Arc::clone(&self.replies);
        let name = who.to_owned();
        let client = Client::new(&format!("http://{}", self.address), &self.token_file(who), None)?;
        Ok(client.with_tap(Box::new(move |path, head, body| {
            let reply = Reply {
                who: name.clone(),
                path: path.to_owned(),
                head: head.to_owned(),
                body: body.to_vec(),
            };
            replies.lock().unwrap_or_else(PoisonError::into_inner).push(reply);
        })))
    }

    pub(super) fn send_packages(&self, house: &House) -> Result<(), PlayError> {
        let client = self.connect(house.partner.as_str())?;
        for package in house.packages()? {
            let signature = package.signature().map_err(|error| PlayError::Extract(error.into()))?;
            let first = upload(&client, &package, &signature, |_| {})?;
            let again = upload(&client, &package, &signature, |_| {})?;
            if first.receipt != again.receipt {
                return Err(PlayError::Check(format!(
                    "{}: the same package twice got two receipts",
                    house.partner
                )));
            }
        }
        Ok(())
    }

    /// One of a partner's packages.
    pub(super) fn send_package(&self, house: &House, dataset: &str) -> Result<(), PlayError> {
        let client = self.connect(house.partner.as_str())?;
        for package in house.packages()?.iter().filter(|p| p.manifest.kobling.dataset.as_str() == dataset) {
            let signature = package.signature().map_err(|error| PlayError::Extract(error.into()))?;
            upload(&client, package, &signature, |_| {})?;
        }
        Ok(())
    }

    pub(super) fn send_consents(
        &self,
        house: &House,
        programme: &Programme,
        key: &LinkageKey,
        purposes: &[PurposeId],
        list: &Path,
    ) -> Result<(), PlayError> {
        let asked = purposes.iter().filter_map(|purpose| programme.purpose(purpose));
        let mut recipients: Vec<OrganisationId> =
            asked.flat_map(|purpose| &purpose.recipients).cloned().collect();
        recipients.sort_unstable();
        recipients.dedup();
        self.send_consents_about(house, programme, key, (purposes, ("samtykke", &recipients)), list)
    }

    /// The same under a notice, for recipients that it names.
    pub(super) fn send_consents_about(
        &self,
        house: &House,
        programme: &Programme,
        key: &LinkageKey,
        (purposes, (shown, recipients)): (&[PurposeId], (&str, &[OrganisationId])),
        list: &Path,
    ) -> Result<(), PlayError> {
        let client = self.connect(house.partner.as_str())?;
        let form = Form {
            purposes: purposes.to_vec(),
            recipients: recipients.to_vec(),
            datasets: Vec::new(),
            notice: notice(programme, &shown.parse().expect("a plain name"), "da")?,
            given_by: GivenBy::Person,
            recorded_by: "demo".to_owned(),
            legal_basis: asked_for(programme, house),
        };
        let tokeniser = Tokeniser::new(key, &house.partner, &house.partner);
        let source = Source::File(list.to_owned());
        read_consents(&source, &form, &tokeniser, SystemClock.now(), limits::MAX_CONSENT_BATCH, |records| {
            client.record_consents(key.id(), &records, &house.signing)?;
            Ok(())
        })?;
        Ok(())
    }

    pub(super) fn seal(&self) -> Result<(), PlayError> {
        self.connect(STEWARD)?.post("/v1/seals", b"{}", None)?;
        Ok(())
    }

    /// The evaluator asks.
    pub(super) fn ask(&self, ask: &Ask) -> Result<Vec<u8>, PlayError> {
        self.ask_as(&self.evaluator, ask)
    }

    /// Somebody asks.
    pub(super) fn ask_as(&self, who: &str, ask: &Ask) -> Result<Vec<u8>, PlayError> {
        let body = serde_json::json!({ "by": ask.by, "period": ask.period, "population": ask.population });
        Ok(self.connect(who)?.ask(&ask.question, &body)?)
    }

    /// A payer asks for a statement; the one that was made, or a new one.
    pub(super) fn state_payment(
        &self,
        who: &str,
        question: &QuestionId,
        period: Period,
    ) -> Result<SignedStatement, ClientError> {
        let body = serde_json::json!({ "period": period }).to_string();
        let path = format!("/v1/payments/{question}");
        crate::client::parse(&self.connect(who)?.post(&path, body.as_bytes(), None)?)
    }

    /// The key that the service signs receipts and statements with, as the steward hands it on.
    pub(super) fn verifying_key(&self) -> VerifyingKey {
        self.service.verifying_key()
    }

    pub(super) fn quality(&self) -> Result<Vec<u8>, PlayError> {
        Ok(self.connect(&self.evaluator)?.fetch("/v1/quality")?)
    }

    /// The auditor reads the whole chain, which the service verifies first.
    pub(super) fn audit(&self) -> Result<Vec<u8>, PlayError> {
        Ok(self.connect(AUDITOR)?.fetch("/v1/audit")?)
    }

    /// Lets somebody see every reply so far.
    pub(super) fn replies(&self, mut see: impl FnMut(&str, &[u8])) {
        for reply in self.replies.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let place = format!("reply to {} from {}", reply.who, reply.path);
            see(&place, reply.head.as_bytes());
            see(&place, &reply.body);
        }
    }

    /// The last reply to somebody from a path that ends so.
    pub(super) fn reply(&self, who: &str, path: &str) -> Option<Vec<u8>> {
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = replies.iter().filter(|reply| reply.who == who && reply.path.ends_with(path));
        found.next_back().map(|reply| reply.body.clone())
    }

    /// Everything that a partner was ever told, in order, with what it can look up now.
    pub(super) fn exchange_of(&self, house: &House) -> Result<Vec<u8>, PlayError> {
        let client = self.connect(house.partner.as_str())?;
        for path in ["/v1/programme", "/v1/packages", "/v1/audit/strand"] {
            client.fetch(path)?;
        }
        for path in ["/v1/questions", "/v1/quality", "/v1/audit", "/v1/snapshots"] {
            // What a partner may not see is refused, and the refusal must be the same too.
            let _ = client.fetch(path);
        }
        let mut all = Vec::new();
        let replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        for reply in replies.iter().filter(|reply| reply.who == house.partner.as_str()) {
            all.extend_from_slice(reply.path.as_bytes());
            all.push(b'\n');
            all.extend_from_slice(reply.head.as_bytes());
            all.extend_from_slice(&reply.body);
            all.push(b'\n');
        }
        Ok(all)
    }
}

fn is_partner(programme: &Programme, organisation: &OrganisationId) -> bool {
    programme.partners.iter().any(|partner| partner.id.as_str() == organisation.as_str())
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}
