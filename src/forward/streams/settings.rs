//! What streams to upstreams need of the settings, read and checked before they go live.

use super::tls::client;
use crate::config::Host;
use crate::config::Settings;
use crate::config::Upstream;
use crate::config::Way;
use crate::files;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Roots of trust, and who knows the addresses of upstreams that are written by name.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// The certificates of `roots`, in the order of the file; none for the public authorities.
    own_roots: Vec<CertificateDer<'static>>,
    pub(super) roots_file: Option<PathBuf>,
    pub(super) bootstrap: Vec<SocketAddr>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) https: Arc<ClientConfig>,
}

/// Octets of `roots`; all public authorities together take a quarter.
const LARGEST_ROOTS: u64 = 1 << 20;

impl StreamSettings {
    /// Reads what streams need: the file of `roots`, and who is asked for the addresses of upstreams.
    ///
    /// # Errors
    /// Findings that refuse the load: `FORWARD_ROOTS` for roots that cannot be used, `FORWARD_BOOTSTRAP` for an upstream
    /// that is written by name when there is nobody to ask for its address.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let bootstrap = bootstrap(settings, &mut findings);
        let mut own_roots = Vec::new();
        let mut store = RootCertStore::empty();
        match &settings.forward.roots {
            None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => match certificates(file, &mut store) {
                Ok(read) => own_roots = read,
                Err(finding) => findings.push(*finding),
            },
        }
        let store = Arc::new(store);
        match (client(Arc::clone(&store), &[]), client(store, &[b"h2"])) {
            (Ok(tls), Ok(https)) if findings.is_empty() => {
                Ok(StreamSettings { own_roots, roots_file: settings.forward.roots.clone(), bootstrap, tls, https })
            }
            (Err(error), _) | (_, Err(error)) => {
                let remedy = "write a file of certificates as `roots` of `[forward]`";
                findings.push(Finding::new("FORWARD_ROOTS", Severity::Error, "roots", error.to_string(), remedy));
                Err(findings)
            }
            _ => Err(findings),
        }
    }

    /// Whether both make the same connections.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.own_roots == other.own_roots && self.roots_file == other.roots_file && self.bootstrap == other.bootstrap
    }
}

/// What is wrong with the settings of streams to upstreams; see [`StreamSettings::read`].
pub fn stream_findings(settings: &Settings) -> Vec<Finding> {
    StreamSettings::read(settings).err().unwrap_or_default()
}

fn certificates(file: &Path, store: &mut RootCertStore) -> Result<Vec<CertificateDer<'static>>, Box<Finding>> {
    let fault = |what: String| {
        let remedy =
            "write a PEM file with the certificates of the authorities that your upstreams' certificates lead to";
        let finding = Finding::new("FORWARD_ROOTS", Severity::Error, "roots", what, remedy);
        Box::new(finding.seen_at(Place::file(file)))
    };
    let text = files::read(file, LARGEST_ROOTS).map_err(|error| fault(error.to_string()))?;
    let mut read = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| fault(format!("it is no PEM: {error}")))?;
        store.add(certificate.clone()).map_err(|error| {
            fault(format!("certificate {} in it is not one of an authority: {error}", read.len() + 1))
        })?;
        read.push(certificate);
    }
    if read.is_empty() { Err(fault("there is no certificate in it".to_owned())) } else { Ok(read) }
}

/// `bootstrap` or, without it, the upstreams that are asked over plain DNS for any name.
fn bootstrap(settings: &Settings, findings: &mut Vec<Finding>) -> Vec<SocketAddr> {
    let forward = &settings.forward;
    let common = forward.upstreams.iter().chain(settings.horizons.iter().flat_map(|horizon| &horizon.upstreams));
    let mut servers = forward.bootstrap.clone();
    if servers.is_empty() {
        for upstream in common.clone() {
            if let Way::Plain(address) = upstream.way
                && !servers.contains(&address)
            {
                servers.push(address);
            }
        }
    }
    if servers.is_empty() {
        let all = common.chain(forward.domains.iter().flat_map(|domain| &domain.upstreams));
        let mut named: Vec<_> = all.filter_map(|upstream| Some((upstream, host(upstream)?))).collect();
        named.dedup();
        findings.extend(named.into_iter().map(|(upstream, host)| {
            let what = format!("nobody can be asked for the address of `{host}`");
            let remedy = "write `bootstrap = [\"9.9.9.9\"]` into `[forward]`, or the address in place of the name and the name \
                          after `#`: `https://9.9.9.9/dns-query#dns.quad9.net`";
            Finding::new("FORWARD_BOOTSTRAP", Severity::Error, upstream.to_string(), what, remedy)
                .seen_at(Place::file(&settings.file))
        }));
    }
    servers
}

fn host(upstream: &Upstream) -> Option<&str> {
    match &upstream.way {
        Way::Https { host: Host::Name(name), .. } => Some(name),
        _ => None,
    }
}
