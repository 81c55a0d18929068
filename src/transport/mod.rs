//! UDP, TCP and HTTP: octets from the network to `query` or to routes and back, and the sockets themselves.
//!
//! Knows nothing of zones, and of files only its certificate. Everything about one query is `crate::query`.

mod bind;
mod certificate;
mod connection;
mod ending;
mod frames;
mod holder;
mod http;
mod inherited;
mod late;
mod limits;
mod listeners;
mod onward;
mod protocol;
mod pulse;
mod quota;
mod rate;
mod scratch;
mod tally;
mod tcp;
mod udp;

pub use bind::{BindError, BindReason, LISTEN_FAILED};
pub use certificate::server_tls;
pub use holder::Holder;
pub use http::{HttpLimits, HttpListeners, HttpTls};
pub use inherited::Inherited;
pub use limits::Limits;
pub use listeners::{Keepsake, Listeners, Opened};
pub use protocol::Protocol;
pub use udp::take_larger_batches;
