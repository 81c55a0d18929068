//! The thread that answers misses: one event loop over sockets, timers and a queue.

mod forwarder;
mod queue;
mod state;

pub use forwarder::{Asking, Forwarder, Tools};
pub use state::UpstreamState;
