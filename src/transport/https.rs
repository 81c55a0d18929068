//! DNS over HTTPS (RFC 8484) over HTTP/1.1 and HTTP/2: connections and their limits. What is answered is for
//! [`super::resource`].

use super::encrypted::Places;
use super::exchange::Shared;
use super::resource::reply;
use super::tls::handshake;
use crate::counters::Event;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Octets of a request's head; the longest question in a URL is no longer.
const HEAD: usize = 16 << 10;
/// Lines of a head.
const HEADERS: usize = 64;
/// Requests that are under way on one HTTP/2 connection. Clients begin up to 100 before they hear of a limit (RFC 9113 section
/// 6.5.2): those beyond a smaller one would be refused.
const STREAMS: u32 = 128;

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
    let (config, shared, stop) = (Arc::clone(config), Arc::clone(shared), stop.clone());
    tokio::spawn(async move {
        serve(stream, client, config, shared, stop).await;
        drop(place);
    });
}

async fn serve(
    stream: TcpStream,
    client: SocketAddr,
    config: Arc<ServerConfig>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let Some(stream) = handshake(stream, config, &shared, &mut stop).await else { return };
    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let limits = shared.limits;
    let activity = Arc::new(Activity::new());
    let (asked, answering) = (Arc::clone(&activity), Arc::clone(&shared));
    let service = service_fn(move |request: Request<Incoming>| {
        let under_way = Activity::begin(&asked);
        let shared = Arc::clone(&answering);
        async move {
            let response = reply(request, client.ip(), &shared).await;
            drop(under_way);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.idle).max_buf_size(HEAD).max_headers(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD as u32)
        .max_send_buf_size(HEAD);
    let builder = if two { builder.http2_only() } else { builder.http1_only() };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut until = Instant::now() + limits.idle;
    loop {
        tokio::select! {
            // What breaks a connection is its client's affair.
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop) => break,
            () = sleep_until(until) => {
                until = activity.idle_until(limits.idle);
                if until <= Instant::now() {
                    shared.counters.count(Event::TcpClosedIdle);
                    break;
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    if timeout(limits.write, connection).await.is_err() {
        shared.counters.count(Event::TcpClosedSlow);
    }
}

/// Whether a connection is of use to its client.
#[derive(Debug)]
struct Activity(Mutex<(usize, Instant)>);

/// A request that is under way.
struct UnderWay(Arc<Activity>);

impl Activity {
    fn new() -> Self {
        Activity(Mutex::new((0, Instant::now())))
    }

    fn begin(this: &Arc<Self>) -> UnderWay {
        this.change(|count| count + 1);
        UnderWay(Arc::clone(this))
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (change(state.0), Instant::now());
    }

    /// When it has been idle for so long, if nothing comes before; a client that waits for us is not idle.
    fn idle_until(&self, idle: Duration) -> Instant {
        let (count, last) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count > 0 { Instant::now() + idle } else { last + idle }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.change(|count| count.saturating_sub(1));
    }
}
