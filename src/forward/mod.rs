//! Questions that no zone of their horizon answers: guards, cache, and the upstreams that are asked.
//!
//! A worker asks the `Plan` of the live snapshot first: what the guards say and what the cache holds leaves in the same
//! call. Everything else becomes a `Miss`, goes to the `Forwarder` over a bounded queue, and comes back through the
//! `Return` that its transport gave it.

mod ask;
mod block;
mod cache;
mod complete;
mod compose;
mod guard;
mod judge;
mod loops;
mod miss;
mod plan;
mod refusal;
mod service;
mod stream;
mod streams;
mod validate;
mod validation;

pub use ask::{Ask, Foreign, Note};
pub use block::{
    Blocked, BlockedBy, FetchError, FetchLimits, Fetched, Kept, ListState, block_files, fetch, load_blocked,
};
pub(crate) use cache::AT_ONCE;
pub use cache::{Cache, Entry, Key, Kind, Reader, Selection, Shown, Stats, Unfit};
pub(crate) use complete::{alias_targets, complete};
pub use compose::{Age, compose};
pub use guard::Caught;
pub use judge::Judged;
pub use loops::loop_findings;
pub use miss::{Miss, Return, Waiter};
pub use plan::{By, Group, Origins, Plan, Route};
pub use service::{Asking, Forwarder, Tools, UpstreamState};
pub use stream::{Carry, Done, NoStreams, StreamError};
pub use streams::{StreamSettings, Streams, stream_findings};
pub use validate::{Asker, Validator};
pub use validation::{NoValidation, Suspect, Validate, Validated, Validity};
