//! What upstreams answered, kept as wire format and handed out again with its TTLs counted down.
//!
//! A reply of an upstream becomes an [`Entry`] by a [`Reader`], which drops what was not asked for; the [`Cache`] keeps
//! entries by [`Key`], in so many octets as the settings allow, and workers copy them from there into their replies. Knows
//! nothing of sockets.

mod body;
mod cuts;
mod entry;
mod frames;
mod join;
mod kept;
#[cfg(test)]
mod kept_tests;
mod key;
#[cfg(test)]
mod lab;
mod layout;
mod look;
mod names;
mod read;
#[cfg(test)]
mod read_tests;
mod shard;
mod slot;
mod sort;
mod write;

pub use entry::Entry;
pub(crate) use kept::AT_ONCE;
pub use kept::Cache;
pub use key::Key;
pub use look::{Kind, Selection, Shown, Stats};
pub use read::{Reader, Unfit};

pub(in crate::forward) use body::Ttl;
pub(in crate::forward) use frames::Records;
pub(in crate::forward) use names::PlainName;
pub(in crate::forward) use slot::{STALE_TTL, stale_note};
pub(in crate::forward) use write::Writer;
