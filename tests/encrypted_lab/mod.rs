//! Encrypted listeners of a server inside the test process, an authority for their certificate, and clients.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../stream_lab/authority.rs"]
mod authority;

pub(crate) use authority::Authority;

use crate::transport_lab::{Lab, framed, query};
use horizon_dns::dns::Rtype;
use horizon_dns::transport::{CertificateOf, EncryptedListeners, Encryption, Identity, Limits, Pair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The server's name in its certificate.
pub(crate) const NAME: &str = "dns.example.org";

/// A server that also listens for encrypted DNS, on port 0 of 127.0.0.1 for each transport.
pub(crate) struct Encrypted {
    pub(crate) lab: Lab,
    pub(crate) authority: Authority,
    pub(crate) identity: Arc<Identity>,
    listeners: Option<EncryptedListeners>,
    pub(crate) tls: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) quic: SocketAddr,
}

/// A client's TLS over a socket.
pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

impl Encrypted {
    pub(crate) fn new(limits: Limits) -> Self {
        let lab = Lab::new(&["127.0.0.1:0"], limits);
        let authority = Authority::new();
        let identity = Arc::new(Identity::default());
        identity.show(pair(&authority));
        let mut listeners = lab.listeners.as_ref().unwrap().encrypted(Arc::clone(&identity));
        let wanted =
            [Encryption::Tls, Encryption::Https, Encryption::Quic].map(|how| (how, "127.0.0.1:0".parse().unwrap()));
        listeners.follow(&wanted).unwrap();
        let [tls, https, quic] = wanted.map(|(how, _)| {
            listeners.addresses().into_iter().find(|(other, _)| *other == how).map(|(_, address)| address).unwrap()
        });
        Encrypted { lab, authority, identity, listeners: Some(listeners), tls, https, quic }
    }

    /// Shows another certificate of the same authority.
    pub(crate) fn renew(&self) {
        self.identity.show(pair(&self.authority));
    }

    /// A client's settings that trust the authority.
    pub(crate) fn client(&self, protocol: &[u8]) -> ClientConfig {
        client(&self.authority.root(), protocol)
    }

    /// A connection whose handshake is done.
    pub(crate) fn connect(&self, address: SocketAddr, protocol: &[u8]) -> std::io::Result<Secured> {
        connect(address, self.client(protocol))
    }

    /// DNS over TLS.
    pub(crate) fn dot(&self) -> Secured {
        self.connect(self.tls, b"dot").unwrap()
    }

    pub(crate) fn stop(&mut self) {
        let listeners = self.listeners.take().unwrap();
        self.lab.runtime.block_on(listeners.stop(Duration::from_secs(10)));
    }

    /// `kdig` with these words before the question, trusting the authority; gives what it prints.
    pub(crate) fn kdig(&self, address: SocketAddr, words: &[&str]) -> String {
        kdig(&self.authority.root(), address, words)
    }
}

fn pair(authority: &Authority) -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.files(&[NAME, "127.0.0.1"]);
    let paths = [folder.path().join("own.crt"), folder.path().join("own.key")];
    std::fs::write(&paths[0], certificate).unwrap();
    std::fs::write(&paths[1], key).unwrap();
    Pair::read(&paths[0], &paths[1], CertificateOf::Dns).unwrap()
}

pub(crate) fn client(root: &Path, protocol: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

pub(crate) fn connect(address: SocketAddr, config: ClientConfig) -> std::io::Result<Secured> {
    connect_as(address, config, NAME)
}

/// As [`connect`]; the certificate must be for this name.
pub(crate) fn connect_as(address: SocketAddr, config: ClientConfig, name: &str) -> std::io::Result<Secured> {
    let tcp = TcpStream::connect(address)?;
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(tls, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

pub(crate) fn kdig(root: &Path, address: SocketAddr, words: &[&str]) -> String {
    let output = Command::new("kdig")
        .args([&format!("@{}", address.ip()), "-p", &address.port().to_string(), "+retry=0", "+time=20"])
        .args([&format!("+tls-ca={}", root.display()), &format!("+tls-hostname={NAME}")])
        .args(words)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether a program of Debian's is here; says so when it is not.
pub(crate) fn is_here(program: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok();
    if !here {
        eprintln!("skipped: there is no {program}");
    }
    here
}

/// Reads one message with its length; none at the end.
pub(crate) fn message(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// Asks for `www.example.org` and gives the answer.
pub(crate) fn ask(stream: &mut Secured, id: u16) -> Option<Vec<u8>> {
    stream.write_all(&framed(&query(id, "www.example.org", Rtype::A))).ok()?;
    message(stream)
}

/// A query with EDNS and an empty option PADDING.
pub(crate) fn padded(id: u16, name: &str, rtype: Rtype) -> Vec<u8> {
    let mut message = query(id, name, rtype);
    message[11] = 1;
    message.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\x04\0\x0c\0\0");
    message
}

/// The serial number of the certificate that a client was shown.
pub(crate) fn shown(stream: &Secured) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}
