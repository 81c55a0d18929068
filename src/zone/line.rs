//! A record on its way into zone text.

use super::document::RecordEntry;
use crate::dns::Name;
use crate::dns::Rtype;

/// A record to be written as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// The owner; written relative to the origin in force.
    pub owner: Name,
    /// Seconds; left out of the text where the line would have this TTL anyway.
    pub ttl: u32,
    /// The type.
    pub rtype: Rtype,
    /// The data in wire format, names uncompressed.
    pub data: Vec<u8>,
    /// The comment without its `;`; a line break in it becomes a space.
    pub comment: Option<String>,
}

impl RecordLine {
    pub(super) fn comment_text(&self) -> Option<String> {
        let comment = self.comment.as_ref()?;
        Some(comment.replace(['\r', '\n'], " ").trim().to_owned())
    }

    pub(super) fn as_record(&self) -> RecordEntry {
        RecordEntry {
            owner: self.owner.clone(),
            owner_written: true,
            ttl: self.ttl,
            ttl_written: true,
            rtype: self.rtype,
            data: self.data.clone(),
        }
    }
}
