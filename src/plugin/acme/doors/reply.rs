//! Replies: JSON in one line without blanks, because acme.sh reads it with sed.

use super::super::ChallengeError;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Serialize;

/// A reply with a value as its body.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // What is written here has no maps with other keys than strings: it is always JSON.
    let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A reply for a CA or a person.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Why a request is not done.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    #[serde(skip)]
    status: StatusCode,
    /// Stable; the words of acme-dns where it has one.
    error: &'static str,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Self {
        Refused { status, error, detail: detail.into() }
    }

    /// What acme-dns says of a wrong user, a wrong key, another's subdomain and a wrong address alike.
    pub(super) fn forbidden() -> Self {
        Refused::new(StatusCode::UNAUTHORIZED, "forbidden", "")
    }

    pub(super) fn unauthorized() -> Self {
        Refused::new(StatusCode::UNAUTHORIZED, "unauthorized", "user and password of a token are needed (Basic)")
    }

    pub(super) fn of_challenge(error: &ChallengeError) -> Self {
        let (status, code) = match error {
            ChallengeError::TooLong { .. } => (StatusCode::BAD_REQUEST, "bad_txt"),
            ChallengeError::OwnerFull { .. } | ChallengeError::Full { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_values")
            }
            ChallengeError::NotKept(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_kept"),
        };
        if code == "not_kept" {
            tracing::error!("no challenge value is taken: {error}");
        }
        Refused::new(status, code, error.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self);
        let headers = response.headers_mut();
        if self.error == "unauthorized" {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"acme\""));
        }
        if self.error == "too_many_failures" {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS || self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}
