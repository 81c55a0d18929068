//! Names in messages: read through their pointers, compared, and made text.

use super::body::{Body, Ttl};
use super::frames::{Frame, frames};
use super::layout::expanded_data;
use crate::answer::Reply;
use crate::dns::{HEADER, Rtype, present_data, present_name, present_rtype};
use std::ops::Range;

/// The labels of a name in a message, leftmost first and without the root, each with where it stands.
///
/// A pointer must lead to before all that was read of the name so far, so that there is an end; a name may not be longer
/// than 255 octets (RFC 1035 sections 2.3.4 and 4.1.4).
#[derive(Clone)]
pub(super) struct Labels<'m> {
    message: &'m [u8],
    at: usize,
    floor: usize,
    octets: usize,
    state: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    Whole,
    Broken,
}

/// The name that stands at `at`.
pub(super) fn labels_at(message: &[u8], at: usize) -> Labels<'_> {
    Labels { message, at, floor: at, octets: 1, state: Reading::On }
}

impl Labels<'_> {
    /// True at the end of a name that is one.
    pub(super) fn is_whole(&self) -> bool {
        self.state == Reading::Whole
    }
}

impl<'m> Iterator for Labels<'m> {
    type Item = (usize, &'m [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // As many pointers as a name can have labels.
        for _ in 0..128 {
            if self.state != Reading::On {
                return None;
            }
            let label = match self.message.get(self.at) {
                Some(0) => {
                    self.state = Reading::Whole;
                    return None;
                }
                Some(&length @ 1..=63) => self.message.get(self.at + 1..self.at + 1 + usize::from(length)),
                Some(&high @ 0xC0..) => {
                    let low = self.message.get(self.at + 1).copied();
                    let to = low.map(|low| usize::from(high & 0x3F) << 8 | usize::from(low));
                    if let Some(to) = to.filter(|to| *to < self.floor && *to >= HEADER) {
                        (self.at, self.floor) = (to, to);
                        continue;
                    }
                    None
                }
                _ => None,
            };
            self.octets += label.map_or(0, |label| label.len() + 1);
            let Some(label) = label.filter(|_| self.octets <= 255) else { break };
            let place = self.at;
            self.at += 1 + label.len();
            return Some((place, label));
        }
        self.state = Reading::Broken;
        None
    }
}

/// A name without pointers, on the stack.
#[derive(Debug, Clone, Copy)]
pub(in crate::forward) struct PlainName {
    octets: [u8; 255],
    length: u8,
}

impl PlainName {
    /// Reads the name at `at`. Labels that stand in `question` are lower-cased: their case was thrown like dice when the
    /// question was sent. None when it is not a name.
    pub(in crate::forward) fn read(message: &[u8], at: usize, question: &Range<usize>) -> Option<Self> {
        let mut name = PlainName { octets: [0; 255], length: 0 };
        let mut length = 0;
        let mut labels = labels_at(message, at);
        for (place, label) in &mut labels {
            // No more than 254 octets before the root, or `labels` would have ended.
            let room = name.octets.get_mut(length..length + 1 + label.len())?;
            room[0] = label.len() as u8;
            room[1..].copy_from_slice(label);
            if question.contains(&place) {
                room[1..].make_ascii_lowercase();
            }
            length += 1 + label.len();
        }
        name.length = length as u8 + 1;
        labels.is_whole().then_some(name)
    }

    /// Its octets, root label included.
    pub(in crate::forward) fn wire(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// True when the names at both places are the same but for case.
pub(super) fn same_name(message: &[u8], one: usize, other: usize) -> bool {
    if one == other {
        return true;
    }
    let (mut one, mut other) = (labels_at(message, one), labels_at(message, other));
    loop {
        match (one.next(), other.next()) {
            (Some((a, _)), Some((b, _))) if a == b => return true,
            (Some((_, a)), Some((_, b))) if a.eq_ignore_ascii_case(b) => {}
            (None, None) => return one.is_whole() && other.is_whole(),
            _ => return false,
        }
    }
}

/// True when the name at `name` is the one at `apex` or lies below it.
pub(super) fn is_below(message: &[u8], name: usize, apex: usize) -> bool {
    let depth = labels_at(message, name).count();
    let Some(skipped) = depth.checked_sub(labels_at(message, apex).count()) else { return false };
    match labels_at(message, name).nth(skipped) {
        Some((suffix, _)) => same_name(message, suffix, apex),
        // The apex is the root.
        None => true,
    }
}

/// A number that is the same for all cases of a name; no key: only to tell most names of one message apart.
pub(super) fn name_mark(labels: impl Iterator<Item = (usize, impl AsRef<[u8]>)>) -> u32 {
    labels.fold(0x811C_9DC5, |mark, (_, label)| {
        let mark = (mark ^ label.as_ref().len() as u32).wrapping_mul(0x0100_0193);
        let step = |mark: u32, octet: &u8| (mark ^ u32::from(octet.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
        label.as_ref().iter().fold(mark, step)
    })
}

/// The records of a body as zone text has them, their TTLs lowered by `age` seconds.
pub(super) fn present_records(body: &Body, age: u32) -> Vec<String> {
    let mut question = [0; HEADER].to_vec();
    question[5] = 1;
    question.extend_from_slice(body.name());
    question.extend_from_slice(&[0, 1, 0, 1]);
    let mut message = vec![0; usize::from(u16::MAX)];
    let Some(mut reply) = Reply::new(&mut message, &question, usize::from(u16::MAX), 0) else { return Vec::new() };
    body.write(Ttl::Aged(age), 0, &mut reply);
    let length = reply.finish(0, None);
    message.truncate(length);
    let mut all: Vec<Frame> = Vec::new();
    if frames(&message, question.len(), &mut all).is_none() {
        return Vec::new();
    }
    all.iter().filter_map(|frame| present_record(&message, frame)).collect()
}

fn present_record(message: &[u8], frame: &Frame) -> Option<String> {
    let owner = PlainName::read(message, frame.owner, &(0..0))?;
    let rtype = Rtype::from_int(frame.rtype);
    let data = expanded_data(message, frame)?;
    Some(format!(
        "{} {} {} {}",
        present_name(owner.wire()),
        frame.ttl,
        present_rtype(rtype),
        present_data(rtype, &data)
    ))
}
