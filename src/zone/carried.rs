//! What carries over from line to line while an edited text is written: the owner and the TTL of lines without them.

use super::document::Entry;
use super::document::RecordEntry;
use super::line::RecordLine;
use super::statement::Context;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;

/// What carries over from line to line in the new text.
#[derive(Default)]
pub(super) struct Carried {
    pub(super) owner: Option<Name>,
    pub(super) default_ttl: Option<u32>,
    pub(super) last_ttl: Option<u32>,
    /// A file was included and may have set a TTL; new lines write theirs.
    pub(super) ttl_elsewhere: bool,
}

impl From<&Context> for Carried {
    fn from(context: &Context) -> Self {
        Carried {
            owner: name_from_wire(&context.owner).ok(),
            default_ttl: context.default_ttl,
            last_ttl: context.last_ttl,
            ttl_elsewhere: context.ttl_elsewhere,
        }
    }
}

impl Carried {
    /// The TTL of a record that has none written.
    pub(super) fn ttl(&self) -> Option<u32> {
        self.default_ttl.or(self.ttl_elsewhere.then_some(0)).or(self.last_ttl)
    }

    /// True when a record has this TTL without writing it.
    pub(super) fn gives(&self, own: u32, rtype: Rtype, data: &[u8]) -> bool {
        match self.ttl() {
            Some(ttl) => ttl == own,
            // A SOA takes its own minimum field.
            None => rtype == Rtype::SOA && data.last_chunk().map(|last| u32::from_be_bytes(*last)) == Some(own),
        }
    }

    /// A line was written anew; its TTL may stand in it or not, which is the same for what follows unless it differs.
    pub(super) fn took(&mut self, line: &RecordLine) {
        if self.ttl() != Some(line.ttl) {
            self.last_ttl = Some(line.ttl);
        }
        self.owner = Some(line.owner.clone());
    }

    pub(super) fn kept(&mut self, entry: &Entry, record: &RecordEntry) {
        if record.ttl_written || !self.gives_kept(record) {
            self.last_ttl = Some(record.ttl);
        } else if record.rtype == Rtype::SOA {
            self.default_ttl = entry.default_ttl.or(self.default_ttl);
        }
        self.owner = Some(record.owner.clone());
    }

    fn gives_kept(&self, record: &RecordEntry) -> bool {
        self.ttl().map_or(record.rtype == Rtype::SOA, |ttl| ttl == record.ttl)
    }
}
