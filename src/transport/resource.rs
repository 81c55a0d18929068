//! The resource of DNS over HTTPS (RFC 8484): a request in, a response out.

use super::exchange::{Shared, Unanswered, exchange};
use crate::counters::Event;
use crate::dns::freshness;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use std::net::IpAddr;
use tokio::time::timeout;

/// The only path there is; what DDR tells clients (RFC 9461 section 5).
pub const DOH_PATH: &str = "/dns-query";

const MEDIA_TYPE: &str = "application/dns-message";
/// Octets of a question; the longest message.
const LARGEST: usize = u16::MAX as usize;

/// Why a request gets no DNS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refused(StatusCode, &'static str);

const NO_MESSAGE: Refused = Refused(StatusCode::BAD_REQUEST, "no DNS query");

/// Answers a request. The client is who sent it, whatever its headers say.
pub(super) async fn reply(request: Request<Incoming>, client: IpAddr, shared: &Shared) -> Response<Full<Bytes>> {
    match answered(request, client, shared).await {
        Ok(response) => response,
        Err(refused) => {
            if refused.0.is_client_error() {
                shared.counters.count(Event::ProtocolBroken);
            }
            said(refused)
        }
    }
}

async fn answered(
    request: Request<Incoming>,
    client: IpAddr,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, Refused> {
    if request.uri().path() != DOH_PATH {
        return Err(Refused(StatusCode::NOT_FOUND, "DNS is at /dns-query"));
    }
    let reply = match *request.method() {
        Method::GET => {
            let message = asked_in(request.uri().query().unwrap_or_default()).ok_or(NO_MESSAGE)?;
            exchange(shared, client, &message).await
        }
        Method::POST => {
            if !is_message(request.headers()) {
                return Err(Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/dns-message"));
            }
            let body = request.into_body();
            let largest =
                body.size_hint().exact().map_or(LARGEST, |exact| usize::try_from(exact).unwrap_or(usize::MAX));
            if largest > LARGEST {
                return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, "a DNS message has at most 65535 octets"));
            }
            let share = shared.budget.share(largest).ok_or(unanswered(Unanswered::NoRoom))?;
            let message = match timeout(shared.limits.message, Limited::new(body, LARGEST).collect()).await {
                Ok(Ok(message)) => message.to_bytes(),
                Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                    return Err(Refused(StatusCode::PAYLOAD_TOO_LARGE, "a DNS message has at most 65535 octets"));
                }
                Ok(Err(_)) => return Err(NO_MESSAGE),
                Err(_) => return Err(Refused(StatusCode::REQUEST_TIMEOUT, "the message did not come in time")),
            };
            let reply = exchange(shared, client, &message).await;
            drop(share);
            reply
        }
        _ => return Err(Refused(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST")),
    };
    let reply = reply.map_err(unanswered)?;
    let seconds = freshness(reply.octets());
    // What the octets take of the budget is given back when they have left.
    let mut response = Response::new(Full::new(Bytes::from_owner(reply)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    // Who asks decides what is answered: no cache between may keep it for others (RFC 9111 section 5.2.2.7).
    if let Ok(control) = HeaderValue::try_from(format!("private, max-age={seconds}")) {
        headers.insert(header::CACHE_CONTROL, control);
    }
    Ok(response)
}

/// The message in the first variable `dns` of a URL's query (RFC 8484 section 4.1.1); without padding, as base64url is
/// there.
fn asked_in(query: &str) -> Option<Vec<u8>> {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("dns="))?;
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// The media type alone counts; it has no parameters, and letters of any case.
fn is_message(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

fn unanswered(why: Unanswered) -> Refused {
    match why {
        Unanswered::NoQuery => NO_MESSAGE,
        Unanswered::NoRoom => Refused(StatusCode::SERVICE_UNAVAILABLE, "too much is under way"),
        Unanswered::NotTold => Refused(StatusCode::GATEWAY_TIMEOUT, "no reply came"),
    }
}

fn said(Refused(status, text): Refused) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message is found in a URL as RFC 8484 section 4.1.1 writes it, and nowhere else.
    #[test]
    fn a_message_is_found_in_a_url() {
        let table: [(&str, &str, Option<&[u8]>); 6] = [
            ("alone", "dns=AAEC", Some(&[0, 1, 2])),
            ("beside another", "ct=x&dns=_-8", Some(&[0xff, 0xef])),
            ("none", "name=example.org", None),
            ("nothing in it", "dns=", Some(&[])),
            ("padding", "dns=AA==", None),
            ("not base64url", "dns=+/8", None),
        ];
        for (why, query, expected) in table {
            assert_eq!(asked_in(query).as_deref(), expected, "{why}");
        }
    }
}
