//! Sockets for one listen address, and errors that say what stands in the way.

use super::holder::{Holder, holder};
use super::inherited::Given;
use super::protocol::Protocol;
use super::udp::asks_for_addresses;
use crate::finding::{Finding, Severity};
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;
use thiserror::Error;

/// The code of [`BindError::finding`].
pub const LISTEN_FAILED: &str = "LISTEN_FAILED";

/// A listen address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot listen on {address} ({protocol}): {reason}")]
pub struct BindError {
    /// The address as the settings have it.
    pub address: SocketAddr,
    /// For which protocol.
    pub protocol: Protocol,
    /// Why not.
    pub reason: BindReason,
}

/// Why an address cannot be listened on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BindReason {
    /// Some socket has it; the program that holds it, where that could be seen.
    #[error("the port is in use{}", .0.as_ref().map(|holder| format!(" by {holder}")).unwrap_or_default())]
    InUse(Option<Holder>),
    /// Ports below 1024 need a capability.
    #[error("not allowed")]
    NotAllowed,
    /// No interface has this address.
    #[error("this machine does not have the address")]
    NotHere,
    /// The kernel runs without this address family.
    #[error("this machine has no {0}")]
    NoFamily(&'static str),
    /// Something else, in the system's words.
    #[error("{0}")]
    System(String),
}

impl BindError {
    /// What the system said of a TCP address.
    pub(super) fn of_tcp(address: SocketAddr, error: &io::Error) -> Self {
        explain(address, Protocol::Tcp, error)
    }

    /// As a finding that refuses the load, with what to do.
    pub fn finding(&self) -> Finding {
        let remedy = match &self.reason {
            BindReason::InUse(holder) => in_use(self.address.port(), self.protocol, holder.as_ref()),
            BindReason::NotAllowed => format!(
                "give the program the right to open port {}: CAP_NET_BIND_SERVICE (AmbientCapabilities= in a systemd unit, \
                 or `setcap cap_net_bind_service+ep`), or choose a port from 1024 on",
                self.address.port()
            ),
            BindReason::NotHere => "write an address that `ip address` shows in `listen` of [server]".to_owned(),
            BindReason::NoFamily(_) => "take this address out of `listen` of [server]".to_owned(),
            BindReason::System(_) => "see `listen` of [server]".to_owned(),
        };
        let what = format!("cannot listen over {}: {}", self.protocol, self.reason);
        Finding::new(LISTEN_FAILED, Severity::Error, self.address.to_string(), what, remedy)
    }
}

fn in_use(port: u16, protocol: Protocol, holder: Option<&Holder>) -> String {
    let show = match protocol {
        Protocol::Udp => format!("`ss -lunp 'sport = :{port}'`"),
        Protocol::Tcp => format!("`ss -ltnp 'sport = :{port}'`"),
    };
    let elsewhere = "choose another address or port";
    match holder {
        Some(holder) if holder.is_called("systemd-resolve") => format!("{RESOLVED}; or {elsewhere}"),
        Some(holder) if holder.is_called("dnsmasq") => format!("{DNSMASQ}; or {elsewhere}"),
        Some(Holder::Program { .. }) => format!("stop that program, or {elsewhere}"),
        Some(Holder::User(_)) if port != 53 => {
            format!("see what program it is with {show} as root and stop it, or {elsewhere}")
        }
        _ if port == 53 => format!(
            "see who holds it with {show} as root; on port 53 it is often systemd-resolved ({RESOLVED}) or dnsmasq \
             ({DNSMASQ}); or {elsewhere}"
        ),
        _ => format!("see who holds it with {show} as root and stop it, or {elsewhere}"),
    }
}

const RESOLVED: &str =
    "set DNSStubListener=no in /etc/systemd/resolved.conf, then `systemctl restart systemd-resolved`";
const DNSMASQ: &str = "`systemctl disable --now dnsmasq`, once `zonectl import dnsmasq` has taken over what it serves";

/// The sockets of one listen address, not used yet.
#[derive(Debug)]
pub(super) struct Sockets {
    /// As the settings have it.
    pub(super) wanted: SocketAddr,
    /// With the port that port 0 became.
    pub(super) local: SocketAddr,
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: TcpListener,
    /// Whether the UDP sockets are one that somebody else holds, too, and goes on with after us.
    pub(super) udp_lent: bool,
    /// The same of TCP.
    pub(super) tcp_lent: bool,
}

/// Opens the sockets of one listen address: one for UDP per worker, one for TCP, all on one port also for port 0. What was
/// `given` is taken first.
///
/// The first socket of each protocol is bound alone, so that a second server on the same address is refused instead of
/// taking half of the queries. `beside_own` is for an address that overlaps one that this process itself listens on.
///
/// # Errors
/// [`BindError`]; no socket stays open then.
pub(super) fn open(wanted: SocketAddr, workers: usize, beside_own: bool, given: Given) -> Result<Sockets, BindError> {
    let failed = |protocol| move |error: io::Error| explain(wanted, protocol, &error);
    let (udp_lent, tcp_lent) = (given.udp_lent, given.tcp_lent);
    let mut tcp_given = given.tcp;
    if let Some(tcp) = &tcp_given {
        prepare_tcp(tcp).map_err(failed(Protocol::Tcp))?;
    }
    let mut udp_given = given.udp;
    for socket in &udp_given {
        prepare_udp(socket, wanted).map_err(failed(Protocol::Udp))?;
    }
    let mut tries = 0;
    loop {
        tries += 1;
        if udp_given.is_empty() {
            udp_given.push(udp(wanted, beside_own).map_err(failed(Protocol::Udp))?);
        }
        let local = udp_given[0].local_addr().map_err(failed(Protocol::Udp))?;
        let tcp = match tcp_given.take() {
            Some(tcp) => tcp,
            None => match tcp(local, beside_own) {
                Ok(tcp) => tcp,
                // The port that UDP was given may be taken for TCP; another one will do.
                Err(error) if wanted.port() == 0 && tries < 64 && error.kind() == io::ErrorKind::AddrInUse => {
                    udp_given.clear();
                    continue;
                }
                Err(error) => return Err(explain(wanted, Protocol::Tcp, &error)),
            },
        };
        let missing = workers.saturating_sub(udp_given.len());
        let further = if udp_lent { copies(&udp_given[0], local, missing)? } else { more(local, missing)? };
        udp_given.extend(further);
        return Ok(Sockets { wanted, local, udp: udp_given, tcp, udp_lent, tcp_lent });
    }
}

/// Further handles of one socket: those of another user can be joined by none of ours.
///
/// # Errors
/// [`BindError`]: no more files may be open.
pub(super) fn copies(socket: &UdpSocket, local: SocketAddr, count: usize) -> Result<Vec<UdpSocket>, BindError> {
    (0..count).map(|_| socket.try_clone().map_err(|error| explain(local, Protocol::Udp, &error))).collect()
}

/// Opens further UDP sockets on an address that this process already listens on.
///
/// # Errors
/// [`BindError`]
pub(super) fn more(local: SocketAddr, count: usize) -> Result<Vec<UdpSocket>, BindError> {
    (0..count).map(|_| udp(local, true).map_err(|error| explain(local, Protocol::Udp, &error))).collect()
}

/// Opens a TCP socket alone.
///
/// # Errors
/// [`BindError`]
pub(super) fn bind_tcp(address: SocketAddr) -> Result<TcpListener, BindError> {
    tcp(address, false).map_err(|error| explain(address, Protocol::Tcp, &error))
}

/// Opens a UDP socket alone.
///
/// # Errors
/// [`BindError`]
pub(super) fn bind_udp(address: SocketAddr) -> Result<UdpSocket, BindError> {
    udp(address, false).map_err(|error| explain(address, Protocol::Udp, &error))
}

fn udp(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    asks_for_addresses(&socket, address);
    socket.bind(&address.into())?;
    // Set after binding, too: from now on further sockets of this user may join.
    socket.set_reuse_port(true)?;
    let socket = socket.into();
    prepare_udp(&socket, address)?;
    Ok(socket)
}

/// What every UDP socket gets, whoever has bound it.
fn prepare_udp(socket: &UdpSocket, address: SocketAddr) -> io::Result<()> {
    asks_for_addresses(socket, address);
    let socket = SockRef::from(socket);
    // A burst must fit while a worker is not scheduled; the kernel cuts this to net.core.rmem_max. One that is larger already
    // was made by somebody who may do more.
    if socket.recv_buffer_size()? < QUEUE {
        let _ = socket.set_recv_buffer_size(QUEUE);
    }
    socket.set_nonblocking(false)?;
    // A worker looks at its stop flag at least this often.
    socket.set_read_timeout(Some(Duration::from_secs(1)))
}

const QUEUE: usize = 4 << 20;

fn tcp(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM)?;
    // Connections of a server that has ended may linger in TIME_WAIT; a listening one still refuses.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    socket.set_reuse_port(true)?;
    let socket = socket.into();
    prepare_tcp(&socket)?;
    Ok(socket)
}

/// What every TCP socket gets, whoever has bound it.
fn prepare_tcp(socket: &TcpListener) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    SockRef::from(socket).listen(BACKLOG)
}

const BACKLOG: i32 = 1024;

fn socket(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        // `[::]:53` and `0.0.0.0:53` may both be written, and a client's address is never a mapped one.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn explain(address: SocketAddr, protocol: Protocol, error: &io::Error) -> BindError {
    let reason = match error.raw_os_error() {
        Some(libc::EADDRINUSE) => BindReason::InUse(holder(address, protocol)),
        Some(libc::EACCES | libc::EPERM) => BindReason::NotAllowed,
        Some(libc::EADDRNOTAVAIL) => BindReason::NotHere,
        Some(libc::EAFNOSUPPORT) => BindReason::NoFamily(if address.is_ipv6() { "IPv6" } else { "IPv4" }),
        _ => BindReason::System(error.to_string()),
    };
    BindError { address, protocol, reason }
}

/// Where an address that is listened on can be asked: every address of the machine includes loopback.
pub fn reachable(address: &SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever holds the port, the remedy names what to do about that program; an unknown one on port 53 is one of the usual.
    #[test]
    fn the_remedy_fits_the_holder() {
        let program = |name: &str| Some(Holder::Program { name: name.to_owned(), pid: 412 });
        let user = |name: &str| Some(Holder::User(name.to_owned()));
        let table = [
            ("resolved, cut to 15 octets", 53, program("systemd-resolve"), "DNSStubListener=no"),
            ("resolved by its user", 53, user("systemd-resolve"), "DNSStubListener=no"),
            ("dnsmasq", 53, program("dnsmasq"), "zonectl import dnsmasq"),
            ("dnsmasq opens its sockets as root", 53, user("root"), "dnsmasq"),
            ("another program", 53, program("named"), "stop that program"),
            ("nobody that can be seen", 53, None, "`ss -lunp 'sport = :53'` as root"),
            (
                "another user's program on another port",
                5300,
                user("joe"),
                "`ss -lunp 'sport = :5300'` as root and stop it",
            ),
        ];
        for (why, port, holder, expected) in table {
            let remedy = in_use(port, Protocol::Udp, holder.as_ref());
            assert!(remedy.contains(expected), "{why}: {remedy}");
            assert!(remedy.ends_with("choose another address or port"), "{why}: {remedy}");
        }
    }
}
