//! All sockets that the server listens on, and their change while it runs.
//!
//! New sockets are opened before old ones are closed; an address that stays keeps its sockets and their queues.

use super::bind::{BindError, Sockets, copies, more, open};
use super::encrypted::{EncryptedListeners, Encryption, Places};
use super::ending::{Ending, Way};
use super::exchange::Shared;
use super::identity::Identity;
use super::inherited::{Inherited, kept_as};
use super::limits::Limits;
use super::onward::Onward;
use super::protocol::Protocol;
use super::pulse::{Pulse, beat};
use super::quota::{Budget, Quota};
use super::tcp::{accept, begin};
use super::udp;
use crate::counters::{Carried, Counters};
use crate::forward::Forwarder;
use crate::query::{Feed, Recent};
use crate::snapshot::Live;
use crate::update::Desk;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Everything that listens.
#[derive(Debug)]
pub struct Listeners {
    live: Arc<Live>,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    quota: Arc<Quota>,
    pulse: Arc<Pulse>,
    onward: Arc<Onward>,
    runtime: Handle,
    inherited: Inherited,
    /// Whether the sockets stay open elsewhere when this process ends.
    kept: bool,
    bound: Vec<Bound>,
}

/// The sockets of one address and protocol, for whoever keeps them open while the server is restarted.
#[derive(Debug)]
pub struct Keepsake<'a> {
    /// What to keep them under; [`Inherited`] knows it again.
    pub name: String,
    /// One for TCP, for UDP one a worker.
    pub sockets: Vec<BorrowedFd<'a>>,
}

/// Sockets that are open and not used yet: the outcome of [`Listeners::open`].
#[derive(Debug)]
pub struct Opened {
    wanted: Vec<SocketAddr>,
    workers: usize,
    new: Vec<Sockets>,
    /// Further UDP sockets for an address that stays.
    more: Vec<(SocketAddr, Vec<UdpSocket>)>,
}

#[derive(Debug)]
struct Bound {
    wanted: SocketAddr,
    local: SocketAddr,
    udp: Vec<UdpWorker>,
    tcp: watch::Sender<bool>,
    /// The socket that connections are taken from, once more.
    accepting: TcpListener,
    udp_lent: bool,
    tcp_lent: bool,
}

#[derive(Debug)]
struct UdpWorker {
    socket: Arc<UdpSocket>,
    ending: Arc<Ending>,
    thread: JoinHandle<()>,
}

impl Listeners {
    /// Listens on nothing yet. TCP connections are served on `runtime`, UDP on threads of their own.
    pub fn new(live: Arc<Live>, counters: Arc<Counters>, limits: Limits, runtime: Handle) -> Self {
        let pulse = Arc::new(Pulse::new(Arc::clone(&counters)));
        runtime.spawn(beat(Arc::downgrade(&pulse)));
        let onward = Arc::new(Onward::default());
        let shared = Arc::new(Shared {
            live: Arc::clone(&live),
            limits,
            budget: Arc::new(Budget::new(limits.held)),
            counters: counters.worker(),
            noter: pulse.recent.noter(),
            witness: pulse.feed.witness(),
            onward: Arc::clone(&onward),
            carried: Carried::Tcp,
            private: false,
        });
        let quota = Arc::new(Quota::new(limits.connections, limits.per_client));
        Listeners {
            live,
            counters,
            shared,
            quota,
            pulse,
            onward,
            runtime,
            inherited: Inherited::default(),
            kept: false,
            bound: Vec::new(),
        }
    }

    /// Takes these sockets in the place of new ones where an address is to be listened on.
    pub fn inherit(&mut self, inherited: Inherited) {
        self.inherited = inherited;
    }

    /// The sockets that this process has opened itself or got from the one before, one entry for each address and protocol.
    /// From now on they are left as they are at the end, for the next process: what is in their queues waits for it.
    pub fn keepsakes(&mut self) -> Vec<Keepsake<'_>> {
        self.kept = true;
        let mut keepsakes = Vec::new();
        for bound in &self.bound {
            if !bound.udp_lent {
                let sockets = bound.udp.iter().map(|worker| worker.socket.as_fd()).collect();
                keepsakes.push(Keepsake { name: kept_as(Protocol::Udp, bound.local), sockets });
            }
            if !bound.tcp_lent {
                let sockets = vec![bound.accepting.as_fd()];
                keepsakes.push(Keepsake { name: kept_as(Protocol::Tcp, bound.local), sockets });
            }
        }
        keepsakes
    }

    /// Questions that no zone and no cache answers go to this forwarder from now on, where the horizon allows it. Without one
    /// they fail.
    pub fn forward_to(&self, forwarder: Arc<Forwarder>) {
        self.onward.lead_to(forwarder);
    }

    /// Signed messages go to this desk from now on. Without one they fail.
    pub fn hand_signed_to(&self, desk: Arc<Desk>) {
        self.onward.hand_signed_to(desk);
    }

    /// Listeners for encrypted DNS, none open yet: they answer as these do, and their connections over TCP count among these.
    pub fn encrypted(&self, identity: Arc<Identity>) -> EncryptedListeners {
        let limits = self.shared.limits;
        let places = Places {
            tcp: Arc::clone(&self.quota),
            encrypted: Arc::new(Quota::new(limits.encrypted, limits.encrypted_per_client)),
        };
        // Apart from TCP, so that neither takes the other's room.
        let budget = Arc::new(Budget::new(limits.held));
        EncryptedListeners::new(identity, places, self.runtime.clone(), |encryption| Shared {
            live: Arc::clone(&self.live),
            limits,
            budget: Arc::clone(&budget),
            counters: self.counters.worker(),
            noter: self.pulse.recent.noter(),
            onward: Arc::clone(&self.onward),
            witness: self.pulse.feed.witness(),
            carried: match encryption {
                Encryption::Tls => Carried::Tls,
                Encryption::Https => Carried::Https,
                Encryption::Quic => Carried::Quic,
            },
            private: true,
        })
    }

    /// Opens what is missing for these addresses with so many UDP workers each. Nothing changes for clients yet, except
    /// that their first messages to a new address wait in its queue; dropping the outcome closes the new sockets.
    ///
    /// # Errors
    /// Every address that cannot be listened on.
    pub fn open(&self, wanted: &[SocketAddr], workers: usize) -> Result<Opened, Vec<BindError>> {
        let workers = workers.max(1);
        let mut opened = Opened { wanted: wanted.to_vec(), workers, new: Vec::new(), more: Vec::new() };
        let mut errors = Vec::new();
        for &address in wanted {
            match self.bound.iter().find(|bound| bound.wanted == address) {
                Some(bound) => match bound.more(workers) {
                    Ok(sockets) => opened.more.push((address, sockets)),
                    Err(error) => errors.push(error),
                },
                None => match self.open_one(address, workers) {
                    Ok(sockets) => opened.new.push(sockets),
                    Err(error) => errors.push(error),
                },
            }
        }
        if errors.is_empty() { Ok(opened) } else { Err(errors) }
    }

    fn open_one(&self, address: SocketAddr, workers: usize) -> Result<Sockets, BindError> {
        let given = self.inherited.give(address).map_err(|error| BindError::of_tcp(address, &error))?;
        open(address, workers, self.overlaps(address), given)
    }

    /// Serves on the opened sockets, then closes those of addresses that are no longer wanted, once what was in their
    /// queues is answered. Takes as long as that takes: call it where blocking is allowed.
    ///
    /// # Errors
    /// No thread could be started, or the runtime does not take a socket. What was started serves on.
    pub fn adopt(&mut self, opened: Opened) -> io::Result<()> {
        for sockets in opened.new {
            let bound = self.start(sockets)?;
            self.bound.push(bound);
        }
        for (address, sockets) in opened.more {
            let workers =
                sockets.into_iter().map(|socket| self.worker(socket, true)).collect::<io::Result<Vec<_>>>()?;
            if let Some(bound) = self.bound.iter_mut().find(|bound| bound.wanted == address) {
                bound.udp.extend(workers);
            }
        }
        let (kept, gone): (Vec<_>, Vec<_>) =
            self.bound.drain(..).partition(|bound| opened.wanted.contains(&bound.wanted));
        self.bound = kept;
        for bound in gone {
            // Connections that are open finish on their own time.
            drop(bound.accepting);
            let _ = bound.tcp.send(true);
            match bound.udp_lent {
                true => leave(bound.udp, &self.pulse),
                false => retire(bound.udp, &self.pulse),
            }
        }
        for bound in &mut self.bound {
            if bound.udp.len() > opened.workers {
                let surplus = bound.udp.drain(opened.workers..).collect();
                match bound.udp_lent {
                    true => leave(surplus, &self.pulse),
                    false => retire(surplus, &self.pulse),
                }
            }
        }
        let place = |bound: &Bound| opened.wanted.iter().position(|wanted| *wanted == bound.wanted);
        self.bound.sort_by_key(place);
        self.inherited.settle();
        Ok(())
    }

    /// The addresses that are listened on, in the order wanted; a port 0 is shown as the port it became.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.bound.iter().map(|bound| bound.local).collect()
    }

    /// What was asked lately, over all transports.
    pub fn recent(&self) -> Arc<Recent> {
        Arc::clone(&self.pulse.recent)
    }

    /// Replies as they leave, for those who look.
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.pulse.feed)
    }

    /// Closes everything: UDP queues are answered, TCP connections get what they have asked for. Waits for connections
    /// at most `patience`.
    ///
    /// Sockets that are kept elsewhere are read over UDP until all else is done, so that as little as can be waits in them.
    pub async fn stop(self, patience: Duration) {
        let mut tcp = Vec::new();
        let (mut lasting, mut ending) = (Vec::new(), Vec::new());
        for bound in self.bound {
            drop(bound.accepting);
            let _ = bound.tcp.send(true);
            tcp.push(bound.tcp);
            if self.kept || bound.udp_lent { lasting.extend(bound.udp) } else { ending.extend(bound.udp) }
        }
        let pulse = Arc::clone(&self.pulse);
        let retired = self.runtime.spawn_blocking(move || retire(ending, &pulse));
        let _ = tokio::time::timeout(patience, async {
            for stop in &tcp {
                stop.closed().await;
            }
        })
        .await;
        let _ = retired.await;
        let pulse = Arc::clone(&self.pulse);
        let _ = self.runtime.spawn_blocking(move || leave(lasting, &pulse)).await;
    }

    fn start(&self, sockets: Sockets) -> io::Result<Bound> {
        let several = sockets.udp.len() > 1;
        let udp = sockets.udp.into_iter().map(|socket| self.worker(socket, several)).collect::<io::Result<Vec<_>>>()?;
        let accepting = sockets.tcp.try_clone()?;
        let tcp = self.acceptor(sockets.tcp)?;
        let Sockets { wanted, local, udp_lent, tcp_lent, .. } = sockets;
        Ok(Bound { wanted, local, udp, tcp, accepting, udp_lent, tcp_lent })
    }

    fn acceptor(&self, listener: TcpListener) -> io::Result<watch::Sender<bool>> {
        let _inside = self.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (stop, stopped) = watch::channel(false);
        let (shared, quota, ending) = (Arc::clone(&self.shared), Arc::clone(&self.quota), stopped.clone());
        let counters = Arc::clone(&shared.counters);
        let begin = move |stream, client| begin(stream, client, &shared, &quota, &ending);
        self.runtime.spawn(accept(listener, counters, begin, stopped));
        Ok(stop)
    }

    fn worker(&self, socket: UdpSocket, several: bool) -> io::Result<UdpWorker> {
        let socket = Arc::new(socket);
        let ending = Arc::new(Ending::default());
        let heeded = Arc::clone(&ending);
        let desk = udp::Desk {
            socket: Arc::clone(&socket),
            live: Arc::clone(&self.live),
            counters: self.counters.worker(),
            noter: self.pulse.recent.noter(),
            witness: self.pulse.feed.witness(),
            onward: Arc::clone(&self.onward),
            several,
        };
        let thread = thread::Builder::new().name("udp".to_owned()).spawn(move || work(&desk, &heeded))?;
        self.pulse.watch(&socket);
        Ok(UdpWorker { socket, ending, thread })
    }

    /// True when an address that this process listens on has the same port and covers this one or is covered by it.
    fn overlaps(&self, address: SocketAddr) -> bool {
        self.bound.iter().any(|bound| {
            bound.local.port() == address.port()
                && bound.local.is_ipv4() == address.is_ipv4()
                && (bound.local.ip().is_unspecified() || address.ip().is_unspecified())
        })
    }
}

impl Bound {
    /// Further UDP sockets up to so many.
    fn more(&self, workers: usize) -> Result<Vec<UdpSocket>, BindError> {
        let missing = workers.saturating_sub(self.udp.len());
        match self.udp.first().filter(|_| self.udp_lent) {
            Some(worker) => copies(&worker.socket, self.local, missing),
            None => more(self.local, missing),
        }
    }
}

/// Runs the loop; a panic in it is a fault of ours that costs one batch, not the worker.
fn work(desk: &udp::Desk, ending: &Ending) {
    loop {
        match catch_unwind(AssertUnwindSafe(|| udp::run(desk, ending))) {
            Ok(()) => return,
            Err(_) => {
                tracing::error!("a UDP worker failed and goes on; this is a fault of the program, please report it");
            }
        }
    }
}

/// Ends UDP workers without losing a query: a socket that is connected to itself gets nothing new, so the worker can empty
/// its queue; other sockets of the address get what would have come here.
fn retire(workers: Vec<UdpWorker>, pulse: &Pulse) {
    for worker in &workers {
        let local = worker.socket.local_addr();
        let connected = local.is_ok_and(|local| worker.socket.connect(local).is_ok());
        worker.ending.say(Way::Emptied);
        if connected {
            // Wakes a worker that waits.
            let _ = worker.socket.send(&[]);
        }
    }
    // Sockets that are closed tell nothing any more.
    pulse.count_drops();
    for worker in workers {
        let _ = worker.thread.join();
    }
}

/// Ends UDP workers whose sockets somebody else holds, too: those must stay as they are, so that the next one can read them.
fn leave(workers: Vec<UdpWorker>, pulse: &Pulse) {
    for worker in &workers {
        worker.ending.say(Way::HandedOn);
    }
    for _ in 0..WAKES {
        let Some(waiting) = workers.iter().find(|worker| !worker.thread.is_finished()) else { break };
        let _ = wake(&waiting.socket);
        thread::yield_now();
    }
    pulse.count_drops();
    for worker in workers {
        // One that no message has woken sees it within a second.
        let _ = worker.thread.join();
    }
}

/// Among the sockets of one address the kernel chooses by where a message comes from: each one tries another port.
const WAKES: usize = 256;

/// Sends an empty message, to which nobody replies, to the address of a socket.
fn wake(socket: &UdpSocket) -> io::Result<()> {
    let local = socket.local_addr()?;
    let ip = match local.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    UdpSocket::bind((ip, 0))?.send_to(&[], (ip, local.port())).map(|_| ())
}
