//! The status page and the description of the JSON, in the program itself.

use super::reply::reply;
use axum::response::Response;
use http::StatusCode;

const HTML: &str = include_str!("page/index.html");
const CSS: &str = include_str!("page/app.css");
const SCRIPT: &str = include_str!("page/app.js");
const ICON: &str = include_str!("page/icon.svg");
const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) fn html() -> Response {
    reply(StatusCode::OK, "text/html; charset=utf-8", HTML)
}

pub(super) fn css() -> Response {
    reply(StatusCode::OK, "text/css; charset=utf-8", CSS)
}

pub(super) fn script() -> Response {
    reply(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)
}

pub(super) fn icon() -> Response {
    reply(StatusCode::OK, "image/svg+xml", ICON)
}

pub(super) fn description() -> Response {
    reply(StatusCode::OK, "application/json", DESCRIPTION)
}
