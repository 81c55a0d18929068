//! Questions that no zone of their horizon answers: guards, cache, and the upstreams that are asked.
//!
//! A worker asks the [`Plan`] of the live snapshot first: what the guards say and what the cache holds leaves in the same
//! call. Everything else becomes a [`Miss`], goes to the [`Forwarder`] over a bounded queue, and comes back through the
//! [`Return`] that its transport gave it.

mod ask;
mod miss;
mod plan;
mod stream;
mod streams;

pub use ask::{Ask, Foreign, Note};
pub use miss::{Miss, Return, Waiter};
pub use plan::{Group, Plan};
pub use stream::{Carry, Done, NoStreams, StreamError};
pub use streams::{StreamSettings, Streams, stream_findings};
