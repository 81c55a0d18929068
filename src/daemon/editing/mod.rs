//! Edits of records and zone files: planned on what serves, judged by the whole load, written through the store, verified.

mod drafts;
mod early;
mod hidden;
pub(super) mod history;
mod judge;
mod lint;
mod mark;
mod novelty;
mod offline;
mod plan;
mod put_back;
mod refused;
mod reverse_left;
mod shown;
mod verify;
mod workshop;

pub(super) use drafts::draft;
pub use offline::offline;
pub(super) use shown::questions;
pub(super) use verify::verify;
pub(super) use workshop::{Planned, Workshop, needs_yes, now};
