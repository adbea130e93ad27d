//! Too little of everything else: file descriptors, memory; and clients that are slow, or gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kobling::client::upload;

use crate::kit::{consent, linkage_key, package, raw, signing_key};
use crate::machine::{Machine, Serving};
use crate::turn;

fn host(serving: &Serving) -> &str {
    serving.address.trim_start_matches("http://")
}

fn lives(serving: &Serving) -> Duration {
    let begun = Instant::now();
    assert_eq!(raw(&serving.address, "GET", "/v1/health", None, &[], &[]).status, 200);
    begun.elapsed()
}

fn records(machine: &Machine, serving: &Serving, person: u64) {
    let batch = [consent("lokk", person, "given", "2022-01-01T08:00:00Z")];
    let lokk = machine.client(serving, "lokk-it");
    lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
}

/// Clients that hold more connections than the service may have files open: it waits for some to go, and lives.
#[test]
fn out_of_file_descriptors() {
    let _turn = turn();
    let machine = Machine::new();
    let serve = machine.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut command = Command::new("sh");
    command.arg("-c").arg("ulimit -n 48 && exec \"$@\"").arg("sh");
    command.arg(serve.get_program()).args(serve.get_args());
    let mut serving = Serving::of(command);
    records(&machine, &serving, 1);
    let held: Vec<TcpStream> = (0..200).filter_map(|_| TcpStream::connect(host(&serving)).ok()).collect();
    assert!(held.len() >= 100, "{} connections", held.len());
    std::thread::sleep(Duration::from_millis(500));
    assert!(serving.child.try_wait().expect("asked").is_none(), "it ended for want of descriptors");
    drop(held);
    let begun = Instant::now();
    // As soon as they are gone it answers: also what needs files of its own.
    loop {
        let agent =
            ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build().new_agent();
        if agent.get(&format!("{}/v1/health", serving.address)).call().is_ok() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come back");
    }
    records(&machine, &serving, 2);
    let package = package(&machine.path("packages"), "lokk", 0..30, 3);
    upload(&machine.client(&serving, "lokk-it"), &package, &package.signature().expect("signed"), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    machine.client(&serving, "steward").post("/v1/seals", b"", None).expect("sealed");
    serving.kill();
    machine.is_sound();
}

/// Address space from far too little to enough: it starts or says why, and what it acknowledged is there afterwards.
#[test]
fn out_of_memory() {
    let _turn = turn();
    let machine = Machine::new();
    let package = package(&machine.path("packages"), "lokk", 0..400, 70);
    let (mut ended, mut whole) = (0, 0);
    for megabytes in [40u64, 80, 120, 160, 240, 320, 640, 2048] {
        let serve = machine.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {} && exec \"$@\"", megabytes << 10)).arg("sh");
        command.arg(serve.get_program()).args(serve.get_args()).env("MALLOC_ARENA_MAX", "2");
        let Some(serving) = Serving::try_of(command.stderr(Stdio::null())) else {
            ended += 1;
            machine.is_sound();
            continue;
        };
        let lokk = machine.client(&serving, "lokk-it");
        let person = megabytes;
        let batch = [consent("lokk", person, "given", "2022-01-01T08:00:00Z")];
        let recorded = lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk"));
        let sent = upload(&lokk, &package, &package.signature().expect("signed"), |_| ());
        let sealed = machine.client(&serving, "steward").post("/v1/seals", b"", None);
        if recorded.is_ok() && sent.is_ok() && sealed.is_ok() {
            whole += 1
        } else {
            ended += 1
        }
        serving.kill();
        machine.is_sound();
        let serving = machine.serve();
        let lokk = machine.client(&serving, "lokk-it");
        let again = lokk.record_consents(linkage_key().id(), &batch, &signing_key("lokk")).expect("recorded");
        assert!(recorded.is_ok_and(|receipt| receipt == again) || megabytes < 2048, "{megabytes} MiB");
        if let Ok(sent) = sent {
            let path = format!("/v1/uploads/{}/receipt", sent.id);
            assert_eq!(lokk.fetch(&path).expect("a receipt"), sent.receipt, "{megabytes} MiB");
        }
        serving.kill();
    }
    println!("{ended} ended for want of memory, {whole} did everything");
    assert!(ended > 0 && whole > 0);
}

/// Clients that send a byte a second, and clients that are gone in the middle of a request, take nothing from the others.
#[test]
fn slow_and_vanishing_clients() {
    let _turn = turn();
    let machine = Machine::new();
    let serving = machine.serve();
    let package = package(&machine.path("packages"), "lokk", 0..200, 70);
    let bearer = machine.bearer("lokk-it");
    let head = format!(
        "POST /v1/consents HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {bearer}\r\nContent-Length: 1000000\r\n\r\n",
        host(&serving)
    );
    // Slow ones: some in the head, some in the body, and they stay.
    let slow: Vec<TcpStream> = (0..40)
        .map(|n| {
            let mut stream = TcpStream::connect(host(&serving)).expect("connected");
            let sent = if n % 2 == 0 { &head.as_bytes()[..20] } else { head.as_bytes() };
            stream.write_all(sent).expect("sent");
            stream
        })
        .collect();
    // Gone ones: at any byte of a head, in a body, before the answer; with a reset or an end.
    for n in 0..400usize {
        let Ok(mut stream) = TcpStream::connect(host(&serving)) else { continue };
        let whole = [head.as_bytes(), &vec![b'{'; n * 50]].concat();
        stream.write_all(&whole[..(n * 7) % whole.len()]).ok();
        if n % 3 == 0 {
            stream.shutdown(std::net::Shutdown::Write).ok();
            stream.set_read_timeout(Some(Duration::from_millis(1))).ok();
            stream.read_exact(&mut [0; 16]).ok();
        }
    }
    let mut slowest = Duration::ZERO;
    for person in 0..20 {
        for stream in &slow {
            (&*stream).write_all(b"X").ok();
        }
        slowest = slowest.max(lives(&serving));
        records(&machine, &serving, person);
    }
    upload(&machine.client(&serving, "lokk-it"), &package, &package.signature().expect("signed"), |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
    println!("40 slow and 400 vanished clients: health within {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    drop(slow);
    serving.kill();
    machine.is_sound();
}
