//! Makes a connection to an upstream: its addresses, TCP, TLS, HTTP/2.

use super::super::stream::StreamError;
use super::framed::Framed;
use super::http::Http;
use super::link::Kind;
use super::link::Link;
use super::names::Names;
use super::settings::StreamSettings;
use super::tls::words;
use crate::config::Host;
use crate::config::Upstream;
use crate::config::Way;
use http::Uri;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What connections are made with.
#[derive(Debug)]
pub(super) struct Means {
    runtime: Handle,
    stopped: watch::Receiver<bool>,
    settings: StreamSettings,
    names: Names,
}

impl Means {
    pub(super) fn new(runtime: Handle, stopped: watch::Receiver<bool>, settings: StreamSettings) -> Self {
        let names = Names::new(settings.bootstrap.clone());
        Means { runtime, stopped, settings, names }
    }

    pub(super) fn are_of(&self, settings: &StreamSettings) -> bool {
        self.settings.is_same(settings)
    }

    /// Runs a task that ends when the streams do.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stopped.clone();
        self.runtime.spawn(async move {
            tokio::select! {
                () = task => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }
}

/// Why there is no connection; told to all who wanted one.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    Connect(io::ErrorKind, String),
    Tls(String),
    Http(String),
    Unresolved(String),
}

impl Trouble {
    pub(super) fn error(&self) -> StreamError {
        match self {
            Trouble::Connect(kind, text) => StreamError::Connect(io::Error::new(*kind, text.clone())),
            Trouble::Tls(text) => StreamError::Tls(text.clone()),
            Trouble::Http(text) => StreamError::Http(text.clone()),
            Trouble::Unresolved(text) => StreamError::Unresolved(text.clone()),
        }
    }
}

/// For all of it together.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one address is waited for before the next is tried beside it (RFC 8305 section 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;
/// Without questions for this long, connections are closed; those that cost a handshake are kept longer.
const IDLE_TCP: Duration = Duration::from_secs(8);
const IDLE_TLS: Duration = Duration::from_secs(25);

/// Makes a connection.
pub(super) async fn connect(upstream: &Upstream, means: &Means) -> Result<Arc<Link>, Trouble> {
    let made = timeout(CONNECT, async {
        match &upstream.way {
            Way::Plain(address) => Ok(Kind::Framed(Framed::new(tcp(&[*address]).await?, IDLE_TCP))),
            Way::Tls { address, name } => {
                let stream = tls(tcp(&[*address]).await?, name, &means.settings.tls, means).await?;
                Ok(Kind::Framed(Framed::new(stream, IDLE_TLS)))
            }
            Way::Https { host, port, path, name } => https(host, *port, path, name.as_deref(), means).await,
        }
    });
    match made.await {
        Ok(made) => made.map(Link::new),
        Err(_) => Err(Trouble::Connect(
            io::ErrorKind::TimedOut,
            format!("none was made within {} seconds", CONNECT.as_secs()),
        )),
    }
}

/// Connects to the address that answers first; each is tried a little later than the one before, or when that has failed.
async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, Trouble> {
    let mut rest = addresses.iter().take(ADDRESSES).copied();
    let mut attempts = JoinSet::new();
    let mut failed: Option<Trouble> = None;
    loop {
        let next = rest.next();
        if let Some(address) = next {
            attempts.spawn(async move { TcpStream::connect(address).await.map_err(|error| (address, error)) });
        }
        let ended = match next {
            Some(_) => timeout(NEXT_ADDRESS, attempts.join_next()).await,
            None => Ok(attempts.join_next().await),
        };
        match ended {
            Ok(Some(Ok(Ok(stream)))) => {
                // A question is one small write that must not wait for others.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Some(Ok(Err((address, error))))) => {
                failed = failed.or(Some(Trouble::Connect(error.kind(), format!("{address}: {error}"))));
            }
            Ok(Some(Err(_))) | Err(_) => {}
            Ok(None) => {
                let none = || Trouble::Unresolved("it has no address".to_owned());
                return Err(failed.unwrap_or_else(none));
            }
        }
    }
}

async fn tls(
    stream: TcpStream,
    name: &str,
    config: &Arc<ClientConfig>,
    means: &Means,
) -> Result<TlsStream<TcpStream>, Trouble> {
    let server = ServerName::try_from(name.trim_end_matches('.').to_owned())
        .map_err(|_| Trouble::Tls(format!("`{name}` is no name that a certificate can have")))?;
    let connector = TlsConnector::from(Arc::clone(config));
    connector.connect(server, stream).await.map_err(|error| {
        let roots = means.settings.roots_file.as_deref();
        match words(&error, name, roots) {
            Some(words) => Trouble::Tls(words),
            None => Trouble::Tls(format!("the connection ended during the handshake: {error}")),
        }
    })
}

async fn https(host: &Host, port: u16, path: &str, name: Option<&str>, means: &Means) -> Result<Kind, Trouble> {
    let (addresses, written) = match host {
        Host::Address(ip) => (vec![*ip], ip.to_string()),
        Host::Name(host) => (means.names.addresses(host).await.map_err(Trouble::Unresolved)?, host.clone()),
    };
    let addresses: Vec<_> = addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    // A name after `#` is the URL's real host, and the address only the way there.
    let name = name.unwrap_or(&written);
    let authority = match (name.contains(':'), port) {
        (false, 443) => name.to_owned(),
        (false, port) => format!("{name}:{port}"),
        (true, 443) => format!("[{name}]"),
        (true, port) => format!("[{name}]:{port}"),
    };
    // The variable of a template is for GET (RFC 8484 section 4.1.1).
    let path = path.strip_suffix("{?dns}").unwrap_or(path);
    let uri = format!("https://{authority}{path}").parse::<Uri>().map_err(|error| Trouble::Http(error.to_string()))?;
    let stream = tls(tcp(&addresses).await?, name, &means.settings.https, means).await?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(Trouble::Http("the upstream speaks no HTTP/2".to_owned()));
    }
    Http::new(stream, uri).await.map(Kind::Http).map_err(Trouble::Http)
}
