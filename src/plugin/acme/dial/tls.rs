//! TLS to a peer whose certificate is looked at in place of being refused.

use super::DialError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What the handshake is to be like.
#[derive(Debug, Clone, Copy)]
pub struct Handshake<'a> {
    /// Who is called: only for errors.
    pub address: SocketAddr,
    /// The name in the SNI extension; an address is sent in none.
    pub name: &'a str,
    /// The protocols that are offered (RFC 7301); no extension when empty.
    pub protocols: &'a [&'a [u8]],
    /// Whether the peer must prove that it has the key of its certificate. Certificates of tls-alpn-01 hold a critical
    /// extension (RFC 8737 section 3) that the library does not read, so that their proof cannot be checked.
    pub proof: bool,
    /// For the whole handshake.
    pub limit: Duration,
}

/// What a peer showed. Nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Its certificates as they came, the leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The protocol that it chose.
    pub protocol: Option<Vec<u8>>,
}

/// Makes a session, whatever certificate the peer has: whether it is the right one is for the caller to say.
///
/// # Errors
/// [`DialError::Alert`], [`DialError::NotTls`], [`DialError::Tls`]; [`DialError::Slow`] when the time is over.
pub async fn secure(stream: TcpStream, handshake: Handshake<'_>) -> Result<(TlsStream<TcpStream>, Shown), DialError> {
    let address = handshake.address;
    let tls = |why: String| DialError::Tls { address, why };
    let name = ServerName::try_from(handshake.name.trim_end_matches('.').to_owned())
        .map_err(|_| tls(format!("`{}` is no name for TLS", handshake.name)))?;
    let provider = Arc::new(default_provider());
    let verifier = Looking { algorithms: provider.signature_verification_algorithms, proof: handshake.proof };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = handshake.protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // Each look is a first one.
    config.resumption = rustls::client::Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let slow = DialError::Slow { address, limit: handshake.limit };
    let made = timeout(handshake.limit, connector.connect(name, stream)).await.map_err(|_| slow)?;
    let stream = made.map_err(|error| DialError::of_tls(address, &error))?;
    let session = stream.get_ref().1;
    let chain = session.peer_certificates().unwrap_or_default();
    let shown = Shown {
        chain: chain.iter().map(|certificate| certificate.clone().into_owned()).collect(),
        protocol: session.alpn_protocol().map(<[u8]>::to_vec),
    };
    Ok((stream, shown))
}

/// Takes any certificate: it is judged afterwards, with a reason for people.
#[derive(Debug)]
struct Looking {
    algorithms: WebPkiSupportedAlgorithms,
    proof: bool,
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.proof {
            true => verify_tls12_signature(message, certificate, signed, &self.algorithms),
            false => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.proof {
            true => verify_tls13_signature(message, certificate, signed, &self.algorithms),
            false => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
