//! UDP and TCP: octets from the network to `query` and back, and the sockets themselves.
//!
//! Knows nothing of zones or files. Everything about one query is `crate::query`.

mod bind;
mod connection;
mod frames;
mod holder;
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
pub use limits::Limits;
pub use listeners::{Listeners, Opened};
pub use protocol::Protocol;
pub use udp::take_larger_batches;
