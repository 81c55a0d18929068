//! The certificate of TLS listeners, read from PEM files.

use crate::files;
use crate::finding::{Finding, Place, Severity};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Octets of either file.
const LARGEST: u64 = 1 << 20;

/// Reads a chain, the server's own certificate first, and its key.
///
/// # Errors
/// `CERTIFICATE_UNUSABLE`, which refuses no load, with the file to look at.
pub fn server_tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Finding> {
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(certificate, &error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unusable(certificate, &format!("{error}; the key is {}", key.display())))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<Vec<u8>, Finding> {
    files::read(path, LARGEST).map_err(|error| unusable(path, &error.to_string()))
}

fn unusable(path: &Path, what: &str) -> Finding {
    let remedy = "put the PEM file of the chain and that of its key where `certificate` and `key` of [acme] say, readable for \
                  the server; it looks again every minute and on a reload";
    let subject = path.display().to_string();
    let what = format!("HTTPS cannot be served: {what}");
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
