//! Which path is which door.

use super::acme_dns::update;
use super::hall::Doors;
use super::health::health;
use super::httpreq::cleanup;
use super::httpreq::present;
use super::register::register;
use super::reply::Refused;
use super::tripwire::challenge;
use axum::Router;
use axum::routing::get;
use axum::routing::post;
use http::StatusCode;
use std::sync::Arc;

/// All doors. Requests need a [`super::Peer`] among their extensions.
pub fn routes(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/present", post(present))
        .route("/cleanup", post(cleanup))
        .route("/update", post(update))
        .route("/register", post(register))
        .route("/health", get(health))
        .route("/.well-known/acme-challenge/{token}", get(challenge))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(doors)
}

pub(super) async fn not_found() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "not_found", "")
}

async fn wrong_method() -> Refused {
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "")
}
