//! Whether this machine reaches an address, and whether it is the one that would have to.

use super::super::acme::dial::{DialError, connect};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// For an answer over UDP.
const PATIENCE: Duration = Duration::from_secs(2);
/// `. SOA`, not recursive: any DNS server says something, if only that it refuses.
const QUERY: [u8; 17] = [0x5A, 0x5A, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];

/// True when an interface of this machine has the address.
pub(super) fn is_here(address: IpAddr) -> bool {
    TcpListener::bind(SocketAddr::new(address, 0)).is_ok()
}

/// Connects and ends at once.
///
/// # Errors
/// Why there is no connection.
pub(super) async fn by_tcp(target: SocketAddr) -> Result<Duration, DialError> {
    connect(target).await.map(|(_, took)| took)
}

/// Asks a question over UDP and waits for any answer to it.
///
/// # Errors
/// Why there is none.
pub(super) async fn by_dns(target: SocketAddr) -> Result<(), String> {
    let any: IpAddr = if target.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let asked = async {
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        socket.connect(target).await?;
        socket.send(&QUERY).await?;
        let mut reply = [0; 512];
        loop {
            let length = socket.recv(&mut reply).await?;
            if length >= 12 && reply[..2] == QUERY[..2] {
                return Ok::<(), std::io::Error>(());
            }
        }
    };
    match timeout(PATIENCE, asked).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{target} does not answer over UDP: {error}")),
        Err(_) => Err(format!("{target} does not answer over UDP within {} seconds", PATIENCE.as_secs())),
    }
}
