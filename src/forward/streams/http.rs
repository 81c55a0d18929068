//! DNS over HTTPS (RFC 8484): each question a POST of its own on one HTTP/2 connection.

use super::super::stream::StreamError;
use super::link::Failure;
use crate::dns::HEADER;
use bytes::Bytes;
use h2::Reason;
use h2::client::Builder;
use h2::client::Connection;
use h2::client::SendRequest;
use http::HeaderMap;
use http::Method;
use http::Request;
use http::StatusCode;
use http::Uri;
use http::header::ACCEPT;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

/// One connection. Dropped, it ends its task, and the connection with it.
#[derive(Debug)]
pub(super) struct Http {
    sender: SendRequest<Bytes>,
    uri: Uri,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    closed: AtomicBool,
    asked: AtomicUsize,
    under_way: AtomicUsize,
}

/// RFC 8484 section 6.
const MEDIA: &str = "application/dns-message";

/// Octets of all header fields of a reply.
const MOST_HEADERS: u32 = 16 << 10;

/// A connection without questions for this long is closed.
const IDLE: Duration = Duration::from_secs(30);

impl Http {
    /// Begins to speak HTTP/2 over a connection, in a task of the current runtime.
    pub(super) async fn new<S>(stream: S, uri: Uri) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = Builder::new();
        builder.enable_push(false).max_header_list_size(MOST_HEADERS);
        let (sender, connection) = builder.handshake(stream).await.map_err(|error| error.to_string())?;
        let shared = Arc::new(Shared::default());
        tokio::spawn(drive(connection, Arc::clone(&shared)));
        Ok(Http { sender, uri, shared })
    }

    /// Whether questions may be asked on it.
    pub(super) fn is_open(&self) -> bool {
        !self.shared.closed.load(Ordering::Relaxed)
    }

    /// Asks and waits for the reply, without end.
    pub(super) async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let _under_way = UnderWay::begin(&self.shared);
        // The same question is the same request, which caches on the way can make use of (RFC 8484 section 4.1).
        let body = Bytes::from([&[0, 0], &message[2..]].concat());
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(CONTENT_TYPE, MEDIA)
            .header(ACCEPT, MEDIA)
            .header(CONTENT_LENGTH, body.len())
            .body(())
            .map_err(|error| Failure::lasting(StreamError::Http(error.to_string())))?;
        // Waits while the peer allows no further stream.
        let mut sender = self.sender.clone().ready().await.map_err(|error| failure(&error))?;
        let (response, mut stream) = sender.send_request(request, false).map_err(|error| failure(&error))?;
        stream.send_data(body, true).map_err(|error| failure(&error))?;
        let (head, mut body) = response.await.map_err(|error| failure(&error))?.into_parts();
        judge(head.status, &head.headers).map_err(|what| Failure::lasting(StreamError::Http(what)))?;
        let mut reply = Vec::new();
        while let Some(data) = body.data().await {
            let data = data.map_err(|error| failure(&error))?;
            if reply.len() + data.len() > usize::from(u16::MAX) {
                return Err(Failure::lasting(StreamError::Http(TOO_LONG.to_owned())));
            }
            reply.extend_from_slice(&data);
            body.flow_control().release_capacity(data.len()).map_err(|error| failure(&error))?;
        }
        match reply.get(..HEADER) {
            None => Err(Failure::lasting(StreamError::Malformed("the body is no DNS message"))),
            Some([0, 0, ..]) => {
                reply[..2].copy_from_slice(&message[..2]);
                Ok(reply)
            }
            Some(_) => Err(Failure::lasting(StreamError::Malformed("it has another id than the question"))),
        }
    }
}

const TOO_LONG: &str = "the body is longer than 65,535 octets";

/// Looks a reply over before its body is read.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
    if status != StatusCode::OK {
        return Err(format!("the upstream answers with status {status}"));
    }
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let media = text(CONTENT_TYPE).unwrap_or_default();
    if !media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(MEDIA)) {
        let shown: String = media.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(format!(
            "the upstream answers with `{shown}` in place of `{MEDIA}`: is this the URL of a resolver?"
        ));
    }
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > u64::from(u16::MAX)) {
        return Err(TOO_LONG.to_owned());
    }
    Ok(())
}

/// A connection that ends may be replaced and the question asked again; an error of the one stream stands.
fn failure(error: &h2::Error) -> Failure {
    if error.is_io() || error.is_go_away() || error.reason() == Some(Reason::REFUSED_STREAM) {
        let kind = error.get_io().map_or(io::ErrorKind::ConnectionAborted, io::Error::kind);
        return Failure::closed(StreamError::Broken(io::Error::new(kind, error.to_string())));
    }
    Failure::lasting(StreamError::Http(error.to_string()))
}

/// Counts a question for as long as it is under way.
struct UnderWay<'s>(&'s Shared);

impl<'s> UnderWay<'s> {
    fn begin(shared: &'s Shared) -> Self {
        shared.asked.fetch_add(1, Ordering::Relaxed);
        shared.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(shared)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps the connection going until it ends, or until nobody has asked for a while.
async fn drive<S: AsyncRead + AsyncWrite + Unpin>(connection: Connection<S>, shared: Arc<Shared>) {
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!("HTTP/2 connection to an upstream: {error}");
            }
        }
        () = idle(&shared) => {}
    }
    shared.closed.store(true, Ordering::Relaxed);
}

/// Ends when nobody has asked for a while. A question that comes in the moment after is asked again elsewhere.
async fn idle(shared: &Shared) {
    let mut asked = shared.asked.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(IDLE).await;
        let now = shared.asked.load(Ordering::Relaxed);
        if now == asked && shared.under_way.load(Ordering::Relaxed) == 0 {
            shared.closed.store(true, Ordering::Relaxed);
            return;
        }
        asked = now;
    }
}
