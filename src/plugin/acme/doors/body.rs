//! Bodies of requests: bounded, and read as JSON whatever their Content-Type says. acme.sh sends JSON as
//! `application/x-www-form-urlencoded`.

use super::reply::Refused;
use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt;
use http_body_util::Limited;
use serde::de::DeserializeOwned;

/// Octets of a body. The longest one that means something has some 600.
const LARGEST: usize = 8 << 10;

/// The octets of a body.
pub(super) async fn read(body: Body) -> Result<Vec<u8>, Refused> {
    match Limited::new(body, LARGEST).collect().await {
        Ok(whole) => Ok(whole.to_bytes().to_vec()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let detail = format!("a body has at most {LARGEST} octets here");
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail))
        }
        Err(_) => Err(Refused::new(StatusCode::BAD_REQUEST, "bad_request", "the body did not come whole")),
    }
}

/// The JSON of a body.
pub(super) fn parse<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(octets).map_err(|error| {
        // Only where, not what: the octets may hold anything.
        let detail = format!("not the JSON that this request needs, line {} column {}", error.line(), error.column());
        Refused::new(StatusCode::BAD_REQUEST, "malformed_json_payload", detail)
    })
}
