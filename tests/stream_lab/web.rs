//! Upstreams that speak HTTP/2, each with its own idea of a page.

use super::Seen;
use super::reply;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use http::Response;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

/// What an upstream answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// As RFC 8484 wants it.
    Reply,
    /// A status.
    Status(u16),
    /// Another media type.
    Media(&'static str),
    /// A body of so many octets.
    Octets(usize),
    /// A reply under an id of its own.
    OtherId,
    /// Goes away after one reply.
    OneReply,
    /// Never answers.
    Silent,
    /// A status that is the path's and authority's affair: 404 unless they are as they should be.
    Only(&'static str),
}

pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, page: Page, seen: Arc<Seen>) {
    seen.open.fetch_add(1, Ordering::SeqCst);
    // Whatever goes wrong here is what the other side makes of it.
    let _ = talk(stream, page, &seen).await;
    seen.open.fetch_sub(1, Ordering::SeqCst);
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, page: Page, seen: &Arc<Seen>) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        seen.questions.fetch_add(1, Ordering::SeqCst);
        if page == Page::OneReply {
            connection.graceful_shutdown();
        }
        // The body and the answer go their way while the connection is looked after here.
        tokio::spawn(answer(request, respond, page, Arc::clone(seen)));
    }
    Ok(())
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    page: Page,
    seen: Arc<Seen>,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let is_dns = |name| head.headers.get(name).is_some_and(|media| media == "application/dns-message");
    let is_right = head.method == "POST" && is_dns("content-type") && is_dns("accept");
    let mut query = Vec::new();
    while let Some(data) = body.data().await {
        query.extend_from_slice(&data?);
    }
    seen.length.store(query.len(), Ordering::SeqCst);
    let fits = is_right && query.len() > 12 && query[..2] == [0, 0];
    let (mut status, mut media, mut octets) = (200, "application/dns-message", query.clone());
    match page {
        _ if !fits => status = 400,
        Page::Reply | Page::OneReply => octets = reply(&query),
        Page::Status(other) => status = other,
        Page::Media(other) => (media, octets) = (other, reply(&query)),
        Page::Octets(many) => {
            octets = reply(&query);
            octets.resize(many, 7);
        }
        Page::OtherId => octets = [&[1], &reply(&query)[1..]].concat(),
        Page::Silent => std::future::pending().await,
        Page::Only(uri) if head.uri == uri => octets = reply(&query),
        Page::Only(_) => status = 404,
    }
    let response = Response::builder().status(status).header("content-type", media).body(()).unwrap();
    let mut body = respond.send_response(response, false)?;
    // The octets wait in the connection for room at the peer.
    body.send_data(Bytes::from(octets), true)
}
