//! The certificate that encrypted transports show: changed while they serve, without a word to those who are connected.

use super::certificate::Pair;
use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::sync::Arc;

/// The certificate of all connections that begin from now on; none before the first.
#[derive(Debug, Default)]
pub struct Identity(ArcSwapOption<CertifiedKey>);

impl Identity {
    /// Shows this one from now on.
    pub fn show(&self, pair: Pair) {
        self.0.store(Some(pair.0));
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.0.load().is_some()
    }

    /// TLS with this identity for clients that speak one of these protocols (RFC 7301); those that name none are taken, too.
    /// Data before the handshake ends (0-RTT) is never taken: it could be played again.
    ///
    /// # Errors
    /// In the words of the library, which has no case of it with the provider that it is given.
    pub(super) fn tls(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Identity>::clone(self));
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}
