//! The server asks itself over its own UDP socket whether what was changed is what clients get.

use crate::dns::{Name, Rtype, present_name, present_rtype};
use crate::query::{Transport, UDP_SIZE, probe, respond};
use crate::snapshot::Snapshot;
use crate::transport::reachable;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Questions of one verification; a change of more RRsets is verified by its first ones.
const MOST: usize = 512;

/// For one reply, and how often it is asked: a server under load drops queries at its socket.
const PATIENCE: Duration = Duration::from_millis(400);
const TRIES: usize = 5;

/// Asks the server that listens on one of `addresses` for each set, as a client of each horizon, and compares every reply,
/// octet for octet, with what `wanted` says. Returns how many questions were asked.
///
/// # Errors
/// The first question that got another answer or none, in words.
pub(in crate::daemon) fn verify(
    addresses: &[SocketAddr],
    wanted: &Snapshot,
    sets: &[(Name, Rtype)],
) -> Result<usize, String> {
    let Some(address) = addresses.iter().map(reachable).max_by_key(|address| address.ip().is_loopback()) else {
        return Ok(0);
    };
    let failed = |error: io::Error| format!("the server cannot ask itself at {address}: {error}");
    let socket = socket_for(address).map_err(failed)?;
    let asker = socket.local_addr().map_err(failed)?.ip().to_canonical();
    let mut asked = 0;
    for (name, rtype) in sets.iter().take(MOST) {
        for (horizon, view) in (0u16..).zip(&wanted.views) {
            let query = probe(horizon, asker, asked as u16, name, *rtype);
            // What is not answered here is for others to answer, whoever they are.
            let Some(expected) = expected(wanted, asker, &query) else { continue };
            let what =
                || format!("{} {} in horizon `{}`", present_name(name.as_slice()), present_rtype(*rtype), view.name);
            let reply =
                ask(&socket, &query).map_err(|error| format!("{}: no reply from {address}: {error}", what()))?;
            if reply != expected {
                return Err(format!("{}: the reply from {address} is not what was meant", what()));
            }
            asked += 1;
        }
    }
    Ok(asked)
}

fn socket_for(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn expected(snapshot: &Snapshot, client: IpAddr, query: &[u8]) -> Option<Vec<u8>> {
    let mut reply = vec![0; UDP_SIZE];
    let length = respond(snapshot, client, Transport::Udp, query, &mut reply).reply()?;
    reply.truncate(length);
    Some(reply)
}

fn ask(socket: &UdpSocket, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut reply = vec![0; 65_535];
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..TRIES {
        socket.send(query)?;
        match socket.recv(&mut reply) {
            // A late reply to the question before has another id.
            Ok(length) if reply[..length].get(..2) == query.get(..2) => {
                reply.truncate(length);
                return Ok(reply);
            }
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}
