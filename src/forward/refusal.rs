//! What is said in the place of an upstream: to a client that asks, or over an answer that must not be let in.

use super::ask::Ask;
use super::ask::Foreign;
use super::ask::Note;
use crate::answer::Reply;
use crate::answer::Section;
use crate::dns::HEADER;
use crate::dns::wire_len;

/// Codes of extended errors (RFC 8914 section 4).
pub(super) mod reason {
    /// The policy of whoever runs this server.
    pub(in crate::forward) const BLOCKED: u16 = 15;
    /// What whoever asks wanted left out.
    pub(in crate::forward) const FILTERED: u16 = 17;
    /// Made here out of what an upstream said.
    pub(in crate::forward) const SYNTHESIZED: u16 = 29;
    /// An upstream's answer breaks the format (RFC 8914 section 4.25: Invalid Data).
    pub(in crate::forward) const INVALID_DATA: u16 = 24;
}

/// An answer of ours with the reason for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) note: Note,
}

/// What the answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The name does not exist.
    NxDomain,
    /// The name has no records of the type.
    NoData,
    /// A is 0.0.0.0 and AAAA is `::`; other types have no data.
    Zero,
    /// There is no answer at all.
    Failure,
}

/// Seconds that a made answer is good for, a denial too: what is let through again is so within a minute.
const TTL: u32 = 60;

const A: u16 = 1;
const SOA: u16 = 6;
const AAAA: u16 = 28;

/// A zone's SOA that nobody serves: without one, clients could not keep the denial (RFC 2308 section 5). Server
/// `horizon.invalid`, mailbox `nobody.invalid`, then serial, refresh, retry, expire and the denial's TTL.
const SOA_DATA: [u8; 53] = *b"\x07horizon\x07invalid\0\x06nobody\x07invalid\0\
    \0\0\0\x01\0\0\x0e\x10\0\0\x04\xb0\0\x09\x3a\x80\0\0\0\x3c";

impl Refusal {
    pub(super) fn new(kind: Kind, code: u16, text: &str) -> Self {
        Refusal { kind, note: Note::new(code, text) }
    }

    fn rcode(&self) -> u16 {
        match self.kind {
            Kind::NxDomain => 3,
            Kind::NoData | Kind::Zero => 0,
            Kind::Failure => 2,
        }
    }

    /// Section, type and data of the one record that the answer to a question of this type has; none for a failure.
    fn record(&self, rtype: u16) -> Option<(Section, u16, &'static [u8])> {
        match (self.kind, rtype) {
            (Kind::Failure, _) => None,
            (Kind::Zero, A) => Some((Section::Answer, A, &[0; 4])),
            (Kind::Zero, AAAA) => Some((Section::Answer, AAAA, &[0; 16])),
            _ => Some((Section::Authority, SOA, &SOA_DATA)),
        }
    }

    /// Answers a question; what does not fit only helped to keep the answer.
    pub(super) fn write(&self, ask: &Ask<'_>, reply: &mut Reply<'_>) -> Foreign {
        if let Some((section, rtype, data)) = self.record(ask.rtype) {
            let fits = reply.push_made(section, ask.name, rtype, TTL, data);
            if !fits && section == Section::Answer {
                reply.set_truncated();
            }
        }
        Foreign::Written { rcode: self.rcode(), authentic: false, note: Some(self.note), refresh: false }
    }

    /// Takes the place of an upstream's answer: of the message, header and question stay.
    pub(super) fn replace(&self, rtype: u16, message: &mut Vec<u8>) {
        let asked = message.get(HEADER..).and_then(|rest| wire_len(rest).ok()).map(|length| HEADER + length + 4);
        let Some(end) = asked.filter(|end| *end <= message.len()) else {
            message.truncate(HEADER);
            return;
        };
        message.truncate(end);
        let mut counts = [0u8; 6];
        if let Some((section, rtype, data)) = self.record(rtype) {
            counts[2 * section as usize + 1] = 1;
            // The owner is the question's name.
            message.extend([0xC0, HEADER as u8, (rtype >> 8) as u8, rtype as u8, 0, 1]);
            message.extend(TTL.to_be_bytes());
            message.extend((data.len() as u16).to_be_bytes());
            message.extend(data);
        }
        // AA and TC are the upstream's words on its answer, AD on what it proved.
        message[2] &= !0x06;
        message[3] = message[3] & 0x90 | self.rcode() as u8;
        message[6..HEADER].copy_from_slice(&counts);
    }
}
