//! What a browser or a collector of metrics may look at over HTTP: metrics, health, the status page and the JSON behind it.
//!
//! For reading only: no request changes anything, and other methods than GET and HEAD are refused. Sockets, time limits and
//! caps are for whoever serves the [`routes()`].

mod acme;
mod host;
mod metrics;
mod metrics_text;
mod names;
mod page;
mod ready;
mod reply;
mod routes;
mod view;

pub use metrics::metrics;
pub use routes::{PATHS, routes};
