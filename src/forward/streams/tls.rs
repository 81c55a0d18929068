//! What TLS to upstreams begins with, and what its errors say to people. No I/O.

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::Error;
use rustls::RootCertStore;
use rustls::crypto::ring::default_provider;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// TLS 1.2 and 1.3 to peers whose certificate leads to one of these roots. Sessions are resumed where the peer allows it.
pub(super) fn client(roots: Arc<RootCertStore>, protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Says why there is no session; none when it is no error of TLS. `roots` is the file that was read for them.
pub(super) fn words(error: &io::Error, name: &str, roots: Option<&Path>) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let words = match error {
        Error::InvalidCertificate(error) => certificate(error, name, roots),
        Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the upstream speaks neither TLS 1.2 nor 1.3".to_owned()
        }
        Error::AlertReceived(alert) => format!("the upstream ended the handshake with the alert {alert:?}"),
        Error::InvalidMessage(_) => "what the upstream says is no TLS: is this its port for it?".to_owned(),
        Error::NoApplicationProtocol => "the upstream speaks no HTTP/2".to_owned(),
        error => error.to_string(),
    };
    Some(words)
}

fn certificate(error: &CertificateError, name: &str, roots: Option<&Path>) -> String {
    match error {
        CertificateError::UnknownIssuer => match roots {
            Some(roots) => format!(
                "the certificate of `{name}` leads to none of the roots in {}; put that of its issuer there, or do without \
                 `roots` if it is a public one",
                roots.display()
            ),
            None => format!(
                "the certificate of `{name}` leads to no public certificate authority; write the file with that of its \
                 issuer as `roots` of `[forward]`"
            ),
        },
        CertificateError::NotValidForName => format!("the certificate is not for `{name}`"),
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let presented = presented.iter().take(4).map(|name| printable(name)).collect::<Vec<_>>();
            format!("the certificate is not for `{name}`, it is for {}", presented.join(", "))
        }
        CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is not for `{name}`, and for no other")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of `{name}` has expired, or the clock here is wrong")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of `{name}` is not valid yet, or the clock here is wrong")
        }
        error => format!("the certificate of `{name}` is bad: {error}"),
    }
}

/// A name of a peer's certificate, for one line of a log: out of `DnsName("name")`, as it comes from the library.
fn printable(text: &str) -> String {
    let name = text.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")")).unwrap_or(text);
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}
