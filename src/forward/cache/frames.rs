//! Where the records of a message stand.

use super::names::{labels_at, name_mark};
use crate::dns::{HEADER, skip_name};

/// One record of a message; all offsets count octets from the first one of the header.
#[derive(Debug, Clone, Copy)]
pub(in crate::forward) struct Frame {
    pub(in crate::forward) owner: usize,
    /// Of the owner; see [`name_mark`].
    pub(super) mark: u32,
    /// 0 for the answer section, 1 for authority, 2 for additional.
    pub(in crate::forward) section: u8,
    pub(in crate::forward) rtype: u16,
    pub(in crate::forward) class: u16,
    pub(in crate::forward) ttl: u32,
    pub(in crate::forward) data: usize,
    pub(in crate::forward) end: usize,
    /// It has a part in the answer.
    pub(super) used: bool,
}

impl Frame {
    /// The record's data as it stands in the message, pointers and all.
    pub(in crate::forward) fn data<'m>(&self, message: &'m [u8]) -> &'m [u8] {
        message.get(self.data..self.end).unwrap_or_default()
    }
}

/// Finds the records behind the question, which ends at `at`, in place of what is in `found`.
///
/// None when the message breaks its format.
pub(in crate::forward) fn frames(message: &[u8], at: usize, found: &mut Vec<Frame>) -> Option<()> {
    found.clear();
    for record in Records::behind(message, at) {
        found.push(record?);
    }
    Some(())
}

/// The records of a message in their order: every owner is a name, and all data lies in the message. None, once, where the
/// message breaks its format. Octets after the last record are not looked at.
#[derive(Debug, Clone)]
pub(in crate::forward) struct Records<'m> {
    message: &'m [u8],
    at: usize,
    section: u8,
    /// Records of each section that are still to come.
    left: [u16; 3],
    /// The last owner that was a pointer, and its mark: most owners of a message are one pointer, the same as before.
    last: Option<(u16, u32)>,
}

impl<'m> Records<'m> {
    /// Those behind the question, which ends at `at`.
    pub(in crate::forward) fn behind(message: &'m [u8], at: usize) -> Self {
        let left = message
            .first_chunk::<HEADER>()
            .map_or([0; 3], |header| [6, 8, 10].map(|count| u16::from_be_bytes([header[count], header[count + 1]])));
        Records { message, at, section: 0, left, last: None }
    }

    fn record(&mut self) -> Option<Frame> {
        let Records { message, at, section, .. } = *self;
        let after = skip_name(message, at).ok()?;
        let [t0, t1, c0, c1, a, b, c, d, l0, l1] = *message.get(after..)?.first_chunk::<10>()?;
        let data = after + 10;
        let end = data + usize::from(u16::from_be_bytes([l0, l1]));
        if end > message.len() {
            return None;
        }
        let (owner, mark) = owner_at(message, at, &mut self.last)?;
        self.at = end;
        Some(Frame {
            owner,
            mark,
            section,
            rtype: u16::from_be_bytes([t0, t1]),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([a, b, c, d]),
            data,
            end,
            used: false,
        })
    }
}

impl Iterator for Records<'_> {
    type Item = Option<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.left.get(usize::from(self.section)) == Some(&0) {
            self.section += 1;
        }
        *self.left.get_mut(usize::from(self.section))? -= 1;
        let record = self.record();
        if record.is_none() {
            self.left = [0; 3];
        }
        Some(record)
    }
}

/// Where the owner really stands, and its mark.
fn owner_at(message: &[u8], at: usize, last: &mut Option<(u16, u32)>) -> Option<(usize, u32)> {
    let pointer = match *message.get(at..)? {
        [high, low, ..] if high >= 0xC0 => Some(u16::from_be_bytes([high, low])),
        _ => None,
    };
    let place = pointer.map_or(at, |pointer| usize::from(pointer & 0x3FFF));
    if let (Some(pointer), Some((known, mark))) = (pointer, *last)
        && pointer == known
    {
        return Some((place, mark));
    }
    let mut labels = labels_at(message, at);
    let mark = name_mark(&mut labels);
    if !labels.is_whole() {
        return None;
    }
    *last = pointer.map(|pointer| (pointer, mark));
    Some((place, mark))
}
