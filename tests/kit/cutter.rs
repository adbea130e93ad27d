//! A line between a client and a service that is cut where a test says: after so many bytes in one direction, once for each
//! connection of a plan; later connections are whole.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Where a connection is cut.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// After so many bytes from the client: in a header, in the rows, at the end of a block.
    Up(u64),
    /// After so many bytes from the service: before its answer, or within it.
    Down(u64),
}

/// The line.
pub struct Cutter {
    /// Address of this end.
    pub address: String,
    cuts: Arc<AtomicUsize>,
}

impl Cutter {
    /// A line to a service. `pace` is waited after every 16 KiB from the client, so that somebody can be killed meanwhile.
    pub fn new(service: &str, plan: Vec<Cut>, pace: std::time::Duration) -> Cutter {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let service = service.trim_start_matches("http://").to_owned();
        let plan = Arc::new(Mutex::new(VecDeque::from(plan)));
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cuts);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(service)) = (client, TcpStream::connect(&service)) else { continue };
                let cut = plan.lock().expect("whole").pop_front();
                let (up, down) = match cut {
                    Some(Cut::Up(bytes)) => (Some(bytes), None),
                    Some(Cut::Down(bytes)) => (None, Some(bytes)),
                    None => (None, None),
                };
                let ends = [client.try_clone(), service.try_clone()].map(|end| end.expect("cloned"));
                let back = [client.try_clone(), service.try_clone()].map(|end| end.expect("cloned"));
                let (first, second) = (Arc::clone(&counted), Arc::clone(&counted));
                std::thread::spawn(move || pump(client, service, up, pace, &ends, &first));
                let [client, service] = back;
                let ends = [client.try_clone(), service.try_clone()].map(|end| end.expect("cloned"));
                std::thread::spawn(move || {
                    pump(service, client, down, std::time::Duration::ZERO, &ends, &second);
                });
            }
        });
        Cutter { address, cuts }
    }

    /// Cuts made so far.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

/// Carries bytes one way until an end closes, or so many have passed.
fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    mut left: Option<u64>,
    pace: std::time::Duration,
    ends: &[TcpStream; 2],
    cuts: &AtomicUsize,
) {
    let mut buffer = [0; 16 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        std::thread::sleep(pace);
        let pass = left.map_or(read, |left| read.min(usize::try_from(left).unwrap_or(usize::MAX)));
        if to.write_all(&buffer[..pass]).is_err() {
            break;
        }
        if let Some(left) = &mut left {
            *left -= pass as u64;
            if pass < read {
                cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
    }
    for end in ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}
