//! DNS over QUIC (RFC 9250): each question on a stream of its own. Handshakes run side by side, so that one that never ends
//! keeps nobody waiting.

use super::exchange::{Shared, Unanswered, exchange};
use super::frames::PREFIX;
use super::limits::Limits;
use super::quota::Quota;
use crate::counters::Event;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    Connection, Endpoint, EndpointConfig, Incoming, RecvStream, SendStream, TokioRuntime, TransportConfig, VarInt,
};
use rustls::ServerConfig;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Error codes of RFC 9250 section 4.3.
const NO_ERROR: VarInt = VarInt::from_u32(0);
const INTERNAL_ERROR: VarInt = VarInt::from_u32(1);
const PROTOCOL_ERROR: VarInt = VarInt::from_u32(2);
const REQUEST_CANCELLED: VarInt = VarInt::from_u32(3);
const EXCESSIVE_LOAD: VarInt = VarInt::from_u32(4);

/// Questions that are under way on one connection.
const STREAMS: u32 = 64;
/// Handshakes under way with clients that may not be where they say; beyond, a client must show it first.
const UNPROVEN: usize = 64;
/// Handshakes under way in all; beyond, first packets are dropped, and come again.
const HANDSHAKES: usize = 1024;
/// Octets of messages that wait on one connection, each way.
const WINDOW: u32 = 256 << 10;

/// An endpoint on a socket.
///
/// # Errors
/// The system or the library does not take the socket or the configuration.
pub(super) fn endpoint(socket: UdpSocket, tls: ServerConfig, limits: &Limits) -> io::Result<Endpoint> {
    let tls = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut transport = TransportConfig::default();
    let idle = limits.idle.try_into().map_err(io::Error::other)?;
    transport
        .max_idle_timeout(Some(idle))
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(0u8.into())
        .stream_receive_window((u32::from(u16::MAX) + PREFIX as u32).into())
        .receive_window(WINDOW.into())
        .send_window(WINDOW.into())
        .datagram_receive_buffer_size(None);
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    // The client's address chose its horizon: another one is another connection.
    config.migration(false).transport_config(Arc::new(transport));
    config.max_incoming(HANDSHAKES).incoming_buffer_size(16 << 10).incoming_buffer_size_total(4 << 20);
    Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime))
}

/// Takes connections until `stop` turns true, then waits until those that are open are done.
pub(super) async fn accept(
    endpoint: Endpoint,
    shared: Arc<Shared>,
    quota: Arc<Quota>,
    mut stop: watch::Receiver<bool>,
) {
    let unproven = Arc::new(AtomicUsize::new(0));
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some(incoming) = incoming else { break };
        let proven = incoming.remote_address_validated();
        if !proven && unproven.load(Ordering::Relaxed) >= UNPROVEN {
            shared.counters.count(Event::QuicRetry);
            // It cannot fail: the address is not validated.
            let _ = incoming.retry();
            continue;
        }
        let counted = (!proven).then(|| Counted::new(&unproven));
        let (shared, quota, stop) = (Arc::clone(&shared), Arc::clone(&quota), stop.clone());
        tokio::spawn(async move { begin(incoming, counted, shared, quota, stop).await });
    }
    endpoint.set_server_config(None);
    // Connections see `stop` themselves; what they say last must still leave.
    let _ = timeout(shared.limits.linger, endpoint.wait_idle()).await;
}

/// The handshake, then the connection.
async fn begin(
    incoming: Incoming,
    unproven: Option<Counted>,
    shared: Arc<Shared>,
    quota: Arc<Quota>,
    mut stop: watch::Receiver<bool>,
) {
    let client = incoming.remote_address().ip().to_canonical();
    let handshake = async { incoming.accept()?.await };
    let done = tokio::select! {
        done = timeout(shared.limits.handshake, handshake) => done,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    drop(unproven);
    let Ok(Ok(connection)) = done else { return shared.counters.count(Event::HandshakeFailed) };
    // Not before: who only says to be there takes no place of who is.
    let Some(_place) = quota.take(client) else {
        shared.counters.count(Event::SecureRefused);
        return connection.close(EXCESSIVE_LOAD, b"too many connections");
    };
    shared.counters.count(Event::SecureAccepted);
    serve(&connection, client, &shared, stop).await;
}

/// Answers streams until either side is done; the library ends a connection that is idle.
async fn serve(connection: &Connection, client: IpAddr, shared: &Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut questions = JoinSet::new();
    loop {
        let stream = tokio::select! {
            stream = connection.accept_bi() => stream,
            Some(_) = questions.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Ok((send, receive)) = stream else { return };
        let (connection, shared) = (connection.clone(), Arc::clone(shared));
        questions.spawn(async move { question(&connection, client, &shared, send, receive).await });
    }
    // What has arrived is answered.
    while let Ok(Ok((send, receive))) = timeout(LAST_LOOK, connection.accept_bi()).await {
        let (connection, shared) = (connection.clone(), Arc::clone(shared));
        questions.spawn(async move { question(&connection, client, &shared, send, receive).await });
        if questions.len() > STREAMS as usize {
            break;
        }
    }
    while questions.join_next().await.is_some() {}
    connection.close(NO_ERROR, b"");
}

/// How long a stopping connection waits for word of questions that have arrived.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// One question and its reply. What breaks the rules ends the connection (RFC 9250 section 4.3.3).
async fn question(connection: &Connection, client: IpAddr, shared: &Shared, mut send: SendStream, receive: RecvStream) {
    let asked = timeout(shared.limits.message, message(shared, receive)).await;
    let reply = match asked.unwrap_or(Err(Fault::Broken)) {
        Ok(message) => match exchange(shared, client, &message).await {
            Ok(reply) => reply,
            Err(Unanswered::NoQuery) => return break_off(connection, shared),
            Err(Unanswered::NoRoom) => return cancel(&mut send, EXCESSIVE_LOAD),
            Err(Unanswered::NotTold) => return cancel(&mut send, INTERNAL_ERROR),
        },
        Err(Fault::Broken) => return break_off(connection, shared),
        Err(Fault::NoRoom) => return cancel(&mut send, EXCESSIVE_LOAD),
        Err(Fault::Gone) => return cancel(&mut send, REQUEST_CANCELLED),
    };
    let Ok(length) = u16::try_from(reply.octets().len()) else { return cancel(&mut send, INTERNAL_ERROR) };
    let sending = async {
        send.write_all(&length.to_be_bytes()).await?;
        send.write_all(reply.octets()).await
    };
    match timeout(shared.limits.write, sending).await {
        Ok(Ok(())) => {
            let _ = send.finish();
            // The client has it when it says so; a connection that is closed before loses it.
            let _ = timeout(shared.limits.write, send.stopped()).await;
        }
        Ok(Err(_)) => shared.counters.count(Event::SendFailed),
        Err(_) => {
            shared.counters.count(Event::TcpClosedSlow);
            cancel(&mut send, EXCESSIVE_LOAD);
        }
    }
}

/// Why a stream gives no question.
enum Fault {
    /// The client broke the rules.
    Broken,
    /// All connections together hold too much.
    NoRoom,
    /// The client wants no answer any more.
    Gone,
}

/// The message of a stream: its length, its octets, the end of the stream (RFC 9250 section 4.2). Its ID is 0 (section
/// 4.2.1).
async fn message(shared: &Shared, mut receive: RecvStream) -> Result<Vec<u8>, Fault> {
    use quinn::ReadExactError::FinishedEarly;
    let fault = |error| if matches!(error, FinishedEarly(_)) { Fault::Broken } else { Fault::Gone };
    let mut length = [0; PREFIX];
    receive.read_exact(&mut length).await.map_err(fault)?;
    let length = usize::from(u16::from_be_bytes(length));
    let _share = shared.budget.share(length).ok_or(Fault::NoRoom)?;
    let mut message = vec![0; length];
    receive.read_exact(&mut message).await.map_err(fault)?;
    match receive.read(&mut [0]).await {
        Ok(None) => {}
        Ok(Some(_)) => return Err(Fault::Broken),
        Err(_) => return Err(Fault::Gone),
    }
    if message.get(..2) == Some(&[0, 0]) { Ok(message) } else { Err(Fault::Broken) }
}

fn break_off(connection: &Connection, shared: &Shared) {
    shared.counters.count(Event::ProtocolBroken);
    connection.close(PROTOCOL_ERROR, b"");
}

fn cancel(send: &mut SendStream, code: VarInt) {
    // One that was reset already needs no more.
    let _ = send.reset(code);
}

/// Counts as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
