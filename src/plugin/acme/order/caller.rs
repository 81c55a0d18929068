//! The HTTP of an order.

use super::super::ca::{CaPlace, root_of};
use super::super::dial::{Handshake, Roots, connect, dial_limits, secure, send};
use bytes::Bytes;
use http::Request;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::PathAndQuery;
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// For one answer: a CA may validate while it is waited for, and gives an address that does not answer 30 seconds.
const PATIENCE: Duration = Duration::from_secs(45);
/// Octets of an answer.
const LARGEST_BODY: usize = 256 << 10;

/// Speaks with one CA and with nobody else.
pub(super) struct Caller(Arc<Line>);

struct Line {
    place: CaPlace,
    roots: Roots,
}

impl Caller {
    pub(super) fn new(place: CaPlace, roots: Roots) -> Self {
        Caller(Arc::new(Line { place, roots }))
    }
}

impl HttpClient for Caller {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let line = Arc::clone(&self.0);
        Box::pin(async move { line.call(request).await.map_err(|why| Error::Other(why.into())) })
    }
}

impl Line {
    async fn call(&self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, String> {
        let (mut head, body) = request.into_parts();
        let authority = head.uri.authority().map(ToString::to_string).unwrap_or_default();
        let own = self.place.authority();
        // RFC 3986 section 6.2.3: the scheme's own port may be written or not.
        if !authority.eq_ignore_ascii_case(&own) && !authority.eq_ignore_ascii_case(&format!("{own}:443")) {
            return Err(format!(
                "CA_LINK_HOST: the CA sends us to `{authority}`, and not to `{own}`; have the proxy in between pass Host on"
            ));
        }
        let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        head.uri = path.parse().map_err(|_| format!("`{path}` is no path"))?;
        let host = HeaderValue::from_str(&own).map_err(|_| format!("`{own}` is no host"))?;
        head.headers.insert(HOST, host);
        head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let body = body.collect().await.map_or_else(|never| match never {}, |body| body.to_bytes());
        let request = Request::from_parts(head, Full::new(body));
        let (_, limit) = dial_limits();
        let mut failed = "the CA has no address".to_owned();
        for address in self.place.addresses.iter().copied() {
            let stream = match connect(address).await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    failed = format!("CA_DOWN: {error}");
                    continue;
                }
            };
            let name = &self.place.host;
            let handshake = Handshake { address, name, protocols: &[b"http/1.1"], proof: true, limit };
            let (stream, shown) = secure(stream, handshake).await.map_err(|error| format!("CA_DOWN: {error}"))?;
            // Nothing was said yet.
            if let Some(fault) = self.roots.fault(&shown.chain, name) {
                return Err(format!("CA_UNTRUSTED: the certificate of {address} is not the CA's: {fault:?}"));
            }
            let fetched =
                send(stream, request, address, LARGEST_BODY, PATIENCE).await.map_err(|error| error.to_string())?;
            if !fetched.whole {
                return Err(format!("the CA's answer is longer than {LARGEST_BODY} octets"));
            }
            let mut response = http::Response::new(Full::new(Bytes::from(fetched.body)));
            *response.status_mut() = http::StatusCode::from_u16(fetched.status).map_err(|error| error.to_string())?;
            *response.headers_mut() = fetched.headers;
            return Ok(BytesResponse::from(response));
        }
        Err(failed)
    }
}

/// The roots that an order trusts: those of the file, else the one with the fingerprint.
pub(super) async fn trusted(place: &CaPlace, roots: Option<Roots>, fingerprint: Option<&str>) -> Option<Roots> {
    if roots.is_some() {
        return roots;
    }
    for address in &place.addresses {
        if let Some(found) = root_of(place, *address, fingerprint?).await {
            return Some(found);
        }
    }
    None
}
