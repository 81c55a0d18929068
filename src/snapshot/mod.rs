//! The immutable bundle that answers queries, and the one pointer through which a new one is published.

mod build;
mod bundle;
mod designated;
mod patch;

pub use build::{ZoneSource, build, build_patched};
pub use bundle::{Live, Snapshot, View};
pub use patch::Patch;
