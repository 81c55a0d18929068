//! Sockets that are older than the process: a service manager has opened them, or has kept them from the process before.
//!
//! What comes while nobody reads waits in their queues, so that a restart costs time and no query.

use super::protocol::Protocol;
use listenfd::ListenFd;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Sockets that the process was started with, by address.
#[derive(Debug, Default)]
pub struct Inherited {
    udp: Vec<One<UdpSocket>>,
    tcp: Vec<One<TcpListener>>,
    strange: usize,
}

#[derive(Debug)]
struct One<S> {
    address: SocketAddr,
    socket: S,
    /// Whether somebody else goes on with it after us.
    lent: bool,
}

/// What there is for one address; copies, so that nothing is lost when they are not used.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) udp: Vec<UdpSocket>,
    pub(super) udp_lent: bool,
    pub(super) tcp: Option<TcpListener>,
    pub(super) tcp_lent: bool,
}

/// The name under which the sockets of one address and protocol are kept for the next process (`FDNAME` of
/// sd_pid_notify_with_fds(3), which takes no colon).
pub(super) fn kept_as(protocol: Protocol, address: SocketAddr) -> String {
    let protocol = match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
    };
    format!("{OURS}{protocol}-{address}").replace(':', "_")
}

const OURS: &str = "horizon-";

impl Inherited {
    /// Takes the sockets that sd_listen_fds(3) speaks of; none where the process was started by hand. To be called once,
    /// before there are other threads: the variables that speak of them are taken away.
    ///
    /// A socket under a name of ours was ours before. All others belong to a socket unit, which goes on with them.
    pub fn of_environment() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut handed = ListenFd::from_env();
        let mut inherited = Inherited::default();
        for index in 0..handed.len() {
            let lent = !names.next().is_some_and(|name| name.starts_with(OURS));
            let tcp = handed.take_tcp_listener(index).ok().flatten();
            let udp = if tcp.is_some() { None } else { handed.take_udp_socket(index).ok().flatten() };
            let taken = match (tcp, udp) {
                (Some(socket), _) => {
                    socket.local_addr().map(|address| inherited.tcp.push(One { address, socket, lent }))
                }
                (_, Some(socket)) => {
                    socket.local_addr().map(|address| inherited.udp.push(One { address, socket, lent }))
                }
                _ => Err(io::ErrorKind::InvalidInput.into()),
            };
            inherited.strange += usize::from(taken.is_err());
        }
        inherited
    }

    /// How many of them are neither UDP nor TCP.
    pub fn strange(&self) -> usize {
        self.strange
    }

    /// The addresses that are not among `wanted`, each once for a protocol, and whether somebody else holds them open.
    pub fn unwanted(&self, wanted: &[SocketAddr]) -> Vec<(SocketAddr, Protocol, bool)> {
        let udp = self.udp.iter().map(|one| (one.address, Protocol::Udp, one.lent));
        let tcp = self.tcp.iter().map(|one| (one.address, Protocol::Tcp, one.lent));
        let mut unwanted: Vec<_> = udp.chain(tcp).filter(|(address, ..)| !wanted.contains(address)).collect();
        unwanted.dedup();
        unwanted
    }

    /// The names under which sockets came that were ours before.
    pub fn names(&self) -> Vec<String> {
        let udp = self.udp.iter().filter(|one| !one.lent).map(|one| kept_as(Protocol::Udp, one.address));
        let tcp = self.tcp.iter().filter(|one| !one.lent).map(|one| kept_as(Protocol::Tcp, one.address));
        let mut names: Vec<_> = udp.chain(tcp).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What there is for an address.
    ///
    /// # Errors
    /// No more files may be open.
    pub(super) fn give(&self, address: SocketAddr) -> io::Result<Given> {
        let mut given = Given::default();
        for one in self.udp.iter().filter(|one| one.address == address) {
            // One socket of another holder is enough for all workers; our own were one for each.
            if given.udp.is_empty() || (!one.lent && !given.udp_lent) {
                given.udp.push(one.socket.try_clone()?);
                given.udp_lent |= one.lent;
            }
        }
        if let Some(one) = self.tcp.iter().find(|one| one.address == address) {
            given.tcp = Some(one.socket.try_clone()?);
            given.tcp_lent = one.lent;
        }
        Ok(given)
    }

    /// Lets go of what was ours before: it is in use now, or nobody wants it. What others hold may be wanted later.
    pub(super) fn settle(&mut self) {
        self.udp.retain(|one| one.lent);
        self.tcp.retain(|one| one.lent);
    }
}
