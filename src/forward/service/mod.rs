//! The thread that answers misses: one event loop over sockets, timers and a queue. While it waits, others may begin one.
//!
//! A miss joins an equal question that is under way or becomes one; upstreams are asked for it as the policy says, by UDP
//! from sockets that change, or over streams; the first answer that is of use is judged, validated, kept, and given to all
//! who wait.

mod alarm;
mod ask;
mod forwarder;
mod health;
mod hear;
mod limits;
mod question;
mod queue;
mod random;
mod server;
mod settle;
mod slab;
mod sockets;
mod state;
mod take;
mod tend;
mod wheel;
mod wire;
mod work;

pub use forwarder::{Asking, Forwarder, Tools};
pub use state::UpstreamState;
