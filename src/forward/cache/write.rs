//! Records written into a message of our own, their names compressed against what stands in it already.

use super::frames::Frame;
use super::layout::layout;
use super::names::{PlainName, labels_at, name_mark};
use crate::dns::{HEADER, skip_name, wire_len};
use std::ops::Range;

/// A message being written into a buffer. No allocation.
pub(in crate::forward) struct Writer<'b> {
    out: &'b mut [u8],
    at: usize,
    /// The question's name in `out`: names are compressed against it in any case, for it stands there as the client wrote
    /// it; against others in their own.
    question: Range<usize>,
    known: [Known; Writer::KNOWN],
    count: usize,
}

/// A name that a pointer may lead to.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    at: u16,
    mark: u32,
}

/// The largest offset that a pointer can hold.
const REACH: usize = 0x3FFF;

impl<'b> Writer<'b> {
    /// Names that are remembered: more cost time and seldom save an octet.
    const KNOWN: usize = 32;

    /// Starts with a header and the question for `name`; none when that does not fit. The header is left to the caller.
    pub(in crate::forward) fn new(out: &'b mut [u8], name: &[u8], rtype: u16) -> Option<Self> {
        let question = HEADER..HEADER + name.len();
        out.get_mut(..HEADER)?.fill(0);
        out.get_mut(question.clone())?.copy_from_slice(name);
        let [high, low] = rtype.to_be_bytes();
        out.get_mut(question.end..question.end + 4)?.copy_from_slice(&[high, low, 0, 1]);
        Some(Writer::behind(out, question.end + 4))
    }

    /// Goes on behind what `out` holds: a header and one question at least, `at` octets in all.
    pub(in crate::forward) fn behind(out: &'b mut [u8], at: usize) -> Self {
        let length = out.get(HEADER..).and_then(|rest| wire_len(rest).ok()).unwrap_or_default();
        let question = HEADER..HEADER + length;
        let mut writer =
            Writer { out, at, question: question.clone(), known: [Known::default(); Writer::KNOWN], count: 0 };
        let mut place = question.start;
        while place + 1 < question.end {
            writer.learn(place);
            place += 1 + usize::from(writer.out[place]);
        }
        writer
    }

    /// Compresses names against the one at `place`, too.
    pub(in crate::forward) fn know(&mut self, place: usize) {
        let mut places = [0; Writer::KNOWN];
        let mut count = 0;
        for (known, (label, _)) in places.iter_mut().zip(labels_at(&self.out[..self.at], place)) {
            *known = label;
            count += 1;
        }
        places[..count].iter().for_each(|place| self.learn(*place));
    }

    /// How long the message is.
    pub(in crate::forward) fn length(&self) -> usize {
        self.at
    }

    /// What is written.
    pub(in crate::forward) fn octets(&self) -> &[u8] {
        &self.out[..self.at]
    }

    /// Remembers the name at `place` for pointers to it.
    fn learn(&mut self, place: usize) {
        if place > REACH || self.count == Writer::KNOWN {
            return;
        }
        self.known[self.count] = Known { at: place as u16, mark: name_mark(labels_at(self.out, place)) };
        self.count += 1;
    }

    /// Appends a record of another message, whose question's name stands at `question`, with another TTL. Returns where
    /// the TTL stands; none, and nothing is written, when it does not fit or its data cannot be of its type.
    pub(in crate::forward) fn push(
        &mut self,
        message: &[u8],
        question: &Range<usize>,
        record: &Frame,
        ttl: u32,
    ) -> Option<usize> {
        let (start, known) = (self.at, self.count);
        let written = self.record(message, question, record, ttl);
        if written.is_none() {
            (self.at, self.count) = (start, known);
        }
        written
    }

    fn record(&mut self, message: &[u8], question: &Range<usize>, record: &Frame, ttl: u32) -> Option<usize> {
        // An owner takes the case of an alias that leads to it: names in data keep their own.
        self.name(message, question, record.owner, true, &(0..usize::MAX))?;
        let [t0, t1] = record.rtype.to_be_bytes();
        let [a, b, c, d] = ttl.to_be_bytes();
        let ttl_at = self.at + 4;
        self.put(&[t0, t1, 0, 1, a, b, c, d, 0, 0])?;
        let data_at = self.at;
        let data = record.data(message);
        let layout = layout(record.rtype, data)?;
        self.put(data.get(..layout.before)?)?;
        let mut at = record.data + layout.before;
        for _ in 0..layout.names {
            let end = skip_name(message, at).ok().filter(|end| *end <= record.end)?;
            self.name(message, question, at, layout.compressed, &self.question.clone())?;
            at = end;
        }
        if layout.after.is_some_and(|after| after != record.end - at) {
            return None;
        }
        self.put(&message[at..record.end])?;
        let length = u16::try_from(self.at - data_at).ok()?;
        self.out[data_at - 2..data_at].copy_from_slice(&length.to_be_bytes());
        Some(ttl_at)
    }

    /// Writes the name that stands at `at` in another message; the case of what stands in `any_case` does not count.
    fn name(
        &mut self,
        message: &[u8],
        question: &Range<usize>,
        at: usize,
        compressed: bool,
        any_case: &Range<usize>,
    ) -> Option<()> {
        let name = PlainName::read(message, at, question)?;
        let wire = name.wire();
        let mut start = 0;
        if compressed {
            while wire[start] != 0 {
                if let Some(place) = self.find(&wire[start..], any_case) {
                    let [high, low] = (0xC000 | place).to_be_bytes();
                    self.new_name(&wire[..start])?;
                    return self.put(&[high, low]);
                }
                start += 1 + usize::from(wire[start]);
            }
            return self.new_name(wire);
        }
        self.put(wire)
    }

    /// Writes labels that no pointer leads to yet.
    fn new_name(&mut self, labels: &[u8]) -> Option<()> {
        let begin = self.at;
        self.put(labels)?;
        // They are marked when the rest of the name is written, which `find` reads: now only where they stand is kept.
        let mut at = 0;
        while at < labels.len() && labels[at] != 0 {
            if begin + at <= REACH && self.count < Writer::KNOWN {
                self.known[self.count] = Known { at: (begin + at) as u16, mark: 0 };
                self.count += 1;
            }
            at += 1 + usize::from(labels[at]);
        }
        Some(())
    }

    /// Where a name stands that is the same as this one.
    fn find(&mut self, wire: &[u8], any_case: &Range<usize>) -> Option<u16> {
        let mark = name_mark(labels_at(wire, 0));
        let out = &*self.out;
        for known in &mut self.known[..self.count] {
            if known.mark == 0 {
                known.mark = name_mark(labels_at(out, usize::from(known.at)));
            }
            if known.mark == mark && same(out, any_case, usize::from(known.at), wire) {
                return Some(known.at);
            }
        }
        None
    }

    fn put(&mut self, octets: &[u8]) -> Option<()> {
        self.out.get_mut(self.at..self.at + octets.len())?.copy_from_slice(octets);
        self.at += octets.len();
        Some(())
    }
}

/// True when the name at `at` is `wire`; case counts but for labels that stand in `any_case`.
fn same(out: &[u8], any_case: &Range<usize>, at: usize, wire: &[u8]) -> bool {
    let mut rest = wire;
    for (place, label) in labels_at(out, at) {
        let Some((other, after)) = rest.split_first().and_then(|(length, after)| {
            (usize::from(*length) == label.len()).then(|| after.split_at_checked(label.len())).flatten()
        }) else {
            return false;
        };
        let equal = if any_case.contains(&place) { label.eq_ignore_ascii_case(other) } else { label == other };
        if !equal {
            return false;
        }
        rest = after;
    }
    rest == [0]
}
