//! The records of a whole message, one after the other: every step is checked against the end of the octets.

use crate::dns::HEADER;
use crate::dns::skip_name;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Answer,
    Authority,
    Additional,
}

/// One record of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'m> {
    pub(super) part: Part,
    /// Its first octet: that of its owner.
    pub(super) start: usize,
    pub(super) rtype: u16,
    /// Where its data begins.
    pub(super) data_at: usize,
    pub(super) data: &'m [u8],
}

/// The message breaks its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Goes through the records of a message with one question, and ends at the first that breaks the format.
pub(super) fn records(message: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Malformed>> {
    let count = |at: usize| message.get(at..at + 2).map_or(0, |octets| u16::from_be_bytes([octets[0], octets[1]]));
    let (answers, authorities, additional) = (count(6), count(8), count(10));
    let parts = std::iter::repeat_n(Part::Answer, answers.into())
        .chain(std::iter::repeat_n(Part::Authority, authorities.into()))
        .chain(std::iter::repeat_n(Part::Additional, additional.into()));
    let one_question = message.len() >= HEADER && count(4) == 1;
    let mut at = one_question.then(|| skip_name(message, HEADER).ok().map(|end| end + 4)).flatten();
    let mut begun = false;
    let mut parts = parts.peekable();
    std::iter::from_fn(move || {
        if at.is_none() && !begun {
            begun = true;
            return Some(Err(Malformed));
        }
        begun = true;
        let start = at.take()?;
        let Some(part) = parts.next() else {
            return (start > message.len()).then_some(Err(Malformed));
        };
        let record = read(message, start, part);
        at = record.map(|(_, end)| end);
        Some(record.map(|(record, _)| record).ok_or(Malformed))
    })
}

fn read(message: &[u8], start: usize, part: Part) -> Option<(Record<'_>, usize)> {
    let after_owner = skip_name(message, start).ok()?;
    let [t0, t1, _, _, _, _, _, _, l0, l1] = *message.get(after_owner..)?.first_chunk::<10>()?;
    let data_at = after_owner + 10;
    let end = data_at + usize::from(u16::from_be_bytes([l0, l1]));
    let data = message.get(data_at..end)?;
    Some((Record { part, start, rtype: u16::from_be_bytes([t0, t1]), data_at, data }, end))
}

/// A name with its pointers followed, lower-cased, in room of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expanded {
    octets: [u8; 255],
    length: usize,
}

impl Expanded {
    /// Reads the name that starts at `at`. None when it runs out of the message, is too long, or a pointer does not lead back
    /// (RFC 1035 section 4.1.4: to a prior occurrence), so that each pointer is followed once at most.
    pub(super) fn read(message: &[u8], mut at: usize) -> Option<Self> {
        let mut name = Expanded { octets: [0; 255], length: 0 };
        let mut before = at;
        loop {
            let length = *message.get(at)?;
            match length {
                0 => {
                    name.length += 1;
                    return (name.length <= name.octets.len()).then_some(name);
                }
                1..=63 => {
                    let end = 1 + usize::from(length);
                    let room = name.octets.get_mut(name.length..name.length + end)?;
                    room.copy_from_slice(message.get(at..at + end)?);
                    // Only the label's letters: a length octet of 65 or more is no label's.
                    room[1..].make_ascii_lowercase();
                    name.length += end;
                    at += end;
                }
                0xC0.. => {
                    let target = usize::from(u16::from_be_bytes([length & 0x3F, *message.get(at + 1)?]));
                    if target >= before {
                        return None;
                    }
                    (at, before) = (target, target);
                }
                _ => return None,
            }
        }
    }

    pub(super) fn wire(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pointer may only lead back, so that no loop is walked.
    #[test]
    fn names_are_expanded_or_refused() {
        type Row<'r> = (&'r str, &'r [u8], usize, Option<&'r [u8]>);
        let table: [Row<'_>; 7] = [
            ("plain", b"\x01A\x02bC\0", 0, Some(b"\x01a\x02bc\0")),
            ("a pointer back", b"\x01a\0\x01b\xc0\x00", 3, Some(b"\x01b\x01a\0")),
            ("to itself", b"\xc0\x00", 0, None),
            ("forward", b"\xc0\x02\x01a\0", 0, None),
            ("a loop of two", b"\x01a\xc0\x04\xc0\x00", 0, None),
            ("cut short", b"\x05ab", 0, None),
            ("a reserved label type", b"\x41a\0", 0, None),
        ];
        for (why, message, at, expected) in table {
            assert_eq!(Expanded::read(message, at).as_ref().map(Expanded::wire), expected, "{why}");
        }
        let long = [&[63; 64][..], &[63; 64], &[63; 64], &[62; 63], &[0]].concat();
        assert_eq!(Expanded::read(&long, 0).map(|_| ()), None, "256 octets");
        let longest = [&[63; 64][..], &[63; 64], &[63; 64], &[61; 62], &[0]].concat();
        assert_eq!(Expanded::read(&longest, 0).map(|name| name.length), Some(255));
    }
}
