//! Passes a misdirected challenge on to where our zones send the CA, so that it succeeds in spite of the fault.
//!
//! The target is an address that our own zones tell, within `probe_allow`, never this machine, port 80 only. One hop: what
//! was relayed carries a mark and is relayed no further.

use super::super::dial::connect;
use super::super::dial::dial_limits;
use super::super::probe::Ports;
use super::super::probe::Target;
use super::super::probe::allowed_prefixes;
use super::super::probe::target;
use super::hall::Doors;
use super::hall::count;
use super::own_address::is_own;
use crate::config::Challenge;
use crate::dns::Name;
use crate::dns::present_name;
use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Request;
use http::StatusCode;
use http::header;
use http_body_util::BodyExt;
use http_body_util::Empty;
use http_body_util::Limited;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::IpAddr;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The mark of a relayed request.
const MARK: HeaderName = HeaderName::from_static("horizon-relayed");
const AGENT: &str = concat!("horizon-dns/", env!("CARGO_PKG_VERSION"), " (acme relay)");
/// Octets of a reply's body; a key authorization has some 90.
const LARGEST: usize = 4 << 10;
/// Octets of its head; hyper takes no smaller limit.
const LARGEST_HEAD: usize = 8 << 10;
const MOST_HEADERS: usize = 64;

/// True for a request that a relay has passed on already.
pub(super) fn is_marked(headers: &HeaderMap) -> bool {
    headers.contains_key(MARK)
}

/// Passes the request for `path` on to the first of the addresses that may be called, and gives its reply; none when none
/// may be called or none answers.
pub(super) async fn relay(doors: &Doors, name: &Name, path: &str, told: &[IpAddr]) -> Option<Response> {
    let allowed = allowed_prefixes(&doors.live.load().settings);
    let host = present_name(name.as_slice());
    let host = host.trim_end_matches('.');
    let Ok(_place) = doors.relaying.try_acquire() else {
        tracing::warn!("the challenge for {host} is not relayed: too many are under way");
        return None;
    };
    for address in told.iter().filter(|address| !is_own(**address)) {
        let target = match target(*address, Challenge::Http01, Ports::FIXED, &allowed, &[]) {
            Ok(target) => target,
            Err(barred) => {
                tracing::warn!("the challenge for {host} is not relayed to {address}: {barred}");
                continue;
            }
        };
        match passed_on(target, host, path).await {
            Ok(response) => {
                count(&doors.counts.relayed);
                tracing::info!("the challenge for {host} was relayed to {address}: {}", response.status());
                return Some(response);
            }
            Err(why) => tracing::warn!("the challenge for {host} could not be relayed to {address}: {why}"),
        }
    }
    None
}

/// The reply of one address, within the time of a whole request.
async fn passed_on(target: Target, host: &str, path: &str) -> Result<Response, String> {
    let (_, limit) = dial_limits();
    let exchange = async {
        let (stream, _) = connect(target.address()).await.map_err(|error| error.to_string())?;
        exchange(stream, host, path).await
    };
    timeout(limit, exchange).await.map_err(|_| format!("no whole reply within {} s", limit.as_secs()))?
}

async fn exchange(stream: TcpStream, host: &str, path: &str) -> Result<Response, String> {
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, AGENT)
        .header(header::CONNECTION, "close")
        .header(MARK, "1")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LARGEST_HEAD).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let answer = async {
        let (head, body) = sender.send_request(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| error.to_string())?;
        Ok(reply(head.status, &head.headers, body.to_bytes()))
    };
    tokio::pin!(connection, answer);
    tokio::select! {
        biased;
        reply = &mut answer => reply,
        // The connection has ended; what it had read is still on its way.
        _ = &mut connection => answer.await,
    }
}

/// Of the head only what a CA needs.
fn reply(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for kept in [header::CONTENT_TYPE, header::LOCATION] {
        if let Some(value) = headers.get(&kept) {
            response.headers_mut().insert(kept, value.clone());
        }
    }
    response.headers_mut().insert(MARK, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    /// What a responder that sends `text` and then `then` comes to.
    async fn answered(text: &'static [u8], endless: bool) -> (Result<Response, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let responder = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = vec![0; 4096];
            let length = stream.read(&mut seen).await.unwrap();
            let _ = stream.write_all(text).await;
            while endless && stream.write_all(&[b'x'; 1024]).await.is_ok() {}
            String::from_utf8_lossy(&seen[..length]).to_lowercase()
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let path = "/.well-known/acme-challenge/abc";
        let reply = timeout(Duration::from_secs(10), exchange(stream, "app.example.org", path)).await.unwrap();
        (reply, responder.await.unwrap())
    }

    /// The reply comes through with nothing but what a CA needs, and the request carries the mark.
    #[tokio::test]
    async fn a_reply_comes_through() {
        let text = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na.b";
        let (reply, seen) = answered(text, false).await;
        let (head, body) = reply.unwrap().into_parts();
        assert_eq!((head.status.as_u16(), head.headers.len()), (200, 2));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "a.b");
        assert!(seen.starts_with("get /.well-known/acme-challenge/abc http/1.1\r\n"), "{seen}");
        assert!(seen.contains("host: app.example.org\r\n") && seen.contains("horizon-relayed: 1\r\n"), "{seen}");
    }

    /// A body without an end, a head without an end and what is no HTTP are errors, not memory.
    #[tokio::test]
    async fn a_reply_without_end_is_given_up() {
        for (text, endless) in [
            (&b"HTTP/1.1 200 OK\r\n\r\n"[..], true),
            (b"HTTP/1.1 200 OK\r\nX: ", true),
            (b"SSH-2.0-x\r\n", false),
            (b"", false),
        ] {
            let (reply, _) = answered(text, endless).await;
            assert!(reply.is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
