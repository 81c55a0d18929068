//! One request over one connection that is there: a bounded head, a bounded part of the body, and no second request.

use super::DialError;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper::body::Body;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// Who asks, so that the logs of whoever is asked say so.
const AGENT: &str = concat!("horizon-dns/", env!("CARGO_PKG_VERSION"), " (acme check)");
/// Octets of a status line with its headers; hyper takes no smaller limit.
const LARGEST_HEAD: usize = 8 << 10;
const MOST_HEADERS: usize = 64;

/// What is asked, and how much of the answer is read.
#[derive(Debug, Clone, Copy)]
pub struct Get<'a> {
    /// Who is asked: only for errors, the connection is there already.
    pub address: SocketAddr,
    /// `Host`, with a port where it is not the scheme's own.
    pub host: &'a str,
    /// Begins with a slash.
    pub path: &'a str,
    /// Octets of the body that are read; what is beyond is left.
    pub most: usize,
    /// For the whole answer.
    pub limit: Duration,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its first octets.
    pub body: Vec<u8>,
    /// False when there was more of the body than may be read.
    pub whole: bool,
}

impl Fetched {
    /// A header as text for people: at most 200 characters, none of them a control character.
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        let text = String::from_utf8_lossy(value.as_bytes());
        Some(text.chars().map(|each| if each.is_control() { '?' } else { each }).take(200).collect())
    }
}

/// Sends one GET with `Connection: close`, without cookies and credentials, and reads the answer. Nothing is followed.
///
/// # Errors
/// [`DialError::Http`] for what is no HTTP answer, [`DialError::Slow`] for one that is not there in time: with a body that
/// never ends the limit of octets comes first, with one octet a second that of time.
pub async fn fetch<S>(stream: S, get: Get<'_>) -> Result<Fetched, DialError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let request = Request::builder()
        .method(Method::GET)
        .uri(get.path)
        .header(HOST, get.host)
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| DialError::Http { address: get.address, why: error.to_string() })?;
    send(stream, request, get.address, get.most, get.limit).await
}

/// Sends one request as it is and reads the answer, of whose body at most `most` octets. Nothing is followed.
///
/// # Errors
/// As [`fetch`].
pub async fn send<S, B>(
    stream: S,
    request: Request<B>,
    address: SocketAddr,
    most: usize,
    limit: Duration,
) -> Result<Fetched, DialError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    B: Body + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let slow = DialError::Slow { address, limit };
    timeout(limit, exchange(stream, request, address, most)).await.map_err(|_| slow)?
}

async fn exchange<S, B>(stream: S, request: Request<B>, address: SocketAddr, most: usize) -> Result<Fetched, DialError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
    B: Body + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let fault = |error: hyper::Error| DialError::Http { address, why: reasons(&error) };
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LARGEST_HEAD).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(fault)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(fault)?;
        let (head, mut rest) = response.into_parts();
        let mut fetched =
            Fetched { status: head.status.as_u16(), headers: head.headers, body: Vec::new(), whole: true };
        while let Some(frame) = rest.frame().await {
            let Ok(data) = frame.map_err(fault)?.into_data() else { continue };
            let room = most - fetched.body.len();
            fetched.body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                fetched.whole = false;
                break;
            }
        }
        Ok(fetched)
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        biased;
        fetched = &mut answer => fetched,
        // The connection has ended; what it had read is still on its way.
        _ = &mut connection => answer.await,
    }
}

/// An error with what is below it: hyper keeps the reason there.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text = format!("{text}: {error}");
        below = error.source();
    }
    text
}
