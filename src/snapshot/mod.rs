//! The immutable bundle that answers queries, and the one pointer through which a new one is published.

mod build;
mod bundle;

pub use build::{ZoneSource, build};
pub use bundle::{Live, Snapshot, View};
