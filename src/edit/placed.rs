//! An order whose name, horizon and data are decided.

use crate::dns::Name;
use crate::dns::Rtype;

/// One edit of one zone file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The horizon's name.
    pub horizon: String,
    /// The apex of the zone.
    pub origin: Name,
    /// What to do.
    pub edit: RecordEdit,
    /// What must be there for it.
    pub expects: Vec<Expectation>,
}

/// What to do with one zone file; owners are absolute, data in wire format with names uncompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordEdit {
    /// Makes these the records of the owner and type.
    Set {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: Rtype,
        /// Seconds; that of the present records, or the zone's default, when left out.
        ttl: Option<u32>,
        /// At least one; each once.
        data: Vec<Vec<u8>>,
    },
    /// Adds records; those that are there already change nothing.
    Add {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: Rtype,
        /// Seconds; a TTL other than that of the present records becomes theirs, too (RFC 2181 section 5.2).
        ttl: Option<u32>,
        /// At least one; each once.
        data: Vec<Vec<u8>>,
    },
    /// Takes records away; it is an error when they are not there.
    Remove {
        /// The owner.
        owner: Name,
        /// A type; all of them when there is none, save the SOA.
        rtype: Option<Rtype>,
        /// One record; all of the type when there is none.
        data: Option<Vec<u8>>,
    },
    /// Gives all records of a name to another one, and leaves an alias if asked.
    Move {
        /// The present owner.
        from: Name,
        /// The new one.
        to: Name,
        /// Leave a CNAME.
        keep_cname: bool,
    },
}

impl Placed {
    /// The owners whose records the edit reads or changes, some perhaps twice.
    pub fn owners(&self) -> impl Iterator<Item = &Name> {
        let (first, second) = match &self.edit {
            RecordEdit::Set { owner, .. } | RecordEdit::Add { owner, .. } | RecordEdit::Remove { owner, .. } => {
                (owner, None)
            }
            RecordEdit::Move { from, to, .. } => (from, Some(to)),
        };
        let expected = self.expects.iter().map(|expectation| &expectation.owner);
        std::iter::once(first).chain(second).chain(expected)
    }
}

/// The exact records of an owner and type that an edit relies upon: compare and set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The owner.
    pub owner: Name,
    /// The type.
    pub rtype: Rtype,
    /// In any order; empty when there must be none.
    pub data: Vec<Vec<u8>>,
}
