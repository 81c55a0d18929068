//! Names in record data that lie in the zone of their record: found by what the zone keeps, without reading the reply again.
//!
//! Most aliases, mail exchangers and name servers lead to their own zone. Their names stand in the zone's memory whole, so
//! that only the labels before the origin are hashed.

use super::name::hash_below;
use super::node::{NO_TAIL, Node, StoredData};
use super::overlay::CHALLENGE_LABEL;
use super::zone::Zone;

/// A name in the data of a record.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    /// Where it stands in the reply.
    pub(super) position: usize,
    /// The name as the zone keeps it, uncompressed; none for one that was made for this reply.
    stored: Option<Stored<'a>>,
}

#[derive(Clone, Copy)]
struct Stored<'a> {
    wire: &'a [u8],
    /// Octets before the zone's origin, which the name ends in.
    tail: usize,
}

impl<'a> Target<'a> {
    /// A name that only the reply holds.
    pub(super) fn made(position: usize) -> Self {
        Target { position, stored: None }
    }

    /// The name at `offset` of a record's data, which the reply holds at `position`.
    pub(super) fn of(record: StoredData<'a>, offset: usize, position: usize) -> Self {
        let tail = record.tails.first().filter(|tail| **tail != NO_TAIL);
        let stored = tail.and_then(|tail| Some(Stored { wire: record.data.get(offset..)?, tail: usize::from(*tail) }));
        Target { position, stored }
    }

    /// True when the name, as far as the zone keeps it, begins as one of challenges does.
    pub(super) fn is_challenge(&self) -> bool {
        let begins = |wire: &[u8]| {
            let label = wire.first_chunk::<{ CHALLENGE_LABEL.len() }>();
            label.is_some_and(|label| label.eq_ignore_ascii_case(CHALLENGE_LABEL))
        };
        self.stored.is_some_and(|stored| stored.wire.first() == CHALLENGE_LABEL.first() && begins(stored.wire))
    }

    /// The name in the zone whose record this is, and what stands there; none when that cannot be told so: the name may lie
    /// outside, or the reply alone holds it.
    pub(super) fn find<'z>(&self, zone: &'z Zone) -> Option<Near<'a, 'z>> {
        let Stored { wire, tail } = self.stored?;
        let relative = wire.get(..tail)?;
        let hash = hash_below(zone.origin_hash(), relative);
        Some(Near { wire, hash, node: zone.find_as_written(hash, relative) })
    }

    /// The hash of the name, as [`Target::find`] has it.
    pub(super) fn hash(&self, zone: &Zone) -> Option<u64> {
        let Stored { wire, tail } = self.stored?;
        wire.get(..tail).map(|relative| hash_below(zone.origin_hash(), relative))
    }
}

/// A name in its record's zone.
pub(super) struct Near<'a, 'z> {
    /// As the zone keeps it: whole, its case kept.
    pub(super) wire: &'a [u8],
    pub(super) hash: u64,
    /// None when the zone does not hold the name itself.
    pub(super) node: Option<Node<'z>>,
}
