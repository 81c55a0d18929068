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

/// Finds the records behind the question, which ends at `at`, in place of what is in `found`. Every owner is a name, and all
/// data lies in the message; octets after the last record are not looked at.
///
/// None when the message breaks its format.
pub(in crate::forward) fn frames(message: &[u8], mut at: usize, found: &mut Vec<Frame>) -> Option<()> {
    found.clear();
    let header = message.first_chunk::<HEADER>()?;
    let mut last = None;
    for section in 0..3u8 {
        let count = usize::from(section) * 2 + 6;
        for _ in 0..u16::from_be_bytes([header[count], header[count + 1]]) {
            let after = skip_name(message, at).ok()?;
            let [t0, t1, c0, c1, a, b, c, d, l0, l1] = *message.get(after..)?.first_chunk::<10>()?;
            let data = after + 10;
            let end = data + usize::from(u16::from_be_bytes([l0, l1]));
            if end > message.len() {
                return None;
            }
            let owner = owner_at(message, at, &mut last)?;
            found.push(Frame {
                owner: owner.0,
                mark: owner.1,
                section,
                rtype: u16::from_be_bytes([t0, t1]),
                class: u16::from_be_bytes([c0, c1]),
                ttl: u32::from_be_bytes([a, b, c, d]),
                data,
                end,
                used: false,
            });
            at = end;
        }
    }
    Some(())
}

/// Where the owner really stands, and its mark; most owners of a message are one pointer, the same as the one before.
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
