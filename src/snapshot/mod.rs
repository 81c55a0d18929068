//! The immutable bundle that answers queries, and the one pointer through which a new one is published.

mod bundle;

pub use bundle::{Live, Snapshot, View, ZoneSource, build};
