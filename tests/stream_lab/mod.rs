//! Scripted upstreams over TCP, TLS and HTTPS on loopback, and a client side that asks them through `Streams`.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authority;
mod framed;
mod web;

pub(crate) use authority::Authority;
pub(crate) use framed::Manner;
pub(crate) use web::Page;

use horizon_dns::config;
use horizon_dns::config::Upstream;
use horizon_dns::forward::Carry;
use horizon_dns::forward::StreamError;
use horizon_dns::forward::StreamSettings;
use horizon_dns::forward::Streams;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Longer than any test needs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A runtime with scripted upstreams and streams to them.
pub(crate) struct Lab {
    pub(crate) runtime: Runtime,
}

/// What an upstream saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicUsize,
    pub(crate) questions: AtomicUsize,
    /// Connections that are open now.
    pub(crate) open: AtomicUsize,
    /// Octets of the last question.
    pub(crate) length: AtomicUsize,
    /// TLS sessions that were taken up again.
    pub(crate) resumed: AtomicUsize,
}

impl Seen {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Lab { runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap() }
    }

    /// An upstream over TCP.
    pub(crate) fn plain(&self, manner: Manner) -> (SocketAddr, Arc<Seen>) {
        let (listener, address, seen) = self.listen();
        let told = Arc::clone(&seen);
        self.runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                told.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(framed::serve(stream, manner, Arc::clone(&told)));
            }
        });
        (address, seen)
    }

    /// An upstream over TLS.
    pub(crate) fn tls(&self, acceptor: TlsAcceptor, manner: Manner) -> (SocketAddr, Arc<Seen>) {
        let (listener, address, seen) = self.listen();
        let told = Arc::clone(&seen);
        self.runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    told.connections.fetch_add(1, Ordering::SeqCst);
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let resumed = stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
                    told.resumed.fetch_add(usize::from(resumed), Ordering::SeqCst);
                    framed::serve(stream, manner, told).await;
                });
            }
        });
        (address, seen)
    }

    /// An upstream over HTTPS.
    pub(crate) fn https(&self, acceptor: TlsAcceptor, page: Page) -> (SocketAddr, Arc<Seen>) {
        let (listener, address, seen) = self.listen();
        let told = Arc::clone(&seen);
        self.runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    told.connections.fetch_add(1, Ordering::SeqCst);
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    web::serve(stream, page, told).await;
                });
            }
        });
        (address, seen)
    }

    fn listen(&self) -> (TcpListener, SocketAddr, Arc<Seen>) {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address, Arc::default())
    }

    /// Streams with these lines in `[forward]`, as the settings give them.
    pub(crate) fn streams(&self, lines: &str) -> Streams {
        Streams::new(self.runtime.handle().clone(), StreamSettings::read(&settings(lines)).unwrap())
    }
}

/// Settings with these lines in `[forward]`.
pub(crate) fn settings(lines: &str) -> config::Settings {
    let text = format!("[[horizon]]\nname = \"lan\"\nclients = [\"any\"]\nforward = true\n[forward]\n{lines}\n");
    config::parse(&text, Path::new("horizon.toml")).unwrap()
}

/// The upstream that is written so.
pub(crate) fn upstream(text: &str) -> Upstream {
    settings(&format!("upstreams = [\"{text}\"]")).forward.upstreams[0].clone()
}

/// Asks and waits for the outcome.
pub(crate) fn ask(streams: &Streams, to: &Upstream, message: Vec<u8>, wait: Duration) -> Result<Vec<u8>, StreamError> {
    begin(streams, to, message, wait).recv_timeout(LONG * 2).expect("an outcome for every question")
}

/// Asks; the outcome comes over the channel.
pub(crate) fn begin(
    streams: &Streams,
    to: &Upstream,
    message: Vec<u8>,
    wait: Duration,
) -> mpsc::Receiver<Result<Vec<u8>, StreamError>> {
    let (sender, receiver) = mpsc::channel();
    // A test that has failed waits no more.
    let done = Box::new(move |outcome| drop(sender.send(outcome)));
    streams.ask(to, message, Instant::now() + wait, done);
    receiver
}

/// A query `<label>.example A` with an OPT record.
pub(crate) fn query(id: u16, label: &str) -> Vec<u8> {
    let mut message = [&id.to_be_bytes()[..], b"\x01\0\0\x01\0\0\0\0\0\x01"].concat();
    message.push(label.len() as u8);
    message.extend(label.as_bytes());
    message.extend(b"\x07example\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0");
    message
}

/// The reply that the scripted upstreams give.
pub(crate) fn reply(query: &[u8]) -> Vec<u8> {
    let mut reply = query.to_vec();
    reply[2] |= 0x80;
    reply
}

/// Whether this is the reply to that query; padding on the way does not count.
pub(crate) fn answers(query: &[u8], reply: &[u8]) -> bool {
    let end = query.len() - 11;
    reply.len() >= query.len() && reply[..2] == query[..2] && reply[2] & 0x80 != 0 && reply[12..end] == query[12..end]
}

/// Waits for a condition; panics after a while.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::yield_now();
    }
}
