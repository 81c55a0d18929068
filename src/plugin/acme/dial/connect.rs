//! One TCP connection to one literal address.

use super::DialError;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take to be made, and the whole of a request with it (rule 4 in the README of this room).
pub const fn dial_limits() -> (Duration, Duration) {
    (Duration::from_secs(2), Duration::from_secs(5))
}

/// Connects to `address` and to nothing else. The duration is what the connection took.
///
/// # Errors
/// [`DialError::Refused`], [`DialError::Silent`] after 2 seconds, [`DialError::Unreachable`].
pub async fn connect(address: SocketAddr) -> Result<(TcpStream, Duration), DialError> {
    let (limit, _) = dial_limits();
    let begun = Instant::now();
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            // One small request that must not wait for more.
            let _ = stream.set_nodelay(true);
            Ok((stream, begun.elapsed()))
        }
        Ok(Err(error)) => Err(DialError::of_connect(address, &error)),
        Err(_) => Err(DialError::Silent { address, limit }),
    }
}
