//! The records of a message one after the other, without a list of them.

use super::frames::Frame;
use crate::dns::{HEADER, skip_name};

/// Calls `take` for each record behind the question, in order, until it says that this is enough.
///
/// None when the message breaks its format before that. Allocates nothing.
pub(in crate::forward) fn walk(message: &[u8], mut take: impl FnMut(&Frame) -> bool) -> Option<()> {
    let header = message.first_chunk::<HEADER>()?;
    let mut at = HEADER;
    for _ in 0..u16::from_be_bytes([header[4], header[5]]) {
        at = skip_name(message, at).ok()? + 4;
    }
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
            let frame = Frame {
                owner: at,
                mark: 0,
                section,
                rtype: u16::from_be_bytes([t0, t1]),
                class: u16::from_be_bytes([c0, c1]),
                ttl: u32::from_be_bytes([a, b, c, d]),
                data,
                end,
                used: false,
            };
            if !take(&frame) {
                return Some(());
            }
            at = end;
        }
    }
    Some(())
}
