//! The certificate of TLS listeners, read from PEM files.

use super::identity::Identity;
use crate::files;
use crate::finding::{Finding, Place, Severity};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;

/// Octets of either file.
const LARGEST: u64 = 1 << 20;

/// Where a certificate is for, as a finding must say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateOf {
    /// `[acme]`: the doors of ACME clients.
    Doors,
    /// `[tls]`: DNS over TLS, HTTPS and QUIC.
    Dns,
}

/// A chain and the key that fits it.
#[derive(Debug, Clone)]
pub struct Pair(pub(super) Arc<CertifiedKey>);

impl Pair {
    /// Reads a chain, the server's own certificate first, and its key.
    ///
    /// # Errors
    /// `CERTIFICATE_UNUSABLE`, which refuses no load, with the file to look at.
    pub fn read(certificate: &Path, key: &Path, of: CertificateOf) -> Result<Self, Finding> {
        let unusable = |path: &Path, what: &str| unusable(path, what, of);
        let read = |path: &Path| files::read(path, LARGEST).map_err(|error| unusable(path, &error.to_string()));
        let chain = read(certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
        let chain = chain.map_err(|error| unusable(certificate, &format!("not PEM: {error}")))?;
        if chain.is_empty() {
            return Err(unusable(certificate, "no certificate is in it"));
        }
        let private = read(key)?;
        // The error would not show the key, but says nothing that a person needs either.
        let private =
            PrivateKeyDer::from_pem_slice(&private).map_err(|_| unusable(key, "no private key in PEM is in it"))?;
        let provider = rustls::crypto::ring::default_provider();
        let pair = CertifiedKey::from_der(chain, private, &provider)
            .map_err(|error| unusable(certificate, &format!("{error}; the key is {}", key.display())))?;
        Ok(Pair(Arc::new(pair)))
    }

    /// When the server's own certificate begins and ends, in seconds since 1970; none when it cannot be read.
    pub fn validity(&self) -> Option<(i64, i64)> {
        let (_, certificate) = x509_parser::parse_x509_certificate(self.0.cert.first()?).ok()?;
        let validity = certificate.validity();
        Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
    }
}

/// TLS for HTTP/1.1 with a pair out of two files; see [`Pair::read`].
///
/// # Errors
/// `CERTIFICATE_UNUSABLE`, which refuses no load, with the file to look at.
pub fn server_tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Finding> {
    let identity = Arc::new(Identity::default());
    identity.show(Pair::read(certificate, key, CertificateOf::Doors)?);
    let config = identity.tls(&[b"http/1.1"]);
    config.map(Arc::new).map_err(|error| unusable(certificate, &error.to_string(), CertificateOf::Doors))
}

fn unusable(path: &Path, what: &str, of: CertificateOf) -> Finding {
    let (section, fails) = match of {
        CertificateOf::Doors => ("[acme]", "HTTPS cannot be served"),
        CertificateOf::Dns => ("[tls]", "the certificate cannot be served"),
    };
    let remedy = format!(
        "put the PEM file of the chain and that of its key where `certificate` and `key` of {section} say, readable for the \
         server; it looks again every minute and on a reload"
    );
    let subject = path.display().to_string();
    let what = format!("{fails}: {what}");
    Finding::new("CERTIFICATE_UNUSABLE", Severity::Error, subject, what, remedy).tolerated().seen_at(Place::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A pair that fits is taken; each fault names the file to look at.
    #[test]
    fn a_pair_is_taken_or_its_fault_named() {
        let folder = tempfile::tempdir().unwrap();
        let pair = |name: &str| {
            let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
            (made.cert.pem(), made.signing_key.serialize_pem())
        };
        let (path, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
        let ((certificate, own), (_, other)) = (pair("a.example"), pair("b.example"));
        let table = [
            ("a pair", certificate.as_str(), own.as_str(), None),
            ("another's key", &certificate, &other, Some("a.crt")),
            ("no key", &certificate, "", Some("a.key")),
            ("no certificate", "", &own, Some("a.crt")),
            ("swapped", &own, &certificate, Some("a.crt")),
        ];
        for (why, first, second, expected) in table {
            fs::write(&path, first).unwrap();
            fs::write(&key, second).unwrap();
            let fault = server_tls(&path, &key).err();
            let named = fault.as_ref().and_then(|finding| finding.places[0].file.file_name());
            assert_eq!(named.and_then(|name| name.to_str()), expected, "{why}: {fault:?}");
        }
        fs::remove_file(&key).unwrap();
        assert_eq!(server_tls(&path, &key).unwrap_err().code, "CERTIFICATE_UNUSABLE");
    }
}
