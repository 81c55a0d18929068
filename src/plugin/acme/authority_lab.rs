//! For tests: a certificate authority in memory, and a TLS server that says what a script tells it to.

use super::dial::Roots;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Signs certificates.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificate with its key.
pub(super) type Identity = Arc<CertifiedKey>;

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(super) fn roots(&self) -> Roots {
        Roots::of_pem(self.pem().as_bytes()).unwrap()
    }

    /// Valid from so many days after today to so many.
    pub(super) fn issue(&self, names: &[&str], days: (i64, i64)) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let day = |after: i64| {
            let date = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * after))
                .to_zoned(jiff::tz::TimeZone::UTC);
            date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8)
        };
        params.not_before = day(days.0);
        params.not_after = day(days.1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Arc::new(CertifiedKey::new(vec![certificate.der().clone()], any_supported_type(&private).unwrap()))
    }
}

#[derive(Debug)]
struct Always(Identity);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Identity> {
        Some(Arc::clone(&self.0))
    }
}

/// A server whose answers stand beside the paths that they are for; it ends when this is dropped.
pub(super) struct Site {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Site {
    /// `pages` are path prefixes and whole answers; the first that fits is sent, and 404 when none does. An answer that ends
    /// in `...` is followed by endless octets.
    pub(super) async fn start(identity: Identity, pages: &[(&str, &str)]) -> Self {
        let builder = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = builder.with_cert_resolver(Arc::new(Always(identity)));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pages: Arc<Vec<(String, String)>> =
            Arc::new(pages.iter().map(|(path, answer)| ((*path).to_owned(), (*answer).to_owned())).collect());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, pages) = (acceptor.clone(), Arc::clone(&pages));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut buffer = vec![0; 4096];
                    let length = stream.read(&mut buffer).await.unwrap_or(0);
                    let asked = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    let path = asked.split(' ').nth(1).unwrap_or_default();
                    let page = pages.iter().find(|(begin, _)| path.starts_with(begin.as_str()));
                    let missing = answer(404, "text/plain", "404 page not found\n");
                    let answer = page.map_or(missing, |(_, answer)| answer.clone());
                    match answer.strip_suffix("...") {
                        Some(begin) => {
                            let mut outcome = stream.write_all(begin.as_bytes()).await;
                            while outcome.is_ok() {
                                outcome = stream.write_all(&[b'x'; 4096]).await;
                            }
                        }
                        None => {
                            let _ = stream.write_all(answer.as_bytes()).await;
                            let _ = stream.shutdown().await;
                        }
                    }
                });
            }
        });
        Site { address, task }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A whole answer.
pub(super) fn answer(status: u16, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
