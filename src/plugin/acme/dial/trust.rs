//! The roots that a CA's certificates must lead to, and whether a chain does.

use super::super::leaf::fingerprint;
use crate::files;
use crate::files::FileError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error as ThisError;

/// Octets of a file of roots.
const LARGEST_FILE: u64 = 1 << 20;
/// Certificates in it that are read.
const MOST_ROOTS: usize = 64;

/// The roots of a CA.
#[derive(Debug, Clone)]
pub struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    store: Arc<RootCertStore>,
}

/// Why there are no roots.
#[derive(Debug, ThisError)]
pub enum RootsError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] FileError),
    /// It holds no certificate that can be a root.
    #[error("no certificate is in it that a chain can end at")]
    Empty,
}

impl Roots {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn read(file: &Path) -> Result<Self, RootsError> {
        Roots::of_pem(&files::read(file, LARGEST_FILE)?)
    }

    /// Takes the certificates out of PEM text; what is no certificate is left out.
    ///
    /// # Errors
    /// [`RootsError::Empty`].
    pub fn of_pem(pem: &[u8]) -> Result<Self, RootsError> {
        Roots::of_certificates(CertificateDer::pem_slice_iter(pem).flatten().take(MOST_ROOTS))
    }

    /// Trusts these certificates.
    ///
    /// # Errors
    /// [`RootsError::Empty`].
    pub fn of_certificates(all: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        let certificates: Vec<_> = all.into_iter().filter(|one| store.add(one.clone()).is_ok()).collect();
        match certificates.is_empty() {
            true => Err(RootsError::Empty),
            false => Ok(Roots { certificates, store: Arc::new(store) }),
        }
    }

    /// SHA-256 of each, in lower-case hexadecimal digits.
    pub fn fingerprints(&self) -> Vec<String> {
        self.certificates.iter().map(|certificate| fingerprint(certificate)).collect()
    }

    /// For a client that refuses everybody else.
    pub(in crate::plugin::acme) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.store)
    }

    /// Says what is wrong with a chain, leaf first, for `name` at the time of now; none when nothing is. The words go
    /// after "the certificate".
    pub fn fault(&self, chain: &[CertificateDer<'_>], name: &str) -> Option<ChainFault> {
        let Some((leaf, between)) = chain.split_first() else { return Some(ChainFault::Unreadable) };
        let Ok(name) = ServerName::try_from(name.trim_end_matches('.').to_owned()) else {
            return Some(ChainFault::OtherName);
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(self.store(), Arc::new(default_provider())).build();
        let Ok(verifier) = verifier else { return Some(ChainFault::Untrusted) };
        match verifier.verify_server_cert(leaf, between, &name, &[], UnixTime::now()) {
            Ok(_) => None,
            Err(Error::InvalidCertificate(error)) => Some(match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => ChainFault::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => ChainFault::NotYet,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    ChainFault::OtherName
                }
                CertificateError::UnknownIssuer | CertificateError::BadSignature => ChainFault::Untrusted,
                CertificateError::BadEncoding => ChainFault::Unreadable,
                other => ChainFault::Other(other.to_string()),
            }),
            Err(other) => Some(ChainFault::Other(other.to_string())),
        }
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// It leads to none of the roots.
    Untrusted,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYet,
    /// It is for other names.
    OtherName,
    /// It is no certificate.
    Unreadable,
    /// What the library says.
    Other(String),
}
