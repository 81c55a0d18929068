//! Why nothing came of a connection, in the words of whoever looks for the fault.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;

/// Why a connection or a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialError {
    /// Nobody listens there, or a firewall rejects.
    #[error("{0} refuses the connection")]
    Refused(SocketAddr),
    /// No answer to the first packet: a firewall that drops, or no machine.
    #[error("{address} does not answer within {} seconds", limit.as_secs())]
    Silent {
        /// Who was called.
        address: SocketAddr,
        /// How long was waited.
        limit: Duration,
    },
    /// The network knows no way.
    #[error("{address} cannot be reached: {why}")]
    Unreachable {
        /// Who was called.
        address: SocketAddr,
        /// What the system says.
        why: String,
    },
    /// The other side ended the handshake with an alert (RFC 8446 section 6).
    #[error("{address} ends the TLS handshake with alert {alert}")]
    Alert {
        /// Who was called.
        address: SocketAddr,
        /// The alert's number.
        alert: u8,
    },
    /// What came back is no TLS.
    #[error("{0} does not speak TLS on this port")]
    NotTls(SocketAddr),
    /// The handshake failed otherwise.
    #[error("no TLS session with {address}: {why}")]
    Tls {
        /// Who was called.
        address: SocketAddr,
        /// What the library says.
        why: String,
    },
    /// What came back is no HTTP, or too much of it before the body.
    #[error("{address} does not answer in HTTP: {why}")]
    Http {
        /// Who was called.
        address: SocketAddr,
        /// What the library says.
        why: String,
    },
    /// The answer had begun or was waited for, and was not whole in time.
    #[error("{address} did not finish its answer within {} seconds", limit.as_secs())]
    Slow {
        /// Who was called.
        address: SocketAddr,
        /// How long was waited.
        limit: Duration,
    },
}

impl DialError {
    /// What the system says of a connection that was not made.
    pub(super) fn of_connect(address: SocketAddr, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => DialError::Refused(address),
            _ => DialError::Unreachable { address, why: error.to_string() },
        }
    }

    /// What ended a handshake.
    pub(super) fn of_tls(address: SocketAddr, error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::AlertReceived(alert)) => DialError::Alert { address, alert: u8::from(*alert) },
            Some(rustls::Error::InvalidMessage(_)) => DialError::NotTls(address),
            Some(other) => DialError::Tls { address, why: other.to_string() },
            None => DialError::Tls { address, why: format!("the connection ended: {error}") },
        }
    }

    /// True when nothing was said on the other side: no connection was made.
    pub fn is_unconnected(&self) -> bool {
        matches!(self, DialError::Refused(_) | DialError::Silent { .. } | DialError::Unreachable { .. })
    }
}
