//! What clients over TCP, TLS, HTTPS and QUIC may take up, in numbers.

use std::fs;
use std::time::Duration;

/// What clients over TCP may take up, and over what stands on it, and over QUIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A connection without a query for so long is closed (RFC 7766 section 6.2.3).
    pub idle: Duration,
    /// A message that has begun must be whole within this time.
    pub message: Duration,
    /// Answers that are ready must be taken within this time.
    pub write: Duration,
    /// How long a closing connection reads on so that the client gets its last answers.
    pub linger: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections of one IPv4 address or one IPv6 /56.
    pub per_client: usize,
    /// Encrypted connections in all; those over TCP count among [`Limits::connections`], too.
    pub encrypted: usize,
    /// Encrypted connections of one IPv4 address or one IPv6 /56.
    pub encrypted_per_client: usize,
    /// A handshake of TLS or QUIC must be done within this time.
    pub handshake: Duration,
    /// Octets that all connections together may hold: begun messages, and answers that are not taken.
    pub held: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            idle: Duration::from_secs(10),
            message: Duration::from_secs(5),
            write: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            connections: 10_000,
            per_client: 256,
            encrypted: 2_000,
            encrypted_per_client: 128,
            handshake: Duration::from_secs(5),
            held: 64 << 20,
        }
    }
}

impl Limits {
    /// The defaults, with no more connections than the process may open files beside `reserved` others, so that TCP clients
    /// never keep the server from reading its zone files.
    pub fn affordable(reserved: usize) -> Self {
        let limits = Limits::default();
        let files = fs::read_to_string("/proc/self/limits").ok().and_then(|text| open_files(&text));
        let connections = files.map_or(limits.connections, |files| files.saturating_sub(reserved).max(FEWEST));
        let connections = limits.connections.min(connections);
        Limits { connections, encrypted: limits.encrypted.min(connections), ..limits }
    }
}

/// Connections that are allowed however few files may be open.
const FEWEST: usize = 16;

/// The soft limit in the text of `/proc/self/limits`; none when there is no limit.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit on open files is read as the kernel writes it.
    #[test]
    fn the_limit_on_open_files_is_found() {
        let head = "Limit                     Soft Limit           Hard Limit           Units\n";
        let table = [
            ("Max open files            1024                 524288               files\n", Some(1024)),
            ("Max open files            unlimited            unlimited            files\n", None),
            ("Max processes             1                    2                    processes\n", None),
        ];
        for (line, expected) in table {
            assert_eq!(open_files(&format!("{head}{line}")), expected, "{line}");
        }
        assert!(Limits::affordable(usize::MAX).connections <= Limits::default().connections);
    }
}
