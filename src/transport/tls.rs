//! DNS over TLS (RFC 7858): the handshake, then a connection as over TCP.

use super::connection::serve;
use super::encrypted::Places;
use super::exchange::Shared;
use super::stream::Secured;
use crate::counters::Event;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Serves one connection in a task of its own, if there is a place for it.
pub(super) fn begin(
    stream: TcpStream,
    client: SocketAddr,
    config: &Arc<ServerConfig>,
    shared: &Arc<Shared>,
    places: &Places,
    stop: &watch::Receiver<bool>,
) {
    let Some(place) = places.take(client.ip()) else {
        shared.counters.count(Event::SecureRefused);
        return;
    };
    let (config, shared, mut stop) = (Arc::clone(config), Arc::clone(shared), stop.clone());
    tokio::spawn(async move {
        if let Some(stream) = handshake(stream, config, &shared, &mut stop).await {
            let (tcp, tls) = stream.into_inner();
            serve(Secured::new(tcp, tls), client.ip(), shared, stop).await;
        }
        drop(place);
    });
}

/// A connection whose handshake is done in time; none when it is not, or the server stops before.
pub(super) async fn handshake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    shared: &Shared,
    stop: &mut watch::Receiver<bool>,
) -> Option<TlsStream<TcpStream>> {
    let _ = stream.set_nodelay(true);
    let done = tokio::select! {
        done = timeout(shared.limits.handshake, TlsAcceptor::from(config).accept(stream)) => done,
        _ = stop.wait_for(|stop| *stop) => return None,
    };
    match done {
        Ok(Ok(stream)) => {
            shared.counters.count(Event::SecureAccepted);
            Some(stream)
        }
        _ => {
            shared.counters.count(Event::HandshakeFailed);
            None
        }
    }
}
