//! The records of one zone in one arena: what a zone file, a generator or a program in memory gives to the compiler.
//!
//! Compact because a zone may hold millions: an entry is 24 octets beside the octets of its owner and data.

use crate::dns::{Name, Rtype, is_at_or_below, wire_len};
use std::hint::black_box;
use thiserror::Error;

/// The records of one zone, in the order they were added. Class IN only.
#[derive(Debug, Clone)]
pub struct Records {
    origin: Name,
    octets: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: u32,
    data: u32,
    ttl: u32,
    line: Line,
    rtype: u16,
    data_len: u16,
}

/// Where a record was written: the file as an index into the list of files that were read, and its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line {
    /// 0 is the zone file itself; `$INCLUDE`d files follow in the order they were met.
    pub file: u16,
    /// Counted from 1; 0 when the record came from no file.
    pub number: u32,
}

/// One record, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The owner in wire format, uncompressed, case kept.
    pub owner: &'a [u8],
    /// The type.
    pub rtype: Rtype,
    /// Seconds.
    pub ttl: u32,
    /// The record data in wire format, names uncompressed.
    pub data: &'a [u8],
    /// Where it was written.
    pub line: Line,
}

/// Why a record was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordsError {
    /// The owner is not inside the zone.
    #[error("the owner is outside the zone {0}")]
    OutOfZone(Name),
    /// Record data is at most 65,535 octets (RFC 1035 section 3.2.1).
    #[error("record data of {0} octets; at most 65,535 fit")]
    DataTooLong(usize),
    /// The owner is not a name in wire format.
    #[error("the owner is not a name")]
    Owner,
    /// The zone holds more than 4 GiB.
    #[error("the zone holds more than 4 GiB of record data")]
    Full,
}

impl Records {
    /// An empty zone with this apex.
    pub fn new(origin: Name) -> Self {
        Records { origin, octets: Vec::new(), entries: Vec::new() }
    }

    /// Makes room for so many records and octets of owners and data, so that what is there is not moved while they are added.
    pub(super) fn reserve(&mut self, records: usize, octets: usize) {
        self.entries.reserve_exact(records);
        self.octets.reserve_exact(octets);
    }

    /// Gives back the room that was not needed.
    pub(super) fn fit(&mut self) {
        self.entries.shrink_to_fit();
        self.octets.shrink_to_fit();
    }

    /// The apex.
    pub fn origin(&self) -> &Name {
        &self.origin
    }

    /// How many records there are, equal ones counted each.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is no record at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a record: `owner` and `data` in wire format without compression, `ttl` in seconds.
    ///
    /// An owner equal to the one before, octet for octet, is stored once.
    ///
    /// # Errors
    /// [`RecordsError`]; the records stay as they were.
    pub fn push(&mut self, owner: &[u8], rtype: Rtype, ttl: u32, data: &[u8], line: Line) -> Result<(), RecordsError> {
        let data_len = u16::try_from(data.len()).map_err(|_| RecordsError::DataTooLong(data.len()))?;
        if wire_len(owner) != Ok(owner.len()) {
            return Err(RecordsError::Owner);
        }
        if !is_at_or_below(owner, self.origin.as_slice()) {
            return Err(RecordsError::OutOfZone(self.origin.clone()));
        }
        if self.octets.len() + owner.len() + data.len() > u32::MAX as usize {
            return Err(RecordsError::Full);
        }
        let owner_at = match self.entries.last() {
            Some(last) if self.owner_at(last.owner) == owner => last.owner,
            _ => self.append(owner),
        };
        let data_at = self.append(data);
        self.entries.push(Entry { owner: owner_at, data: data_at, ttl, line, rtype: rtype.to_int(), data_len });
        Ok(())
    }

    /// The records in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> + Clone {
        self.entries.iter().map(|entry| self.record(entry))
    }

    /// The record that was added as number `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        self.entries.get(index).map(|entry| self.record(entry))
    }

    /// Reads one octet of the owner of each of these records and throws it away, for who wants them next: the reads do not
    /// wait for each other, so that memory far away is reached at many places at once.
    pub(crate) fn reach(&self, indices: &(impl Iterator<Item = u32> + Clone)) {
        let entries = || indices.clone().filter_map(|index| self.entries.get(index as usize));
        black_box(entries().fold(0, |sum, entry| sum ^ entry.owner));
        let octets = entries().filter_map(|entry| self.octets.get(entry.owner as usize));
        black_box(octets.fold(0, |sum, octet| sum ^ octet));
    }

    fn record(&self, entry: &Entry) -> Record<'_> {
        Record {
            owner: self.owner_at(entry.owner),
            rtype: Rtype::from_int(entry.rtype),
            ttl: entry.ttl,
            data: &self.octets[entry.data as usize..][..usize::from(entry.data_len)],
            line: entry.line,
        }
    }

    fn append(&mut self, octets: &[u8]) -> u32 {
        let at = self.octets.len();
        self.octets.extend_from_slice(octets);
        // `push` has held the sum below 4 GiB.
        at as u32
    }

    fn owner_at(&self, at: u32) -> &[u8] {
        let rest = &self.octets[at as usize..];
        &rest[..wire_len(rest).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    /// What goes in comes out, and owners outside the zone do not go in.
    #[test]
    fn records_come_back_as_they_were_added() {
        let mut records = Records::new(parse_name("example.org").unwrap());
        let www = b"\x03WWW\x07example\x03ORG\0";
        let line = Line { file: 0, number: 7 };
        records.push(www, Rtype::A, 300, &[192, 0, 2, 1], line).unwrap();
        records.push(www, Rtype::A, 300, &[192, 0, 2, 2], line).unwrap();
        let outside = records.push(b"\x0anotexample\x03org\0", Rtype::A, 1, &[1, 2, 3, 4], line);
        assert_eq!(outside, Err(RecordsError::OutOfZone(parse_name("example.org").unwrap())));
        let label = records.push(b"\x0exxxexample\x03org\0\0\0\0", Rtype::A, 1, &[1, 2, 3, 4], line);
        assert_eq!(label, Err(RecordsError::Owner));
        let seen: Vec<_> = records.iter().map(|record| (record.owner, record.data)).collect();
        assert_eq!(seen, [(&www[..], &[192, 0, 2, 1][..]), (&www[..], &[192, 0, 2, 2][..])]);
    }
}
