//! Compiled zones and the engine: query octets in, reply octets out. No lock, no await, no allocation.
//!
//! Records are compiled once, at load, into a `Zone`; the zones that a horizon sees are its `Zones`; the engine writes
//! the reply straight into the caller's buffer. Knows nothing of files, sockets or the forwarder.

mod additional;
mod ahead;
mod compile;
mod denial;
mod engine;
mod families;
mod fold;
mod gather;
mod keys;
mod lookup;
mod name;
mod near;
mod node;
mod overlay;
mod patch;
#[cfg(test)]
mod patch_tests;
mod redirects;
mod reply;
mod sets;
mod shard;
mod short_lived;
mod special;
mod table;
mod trace;
mod zone;
mod zones;

pub use compile::{CompileError, compile};
pub(crate) use engine::{Outcome, answer};
pub use gather::Layer;
pub(crate) use lookup::Lookup;
pub(crate) use name::SearchName;
pub use overlay::{CHALLENGE_LABEL, OVERLAY_TTL, Overlay, OverlaySet, OverlayValue, OverlayValues};
pub use patch::NameAfter;
pub(crate) use reply::{COOKIE_LENGTH, OPT_LENGTH, OptRecord, Reply, Section, flag};
pub(crate) use special::special_zones_designating;
pub use table::SeenZone;
pub(crate) use table::ZoneTable;
pub(crate) use trace::Trace;
pub use trace::{Rule, Step};
pub use zone::Zone;
pub use zones::Zones;
