//! The certificate that encrypted transports show: changed while they serve, without a word to those who are connected.

use super::certificate::Pair;
use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use std::sync::Arc;

/// The certificates of all connections that begin from now on; none before the first.
#[derive(Debug, Default)]
pub struct Identity(ArcSwapOption<Vec<(Option<String>, Arc<CertifiedKey>)>>);

impl Identity {
    /// Shows this one from now on, whatever name a client asks for.
    pub fn show(&self, pair: Pair) {
        self.show_each(vec![(None, pair)]);
    }

    /// Shows the one of the name that a client asks for from now on (RFC 6066 section 3), and to others the first. Nothing
    /// changes when there is none.
    pub fn show_each(&self, pairs: Vec<(Option<String>, Pair)>) {
        if !pairs.is_empty() {
            self.0.store(Some(Arc::new(pairs.into_iter().map(|(name, pair)| (name, pair.0)).collect())));
        }
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
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let pairs = self.0.load();
        let pairs = pairs.as_ref()?;
        let asked = hello.server_name();
        let named = |(name, _): &&(Option<String>, Arc<CertifiedKey>)| {
            name.as_deref().zip(asked).is_some_and(|(name, asked)| name.eq_ignore_ascii_case(asked))
        };
        pairs.iter().find(named).or_else(|| pairs.first()).map(|(_, pair)| Arc::clone(pair))
    }
}
