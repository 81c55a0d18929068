//! HTTP listeners, with or without TLS: connections, their limits, their end. What is answered is for the routes.

use super::bind::{BindError, bind_tcp};
use super::quota::Quota;
use super::tcp::{LONGEST_PAUSE, SHORTEST_PAUSE, concerns_one_connection};
use crate::plugin::acme::doors::Peer;
use arc_swap::ArcSwapOption;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// What HTTP clients may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one IPv4 address or one IPv6 /56.
    pub per_client: usize,
    /// A head must be whole within this time, and a connection without a request for so long is closed.
    pub head: Duration,
    /// A request must be answered within this time from the end of its head.
    pub request: Duration,
    /// A TLS handshake must be done within this time.
    pub handshake: Duration,
    /// No connection lasts longer, so that a client that reads nothing gives its place back.
    pub connection: Duration,
    /// Octets of a head.
    pub head_octets: usize,
    /// Lines of a head.
    pub headers: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            connections: 64,
            per_client: 16,
            head: Duration::from_secs(10),
            request: Duration::from_secs(10),
            handshake: Duration::from_secs(5),
            connection: Duration::from_secs(300),
            head_octets: 8 << 10,
            headers: 64,
        }
    }
}

/// TLS of all connections that begin from now on; none for plain HTTP.
pub type HttpTls = Arc<ArcSwapOption<rustls::ServerConfig>>;

/// The listeners of one set of routes.
#[derive(Debug)]
pub struct HttpListeners {
    routes: Router,
    tls: HttpTls,
    limits: HttpLimits,
    quota: Arc<Quota>,
    runtime: Handle,
    open: BTreeMap<SocketAddr, Open>,
}

#[derive(Debug)]
struct Open {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl HttpListeners {
    /// No listener yet.
    pub fn new(routes: Router, tls: HttpTls, limits: HttpLimits, runtime: Handle) -> Self {
        let quota = Arc::new(Quota::new(limits.connections, limits.per_client));
        HttpListeners { routes, tls, limits, quota, runtime, open: BTreeMap::new() }
    }

    /// Listens on these addresses and on no others; connections of those that are left end when their request is answered.
    ///
    /// # Errors
    /// Each address that cannot be listened on; the others are.
    pub fn follow(&mut self, addresses: &[SocketAddr]) -> Result<(), Vec<BindError>> {
        self.open.retain(|address, open| {
            let stays = addresses.contains(address) && !open.serving.is_finished();
            if !stays {
                let _ = open.stop.send(true);
            }
            stays
        });
        let mut errors = Vec::new();
        for address in addresses {
            if self.open.contains_key(address) {
                continue;
            }
            match bind_tcp(*address) {
                Ok(listener) => self.adopt(*address, listener).unwrap_or_else(|error| {
                    errors.push(BindError::of_tcp(*address, &error));
                }),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The addresses that are listened on.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.open.values().map(|open| open.local).collect()
    }

    fn adopt(&mut self, address: SocketAddr, listener: std::net::TcpListener) -> io::Result<()> {
        let _inside = self.runtime.enter();
        let local = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared { routes: self.routes.clone(), tls: Arc::clone(&self.tls), limits: self.limits });
        let serving = self.runtime.spawn(accept(listener, shared, Arc::clone(&self.quota), stopped));
        self.open.insert(address, Open { local, stop, serving });
        Ok(())
    }

    /// Takes no more connections, and waits at most so long until requests that have begun are answered.
    pub async fn stop(self, patience: Duration) {
        for open in self.open.values() {
            let _ = open.stop.send(true);
        }
        let all = async {
            for open in self.open.into_values() {
                let _ = open.serving.await;
                // Each connection holds a receiver until it is done.
                open.stop.closed().await;
            }
        };
        let _ = timeout(patience, all).await;
    }
}

struct Shared {
    routes: Router,
    tls: HttpTls,
    limits: HttpLimits,
}

/// Takes connections until `stop` turns true.
async fn accept(listener: TcpListener, shared: Arc<Shared>, quota: Arc<Quota>, mut stop: watch::Receiver<bool>) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, client)) => {
                pause = SHORTEST_PAUSE;
                // Beyond the cap a connection is closed at once: its client may come again.
                let Some(place) = quota.take(client.ip()) else { continue };
                let (shared, stop) = (Arc::clone(&shared), stop.clone());
                tokio::spawn(async move {
                    let limit = shared.limits.connection;
                    let _ = timeout(limit, secured(stream, client, &shared, stop)).await;
                    drop(place);
                });
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Descriptors or memory have run out: the connection stays in the queue, and asking again at once would
                // only burn a core until some other connection ends.
                if pause == SHORTEST_PAUSE {
                    tracing::warn!("no HTTP connection can be taken for now: {error}; raise LimitNOFILE=");
                }
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = stop.wait_for(|stop| *stop) => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// One connection, with the TLS of this moment.
async fn secured(stream: TcpStream, client: SocketAddr, shared: &Shared, stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let peer = Peer { client, local };
    match shared.tls.load_full() {
        None => serve(stream, peer, shared, stop).await,
        Some(config) => {
            let handshake = timeout(shared.limits.handshake, TlsAcceptor::from(config).accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                serve(stream, peer, shared, stop).await;
            }
        }
    }
}

/// Requests and answers, one after the other.
async fn serve<S>(stream: S, peer: Peer, shared: &Shared, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let routes = TowerToHyperService::new(shared.routes.clone());
    let limit = shared.limits.request;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let answer = routes.call(request.map(Body::new));
        async move { Ok::<_, Infallible>(timeout(limit, answer).await.map_or_else(|_| too_late(), unfailing)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head)
        .max_buf_size(shared.limits.head_octets)
        .max_headers(shared.limits.headers);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    // What breaks a connection is its client's affair.
    let _ = connection.await;
}

/// Routes answer everything; their errors are of a type without values.
fn unfailing(answer: Result<Response<Body>, Infallible>) -> Response<Body> {
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn too_late() -> Response<Body> {
    let mut response = Response::new(Body::from(r#"{"error":"timeout"}"#));
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
