//! `koblingd serve`.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use kobling::auth::CertificateDemand;
use kobling::http::{Admission, AdmissionSettings};
use kobling::secret::SystemRandom;
use kobling::service::Erase;
use kobling::{http, web};

use crate::exit::{Failure, with_causes};
use crate::folder::Folder;
use crate::notify;

/// Where it is listened unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443);

/// Serve over HTTP until interrupted.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    folder: Folder,
    /// Address and port; port 0 lets the system choose one. 127.0.0.1:8443 where nothing says otherwise.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Certificate chain, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Most memory for the rows that questions read, in bytes; datasets come in when they are read, and those used longest
    /// ago go. 8 GiB where nothing says otherwise.
    #[arg(long, value_name = "BYTES")]
    snapshot_memory: Option<u64>,
    /// Serve without TLS on other addresses than loopback, because a proxy in front ends it.
    #[arg(long, conflicts_with = "tls_cert")]
    behind_proxy_that_ends_tls: bool,
    /// Address and port for figures and health, without TLS and without a token: 127.0.0.1:9464, for instance.
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let settings = self.folder.settings()?;
        let places = self.folder.places_in(&settings)?;
        let said = &settings.service;
        let listen = self.listen.or(said.listen).unwrap_or(LISTEN);
        let behind_proxy = self.behind_proxy_that_ends_tls || said.behind_proxy_that_ends_tls;
        let files = (self.tls_cert.or(said.tls_cert.clone()), self.tls_key.or(said.tls_key.clone()));
        let tls = match files {
            (Some(_), _) if behind_proxy => {
                return Err(Failure::Configuration(
                    "a certificate, and a proxy that ends TLS: say one of them".to_owned(),
                ));
            }
            (Some(certificates), Some(key)) => {
                let client_authority = settings.tls.client_authority.clone();
                let files = http::TlsFiles { certificates, key, client_authority };
                Some(http::Tls::load(files).map_err(|error| Failure::Files(with_causes(&error)))?)
            }
            (None, None) => None,
            _ => {
                return Err(Failure::Configuration(
                    "a certificate needs its key: give tls_cert and tls_key".to_owned(),
                ));
            }
        };
        let clear = tls.is_none();
        let demand = settings.tls.require_client_certificate;
        if (clear || settings.tls.client_authority.is_none()) && demand != CertificateDemand::BoundOnly {
            return Err(Failure::Configuration(
                "require_client_certificate under [tls] lets nobody in: it needs client_authority, and TLS that ends here \
                 (tls_cert and tls_key)"
                    .to_owned(),
            ));
        }
        if clear && settings.tls.client_authority.is_some() {
            return Err(Failure::Configuration(
                "client_authority under [tls] needs TLS that ends here: give tls_cert and tls_key".to_owned(),
            ));
        }
        if clear && !listen.ip().is_loopback() && !behind_proxy {
            return Err(Failure::Configuration(format!(
                "{listen} can be reached from other machines: give --tls-cert and --tls-key, or say --behind-proxy-that-ends-tls if a proxy does it"
            )));
        }
        let memory =
            self.snapshot_memory.or(said.snapshot_memory).unwrap_or(kobling::limits::QUESTION_MEMORY_BYTES);
        settings.log.begin();
        let service = Arc::new(places.open()?.with_memory(memory).with_certificates_of(demand));
        let provider = settings.oidc.as_ref().map(|oidc| oidc.provider(service.programme())).transpose()?;
        let provider = provider.map(Arc::new);
        let (listener, address) = bind(listen)?;
        let seeing = self.metrics_listen.or(settings.metrics.listen).map(bind).transpose()?;
        let connections = crate::files::most_connections(settings.admission.connections);
        let rules = AdmissionSettings { connections, ..settings.admission.clone() };
        let admission = Admission::new(rules, Box::new(SystemRandom::new()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Configuration(format!("threads cannot be started: {error}")))?;
        let told_to_stop = {
            let _within = runtime.enter();
            interrupted()
        };
        // Commands at the machine are carried out here while this process has the folder.
        #[cfg(unix)]
        let commands = {
            let _within = runtime.enter();
            crate::control::listen(&places.data, &service)?
        };
        if let Some(tls) = tls.clone() {
            let _within = runtime.enter();
            runtime.spawn(renew(tls, hung_up()));
        }
        let scheme = if clear { "http" } else { "https" };
        if let Some((_, address)) = &seeing {
            println!("figures and health on http://{address}");
        }
        println!("listening on {scheme}://{address}");
        // Whoever started this may wait for the line, and may have stopped listening to what follows.
        std::io::stdout().flush().ok();
        notify::ready();
        let told_to_stop = async move {
            told_to_stop.await;
            notify::stopping();
        };
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (looked_after, told) = (Arc::clone(&service), Arc::clone(&admission));
        // It is not waited for: whatever the end interrupts is taken up again at the next start, as after a kill.
        std::thread::spawn(move || look_after(&looked_after, &told, &stopped));
        if let Some((listener, address)) = seeing {
            let (service, admission) = (Arc::clone(&service), Arc::clone(&admission));
            let least_free = settings.metrics.least_free_bytes;
            // Until the end of the process: who watches sees requests under way end.
            let seen =
                http::serve_seeing(service, admission, least_free, listener, std::future::pending::<()>());
            runtime.spawn(async move {
                if let Err(error) = seen.await {
                    tracing::error!(%address, %error, "figures and health cannot be served");
                }
            });
        }
        let random = Box::new(SystemRandom::new());
        let served = runtime
            .block_on(web::serve_by((service, admission), random, provider, listener, tls, told_to_stop))
            .map_err(|error| Failure::Files(format!("{address}: {error}")));
        drop(stop);
        #[cfg(unix)]
        drop(commands);
        served
    }
}

/// Listens on an address, and says on which it came to be.
fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let busy =
        |error: std::io::Error| Failure::Configuration(format!("{listen}: cannot be listened on: {error}"));
    let listener = TcpListener::bind(listen).map_err(busy)?;
    let address = listener.local_addr().map_err(busy)?;
    Ok((listener, address))
}

/// How often it is looked whether a day has begun, or something was left to be done.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(600);

/// Does the upkeep at start, and then once a day, until `stopped`.
fn look_after(
    service: &kobling::service::Service,
    told: &Admission,
    stopped: &std::sync::mpsc::Receiver<()>,
) {
    let mut done = None;
    loop {
        let today = service.now().day();
        if done != Some(today) {
            match service.look_after(&service.operator(), Erase::Ripe) {
                Ok(did) => {
                    tracing::info!(waiting = did.waiting, "daily upkeep");
                    if !did.waiting {
                        told.upkept(service.now());
                    }
                    done = (!did.waiting).then_some(today);
                }
                Err(error) => tracing::warn!(code = error.code(), "the daily upkeep could not be done"),
            }
        }
        if !matches!(stopped.recv_timeout(LOOK_EVERY), Err(std::sync::mpsc::RecvTimeoutError::Timeout)) {
            return;
        }
    }
}

/// How often it is looked whether certificate or key are others than before.
const RENEW_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// Takes a new certificate into use when the files change, or at once when the process is told so by SIGHUP. One that cannot
/// be used leaves the old one in force, and is logged.
async fn renew(tls: http::Tls, mut told: impl FnMut() -> Told) {
    loop {
        let anyway = tokio::select! {
            () = tokio::time::sleep(RENEW_EVERY) => false,
            () = told() => true,
        };
        let tls = tls.clone();
        match tokio::task::spawn_blocking(move || tls.reload(anyway)).await {
            Ok(Ok(http::Reloaded::Same)) | Err(_) => {}
            Ok(Ok(http::Reloaded::New)) => tracing::info!("a new certificate is in force"),
            Ok(Err(error)) => {
                tracing::error!(
                    error = with_causes(&error),
                    "the new certificate cannot be used; the old one stays in force"
                );
            }
        }
    }
}

/// Waits for being told to look at the files now.
type Told = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Done at each SIGHUP from now on. Called within a runtime.
#[cfg(unix)]
fn hung_up() -> impl FnMut() -> Told {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = signal(SignalKind::hangup()).ok().map(|signal| Arc::new(tokio::sync::Mutex::new(signal)));
    move || {
        let heard = heard.clone();
        Box::pin(async move {
            match heard {
                Some(signal) => drop(signal.lock().await.recv().await),
                None => std::future::pending().await,
            }
        })
    }
}

/// Never done: there is no such signal here.
#[cfg(not(unix))]
fn hung_up() -> impl FnMut() -> Told {
    || Box::pin(std::future::pending())
}

/// Done when the process is told to stop: Ctrl-C, or SIGTERM on Unix. Both are listened for from now on, not only from when
/// it is waited for: whoever reads that the service listens may tell it to stop at once. Called within a runtime.
#[cfg(unix)]
pub(crate) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let told = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        match told {
            [Ok(mut interrupt), Ok(mut terminate)] => {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            }
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}

/// Done when the process is told to stop with Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}
