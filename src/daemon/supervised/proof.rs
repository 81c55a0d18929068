//! The proof of life that a service manager wants: we ask ourselves on every address, and say so only if answers come.

use super::herald::Herald;
use crate::counters::{Counters, Event};
use crate::daemon::status::Board;
use crate::dns::{Name, Rtype, parse_name};
use crate::query::probe;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The thread that proves; it ends when this is dropped.
#[derive(Debug)]
pub(in crate::daemon) struct Proof {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is proved, and to whom.
#[derive(Debug)]
pub(in crate::daemon) struct ProofOf {
    pub(in crate::daemon) herald: Herald,
    pub(in crate::daemon) board: Arc<Board>,
    pub(in crate::daemon) counters: Arc<Counters>,
    /// Within which a proof is wanted.
    pub(in crate::daemon) period: Duration,
}

/// How often a proof is tried within its period, so that one lost message is no death.
const TRIES: u32 = 4;

impl Proof {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub(in crate::daemon) fn start(of: ProofOf) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            let mut prover = Prover::new(of);
            loop {
                if prover.round() {
                    prover.of.herald.alive();
                }
                match stopped.recv_timeout(prover.of.period / TRIES) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
            }
        })?;
        Ok(Proof { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Prover {
    of: ProofOf,
    name: Option<Name>,
    /// Where an answer is missing, with the socket that has asked: the kernel leads it to the same worker again, so that one
    /// that hangs among several is found. An address that has answered is asked from another port next time.
    waiting: BTreeMap<SocketAddr, UdpSocket>,
    /// What the kernel had dropped, and what had been received, at the last look.
    before: (u64, u64),
    id: u16,
}

impl Prover {
    fn new(of: ProofOf) -> Self {
        // Every state answers this name itself (RFC 6761 section 6.3).
        Prover { of, name: parse_name("localhost").ok(), waiting: BTreeMap::new(), before: (0, 0), id: 0 }
    }

    /// Asks every address once. True when each has answered, or is one that the machine no longer has, or when the server is
    /// so flooded that our own questions do not get through while others' are answered.
    fn round(&mut self) -> bool {
        let totals = self.of.counters.totals();
        let now = (totals.of(Event::DroppedByKernel), totals.of(Event::QueriesUdp));
        let flooded = now.0 > self.before.0 && now.1 > self.before.1;
        self.before = now;
        let addresses = self.of.board.load().listening.clone();
        self.waiting.retain(|address, _| addresses.contains(address));
        let patience = self.of.period / (2 * TRIES) / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let mut all = true;
        for address in addresses {
            all &= self.answers(address, patience.max(Duration::from_millis(5)));
        }
        all || flooded
    }

    fn answers(&mut self, address: SocketAddr, patience: Duration) -> bool {
        let Some(name) = &self.name else { return true };
        let socket = match self.waiting.remove(&address).map_or_else(|| socket_for(address), Ok) {
            Ok(socket) => socket,
            // The address has left the machine, or no more files may be open: neither is mended by a restart.
            Err(_) => return true,
        };
        self.id = self.id.wrapping_add(1);
        match ask(&socket, name, self.id, patience) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!("no answer of our own at {address}: {error}");
                self.waiting.insert(address, socket);
                false
            }
        }
    }
}

/// A socket at the address itself: one that is no longer ours cannot be bound, and a rate limit is for others.
fn socket_for(address: SocketAddr) -> io::Result<UdpSocket> {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let socket = UdpSocket::bind((ip, 0))?;
    socket.connect((ip, address.port()))?;
    Ok(socket)
}

fn ask(socket: &UdpSocket, name: &Name, id: u16, patience: Duration) -> io::Result<()> {
    let until = Instant::now() + patience;
    let query = probe(0, socket.local_addr()?.ip().to_canonical(), id, name, Rtype::A);
    socket.send(&query)?;
    let mut reply = [0; 512];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut reply)?;
        // A late reply to the question before has another id.
        if reply[..length].get(..2) == query.get(..2) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that nobody reads is no proof, one that answers is; a late answer to an earlier question does not count.
    #[test]
    fn only_an_answer_to_the_question_counts() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = socket_for(server.local_addr().unwrap()).unwrap();
        let name = parse_name("localhost").unwrap();
        let asked = ask(&client, &name, 1, Duration::from_millis(20));
        assert!(asked.is_err(), "nobody has answered");
        let mut query = [0; 512];
        let (length, from) = server.recv_from(&mut query).unwrap();
        server.send_to(&query[..length], from).unwrap();
        assert!(
            ask(&client, &name, 2, Duration::from_millis(20)).is_err(),
            "that was the answer to the first question"
        );
        let answering = thread::spawn(move || {
            for _ in 0..2 {
                let (length, from) = server.recv_from(&mut query).unwrap();
                server.send_to(&query[..length], from).unwrap();
            }
        });
        assert!(ask(&client, &name, 3, Duration::from_secs(20)).is_ok());
        answering.join().unwrap();
    }
}
