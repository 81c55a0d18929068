//! `GET /health`: whether a challenge could be answered.

use super::hall::Doors;
use super::reply::Refused;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rustix::fs::Access;
use rustix::fs::access;
use std::sync::Arc;

/// 200 without a body, as acme-dns answers; 503 with the reason when values cannot be kept.
pub(super) async fn health(State(doors): State<Arc<Doors>>) -> Result<Response, Refused> {
    let sick = |detail: String| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "not_kept", detail);
    if let Some(finding) = doors.challenges.trouble() {
        return Err(sick(finding.what));
    }
    // Before the first write nothing is known yet: the folder, or the first one above it that is there, says it.
    let state = doors.acme().state;
    if let Some(folder) = state.ancestors().find(|folder| folder.exists())
        && let Err(error) = access(folder, Access::WRITE_OK)
    {
        return Err(sick(format!("{} cannot be written: {error}", folder.display())));
    }
    Ok(Response::new(Body::empty()))
}
