//! The listeners of encrypted DNS: over TLS, HTTPS and QUIC. Addresses follow the settings, the certificate is changed beside.

use super::bind::{BindError, BindReason, bind_tcp, bind_udp};
use super::exchange::Shared;
use super::identity::Identity;
use super::protocol::Protocol;
use super::quota::{Place, Quota};
use super::tcp::accept;
use super::{https, quic, tls};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

/// How a client speaks DNS that nobody else reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encryption {
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over HTTPS (RFC 8484).
    Https,
    /// DNS over QUIC (RFC 9250).
    Quic,
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encryption::Tls => "TLS",
            Encryption::Https => "HTTPS",
            Encryption::Quic => "QUIC",
        })
    }
}

/// Everything that listens for encrypted DNS.
#[derive(Debug)]
pub struct EncryptedListeners {
    identity: Arc<Identity>,
    tls: Arc<Shared>,
    https: Arc<Shared>,
    quic: Arc<Shared>,
    places: Places,
    runtime: Handle,
    open: BTreeMap<(Encryption, SocketAddr), Open>,
}

#[derive(Debug)]
struct Open {
    local: SocketAddr,
    /// Each connection holds a receiver until it is done.
    stop: watch::Sender<bool>,
}

/// The caps on encrypted connections.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Those that take a descriptor count among all TCP connections, too.
    pub(super) tcp: Arc<Quota>,
    pub(super) encrypted: Arc<Quota>,
}

impl Places {
    /// Places for a connection over TCP; none when a cap is reached.
    pub(super) fn take(&self, client: IpAddr) -> Option<(Place, Place)> {
        Some((self.encrypted.take(client)?, self.tcp.take(client)?))
    }
}

impl EncryptedListeners {
    /// No listener yet. `shared` makes what the connections of one encryption share.
    pub(super) fn new(
        identity: Arc<Identity>,
        places: Places,
        runtime: Handle,
        shared: impl Fn(Encryption) -> Shared,
    ) -> Self {
        let [tls, https, quic] =
            [Encryption::Tls, Encryption::Https, Encryption::Quic].map(|encryption| Arc::new(shared(encryption)));
        EncryptedListeners { identity, tls, https, quic, places, runtime, open: BTreeMap::new() }
    }

    /// Listens on these addresses and on no others; connections of those that are left get what they have asked for.
    ///
    /// # Errors
    /// Each address that cannot be listened on; the others are.
    pub fn follow(&mut self, wanted: &[(Encryption, SocketAddr)]) -> Result<(), Vec<(Encryption, BindError)>> {
        self.open.retain(|key, open| {
            // A listener that ended, whyever, holds no receiver.
            let stays = wanted.contains(key) && !open.stop.is_closed();
            if !stays {
                let _ = open.stop.send(true);
            }
            stays
        });
        let mut errors = Vec::new();
        for &(encryption, address) in wanted {
            if self.open.contains_key(&(encryption, address)) {
                continue;
            }
            match self.begin(encryption, address) {
                Ok(open) => drop(self.open.insert((encryption, address), open)),
                Err(error) => errors.push((encryption, error)),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What is listened on; a port 0 is shown as the port it became.
    pub fn addresses(&self) -> Vec<(Encryption, SocketAddr)> {
        self.open.iter().map(|((encryption, _), open)| (*encryption, open.local)).collect()
    }

    /// Takes no more connections, and waits at most so long until those that are open have got what they asked for.
    pub async fn stop(self, patience: Duration) {
        let stops: Vec<_> = self.open.into_values().map(|open| open.stop).collect();
        for stop in &stops {
            let _ = stop.send(true);
        }
        let all = async {
            for stop in &stops {
                stop.closed().await;
            }
        };
        let _ = timeout(patience, all).await;
    }

    fn begin(&self, encryption: Encryption, address: SocketAddr) -> Result<Open, BindError> {
        let _inside = self.runtime.enter();
        let protocol = if encryption == Encryption::Quic { Protocol::Udp } else { Protocol::Tcp };
        let failed = |reason: String| BindError { address, protocol, reason: BindReason::System(reason) };
        let refused = |error: io::Error| failed(error.to_string());
        let alpn: &[&[u8]] = match encryption {
            Encryption::Tls => &[b"dot"],
            Encryption::Https => &[b"h2", b"http/1.1"],
            Encryption::Quic => &[b"doq"],
        };
        let config = self.identity.tls(alpn).map_err(|error| failed(error.to_string()))?;
        let (stop, stopped) = watch::channel(false);
        let places = self.places.clone();
        let local = match encryption {
            Encryption::Quic => {
                let socket = bind_udp(address)?;
                let local = socket.local_addr().map_err(refused)?;
                let (shared, quota) = (Arc::clone(&self.quic), Arc::clone(&self.places.encrypted));
                let endpoint = quic::endpoint(socket, config, &shared.limits).map_err(refused)?;
                self.runtime.spawn(quic::accept(endpoint, shared, quota, stopped));
                local
            }
            Encryption::Tls | Encryption::Https => {
                let listener = bind_tcp(address)?;
                let local = listener.local_addr().map_err(refused)?;
                let listener = TcpListener::from_std(listener).map_err(refused)?;
                let config = Arc::new(config);
                let ending = stopped.clone();
                if encryption == Encryption::Tls {
                    let shared = Arc::clone(&self.tls);
                    let counters = Arc::clone(&shared.counters);
                    let begin = move |stream, client| tls::begin(stream, client, &config, &shared, &places, &ending);
                    self.runtime.spawn(accept(listener, counters, begin, stopped));
                } else {
                    let shared = Arc::clone(&self.https);
                    let counters = Arc::clone(&shared.counters);
                    let begin = move |stream, client| https::begin(stream, client, &config, &shared, &places, &ending);
                    self.runtime.spawn(accept(listener, counters, begin, stopped));
                }
                local
            }
        };
        Ok(Open { local, stop })
    }
}
